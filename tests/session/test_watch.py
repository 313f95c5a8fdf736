"""The command `watch`: a line in, its events or its error out."""

from __future__ import annotations

import json
from pathlib import Path

from tests.test_cli import run

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
    assert [a["line"] for a in answers if "error" in a] == [4, 5, 6, 7, 8, 9]
    events = [answer for answer in answers if "event" in answer]
    assert {"indicator_missing", "conflict", "conflict_settled", "indicator_met"} <= {
        event["event"] for event in events
    }
    assert events[0]["causes"][0]["new"] == "55.55555555555555555555"
    again = run("watch", str(path), "--on", "2023-12-31", "--since", "0", given="")
    assert again.code == 0
    assert [json.loads(line) for line in again.out.splitlines()] == events
