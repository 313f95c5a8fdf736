"""What hosts receive beside assessments: ladders, lines, thresholds and summaries as plain data, and their schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import ntm_rules as ntm
from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.rulebook.schema import schemas

SCHEMAS = schemas()
NTM, EARLY_MODEL = "2021-2025/xa-ntm", "2016-2020/xa-ntm-kieu-mau"
POWER = "households_registered_reliable_power_pct"


def assert_valid(name: str, document: Any) -> None:
    assert [error.message for error in Draft202012Validator(SCHEMAS[name]).iter_errors(document)] == []


def commune(**given: Any) -> ntm.Commune:
    whole: dict[str, Any] = {"code": "00754", "region": "dbsh", "year": 2023, "facts": {POWER: "98.9"}}
    return ntm.Commune(**whole | given)


@pytest.mark.parametrize(("phase", "on"), [("2021-2025", None), ("2016-2020", None), ("2016-2020", "2017-01-01")])
def test_a_ladder_as_data_agrees_with_its_schema(phase: str, on: str | None) -> None:
    ladder = ntm.evaluate_tiers(phase, commune(), on=on)
    assert_valid("ladder", ladder.to_dict())
    assert json.loads(ladder.to_json()) == ladder.to_dict()


def test_the_schema_of_a_ladder_refuses_what_is_none() -> None:
    whole = ntm.evaluate_tiers("2021-2025", commune()).to_dict()
    wrongs: tuple[dict[str, Any], ...] = (
        {"format": "ntm-rules/ladder/2"},
        {"assessments": [{}]},
        {"next": 3},
        {"more": 1},
    )
    for wrong in wrongs:
        assert not Draft202012Validator(SCHEMAS["ladder"]).is_valid(whole | wrong)


def test_lines_agree_with_their_schema_those_of_errors_too(tmp_path: Path) -> None:
    good = {"code": "00754", "name": "Xã Một", "region": "dbsh", "year": 2023, "facts": {POWER: 50}}
    rows = [json.dumps(row) for row in (good, good | {"region": "đbsh", "host_id": 7}, good | {"facts": {POWER: 101}})]
    path = tmp_path / "xa.jsonl"
    path.write_text("\n".join([*rows, "{"]), encoding="utf-8")
    result = CliRunner().invoke(command, ["evaluate", str(path), "--ruleset", NTM, "--format", "jsonl"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert ["error" in line for line in lines] == [False, True, True, True]
    for line in lines:
        assert_valid("line", line)
        assert not Draft202012Validator(SCHEMAS["line"]).is_valid(line | {"more": 1})


def test_a_tier_not_yet_in_force_is_left_out_of_the_ladder_and_named() -> None:
    """691/QĐ-TTg came on 2018-06-05: in 2017 there was no kiểu mẫu."""
    ladder = ntm.evaluate_tiers("2016-2020", commune(year=2017), on="2017-01-01")
    assert EARLY_MODEL not in [assessment.ruleset.id for assessment in ladder.assessments]
    assert ladder.to_dict()["not_in_force"] == [EARLY_MODEL]
    assert f"{EARLY_MODEL}: not judged: 691/QĐ-TTg was not in force on this day (2017-01-01; from 2018-06-05)." in (
        ladder.explain("en")
    )
    assert ntm.evaluate_tiers("2016-2020", commune(), on="2018-06-05").not_in_force == ()


def test_a_day_before_every_tier_is_an_error() -> None:
    with pytest.raises(ntm.DateError) as caught:
        ntm.evaluate_tiers("2021-2025", commune(), on="2022-03-07")
    assert [problem.code for problem in caught.value.problems] == ["not_in_force"]


def test_a_day_that_is_none_is_an_error_of_the_ladder() -> None:
    with pytest.raises(ntm.DateError) as caught:
        ntm.evaluate_tiers("2021-2025", commune(), on="2022-02-30")
    assert [problem.code for problem in caught.value.problems] == ["bad_date"]


def test_the_command_leaves_the_tier_out_too(tmp_path: Path) -> None:
    path = tmp_path / "xa.json"
    path.write_text(json.dumps({"code": "00754", "region": "dbsh", "year": 2017}), encoding="utf-8")
    result = CliRunner().invoke(command, ["tiers", "2016-2020", str(path), "--on", "2017-01-01", "--lang", "en"])
    assert f"{EARLY_MODEL}: not judged" in result.stdout


def test_thresholds_facts_needed_risk_and_summaries_are_plain_data() -> None:
    ruleset = ntm.load_ruleset(NTM)
    assessment = ntm.evaluate(ruleset, commune())
    found: list[Any] = [
        ruleset.threshold("4.2", region="tn"),
        ruleset.threshold("5", region="tn"),
        ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau").threshold("2", region="tn", year=2023),
        assessment.at_risk,
        *assessment.facts_needed,
        *ntm.list_rulesets(),
    ]
    for one in found:
        assert json.loads(json.dumps(one.to_dict())) == one.to_dict()
    assert found[0].to_dict()["value"] == 98
    assert found[2].to_dict()["multiple"]["factor"]["value"] == "1.1"
    assert assessment.at_risk.to_dict() == assessment.to_dict()["at_risk"]


def test_what_a_column_does_not_ask_is_said_so_whatever_the_year() -> None:
    """5.a is asked everywhere but in dbsh and dnb, where every school is to be at level 1."""
    ruleset = ntm.load_ruleset(NTM)
    for year in (None, 2023):
        found = ruleset.threshold("5.a", region="dbsh", year=year)
        assert (bool(found), found.reason, found.value) == (False, "not_asked", None)
        assert "not asked in column Red river delta" in found.explain("en").replace("River", "river").replace(
            "Delta", "delta"
        )
    assert ruleset.threshold("5.a", region="tn", year=2023).value == 100


@pytest.mark.parametrize("year", ["2023", 1900, True, 2023.0])
def test_a_threshold_is_asked_for_a_year_that_facts_may_be_of(year: Any) -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.load_ruleset(NTM).threshold("10", region="tn", year=year)
    assert [problem.code for problem in caught.value.problems] == ["bad_year"]


@pytest.mark.parametrize(("region", "near"), [("common", None), ("dbsx", "dbsh")])
def test_one_common_column_takes_no_unknown_region(region: str, near: str | None) -> None:
    ruleset = ntm.load_ruleset(EARLY_MODEL)
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.evaluate(ruleset, commune(region=region))
    assert [(problem.code, problem.nearest) for problem in caught.value.problems] == [("unknown_region", near)]
    with pytest.raises(ntm.UnknownNameError) as asked:
        ruleset.threshold("1.1", region=region)
    assert asked.value.problems[0].code == "unknown_region"
    assert ntm.evaluate(ruleset, commune(region=None)).column == ntm.evaluate(ruleset, commune()).column == "common"
