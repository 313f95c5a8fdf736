"""Requirements that say nothing, or two things at once; their units, and their rows by year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, pairwise

import attrs

from ntm_rules.model.facts import FactKind
from ntm_rules.model.requirement import (
    Branch,
    Clause,
    Combination,
    Comparison,
    FactComparison,
    Requirement,
    Unstated,
    nodes,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.lint.findings import Report, Steps, brief
from ntm_rules.rulebook.places import place_of
from ntm_rules.rulebook.spans import Place, Span, asked, cells_of, span_of

__all__ = ["check_clause"]


def check_clause(top: Clause, ruleset: Ruleset, report: Report, places: Mapping[str, Steps]) -> None:
    """All that is checked of one indicator, condition or prerequisite."""
    numbers = [node.id for node in nodes(top)]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        vi, en = "ký hiệu phần bị lặp trong chỉ tiêu", "a part's letter is repeated within the indicator"
        report.add("error", "duplicate_part", place_of(places, number), vi, en, found=shown(number))
    for node in nodes(top):
        path = place_of(places, node.id)
        if node.label.vi == node.label.en:
            vi, en = "tên tiếng Việt và tiếng Anh giống nhau", "the Vietnamese and the English label are the same"
            report.add("warning", "untranslated", (*path, "label"), vi, en, found=shown(node.label.vi))
        if node.applies_if is not None and _always(node.applies_if, ruleset, node):
            vi, en = "điều kiện áp dụng luôn đúng", "the condition of applying always holds"
            report.add("warning", "constant_condition", (*path, "applies_if"), vi, en)
        _requirement(node, ruleset, report, path)


def _requirement(node: Clause, ruleset: Ruleset, report: Report, path: Steps) -> None:
    requirement = node.requirement
    if isinstance(requirement, Combination):
        _combination(requirement, ruleset, report, path)
    elif isinstance(requirement, Branch):
        _branch(requirement, ruleset, report, path, node)
    elif not isinstance(requirement, Unstated):
        if _always(requirement, ruleset, node):
            vi, en = "luôn đạt: mức không loại được giá trị nào", "always met: the threshold excludes no value"
            report.add("warning", "always_met", path, vi, en)
        _units(requirement, ruleset, report, path)
        _years(requirement, ruleset, report, path)


def _always(requirement: Requirement, ruleset: Ruleset, node: Clause) -> bool:
    """Whether a requirement without parts holds wherever it is asked, whatever the fact."""
    facts = ruleset.catalogue.facts
    probe = attrs.evolve(node, requirement=requirement)
    spans = [span_of(requirement, facts, place) for place in cells_of(ruleset.columns, probe) if asked(node, place)]
    return bool(spans) and all(span is not None and span.always for span in spans)


def _branch(requirement: Branch, ruleset: Ruleset, report: Report, path: Steps, node: Clause) -> None:
    if _always(requirement.condition, ruleset, node):
        vi, en = (
            "điều kiện luôn đúng: nhánh 'otherwise' không bao giờ được dùng",
            "always true: 'otherwise' is never used",
        )
        report.add("warning", "constant_condition", (*path, "requires", "when", "condition"), vi, en)
    if requirement.then.requirement == requirement.otherwise.requirement:
        vi, en = "hai nhánh giống nhau", "both branches are the same"
        report.add("warning", "same_branches", (*path, "requires", "when"), vi, en)


def _combination(requirement: Combination, ruleset: Ruleset, report: Report, path: Steps) -> None:
    every = requirement.needed == len(requirement.parts)
    parts = list(_flat(requirement.parts)) if every else list(requirement.parts)
    if every:
        for first, second in combinations(parts, 2):
            if _contradict(first, second, ruleset):
                vi, en = "hai phần mâu thuẫn: không giá trị nào đạt cả hai", "two parts contradict: no value meets both"
                report.add("error", "contradiction", path, vi, en, found=f"{first.id}, {second.id}")
    if not every and requirement.needed > 1:
        return
    for weaker, stronger in _covered(parts, ruleset):
        if every:
            vi, en = (
                f"phần thừa: {stronger.id} đã đòi hỏi nhiều hơn",
                f"superfluous: {stronger.id} already asks for more",
            )
            report.add("warning", "superfluous_part", path, vi, en, found=weaker.id)
        else:
            vi, en = (
                f"phần thừa: ai đạt phần này cũng đạt {weaker.id}",
                f"dead: whoever meets it also meets {weaker.id}",
            )
            report.add("warning", "dead_part", path, vi, en, found=stronger.id)


def _flat(parts: Iterable[Clause]) -> Iterator[Clause]:
    """The parts of an `all`, with those of an `all` inside it."""
    for part in parts:
        inner = part.requirement
        plain = part.applies_if is None and part.columns is None
        if plain and isinstance(inner, Combination) and inner.needed == len(inner.parts):
            yield from _flat(inner.parts)
        else:
            yield part


def _spans(first: Clause, second: Clause, ruleset: Ruleset) -> Iterator[tuple[Span | None, Span | None]]:
    """What two parts accept, at every place of the table where either is asked."""

    def span(clause: Clause, place: Place) -> Span | None:
        return span_of(clause.requirement, ruleset.catalogue.facts, place) if asked(clause, place) else None

    for place in cells_of(ruleset.columns, first, second):
        if asked(first, place) or asked(second, place):
            yield span(first, place), span(second, place)


def _contradict(first: Clause, second: Clause, ruleset: Ruleset) -> bool:
    """Whether somewhere in the table no value of one measure meets both."""
    for one, other in _spans(first, second, ruleset):
        if one is None or other is None or one.measure != other.measure:
            continue
        for lower, upper in ((one, other), (other, one)):
            if lower.low is not None and upper.high is not None and lower.low > upper.high:
                return True
    return False


def _covered(parts: Sequence[Clause], ruleset: Ruleset) -> Iterator[tuple[Clause, Clause]]:
    """Pairs (weaker, stronger) of parts where, everywhere, whatever meets the stronger meets the weaker."""
    for place, first in enumerate(parts):
        for second in parts[place + 1 :]:
            if first.applies_if != second.applies_if:
                continue
            pairs = list(_spans(first, second, ruleset))
            if pairs and all(one and other and one.within(other) for one, other in pairs):
                yield second, first
            elif pairs and all(one and other and other.within(one) for one, other in pairs):
                yield first, second


# -- units and years


def _units(requirement: Requirement, ruleset: Ruleset, report: Report, path: Steps) -> None:
    facts = ruleset.catalogue.facts
    if isinstance(requirement, FactComparison):
        one, other = facts[requirement.fact], facts[requirement.other]
        numeric = FactKind.BOOLEAN not in (one.kind, other.kind) and FactKind.CATEGORY not in (one.kind, other.kind)
        if not numeric or (one.kind, one.unit) != (other.kind, other.unit):
            vi, en = "hai số liệu khác loại hoặc khác đơn vị", "the two facts differ in kind or unit"
            report.add("error", "units_differ", path, vi, en, found=f"{one.key}, {other.key}")
    elif isinstance(requirement, Comparison) and facts[requirement.fact].kind is FactKind.COUNT:
        fractions = [
            str(cell.value)
            for *_, cell in requirement.threshold.cells()
            if isinstance(cell.value, Decimal) and cell.value != cell.value.to_integral_value()
        ]
        if fractions:
            vi, en = "mức lẻ cho một số đếm", "a fraction as the threshold of a count"
            report.add("warning", "fraction_of_count", path, vi, en, found=brief(fractions))


def _years(requirement: Requirement, ruleset: Ruleset, report: Report, path: Steps) -> None:
    """Rows by year: those of the phase should all be there, no others, and no threshold should become easier."""
    if not isinstance(requirement, Comparison) or requirement.relation is not None:
        return
    if not requirement.threshold.varies_by_year:
        return
    years = {year for year in requirement.threshold.rows if year is not None}
    first, last = map(int, ruleset.phase.split("-"))
    lacking = [str(year) for year in range(first, last + 1) if year not in years]
    outside = [str(year) for year in sorted(years) if not first <= year <= last]
    if lacking:
        vi, en = "năm trong giai đoạn không có mức", "years of the phase without a row"
        report.add("warning", "missing_year", path, vi, en, wanted=Text(", ".join(lacking), ", ".join(lacking)))
    if outside:
        vi, en = "năm nằm ngoài giai đoạn", "years outside the phase"
        report.add("warning", "year_outside_phase", path, vi, en, found=", ".join(outside))
    if easier := list(_easier(requirement, ruleset)):
        vi, en = "mức năm sau dễ hơn năm trước", "a later year's threshold is easier than an earlier one's"
        report.add("warning", "easier_by_year", path, vi, en, found=brief(easier, 4))


def _easier(requirement: Comparison, ruleset: Ruleset) -> Iterator[str]:
    facts = ruleset.catalogue.facts
    years = sorted(year for year in requirement.threshold.rows if year is not None)
    for column in ruleset.columns:
        known = [(year, span) for year in years if (span := span_of(requirement, facts, (column, year)))]
        for (_, before), (year, after) in pairwise(known):
            if before != after and before.within(after):
                cell = requirement.threshold.cell(column, year)
                yield f"{column} {year}: {cell.value if cell else ''}"
