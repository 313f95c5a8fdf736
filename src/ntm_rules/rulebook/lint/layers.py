"""Layers: where they lie, their dates, whether two of them collide, and what they make of the ruleset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ntm_rules.model.requirement import nodes
from ntm_rules.model.ruleset import Catalogue, Ruleset
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.clauses import each_clause
from ntm_rules.rulebook.layers import apply_layer
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.rulebook.lint.contents import Normal, as_ruleset
from ntm_rules.rulebook.lint.findings import Report, Severity, Steps, brief
from ntm_rules.rulebook.lint.requirements import check_clause
from ntm_rules.rulebook.lint.statements import (
    NUMBERING,
    check_columns,
    check_decision_dates,
    check_totals,
    numbering,
    surely_before,
)
from ntm_rules.rulebook.loosening import NOT_FOR_PROVINCE, Breach, breaches
from ntm_rules.rulebook.places import place_of
from ntm_rules.rulebook.spans import tops

__all__ = ["check_layer_dates", "check_layer_effect", "check_layer_place", "check_overlaps"]


def check_layer_place(layer: Normal, report: Report, relative: str | None) -> None:
    """A layer is found by its folder, so folder and content must agree."""
    if relative is None:
        return
    phase, _, name = layer["of"].partition("/")
    folder = f"provinces/{layer['province']}" if layer["kind"] == "province" else "amendments"
    wanted = f"{phase}/{folder}/{name}/"
    if str(Path(relative).parent.as_posix()) + "/" != wanted:
        vi, en = "tệp nằm sai thư mục so với nội dung", "the file is not in the folder its content calls for"
        report.add("error", "misplaced_layer", (), vi, en, found=shown(relative), wanted=Text(wanted, wanted))


def check_layer_dates(layer: Normal, base: Normal, report: Report) -> None:
    """A layer cannot be older than what it changes; one without a date applies on every date."""
    check_decision_dates(layer["decision"], report)
    for place, key in ((1, "issued"), (2, "in_force")):
        day, since = layer["decision"][place], base["decision"][place]
        if day and since and surely_before(day, since):
            vi, en = "trước ngày của quyết định gốc", "before the decision it changes"
            report.add("error", "before_base", ("decision", key), vi, en, found=day, wanted=Text(since, since))
        if day is None:
            vi, en = (
                "chưa biết ngày: lớp này áp dụng từ ngày ban hành, hoặc cho mọi ngày",
                "date not known: applies from its issue, or always",
            )
            severity: Severity = "note" if layer["kind"] == "province" else "warning"
            report.add(severity, "undated_layer", ("decision", key), vi, en)


def check_overlaps(layer: Normal, book: Book, report: Report, relative: str | None) -> None:
    """Another layer of the same day that touches the same thing: which of them holds is then left to their file names."""
    if relative is None:
        return
    for other_path, other in book.layers(layer["of"], layer["province"]):
        same = (other["kind"], other["decision"][2]) == (layer["kind"], layer["decision"][2])
        if other_path <= relative or not same:
            continue
        if both := sorted(_touched(layer) & _touched(other)):
            vi, en = f"cùng ngày, {other_path} sửa cùng một chỗ", f"on the same day {other_path} changes the same thing"
            report.add("error", "overlap", (), vi, en, found=brief(both))


def _touched(layer: Normal) -> set[str]:
    found = {name for name in ("special_communes", "withdrawal", "totals", "complete") if layer[name] is not None}
    found |= {clause["id"] for clause in layer["replace_indicators"]} | set(layer["remove_indicators"])
    found |= {added["indicator"]["id"] for added in layer["add_indicators"]} | {c["no"] for c in layer["add_criteria"]}
    found |= {clause["id"] for name in ("conditions", "prerequisites") for clause in layer[name]}
    found |= set(layer["remove_conditions"])
    for change in layer["set_thresholds"]:
        found |= {f"{change['id']} {year or ''} {column}" for year, cells in change["rows"] for column in cells}
    return found


def check_layer_effect(
    layer: Normal, book: Book, report: Report, relative: str | None, places: Mapping[str, Steps]
) -> None:
    """What the layer makes of the ruleset: checked like a ruleset, and, for a province's, against the national text."""
    province = layer["province"]
    for below in _below(layer, book, relative):
        after = apply_layer(below, layer, report.source)
        _layer_document(below, after, layer, report, places)
        ruleset = book.build(after, province)
        brought = {clause["id"] for clause in each_clause(as_ruleset(layer))}
        brought |= {change["id"] for change in layer["set_thresholds"]}
        for clause in tops(ruleset):
            if any(node.id in brought for node in nodes(clause)):
                check_clause(clause, ruleset, report, places)
        if layer["kind"] == "province":
            _not_for_province(layer, report)
            _of_another_region(layer, ruleset, report, places)
            _asks_less(breaches(book.build(below, province), ruleset), report, places)


