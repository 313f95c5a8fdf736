"""Whether a province's overlay asks for less than the national text: the one comparison behind the loader and the linter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ntm_rules.model.requirement import (
    Branch,
    Cell,
    Clause,
    Combination,
    Comparison,
    Direction,
    Evidence,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    SetBy,
    Unstated,
    leaves,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text
from ntm_rules.rulebook.spans import Place, asked, cell_at, cells_of, tops
from ntm_rules.rulebook.strictness import Strictness, sets

__all__ = ["NOT_FOR_PROVINCE", "Breach", "breaches"]

NOT_FOR_PROVINCE = Text("tỉnh không được quy định điều này", "not for a province to set")


@attrs.frozen(slots=True, kw_only=True)
class Breach:
    """One way in which a province's text asks for less than the national one.

    `key` is the number of the national clause, or the name of what else is lowered ("totals", "withdrawal"). `binding` is False
    where nothing is set nationally and the content is the province's, or where it concerns a column of other provinces.
    `values` says where, national → provincial; `unconfirmed` whether a national cell among them is not `confirmed` itself.
    """

    key: str
    code: str
    binding: bool
    values: tuple[str, ...] = ()
    wanted: str | None = None
    unconfirmed: bool = False

    @property
    def message(self) -> Text:
        """What the province may not do, in words."""
        return _LOOSER[self.code]


def breaches(national: Ruleset, own: Ruleset) -> tuple[Breach, ...]:
    """How the text of a province asks for less than the national text of the same ruleset.

    A province may raise, add and fill in what is left to it; it may not ask for less (18/2022/QĐ-TTg and the decisions on the
    sets). Clause by clause and cell by cell, in the order of the national text.
    """
    return _Comparison(national, own).breaches()


class _Comparison:
    """Collects the breaches, those of one kind and clause together."""

    def __init__(self, before: Ruleset, after: Ruleset) -> None:
        self.before, self.after = before, after
        self.strictness, self.columns = Strictness(before.catalogue.facts), before.own_columns
        self.found: dict[tuple[str, str, bool], list[str]] = {}
        self.said = 0
        self.unconfirmed: set[tuple[str, str]] = set()

    def breaches(self) -> tuple[Breach, ...]:
        kept = {clause.id: clause for clause in tops(self.after)}
        for clause in tops(self.before):
            if clause.id in kept:
                self._compare(clause, kept[clause.id])
            elif not (isinstance(clause.requirement, Unstated) and clause.set_by is SetBy.PROVINCE):
                self._removed(clause)
        self._criteria()
        found = [
            Breach(
                key=key, code=code, binding=binding, values=tuple(values), unconfirmed=(key, code) in self.unconfirmed
            )
            for (key, code, binding), values in self.found.items()
        ]
        return (*found, *self._lower_totals(), *self._not_for_province())

    def _removed(self, clause: Clause) -> None:
        conditional = clause in self.before.conditions or clause in self.before.prerequisites
        self._add("removes_condition" if conditional else "removes_indicator", clause, clause.id)

    def _criteria(self) -> None:
        """A criterion gone, or an indicator counted with another criterion than its own."""
        still = {criterion.no: {i.id for i in criterion.indicators} for criterion in self.after.criteria}
        kept = {clause.id for clause in tops(self.after)}
        for criterion in self.before.criteria:
            for clause in criterion.indicators:
                if criterion.no not in still:
                    self._add("removes_criterion", clause, criterion.no)
                elif clause.id in kept and clause.id not in still[criterion.no]:
                    self._add("removes_indicator", clause, f"{criterion.no}: {clause.id}")

    def _lower_totals(self) -> Iterator[Breach]:
        for name in ("criteria_total", "indicators_total"):
            old, new = getattr(self.before, name), getattr(self.after, name)
            if old is not None and (new is None or new < old):
                yield Breach(
                    key="totals", code="lowers_totals", binding=True, values=(str(new or "unknown"),), wanted=f"≥ {old}"
                )

    def _not_for_province(self) -> Iterator[Breach]:
        """Who is judged by another column, and when a title is withdrawn, is national (318/QĐ-TTg, Đ1; 18/2022/QĐ-TTg)."""
        for name in ("special_communes", "withdrawal"):
            if getattr(self.before, name) != getattr(self.after, name):
                yield Breach(key=name, code="not_for_province", binding=True)

    def _compare(self, old: Clause, new: Clause) -> None:
        for place in self._places_of(old, new):
            if self.strictness.implies(new, old, place):
                continue
            said = self.said
            self._explain(old, new, place)
            if self.said == said:  # each part stands, and yet the whole does not follow
                self._add("not_comparable", old, place=place)

    def _places_of(self, old: Clause, new: Clause) -> list[Place]:
        """The places to compare; where one text goes by year, every year of the phase, or a lacking row would not show."""
        found = cells_of(self.before.columns, old, new)
        years = {year for _, year in found}
        if years == {None}:
            return found
        first, last = map(int, self.before.phase.split("-"))
        whole = sorted({year for year in years if year is not None} | set(range(first, last + 1)))
        return [(column, year) for column in self.before.columns for year in whole]

    def _add(self, code: str, clause: Clause, found: str = "", place: Place | None = None) -> None:
        self.said += 1
        binding = self._binds(clause) if place is None else place[0] in self.columns
        values = self.found.setdefault((clause.id, code, binding), [])
        if found and found not in values:
            values.append(found)

    def _binds(self, clause: Clause) -> bool:
        """Whether a clause is more than a name whose content is the province's."""
        years = cells_of(self.columns, clause)
        return clause.set_by is not SetBy.PROVINCE or any(sets(clause, place) for place in years)

    # Why the new text is not as strict, at one place of the table.

    def _explain(self, old: Clause, new: Clause, place: Place) -> None:
        where = " ".join(str(step) for step in place if step not in (None, ""))
        if new.applies_if not in (None, old.applies_if):
            self._add("adds_condition", old, place=place)
        elif not asked(new, place):
            self._add("drops_column", old, where, place)
        elif isinstance(old.requirement, Combination):
            self._explain_parts(old, old.requirement, new, place)
        elif isinstance(old.requirement, Branch):
            self._explain_branches(old, old.requirement, new, place)
        elif _subject(new.requirement) == _subject(old.requirement):
            self._explain_cell(old, new, where, place)
        else:
            self._explain_other(old, new, where, place)

    def _explain_other(self, old: Clause, new: Clause, where: str, place: Place) -> None:
        dropped = _measured(old) - _measured(new)
        if dropped:
            self._add("drops_fact", old, ", ".join(sorted(dropped)), place)
        else:
            self._add("not_comparable", old, where, place)

    def _explain_branches(self, old: Clause, branch: Branch, new: Clause, place: Place) -> None:
        inner = new.requirement
        if not isinstance(inner, Branch) or inner.condition != branch.condition:
            self._explain_other(old, new, "", place)
            return
        for before, now in ((branch.then, inner.then), (branch.otherwise, inner.otherwise)):
            if not self.strictness.implies(now, before, place):
                self._explain(before, now, place)

    def _explain_parts(self, old: Clause, combination: Combination, new: Clause, place: Place) -> None:
        inner = new.requirement
        kept = {part.id: part for part in inner.parts} if isinstance(inner, Combination) else {}
        every = combination.needed == len(combination.parts)
        if (
            isinstance(inner, Combination)
            and inner.needed < combination.needed
            and set(kept) >= {p.id for p in combination.parts}
        ):
            self._add("lowers_needed", old, f"{inner.needed} < {combination.needed}", place)
        elif not every:
            self._add("not_comparable", old, place=place)
        for part in combination.parts if every else ():
            if self.strictness.implies(new, part, place):
                continue
            if part.id in kept:
                if not self.strictness.implies(kept[part.id], part, place):
                    self._explain(part, kept[part.id], place)
            else:
                self._add("removes_part", old, part.id, place)

    def _explain_cell(self, old: Clause, new: Clause, where: str, place: Place) -> None:
        before, now = cell_at(old.requirement, place), cell_at(new.requirement, place)
        if now is None:
            self._add("withdraws_threshold", old, where, place)
        elif getattr(old.requirement, "both_sexes", False) and not getattr(new.requirement, "both_sexes", False):
            self._add("drops_both_sexes", old, place=place)
        else:
            values = f"{_asks(old.requirement, before)} → {_asks(new.requirement, now)}"
            self._add("loosens", old, f"{where}: {values}".lstrip(": "), place)
            if before is not None and before.evidence is not Evidence.CONFIRMED:
                self.unconfirmed.add((old.id, "loosens"))


