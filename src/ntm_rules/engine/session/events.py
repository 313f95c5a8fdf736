"""What a change brings about: the differences between two assessments of a commune, each with its cause and in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs

from ntm_rules.engine.native import DETAILS
from ntm_rules.engine.session.causes import Causes
from ntm_rules.engine.session.judging import (
    MISSING,
    UNDETERMINED,
    Judged,
    assessment_of,
    clauses_of,
)
from ntm_rules.engine.session.state import Change, Known
from ntm_rules.engine.session.words import change_words, risk_words
from ntm_rules.model.assessment import STATUS_OF_CODE, Verdict, attested_under
from ntm_rules.model.requirement import Clause
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text

__all__ = ["Event", "Moment", "differences", "title_words"]

_OF_CLAUSES = ("indicator", "condition", "prerequisite", "conflict")
_GAINED = {"criterion": "gained", "tier": "reached", "recognition": "gained"}


@attrs.frozen(slots=True, kw_only=True)
class Event:
    """Something that became otherwise, or a reaction to it.

    `name` says what happened: of an indicator, condition or prerequisite its new status ("indicator_missing"); of a criterion, a
    tier and recognition "gained" ("tier_reached"), "lost" or "open" (not met before and not met now, for another reason); of a title
    "title_at_risk", "title_safe" or "title_undetermined"; "conflict" or "conflict_settled" between facts and an attested verdict;
    or "reaction". `id` is the number of the indicator or criterion, the ruleset's id for tier, recognition and title, the name of a
    reaction. `before` and `after` are statuses or verdicts. `causes` are the changes that brought it about; of a reaction `about` is
    the `id` of what it is about, and `tell` says whom it is for. `sequence` is the place in the journal after which it holds.
    """

    name: str
    commune: str
    ruleset: str
    id: str
    before: str | None
    after: str | None
    causes: tuple[Change, ...]
    explanation: Text
    sequence: int
    tell: str | None = None
    about: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The event as stable, versioned, JSON-ready data (schema: rulesets/schema/event.schema.json)."""
        return {
            "format": "ntm-rules/event/1",
            "sequence": self.sequence,
            "event": self.name,
            "commune": self.commune,
            "ruleset": self.ruleset,
            "id": self.id,
            "before": self.before,
            "after": self.after,
            "about": self.about,
            "tell": self.tell,
            "causes": [change.to_dict() for change in self.causes],
            "explanation": attrs.asdict(self.explanation),
        }

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def explain(self, lang: Language = "vi") -> str:
        """The event in words."""
        return self.explanation.in_(lang)


Thing = tuple[str, str]


def things(judged: Judged, known: Known) -> dict[Thing, str]:
    """What is said of a commune under a ruleset, by kind and id, in official order."""
    ruleset, said = judged.ruleset, dict[Thing, str]()
    verdicts = attested_under(ruleset.id, known.attested) if known.attested else {}
    indicators, conditions = len(ruleset.indicators), len(ruleset.conditions)
    for place, (clause, code) in enumerate(zip(clauses_of(ruleset), judged.codes, strict=True)):
        kind = "indicator" if place < indicators else "condition" if place < indicators + conditions else "prerequisite"
        said[kind, clause.id] = STATUS_OF_CODE[code].value
        if clause.id in verdicts:
            # Where the facts leave a clause open the agency's verdict is its status, and nothing speaks against it.
            against = code == MISSING if verdicts[clause.id] else code < UNDETERMINED
            said["conflict", clause.id] = "yes" if against else "no"
    for criterion, code in zip(ruleset.criteria, judged.criteria, strict=True):
        said["criterion", criterion.no] = _verdict(code)
    said["tier", ruleset.id] = _verdict(judged.standing)
    said["recognition", ruleset.id] = _verdict(judged.recognition)
    said["title", ruleset.id] = title_words(judged)
    return said


def title_words(judged: Judged) -> str:
    """What the withdrawal rule says of the title, if one is held."""
    return {True: "at_risk", False: "safe", None: "undetermined"}[judged.at_risk]


def _verdict(code: int) -> str:
    verdict = Verdict.MISSING if code >= MISSING else Verdict.UNDETERMINED if code >= UNDETERMINED else Verdict.MET
    return str(verdict.value)


def _name(kind: str, before: str, after: str) -> str:
    """The name of an event; all of them are in `EVENTS`."""
    if kind == "conflict":
        return "conflict" if after == "yes" else "conflict_settled"
    if kind in _GAINED:
        met = Verdict.MET.value
        return f"{kind}_{_GAINED[kind] if after == met else 'lost' if before == met else 'open'}"
    return f"{kind}_{after}"


@attrs.frozen(slots=True)
class Moment:
    """A commune at one moment: what is known and what the rulesets say."""

    known: Known
    judged: tuple[Judged, ...]


def differences(before: Moment, after: Moment, changes: tuple[Change, ...]) -> Iterator[Event]:
    """An event for everything that is said otherwise after some changes, ruleset by ruleset."""
    for old, new in zip(before.judged, after.judged, strict=True):
        if old is not new or any(change.kind == "attested" for change in changes):
            yield from _differences(old, before.known, new, after.known, changes)


def _differences(
    old: Judged, old_known: Known, new: Judged, new_known: Known, changes: tuple[Change, ...]
) -> Iterator[Event]:
    was, now = things(old, old_known), things(new, new_known)
    # A verdict that was not attested before contradicted nothing, and one withdrawn contradicts nothing.
    for key in {**was, **now}:
        if key[0] == "conflict":
            was.setdefault(key, "no")
            now.setdefault(key, "no")
    changed = [(thing, was[thing], said) for thing, said in now.items() if was[thing] != said]
    if not changed:
        return
    why = Causes((old, old_known), (new, new_known), changes)
    assessment = assessment_of(new, new_known.commune())
    numbers = {clause.id: clause for clause in clauses_of(new.ruleset)}
    for (kind, id_), before, after in changed:
        clause = numbers[id_] if kind in _OF_CLAUSES else None
        causes = why.of_title() if kind == "title" else why.of(_clauses_behind(new.ruleset, kind, id_))
        detail = risk_words(assessment) if kind == "title" else Text("", "")
        if clause is not None:
            (result,) = DETAILS.results(assessment, (clause,))
            detail = Text(result.explain("vi"), result.explain("en"))
        lead = change_words(new.ruleset, new_known, kind, id_, before, after, causes)
        yield Event(
            name=_name(kind, before, after),
            commune=new_known.code,
            ruleset=new.ruleset.id,
            id=id_,
            before=before,
            after=after,
            causes=causes,
            explanation=Text(f"{lead.vi} {detail.vi}".strip(), f"{lead.en} {detail.en}".strip()),
            sequence=changes[-1].sequence,
        )


def _clauses_behind(ruleset: Ruleset, kind: str, id_: str) -> tuple[Clause, ...]:
    """The clauses that a thing follows from."""
    if kind == "criterion":
        return next(criterion.indicators for criterion in ruleset.criteria if criterion.no == id_)
    if kind == "tier":
        return (*ruleset.indicators, *ruleset.prerequisites)
    every = clauses_of(ruleset)
    return every if kind == "recognition" else tuple(clause for clause in every if clause.id == id_)
