"""Does what a rule keeper gets notice every change of a ruleset? `python -m tests.rule_tests.mutate` (`--sample N`).

The mutants are those of `tests.fidelity.mutate_cells`: every cell, row, column, direction, date, fact, condition and applicability of
the shipped rulesets changed, one at a time. Each is given to the shipped test files, to the checks, and (where it is installed) to
`compare`; how many each notices is printed apart, then how many any of them does. Changes of words alone (labels, citations,
sources, how surely a threshold is known) say nothing else of any commune: only `compare` can see them, and they are counted apart.
Exit code 1 where a change that can decide about a commune goes unnoticed, or with `compare` any change at all.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.fidelity.mutate_cells import ChangedBook, Mutant, all_mutants, documents, sample

from ntm_rules import NtmRulesError, Ruleset
from ntm_rules.public import _day
from ntm_rules.rulebook.rulebook import Rulebook
from ntm_rules.testing.checks import check_ruleset
from ntm_rules.testing.files import Case, read_cases, run_case

from .generate import ROOT, File

WORDS = {"label", "citation", "seen_at", "set_by", "evidence", "decision"}
Compare = Callable[[Ruleset, Ruleset], Any]


def _compare() -> Compare | None:
    """What tells two rulesets apart, where this version has it."""
    try:
        found: Compare = importlib.import_module("ntm_rules.changes.difference").compare
    except ImportError:
        return None
    return found


COMPARE = _compare()


@dataclass
class Tally:
    """How the mutants of a kind fared; `by` counts those that each part of the kit noticed."""

    made: int = 0
    same: int = 0
    by: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


# -- one mutant


@cache
def cases_of(ruleset: str, province: str) -> tuple[Case, ...]:
    """The tests beside a ruleset, or a province's overlay on it, the most telling first."""
    path = File(ruleset, province or None).path
    cases = read_cases(ROOT / path) if path.is_file() else ()
    return tuple(sorted(cases, key=lambda case: -len(case.expected.model_fields_set)))


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
    return any(not run_case(case, load=load).passed for case in cases_of(ruleset, province))


def by_check(book: ChangedBook, ruleset: str, province: str) -> bool:
    findings = check_ruleset(book.load(ruleset, province=province or None), examples=10)
    return any(finding.fails for finding in findings)


def by_compare(book: ChangedBook, ruleset: str, province: str) -> bool:
    assert COMPARE is not None
    shipped = documents().book
    return any(
        COMPARE(
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
    return (None, *sorted(day for text in named if (day := _day(text, "on")) is not None))


def noticed(mutant: Mutant, *, check: bool) -> set[str]:
    """Which parts of the kit notice a mutant; "refused" where the rulebook does not even load."""
    of = documents()
    book = ChangedBook(of, mutant)
    ruleset, province = of.ruleset_of(mutant.file), of.province_of(mutant.file)
    found = set()
    parts: dict[str, Callable[[ChangedBook, str, str], bool]] = {}
    if mutant.kind not in WORDS or mutant.kind == "evidence":
        parts["test"] = by_test
    if COMPARE is not None:
        parts["compare"] = by_compare
    if check and mutant.kind not in WORDS:
        parts["check"] = by_check
    try:
        book.load(ruleset, province=province or None)
    except NtmRulesError:
        return {"refused", *parts}
    for name, notices in parts.items():
        try:
            if notices(book, ruleset, province):
                found.add(name)
        except NtmRulesError:
            found.add(name)
    return found


def says_the_same(mutant: Mutant) -> bool:
    """Whether a mutant leaves every text as it was: then there is nothing to notice."""
    of = documents()
    book = ChangedBook(of, mutant)
    ruleset, province = of.ruleset_of(mutant.file), of.province_of(mutant.file) or None
    try:
        return all(
            book.load(ruleset, on=on, province=province).content_hash
            == of.book.load(ruleset, on=on, province=province).content_hash
            for on in days_of(ruleset, province or "")
        )
    except NtmRulesError:
        return False


# -- the run


def judged(numbers: Sequence[int], check_every: int) -> list[tuple[int, set[str], bool]]:
    """What notices each mutant, and whether it is one at all; the checks, which are slow, run on some only."""
    found = []
    for number in numbers:
        mutant = _mutants()[number]
        seen = noticed(mutant, check=number % check_every == 0)
        found.append((number, seen, not seen and says_the_same(mutant)))
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


def tallied(verdicts: Iterable[tuple[int, set[str], bool]], check_every: int) -> dict[str, Tally]:
    """The verdicts counted by kind."""
    tallies: dict[str, Tally] = {}
    for number, seen, same in verdicts:
        mutant = _mutants()[number]
        tally = tallies.setdefault(mutant.kind, Tally())
        if same:
            tally.same += 1
            continue
        tally.made += 1
        tally.by.update(seen)
        tally.by["any"] += bool(seen)
        tally.by["checked"] += number % check_every == 0 and mutant.kind not in WORDS
        if not seen:
            tally.missed.append(str(mutant))
    return tallies


def _share(part: int, of: int) -> str:
    return "-" if not of else f"{100 * part / of:.1f} %" if part < of else "100 %"


def report(tallies: dict[str, Tally]) -> str:
    """A table by kind: how many were made, and what share of them each part noticed."""
    lines = [f"{'kind':<16}{'made':>7}{'same':>6}{'test':>9}{'check*':>9}{'compare':>9}{'any':>9}"]
    judging = [kind for kind in sorted(tallies) if kind not in WORDS]
    words = [kind for kind in sorted(tallies) if kind in WORDS]
    for title, kinds in (("about communes", judging), ("of words alone", words)):
        for kind in kinds:
            lines.append(_line(kind, tallies[kind]))
        lines.append(_line(f"= {title}", _sum(tallies[kind] for kind in kinds)))
    lines.append("* of those it was run on; `same`: changes that leave every text as it was")
    missed = [text for kind in judging for text in tallies[kind].missed]
    return "\n".join([*lines, *(f"missed: {text}" for text in missed)])


def _line(kind: str, tally: Tally) -> str:
    by, made = tally.by, tally.made
    compared = _share(by["compare"], made) if COMPARE is not None else "-"
    cells = (_share(by["test"], made), _share(by["check"], by["checked"]), compared, _share(by["any"], made))
    return f"{kind:<16}{made:>7}{tally.same:>6}" + "".join(f"{cell:>9}" for cell in cells)


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.made += tally.made
        total.same += tally.same
        total.by.update(tally.by)
    return total


def exit_code(tallies: dict[str, Tally]) -> int:
    """0 where there were mutants and none that can decide (with `compare`, none at all) went unnoticed."""
    missed = [
        text for kind, tally in tallies.items() if COMPARE is not None or kind not in WORDS for text in tally.missed
    ]
    return 0 if any(tally.made for tally in tallies.values()) and not missed else 1


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
