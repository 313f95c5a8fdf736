"""A ruleset as in force on a date, for a province: immutable, identified by the hash of its content."""

from __future__ import annotations

import datetime
import enum
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from ntm_rules.model.errors import Problem, UnknownNameError
from ntm_rules.model.facts import Fact
from ntm_rules.model.found import FoundThreshold, Multiple, RuleTexts
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    Evidence,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    SetBy,
    leaves,
    nodes,
    weakest,
)
from ntm_rules.model.text import Text, clean_text, nearest, shown
from ntm_rules.model.years import fact_year

__all__ = [
    "Catalogue",
    "Criterion",
    "Decision",
    "Layer",
    "LoadedFrom",
    "Month",
    "Province",
    "Ruleset",
    "SpecialCommunes",
    "Withdrawal",
    "WithdrawalByRuleset",
    "clause_facts",
    "content_form",
    "multiple_of",
    "province_slug",
    "requirement_facts",
    "setter_of",
]


@attrs.frozen(slots=True)
class Month:
    """The month of a decision of which the day is not known: not before its first day.

    >>> print(Month(2022, 9), Month(2022, 9).first)
    09/2022 2022-09-01
    """

    year: int
    month: int

    @property
    def first(self) -> datetime.date:
        """The first day of the month."""
        return datetime.date(self.year, self.month, 1)

    def __str__(self) -> str:
        return f"{self.month:02}/{self.year}"


@attrs.frozen(slots=True)
class Decision:
    """A decision: its number, when it was issued and when it takes effect.

    Each is None where not known; of a date of which only the month is known, a `Month`.
    """

    number: str | None
    issued: datetime.date | Month | None
    in_force: datetime.date | Month | None


@attrs.frozen(slots=True)
class LoadedFrom:
    """How a ruleset was loaded: the directory of its rulebook, the province asked for, and the overlays given, files or documents.

    An overlay of a province makes a ruleset that province's, without the overlays the rulebook itself has of it.
    """

    directory: str
    province: str | None = None
    overlays: tuple[str | Path | Mapping[str, Any], ...] = ()


@attrs.frozen(slots=True)
class Layer:
    """An amendment or a province's overlay that was applied."""

    name: str
    kind: str
    decision: Decision
    province: str | None = None
    note: Text | None = None


@attrs.frozen(slots=True)
class Criterion:
    """A criterion (tiêu chí) and its indicators, in official order."""

    no: str
    title: Text
    indicators: tuple[Clause, ...]


@attrs.frozen(slots=True)
class SpecialCommunes:
    """Communes of these zones are judged by another column than their region's (318/QĐ-TTg, Đ1; 211/QĐ-TTg)."""

    column: str
    zones: tuple[str, ...]
    citation: str
    evidence: Evidence

    def to_dict(self) -> dict[str, str]:
        """The rule as JSON-ready data, for results that rest on it."""
        return {"citation": self.citation, "evidence": self.evidence.value}


@attrs.frozen(slots=True)
class Withdrawal:
    """When a held title is withdrawn: shares of criteria not met, in percent (18/2022/QĐ-TTg)."""

    any_share: Decimal
    key_share: Decimal
    key_criteria: tuple[str, ...]
    citation: str
    note: Text | None = None


@attrs.frozen(slots=True)
class WithdrawalByRuleset:
    """A held title is withdrawn by the rule of another ruleset, on whose criteria it rests."""

    ruleset: Ruleset
    citation: str
    note: Text | None = None


@attrs.frozen(slots=True)
class Province:
    """A province as it was before 2025-07-01, and its region."""

    slug: str
    name: str
    region: str


@attrs.frozen(slots=True)
class Catalogue:
    """The names a rulebook knows: facts, regions, zones, provinces, and its rulesets."""

    facts: Mapping[str, Fact] = attrs.field(hash=False)
    regions: Mapping[str, Text] = attrs.field(hash=False)
    zones: Mapping[str, Text] = attrs.field(hash=False)
    provinces: Mapping[str, Province] = attrs.field(hash=False)
    rulesets: tuple[str, ...] = attrs.field(default=(), eq=False)

    def province(self, name: str) -> Province | None:
        """The province of a slug ("nam-dinh") or a name ("Nam Định")."""
        if not isinstance(name, str):
            return None
        written = province_slug(name)
        return self.provinces.get(name) or next(
            (p for p in self.provinces.values() if province_slug(p.name) == written), None
        )


