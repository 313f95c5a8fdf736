"""The native engine against SQL on many communes: `python -m tests.sql.differential` (`--pairs N`, `--engines duckdb,postgres,spark`).

Shipped rulesets and generated ones, ordinary and strict, with communes near thresholds, verdicts of agencies, ratios and facts
that are not known. Every status, reason, gap and conflict of every indicator, and every verdict, count and title at risk of every
commune must be the same. Exit code 1 where an engine says something else, or was asked less than it should be.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from tests.property.strategies import SHIPPED, loaded
from tests.sql import engines
from tests.sql.engines import Judge
from tests.sql.tables import Documents, attestable, attesting, differences, native, rows_of, short, shortened, some_of

import ntm_rules as ntm
from ntm_rules.engine.sql import compile_sql
from ntm_rules.testing import built, communes, rulesets


def drawn(ruleset: ntm.Ruleset, count: int, start: int = 0, *, attested: int = 10**6) -> list[ntm.Commune]:
    """So many communes of the strategy that is biased to thresholds, agencies attesting so many things at most; the same ones every time."""
    found: list[ntm.Commune] = []
    names = some_of(attestable(ruleset), attested, start)

    @_generating(count)
    @seed(start)
    @given(communes(ruleset))
    def draw(commune: ntm.Commune) -> None:
        found.append(attesting(short(commune), names, len(found) + start))

    draw()
    return found


def generated(count: int, start: int) -> list[ntm.Ruleset]:
    """Rulesets of the strategy that SQL takes, fewer than asked for where some do not."""
    found: list[ntm.Ruleset] = []

    @_generating(count)
    @seed(start)
    @given(rulesets())
    def draw(documents: Documents) -> None:
        found.append(compilable(documents))

    draw()
    return found


def compilable(documents: Documents) -> ntm.Ruleset:
    """The ruleset of generated documents, where SQL takes it."""
    try:
        ruleset = built(shortened(documents))
        compile_sql(ruleset)
    except ntm.NtmRulesError:  # a number that was cut is out of bounds, or a multiple is as long as before
        reject()
    return ruleset


def _generating(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


def crossed(some: Sequence[ntm.Commune], count: int, start: int) -> list[ntm.Commune]:
    """More communes: each with the facts of one, some of them another's and some not known."""
    chosen = random.Random(start)  # noqa: S311 - a sample of tests, no secret
    found = []
    for _ in range(count):
        one, other = chosen.choice(some), chosen.choice(some)
        keys = sorted(one.given.keys() | other.given.keys())
        facts = {key: (other if chosen.random() < 0.3 else one).given.get(key) for key in keys}
        found.append(one.replace(facts={key: fact for key, fact in facts.items() if chosen.random() > 0.02}))
    return found


def rounds(communes_each: int) -> Iterator[tuple[ntm.Ruleset, list[ntm.Commune], bool]]:
    """Rulesets with communes, without end: a generated one and a shipped one in turn, each time with others."""
    start = 0
    while True:
        shipped = [(which, strict) for which in SHIPPED for strict in (False, True)]
        random.Random(start).shuffle(shipped)  # noqa: S311 - an order of tests, no secret
        for place, (which, strict) in enumerate(shipped):
            if place % 8 == 0:
                made = itertools.cycle(generated(8, start))
            for ruleset in (next(made), loaded(which)):
                yield ruleset, crossed(drawn(ruleset, 40, start), communes_each, start), strict
                start += 1


def compared(judges: dict[str, Judge], pairs: int, communes_each: int = 800) -> tuple[Counter[str], list[str]]:
    """How many pairs each engine was asked for, until each has so many, and where it says something else."""
    asked: Counter[str] = Counter()
    took: Counter[str] = Counter()
    found: list[str] = []
    for ruleset, some, strict in rounds(communes_each):
        wanted = native(ruleset, some, strict=strict)
        rows = rows_of(some)
        for name, judge in judges.items():
            started = time.monotonic()
            apart = differences(wanted, judge(ruleset, rows, strict))
            took[name] += round(time.monotonic() - started)
            found += [f"{name}, {ruleset.id} {ruleset.province or ''} strict={strict}: {each}" for each in apart]
            asked[name] += len(wanted.said)
        asked["communes"] += len(some)
        asked["rulesets"] += 1
        shown = ", ".join(f"{name} {number:,} ({took[name]} s)" for name, number in asked.items())
        sys.stderr.write(f"{shown}; {len(found)} apart\n")
        if found or min(asked[name] for name in judges) >= pairs:
            return asked, found
    raise AssertionError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--communes", type=int, default=4000, help="in each table")
    parser.add_argument("--engines", default="duckdb,postgres,spark")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    with contextlib.ExitStack() as running:
        judges: dict[str, Judge] = {}
        for name in options.engines.split(","):
            judges[name] = engines.duckdb if name == "duckdb" else running.enter_context(STARTED[name]())
        asked, found = compared(judges, options.pairs, options.communes)
    sys.stdout.write("".join(f"{name}: {asked[name]:,} pairs of commune and indicator\n" for name in judges))
    sys.stdout.write(f"{asked['rulesets']:,} tables, {asked['communes']:,} communes, {len(found)} differences, ")
    sys.stdout.write(f"{(time.monotonic() - started) / 60:.1f} minutes\n")
    sys.stdout.write("".join(f"{each}\n" for each in found))
    return 1 if found else 0


STARTED = {"postgres": engines.postgres, "spark": engines.spark}

if __name__ == "__main__":
    sys.exit(main())
