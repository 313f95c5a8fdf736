"""Test files beside a ruleset (`*.test.yaml`): communes, and what the ruleset must say of them.

A file is read as strictly as a ruleset: every problem at once, each with its line. What a test expects is compared exactly; what it
does not name may be anything.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from ntm_rules.engine.native import evaluate
from ntm_rules.model.assessment import Assessment, Result, Status
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import NtmRulesError, Problem, RulebookError, UnknownNameError
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, nearest, shown
from ntm_rules.public import load_ruleset
from ntm_rules.rulebook.case_documents import CaseDocument, CasesDocument, ExampleDocument, ExpectedDocument
from ntm_rules.rulebook.communes import commune_of_text
from ntm_rules.rulebook.reading import problem_at, read_document
from ntm_rules.rulebook.rulebook import TEST_FILES
from ntm_rules.rulebook.yaml_text import line_of
from ntm_rules.testing.table import HEAD, reads_alike, row_of

__all__ = ["Case", "CaseResult", "Difference", "read_cases", "run_case", "run_tests", "test_files"]

Load: TypeAlias = Callable[..., Ruleset]

_OPTIONS = ("on", "known_on", "province")


@attrs.frozen(slots=True, kw_only=True)
class Case:
    """One test of a file, with the options of the file and the commune put together."""

    name: Text
    file: str
    line: int | None
    ruleset: str
    options: Mapping[str, Any]
    strict: bool
    threshold_year: int | None
    data: Mapping[str, Any]
    expected: ExpectedDocument


@attrs.frozen(slots=True)
class Difference:
    """One thing that came out otherwise: its name, what was expected, what was found, and why, where an indicator is meant."""

    what: str
    expected: Any
    found: Any
    why: Text | None = None

    def describe(self, lang: Language = "vi") -> str:
        """The difference, with the explanation of the indicator below it."""
        wanted, found = ("expected", "found") if lang == "en" else ("cần", "gặp")
        line = f"{self.what}: {wanted} {_shown(self.expected)}; {found} {_shown(self.found)}"
        return line if self.why is None else f"{line}\n    {self.why.in_(lang)}"


@attrs.frozen(slots=True)
class CaseResult:
    """What came of a test: nothing in `differences` where it passed."""

    case: Case
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything expected came out."""
        return not self.differences

    def describe(self, lang: Language = "vi") -> str:
        """Where the test stands, what it is called, and each difference."""
        place = ":".join(str(part) for part in (self.case.file, self.case.line) if part is not None)
        lines = [f"{place}: {self.case.name.in_(lang)}"]
        lines += [f"  {difference.describe(lang)}" for difference in self.differences]
        return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(value) if value else "∅"
    return "∅" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


# -- reading


def test_files(path: str | Path) -> list[Path]:
    """The test files of a path: itself, or all those below a directory."""
    path = Path(path)
    return sorted(path.rglob(f"*{TEST_FILES}")) if path.is_dir() else [path]


test_files.__test__ = False  # type: ignore[attr-defined]  # pytest takes what begins with test_ for a test


