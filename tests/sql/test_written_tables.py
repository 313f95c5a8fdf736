"""A table judged into a file: every form says what `evaluate_table` says, no row is lost, and nothing half-written is left."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from tests.property.strategies import loaded
from tests.sql.tables import as_text, rows_of, short
from tests.test_cli import Terminal, run

import ntm_rules as ntm
from ntm_rules.adapters.results import rejected_beside
from ntm_rules.adapters.tables import write_table, writing
from ntm_rules.cli import output
from ntm_rules.testing import communes

NTM = loaded(("2021-2025/xa-ntm", "2023-12-31", None))
MONEY, PERCENT = "income_per_capita", "health_insurance_pct"
FORMS = (".parquet", ".csv", ".jsonl", ".xlsx")
OUTPUTS = ("communes", "indicators", "statuses")

# Two that are judged, and three that are not: no place, a percentage over 100, a word for a number.
ROWS: list[dict[str, Any]] = [
    {"code": "00001", "region": "dbsh", "year": "2023", MONEY: "41.99", PERCENT: "89.123456789"},
    {"code": "00002", "region": None, "year": "2023", MONEY: "60", PERCENT: "95"},
    {"code": "00003", "region": "tn", "year": "2022", MONEY: "60", PERCENT: "100.5"},
    {"code": "00004", "region": "tn", "year": "2022", MONEY: "=1+1", PERCENT: "95"},
    {"code": "00005", "region": "tn", "year": None, MONEY: None, PERCENT: "95"},
]
BAD = {1: "no_region", 2: "out_of_bounds", 3: "bad_value"}


def table_of(rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]})


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of results."""
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()  # type: ignore[no-any-return]
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    header, *rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def plain(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what forms write in their own ways: types, the places of a number, nothing."""

    def value(name: str, given: Any) -> Any:
        if given is None or given == "":
            return None
        if name in ("attested", "conflict", "at_risk"):
            return str(given).lower()
        return Decimal(str(given)).normalize() if name == "gap" else str(given)

    return [{name: value(name, given) for name, given in row.items()} for row in rows]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_what_evaluate_table_says(form: str, output: Any, tmp_path: Path) -> None:
    table, target = table_of(ROWS), tmp_path / f"xa{form}"
    wanted = ntm.evaluate_table(NTM, table, output=output)
    done = write_table(NTM, table, target, output=output)
    assert plain(read(target)) == plain(wanted.judged.to_pylist())
    rejected = plain(wanted.rejected.to_pylist())
    if form == ".csv":  # what a spreadsheet would run
        rejected = [row | {"found": row["found"] and row["found"].replace("=1+1", "'=1+1")} for row in rejected]
    assert plain(read(rejected_beside(target))) == rejected
    assert {row["row"]: row["problem"] for row in wanted.rejected.to_pylist()} == BAD
    assert names(tmp_path) == sorted([target.name, f"xa.rejected{form}"])
    assert (done.rows, done.judged, done.rejected) == (5, 2, 3)
    assert done.verdicts == Counter(ntm.evaluate_table(NTM, table).judged["verdict"].to_pylist())
    assert done.problems == {("region", "no_region"): 1, (PERCENT, "out_of_bounds"): 1, (MONEY, "bad_value"): 1}


@settings(deadline=None, max_examples=4, suppress_health_check=list(HealthCheck))
@given(
    some=st.lists(communes(NTM), min_size=1, max_size=5),
    form=st.sampled_from(FORMS),
    output=st.sampled_from(OUTPUTS),
    data=st.data(),
)
def test_generated_tables_lose_no_row(
    some: list[ntm.Commune], form: str, output: Any, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = rows_of(map(short, some))
    for row in rows:
        if data.draw(st.booleans()):
            row[data.draw(st.sampled_from([MONEY, "region", "code"]))] = data.draw(st.sampled_from(["-1", "x", "≥ 5"]))
    folder = tmp_path_factory.mktemp("written")
    pyarrow.parquet.write_table(as_text(rows), folder / "xa.parquet")
    target = folder / f"kq{form}"
    wanted = ntm.evaluate_table(NTM, folder / "xa.parquet", output=output)
    done = write_table(NTM, folder / "xa.parquet", target, output=output)
    judged, rejected = read(target), read(rejected_beside(target))
    assert plain(judged) == plain(wanted.judged.to_pylist())
    assert plain(rejected) == plain(wanted.rejected.to_pylist())
    places = [{int(row["row"]) for row in each} for each in (judged, rejected)]
    assert places[0] | places[1] == set(range(len(rows)))
    assert not places[0] & places[1]
    assert (done.judged, done.rejected) == (len(places[0]), len(places[1]))


# -- inputs


def test_parts_are_one_table(tmp_path: Path) -> None:
    """A folder and a pattern of Parquet files, in the order of their names; a column that one lacks is not given there."""
    whole = table_of(ROWS)
    parts = tmp_path / "xa"
    parts.mkdir()
    pyarrow.parquet.write_table(whole.slice(0, 2), parts / "part-0.parquet")
    pyarrow.parquet.write_table(whole.slice(2).drop_columns([MONEY]), parts / "part-1.parquet")
    for unfinished in (".kq.parquet.x", "_temporary"):
        (parts / unfinished).mkdir()
        pyarrow.parquet.write_table(whole, parts / unfinished / "judged.parquet")
    rows = [row | ({MONEY: None} if place >= 2 else {}) for place, row in enumerate(ROWS)]
    wanted = ntm.evaluate_table(NTM, table_of(rows), output="indicators")
    for given_ in (parts, parts / "part-*.parquet", str(parts)):
        found = ntm.evaluate_table(NTM, given_, output="indicators")
        assert plain(found.judged.sort_by("row").to_pylist()) == plain(wanted.judged.sort_by("row").to_pylist())
        assert plain(found.rejected.to_pylist()) == plain(wanted.rejected.to_pylist())


def test_more_than_memory_is_judged(tmp_path: Path) -> None:
    """Rows stream: a table of twenty times the memory that the engine may use is judged."""
    connection = writing.connection_beside(tmp_path / "kq.parquet")
    connection.execute("SET threads = 1")
    facts = ", ".join(f"round(random() * 60, 1) AS {key}" for key in (MONEY, PERCENT))
    rows = f"SELECT lpad((i % 100000)::VARCHAR, 5, '0') AS code, 'dbsh' AS region, 2023 AS year, {facts}, md5(i::VARCHAR) AS ten FROM range(400000) AS t(i)"  # noqa: S608
    connection.execute(f"COPY ({rows}) TO '{tmp_path}/xa.parquet' (FORMAT parquet)")
    connection.execute("SET memory_limit = '100MB'")
    done = write_table(NTM, tmp_path / "xa.parquet", tmp_path / "kq.parquet", connection=connection)
    assert (done.judged, done.rejected) == (400_000, 0)
    places = pyarrow.parquet.read_table(tmp_path / "kq.parquet", columns=["row"])["row"].to_pylist()
    assert places == list(range(400_000))


# -- nothing half-written


def test_a_run_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xa.csv").write_text(f"code,region,year,{MONEY}\n1,dbsh,2023,60\n" * 1 + '2,dbsh,2023,"1\n', "utf-8")
    (tmp_path / "kq.csv").write_text("trước", "utf-8")
    with pytest.raises(ntm.CommuneError):
        write_table(NTM, tmp_path / "xa.csv", tmp_path / "kq.csv")
    monkeypatch.setattr(writing, "_EXCEL_ROWS", 1)
    with pytest.raises(ntm.NtmRulesError, match="too_many_rows"):
        write_table(NTM, table_of(ROWS), tmp_path / "kq.xlsx")
    assert names(tmp_path) == ["kq.csv", "xa.csv"]
    assert (tmp_path / "kq.csv").read_text("utf-8") == "trước"


def test_a_run_that_is_killed_leaves_no_results(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.concat_tables([table_of(ROWS)] * 100_000), tmp_path / "xa.parquet")
    arguments = ["batch", str(tmp_path / "xa.parquet"), "-o", str(tmp_path / "kq.csv"), "--output", "indicators"]
    running = subprocess.Popen([sys.executable, "-m", "ntm_rules.cli", *arguments])
    for _ in range(600):
        if list(tmp_path.glob(".kq.csv.*/judged.parquet")):
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert list(tmp_path.glob(".kq.csv.*"))
    assert not (tmp_path / "kq.csv").exists()
    assert not (tmp_path / "kq.rejected.csv").exists()


def test_what_cannot_be_written_is_said_before_anything_is_read(tmp_path: Path) -> None:
    for target, code in (("kq.pdf", "unknown_suffix"), ("no/kq.csv", "cannot_write")):
        with pytest.raises(ntm.NtmRulesError, match=code):
            write_table(NTM, 5, tmp_path / target)


# -- what stands in files


def test_a_text_is_no_formula_in_excel(tmp_path: Path) -> None:
    write_table(NTM, table_of(ROWS), tmp_path / "kq.xlsx")
    sheet = load_workbook(tmp_path / "kq.rejected.xlsx").worksheets[0]
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1")
    assert cell.data_type == "s"


def test_a_text_is_no_formula_in_csv(tmp_path: Path) -> None:
    """Nothing that came in is run by a spreadsheet, and numbers stay numbers."""
    ran = ["=cmd|'/c calc'!A1", "@SUM(1)", "+1+cmd", "-2+3", "\t=1", "\r=1", "-"]
    kept = ["-1", "-1,5", "x=1", "'=1", "≥ 90"]
    rows = [ROWS[0] | {MONEY: value} for value in [*ran, *kept]]
    write_table(NTM, table_of(rows), tmp_path / "kq.csv")
    found = [row["found"] for row in read(tmp_path / "kq.rejected.csv")]
    assert found == [f"'{value.strip()}" for value in ran[:-1]] + ["-", *kept]
    write_table(NTM, table_of(rows), tmp_path / "kq.jsonl")
    assert read(tmp_path / "kq.rejected.jsonl")[0]["found"] == ran[0]


def test_gaps_are_exact(tmp_path: Path) -> None:
    for form in (".csv", ".jsonl"):
        write_table(NTM, table_of(ROWS[:1]), tmp_path / f"kq{form}", output="indicators")
        gap = next(row["gap"] for row in read(tmp_path / f"kq{form}") if row["fact"] == PERCENT)
        assert gap == "0.876543211"


# -- the command


def files(folder: Path) -> str:
    with (folder / "xa.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    return str(folder / "xa.csv")


def test_the_command_tells_what_became_of_the_table(tmp_path: Path) -> None:
    ended = run("batch", files(tmp_path), "-o", str(tmp_path / "kq.parquet"), "--lang", "en")
    assert ended.code == 2  # as evaluate ends where a commune is refused
    assert ended.out.startswith("5 rows read: 2 judged, 3 rejected; ")
    assert "Verdicts: met 0, undetermined " in ended.out
    assert f"Rejected: {tmp_path / 'kq.rejected.parquet'}" in ended.out
    assert f"  {PERCENT} [out_of_bounds]: 1" in ended.out
    assert ended.err == ""
    (tmp_path / "xa.csv").write_text(f"code,region,year,{MONEY}\n754,dbsh,2023,60\n", "utf-8")
    ended = run("batch", str(tmp_path / "xa.csv"), "-o", str(tmp_path / "kq.csv"))
    assert ended.code == 0
    assert ended.out.startswith("Đã đọc 1 dòng: xét 1, từ chối 0; ")
    assert ".rejected" not in ended.out
    assert read(tmp_path / "kq.rejected.csv") == []


def test_on_a_terminal_it_shows_that_it_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    shares = iter([10.0, -1.0])
    worked = output.waiting(lambda: threading.Event().wait(0.5), "đang xét", share=lambda: next(shares, 50.0))
    assert worked is False
    assert "đang xét" in terminal.getvalue()

    def fails() -> None:
        raise ntm.NtmRulesError([])

    with pytest.raises(ntm.NtmRulesError):
        output.waiting(fails, "đang xét")


def test_options_are_those_of_evaluate(tmp_path: Path) -> None:
    (tmp_path / "xa.csv").write_text(f"code;year;{MONEY};{PERCENT}\n754;2019;46,5;\n", "utf-8")
    out = tmp_path / "kq.jsonl"
    options = [
        "--numbers",
        "vi",
        "--province",
        "Nam Định",
        "--threshold-year",
        "2022",
        "--on",
        "2023-12-31",
        "--strict",
    ]
    ended = run("batch", str(tmp_path / "xa.csv"), "-o", str(out), "--output", "indicators", *options)
    assert (ended.code, ended.err) == (0, "")
    of_batch = {row["indicator"]: row["status"] for row in read(out)}
    whole = json.loads(run("evaluate", str(tmp_path / "xa.csv"), "--format", "json", *options).out)[0]
    assert of_batch == whole["statuses"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere.csv", "-o", "kq.csv"], "cannot_read"),
        (["xa.csv", "-o", "kq.txt"], "unknown_suffix"),
        (["xa.csv", "-o", "kq.csv", "--engine", "oracle"], "unknown_engine"),
        (["xa.csv", "-o", "kq.csv", "--engine", "duckdb:x"], "unknown_engine"),
        (["xa.csv", "-o", "kq.csv", "--province", "nowhere"], "unknown_province"),
        (["xa.csv", "-o", "kq.csv", "--ruleset", "xa"], "unknown_ruleset"),
    ],
    ids=str,
)
def test_wrong_usage_is_said(arguments: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(tmp_path)
    monkeypatch.chdir(tmp_path)
    ended = run("batch", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert f"[{code}]" in ended.err
    assert names(tmp_path) == ["xa.csv"]


@pytest.mark.parametrize(("engine", "package"), [("duckdb", "duckdb"), ("postgres:", "psycopg"), ("spark", "pyspark")])
def test_what_is_not_installed_is_said(engine: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == package else find(name, *rest))
    ended = run("batch", "xa.csv", "-o", "kq.csv", "--engine", engine)
    assert ended.code == 2
    assert package in ended.err
    assert "pip install" in ended.err


@pytest.mark.parametrize("kind", ["arrow", "pandas", "csv"])
def test_places_are_those_of_the_input_however_many_rows(kind: str, tmp_path: Path) -> None:
    """Engines read large tables in parts at once; a row keeps its place, judged or not."""
    count = 300_000
    incomes = [60.0 if place % 1000 else -1.0 for place in range(count)]
    codes = [str(place % 100_000) for place in range(count)]
    table: Any = pa.table({"code": codes, "region": ["dbsh"] * count, "year": [2023] * count, MONEY: incomes})
    if kind == "pandas":
        table = pytest.importorskip("pandas").DataFrame(table.to_pydict())
    elif kind == "csv":
        pyarrow.csv.write_csv(table, tmp_path / "xa.csv")
        table = tmp_path / "xa.csv"
    found = ntm.evaluate_table(NTM, table)
    bad = list(range(0, count, 1000))
    assert found.rejected["row"].to_pylist() == bad
    assert found.judged["row"].to_pylist() == [place for place in range(count) if place % 1000]
    assert found.judged["code"].to_pylist() == [code.zfill(5) for place, code in enumerate(codes) if place % 1000]


# -- where results may go


def test_results_are_never_written_over_what_they_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the results nor the rejected rows, by whatever name the input is called; nothing is read, nothing lost."""
    monkeypatch.chdir(tmp_path)
    text = f"code,region,year,{MONEY}\n1,dbsh,2023,60\n"
    for name in ("xa.csv", "kq.rejected.csv"):
        Path(name).write_text(text, "utf-8")
    Path("link.csv").symlink_to("xa.csv")
    (tmp_path / "phan").mkdir()
    for name in ("phan/a.parquet", "xa-1.parquet"):
        pyarrow.parquet.write_table(table_of(ROWS), name)
    cases: list[tuple[Any, Any]] = [
        ("xa.csv", "xa.csv"),
        ("xa.csv", tmp_path / "phan" / ".." / "xa.csv"),
        ("xa.csv", "link.csv"),
        ("link.csv", "xa.csv"),
        ("kq.rejected.csv", "kq.csv"),
        ("phan", "phan/a.parquet"),
        ("phan", "phan/kq.parquet"),
        ("xa-*.parquet", "xa-1.parquet"),
        ("xa-*.parquet", "xa-kq.parquet"),
        (pyarrow.dataset.dataset("phan"), "phan/a.parquet"),
    ]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    for table, target in cases:
        with pytest.raises(ntm.NtmRulesError, match="target_is_input"):
            write_table(NTM, table, target)
    ended = run("batch", "xa.csv", "-o", "./xa.csv")
    assert (ended.code, "[target_is_input]" in ended.err) == (2, True)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    write_table(NTM, "phan", "phan/kq.csv")  # which is no part of the table


def test_a_target_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    source = files(tmp_path)
    for name in ("d.csv", "e.rejected.csv"):
        (tmp_path / name).mkdir()
    for name in ("d.csv", "e.csv"):
        ended = run("batch", source, "-o", str(tmp_path / name))
        assert ended.code == 2
        assert "[cannot_write]" in ended.err
        assert "xa.csv" not in ended.err
    assert names(tmp_path) == ["d.csv", "e.rejected.csv", "xa.csv"]


@pytest.mark.parametrize("stood", [True, False])
def test_rejected_rows_are_taken_back_where_the_results_cannot_be_put(
    stood: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stood:
        (tmp_path / "kq.rejected.csv").write_text("trước", "utf-8")
    replace = os.replace

    def fails(given: Any, place: Any) -> None:
        if Path(place).name == "kq.csv":
            raise PermissionError(13, "Permission denied")
        replace(given, place)

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(ntm.NtmRulesError, match="cannot_write"):
        write_table(NTM, table_of(ROWS), tmp_path / "kq.csv")
    assert names(tmp_path) == (["kq.rejected.csv"] if stood else [])
    assert not stood or (tmp_path / "kq.rejected.csv").read_text("utf-8") == "trước"


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "kho").mkdir()
    (tmp_path / "kho" / "that.csv").write_text("trước", "utf-8")
    (tmp_path / "kq.csv").symlink_to("kho/that.csv")
    write_table(NTM, table_of(ROWS), tmp_path / "kq.csv")
    assert (tmp_path / "kq.csv").is_symlink()
    assert len(read(tmp_path / "kho" / "that.csv")) == 2
    assert names(tmp_path) == ["kho", "kq.csv", "kq.rejected.csv"]
    assert names(tmp_path / "kho") == ["that.csv"]


def test_a_run_that_a_person_stops_says_so_in_both_languages(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.concat_tables([table_of(ROWS)] * 200_000), tmp_path / "xa.parquet")
    arguments = ["batch", str(tmp_path / "xa.parquet"), "-o", str(tmp_path / "kq.csv"), "--output", "indicators"]
    # As a shell begins it; what runs in the background of one ignores the signal.
    begin = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from ntm_rules.cli import main; main()"
    running = subprocess.Popen([sys.executable, "-c", begin, *arguments], stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if list(tmp_path.glob(".kq.csv.*/judged.parquet")):
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate()
    assert (running.returncode, said) == (130, "đã dừng theo yêu cầu / interrupted\n")
    assert names(tmp_path) == ["xa.parquet"]


# -- communes that stand there twice


def test_rows_of_a_commune_and_year_that_were_there_before_are_counted(tmp_path: Path) -> None:
    rows = [ROWS[0], ROWS[0], ROWS[0] | {"code": "1"}, ROWS[0] | {"year": "2022"}, ROWS[0] | {"code": None}, ROWS[1]]
    each: Any
    for each in OUTPUTS:
        done = write_table(NTM, table_of(rows), tmp_path / "kq.csv", output=each)
        assert (done.judged, done.repeated) == (5, 2)
    text = ",".join(ROWS[0]) + "\n" + "1,dbsh,2023,,\n" * 3
    (tmp_path / "xa.csv").write_text(text, "utf-8")
    ended = run("batch", str(tmp_path / "xa.csv"), "-o", str(tmp_path / "kq.csv"), "--lang", "en")
    assert "Rows of a commune and year that were there before: 2" in ended.out


def test_evaluate_table_knows_the_province_too() -> None:
    rows = [ROWS[0] | {"region": None}, ROWS[0]]
    columns = ntm.evaluate_table(NTM, table_of(rows), province="Lâm Đồng").judged["column"].to_pylist()
    assert columns == ["tn", "dbsh"]