def _subject(requirement: Requirement) -> tuple[Any, ...]:
    """What a requirement without parts measures, and in which way."""
    if isinstance(requirement, RulesetMet):
        return (RulesetMet, requirement.ruleset.id)
    other = getattr(requirement, "other", None)
    return (type(requirement), getattr(requirement, "fact", None), other)


def _measured(clause: Clause) -> set[str]:
    """The facts that are asked for, those of conditions not among them."""
    return {str(leaf.requirement.fact) for leaf in leaves(clause) if not isinstance(leaf.requirement, _WITHOUT_FACT)}


_WITHOUT_FACT = (Combination, Branch, RulesetMet, Unstated)

_SIGNS = {Direction.AT_LEAST: "≥ ", Direction.AT_MOST: "≤ ", Direction.EQUAL: "= ", Direction.MET: ""}


def _asks(requirement: Requirement, cell: Cell | None) -> str:
    """A requirement without parts as a finding shows it."""
    if isinstance(requirement, OneOf):
        return "/".join(requirement.values)
    if isinstance(requirement, (Comparison, FactComparison)) and cell is not None:
        return f"{_SIGNS[requirement.direction]}{'Đạt' if cell.value is True else cell.value}"
    return "Đạt"


_LOOSER: Mapping[str, Text] = {
    "removes_indicator": Text("tỉnh không được bỏ chỉ tiêu", "a province may not remove an indicator"),
    "removes_criterion": Text("tỉnh không được bỏ tiêu chí", "a province may not remove a criterion"),
    "removes_condition": Text(
        "tỉnh không được bỏ điều kiện công nhận",
        "a province may not remove a condition of recognition",
    ),
    "removes_part": Text(
        "tỉnh không được bỏ một phần của chỉ tiêu", "a province may not remove a part of an indicator"
    ),
    "adds_condition": Text(
        "thêm điều kiện áp dụng mà quy định quốc gia không có",
        "a condition of applying that the national text lacks",
    ),
    "drops_column": Text(
        "không còn hỏi ở cột mà quy định quốc gia hỏi",
        "no longer asked in a column where the national text asks it",
    ),
    "drops_both_sexes": Text("không còn đòi hỏi cả nam và nữ", "no longer asked of men and of women, each"),
    "drops_fact": Text(
        "không còn đòi hỏi điều mà quy định quốc gia đòi hỏi", "no longer asks what the national text asks"
    ),
    "lowers_needed": Text("giảm số phần cần đạt", "fewer parts are needed"),
    "withdraws_threshold": Text(
        "bỏ mức mà quy định quốc gia đã đặt", "takes away a threshold that the national text sets"
    ),
    "loosens": Text("mức của tỉnh dễ hơn mức quốc gia", "the province's threshold is easier than the national one"),
    "lowers_totals": Text("tỉnh không được giảm số chính thức", "a province may not lower the official counts"),
    "not_for_province": NOT_FOR_PROVINCE,
    "not_comparable": Text(
        "không chứng tỏ được là chặt bằng quy định quốc gia",
        "cannot be shown to be as strict as the national text",
    ),
}
