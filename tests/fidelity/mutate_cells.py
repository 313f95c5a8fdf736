"""Change one thing at a time in the shipped rulesets and see whether the fidelity checks notice: `python -m tests.fidelity.mutate_cells`.

Each mutant is one YAML document (or its evidence) with one plausible slip in it: a value one off, two columns exchanged, a
direction turned round, a date a day late, another fact of the same kind. It is read, normalised and built as the shipped one is,
and the checks of `checks` run on it in this process. Prints, by kind, how many were made and how many noticed; a mutant that the
rulebook itself refuses counts as noticed and is shown apart. A mutant that leaves every ruleset's content as it was (say, where
the evidence of a factor is less weak than that of the threshold it multiplies) is no mutant: it is not among those made and is
shown apart too. Exit code 1 unless every mutant is noticed.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from ntm_rules import NtmRulesError, RulebookError, Ruleset
from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.rulebook.normal import Surroundings, normal_layer, normal_ruleset, read_evidence
from ntm_rules.rulebook.rulebook import Rulebook, shipped
from ntm_rules.rulebook.yaml_text import read_yaml

from .checks import JOBS, Job

Tree = Any
TreePath = tuple[str | int, ...]
EvidenceKey = tuple[str, str, str, str]
EvidenceRows = dict[EvidenceKey, tuple[str, str]]

COMPARED = ("at_least", "at_most", "equal")
ZONES = ("I", "II", "III", "dbkk-coast", "atk-poor-district", "atk-left-poverty-2018-2020")
STATUSES = ("confirmed", "partial", "recalled", "uncertain")


@dataclass(frozen=True)
class Mutant:
    """One change: `edits` to the document's tree, or new `evidence` of one cell."""

    kind: str
    file: str
    what: str
    edits: tuple[tuple[str, TreePath, Any], ...] = ()
    evidence: tuple[EvidenceKey, tuple[str, str]] | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.file}: {self.what}"


@dataclass
class Outcome:
    """How the mutants of one kind fared."""

    made: int = 0
    noticed: int = 0
    refused: int = 0
    same: int = 0
    missed: list[str] = field(default_factory=list)


# -- the documents of the rulebook as plain trees


def _plain(tree: Tree) -> Tree:
    if isinstance(tree, Mapping):
        return {key: _plain(value) for key, value in tree.items()}
    return [_plain(value) for value in tree] if isinstance(tree, list) else tree


class Documents:
    """The shipped rulebook: its documents as trees, their evidence, and the rulesets built from them."""

    def __init__(self, directory: Path) -> None:
        self.book = Rulebook(directory)
        self.catalogue = self.book.catalogue
        self.trees: dict[str, Tree] = {}
        self.evidence: dict[str, EvidenceRows] = {}
        for ruleset in self.book.ids:
            files = {f"{ruleset}.yaml", *self.book.layer_paths(ruleset, None)}
            for province in self.book.provinces_with_overlay(ruleset):
                files.update(self.book.layer_paths(ruleset, province))
            for file in sorted(files):
                self.trees[file] = _plain(read_yaml((directory / file).read_bytes(), file))
                evidence = (directory / "evidence" / file).with_suffix(".csv")
                known = read_evidence(evidence) if evidence.is_file() else {}
                self.evidence[file] = dict(known)

    def ruleset_of(self, file: str) -> str:
        """The ruleset a document is, or changes."""
        tree = self.trees[file]
        return str(tree.get("ruleset") or tree["of"])

    def province_of(self, file: str) -> str:
        """The province of an overlay; empty for national documents."""
        return str(self.trees[file].get("province") or "")

    def columns_of(self, file: str) -> tuple[str, ...]:
        """The columns of a document's ruleset."""
        return tuple(self.trees[f"{self.ruleset_of(file)}.yaml"]["columns"])

    def normal(self, file: str, tree: Tree, evidence: EvidenceRows, base: Tree) -> Tree:
        """A document's normal form, as loading makes it.

        Evidence of a cell that the change has taken away goes with it: the rulebook would refuse the mutant for that alone, and
        it would not be seen whether the checks notice it.
        """
        try:
            around = Surroundings(file, self.catalogue, evidence, self.book.ids)
            return normal_ruleset(tree, around, {}) if base is None else normal_layer(tree, around, base, {})
        except RulebookError as error:
            stray = {problem.key for problem in error.problems if problem.code == "stray_evidence"}
            if len(stray) < len(error.problems) or not stray:
                raise
            left = {key: seen for key, seen in evidence.items() if ".".join(filter(None, key)) not in stray}
            return self.normal(file, tree, left, base)


