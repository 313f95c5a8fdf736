"""The linter: what it says of the shipped rulebook, of each kind of mistake, and of overlays that ask for less than the nation."""

from __future__ import annotations

import random
import shutil
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.test_rulebook_errors import (
    AMENDMENT,
    AMENDMENT_FILE,
    DOCUMENT_MISTAKES,
    EVIDENCE_FILE,
    EVIDENCE_MISTAKES,
    FILES,
    ID,
    OVERLAY,
    OVERLAY_FILE,
    RULESET,
    RULESET_FILE,
    WATER,
    YAML_MISTAKES,
    Book,
    line_in,
)

from ntm_rules.model.errors import Problem
from ntm_rules.model.text import Text
from ntm_rules.rulebook.lint import Finding, lint_path, lint_rulebook
from ntm_rules.rulebook.rulebook import shipped


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "so")


def codes(findings: Sequence[Finding], severity: str | None = None) -> list[str]:
    return [finding.problem.code for finding in findings if severity in (None, finding.severity)]


def found(findings: Sequence[Finding], code: str) -> list[Finding]:
    return [finding for finding in findings if finding.problem.code == code]


def lint(book: Book, name: str) -> tuple[Finding, ...]:
    return lint_path(book.directory / name)


# -- what a finding is


def test_a_finding_says_how_grave_it_is() -> None:
    problem = Problem(code="x", message=Text("hỏng", "broken"), source="a.yaml", line=3, key="k", found="1")
    finding = Finding(problem, "warning")
    assert finding.describe() == "cảnh báo: a.yaml:3: k: hỏng; gặp 1 [x]"
    assert finding.describe("en") == "warning: a.yaml:3: k: broken; found 1 [x]"
    assert finding.to_dict() == {"severity": "warning"} | problem.to_dict()
    assert hash(finding) == hash(Finding(problem, "warning"))


# -- the shipped rulebook


SHIPPED = lint_rulebook(shipped())


def test_the_shipped_rulebook_has_no_errors() -> None:
    assert [finding.describe("en") for finding in SHIPPED if finding.severity == "error"] == []


def test_the_shipped_rulebook_has_only_warnings_that_are_known() -> None:
    """Each is a gap in what is known of the law, not a slip of the pen; a new one is to be looked at."""
    known = {
        ("xa-ntm.yaml", "missing_year"),  # 1980/QĐ-TTg fixes the income of 2020 only
        ("2022-08-29-3098-qd-ubnd.yaml", "missing_year"),  # issued in 2022
        ("2022-09-2429-qd-ubnd.yaml", "missing_year"),
        ("xa-ntm-nang-cao.yaml", "no_evidence"),  # the prerequisite of 318/QĐ-TTg, PL II
    }
    warned = {(Path(str(f.problem.source)).name, f.problem.code) for f in SHIPPED if f.severity == "warning"}
    assert warned <= known


def test_a_directory_is_linted_whole() -> None:
    assert lint_path(shipped()) == SHIPPED
    assert lint_path(str(shipped())) == SHIPPED


def test_a_folder_of_a_rulebook_is_linted_file_by_file(book: Book, tmp_path: Path) -> None:
    folder = shipped() / "2021-2025/provinces/nam-dinh"
    assert lint_path(folder) == tuple(f for f in SHIPPED if str(f.problem.source).startswith(str(folder)))
    loose_files = tmp_path / "mine"
    loose_files.mkdir()
    (loose_files / "a.yaml").write_text(OVERLAY.replace("value: 80", "value: 60"), encoding="utf-8")
    assert "loosens" in codes(lint_path(loose_files, source=book.directory), "error")


def test_findings_come_in_the_order_of_files_and_lines() -> None:
    places = [(str(finding.problem.source), finding.problem.line or 0) for finding in SHIPPED]
    assert places == sorted(places)
    assert len(set(SHIPPED)) == len(SHIPPED)


def test_a_file_says_the_same_alone_as_in_its_rulebook() -> None:
    for path in sorted(shipped().glob("2021-2025/**/*.yaml")):
        alone = [finding for finding in lint_path(path) if finding.problem.source == str(path)]
        assert alone == [finding for finding in SHIPPED if finding.problem.source == str(path)]


# -- the loader's errors are findings


@pytest.mark.parametrize("name", DOCUMENT_MISTAKES)
def test_what_the_loader_refuses(book: Book, name: str) -> None:
    old, new, _, code, _ = DOCUMENT_MISTAKES[name]
    book.edit(RULESET_FILE, old, new)
    assert code in codes(lint(book, RULESET_FILE), "error")
    assert code in codes(lint_rulebook(book.directory), "error")


@pytest.mark.parametrize("name", YAML_MISTAKES)
@pytest.mark.parametrize("file", [RULESET_FILE, AMENDMENT_FILE, "facts.yaml", "regions.yaml", "rulebook.yaml"])
def test_what_is_not_plain_yaml(book: Book, name: str, file: str) -> None:
    data, code, _ = YAML_MISTAKES[name]
    book.write(file, data)
    assert code in codes(lint(book, file), "error")
    assert code in codes(lint_rulebook(book.directory), "error")


@pytest.mark.parametrize(("old", "new", "code", "line"), EVIDENCE_MISTAKES)
def test_mistakes_in_evidence(book: Book, old: str, new: str, code: str, line: int | None) -> None:
    # A bare comma in an address is found once the loader refuses it.
    book.edit(EVIDENCE_FILE, old, new)
    (finding,) = found(lint(book, RULESET_FILE), code)
    assert (finding.severity, finding.problem.line) == ("error", line)


def test_mistakes_of_several_files_at_once(book: Book) -> None:
    book.edit(RULESET_FILE, "fact: water_pct", "fact: watter_pct")
    book.edit("facts.yaml", "{vi: Nợ, en: Debt}", "{vi: Nợ, en: Nợ}")
    book.edit(EVIDENCE_FILE, "recalled", "sure")
    book.write("2021-2025/xa-khac.yml", RULESET)
    assert {"unknown_fact", "bad_evidence", "unlabelled", "unreached_file"} <= set(codes(lint_rulebook(book.directory)))


