"""The linter of rulebooks: what a rule keeper should look at, with file, line and key, in plain words.

``lint_path(path, *, source=None) -> tuple[Finding, ...]`` takes a ruleset, a layer or overlay, a facts.yaml, a regions.yaml, a
rulebook.yaml, a folder of such files, or a whole rulebook's directory, as ``lint_rulebook(directory)`` does. A `Finding` is a `problem`
(`ntm_rules.Problem`: code, source, line, key, message …) with a `severity`: ``"error"`` (wrong, or what the loader refuses),
``"warning"`` (probably not meant) or ``"note"`` (known and worth seeing); ``describe(lang)`` is one line, ``to_dict()``
JSON-ready. Bad content is never raised: errors of the loader are findings too. A file is read with the rulebook it lies in;
`source` names another one.
"""

from __future__ import annotations

import contextlib
import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs

from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    Direction,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    SetBy,
    Threshold,
    Unstated,
    leaves,
)
from ntm_rules.model.ruleset import Catalogue, Ruleset
from ntm_rules.model.text import Language, Text, nearest, shown
from ntm_rules.rulebook.build import build_ruleset
from ntm_rules.rulebook.clauses import each_clause
from ntm_rules.rulebook.layers import apply_layer
from ntm_rules.rulebook.normal import Surroundings, normal_catalogue, normal_layer, normal_ruleset, read_evidence
from ntm_rules.rulebook.reading import problem_at, read_document
from ntm_rules.rulebook.rulebook import Rulebook, shipped
from ntm_rules.rulebook.yaml_text import read_yaml

__all__ = ["Finding", "Severity", "lint_path", "lint_rulebook"]

Severity = Literal["error", "warning", "note"]
Steps: TypeAlias = tuple[int | str, ...]
Normal: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str, int | None]

_SEVERITIES: Mapping[str, Text] = {
    "error": Text("lỗi", "error"),
    "warning": Text("cảnh báo", "warning"),
    "note": Text("ghi chú", "note"),
}


@attrs.frozen(slots=True)
class Finding:
    """Something to look at: a problem, and how grave it is."""

    problem: Problem
    severity: Severity

    def describe(self, lang: Language = "vi") -> str:
        """The finding on one line: severity, place, message, what was found and wanted."""
        return f"{_SEVERITIES[self.severity].in_(lang)}: {self.problem.describe(lang)}"

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready data."""
        return {"severity": self.severity, **self.problem.to_dict()}


def lint_path(path: str | Path, *, source: str | Path | None = None) -> tuple[Finding, ...]:
    """Everything found in a file, or in a rulebook's directory, in the order of files and lines.

    `source` is the directory of the rulebook whose rulesets and facts the file is held against: by default the one it lies
    in, else the one shipped with the package.
    """
    path = Path(path)
    home = source or _home(path)
    if path.is_dir() and ((path / "rulebook.yaml").is_file() or home is None):
        return lint_rulebook(path)
    report = _Report(str(path))
    try:
        book = _Book(home or shipped())
        for file in sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
            _lint_one(file, book, report)
    except NtmRulesError as error:
        report.refused(error)
    return _sorted(report.findings)


def lint_rulebook(directory: str | Path) -> tuple[Finding, ...]:
    """Everything found in a rulebook's directory: each file by itself, and what shows only when they are seen together."""
    report = _Report(str(directory))
    try:
        book = _Book(directory)
        _lint_directory(book, report)
    except NtmRulesError as error:
        report.refused(error)
    return _sorted(report.findings)


def _lint_one(path: Path, book: _Book, report: _Report) -> None:
    """Lint a file into the report of a folder."""
    inner = _Report(str(path))
    _lint_file(path, book, inner)
    report.findings += inner.findings


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: (finding.problem.source or "", finding.problem.line or 0)))


def _home(path: Path) -> Path | None:
    return next((parent for parent in path.resolve().parents if (parent / "rulebook.yaml").is_file()), None)


class _Report:
    """Collects what is found in one file."""

    def __init__(self, source: str, tree: Any = None) -> None:
        self.source, self.tree = source, tree
        self.findings: list[Finding] = []

    def add(self, severity: Severity, code: str, path: Steps, vi: str, en: str, **fields: Any) -> None:
        problem = problem_at(self.tree, self.source, path, code, Text(vi, en), **fields)
        self.findings.append(Finding(problem, severity))

    def refused(self, error: NtmRulesError) -> None:
        """What the loader refuses; each problem keeps its own file and line where it has one."""
        for problem in error.problems:
            named = problem if problem.source is not None else attrs.evolve(problem, source=self.source)
            self.findings.append(Finding(named, "error"))

    def note_line(self, code: str, line: int, vi: str, en: str, found: str | None = None) -> None:
        problem = Problem(code=code, source=self.source, line=line, message=Text(vi, en), found=found)
        self.findings.append(Finding(problem, "warning"))


# -- the rulebook around a file


class _Book:
    """A rulebook as the linter reads it: each document in normal form, or None where it does not load."""

    def __init__(self, directory: str | Path) -> None:
        self.loader = Rulebook(directory)
        self.directory = self.loader.directory
        self.ids = self.loader.ids
        self._read: dict[str, Normal | None] = {}

    @property
    def catalogue(self) -> Catalogue:
        return self.loader.catalogue

    def inside(self, path: Path) -> str | None:
        """The path of a file relative to the rulebook, None where it lies elsewhere."""
        try:
            return path.resolve().relative_to(self.directory.resolve()).as_posix()
        except ValueError:
            return None

    def evidence(self, relative: str | None) -> Any:
        """The rows of the evidence file that goes with a document; none where there is none."""
        if relative is None:
            return {}
        path = self.directory / "evidence" / Path(relative).with_suffix(".csv")
        return read_evidence(path) if path.is_file() else {}

    def ruleset(self, ruleset_id: str) -> Normal | None:
        """A ruleset's first text in normal form."""
        return self._once(f"{ruleset_id}.yaml", self._read_ruleset)

    def _read_ruleset(self, relative: str) -> Normal:
        path = self.directory / relative
        place = Surroundings(str(path), self.catalogue, self.evidence(relative), self.ids)
        return normal_ruleset(path.read_bytes(), place, {})

    def layers(self, ruleset_id: str, province: str | None) -> list[tuple[str, Normal]]:
        """The layers of a ruleset that load, in the order in which they are applied."""
        if self.ruleset(ruleset_id) is None:
            return []
        read = functools.partial(self._read_layer, ruleset_id=ruleset_id)
        paths = self.loader.layer_paths(ruleset_id, province)
        found = [(path, layer) for path in paths if (layer := self._once(path, read)) is not None]
        return sorted(found, key=lambda item: (item[1]["kind"] != "amendment", item[1]["decision"][2] or "", item[0]))

    def _read_layer(self, relative: str, ruleset_id: str) -> Normal:
        path, below = self.directory / relative, self.below(ruleset_id, relative)
        place = Surroundings(str(path), self.catalogue, self.evidence(relative), self.ids)
        return normal_layer(path.read_bytes(), place, below, {})

    def below(self, ruleset_id: str, relative: str | None) -> Normal:
        """The text that a layer's thresholds speak of: the first one for an amendment, else that with every amendment."""
        text = self.ruleset(ruleset_id)
        assert text is not None
        amendments = [] if relative and "/amendments/" in relative else self.layers(ruleset_id, None)
        for path, amendment in amendments:
            with contextlib.suppress(NtmRulesError):  # what does not fit is found where that amendment is linted
                text = apply_layer(text, amendment, path)
        return text

    def _once(self, relative: str, read: Callable[[str], Normal]) -> Normal | None:
        """A document read once; None for what does not load: that file's own findings say why."""
        if relative not in self._read:
            try:
                self._read[relative] = read(relative)
            except (NtmRulesError, OSError):
                self._read[relative] = None
        return self._read[relative]

    def references(self, ruleset_id: str, province: str | None) -> set[str]:
        """The rulesets that a ruleset, or a layer of it, refers to."""
        documents = [self.ruleset(ruleset_id), *(layer for _, layer in self.layers(ruleset_id, province))]
        return {other for document in documents if document for other, *_ in _references(document)}

    def build(self, normal: Normal, province: str | None) -> Ruleset:
        """The ruleset of a document in normal form."""
        return build_ruleset(
            normal,
            self.catalogue,
            lambda other: self.loader.load(other, province=province),
            on=None,
            known_on=None,
            province=province,
            layers=(),
            rulebook="",
            rulebook_version="",
        )


