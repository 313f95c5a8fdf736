"""What the command writes: UTF-8 text that pastes into a report; tables with colour only where a person looks at a terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from ntm_rules.explain.columns import aligned
from ntm_rules.model.errors import NtmRulesError, unwritable
from ntm_rules.model.text import printable

__all__ = ["prepare", "progress", "put", "say", "say_lines", "table", "waiting", "warn", "write"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def prepare() -> None:
    """Make the standard streams UTF-8 whatever the console's code page; half a surrogate pair is escaped, never fatal.

    A stream that the caller closed becomes one that is empty or goes nowhere.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for the whole process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def put(data: str) -> None:
    """Data on standard output as it is, or a report, which the library has made harmless already."""
    sys.stdout.write(f"{data}\n")


def say(text: str = "") -> None:
    """One line for people on standard output, whatever the text is made of."""
    put(printable(text))


def say_lines(text: str) -> None:
    """A text of several lines for people on standard output."""
    for line in text.rstrip("\n").split("\n"):
        say(line)


def warn(text: str) -> None:
    """One line for people on standard error, whatever the text is made of."""
    sys.stderr.write(f"{printable(text)}\n")


def write(file: str, data: str) -> None:
    """Data into a file that the caller named; NtmRulesError with its name where that cannot be."""
    try:
        Path(file).write_text(data, "utf-8")
    except OSError as error:
        raise NtmRulesError([unwritable(file, error)]) from None


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table: aligned columns of plain text, or a drawn one on a terminal."""
    listed = [list(map(printable, row)) for row in rows]
    if sys.stdout.isatty():
        _drawn(header, listed)
        return
    for line in aligned([header, *listed]):
        say(line)


def _drawn(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, header_style="bold")
    for place, name in enumerate(header):
        # The first column names the row, so it is never cut; what does not fit elsewhere goes to a next line.
        drawn.add_column(Text(name), no_wrap=place == 0, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(file=sys.stdout).print(drawn)


def progress(items: Iterable[Item], label: str) -> Iterator[Item]:
    """The items, counted on standard error where that is a terminal and standard output is not."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as shown:
        task = shown.add_task(label, total=None)
        for count, item in enumerate(items, 1):
            if count % 500 == 0:
                shown.update(task, completed=count)
            yield item


def waiting(
    work: Callable[[], Result],
    label: str,
    *,
    share: Callable[[], float] | None = None,
    stop: Callable[[], None] = lambda: None,
) -> Result:
    """What a long piece of work gives; on a terminal with how long it takes, and how many percent of a step `share` says are done.

    The work goes on in a thread then, and `stop` ends it where a person does not want to wait.
    """
    if not sys.stderr.isatty():
        return work()
    from concurrent.futures import ThreadPoolExecutor, wait

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        ThreadPoolExecutor(1) as pool,
        Progress(*columns, console=Console(file=sys.stderr), transient=True) as shown,
    ):
        done, task = pool.submit(work), shown.add_task(label, total=None if share is None else 100)
        try:
            while not wait([done], timeout=0.2).done:
                if share is not None:
                    shown.update(task, completed=max(share(), 0))
        except BaseException:
            stop()
            raise
        return done.result()
