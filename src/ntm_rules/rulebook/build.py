"""A normal document built into an immutable `Ruleset`."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from ntm_rules.explain.thresholds import RULE_EXPLAINER
from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    Direction,
    Evidence,
    FactComparison,
    Meaning,
    OneOf,
    Relation,
    Requirement,
    RulesetMet,
    SetBy,
    Threshold,
    Unstated,
    weakest,
)
from ntm_rules.model.ruleset import (
    Catalogue,
    Criterion,
    Decision,
    Layer,
    Month,
    Province,
    Ruleset,
    SpecialCommunes,
    Withdrawal,
    WithdrawalByRuleset,
)
from ntm_rules.model.text import Text
from ntm_rules.model.values import to_decimal

__all__ = ["build_catalogue", "build_date", "build_layer", "build_ruleset"]

Normal = dict[str, Any]
LoadOther = Callable[[str], Ruleset]


def build_catalogue(normal: Normal) -> Catalogue:
    """The catalogue of facts, regions, zones and provinces."""
    facts = {
        key: Fact(
            key=key,
            kind=FactKind(fact["kind"]),
            label=_text(fact["label"]),
            unit=_maybe(fact["unit"]),
            counts=_maybe(fact["counts"]),
            by_sex=fact["by_sex"],
            low=None if fact["low"] is None else Decimal(fact["low"]),
            high=None if fact["high"] is None else Decimal(fact["high"]),
            values=tuple(fact["values"]),
            value_labels=tuple(map(_text, fact["value_labels"])),
        )
        for key, fact in normal["facts"].items()
    }
    return Catalogue(
        facts=facts,
        regions={key: _text(words) for key, words in normal["regions"].items()},
        zones={key: _text(words) for key, words in normal["zones"].items()},
        provinces={
            slug: Province(slug, province["name"], province["region"]) for slug, province in normal["provinces"].items()
        },
    )


def build_layer(normal: Normal) -> Layer:
    """What a layer is: its name, decision and dates."""
    return Layer(
        normal["layer"], normal["kind"], _decision(normal["decision"]), normal["province"], _maybe(normal["note"])
    )


def build_ruleset(normal: Normal, catalogue: Catalogue, load_other: LoadOther, **loaded: Any) -> Ruleset:
    """The ruleset of a normal document; `load_other` loads the rulesets it refers to, `loaded` says how it was loaded."""
    builder = _Builder(normal, load_other)
    special = normal["special_communes"]
    return Ruleset(
        id=normal["ruleset"],
        title=_text(normal["title"]),
        phase=normal["phase"],
        level=normal["level"],
        tier=normal["tier"],
        decision=_decision(normal["decision"]),
        columns=tuple(normal["columns"]),
        criteria=tuple(
            Criterion(c["no"], _text(c["title"]), tuple(builder.clause(i) for i in c["indicators"]))
            for c in normal["criteria"]
        ),
        criteria_total=normal["totals"][0],
        indicators_total=normal["totals"][1],
        complete=normal["complete"],
        prerequisites=tuple(builder.clause(clause) for clause in normal["prerequisites"]),
        conditions=tuple(builder.clause(clause) for clause in normal["conditions"]),
        special_communes=special and SpecialCommunes(special[0], tuple(special[1]), special[2], Evidence(special[3])),
        withdrawal=normal["withdrawal"] and _withdrawal(normal["withdrawal"], load_other),
        catalogue=catalogue,
        texts=RULE_EXPLAINER,
        **loaded,
    )


def _withdrawal(normal: Normal, load_other: LoadOther) -> Withdrawal | WithdrawalByRuleset:
    citation, note = normal["citation"], _maybe(normal["note"])
    if "by_ruleset" in normal:
        return WithdrawalByRuleset(load_other(normal["by_ruleset"]), citation, note)
    any_share, key_share = Decimal(normal["any_share"]), Decimal(normal["key_share"])
    return Withdrawal(any_share, key_share, tuple(normal["key_criteria"]), citation, note)


def _text(words: list[str]) -> Text:
    return Text(words[0], words[1])


def _maybe(words: list[str] | None) -> Text | None:
    return None if words is None else _text(words)


def _decision(normal: list[str | None]) -> Decision:
    number, issued, in_force = normal
    return Decision(number, build_date(issued), build_date(in_force))


def build_date(written: str | None) -> datetime.date | Month | None:
    """A day (2022-09-08) or a month (2022-09)."""
    if written is None:
        return None
    year, month, *day = map(int, written.split("-"))
    return datetime.date(year, month, *day) if day else Month(year, month)


class _Builder:
    def __init__(self, normal: Normal, load_other: LoadOther) -> None:
        self.id, self.load_other = normal["ruleset"], load_other
        self.cells: dict[tuple[Any, ...], Cell] = {}

    def clause(self, normal: Normal) -> Clause:
        return Clause(
            id=normal["id"],
            label=_text(normal["label"]),
            requirement=self.requirement(normal["requirement"]),
            citation=normal["citation"],
            set_by=SetBy(normal["set_by"]),
            applies_if=normal["applies_if"] and self.requirement(normal["applies_if"]),
            columns=normal["columns"] and tuple(normal["columns"]),
            means=tuple(Meaning(Text(vi, en), source) for vi, en, source in normal["means"]),
            note=_maybe(normal["note"]),
        )

    def requirement(self, normal: Normal) -> Requirement:
        kind = normal["kind"]
        if kind == "comparison":
            threshold = self.threshold(normal["rows"], number=normal["type"] == "number")
            relation = None
            if (stated := normal.get("relation")) is not None:
                ruleset, indicator, factor = stated
                relation = Relation(ruleset, indicator, Decimal(factor), threshold, *self.base(ruleset, indicator))
                threshold = _product(relation)
            return Comparison(normal["fact"], Direction(normal["direction"]), threshold, normal["both_sexes"], relation)
        if kind == "combination":
            return Combination(normal["needed"], tuple(self.clause(part) for part in normal["parts"]))
        if kind == "fact_comparison":
            return FactComparison(
                normal["fact"],
                Direction(normal["direction"]),
                normal["other"],
                self.threshold(normal["rows"], number=True),
            )
        if kind == "one_of":
            return OneOf(normal["fact"], tuple(normal["values"]), self.threshold(normal["rows"], number=False))
        if kind == "branch":
            return Branch(
                self.requirement(normal["condition"]), self.clause(normal["then"]), self.clause(normal["otherwise"])
            )
        if kind == "ruleset_met":
            return RulesetMet(self.load_other(normal["ruleset"]), self.threshold(normal["rows"], number=False))
        return Unstated(SetBy(normal["set_by"]))

    def threshold(self, rows: list[list[Any]], *, number: bool) -> Threshold:
        return Threshold(
            {year: {column: self.cell(cell, number) for column, cell in cells.items()} for year, cells in rows}
        )

    def cell(self, normal: list[Any], number: bool) -> Cell:
        """The cell, one object for all that are the same."""
        key = (*normal, number)
        found = self.cells.get(key)
        if found is None:
            state, value, evidence, seen_at = normal
            exact = Decimal(value) if number and value is not None else value
            found = self.cells[key] = Cell(CellState(state), exact, Evidence(evidence), seen_at)
        return found

    def base(self, ruleset_id: str, indicator: str) -> tuple[Threshold, SetBy, str]:
        """Another ruleset's threshold, who sets it and by what, where this one is a multiple; RulebookError where it has no number."""
        other = self.load_other(ruleset_id)
        clause = next((i for i in other.indicators if i.id == indicator), None)
        requirement = clause and clause.requirement
        numbers = isinstance(requirement, Comparison) and all(
            cell.value is None or isinstance(cell.value, Decimal) for _, _, cell in requirement.threshold.cells()
        )
        if clause and isinstance(requirement, Comparison) and numbers and requirement.direction is not Direction.MET:
            return requirement.threshold, clause.set_by, clause.citation
        message = Text(
            "chỉ tiêu được dẫn chiếu không có mức trực tiếp", "the indicator referred to has no threshold of its own"
        )
        raise RulebookError([Problem(code="no_threshold_here", source=self.id, key=indicator, message=message)])


def _product(relation: Relation) -> Threshold:
    """Factor times base, cell by cell; unset stays unset. What was seen is the factor: of the base, its own cell says where."""
    rows: dict[int | None, dict[str, Cell]] = {}
    for year, column, cell in relation.base.cells():
        factor = relation.factors.cell(column, year)
        if factor is None:
            continue
        made = Cell(cell.state, None, weakest(cell.evidence, factor.evidence), cell.seen_at)
        if isinstance(cell.value, Decimal) and isinstance(factor.value, Decimal):
            value = _times(cell.value, factor.value)
            made = attrs.evolve(made, state=CellState.SET, value=value, seen_at=factor.seen_at)
        rows.setdefault(year, {})[column] = made
    return Threshold(rows)


def _times(left: Decimal, right: Decimal) -> Decimal:
    """An exact product, whatever decimal context the host has set."""
    return to_decimal(Fraction(left) * Fraction(right))
