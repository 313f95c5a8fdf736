"""What the tests of sessions share: a clock that is turned on, small communes, and events in short."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ntm_rules as ntm
from ntm_rules.engine.session.events import Event

DAY = datetime.date(2023, 11, 16)
NTM = "2021-2025/xa-ntm"
OFFICE: dict[str, Any] = {"as_of": DAY, "source": "Chi cục Thống kê"}


class Clock:
    """Noon of a day in Vietnam, which tests turn on."""

    def __init__(self) -> None:
        self.day = DAY

    def __call__(self) -> datetime.datetime:
        return datetime.datetime.combine(self.day, datetime.time(5), datetime.timezone.utc)


def commune(code: str, **facts: Any) -> ntm.Commune:
    return ntm.Commune(code=code, name=f"Xã {code}", region="dbsh", year=2023, facts=facts)


def told(events: Iterable[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.id) for event in events]


def up(session: ntm.Session, value: Any, code: str = "13570", key: str = "income_per_capita", **more: Any) -> None:
    session.update(code, key, value, **(OFFICE | more))


def written(path: Path, text: str) -> tuple[Any, ...]:
    file = path / "phan-ung.yaml"
    file.write_text(text, "utf-8")
    return ntm.load_reactions(file)


def reactions_of(session: ntm.Session) -> list[tuple[str, str, str | None]]:
    return [(event.commune, event.id, event.about) for event in session.events() if event.name == "reaction"]