@cache
def documents() -> Documents:
    """The shipped documents, read once a process."""
    return Documents(shipped())


class ChangedBook(Rulebook):
    """The shipped rulebook with one document changed; whatever does not depend on that one is shared."""

    def __init__(self, of: Documents, mutant: Mutant) -> None:
        super().__init__(of.book.directory)
        self.of, self.mutant = of, mutant
        self.__dict__["catalogue"] = of.catalogue
        self.__dict__["ids"] = of.book.ids
        self.__dict__["name_and_version"] = of.book.name_and_version
        self.changed = of.ruleset_of(mutant.file)

    def _read_normal(self, path: str) -> Any:
        changed_base = self.mutant.file == f"{self.changed}.yaml"
        if path == self.mutant.file:
            tree = apply(self.of.trees[path], self.mutant.edits)
            evidence = self.of.evidence[path]
            if self.mutant.evidence is not None:
                evidence = evidence | dict([self.mutant.evidence])
        elif changed_base and self.of.ruleset_of(path) == self.changed:
            tree, evidence = self.of.trees[path], self.of.evidence[path]
        else:
            return self.of.book._normal(path)
        base = None if path == f"{self.changed}.yaml" else self._normal(f"{self.changed}.yaml")
        return self.of.normal(path, tree, evidence, base)

    def load(self, ruleset_id: str, **options: Any) -> Ruleset:
        """As `Rulebook.load`; what the changed document has no part in comes from the shipped rulebook."""
        if ruleset_id != self.changed and ruleset_id != "2021-2025/xa-ntm-kieu-mau":
            return self.of.book.load(ruleset_id, **options)
        return super().load(ruleset_id, **options)


def apply(tree: Tree, edits: Iterable[tuple[str, TreePath, Any]]) -> Tree:
    """The tree with edits made, sharing what is not on their paths."""
    for action, path, value in edits:
        tree = _edited(tree, action, path, value)
    return tree


def _edited(tree: Tree, action: str, path: TreePath, value: Any) -> Tree:
    step, *rest = path
    copy: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    if rest:
        copy[step] = _edited(tree[step], action, tuple(rest), value)
    elif action == "put":
        copy[step] = value
    elif action == "drop":
        del copy[step]
    elif action == "rename":
        return {value if key == step else key: content for key, content in tree.items()}
    elif action == "add":
        copy[step] = [*copy[step], value]
    return copy


def _at(tree: Tree, path: TreePath) -> Tree:
    for step in path:
        tree = tree[step]
    return tree


# -- the mutants of a document


