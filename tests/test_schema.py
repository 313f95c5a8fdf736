"""The JSON Schemas: current, valid, agreeing with every shipped file and with what the library gives and takes."""

from __future__ import annotations

import copy
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

import ntm_rules as ntm
from ntm_rules.rulebook.boundary_documents import AssessmentDocument, CommuneDocument
from ntm_rules.rulebook.rulebook import Rulebook, shipped
from ntm_rules.rulebook.schema import schemas, write_schemas

SCHEMAS = schemas()
NAMES = (
    "assessment",
    "commune",
    "difference",
    "event",
    "facts",
    "impact",
    "ladder",
    "layer",
    "line",
    "proof",
    "reactions",
    "regions",
    "report",
    "ruleset",
    "tests",
)


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: no dates, no yes/no/on/off, no octal numbers with a bare 0."""


CoreLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"|~|null|Null|NULL", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def text_keys(value: Any) -> Any:
    """JSON has text keys only, so an editor holds the key 2022 as "2022"."""
    if isinstance(value, Mapping):
        return {str(key): text_keys(content) for key, content in value.items()}
    return [text_keys(item) for item in value] if isinstance(value, list) else value


def as_editor(text: str) -> Any:
    return text_keys(yaml.load(text, Loader=CoreLoader))  # noqa: S506 - a subclass of the safe loader


def errors(name: str, document: Any) -> list[str]:
    found = Draft202012Validator(SCHEMAS[name]).iter_errors(document)
    return ["/".join(map(str, error.absolute_path)) + ": " + error.message for error in found]


def schema_of(relative: str) -> str:
    if relative.startswith("demo/"):
        return "commune"
    if relative.endswith(".test.yaml"):
        return "tests"
    if relative in ("facts.yaml", "reactions.yaml", "regions.yaml"):
        return relative.removesuffix(".yaml")
    return "ruleset" if relative.count("/") == 1 else "layer"


FILES = sorted(
    path.relative_to(shipped()).as_posix() for path in shipped().rglob("*.yaml") if path.name != "rulebook.yaml"
)


# -- the files


def test_names() -> None:
    assert sorted(SCHEMAS) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_shipped_schema_is_current(name: str, tmp_path: Path) -> None:
    write_schemas(tmp_path)
    written = (tmp_path / f"{name}.schema.json").read_bytes()
    assert (shipped() / "schema" / f"{name}.schema.json").read_bytes() == written
    assert written.endswith(b"}\n")
    assert b"\r" not in written


def test_command_writes_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-W", "error", "-m", "ntm_rules.rulebook.schema", str(tmp_path)], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.schema.json" for name in NAMES]
    assert json.loads((tmp_path / "commune.schema.json").read_text("utf-8")) == SCHEMAS["commune"]


def test_command_says_how_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ntm_rules.rulebook.schema"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "DIRECTORY" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMAS[name]["title"]
    assert SCHEMAS[name]["description"]


@pytest.mark.parametrize("name", NAMES)
def test_schema_takes_no_unknown_keys_and_says_what_each_is(name: str) -> None:
    objects = [SCHEMAS[name], *SCHEMAS[name]["$defs"].values()] if "$defs" in SCHEMAS[name] else [SCHEMAS[name]]
    for definition in objects:
        if "properties" in definition:
            assert definition["additionalProperties"] is False
            assert definition["description"]


def test_schemas_hold_no_references_outside() -> None:
    for schema in SCHEMAS.values():
        references = re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema))
        assert all(reference.startswith("#/$defs/") for reference in references)


def test_schemas_are_made_anew() -> None:
    schemas()["ruleset"].clear()
    assert schemas() == SCHEMAS


# -- every shipped file


@pytest.mark.parametrize("relative", FILES)
def test_shipped_file_validates(relative: str) -> None:
    document = as_editor((shipped() / relative).read_text("utf-8"))
    assert errors(schema_of(relative), document) == []


@pytest.mark.parametrize(
    "relative", [relative for relative in FILES if schema_of(relative) not in ("commune", "tests")]
)
def test_shipped_file_validates_when_every_scalar_is_text(relative: str) -> None:
    """The loader reads scalars as text; a schema that refused what it takes would be no help."""

    document = yaml.load((shipped() / relative).read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    assert errors(schema_of(relative), document) == []


# -- typical mistakes

RULESET = """
ruleset: 2021-2025/xa-thu
title: {vi: Thử, en: Trial}
phase: 2021-2025
level: xa
tier: ntm
decision: {number: 1/QĐ-UBND, issued: 2024-01-01, in_force: unknown}
columns: [dbsh, btb]
totals: {criteria: 1, indicators: unknown}
withdrawal: {any_share: 50, key_share: 30, key_criteria: [1, "17"], citation: a}
criteria:
  - no: 1
    title: {vi: A, en: A}
    indicators:
      - no: 1.1
        label: {vi: A, en: A}
        requires: {at_least: {fact: health_insurance_pct, by_column: {dbsh: 90, btb: unset}, both_sexes: true}}
