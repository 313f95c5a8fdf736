"""Facts and regions: bounds, labels, and keys that are almost the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from ntm_rules.model.errors import RulebookError
from ntm_rules.model.facts import FactKind
from ntm_rules.model.text import shown
from ntm_rules.rulebook.lint.contents import Normal
from ntm_rules.rulebook.lint.findings import Report
from ntm_rules.rulebook.normal import checked_catalogue, unknown_regions
from ntm_rules.rulebook.reading import read_leniently
from ntm_rules.rulebook.rulebook import shipped

__all__ = ["lint_facts", "lint_regions"]


def lint_facts(data: bytes, path: Path, report: Report) -> None:
    """A facts.yaml: each fact, and keys or labels that two of them share."""
    regions = path.parent / "regions.yaml"
    catalogue, problems = checked_catalogue(
        data, (regions if regions.is_file() else shipped() / "regions.yaml").read_bytes(), str(path.parent)
    )
    report.refused(RulebookError(problems))
    facts: Normal = catalogue["facts"] if catalogue is not None else {}
    for key, fact in facts.items():
        _fact(key, fact, report)
    for one, other in _near_pairs(facts):
        vi, en = f"tên gần như trùng với '{one}'", f"the key is almost that of '{one}'"
        report.add("warning", "near_duplicate", ("facts", other), vi, en)
    labels: dict[str, str] = {}
    for key, fact in facts.items():
        label = fact["label"][0].casefold()
        if (first := labels.setdefault(label, key)) != key:
            vi, en = f"trùng tên gọi với '{first}'", f"has the same label as '{first}'"
            report.add("warning", "duplicate_label", ("facts", key, "label"), vi, en, found=shown(fact["label"][0]))


def _fact(key: str, fact: Normal, report: Report) -> None:
    low, high = (None if fact[name] is None else Decimal(fact[name]) for name in ("low", "high"))
    percent = fact["kind"] == FactKind.PERCENT.value
    outside = percent and (low is None or high is None or low < 0 or high > 100)
    if (low is not None and high is not None and low >= high) or outside:
        vi, en = "giới hạn không hợp lý", "bounds that make no sense"
        report.add("error", "bad_bounds", ("facts", key, "bounds"), vi, en, found=f"{low} – {high}")
    folded = [value.casefold() for value in fact["values"]]
    if len(set(folded)) < len(folded):
        report.add("error", "duplicate_value", ("facts", key, "values"), "mức bị lặp", "a value is repeated")
    if fact["label"][0] == fact["label"][1] or key in fact["label"]:
        vi, en = "chưa có tên gọi đủ hai thứ tiếng", "has no label of its own in each language"
        report.add("warning", "unlabelled", ("facts", key, "label"), vi, en, found=shown(fact["label"][0]))
    if fact["counts"] is not None and not percent:
        vi, en = "'counts' chỉ dùng cho tỷ lệ phần trăm", "'counts' is for percentages only"
        report.add("warning", "unused_counts", ("facts", key, "counts"), vi, en)


def _near_pairs(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of keys made of the same words, but for order, number or one letter."""
    seen: dict[tuple[str, ...], str] = {}
    for key in keys:
        words = tuple(sorted(word.rstrip("s") for word in key.split("_") if word))
        for known, first in seen.items():
            if words == known or _one_letter_apart(words, known):
                yield first, key
                break
        seen.setdefault(words, key)


def _one_letter_apart(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    apart = set(one) ^ set(other)
    if len(one) != len(other) or len(apart) != 2:
        return False
    short, long = sorted(apart, key=len)
    if len(short) < 5 or len(long) - len(short) > 1:
        return False
    if len(short) == len(long):
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1 or sorted(short) == sorted(long)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def lint_regions(data: bytes, report: Report) -> None:
    """A regions.yaml: provinces of the same name."""
    from ntm_rules.rulebook.documents import RegionsDocument

    read = read_leniently(data, report.source, RegionsDocument)
    report.refused(RulebookError([*read.problems, *unknown_regions(read, report.source)]))
    names: dict[str, str] = {}
    for slug, province in read.document.provinces.items() if read.document is not None else ():
        first = names.setdefault(province.name.casefold(), slug)
        if first != slug:
            vi, en = f"trùng tên tỉnh với '{first}'", f"has the same name as '{first}'"
            report.add("error", "duplicate_name", ("provinces", slug, "name"), vi, en, found=shown(province.name))