def _below(layer: Normal, book: Book, relative: str | None) -> list[Normal]:
    """The texts the layer may come to lie on: that of the day it takes effect and, for a province's, the latest one."""
    base = book.ruleset(layer["of"])
    assert base is not None
    found = []
    for latest in (False, True):
        text = base
        for path, other in book.layers(layer["of"], None):
            effective, since = other["decision"][2], layer["decision"][2]
            earlier = effective is None or since is None or (effective, path) < (since, relative or "~")
            if path != relative and (earlier or (latest and layer["kind"] == "province")):
                text = apply_layer(text, other, path)
        if text not in found:
            found.append(text)
    return found


def _layer_document(below: Normal, after: Normal, layer: Normal, report: Report, places: Mapping[str, Steps]) -> None:
    known = numbering(below["criteria"])
    brought = {clause["id"] for clause in each_clause(as_ruleset(layer))}
    brought |= {f"criterion {criterion['no']}" for criterion in layer["add_criteria"]}
    for finding in numbering(after["criteria"]):
        number, code, vi, en = finding
        if finding not in known and number in brought:
            report.add(NUMBERING[code], code, places.get(number, ()), vi, en, found=shown(number.rpartition(" ")[2]))
    check_totals(after, report)
    if layer["special_communes"]:
        check_columns(after | {"criteria": [], "conditions": [], "prerequisites": []}, _no_regions(), report, places)


def _no_regions() -> Catalogue:
    return Catalogue({}, {}, {}, {})


def _asks_less(found: Iterable[Breach], report: Report, places: Mapping[str, Steps]) -> None:
    """Where the province's text cannot be shown to be as strict; where that judges none of its communes, it is a warning."""
    for breach in found:
        vi, en = breach.message.vi, breach.message.en
        wanted = breach.wanted and Text(breach.wanted, breach.wanted)
        shown_values = brief(breach.values, 4) or None
        path = place_of(places, breach.key)
        report.add(
            "error" if breach.binding else "warning", breach.code, path, vi, en, found=shown_values, wanted=wanted
        )


def _not_for_province(layer: Normal, report: Report) -> None:
    """Stating these is not for a province, even where it states what the national text says."""
    for name in ("special_communes", "withdrawal"):
        if layer[name] is not None:
            report.add("error", "not_for_province", (name,), NOT_FOR_PROVINCE.vi, NOT_FOR_PROVINCE.en)


def _of_another_region(layer: Normal, ruleset: Ruleset, report: Report, places: Mapping[str, Steps]) -> None:
    """What speaks of columns that judge no commune of the province: most often a region taken for another.

    An error where it speaks of no other. New indicators may be copied from a table with their columns, and a threshold may be set
    in every column at once; one that is set in some is set there on purpose.
    """
    own = ruleset.own_columns
    said: list[tuple[Steps, set[str]]]
    said = [(("set_thresholds", place), _columns_set(change)) for place, change in enumerate(layer["set_thresholds"])]
    said += [(place_of(places, c["id"]), set(c["columns"])) for c in each_clause(as_ruleset(layer)) if c["columns"]]
    for path, columns in said:
        elsewhere = columns - set(own)
        if own == ("common",) or not elsewhere or "" in columns:
            continue
        if elsewhere < columns and (path[0] != "set_thresholds" or columns >= set(ruleset.columns)):
            continue
        wanted = ", ".join(own)
        vi, en = "cột không xét xã nào của tỉnh này", "a column that judges no commune of this province"
        found, only = brief(sorted(elsewhere)), elsewhere == columns
        report.add(
            "error" if only else "warning", "other_region", path, vi, en, found=found, wanted=Text(wanted, wanted)
        )


def _columns_set(change: Normal) -> set[str]:
    return {column for _, cells in change["rows"] for column in cells}