class Slips:
    """Every plausible slip of one document."""

    def __init__(self, of: Documents, file: str) -> None:
        self.of, self.file, self.tree = of, file, of.trees[file]
        self.columns = of.columns_of(file)
        self.facts = of.catalogue.facts

    def made(self, kind: str, what: str, *edits: tuple[str, TreePath, Any]) -> Mutant:
        return Mutant(kind, self.file, what, edits)

    def all(self) -> Iterator[Mutant]:
        """The mutants, in the order of the document."""
        tree = self.tree
        yield from self.decision()
        for name in ("criteria", "add_criteria"):
            for place, criterion in enumerate(tree.get(name) or ()):
                yield from self.criterion((name, place), criterion)
        for name in ("replace_indicators", "add_indicators"):
            for place, clause in enumerate(tree.get(name) or ()):
                yield from self.clause((name, place), clause, clause["no"], "")
                if name == "replace_indicators":
                    yield self.made("indicator", f"{clause['no']} left out", ("drop", (name, place), None))
        for name in ("conditions", "prerequisites"):
            for place, clause in enumerate(tree.get(name) or ()):
                yield from self.around((name, place), clause)
        for place, number in enumerate(tree.get("remove_conditions") or ()):
            yield self.made("condition", f"{number} not removed", ("drop", ("remove_conditions", place), None))
        yield from self.special_communes()
        yield from self.withdrawal()
        yield from self.counts()
        yield from self.seen()

    def decision(self) -> Iterator[Mutant]:
        for name in ("issued", "in_force"):
            text = self.tree["decision"][name]
            others = ["2019-06-15"]
            if text != "unknown":
                day = datetime.date.fromisoformat(f"{text}-01"[:10])
                others = [(day + datetime.timedelta(days=step)).isoformat() for step in (-1, 1, 31)] + ["unknown"]
            for other in others:
                yield self.made("date", f"{name} {text} → {other}", ("put", ("decision", name), other))
        yield self.made("decision", "another number", ("put", ("decision", "number"), "1/QĐ-TTg"))
        for place, column in enumerate(self.tree.get("columns") or ()):
            if len(self.columns) > 1:
                yield self.made("column", f"columns without {column}", ("drop", ("columns", place), None))

    def counts(self) -> Iterator[Mutant]:
        for name, total in (self.tree.get("totals") or {}).items():
            other = "12" if total == "unknown" else str(int(total) + 1)
            yield self.made("count", f"{name} {total} → {other}", ("put", ("totals", name), other))
        complete = self.tree.get("complete", "true" if "ruleset" in self.tree else None)
        if complete is not None:
            other = "false" if complete == "true" else "true"
            yield self.made("count", f"complete {complete} → {other}", ("put", ("complete",), other))

    def special_communes(self) -> Iterator[Mutant]:
        special = self.tree.get("special_communes")
        if special is None:
            return
        path: TreePath = ("special_communes",)
        yield self.made("special zone", "column → dbsh", ("put", (*path, "column"), "dbsh"))
        yield self.made("special zone", "no special communes", ("drop", path, None))
        for place, zone in enumerate(special["zones"]):
            yield self.made("special zone", f"without {zone}", ("drop", (*path, "zones", place), None))
        for zone in ZONES:
            if zone not in special["zones"]:
                yield self.made("special zone", f"with {zone}", ("add", (*path, "zones"), zone))
        yield self.made("evidence", "special communes", ("put", (*path, "evidence"), "confirmed"))

    def withdrawal(self) -> Iterator[Mutant]:
        rule = self.tree.get("withdrawal")
        if rule is None:
            return
        if "by_ruleset" in rule:
            for other in ("2021-2025/xa-ntm", "2016-2020/xa-ntm"):
                yield self.made("withdrawal", f"by {other}", ("put", ("withdrawal", "by_ruleset"), other))
        for name in ("any_share", "key_share") if "by_ruleset" not in rule else ():
            for step in (-5, 5):
                other = str(int(rule[name]) + step)
                yield self.made("withdrawal", f"{name} → {other}", ("put", ("withdrawal", name), other))
        for place, number in enumerate(rule.get("key_criteria", ())):
            path = ("withdrawal", "key_criteria", place)
            yield self.made("key criterion", f"without {number}", ("drop", path, None))
            yield self.made("key criterion", f"{number} → 11", ("put", path, "11"))
        for number in ("11", "18"):
            if number not in rule.get("key_criteria", (number,)):
                yield self.made("key criterion", f"with {number}", ("add", ("withdrawal", "key_criteria"), number))
        yield self.made("withdrawal", "no rule", ("drop", ("withdrawal",), None))

    def seen(self) -> Iterator[Mutant]:
        for key, (status, seen_at) in self.of.evidence[self.file].items():
            where = ".".join(filter(None, key))
            other = STATUSES[(STATUSES.index(status) + 1) % 4] if status in STATUSES else "recalled"
            yield Mutant("evidence", self.file, f"{where} {status} → {other}", evidence=(key, (other, seen_at)))
            elsewhere = "" if seen_at else "https://example.org/"
            yield Mutant("seen_at", self.file, f"{where} seen elsewhere", evidence=(key, (status, elsewhere)))

    def criterion(self, path: TreePath, criterion: Tree) -> Iterator[Mutant]:
        number = criterion["no"]
        yield self.made("criterion", f"{number} renumbered", ("put", (*path, "no"), f"{number}9"))
        for lang in ("vi", "en"):
            yield self.made("label", f"title of {number} ({lang})", ("put", (*path, "title", lang), "Khác"))
        for place, clause in enumerate(criterion["indicators"]):
            at = (*path, "indicators", place)
            yield from self.clause(at, clause, clause["no"], "")
            if len(criterion["indicators"]) > 1:
                yield self.made("indicator", f"{clause['no']} left out", ("drop", at, None))
            if place:
                before = criterion["indicators"][place - 1]
                swap = ("put", (*path, "indicators", place - 1), clause), ("put", at, before)
                yield self.made("indicator", f"{clause['no']} before {before['no']}", *swap)

    def around(self, path: TreePath, clause: Tree) -> Iterator[Mutant]:
        """A condition or prerequisite: whether it stands there, what it asks, by which decision."""
        number = clause["id"]
        yield self.made("condition", f"{number} left out", ("drop", path, None))
        yield self.made("condition", f"{number} renamed", ("put", (*path, "id"), f"{number}_2"))
        yield from self.said(path, clause, number, labels=False)
        yield from self.requirement((*path, "requires"), clause["requires"], number, "", self.columns)

    def said(self, path: TreePath, clause: Tree, number: str, *, labels: bool = True) -> Iterator[Mutant]:
        """Label, citation and setter."""
        for lang in ("vi", "en") if labels else ():
            yield self.made("label", f"{number} ({lang})", ("put", (*path, "label", lang), "Khác"))
        if "citation" in clause:
            yield self.made("citation", number, ("put", (*path, "citation"), f"{clause['citation']}, TC 99"))
        if "set_by" in clause:
            other = "province" if clause["set_by"] != "province" else "national"
            yield self.made("set_by", f"{number} → {other}", ("put", (*path, "set_by"), other))

    def clause(self, path: TreePath, clause: Tree, indicator: str, part: str) -> Iterator[Mutant]:
        name = "part" if part else "no"
        number = f"{indicator}.{part}" if part else indicator
        kind = "part" if part else "indicator"
        yield self.made(kind, f"{number} renumbered", ("put", (*path, name), f"{clause[name]}9"))
        yield from self.said(path, clause, number)
        asked = tuple(clause.get("columns") or self.columns)
        yield from self.columns_asked(path, clause, number)
        yield from self.applies_if(path, clause, number)
        yield from self.requirement((*path, "requires"), clause["requires"], indicator, part, asked)

    def columns_asked(self, path: TreePath, clause: Tree, number: str) -> Iterator[Mutant]:
        """In which columns it is asked: in one less, and of a national text in one only, where it is asked in all."""
        own = clause.get("columns")
        if own is None and len(self.columns) > 1:
            province = self.of.catalogue.provinces.get(self.of.province_of(self.file))
            last = province.region if province is not None else "dbscl"  # a column that judges somebody
            but_last = tuple(column for column in self.columns if column != last)
            for kept in (but_last,) if province is not None else (but_last, ("dbsh",)):
                said = "asked in dbsh only" if len(kept) == 1 else f"not asked in {last}"
                without = [column for column in self.columns if column not in kept]
                cells = [("drop", at, None) for column in without for at in self._cells_of(path, clause, column)]
                yield self.made("column", f"{number} {said}", ("put", (*path, "columns"), list(kept)), *cells)
        for place, column in enumerate(own or ()):
            left = ("drop", (*path, "columns", place), None)
            cells = [("drop", at, None) for at in self._cells_of(path, clause, column)]
            yield self.made("column", f"{number} not asked in {column}", left, *cells)

    def _cells_of(self, path: TreePath, clause: Tree, column: str) -> Iterator[TreePath]:
        name, content = next(iter(clause["requires"].items()))
        if isinstance(content, dict) and column in content.get("by_column", {}):
            yield (*path, "requires", name, "by_column", column)

    def applies_if(self, path: TreePath, clause: Tree, number: str) -> Iterator[Mutant]:
        at = (*path, "applies_if")
        if "applies_if" in clause:
            fact = clause["applies_if"]["met"]
            other = self.another(fact, prefix="has_")
            yield self.made("applies_if", f"{number} always asked", ("drop", at, None))
            yield self.made("applies_if", f"{number} if {other}", ("put", at, {"met": other}))
        else:
            yield self.made("applies_if", f"{number} if has_farmland", ("put", at, {"met": "has_farmland"}))

    def another(self, key: str, *, prefix: str = "", by_sex: bool = False) -> str:
        """Another fact of the same kind."""
        kind = self.facts[key].kind
        known = [
            name
            for name, fact in self.facts.items()
            if fact.kind is kind and name.startswith(prefix) and (fact.by_sex or not by_sex)
        ]
        if kind is FactKind.CATEGORY:
            known = [name for name in known if set(self.facts[key].values) <= set(self.facts[name].values)]
        return known[(known.index(key) + 1) % len(known)] if key in known else known[0]

    def requirement(
        self, path: TreePath, requires: Tree, indicator: str, part: str, columns: Sequence[str]
    ) -> Iterator[Mutant]:
        name, content = next(iter(requires.items()))
        at, number = (*path, name), f"{indicator}.{part}" if part else indicator
        if name == "met":
            yield from self.met(at, content, indicator, part, columns)
        elif name in COMPARED:
            for other in COMPARED:
                if other != name:
                    yield self.made("direction", f"{number} {name} → {other}", ("rename", at, other))
            yield from self.compared(at, content, indicator, part, columns)
        elif name in ("all", "any"):
            other = "any" if name == "all" else "all"
            yield self.made("part", f"{number} {name} → {other}", ("rename", at, other))
            for place, member in enumerate(content):
                yield self.made("part", f"{number} without {member['part']}", ("drop", (*at, place), None))
                yield from self.clause((*at, place), member, indicator, member["part"])
        elif name == "when":
            condition = content["condition"]
            compared = next(iter(condition))
            yield from self.requirement((*at, "condition"), condition, "", "", ())
            assert compared in COMPARED
            for branch in ("then", "otherwise"):
                yield from self.clause((*at, branch), content[branch], indicator, content[branch]["part"])
            swap = ("put", (*at, "then"), content["otherwise"]), ("put", (*at, "otherwise"), content["then"])
            yield self.made("part", f"{number}: branches exchanged", *swap)
        elif name == "ruleset_met":
            yield self.made("relation", f"{number} another ruleset", ("put", at, "2016-2020/xa-ntm"))
        elif name == "unstated":
            other = "ministry"
            yield self.made("set_by", f"{number} unstated by {other}", ("put", at, other))

    def met(self, at: TreePath, content: Tree, indicator: str, part: str, columns: Sequence[str]) -> Iterator[Mutant]:
        fact = content if isinstance(content, str) else content["fact"]
        number = f"{indicator}.{part}" if part else indicator
        full = {"fact": content} if isinstance(content, str) else content
        yield self.made("fact", f"{number} {fact}", ("put", at, full | {"fact": self.another(fact)}))
        for column, text in self._row(full.get("by_column") or "Đạt", indicator, part, "", columns).items():
            other = "UBND" if text == "Đạt" else "Đạt"
            row = self._row(full.get("by_column") or "Đạt", indicator, part, "", columns) | {column: other}
            yield self.made("cell", f"{number} {column} {text} → {other}", ("put", at, full | {"by_column": row}))
        yield from self.inline(at, full, number)

    def inline(self, at: TreePath, content: Tree, number: str) -> Iterator[Mutant]:
        """Evidence that stands in the document itself."""
        if "evidence" in content:
            other = "confirmed" if content["evidence"] != "confirmed" else "recalled"
            yield self.made("evidence", f"{number} → {other}", ("put", (*at, "evidence"), other))
        if "seen_at" in content:
            yield self.made("seen_at", number, ("put", (*at, "seen_at"), "https://example.org/"))

    def _row(self, cells: Tree, indicator: str, part: str, year: str, columns: Sequence[str]) -> dict[str, str]:
        """A row with every column written out, and the general one where evidence speaks of it."""
        if isinstance(cells, dict):
            return dict(cells)
        row: dict[str, str] = dict.fromkeys(columns, str(cells))
        if (indicator, part, year, "common") in self.of.evidence[self.file]:
            row["common"] = cells
        return row

    def compared(
        self, at: TreePath, content: Tree, indicator: str, part: str, columns: Sequence[str]
    ) -> Iterator[Mutant]:
        number, key = f"{indicator}.{part}" if part else indicator, content["fact"]
        fact, sexes = self.facts[key], "both_sexes" in content
        other = self.another(key, by_sex=sexes)
        if other != key:
            yield self.made("fact", f"{number} {key} → {other}", ("put", (*at, "fact"), other))
        if sexes:
            yield self.made("both_sexes", f"{number} of all only", ("drop", (*at, "both_sexes"), None))
        elif fact.by_sex:
            yield self.made("both_sexes", f"{number} of each sex", ("put", (*at, "both_sexes"), "true"))
        yield from self.inline(at, content, number)
        yield from self.related(at, content, number)
        if "value" in content and not columns:
            text = content["value"]
            yield self.made(
                "cell", f"{number} {text} → {_near(text, fact)}", ("put", (*at, "value"), _near(text, fact))
            )
        elif "value" in content:
            row = self._row(content["value"], indicator, part, "", columns)
            rest = {name: value for name, value in content.items() if name != "value"}
            for column, text in row.items():
                changed = rest | {"by_column": row | {column: _near(text, fact)}}
                yield self.made("cell", f"{number} {column} {text} → {_near(text, fact)}", ("put", at, changed))
        elif "by_column" in content:
            yield from self.row((*at, "by_column"), content["by_column"], number, fact)
        elif "by_year" in content:
            yield from self.years((*at, "by_year"), content["by_year"], indicator, part, columns)

    def related(self, at: TreePath, content: Tree, number: str) -> Iterator[Mutant]:
        """A multiple of another threshold or fact."""
        for name in ("times_threshold", "times_fact"):
            if name in content:
                for other in ("1", "1.15", "1.6"):
                    yield self.made("relation", f"{number} × {other}", ("put", (*at, name, "factor"), other))
        if "times_threshold" in content:
            path = (*at, "times_threshold")
            yield self.made("relation", f"{number}: another ruleset", ("put", (*path, "ruleset"), "2021-2025/xa-ntm"))
            yield self.made("relation", f"{number}: another indicator", ("put", (*path, "indicator"), "11"))
        if "times_fact" in content:
            path = (*at, "times_fact", "fact")
            yield self.made("relation", f"{number}: the fact itself", ("put", path, content["fact"]))

    def row(self, at: TreePath, cells: Tree, number: str, fact: Fact) -> Iterator[Mutant]:
        """A row of cells: each one off, neighbours of different values exchanged, one left out."""
        for column, text in cells.items():
            other = _near(text, fact)
            yield self.made("cell", f"{number} {column} {text} → {other}", ("put", (*at, column), other))
        names = list(cells)
        for left, right in itertools.pairwise(names):
            if cells[left] != cells[right]:
                swap = ("put", (*at, left), cells[right]), ("put", (*at, right), cells[left])
                yield self.made("column", f"{number} {left} ↔ {right}", *swap)
        for column in names:
            yield self.made("column", f"{number} without {column}", ("drop", (*at, column), None))

    def years(self, at: TreePath, by_year: Tree, indicator: str, part: str, columns: Sequence[str]) -> Iterator[Mutant]:
        number = f"{indicator}.{part}" if part else indicator
        fact = self.facts[_at(self.tree, at[:-1])["fact"]]
        years = list(by_year)
        for year, cells in by_year.items():
            row = self._row(cells, indicator, part, year, columns)
            if isinstance(cells, dict):
                yield from self.row((*at, year), cells, f"{number} {year}", fact)
            else:
                for column, text in row.items():
                    other = _near(text, fact)
                    changed = ("put", (*at, year), row | {column: other})
                    yield self.made("cell", f"{number} {year} {column} {text} → {other}", changed)
            yield self.made("year row", f"{number} without {year}", ("drop", (*at, year), None))
            yield self.made("year row", f"{number} {year} → 2026", ("rename", (*at, year), "2026"))
        for first, second in itertools.pairwise(years):
            if by_year[first] != by_year[second]:
                swap = ("put", (*at, first), by_year[second]), ("put", (*at, second), by_year[first])
                yield self.made("year row", f"{number} {first} ↔ {second}", *swap)
        every = ("put", at[:-1], _without_years(_at(self.tree, at[:-1]), by_year[years[-1]]))
        yield self.made("year row", f"{number}: the last year's for every year", every)


