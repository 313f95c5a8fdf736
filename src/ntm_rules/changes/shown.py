"""What stands in a rule, before or after, as people are shown it, in both languages at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ntm_rules.explain.rules import SET_BY_WORDS, cell_text, requirement_in_full, requirement_text
from ntm_rules.model.checking import fact_named
from ntm_rules.model.facts import FactKind
from ntm_rules.model.requirement import (
    Cell,
    Clause,
    Comparison,
    FactComparison,
    Meaning,
    OneOf,
    Requirement,
    SetBy,
    Unstated,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text

__all__ = [
    "NOT_ASKED",
    "cell_shown",
    "fact_of",
    "general_shown",
    "listed",
    "of_year",
    "plain",
    "requirement_shown",
    "seen_shown",
    "unit_of",
    "words",
]

NOT_ASKED = Text("không áp dụng", "not asked")
_NO_ROW = Text("không có dòng của năm", "no row for the year")
_UNSTATED = Text("chưa nêu", "not stated")
_SEXES = Text(" (nam, nữ)", " (men, women)")


def _both(say: Callable[[Language], str]) -> Text:
    return Text(say("vi"), say("en"))


def plain(text: str | None) -> Text | None:
    """Text that is the same in both languages; None where there is none."""
    return Text(text, text) if text else None


def listed(items: tuple[str, ...]) -> Text:
    """Names in a row."""
    return Text(", ".join(items) or "—", ", ".join(items) or "—")


def cell_shown(ruleset: Ruleset, clause: Clause, cell: Cell | None) -> Text:
    """A cell as `show` prints it: sign, threshold, unit, mark of evidence."""
    requirement = clause.requirement
    if isinstance(requirement, Unstated):
        return _UNSTATED
    if cell is None:
        return _NO_ROW
    sexes = _SEXES if isinstance(requirement, Comparison) and requirement.both_sexes and cell.value else Text("", "")
    bare = Clause(id="", label=clause.label, requirement=requirement, citation="", set_by=clause.set_by)
    return _both(lambda lang: cell_text(ruleset, bare, "", cell, lang) + sexes.in_(lang))


def requirement_shown(ruleset: Ruleset, requirement: Requirement) -> Text:
    """What a requirement asks, in one sentence with its thresholds: of a condition, whose cells are no changes of their own."""
    times = _multiple(requirement)
    return _both(lambda lang: requirement_in_full(ruleset, requirement, lang, marks=True) + times)


def general_shown(ruleset: Ruleset, requirement: Requirement) -> Text:
    """What a requirement asks, in one sentence without thresholds, which stand beside it cell by cell."""
    times = _multiple(requirement)
    return _both(lambda lang: requirement_text(ruleset, requirement, lang) + times)


def _multiple(requirement: Requirement) -> str:
    """Of what a threshold is a multiple, by number."""
    relation = requirement.relation if isinstance(requirement, Comparison) else None
    return "" if relation is None else f" = {relation.factor:f} × {relation.ruleset} {relation.indicator}"


def fact_of(clause: Clause) -> str | None:
    """The fact that a clause without parts measures."""
    requirement = clause.requirement
    return requirement.fact if isinstance(requirement, (Comparison, FactComparison, OneOf)) else None


def seen_shown(text: Text, cell: Cell) -> Text:
    """A cell with where it was seen."""
    seen = cell.seen_at or "—"
    return Text(f"{text.vi} ({seen})", f"{text.en} ({seen})")


def of_year(text: Text, year: int | None, shown: int | None) -> Text:
    """A cell with its year, where it is not that of the change."""
    return text if year == shown else Text(f"{text.vi} (năm {year})", f"{text.en} (year {year})")


def unit_of(ruleset: Ruleset, clause: Clause) -> Text | None:
    """The unit of a clause's threshold, where the threshold itself does not show it."""
    key = fact_of(clause)
    fact = fact_named(ruleset.catalogue, key) if key is not None else None
    if fact is None or fact.kind is FactKind.PERCENT or isinstance(clause.requirement, FactComparison):
        return None
    return fact.unit


def words(value: Any) -> Text | None:
    """A text of a clause as it is shown: its label, note, citation, who sets it, what "Đạt" means."""
    if isinstance(value, Text) or value is None:
        return value
    if isinstance(value, SetBy):
        return SET_BY_WORDS[value]
    if isinstance(value, str):
        return plain(value)
    return _meanings(value)


def _meanings(value: tuple[Meaning, ...]) -> Text | None:
    said = [(f"{meaning.text.vi} ({meaning.source})", f"{meaning.text.en} ({meaning.source})") for meaning in value]
    return Text("; ".join(vi for vi, _ in said), "; ".join(en for _, en in said)) if said else None
