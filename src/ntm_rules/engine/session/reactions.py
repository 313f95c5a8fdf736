"""Reactions to what happens: declared ones and functions of the host, each giving an event of its own."""

from __future__ import annotations

import collections
import datetime
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import attrs

from ntm_rules.engine.native import evaluate, leaning
from ntm_rules.engine.session.causes import Causes
from ntm_rules.engine.session.counting import Counting
from ntm_rules.engine.session.events import Event, Moment, title_words
from ntm_rules.engine.session.judging import (
    MISSING,
    UNDETERMINED,
    Judged,
    assessment_of,
    clauses_of,
    named_facts,
    without_sex,
)
from ntm_rules.engine.session.refused import key_numbers
from ntm_rules.engine.session.state import Change
from ntm_rules.engine.session.words import commune_words, risk_words
from ntm_rules.model.assessment import Assessment, Verdict
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.reaction import Reaction
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, printable, shown

__all__ = ["AnyReaction", "Function", "Reactions", "Step"]

# A function of the host: told of each event, it says what is to be said, or nothing.
Function: TypeAlias = Callable[[Event, Assessment], Text | None]
AnyReaction: TypeAlias = Reaction | Function


@attrs.frozen(slots=True)
class Step:
    """One step of a commune: what was, what is, the changes between, and the events they brought about."""

    before: Moment
    after: Moment
    changes: tuple[Change, ...]
    events: tuple[Event, ...]


class Reactions:
    """The reactions of a session; those that count communes remember what happened within their days."""

    def __init__(self, reactions: Iterable[AnyReaction]) -> None:
        reactions = tuple(reactions)
        self._declared = [reaction for reaction in reactions if isinstance(reaction, Reaction)]
        self._functions = [reaction for reaction in reactions if not isinstance(reaction, Reaction)]
        self._near = {reaction.name: _Near(reaction) for reaction in self._declared if reaction.near is not None}
        self._counting = {reaction.name: Counting(reaction) for reaction in self._declared if reaction.communes > 1}

    @property
    def counts(self) -> bool:
        """Whether any counts communes, and has to remember."""
        return bool(self._counting)

    def remember(self, step: Step) -> None:
        """Count what happened in a step that has been told."""
        for reaction in self._declared:
            if reaction.name in self._counting:
                collections.deque(self._heard(reaction, step), maxlen=0)

    def to(self, step: Step) -> Iterator[Event]:
        """What the declared reactions say of a step."""
        for reaction in self._declared:
            yield from (_told(reaction, event, step) for event in self._heard(reaction, step))

    def of_functions(self, step: Step, failed: list[Exception]) -> Iterator[Event]:
        """What the functions say of a step, and what they fail of; they are called as it happens, and not when it is told again."""
        if not self._functions or not step.events:
            return
        commune = step.after.known.commune()
        assessments = {judged.ruleset.id: assessment_of(judged, commune) for judged in step.after.judged}
        for function, event in itertools.product(self._functions, step.events):
            try:
                said = function(event, assessments[event.ruleset])
            except Exception as error:  # noqa: BLE001 - raised when all have been called
                failed.append(error)
                continue
            name = getattr(function, "__name__", type(function).__name__)
            if said is not None and not isinstance(said, Text):
                failed.append(NtmRulesError([_not_a_text(name, said)]))
            elif said is not None:
                yield attrs.evolve(event, name="reaction", id=name, about=event.id, explanation=said)

    def _heard(self, reaction: Reaction, step: Step) -> Iterator[Event]:
        """The events that a reaction waited for."""
        counting = self._counting.get(reaction.name)
        if counting is not None:
            counting.follow(step.after.known, step.events, step.after.judged[0].ruleset.catalogue)
        elif reaction.holds is not None and step.after.known.fact.get(reaction.holds) is not True:
            return
        for event in self._waited_for(reaction, step):
            if reaction.rulesets and event.ruleset not in reaction.rulesets:
                continue
            if reaction.ids and event.id not in reaction.ids:
                continue
            if reaction.key_criteria and not _of_key_criterion(event, step.after.judged):
                continue
            if counting is None or counting.reaches(event, day_of_step(step)):
                yield event

    def _waited_for(self, reaction: Reaction, step: Step) -> Iterable[Event]:
        if reaction.near is not None:
            return self._near[reaction.name].events(step)
        if reaction.plan_closes_gap:
            return _closed_by_plan(step)
        waited = (event for event in step.events if event.name in reaction.events)
        return itertools.chain(waited, _won_title(reaction, step))


def _not_a_text(function: str, said: object) -> Problem:
    message = Text("hàm phản ứng không trả về Text", "the function that reacts gives no Text")
    wanted = Text("Text(vi, en), hoặc None", "Text(vi, en), or None")
    return Problem(code="not_a_text", key=function, found=shown(said), message=message, wanted=wanted)


def day_of_step(step: Step) -> datetime.date:
    """The day that a step speaks of: that of its figures, else that on which it was recorded."""
    days = [change.as_of for change in step.changes if change.as_of is not None]
    return max(days) if days else step.changes[-1].recorded_at.date()