def _without_years(content: Tree, cells: Tree) -> Tree:
    rest = {name: value for name, value in content.items() if name != "by_year"}
    return rest | ({"by_column": cells} if isinstance(cells, dict) else {"value": cells})


def _near(text: str, fact: Fact) -> str:
    """A plausible other content of a cell: one off, the next category, a number where there is none."""
    if fact.kind is FactKind.CATEGORY:
        values = fact.values
        return values[(values.index(text) + 1) % len(values)] if text in values else values[0]
    if text in ("unset", "UBND"):
        return "50"
    number = Decimal(text)
    more = number + 1
    return str(number - 1 if fact.high is not None and more > fact.high else more)


def all_mutants() -> tuple[Mutant, ...]:
    """Every mutant of every shipped document."""
    of = documents()
    return tuple(mutant for file in of.trees for mutant in Slips(of, file).all())


# -- the run


def jobs_for(mutant: Mutant, jobs: Sequence[Job] = JOBS) -> list[Job]:
    """The checks that look at the changed document: those of its ruleset, and of its province for an overlay."""
    of = documents()
    ruleset, province = of.ruleset_of(mutant.file), of.province_of(mutant.file)
    return [job for job in jobs if (job.ruleset, job.province) == (ruleset, province)]


def judged(mutant: Mutant, jobs: Sequence[Job] = JOBS) -> str:
    """`noticed` by a check, `refused` by the rulebook, `missed`, or `same` where the change changes no ruleset."""
    book = ChangedBook(documents(), mutant)
    try:
        for job in jobs_for(mutant, jobs):
            for _problem in job.run(book.load):
                return "noticed"
    except NtmRulesError:
        return "refused"
    try:
        return "same" if _same_content(book) else "missed"
    except NtmRulesError:
        return "missed"


