"""An empty sheet of facts to fill: only what a ruleset asks for, each key with its label."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import attrs

from ntm_rules.model.checking import fact_named
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.requirement import Branch, Clause, Combination, Comparison, Requirement
from ntm_rules.model.ruleset import Ruleset, clause_facts
from ntm_rules.model.text import Language, Text, printable

__all__ = ["template"]

_IDENTITY = ("code", "name", "region", "province", "district", "zone", "year", "host_id")


@attrs.frozen(slots=True)
class _Asked:
    """A fact a ruleset asks for, the first clause that does, and whether it asks for men and women apart."""

    fact: Fact
    clause: Clause
    by_sex: bool


def template(ruleset: Ruleset, form: str, lang: Language) -> str:
    """The sheet as YAML or CSV with the labels as comments, or as JSON, which has none."""
    asked = list(_asked(ruleset))
    if form == "json":
        return _json(asked)
    # A label of several lines would leave its comment: every line of YAML and every label of CSV stays one line.
    return _yaml(ruleset, asked, lang) if form == "yaml" else _csv(ruleset, asked, lang)


def _asked(ruleset: Ruleset) -> Iterator[_Asked]:
    clauses = (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)
    sexes = {key for clause in clauses for key in _by_sex(clause.requirement)}
    seen = set()
    for clause in clauses:
        for key in clause_facts(clause):
            fact = fact_named(ruleset.catalogue, key)
            assert fact is not None  # the rulebook refuses requirements on facts that are not in the catalogue
            if fact.key not in seen:
                seen.add(fact.key)
                yield _Asked(fact, clause, fact.key in sexes)


def _by_sex(requirement: Requirement) -> Iterator[str]:
    if isinstance(requirement, Comparison) and requirement.both_sexes:
        yield requirement.fact
    elif isinstance(requirement, Combination):
        for part in requirement.parts:
            yield from _by_sex(part.requirement)
    elif isinstance(requirement, Branch):
        yield from _by_sex(requirement.then.requirement)
        yield from _by_sex(requirement.otherwise.requirement)


def _hint(fact: Fact, lang: Language) -> str:
    """What may be written for a fact."""
    if fact.kind is FactKind.BOOLEAN:
        return Text("true (đạt) / false (chưa đạt)", "true / false").in_(lang)
    if fact.kind is FactKind.CATEGORY:
        return " < ".join(fact.values)
    if fact.kind is FactKind.PERCENT:
        counted = f" ({fact.counts.in_(lang)})" if fact.counts else ""
        return Text("% hoặc {numerator: , denominator: }", "% or {numerator: , denominator: }").in_(lang) + counted
    if fact.unit is not None:
        return fact.unit.in_(lang)
    return (
        Text("số nguyên", "a whole number").in_(lang)
        if fact.kind is FactKind.COUNT
        else Text("số", "a number").in_(lang)
    )


def _yaml(ruleset: Ruleset, asked: list[_Asked], lang: Language) -> str:
    catalogue = ruleset.catalogue
    say = {
        "head": Text("để trống = chưa có số liệu", "empty = no fact").in_(lang),
        "code": Text("mã xã, 5 chữ số", "commune code, 5 digits").in_(lang),
        "province": Text(
            "tỉnh trước 01/7/2025; thay được cho region", "as before 2025-07-01; may stand for region"
        ).in_(lang),
        "district": Text("tên huyện, để báo cáo theo huyện", "its name, for reports by district").in_(lang),
        "zone": Text("một, hoặc [nhiều]", "one, or [several]").in_(lang),
        "year": Text("năm của số liệu", "the year of the facts").in_(lang),
    }
    lines = [
        f"# {ruleset.id}: {ruleset.title.in_(lang)} ({say['head']})",
        f"code:  # {say['code']}",
        "name:",
        f"region:  # {', '.join(catalogue.regions)}",
        f"province:  # {say['province']}",
        f"district:  # {say['district']}",
        f"zone:  # {say['zone']}: {', '.join(catalogue.zones)}",
        f"year:  # {say['year']}",
        "facts:",
    ]
    number = None
    for item in asked:
        if item.clause.id != number:
            number = item.clause.id
            lines.append(f"  # {number} {item.clause.label.in_(lang)}")
        value = " {male: , female: }" if item.by_sex else ""
        lines.append(f"  {item.fact.key}:{value}  # {item.fact.label.in_(lang)}: {_hint(item.fact, lang)}")
    verdicts = Text("xác nhận của cơ quan phụ trách, ví dụ", "verdicts of the agencies responsible, as").in_(lang)
    lines.append(f'attested:  # {verdicts} {{"{_attested_key(ruleset)}": true}}')
    return "\n".join(map(printable, lines))


def _attested_key(ruleset: Ruleset) -> str:
    """How a verdict is attested: with its ruleset, for a number alone means another indicator under another ruleset."""
    return f"{ruleset.id}:{next((indicator.id for indicator in ruleset.indicators), '1.1')}"


def _keys(item: _Asked, lang: Language) -> Iterator[tuple[str, str]]:
    label = printable(item.fact.label.in_(lang))
    if item.by_sex:
        for sex, word in SEXES.items():
            yield f"{item.fact.key}.{sex}", f"{label} ({word.in_(lang)})"
    else:
        yield item.fact.key, label


def _csv(ruleset: Ruleset, asked: list[_Asked], lang: Language) -> str:
    columns = [pair for item in asked for pair in _keys(item, lang)]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([*_IDENTITY, *(key for key, _ in columns)])
    # A row that begins with # is a comment to `read_communes`.
    writer.writerow([f"# {ruleset.id}", *("" for _ in _IDENTITY[1:]), *(label for _, label in columns)])
    return written.getvalue().rstrip("\n")


def _json(asked: list[_Asked]) -> str:
    facts = {item.fact.key: dict.fromkeys(SEXES) if item.by_sex else None for item in asked}
    identity = dict.fromkeys(key for key in _IDENTITY if key != "host_id")
    return json.dumps({**identity, "facts": facts, "attested": {}}, ensure_ascii=False, indent=2)
