"""docs/performance.md and its chart, written from what the benchmarks measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"


def write_page() -> None:
    """Write the page from the results there are."""
    head = HERE.joinpath("performance.head.md").read_text(encoding="utf-8")
    lines = [head.rstrip(), "", *one_commune(_results("results.json"))]
    if HERE.joinpath("scale.json").is_file():
        scale = _results("scale.json")
        _chart(scale["growth"])
        lines += ["", *whole_table(scale)]
    DOCS.joinpath("performance.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _results(name: str) -> Any:
    return json.loads(HERE.joinpath(name).read_text(encoding="utf-8"))


def one_commune(results: dict[str, Any]) -> Iterator[str]:
    """A commune at a time."""
    calls = results["single calls"]
    yield f"Measured with {results['machine']}."
    yield ""
    yield "| engine | median µs a call | fastest round | times datalogic-py |"
    yield "|---|---|---|---|"
    for name, row in sorted(calls["engines"].items(), key=lambda item: item[1]["median_us"]):
        yield f"| {name} | {row['median_us']:,} | {row['fastest_us']:,} | {row['times_datalogic']} |"
    yield from ["", *_not_run(calls["not_run"]), "", "| what | figure |", "|---|---|"]
    for part in ("streaming", "starting", "command line"):
        for name, value in results[part].items():
            yield f"| {name} | {value:,} |"


def _not_run(peers: dict[str, str]) -> Iterator[str]:
    if peers:
        yield from ["Not run here:", "", *(f"- {name}: {reason}" for name, reason in peers.items())]
    else:
        yield "Every peer was run."


def whole_table(results: dict[str, Any]) -> Iterator[str]:
    """A table at a time."""
    found = results["side by side"]
    rates, given = found["communes a second"], found["communes given"]
    ours = rates["ntm_rules: evaluate_table"]
    yield "## A whole table at once"
    yield ""
    yield "57 indicators in seven regions and five fact years, a table of facts in memory in, the status of every indicator out. The"
    yield "statuses of each engine were held equal to numpy's first. numpy's bare comparison looks thresholds up by place and"
    yield "compares; it reads no words, checks nothing, and knows no unknown. Column by column, over columns that lie one after another, it"
    yield "is the limit. OpenFisca-Core is given arrays, so that it is numpy too, in 32-bit floats. Rounds alternate; medians of five."
    yield ""
    yield f"Measured with {results['machine']}."
    yield ""
    yield "| engine | communes a second | evaluate_table is so many times as fast | communes given |"
    yield "|---|---|---|---|"
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
        yield f"| {name} | {rate:,} | {ours / rate:.2f} | {given[name]:,} |"
    yield from ["", *_not_run(found["not run"]), ""]
    yield "How it grows, each size in a process of its own; memory is what the process needed beside the input at the worst moment."
    yield ""
    yield "![Seconds by number of communes](performance-growth.svg)"
    yield ""
    yield "| communes | seconds | communes a second | input, MB | memory beside it, MB |"
    yield "|---|---|---|---|---|"
    for row in results["growth"]:
        rate = round(row["communes"] / row["seconds"])
        yield (
            f"| {row['communes']:,} | {row['seconds']:,} | {rate:,} | {row['input, MB']:,} | "
            f"{row['memory beside it at most, MB']:,} |"
        )
    if spark := results["spark"]:
        yield ""
        yield (
            f"Spark on the same two cores, Parquet in and out: {spark['communes']:,} communes in {spark['seconds']} seconds, "
            f"{spark['communes a second']:,} a second. At that rate 10⁹ rows are {_core_hours(spark):,.0f} hours of one such core: "
            f"{_core_hours(spark) / 64:,.1f} hours on 64 of them, were they to keep in step, which was not measured."
        )


def _core_hours(spark: dict[str, Any]) -> float:
    """What a thousand million rows take of one core, at the rate measured."""
    return float(10**9 / spark["communes a second"] * spark["cores"] / 3600)


def _chart(growth: list[dict[str, Any]]) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "the same picture from the same figures"
    figure, axes = pyplot.subplots(figsize=(7, 4))
    communes = [row["communes"] for row in growth]
    axes.loglog(communes, [row["seconds"] for row in growth], marker="o", label="evaluate_table")
    axes.loglog(communes, [count / 1e6 for count in communes], linestyle="--", color="grey", label="1.000.000 xã/giây")
    axes.set_xlabel("số xã / communes")
    axes.set_ylabel("giây / seconds")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(DOCS / "performance-growth.svg", metadata={"Date": None})