@pytest.mark.parametrize("text", ["", "just text\n", "- a\n", "x: 1\n", "17\n", "name: Xã\nfacts: {}\n"])
def test_what_is_no_document_of_a_rulebook(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    assert codes(lint_path(path)) == ["unknown_document"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert codes(lint_path(tmp_path / "nowhere.yaml")) == ["cannot_read"]
    assert codes(lint_rulebook(tmp_path / "nowhere")) == ["no_rulebook"]
    assert "cannot_read" in codes(lint_rulebook(tmp_path))


def test_random_damage_is_never_raised(book: Book) -> None:
    """A few hundred damaged files: cut, doubled and swapped lines, and foreign characters."""
    dice = random.Random(318)  # noqa: S311 - damage, no secret
    for name in (RULESET_FILE, AMENDMENT_FILE, OVERLAY_FILE, "facts.yaml", "regions.yaml"):
        for _ in range(60):
            text = FILES[name]
            for _ in range(dice.randint(1, 3)):
                at, size = dice.randrange(len(text)), dice.randrange(12)
                text = (
                    text[:at] + "".join(dice.choices(string.printable + "Đạ", k=dice.randrange(4))) + text[at + size :]
                )
            book.write(name, text)
            for finding in lint(book, name):
                assert finding.describe("vi")
                assert finding.describe("en")
        book.write(name, FILES[name])


# -- what cannot be seen


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("level: xa\n", "level: xa \n", "trailing_space"),
        ("level: xa\n", "level: xa\t\n", "trailing_space"),
        ("level: xa\n", "level: xa #\tx\n", "tab"),
        ("Cảnh quan", "Cảnh\u00a0quan", "invisible_character"),
        ("Cảnh quan", "Cảnh\u200b quan", "invisible_character"),
        ("Cảnh quan", "Ca\u0309nh quan", "not_nfc"),
    ],
)
def test_text_hygiene(book: Book, old: str, new: str, code: str) -> None:
    text = book.edit(RULESET_FILE, old, new)
    (finding,) = found(lint(book, RULESET_FILE), code)
    assert finding.severity == "warning"
    assert finding.problem.line == line_in(text, new)


def test_line_ends_and_a_bom_are_no_fault(book: Book) -> None:
    before = codes(lint(book, RULESET_FILE))
    book.write(RULESET_FILE, b"\xef\xbb\xbf" + RULESET.replace("\n", "\r\n").encode())
    assert codes(lint(book, RULESET_FILE)) == before


# -- a ruleset: (old, new, code, severity, where the line is counted to)

INCOME = "2022: {dbsh: 53, btb: 39}\n"
PARTS = "{part: a, label: {vi: A, en: A1}, requires: {met: planted}}"
RANK = "{at_least: {fact: rank, value: Khá}}"


def parts(kind: str, *requires: str, **common: str) -> str:
    extra = "".join(f", {key}: {value}" for key, value in common.items())
    listed = ", ".join(
        f"{{part: {letter}, label: {{vi: P, en: Q}}, requires: {content}{extra}}}"
        for letter, content in zip("abcdef", requires, strict=False)
    )
    return f"{{{kind}: [{listed}]}}"


def two_of(*requires: str) -> str:
    return "{some: {at_least: 2, of: " + parts("x", *requires)[4:-1] + "}}"


def when(condition: str, then: str, otherwise: str) -> str:
    one, other = (
        f"{{part: {letter}, label: {{vi: P, en: Q}}, requires: {r}}}" for letter, r in (("a", then), ("b", otherwise))
    )
    return f"{{when: {{condition: {condition}, then: {one}, otherwise: {other}}}}}"


def water(direction: str, cells: str, **more: str) -> str:
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{{{direction}: {{fact: water_pct, {cells}{extra}}}}}"


