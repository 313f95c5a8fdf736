"""Documents in normal form: plain JSON-ready data with every cell and its evidence, checked against the catalogue.

A normal document says the same however its file was written; layers are applied to it and rulesets are built from it, and it
is what a built rulebook is shipped as (`compiled.json`), so that loading needs neither YAML nor pydantic.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import attrs
from pydantic import BaseModel

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.requirement import Evidence
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.model.values import canonical
from ntm_rules.rulebook.clauses import each_clause, find_clause
from ntm_rules.rulebook.documents import (
    Bilingual,
    ClauseDocument,
    ComparableDocument,
    CriterionDocument,
    DecisionDocument,
    FactsDocument,
    LayerDocument,
    MetDocument,
    OneOfDocument,
    PartDocument,
    RegionsDocument,
    RequirementDocument,
    RulesetDocument,
    RulesetMetDocument,
    SetThresholdDocument,
    WithdrawalDocument,
)
from ntm_rules.rulebook.parser_words import csv_words, original
from ntm_rules.rulebook.reading import Read, problem_at, read_leniently

__all__ = [
    "Checked",
    "Surroundings",
    "checked_catalogue",
    "checked_layer",
    "checked_ruleset",
    "normal_catalogue",
    "normal_layer",
    "normal_ruleset",
    "read_evidence",
    "unknown_regions",
]

Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[int | str, ...]
Normal = dict[str, Any]
EvidenceRows = Mapping[tuple[str, str, str, str], tuple[str, str]]

_NUMERIC = (FactKind.PERCENT, FactKind.NUMBER, FactKind.COUNT, FactKind.MONEY)
_COMPARED = ("at_least", "at_most", "equal")


@attrs.frozen(slots=True)
class Surroundings:
    """What a document is read against: its name for messages, the catalogue, its evidence, the rulesets there are."""

    source: str
    catalogue: Catalogue
    evidence: EvidenceRows
    ids: tuple[str, ...]


_EVIDENCE_HEADER = ["indicator", "part", "year", "column", "status", "seen_at"]


def read_evidence(path: Path) -> EvidenceRows:
    """The rows of an evidence file by (indicator, part, year, column): status and where it was seen."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text), strict=True)
        lines = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError:
        raise _evidence_error(path, "not_utf8", None, Text("không phải UTF-8", "not UTF-8")) from None
    except csv.Error as error:
        words = csv_words(str(error))
        message = Text(f"không phải CSV hợp lệ: {words.vi}", f"not valid CSV: {words.en}")
        raise _evidence_error(path, "bad_csv", reader.line_num, message, found=original(str(error))) from None
    header = ",".join(_EVIDENCE_HEADER)
    if not lines or lines[0][1] != _EVIDENCE_HEADER:
        found = ",".join(lines[0][1]) if lines else ""
        message = Text("sai dòng đầu", "wrong header")
        raise _evidence_error(path, "bad_header", 1, message, found=shown(found), wanted=Text(header, header))
    rows: dict[tuple[str, str, str, str], tuple[str, str]] = {}
    problems: list[Problem] = []
    names = [evidence.value for evidence in Evidence]
    for line, row in lines[1:]:
        indicator, part, year, column, status, seen_at = [*row, *[""] * 6][:6]
        key = (indicator, part, year, column)
        if len(row) != len(_EVIDENCE_HEADER) or status not in names or key in rows:
            listed = ", ".join(names)
            message = Text(
                "dòng lặp lại, thừa hay thiếu ô, hoặc mức độ tin lạ",
                "a repeated row, a cell too many or too few, or an unknown status",
            )
            problems += _evidence_error(
                path,
                "bad_evidence",
                line,
                message,
                key=".".join(filter(None, key)),
                found=shown(",".join(row)),
                wanted=Text(listed, listed),
            ).problems
        rows[key] = (status, seen_at)
    if problems:
        raise RulebookError(problems)
    return rows


def _evidence_error(path: Path, code: str, line: int | None, message: Text, **fields: Any) -> RulebookError:
    return RulebookError([Problem(code=code, source=str(path), line=line, message=message, **fields)])


