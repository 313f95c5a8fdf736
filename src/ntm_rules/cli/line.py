"""An assessment as one compact line: what a host stores for each of ten thousand communes.

Statuses, counts and gaps, without words; `Assessment.to_dict` is the full document. Whatever a line says the full document
says too (a property test holds them equal). Gaps of plain numbers are subtracted here, as the engine's full results cost many
times the judging; the engine is asked for every other gap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

import attrs

from ntm_rules.model.assessment import Assessment, Status, Verdict
from ntm_rules.model.errors import Problem
from ntm_rules.model.requirement import Clause, Combination, Comparison, Direction, Evidence, OneOf, leaves
from ntm_rules.model.ruleset import Ruleset

__all__ = ["FORMAT", "LineWriter", "error_line"]

FORMAT = "ntm-rules/line/1"

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
_DECIDED = (Status.MET, Status.MISSING)


@attrs.frozen(slots=True)
class _Plan:
    """What is the same for every commune of a column and year.

    `subtract` has the fact and threshold of indicators whose gap is a plain difference, `gapless` the indicators that never
    have one; `doubtful` are those decided by thresholds none of which is confirmed, `mixed` those with some confirmed.
    """

    subtract: dict[str, tuple[str, Decimal]]
    gapless: frozenset[str]
    doubtful: tuple[str, ...]
    mixed: tuple[str, ...]


class LineWriter:
    """Writes the lines of one ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._hash = ruleset.content_hash
        self._plans: dict[tuple[str, int | None], _Plan] = {}

    def line(self, assessment: Assessment) -> str:
        """The assessment as one line of JSON, without the line break."""
        return _ENCODE(self.data(assessment))

    def data(self, assessment: Assessment) -> dict[str, Any]:
        """The assessment as the data of its line."""
        place = (assessment.column, assessment.year)
        plan = self._plans.get(place) or self._plans.setdefault(place, _plan(self._ruleset, *place))
        commune, statuses, verdict = assessment.commune, assessment.statuses, assessment.verdict
        return {
            "format": FORMAT,
            "code": commune.code,
            "name": commune.name,
            "host_id": commune.host_id,
            "year": commune.year,
            "ruleset": self._ruleset.id,
            "content_hash": self._hash,
            "column": assessment.column,
            "threshold_year": assessment.year,
            "verdict": verdict,
            # A verdict of missing decides recognition: its conditions need not be worked out.
            "recognition": verdict if verdict is Verdict.MISSING else assessment.recognition,
            "criteria_met": assessment.criteria_met,
            "criteria_total": assessment.criteria_total,
            "indicators_met": assessment.indicators_met,
            "indicators_total": assessment.indicators_total,
            "statuses": statuses,
            "missing": [
                _missing(number, assessment, plan) for number, status in statuses.items() if status is Status.MISSING
            ],
            "unconfirmed": list(_unconfirmed(assessment, statuses, plan)),
            "conflicts": [result.id for result in assessment.conflicts],
        }


def error_line(line: int | None, problems: tuple[Problem, ...], *, source: str | None, label: str | None) -> str:
    """What stands in the output in the place of a commune that could not be judged."""
    return _ENCODE(
        {
            "format": FORMAT,
            "source": source,
            "line": line,
            "name": label,
            "error": {"problems": [problem.to_dict() for problem in problems]},
        }
    )


def _missing(number: str, assessment: Assessment, plan: _Plan) -> dict[str, Any]:
    if number in plan.gapless:
        return {"id": number, "gap": None, "gap_count": None}
    found = plan.subtract.get(number)
    if found is not None:
        value = assessment.commune.given.get(found[0])
        if type(value) in (int, float) and not assessment.commune.attested:
            try:
                gap = _EXACT.subtract(Decimal(repr(value)), found[1])
                return {"id": number, "gap": format(abs(gap.normalize(_EXACT)), "f"), "gap_count": None}
            except (Inexact, InvalidOperation):
                pass
    result = assessment.indicator(number)
    gap_text = None if result.gap is None else format(result.gap, "f")
    return {"id": number, "gap": gap_text, "gap_count": result.gap_count}


def _unconfirmed(assessment: Assessment, statuses: dict[str, Status], plan: _Plan) -> Iterator[str]:
    doubtful = [number for number in plan.doubtful if statuses[number] in _DECIDED]
    if plan.mixed:
        doubtful += (
            number
            for number in plan.mixed
            if statuses[number] in _DECIDED and assessment.indicator(number).evidence is not Evidence.CONFIRMED
        )
        known = set(doubtful)
        return (number for number in statuses if number in known)
    return iter(doubtful)


def _plan(ruleset: Ruleset, column: str, year: int | None) -> _Plan:
    subtract, gapless, doubtful, mixed = {}, [], [], []
    for clause in ruleset.indicators:
        requirement = clause.requirement
        if isinstance(requirement, Comparison) and not requirement.both_sexes:
            cell = ruleset.cell(clause, column, year)
            if requirement.direction is Direction.MET:
                gapless.append(clause.id)
            elif cell is not None and isinstance(cell.value, Decimal):
                subtract[clause.id] = (requirement.fact, cell.value)
        elif isinstance(requirement, (OneOf, Combination)):
            gapless.append(clause.id)
        evidence = _evidence(ruleset, clause, column, year)
        if evidence != {Evidence.CONFIRMED}:
            (mixed if Evidence.CONFIRMED in evidence else doubtful).append(clause.id)
    return _Plan(subtract, frozenset(gapless), tuple(doubtful), tuple(mixed))


def _evidence(ruleset: Ruleset, clause: Clause, column: str, year: int | None) -> set[Evidence]:
    cells = (ruleset.cell(leaf, column, year) for leaf in leaves(clause))
    return {Evidence.UNSET if cell is None else cell.evidence for cell in cells}