RULESET_CHECKS: dict[str, tuple[str, str, str, str]] = {
    "stray indicator": ('- no: "17.1"', '- no: "16.1"', "not_of_criterion", "error"),
    "indicator of a longer number": ('- no: "17.1"', '- no: "171"', "not_of_criterion", "error"),
    "criteria out of order": ('- no: "10"\n    title', '- no: "18"\n    title', "out_of_order", "error"),
    "indicators out of order": ('- no: "17.1"', '- no: "17.11"', "out_of_order", "error"),
    "a nought before the number": ('- no: "17.1"', '- no: "17.01"', "out_of_order", "error"),
    "unofficial number": ('- no: "17.1"', '- no: "17.HD"', "unofficial_number", "note"),
    "wrong count of criteria": ("criteria: 2", "criteria: 19", "wrong_total", "error"),
    "wrong count of indicators": ("indicators: 3", "indicators: 2", "wrong_total", "error"),
    "too many though incomplete": ("criteria: 2, ind", "criteria: 1, ind", "wrong_total", "error"),
    "in force before issued": ("in_force: 2022-03-08", "in_force: 2022-02-08", "in_force_before_issued", "error"),
    "column twice": ("columns: [dbsh, btb]", "columns: [dbsh, btb, btb]", "duplicate_column", "error"),
    "other phase": ("phase: 2021-2025", "phase: 2016-2020", "id_mismatch", "error"),
    "other level": ("level: xa", "level: thon", "id_mismatch", "error"),
    "other tier": ("tier: ntm", "tier: nang-cao", "id_mismatch", "error"),
    "other id": ("ruleset: 2021-2025/xa-ntm", "ruleset: 2021-2025/xa-ntm-khac", "id_mismatch", "error"),
    "year lacking": (INCOME, "", "missing_year", "warning"),
    "year outside the phase": ("2022: {", "2020: {", "year_outside_phase", "warning"),
    "falling income": ("dbsh: 56", "dbsh: 52", "easier_by_year", "warning"),
    "always met at the lower bound": (WATER, water("at_least", "value: 0"), "always_met", "warning"),
    "always met at the upper bound": (WATER, water("at_most", "value: 100"), "always_met", "warning"),
    "always met by the lowest category": (RANK, "{at_least: {fact: rank, value: Trung bình}}", "always_met", "warning"),
    "always met by the highest category": (RANK, "{at_most: {fact: rank, value: Tốt}}", "always_met", "warning"),
    "always met by every value": (
        RANK,
        "{one_of: {fact: rank, values: [Tốt, Khá, Trung bình]}}",
        "always_met",
        "warning",
    ),
    "contradiction": (
        WATER,
        parts("all", water("at_least", "value: 90"), water("at_most", "value: 80")),
        "contradiction",
        "error",
    ),
    "contradicting equals": (
        WATER,
        parts("all", water("equal", "value: 90"), water("equal", "value: 91")),
        "contradiction",
        "error",
    ),
    "contradiction in one column": (
        WATER,
        parts("all", water("at_least", "by_column: {dbsh: 90, btb: 50}"), water("at_most", "value: 80")),
        "contradiction",
        "error",
    ),
    "contradicting categories": (
        WATER,
        parts("all", "{at_least: {fact: rank, value: Tốt}}", "{one_of: {fact: rank, values: [Khá]}}"),
        "contradiction",
        "error",
    ),
    "contradiction within": (
        WATER,
        parts(
            "all",
            water("at_least", "value: 90"),
            parts("all", water("at_most", "value: 80"), "{met: planted}")
            .replace("part: a", "part: c")
            .replace("part: b", "part: d"),
        ),
        "contradiction",
        "error",
    ),
    "superfluous part": (
        WATER,
        parts("all", water("at_least", "value: 90"), water("at_least", "value: 80")),
        "superfluous_part",
        "warning",
    ),
    "the same part twice": (WATER, parts("all", "{met: planted}", "{met: planted}"), "superfluous_part", "warning"),
    "total beside both sexes": (
        WATER,
        parts("all", water("at_least", "value: 90", both_sexes="true"), water("at_least", "value: 90")),
        "superfluous_part",
        "warning",
    ),
    "dead part": (
        WATER,
        parts("any", water("at_least", "value: 90"), water("at_least", "value: 80")),
        "dead_part",
        "warning",
    ),
    "part letter repeated deeper": (
        WATER,
        parts("all", "{met: planted}", parts("any", "{met: no_debt}", RANK)),
        "duplicate_part",
        "error",
    ),
    "condition always true": (
        WATER,
        when("{at_least: {fact: income, value: 0}}", "{met: planted}", "{met: no_debt}"),
        "constant_condition",
        "warning",
    ),
    "branches alike": (
        WATER,
        when("{met: no_debt}", "{met: planted}", "{met: planted}"),
        "same_branches",
        "warning",
    ),
    "applies always": (
        WATER,
        f"{WATER}\n        applies_if: {{at_least: {{fact: income, value: 0}}}}",
        "constant_condition",
        "warning",
    ),
    "not translated": ("{vi: Nước sạch, en: Clean water}", "{vi: Nước sạch, en: Nước sạch}", "untranslated", "warning"),
    "clause column that is not there": (
        WATER,
        water("at_least", "value: 65") + "\n        columns: [common]",
        "unknown_column",
        "error",
    ),
    "no evidence": (WATER, WATER.replace("unset", "60"), "no_evidence", "warning"),
    "circular": (WATER, f"{{ruleset_met: {ID}}}", "circular_reference", "error"),
    "circular condition": (WATER, f"{WATER}\n        applies_if: {{ruleset_met: {ID}}}", "circular_reference", "error"),
    "unknown ruleset": (WATER, "{ruleset_met: 2021-2025/xa-nmt}", "unknown_ruleset", "error"),
    "times a fact of another unit": (
        WATER,
        "{at_least: {fact: water_pct, times_fact: {fact: income, factor: 2}}}",
        "units_differ",
        "error",
    ),
}


@pytest.mark.parametrize("name", RULESET_CHECKS)
def test_check_of_a_ruleset(book: Book, name: str) -> None:
    old, new, code, severity = RULESET_CHECKS[name]
    book.alone()
    if name == "too many though incomplete":
        book.edit(RULESET_FILE, "tier: ntm\n", "tier: ntm\ncomplete: false\n")
    before = lint(book, RULESET_FILE)
    text = book.edit(RULESET_FILE, old, new)
    new_ones = [finding for finding in found(lint(book, RULESET_FILE), code) if finding not in before]
    assert new_ones, codes(lint(book, RULESET_FILE))
    assert new_ones[0].severity == severity
    assert new_ones[0].problem.source == str(book.directory / RULESET_FILE)
    assert new_ones[0].problem.line is None or 1 <= new_ones[0].problem.line <= text.count("\n")
    assert new_ones[0].problem.message.vi != new_ones[0].problem.message.en


