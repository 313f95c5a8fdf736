"""The command `watch`: facts as JSON Lines in, events as JSON Lines out."""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import attrs
import click

from ntm_rules.cli import options
from ntm_rules.cli.frame import command, drop_output, epilog
from ntm_rules.cli.output import put
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import FactError, NtmRulesError, Problem
from ntm_rules.model.text import Language, Text, nearest, shown
from ntm_rules.rulebook.communes.texts import numbered_line

if TYPE_CHECKING:
    from ntm_rules.engine.session.session import Session

__all__ = ["watch"]

_WHAT = ("fact", "plan", "attested", "load")


@click.command(
    epilog=epilog(
        "ntm-rules watch so-ghi.db < so-lieu.jsonl > su-kien.jsonl",
        "ntm-rules watch so-ghi.db --ruleset 2021-2025/xa-ntm --ruleset 2021-2025/xa-ntm-nang-cao --on 2023-12-31",
        "ntm-rules watch so-ghi.db --since 0 --reactions phan-ung.yaml < /dev/null    # kể lại / told again",
        codes=True,
    )
)
@click.argument("journal", metavar="JOURNAL", type=click.Path(dir_okay=False))
@click.option(
    "--ruleset",
    "ruleset_ids",
    metavar="ID",
    multiple=True,
    default=("2021-2025/xa-ntm",),
    show_default=True,
    help="Bộ tiêu chí, lặp lại được / the ruleset; may be repeated.",
)
@click.option(
    "--engine",
    type=click.Choice(["native", "durable"]),
    default="native",
    show_default=True,
    help="Bộ máy xét / what judges.",
)
@click.option(
    "--reactions",
    metavar="F",
    multiple=True,
    help="Tệp phản ứng thay cho các phản ứng đi kèm, lặp lại được / reactions instead of those shipped; may be repeated.",
)
@click.option(
    "--since",
    type=click.IntRange(min=0, max=2**63 - 1),
    metavar="N",
    help="Trước hết kể lại các sự kiện sau dòng N của sổ / first tell again what came after row N of the journal.",
)
@options.text_in_force
@command
def watch(
    *,
    lang: Language,  # noqa: ARG001 - problems of the whole run are said in it
    journal: str,
    ruleset_ids: tuple[str, ...],
    engine: Literal["native", "durable"],
    reactions: tuple[str, ...],
    since: int | None,
    **text: Any,
) -> None:
    """Theo dõi số liệu đến dần. Đọc JSON Lines từ đầu vào chuẩn, ghi vào sổ JOURNAL, in mỗi sự kiện một dòng JSON.

    Facts as they arrive: JSON Lines on standard input, recorded in JOURNAL; an event a line on standard output. A line is
    {"commune", "fact", "value", "as_of", "source", "who"}: the new value, null where it is no longer known. "plan" or "attested" may
    stand in place of "fact", and {"load": {…}} takes a whole commune. A line that cannot be taken is answered by one with "error";
    the others go on, and the exit code is 2.
    """
    from ntm_rules.engine.session.session import Session
    from ntm_rules.public import load_reactions, load_ruleset

    rulesets = [load_ruleset(ruleset_id, **text) for ruleset_id in ruleset_ids]
    declared = [one for file in reactions or (None,) for one in load_reactions(file)]
    with Session(rulesets, journal=journal, engine=engine, reactions=declared) as session:
        if since is not None:
            for event in session.events(since=since):
                put(event.to_json())
        try:
            failed = _follow(session, sys.stdin.buffer)
        except BrokenPipeError:  # unlike a report that is cut short, no success: the facts that follow were not read
            drop_output()
            raise NtmRulesError([_NOBODY_THERE]) from None
    if failed:
        sys.stdout.flush()
        sys.exit(2)


def _follow(session: Session, lines: Iterable[bytes]) -> bool:
    """Take every line; whether any could not be taken."""
    failed = False
    for number, line in enumerate(lines, 1):
        raw = numbered_line(line, "-", number)
        if raw is None:
            continue
        try:
            if raw.problems:
                raise FactError(raw.problems)
            _take(session, raw.data)
        except NtmRulesError as error:
            failed = True
            problems = [attrs.evolve(one, line=number).to_dict() for one in error.problems]
            put(json.dumps({"line": number, "error": {"problems": problems}}, ensure_ascii=False))
        for event in session.events():
            put(event.to_json())
        # Who waits for the events of a line would wait for ever on a full buffer.
        sys.stdout.flush()
    return failed


_NOBODY_THERE = Problem(
    code="cannot_write",
    message=Text(
        "không còn ai nhận sự kiện; các dòng còn lại chưa được đọc",
        "nobody takes the events any more; the lines that follow were not read",
    ),
)


def _take(session: Session, data: Any) -> None:
    what = [key for key in _WHAT if isinstance(data, Mapping) and key in data]
    if len(what) != 1:
        names = ", ".join(_WHAT)
        message = Text("mỗi dòng nói đúng một việc", "a line says exactly one thing")
        raise FactError([Problem(code="bad_line", found=shown(data), message=message, wanted=Text(names, names))])
    problems = list(_not_of_line(what[0], data))
    day = None
    if data.get("as_of") is not None or what[0] != "load":
        day = _day(data.get("as_of"))
        problems += [_no_day(data.get("as_of"))] if day is None else []
    if problems:
        raise FactError(problems)
    given: dict[str, Any] = {"as_of": day} | {key: data.get(key) for key in ("source", "who")}
    if "load" in data:
        said = data["load"]
        if isinstance(said, Mapping) and "host_id" in said:
            said = {**said, "host_id": _plain(said["host_id"])}
        session.load(Commune.from_dict(said), **given)
        return
    commune, value = data.get("commune"), data["value"]
    if "fact" in data and value is None:
        session.retract_fact(commune, data["fact"], **given)
    else:
        call: Callable[..., None] = {"fact": session.update, "plan": session.plan, "attested": session.attest}[what[0]]
        call(commune, data[what[0]], value, **given)


def _plain(value: Any) -> Any:
    """The host's identifier with its numbers as JSON's, as far as they hold them exactly."""

    def number(one: Any) -> float:
        found = float(one) if isinstance(one, Decimal) else None
        if found is None or Decimal(repr(found)) != one:
            raise TypeError
        return found

    try:
        return json.loads(json.dumps(value, default=number))
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return value  # which is refused in words


def _not_of_line(what: str, data: Mapping[str, Any]) -> Iterator[Problem]:
    """Keys that a line has and should not, or should have: a value that is merely forgotten takes nothing back."""
    keys = [*(() if what == "load" else ("commune", "value")), what, "as_of", "source", "who"]
    for key in data:
        if key not in keys:
            message = Text("không có khóa này", "no such key")
            yield Problem(code="unknown_field", key=str(key), message=message, nearest=nearest(key, keys))
    if "value" in keys and "value" not in data:
        message = Text("thiếu giá trị", "the value is missing")
        wanted = Text("giá trị mới, hoặc null nếu không còn biết", "the new value, or null where it is no longer known")
        yield Problem(code="no_value", key="value", message=message, wanted=wanted)


def _day(text: Any) -> datetime.date | None:
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            pass
    return None


def _no_day(found: Any) -> Problem:
    message = Text("thiếu ngày", "the day is missing") if found is None else Text("không phải ngày", "not a date")
    wanted = Text("YYYY-MM-DD", "YYYY-MM-DD")
    return Problem(
        code="bad_date", key="as_of", found=None if found is None else shown(found), message=message, wanted=wanted
    )