def province_slug(name: str) -> str:
    """A province's name as offices write it, without "tỉnh", "thành phố", marks, case and punctuation."""
    text = unicodedata.normalize("NFD", clean_text(name).casefold().replace("đ", "d"))
    plain = "".join(letter for letter in text if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return re.sub(r"^(tinh|thanh-pho|tp)-", "", words)


def content_form(value: Any) -> Any:
    """Plain data that says all a ruleset means, for its content hash."""
    if attrs.has(type(value)):
        if isinstance(value, Ruleset):
            return value.content_hash
        fields = {field.name: getattr(value, field.name) for field in attrs.fields(type(value)) if field.eq}
        return {"": type(value).__name__} | {name: content_form(content) for name, content in fields.items()}
    if isinstance(value, Mapping):
        return {str(key): content_form(content) for key, content in value.items()}
    if isinstance(value, (tuple, list)):
        return [content_form(content) for content in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (Decimal, datetime.date)):
        return str(value)
    return value


@attrs.frozen(slots=True, kw_only=True, weakref_slot=True, repr=False)
class Ruleset:
    """A ruleset (bộ tiêu chí): one phase, level and tier, as in force on a date and for a province.

    Load one with `ntm_rules.load_ruleset`. It never changes; two of equal content are equal and have one `content_hash`.
    """

    id: str
    title: Text
    phase: str
    level: str
    tier: str
    decision: Decision
    on: datetime.date | None
    known_on: datetime.date | None
    province: str | None
    layers: tuple[Layer, ...]
    columns: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    criteria_total: int | None
    indicators_total: int | None
    complete: bool
    prerequisites: tuple[Clause, ...]
    conditions: tuple[Clause, ...]
    special_communes: SpecialCommunes | None
    withdrawal: Withdrawal | WithdrawalByRuleset | None
    catalogue: Catalogue
    rulebook: str
    rulebook_version: str
    loaded_from: LoadedFrom | None = attrs.field(eq=False, repr=False, hash=False)
    _texts: RuleTexts = attrs.field(eq=False, repr=False, hash=False)
    # Compiled judges by (column, year, strict, column rule): a cache of pure functions, so races only repeat work.
    cache: dict[Any, Any] = attrs.field(factory=dict, init=False, eq=False, repr=False, hash=False)
    _derived: dict[str, Any] = attrs.field(factory=dict, init=False, eq=False, repr=False, hash=False)

    def __getstate__(self) -> dict[str, Any]:
        skipped = {"cache", "_derived", "__weakref__"}
        return {f.name: getattr(self, f.name) for f in attrs.fields(Ruleset) if f.name not in skipped}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "cache", {})
        object.__setattr__(self, "_derived", {})

    def __repr__(self) -> str:
        where = f", province={self.province!r}" if self.province else ""
        return f"<Ruleset {self.id!r} on={self.on}{where}: {len(self.criteria)} criteria, {len(self.indicators)} indicators>"

    def _repr_html_(self) -> str:
        return self._texts.ruleset_html(self, "vi")

    @property
    def indicators(self) -> tuple[Clause, ...]:
        """Every indicator, in official order."""
        found: tuple[Clause, ...] | None = self._derived.get("indicators")
        if found is None:
            found = tuple(indicator for criterion in self.criteria for indicator in criterion.indicators)
            self._derived["indicators"] = found
        return found

    @property
    def numbers(self) -> tuple[str, ...]:
        """The number of every indicator, in official order."""
        found: tuple[str, ...] | None = self._derived.get("numbers")
        if found is None:
            found = self._derived["numbers"] = tuple(indicator.id for indicator in self.indicators)
        return found

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything the ruleset means, as 64 hexadecimal digits."""
        digest: str | None = self._derived.get("content_hash")
        if digest is None:
            form = {
                field.name: content_form(getattr(self, field.name))
                for field in attrs.fields(Ruleset)
                if field.eq and field.name not in {"on", "known_on", "rulebook", "rulebook_version"}
            }
            text = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            digest = self._derived["content_hash"] = hashlib.sha256(text.encode()).hexdigest()
        return digest

    def reference(self) -> dict[str, Any]:
        """Which ruleset this is, as JSON-ready data: what an appraisal stores so that it can be repeated."""
        return {
            "id": self.id,
            "content_hash": self.content_hash,
            "province": self.province,
            "on": self.on and self.on.isoformat(),
            "known_on": self.known_on and self.known_on.isoformat(),
            "layers": [layer.name for layer in self.layers],
            "rulebook": self.rulebook,
            "rulebook_version": self.rulebook_version,
        }

    def indicator(self, number: str) -> Clause:
        """The indicator of an official number; `UnknownNameError` where there is none."""
        by_id = self._derived.get("by_id")
        if by_id is None:
            by_id = self._derived["by_id"] = {indicator.id: indicator for indicator in self.indicators}
        try:
            found: Clause = by_id[number]
        except (KeyError, TypeError):
            raise UnknownNameError([self._unknown("indicator", number, by_id)]) from None
        return found

    def clause(self, number: str) -> Clause:
        """The indicator, part of one ("17.1.a"), condition or prerequisite of an id."""
        for top in (*self.indicators, *self.conditions, *self.prerequisites) if isinstance(number, str) else ():
            if top.id == number:
                return top
            if number.startswith(f"{top.id}."):
                found = next((part for part in nodes(top) if part.id == number), None)
                if found is not None:
                    return found
        raise UnknownNameError([self._unknown("indicator", number, (i.id for i in self.indicators))])

    def column_for(self, region: str | None, zones: tuple[str, ...] = ()) -> str:
        """The column that judges a commune of a region and zones."""
        if self.columns == ("common",):
            if region is not None and region not in self.catalogue.regions:
                raise UnknownNameError([self._unknown("region", region, self.catalogue.regions)])
            return "common"
        rule = self.column_rule(region, zones)
        if rule is not None:
            return rule.column
        if region not in self.columns:
            raise UnknownNameError([self._unknown("region", region, self.columns)])
        return region

    def column_rule(self, region: str | None, zones: tuple[str, ...] = ()) -> SpecialCommunes | None:
        """The rule that sends a commune of a region and zones to another column than its region's; None where none does."""
        special = self.special_communes
        if special is None or special.column == region or self.columns == ("common",):
            return None
        return special if any(zone in special.zones for zone in zones) else None

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The columns that may judge a commune of the ruleset's province, special communes too; every column without one."""
        province = self.catalogue.provinces.get(self.province or "")
        if province is None or self.columns == ("common",):
            return self.columns
        special = self.special_communes
        return (province.region, special.column) if special is not None else (province.region,)

    def threshold(
        self, number: str, *, region: str | None = None, year: int | None = None, zones: tuple[str, ...] = ()
    ) -> FoundThreshold:
        """The threshold of an indicator or part for a region and fact year.

        True-like where a threshold is known; of an indicator that has parts, the answer names those asked in the column.
        Raises `UnknownNameError` for an unknown number or region, `CommuneError` for a year that no facts can be of.
        """
        year = fact_year(year)
        clause = self.clause(number)
        column, rule = self.column_for(region, zones), self.column_rule(region, zones)
        cell, parts = self.cell(clause, column, year), _parts(clause, column)
        reason = None
        if not self._asked(clause, column):
            cell, parts, reason = Cell(CellState.UNSET, None, Evidence.UNSET), (), "not_asked"
        elif parts:
            reason = "parts"
        elif cell is None:
            reason = "no_threshold_for_year"
        elif cell.state is not CellState.SET:
            reason = "no_threshold"
        set_by = setter_of(clause, cell, column, year)
        cell = cell or Cell(CellState.UNSET, None, Evidence.UNSET)
        return FoundThreshold(
            value=cell.value,
            reason=reason,
            evidence=cell.evidence if rule is None else weakest(cell.evidence, rule.evidence),
            citation=clause.citation,
            seen_at=cell.seen_at,
            column=column,
            column_rule=rule,
            year=year,
            set_by=set_by,
            parts=parts,
            multiple=multiple_of(clause, column, year),
            clause=clause,
            ruleset=self,
            texts=self._texts,
        )

    def _asked(self, clause: Clause, column: str) -> bool:
        """Whether a clause, and what it is a part of, is asked in a column."""
        tops = (*self.indicators, *self.conditions, *self.prerequisites)
        around = [node for top in tops for node in nodes(top) if any(inner is clause for inner in nodes(node))]
        return all(node.columns is None or column in node.columns for node in around)

    def cell(self, clause: Clause, column: str, year: int | None) -> Cell | None:
        """The table cell of a clause; None where the year has no row. A clause of parts has no cell of its own: UNSET."""
        requirement = clause.requirement
        if isinstance(requirement, (Comparison, OneOf, RulesetMet)):
            return requirement.threshold.cell(column, year)
        if isinstance(requirement, FactComparison):
            return requirement.factor.cell(column, year)
        return Cell(CellState.UNSET, None, Evidence.UNSET)

    def cells(self) -> Iterator[tuple[Clause, Clause, int | None, str, Cell]]:
        """Every cell of the tables: (indicator, leaf clause, year, column, cell), in official order."""
        for indicator in self.indicators:
            for leaf in leaves(indicator):
                requirement = leaf.requirement
                if isinstance(requirement, (Comparison, OneOf, RulesetMet)):
                    table = requirement.threshold
                elif isinstance(requirement, FactComparison):
                    table = requirement.factor
                else:
                    continue
                for year, column, cell in table.cells():
                    yield indicator, leaf, year, column, cell

    def _unknown(self, kind: str, name: str | None, known: Any) -> Problem:
        names = list(known)
        criterion = next((c for c in self.criteria if c.no == name), None) if kind == "indicator" else None
        if criterion is not None:
            names = [indicator.id for indicator in criterion.indicators]
            word = Text("số của một tiêu chí, không phải chỉ tiêu", "the number of a criterion, not of an indicator")
        else:
            word = {
                "indicator": Text("không có chỉ tiêu", "no such indicator"),
                "region": Text("không có vùng", "no such region"),
            }[kind]
        return Problem(
            code=f"unknown_{kind}",
            source=self.id,
            message=word,
            found=shown(name),
            wanted=Text(", ".join(names[:80]), ", ".join(names[:80])),
            nearest=None if criterion else nearest(name, names),
        )