FINE = {
    "a band": parts("all", water("at_least", "value: 80"), water("at_most", "value: 90")),
    "different facts": parts("all", water("at_least", "value: 90"), RANK),
    "unset beside set": parts("all", water("at_least", "value: 90"), water("at_least", "value: unset")),
    "stricter in one column only": parts(
        "all", water("at_least", "by_column: {dbsh: 90, btb: 50}"), water("at_least", "value: 80")
    ),
    "either, by column": parts(
        "any", water("at_least", "by_column: {dbsh: 90, btb: 50}"), water("at_least", "value: 80")
    ),
    "either of two facts": parts("any", water("at_least", "value: 90"), RANK),
    "two of three": two_of("{met: planted}", "{met: no_debt}", RANK),
    "equal at a bound": water("equal", "value: 100"),
    "at most nothing": water("at_most", "value: 0"),
    "apart by column": parts("all", water("at_least", "value: 90"), "{met: planted}", columns="[dbsh]"),
    "condition that decides": when("{met: no_debt}", "{met: planted}", RANK),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_let_be(book: Book, name: str) -> None:
    book.alone()
    book.edit(RULESET_FILE, WATER, FINE[name])
    allowed = {"no_evidence", "missing_year", "unset_cells", "number_gap"}
    assert set(codes(lint(book, RULESET_FILE))) <= allowed


def test_the_line_of_a_part_is_its_own(book: Book) -> None:
    book.edit(RULESET_FILE, "{part: b, label: {vi: B, en: B1}", "{part: b, label: {vi: B, en: B}")
    (finding,) = found(lint(book, RULESET_FILE), "untranslated")
    assert finding.problem.line == line_in(RULESET, "{part: b")
    assert finding.problem.key == "criteria[1].indicators[1].requires.all[1].label"


def test_a_gap_in_the_numbers_is_shown(book: Book) -> None:
    gaps = [finding.problem.message.en for finding in found(lint(book, RULESET_FILE), "number_gap")]
    assert gaps == ["number 1 is lacking", "number 11 is lacking", "number 2 is lacking"]


def test_region_without_column(book: Book) -> None:
    book.alone()
    for old, new in (
        ("[dbsh, btb]", "[dbsh]"),
        ("column: btb", "column: dbsh"),
        (", btb: 39", ""),
        (", btb: 42", ""),
        (", btb: unset", ""),
    ):
        book.edit(RULESET_FILE, old, new)
    (finding,) = found(lint(book, RULESET_FILE), "missing_region")
    assert finding.problem.wanted == Text("btb", "btb")


def test_what_is_not_known_is_summed_up(book: Book) -> None:
    (finding,) = found(lint(book, RULESET_FILE), "unset_cells")
    assert finding.severity == "note"
    assert finding.problem.message.en == "1 cells whose threshold is not known"
    assert finding.problem.found == "17.1"


def test_a_fraction_of_a_count(book: Book) -> None:
    book.alone()
    book.edit(
        "facts.yaml",
        "planted:",
        "schools: {kind: count, label: {vi: T, en: S}, unit: {vi: trường, en: schools}}\n  planted:",
    )
    book.edit(RULESET_FILE, WATER, "{at_least: {fact: schools, value: 1.5}}")
    assert codes(found(lint(book, RULESET_FILE), "fraction_of_count"), "warning")


def test_evidence_within_the_document_suffices(book: Book) -> None:
    book.alone()
    cells = WATER.replace("}}}", "}, evidence: recalled}}")
    book.edit(RULESET_FILE, WATER, cells)
    named = {finding.problem.line for finding in found(lint(book, RULESET_FILE), "no_evidence")}
    assert line_in(RULESET, '- no: "17.1"') not in named
    assert line_in(RULESET, "{part: a") in named


# -- layers as such


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "severity"),
    [
        (AMENDMENT_FILE, "issued: 2024-02-15", "issued: 2024-03-15", "in_force_before_issued", "error"),
        (
            AMENDMENT_FILE,
            "issued: 2024-02-15, in_force: 2024-03-01",
            "issued: 2021-02-15, in_force: 2024-03-01",
            "before_base",
            "error",
        ),
        (AMENDMENT_FILE, "in_force: 2024-03-01", "in_force: unknown", "undated_layer", "warning"),
        (OVERLAY_FILE, "in_force: 2023-01-01", "in_force: unknown", "undated_layer", "note"),
        (OVERLAY_FILE, "of: 2021-2025/xa-ntm", "of: 2021-2025/xa-nmt", "unknown_ruleset", "error"),
        (OVERLAY_FILE, "province: nam-dinh", "province: nghe-an", "misplaced_layer", "error"),
        (AMENDMENT_FILE, "kind: amendment", "kind: province\nprovince: nam-dinh", "misplaced_layer", "error"),
        (
            AMENDMENT_FILE,
            "set_thresholds:",
            "totals: {criteria: 3, indicators: 3}\nset_thresholds:",
            "wrong_total",
            "error",
        ),
        (AMENDMENT_FILE, "btb: 60", "btb: 0", "always_met", "warning"),
        (OVERLAY_FILE, '- no: "17.1"', '- no: "17.2"', "unknown_indicator", "error"),
    ],
)
def test_check_of_a_layer(book: Book, name: str, old: str, new: str, code: str, severity: str) -> None:
    if code == "always_met":
        book.edit(RULESET_FILE, "dbsh: 65, btb: unset", "dbsh: 0, btb: unset")
    book.edit(name, old, new)
    findings = found(lint(book, name), code)
    assert findings, codes(lint(book, name))
    assert {finding.severity for finding in findings} == {severity}
    assert findings[0].problem.source == str(book.directory / name) or code == "unknown_indicator"


def indicator(no: str, requires: str, **more: str) -> str:
    lines = [f'  - no: "{no}"', "    label: {vi: Mới, en: New}", f"    requires: {requires}"]
    return "\n".join([*lines, *(f"    {key}: {value}" for key, value in more.items())]) + "\n"


HEAD = OVERLAY[: OVERLAY.index("replace_indicators")]


@pytest.mark.parametrize(
    ("body", "code", "severity"),
    [
        ("add_indicators:\n" + indicator("16.1", "{met: planted}", criterion='"17"'), "not_of_criterion", "error"),
        ("add_indicators:\n" + indicator("17.2", "{met: planted}", criterion='"17"'), "out_of_order", "error"),
        ("add_indicators:\n" + indicator("17.12", "{met: planted}", criterion='"17"'), "number_gap", "warning"),
        ("add_indicators:\n" + indicator("17.ND", "{met: planted}", criterion='"17"'), "unofficial_number", "note"),
        ("add_indicators:\n" + indicator("17.11", "{met: planted}", criterion='"17"'), "wrong_total", "error"),
    ],
)
def test_numbers_that_a_layer_adds(book: Book, body: str, code: str, severity: str) -> None:
    book.write(OVERLAY_FILE, HEAD + body)
    assert code in codes(lint(book, OVERLAY_FILE), severity)


def test_a_layer_is_not_blamed_for_the_numbers_below(book: Book) -> None:
    assert not {"number_gap", "out_of_order"} & set(codes(lint(book, OVERLAY_FILE)))


@pytest.mark.parametrize(
    ("body", "overlaps"),
    [
        ('set_thresholds:\n  - {indicator: "17.1", by_column: {btb: 61}}\n', True),
        ('set_thresholds:\n  - {indicator: "17.1", by_column: {dbsh: 70}}\n', False),
        ('set_thresholds:\n  - {indicator: "10", by_year: {2022: {btb: 61}}}\n', False),
    ],
)
def test_layers_of_one_day_that_touch_the_same(book: Book, body: str, overlaps: bool) -> None:
    head = AMENDMENT[: AMENDMENT.index("set_thresholds")].replace("layer: 2", "layer: 2b")
    book.write("2021-2025/amendments/xa-ntm/2024-03-01-2b.yaml", head + body)
    assert ("overlap" in codes(lint_rulebook(book.directory), "error")) is overlaps


