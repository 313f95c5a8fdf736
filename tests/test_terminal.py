"""What outside texts do to a terminal or page: nothing. Control characters and marks of direction are spelled out."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.test_cli import Ended, lines, run, written

import ntm_rules as ntm
from ntm_rules.cli import output
from ntm_rules.model.assessment import Ladder
from ntm_rules.model.errors import Problem
from ntm_rules.model.text import Text, printable

RULES = ntm.load_ruleset("2021-2025/xa-ntm")
# Clears a screen, overwrites a line, ends a text, forges a line, opens a link, turns the direction of writing.
EVIL = "Xã\x1b[2J\r\x00\nĐẠT\x9b31m\x07\x7f\x85\u2028\u202e\u2066\u2069\u200fMột"
SPELLED = r"Xã\x1b[2J \x00 ĐẠT\x9b31m\x07\x7f  \u202e\u2066\u2069\u200fMột"


def harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n")) and "\nĐẠT" not in text


def test_outside_text_is_spelled_out_on_one_line() -> None:
    assert printable(EVIL) == SPELLED
    assert printable("Xã Một\u00a0(tỉnh)") == "Xã Một\u00a0(tỉnh)"


@given(st.text())
def test_what_is_printable_stays(text: str) -> None:
    shown = printable(text)
    assert "\n" not in shown
    assert printable(shown) == shown
    assert shown == text or not text.isprintable()


def texts_of(assessment: ntm.Assessment, ladder: Ladder) -> list[str]:
    found = [repr(assessment), assessment._repr_html_()]
    for lang in ("vi", "en"):
        found += [assessment.summary(lang), assessment.report(lang), ladder.explain(lang)]
        found += [result.explain(lang) for result in assessment.results]
    return found + [result._repr_html_() for result in assessment.results]


def test_no_text_about_a_commune_carries_its_control_characters() -> None:
    commune = ntm.Commune(region="tn", year=2022, name=EVIL, host_id=EVIL, facts={"income_per_capita": 40})
    assessment = ntm.evaluate(RULES, commune)
    assert commune.name == EVIL
    for text in texts_of(assessment, ntm.evaluate_tiers("2021-2025", commune)):
        assert harmless(text), text
    assert json.loads(assessment.to_json())["commune"]["name"] == EVIL


def test_no_text_about_a_ruleset_carries_control_characters_of_its_files() -> None:
    words = {"vi": EVIL, "en": EVIL}
    indicator = {
        "no": "10",
        "label": words,
        "note": words,
        "citation": EVIL,
        "means": [words | {"source": EVIL}],
        "requires": {"at_least": {"fact": "income_per_capita", "value": 47}},
    }
    layer = {
        "layer": EVIL,
        "of": RULES.id,
        "kind": "amendment",
        "decision": {"number": EVIL, "issued": "unknown", "in_force": "unknown"},
        "replace_indicators": [indicator],
    }
    rules = ntm.load_ruleset(RULES.id, overlays=[layer])
    commune = ntm.Commune(region="tn", year=2022, facts={"income_per_capita": 40})
    assessment = ntm.evaluate(rules, commune)
    for text in texts_of(assessment, ntm.evaluate_tiers("2021-2025", commune, overlays=[layer])):
        assert harmless(text), text


def test_a_problem_is_said_without_control_characters_and_given_with_them() -> None:
    words = Text(EVIL, EVIL)
    problem = Problem(code="x", message=words, source=EVIL, key=EVIL, found=EVIL, wanted=words, nearest=EVIL)
    for text in (problem.describe("vi"), problem.describe("en")):
        assert text.isprintable()
    assert harmless(str(ntm.NtmRulesError([problem])))
    assert problem.to_dict()["key"] == EVIL


@pytest.mark.parametrize(
    "data",
    [
        {"facts": {EVIL: 1}},
        {"facts": {"income_per_capita": EVIL}},
        {"region": EVIL, "facts": {}},
        {"region": "tn", "zone": EVIL},
        {"region": "tn", "attested": {EVIL: True}},
        {EVIL: 1},
    ],
    ids=str,
)
def test_errors_about_a_commune_are_harmless(data: dict[str, Any]) -> None:
    with pytest.raises(ntm.NtmRulesError) as caught:
        ntm.evaluate(RULES, ntm.Commune.from_dict({"region": "tn"} | data))
    assert harmless(str(caught.value))


def said(ended: Ended) -> str:
    return ended.out + ended.err


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_command_says_nothing_harmful(tmp_path: Path, lang: str) -> None:
    good = {"region": "tn", "year": 2022, "name": EVIL, "facts": {"income_per_capita": 40}}
    bad = good | {"facts": {EVIL: 1}}
    content = lines(good, bad)
    for arguments in (["evaluate"], ["tiers", "2021-2025"]):
        ended = run(*arguments, "-", "--lang", lang, given=content)
        assert ended.code == 2
        assert SPELLED in ended.out
        assert SPELLED in ended.err
        assert harmless(said(ended)), said(ended)
    row = f'name,region,facts\n"{EVIL}",tn,1\n'.replace("\x00", "")
    for name, text in (("xa.yaml", f"name: {EVIL}"), ("xa.csv", row), ("xa.json", EVIL), ("xa.txt", EVIL)):
        ended = run("evaluate", written(tmp_path / name, text), "--lang", lang)
        assert harmless(said(ended)), said(ended)


def test_json_lines_keep_a_name_as_it_is() -> None:
    content = lines({"region": "tn", "name": EVIL, "facts": {}}, {"region": "tn", "name": EVIL, "facts": {"x": 1}})
    ended = run("evaluate", "-", "--format", "jsonl", given=content)
    good, bad = (json.loads(line) for line in ended.out.split("\n")[:-1])
    assert good["name"] == bad["name"] == EVIL
    (document,) = json.loads(run("evaluate", "-", "--format", "json", given=content).out)
    assert document["commune"]["name"] == EVIL


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", EVIL],
        ["evaluate", "-", "--ruleset", EVIL],
        ["evaluate", "-", "--on", EVIL],
        ["tiers", EVIL, "-"],
        ["show", EVIL],
        ["show", RULES.id, "--region", EVIL],
        ["show", RULES.id, "--province", EVIL],
        ["explain", RULES.id, EVIL],
        ["facts", RULES.id, "--overlay", EVIL],
        ["rulesets", "--source", EVIL],
        ["lint", EVIL],
        ["schema", EVIL],
        ["evaluate", "-", "--format", EVIL],
        ["evaluate", "-", "--threshold-year", EVIL],
        ["evaluate", "-", f"--{EVIL}"],
        [EVIL],
    ],
    ids=lambda arguments: arguments[0] + str(len(arguments)) if arguments[0] != EVIL else "command",
)
def test_arguments_are_said_back_harmlessly(arguments: list[str]) -> None:
    usable = [argument.replace("\x00", "") for argument in arguments]  # a command line has no NUL
    ended = run(*usable, given="")
    assert ended.code == (1 if arguments[0] == "lint" else 2)
    assert harmless(said(ended)), said(ended)


def layer_file(tmp_path: Path) -> str:
    words = {"vi": EVIL, "en": EVIL}
    indicator = {
        "no": "10",
        "label": words,
        "note": words,
        "citation": EVIL,
        "requires": {"at_least": {"fact": "income_per_capita", "value": 47, "seen_at": EVIL}},
    }
    layer = {
        "layer": EVIL,
        "of": RULES.id,
        "kind": "amendment",
        "decision": {"number": EVIL, "issued": "unknown", "in_force": "unknown"},
        "replace_indicators": [indicator],
    }
    return written(tmp_path / "l.yaml", json.dumps(layer))


@pytest.mark.parametrize("command", [["show"], ["evidence"], ["facts"], ["facts", "--format", "csv"], ["explain"]])
def test_rules_are_shown_harmlessly(tmp_path: Path, command: list[str]) -> None:
    name, *options = command
    number = ["10"] if name == "explain" else []
    ended = run(name, RULES.id, *number, *options, "--overlay", layer_file(tmp_path))
    assert ended.code == 0, ended.err
    assert SPELLED in ended.out or name == "evidence" or "csv" in options
    assert harmless(said(ended))


def test_findings_are_said_harmlessly(tmp_path: Path) -> None:
    assert harmless(said(run("lint", layer_file(tmp_path))))


def test_a_drawn_table_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("NO_COLOR", "1")
    output.table(["no"], [[EVIL]])
    assert "\x1b[2J" not in terminal.getvalue()
    assert "\\x1b[2J" in terminal.getvalue()