"""
LAYER = """
layer: 1/QĐ-UBND
of: 2021-2025/xa-ntm
kind: province
province: nam-dinh
decision: {number: unknown, issued: unknown, in_force: 2024-01-01}
complete: false
set_thresholds:
  - {indicator: 15.1, value: 95, evidence: confirmed}
  - {indicator: "10", by_year: {2023: 60, 2024: {dbsh: 62}}}
"""
FACTS = """
facts:
  a_pct: {kind: percent, label: {vi: A, en: A}, bounds: [0, 100], by_sex: true}
  b_rank: {kind: category, label: {vi: B, en: B}, values: [1, 2, Khá]}
  c: {kind: money, label: {vi: C, en: C}, unit: {vi: triệu, en: million}}
"""
REGIONS = """
regions: {dbsh: {vi: A, en: A, short: {vi: A, en: A}}}
zones: {II: {vi: A, en: A}}
provinces: {nam-dinh: {name: Nam Định, region: dbsh}}
"""
REQUIRES = "requires: {at_least: {fact: health_insurance_pct, by_column: {dbsh: 90, btb: unset}, both_sexes: true}}"
GOOD = {"ruleset": RULESET, "layer": LAYER, "facts": FACTS, "regions": REGIONS}


@pytest.mark.parametrize("name", GOOD)
def test_good_document(name: str) -> None:
    assert errors(name, as_editor(GOOD[name])) == []


MISTAKES = [
    ("ruleset", "title:", "titel:"),
    ("ruleset", "{vi: Thử, en: Trial}", "Thử"),
    ("ruleset", "{vi: Thử, en: Trial}", "{vi: Thử}"),
    ("ruleset", "title: {vi: Thử, en: Trial}\n", ""),
    ("ruleset", "level: xa", "level: phuong"),
    ("ruleset", "tier: ntm", "tier: nangcao"),
    ("ruleset", "phase: 2021-2025", "phase: 2021"),
    ("ruleset", "2021-2025/xa-thu", "xa-thu"),
    ("ruleset", "2024-01-01", "01/01/2024"),
    ("ruleset", "2024-01-01", "2024"),
    ("ruleset", "[dbsh, btb]", "[]"),
    ("ruleset", "[dbsh, btb]", "dbsh"),
    ("ruleset", "indicators: unknown", "indicators: many"),
    ("ruleset", "any_share: 50", "any_share: 50%"),
    ("ruleset", "any_share: 50, ", ""),
    ("ruleset", "any_share: 50", "any_share: 50, by_ruleset: 2021-2025/xa-ntm"),
    ("ruleset", 'any_share: 50, key_share: 30, key_criteria: [1, "17"]', "by_ruleset: xa-ntm"),
    ("ruleset", 'any_share: 50, key_share: 30, key_criteria: [1, "17"], ', ""),
    ("ruleset", "dbsh: 90", "dbhs: 90"),
    ("ruleset", "dbsh: 90", "dbsh: ≥ 90"),
    ("ruleset", "dbsh: 90", "dbsh: 90%"),
    ("ruleset", "dbsh: 90", 'dbsh: "97,5"'),
    ("ruleset", "dbsh: 90", "dbsh: true"),
    ("ruleset", "dbsh: 90", "dbsh: [90]"),
    ("ruleset", "dbsh: 90", "dbsh:"),
    ("ruleset", "both_sexes: true", "both_sexes: có"),
    ("ruleset", "fact: health_insurance_pct", "fact: Health-Insurance"),
    ("ruleset", "at_least:", "at_lest:"),
    ("ruleset", REQUIRES, "requires: {}"),
    ("ruleset", REQUIRES, "requires:"),
    ("ruleset", REQUIRES, "requires: {met: a, all: []}"),
    ("ruleset", REQUIRES, "requires: {met: a, unstated: province}"),
    ("ruleset", REQUIRES, "requires: {met: }"),
    ("ruleset", REQUIRES, "requires: {met: {fact: a, by_column: {dbsh: 1}}}"),
    ("ruleset", REQUIRES, "requires: {at_least: {fact: a}}"),
    ("ruleset", REQUIRES, "requires: {at_least: {fact: a, value: 1, by_column: {dbsh: 1}}}"),
    ("ruleset", REQUIRES, "requires: {at_least: {fact: a, by_year: {}}}"),
    ("ruleset", REQUIRES, "requires: {at_least: {fact: a, by_year: {2022a: 1}}}"),
    ("ruleset", REQUIRES, "requires: {at_least: {fact: a, by_year: {2022: {dbhs: 1}}}}"),
    ("ruleset", REQUIRES, "requires: {at_least: {fact: a, times_fact: {fact: b, factor: lots}}}"),
    ("ruleset", REQUIRES, "requires: {all: [{requires: {met: a}}]}"),
    ("ruleset", REQUIRES, "requires: {one_of: {fact: a, values: []}}"),
    ("ruleset", REQUIRES, "requires: {unstated: nobody}"),
    ("layer", "kind: province", "kind: amendment"),
    ("layer", "province: nam-dinh\n", ""),
    ("layer", "kind: province", "kind: overlay"),
    ("layer", "of: 2021-2025/xa-ntm\n", ""),
    ("layer", "evidence: confirmed", "evidence: sure"),
    ("layer", "value: 95", "value: 95, by_year: {2023: 1}"),
    ("layer", "value: 95, ", ""),
    ("layer", "indicator: 15.1", "indicator: [15.1]"),
    ("layer", "complete: false", "complete: maybe"),
    ("facts", "kind: percent", "kind: per cent"),
    ("facts", "values: [1, 2, Khá]", "values: []"),
    ("facts", ", values: [1, 2, Khá]", ""),
    ("facts", ", unit: {vi: triệu, en: million}", ""),
    ("facts", "[0, 100]", "[0]"),
    ("facts", "kind: percent", "kind: percent, values: [a]"),
    ("facts", "a_pct", "A-pct"),
    ("regions", "short: {vi: A, en: A}", "short: A"),
    ("regions", "name: Nam Định, ", ""),
    ("regions", "zones: {II: {vi: A, en: A}}\n", ""),
]


@pytest.mark.parametrize(("name", "old", "new"), MISTAKES)
def test_typical_mistake_is_refused(name: str, old: str, new: str) -> None:
    text = GOOD[name].replace(old, new)
    assert text != GOOD[name]
    assert errors(name, as_editor(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [("no: 1\n", 'no: "1"\n'), ("no: 1.1", "no: '17.10'"), ("dbsh: 90", 'dbsh: "6.5"'), ("true", '"true"')],
)
def test_numbers_may_stand_bare_or_in_quotes(old: str, new: str) -> None:
    assert errors("ruleset", as_editor(RULESET.replace(old, new))) == []


# -- communes

COMMUNE: dict[str, Any] = {
    "code": "00754",
    "name": "Nhân Bình",
    "region": "dbsh",
    "province": "Hà Nam",
    "zone": ["II", "dbkk-coast"],
    "year": 2023,
    "facts": {
        "health_insurance_pct": {"numerator": 8705, "denominator": 10162},
        "health_insurance_pct.male": "95.5",
        "trained_workers_pct": {"male": 70, "female": 71.5, "total": None},
        "has_farmland": True,
        "income_per_capita": "36.05",
        "income_per_capita_at_recognition": None,
    },
    "attested": {"7": True, "2021-2025/xa-ntm:17.3": False},
    "host_id": 17,
}


@pytest.mark.parametrize(
    "document", [{}, {"facts": {}}, COMMUNE, COMMUNE | {"code": 754, "zone": "III", "host_id": None}]
)
def test_commune_document(document: dict[str, Any]) -> None:
    assert errors("commune", document) == []
    CommuneDocument.model_validate(document)
    ntm.Commune.from_dict(document)


def test_what_a_commune_gives_validates() -> None:
    commune = ntm.Commune.from_dict(COMMUNE)
    assert errors("commune", commune.to_dict()) == []
    assert errors("commune", json.loads(commune.to_json())) == []


COMMUNE_MISTAKES: list[tuple[str, Any]] = [
    ("codee", "1"),
    ("code", "7540000"),
    ("code", "xa1"),
    ("code", 1.5),
    ("code", True),
    ("name", 7),
    ("year", "2023"),
    ("year", 23),
    ("year", 2023.5),
    ("zone", [1]),
    ("facts", []),
    ("facts", {"a": [1]}),
    ("facts", {"a": {"numerator": 1}}),
    ("facts", {"a": {"numerator": 1, "denominator": 2, "percent": 50}}),
    ("facts", {"a": {"numerator": "1,5", "denominator": 2}}),
    ("facts", {"a": {"nam": 1}}),
    ("facts", {"a": {}}),
    ("attested", {"7": "true"}),
    ("attested", {"7": 1}),
    ("attested", []),  # from_dict took it for no verdicts at all
]


@pytest.mark.parametrize(("key", "value"), COMMUNE_MISTAKES)
def test_commune_mistake_is_refused(key: str, value: Any) -> None:
    document = COMMUNE | {key: value}
    assert errors("commune", document)
    with pytest.raises(ntm.NtmRulesError):
        ntm.Commune.from_dict(document)


@pytest.mark.parametrize("key", ["a-b", "A", "17.3", "a.nam", "a.male.male", " a"])
def test_a_fact_key_that_cannot_be_one_is_refused(key: str) -> None:
    assert errors("commune", {"facts": {key: 1}})


# -- assessments


def assessments() -> list[ntm.Assessment]:
    """Every ruleset, judged for communes of which nothing, much and contradictory things are known."""
    found = []
    for ruleset_id, province in itertools.chain(
        ((known, None) for known in Rulebook(shipped()).ids),
        [("2021-2025/xa-ntm-kieu-mau", "dong-thap"), ("2016-2020/xa-ntm-nang-cao", "hai-duong")],
    ):
        ruleset = ntm.load_ruleset(ruleset_id, province=province)
        year = int(ruleset.phase[:4]) + 2
        place: dict[str, Any] = {"province": province} if province else {"region": "dbsh"}
        facts: dict[str, Any] = {
            "health_insurance_pct": {"numerator": 8705, "denominator": 10162},
            "income_per_capita": "36.05",
            "unlawful_mass_complaints_3_years": 2,
            "has_craft_villages": False,
        }
        found += [
            ntm.evaluate(ruleset, ntm.Commune(**place, year=year)),
            ntm.evaluate(
                ruleset, ntm.Commune(**place, code=1, name="Xã", zone="III", year=year, facts=facts, host_id={"a": 1})
            ),
            ntm.evaluate(ruleset, ntm.Commune(**place, year=year, facts=facts), strict=True, threshold_year=year + 1),
        ]
        for clause in ruleset.indicators[:1]:
            attested = {clause.id: True, ruleset.indicators[-1].id: False}
            found.append(ntm.evaluate(ruleset, ntm.Commune(**place, year=year, facts=facts, attested=attested)))
    dated = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31", known_on="2024-06-30")
    found.append(ntm.evaluate(dated, ntm.Commune(region="tn", year=2023)))
    return found


ASSESSED = assessments()


@pytest.mark.parametrize("assessment", ASSESSED, ids=repr)
def test_assessment_validates(assessment: ntm.Assessment) -> None:
    for document in (assessment.to_dict(), json.loads(assessment.to_json())):
        assert errors("assessment", document) == []
        AssessmentDocument.model_validate_json(json.dumps(document))


def test_the_model_has_exactly_the_keys_of_an_assessment() -> None:
    document = ASSESSED[1].to_dict()
    assert list(document) == list(AssessmentDocument.model_fields)
    assert AssessmentDocument.model_validate_json(json.dumps(document)).model_dump(mode="json") == json.loads(
        json.dumps(document)
    )


ASSESSMENT_MISTAKES: list[tuple[tuple[str | int, ...], Any]] = [
    (("format",), "ntm-rules/assessment/2"),
    (("verdict",), "đạt"),
    (("verdict",), "not_applicable"),
    (("criteria_met",), -1),
    (("criteria_met",), "18"),
    (("extra",), 1),
    (("ruleset", "content_hash"), "abc"),
    (("ruleset", "on"), "31/12/2023"),
    (("commune", "code"), "754"),
    (("commune", "facts"), {}),
    (("statuses", "1.1"), "passed"),
    (("at_risk", "share"), 36.8),
    (("at_risk", "answer"), "yes"),
    (("undetermined", 0, "reason"), "dunno"),
    (("undetermined", 0, "gap"), 4.2),
    (("undetermined", 0, "label"), "x"),
    (("summary",), "x"),
]


@pytest.mark.parametrize(("path", "value"), ASSESSMENT_MISTAKES)
def test_assessment_mistake_is_refused(path: tuple[str | int, ...], value: Any) -> None:
    document = copy.deepcopy(ASSESSED[0].to_dict())
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert errors("assessment", document)
    with pytest.raises(ValidationError):
        AssessmentDocument.model_validate_json(json.dumps(document))


@pytest.mark.parametrize("key", list(AssessmentDocument.model_fields))
def test_every_key_of_an_assessment_is_always_there(key: str) -> None:
    document = ASSESSED[0].to_dict()
    del document[key]
    assert errors("assessment", document)


def test_import_of_the_library_brings_in_no_schema_code() -> None:
    # rulebook/layers.py reached pydantic and YAML through rulebook/normal.py.
    code = "import sys, ntm_rules; assert not {'ntm_rules.rulebook.schema', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