def read_cases(path: str | Path) -> tuple[Case, ...]:
    """The tests of a file. RulebookError with every problem of it, each with its line."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        message = Text(f"không đọc được tệp ({error.strerror})", f"cannot read the file ({error.strerror})")
        raise RulebookError([Problem(code="cannot_read", source=str(path), message=message)]) from None
    document, tree = read_document(data, str(path), CasesDocument)
    problems = list(_unknown_bases(document, tree, str(path)))
    if problems:
        raise RulebookError(problems)
    return tuple(_case(document, case, tree, path, place) for place, case in enumerate(document.tests))


def _unknown_bases(document: CasesDocument, tree: Any, source: str) -> Iterator[Problem]:
    """A base that is not there, or that is based on itself."""
    examples: list[tuple[tuple[str | int, ...], ExampleDocument]] = [
        (("communes", name), example) for name, example in document.communes.items()
    ]
    examples += [(("tests", place, "commune"), case.commune) for place, case in enumerate(document.tests)]
    for path, example in examples:
        seen: list[str] = []
        base = example.based_on
        while base in document.communes and base not in seen:
            seen.append(base)
            base = document.communes[base].based_on
        if base is None:
            continue
        names = ", ".join(document.communes)
        circle = base in seen
        message = (
            Text("các xã dựa vào nhau thành vòng", "communes are based on each other in a circle")
            if circle
            else Text("không có xã này trong communes", "no such commune in communes")
        )
        hints = {} if circle else {"wanted": Text(names, names), "nearest": nearest(base, document.communes)}
        yield problem_at(
            tree,
            source,
            (*path, "based_on"),
            "circular_reference" if circle else "unknown_base",
            message,
            found=shown(base),
            **hints,
        )


def _case(document: CasesDocument, case: CaseDocument, tree: Any, path: Path, place: int) -> Case:
    def option(name: str) -> Any:
        own = getattr(case, name)
        return getattr(document, name) if own is None else own

    options = {name: option(name) for name in _OPTIONS}
    overlays = [str(path.parent / overlay) for overlay in option("overlays") or ()]
    home = next((parent for parent in path.resolve().parents if (parent / "rulebook.yaml").is_file()), None)
    name = case.name
    return Case(
        name=Text(name, name) if isinstance(name, str) else Text(name.vi, name.en),
        file=str(path),
        line=line_of(tree, ("tests", place)),
        ruleset=document.ruleset,
        options=options | {"overlays": tuple(overlays), "source": home},
        strict=bool(option("strict")),
        threshold_year=option("threshold_year"),
        data=_put_together(document, case.commune),
        expected=case.expect,
    )


def _put_together(document: CasesDocument, example: ExampleDocument) -> dict[str, Any]:
    """A commune's data with those of the communes it is based on; null takes away what they say."""
    below = _put_together(document, document.communes[example.based_on]) if example.based_on else {}
    own = {name: getattr(example, name) for name in example.model_fields_set - {"based_on", "facts", "attested"}}
    for name in ("facts", "attested"):
        together = below.get(name, {}) | getattr(example, name)
        own[name] = {key: value for key, value in together.items() if value is not None}
    return {key: value for key, value in (below | own).items() if value is not None}


# -- running


def run_tests(path: str | Path, *, load: Load = load_ruleset) -> Iterator[CaseResult]:
    """Run the tests of a file, or of every test file below a directory, one after another.

    `load` stands in for `load_ruleset` where another rulebook is to be tested. Raises `RulebookError` for a file that cannot be
    taken, and what loading raises for a ruleset that does not load, unless the test expects that error.

    >>> from ntm_rules.rulebook.rulebook import shipped
    >>> results = list(run_tests(shipped() / "2021-2025/xa-ntm.test.yaml"))
    >>> all(result.passed for result in results)
    True
    """
    for file in test_files(path):
        known = functools.cache(lambda ruleset, options: load(ruleset, **dict(options)))
        for case in read_cases(file):
            yield run_case(case, load=lambda ruleset, known=known, **options: known(ruleset, tuple(options.items())))


def run_case(case: Case, *, load: Load = load_ruleset, commune: Commune | None = None) -> CaseResult:
    """Run one test; `commune` is its commune where that has been read before."""
    rows = tuple(_of_table(case.expected, None))
    try:
        ruleset = load(case.ruleset, **case.options)
        rows = tuple(_of_table(case.expected, ruleset))
        if case.expected.said == {"thresholds"}:
            return CaseResult(case, rows)
        commune = commune or commune_of_text(case.data, catalogue=ruleset.catalogue, source=case.file)
        assessment = evaluate(ruleset, commune, strict=case.strict, threshold_year=case.threshold_year)
    except NtmRulesError as error:
        codes = [problem.code for problem in error.problems]
        if case.expected.error in codes:
            return CaseResult(case, rows)
        why = Text(error.describe("vi"), error.describe("en"))
        return CaseResult(case, (*rows, Difference("error", case.expected.error, codes, why)))
    if case.expected.error is not None:
        return CaseResult(case, (*rows, Difference("error", case.expected.error, None)))
    return CaseResult(case, (*rows, *_differences(case.expected, assessment)))