def normal_catalogue(facts: bytes | Mapping[str, Any], regions: bytes | Mapping[str, Any], source: str) -> Normal:
    """facts.yaml and regions.yaml in normal form."""
    found, problems = checked_catalogue(facts, regions, source)
    if problems or found is None:
        raise RulebookError(problems)
    return found


def checked_catalogue(
    facts: bytes | Mapping[str, Any], regions: bytes | Mapping[str, Any], source: str
) -> tuple[Normal | None, list[Problem]]:
    """The catalogue of those facts and regions that are right, and every problem of both files."""
    problems: list[Problem] = []
    read_facts = _read(facts, f"{source}/facts.yaml", FactsDocument, problems)
    read_regions = _read(regions, f"{source}/regions.yaml", RegionsDocument, problems)
    if read_regions is not None:
        problems += unknown_regions(read_regions, f"{source}/regions.yaml")
    fact_document, region_document = (read and read.document for read in (read_facts, read_regions))
    if not isinstance(fact_document, FactsDocument) or not isinstance(region_document, RegionsDocument):
        return None, problems
    return _catalogue(fact_document, region_document), problems


def _read(data: Any, source: str, model: type[Model], problems: list[Problem]) -> Read[Model] | None:
    try:
        read = read_leniently(data, source, model)
    except RulebookError as error:
        problems += error.problems
        return None
    problems += read.problems
    return read


def unknown_regions(read: Read[RegionsDocument], source: str) -> Iterator[Problem]:
    """Provinces of a regions.yaml that lie in no region of it."""
    regions = read.document.regions if read.document is not None else {}
    names = ", ".join(regions)
    for slug, province in read.document.provinces.items() if read.document is not None else ():
        path = ("provinces", slug, "region")
        if province.region not in regions and ("regions", province.region) not in read.touched:
            fields: dict[str, Any] = {"found": shown(province.region), "nearest": nearest(province.region, regions)}
            message = Text("không có vùng này", "no such region")
            yield problem_at(read.tree, source, path, "unknown_region", message, wanted=Text(names, names), **fields)


def _catalogue(fact_document: FactsDocument, region_document: RegionsDocument) -> Normal:
    found: Normal = {"facts": {}, "regions": {}, "zones": {}, "provinces": {}}
    for key, fact in fact_document.facts.items():
        low, high = (str(bound) for bound in fact.bounds) if fact.bounds else (None, None)
        if fact.kind in _NUMERIC and low is None:
            low, high = "0", "100" if fact.kind is FactKind.PERCENT else None
        found["facts"][key] = {
            "kind": fact.kind.value,
            "label": _words(fact.label),
            "unit": _words(fact.unit),
            "counts": _words(fact.counts),
            "by_sex": fact.by_sex,
            "low": low,
            "high": high,
            "values": fact.values,
        }
    for key, region in region_document.regions.items():
        found["regions"][key] = _words(region.short)
    for key, zone in region_document.zones.items():
        found["zones"][key] = _words(zone)
    for slug, province in region_document.provinces.items():
        found["provinces"][slug] = {"name": province.name, "region": province.region}
    return found


def normal_ruleset(data: bytes | str | Mapping[str, Any], place: Surroundings, expected: Mapping[str, str]) -> Normal:
    """A ruleset document in normal form. RulebookError with every problem found, one being that it is not as `expected`."""
    return checked_ruleset(data, place, expected).taken()


@attrs.frozen(slots=True)
class Checked:
    """A document in normal form as far as it could be checked, with every problem; `read` tells what of it is not the file's."""

    normal: Normal | None
    problems: tuple[Problem, ...]
    read: Read[Any]

    def taken(self) -> Normal:
        """The normal form; RulebookError with every problem where there is any."""
        if self.problems or self.normal is None:
            raise RulebookError(self.problems)
        return self.normal


