"""Reactions as files: YAML beside a ruleset, read as strictly as a ruleset."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from ntm_rules.model.errors import Problem, RulebookError, unreadable
from ntm_rules.model.reaction import EVENTS, Reaction
from ntm_rules.model.text import Text, shown
from ntm_rules.model.values import canonical
from ntm_rules.rulebook.documents import Bilingual, Document, Flag, Key, Number, Numbered, RulesetId, Words
from ntm_rules.rulebook.lined import Steps, line_of
from ntm_rules.rulebook.reading import problem_at, read_document

__all__ = ["ReactionsDocument", "reactions_in", "read_reactions"]

EventName = Literal[EVENTS]  # type: ignore[valid-type]


def _one_or_more(value: Any) -> int:
    number = canonical(value)
    if not isinstance(number, Decimal) or number != number.to_integral_value() or not 1 <= number < 10_000:
        raise ValueError("a whole number of 1 or more")
    return int(number)


OneOrMore = Annotated[
    int,
    BeforeValidator(_one_or_more),
    WithJsonSchema({"type": ["integer", "string"], "pattern": "^[1-9][0-9]*$", "minimum": 1}),
]


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
    communes: OneOrMore = Field(default=1, description="wait until as many communes have had the same")
    of_one: Literal["district", "province", "region"] | None = Field(
        default=None, description="counted within one of these"
    )
    within_days: OneOrMore | None = Field(default=None, description="counted within so many days")

    @model_validator(mode="after")
    def _one_form(self) -> WhenDocument:
        if sum((bool(self.events), self.near is not None, self.plan_closes_gap)) != 1:
            raise ValueError("exactly one of events, near, plan_closes_gap")
        if self.near is not None and not Decimal(0) < self.near < Decimal(100):
            raise ValueError("near: percent, above 0 and below 100")
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
    return reactions_in(data, source)


def reactions_in(data: bytes, source: str) -> tuple[Reaction, ...]:
    """The reactions of a text. RulebookError with every problem of it, each with its line."""
    document, tree = read_document(data, source, ReactionsDocument)
    problems = [*_repeated(document, tree, source), *_never_told(document, tree, source)]
    if problems:
        raise RulebookError(problems)
    places = (("reactions", place) for place in range(len(document.reactions)))
    return tuple(
        _reaction(one, source, line_of(tree, place)) for one, place in zip(document.reactions, places, strict=True)
    )


def _repeated(document: ReactionsDocument, tree: Any, source: str) -> Iterator[Problem]:
    names = [one.name for one in document.reactions]
    for place, name in enumerate(names):
        if name in names[:place]:
            message = Text("tên lặp lại", "the name is repeated")
            yield problem_at(tree, source, ("reactions", place, "name"), "given_twice", message, found=shown(name))


def _never_told(document: ReactionsDocument, tree: Any, source: str) -> Iterator[Problem]:
    """Of bounds that nothing which is waited for can meet, whatever the ruleset."""
    for place, when in enumerate(one.when for one in document.reactions):
        bounds = [name for name in ("ids", "key_criteria") if getattr(when, name)]
        steps: Steps = ("reactions", place, "when")
        if when.plan_closes_gap:
            for name in bounds:
                found = shown(getattr(when, name))
                yield problem_at(
                    tree, source, (*steps, name), "never_told", _OF_RULESETS, found=found, wanted=_NO_BOUND
                )
        for at, event in enumerate(when.events):
            kind = event.partition("_")[0]
            if bounds and kind in _WHOLE:
                message, wanted = _OF_RULESETS, _NO_BOUND
            elif when.key_criteria and kind in _BESIDE:
                message, wanted = _OF_NO_CRITERION, Text("không có key_criteria", "no key_criteria")
            else:
                continue
            path = (*steps, "events", at)
            yield problem_at(tree, source, path, "never_told", message, found=shown(event), wanted=wanted)


_WHOLE, _BESIDE = ("tier", "recognition", "title"), ("condition", "prerequisite")
_OF_RULESETS = Text(
    "không bao giờ báo: nói về cả bộ tiêu chí, không về một số nào",
    "is never told: it is of a whole ruleset, of no number",
)
_OF_NO_CRITERION = Text("không bao giờ báo: không thuộc tiêu chí nào", "is never told: it belongs to no criterion")
_NO_BOUND = Text("không có ids và key_criteria; chọn bộ bằng rulesets", "no ids or key_criteria; rulesets chooses one")


def _reaction(document: ReactionDocument, source: str, line: int | None) -> Reaction:
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
        communes=when.communes,
        of_one=when.of_one,
        within_days=when.within_days,
        source=source,
        line=line,
    )
