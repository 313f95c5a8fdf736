"""`ntm-rules report`: what it reads, writes and refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.report.populations import RULESET_ID, commune
from tests.test_cli import Ended, lines, run, written

from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.cli.reports import report as report_command
from ntm_rules.report.figures import Rounding
from ntm_rules.report.groups import Grouping


def choices(name: str) -> tuple[str, ...]:
    return tuple(next(each.type.choices for each in report_command.params if each.name == name))  # type: ignore[attr-defined]


def file(path: Path, *met: int, **more: Any) -> str:
    communes = [
        commune(range(count), code=code, name=f"Xã {code}", district=f"Huyện {code % 2}").to_dict() | more
        for code, count in enumerate(met, 1)
    ]
    return written(path, lines(*communes))


def reported(*arguments: str) -> Ended:
    return run("report", *arguments, "--ruleset", RULESET_ID)


def test_the_choices_are_those_of_the_library() -> None:
    assert choices("by") == get_args(Grouping)
    assert choices("rounding") == get_args(Rounding)
    assert "report" in command.commands


def test_files_become_a_report_in_every_form(tmp_path: Path) -> None:
    path = file(tmp_path / "a.jsonl", 19, 17, 3)
    text = reported(path, "--by", "district", "--lang", "en")
    assert (text.code, text.err) == (0, "")
    assert "3 communes judged" in text.out
    assert "Huyện 1" in text.out
    document = json.loads(reported(path, "--format", "json").out)
    assert [band["communes"] for band in document["all"]["bands"]] == [1, 1, 0, 1]
    assert reported(path, "--format", "html").out.startswith("<!DOCTYPE html>")
    assert reported(path, "--format", "csv", "--lang", "en").out.startswith("period,section,by,")


def test_csv_in_a_file_is_what_a_spreadsheet_opens(tmp_path: Path) -> None:
    path, out = file(tmp_path / "a.jsonl", 19, 17, 3), tmp_path / "bao-cao.csv"
    ended = reported(path, "--format", "csv", "-o", str(out))
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert out.read_bytes().startswith(b"\xef\xbb\xbfperiod;")
    with out.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened, delimiter=";"))
    assert [row["count"] for row in rows if row["section"] == "band"] == ["1", "1", "0", "1"]


def test_a_previous_report_is_taken_as_it_was_written(tmp_path: Path) -> None:
    before, now = file(tmp_path / "a.jsonl", 19, 17, 3), file(tmp_path / "b.jsonl", 18, 17, 9)
    kept = tmp_path / "ky-truoc.json"
    assert reported(before, "--format", "json", "-o", str(kept)).code == 0
    document = json.loads(reported(now, "--format", "json", "--previous", str(kept)).out)
    change = document["change"]
    assert [move["commune"] for move in change["risen"]] == ["Xã 3 (00003)"]
    assert [move["commune"] for move in change["fallen"]] == ["Xã 1 (00001)"]
    assert (change["gained"], change["lost"], change["unchanged"]) == ([6, 6], [1, 1], 1)
    kept.write_text("﻿" + kept.read_text("utf-8"), "utf-8")  # as some editors save it
    assert reported(now, "--previous", str(kept)).code == 0


def test_refused_communes_are_listed_and_in_no_figure(tmp_path: Path) -> None:
    good = commune(range(19), code=1, name="Xã Một").to_dict()
    nowhere = good | {"code": "00002", "name": "Xã Lạc", "region": "khong-co"}
    unread = good | {"code": "00003", "name": "Xã Sai", "facts": {"income_per_capitta": 1}}
    path = written(tmp_path / "a.jsonl", lines(good, nowhere, unread))
    for form in ("text", "json", "csv", "html"):
        ended = reported(path, "--format", form)
        assert ended.code == 2
        for name in ("Xã Lạc", "Xã Sai"):
            assert name in ended.err
            assert name in ended.out
    document = json.loads(reported(path, "--format", "json").out)
    assert document["all"]["communes"] == 1
    assert [each["commune"] for each in document["refused"]] == ["Xã Lạc (00002)", "Xã Sai (00003)"]


def test_nobody_judged_is_a_report_all_the_same_and_ends_with_2(tmp_path: Path) -> None:
    ended = reported(written(tmp_path / "a.jsonl", ""), "--format", "json")
    assert ended.code == 2
    assert json.loads(ended.out)["all"]["communes"] == 0
    assert "no_communes" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--bands", "19,15-18"], "band_gap"),
        (["--bands", "19,15-19,0-14"], "band_overlap"),
        (["--bands", "đủ"], "bad_band"),
        (["--previous", "khong-co.json"], "cannot_read"),
        (["--previous", "bad.json"], "bad_json"),
        (["--previous", "other.json"], "not_a_report"),
        (["-o", "khong-co/bao-cao.txt"], "cannot_write"),
    ],
)
def test_what_cannot_be_done_is_said_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = file(tmp_path / "a.jsonl", 19)
    written(tmp_path / "bad.json", "{")
    written(tmp_path / "other.json", '{"format": "ntm-rules/impact/1"}')
    ended = reported(path, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert f"[{code}]" in ended.err
    assert "Traceback" not in ended.err


def test_a_commune_without_a_place_lies_in_the_province_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", lines({"code": 1, "year": 2023, "facts": {}}))
    ended = run(
        "report",
        path,
        "--ruleset",
        "2021-2025/xa-ntm-kieu-mau",
        "--province",
        "Nam Định",
        "--by",
        "province",
        "--format",
        "json",
    )
    assert ended.code == 0, ended.err
    assert [group["key"] for group in json.loads(ended.out)["groups"]] == ["Nam Định"]


def test_strict_decides_by_confirmed_thresholds_only(tmp_path: Path) -> None:
    facts = {"income_per_capita": 1, "households_registered_reliable_power_pct": 1}
    path = written(tmp_path / "a.jsonl", lines({"code": 1, "region": "tn", "year": 2023, "facts": facts}))
    loose, strict = (
        json.loads(run("report", path, "--format", "json", *more).out)["all"] for more in ([], ["--strict"])
    )
    assert sum(each["missing"] for each in strict["indicators"]) < sum(each["missing"] for each in loose["indicators"])