def _text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig", errors="replace")


def _references(document: Normal) -> Iterator[tuple[str, str | None, str]]:
    """(ruleset, indicator or None, the clause that refers to it) of a ruleset's or layer's document."""

    def asked(clause: Normal, owner: str | None) -> Iterator[tuple[str, str | None, str]]:
        # The parts of a condition have no number of their own: the clause it belongs to stands for them.
        name = owner or clause["id"]
        yield from inside(clause["requirement"], name, owner)
        yield from inside(clause["applies_if"], name, name)

    def inside(requirement: Normal | None, name: str, owner: str | None) -> Iterator[tuple[str, str | None, str]]:
        if requirement is None:
            return
        if requirement["kind"] == "ruleset_met":
            yield requirement["ruleset"], None, name
        elif requirement.get("relation"):
            yield requirement["relation"][0], requirement["relation"][1], name
        yield from inside(requirement.get("condition"), name, name)
        branches = (requirement[key] for key in ("then", "otherwise") if key in requirement)
        for part in (*requirement.get("parts", ()), *branches):
            yield from asked(part, owner)

    shaped = _as_ruleset(document)
    indicators = [indicator for criterion in shaped["criteria"] for indicator in criterion["indicators"]]
    for clause in (*indicators, *document["conditions"], *document["prerequisites"]):
        yield from asked(clause, None)


def _as_ruleset(document: Normal) -> Normal:
    """A ruleset's document as it is; of a layer's, what it brings, in the shape of a ruleset."""
    if "criteria" in document:
        return document
    brought = [*document["replace_indicators"], *(added["indicator"] for added in document["add_indicators"])]
    return document | {"criteria": [{"no": "", "indicators": brought}, *document["add_criteria"]]}


# -- one file


def _lint_file(path: Path, book: _Book, report: _Report) -> None:
    try:
        data = path.read_bytes()
    except OSError as error:
        detail = error.strerror
        report.add("error", "cannot_read", (), f"không đọc được tệp ({detail})", f"cannot read the file ({detail})")
        return
    _hygiene(data, report)
    try:
        report.tree = read_yaml(data, report.source)
        _lint_document(data, path, book, report)
    except NtmRulesError as error:
        report.refused(error)


_OF_COMMUNES = {"code", "name", "region", "province", "zone", "year", "attested", "host_id"}
_OF_RULEBOOKS = {"rulebook", "facts", "regions", "layer", "of", "ruleset", "criteria"}


def _lint_document(data: bytes, path: Path, book: _Book, report: _Report) -> None:
    tree, relative = report.tree, book.inside(path)
    keys = set(tree) if isinstance(tree, Mapping) else set()
    if path.name.endswith(".test.yaml"):
        return  # examples of a ruleset, no document of the rulebook
    if "rulebook" in keys:
        from ntm_rules.rulebook.documents import RulebookDocument

        read_document(data, report.source, RulebookDocument)
    elif "facts" in keys and not keys & _OF_COMMUNES:
        _lint_facts(data, path, report)
    elif keys & {"regions", "zones", "provinces"}:
        _lint_regions(data, report)
    elif keys & {"layer", "of"}:
        _lint_layer(data, book, report, relative)
    elif keys & {"ruleset", "criteria"}:
        _lint_ruleset(data, book, report, relative)
    else:
        wanted = "ruleset, layer, facts, regions, rulebook"
        report.add(
            "error",
            "unknown_document",
            (),
            "không nhận ra đây là tài liệu gì",
            "not a document of a rulebook",
            found=shown(", ".join(map(str, keys)) or type(tree).__name__),
            wanted=Text(wanted, wanted),
        )


_INVISIBLE = re.compile("[\u00a0\u200b-\u200f\u2028\u2029\ufeff\u00ad]")


def _hygiene(data: bytes, report: _Report) -> None:
    """What cannot be seen in the text, line by line."""
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        if line != line.rstrip():
            report.note_line("trailing_space", number, "thừa khoảng trắng cuối dòng", "spaces at the end of the line")
        if "\t" in line.rstrip():
            report.note_line("tab", number, "có dấu tab; dùng dấu cách", "a tab; use spaces")
        if not unicodedata.is_normalized("NFC", line):
            vi, en = "chữ chưa ở dạng Unicode dựng sẵn (NFC)", "text is not in composed Unicode (NFC)"
            report.note_line("not_nfc", number, vi, en)
        if hidden := _INVISIBLE.search(line):
            vi, en = "có ký tự không nhìn thấy", "a character that cannot be seen"
            report.note_line("invisible_character", number, vi, en, f"U+{ord(hidden[0]):04X}")


def _evidence_rows(book: _Book, relative: str | None, report: _Report) -> Any:
    """The evidence of a document, None where its file is wrong (which is reported)."""
    try:
        return book.evidence(relative)
    except NtmRulesError as error:
        report.refused(error)
        return None


def _lint_ruleset(data: bytes, book: _Book, report: _Report, relative: str | None) -> None:
    rows = _evidence_rows(book, relative, report)
    normal = normal_ruleset(data, Surroundings(report.source, book.catalogue, rows or {}, book.ids), {})
    places = _places(report.tree)
    _identity(normal, report, relative)
    _decision_dates(normal["decision"], report)
    for number, code, vi, en in _numbering(normal["criteria"]):
        report.add(_NUMBERING[code], code, places.get(number, ()), vi, en, found=shown(number.rpartition(" ")[2]))
    _totals(normal, report)
    _columns(normal, book.catalogue, report, places)
    _evidence(normal, rows, report, places)
    _unset_cells(normal, report)
    if _references_hold(normal, normal["ruleset"], book, report, places):
        ruleset = book.build(normal, None)
        for clause in _tops(ruleset):
            _clause(clause, ruleset, report, places)


def _lint_layer(data: bytes, book: _Book, report: _Report, relative: str | None) -> None:
    rows, tree = _evidence_rows(book, relative, report), report.tree
    target = tree.get("of")
    base = book.ruleset(target) if target in book.ids else None
    if base is None:
        _unknown_target(target, book, report)
        return
    place = Surroundings(report.source, book.catalogue, rows or {}, book.ids)
    layer = normal_layer(data, place, book.below(target, relative), {})
    places = _places(tree)
    _layer_place(layer, report, relative)
    _layer_dates(layer, base, report)
    _evidence(layer, rows, report, places)
    _unset_cells(layer, report)
    _overlaps(layer, book, report, relative)
    if _references_hold(layer, target, book, report, places):
        _layer_effect(layer, book, report, relative, places)


def _unknown_target(target: Any, book: _Book, report: _Report) -> None:
    if target in book.ids:
        vi, en = "bộ tiêu chí mà lớp này sửa không đọc được", "the ruleset that the layer changes does not load"
    else:
        vi, en = "lớp này không nói nó sửa bộ tiêu chí nào có ở đây", "the layer names no ruleset that is here"
    names = ", ".join(book.ids)
    fields = {"found": shown(target), "wanted": Text(names, names), "nearest": nearest(target, book.ids)}
    report.add("error", "unknown_ruleset", ("of",), vi, en, **fields)


# -- places in the source