def _same_content(book: ChangedBook) -> bool:
    """Whether the changed ruleset says the same as the shipped one, on every day its text changes."""
    of, file = book.of, book.mutant.file
    province = of.province_of(file) or None
    days = [_day(of.trees[path]["decision"]["in_force"]) for path in of.trees if of.ruleset_of(path) == book.changed]
    first = min((day for day in days if day), default=None)
    return all(
        book.load(book.changed, on=day, province=province).content_hash
        == of.book.load(book.changed, on=day, province=province).content_hash
        for day in {None, *days}
        if day is None or (first is not None and day >= first)
    )


def _day(text: str) -> datetime.date | None:
    return None if text == "unknown" else datetime.date.fromisoformat(f"{text}-01"[:10])


def _judged_all(chunk: Sequence[int]) -> list[tuple[int, str]]:
    mutants = _mutants()
    return [(number, judged(mutants[number])) for number in chunk]


@cache
def _mutants() -> tuple[Mutant, ...]:
    return all_mutants()


def run(mutants: Sequence[Mutant], judge: Callable[[Mutant], str] = judged) -> dict[str, Outcome]:
    """The outcome by kind, in this process."""
    return tallied((mutant, judge(mutant)) for mutant in mutants)


def run_parallel(processes: int) -> dict[str, Outcome]:
    """The outcome of every mutant, over several processes."""
    mutants = _mutants()
    chunks = [range(start, min(start + 50, len(mutants))) for start in range(0, len(mutants), 50)]
    with ProcessPoolExecutor(processes) as pool:
        return tallied(
            (mutants[number], verdict) for found in pool.map(_judged_all, chunks) for number, verdict in found
        )