def test_layers_of_different_days_may_touch_the_same(book: Book) -> None:
    book.write("2021-2025/amendments/xa-ntm/2025.yaml", AMENDMENT.replace("2024-03-01", "2025-01-01"))
    assert "overlap" not in codes(lint_rulebook(book.directory))


def test_a_layer_outside_is_held_against_the_rulebook_named(book: Book, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OVERLAY.replace("value: 80", "value: 60"), encoding="utf-8")
    assert "loosens" in codes(lint_path(path, source=book.directory), "error")
    assert "unknown_fact" in codes(lint_path(path), "error")  # the shipped rulebook knows no such fact


# -- overlays that ask for less

NATIONAL: dict[str, str] = {
    "number": "{at_least: {fact: water_pct, by_column: {dbsh: 65, btb: 40}}}",
    "most": water("at_most", "value: 20"),
    "exact": water("equal", "value: 50"),
    "sexes": water("at_least", "value: 65", both_sexes="true"),
    "met": "{met: planted}",
    "unset": water("at_least", "value: unset"),
    "left to the province": water("at_least", "value: UBND"),
    "unstated": "{unstated: province}",
    "all": parts("all", "{met: planted}", water("at_least", "value: 65")),
    "any": parts("any", "{met: planted}", RANK),
    "some": two_of("{met: planted}", "{met: no_debt}", RANK),
    "rank": RANK,
    "one of": "{one_of: {fact: rank, values: [Khá, Tốt]}}",
    "gap between": "{one_of: {fact: rank, values: [Trung bình, Tốt]}}",
    "years": water("at_least", "by_year: {2022: 60, 2023: 65}"),
    "when": when("{met: no_debt}", water("at_least", "value: 65"), water("at_least", "value: 50")),
}

LOOSER: list[tuple[str, str, str]] = [
    ("number", water("at_least", "value: 64.99"), "loosens"),
    ("number", water("at_least", "by_column: {dbsh: 64, btb: 40}"), "loosens"),
    ("number", water("at_least", "value: unset"), "withdraws_threshold"),
    ("number", water("at_least", "value: UBND"), "withdraws_threshold"),
    ("number", water("at_least", "by_year: {2023: 70}"), "withdraws_threshold"),
    ("number", water("at_most", "value: 65"), "loosens"),
    ("number", "{met: planted}", "drops_fact"),
    ("number", "{unstated: province}", "drops_fact"),
    ("number", parts("any", water("at_least", "value: 80"), "{met: planted}"), "not_comparable"),
    ("most", water("at_most", "value: 21"), "loosens"),
    ("exact", water("equal", "value: 51"), "loosens"),
    ("exact", water("at_least", "value: 50"), "loosens"),
    ("sexes", water("at_least", "value: 80"), "drops_both_sexes"),
    ("sexes", water("at_least", "value: 60", both_sexes="true"), "loosens"),
    ("met", "{met: no_debt}", "drops_fact"),
    ("met", "{met: {fact: planted, by_column: {dbsh: UBND, btb: Đạt}}}", "withdraws_threshold"),
    ("all", parts("all", "{met: planted}"), "removes_part"),
    ("all", parts("all", "{met: planted}", water("at_least", "value: 60")), "loosens"),
    ("all", parts("any", "{met: planted}", water("at_least", "value: 65")), "lowers_needed"),
    ("all", "{met: planted}", "removes_part"),
    ("any", parts("any", "{met: planted}", RANK, "{met: no_debt}"), "not_comparable"),
    ("some", NATIONAL["some"].replace("at_least: 2", "at_least: 1"), "lowers_needed"),
    ("rank", "{at_least: {fact: rank, value: Trung bình}}", "loosens"),
    ("rank", "{one_of: {fact: rank, values: [Trung bình, Tốt]}}", "not_comparable"),
    ("one of", "{one_of: {fact: rank, values: [Trung bình, Khá, Tốt]}}", "loosens"),
    ("gap between", "{one_of: {fact: rank, values: [Trung bình, Khá]}}", "loosens"),
    ("all", two_of("{met: planted}", water("at_least", "value: 65"), "{met: no_debt}"), "not_comparable"),
    ("some", two_of("{met: planted}", "{met: planted}", RANK), "not_comparable"),
    ("years", water("at_least", "by_year: {2022: 60, 2023: 64}"), "loosens"),
    ("years", water("at_least", "by_year: {2023: 65}"), "withdraws_threshold"),
    ("years", water("at_least", "value: 64"), "loosens"),
    ("when", NATIONAL["when"].replace("value: 50", "value: 45"), "loosens"),
    ("when", water("at_least", "value: 60"), "not_comparable"),
]


def overlaid(book: Book, national: str, body: str) -> tuple[Finding, ...]:
    """What is found of an overlay on the national text of 17.1."""
    (book.directory / AMENDMENT_FILE).unlink()
    (book.directory / EVIDENCE_FILE).unlink()
    book.edit(RULESET_FILE, f"requires: {WATER}", f"set_by: national\n        requires: {national}")
    book.write(OVERLAY_FILE, HEAD + body)
    return lint(book, OVERLAY_FILE)


LOOSE_CODES = {
    "loosens",
    "withdraws_threshold",
    "drops_fact",
    "drops_both_sexes",
    "drops_column",
    "adds_condition",
    "removes_part",
    "removes_indicator",
    "removes_criterion",
    "removes_condition",
    "lowers_needed",
    "lowers_totals",
    "not_comparable",
    "not_for_province",
}


def loose(findings: Sequence[Finding], severity: str | None = None) -> set[str]:
    return set(codes(findings, severity)) & LOOSE_CODES


@pytest.mark.parametrize(("national", "own", "code"), LOOSER)
def test_an_overlay_that_asks_for_less(book: Book, national: str, own: str, code: str) -> None:
    findings = overlaid(book, NATIONAL[national], "replace_indicators:\n" + indicator("17.1", own))
    assert code in loose(findings, "error"), [finding.describe("en") for finding in findings]
    assert found(findings, code)[0].problem.line in range(HEAD.count("\n") + 2, HEAD.count("\n") + 5)


