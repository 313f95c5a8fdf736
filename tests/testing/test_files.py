"""Test files: read strictly, run exactly, shipped ones current; and as pytest and the command show them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.rule_tests import generate
from tests.testing.helpers import NTM, TEXT, small, written

import _ntm_rules_pytest
import ntm_rules as ntm
from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.rulebook.rulebook import Rulebook, shipped
from ntm_rules.testing import run_tests
from ntm_rules.testing.files import CaseResult, read_cases
from ntm_rules.testing.files import test_files as files_below
from ntm_rules.testing.table import row_of

HEAD = """ruleset: 2021-2025/xa-ntm
on: 2023-12-31
communes:
  base: {region: dbsh, year: 2023, facts: {health_insurance_pct: {male: 95, female: 95}, stunting_under_5_pct: 16}}
tests:
"""
GOOD = (
    HEAD
    + """
  - name: {vi: đủ, en: enough}
    commune: {based_on: base}
    expect: {missing: [], statuses: {"15.1": met, "15.3": met}, column: dbsh}
  - name: kém
    commune: {based_on: base, facts: {stunting_under_5_pct: 17, health_insurance_pct: null}}
    expect: {missing: ["15.3"], gaps: {"15.3": 0.5}, statuses: {"15.1": undetermined}, verdict: missing}
  - name: sớm
    on: 2022-03-07
    commune: {based_on: base}
    expect: {error: not_in_force}
  - name: bảng
    expect: {thresholds: {"6.3": {fact: villages_with_community_house_pct, direction: equal, common: 100, "*": 100}}}
