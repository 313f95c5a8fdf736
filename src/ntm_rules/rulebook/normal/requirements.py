"""Requirements and clauses in normal form, checked against the catalogue."""

from __future__ import annotations

from typing import Any

from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.documents import (
    ClauseDocument,
    ComparableDocument,
    MetDocument,
    OneOfDocument,
    PartDocument,
    RequirementDocument,
    RulesetMetDocument,
)
from ntm_rules.rulebook.normal.cells import Cells
from ntm_rules.rulebook.normal.notes import Normal, Path_, words

__all__ = ["Clauses"]

_COMPARED = ("at_least", "at_most", "equal")


class Clauses(Cells):
    """Reads the clauses of a document."""

    def clause(self, document: ClauseDocument, number: str, path: Path_, parent: Normal | None = None) -> Normal:
        """A clause in normal form; a part takes citation and setter of the clause it is part of."""
        columns = tuple(document.columns) if document.columns is not None else None
        self.columns_known(document.columns or (), (*path, "columns"))
        set_by = document.set_by.value if document.set_by else (parent or {}).get("set_by", "unclear")
        found: Normal = {
            "id": f"{parent['indicator']}.{number}" if parent else number,
            "indicator": parent["indicator"] if parent else number,
            "part": number if parent else "",
            "label": words(document.label),
            "citation": document.citation or (parent or {}).get("citation", ""),
            "set_by": set_by,
            "columns": columns and list(columns),
            "means": [[item.vi, item.en, item.source] for item in document.means],
            "note": words(document.note),
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
            if one is not None and not one.kind.is_number:
                message = Text("chỉ nhân được số", "only a number has a multiple")
                self.wrong(path, "wrong_kind", message, found=f"{one.key}: {one.kind.value}")
        if document.both_sexes and document.times_fact is not None:
            message = Text(
                "không so riêng nam, nữ với bội số của số liệu khác", "men and women are not held against a multiple"
            )
            self.wrong((*path, "both_sexes"), "not_by_sex", message)
