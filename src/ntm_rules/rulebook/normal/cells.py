"""Cells of a table in normal form: state, value, evidence and where it was seen, by year and column."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ntm_rules.model.facts import Fact
from ntm_rules.model.requirement import Evidence
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.model.values import canonical
from ntm_rules.rulebook.documents import (
    ComparableDocument,
    SetThresholdDocument,
)
from ntm_rules.rulebook.normal.notes import Normal, Notes, Path_

__all__ = ["Cells"]


class _Same(dict[str, Any]):
    """Cells that a document writes as one value: what is wrong with it is said of that value, not of each column."""


class Cells(Notes):
    """Reads the cells of a document."""

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
