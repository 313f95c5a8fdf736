"""Threads, processes and forks give the answers of one thread, and nothing global moves."""

from __future__ import annotations

import decimal
import json
import locale
import multiprocessing
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ntm_rules as ntm

PROGRAM = """
import json, ntm_rules as ntm
ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
commune = ntm.Commune(region="dbsh", year=2023, zone=["III", "dbkk-coast"], facts={"income_per_capita": 55.9, "stunting_under_5_pct": "16.5"})
print(json.dumps(ntm.evaluate(ruleset, commune).to_dict(), sort_keys=True))
"""


def batch() -> list[ntm.Commune]:
    return [
        ntm.Commune(
            code=place,
            region=("dbsh", "tn", "dbscl", "btb")[place % 4],
            year=2021 + place % 5,
            facts={
                "income_per_capita": 36 + place % 40,
                "stunting_under_5_pct": f"{place % 30}.5",
                "health_insurance_pct": {"numerator": 80 + place % 21, "denominator": 100},
                "rural_market_or_trading_place": bool(place % 3),
            },
        )
        for place in range(120)
    ]


def answers(day: str = "2023-12-31") -> list[dict[str, str]]:
    """Everything loaded and judged anew."""
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on=day)
    return [
        {no: status.value for no, status in a.statuses.items()} | {"verdict": a.verdict.value}
        for a in ntm.evaluate_many(ruleset, batch())
    ]


def test_many_threads_loading_and_judging_at_once() -> None:
    days = ["2023-12-31", "2024-03-01", "2022-03-08"]
    expected = {day: answers(day) for day in days}
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda place: (days[place % 3], answers(days[place % 3])), range(36)))
    assert all(answer == expected[day] for day, answer in found)


def test_threads_sharing_one_new_ruleset() -> None:
    """The first judges of a ruleset are compiled by several threads at once."""
    decision = {"number": "1", "issued": "2020-01-01", "in_force": "2020-01-01"}
    overlay = {"layer": "nothing", "of": "2021-2025/xa-ntm", "kind": "amendment", "decision": decision}
    expected = [
        a.statuses for a in ntm.evaluate_many(ntm.load_ruleset("2021-2025/xa-ntm", overlays=[overlay]), batch())
    ]
    fresh = ntm.load_ruleset("2021-2025/xa-ntm", overlays=[overlay])
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda commune: ntm.evaluate(fresh, commune).statuses, batch()))
    assert found == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_gives_the_same() -> None:
    expected = answers()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(answers, ["2023-12-31"] * 4) == [expected] * 4


def test_another_process_gives_the_same_whatever_its_hash_seed_and_locale() -> None:
    said = []
    for seed, lang in (("0", "C"), ("4711", "C.UTF-8")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": lang, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", PROGRAM], capture_output=True, check=True, env=environment
        )
        said.append(json.loads(run.stdout))
    assert said[0] == said[1]


def test_pickled_rulesets_judge_alike_in_a_new_process() -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        hashes = pool.apply(_hash_of, (ruleset,))
    assert hashes == ruleset.content_hash


def _hash_of(ruleset: ntm.Ruleset) -> str:
    return ruleset.content_hash


def test_nothing_global_is_changed() -> None:
    before = (
        decimal.getcontext().prec,
        decimal.getcontext().rounding,
        dict(decimal.getcontext().traps),
        locale.setlocale(locale.LC_ALL),
        list(warnings.filters),
        sys.getrecursionlimit(),
        Path.cwd(),
        dict(os.environ),
    )
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau")
    for assessment in ntm.evaluate_many(ruleset, batch()[:5]):
        assert assessment.report("vi")
        assert assessment.to_json()
    after = (
        decimal.getcontext().prec,
        decimal.getcontext().rounding,
        dict(decimal.getcontext().traps),
        locale.setlocale(locale.LC_ALL),
        list(warnings.filters),
        sys.getrecursionlimit(),
        Path.cwd(),
        dict(os.environ),
    )
    assert after == before
