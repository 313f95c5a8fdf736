"""The strategies reach what they promise: thresholds from both sides, passing communes, exactly these missing."""

from __future__ import annotations

import json
import shlex
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from tests.testing.helpers import NTM, numbers, overlaid, shipped, small

import ntm_rules as ntm
from ntm_rules.cli.commands import ntm_rules
from ntm_rules.model.values import Ratio
from ntm_rules.testing import CannotBeError, commune_file, communes, communes_missing, passing_communes
from ntm_rules.testing.documents import ruleset_document, written
from ntm_rules.testing.near import forms_of, possible, ratios_of, unit_beside, values_near

RULESETS = [
    (NTM, "2023-12-31", None),
    (NTM, None, None),
    ("2021-2025/xa-ntm-nang-cao", None, None),
    ("2021-2025/xa-ntm-kieu-mau", None, "nam-dinh"),
    ("2016-2020/xa-ntm", None, None),
]


def loaded(which: tuple[str, str | None, str | None]) -> ntm.Ruleset:
    ruleset, on, province = which
    return ntm.load_ruleset(ruleset, on=on, province=province)


# -- communes near thresholds

POWER = "households_registered_reliable_power_pct"

CHANGES = [
    ({"indicator": "4.2", "by_column": {"dbsh": "98.9"}}, "dbsh"),
    ({"indicator": "4.2", "by_column": {"dbsh": "99.1"}}, "dbsh"),
    ({"indicator": "15.3", "by_column": {"btb": "23.9"}}, "btb"),
    ({"indicator": "15.1", "by_column": {"dnb": "90.1"}}, "dnb"),
    ({"indicator": "10", "by_year": {"2022": {"tn": "44.5"}}}, "tn"),
]


@pytest.mark.parametrize(("change", "region"), CHANGES, ids=lambda value: str(value)[:60])
def test_one_moved_cell_is_found_within_a_few_hundred_examples(change: dict[str, object], region: str) -> None:
    """Of uniformly random communes 20,000 do not find it."""
    old, new = shipped(), overlaid(change)

    def differs(commune: ntm.Commune) -> bool:
        return ntm.evaluate(old, commune).codes != ntm.evaluate(new, commune).codes

    few = settings(max_examples=400, database=None, deadline=None)
    found = find(communes(old, region=region), differs, settings=few, random=Random(1))  # noqa: S311
    assert len(found.facts) <= 3, "shrinking leaves what matters"


def test_a_commune_stands_exactly_on_a_threshold_and_a_unit_to_each_side() -> None:
    ruleset = shipped()
    for wanted in (Decimal("98.9"), Decimal(99), Decimal("99.1")):
        few = settings(max_examples=2000, database=None)
        find(communes(ruleset, region="dbsh"), partial(has_power, wanted), settings=few, random=Random(2))  # noqa: S311


def has_power(wanted: Decimal, commune: ntm.Commune) -> bool:
    return commune.facts.get(POWER) == wanted


def test_communes_come_special_by_sex_as_ratios_and_with_nothing_known() -> None:
    ruleset = shipped()
    kinds = {
        "zone": lambda commune: bool(commune.zones),
        "nothing": lambda commune: not commune.facts,
        "men": lambda commune: any(key.endswith(".male") for key in commune.facts),
        "ratio": lambda commune: any(isinstance(value, Ratio) for value in commune.facts.values()),
        "outside": lambda commune: commune.year == 2026,
        "attested": lambda commune: bool(commune.attested),
    }
    for wanted in kinds.values():
        few = settings(max_examples=500, database=None)
        find(communes(ruleset, attested=True), wanted, settings=few, random=Random(3))  # noqa: S311


def test_region_and_year_can_be_pinned() -> None:
    with pytest.raises(NoSuchExample):
        find(
            communes(shipped(), region="tn", year=2024),
            lambda commune: (commune.region, commune.year) != ("tn", 2024),
            settings=settings(max_examples=50, database=None),
        )


def test_of_a_provinces_ruleset_communes_lie_in_the_province() -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau", province="nam-dinh")
    with pytest.raises(NoSuchExample):
        find(
            communes(ruleset),
            lambda commune: commune.region != "dbsh",
            settings=settings(max_examples=50, database=None),
        )


# -- communes that pass, or miss exactly so much


