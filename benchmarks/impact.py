"""The time `ntm_rules.impact` takes on 5,000 communes near their thresholds, beside that of judging each under both texts.

Run with `python benchmarks/impact.py`; writes benchmarks/impact.json. Each time is processor time on one core, without loading the
rulesets and making the communes. A quarter of the indicators is attested in one population, none in the other.
"""

from __future__ import annotations

import json
import platform
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import facts_of, full_ruleset

import ntm_rules as ntm

RULESET = "2021-2025/xa-ntm"
COMMUNES, ROUNDS = 5000, 3


def population(ruleset: ntm.Ruleset, *, attested: bool) -> list[ntm.Commune]:
    """Communes of which one figure in ten is not known and the others lie on their thresholds or up to a sixth below."""
    base, chance = facts_of(full_ruleset()), random.Random(1)  # noqa: S311 - the same figures in every run
    verdicts = {f"{RULESET}:{number}": True for number in ruleset.numbers[::4]} if attested else None

    def facts() -> dict[str, Any]:
        return {
            key: round(value * chance.choice([1, 1, 0.99, 0.97, 0.85]), 2) if isinstance(value, float) else value
            for key, value in base.items()
            if chance.random() > 0.1
        }

    regions = ("tdmnpb", "dbsh", "tn")
    return [
        ntm.Commune(code=place, region=regions[place % 3], year=2023, facts=facts(), attested=verdicts)
        for place in range(COMMUNES)
    ]


def seconds(job: Callable[[], Any]) -> float:
    """Processor time of the best of some rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        job()
        times.append(time.process_time() - started)
    return round(min(times), 3)


def main() -> None:
    """Time both populations, print and write."""
    old, new = (ntm.load_ruleset(RULESET, on=day) for day in ("2024-02-29", "2024-03-01"))
    found: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine(), "communes": COMMUNES}
    for name, attested in (("measured", False), ("a quarter attested", True)):
        communes = population(old, attested=attested)
        twice = seconds(lambda: [(ntm.evaluate(old, c), ntm.evaluate(new, c)) for c in communes])  # noqa: B023
        whole = seconds(lambda: ntm.impact(old, new, communes))  # noqa: B023
        found[name] = {"two evaluations, s": twice, "impact, s": whole, "times": round(whole / twice, 1)}
        print(name, found[name])
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
