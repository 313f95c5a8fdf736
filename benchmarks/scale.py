"""A whole country at once: `evaluate_table` on two cores beside numpy, OpenFisca-Core, zen-engine and the native engine.

Run by `make bench`. The job: 57 indicators of 2021-2025/xa-ntm in all seven regions and five fact years, a table of facts in memory
in, the status of every indicator out. Cells that are not known are filled by made-up numbers, as in `common`. Every engine's
statuses are held equal to numpy's before anything is timed. Writes benchmarks/scale.json.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
from common import full_ruleset
from page import write_page

import ntm_rules as ntm
from ntm_rules.model.requirement import Branch, CellState, Clause, Combination, Comparison, Direction
from ntm_rules.model.ruleset import clause_facts

CORES = os.cpu_count() or 1
YEARS = range(2021, 2026)
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
WHOLE = 1_000_000
HERE = Path(__file__).parent


# -- the same facts as an Arrow table, and as a matrix


@attrs.frozen
class Test:
    """One comparison of the job: the indicator it belongs to, the column of the matrix, and the thresholds by place."""

    indicator: str
    fact: str
    direction: Direction
    thresholds: np.ndarray


def tests_of(ruleset: ntm.Ruleset) -> list[Test]:
    """The comparisons of every indicator, all of which must hold; a threshold that does not apply somewhere is NaN there."""
    found: list[Test] = []

    def walk(indicator: str, clause: Clause) -> None:
        requirement = clause.requirement
        if isinstance(requirement, Combination):
            for part in requirement.parts:
                walk(indicator, part)
        elif isinstance(requirement, Branch):  # four schools and more: the first branch
            walk(indicator, requirement.then)
        else:
            assert isinstance(requirement, Comparison)
            asked = clause.columns or ruleset.columns
            values = [
                _number(ruleset, requirement, column, year) if column in asked else math.nan
                for column in ruleset.columns
                for year in YEARS
            ]
            keys = (
                [f"{requirement.fact}.{sex}" for sex in ("male", "female")]
                if requirement.both_sexes
                else [requirement.fact]
            )
            found.extend(Test(indicator, key, requirement.direction, np.array(values)) for key in keys)

    for indicator in ruleset.indicators:
        walk(indicator.id, indicator)
    return found


def _number(ruleset: ntm.Ruleset, requirement: Comparison, column: str, year: int) -> float:
    cell = requirement.threshold.cell(column, year)
    if cell is None or cell.state is not CellState.SET:
        return math.nan
    values = ruleset.catalogue.facts[requirement.fact].values
    return float(values.index(cell.value) if isinstance(cell.value, str) else cell.value)


def facts_of(ruleset: ntm.Ruleset, tests: list[Test], count: int) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """A table of communes near their thresholds; the same facts as a matrix, a column for each test; and the place of each row."""
    random = np.random.default_rng(2024)
    place = random.integers(0, len(ruleset.columns) * len(YEARS), count)
    regions = np.array(ruleset.columns)[place // len(YEARS)]
    columns: dict[str, Any] = {
        "code": pa.array(np.char.zfill((np.arange(count) % 100_000).astype(str), 5)),
        "region": pa.array(regions),
        "year": pa.array(np.array(YEARS)[place % len(YEARS)].astype(np.int32)),
    }
    matrix = np.empty((count, len(tests)))
    for number, test in enumerate(tests):
        fact = ruleset.catalogue.facts[test.fact.removesuffix(".male").removesuffix(".female")]
        middle = float(np.nanmedian(test.thresholds))
        if fact.values:
            drawn = random.integers(0, len(fact.values), count)
            columns[test.fact] = pa.array(np.array(fact.values)[drawn])
        elif test.direction is Direction.MET:
            drawn = random.random(count) < 0.9
            columns[test.fact] = pa.array(drawn)
        elif fact.kind.value == "count":
            drawn = middle + random.integers(-1 if middle else 0, 2, count)
            columns[test.fact] = pa.array(drawn.astype(np.int32))
        else:
            drawn = np.round(np.clip(middle + random.normal(2, 5, count), 0, 100), 1)
            columns[test.fact] = pa.array(drawn)
        matrix[:, number] = drawn
    columns["schools_total"] = pa.array(np.full(count, 5, np.int32))
    for indicator in ruleset.indicators:
        for key in clause_facts(indicator):
            if (
                key not in columns
                and f"{key}.male" not in columns
                and ruleset.catalogue.facts[key].kind.value == "boolean"
            ):
                columns[key] = pa.array(np.ones(count, bool))
    return pa.table(columns), matrix, place


# -- the job, by each engine: the status of every indicator, 0 met, 2 undetermined, 4 missing


def by_numpy(tests: list[Test]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The bare comparison: a mask of whether each test holds; thresholds looked up by place, nothing checked, nothing unknown."""
    thresholds = np.stack([test.thresholds for test in tests], axis=1)
    kinds = {
        direction: [n for n, test in enumerate(tests) if test.direction in way] for direction, way in _WAYS.items()
    }

    def job(matrix: np.ndarray, place: np.ndarray) -> np.ndarray:
        wanted = thresholds[place]
        held = matrix >= wanted
        for n in kinds["<="]:
            held[:, n] = matrix[:, n] <= wanted[:, n]
        for n in kinds["=="]:
            held[:, n] = matrix[:, n] == wanted[:, n]
        return held

    return job


