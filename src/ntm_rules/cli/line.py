"""An assessment as one compact line: what a host stores for each of ten thousand communes.

Statuses, counts and gaps, without words; `Assessment.to_dict` is the full document. Whatever a line says the full document
says too (a property test holds them equal). Lines are put together from pieces encoded once, and gaps of plain numbers are
subtracted here: the engine's full results cost many times the judging, so it is asked only for the other gaps.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation
from json.encoder import encode_basestring

import attrs

from ntm_rules.model.assessment import STATUS_OF_CODE, Assessment
from ntm_rules.model.commune import facts_given
from ntm_rules.model.errors import Problem
from ntm_rules.model.requirement import (
    Branch,
    Clause,
    Combination,
    Comparison,
    Direction,
    Evidence,
    OneOf,
    RulesetMet,
    weakest,
)
from ntm_rules.model.ruleset import Ruleset, SpecialCommunes
from ntm_rules.rulebook.communes import Entry

__all__ = ["FORMAT", "LineWriter", "error_line"]

FORMAT = "ntm-rules/line/1"

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
# The codes of `Assessment.codes`.
_MET, _NOT_APPLICABLE, _MISSING = 0, 1, 4


@attrs.frozen(slots=True)
class _Plan:
    """What is the same for every commune of a column (and the rule that chose it) and year, by the place of indicators in official order.

    `gapless` has the entry of indicators that never have a gap, `subtract` the fact and threshold of those whose gap is a
    plain difference; `doubtful` are decided by thresholds none of which is confirmed, `mixed` by some that are.
    """

    tail: str
    gapless: dict[int, str]
    subtract: dict[int, tuple[str, Decimal]]
    doubtful: tuple[int, ...]
    mixed: tuple[int, ...]


class LineWriter:
    """Writes the lines of one ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._head = f'{{"format":"{FORMAT}","code":'
        self._ids = [clause.id for clause in ruleset.indicators]
        self._quoted = [_ENCODE(number) for number in self._ids]
        self._statuses = [
            {code: f'{number}:"{status.value}"' for code, status in STATUS_OF_CODE.items()} for number in self._quoted
        ]
        self._plans: dict[tuple[str, int | None, SpecialCommunes | None], _Plan] = {}

    def line(self, assessment: Assessment) -> str:
        """The assessment as one line of JSON, without the line break."""
        place = (assessment.column, assessment.year, assessment.column_rule)
        plan = self._plans.get(place) or self._plans.setdefault(place, self._plan(*place))
        commune, codes = assessment.commune, assessment.codes
        statuses = ",".join(map(operator.getitem, self._statuses, codes))
        places = [place for place, code in enumerate(codes) if code == _MISSING] if _MISSING in codes else ()
        missing = [self._missing(place, assessment, plan) for place in places]
        return (
            f'{self._head}{_encoded(commune.code)},"name":{_encoded(commune.name)},"host_id":{_encoded(commune.host_id)}'
            f',"year":{_encoded(commune.year)}{plan.tail},"verdict":"{assessment.verdict.value}","recognition":"{assessment.recognition.value}"'
            f',"criteria_met":{assessment.criteria_met},"criteria_total":{assessment.criteria_total}'
            f',"indicators_met":{codes.count(_MET) + codes.count(_NOT_APPLICABLE)},"indicators_total":{assessment.indicators_total}'
            f',"statuses":{{{statuses}}},"missing":[{",".join(missing)}]'
            f',"unconfirmed":[{",".join(self._unconfirmed(assessment, plan))}]'
            f',"conflicts":{_ENCODE([result.id for result in assessment.conflicts]) if commune.attested else "[]"}}}'
        )

    def _missing(self, place: int, assessment: Assessment, plan: _Plan) -> str:
        """The entry of an indicator not met: its number and what is lacking."""
        entry = plan.gapless.get(place)
        if entry is not None:
            return entry
        found = plan.subtract.get(place)
        if found is not None and not assessment.commune.attested:
            value = facts_given(assessment.commune).get(found[0])
            if type(value) in (int, float):
                try:
                    gap = _EXACT.subtract(Decimal(repr(value)), found[1]).normalize(_EXACT)
                    return f'{{"id":{self._quoted[place]},"gap":"{abs(gap):f}","gap_count":null}}'
                except (Inexact, InvalidOperation):
                    pass
        result = assessment.indicator(self._ids[place])
        gap_text = "null" if result.gap is None else f'"{result.gap:f}"'
        return f'{{"id":{self._quoted[place]},"gap":{gap_text},"gap_count":{_ENCODE(result.gap_count)}}}'

    def _unconfirmed(self, assessment: Assessment, plan: _Plan) -> Iterable[str]:
        """The numbers of indicators decided by a threshold or column that is not confirmed, in official order."""
        codes, decided = assessment.codes, [_MET, _MISSING]
        attested = assessment.attested if assessment.commune.attested else {}

        def doubted(place: int) -> bool:
            return assessment.indicator(self._ids[place]).evidence not in (None, Evidence.CONFIRMED)

        places = [place for place in plan.doubtful if codes[place] in decided]
        if attested:  # an agency's word may have stood in for the threshold
            places = [place for place in places if self._ids[place] not in attested or doubted(place)]
        asked = list(plan.mixed)
        if assessment.column_rule is not None:  # by which an indicator may be not applicable
            asked = sorted({*plan.mixed, *(place for place in plan.doubtful if codes[place] == _NOT_APPLICABLE)})
            decided.append(_NOT_APPLICABLE)
        if asked:
            places += (place for place in asked if codes[place] in decided and doubted(place))
            places.sort()
        return [self._quoted[place] for place in places]

    def _plan(self, column: str, year: int | None, rule: SpecialCommunes | None) -> _Plan:
        ruleset = self._ruleset
        subtract: dict[int, tuple[str, Decimal]] = {}
        gapless: dict[int, str] = {}
        doubtful: list[int] = []
        mixed: list[int] = []
        for place, clause in enumerate(ruleset.indicators):
            requirement = clause.requirement
            without_gap = f'{{"id":{self._quoted[place]},"gap":null,"gap_count":null}}'
            if isinstance(requirement, (OneOf, Combination)):
                gapless[place] = without_gap
            elif isinstance(requirement, Comparison) and not requirement.both_sexes:
                cell = ruleset.cell(clause, column, year)
                if requirement.direction is Direction.MET:
                    gapless[place] = without_gap
                elif cell is not None and isinstance(cell.value, Decimal):
                    subtract[place] = (requirement.fact, cell.value)
            evidence = _evidence(ruleset, clause, column, year, rule)
            if evidence - {Evidence.CONFIRMED}:
                (mixed if Evidence.CONFIRMED in evidence else doubtful).append(place)
        tail = _ENCODE(
            {"ruleset": ruleset.id, "content_hash": ruleset.content_hash, "column": column, "threshold_year": year}
        )
        return _Plan(f",{tail[1:-1]}", gapless, subtract, tuple(doubtful), tuple(mixed))


