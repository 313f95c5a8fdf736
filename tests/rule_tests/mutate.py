"""Does what a rule keeper gets notice every change of a ruleset? `python -m tests.rule_tests.mutate` (`--sample N`).

The mutants are those of `tests.fidelity.mutate_cells`: every cell, row, column, direction, date, fact, condition and applicability of
the shipped rulesets changed, one at a time. Each is given to the shipped test files, to the checks and to `compare`; how many each
notices is printed apart. `compare` says what changed, not that it is wrong, and finds something wherever the content differs: so a
change that can decide about a commune must be noticed by a test or a check. Changes of words alone (labels, citations, sources,
how surely a threshold is known) say nothing else of any commune: only `compare` can see them, and they are counted apart.
Exit code 1 where a change goes unnoticed by what must notice it.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import attrs
from tests.fidelity.mutate_cells import ChangedBook, Mutant, all_mutants, documents, sample

from ntm_rules import Commune, NtmRulesError, Ruleset
from ntm_rules.changes.difference import compare
from ntm_rules.public import _day
from ntm_rules.rulebook.communes import commune_of_text
from ntm_rules.rulebook.rulebook import Rulebook
from ntm_rules.testing.checks import check_ruleset
from ntm_rules.testing.files import Case, read_cases, run_case

from .generate import File

WORDS = {"order", "other words", "label", "citation", "seen_at", "set_by", "evidence", "decision"}
NOTICING = {"test", "check"}


@dataclass
class Tally:
    """How the mutants of a kind fared; `by` counts those that each part of the kit noticed."""

    made: int = 0
    same: int = 0
    by: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


# -- one mutant


@cache
def cases_of(ruleset: str, province: str) -> tuple[tuple[Case, Commune], ...]:
    """The tests beside a ruleset, or a province's overlay on it, each with its commune; the most telling first."""
    path = File(ruleset, province or None).path
    cases = sorted(read_cases(path) if path.is_file() else (), key=lambda case: -len(case.expected.model_fields_set))
    catalogue = documents().catalogue
    return tuple((case, commune_of_text(case.data, catalogue=catalogue, source=case.file)) for case in cases)


def loader(book: Rulebook) -> Callable[..., Ruleset]:
    """A stand-in for `load_ruleset` that loads from a changed rulebook, each text once."""
    known: dict[Any, Ruleset] = {}

    def load(ruleset: str, *, overlays: Sequence[str] = (), source: object = None, **options: Any) -> Ruleset:
        assert not overlays
        key = (ruleset, *options.items())
        if key not in known:
            on, known_on = (_day(options.get(name), name) for name in ("on", "known_on"))
            known[key] = book.load(ruleset, province=options.get("province"), on=on, known_on=known_on)
        return known[key]

    return load


def by_test(book: ChangedBook, ruleset: str, province: str) -> bool:
    load = loader(book)
    # How surely a threshold is known decides in strict evaluation only.
    wanted = {True} if book.mutant.kind == "evidence" else {True, False}
    cases = [pair for pair in cases_of(ruleset, province) if pair[0].strict in wanted]
    words = set(book.mutant.what.split()) | {book.mutant.kind}
    # What speaks of the same place is likeliest to notice; the order changes nothing but how long it takes.
    cases.sort(key=lambda pair: -len(words & _bag(pair[0])))
    return any(not run_case(case, load=load, commune=commune).passed for case, commune in cases)


_TOLD_BY = {
    "at_risk": {"withdrawal", "key criterion"},
    "thresholds": {"cell", "direction", "fact", "column", "year row", "relation"},
}


def _bag(case: Case) -> set[str]:
    """The words by which a test and a change may speak of the same."""
    data = case.data
    zones = data.get("zone") or []
    words = {
        str(data.get("region")),
        str(data.get("year")),
        *zones,
        *case.name.en.split(),
        *map(str, case.options.values()),
    }
    kinds = [_TOLD_BY.get(name, set()) for name in case.expected.model_fields_set]
    return words.union(*kinds, {"special zone"} if zones else set(), {"date"} if case.options["on"] else set())


def by_check(book: ChangedBook, ruleset: str, province: str) -> bool:
    findings = check_ruleset(book.load(ruleset, province=province or None), examples=10)
    return any(finding.fails for finding in findings)


def by_compare(book: ChangedBook, ruleset: str, province: str) -> bool:
    shipped = documents().book
    return any(
        compare(
            shipped.load(ruleset, on=on, province=province or None),
            book.load(ruleset, on=on, province=province or None),
        ).changes
        for on in days_of(ruleset, province)
    )