def _places(tree: Any) -> dict[str, Steps]:
    """Where each clause ("17.1", "17.1.a", a condition's id) and criterion ("criterion 17") stands in a document."""
    found: dict[str, Steps] = {}

    def clause(item: Any, path: Steps, indicator: str, number: str) -> None:
        found.setdefault(number, path)
        for part, place in _parts_of(item.get("requires") or {}, (*path, "requires")):
            clause(part, place, indicator, f"{indicator}.{part['part']}")

    def clauses(items: Any, path: Steps, name: str) -> None:
        for place, item in enumerate(items or ()):
            clause(item, (*path, place), item[name], item[name])

    for section in ("criteria", "add_criteria"):
        for place, criterion in enumerate(tree.get(section) or ()):
            found.setdefault(f"criterion {criterion['no']}", (section, place))
            clauses(criterion["indicators"], (section, place, "indicators"), "no")
    for section in ("replace_indicators", "add_indicators"):
        clauses(tree.get(section), (section,), "no")
    for section in ("conditions", "prerequisites"):
        clauses(tree.get(section), (section,), "id")
    for place, item in enumerate(tree.get("set_thresholds") or ()):
        number = ".".join(filter(None, (item["indicator"], item.get("part"))))
        found.setdefault(number, ("set_thresholds", place))
    for section in ("remove_indicators", "remove_conditions"):
        for place, number in enumerate(tree.get(section) or ()):
            found.setdefault(number, (section, place))
    return found


def _parts_of(requires: Any, path: Steps) -> Iterator[tuple[Any, Steps]]:
    for name in ("all", "any"):
        for place, part in enumerate(requires.get(name) or ()):
            yield part, (*path, name, place)
    for place, part in enumerate((requires.get("some") or {}).get("of") or ()):
        yield part, (*path, "some", "of", place)
    for name in ("then", "otherwise"):
        if part := (requires.get("when") or {}).get(name):
            yield part, (*path, "when", name)


def _place(places: Mapping[str, Steps], number: str) -> Steps:
    """The place of a clause, or of the indicator it is part of."""
    while number not in places and "." in number:
        number = number.rpartition(".")[0]
    return places.get(number, ())


# -- identity, dates, numbering, counts


def _identity(normal: Normal, report: _Report, relative: str | None) -> None:
    """The id, the path and what the document says of itself must agree."""
    ruleset_id = normal["ruleset"]
    phase, _, name = ruleset_id.partition("/")
    tier = name.partition("ntm-")[2] or "ntm"
    for key, wanted in (("phase", phase), ("level", name.partition("-")[0]), ("tier", tier)):
        if normal[key] != wanted and (key != "tier" or wanted in ("ntm", "nang-cao", "kieu-mau")):
            vi, en = f"không khớp với mã {ruleset_id}", f"does not agree with the id {ruleset_id}"
            report.add("error", "id_mismatch", (key,), vi, en, found=shown(normal[key]), wanted=Text(wanted, wanted))
    if relative is not None and relative != f"{ruleset_id}.yaml":
        vi, en = "mã không khớp với đường dẫn của tệp", "the id does not agree with the path of the file"
        report.add(
            "error", "id_mismatch", ("ruleset",), vi, en, found=shown(ruleset_id), wanted=Text(relative, relative)
        )


def _decision_dates(decision: Sequence[str | None], report: _Report) -> None:
    _, issued, in_force = decision
    if issued and in_force and in_force < issued:
        vi, en = "có hiệu lực trước ngày ban hành", "in force before it was issued"
        report.add("error", "in_force_before_issued", ("decision", "in_force"), vi, en, found=in_force)


_NUMBERING: Mapping[str, Severity] = {
    "not_of_criterion": "error",
    "out_of_order": "error",
    "number_gap": "warning",
    "unofficial_number": "note",
}


def _numbering(criteria: Sequence[Normal]) -> list[tuple[str, str, str, str]]:
    """(number, code, vi, en) of what is wrong with the numbers; a criterion's number is "criterion 17"."""
    found = list(_sequence([c["no"] for c in criteria], "criterion "))
    for criterion in criteria:
        own, numbers = criterion["no"], [clause["id"] for clause in criterion["indicators"]]
        strays = [n for n in numbers if not (n.startswith(f"{own}.") or (n == own and len(numbers) == 1))]
        vi, en = f"số không thuộc tiêu chí {own}", f"the number does not belong to criterion {own}"
        found += [(number, "not_of_criterion", vi, en) for number in strays]
        if not strays and numbers != [own]:
            found += _sequence(numbers, "")
    return found


