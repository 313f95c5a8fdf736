"""The time of every question that `ntm_rules.prove` answers over the sets of 57 and 75 indicators and across them, on one core.

Run with `python benchmarks/prove.py`; writes benchmarks/prove.json. Each time is processor time, with the start of the solver and
without loading the rulesets.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ntm_rules as ntm

NTM, ADVANCED, MODEL = "2021-2025/xa-ntm", "2021-2025/xa-ntm-nang-cao", "2021-2025/xa-ntm-kieu-mau"
BEFORE = "2023-12-31"
ROUNDS = 2


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    """What is asked, with a name for it."""
    named = {
        "57": ntm.load_ruleset(NTM),
        "57 before 2024": ntm.load_ruleset(NTM, on=BEFORE),
        "75": ntm.load_ruleset(ADVANCED),
        "75 before 2024": ntm.load_ruleset(ADVANCED, on=BEFORE),
        "model": ntm.load_ruleset(MODEL),
        "model before 2024": ntm.load_ruleset(MODEL, on=BEFORE),
        "49 of 2016-2020": ntm.load_ruleset("2016-2020/xa-ntm"),
        "model of Nam Định": ntm.load_ruleset(MODEL, province="nam-dinh"),
    }
    pairs = [
        ("57", "57"),
        ("57", "57 before 2024"),
        ("75", "75"),
        ("75", "75 before 2024"),
        ("75", "57"),
        ("model", "75"),
        ("model of Nam Định", "model"),
        ("57", "49 of 2016-2020"),
        ("49 of 2016-2020", "75"),
        ("49 of 2016-2020", "75 before 2024"),
        ("75 before 2024", "75"),
        ("75 before 2024", "57"),
        ("model", "75 before 2024"),
        ("model before 2024", "75"),
        ("model", "49 of 2016-2020"),
    ]
    for new, old in pairs:
        for question in ("implies", "equivalent", "disjoint", "tightens"):
            yield f"{question}: {new}, {old}", {"question": question, "new": named[new], "old": named[old]}
    for name in ("57", "75"):
        ruleset = named[name]
        yield f"satisfiable: {name}", {"question": "satisfiable", "new": ruleset}
        for question in ("redundant", "possible"):
            for number in ruleset.numbers:
                asked = {"question": question, "new": ruleset, "indicator": number}
                yield f"{question}: {name}, {number}", asked


def timed(arguments: dict[str, Any]) -> tuple[float, str]:
    """Seconds of the best of some rounds, and the answer."""
    best, answer = float("inf"), ""
    for _ in range(ROUNDS):
        started = time.process_time()
        answer = ntm.prove(**arguments).answer
        best = min(best, time.process_time() - started)
    return best, answer


def main() -> None:
    """Time every question, print the slowest, and write all."""
    ntm.prove("satisfiable", ntm.load_ruleset(MODEL))  # what is imported and compiled once
    found = {name: timed(arguments) for name, arguments in questions()}
    slowest = sorted(found.items(), key=lambda item: -item[1][0])
    for name, (seconds, answer) in slowest[:20]:
        print(f"{seconds:6.3f} s  {answer:8}  {name}")
    print(
        f"{len(found)} questions, the slowest {slowest[0][1][0]:.3f} s, the median {slowest[len(slowest) // 2][1][0]:.3f} s"
    )
    results = {
        "python": platform.python_version(),
        "z3-solver": version("z3-solver"),
        "machine": platform.machine(),
        "rounds": ROUNDS,
        "seconds": {name: round(seconds, 4) for name, (seconds, _) in found.items()},
        "answers": {name: answer for name, (_, answer) in found.items()},
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
