"""SQL says what the native engine says: every status, reason and gap, on DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Loaded, loaded
from tests.sql import engines
from tests.sql.tables import Documents, Row, Said, as_text, native, rows_of, said, short, shortened

import ntm_rules as ntm
from ntm_rules.adapters.tables import evaluate_table
from ntm_rules.engine.sql import compile_sql
from ntm_rules.testing import built, communes, rulesets


def drawn(ruleset: ntm.Ruleset, count: int, start: int = 0) -> list[ntm.Commune]:
    """So many communes of the strategy that is biased to thresholds; the same ones every time."""
    found: list[ntm.Commune] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @seed(start)
    @given(communes(ruleset))
    def draw(commune: ntm.Commune) -> None:
        found.append(short(commune))

    draw()
    return found


def agree(of_native: Said, of_sql: Said) -> None:
    """The two say the same of every indicator; the first few differences are shown."""
    pairs = sorted(of_native.keys() | of_sql.keys())
    apart = [(pair, of_native.get(pair), of_sql.get(pair)) for pair in pairs if of_native.get(pair) != of_sql.get(pair)]
    assert not apart, apart[:5]


@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
@pytest.mark.parametrize("which", SHIPPED[::3], ids=str)
def test_duckdb_on_shipped_rulesets(which: Loaded, strict: bool) -> None:
    ruleset = loaded(which)
    some = drawn(ruleset, 12)
    judged = evaluate_table(ruleset, as_text(rows_of(some)), output="indicators", strict=strict)
    of_native, refused = native(ruleset, some, strict=strict)
    agree(of_native, said(judged.judged.to_pylist()))
    assert refused == set(judged.rejected["row"].to_pylist())


def few(documents: Documents, data: st.DataObject) -> tuple[ntm.Ruleset, list[ntm.Commune]]:
    """A generated ruleset that SQL takes, and a few communes near its thresholds."""
    try:
        ruleset = built(shortened(documents))
        compile_sql(ruleset)
    except ntm.NtmRulesError:  # a number that was cut is out of bounds, or a multiple is as long as before
        reject()
    return ruleset, [short(commune) for commune in data.draw(st.lists(communes(ruleset), min_size=1, max_size=6))]


@given(documents=rulesets(), strict=st.booleans(), data=st.data())
def test_duckdb_on_generated_rulesets(documents: Documents, strict: bool, data: st.DataObject) -> None:
    ruleset, some = few(documents, data)
    judged = evaluate_table(ruleset, as_text(rows_of(some)), output="indicators", strict=strict)
    of_native, refused = native(ruleset, some, strict=strict)
    agree(of_native, said(judged.judged.to_pylist()))
    assert refused == set(judged.rejected["row"].to_pylist())


Judge = Callable[[ntm.Ruleset, Sequence[Row], bool], tuple[Said, set[int]]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Judge]:
    with engines.postgres() as judge:
        yield judge


@pytest.mark.parametrize("which", SHIPPED[1::4], ids=str)
def test_postgresql_on_shipped_rulesets(which: Loaded, postgres: Judge) -> None:
    ruleset = loaded(which)
    some = drawn(ruleset, 8)
    for strict in (False, True):
        of_native, refused = native(ruleset, some, strict=strict)
        of_sql, rejected = postgres(ruleset, rows_of(some), strict)
        agree(of_native, of_sql)
        assert refused == rejected


@given(documents=rulesets(), strict=st.booleans(), data=st.data())
def test_postgresql_on_generated_rulesets(
    postgres: Judge, documents: Documents, strict: bool, data: st.DataObject
) -> None:
    ruleset, some = few(documents, data)
    of_native, refused = native(ruleset, some, strict=strict)
    of_sql, rejected = postgres(ruleset, rows_of(some), strict)
    agree(of_native, of_sql)
    assert refused == rejected


@pytest.fixture(scope="session")
def spark() -> Iterator[Judge]:
    with engines.spark() as judge:
        yield judge


def test_spark_on_shipped_rulesets(spark: Judge) -> None:
    for which in random.Random(1).sample(SHIPPED, 2):  # noqa: S311 - a sample of tests, no secret
        ruleset = loaded(which)
        some = drawn(ruleset, 12)
        of_native, refused = native(ruleset, some)
        of_sql, rejected = spark(ruleset, rows_of(some), False)
        agree(of_native, of_sql)
        assert refused == rejected


def test_bad_rows_are_rejected_by_all(postgres: Judge) -> None:
    """A bad value makes the native engine refuse the commune, and SQL the row; the rows beside it are judged."""
    ruleset = loaded(("2021-2025/xa-ntm", "2023-12-31", None))
    good: dict[str, Any] = {"region": "dbsh", "year": 2023}
    bad = [
        good | {"facts": {"health_insurance_pct": "100.1"}},
        good | {"facts": {"income_per_capita": -1}},
        good | {"facts": {"health_insurance_pct": {"numerator": 11, "denominator": 10}}},
        good | {"facts": {"schools_total": "2.5"}},
        good | {"facts": {"literacy_level": "9"}},
        good | {"facts": {"trained_labour_pct": 50, "trained_labour_pct.male": 60, "trained_labour_pct.female": 70}},
        {"region": "nowhere", "year": 2023},
        {"region": "dbsh", "province": "dak-nong", "year": 2023},
        {"year": 2023},
        {"region": "dbsh", "zone": "IV", "year": 2023},
        {"region": "dbsh", "zone": ["III", "IV"], "year": 2023},
    ]
    some = [ntm.Commune(**each) for each in (good, *bad, good)]
    of_native, refused = native(ruleset, some)
    assert refused == set(range(1, len(bad) + 1))
    judged = evaluate_table(ruleset, as_text(rows_of(some)), output="indicators")
    agree(of_native, said(judged.judged.to_pylist()))
    assert refused == set(judged.rejected["row"].to_pylist())
    of_sql, rejected = postgres(ruleset, rows_of(some), False)
    agree(of_native, of_sql)
    assert refused == rejected