def _sequence(numbers: Sequence[str], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    """Numbers should ascend one by one, from 1."""
    last = 0
    for number in numbers:
        tail = number.rpartition(".")[2]
        if not (tail.isascii() and tail.isdigit()):
            vi, en = "không phải một số chính thức", "not an official number"
            yield prefix + number, "unofficial_number", vi, en
            continue
        if tail != str(int(tail)) or int(tail) <= last:
            yield prefix + number, "out_of_order", f"phải đứng sau số {last}", f"should come after number {last}"
        elif int(tail) > last + 1:
            vi, en = f"thiếu số {last + 1}", f"number {last + 1} is lacking"
            yield prefix + number, "number_gap", vi, en
        last = max(last, int(tail))


def _totals(normal: Normal, report: _Report) -> None:
    """What the document has against the official counts it states."""
    counted = [len(normal["criteria"]), sum(len(c["indicators"]) for c in normal["criteria"])]
    names = (("criteria", "tiêu chí", "criteria"), ("indicators", "chỉ tiêu", "indicators"))
    for (key, vi, en), count, total in zip(names, counted, normal["totals"], strict=True):
        if total is None or count == total or (count < total and not normal["complete"]):
            continue
        path = ("totals", key) if "totals" in report.tree else ()
        message = (f"số {vi} không khớp với số chính thức", f"the number of {en} is not the official one")
        report.add("error", "wrong_total", path, *message, found=str(count), wanted=Text(str(total), str(total)))


def _columns(normal: Normal, catalogue: Catalogue, report: _Report, places: Mapping[str, Steps]) -> None:
    """Regions without a column, and columns that are named but not there."""
    columns = normal["columns"]
    lacking = [region for region in catalogue.regions if region not in columns]
    if lacking and columns != ["common"]:
        names = ", ".join(lacking)
        vi, en = (
            "vùng không có cột: xã ở đó không được xét",
            "regions without a column: communes there cannot be judged",
        )
        report.add("warning", "missing_region", ("columns",), vi, en, wanted=Text(names, names))
    if len(set(columns)) < len(columns):
        report.add("error", "duplicate_column", ("columns",), "cột bị lặp", "a column is repeated")
    special = normal["special_communes"]
    if special and special[0] not in columns:
        vi, en = "bộ tiêu chí không có cột này", "the ruleset has no such column"
        report.add("error", "unknown_column", ("special_communes", "column"), vi, en, found=shown(special[0]))
    for clause in each_clause(normal):
        for column in clause["columns"] or ():
            if column not in columns:
                vi, en = "bộ tiêu chí không có cột này", "the ruleset has no such column"
                path = (*_place(places, clause["id"]), "columns")
                report.add("error", "unknown_column", path, vi, en, found=shown(column))


# -- evidence


def _evidence(document: Normal, rows: Any, report: _Report, places: Mapping[str, Steps]) -> None:
    """Thresholds for which nothing says how surely they are known."""
    if rows is None:
        return
    tables = [
        (_place(places, clause["id"]), clause["indicator"], clause["part"], clause["requirement"].get("rows", ()))
        for clause in each_clause(_as_ruleset(document))
    ]
    for place, change in enumerate(document.get("set_thresholds", ())):
        item = report.tree["set_thresholds"][place]
        tables.append((("set_thresholds", place), item["indicator"], item.get("part") or "", change["rows"]))
    for path, indicator, part, years in tables:
        bare = [
            column if year is None else f"{year} {column}"
            for year, cells in years
            for column, (state, *_) in cells.items()
            if state == "set" and (indicator, part, "" if year is None else str(year), column) not in rows
        ]
        if bare and not _has_evidence(report.tree, path):
            vi, en = "chưa ghi nguồn kiểm chứng cho mức này", "nothing says how surely this threshold is known"
            report.add("warning", "no_evidence", path, vi, en, found=_brief(bare))


def _has_evidence(tree: Any, path: Steps) -> bool:
    """Whether the clause at a path states its evidence itself."""
    for step in path:
        tree = tree[step]
    requires = tree.get("requires", tree)
    return "evidence" in requires or any(isinstance(c, Mapping) and "evidence" in c for c in requires.values())


def _unset_cells(document: Normal, report: _Report) -> None:
    """One note for the cells that are not known and that no province sets."""
    unset: list[str] = []
    count = 0
    for clause in each_clause(_as_ruleset(document)):
        cells = [cell for _, row in clause["requirement"].get("rows", ()) for cell in row.values()]
        open_ = sum(state == "unset" for state, *_ in cells)
        if open_ and clause["set_by"] != SetBy.PROVINCE.value:
            count += open_
            unset.append(clause["id"])
    if unset:
        vi, en = f"{count} ô chưa biết mức", f"{count} cells whose threshold is not known"
        report.add("note", "unset_cells", (), vi, en, found=_brief(unset))


def _brief(items: Sequence[str], most: int = 8) -> str:
    return ", ".join(items[:most]) + (f" … ({len(items)})" if len(items) > most else "")


# -- references to other rulesets


def _references_hold(document: Normal, own: str, book: _Book, report: _Report, places: Mapping[str, Steps]) -> bool:
    """Whether every ruleset and indicator referred to exists, and none leads back to itself."""
    sound, province = True, document.get("province")
    for other, indicator, clause in _references(document):
        path = _place(places, clause)
        if other != own and book.ruleset(other) is None:
            vi, en = (
                "dẫn chiếu bộ tiêu chí không có hoặc không đọc được",
                "refers to a ruleset that is not there or does not load",
            )
            report.add("error", "unknown_ruleset", path, vi, en, found=shown(other), nearest=nearest(other, book.ids))
        elif _leads_back(other, own, book, province):
            vi, en = "dẫn chiếu vòng: bộ tiêu chí dựa vào chính nó", "circular: the ruleset rests on itself"
            report.add("error", "circular_reference", path, vi, en, found=shown(other))
        elif indicator is not None and not _has_threshold(book, other, indicator, province):
            vi, en = (
                "chỉ tiêu được dẫn chiếu không có hoặc không có mức",
                "the indicator referred to is not there or has no threshold",
            )
            report.add("error", "unknown_indicator", path, vi, en, found=shown(f"{other}:{indicator}"))
        else:
            continue
        sound = False
    return sound


def _leads_back(start: str, own: str, book: _Book, province: str | None) -> bool:
    """Whether following references from `start` reaches `own`, or goes round in a circle elsewhere."""

    def follow(ruleset_id: str, trail: tuple[str, ...]) -> bool:
        if ruleset_id == own or ruleset_id in trail:
            return True
        return any(follow(other, (*trail, ruleset_id)) for other in book.references(ruleset_id, province))

    return follow(start, ())


def _has_threshold(book: _Book, ruleset_id: str, indicator: str, province: str | None) -> bool:
    for document in (book.ruleset(ruleset_id), *(layer for _, layer in book.layers(ruleset_id, province))):
        for clause in each_clause(_as_ruleset(document)) if document else ():
            if clause["id"] == indicator and clause["requirement"]["kind"] == "comparison":
                return True
    return False


# -- what a requirement asks, as spans of one measure


@attrs.frozen(slots=True)
class _Span:
    """What a requirement without parts accepts of one measure, and between which bounds the measure lies (None: no bound)."""

    measure: tuple[Any, ...]
    low: Decimal | None
    high: Decimal | None
    least: Decimal | None = None
    most: Decimal | None = None

    @property
    def floor(self) -> Decimal | None:
        """The lower end, None where the bounds of the measure already see to it."""
        return None if self.low is None or (self.least is not None and self.low <= self.least) else self.low

    @property
    def ceiling(self) -> Decimal | None:
        """The upper end, None where the bounds of the measure already see to it."""
        return None if self.high is None or (self.most is not None and self.high >= self.most) else self.high

    @property
    def always(self) -> bool:
        """Whether every possible value is accepted."""
        return self.floor is None and self.ceiling is None

    def within(self, other: _Span) -> bool:
        """Whether all that this accepts the other accepts. Both sexes each within a span have their total within it too."""
        same = self.measure in (other.measure, (*other.measure, "both sexes"))
        above = other.floor is None or (self.low is not None and self.low >= other.floor)
        below = other.ceiling is None or (self.high is not None and self.high <= other.ceiling)
        return same and above and below


_ONE, _NOUGHT = Decimal(1), Decimal(0)


def _table(requirement: Requirement) -> Threshold | None:
    if isinstance(requirement, (Comparison, OneOf, RulesetMet)):
        return requirement.threshold
    return requirement.factor if isinstance(requirement, FactComparison) else None


def _cell(requirement: Requirement, place: Place) -> Cell | None:
    """The cell of a place where its threshold is set, else None."""
    table = _table(requirement)
    cell = table.cell(*place) if table is not None else None
    return cell if cell is not None and cell.state is CellState.SET else None


def _span(requirement: Requirement, facts: Mapping[str, Fact], place: Place) -> _Span | None:
    """What a requirement accepts at a place of the table; None where that is not known or not one span."""
    cell = _cell(requirement, place)
    if cell is None:
        return None
    if isinstance(requirement, RulesetMet):
        return _Span(("ruleset", requirement.ruleset.id), _ONE, _ONE, _NOUGHT, _ONE)
    if isinstance(requirement, FactComparison):
        return _ends(requirement.direction, cell.value, (requirement.fact, "times", requirement.other), None, None)
    if isinstance(requirement, OneOf):
        return _one_of_span(requirement, facts[requirement.fact])
    assert isinstance(requirement, Comparison)
    fact = facts[requirement.fact]
    measure = (fact.key, "both sexes") if requirement.both_sexes else (fact.key,)
    if fact.kind is FactKind.CATEGORY:
        position = Decimal(fact.values.index(str(cell.value)))
        return _ends(requirement.direction, position, measure, _NOUGHT, Decimal(len(fact.values) - 1))
    if fact.kind is FactKind.BOOLEAN:
        return _Span(measure, _ONE, _ONE, _NOUGHT, _ONE)
    return _ends(requirement.direction, cell.value, measure, fact.low, fact.high)


def _ends(
    direction: Direction, value: Any, measure: tuple[Any, ...], least: Decimal | None, most: Decimal | None
) -> _Span:
    low = None if direction is Direction.AT_MOST else value
    return _Span(measure, low, None if direction is Direction.AT_LEAST else value, least, most)


def _one_of_span(requirement: OneOf, fact: Fact) -> _Span | None:
    positions = sorted(fact.values.index(value) for value in set(requirement.values))
    if positions[-1] - positions[0] >= len(positions):
        return None  # values with others between them
    return _Span((fact.key,), Decimal(positions[0]), Decimal(positions[-1]), _NOUGHT, Decimal(len(fact.values) - 1))


def _asked(clause: Clause, place: Place) -> bool:
    return clause.columns is None or place[0] in clause.columns


def _nodes(clause: Clause) -> Iterator[Clause]:
    """A clause and every part in it."""
    yield clause
    if isinstance(clause.requirement, Combination):
        for part in clause.requirement.parts:
            yield from _nodes(part)
    elif isinstance(clause.requirement, Branch):
        yield from _nodes(clause.requirement.then)
        yield from _nodes(clause.requirement.otherwise)


def _tops(ruleset: Ruleset) -> tuple[Clause, ...]:
    return (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)


def _cells_of(columns: Iterable[str], *clauses: Clause) -> list[Place]:
    """The places of the table that clauses speak of: columns by years."""
    tables = [_table(node.requirement) for clause in clauses for node in _nodes(clause)]
    years = {year for table in tables if table is not None for year in table.rows if year is not None}
    return [(column, year) for column in columns for year in (sorted(years) or (None,))]


# -- requirements that say nothing, or two things at once


def _clause(top: Clause, ruleset: Ruleset, report: _Report, places: Mapping[str, Steps]) -> None:
    """All that is checked of one indicator, condition or prerequisite."""
    numbers = [node.id for node in _nodes(top)]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        vi, en = "ký hiệu phần bị lặp trong chỉ tiêu", "a part's letter is repeated within the indicator"
        report.add("error", "duplicate_part", _place(places, number), vi, en, found=shown(number))
    for node in _nodes(top):
        path = _place(places, node.id)
        if node.label.vi == node.label.en:
            vi, en = "tên tiếng Việt và tiếng Anh giống nhau", "the Vietnamese and the English label are the same"
            report.add("warning", "untranslated", (*path, "label"), vi, en, found=shown(node.label.vi))
        if node.applies_if is not None and _always(node.applies_if, ruleset, node):
            vi, en = "điều kiện áp dụng luôn đúng", "the condition of applying always holds"
            report.add("warning", "constant_condition", (*path, "applies_if"), vi, en)
        _requirement(node, ruleset, report, path)


def _requirement(node: Clause, ruleset: Ruleset, report: _Report, path: Steps) -> None:
    requirement = node.requirement
    if isinstance(requirement, Combination):
        _combination(requirement, ruleset, report, path)
    elif isinstance(requirement, Branch):
        _branch(requirement, ruleset, report, path, node)
    elif not isinstance(requirement, Unstated):
        if _always(requirement, ruleset, node):
            vi, en = "luôn đạt: mức không loại được giá trị nào", "always met: the threshold excludes no value"
            report.add("warning", "always_met", path, vi, en)
        _units(requirement, ruleset, report, path)
        _years(requirement, ruleset, report, path)


def _always(requirement: Requirement, ruleset: Ruleset, node: Clause) -> bool:
    """Whether a requirement without parts holds wherever it is asked, whatever the fact."""
    facts = ruleset.catalogue.facts
    probe = attrs.evolve(node, requirement=requirement)
    spans = [_span(requirement, facts, place) for place in _cells_of(ruleset.columns, probe) if _asked(node, place)]
    return bool(spans) and all(span is not None and span.always for span in spans)


def _branch(requirement: Branch, ruleset: Ruleset, report: _Report, path: Steps, node: Clause) -> None:
    if _always(requirement.condition, ruleset, node):
        vi, en = (
            "điều kiện luôn đúng: nhánh 'otherwise' không bao giờ được dùng",
            "always true: 'otherwise' is never used",
        )
        report.add("warning", "constant_condition", (*path, "requires", "when", "condition"), vi, en)
    if requirement.then.requirement == requirement.otherwise.requirement:
        vi, en = "hai nhánh giống nhau", "both branches are the same"
        report.add("warning", "same_branches", (*path, "requires", "when"), vi, en)


def _combination(requirement: Combination, ruleset: Ruleset, report: _Report, path: Steps) -> None:
    every = requirement.needed == len(requirement.parts)
    parts = list(_flat(requirement.parts)) if every else list(requirement.parts)
    if every:
        for first, second in combinations(parts, 2):
            if _contradict(first, second, ruleset):
                vi, en = "hai phần mâu thuẫn: không giá trị nào đạt cả hai", "two parts contradict: no value meets both"
                report.add("error", "contradiction", path, vi, en, found=f"{first.id}, {second.id}")
    if not every and requirement.needed > 1:
        return
    for weaker, stronger in _covered(parts, ruleset):
        if every:
            vi, en = (
                f"phần thừa: {stronger.id} đã đòi hỏi nhiều hơn",
                f"superfluous: {stronger.id} already asks for more",
            )
            report.add("warning", "superfluous_part", path, vi, en, found=weaker.id)
        else:
            vi, en = (
                f"phần thừa: ai đạt phần này cũng đạt {weaker.id}",
                f"dead: whoever meets it also meets {weaker.id}",
            )
            report.add("warning", "dead_part", path, vi, en, found=stronger.id)


def _flat(parts: Iterable[Clause]) -> Iterator[Clause]:
    """The parts of an `all`, with those of an `all` inside it."""
    for part in parts:
        inner = part.requirement
        plain = part.applies_if is None and part.columns is None
        if plain and isinstance(inner, Combination) and inner.needed == len(inner.parts):
            yield from _flat(inner.parts)
        else:
            yield part


def _spans(first: Clause, second: Clause, ruleset: Ruleset) -> Iterator[tuple[_Span | None, _Span | None]]:
    """What two parts accept, at every place of the table where either is asked."""

    def span(clause: Clause, place: Place) -> _Span | None:
        return _span(clause.requirement, ruleset.catalogue.facts, place) if _asked(clause, place) else None

    for place in _cells_of(ruleset.columns, first, second):
        if _asked(first, place) or _asked(second, place):
            yield span(first, place), span(second, place)


def _contradict(first: Clause, second: Clause, ruleset: Ruleset) -> bool:
    """Whether somewhere in the table no value of one measure meets both."""
    for one, other in _spans(first, second, ruleset):
        if one is None or other is None or one.measure != other.measure:
            continue
        for lower, upper in ((one, other), (other, one)):
            if lower.low is not None and upper.high is not None and lower.low > upper.high:
                return True
    return False


def _covered(parts: Sequence[Clause], ruleset: Ruleset) -> Iterator[tuple[Clause, Clause]]:
    """Pairs (weaker, stronger) of parts where, everywhere, whatever meets the stronger meets the weaker."""
    for place, first in enumerate(parts):
        for second in parts[place + 1 :]:
            if first.applies_if != second.applies_if:
                continue
            pairs = list(_spans(first, second, ruleset))
            if pairs and all(one and other and one.within(other) for one, other in pairs):
                yield second, first
            elif pairs and all(one and other and other.within(one) for one, other in pairs):
                yield first, second


# -- units and years


def _units(requirement: Requirement, ruleset: Ruleset, report: _Report, path: Steps) -> None:
    facts = ruleset.catalogue.facts
    if isinstance(requirement, FactComparison):
        one, other = facts[requirement.fact], facts[requirement.other]
        numeric = FactKind.BOOLEAN not in (one.kind, other.kind) and FactKind.CATEGORY not in (one.kind, other.kind)
        if not numeric or (one.kind, one.unit) != (other.kind, other.unit):
            vi, en = "hai số liệu khác loại hoặc khác đơn vị", "the two facts differ in kind or unit"
            report.add("error", "units_differ", path, vi, en, found=f"{one.key}, {other.key}")
    elif isinstance(requirement, Comparison) and facts[requirement.fact].kind is FactKind.COUNT:
        fractions = [
            str(cell.value)
            for *_, cell in requirement.threshold.cells()
            if isinstance(cell.value, Decimal) and cell.value != cell.value.to_integral_value()
        ]
        if fractions:
            vi, en = "mức lẻ cho một số đếm", "a fraction as the threshold of a count"
            report.add("warning", "fraction_of_count", path, vi, en, found=_brief(fractions))


def _years(requirement: Requirement, ruleset: Ruleset, report: _Report, path: Steps) -> None:
    """Rows by year: those of the phase should all be there, no others, and no threshold should become easier."""
    if not isinstance(requirement, Comparison) or requirement.relation is not None:
        return
    if not requirement.threshold.varies_by_year:
        return
    years = {year for year in requirement.threshold.rows if year is not None}
    first, last = map(int, ruleset.phase.split("-"))
    lacking = [str(year) for year in range(first, last + 1) if year not in years]
    outside = [str(year) for year in sorted(years) if not first <= year <= last]
    if lacking:
        vi, en = "năm trong giai đoạn không có mức", "years of the phase without a row"
        report.add("warning", "missing_year", path, vi, en, wanted=Text(", ".join(lacking), ", ".join(lacking)))
    if outside:
        vi, en = "năm nằm ngoài giai đoạn", "years outside the phase"
        report.add("warning", "year_outside_phase", path, vi, en, found=", ".join(outside))
    if easier := list(_easier(requirement, ruleset)):
        vi, en = "mức năm sau dễ hơn năm trước", "a later year's threshold is easier than an earlier one's"
        report.add("warning", "easier_by_year", path, vi, en, found=_brief(easier, 4))


def _easier(requirement: Comparison, ruleset: Ruleset) -> Iterator[str]:
    facts = ruleset.catalogue.facts
    years = sorted(year for year in requirement.threshold.rows if year is not None)
    for column in ruleset.columns:
        known = [(year, span) for year in years if (span := _span(requirement, facts, (column, year)))]
        for (_, before), (year, after) in pairwise(known):
            if before != after and before.within(after):
                cell = requirement.threshold.cell(column, year)
                yield f"{column} {year}: {cell.value if cell else ''}"


# -- layers


def _layer_place(layer: Normal, report: _Report, relative: str | None) -> None:
    """A layer is found by its folder, so folder and content must agree."""
    if relative is None:
        return
    phase, _, name = layer["of"].partition("/")
    folder = f"provinces/{layer['province']}" if layer["kind"] == "province" else "amendments"
    wanted = f"{phase}/{folder}/{name}/"
    if str(Path(relative).parent.as_posix()) + "/" != wanted:
        vi, en = "tệp nằm sai thư mục so với nội dung", "the file is not in the folder its content calls for"
        report.add("error", "misplaced_layer", (), vi, en, found=shown(relative), wanted=Text(wanted, wanted))


def _layer_dates(layer: Normal, base: Normal, report: _Report) -> None:
    _decision_dates(layer["decision"], report)
    for place, key in ((1, "issued"), (2, "in_force")):
        day, since = layer["decision"][place], base["decision"][place]
        if day and since and day < since:
            vi, en = "trước ngày của quyết định gốc", "before the decision it changes"
            report.add("error", "before_base", ("decision", key), vi, en, found=day, wanted=Text(since, since))
        if day is None:
            vi, en = "chưa biết ngày: lớp này áp dụng cho mọi ngày", "date not known: the layer applies on every date"
            severity: Severity = "note" if layer["kind"] == "province" else "warning"
            report.add(severity, "undated_layer", ("decision", key), vi, en)


def _overlaps(layer: Normal, book: _Book, report: _Report, relative: str | None) -> None:
    """Another layer of the same day that touches the same thing: which of them holds is then left to their file names."""
    if relative is None:
        return
    for other_path, other in book.layers(layer["of"], layer["province"]):
        same = (other["kind"], other["decision"][2]) == (layer["kind"], layer["decision"][2])
        if other_path <= relative or not same:
            continue
        if both := sorted(_touched(layer) & _touched(other)):
            vi, en = f"cùng ngày, {other_path} sửa cùng một chỗ", f"on the same day {other_path} changes the same thing"
            report.add("error", "overlap", (), vi, en, found=_brief(both))


def _touched(layer: Normal) -> set[str]:
    found = {name for name in ("special_communes", "withdrawal", "totals", "complete") if layer[name] is not None}
    found |= {clause["id"] for clause in layer["replace_indicators"]} | set(layer["remove_indicators"])
    found |= {added["indicator"]["id"] for added in layer["add_indicators"]} | {c["no"] for c in layer["add_criteria"]}
    found |= {clause["id"] for name in ("conditions", "prerequisites") for clause in layer[name]}
    found |= set(layer["remove_conditions"])
    for change in layer["set_thresholds"]:
        found |= {f"{change['id']} {year or ''} {column}" for year, cells in change["rows"] for column in cells}
    return found


def _layer_effect(
    layer: Normal, book: _Book, report: _Report, relative: str | None, places: Mapping[str, Steps]
) -> None:
    """What the layer makes of the ruleset: checked like a ruleset, and, for a province's, against the national text."""
    province = layer["province"]
    for below in _below(layer, book, relative):
        after = apply_layer(below, layer, report.source)
        _layer_document(below, after, layer, report, places)
        ruleset = book.build(after, province)
        brought = {clause["id"] for clause in each_clause(_as_ruleset(layer))}
        brought |= {change["id"] for change in layer["set_thresholds"]}
        for clause in _tops(ruleset):
            if any(node.id in brought for node in _nodes(clause)):
                _clause(clause, ruleset, report, places)
        if layer["kind"] == "province":
            _not_for_province(layer, report)
            _Loosening(book.build(below, province), ruleset, report, places).check()


def _below(layer: Normal, book: _Book, relative: str | None) -> list[Normal]:
    """The texts the layer may come to lie on: that of the day it takes effect and, for a province's, the latest one."""
    base = book.ruleset(layer["of"])
    assert base is not None
    found = []
    for latest in (False, True):
        text = base
        for path, other in book.layers(layer["of"], None):
            effective, since = other["decision"][2], layer["decision"][2]
            earlier = effective is None or since is None or (effective, path) < (since, relative or "~")
            if path != relative and (earlier or (latest and layer["kind"] == "province")):
                text = apply_layer(text, other, path)
        if text not in found:
            found.append(text)
    return found


def _layer_document(below: Normal, after: Normal, layer: Normal, report: _Report, places: Mapping[str, Steps]) -> None:
    known = _numbering(below["criteria"])
    brought = {clause["id"] for clause in each_clause(_as_ruleset(layer))}
    brought |= {f"criterion {criterion['no']}" for criterion in layer["add_criteria"]}
    for finding in _numbering(after["criteria"]):
        number, code, vi, en = finding
        if finding not in known and number in brought:
            report.add(_NUMBERING[code], code, places.get(number, ()), vi, en, found=shown(number.rpartition(" ")[2]))
    _totals(after, report)
    if layer["special_communes"]:
        _columns(after | {"criteria": [], "conditions": [], "prerequisites": []}, _no_regions(), report, places)


def _no_regions() -> Catalogue:
    return Catalogue({}, {}, {}, {})


def _not_for_province(layer: Normal, report: _Report) -> None:
    for name in ("special_communes", "withdrawal"):
        if layer[name] is not None:
            vi, en = "tỉnh không được quy định điều này", "not for a province to set"
            report.add("error", "not_for_province", (name,), vi, en)


# -- does a province's overlay ask for less than the national text?


class _Loosening:
    """Compares the text below an overlay with the text it makes, clause by clause and cell by cell.

    A province may raise, add and fill in what is left to it; it may not ask for less (18/2022/QĐ-TTg and the decisions on the
    sets). What cannot be shown to ask for as much is a warning.
    """

    def __init__(self, before: Ruleset, after: Ruleset, report: _Report, places: Mapping[str, Steps]) -> None:
        self.before, self.after, self.report, self.places = before, after, report, places
        self.facts = before.catalogue.facts
        self.found: dict[tuple[str, str, Severity], list[str]] = {}

    def check(self) -> None:
        kept = {clause.id: clause for clause in _tops(self.after)}
        for clause in _tops(self.before):
            if clause.id in kept:
                self._compare(clause, kept[clause.id])
            elif not (isinstance(clause.requirement, Unstated) and clause.set_by is SetBy.PROVINCE):
                self._removed(clause)
        self._lower_totals()
        for (number, code, severity), cells in self.found.items():
            vi, en = _LOOSER[code]
            self.report.add(severity, code, _place(self.places, number), vi, en, found=_brief(cells, 4) or None)

    def _removed(self, clause: Clause) -> None:
        conditional = clause in self.before.conditions or clause in self.before.prerequisites
        self._add("removes_condition" if conditional else "removes_indicator", clause, clause.id)
        still = {criterion.no for criterion in self.after.criteria}
        for criterion in self.before.criteria:
            if clause in criterion.indicators and criterion.no not in still:
                self._add("removes_criterion", clause, criterion.no)

    def _lower_totals(self) -> None:
        for name in ("criteria_total", "indicators_total"):
            old, new = getattr(self.before, name), getattr(self.after, name)
            if old is not None and (new is None or new < old):
                vi, en = "tỉnh không được giảm số chính thức", "a province may not lower the official counts"
                fields = {"found": str(new or "unknown"), "wanted": Text(f"≥ {old}", f"≥ {old}")}
                self.report.add("error", "lowers_totals", ("totals",), vi, en, **fields)

    def _compare(self, old: Clause, new: Clause) -> None:
        for place in self._places_of(old, new):
            if not self._implies(new, old, place):
                self._explain(old, new, place)

    def _places_of(self, old: Clause, new: Clause) -> list[Place]:
        """The places to compare; where one text goes by year, every year of the phase, or a lacking row would not show."""
        found = _cells_of(self.before.columns, old, new)
        years = {year for _, year in found}
        if years == {None}:
            return found
        first, last = map(int, self.before.phase.split("-"))
        whole = sorted({year for year in years if year is not None} | set(range(first, last + 1)))
        return [(column, year) for column in self.before.columns for year in whole]

    def _add(self, code: str, clause: Clause, found: str = "", place: Place | None = None) -> None:
        severity: Severity = "error"
        if code == "not_comparable" or clause.set_by is SetBy.PROVINCE or (place and place[0] not in self._own_columns):
            severity = "warning"
        cells = self.found.setdefault((clause.id, code, severity), [])
        if found and found not in cells:
            cells.append(found)

    @functools.cached_property
    def _own_columns(self) -> tuple[str, ...]:
        """The columns that judge communes of the province."""
        province = self.before.catalogue.provinces.get(self.before.province or "")
        special = self.before.special_communes
        own = [special.column] if special is not None else []
        return self.before.columns if province is None or "common" in self.before.columns else (province.region, *own)

    # Whether the new text asks for at least as much, at one place of the table.

    def _implies(self, new: Clause, old: Clause, place: Place) -> bool:
        if not _asked(old, place):
            return True
        if not _asked(new, place) or new.applies_if not in (None, old.applies_if):
            return False
        return self._as_strict(new, old.requirement, place)

    def _as_strict(self, new: Clause, old: Requirement, place: Place) -> bool:
        if new.requirement == old or isinstance(old, Unstated):
            return True
        if isinstance(old, Combination):
            return self._meets_parts(new, old, place)
        if isinstance(old, Branch):
            return self._meets_branches(new, old, place)
        if _cell(old, place) is None:
            return True  # nothing is set nationally: the province fills it in
        plain = Clause(id="", label=new.label, requirement=old, citation="", set_by=SetBy.NATIONAL)
        if isinstance(new.requirement, Combination):
            parts = new.requirement.parts
            return sum(not self._implies(part, plain, place) for part in parts) < new.requirement.needed
        if isinstance(new.requirement, Branch):
            branches = (new.requirement.then, new.requirement.otherwise)
            return all(self._implies(branch, plain, place) for branch in branches)
        one, other = (_span(requirement, self.facts, place) for requirement in (new.requirement, old))
        return one is not None and other is not None and one.within(other)

    def _meets_parts(self, new: Clause, old: Combination, place: Place) -> bool:
        """Enough of the old parts follow from the new text; of new parts, however those that are met fall."""
        sure = sum(self._implies(new, part, place) for part in old.parts)
        if sure >= old.needed or not isinstance(new.requirement, Combination):
            return sure >= old.needed
        left = list(old.parts)
        idle = 0
        for part in new.requirement.parts:
            match = next((known for known in left if self._implies(part, known, place)), None)
            if match is None:
                idle += 1
            else:
                left.remove(match)
        return new.requirement.needed - idle >= old.needed

    def _meets_branches(self, new: Clause, old: Branch, place: Place) -> bool:
        inner = new.requirement
        if isinstance(inner, Branch) and inner.condition == old.condition:
            pairs = ((inner.then, old.then), (inner.otherwise, old.otherwise))
            return all(self._implies(one, other, place) for one, other in pairs)
        return all(self._implies(new, branch, place) for branch in (old.then, old.otherwise))

    # Why it does not.

    def _explain(self, old: Clause, new: Clause, place: Place) -> None:
        where = " ".join(str(step) for step in place if step not in (None, ""))
        if new.applies_if not in (None, old.applies_if):
            self._add("adds_condition", old, place=place)
        elif not _asked(new, place):
            self._add("drops_column", old, where, place)
        elif isinstance(old.requirement, Combination):
            self._explain_parts(old, old.requirement, new, place)
        elif isinstance(old.requirement, Branch):
            self._explain_branches(old, old.requirement, new, place)
        elif _subject(new.requirement) == _subject(old.requirement):
            self._explain_cell(old, new, where, place)
        else:
            self._explain_other(old, new, where, place)

    def _explain_other(self, old: Clause, new: Clause, where: str, place: Place) -> None:
        dropped = _measured(old) - _measured(new)
        if dropped:
            self._add("drops_fact", old, ", ".join(sorted(dropped)), place)
        else:
            self._add("not_comparable", old, where, place)

    def _explain_branches(self, old: Clause, branch: Branch, new: Clause, place: Place) -> None:
        inner = new.requirement
        if not isinstance(inner, Branch) or inner.condition != branch.condition:
            self._explain_other(old, new, "", place)
            return
        for before, now in ((branch.then, inner.then), (branch.otherwise, inner.otherwise)):
            if not self._implies(now, before, place):
                self._explain(before, now, place)

    def _explain_parts(self, old: Clause, combination: Combination, new: Clause, place: Place) -> None:
        inner = new.requirement
        kept = {part.id: part for part in inner.parts} if isinstance(inner, Combination) else {}
        every = combination.needed == len(combination.parts)
        if (
            isinstance(inner, Combination)
            and inner.needed < combination.needed
            and set(kept) >= {p.id for p in combination.parts}
        ):
            self._add("lowers_needed", old, f"{inner.needed} < {combination.needed}", place)
        elif not every:
            self._add("not_comparable", old, place=place)
        for part in combination.parts if every else ():
            if self._implies(new, part, place):
                continue
            if part.id in kept:
                if not self._implies(kept[part.id], part, place):
                    self._explain(part, kept[part.id], place)
            else:
                self._add("removes_part", old, part.id, place)

    def _explain_cell(self, old: Clause, new: Clause, where: str, place: Place) -> None:
        before, now = _cell(old.requirement, place), _cell(new.requirement, place)
        if now is None:
            self._add("withdraws_threshold", old, where, place)
        elif getattr(old.requirement, "both_sexes", False) and not getattr(new.requirement, "both_sexes", False):
            self._add("drops_both_sexes", old, place=place)
        else:
            values = f"{_asks(old.requirement, before)} → {_asks(new.requirement, now)}"
            self._add("loosens", old, f"{where}: {values}".lstrip(": "), place)


def _subject(requirement: Requirement) -> tuple[Any, ...]:
    """What a requirement without parts measures, and in which way."""
    if isinstance(requirement, RulesetMet):
        return (RulesetMet, requirement.ruleset.id)
    other = getattr(requirement, "other", None)
    return (type(requirement), getattr(requirement, "fact", None), other)


def _measured(clause: Clause) -> set[str]:
    """The facts that are asked for, those of conditions not among them."""
    return {str(leaf.requirement.fact) for leaf in leaves(clause) if not isinstance(leaf.requirement, _WITHOUT_FACT)}


_WITHOUT_FACT = (Combination, Branch, RulesetMet, Unstated)
_SIGNS = {Direction.AT_LEAST: "≥ ", Direction.AT_MOST: "≤ ", Direction.EQUAL: "= ", Direction.MET: ""}


def _asks(requirement: Requirement, cell: Cell | None) -> str:
    """A requirement without parts as a finding shows it."""
    if isinstance(requirement, OneOf):
        return "/".join(requirement.values)
    if isinstance(requirement, (Comparison, FactComparison)) and cell is not None:
        return f"{_SIGNS[requirement.direction]}{'Đạt' if cell.value is True else cell.value}"
    return "Đạt"


_LOOSER: Mapping[str, tuple[str, str]] = {
    "removes_indicator": ("tỉnh không được bỏ chỉ tiêu", "a province may not remove an indicator"),
    "removes_criterion": ("tỉnh không được bỏ tiêu chí", "a province may not remove a criterion"),
    "removes_condition": (
        "tỉnh không được bỏ điều kiện công nhận",
        "a province may not remove a condition of recognition",
    ),
    "removes_part": ("tỉnh không được bỏ một phần của chỉ tiêu", "a province may not remove a part of an indicator"),
    "adds_condition": (
        "thêm điều kiện áp dụng mà quy định quốc gia không có",
        "a condition of applying that the national text lacks",
    ),
    "drops_column": (
        "không còn hỏi ở cột mà quy định quốc gia hỏi",
        "no longer asked in a column where the national text asks it",
    ),
    "drops_both_sexes": ("không còn đòi hỏi cả nam và nữ", "no longer asked of men and of women, each"),
    "drops_fact": ("không còn đòi hỏi điều mà quy định quốc gia đòi hỏi", "no longer asks what the national text asks"),
    "lowers_needed": ("giảm số phần cần đạt", "fewer parts are needed"),
    "withdraws_threshold": ("bỏ mức mà quy định quốc gia đã đặt", "takes away a threshold that the national text sets"),
    "loosens": ("mức của tỉnh dễ hơn mức quốc gia", "the province's threshold is easier than the national one"),
    "not_comparable": (
        "không chứng tỏ được là chặt bằng quy định quốc gia",
        "cannot be shown to be as strict as the national text",
    ),
}


# -- facts and regions


def _lint_facts(data: bytes, path: Path, report: _Report) -> None:
    regions = path.parent / "regions.yaml"
    catalogue = normal_catalogue(
        data, (regions if regions.is_file() else shipped() / "regions.yaml").read_bytes(), str(path.parent)
    )
    facts: Normal = catalogue["facts"]
    for key, fact in facts.items():
        _fact(key, fact, report)
    for one, other in _near_pairs(facts):
        vi, en = f"tên gần như trùng với '{one}'", f"the key is almost that of '{one}'"
        report.add("warning", "near_duplicate", ("facts", other), vi, en)
    labels: dict[str, str] = {}
    for key, fact in facts.items():
        label = fact["label"][0].casefold()
        if (first := labels.setdefault(label, key)) != key:
            vi, en = f"trùng tên gọi với '{first}'", f"has the same label as '{first}'"
            report.add("warning", "duplicate_label", ("facts", key, "label"), vi, en, found=shown(fact["label"][0]))


def _fact(key: str, fact: Normal, report: _Report) -> None:
    low, high = (None if fact[name] is None else Decimal(fact[name]) for name in ("low", "high"))
    percent = fact["kind"] == FactKind.PERCENT.value
    outside = percent and (low is None or high is None or low < 0 or high > 100)
    if (low is not None and high is not None and low >= high) or outside:
        vi, en = "giới hạn không hợp lý", "bounds that make no sense"
        report.add("error", "bad_bounds", ("facts", key, "bounds"), vi, en, found=f"{low} – {high}")
    folded = [value.casefold() for value in fact["values"]]
    if len(set(folded)) < len(folded):
        report.add("error", "duplicate_value", ("facts", key, "values"), "mức bị lặp", "a value is repeated")
    if fact["label"][0] == fact["label"][1] or key in fact["label"]:
        vi, en = "chưa có tên gọi đủ hai thứ tiếng", "has no label of its own in each language"
        report.add("warning", "unlabelled", ("facts", key, "label"), vi, en, found=shown(fact["label"][0]))
    if fact["counts"] is not None and not percent:
        vi, en = "'counts' chỉ dùng cho tỷ lệ phần trăm", "'counts' is for percentages only"
        report.add("warning", "unused_counts", ("facts", key, "counts"), vi, en)


def _near_pairs(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of keys made of the same words, but for order, number or one letter."""
    seen: dict[tuple[str, ...], str] = {}
    for key in keys:
        words = tuple(sorted(word.rstrip("s") for word in key.split("_") if word))
        for known, first in seen.items():
            if words == known or _one_letter_apart(words, known):
                yield first, key
                break
        seen.setdefault(words, key)


def _one_letter_apart(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    apart = set(one) ^ set(other)
    if len(one) != len(other) or len(apart) != 2:
        return False
    short, long = sorted(apart, key=len)
    if len(short) < 5 or len(long) - len(short) > 1:
        return False
    if len(short) == len(long):
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1 or sorted(short) == sorted(long)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def _lint_regions(data: bytes, report: _Report) -> None:
    from ntm_rules.rulebook.documents import RegionsDocument

    document, _ = read_document(data, report.source, RegionsDocument)
    names: dict[str, str] = {}
    for slug, province in document.provinces.items():
        first = names.setdefault(province.name.casefold(), slug)
        if first != slug:
            vi, en = f"trùng tên tỉnh với '{first}'", f"has the same name as '{first}'"
            report.add("error", "duplicate_name", ("provinces", slug, "name"), vi, en, found=shown(province.name))


# -- a whole directory


def _lint_directory(book: _Book, report: _Report) -> None:
    reached = _reached(book)
    for relative in reached:
        path = book.directory / relative
        if path.is_file() or relative == "rulebook.yaml":
            _lint_one(path, book, report)
    for path in sorted(book.directory.rglob("*.y*ml")):
        relative = path.relative_to(book.directory).as_posix()
        if relative not in reached and not path.name.endswith(".test.yaml") and _of_a_rulebook(path):
            vi, en = "tệp không được đọc: sai tên hoặc sai thư mục", "the file is never read: wrong name or folder"
            inner = _Report(str(path))
            inner.add("error", "unreached_file", (), vi, en)
            report.findings += inner.findings
    _stray_evidence_files(book, reached, report)
    if (book.directory / "facts.yaml").is_file():
        _unused_facts(book, report)


def _of_a_rulebook(path: Path) -> bool:
    """Whether a file looks like a ruleset or layer; communes and other files may lie beside them."""
    try:
        tree = read_yaml(path.read_bytes(), str(path))
    except (NtmRulesError, OSError):
        return True
    keys = set(tree) if isinstance(tree, Mapping) else set()
    return bool(keys & _OF_RULEBOOKS) and not keys & _OF_COMMUNES - {"province"}


def _reached(book: _Book) -> dict[str, None]:
    """The files that loading may read, relative to the directory."""
    found = dict.fromkeys(("rulebook.yaml", "facts.yaml", "regions.yaml"))
    for ruleset_id in book.ids:
        found[f"{ruleset_id}.yaml"] = None
        for province in (None, *book.loader.provinces_with_overlay(ruleset_id)):
            found.update(dict.fromkeys(book.loader.layer_paths(ruleset_id, province)))
    return found


def _stray_evidence_files(book: _Book, reached: Mapping[str, None], report: _Report) -> None:
    folder = book.directory / "evidence"
    for path in sorted(folder.rglob("*.csv")):
        if path.relative_to(folder).with_suffix(".yaml").as_posix() not in reached:
            inner = _Report(str(path))
            vi, en = "nguồn kiểm chứng cho một tệp không có", "evidence for a file that is not there"
            inner.add("error", "stray_evidence_file", (), vi, en)
            report.findings += inner.findings


def _unused_facts(book: _Book, report: _Report) -> None:
    path = book.directory / "facts.yaml"
    used = set()
    for ruleset_id in book.ids:
        for province in (None, *book.loader.provinces_with_overlay(ruleset_id)):
            documents = [book.ruleset(ruleset_id), *(layer for _, layer in book.layers(ruleset_id, province))]
            for document in filter(None, documents):
                used |= _facts_named(_as_ruleset(document))
    inner = _Report(str(path), read_yaml(path.read_bytes(), str(path)))
    for key in book.catalogue.facts:
        if key not in used:
            vi, en = "không bộ tiêu chí nào dùng số liệu này", "no ruleset uses this fact"
            inner.add("warning", "unused_fact", ("facts", key), vi, en)
    report.findings += inner.findings


def _facts_named(document: Normal) -> set[str]:
    found: set[str] = set()
    for clause in each_clause(document):
        for requirement in (clause["requirement"], clause["applies_if"], clause["requirement"].get("condition")):
            found |= {requirement[name] for name in ("fact", "other") if requirement and name in requirement}
            for part in (requirement or {}).get("parts", ()):
                found |= _facts_named({"criteria": [], "conditions": [part], "prerequisites": []})
    return found
