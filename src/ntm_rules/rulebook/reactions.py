"""Reactions as files: YAML beside a ruleset, read as strictly as a ruleset."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ntm_rules.model.errors import Problem, RulebookError, unreadable
from ntm_rules.model.reaction import EVENTS, Reaction
from ntm_rules.model.text import Text
from ntm_rules.rulebook.documents import Bilingual, Count, Document, Flag, Key, Number, Numbered, RulesetId, Words
from ntm_rules.rulebook.reading import read_document

__all__ = ["ReactionsDocument", "read_reactions"]

EventName = Literal[EVENTS]  # type: ignore[valid-type]


class WhenDocument(Document):
    """What a reaction waits for: exactly one of events, near and plan_closes_gap, and what it is bound to."""

    events: list[EventName] = Field(default_factory=list, description="names of events, any of which is waited for")
    near: Number | None = Field(
        default=None, description="an indicator not met came within so many percent of its threshold"
    )
    plan_closes_gap: Flag = Field(default=False, description="planned values would make a ruleset met that is not")
    rulesets: list[RulesetId] = Field(default_factory=list, description="only under these rulesets")
    ids: list[Numbered] = Field(default_factory=list, description="only these indicators or criteria, by number")
    key_criteria: Flag = Field(default=False, description="only key criteria of the withdrawal rule in force")
    holds: Key | None = Field(
        default=None, description="only communes for which this boolean fact is true, as recognised_ntm"
    )
    communes: Count = Field(default=1, description="wait until as many communes have had the same")
    of_one: Literal["district", "province", "region"] | None = Field(
        default=None, description="counted within one of these"
    )
    within_days: Count = Field(default=None, description="counted within so many days")

    @model_validator(mode="after")
    def _one_form(self) -> WhenDocument:
        if sum((bool(self.events), self.near is not None, self.plan_closes_gap)) != 1:
            raise ValueError("exactly one of events, near, plan_closes_gap")
        if self.near is not None and not Decimal(0) < self.near < Decimal(100):
            raise ValueError("near: percent, above 0 and below 100")
        if not self.communes or self.within_days == 0:
            raise ValueError("communes and within_days: 1 or more")
        if self.communes == 1 and (self.of_one or self.within_days is not None):
            raise ValueError("of_one and within_days go with communes, 2 or more")
        if self.communes > 1 and not self.events:
            raise ValueError("communes, of_one and within_days go with events")
        return self


class ReactionDocument(Document):
    """One reaction."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    when: WhenDocument
    say: Bilingual
    tell: Words | None = Field(default=None, description="whom it is for, as the host names them")


class ReactionsDocument(Document):
    """A file of reactions."""

    reactions: list[ReactionDocument] = Field(min_length=1)


def read_reactions(path: str | Path) -> tuple[Reaction, ...]:
    """The reactions of a file. RulebookError with every problem of it, each with its line."""
    source = str(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise RulebookError([unreadable(source, error)]) from None
    document, _ = read_document(data, source, ReactionsDocument)
    names = [one.name for one in document.reactions]
    twice = [
        Problem(code="given_twice", source=source, key=name, message=Text("tên lặp lại", "the name is repeated"))
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if twice:
        raise RulebookError(twice)
    return tuple(_reaction(one) for one in document.reactions)


def _reaction(document: ReactionDocument) -> Reaction:
    when = document.when
    return Reaction(
        name=document.name,
        say=Text(document.say.vi, document.say.en),
        tell=document.tell,
        events=tuple(when.events),
        near=when.near,
        plan_closes_gap=when.plan_closes_gap,
        rulesets=tuple(when.rulesets),
        ids=tuple(when.ids),
        key_criteria=when.key_criteria,
        holds=when.holds,
        communes=when.communes or 1,  # which is checked
        of_one=when.of_one,
        within_days=when.within_days,
    )