@pytest.mark.parametrize("which", RULESETS, ids=str)
@given(data=st.data())
def test_passing_communes_pass_with_prerequisites_and_conditions(
    which: tuple[str, str | None, str | None], data: st.DataObject
) -> None:
    ruleset = loaded(which)
    assessment = ntm.evaluate(ruleset, data.draw(passing_communes(ruleset)))
    assert (assessment.missing, assessment.undetermined) == ((), ())
    assert (assessment.verdict, assessment.recognition) == (ntm.Verdict.MET, ntm.Verdict.MET)
    assert not assessment.conflicts


@pytest.mark.parametrize("which", RULESETS, ids=str)
@given(data=st.data())
def test_communes_missing_miss_exactly_these(which: tuple[str, str | None, str | None], data: st.DataObject) -> None:
    ruleset = loaded(which)
    chosen = data.draw(st.sets(st.sampled_from(ruleset.numbers), min_size=1, max_size=3))
    assessment = ntm.evaluate(ruleset, data.draw(communes_missing(ruleset, *chosen)))
    assert set(assessment.numbers(ntm.Status.MISSING)) == chosen
    assert assessment.undetermined == ()


@given(data=st.data())
def test_an_indicator_without_a_threshold_is_missing_by_an_attested_verdict(data: st.DataObject) -> None:
    commune = data.draw(communes_missing(shipped(), "2.1"))
    assert commune.attested[f"{NTM}:2.1"] is False
    assert commune.attested[f"{NTM}:2.2"] is True


def test_what_cannot_be_missing_is_an_error_that_says_so() -> None:
    never = small({"at_least": {"fact": "pct1", "value": "0"}}, {"met": "yes0"})
    with pytest.raises(CannotBeError) as caught:
        find(communes_missing(never, "1.1"), lambda commune: True, settings=settings(database=None))
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("cannot_be", "1.1")
    assert "no commune misses exactly these" in problem.describe("en")


def test_communes_pass_beside_an_alternative_without_a_threshold() -> None:
    """What is met otherwise needs no word of an agency."""
    part = {"label": {"vi": "a", "en": "a"}}
    open_ = {"at_least": {"fact": "pct1", "by_column": {"dbsh": "UBND", "tn": "UBND", "dnb": "unset"}}}
    parts = [{"part": "a", **part, "requires": {"met": "yes0"}}, {"part": "b", **part, "requires": open_}]
    ruleset = small({"any": parts})
    with pytest.raises(NoSuchExample):
        find(
            passing_communes(ruleset),
            lambda commune: bool(commune.attested) or numbers(ruleset, commune, ntm.Status.MET) != {"1.1"},
            settings=settings(max_examples=20, database=None),
        )


def test_thresholds_that_exclude_each_other_let_no_commune_pass() -> None:
    torn = small({"at_least": {"fact": "pct1", "value": "90"}}, {"at_most": {"fact": "pct1", "value": "80"}})
    with pytest.raises(CannotBeError):
        find(passing_communes(torn), lambda commune: True, settings=settings(database=None))


def test_an_unknown_number_is_named_at_once() -> None:
    with pytest.raises(ntm.UnknownNameError) as caught:
        communes_missing(shipped(), "17.99")
    assert caught.value.problems[0].nearest is not None


def test_every_kind_of_requirement_can_be_reached_both_ways() -> None:
    part = {"label": {"vi": "a", "en": "a"}, "requires": {"met": "yes0"}}
    parts = [{"part": name, **part, "requires": {"met": f"yes{place}"}} for place, name in enumerate("abc")]
    branch = {"condition": {"at_least": {"fact": "cnt0", "value": "4"}}, "then": parts[0], "otherwise": parts[1]}
    requirements: list[dict[str, Any]] = [
        {"some": {"at_least": "2", "of": parts}},
        {"any": parts},
        {"all": parts},
        {"when": branch},
        {"one_of": {"fact": "cat0", "values": ["khá"]}},
        {"at_least": {"fact": "num0", "times_fact": {"fact": "num1", "factor": "1.5"}}},
        {"at_least": {"fact": "pct0", "value": "90", "both_sexes": "true"}},
        {"equal": {"fact": "pct1", "value": "100"}},
    ]
    few = settings(max_examples=10, database=None)
    for requirement in requirements:
        ruleset = small(requirement)
        for strategy, wanted in (
            (passing_communes(ruleset), ntm.Status.MET),
            (communes_missing(ruleset, "1.1"), ntm.Status.MISSING),
        ):
            with pytest.raises(NoSuchExample):
                find(strategy, partial(is_otherwise, ruleset, wanted), settings=few)