def _differences(expected: ExpectedDocument, assessment: Assessment) -> Iterator[Difference]:
    yield from _of_sets(expected, assessment)
    yield from _of_numbers(expected, assessment)
    at_risk = {True: "true", False: "false", None: "unknown"}
    plain: dict[str, Callable[[], Any]] = {
        "verdict": lambda: assessment.verdict.value,
        "recognition": lambda: assessment.recognition.value,
        "criteria_met": lambda: assessment.criteria_met,
        "criteria_total": lambda: assessment.criteria_total,
        "indicators_met": lambda: assessment.indicators_met,
        "indicators_total": lambda: assessment.indicators_total,
        "column": lambda: assessment.column,
        "at_risk": lambda: at_risk[assessment.at_risk.answer],
    }
    for name, find in plain.items():
        wanted = getattr(expected, name)
        if wanted is None:
            continue
        wanted = getattr(wanted, "value", wanted)
        found = find()
        if found != wanted:
            yield Difference(name, wanted, found)


# What "*" does not speak of: no cells, and the general column, which not every row has.
_NO_COLUMN = {*HEAD, "common"}


def _of_table(expected: ExpectedDocument, ruleset: Ruleset | None) -> Iterator[Difference]:
    """Rows of the table that are not as they were entered a second time, cell by cell; all, where no ruleset was loaded."""
    for number, wanted in expected.thresholds.items():
        found = None if ruleset is None else row_of(ruleset, number)
        if found is None:
            yield Difference(f"thresholds.{number}", wanted, None)
            continue
        every = wanted.get("*")
        cells = wanted if every is None else {key: every for key in found if key not in _NO_COLUMN} | wanted
        for key in dict.fromkeys((*(key for key in cells if key != "*"), *found)):
            if not reads_alike(cells.get(key), found.get(key)):
                yield Difference(f"thresholds.{number}.{key}", cells.get(key), found.get(key))


def _of_sets(expected: ExpectedDocument, assessment: Assessment) -> Iterator[Difference]:
    """Exactly these indicators of a status; of each that surprises, what the ruleset says of it."""
    for status in (Status.MISSING, Status.UNDETERMINED, Status.NOT_APPLICABLE):
        wanted = getattr(expected, status.value)
        found = assessment.numbers(status)
        if wanted is None or set(wanted) == set(found):
            continue
        surprising = [number for number in assessment.ruleset.numbers if (number in wanted) != (number in found)]
        surprising += [number for number in wanted if number not in assessment.ruleset.numbers]
        yield Difference(status.value, wanted, found, _explained(assessment, surprising))


def _of_numbers(expected: ExpectedDocument, assessment: Assessment) -> Iterator[Difference]:
    """What is expected of single indicators, criteria, conditions and prerequisites, by number."""
    statuses = dict(assessment.statuses)
    if any(number not in statuses for number in expected.statuses):
        statuses |= {part.id: part.status for result in assessment.results for part in _parts(result)}
    for number, status in expected.statuses.items():
        if statuses.get(number) is not status:
            yield Difference(
                f"statuses.{number}", status.value, _value(statuses.get(number)), _explained(assessment, [number])
            )
    for number, gap in expected.gaps.items():
        found = assessment.indicator(number).gap if number in assessment.statuses else None
        if found != gap:
            yield Difference(f"gaps.{number}", gap, found, _explained(assessment, [number]))
    around: dict[str, Callable[[], dict[str, Any]]] = {
        "criteria": lambda: {result.no: result.verdict for result in assessment.criteria},
        "conditions": lambda: {result.id: result.status for result in assessment.conditions},
        "prerequisites": lambda: {result.id: result.status for result in assessment.prerequisites},
    }
    for name, find in around.items():
        wanted = getattr(expected, name)
        known = find() if wanted else {}
        for number, verdict in wanted.items():
            if known.get(number) is not verdict:
                yield Difference(f"{name}.{number}", verdict.value, _value(known.get(number)))


def _parts(result: Result) -> Iterator[Result]:
    for part in result.parts:
        yield part
        yield from _parts(part)


def _value(found: Any) -> Any:
    return None if found is None else found.value


def _explained(assessment: Assessment, numbers: list[str]) -> Text:
    """What the ruleset says of some indicators, a line each."""

    def said(lang: Language) -> str:
        lines = []
        for number in numbers:
            try:
                lines.append(assessment.indicator(number).explain(lang))
            except UnknownNameError as error:
                lines.append(error.describe(lang))
        return "\n    ".join(lines)

    return Text(said("vi"), said("en"))
