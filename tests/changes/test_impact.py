"""What a change does to a population, held against judging every commune by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import ntm_rules as ntm
from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.engine.reference import Judge
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.rulebook.boundary_documents import ImpactDocument
from ntm_rules.rulebook.schema import schemas
from ntm_rules.testing.documents import built, ruleset_document

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
RULESET = "2021-2025/xa-ntm"
COMMON: dict[str, Any] = {"region": "dbsh", "year": 2023}


def texts() -> tuple[ntm.Ruleset, ntm.Ruleset]:
    """The text before and after 211/QĐ-TTg."""
    return ntm.load_ruleset(RULESET, on="2024-02-29"), ntm.load_ruleset(RULESET, on="2024-03-01")


def raised(indicator: str, value: str) -> tuple[ntm.Ruleset, ntm.Ruleset]:
    """The text of 2023, and the same with one threshold set for every column."""
    layer = {
        "layer": "one threshold",
        "of": RULESET,
        "kind": "amendment",
        "decision": {"number": "unknown", "issued": "unknown", "in_force": "unknown"},
        "set_thresholds": [{"indicator": indicator, "value": value, "evidence": "confirmed"}],
    }
    return (
        ntm.load_ruleset(RULESET, on="2023-12-31"),
        ntm.load_ruleset(RULESET, on="2023-12-31", overlays=[layer]),
    )


def whole(ruleset: ntm.Ruleset, **facts: Any) -> ntm.Commune:
    """A commune that an agency attests for every indicator, with some figures of its own."""
    attested = {f"{ruleset.id}:{number}": True for number in ruleset.numbers}
    return ntm.Commune(name="Xã Ví Dụ", facts=facts, attested=attested, **COMMON)


POWER = "households_registered_reliable_power_pct"


def test_a_commune_between_the_thresholds_loses_by_that_indicator() -> None:
    old, new = raised("4.2", "99.5")
    found = ntm.impact(old, new, [whole(old, **{POWER: value}) for value in ("98.9", "99", "99.2", "99.5")])
    assert [effect.loses for effect in found.effects] == [False, True, True, False]
    assert [effect.lost for effect in found.loses] == [("4.2",), ("4.2",)]
    assert {(i.new, i.lost, i.won) for i in found.indicators if i.lost or i.won} == {("4.2", 2, 0)}


def test_a_lowered_threshold_gains_and_mirrors() -> None:
    old, new = raised("4.2", "98")
    communes = [whole(old, **{POWER: value}) for value in ("97.9", "98", "98.9", "99")]
    there, back = ntm.impact(old, new, communes), ntm.impact(new, old, communes)
    assert [effect.gains for effect in there.effects] == [False, True, True, False]
    assert [effect.loses for effect in back.effects] == [effect.gains for effect in there.effects]
    assert [effect.won for effect in there.gains] == [effect.lost for effect in back.loses]


def test_the_same_text_moves_nobody() -> None:
    old, _ = texts()
    found = ntm.impact(old, old, [whole(old), whole(old, **{POWER: 12})])
    assert not found.gains
    assert not found.loses
    assert all(i.old == i.new and not (i.lost or i.won or i.opened) for i in found.indicators)


def test_an_indicator_that_asks_for_other_facts_is_open_until_they_are_known() -> None:
    old, new = texts()  # 211/QĐ-TTg: 18.4 has three contents from 2024-03-01
    facts = {"access_to_law_standard_2021": True}
    (effect,) = ntm.impact(old, new, [ntm.Commune(facts=facts, **COMMON)]).effects
    assert effect.opened == ("18.4",)
    assert not effect.lost


@pytest.mark.parametrize(
    ("value", "margin", "near", "thin"),
    [
        ("98.01", "1", True, False),  # 1 % of 99 is 0.99
        ("98", "1", False, False),
        ("99.99", "1", False, True),
        ("100", "1", False, False),
        ("98.9", "0", False, False),
        ("99", "0", False, True),
    ],
)
def test_the_margin_is_a_share_of_the_threshold_and_counts_its_edge(
    value: str, margin: str, near: bool, thin: bool
) -> None:
    old, _ = raised("4.2", "99")
    found = ntm.impact(old, old, [whole(old, **{POWER: value})], margin=margin)
    assert [("4.2" in effect.near, "4.2" in effect.thin) for effect in found.effects] == [(near, thin)]
    assert [effect.almost for effect in found.effects] == [near]


# -- near and thin where there are parts: every number within 5 % of its threshold on the good side, or on the bad one


def part(letter: str, fact: str, value: str, kind: str = "at_least", **more: Any) -> dict[str, Any]:
    return {"part": letter, "label": {"vi": "x", "en": "x"}, "requires": {kind: {"fact": fact, "value": value, **more}}}


A, B, C = (part(letter, fact, "50") for letter, fact in (("a", "pct1"), ("b", "pct2"), ("c", "num1")))
ANY, ALL, TWO = {"any": [A, B]}, {"all": [A, B]}, {"some": {"at_least": "2", "of": [A, B, C]}}
BRANCH = {"when": {"condition": {"at_least": {"fact": "num1", "value": "5"}}, "then": A, "otherwise": B}}
SEXES = part("a", "pct0", "50", both_sexes="true")["requires"]
MULTIPLE = {"at_least": {"fact": "mon0", "times_fact": {"fact": "num1", "factor": "1.5"}}}


@pytest.mark.parametrize(
    ("requires", "facts", "near", "thin"),
    [
        (ANY, {"pct1": 49, "pct2": 0}, True, False),
        (ANY, {"pct1": 49}, True, False),  # open, and met by that part alone
        (ANY, {"pct1": 40, "pct2": 0}, False, False),
        (ANY, {"pct1": 50, "pct2": 100}, False, False),
        (ANY, {"pct1": 50, "pct2": 51}, False, True),
        (ANY, {"pct1": 50}, False, True),  # without that part it would be open
        (ALL, {"pct1": 49, "pct2": 49}, True, False),
        (ALL, {"pct1": 49, "pct2": 40}, False, False),
        (ALL, {"pct1": 49}, False, False),  # the other part is not known
        (ALL, {"pct1": 50, "pct2": 100}, False, True),
        (ALL, {"pct1": 100, "pct2": 100}, False, False),
        (TWO, {"pct1": 49, "pct2": 60, "num1": 0}, True, False),
        (TWO, {"pct1": 49, "pct2": 0, "num1": 0}, False, False),
        (TWO, {"pct1": 50, "pct2": 60, "num1": 60}, False, False),
        (TWO, {"pct1": 50, "pct2": 50, "num1": 60}, False, True),
        (BRANCH, {"num1": 5, "pct1": 49, "pct2": 0}, True, False),  # which branch is taken is no threshold
        (BRANCH, {"num1": "4.9", "pct1": 49, "pct2": 0}, False, False),
        (BRANCH, {"pct1": 49, "pct2": 50}, True, False),  # open, and either branch would do
        (BRANCH, {"pct1": 49, "pct2": 0}, False, False),
        (SEXES, {"pct0.male": 49, "pct0.female": 49}, True, False),
        (SEXES, {"pct0.male": 49, "pct0.female": 10}, False, False),
        (SEXES, {"pct0.male": 49}, False, False),
        (SEXES, {"pct0.male": 50, "pct0.female": 90}, False, True),
        (SEXES, {"pct0": 49}, False, False),
        (MULTIPLE, {"mon0": "43.5", "num1": 30}, True, False),
        (MULTIPLE, {"mon0": "47", "num1": 30}, False, True),
        (MULTIPLE, {"mon0": "48", "num1": 30}, False, False),
        ({"equal": {"fact": "pct1", "value": "50"}}, {"pct1": 51}, True, False),
        ({"equal": {"fact": "pct1", "value": "50"}}, {"pct1": 50}, False, True),
        ({"at_most": {"fact": "pct1", "value": "0"}}, {"pct1": "0.01"}, False, False),
        ({"at_most": {"fact": "pct1", "value": "0"}}, {"pct1": 0}, False, True),
        ({"at_most": {"fact": "num0", "value": "-100"}}, {"num0": -96}, True, False),
        ({"at_least": {"fact": "cat0", "value": "khá"}}, {"cat0": "trung bình"}, False, False),
    ],
)
def test_near_and_thin_of_parts(requires: dict[str, Any], facts: dict[str, Any], near: bool, thin: bool) -> None:
    ruleset = built([ruleset_document(requires)])
    (effect,) = ntm.impact(ruleset, ruleset, [ntm.Commune(region="tn", year=2031, facts=facts)]).effects
    assert ((effect.near == ("1",)), (effect.thin == ("1",))) == (near, thin)
    missing = ntm.evaluate(ruleset, ntm.Commune(region="tn", year=2031, facts=facts)).numbers(Status.MISSING)
    assert effect.almost is (near and bool(missing))


def test_an_attested_verdict_decides_what_the_margin_leaves_open() -> None:
    ruleset = built([ruleset_document(ALL)])
    commune = ntm.Commune(region="tn", year=2031, facts={"pct1": 50}, attested={"1": True})
    (effect,) = ntm.impact(ruleset, ruleset, [commune]).effects
    assert effect.thin == ("1",)  # just below, the figure would decide against the agency
    commune = commune.replace(facts={"pct1": 49}, attested={"1": True})
    (effect,) = ntm.impact(ruleset, ruleset, [commune]).effects
    assert effect.near == ("1",)  # just above, nothing would speak against it


def test_a_population_is_judged_without_working_out_results_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = raised("4.2", "99.5")
    communes = [whole(old, **{POWER: "99.2"}), ntm.Commune(facts={POWER: "99.2"}, **COMMON)]
    expected = ntm.impact(old, new, communes)

    def costly(*_: Any) -> Any:
        raise AssertionError("a result in full")

    monkeypatch.setattr(Judge, "result", costly)
    assert ntm.impact(old, new, communes).to_json() == expected.to_json()


def test_far_from_one_threshold_is_not_almost() -> None:
    old, _ = raised("4.2", "99")
    commune = whole(old, **{POWER: "98.9", "income_per_capita": 12})
    (effect,) = ntm.impact(old, old, [commune]).effects
    assert "4.2" in effect.near
    assert not effect.almost


def test_a_commune_that_cannot_be_judged_is_named_and_the_rest_go_on() -> None:
    old, new = texts()
    bad = ntm.Commune(name="Xã Sai", region="dbsh", year=2023, facts={POWER: 101})
    found = ntm.impact(old, new, [bad, whole(old)])
    assert [name for name, _ in found.refused] == ["Xã Sai"]
    assert len(found.effects) == 1
    assert "Xã Sai" in found.report("vi")


@pytest.mark.parametrize("margin", ["-1", "NaN", "abc", None, True])
def test_a_margin_that_is_none_is_refused(margin: Any) -> None:
    old, _ = texts()
    with pytest.raises(ntm.FactError, match="biên"):
        ntm.impact(old, old, [], margin=margin)


_PERCENT = st.integers(0, 200).map(lambda halves: Decimal(halves) / 2)
_KEYS = (POWER, "households_hygienic_facilities_pct", "income_per_capita", "health_insurance_pct")


@given(st.lists(st.dictionaries(st.sampled_from(_KEYS), _PERCENT), max_size=6), st.sampled_from(["98", "99.5"]))
def test_counts_are_those_of_judging_each_commune_by_hand(population: list[dict[str, Any]], value: str) -> None:
    old, new = raised("4.2", value)
    communes = [whole(old, **facts) for facts in population]
    found = ntm.impact(old, new, communes)
    moves: dict[str, list[tuple[Status, Status]]] = {number: [] for number in new.numbers}
    gains = loses = 0
    for commune in communes:
        before, after = ntm.evaluate(old, commune), ntm.evaluate(new, commune)
        gains += before.verdict is not Verdict.MET and after.verdict is Verdict.MET
        loses += before.verdict is Verdict.MET and after.verdict is not Verdict.MET
        for number in new.numbers:
            moves[number].append((before.indicator(number).status, after.indicator(number).status))
    assert (len(found.gains), len(found.loses)) == (gains, loses)
    for indicator in found.indicators:
        assert indicator.new is not None
        own = moves[indicator.new]
        assert indicator.lost == sum(b is not Status.MISSING and a is Status.MISSING for b, a in own)
        assert sum(indicator.moves.values()) == len(communes)


@given(st.fixed_dictionaries({POWER: _PERCENT}), st.integers(0, 20))
def test_near_and_thin_are_exact(facts: dict[str, Any], margin: int) -> None:
    old, _ = raised("4.2", "99")
    (effect,) = ntm.impact(old, old, [whole(old, **facts)], margin=margin).effects
    within = abs(Fraction(facts[POWER]) - 99) <= Fraction(99 * margin, 100)
    assert ("4.2" in effect.near + effect.thin) is within


def test_it_says_so_in_words_in_html_and_in_data() -> None:
    old, new = raised("4.2", "99.5")
    found = ntm.impact(old, new, [whole(old, **{POWER: "99.2"})])
    assert "nay trượt 4.2" in found.report("vi")
    assert "now missing 4.2" in found.report("en")
    assert "█" in found.report("vi")
    assert found._repr_html_().count("<tr>") == 2
    data = json.loads(found.to_json())
    assert data["format"] == "ntm-rules/impact/1"
    assert [effect["lost"] for effect in data["loses"]] == [["4.2"]]
    assert str(found) == found.report("vi")
    assert repr(found).endswith("1 communes, 0 gain, 1 lose>")


def test_who_is_within_the_margin_is_named_in_every_form() -> None:
    old, _ = raised("4.2", "99")
    communes = [whole(old, **{POWER: value}).replace(name=f"Xã {i}") for i, value in enumerate(["98.9"] * 23 + ["99"])]
    communes.append(whole(old, **{POWER: "98.9", "income_per_capita": 12}).replace(name="Xã Xa"))  # far by another
    found = ntm.impact(old, old, communes, margin=1)
    assert len(found.near) == 24
    assert [effect.name for effect in found.thin] == ["Xã 23"]
    text = found.report("vi")
    assert "GẦN ĐẠT" in text
    assert "(24)\n  Xã 0: 4.2\n" in text
    assert "… và 4 xã nữa" in text
    assert "  Xã 23: 4.2\n" in text
    assert "(trong biên: 24 gần đạt, 1 đạt sát mức)" in text  # although no indicator moves
    assert "no indicator changes its result\n  4.2" in found.report("en")
    data = json.loads(found.to_json())
    assert len(data["near"]) == 24
    assert data["near"][-1]["name"] == "Xã Xa"
    assert [effect["thin"] for effect in data["thin"]] == [["4.2"]]
    html = found.to_html("vi")
    assert "<li>Xã Xa: 4.2</li>" in html
    assert "<li>Xã 23: 4.2</li>" in html
    assert "<td>24</td><td>1</td></tr>" in html


def test_its_json_follows_the_schema() -> None:
    old, new = raised("4.2", "99.5")
    communes = [whole(old, **{POWER: value}) for value in ("98.9", "99.2", "99.5")]
    communes += [whole(old).replace(code=7, host_id={"id": 1}), ntm.Commune(**COMMON), ntm.Commune(region="xx")]
    communes.append(ntm.Commune(facts={POWER: "99.2"}, **COMMON))
    lower, higher = (ntm.load_ruleset(name) for name in ("2016-2020/xa-ntm", "2021-2025/xa-ntm-nang-cao"))
    found = [
        ntm.impact(old, new, communes, margin="0.5"),
        ntm.impact(new, old, communes),
        ntm.impact(lower, higher, communes[-2:]),
    ]
    for impact in found:
        data = json.loads(impact.to_json())
        Draft202012Validator(schemas()["impact"]).validate(data)
        assert list(data) == list(ImpactDocument.model_fields)
        assert ImpactDocument.model_validate_json(impact.to_json()).model_dump(mode="json") == data
        assert data["new"] == impact.new.reference()
    assert all(
        any(getattr(impact, group) for impact in found)
        for group in ("gains", "loses", "falls", "rises", "almost", "near", "thin", "refused")
    )


def test_html_is_one_page_of_its_own_and_a_fragment_in_a_notebook() -> None:
    old, new = raised("4.2", "99.5")
    found = ntm.impact(old, new, [whole(old, **{POWER: "99.2"}), ntm.Commune(name="Xã Sai", region="xx", facts={})])
    page, part = found.to_html(), found._repr_html_()
    assert page.startswith('<!DOCTYPE html>\n<html lang="vi">\n<head>\n<meta charset="utf-8">\n')
    assert '<meta name="viewport" content="width=device-width' in page
    assert "<title>Tác động" in page
    assert part.startswith("<div>")
    assert part in page
    assert not set(
        re.findall(r"""(?:src|href|url)\b(?!="data:,")""", page)
    )  # nothing is fetched, nor an icon asked for
    assert found.to_html("en").startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "KHÔNG XÉT ĐƯỢC (1)" in page
    assert "<li>Xã Sai: region: không có vùng này" in page


def test_names_are_escaped_in_html() -> None:
    old, new = raised("4.2", "99.5")
    found = ntm.impact(old, new, [whole(old, **{POWER: "99.2"}).replace(name="<script>")])
    assert "<script>" not in found.to_html("vi")


def test_a_commune_with_open_indicators_falls_and_rises() -> None:
    old, new = raised("4.2", "99.5")
    commune = ntm.Commune(facts={POWER: "99.2"}, **COMMON)
    (there,), (back,) = ntm.impact(old, new, [commune]).effects, ntm.impact(new, old, [commune]).effects
    assert (there.falls, there.rises, there.loses, there.gains) == (True, False, False, False)
    assert (back.falls, back.rises, back.loses, back.gains) == (False, True, False, False)
    assert "XUỐNG" in ntm.impact(old, new, [commune]).report("vi")
    assert "RISE" in ntm.impact(new, old, [commune]).report("en")


def test_the_command_takes_the_old_one_from_another_rulebook() -> None:
    own, book, file = "2026-2030/xa-vi-du", str(EXAMPLES / "rulebook"), str(EXAMPLES / "xa-vi-du.yaml")
    arguments = ["impact", own, own, file, "--source", book]
    assert "unknown_ruleset" in CliRunner().invoke(command, arguments).output
    result = CliRunner().invoke(command, [*arguments, "--old-source", book])
    assert result.exit_code == 0
    assert "chưa xác định → chưa xác định: 1" in result.output


def test_judging_imports_nothing_that_compares_or_proves() -> None:
    code = "import sys, ntm_rules; sys.exit(any(name.startswith('ntm_rules.changes') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert {"compare", "impact", "prove"} <= set(dir(ntm))
    assert ntm.Impact.__name__ == "Impact"
    with pytest.raises(AttributeError, match="no attribute 'improve'"):
        _ = ntm.improve


def test_the_command_takes_a_province_or_a_draft_for_the_old_one() -> None:
    book, file = str(EXAMPLES / "nang-muc-vi-du.yaml"), str(EXAMPLES / "muoi-xa-vi-du.csv")
    arguments = ["impact", RULESET, RULESET, file, "--overlay", book, "--old-overlay", book, "--lang", "en"]
    output = CliRunner().invoke(command, arguments).output
    assert "Impact of 2021-2025/xa-ntm (dak-nong) → 2021-2025/xa-ntm (dak-nong)" in output
    assert "no indicator changes its result" in output
    own = "2021-2025/xa-ntm-kieu-mau"
    arguments = ["impact", own, own, str(EXAMPLES / "xa-vi-du.yaml"), "--old-province", "Nam Định", "--lang", "en"]
    assert f"Impact of {own} (nam-dinh) → {own}:" in CliRunner().invoke(command, arguments).output


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_the_command_ends_with_2_where_a_commune_is_refused_and_names_it_in_every_form(
    form: str, tmp_path: Path
) -> None:
    file = tmp_path / "xa.jsonl"
    good, bad = {"name": "Xã Tốt", **COMMON, "facts": {}}, {"name": "Xã Sai", "code": 7, "region": "xx", "facts": {}}
    file.write_text("\n".join(map(json.dumps, (good, bad, {"name": "Xã Hỏng", "year": "x"}))), "utf-8")
    arguments = ["impact", f"{RULESET}@2024-02-29", f"{RULESET}@2024-03-01", str(file), "--format", form]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    for output in (result.stdout, result.stderr):
        assert "Xã Sai (00007)" in output  # refused when it is judged
        assert "Xã Hỏng" in output  # and when it is read
    if form == "json":
        assert [refused["commune"] for refused in json.loads(result.stdout)["refused"]] == ["Xã Hỏng", "Xã Sai (00007)"]


CSV = "code,name,region,year,health_insurance_pct.male\n"


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_a_commune_given_twice_is_refused_with_both_places(form: str, tmp_path: Path) -> None:
    one, other = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text(
        f"{CSV}99001,A,dbsh,2024,95\n99001,A,dbsh,2023,95\n99001,A,dbsh,2024,90\n,B,dbsh,2024,90\n,B,dbsh,2024,90\n",
        "utf-8",
    )
    other.write_text(f"{CSV}99001,A,dbsh,2023,95\n99002,C,dbsh,2024,95\n", "utf-8")
    files = [str(one), str(other)]
    result = CliRunner().invoke(command, ["impact", RULESET, RULESET, *files, "--format", form, "--lang", "en"])
    assert result.exit_code == 2
    for place, first in ((f"{one}:4", f"{one}:2"), (f"{other}:2", f"{one}:3")):
        assert re.search(f"{re.escape(place)}: code: .*was given at {re.escape(first)}", result.stderr)
    assert result.stderr.count("[commune_twice]") == 2
    if form == "json":
        found = json.loads(result.stdout)
        assert found["communes"] == 5
        assert [refused["commune"] for refused in found["refused"]] == ["A", "A"]


def test_a_commune_given_twice_counts_once() -> None:
    old, new = raised("4.2", "100")
    commune = whole(old, **{POWER: 99}).replace(code="99001")
    once, twice = (ntm.impact(old, new, [commune] * times) for times in (1, 2))
    assert twice.effects == once.effects
    ((name, (problem,)),) = twice.refused
    assert (name, problem.code, problem.key) == ("Xã Ví Dụ (99001)", "commune_twice", "code")
    assert "communes[0]" in problem.describe("vi")
    nameless = commune.replace(code=None)
    assert len(ntm.impact(old, new, [nameless, nameless, commune, commune.replace(year=2024)]).effects) == 4


def test_it_says_that_it_looks_at_verdicts_where_recognition_changes_too() -> None:
    before, after = (ntm.load_ruleset(RULESET, on=day) for day in ("2024-03-01", "2024-03-07"))
    found = ntm.impact(before, after, [])
    assert found.recognition == ("security",)
    assert "Verdicts only; conditions of recognition change too: security" in found.report("en")
    assert "điều kiện công nhận cũng thay đổi: security" in found.to_html("vi")
    assert found.to_dict()["recognition"] == ["security"]
    old, new = texts()
    assert ntm.impact(old, new, []).recognition == ()
    assert "Verdicts only" not in ntm.impact(old, new, []).report("en")