"""
)


def ran(tmp_path: Path, text: str) -> list[CaseResult]:
    return list(run_tests(written(tmp_path / "a.test.yaml", text)))


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


# -- the shipped ones

SHIPPED = [path.relative_to(shipped()).as_posix() for path in files_below(shipped())]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_tests_pass(name: str) -> None:
    assert [result.describe("en") for result in run_tests(shipped() / name) if not result.passed] == []


def test_shipped_tests_are_as_the_tables_make_them() -> None:
    made = generate.files()
    assert sorted(file.path.relative_to(generate.ROOT).as_posix() for file in made) == SHIPPED
    assert [file.path.name for file in made if file.path.read_text("utf-8") != file.text()] == []


def test_test_files_are_no_documents_of_the_rulebook(tmp_path: Path) -> None:
    book = Rulebook(shipped())
    assert not [name for name in book.ids if "test" in name]
    assert not [path for path in book.layer_paths("2021-2025/xa-ntm-kieu-mau", "nam-dinh") if "test" in path]


# -- running


def test_what_holds_passes(tmp_path: Path) -> None:
    assert [result.describe("en") for result in ran(tmp_path, GOOD) if not result.passed] == []


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ('{missing: ["15.1"]}', "missing: expected 15.1; found ∅"),
        ("{verdict: met}", "verdict: expected met; found undetermined"),
        ("{column: tn}", "column: expected tn; found dbsh"),
        ('{gaps: {"15.3": 1}}', "gaps.15.3: expected 1; found ∅"),
        ('{statuses: {"99.9": met}}', "statuses.99.9: expected met; found ∅"),
        ('{criteria: {"15": met}}', "criteria.15: expected met; found undetermined"),
        ("{indicators_met: 3}", "indicators_met: expected 3; found 2"),
        ("{error: no_region}", "error: expected no_region; found ∅"),
        (
            '{thresholds: {"6.3": {fact: x, direction: equal, common: 100, "*": 100}}}',
            "thresholds.6.3.fact: expected x; found villages",
        ),
        ('{thresholds: {"4.2": {"*": 98}}}', "thresholds.4.2.dbsh: expected 98; found 99"),
        ('{thresholds: {"4.9": {"*": 98}}}', "thresholds.4.9: expected"),
        (
            '{thresholds: {"5.a": {direction: at_least, fact: schools_facility_level_1_pct, "*": 70}}}',
            "thresholds.5.a.columns: expected ∅; found tdmnpb, btb, dhntb, tn, dbscl",
        ),
        (
            '{thresholds: {"5.a": {columns: [tdmnpb, btb, dhntb, tn], "*": 70}}}',
            "thresholds.5.a.columns: expected tdmnpb, btb, dhntb, tn; found",
        ),
        ('{thresholds: {"6.3": {columns: [tn], "*": 100}}}', "thresholds.6.3.columns: expected tn; found ∅"),
        ('{error: no_region, thresholds: {"4.2": {"*": 98}}}', "thresholds.4.2.dbsh: expected 98; found 99"),
        ("{at_risk: true}", "at_risk: expected true; found unknown"),
    ],
)
def test_what_does_not_hold_is_said(tmp_path: Path, expect: str, said: str) -> None:
    (result,) = ran(tmp_path, f"{HEAD}  - name: x\n    commune: {{based_on: base}}\n    expect: {expect}\n")
    assert not result.passed
    assert said in result.describe("en")
    assert f"a.test.yaml:{6}: x" in result.describe("en")


ROW = "{fact: villages_with_community_house_pct, direction: equal, common: 100, '*': 100}"


@pytest.mark.parametrize(
    ("test", "code"), [("on: 2022-03-07", "not_in_force"), ("commune: {region: mars}", "unknown_region")]
)
def test_rows_are_held_beside_an_expected_error(tmp_path: Path, test: str, code: str) -> None:
    """Where the text loads, rows are as they are; where it does not, none of them is there."""
    wrong = ROW.replace("equal", "at_most")
    right, other = (
        ran(tmp_path, f"{HEAD}  - name: x\n    {test}\n    expect: {{error: {code}, thresholds: {{'6.3': {row}}}}}\n")[
            0
        ]
        for row in (ROW, wrong)
    )
    assert right.passed is (code != "not_in_force")
    assert [difference.what for difference in other.differences] == [
        "thresholds.6.3" if code == "not_in_force" else "thresholds.6.3.direction"
    ]


@pytest.mark.parametrize(
    "result", ["missing: []", "verdict: met", "statuses: {'1.1': met}", "column: dbsh", "criteria_met: 0"]
)
def test_an_error_beside_a_result_is_refused(tmp_path: Path, result: str) -> None:
    text = (
        f"{HEAD}  - name: x\n    commune: {{based_on: base}}\n    expect:\n      {result}\n      error: not_in_force\n"
    )
    with pytest.raises(ntm.RulebookError) as raised:
        ran(tmp_path, text)
    (problem,) = raised.value.problems
    assert (problem.source, problem.line, problem.key) == (str(tmp_path / "a.test.yaml"), 10, "tests[0].expect.error")
    assert "error alone, or with thresholds" in problem.describe("en")
    assert "chỉ error" in problem.describe("vi")


@pytest.mark.parametrize(
    "nothing", ["{thresholds: {}}", "{statuses: {}}", "{verdict: null}", "{gaps: {}, error: null}"]
)
def test_what_expects_nothing_is_refused(tmp_path: Path, nothing: str) -> None:
    with pytest.raises(ntm.RulebookError, match="ít nhất một điều phải đúng"):
        ran(tmp_path, f"{HEAD}  - name: x\n    commune: {{based_on: base}}\n    expect: {nothing}\n")


@pytest.mark.parametrize(
    ("written_as", "same"), [("100.0", True), ("100.00", True), ("'100'", True), ("100.01", False)]
)
def test_numbers_of_a_row_are_held_by_their_value(tmp_path: Path, written_as: str, same: bool) -> None:
    row = ROW.replace("100", written_as)
    (result,) = ran(tmp_path, f"{HEAD}  - name: x\n    expect: {{thresholds: {{'6.3': {row}}}}}\n")
    assert result.passed is same


def test_a_surprising_indicator_is_explained_in_both_languages(tmp_path: Path) -> None:
    commune = "{based_on: base, facts: {stunting_under_5_pct: 17}}"
    (result,) = ran(tmp_path, f"{HEAD}  - name: x\n    commune: {commune}\n    expect: {{missing: []}}\n")
    assert "CHƯA ĐẠT" in result.describe("vi")
    assert "Over by 0.5 percentage points" in result.describe("en")


def test_a_bad_fact_is_a_failure_that_says_so(tmp_path: Path) -> None:
    commune = "{based_on: base, facts: {stunting_under_5: 17}}"
    (result,) = ran(tmp_path, f"{HEAD}  - name: x\n    commune: {commune}\n    expect: {{missing: []}}\n")
    assert "did you mean 'stunting_under_5_pct'" in result.describe("en")


# -- reading


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("expect: {missing: []", "expct: {missing: []", "did you mean 'expect'?"),
        ("{missing: []", "{mising: []", "did you mean 'missing'?"),
        ("based_on: base}", "based_on: bse}", "did you mean 'base'?"),
        ("verdict: missing", "verdict: failed", "not an allowed value"),
        ("year: 2023", "year: 23", "a year from 2010 to 2100"),
        ("region: dbsh, year", "based_on: base, year", "based on each other in a circle"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = written(tmp_path / "a.test.yaml", GOOD.replace(old, new, 1))
    with pytest.raises(ntm.RulebookError) as caught:
        read_cases(path)
    assert said in caught.value.describe("en")
    assert all(problem.line for problem in caught.value.problems)


def test_a_row_says_all_that_is_asked() -> None:
    """Of a choice the categories, of a multiple the other fact, of a branch its condition, and when a clause is asked."""
    asked = {"at_least": {"fact": "num1", "value": "5"}}
    part = {"label": TEXT, "requires": {"met": "yes0"}, "applies_if": {"met": "yes1"}}
    when = {"condition": asked, "then": {"part": "a", **part}, "otherwise": {"part": "b", **part}}
    ruleset = small(
        {"one_of": {"fact": "cat0", "values": ["khá", "tốt"]}},
        {"at_least": {"fact": "num0", "times_fact": {"fact": "num1", "factor": "1.5"}}},
        {"when": when},
        columns=["dbsh"],
    )
    rows = [row_of(ruleset, number) for number in ("1.1", "1.2", "1.3", "1.3.a")]
    assert rows == [
        {"fact": "cat0", "direction": "one_of", "values": "khá | tốt", "dbsh": "Đạt"},
        {"fact": "num0", "direction": "at_least", "times_fact": "num1", "dbsh": "1.5"},
        {"direction": "when", "condition": "num1 at_least 5"},
        {"fact": "yes0", "direction": "met", "applies_if": "yes1", "dbsh": "Đạt"},
    ]


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = written(tmp_path / "a.test.yaml", GOOD.replace("missing: []", "mising: []").replace("verdict:", "verdct:"))
    with pytest.raises(ntm.RulebookError) as caught:
        read_cases(path)
    assert len(caught.value.problems) >= 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ntm.RulebookError, match="cannot read"):
        read_cases(tmp_path / "a.test.yaml")


# -- the command


def test_the_command_counts_and_ends_with_1(tmp_path: Path) -> None:
    good = written(tmp_path / "good.test.yaml", GOOD)
    assert run("test", str(good), "--lang", "en") == (0, "4 passed, 0 failed\n")
    written(tmp_path / "bad.test.yaml", GOOD.replace("column: dbsh", "column: tn"))
    code, said = run("test", str(tmp_path))
    assert (code, said.splitlines()[-1]) == (1, "7 đạt, 1 không đạt")
    assert "column: cần tn; gặp dbsh" in said


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    code, said = run("test", str(written(tmp_path / "a.test.yaml", "ruleset: x\n")), "--lang", "en")
    assert code == 2
    assert "a.test.yaml" in said


def test_the_command_runs_the_rest_where_a_file_is_bad(tmp_path: Path) -> None:
    written(tmp_path / "a.test.yaml", "a: [b\n")
    written(tmp_path / "b.test.yaml", GOOD)
    written(tmp_path / "c.test.yaml", GOOD.replace("column: dbsh", "column: tn"))
    code, said = run("test", str(tmp_path), "--lang", "en")
    assert code == 2
    lines = said.splitlines()
    assert "7 passed, 1 failed; 1 file(s) could not be read" in lines
    assert "  column: expected tn; found dbsh" in lines
    assert any("a.test.yaml" in line and "bad_yaml" in line for line in lines)


def test_nothing_tested_is_no_success(tmp_path: Path) -> None:
    assert run("test", str(tmp_path))[0] == 1


def test_check_takes_an_id_and_an_overlay(tmp_path: Path) -> None:
    code, said = run("check", "2016-2020/xa-ntm-kieu-mau", "--examples", "3", "--lang", "en")
    assert (code, said.splitlines()[0], said.splitlines()[-1]) == (0, "2016-2020/xa-ntm-kieu-mau:", "No problems.")
    layer = "layer: 9/QĐ\nof: 2016-2020/xa-ntm-kieu-mau\nkind: amendment\ndecision: {number: 9/QĐ, issued: unknown, in_force: unknown}\n"
    code, said = run("check", str(written(tmp_path / "a.yaml", layer)), "--examples", "3")
    assert (code, said.splitlines()[0]) == (0, "2016-2020/xa-ntm-kieu-mau + a.yaml:")


def test_check_holds_the_overlays_it_is_given_against_each_other(tmp_path: Path) -> None:
    layer = (
        "layer: {0}/QĐ\nof: 2021-2025/xa-ntm\nkind: province\nprovince: nam-dinh\n"
        "decision: {{number: {0}/QĐ, issued: 2022-09-01, in_force: 2022-09-01}}\n"
        "set_thresholds: [{{indicator: '4.2', by_column: {{dbsh: {1}}}}}]\n"
    )
    one, other = (written(tmp_path / f"{n}.yaml", layer.format(n, n)) for n in ("99.5", "99.6"))
    for arguments in ([str(one), "--overlay", str(other)], [NTM, "--overlay", str(one), "--overlay", str(other)]):
        code, said = run("check", *arguments, "--examples", "1", "--lang", "en")
        assert (code, "both change 4.2 (dbsh); no date says which is the later one" in said) == (1, True)


def test_check_leaves_a_commune_that_evaluate_takes(tmp_path: Path) -> None:
    """Of a ruleset whose region has no column the witness is a commune of that region."""
    from ntm_rules.testing.documents import ruleset_document
    from ntm_rules.testing.documents import written as rulebook

    (tmp_path / "book").mkdir()
    rulebook(tmp_path / "book", [ruleset_document({"met": "yes0"}, columns=["dbsh", "tn"])])
    witness = tmp_path / "xa.yaml"
    code, said = run("check", str(tmp_path / "book"), "--examples", "3", "--witness", str(witness), "--lang", "en")
    assert code == 1
    assert "FAILED: columns-reachable: the region dnb has no column" in said
    code, said = run(
        "evaluate", str(witness), "--ruleset", "2030-2035/xa-khac", "--source", str(tmp_path / "book"), "--lang", "en"
    )
    assert (code, "dnb" in said) == (2, True)


@pytest.mark.parametrize(("lang", "said_why"), [("vi", "không ghi được tệp"), ("en", "cannot write the file")])
def test_check_names_the_file_it_cannot_write(lang: str, said_why: str, tmp_path: Path) -> None:
    from ntm_rules.testing.documents import ruleset_document
    from ntm_rules.testing.documents import written as rulebook

    (tmp_path / "book").mkdir()
    rulebook(tmp_path / "book", [ruleset_document({"met": "yes0"}, columns=["dbsh", "tn"])])
    nowhere = str(tmp_path / "no-such-folder" / "xa.yaml")
    code, said = run("check", str(tmp_path / "book"), "--examples", "3", "--witness", nowhere, "--lang", lang)
    assert code == 2
    assert nowhere in said.splitlines()[-1]
    assert said_why in said.splitlines()[-1]


# -- pytest

PROPERTY = """
from hypothesis import given, settings
import ntm_rules as ntm
from ntm_rules.testing import communes
ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")

