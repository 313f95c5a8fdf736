"""Thresholds and rulesets in words and for notebooks, Vietnamese first. Reads rules; decides nothing."""

from __future__ import annotations

import html
from collections.abc import Iterable
from decimal import Decimal

import attrs

from ntm_rules.explain import SUPPLIED_BY, column_words
from ntm_rules.explain.rules import cell_text, product_text, relation_text, requirement_text, sureness, title_lines
from ntm_rules.model.checking import fact_named
from ntm_rules.model.found import FoundThreshold
from ntm_rules.model.requirement import Branch, Cell, CellState, Comparison, Evidence
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text

__all__ = ["RULE_EXPLAINER", "RuleExplainer"]


@attrs.frozen(slots=True)
class RuleExplainer:
    """Puts rulesets and their thresholds into words; see `ntm_rules.model.found.RuleTexts`."""

    def threshold(self, found: FoundThreshold, lang: Language) -> str:
        """One line, and one for each part or for what the threshold is a multiple of."""
        return "\n".join(_lines(found, lang))

    def threshold_html(self, found: FoundThreshold, lang: Language) -> str:
        """The same lines, for notebooks."""
        return "<br>".join(html.escape(line) for line in _lines(found, lang))

    def ruleset_html(self, ruleset: Ruleset, lang: Language) -> str:
        """What the ruleset is, and its criteria as a small table, for notebooks."""
        title, *said = (html.escape(line) for line in title_lines(ruleset, lang))
        heads = (
            Text("Số", "No."),
            Text("Tiêu chí", "Criterion"),
            Text("Chỉ tiêu", "Indicators"),
        )
        rows = (
            (criterion.no, criterion.title.in_(lang), ", ".join(indicator.id for indicator in criterion.indicators))
            for criterion in ruleset.criteria
        )
        head = _row((word.in_(lang) for word in heads), "th")
        body = "".join(_row(row, "td") for row in rows)
        return (
            f"<div><b>{title}</b><br>{'<br>'.join(said)}<table><thead>{head}</thead><tbody>{body}</tbody></table></div>"
        )


RULE_EXPLAINER = RuleExplainer()


def _row(cells: Iterable[str], tag: str) -> str:
    style = " style='text-align:left'" if tag == "td" else ""
    return "<tr>" + "".join(f"<{tag}{style}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _lines(found: FoundThreshold, lang: Language) -> list[str]:
    head = [f"{found.clause.id} {found.clause.label.in_(lang)}: {_answer(found, lang)}"]
    if found:
        head.append(
            Text(f"Độ tin: {_known(found, 'vi')}.", f"How surely it is known: {_known(found, 'en')}.").in_(lang)
        )
    if found.citation:
        head.append(Text(f"Căn cứ: {found.citation}.", f"Source: {found.citation}.").in_(lang))
    return [" ".join(head), *(f"  {line}" for line in _below(found, lang))]


def _answer(found: FoundThreshold, lang: Language) -> str:
    """The threshold and where it stands, or why there is none."""
    if found.parts:
        return _of_parts(found).in_(lang)
    if found.reason == "not_asked":
        where = column_words(found.ruleset, found.column, found.column_rule, lang)
        return Text(f"không hỏi ở {where}.", f"not asked in {where}.").in_(lang)
    if found.reason == "no_threshold_for_year":
        year = found.year if found.year is not None else Text("chưa cho năm", "no year given").in_(lang)
        return Text(
            f"bảng không có mức cho năm này ({year}).", f"the table has no threshold for this year ({year})."
        ).in_(lang)
    if found.reason is not None:
        supplied = SUPPLIED_BY[found.set_by]
        return Text(f"chưa có mức: {supplied.vi}.", f"no threshold: {supplied.en}.").in_(lang)
    # Without its evidence, which is said in words below; CONFIRMED is the one that has no mark.
    cell = Cell(CellState.SET, found.value, Evidence.CONFIRMED)
    text = cell_text(found.ruleset, found.clause, found.column, cell, lang)
    return f"{text}{_unit(found, lang)} ({_where(found, lang)})."


def _unit(found: FoundThreshold, lang: Language) -> str:
    """The unit of a number that is no percentage."""
    requirement = found.clause.requirement
    fact = fact_named(found.ruleset.catalogue, requirement.fact) if isinstance(requirement, Comparison) else None
    return f" {fact.unit.in_(lang)}" if fact and fact.unit and isinstance(found.value, Decimal) else ""


def _of_parts(found: FoundThreshold) -> Text:
    requirement = found.clause.requirement
    if isinstance(requirement, Branch):
        vi, en = (requirement_text(found.ruleset, requirement, lang) for lang in ("vi", "en"))
        return Text(f"mức tùy điều kiện, {vi}.", f"the threshold goes by a condition, {en}.")
    return Text(
        "chỉ tiêu có các phần, mỗi phần có mức riêng.", "the indicator has parts, each with a threshold of its own."
    )


def _where(found: FoundThreshold, lang: Language) -> str:
    said = column_words(found.ruleset, found.column, found.column_rule, lang)
    requirement = found.clause.requirement
    by_year = isinstance(requirement, Comparison) and requirement.threshold.varies_by_year
    return said + (Text(f", năm {found.year}", f", year {found.year}").in_(lang) if by_year else "")


def _known(found: FoundThreshold, lang: Language) -> str:
    cell = Cell(CellState.SET, found.value, found.evidence, None if found.multiple else found.seen_at)
    return sureness(cell, lang)


def _below(found: FoundThreshold, lang: Language) -> list[str]:
    """The parts by name; or the factor and what it multiplies, each with its evidence and place."""
    if found.parts:
        return [f"{part} {found.ruleset.clause(part).label.in_(lang)}" for part in found.parts]
    if found.multiple is None or found.reason == "not_asked":
        return []
    lines = [f"{relation_text(found.multiple, lang)}: {sureness(found.multiple.factor, lang)}"]
    if found:
        lines.append(f"= {product_text(found.multiple, lang)}: {sureness(found.multiple.base, lang)}")
    return lines