def _told(reaction: Reaction, event: Event, step: Step) -> Event:
    def said(lang: Language) -> str:
        head = f"{commune_words(step.after.known, lang)}: {reaction.say.in_(lang)}"
        return printable(f"{head.rstrip('.')}. {event.explanation.in_(lang)}".strip())

    return attrs.evolve(
        event,
        name="reaction",
        id=reaction.name,
        about=event.id,
        tell=reaction.tell,
        explanation=Text(said("vi"), said("en")),
    )


def _of_key_criterion(event: Event, judged: Iterable[Judged]) -> bool:
    ruleset = next(one.ruleset for one in judged if one.ruleset.id == event.ruleset)
    # Whatever is told of a number and not of a criterion is told of an indicator.
    return event.id in key_numbers(ruleset, criteria=event.name.startswith("criterion"))


def _won_title(reaction: Reaction, step: Step) -> Iterator[Event]:
    """Titles that have long stood as the reaction waits for, of a commune that holds one only since this step.

    An event says what has changed; that a title is at risk matters from the day it is held.
    """
    holds = reaction.holds
    if holds is None or step.before.known.fact.get(holds) is True:
        return
    causes = tuple(change for change in step.changes if change.key == holds)
    for old, new in zip(step.before.judged, step.after.judged, strict=True):
        if old.at_risk == new.at_risk and f"title_{title_words(new)}" in reaction.events:
            said = risk_words(assessment_of(new, step.after.known.commune()))
            yield _signal(new, step, new.ruleset.id, said, causes)


def _signal(judged: Judged, step: Step, id_: str, said: Text, causes: tuple[Change, ...]) -> Event:
    return Event(
        name="reaction",
        commune=step.after.known.code,
        ruleset=judged.ruleset.id,
        id=id_,
        before=None,
        after=None,
        causes=causes,
        explanation=said,
        sequence=step.changes[-1].sequence,
    )


class _Near:
    """Indicators not met that a change has brought within a margin of their thresholds."""

    def __init__(self, reaction: Reaction) -> None:
        assert reaction.near is not None
        self._margin = reaction.near
        self._lean: dict[str, Callable[[Assessment], tuple[int, ...]]] = {}
        self._facts: dict[str, list[set[str]]] = {}

    def events(self, step: Step) -> Iterator[Event]:
        for old, new in zip(step.before.judged, step.after.judged, strict=True):
            touched = self._touched(new.ruleset, step.changes)
            if not any(new.codes[place] == MISSING for place in touched):
                continue
            near = self._within(new, step.after) & touched
            for place in sorted(near - self._within(old, step.before) if near else near):
                clause = clauses_of(new.ruleset)[place]
                result = assessment_of(new, step.after.known.commune()).indicator(clause.id)
                causes = Causes((old, step.before.known), (new, step.after.known), step.changes).of((clause,))
                yield _signal(new, step, clause.id, Text(result.explain("vi"), result.explain("en")), causes)

    def _touched(self, ruleset: Ruleset, changes: Iterable[Change]) -> set[int]:
        """The places of the indicators that some changes may bring near: a verdict and where the commune lies, any of them."""
        if ruleset.id not in self._facts:
            self._facts[ruleset.id] = [named_facts(clause) for clause in ruleset.indicators]
        every = any(change.kind in ("identity", "attested") for change in changes)
        keys = {without_sex(change.key) for change in changes if change.kind == "fact"}
        return {place for place, facts in enumerate(self._facts[ruleset.id]) if every or facts & keys}

    def _within(self, judged: Judged, moment: Moment) -> set[int]:
        """The places of the indicators not met that are within the margin."""
        ruleset = judged.ruleset
        lean = self._lean.get(ruleset.id) or self._lean.setdefault(
            ruleset.id, leaning(margin=self._margin, passing=True)
        )
        codes = lean(assessment_of(judged, moment.known.commune()))
        return {place for place, code in enumerate(codes) if judged.codes[place] == MISSING and _counts_as_met(code)}


def _closed_by_plan(step: Step) -> Iterator[Event]:
    """Rulesets that would be met with the planned values, and would not have been with those before."""
    if not step.after.known.plan:
        return
    for old, new in zip(step.before.judged, step.after.judged, strict=True):
        if _counts_as_met(new.standing) or not _met_as_planned(new, step.after) or _met_as_planned(old, step.before):
            continue
        causes = Causes((old, step.before.known), (new, step.after.known), step.changes).of_planned()
        title = new.ruleset.title
        said = Text(
            f"Với các giá trị kế hoạch, xã đạt {title.vi}.", f"With the planned values the commune meets: {title.en}."
        )
        yield _signal(new, step, new.ruleset.id, said, causes)


def _counts_as_met(code: int) -> bool:
    return code < UNDETERMINED


def _met_as_planned(judged: Judged, moment: Moment) -> bool:
    if not moment.known.plan:
        return _counts_as_met(judged.standing)
    try:
        return evaluate(judged.ruleset, moment.known.commune(planned=True)).standing is Verdict.MET
    except NtmRulesError:  # facts that came after the plan contradict it
        return False
