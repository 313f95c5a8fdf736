"""The command: what it prints, where it prints it, and how it ends."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, get_args

import pytest
from click import Choice
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import ntm_rules as ntm
from ntm_rules.cli import main, output
from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.cli.line import LineWriter
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.ruleset import clause_facts
from ntm_rules.rulebook.communes import read_communes

INSURED = "health_insurance_pct"
GOOD = {"code": "00754", "name": "Xã Một", "region": "tn", "year": 2019, "facts": {INSURED: 84.9}, "host_id": 7}


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def run(*arguments: str, given: str | bytes | None = None) -> Ended:
    result = CliRunner().invoke(command, list(arguments), input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def lines(*communes: dict[str, Any]) -> str:
    return "".join(json.dumps(commune, ensure_ascii=False) + "\n" for commune in communes)


def written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


# -- the frame


def test_version_names_package_and_rulebook() -> None:
    ended = run("--version")
    assert ended.code == 0
    assert ntm.__version__ in ended.out
    assert ntm.rulebook_version() in ended.out


def test_help_is_bilingual_and_documents_the_exit_codes() -> None:
    ended = run("--help")
    assert "Mã thoát / exit codes" in ended.out
    assert all(f"  {code}  " in ended.out for code in (0, 1, 2))
    assert ended.out.index("Xét xã") < ended.out.index("Judge communes")


@pytest.mark.parametrize("name", sorted(command.commands))
def test_every_command_explains_itself_in_both_languages(name: str) -> None:
    ended = run(name, "--help")
    assert ended.code == 0
    assert "--lang [vi|en]" in ended.out
    words = command.commands[name].help or ""
    assert re.search(r"[ăâđêôơưạảấếốộớứ]", words)
    assert re.search(r"\b(the|a|in|of)\b", words, re.IGNORECASE)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["evaluate"],
        ["evaluate", "--lang", "fr", "x.yaml"],
        ["evaluate", "--format", "xml", "x.yaml"],
        ["evaluate", "none.yaml"],
        ["evaluate", "--on", "yesterday", "-"],
        ["evaluate", "--ruleset", "2021-2025/xa", "-"],
        ["show", "2021-2025/xa-ntm", "--region", "dbsg"],
        ["show", "2021-2025/xa-ntm", "--province", "Nam Đin"],
        ["show", "2021-2025/xa-ntm", "--on", "2020-01-01"],
        ["explain", "2021-2025/xa-ntm", "99.9"],
        ["schema", "comune"],
        ["tiers", "2030-2035", "-"],
    ],
)
def test_wrong_usage_and_bad_input_end_with_2_and_say_why(arguments: list[str]) -> None:
    ended = run(*arguments, given=lines(GOOD))
    assert ended.code == 2
    assert ended.err


def test_problems_are_said_in_the_language_asked_for_with_the_nearest_name() -> None:
    vietnamese = run("evaluate", "-", "--ruleset", "2021-2025/xa-ntmm", given="")
    english = run("evaluate", "-", "--ruleset", "2021-2025/xa-ntmm", "--lang", "en", given="")
    assert "không có bộ tiêu chí này" in vietnamese.err
    assert "có phải là '2021-2025/xa-ntm'?" in vietnamese.err
    assert "no such ruleset" in english.err
    assert not vietnamese.out + english.out


@pytest.mark.parametrize("lacking", [["click"], ["rich"], ["click", "rich"]])
def test_without_the_extra_one_line_says_how_to_get_it(
    lacking: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in lacking else find(name))
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.count('pip install "ntm-rules[cli]"') == 2


# -- evaluate


def test_a_missing_indicator_is_no_error() -> None:
    ended = run("evaluate", "-", "--ruleset", "2016-2020/xa-ntm", given=lines(GOOD))
    assert ended.code == 0
    assert ended.err == ""
    assert "Xã Một (00754)" in ended.out
    assert "Còn thiếu 0,1 điểm %" in ended.out


def test_every_kind_of_file_gives_the_same_report(tmp_path: Path) -> None:
    files = [
        written(tmp_path / "a.jsonl", lines(GOOD)),
        written(tmp_path / "a.json", json.dumps([GOOD])),
        written(tmp_path / "a.yaml", json.dumps(GOOD)),
        written(tmp_path / "a.csv", f"code,name,region,year,{INSURED}\n754,Xã Một,tn,2019,84.9\n"),
    ]
    reports = {run("evaluate", file, "--ruleset", "2016-2020/xa-ntm", "--lang", "en").out for file in files}
    assert len(reports) == 1
    several = run("evaluate", *files, "--ruleset", "2016-2020/xa-ntm", "--lang", "en").out
    assert several == "\n".join([reports.pop()] * 4)


def test_options_reach_the_engine() -> None:
    def status(*options: str, number: str = "15.1", **changes: Any) -> str:
        ended = run("evaluate", "-", "--format", "jsonl", *options, given=lines(GOOD | changes))
        assert ended.code == 0, ended.out + ended.err
        return str(json.loads(ended.out)["statuses"][number])

    old = ("--ruleset", "2016-2020/xa-ntm")
    assert status(*old) == "missing"
    assert status(*old, facts={INSURED: 85}) == "met"
    income = {"facts": {"income_per_capita": 43}}
    assert status(number="10", **income) == "undetermined"
    assert status("--threshold-year", "2022", number="10", **income) == "missing"
    recalled = {"facts": {"commune_plan_valid_and_published": True}}
    assert status(number="1.1", **recalled) == "met"
    assert status("--strict", number="1.1", **recalled) == "undetermined"


def test_vietnamese_numbers_need_the_option(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", f"region;year;{INSURED}\ntn;2019;84,9\n")
    plain = run("evaluate", file, "--ruleset", "2016-2020/xa-ntm")
    vietnamese = run("evaluate", file, "--ruleset", "2016-2020/xa-ntm", "--numbers", "vi")
    assert plain.code == 2
    assert "--numbers vi" in plain.err
    assert vietnamese.code == 0
    assert "Còn thiếu 0,1 điểm %" in vietnamese.out
    stream = lines(GOOD | {"facts": {INSURED: "84,9"}})
    assert run("evaluate", "-", "--ruleset", "2016-2020/xa-ntm", "--numbers", "vi", given=stream).code == 0
    assert run("evaluate", "-", "--ruleset", "2016-2020/xa-ntm", given=stream).code == 2


def test_the_province_asked_for_places_communes_that_name_no_place() -> None:
    placeless = {"year": 2023, "facts": {}}
    assert run("evaluate", "-", given=lines(placeless)).code == 2
    ended = run("evaluate", "-", "--format", "jsonl", "--province", "Nam Định", given=lines(placeless))
    assert json.loads(ended.out)["column"] == "dbsh"


def test_the_province_asked_for_places_communes_in_the_ladder_too() -> None:
    """`evaluate` took the province for a commune that names no place, `tiers` refused the commune."""
    nowhere = {key: value for key, value in GOOD.items() if key != "region"}
    ended = run("tiers", "2021-2025", "-", "--province", "Nam Định", "--format", "json", given=lines(nowhere))
    assert ended.code == 0, ended.err
    (ladder,) = json.loads(ended.out)
    assert {a["column"] for a in ladder["assessments"]} == {"dbsh"}


def test_json_is_an_array_of_full_documents() -> None:
    ended = run("evaluate", "-", "--format", "json", given=lines(GOOD, GOOD | {"name": "Xã Hai"}))
    first, second = json.loads(ended.out)
    (commune,) = read_communes(json.dumps(GOOD), format="json")
    assert first == json.loads(ntm.evaluate(ntm.load_ruleset("2021-2025/xa-ntm"), commune).to_json())
    assert second["commune"]["name"] == "Xã Hai"
    assert json.loads(run("evaluate", "-", "--format", "json", given="").out) == []


BAD = (
    {"name": "Xã Hỏng", "region": "tn", "facts": {INSURED: 101}},
    {"name": "Xã Lạc", "region": "dbsg"},
    {"name": "Xã Sai", "code": "x"},
)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_bad_commune_is_reported_and_the_rest_go_on(form: str) -> None:
    stream = lines(GOOD, *BAD) + "{\n" + lines(GOOD | {"name": "Xã Cuối"})
    ended = run("evaluate", "-", "--format", form, given=stream)
    assert ended.code == 2
    assert "Xã Một" in ended.out
    assert "Xã Cuối" in ended.out
    assert "Xã Hỏng" not in ended.out
    found = re.findall(r"-:(\d): (?:(\S+): )?.*\[(\w+)\]$", ended.err, re.MULTILINE)
    assert found == [
        ("2", INSURED, "out_of_bounds"),
        ("3", "region", "unknown_region"),
        ("4", "code", "bad_code"),
        ("5", "", "bad_json"),
    ]


def test_in_json_lines_a_bad_commune_keeps_its_place() -> None:
    stream = lines(GOOD, *BAD) + "\n" + lines(GOOD)
    ended = run("evaluate", "-", "--format", "jsonl", given=stream)
    assert ended.code == 2
    assert ended.err == ""
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert ["error" in line for line in found] == [False, True, True, True, False]
    (problem,) = found[1]["error"]["problems"]
    assert (found[1]["line"], found[1]["name"]) == (2, "Xã Hỏng")
    assert (problem["code"], problem["key"], problem["line"], problem["source"]) == ("out_of_bounds", INSURED, 2, "-")
    assert set(problem["message"]) == {"vi", "en"}


def error_lines(*arguments: str, given: str | bytes | None = None) -> list[dict[str, Any]]:
    ended = run("evaluate", *arguments, "--format", "jsonl", given=given)
    assert ended.code == 2
    return [line for line in map(json.loads, ended.out.splitlines()) if "error" in line]


WHOSE = {"code": "00754", "name": "Xã Một", "host_id": {"id": 7}}


@pytest.mark.parametrize(
    "content",
    [
        '"facts": {"health_insurance_pct": 101}, "region": "tn"',
        '"facts": {"nope": 1}',
        '"region": "dbsg"',
        '"region": 5',
        '"year": 1',
        '"yaer": 2022',
        '"facts": {"health_insurance_pct": NaN}',
        '"year": 2022, "year": 2023',
        '"attested": {"99": true}, "region": "tn"',
        '"attested": {"7": 1}',
        '"year": 2022',
    ],
)
def test_the_line_of_a_bad_commune_says_whose_it_is(content: str, tmp_path: Path) -> None:
    record = f'{{"code": 754, "name": " Xã Một", "host_id": {{"id": 7}}, {content}}}'
    for file, stream in (("-", record + "\n"), (written(tmp_path / "xa.json", record), None)):
        (line,) = error_lines(file, given=stream)
        assert {key: line[key] for key in WHOSE} == WHOSE


def test_whose_line_it_is_in_tables_and_yaml(tmp_path: Path) -> None:
    table = written(tmp_path / "xa.csv", f"code,name,host_id,region,{INSURED}\n754,Xã Một,A-7,dbsg,101\nx,,,,101\n")
    first, second = error_lines(table)
    assert [first["code"], first["name"], first["host_id"], first["line"]] == ["00754", "Xã Một", "A-7", 2]
    assert [second["code"], second["name"], second["host_id"]] == ["x", None, None]
    assert {problem["key"] for problem in first["error"]["problems"]} == {"region", INSURED}
    sheet = written(tmp_path / "xa.yaml", "code: 754\nname: Xã Một\nhost_id: A-7\nyear: x\n")
    (line,) = error_lines(sheet)
    assert [line["code"], line["name"], line["host_id"]] == ["00754", "Xã Một", "A-7"]


@pytest.mark.parametrize("key", ["host_id", "name", "code"])
def test_an_identity_nested_without_end_stops_nothing(key: str) -> None:
    deep = "[" * 900 + "]" * 900
    stream = f'{{"{key}": {deep}, "year": 1}}\n' + lines(GOOD)
    ended = run("evaluate", "-", "--format", "jsonl", given=stream)
    assert ended.code == 2
    assert ["error" in json.loads(line) for line in ended.out.splitlines()] == [True, False]


def test_a_code_said_twice_is_nobody_s() -> None:
    (line,) = error_lines("-", given='{"code": 1, "code": 2, "name": "Xã Một"}\n')
    assert (line["code"], line["name"]) == (None, "Xã Một")


def test_json_lines_report_place_and_facts_together() -> None:
    stream = (
        f'{{"region": "dbsg", "zone": "IX", "facts": {{"{INSURED}": 101, "nope": 1}}, "attested": {{"99": true}}}}\n'
    )
    for form in ("jsonl", "text"):
        ended = run("evaluate", "-", "--format", form, given=stream)
        assert ended.code == 2
        said = ended.out + ended.err
        for code in ("unknown_region", "unknown_zone", "out_of_bounds", "unknown_fact"):
            assert said.count(code) == 1


def test_attested_verdicts_that_name_nothing_have_their_own_line_and_key(tmp_path: Path) -> None:
    text = """\