def is_otherwise(ruleset: ntm.Ruleset, wanted: ntm.Status, commune: ntm.Commune) -> bool:
    return numbers(ruleset, commune, wanted) != {"1.1"}


# -- values and files


def test_values_near_a_threshold() -> None:
    fact = shipped().catalogue.facts["health_insurance_pct"]
    near = values_near(fact, [Decimal(95)])
    for wanted in (
        Decimal(95),
        95,
        95.0,
        "95",
        Decimal("94.9"),
        Decimal("95.1"),
        {"numerator": 95, "denominator": 100},
    ):
        assert wanted in near
    assert all(possible(fact, value) for value in near if isinstance(value, Decimal))


def test_forms_and_ratios_say_the_same_number() -> None:
    for value in (Decimal("6.5"), Decimal(90), Decimal("0.001")):
        given_as = [ntm.Commune(facts={"x": form}).facts["x"] for form in forms_of(value)]
        assert set(given_as) == {value}
        assert Ratio(**ratios_of(value)).percent == value
        assert unit_beside(value) < 1


LOWER = {"set_thresholds": [{"indicator": "4.2", "by_column": {"dbsh": "99.9"}}]}
DRAFT: dict[str, Any] = {"layer": "9/QĐ", "of": NTM, "kind": "province", "province": "nam-dinh", **LOWER}
DRAFT |= {"decision": {"number": "9/QĐ", "issued": "2022-09-01", "in_force": "2022-09-01"}}


def command_of(commune: ntm.Commune, ruleset: ntm.Ruleset) -> str:
    return commune_file(commune, ruleset).splitlines()[0]


def test_the_command_of_a_file_names_overlays_and_rulebook(tmp_path: Path) -> None:
    commune = ntm.Commune(region="dbsh", year=2023, facts={POWER: "99.5"})
    layer = tmp_path / "dự thảo.yaml"
    layer.write_text(json.dumps(DRAFT), "utf-8")
    ruleset = ntm.load_ruleset(NTM, overlays=[layer])
    assert command_of(commune, ruleset) == f"# ntm-rules evaluate FILE.yaml --ruleset {NTM} --overlay '{layer}'"
    path = tmp_path / "xa.yaml"
    path.write_text(commune_file(commune, ruleset), "utf-8")
    _, _, *arguments = shlex.split(command_of(commune, ruleset).removeprefix("# ").replace("FILE.yaml", ""))
    done = CliRunner().invoke(ntm_rules, ["evaluate", str(path), *arguments, "--format", "jsonl"])
    assert [each["id"] for each in json.loads(done.stdout)["missing"]] == ["4.2"]
    assert "4.2" in ntm.evaluate(ruleset, commune).numbers(ntm.Status.MISSING)


def test_an_overlay_that_is_no_file_is_written_out_below_the_command() -> None:
    ruleset = ntm.load_ruleset(NTM, overlays=[DRAFT])
    command, document, *_ = commune_file(ntm.Commune(region="dbsh"), ruleset).splitlines()
    assert command.endswith("--overlay overlay-1.yaml")
    assert json.loads(document.partition("): ")[2]) == DRAFT


def test_the_command_names_a_rulebook_of_ones_own(tmp_path: Path) -> None:
    written(tmp_path, [ruleset_document({"met": "yes0"})])
    ruleset = ntm.load_ruleset("2030-2035/xa-khac", source=tmp_path)
    command = command_of(ntm.Commune(region="dbsh"), ruleset)
    assert command == f"# ntm-rules evaluate FILE.yaml --ruleset 2030-2035/xa-khac --source {tmp_path}"


@pytest.mark.parametrize("which", RULESETS[:3], ids=str)
@given(data=st.data())
def test_a_commune_written_as_a_file_is_the_same_commune(
    which: tuple[str, str | None, str | None], data: st.DataObject
) -> None:
    ruleset = loaded(which)
    commune = data.draw(communes(ruleset, attested=True))
    (read,) = ntm.read_communes(commune_file(commune, ruleset).encode(), format="yaml")
    assert ntm.evaluate(ruleset, read).statuses == ntm.evaluate(ruleset, commune).statuses
    assert read.facts == commune.facts
