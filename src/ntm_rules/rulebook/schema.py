"""The JSON Schemas (draft 2020-12) of what the library reads and writes, generated from its document models.

``python -m ntm_rules.rulebook.schema DIRECTORY`` writes each as NAME.schema.json; the shipped ones lie in rulesets/schema/.
Those of rulebook files are meant for editors: as every scalar of a file is read as text, a number may stand bare or in quotes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ntm_rules.rulebook.boundary_documents import (
    AssessmentDocument,
    CommuneDocument,
    DifferenceDocument,
    EventDocument,
    ImpactDocument,
    LadderDocument,
    LineDocument,
    ProofDocument,
)
from ntm_rules.rulebook.case_documents import CasesDocument
from ntm_rules.rulebook.documents import FactsDocument, LayerDocument, RegionsDocument, RulesetDocument
from ntm_rules.rulebook.reactions import ReactionsDocument
from ntm_rules.rulebook.report_documents import ReportDocument

__all__ = ["schemas", "write_schemas"]

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FILES: dict[str, type[BaseModel]] = {
    "ruleset": RulesetDocument,
    "layer": LayerDocument,
    "facts": FactsDocument,
    "regions": RegionsDocument,
    "tests": CasesDocument,
    "reactions": ReactionsDocument,
}
_BOUNDARY: dict[str, type[BaseModel]] = {
    "commune": CommuneDocument,
    "assessment": AssessmentDocument,
    "difference": DifferenceDocument,
    "event": EventDocument,
    "impact": ImpactDocument,
    "ladder": LadderDocument,
    "line": LineDocument,
    "proof": ProofDocument,
    "report": ReportDocument,
}
_TITLES = {
    "ruleset": "NTM ruleset",
    "layer": "NTM amendment or provincial overlay",
    "facts": "NTM fact catalogue",
    "regions": "NTM regions, zones and provinces",
    "tests": "NTM test file",
    "reactions": "NTM reactions of live sessions",
    "commune": "NTM commune",
    "assessment": "NTM assessment",
    "difference": "NTM difference of two rulesets",
    "event": "NTM event of a live session",
    "impact": "NTM impact of a rule change",
    "ladder": "NTM ladder of tiers",
    "line": "NTM assessment as one line",
    "proof": "NTM answer about rulesets",
    "report": "NTM report on communes",
}

# A key means the same in every document, so an editor's hint is given once.
_HINTS = {
    "add_criteria": "whole criteria that are added",
    "add_indicators": "indicators added to a criterion that is there",
    "all": "every part must be met",
    "any": "one part must be met",
    "any_share": "percent of criteria not met from which a title is at risk",
    "applies_if": "a requirement on the commune for this to be asked at all",
    "at_least": "the fact must be at or above the threshold (of a category: the same or a higher one)",
    "at_most": "the fact must be at or below the threshold",
    "both_sexes": "must hold for men and for women, each",
    "bounds": "the lowest and the highest value possible; without it 0 to 100 for percent, 0 and above for the others",
    "by_column": "a threshold for every column of the ruleset; unset where not known, UBND where left to the province",
    "by_sex": "the fact may also be given for men and for women",
    "by_year": "the year of the facts → one threshold, or a threshold for every column",
    "citation": "decision and place: 318/QĐ-TTg, PL I, TC 17.3",
    "columns": "the columns of the table; of a clause: the only columns in which it is asked",
    "complete": "false where some criteria of the real set are not known",
    "counts": "of a percentage: what numerator and denominator count (người, hộ)",
    "decision": "number and dates, each `unknown` where not known; of a date, the month alone may be known",
    "equal": "the fact must be exactly the threshold",
    "evidence": "how surely the thresholds are known",
    "facts": "what may be measured about a commune, by key",
    "in_force": "the day it takes effect, 2024-03-01; the month, 2024-03, where the day is not known; or unknown",
    "issued": "the day it was issued, 2024-03-01; the month, 2024-03, where the day is not known; or unknown",
    "key_criteria": "criteria that count as key ones, by number",
    "key_share": "percent of criteria not met from which a title is at risk when a key criterion is among them",
    "layer": "a short name, as 211/QĐ-TTg",
    "means": "what Đạt means, shown in explanations",
    "met": "a boolean fact that must be true (Đạt)",
    "no": "the official number, in quotes: 17.10 is not 17.1",
    "note": "a known doubt, shown to the reader",
    "of": "the ruleset that is changed, or the parts",
    "one_of": "a category fact that must have one of the values",
    "part": "the letter of the part",
    "phase": "2021-2025",
    "prerequisites": "what recognition presupposes: other rulesets, titles held",
    "conditions": "what recognition asks beside the criteria",
    "province": "the province's key in regions.yaml, as before 2025-07-01",
    "remove_conditions": "ids of conditions that no longer hold",
    "remove_indicators": "numbers of indicators that no longer hold",
    "replace_indicators": "whole indicators in place of those of their number",
    "requires": "what is required: exactly one key",
    "ruleset": "PHASE/NAME, which is also the path of the file",
    "ruleset_met": "another ruleset, prerequisites included, must be met",
    "seen_at": "where the thresholds were seen",
    "set_by": "who sets the threshold",
    "set_thresholds": "cells of an indicator or part that are filled in or changed; the others stay",
    "some": "so many of the parts must be met",
    "special_communes": "who is judged by another column than their region's",
    "times_fact": "a multiple of another fact",
    "times_threshold": "a multiple of another ruleset's threshold, in the same column and year",
    "totals": "the official counts of criteria and indicators, or unknown",
    "unit": "shown after values; needed for number, count and money",
    "unstated": "content not known or not yet issued; the value says who states it",
    "value": "one threshold for every column",
    "values": "of a category: its values in ascending order; of one_of: those that satisfy",
    "when": "one part where a condition on the commune holds, another where it does not",
    "by_ruleset": "the title is withdrawn by the rule of this ruleset, on whose criteria it rests",
    "withdrawal": "when a held title is withdrawn",
    "zones": "keys of zones in regions.yaml",
}

_FORMS = ("value", "by_column", "by_year", "times_threshold", "times_fact")
# Of a cell's text: `≥ 90`, `90%` and `97,5` are what people type and what would be read wrongly.
_CELL: Schema = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[^<>=≤≥%,]+$"}]}
_CELLS: Schema = {
    "type": "object",
    "propertyNames": {"enum": ["tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl", "common"]},
    "additionalProperties": _CELL,
    "minProperties": 1,
}
_VERDICTS = ["Đạt", "UBND", "unset"]
_COUNT: Schema = {
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^([0-9]{1,4}|unknown)$"}]
}
_ROWS: Schema = {
    "type": "object",
    "propertyNames": {"pattern": r"^[0-9]{4}$"},
    "additionalProperties": {"anyOf": [*_CELL["anyOf"], _CELLS]},
    "minProperties": 1,
}


def schemas() -> dict[str, Schema]:
    """The schemas by name: ruleset, layer, facts, regions, tests, commune, assessment, ladder, line, difference,
    impact, proof, event, report, reactions.

    >>> len(schemas()), "proof" in schemas()
    (15, True)
    """
    found = {name: _for_editors(model.model_json_schema()) for name, model in _FILES.items()}
    found |= {name: model.model_json_schema(mode="serialization") for name, model in _BOUNDARY.items()}
    return {name: _headed(name, schema) for name, schema in found.items()}


def write_schemas(directory: str | Path) -> None:
    """Write each schema to DIRECTORY/NAME.schema.json."""
    for name, schema in schemas().items():
        text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        (Path(directory) / f"{name}.schema.json").write_text(text, encoding="utf-8", newline="\n")


def _headed(name: str, schema: Schema) -> Schema:
    for node in _nodes(schema):
        # Titles that pydantic makes of key names say nothing that the key does not.
        for value in node.get("properties", {}).values():
            if isinstance(value, dict):
                value.pop("title", None)
        if node.get("default", "") is None:
            del node["default"]
    return {"$schema": DIALECT} | schema | {"title": _TITLES[name]}


def _nodes(schema: Any) -> Iterator[Schema]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from _nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _nodes(value)


def _for_editors(schema: Schema) -> Schema:
    """The schema of a model of files, as an editor sees the file: bare numbers, rows by year, one form of several."""
    for node in list(_nodes(schema)):
        _loosen_scalars(node)
        if "patternProperties" in node:
            node["additionalProperties"] = False
        if isinstance(node.get("properties"), dict):
            _hint(node["properties"])
    for name, definition in [("", schema), *schema.get("$defs", {}).items()]:
        properties = definition.get("properties", {})
        if name in ("ComparableDocument", "SetThresholdDocument"):
            _one_form(definition, [form for form in _FORMS if form in properties])
        elif name == "RequirementDocument":
            for key, value in properties.items():
                properties[key] = _never_null(value)
        elif name == "WithdrawalDocument":
            _by_shares_or_ruleset(definition)
        elif name == "FactDocument":
            definition.update(_FACT_RULES)
        elif name == "TotalsDocument":
            properties.update(dict.fromkeys(properties, _COUNT))
        if "by_column" in properties:
            cells = _CELLS if name != "MetDocument" else _CELLS | {"additionalProperties": {"enum": _VERDICTS}}
            properties["by_column"] = {"description": properties["by_column"]["description"], **cells}
    if "kind" in schema.get("properties", {}):
        schema |= _LAYER_RULES
    return schema


_FACT_RULES: Schema = {
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": "category"}}},
            "then": {"required": ["values"], "properties": {"values": {"minItems": 1}}},
            "else": {"properties": {"values": {"maxItems": 0}}},
        },
        {
            "if": {"properties": {"kind": {"enum": ["number", "count", "money"]}}},
            "then": {"required": ["unit"]},
        },
    ]
}
_LAYER_RULES: Schema = {
    "if": {"properties": {"kind": {"const": "province"}}},
    "then": {"required": ["province"]},
    "else": {"properties": {"province": False}},
}


def _loosen_scalars(node: Schema) -> None:
    """What the loader takes bare or in quotes: numbers as text, text made of digits, true and false."""
    if node.get("type") == "string" and "enum" not in node and "const" not in node:
        digits = "pattern" not in node or node["pattern"].startswith("^[0-9A-Z")
        if digits:
            node["type"] = ["string", "number"]
    elif node.get("type") == "boolean":
        del node["type"]
        node["enum"] = [True, False, "true", "false"]


def _hint(properties: Schema) -> None:
    for key, value in properties.items():
        if key in _HINTS and "description" not in value:
            value["description"] = _HINTS[key]


def _never_null(value: Schema) -> Schema:
    """The schema without the null that stands for a key left out: a key that is there says something."""
    kept = [option for option in value.get("anyOf", ()) if option != {"type": "null"}]
    rest = {name: content for name, content in value.items() if name not in ("anyOf", "default")}
    if not kept:
        return rest
    return rest | (kept[0] if len(kept) == 1 and not set(kept[0]) & set(rest) else {"anyOf": kept})


def _by_shares_or_ruleset(definition: Schema) -> None:
    shares, other, properties = ["any_share", "key_share", "key_criteria"], "by_ruleset", definition["properties"]
    for name in (*shares, other):
        properties[name] = _never_null(properties[name])
    definition["oneOf"] = [
        {"required": shares, "properties": {other: False}},
        {"required": [other], "properties": dict.fromkeys(shares, False)},
    ]


def _one_form(definition: Schema, forms: list[str]) -> None:
    properties = definition["properties"]
    for form in forms:
        properties[form] = _never_null(properties[form])
    properties["value"] = {"description": properties["value"]["description"], **_CELL}
    properties["by_year"] = {"description": properties["by_year"]["description"], **_ROWS}
    definition["oneOf"] = [{"required": [form]} for form in forms]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m ntm_rules.rulebook.schema DIRECTORY")
    write_schemas(sys.argv[1])