def tallied(verdicts: Iterable[tuple[Mutant, str]]) -> dict[str, Outcome]:
    """The verdicts counted by kind."""
    outcomes: dict[str, Outcome] = {}
    for mutant, verdict in verdicts:
        outcome = outcomes.setdefault(mutant.kind, Outcome())
        if verdict == "same":
            outcome.same += 1
            continue
        outcome.made += 1
        if verdict == "missed":
            outcome.missed.append(str(mutant))
        else:
            outcome.noticed += 1
            outcome.refused += verdict == "refused"
    return outcomes


def report(outcomes: Mapping[str, Outcome]) -> str:
    """A table by kind, and every mutant that was missed."""
    lines = [f"{'kind':<16}{'made':>7}{'noticed':>9}{'of which refused':>18}{'without effect':>16}"]
    total = Outcome(
        made=sum(outcome.made for outcome in outcomes.values()),
        noticed=sum(outcome.noticed for outcome in outcomes.values()),
        refused=sum(outcome.refused for outcome in outcomes.values()),
        same=sum(outcome.same for outcome in outcomes.values()),
    )
    for kind, outcome in [*sorted(outcomes.items()), ("all", total)]:
        lines.append(f"{kind:<16}{outcome.made:>7}{outcome.noticed:>9}{outcome.refused:>18}{outcome.same:>16}")
    missed = [text for outcome in outcomes.values() for text in outcome.missed]
    return "\n".join([*lines, *(f"missed: {text}" for text in missed)])


