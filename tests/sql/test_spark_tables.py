"""Parts judged into parts on two cores of Spark, as `evaluate_table` judges them. `make spark-test` installs what it takes."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from tests.test_cli import run

import ntm_rules as ntm
from ntm_rules.testing import built
from ntm_rules.testing.documents import ruleset_document

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# One indicator: what Spark takes its time for is the length of a query, which the differential tests try.
RULES = built([ruleset_document({"at_least": {"fact": "pct0", "value": "90.5"}}, columns=["common"])])
VALUES = ["90.5", " 91\t", "90.49", "101", "-1", "90,5", "≥ 91", "", None, "1e2", "9" * 20]
ROWS: list[dict[str, Any]] = [
    {"code": str(place), "year": "2023" if place % 7 else "2e3", "pct0": VALUES[place % len(VALUES)]}
    for place in range(50)
]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    if shutil.which("java") is None:
        pytest.skip("no Java")
    pytest.importorskip("pyspark.sql")
    from ntm_rules.adapters.spark import local_session

    session = local_session(2)
    yield session
    session.stop()


def table() -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in ROWS], pa.string()) for name in ROWS[0]})


def without_place(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as Spark has them, which knows no places, by code."""
    found = [{name: value for name, value in row.items() if name != "row"} for row in rows]
    return sorted(found, key=lambda row: (str(row["code"]), str(row.get("key")), str(row.get("indicator"))))


def wanted(output: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    judged = ntm.evaluate_table(RULES, table(), output=output)
    return without_place(judged.judged.to_pylist()), without_place(judged.rejected.to_pylist())


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_parts_become_as_many_parts(spark: SparkSession, form: str, tmp_path: Path) -> None:
    from ntm_rules.adapters.spark import write_table

    pyarrow.parquet.write_table(table(), tmp_path / "xa.parquet")
    source = str(tmp_path / f"phan.{form}")
    # Parts so large that Spark puts no two of them together.
    spark.conf.set("spark.sql.files.openCostInBytes", str(2**27))
    frame = spark.read.parquet(str(tmp_path / "xa.parquet")).repartition(3)
    (frame.write.option("header", value=True) if form == "csv" else frame.write).format(form).save(source)
    target = tmp_path / "kq.parquet"
    done = write_table(RULES, source, str(target), output="indicators")
    judged, rejected = wanted("indicators")
    assert len(list(target.glob("part-*"))) == len(list(Path(source).glob("part-*"))) == 3
    assert without_place(pyarrow.parquet.read_table(target).to_pylist()) == judged
    assert without_place(pyarrow.parquet.read_table(tmp_path / "kq.rejected.parquet").to_pylist()) == rejected
    assert (done.rows, done.judged) == (50, len(judged))
    assert sum(done.problems.values()) == len(rejected)
    with pytest.raises(ntm.NtmRulesError, match="cannot_write"):
        write_table(RULES, source, str(target))


def test_a_frame_keeps_its_partitions_and_its_texts_are_read(spark: SparkSession, tmp_path: Path) -> None:
    from ntm_rules.adapters.spark import evaluate_frame

    rows = table().append_column("as written", table()["pct0"])
    pyarrow.parquet.write_table(rows, tmp_path / "xa.parquet")
    frame = spark.read.parquet(str(tmp_path / "xa.parquet")).repartition(5)
    judged = evaluate_frame(RULES, frame, keep=("as written",))
    assert judged.rdd.getNumPartitions() == 5
    statuses = {row["as written"]: row["verdict"] for row in judged.collect()}
    assert statuses == {"90.5": "met", " 91\t": "met", "90.49": "missing", "": "undetermined", None: "undetermined"}


def test_a_row_of_more_cells_than_the_header_stops_the_work(spark: SparkSession, tmp_path: Path) -> None:
    from ntm_rules.adapters.spark import write_table

    (tmp_path / "xa.csv").write_text("code,year,pct0\n1,2023,91\n2,2023,91,5\n", "utf-8")
    with pytest.raises(ntm.NtmRulesError, match="bad_table"):
        write_table(RULES, str(tmp_path / "xa.csv"), str(tmp_path / "kq.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["xa.csv"]


def test_csv_of_spark_is_read_back_by_others(spark: SparkSession, tmp_path: Path) -> None:
    """Quotes are doubled, as Python and spreadsheets have them; no spreadsheet runs what stands there; an error of one is no remark."""
    from ntm_rules.adapters.spark import write_table

    written = ['x"y', 'x\\"y', "a,b", "x\\", "=1+1", "-5", '"', "-5+A1"]
    rows = {"code": [*(str(place) for place in range(len(written))), "#N/A"], "pct0": [*written, "95"]}
    pyarrow.parquet.write_table(pa.table(rows), tmp_path / "xa.parquet")
    write_table(RULES, str(tmp_path / "xa.parquet"), str(tmp_path / "kq.csv"))
    found = []
    for part in (tmp_path / "kq.rejected.csv").glob("part-*.csv"):
        with part.open(encoding="utf-8", newline="") as lines:
            found += [row["found"] for row in csv.DictReader(lines)]
    harmless = ["'=1+1" if value == "=1+1" else "'-5+A1" if value == "-5+A1" else value for value in written]
    assert sorted(found) == sorted([*harmless, "#N/A"])


def test_the_command_runs_on_spark(spark: SparkSession, tmp_path: Path) -> None:
    rows = (
        table()
        .set_column(2, "income_per_capita", pa.array(["60"] * 50))
        .append_column("region", pa.array(["dbsh"] * 50))
    )
    pyarrow.parquet.write_table(rows, tmp_path / "xa.parquet")
    target = str(tmp_path / "kq.jsonl")
    ended = run("batch", str(tmp_path / "xa.parquet"), "-o", target, "--engine", "spark", "--lang", "en")
    assert ended.out.startswith("50 rows read: 42 judged, 8 rejected; ")
    assert ended.code == 2