@settings(database=None, deadline=None, derandomize=True, max_examples=200)
@given(commune=communes(ruleset))
def test_insured(commune):
    assert ntm.evaluate(ruleset, commune).indicator("15.1").status is not ntm.Status.MISSING
"""


def pytest_in(folder: Path, *arguments: str) -> str:
    """What pytest prints, with the plugin and nothing else that is installed."""
    code = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
    options = ["-p", "no:cacheprovider", "-p", "_ntm_rules_pytest", *arguments]
    home = str(Path(_ntm_rules_pytest.__file__).resolve().parent)
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": home}
    environment = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", code, *options, str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout


def test_pytest_collects_and_shows_what_failed(tmp_path: Path) -> None:
    written(tmp_path / "bad.test.yaml", GOOD.replace("column: dbsh", "column: tn"))
    said = pytest_in(tmp_path)
    assert "1 failed, 3 passed" in said
    assert "column: cần tn; gặp dbsh" in said
    assert "column: expected tn; found dbsh" in said
    assert "Traceback" not in said


def test_pytest_names_the_line_of_a_bad_file(tmp_path: Path) -> None:
    written(tmp_path / "bad.test.yaml", GOOD.replace("verdict: missing", "verdct: missing"))
    said = pytest_in(tmp_path)
    assert "did you mean 'verdict'" in said
    assert "1 error" in said


def test_pytest_leaves_other_files_of_that_name_alone(tmp_path: Path) -> None:
    written(tmp_path / "pod.test.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  ruleset: none\n")
    written(tmp_path / "empty.test.yaml", "")
    written(tmp_path / "good.test.yaml", GOOD)
    assert "= 4 passed in" in pytest_in(tmp_path)
    written(tmp_path / "no-tests.test.yaml", '{"ruleset": "2021-2025/xa-ntm", "tests": []}')
    assert "= 1 error in" in pytest_in(tmp_path)


def test_a_key_of_another_document_is_not_suggested_for_itself(tmp_path: Path) -> None:
    with pytest.raises(ntm.RulebookError) as caught:
        read_cases(written(tmp_path / "pod.test.yaml", "apiVersion: v1\nkind: Pod\n"))
    said = caught.value.describe("en")
    assert "no such key here; found 'kind'" in said
    assert "did you mean 'kind'" not in said


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have no notes before Python 3.11")
def test_a_failing_property_prints_a_commune_that_evaluate_takes(tmp_path: Path) -> None:
    written(tmp_path / "test_it.py", PROPERTY)
    said = pytest_in(tmp_path)
    _, _, section = said.partition("the commune that fails")
    text = section.partition("\n")[2].partition("====")[0]
    assert text.startswith("# ntm-rules evaluate FILE.yaml --ruleset 2021-2025/xa-ntm --on 2023-12-31\n"), said
    commune = written(tmp_path / "FILE.yaml", text)
    code, report = run("evaluate", str(commune), "--ruleset", "2021-2025/xa-ntm", "--on", "2023-12-31")
    assert code == 0
    assert "15.1" in report


def test_the_package_imports_without_hypothesis() -> None:
    code = "import sys; import ntm_rules, ntm_rules.testing, ntm_rules.testing.files, _ntm_rules_pytest; sys.exit('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0