def checked_ruleset(data: bytes | str | Mapping[str, Any], place: Surroundings, expected: Mapping[str, str]) -> Checked:
    """A ruleset document in normal form, with every problem found in those parts whose form is right too."""
    read = read_leniently(data, place.source, RulesetDocument)
    document = read.document
    if document is None:
        return Checked(None, read.problems, read)
    normalizer = _Normalizer(place, read, tuple(document.columns))
    normalizer.stands_where(document, expected)
    normalizer.columns_known(document.columns, ("columns",))
    found: Normal = {
        "ruleset": document.ruleset,
        "title": _words(document.title),
        "phase": document.phase,
        "level": document.level,
        "tier": document.tier,
        "decision": _decision(document.decision),
        "columns": document.columns,
        "totals": [document.totals.criteria, document.totals.indicators],
        "complete": document.complete,
        "criteria": [normalizer.criterion(item, ("criteria", place)) for place, item in enumerate(document.criteria)],
        **normalizer.around(document),
    }
    normalizer.unique(found["criteria"])
    return Checked(found, normalizer.found_wrong(), read)


def normal_layer(
    data: bytes | str | Mapping[str, Any], place: Surroundings, base: Normal, expected: Mapping[str, str]
) -> Normal:
    """An amendment or overlay in normal form, checked against the ruleset document it changes."""
    return checked_layer(data, place, base, expected).taken()


def checked_layer(
    data: bytes | str | Mapping[str, Any], place: Surroundings, base: Normal, expected: Mapping[str, str]
) -> Checked:
    """A layer in normal form, with every problem found in those parts whose form is right too."""
    catalogue = place.catalogue
    read = read_leniently(data, place.source, LayerDocument)
    document = read.document
    if document is None:
        return Checked(None, read.problems, read)
    normalizer = _Normalizer(place, read, tuple(base["columns"]))
    normalizer.stands_where(document, expected)
    if document.province is not None and document.province not in catalogue.provinces:
        normalizer.wrong(
            ("province",),
            "unknown_province",
            Text("không có tỉnh này", "no such province"),
            found=shown(document.province),
            nearest=nearest(document.province, catalogue.provinces),
        )
    found: Normal = {
        "layer": document.layer,
        "of": document.of,
        "kind": document.kind,
        "province": document.province,
        "decision": _decision(document.decision),
        "note": _words(document.note),
        "totals": document.totals and [document.totals.criteria, document.totals.indicators],
        "complete": document.complete,
        "replace_indicators": [
            normalizer.clause(item, item.no, ("replace_indicators", place))
            for place, item in enumerate(document.replace_indicators)
        ],
        "add_criteria": [
            normalizer.criterion(item, ("add_criteria", place)) for place, item in enumerate(document.add_criteria)
        ],
        "add_indicators": [
            {"criterion": item.criterion, "indicator": normalizer.clause(item, item.no, ("add_indicators", place))}
            for place, item in enumerate(document.add_indicators)
        ],
        "remove_indicators": list(document.remove_indicators),
        "remove_conditions": list(document.remove_conditions),
        "set_thresholds": [
            normalizer.set_threshold(item, ("set_thresholds", place), base)
            for place, item in enumerate(document.set_thresholds)
        ],
        **normalizer.around(document),
    }
    return Checked(found, normalizer.found_wrong(), read)


def _words(text: Bilingual | None) -> list[str] | None:
    return None if text is None else [text.vi, text.en]


def _decision(decision: DecisionDocument) -> list[str | None]:
    days = (decision.issued, decision.in_force)
    return [decision.number, *(None if day is None else day.isoformat() for day in days)]


class _Same(dict[str, Any]):
    """Cells that a document writes as one value: what is wrong with it is said of that value, not of each column."""