name: Xã Một
region: tn
attested:
  "99": đạt
  2021-2025/xa-ntm:98: đạt
  2021-2025/xa-ntmm:7: đạt
"""
    for path in (written(tmp_path / "xa.yaml", text),):
        (line,) = error_lines(path)
        assert [(problem["line"], problem["key"]) for problem in line["error"]["problems"]] == [
            (4, "attested.99"),
            (5, "attested.2021-2025/xa-ntm:98"),
            (6, "attested.2021-2025/xa-ntmm:7"),
        ]
    ended = run("tiers", "2021-2025", str(tmp_path / "xa.yaml"))
    assert "xa.yaml:4: attested.99" in ended.err


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "# không có gì\n"])
@pytest.mark.parametrize("name", ["xa.yaml", "xa.csv", "xa.jsonl"])
def test_a_file_without_communes_is_bad_input(name: str, text: str, tmp_path: Path) -> None:
    if text.startswith("#") and name != "xa.yaml":
        return  # no comment there, but a broken line or an unknown column
    file = written(tmp_path / name, text)
    for lang, words in (("vi", "không có xã nào"), ("en", "no commune found")):
        ended = run("evaluate", file, "--lang", lang)
        assert ended.code == 2
        assert words in ended.err
        assert "no_communes" in ended.err
    assert run("tiers", "2021-2025", file).code == 2
    (line,) = error_lines(file)
    assert line["error"]["problems"][0]["code"] == "no_communes"
    assert json.loads(run("evaluate", file, "--format", "json").out) == []


@pytest.mark.parametrize("text", ["", "\n", "\ufeff"])
def test_a_stream_may_be_empty_and_is_said_to_be(text: str) -> None:
    ended = run("evaluate", "-", "--format", "jsonl", given=text)
    assert (ended.code, ended.out) == (0, "")
    assert "không có xã nào" in ended.err
    assert "no commune" in ended.err


def test_an_empty_list_is_bad_input(tmp_path: Path) -> None:
    good = written(tmp_path / "a.jsonl", lines(GOOD))
    for number, text in enumerate(("[]", '{"communes": []}', "null")):
        ended = run("evaluate", good, written(tmp_path / f"{number}.json", text))
        assert ended.code == 2
        assert ended.err.count("no_communes") == 1
        assert "Xã Một" in ended.out


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    good = written(tmp_path / "a.jsonl", lines(GOOD))
    ended = run("evaluate", str(tmp_path / "none.yaml"), str(tmp_path / "x.xlsx"), good, "--format", "jsonl")
    assert ended.code == 2
    assert ["error" in json.loads(line) for line in ended.out.splitlines()] == [True, True, False]


def test_half_a_surrogate_pair_in_a_name_survives() -> None:
    ended = run("evaluate", "-", "--format", "jsonl", given='{"name": "\\ud800", "region": "tn"}\n')
    assert ended.code == 0
    assert json.loads(ended.out)["name"] == "\ud800"


def test_output_pastes_into_a_report() -> None:
    """No colours, no boxes, composed letters."""
    for arguments in (["demo"], ["rulesets"], ["show", "2021-2025/xa-ntm"], ["evidence", "2016-2020/xa-ntm"]):
        out = run(*arguments).out
        assert not re.search("[\x1b\u2500-\u257f\t]", out)
        assert unicodedata.is_normalized("NFC", out)
        assert not re.search(r" +$", out, re.MULTILINE)


# -- the line


RULESETS = [
    ("2016-2020/xa-ntm", None),
    ("2021-2025/xa-ntm", None),
    ("2021-2025/xa-ntm", "2023-12-31"),
    ("2021-2025/xa-ntm-nang-cao", None),
    ("2021-2025/xa-ntm-kieu-mau", None),
    ("2016-2020/xa-ntm-kieu-mau", None),
]


def values_of(fact: Fact) -> st.SearchStrategy[Any]:
    if fact.kind is FactKind.BOOLEAN:
        return st.booleans()
    if fact.kind is FactKind.CATEGORY:
        return st.sampled_from(fact.values)
    if fact.kind is FactKind.COUNT:
        return st.integers(0, 9)
    numbers = st.one_of(st.integers(0, 100), st.floats(0, 100).map(lambda number: round(number, 2)))
    if fact.kind is not FactKind.PERCENT:
        return numbers
    ratios = st.integers(0, 300).map(lambda part: {"numerator": part, "denominator": 300})
    return st.one_of(numbers, ratios, st.decimals(0, 100, places=5))


@st.composite
def judged(draw: st.DrawFn) -> ntm.Assessment:
    ruleset_id, on = draw(st.sampled_from(RULESETS))
    ruleset = ntm.load_ruleset(ruleset_id, on=on)
    clauses = (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)
    facts: dict[str, Any] = {}
    for key in {key for clause in clauses for key in clause_facts(clause)}:
        fact = ruleset.catalogue.facts[key]
        for name in [f"{key}.{sex}" for sex in SEXES] if fact.by_sex and draw(st.booleans()) else [key]:
            if draw(st.integers(0, 9)):
                facts[name] = draw(values_of(fact))
    numbers = st.sampled_from([clause.id for clause in ruleset.indicators])
    commune = ntm.Commune(
        region=draw(st.sampled_from(list(ruleset.catalogue.regions))),
        zone=draw(st.sampled_from([None, None, "III"])),
        year=draw(st.integers(2016, 2025)),
        facts=facts,
        attested=draw(st.dictionaries(numbers, st.booleans(), max_size=3)),
        host_id=draw(st.one_of(st.none(), st.integers(), st.text())),
        name=draw(st.text()),
    )
    return ntm.evaluate(ruleset, commune, strict=draw(st.booleans()))


@given(judged())
@settings(max_examples=50, deadline=None)
def test_a_line_says_what_the_full_document_says(assessment: ntm.Assessment) -> None:
    line = json.loads(LineWriter(assessment.ruleset).line(assessment))
    full = json.loads(assessment.to_json())
    same = (
        "verdict",
        "recognition",
        "criteria_met",
        "criteria_total",
        "indicators_met",
        "indicators_total",
        "statuses",
    )
    for key in (*same, "column", "threshold_year", "unconfirmed", "conflicts"):
        assert line[key] == full[key], key
    assert line["missing"] == [{key: result[key] for key in ("id", "gap", "gap_count")} for result in full["missing"]]
    assert {key: line[key] for key in ("code", "name", "host_id", "year")} == {
        key: full["commune"][key] for key in ("code", "name", "host_id", "year")
    }
    assert (line["ruleset"], line["content_hash"]) == (full["ruleset"]["id"], full["ruleset"]["content_hash"])


def test_gaps_of_a_line_are_exact() -> None:
    def missing(value: Any) -> Any:
        given = lines(GOOD | {"facts": {INSURED: value}})
        ended = run("evaluate", "-", "--format", "jsonl", "--ruleset", "2016-2020/xa-ntm", given=given)
        return json.loads(ended.out)["missing"]

    assert missing(84.99) == [{"id": "15.1", "gap": "0.01", "gap_count": None}]
    assert missing(0) == [{"id": "15.1", "gap": "85", "gap_count": None}]
    assert missing({"numerator": 84, "denominator": 100}) == [{"id": "15.1", "gap": "1", "gap_count": 1}]


# -- tiers


def test_tiers_say_the_highest_and_what_blocks_the_next() -> None:
    ended = run("tiers", "2021-2025", "-", given=lines(GOOD | {"year": 2023}))
    assert ended.code == 0
    assert ended.out.startswith("Xã Một, số liệu năm 2023\n")
    assert "Mức cao nhất đạt: chưa có." in ended.out
    (ladder,) = json.loads(run("tiers", "2021-2025", "-", "--format", "json", given=lines(GOOD)).out)
    assert ladder["format"] == "ntm-rules/ladder/1"
    assert len(ladder["assessments"]) == 3


def test_tiers_report_a_verdict_on_an_indicator_that_is_not_there() -> None:
    ended = run("tiers", "2021-2025", "-", given=lines(GOOD | {"attested": {"97": True}}, GOOD))
    assert ended.code == 2
    assert "unknown_attested" in ended.err
    assert "Xã Một" in ended.out


# -- reading the rules


def test_rulesets_lists_every_ruleset_with_its_counts() -> None:
    out = run("rulesets", "--lang", "en").out
    assert re.search(r"^2021-2025/xa-ntm +19 +57 ", out, re.MULTILINE)
    assert len(out.splitlines()) == 1 + len(ntm.list_rulesets())


def test_show_has_every_indicator_and_marks_what_is_not_sure() -> None:
    out = run("show", "2016-2020/xa-ntm", "--region", "tn").out
    ruleset = ntm.load_ruleset("2016-2020/xa-ntm")
    for indicator in ruleset.indicators:
        assert re.search(rf"^{re.escape(indicator.id)} ", out, re.MULTILINE)
    assert re.search(r"^15\.1 .* ≥ 85%$", out, re.MULTILINE)
    assert re.search(r"^2\.1 .* UBND$", out, re.MULTILINE)
    assert re.search(r" (Đạt|[≥≤=].*)\?$", out, re.MULTILINE)


def test_show_takes_date_region_and_year() -> None:
    def income(*options: str) -> list[str]:
        out = run("show", "2021-2025/xa-ntm", *options).out
        return [line for line in out.splitlines() if "Thu nhập bình quân" in line]

    assert len(income()) > 1
    (line,) = income("--region", "tn", "--year", "2022")
    assert line.endswith("≥ 44")
    (line,) = income("--region", "tn", "--year", "2019")
    assert line.endswith("—")
    assert "211/QĐ-TTg" in run("show", "2021-2025/xa-ntm").out
    assert "211/QĐ-TTg" not in run("show", "2021-2025/xa-ntm", "--on", "2023-12-31").out


def test_explain_tells_every_column_and_year_with_source_and_evidence() -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm")
    out = run("explain", "2021-2025/xa-ntm", "10").out
    for region in ruleset.columns:
        for year in range(2022, 2026):
            threshold = ruleset.threshold("10", region=region, year=year)
            assert threshold
            assert re.search(rf"\({region}\).*, {year}: ≥ {threshold.value} \(", out)
    assert "Căn cứ: 318/QĐ-TTg" in out
    assert "đã xác nhận" in out
    assert "theo trí nhớ" in out


def test_explain_narrows_to_a_region_and_year() -> None:
    out = run("explain", "2021-2025/xa-ntm", "10", "--region", "tn", "--year", "2022", "--lang", "en").out
    assert out.count("(tn), 2022: ≥ 44") == 1
    assert "(dbsh)" not in out
    assert "2023:" not in out


def test_explain_tells_parts_conditions_and_meanings() -> None:
    parts = run("explain", "2021-2025/xa-ntm", "5").out
    assert "schools_total]: ≥ 4 thì 5.b, không thì 5.c" in parts
    assert "Chỉ áp dụng cho vùng: " in parts
    assert "“Đạt” nghĩa là" in run("explain", "2021-2025/xa-ntm", "14.1").out
    assert "đạt riêng cho nam và cho nữ" in run("explain", "2021-2025/xa-ntm", "15.1").out
    assert "satisfaction" in run("explain", "2021-2025/xa-ntm", "satisfaction").out


def test_explain_parts_a_factor_from_what_it_multiplies() -> None:
    """319/QĐ-TTg, Đ1: the factor and the threshold of nâng cao were seen at different places, and are known differently."""
    out = run("explain", "2021-2025/xa-ntm-kieu-mau", "2", "--region", "dbsh").out
    lines = [line.strip() for line in out.splitlines()]
    (factor,) = [line for line in lines if line.startswith("- 1,1 × mức nâng cao của cùng năm, cùng vùng")]
    assert "đã xác nhận; thấy tại https://langngheviet.com.vn" in factor
    (cell,) = [line for line in lines if "2023:" in line]
    assert "≥ 74,8 = 1,1 × 68 (" in cell
    assert "langngheviet" not in cell


def test_explain_takes_the_number_of_a_criterion_too() -> None:
    ended = run("explain", "2021-2025/xa-ntm", "17")
    assert ended.code == 0
    assert "Tiêu chí 17: Môi trường và an toàn thực phẩm" in ended.out
    for indicator in ntm.load_ruleset("2021-2025/xa-ntm").criteria[16].indicators:
        assert f"  {indicator.id} {indicator.label.vi}\n" in ended.out
    assert "ntm-rules explain 2021-2025/xa-ntm 17.1" in ended.out
    assert "Criterion 17: " in run("explain", "2021-2025/xa-ntm", "17", "--lang", "en").out
    assert "Criterion" not in run("explain", "2021-2025/xa-ntm", "10", "--lang", "en").out


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("summary", ntm.list_rulesets(), ids=lambda summary: summary.id)
def test_every_clause_can_be_shown_and_explained(summary: Any, lang: str) -> None:
    ruleset = ntm.load_ruleset(summary.id)
    for name in ("show", "evidence"):
        assert run(name, summary.id, "--lang", lang).code == 0
    for clause in (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites):
        ended = run("explain", summary.id, clause.id, "--lang", lang)
        assert ended.code == 0
        assert clause.label.in_("vi" if lang == "vi" else "en") in ended.out


def test_evidence_counts_every_cell_once() -> None:
    out = run("evidence", "2016-2020/xa-ntm", "--lang", "en").out
    total = re.search(r"^Cells in all: (\d+)$", out, re.MULTILINE)
    counts = re.findall(r"^  \w+ \(.*\): (\d+)$", out, re.MULTILINE)
    assert total is not None
    assert int(total[1]) == sum(map(int, counts)) == sum(1 for _ in ntm.load_ruleset("2016-2020/xa-ntm").cells())
    assert "  confirmed (confirmed): 130" in out


# -- the sheet of facts


@pytest.mark.parametrize("form", ["yaml", "csv", "json"])
@pytest.mark.parametrize("summary", ntm.list_rulesets(), ids=lambda summary: summary.id)
def test_an_unfilled_sheet_is_a_commune_of_which_nothing_is_known(form: Any, summary: Any) -> None:
    ended = run("facts", summary.id, "--format", form)
    assert ended.code == 0
    for commune in read_communes(ended.out, format=form):
        assert not commune.facts
        assert not commune.attested


def test_the_sheet_asks_for_what_the_ruleset_needs_and_no_more() -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm")
    clauses = (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)
    asked = {key for clause in clauses for key in clause_facts(clause)}
    header = run("facts", "2021-2025/xa-ntm", "--format", "csv").out.splitlines()[0].split(",")
    columns = set(header) - {"code", "name", "region", "province", "district", "zone", "year", "host_id"}
    assert {column.removesuffix(".male").removesuffix(".female") for column in columns} == asked
    assert f"{INSURED}.male" in columns
    assert INSURED not in columns
    assert set(json.loads(run("facts", "2021-2025/xa-ntm", "--format", "json").out)["facts"]) == asked


def test_a_sheet_filled_by_hand_decides() -> None:
    sheet = run("facts", "2016-2020/xa-ntm").out
    assert "Người dân tham gia bảo hiểm y tế" in sheet
    filled = sheet.replace("region:", "region: tn").replace("year:", "year: 2019")
    filled = re.sub(rf"{INSURED}:", f"{INSURED}: 85", filled)
    (commune,) = read_communes(filled, format="yaml")
    assert ntm.evaluate(ntm.load_ruleset("2016-2020/xa-ntm"), commune).statuses["15.1"] is ntm.Status.MET


def test_a_csv_sheet_filled_by_hand_decides() -> None:
    header, labels = run("facts", "2016-2020/xa-ntm", "--format", "csv").out.splitlines()
    row = ["tn" if name == "region" else "85" if name == INSURED else "" for name in header.split(",")]
    (commune,) = read_communes(f"{header}\n{labels}\n{','.join(row)}\n", format="csv")
    assert commune.facts == {INSURED: 85}


# -- keeping the rules


@pytest.fixture
def linter(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[Any]], None]:
    def install(findings: Sequence[Any]) -> None:
        module = ModuleType("ntm_rules.rulebook.lint")
        module.lint_path = lambda path, *, source=None: tuple(findings)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "ntm_rules.rulebook.lint", module)

    return install


class Finding(NamedTuple):
    severity: str

    def describe(self, lang: str) -> str:
        return f"{self.severity} {lang}"


@pytest.mark.parametrize(("severities", "code"), [([], 0), (["note"], 0), (["warning"], 0), (["note", "error"], 1)])
def test_lint_ends_with_1_where_there_are_errors(
    linter: Callable[[Sequence[Any]], None], severities: list[str], code: int
) -> None:
    linter([Finding(severity) for severity in severities])
    ended = run("lint", "somewhere")
    assert ended.code == code
    assert all(f"{severity} vi\n" in ended.out for severity in severities)


def test_lint_reads_a_real_file(tmp_path: Path) -> None:
    ended = run("lint", written(tmp_path / "a.yaml", "rulset: 2021-2025/xa-ntm\n"), "--lang", "en")
    assert ended.code == 1
    assert "a.yaml" in ended.out


def test_schema_lists_names_and_prints_one() -> None:
    names = run("schema").out.split()
    assert "assessment" in names
    for name in names:
        assert json.loads(run("schema", name).out)["$schema"]
    assert "'commune'" in run("schema", "comune").err


# -- the demonstration


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_demo_shows_what_is_known_missing_and_undetermined(lang: str) -> None:
    ended = run("demo", "--lang", lang)
    assert ended.code == 0
    assert "https://" in ended.out
    number = "8.705/10.162" if lang == "vi" else "8,705/10,162"
    assert ended.out.count(number) == 2
    assert "441" in ended.out
    old, new = ended.out.split("== 2021-2025/xa-ntm")
    assert ("15.1 Người dân tham gia bảo hiểm y tế: ĐẠT." if lang == "vi" else "health insurance: MET.") in old
    assert "(10, 15.1)" in new


def test_the_demonstrations_figures_are_the_published_ones() -> None:
    (file,) = (Path(__file__).parent.parent / "rulesets" / "demo").glob("*.yaml")
    (commune,) = read_communes(file)
    assert commune.facts == {"income_per_capita": 43, INSURED: ntm.Ratio(8705, 10162)}
    assert commune.year == 2019


# -- the terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_drawn_table_whose_text_is_not_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    output.table(["a"], [["[bold]x[/bold]"]])
    drawn = terminal.getvalue()
    assert "[bold]x[/bold]" in drawn
    assert "─" in drawn


def test_progress_counts_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    for stream, counted in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert list(output.progress(range(1200), "xã")) == list(range(1200))
        assert bool(stream.getvalue()) is counted


# -- as a process


def process(*arguments: str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    code = "from ntm_rules.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, *arguments],
        input=given,
        capture_output=True,
        check=False,
        env=os.environ | environment,
    )


def test_the_process_speaks_utf8_whatever_the_locale() -> None:
    ended = process("evaluate", "-", given=lines(GOOD).encode(), PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert ended.returncode == 0, ended.stderr
    assert "Xã Một" in ended.stdout.decode()
    assert ended.stderr == b""


def test_a_closed_pipe_ends_quietly() -> None:
    code = "from ntm_rules.cli import main; main()"
    arguments = [sys.executable, "-c", code, "evaluate", "-", "--format", "jsonl"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        running.stdin.write(lines(*[GOOD] * 500).encode())
        running.stdin.close()
        assert running.stderr.read() == b""
        assert running.wait() == 0


def test_importing_the_command_is_light() -> None:
    heavy = "{'click', 'rich', 'yaml', 'pydantic'}"
    code = f"import sys, ntm_rules.cli; print({heavy} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"
    code = "import sys, ntm_rules.cli.commands; print({'rich', 'yaml', 'pydantic'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"


@pytest.mark.parametrize("arguments", [["--help"], ["evaluate", "-"], ["prove", "--help"]])
def test_what_compares_and_proves_is_imported_only_to_compare_and_prove(arguments: list[str]) -> None:
    ask = "sorted(name for name in sys.modules if name.startswith('ntm_rules.changes') or name == 'z3')"
    leave = f"import atexit, sys; atexit.register(lambda: print({ask}, file=sys.stderr))"
    code = f"{leave}; from ntm_rules.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=lines(GOOD), capture_output=True, text=True, check=True
    )
    assert ended.stdout
    assert ended.stderr.strip() == "[]"


def test_the_command_asks_every_question_that_can_be_proved() -> None:
    from ntm_rules.changes.proof import Question

    (question,) = (each for each in command.commands["prove"].params if each.name == "question")
    assert isinstance(question.type, Choice)
    assert tuple(question.type.choices) == get_args(Question)


def test_a_giant_number_does_not_end_the_batch() -> None:
    bad = '{"code":"1","region":"tn","year":2023,"facts":{"income_per_capita":1E+999999999999}}\n'
    ended = run("evaluate", "-", "--format", "jsonl", given=lines(GOOD) + bad + lines(GOOD))
    assert ended.code == 2
    assert ["error" in json.loads(line) for line in ended.out.splitlines()] == [False, True, False]