@cache
def days_of(ruleset: str, province: str) -> tuple[Any, ...]:
    """The days on which a text of the ruleset begins, and none."""
    of = documents()
    files = [file for file in of.trees if of.ruleset_of(file) == ruleset and of.province_of(file) in ("", province)]
    named = {of.trees[file]["decision"]["in_force"] for file in files} - {"unknown"}
    return (None, *sorted(map(first_day, named)))


def first_day(text: str) -> datetime.date:
    """The day a decision names; of one that names a month, the first."""
    return datetime.date.fromisoformat(text if len(text) > len("2022-09") else f"{text}-01")


def of_words(mutant: Mutant) -> bool:
    """Whether a change says nothing else of any commune: other words, or the same indicators in another order."""
    return mutant.kind in WORDS or " before " in mutant.what


def noticed(mutant: Mutant, *, check: bool) -> set[str]:
    """Which parts of the kit notice a mutant; all of them where the rulebook does not even load.

    The checks, which are slow, run where asked for, and where no test notices a change that can decide about a commune.
    """
    of = documents()
    book = ChangedBook(of, mutant)
    ruleset, province = of.ruleset_of(mutant.file), of.province_of(mutant.file)
    try:
        book.load(ruleset, province=province or None)
    except NtmRulesError:
        return {"compare", *(NOTICING if not of_words(mutant) else ())}

    def notices(part: Callable[[ChangedBook, str, str], bool]) -> bool:
        try:
            return part(book, ruleset, province)
        except NtmRulesError:
            return True

    found = {"compare"} if notices(by_compare) else set()
    if (not of_words(mutant) or mutant.kind == "evidence") and notices(by_test):
        found.add("test")
    if not of_words(mutant) and (check or "test" not in found) and notices(by_check):
        found.add("check")
    return found


def says_the_same(mutant: Mutant) -> str:
    """`same` where a mutant leaves every text as it was, `words` where no commune is judged otherwise on any day, else nothing."""
    of = documents()
    book = ChangedBook(of, mutant)
    ruleset, province = of.ruleset_of(mutant.file), of.province_of(mutant.file)
    asked = [{name: day} for day in days_around(ruleset, province) for name in ("on", "known_on")]
    pairs = [tuple(_loaded(each, ruleset, province, days) for each in (of.book, book)) for days in ({}, *asked)]
    if all((one and one.content_hash) == (other and other.content_hash) for one, other in pairs):
        return "same"
    return "words" if all(_judging(one) == _judging(other) for one, other in pairs) else ""


def _loaded(book: Rulebook, ruleset: str, province: str, days: Mapping[str, Any]) -> Ruleset | None:
    try:
        return book.load(ruleset, province=province or None, **days)
    except NtmRulesError:
        return None


def days_around(ruleset: str, province: str) -> list[datetime.date]:
    """The first day of each text, by effect and by issue, its eve, and the day that mutants put in its place."""
    of = documents()
    files = [file for file in of.trees if of.ruleset_of(file) == ruleset and of.province_of(file) in ("", province)]
    texts = {of.trees[file]["decision"][name] for file in files for name in ("issued", "in_force")} - {"unknown"}
    days = {first_day(text) for text in (*texts, "2019-06-15")}
    return sorted(days | {day - datetime.timedelta(days=1) for day in days})


_WORDS = {
    "label",
    "title",
    "citation",
    "note",
    "means",
    "seen_at",
    "evidence",
    "set_by",
    "decision",
    "layers",
    "catalogue",
}
_NOT_SAID = _WORDS | {"on", "known_on", "rulebook", "rulebook_version", "loaded_from", "cache", "_derived"}


def _judging(value: Any) -> Any:
    """What of a ruleset decides about communes, as plain data."""
    if attrs.has(type(value)):
        return [_judging(getattr(value, f.name)) for f in attrs.fields(type(value)) if f.name not in _NOT_SAID]
    if isinstance(value, Mapping):
        return {key: _judging(item) for key, item in value.items()}
    return [_judging(item) for item in value] if isinstance(value, (list, tuple)) else value


# -- the run


def judged(numbers: Sequence[int], check_every: int) -> list[tuple[int, set[str], str]]:
    """What notices each mutant, and whether it is one at all; the checks, which are slow, run on some only."""
    found = []
    for number in numbers:
        mutant = _mutants()[number]
        seen = noticed(mutant, check=number % check_every == 0)
        found.append((number, seen, "" if seen & NOTICING or of_words(mutant) else says_the_same(mutant)))
    return found