STRICTER: list[tuple[str, str]] = [
    ("number", NATIONAL["number"]),
    ("number", water("at_least", "value: 65")),
    ("number", water("equal", "value: 100")),
    ("number", water("at_least", "value: 65", both_sexes="true")),
    ("number", water("at_least", "by_year: {2022: 65, 2023: 70, 2024: 70, 2025: 70, 2021: 70}")),
    ("number", parts("all", water("at_least", "value: 65"), "{met: planted}")),
    ("number", parts("any", water("at_least", "value: 70"), water("equal", "value: 66"))),
    ("number", NATIONAL["when"].replace("value: 50", "value: 66")),
    ("most", water("at_most", "value: 19")),
    ("most", water("equal", "value: 0")),
    ("exact", water("equal", "value: 50.0")),
    ("sexes", water("at_least", "value: 70", both_sexes="true")),
    ("met", parts("all", "{met: planted}", "{met: no_debt}")),
    ("unset", water("at_least", "value: 1")),
    ("unset", "{met: planted}"),
    ("left to the province", water("at_least", "value: 1")),
    ("unstated", "{met: planted}"),
    ("all", parts("all", water("at_least", "value: 65"), "{met: planted}", RANK)),
    ("any", "{met: planted}"),
    ("any", parts("any", "{met: planted}", "{at_least: {fact: rank, value: Tốt}}")),
    ("some", NATIONAL["some"].replace("at_least: 2", "at_least: 3")),
    ("some", parts("all", "{met: planted}", "{met: no_debt}")),
    ("rank", "{equal: {fact: rank, value: Tốt}}"),
    ("rank", "{one_of: {fact: rank, values: [Khá, Tốt]}}"),
    ("one of", "{one_of: {fact: rank, values: [Tốt]}}"),
    ("one of", RANK),
    ("gap between", "{one_of: {fact: rank, values: [Tốt]}}"),
    ("gap between", "{equal: {fact: rank, value: Tốt}}"),
    ("any", parts("all", parts("any", "{met: planted}", RANK), "{met: no_debt}")),
    ("when", parts("all", NATIONAL["when"], "{met: planted}")),
    ("when", parts("any", NATIONAL["when"], water("at_least", "value: 65"))),
    ("years", water("at_least", "value: 65")),
    ("years", water("at_least", "by_year: {2022: 61, 2023: 65, 2024: 65}")),
    ("when", water("at_least", "value: 65")),
    ("when", NATIONAL["when"].replace("value: 50", "value: 55")),
]


@pytest.mark.parametrize(("national", "own"), STRICTER)
def test_an_overlay_that_asks_for_as_much(book: Book, national: str, own: str) -> None:
    findings = overlaid(book, NATIONAL[national], "replace_indicators:\n" + indicator("17.1", own))
    assert loose(findings) == set(), [finding.describe("en") for finding in findings]


OTHERWISE_LOOSER: list[tuple[str, str]] = [
    ('remove_indicators: ["17.1"]\n', "removes_indicator"),
    ('remove_indicators: ["10"]\n', "removes_criterion"),
    ("remove_conditions: [debt]\n", "removes_condition"),
    ("conditions:\n  - id: debt\n    label: {vi: Nợ, en: Debt}\n    requires: {met: planted}\n", "drops_fact"),
    ("totals: {criteria: 1, indicators: 3}\n", "lowers_totals"),
    ("totals: {criteria: 2, indicators: unknown}\n", "lowers_totals"),
    ("special_communes: {column: btb, zones: [II], citation: a}\n", "not_for_province"),
    ("withdrawal: {any_share: 60, key_share: 40, key_criteria: [], citation: a}\n", "not_for_province"),
    ('set_thresholds:\n  - {indicator: "17.1", value: 64}\n', "loosens"),
    ('set_thresholds:\n  - {indicator: "17.1", by_column: {dbsh: unset}}\n', "withdraws_threshold"),
    ("replace_indicators:\n" + indicator("17.1", NATIONAL["number"], applies_if="{met: planted}"), "adds_condition"),
    ("replace_indicators:\n" + indicator("17.1", water("at_least", "value: 65"), columns="[btb]"), "drops_column"),
]


@pytest.mark.parametrize(("body", "code"), OTHERWISE_LOOSER)
def test_an_overlay_that_takes_away(book: Book, body: str, code: str) -> None:
    findings = overlaid(book, NATIONAL["number"], body)
    assert code in loose(findings, "error"), [finding.describe("en") for finding in findings]


@pytest.mark.parametrize(
    "body",
    [
        'set_thresholds:\n  - {indicator: "17.1", by_column: {dbsh: 66}}\n',
        "conditions:\n  - id: extra\n    label: {vi: Thêm, en: More}\n    requires: {met: planted}\n",
        "prerequisites:\n  - id: extra\n    label: {vi: Thêm, en: More}\n    requires: {met: planted}\n",
        "totals: {criteria: 2, indicators: 4}\nadd_indicators:\n"
        + indicator("17.11", "{met: planted}", criterion='"17"'),
    ],
)
def test_an_overlay_may_raise_and_add(book: Book, body: str) -> None:
    assert loose(overlaid(book, NATIONAL["number"], body)) == set()


