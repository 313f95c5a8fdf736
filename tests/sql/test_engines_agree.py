"""SQL says what the native engine says: every status, reason and gap, on DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Loaded, loaded
from tests.sql import engines
from tests.sql.differential import compared, compilable, drawn
from tests.sql.tables import Documents, Judged, Row, attestable, attesting, differences, native, rows_of, short, some_of

import ntm_rules as ntm
from ntm_rules.testing import communes, rulesets

FEW = 12


def agree(ruleset: ntm.Ruleset, some: Sequence[ntm.Commune], judge: engines.Judge, *, strict: bool = False) -> None:
    """Both engines say the same of every indicator and commune; the first few differences are shown."""
    assert not differences(native(ruleset, some, strict=strict), judge(ruleset, rows_of(some), strict))


@pytest.mark.parametrize(
    ("which", "strict"), [*zip(SHIPPED[::3], itertools.cycle((False, True)), strict=False)], ids=str
)
def test_duckdb_on_shipped_rulesets(which: Loaded, strict: bool) -> None:
    ruleset = loaded(which)
    some = drawn(ruleset, 12, attested=FEW)
    agree(ruleset, some, engines.duckdb, strict=strict)


def few(documents: Documents, data: st.DataObject) -> tuple[ntm.Ruleset, list[ntm.Commune]]:
    """A generated ruleset that SQL takes, and a few communes near its thresholds."""
    ruleset = compilable(documents)
    names = some_of(attestable(ruleset), FEW, data.draw(st.integers(0, 10**6)))
    return ruleset, [
        attesting(short(commune), names, data.draw(st.integers(0, 10**6)))
        for commune in data.draw(st.lists(communes(ruleset), min_size=1, max_size=6))
    ]


@given(documents=rulesets(), strict=st.booleans(), data=st.data())
def test_duckdb_on_generated_rulesets(documents: Documents, strict: bool, data: st.DataObject) -> None:
    ruleset, some = few(documents, data)
    agree(ruleset, some, engines.duckdb, strict=strict)


@pytest.fixture(scope="session")
def postgres() -> Iterator[engines.Judge]:
    with engines.postgres() as judge:
        yield judge


@pytest.mark.parametrize("which", SHIPPED[1::4], ids=str)
def test_postgresql_on_shipped_rulesets(which: Loaded, postgres: engines.Judge) -> None:
    ruleset = loaded(which)
    some = drawn(ruleset, 8, attested=FEW)
    for strict in (False, True):
        agree(ruleset, some, postgres, strict=strict)


@given(documents=rulesets(), strict=st.booleans(), data=st.data())
def test_postgresql_on_generated_rulesets(
    postgres: engines.Judge, documents: Documents, strict: bool, data: st.DataObject
) -> None:
    ruleset, some = few(documents, data)
    agree(ruleset, some, postgres, strict=strict)


@pytest.fixture(scope="session")
def spark() -> Iterator[engines.Judge]:
    with engines.spark() as judge:
        yield judge


def test_spark_on_shipped_rulesets(spark: engines.Judge) -> None:
    for which in random.Random(1).sample(SHIPPED, 2):  # noqa: S311 - a sample of tests, no secret
        ruleset = loaded(which)
        some = drawn(ruleset, 12, attested=FEW)
        agree(ruleset, some, spark)


def test_bad_rows_are_rejected_by_all(postgres: engines.Judge) -> None:
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
        good
        | {
            "facts": {
                "trained_labour_pct": {"numerator": 70, "denominator": 100},
                "trained_labour_pct.male": 90,
                "trained_labour_pct.female": {"numerator": 9, "denominator": 10},
            }
        },
        {"region": "nowhere", "year": 2023},
        {"region": "dbsh", "province": "dak-nong", "year": 2023},
        {"year": 2023},
        {"region": "dbsh", "zone": "IV", "year": 2023},
        {"region": "dbsh", "zone": ["III", "IV"], "year": 2023},
    ]
    some = [ntm.Commune(**each) for each in (good, *bad, good)]
    assert native(ruleset, some).refused == set(range(1, len(bad) + 1))
    agree(ruleset, some, engines.duckdb)
    agree(ruleset, some, postgres)


def test_an_engine_that_says_something_else_is_found() -> None:
    """Of some hundred pairs, one status that is another is found and named; without it nothing is."""

    def lying(ruleset: ntm.Ruleset, rows: Sequence[Row], strict: bool) -> Judged:
        judged = engines.duckdb(ruleset, rows, strict)
        place = max(judged.said)
        judged.said[place] = ("not_applicable", *judged.said[place][1:])
        return judged

    asked, found = compared({"duckdb": engines.duckdb}, 100, communes_each=60)
    assert not found
    assert asked["duckdb"] >= 100
    _, (found_lie,) = compared({"lying": lying}, 100, communes_each=60)
    assert "not_applicable" in found_lie