def by_numpy_columns(tests: list[Test], matrix: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The same comparison column by column, over columns that lie one after another: the fastest that numpy can be asked."""
    compare = {Direction.AT_LEAST: np.greater_equal, Direction.AT_MOST: np.less_equal}
    columns = np.asfortranarray(matrix)

    def job(place: np.ndarray) -> np.ndarray:
        held = np.empty(columns.shape, bool, order="F")
        for n, test in enumerate(tests):
            compare.get(test.direction, np.equal)(columns[:, n], test.thresholds[place], out=held[:, n])
        return held

    return job


_WAYS = {"<=": (Direction.AT_MOST,), "==": (Direction.EQUAL, Direction.MET)}


def statuses_by_numpy(tests: list[Test], matrix: np.ndarray, place: np.ndarray) -> dict[str, np.ndarray]:
    """What the masks say of each indicator; of one without a threshold nothing (NaN)."""
    held = by_numpy(tests)(matrix, place)
    unset = np.isnan(np.stack([test.thresholds for test in tests], axis=1)[place])
    found: dict[str, np.ndarray] = {}
    for indicator in dict.fromkeys(test.indicator for test in tests):
        own = [n for n, test in enumerate(tests) if test.indicator == indicator]
        asked = ~unset[:, own]
        missing = (~held[:, own] & asked).any(axis=1)
        found[indicator] = np.where(asked.any(axis=1), np.where(missing, 4.0, 0.0), np.nan)
    return found


def same(wanted: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> None:
    """Wherever a threshold applies, an engine says what numpy says."""
    for indicator, statuses in wanted.items():
        decided = ~np.isnan(statuses)
        assert np.array_equal(statuses[decided], found[indicator][decided]), indicator


def by_table(ruleset: ntm.Ruleset, table: pa.Table) -> pa.Table:
    """Ours, on DuckDB with as many threads as there are cores."""
    judged = ntm.evaluate_table(ruleset, table, output="statuses")
    assert judged.judged.num_rows == table.num_rows
    return judged.judged


def by_native(ruleset: ntm.Ruleset, rows: list[dict[str, Any]]) -> list[tuple[int, ...]]:
    """The native engine in a loop."""
    return [ntm.evaluate(ruleset, commune_of(row)).codes for row in rows]


def commune_of(row: dict[str, Any]) -> ntm.Commune:
    facts = {key: value for key, value in row.items() if key not in ("code", "region", "year")}
    return ntm.Commune(code=row["code"], region=row["region"], year=row["year"], facts=facts)


def by_zen(tests: list[Test], ruleset: ntm.Ruleset) -> Callable[[list[dict[str, Any]], np.ndarray], list[list[bool]]]:
    """zen-engine in a loop: a compiled expression for each place, which lists whether each test holds."""
    import zen

    signs = {Direction.AT_LEAST: ">=", Direction.AT_MOST: "<=", Direction.EQUAL: "==", Direction.MET: "=="}
    expressions = []
    for place in range(len(ruleset.columns) * len(YEARS)):
        terms = [
            f"f{n} {signs[test.direction]} {test.thresholds[place]:g}"
            if not math.isnan(test.thresholds[place])
            else "true"
            for n, test in enumerate(tests)
        ]
        expressions.append(zen.compile_expression(f"[{', '.join(terms)}]"))

    def job(rows: list[dict[str, Any]], place: np.ndarray) -> list[list[bool]]:
        return [expressions[where].evaluate(row) for row, where in zip(rows, place.tolist(), strict=True)]

    return job


def by_openfisca(tests: list[Test], matrix: np.ndarray, place: np.ndarray) -> Callable[[], dict[str, np.ndarray]]:
    """OpenFisca-Core with arrays: a variable a fact, one an indicator, thresholds by place as an array in the formula."""
    from openfisca_core import entities, periods, simulations, taxbenefitsystems, variables

    commune = entities.build_entity(key="commune", plural="communes", label="commune", is_person=True)
    system = taxbenefitsystems.TaxBenefitSystem([commune])

    def variable(name: str, kind: type, **more: Any) -> None:
        fields = {"value_type": kind, "entity": commune, "definition_period": periods.YEAR, "label": name}
        system.add_variable(type(name, (variables.Variable,), fields | more))

    variable("place", int)
    for n in range(len(tests)):
        variable(f"f{n}", float)
    holds = {Direction.AT_LEAST: np.greater_equal, Direction.AT_MOST: np.less_equal}

    def formula_of(own: list[tuple[int, Test]]) -> Any:
        # The library keeps facts as 32-bit floats: so are the thresholds here, or every equality would fail.
        kept = [(f"f{n}", test.thresholds.astype(np.float32), holds.get(test.direction, np.equal)) for n, test in own]

        def formula(unit: Any, period: Any) -> Any:
            answer = True
            where = unit("place", period)
            for name, thresholds, compare in kept:
                wanted = thresholds[where]
                answer = answer & (compare(unit(name, period), wanted) | np.isnan(wanted))
            return answer

        return formula

    indicators = list(dict.fromkeys(test.indicator for test in tests))
    for number, indicator in enumerate(indicators):
        own = [(n, test) for n, test in enumerate(tests) if test.indicator == indicator]
        variable(f"i{number}", bool, formula=formula_of(own))

    def job() -> dict[str, np.ndarray]:
        simulation = simulations.SimulationBuilder().build_default_simulation(system, len(place))
        simulation.set_input("place", "2023", place)
        for n in range(len(tests)):
            simulation.set_input(f"f{n}", "2023", matrix[:, n])
        return {
            indicator: np.where(simulation.calculate(f"i{n}", "2023"), 0.0, 4.0)
            for n, indicator in enumerate(indicators)
        }

    return job


# -- measuring


def seconds(job: Callable[[], Any], rounds: int) -> list[float]:
    """The time of each round."""
    found = []
    for _ in range(rounds):
        gc.collect()
        started = time.perf_counter()
        job()
        found.append(time.perf_counter() - started)
    return found


def side_by_side() -> dict[str, Any]:
    """Communes a second of every engine in one run; those that loop are given fewer communes."""
    ruleset = full_ruleset()
    tests = tests_of(ruleset)
    table, matrix, place = facts_of(ruleset, tests, WHOLE)
    wanted = statuses_by_numpy(tests, matrix, place)
    judged = by_table(ruleset, table)
    same(wanted, {name: judged[name].to_numpy() for name in wanted})
    few, some = 20_000, 100_000
    rows = table.slice(0, few).to_pylist()
    codes = np.array(by_native(ruleset, rows), float)
    same({k: v[:few] for k, v in wanted.items()}, {k: codes[:, ruleset.numbers.index(k)] for k in wanted})
    bare, columns, not_run = by_numpy(tests), by_numpy_columns(tests, matrix), {}
    assert np.array_equal(bare(matrix, place), columns(place))
    jobs: dict[str, tuple[int, Callable[[], Any]]] = {
        "numpy, the bare comparison": (WHOLE, lambda: bare(matrix, place)),
        "numpy, the bare comparison, column by column": (WHOLE, lambda: columns(place)),
        "numpy, three-valued statuses": (WHOLE, lambda: statuses_by_numpy(tests, matrix, place)),
        "ntm_rules: evaluate_table": (WHOLE, lambda: by_table(ruleset, table)),
        "ntm_rules: evaluate in a loop": (few, lambda: by_native(ruleset, rows)),
    }
    try:
        open_fisca = by_openfisca(tests, matrix[:some], place[:some])
        same({k: v[:some] for k, v in wanted.items()}, open_fisca())
        jobs[f"OpenFisca-Core {version('OpenFisca-Core')}, arrays"] = (some, open_fisca)
    except Exception as error:  # noqa: BLE001  # a peer that does not run is named, whatever is wrong with it
        not_run["OpenFisca-Core"] = f"{type(error).__name__}: {error}"
    try:
        zen = by_zen(tests, ruleset)
        named = [{f"f{n}": float(value) for n, value in enumerate(row)} for row in matrix[:few].tolist()]
        held = np.array(zen(named, place[:few]))
        assert np.array_equal(
            held | np.isnan(thresholds_at(tests, place[:few])),
            by_numpy(tests)(matrix[:few], place[:few]) | np.isnan(thresholds_at(tests, place[:few])),
        )
        jobs[f"zen-engine {version('zen-engine')}, in a loop"] = (few, lambda: zen(named, place[:few]))
    except Exception as error:  # noqa: BLE001
        not_run["zen-engine"] = f"{type(error).__name__}: {error}"
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(5):
        for name, (_, job) in jobs.items():
            times[name] += seconds(job, 1)
    rates = {name: round(jobs[name][0] / statistics.median(own)) for name, own in times.items()}
    return {
        "communes a second": rates,
        "communes given": {name: count for name, (count, _) in jobs.items()},
        "not run": not_run,
    }


def thresholds_at(tests: list[Test], place: np.ndarray) -> np.ndarray:
    return np.stack([test.thresholds for test in tests], axis=1)[place]


def one_size(count: int) -> dict[str, Any]:
    """Seconds and memory of a table of so many communes, in a process of its own."""
    ruleset = full_ruleset()
    table, _, _ = facts_of(ruleset, tests_of(ruleset), count)
    by_table(ruleset, table.slice(0, 1000))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here
    before = _memory("VmRSS")
    times = seconds(lambda: by_table(ruleset, table), 3 if count <= WHOLE else 1)
    return {
        "communes": count,
        "seconds": round(min(times), 3),
        "input, MB": round(table.nbytes / 1e6, 1),
        "memory beside it at most, MB": round(_memory("VmHWM") - before, 1),
    }


def _memory(name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return math.nan


def growth() -> Iterator[dict[str, Any]]:
    """Each size in a fresh process."""
    for count in SIZES:
        command = [sys.executable, __file__, "--one", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        yield json.loads(done.stdout.splitlines()[-1])


def on_spark(count: int = WHOLE) -> dict[str, Any] | None:
    """Parquet in, Parquet out, through Spark on two cores; None where there is no Java or no pyspark."""
    if shutil.which("java") is None:
        return None
    try:
        from ntm_rules.adapters.spark import evaluate_frame, local_session
    except ImportError:
        return None
    import pyarrow.parquet

    ruleset = full_ruleset()
    table, _, _ = facts_of(ruleset, tests_of(ruleset), count)
    with tempfile.TemporaryDirectory() as folder:
        parts = Path(folder) / "in"
        parts.mkdir()
        for place in range(8):
            own = table.slice(place * count // 8, count // 8)
            pyarrow.parquet.write_table(own, parts / f"{place}.parquet")
        session = local_session(CORES)
        try:
            frame = session.read.parquet(str(parts))
            job = evaluate_frame(ruleset, frame, output="statuses")
            times = seconds(lambda: job.write.mode("overwrite").parquet(str(Path(folder) / "out")), 3)
            rows = session.read.parquet(str(Path(folder) / "out")).count()
        finally:
            session.stop()
    assert rows == count
    return {
        "communes": count,
        "cores": CORES,
        "seconds": round(min(times), 2),
        "communes a second": round(count / min(times)),
    }


def main() -> None:
    """Run everything and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--beside", action="store_true", help="measure the engines side by side again, and keep the rest"
    )
    parser.add_argument("--one", type=int, help="measure one size only, and print it")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one_size(options.one)))
        return
    known = json.loads(HERE.joinpath("scale.json").read_text(encoding="utf-8")) if options.beside else {}
    results = {
        "machine": f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {CORES} cores, DuckDB {version('duckdb')}, numpy {version('numpy')}, ntm_rules {ntm.__version__}",
        "side by side": side_by_side(),
        "growth": known.get("growth") or list(growth()),
        "spark": known["spark"] if known else on_spark(),
    }
    HERE.joinpath("scale.json").write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write_page()
    print(json.dumps(results, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