def error_line(entry: Entry, problems: Iterable[Problem], *, source: str | None) -> str:
    """What stands in the output in the place of a commune that could not be judged."""
    who = {"code": entry.code, "name": entry.name, "host_id": entry.host_id}
    error = {"problems": [problem.to_dict() for problem in problems]}
    return _ENCODE({"format": FORMAT, "source": source, "line": entry.line, **who, "error": error})


def _encoded(value: object) -> str:
    """A value as JSON; texts and whole numbers, which are almost all, without the encoder's overhead."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)  # type: ignore[arg-type]
    return repr(value) if kind is int else "null" if value is None else _ENCODE(value)


def _evidence(
    ruleset: Ruleset, clause: Clause, column: str, year: int | None, rule: SpecialCommunes | None
) -> set[Evidence]:
    """The kinds of evidence behind a clause where it is asked; of one that the column does not ask for, that of the column."""
    if clause.columns is not None and column not in clause.columns:
        return set() if rule is None else {rule.evidence}
    requirement = clause.requirement
    parts: tuple[Clause, ...] = ()
    if isinstance(requirement, Combination):
        parts = requirement.parts
    elif isinstance(requirement, Branch):
        parts = (requirement.then, requirement.otherwise)
    if parts:
        return {kind for part in parts for kind in _evidence(ruleset, part, column, year, rule)}
    cell = ruleset.cell(clause, column, year)
    evidence = Evidence.UNSET if cell is None else cell.evidence
    if rule is None or isinstance(requirement, RulesetMet):  # another ruleset chooses its own column
        return {evidence}
    return {weakest(evidence, rule.evidence)}