class _Normalizer:
    """Turns checked documents into normal form, collecting what is wrong with their content."""

    def __init__(self, place: Surroundings, read: Read[Any], columns: tuple[str, ...]) -> None:
        self.source, self.read, self.catalogue, self.columns = place.source, read, place.catalogue, columns
        self.evidence, self.ids = place.evidence, place.ids
        self.unused = set(place.evidence)
        self.problems: list[Problem] = []

    def stands_where(self, document: RulesetDocument | LayerDocument, expected: Mapping[str, str]) -> None:
        """The document says of itself what its place in the rulebook says."""
        for key, wanted in expected.items():
            found = getattr(document, key)
            if key == "of" and found not in self.ids:
                self.ruleset_known(found, (key,))
            elif found != wanted:
                message = Text("tệp nằm ở chỗ của tài liệu khác", "the file lies in the place of another document")
                self.wrong((key,), "misplaced", message, found=shown(found), wanted=Text(wanted, wanted))

    def ruleset_known(self, ruleset_id: str, path: Path_) -> None:
        """A ruleset referred to is in the rulebook."""
        if ruleset_id not in self.ids:
            message = Text("dẫn chiếu đến bộ tiêu chí không có", "refers to a ruleset that is not there")
            self.wrong(path, "unknown_ruleset", message, found=shown(ruleset_id), nearest=nearest(ruleset_id, self.ids))

    def wrong(self, path: Path_, code: str, message: Text, **fields: Any) -> None:
        """Note a problem, unless its place is one where the form is wrong already."""
        if not self.read.is_touched(path):
            self.problems.append(problem_at(self.read.tree, self.source, path, code, message, **fields))

    def found_wrong(self) -> tuple[Problem, ...]:
        """The problems of form and content; evidence for a cell that does not exist is one too, where all cells are known."""
        for key in sorted(self.unused) if not self.read.touched else ():
            self.problems.append(
                Problem(
                    code="stray_evidence",
                    source=f"evidence of {self.source}",
                    key=".".join(filter(None, key)),
                    message=Text(
                        "nguồn kiểm chứng cho một ô không có trong bộ tiêu chí",
                        "evidence for a cell the document does not have",
                    ),
                )
            )
        found = dict.fromkeys((*self.read.problems, *self.problems))
        return tuple(sorted(found, key=lambda problem: problem.line or 0)) if self.read.problems else tuple(found)

    def unique(self, criteria: Sequence[Normal]) -> None:
        """No criterion or indicator number twice."""
        seen: set[str] = set()
        for place, criterion in enumerate(criteria):
            for path, number in (
                (("criteria", place, "no"), f"criterion {criterion['no']}"),
                *(
                    (("criteria", place, "indicators", i, "no"), clause["id"])
                    for i, clause in enumerate(criterion["indicators"])
                ),
            ):
                if number in seen:
                    self.wrong(
                        path, "duplicate_number", Text("số bị lặp", "the number is repeated"), found=shown(number)
                    )
                seen.add(number)

    def columns_known(self, names: Sequence[str], path: Path_) -> None:
        known = [*self.catalogue.regions, "common"]
        for name in names:
            if name not in known:
                self.wrong(
                    path,
                    "unknown_column",
                    Text("không có cột này", "no such column"),
                    found=shown(name),
                    nearest=nearest(name, known),
                )

    def around(self, document: RulesetDocument | LayerDocument) -> Normal:
        """What stands around the criteria: prerequisites, conditions, special communes, withdrawal."""
        special, withdrawal = document.special_communes, document.withdrawal
        if special is not None:
            if special.column not in self.columns:
                message = Text("bộ tiêu chí không có cột này", "the ruleset has no such column")
                self.wrong(("special_communes", "column"), "unknown_column", message, found=shown(special.column))
            for place, zone in enumerate(special.zones):
                if zone not in self.catalogue.zones:
                    self.wrong(
                        ("special_communes", "zones", place),
                        "unknown_zone",
                        Text("không có khu vực này", "no such zone"),
                        found=shown(zone),
                        nearest=nearest(zone, self.catalogue.zones),
                    )
        return {
            "prerequisites": [
                self.clause(item, item.id, ("prerequisites", place))
                for place, item in enumerate(document.prerequisites)
            ],
            "conditions": [
                self.clause(item, item.id, ("conditions", place)) for place, item in enumerate(document.conditions)
            ],
            "special_communes": special and [special.column, special.zones, special.citation, special.evidence.value],
            "withdrawal": withdrawal and self.withdrawal(withdrawal),
        }

    def withdrawal(self, document: WithdrawalDocument) -> Normal:
        found: Normal = {"citation": document.citation, "note": _words(document.note)}
        if document.by_ruleset is not None:
            self.ruleset_known(document.by_ruleset, ("withdrawal", "by_ruleset"))
            return found | {"by_ruleset": document.by_ruleset}
        shares = {"any_share": str(document.any_share), "key_share": str(document.key_share)}
        return found | shares | {"key_criteria": document.key_criteria}

    def criterion(self, document: CriterionDocument, path: Path_) -> Normal:
        indicators = [
            self.clause(item, item.no, (*path, "indicators", place)) for place, item in enumerate(document.indicators)
        ]
        return {"no": document.no, "title": _words(document.title), "indicators": indicators}

    def clause(self, document: ClauseDocument, number: str, path: Path_, parent: Normal | None = None) -> Normal:
        """A clause in normal form; a part takes citation and setter of the clause it is part of."""
        columns = tuple(document.columns) if document.columns is not None else None
        self.columns_known(document.columns or (), (*path, "columns"))
        set_by = document.set_by.value if document.set_by else (parent or {}).get("set_by", "unclear")
        found: Normal = {
            "id": f"{parent['indicator']}.{number}" if parent else number,
            "indicator": parent["indicator"] if parent else number,
            "part": number if parent else "",
            "label": _words(document.label),
            "citation": document.citation or (parent or {}).get("citation", ""),
            "set_by": set_by,
            "columns": columns and list(columns),
            "means": [[item.vi, item.en, item.source] for item in document.means],
            "note": _words(document.note),
        }
        asked = columns or self.columns
        found["requirement"] = self.requirement(document.requires, (*path, "requires"), found, asked)
        found["applies_if"] = document.applies_if and self.requirement(
            document.applies_if, (*path, "applies_if"), None, asked
        )
        return found

    def requirement(
        self, document: RequirementDocument, path: Path_, clause: Normal | None, columns: tuple[str, ...]
    ) -> Normal:
        """A requirement in normal form; `clause` is None for conditions, whose thresholds carry no evidence."""
        name = next(iter(document.model_fields_set))
        content: Any = getattr(document, name)
        path = (*path, name)
        if name == "met":
            met = MetDocument(fact=content) if isinstance(content, str) else content
            return self._met(met, path, clause, columns)
        if name in _COMPARED:
            return self._compared(content, name, path, clause, columns)
        if name == "one_of":
            return self._one_of(content, path, clause, columns)
        if name in ("all", "any"):
            return self._combination(content, len(content) if name == "all" else 1, path, clause)
        if name == "some":
            if not content.at_least or content.at_least > len(content.of):
                self.wrong(
                    (*path, "at_least"),
                    "bad_count",
                    Text("số phần cần đạt phải từ 1 đến số phần", "from 1 to the number of parts"),
                    found=shown(content.at_least),
                )
            return self._combination(content.of, content.at_least or 1, (*path, "of"), clause)
        if name == "when":
            return {
                "kind": "branch",
                "condition": self.requirement(content.condition, (*path, "condition"), None, columns),
                "then": self._part(content.then, (*path, "then"), clause),
                "otherwise": self._part(content.otherwise, (*path, "otherwise"), clause),
            }
        if name == "ruleset_met":
            other = RulesetMetDocument(ruleset=content) if isinstance(content, str) else content
            self.ruleset_known(other.ruleset, path)
            cells = self._every("Đạt", clause, columns)
            row = self._row(cells, "boolean", path, clause, other.evidence, other.seen_at)
            return {"kind": "ruleset_met", "ruleset": other.ruleset, "rows": [[None, row]]}
        return {"kind": "unstated", "set_by": content.value}

    def _part(self, document: PartDocument, path: Path_, clause: Normal | None) -> Normal:
        return self.clause(document, document.part, path, clause)

    def _combination(self, parts: list[PartDocument], needed: int, path: Path_, clause: Normal | None) -> Normal:
        names = [part.part for part in parts]
        if len(set(names)) < len(names):
            self.wrong(
                path, "duplicate_number", Text("ký hiệu phần bị lặp", "a part's letter is repeated"), found=shown(names)
            )
        return {
            "kind": "combination",
            "needed": needed,
            "parts": [self._part(part, (*path, place), clause) for place, part in enumerate(parts)],
        }

    def _known_fact(self, key: str, path: Path_) -> Fact | None:
        fact = self.catalogue.facts.get(key)
        if fact is None:
            self.wrong(
                path,
                "unknown_fact",
                Text("số liệu không có trong danh mục", "the fact is not in the catalogue"),
                found=shown(key),
                nearest=nearest(key, self.catalogue.facts),
            )
        return fact

    def _met(self, document: MetDocument, path: Path_, clause: Normal | None, columns: tuple[str, ...]) -> Normal:
        fact = self._known_fact(document.fact, path)
        if fact is not None and fact.kind is not FactKind.BOOLEAN:
            self.wrong(
                path,
                "wrong_kind",
                Text("'met' cần số liệu loại boolean", "'met' takes a boolean fact"),
                found=f"{document.fact}: {fact.kind.value}",
            )
        cells = document.by_column or self._every("Đạt", clause, columns)
        if document.by_column is not None:
            self._all_columns(cells, path, columns)
        row = self._row(cells, "boolean", path, clause, document.evidence, document.seen_at)
        return {
            "kind": "comparison",
            "fact": document.fact,
            "direction": "met",
            "type": "boolean",
            "both_sexes": False,
            "rows": [[None, row]],
        }

    def _one_of(self, document: OneOfDocument, path: Path_, clause: Normal | None, columns: tuple[str, ...]) -> Normal:
        fact = self._known_fact(document.fact, (*path, "fact"))
        for place, value in enumerate(document.values):
            if fact is not None and value not in fact.values:
                self.wrong(
                    (*path, "values", place),
                    "bad_category",
                    Text("không phải một mức của số liệu này", "not a value of this fact"),
                    found=shown(value),
                    nearest=nearest(value, fact.values),
                )
        row = self._row(
            self._every("Đạt", clause, columns), "boolean", path, clause, document.evidence, document.seen_at
        )
        return {"kind": "one_of", "fact": document.fact, "values": document.values, "rows": [[None, row]]}

    def _compared(
        self, document: ComparableDocument, direction: str, path: Path_, clause: Normal | None, columns: tuple[str, ...]
    ) -> Normal:
        fact = self._known_fact(document.fact, (*path, "fact"))
        if fact is not None and fact.kind is FactKind.BOOLEAN:
            self.wrong(
                (*path, "fact"),
                "wrong_kind",
                Text(f"'{direction}' cần số liệu là số hoặc mức", f"'{direction}' takes a number or a category"),
                found=f"{document.fact}: boolean",
            )
            fact = None
        if document.both_sexes and fact is not None and not fact.by_sex:
            self.wrong(
                (*path, "both_sexes"),
                "not_by_sex",
                Text("số liệu này không tách nam, nữ", "this fact is not given by sex"),
                found=document.fact,
            )
        if document.times_fact is not None or document.times_threshold is not None:
            self._can_be_multiplied(document, fact, path)
        if document.times_fact is not None:
            self._known_fact(document.times_fact.fact, (*path, "times_fact", "fact"))
            cells = self._every(document.times_fact.factor, clause, columns)
            row = self._row(cells, "number", path, clause, document.evidence, document.seen_at)
            return {
                "kind": "fact_comparison",
                "fact": document.fact,
                "direction": direction,
                "other": document.times_fact.fact,
                "rows": [[None, row]],
            }
        kind = "category" if fact is not None and fact.kind is FactKind.CATEGORY else "number"
        found: Normal = {
            "kind": "comparison",
            "fact": document.fact,
            "direction": direction,
            "type": kind,
            "both_sexes": document.both_sexes,
        }
        if document.times_threshold is not None:
            relation = document.times_threshold
            self.ruleset_known(relation.ruleset, (*path, "times_threshold", "ruleset"))
            row = self._row(
                self._every(relation.factor, clause, columns), kind, path, clause, document.evidence, document.seen_at
            )
            return found | {
                "rows": [[None, row]],
                "relation": [relation.ruleset, relation.indicator, str(relation.factor)],
            }
        return found | {"rows": self._rows(document, kind, path, clause, columns, fact)}

    def _can_be_multiplied(self, document: ComparableDocument, fact: Fact | None, path: Path_) -> None:
        """Multiples are of numbers, and not of men and women each."""
        other = self.catalogue.facts.get(document.times_fact.fact) if document.times_fact else None
        for one in (fact, other):
            if one is not None and one.kind not in _NUMERIC:
                message = Text("chỉ nhân được số", "only a number has a multiple")
                self.wrong(path, "wrong_kind", message, found=f"{one.key}: {one.kind.value}")
        if document.both_sexes and document.times_fact is not None:
            message = Text(
                "không so riêng nam, nữ với bội số của số liệu khác", "men and women are not held against a multiple"
            )
            self.wrong((*path, "both_sexes"), "not_by_sex", message)

    def _rows(
        self,
        document: ComparableDocument | SetThresholdDocument,
        kind: str,
        path: Path_,
        clause: Normal | None,
        columns: tuple[str, ...],
        fact: Fact | None,
        *,
        partial: bool = False,
    ) -> list[list[Any]]:
        """The table rows of value, by_column or by_year: [year or None, column → cell]."""

        def row(cells: Any, path: Path_, year: int | None) -> list[Any]:
            if not isinstance(cells, Mapping):
                cells = self._every(cells, clause, columns, year)
            elif not partial:
                self._all_columns(cells, path, columns)
            return [
                year,
                self._row(cells, kind, path, clause, document.evidence, document.seen_at, year=year, fact=fact),
            ]

        if document.by_year is not None:
            found = []
            for year, cells in document.by_year.items():
                if not (str(year).isascii() and str(year).isdigit() and len(str(year)) == 4):
                    self.wrong(
                        (*path, "by_year", year), "bad_year", Text("không phải năm", "not a year"), found=shown(year)
                    )
                    continue
                found.append(row(cells, (*path, "by_year", year), int(year)))
            return found
        if document.by_column is not None:
            return [row(document.by_column, (*path, "by_column"), None)]
        return [row(document.value, (*path, "value"), None)]

    def _every(self, value: Any, clause: Normal | None, columns: tuple[str, ...], year: int | None = None) -> _Same:
        """The same value in every column, and in the general one where evidence speaks of it."""
        found = _Same(dict.fromkeys(columns, value))
        if (
            clause
            and (clause["indicator"], clause["part"], "" if year is None else str(year), "common") in self.evidence
        ):
            found["common"] = value
        return found

    def _all_columns(self, cells: Mapping[str, Any], path: Path_, columns: tuple[str, ...]) -> None:
        missing = [column for column in columns if column not in cells]
        if missing:
            self.wrong(
                path,
                "missing_column",
                Text("thiếu cột (ghi `unset` nếu chưa biết)", "a column is missing (write `unset` where not known)"),
                found=", ".join(cells),
                wanted=Text(", ".join(missing), ", ".join(missing)),
            )

    def _row(
        self,
        cells: Mapping[str, Any],
        kind: str,
        path: Path_,
        clause: Normal | None,
        evidence: Evidence | None,
        seen_at: str | None,
        *,
        year: int | None = None,
        fact: Fact | None = None,
    ) -> Normal:
        row: Normal = {}
        for column, content in cells.items():
            if column not in self.columns and column != "common":
                self.wrong(
                    (*path, column),
                    "unknown_column",
                    Text("bộ tiêu chí không có cột này", "the ruleset has no such column"),
                    found=shown(column),
                    nearest=nearest(column, self.columns),
                )
                continue
            state, value = self._cell(content, kind, path if isinstance(cells, _Same) else (*path, column), fact)
            status, seen = self._evidence(clause, year, column, state, evidence, seen_at)
            row[column] = [state, value, status, seen]
        return row

    def _evidence(
        self,
        clause: Normal | None,
        year: int | None,
        column: str,
        state: str,
        inline: Evidence | None,
        seen_at: str | None,
    ) -> tuple[str, str | None]:
        if clause is None:
            return Evidence.CONFIRMED.value, None
        key = (clause["indicator"], clause["part"], "" if year is None else str(year), column)
        found = self.evidence.get(key)
        if found is not None:
            self.unused.discard(key)
            return found[0], found[1] or None
        if state == "unset":
            return Evidence.UNSET.value, seen_at
        return (inline or Evidence.UNCERTAIN).value, seen_at

    def _cell(self, content: Any, kind: str, path: Path_, fact: Fact | None) -> tuple[str, Any]:
        if content == "unset":
            return "unset", None
        if content == "UBND":
            return "delegated", None
        if kind == "boolean":
            if content != "Đạt":
                self.wrong(
                    path,
                    "bad_cell",
                    Text("ô của 'met' là Đạt, UBND hoặc unset", "a cell of 'met' is Đạt, UBND or unset"),
                    found=shown(content),
                )
            return "set", True
        if kind == "category":
            if fact is not None and content not in fact.values:
                names = ", ".join(fact.values)
                self.wrong(
                    path,
                    "bad_category",
                    Text("không phải một mức của số liệu này", "not a value of this fact"),
                    found=shown(content),
                    wanted=Text(names, names),
                    nearest=nearest(content, fact.values),
                )
            return "set", content
        try:
            number = canonical(content)
        except (ValueError, ArithmeticError):
            number = None
        if not isinstance(number, Decimal):
            self.wrong(
                path,
                "bad_cell",
                Text("ô phải là một số, UBND hoặc unset", "a cell is a number, UBND or unset"),
                found=shown(content),
            )
            return "unset", None
        if fact is not None and (
            (fact.low is not None and number < fact.low) or (fact.high is not None and number > fact.high)
        ):
            bounds = f"{fact.low} – {fact.high}"
            self.wrong(
                path,
                "out_of_bounds",
                Text(
                    "mức nằm ngoài giới hạn của số liệu: không bao giờ quyết định được gì",
                    "the threshold lies outside the fact's bounds: it could never decide",
                ),
                found=shown(str(number)),
                wanted=Text(bounds, bounds),
            )
        return "set", format(number, "f")

    def set_threshold(self, document: SetThresholdDocument, path: Path_, base: Normal) -> Normal:
        target = find_clause(base, document.indicator, document.part)
        number = document.indicator + (f".{document.part}" if document.part else "")
        if target is None:
            known = [clause["id"] for clause in each_clause(base)]
            self.wrong(
                (*path, "indicator"),
                "unknown_indicator",
                Text("bộ tiêu chí không có chỉ tiêu hoặc phần này", "the ruleset has no such indicator or part"),
                found=shown(number),
                nearest=nearest(number, known),
            )
            return {}
        requirement = target["requirement"]
        if requirement["kind"] != "comparison":
            self.wrong(
                (*path, "indicator"),
                "no_threshold_here",
                Text(
                    "chỉ tiêu này không có mức trực tiếp; đặt ở từng phần",
                    "this indicator has no threshold of its own; set its parts",
                ),
                found=shown(number),
            )
            return {}
        kind = requirement["type"]
        fact = self.catalogue.facts.get(requirement["fact"])
        if document.by_column is not None and not self._keeps_rows(document, requirement):
            self.wrong(
                (*path, "by_column"),
                "by_year_wanted",
                Text(
                    "bảng này theo năm hoặc theo mức của bộ khác: một cột riêng sẽ làm mất các cột còn lại",
                    "this table goes by year, or by another ruleset: a column alone would lose the others",
                ),
                found=", ".join(document.by_column),
                wanted=Text("by_year, hoặc mọi cột", "by_year, or every column"),
            )
        rows = self._rows(
            document,
            kind,
            path,
            {"indicator": document.indicator, "part": document.part or ""},
            self.columns,
            fact,
            partial=True,
        )
        return {
            "id": number,
            "rows": rows,
            "citation": document.citation,
            "note": _words(document.note),
            "type": requirement["type"],
        }

    def _keeps_rows(self, document: SetThresholdDocument, requirement: Normal) -> bool:
        """Whether cells by column fit into the rows there are, or fill every column of a new one."""
        plain = [year for year, _ in requirement["rows"]] == [None] and requirement.get("relation") is None
        return plain or set(self.columns) <= set(document.by_column or ())