def test_a_column_of_other_provinces_is_only_a_warning(book: Book) -> None:
    """Nam Định lies in dbsh; its special communes are judged by btb, so that column counts too."""
    body = 'set_thresholds:\n  - {indicator: "17.1", by_column: {btb: 39}}\n'
    assert loose(overlaid(book, NATIONAL["number"], body), "error") == {"loosens"}
    book.edit(RULESET_FILE, "special_communes: {column: btb, zones: [II], citation: a}\n", "")
    assert loose(lint(book, OVERLAY_FILE), "warning") == {"loosens"}
    assert loose(lint(book, OVERLAY_FILE), "error") == set()


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ('set_thresholds:\n  - {indicator: "17.1", by_column: {btb: 70}}\n', "error"),
        ('set_thresholds:\n  - {indicator: "17.1", by_column: {dbsh: 70, btb: 70}}\n', None),
        ('set_thresholds:\n  - {indicator: "17.1", value: 70}\n', None),
        ('set_thresholds:\n  - {indicator: "10", by_year: {2023: {btb: 99}}}\n', "error"),
        ('set_thresholds:\n  - {indicator: "10", by_year: {2023: {btb: 99}, 2024: {dbsh: 99}}}\n', None),
        ("add_indicators:\n" + indicator("17.11", "{met: planted}", criterion='"17"', columns="[btb]"), "error"),
        ("add_indicators:\n" + indicator("17.11", "{met: planted}", criterion='"17"', columns="[dbsh]"), None),
        ("add_indicators:\n" + indicator("17.11", "{met: planted}", criterion='"17"', columns="[dbsh, btb]"), None),
    ],
)
def test_an_overlay_that_speaks_of_another_region(book: Book, body: str, severity: str | None) -> None:
    """Nam Định lies in dbsh: a cell of btb judges none of its communes, unless its special communes are judged by btb."""
    findings = found(overlaid(book, NATIONAL["number"], body), "other_region")
    assert findings == []
    book.edit(RULESET_FILE, "special_communes: {column: btb, zones: [II], citation: a}\n", "")
    findings = found(lint(book, OVERLAY_FILE), "other_region")
    assert len(findings) == (severity is not None)
    for finding in findings:
        assert (finding.severity, finding.problem.found) == (severity, "btb")
        assert finding.problem.wanted == Text("dbsh", "dbsh")
        assert finding.problem.line in range(HEAD.count("\n") + 2, HEAD.count("\n") + 5)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("by_column: {tn: 99.5, dbsh: 99.5}", ("warning", "dbsh")),
        ("by_column: {tn: 99.5, dbsh: 99.5, dnb: 100}", ("warning", "dbsh, dnb")),
        ("by_column: {dbsh: 99.5}", ("error", "dbsh")),
        ("by_column: {tn: 99.5, tdmnpb: 99.5}", None),  # its special communes are judged by tdmnpb
        ("by_column: {tn: 99.5}", None),
        ("value: 100", None),
    ],
)
def test_a_threshold_set_where_no_commune_of_the_province_is_judged(
    tmp_path: Path, cells: str, said: tuple[str, str] | None
) -> None:
    """Đắk Nông lies in tn."""
    file = tmp_path / "x.yaml"
    file.write_text(
        "layer: A\nof: 2021-2025/xa-ntm\nkind: province\nprovince: dak-nong\n"
        "decision: {number: 1/QĐ, issued: 2024-06-01, in_force: 2024-06-15}\nset_thresholds:\n"
        f'  - {{indicator: "4.2", {cells}, evidence: confirmed, seen_at: x, citation: A}}\n',
        "utf-8",
    )
    findings = found(lint_path(file), "other_region")
    assert [(each.severity, each.problem.found) for each in findings] == ([] if said is None else [said])
    assert all(each.problem.line == 7 for each in findings)


def test_what_the_national_text_sets_binds_though_the_province_words_it(book: Book) -> None:
    body = "replace_indicators:\n" + indicator("17.1", water("at_least", "value: 60"))
    overlaid(book, NATIONAL["number"], body)
    book.edit(RULESET_FILE, "set_by: national", "set_by: province")
    assert loose(lint(book, OVERLAY_FILE), "error") == {"loosens"}


def test_what_is_left_to_the_province_may_be_asked_of_some_only(book: Book) -> None:
    body = "replace_indicators:\n" + indicator("17.1", water("at_least", "value: 60"), applies_if="{met: planted}")
    assert loose(overlaid(book, NATIONAL["left to the province"], body), "error") == {"adds_condition"}
    book.edit(RULESET_FILE, "set_by: national", "set_by: province")
    assert loose(lint(book, OVERLAY_FILE)) == set()


def test_what_is_left_to_the_province_and_not_asked_at_all_is_a_warning(book: Book) -> None:
    overlaid(book, NATIONAL["left to the province"], 'remove_indicators: ["17.1"]\n')
    book.edit(RULESET_FILE, "set_by: national", "set_by: province")
    assert loose(lint(book, OVERLAY_FILE), "warning") == {"removes_indicator"}


def test_the_cells_that_are_easier_are_named(book: Book) -> None:
    findings = overlaid(
        book, NATIONAL["number"], "replace_indicators:\n" + indicator("17.1", water("at_least", "value: 30"))
    )
    assert found(findings, "loosens")[0].problem.found == "dbsh: ≥ 65 → ≥ 30, btb: ≥ 40 → ≥ 30"


def test_an_amendment_may_lower_what_it_likes(book: Book) -> None:
    body = 'remove_indicators: ["10"]\nset_thresholds:\n  - {indicator: "17.1", value: 1}\n'
    book.write(AMENDMENT_FILE, AMENDMENT[: AMENDMENT.index("set_thresholds")] + body)
    assert loose(lint(book, AMENDMENT_FILE)) == set()


def test_an_overlay_is_held_against_later_amendments_too(book: Book) -> None:
    """Overlays lie on the amendments, so an old one that replaces an indicator undoes what was raised since."""
    book.edit(AMENDMENT_FILE, "{btb: 60}", "{dbsh: 90}")
    (finding,) = found(lint(book, OVERLAY_FILE), "loosens")
    assert finding.problem.found == "dbsh: ≥ 90 → ≥ 80"


def test_a_multiple_of_another_ruleset_is_compared_by_its_cells(book: Book, tmp_path: Path) -> None:
    own = tmp_path / "quoc-gia"
    shutil.copytree(shipped(), own)
    name = "2021-2025/provinces/nam-dinh/xa-ntm-kieu-mau/2022-08-20-23-2022-qd-ubnd.yaml"
    text = (own / name).read_text("utf-8")
    assert "2024: 93" in text
    (own / name).write_text(text.replace("2024: 93", "2024: 79"), encoding="utf-8")  # 1.1 × 72 = 79.2
    (finding,) = [finding for finding in found(lint_path(own / name), "loosens") if finding.severity == "error"]
    assert finding.problem.found == "dbsh 2024: ≥ 79.2 → ≥ 79"


def test_a_circle_through_a_rule_of_withdrawal(book: Book) -> None:
    book.alone()
    place = "special_communes: {column: btb, zones: [II], citation: a}\n"
    book.edit(RULESET_FILE, place, f"{place}withdrawal: {{by_ruleset: {ID}, citation: a}}\n")
    (finding,) = [f for f in lint(book, RULESET_FILE) if f.problem.code == "circular_reference"]
    assert (finding.severity, finding.problem.line) == ("error", 10)


