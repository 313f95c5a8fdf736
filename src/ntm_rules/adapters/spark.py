"""The same SQL on Spark: a frame of communes in, a frame of verdicts out, on one machine or on many."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from ntm_rules.engine.sql import Output, compile_sql
from ntm_rules.engine.sql.sources import columns_read
from ntm_rules.model.ruleset import Ruleset

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["evaluate_frame", "local_session"]

_VIEW = "ntm_rules_input"


def local_session(cores: int) -> SparkSession:
    """Spark within this process, on so many cores, without a page on the network."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(cores),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    return SparkSession.builder.master(f"local[{cores}]").config(map=settings).getOrCreate()


def evaluate_frame(
    ruleset: Ruleset,
    frame: DataFrame,
    *,
    output: Output = "communes",
    keep: Collection[str] = (),
    strict: bool = False,
    threshold_year: int | None = None,
) -> DataFrame:
    """Judge every row of a frame that has the columns of `compile_sql`'s wide layout; those it lacks are facts not given.

    Nothing is computed until the result is asked for; it has the partitions of the frame.
    """
    frame.createOrReplaceTempView(_VIEW)
    names = frame.columns
    return frame.sparkSession.sql(
        compile_sql(
            ruleset,
            dialect="spark",
            source=_VIEW,
            output=output,
            columns=list(columns_read(ruleset.catalogue, names)),
            keep=keep,
            strict=strict,
            threshold_year=threshold_year,
        )
    )