def exit_code(outcomes: Mapping[str, Outcome]) -> int:
    """0 where there were mutants and every one was noticed."""
    made = sum(outcome.made for outcome in outcomes.values())
    return 0 if made and all(outcome.noticed == outcome.made for outcome in outcomes.values()) else 1


def sample(size: int, seed: int) -> list[Mutant]:
    """Some mutants: the same of the same seed, at least one of every kind while there is room."""
    chooser = random.Random(seed)  # noqa: S311 - a sample of tests, no secret
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in _mutants():
        by_kind.setdefault(mutant.kind, []).append(mutant)
    chosen = [chooser.choice(members) for _, members in sorted(by_kind.items())][:size]
    rest = [mutant for mutant in _mutants() if mutant not in chosen]
    return chosen + chooser.sample(rest, max(0, size - len(chosen)))


def unchanged_problems() -> list[str]:
    """What the checks find in the unchanged documents sent the same way: nothing, or the run says nothing."""
    of = documents()
    found = []
    for file in of.trees:
        book = ChangedBook(of, Mutant("none", file, "unchanged"))
        found += [problem for job in jobs_for(book.mutant) for problem in job.run(book.load)]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all mutants, or a sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sample", type=int, help="only so many mutants, in this process")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if problems := unchanged_problems():
        sys.stdout.write("the unchanged rulesets do not agree with the tables:\n" + "\n".join(problems[:20]) + "\n")
        return 1
    outcomes = run(sample(options.sample, options.seed)) if options.sample else run_parallel(options.processes)
    sys.stdout.write(report(outcomes) + "\n")
    return exit_code(outcomes)


if __name__ == "__main__":
    # Run under its own name, so that worker processes know the classes by the module they import.
    from tests.fidelity.mutate_cells import main as named_main

    sys.exit(named_main())
