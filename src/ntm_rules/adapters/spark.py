"""The same SQL on Spark: a frame of communes in, a frame of verdicts out, on one machine or on many.

What Spark runs is SQL alone: its workers need neither this library nor Python.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.functions import regexp_replace
from sqlglot import exp

from ntm_rules.adapters.columns import Columns, query_of
from ntm_rules.adapters.results import OUTPUTS, Output, WrittenTable, rejected_beside
from ntm_rules.engine.sql import Output as AnyOutput
from ntm_rules.engine.sql import check_output
from ntm_rules.engine.sql.query import OUTPUTS as ALL_OUTPUTS
from ntm_rules.engine.sql.query import build, holding, refusals_of, those_holding
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import FORMULA, Text, shown
from ntm_rules.rulebook.communes.values import Numbers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["evaluate_frame", "local_session", "session", "share_done", "write_table"]

_VIEW = "ntm_rules_input"
_FORMS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "json"}


def local_session(cores: int) -> SparkSession:
    """Spark within this process, on so many cores, without a page on the network."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.ui.retainedExecutions": "1",  # the plans of all queries would be kept for that page
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(cores),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    return SparkSession.builder.master(f"local[{cores}]").config(map=settings).getOrCreate()


def session() -> SparkSession:
    """The session there is, that of spark-submit, or else one within this process on all of its cores."""
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    if "PYSPARK_GATEWAY_PORT" in os.environ:  # so spark-submit starts us
        return SparkSession.builder.getOrCreate()
    return local_session(os.cpu_count() or 1)


def share_done(spark: SparkSession) -> float:
    """How many percent of the tasks are done of the stages that are running."""
    tracker = spark.sparkContext.statusTracker()
    stages = [stage for stage in map(tracker.getStageInfo, tracker.getActiveStageIds()) if stage is not None]
    tasks = sum(stage.numTasks for stage in stages)
    return 100 * sum(stage.numCompletedTasks for stage in stages) / tasks if tasks else 0


def evaluate_frame(
    ruleset: Ruleset,
    frame: DataFrame,
    *,
    output: AnyOutput = "communes",
    keep: Collection[str] = (),
    numbers: Numbers = "plain",
    strict: bool = False,
    threshold_year: int | None = None,
) -> DataFrame:
    """Judge every row of a frame that has the columns of `evaluate_table`; those it lacks are facts not given.

    `output` may also be "rejected": what is wrong with the rows that are not judged. `keep` names columns that results repeat.
    Texts are read as `evaluate_table` reads them. Nothing is computed until the result is asked for; it has the partitions of
    the frame.
    """
    check_output(output, ALL_OUTPUTS)
    columns = Columns(ruleset, dict(frame.dtypes), engine="spark", numbers=numbers)
    query = query_of(columns, exp.to_table(_VIEW), place=None, strict=strict, year=threshold_year, keep=keep)
    return _run(frame, build(query, output, refusals_of(query)))


def _run(frame: DataFrame, tree: exp.Query) -> DataFrame:
    frame.createOrReplaceTempView(_VIEW)
    return frame.sparkSession.sql(tree.sql(dialect="spark"))


# -- from files to files


def write_table(
    ruleset: Ruleset,
    table: str,
    target: str,
    *,
    output: Output = "communes",
    numbers: Numbers = "plain",
    province: str | None = None,
    strict: bool = False,
    threshold_year: int | None = None,
) -> WrittenTable:
    """Judge the parts of a table into as many parts, as `adapters.tables.write_table` judges a file.

    `table` and `target` are paths of any file system that Spark reaches. A name that ends with .csv is CSV, any other Parquet;
    `target` is a folder of parts whose name ends with .parquet, .csv or .jsonl, and must not be there yet. What was rejected goes
    to NAME.rejected.SUFFIX. A row is known by its code and year: parts have no places.
    """
    check_output(output, OUTPUTS)
    spark = session()
    rejected_target = _beside(target)
    for place in (target, rejected_target):
        _check_target(spark, place)
    try:
        frame = _read(spark, table)
        columns = Columns(ruleset, dict(frame.dtypes), engine="spark", numbers=numbers, province=province)
        query = query_of(columns, exp.to_table(_VIEW), place=None, strict=strict, year=threshold_year)
        every = refusals_of(query)
        refused = those_holding(every, _run(frame, holding(query, every)).collect()[0])
        # Where nothing is refused, one thing that holds of no row gives the columns of a result without rows.
        rejected = _run(frame, build(query, "rejected", refused or every[:1]))
        counted = _run(frame, build(query, "communes", refused)).groupBy("verdict").count().collect()
        verdicts = {row["verdict"]: row["count"] for row in counted}
        problems = _problems(rejected)
        rows = frame.count()
        _deliver(spark, {rejected_target: rejected, target: _run(frame, build(query, output, refused))})
    except (PySparkException, Py4JJavaError) as error:
        said = error.java_exception.getMessage() if isinstance(error, Py4JJavaError) else str(error)
        first = next(iter(str(said).splitlines()), type(error).__name__)
        message = Text("Spark không xử lý được bảng", "Spark cannot process the table")
        raise NtmRulesError([Problem(code="bad_table", source=table, message=message, found=shown(first))]) from error
    return WrittenTable(
        rejected=rows - sum(verdicts.values()),
        verdicts=verdicts,
        problems=problems,
        target=target,
        rejected_target=rejected_target,
        ignored=columns.ignored,
    )


