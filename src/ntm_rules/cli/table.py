"""The command `batch`: a whole table judged into a file, by SQL."""

from __future__ import annotations

import functools
import importlib.util
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from ntm_rules.cli import options
from ntm_rules.cli.frame import command, epilog
from ntm_rules.model.assessment import Verdict
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, shown

if TYPE_CHECKING:
    from ntm_rules.adapters.results import WrittenTable

__all__ = ["batch"]

# What each engine needs, and the extras that bring it.
_NEEDED = {
    "duckdb": (("duckdb", "openpyxl", "pyarrow", "sqlglot"), "sql"),
    "postgres": (("duckdb", "openpyxl", "psycopg", "pyarrow", "sqlglot"), "sql,postgres"),
    "spark": (("pyspark", "sqlglot"), "spark"),
}


@click.command(
    epilog=epilog(
        "ntm-rules batch tinh.csv --numbers vi -o ket-qua.xlsx",
        "ntm-rules batch tinh.csv --numbers vi --output indicators -o chi-tieu.parquet --lang en",
        "ntm-rules batch tinh.csv --numbers vi --ruleset 2021-2025/xa-ntm-nang-cao --on 2023-12-31 -o nang-cao.jsonl",
        codes=True,
    )
)
@click.argument("table", metavar="INPUT")
@options.RULESET
@click.option(
    "-o",
    "--out",
    "target",
    metavar="OUT",
    required=True,
    help="Tệp kết quả .parquet, .csv, .jsonl, .xlsx; tệp cũ cùng tên bị ghi đè / the file of results; an older one is written over.",
)
@click.option(
    "--output",
    type=click.Choice(["communes", "indicators", "statuses"]),
    default="communes",
    show_default=True,
    help="Một dòng mỗi xã, mỗi xã và chỉ tiêu, hay mỗi xã với mọi trạng thái / a row per commune, per commune and indicator, or per commune with every status.",
)
@click.option(
    "--engine",
    metavar="E",
    default="duckdb",
    show_default=True,
    help="Nơi chạy: duckdb, postgres:URL (INPUT là tên bảng), spark (INPUT, OUT là thư mục) / where it runs.",
)
@options.text_in_force
@options.judging
@command
def batch(*, lang: Language, table: str, target: str, ruleset_id: str, output: Any, engine: str, **given: Any) -> None:
    """Xét cả một bảng lớn vào một tệp kết quả. Đọc .csv, .xlsx, .parquet (tệp, thư mục, mẫu tên).

    Judge a whole table of any size into a file. Rows that cannot be judged go to a second file, NAME.rejected.SUFFIX, each with its
    reasons, and the exit code is 2.
    """
    from ntm_rules.cli.output import say
    from ntm_rules.public import load_ruleset

    name, _, address = engine.partition(":")
    write = _engine(name, address)
    text = {key: given.pop(key) for key in ("on", "known_on", "province", "overlays", "source")}
    ruleset = load_ruleset(ruleset_id, **text)
    started = time.monotonic()
    done = write(ruleset, table, target, output=output, province=text["province"], lang=lang, **given)
    for line in _summary(done, time.monotonic() - started, lang):
        say(line)
    if done.rejected:
        sys.stdout.flush()
        sys.exit(2)


def _engine(name: str, address: str) -> Callable[..., WrittenTable]:
    """What judges a table by an engine; NtmRulesError where there is no such engine, or what it needs is not installed."""
    if name not in _NEEDED or (address and name != "postgres"):
        wanted = "duckdb, postgres:URL, spark"
        message = Text("không có nơi chạy này", "no such engine")
        problem = Problem(
            code="unknown_engine", key="engine", found=shown(name), message=message, wanted=Text(wanted, wanted)
        )
        raise NtmRulesError([problem])
    packages, extras = _NEEDED[name]
    lacking = ", ".join(package for package in packages if importlib.util.find_spec(package) is None)
    if lacking:
        install = f'pip install "ntm-rules[cli,{extras}]"'
        message = Text(f"cần thêm {lacking}", f"{lacking} is needed")
        raise NtmRulesError(
            [Problem(code="not_installed", key="engine", message=message, wanted=Text(install, install))]
        )
    if name == "postgres":
        # "postgres:" stands before any way to name a database, and is the beginning of one.
        return functools.partial(_on_postgres, url=f"postgresql:{address}" if address.startswith("//") else address)
    return _on_duckdb if name == "duckdb" else _on_spark


def _on_duckdb(ruleset: Ruleset, source: str, target: str, *, lang: Language, **given: Any) -> WrittenTable:
    from ntm_rules.adapters.tables.writing import connection_beside, write_table
    from ntm_rules.cli.output import waiting

    with connection_beside(target) as connection:
        return waiting(
            lambda: write_table(ruleset, source, target, connection=connection, **given),
            Text("đang xét", "judging").in_(lang),
            share=connection.query_progress,
            stop=connection.interrupt,
        )


def _on_postgres(*of_whom: Any, url: str, lang: Language, **given: Any) -> WrittenTable:
    from ntm_rules.adapters.postgres import write_table
    from ntm_rules.cli.output import waiting

    return waiting(lambda: write_table(*of_whom, url=url, **given), Text("đang xét", "judging").in_(lang))


def _on_spark(*of_whom: Any, lang: Language, **given: Any) -> WrittenTable:
    from ntm_rules.adapters import spark
    from ntm_rules.cli.output import waiting

    session = spark.session()
    return waiting(
        lambda: spark.write_table(*of_whom, **given),
        Text("đang xét", "judging").in_(lang),
        share=lambda: spark.share_done(session),
        stop=session.sparkContext.cancelAllJobs,
    )


def _summary(done: WrittenTable, seconds: float, lang: Language) -> list[str]:
    """What became of the table, for people."""
    from ntm_rules.explain import VERDICT_WORDS
    from ntm_rules.explain.numbers import number

    def counted(value: float) -> str:
        return number(int(value), lang)

    verdicts = ", ".join(
        f"{VERDICT_WORDS[verdict].in_(lang)} {counted(done.verdicts.get(verdict.value, 0))}" for verdict in Verdict
    )
    rows, judged, rejected = map(counted, (done.rows, done.judged, done.rejected))
    speed, time_ = counted(done.rows / max(seconds, 0.001)), number(round(Decimal(seconds), 1), lang)
    said = [
        Text(
            f"Đã đọc {rows} dòng: xét {judged}, từ chối {rejected}; {time_} giây, {speed} dòng/giây",
            f"{rows} rows read: {judged} judged, {rejected} rejected; {time_} seconds, {speed} rows a second",
        ),
        Text(f"Kết luận: {verdicts}", f"Verdicts: {verdicts}"),
        Text(f"Kết quả: {done.target}", f"Results: {done.target}"),
    ]
    if done.rejected:
        said.append(Text(f"Bị từ chối: {done.rejected_target}", f"Rejected: {done.rejected_target}"))
        for (key, code), count in done.problems.items():
            line = f"  {key} [{code}]: {counted(count)}"
            said.append(Text(line, line))
    if done.repeated:
        again = counted(done.repeated)
        vietnamese = f"Dòng lặp lại xã và năm đã có, vẫn được xét: {again}"
        said.append(
            Text(vietnamese, f"Rows of a commune and year that were there before: {again}, judged all the same")
        )
    if done.ignored:
        names = ", ".join(done.ignored)
        said.append(Text(f"Cột không đọc: {names}", f"Columns not read: {names}"))
    return [line.in_(lang) for line in said]