def test_a_circle_through_overlays(book: Book) -> None:
    """The national texts are sound; the province's two overlays rest on each other."""
    book.alone()
    other = "2021-2025/xa-ntm-nang-cao"
    book.write(f"{other}.yaml", RULESET.replace("xa-ntm\n", "xa-ntm-nang-cao\n").replace("tier: ntm", "tier: nang-cao"))
    book.write(OVERLAY_FILE, HEAD + "replace_indicators:\n" + indicator("17.1", f"{{ruleset_met: {other}}}"))
    overlay = HEAD.replace(f"of: {ID}", f"of: {other}") + "replace_indicators:\n"
    path = book.write(
        OVERLAY_FILE.replace("/xa-ntm/", "/xa-ntm-nang-cao/"), overlay + indicator("17.1", f"{{ruleset_met: {ID}}}")
    )
    assert "circular_reference" in codes(lint(book, OVERLAY_FILE), "error")
    assert "circular_reference" in codes(lint_path(path), "error")
    assert "circular_reference" not in codes(lint(book, RULESET_FILE))


# -- facts, regions and the directory


@pytest.mark.parametrize(
    ("old", "new", "code", "severity"),
    [
        ("by_sex: true", "bounds: [0, 120]", "bad_bounds", "error"),
        ("[Trung bình, Khá, Tốt]", "[Trung bình, Khá, khá]", "duplicate_value", "error"),
        ("{vi: Nước, en: Water}", "{vi: Nước, en: Nước}", "unlabelled", "warning"),
        ("{vi: Nước, en: Water}", "{vi: Nước, en: water_pct}", "unlabelled", "warning"),
        ("{vi: Cây, en: Trees}", "{vi: Cây, en: Trees}, counts: {vi: cây, en: trees}", "unused_counts", "warning"),
        ("{vi: Cây, en: Trees}", "{vi: nợ, en: Trees}", "duplicate_label", "warning"),
        ("  planted:", "  waters_pct: {kind: percent, label: {vi: N, en: W}}\n  planted:", "near_duplicate", "warning"),
        ("  planted:", "  pct_water: {kind: percent, label: {vi: N, en: W}}\n  planted:", "near_duplicate", "warning"),
        ("  planted:", "  plantde: {kind: boolean, label: {vi: N, en: W}}\n  planted:", "near_duplicate", "warning"),
        ("kind: money", "kind: mony", "enum", "error"),
    ],
)
def test_check_of_facts(book: Book, old: str, new: str, code: str, severity: str) -> None:
    book.edit("facts.yaml", old, new)
    findings = found(lint(book, "facts.yaml"), code)
    assert [finding.severity for finding in findings] == [severity], codes(lint(book, "facts.yaml"))
    assert findings[0].problem.line is not None


def test_bounds_the_wrong_way_round(book: Book) -> None:
    book.edit("facts.yaml", "by_sex: true", "bounds: [100, 0]")
    assert {"bad_bounds", "value_error"} & set(codes(lint(book, "facts.yaml"), "error"))


def test_facts_that_nothing_uses(book: Book) -> None:
    book.edit("facts.yaml", "  planted:", "  spare: {kind: boolean, label: {vi: Thừa, en: Spare}}\n  planted:")
    (finding,) = found(lint_rulebook(book.directory), "unused_fact")
    assert (finding.severity, finding.problem.key, finding.problem.line) == ("warning", "facts.spare", 4)
    assert "unused_fact" not in codes(lint(book, "facts.yaml"))


def test_facts_that_only_an_overlay_or_a_condition_uses_are_used(book: Book) -> None:
    book.edit("facts.yaml", "  planted:", "  spare: {kind: boolean, label: {vi: Thừa, en: Spare}}\n  planted:")
    condition = "{all: [{part: x, label: {vi: a, en: b}, requires: {met: spare}}]}"
    book.edit(OVERLAY_FILE, "value: 80}}", f"value: 80}}}}\n    applies_if: {condition}")
    assert "unused_fact" not in codes(lint_rulebook(book.directory))


def test_provinces_of_one_name(book: Book) -> None:
    book.edit("regions.yaml", "name: Nghệ An", "name: nam định")
    assert codes(lint(book, "regions.yaml"), "error") == ["duplicate_name"]


@pytest.mark.parametrize(
    "name",
    [
        "2021-2025/xa-moi.yml",
        "2021-2025/provinces/nam-dinh/xa-nmt/x.yaml",
        "2021-2025/amendment/xa-ntm/x.yaml",
        "2021-2025/amendments/x.yaml",
        "xa-ntm.yaml",
        "2021/xa-ntm.yaml",
    ],
)
def test_files_that_are_never_read(book: Book, name: str) -> None:
    path = book.write(name, OVERLAY)
    (finding,) = found(lint_rulebook(book.directory), "unreached_file")
    assert (finding.severity, finding.problem.source) == ("error", str(path))


@pytest.mark.parametrize("name", ["demo/xa.yaml", "2021-2025/xa.test.yaml", "schema/x.json", "notes.yaml"])
def test_other_files_may_lie_in_a_rulebook(book: Book, name: str) -> None:
    book.write(name, "name: Nam Bình\nyear: 2019\nfacts: {}\n")
    assert "unreached_file" not in codes(lint_rulebook(book.directory))


def test_evidence_for_no_file(book: Book) -> None:
    path = book.write("evidence/2021-2025/xa-nmt.csv", FILES[EVIDENCE_FILE])
    (finding,) = found(lint_rulebook(book.directory), "stray_evidence_file")
    assert finding.problem.source == str(path)


def test_a_rulebook_without_facts_is_held_against_the_shipped_ones(book: Book) -> None:
    (book.directory / "facts.yaml").unlink()
    assert "unknown_fact" in codes(lint_rulebook(book.directory), "error")
    assert "unused_fact" not in codes(lint_rulebook(book.directory))


def test_linting_changes_nothing(book: Book) -> None:
    before = {path: path.read_bytes() for path in book.directory.rglob("*") if path.is_file()}
    findings: Any = [lint_rulebook(book.directory) for _ in range(2)]
    assert findings[0] == findings[1]
    assert {path: path.read_bytes() for path in book.directory.rglob("*") if path.is_file()} == before