def _read(spark: SparkSession, table: str) -> DataFrame:
    if not table.rstrip("/").lower().endswith((".csv", ".tsv")):
        return spark.read.parquet(table)
    header = spark.read.text(table).first()
    first = "" if header is None else str(header[0])
    # A row of more or fewer cells than the header stops the work: Spark would drop what is too much.
    options = {"header": True, "enforceSchema": False, "escape": '"', "mode": "FAILFAST", "columnPruning": False}
    return spark.read.options(**options, sep=max(",;\t", key=first.count)).csv(table)


def _problems(rejected: DataFrame) -> dict[tuple[str, str], int]:
    counted = rejected.groupBy("key", "problem").count().collect()
    ordered = sorted(counted, key=lambda row: (-row["count"], row["key"], row["problem"]))
    return {(row["key"], row["problem"]): row["count"] for row in ordered}


def _beside(target: str) -> str:
    """NAME.rejected.SUFFIX in the same folder, whatever the file system."""
    folder, slash, name = target.rstrip("/").rpartition("/")
    return f"{folder}{slash}{rejected_beside(name)}"


def _check_target(spark: SparkSession, target: str) -> None:
    """Refuse a folder of no known form, or one that is there."""
    if PurePosixPath(target).suffix.lower() not in _FORMS:
        wanted = ", ".join(_FORMS)
        message = Text("không có dạng tệp kết quả này", "no such form of results")
        problem = Problem(
            code="unknown_suffix", key="target", found=shown(target), message=message, wanted=Text(wanted, wanted)
        )
        raise NtmRulesError([problem])
    path, files = _place(spark, target)
    if files.exists(path):
        message = Text("thư mục kết quả đã có", "the folder of results is there already")
        raise NtmRulesError([Problem(code="cannot_write", source=target, message=message)])


def _place(spark: SparkSession, name: str) -> tuple[Any, Any]:
    """A path and its file system, as Spark's own machine knows them."""
    machine, context = spark.sparkContext._jvm, spark.sparkContext._jsc  # noqa: SLF001 - there is no other way to a file system
    path = machine.org.apache.hadoop.fs.Path(name)
    return path, path.getFileSystem(context.hadoopConfiguration())


def _harmless(frame: DataFrame) -> DataFrame:
    """The rows with texts that no spreadsheet runs."""
    texts = [name for name, kind in frame.dtypes if kind == "string"]
    return frame.withColumns({name: regexp_replace(frame[f"`{name}`"], f"^({FORMULA})", "'$1") for name in texts})


def _deliver(spark: SparkSession, frames: Mapping[str, DataFrame]) -> None:
    """Write every frame beside its target, and only then put them in their places."""
    mark = uuid.uuid4().hex[:8]
    waiting = {f"{target.rstrip('/')}.{mark}": target for target in frames}
    try:
        for place, target in waiting.items():
            form = _FORMS[PurePosixPath(target).suffix.lower()]
            if form == "csv":  # quotes doubled, as others read them
                _harmless(frames[target]).write.options(header=True, escape='"').csv(place)
            else:
                frames[target].write.format(form).save(place)
        for place, target in waiting.items():
            path, files = _place(spark, place)
            files.rename(path, _place(spark, target)[0])
    finally:
        for place in waiting:
            path, files = _place(spark, place)
            files.delete(path, True)  # with what lies in it
