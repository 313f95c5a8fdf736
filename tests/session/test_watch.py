"""The command `watch`: a line in, its events or its error out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.test_cli import run

import ntm_rules as ntm

FEED = """{"load": {"code": 754, "region": "dbsh", "year": 2023, "facts": {"income_per_capita": 60}}, "source": "UBND xã"}
{"commune": "00754", "fact": "income_per_capita", "value": 55.55555555555555555555, "as_of": "2023-11-16", "source": "Cục"}

{"commune": "00754", "fact": "income_per_capit", "value": 1, "as_of": "2023-11-16", "source": "Cục"}
{"commune": "00754", "fact": "income_per_capita", "value": 1, "as_of": "16/11/2023", "source": "Cục"}
{"commune": "00754", "fact": "income_per_capita", "value": 1, "sorce": "Cục"}
{"commune": "00754", "value": 1}
[1]
{"commune"
{"commune": 754, "attested": "10", "value": true, "as_of": "2023-11-16", "source": "Sở"}
{"commune": "00754", "plan": "income_per_capita", "value": 60, "as_of": "2025-12-31", "source": "Cục"}
{"commune": "00754", "fact": "income_per_capita", "value": null, "as_of": "2023-11-16", "source": "Cục"}
"""


def test_the_command_watches(tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    ended = run("watch", str(path), "--on", "2023-12-31", given=FEED)
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 2
    problems = {a["line"]: [(p["key"], p["found"]) for p in a["error"]["problems"]] for a in answers if "error" in a}
    assert [*problems] == [4, 5, 6, 7, 8, 9]
    assert problems[5] == [("as_of", "'16/11/2023'")]
    assert problems[6] == [("sorce", None), ("as_of", None)]  # all of a line at once
    events = [answer for answer in answers if "event" in answer]
    assert {"indicator_missing", "conflict", "conflict_settled", "indicator_met"} <= {
        event["event"] for event in events
    }
    assert events[0]["causes"][0]["new"] == "55.55555555555555555555"
    again = run("watch", str(path), "--on", "2023-12-31", "--since", "0", given="")
    assert again.code == 0
    assert [json.loads(line) for line in again.out.splitlines()] == events


@pytest.mark.parametrize(
    "line",
    [
        {"commune": "00754", "fact": ["a"], "value": 1},
        {"commune": "00754", "fact": ["a"], "value": None},
        {"commune": "00754", "plan": {"x": 1}, "value": None},
        {"commune": "00754", "attested": 7, "value": None},
        {"commune": "00754", "attested": ["7"], "value": True},
        {"commune": "00754", "attested": "zzz", "value": None},
        {"commune": "00754", "plan": "nope", "value": None},
        {"load": {"code": 1, "region": "dbsh", "district": 5}},
        {"load": None},
        {"commune": "00754", "fact": "income_per_capita", "value": 1, "source": "  "},
    ],
)
def test_a_line_that_names_nothing_is_answered(tmp_path: Path, line: dict[str, Any]) -> None:
    given = json.dumps({"as_of": "2023-11-16", "source": "Cục"} | line)
    ended = run("watch", str(tmp_path / "so.db"), "--on", "2023-12-31", given=f"{given}\n{given}\n")
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert [answer["line"] for answer in answers if "error" in answer] == [1, 2]
    assert ended.code == 2


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
WHOLE = {
    "commune": st.sampled_from(["00754", 754]),
    "fact": st.sampled_from(["income_per_capita", "health_insurance_pct"]),
    "plan": st.just("income_per_capita"),
    "attested": st.just("10"),
    "load": st.fixed_dictionaries(
        {"code": st.just(754)}, optional=dict.fromkeys(("region", "facts", "host_id"), ANYTHING)
    ),
    "value": st.sampled_from([1, True, None]),
    "as_of": st.just("2023-11-16"),
    "source": st.just("Cục"),
    "who": st.none(),
}


@st.composite
def lines(draw: st.DrawFn) -> Any:
    """A line that says something, with anything in place of one of its fields, or beside them."""
    what = draw(st.sampled_from(["fact", "plan", "attested", "load"]))
    own = ("load",) if what == "load" else ("commune", what, "value")
    line = {key: draw(WHOLE[key]) for key in (*own, "as_of", "source")}
    return line | {draw(st.sampled_from(sorted(WHOLE))): draw(ANYTHING)}


@settings(deadline=None, max_examples=100)
@given(st.lists(lines() | ANYTHING, max_size=6))
def test_no_line_ends_the_command(feed: list[Any]) -> None:
    """Whatever JSON stands in a line, it is answered by events or by an error, and the next is read."""
    good = {"commune": 1, "fact": "income_per_capita", "value": 1, "as_of": "2023-11-16", "source": "Cục"}
    text = "".join(json.dumps(line) + "\n" for line in [*feed, good, good | {"fact": "income"}])
    with tempfile.TemporaryDirectory() as folder:
        ended = run("watch", str(Path(folder) / "so.db"), "--on", "2023-12-31", given=text)
    answers = [json.loads(line) for line in ended.out.split("\n")[:-1]]
    assert ended.code == 2
    assert answers[-1]["line"] == len(feed) + 2


def test_since_has_a_bound(tmp_path: Path) -> None:
    path = str(tmp_path / "so.db")
    assert run("watch", path, "--since", "9" * 30, given="").code == 2
    assert run("watch", path, "--since", str(2**63 - 1), given="").code == 0


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ({"commune": "00754", "fact": "income_per_capita", "vaule": None}, "vaule"),
        ({"commune": "00754", "fact": "income_per_capita"}, "value"),
        ({"commune": "00754", "plan": "income_per_capita"}, "value"),
        ({"commune": "00754", "attested": "10"}, "value"),
        ({"load": {"code": 754, "region": "tn"}, "value": 1}, "value"),
        ({"load": {"code": 754, "region": "tn"}, "commune": "00754"}, "commune"),
        ({"load": {"code": 754, "region": "tn"}, "district": "Vụ Bản"}, "district"),
    ],
)
def test_a_line_without_a_value_takes_nothing_back(tmp_path: Path, line: dict[str, Any], key: str) -> None:
    feed = [*FEED.splitlines()[:1], json.dumps({"as_of": "2023-11-16", "source": "Cục"} | line)]
    ended = run("watch", str(tmp_path / "so.db"), "--on", "2023-12-31", given="\n".join(feed))
    (answer,) = [json.loads(line) for line in ended.out.splitlines()]
    assert answer["error"]["problems"][0]["key"] == key


def watching(path: Path, **more: Any) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "ntm_rules.cli", "watch", str(path), "--on", "2023-12-31"]
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen(arguments, text=True, env=buffered, **pipes, **more)


def say(process: subprocess.Popen[str], **line: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"as_of": "2023-11-16", "source": "Cục"} | line) + "\n")
    process.stdin.flush()


LOADED = {"code": 754, "region": "dbsh", "year": 2023, "facts": {"income_per_capita": 60}}


def test_a_line_is_answered_before_the_next_comes(tmp_path: Path) -> None:
    with watching(tmp_path / "so.db") as process:
        patience = threading.Timer(60, process.kill)
        patience.start()
        assert process.stdout is not None
        for line in (1, 2):
            say(process, commune=754)  # whose answer is short, and would wait in a buffer
            assert json.loads(process.stdout.readline())["line"] == line
        process.communicate()
        patience.cancel()
    assert process.returncode == 2


def heeding_interrupts() -> None:
    """As from a terminal: what runs in the background of a script has been told to ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_command_says_so(tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    with watching(path, stderr=subprocess.PIPE, preexec_fn=heeding_interrupts) as process:
        assert process.stdout is not None
        say(process, load=LOADED)
        say(process, commune=754, fact="income_per_capita", value=50)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "đã dừng theo yêu cầu / interrupted\n")
    again = run("watch", str(path), "--on", "2023-12-31", "--since", "0", given="")
    assert json.loads(again.out.split("\n")[0])["event"] == "indicator_missing"


def test_where_nobody_takes_the_events_any_more_the_command_does_not_end_well(tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    with watching(path, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        say(process, load=LOADED)
        say(process, commune=754, fact="income_per_capita", value=50)
        process.stdout.readline()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            for value in range(1, 40):
                say(process, commune=754, fact="income_per_capita", value=60 if value % 2 else 50)
        assert process.stderr is not None
        assert "cannot_write" in process.stderr.read()
        with contextlib.suppress(BrokenPipeError):
            assert process.stdin is not None
            process.stdin.close()
    assert process.returncode == 2  # facts that follow were not read
    again = run("watch", str(path), "--on", "2023-12-31", "--since", "0", given="")
    assert json.loads(again.out.split("\n")[0])["event"] == "indicator_missing"


def test_lines_are_read_as_json_lines_are_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    given = "\ufeff" + "\n".join(
        (
            '{"load": {"code": 1, "region": "dbsh", "year": 2023, "host_id": [1.50, 1e3]}}',
            json.dumps({"load": {"code": 2, "region": "dbsh", "name": "a" * (8 * 1024 * 1024)}}),
            '{"load": {"code": 3, "region": "dbsh", "host_id": [1.12345678901234567890]}}',
        )
    )
    ended = run("watch", str(path), "--on", "2023-12-31", given=given)
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert [(one["line"], one["error"]["problems"][0]["code"]) for one in answers] == [
        (2, "too_large"),
        (3, "bad_host_id"),
    ]
    with ntm.Session(ntm.load_ruleset("2021-2025/xa-ntm"), journal=path) as session:
        assert session.communes() == ("00001",)
        assert session.commune(1).host_id == [1.5, 1000.0]