@cache
def _mutants() -> tuple[Mutant, ...]:
    return all_mutants()


def run(numbers: Sequence[int], *, processes: int = 1, check_every: int = 20) -> dict[str, Tally]:
    """The tally by kind of mutants, by their place among all."""
    if processes == 1:
        return tallied(judged(numbers, check_every), check_every)
    chunks = [numbers[start : start + 25] for start in range(0, len(numbers), 25)]
    with ProcessPoolExecutor(processes) as pool:
        done = pool.map(judged, chunks, [check_every] * len(chunks))
        return tallied((each for chunk in done for each in chunk), check_every)


def tallied(verdicts: Iterable[tuple[int, set[str], str]], check_every: int) -> dict[str, Tally]:
    """The verdicts counted by kind."""
    tallies: dict[str, Tally] = {}
    for number, seen, same in verdicts:
        mutant = _mutants()[number]
        kind = "order" if " before " in mutant.what else "other words" if same == "words" else mutant.kind
        tally = tallies.setdefault(kind, Tally())
        if same == "same":
            tally.same += 1
            continue
        wanted = {"compare"} if kind in WORDS else NOTICING
        tally.made += 1
        tally.by.update(seen - {"check"})
        tally.by["floor"] += bool(seen & wanted)
        if number % check_every == 0 and not of_words(mutant):
            tally.by.update({"checked"} | seen & {"check"})
        if not seen & wanted:
            tally.missed.append(str(mutant))
    return tallies


def _share(part: int, of: int) -> str:
    return "-" if not of else f"{100 * part / of:.1f} %" if part < of else "100 %"


def report(tallies: dict[str, Tally]) -> str:
    """A table by kind: how many were made, and what share of them each part noticed."""
    lines = [f"{'kind':<16}{'made':>7}{'same':>6}{'test':>9}{'check*':>9}{'compare':>9}{'floor':>9}"]
    judging = [kind for kind in sorted(tallies) if kind not in WORDS]
    words = [kind for kind in sorted(tallies) if kind in WORDS]
    for title, kinds in (("about communes", judging), ("of words alone", words)):
        for kind in kinds:
            lines.append(_line(kind, tallies[kind]))
        lines.append(_line(f"= {title}", _sum(tallies[kind] for kind in kinds)))
    lines.append("* of those it was run on by turns; `same`: changes that leave every text as it was")
    lines.append("floor: of those about communes, noticed by a test or a check; of words alone, by compare")
    missed = [f"{kind}: {text}" for kind, tally in tallies.items() for text in tally.missed]
    return "\n".join([*lines, *(f"missed: {text}" for text in missed)])


def _line(kind: str, tally: Tally) -> str:
    by, made = tally.by, tally.made
    cells = (_share(by["test"], made), _share(by["check"], by["checked"]), _share(by["compare"], made))
    return f"{kind:<16}{made:>7}{tally.same:>6}" + "".join(f"{cell:>9}" for cell in (*cells, _share(by["floor"], made)))


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.made += tally.made
        total.same += tally.same
        total.by.update(tally.by)
    return total


def exit_code(tallies: dict[str, Tally]) -> int:
    """0 where there were mutants, and each was noticed by what must notice it."""
    made = any(tally.made for tally in tallies.values())
    return 0 if made and not any(tally.missed for tally in tallies.values()) else 1


def sampled(size: int, seed: int) -> list[int]:
    """The places of some mutants, at least one of every kind while there is room."""
    place = {mutant: number for number, mutant in enumerate(map(str, _mutants()))}
    return sorted(place[str(mutant)] for mutant in sample(size, seed))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all mutants, or a sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sample", type=int, help="only so many mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check-every", type=int, default=20, help="run the checks on every so many-th mutant")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    numbers = sampled(options.sample, options.seed) if options.sample else range(len(_mutants()))
    tallies = run(list(numbers), processes=options.processes, check_every=options.check_every)
    sys.stdout.write(f"{report(tallies)}\n{(time.monotonic() - started) / 60:.1f} minutes\n")
    return exit_code(tallies)


if __name__ == "__main__":
    # Run under its own name, so that worker processes know the classes by the module they import.
    from tests.rule_tests.mutate import main as named_main

    sys.exit(named_main())