def _parts(clause: Clause, column: str) -> tuple[str, ...]:
    """The ids of a clause's own parts that are asked in a column."""
    requirement = clause.requirement
    parts: tuple[Clause, ...] = ()
    if isinstance(requirement, Combination):
        parts = requirement.parts
    elif isinstance(requirement, Branch):
        parts = (requirement.then, requirement.otherwise)
    return tuple(part.id for part in parts if part.columns is None or column in part.columns)


def multiple_of(clause: Clause, column: str, year: int | None) -> Multiple | None:
    """The cells that a multiple of another ruleset's threshold is made of."""
    requirement = clause.requirement
    relation = requirement.relation if isinstance(requirement, Comparison) else None
    if relation is None:
        return None
    factor, base = relation.factors.cell(column, year), relation.base.cell(column, year)
    return Multiple(relation.ruleset, relation.indicator, factor, base) if factor and base else None


def setter_of(clause: Clause, cell: Cell | None, column: str, year: int | None) -> SetBy:
    """Who sets a clause's cell; of a multiple that cannot be worked out, who sets what it multiplies."""
    requirement = clause.requirement
    relation = requirement.relation if isinstance(requirement, Comparison) else None
    if cell is not None and cell.state is CellState.DELEGATED:
        return SetBy.PROVINCE
    if relation is None or (cell is not None and cell.state is CellState.SET):
        return clause.set_by
    base = relation.base.cell(column, year)
    return relation.base_set_by if base is None or base.state is not CellState.SET else clause.set_by


def clause_facts(clause: Clause) -> Iterator[str]:
    """The facts a clause names, its conditions included."""
    if clause.applies_if is not None:
        yield from requirement_facts(clause.applies_if)
    yield from requirement_facts(clause.requirement)


def requirement_facts(requirement: Requirement) -> Iterator[str]:
    """The facts a requirement names, parts and conditions included; those of another ruleset are not among them."""
    if isinstance(requirement, (Comparison, OneOf)):
        yield requirement.fact
    elif isinstance(requirement, FactComparison):
        yield requirement.fact
        yield requirement.other
    elif isinstance(requirement, Combination):
        for part in requirement.parts:
            yield from clause_facts(part)
    elif isinstance(requirement, Branch):
        yield from requirement_facts(requirement.condition)
        yield from clause_facts(requirement.then)
        yield from clause_facts(requirement.otherwise)
