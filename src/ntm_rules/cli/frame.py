"""What every command shares: what stands below its help, how wrong usage is said, and how it ends."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from ntm_rules.cli.options import LANG
from ntm_rules.cli.output import prepare, warn
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.text import Language, Text, printable

__all__ = ["Group", "command", "epilog", "say_problems"]

_EXIT_CODES = (
    "0  xong; chỉ tiêu chưa đạt không phải là lỗi / done; a missing indicator is no error",
    "1  `lint`, `check`, `test` tìm thấy vấn đề / found problems",
    "2  sai cách dùng hoặc dữ liệu vào hỏng / wrong usage or bad input",
    "130  bị dừng (Ctrl-C) / interrupted",
)
# As shells have it: 128 and the number of the signal.
_INTERRUPTED = 130
# What writing to a reader that is gone gives: a broken pipe, and on Windows an invalid argument.
_GONE = (errno.EPIPE, errno.EINVAL)


def epilog(*examples: str, codes: bool = False) -> str:
    """What stands below a command's options: examples, and the exit codes, in paragraphs that Click leaves unwrapped."""
    paragraphs = [("Ví dụ / examples:", examples)]
    if codes:
        paragraphs.append(("Mã thoát / exit codes:", _EXIT_CODES))
    return "\n\n".join("\b\n" + "\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in paragraphs)


# -- wrong usage

_WRONG_USAGE: tuple[tuple[type[click.UsageError], str], ...] = (
    (click.NoSuchOption, "không có tùy chọn này"),
    (click.MissingParameter, "thiếu tham số"),
    (click.BadParameter, "giá trị không dùng được"),
    (click.BadOptionUsage, "dùng sai tùy chọn"),
)


class Group(click.Group):
    """A group of commands that writes UTF-8 from the first line of help, and says wrong usage in Vietnamese too."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run as the process does."""
        prepare()
        return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command asked for."""
        with _in_vietnamese_too():
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the command's name."""
        if not args:  # Click shows the help then, which is no error's text
            return super().parse_args(ctx, args)
        with _in_vietnamese_too():
            return super().parse_args(ctx, args)


@contextmanager
def _in_vietnamese_too() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        words = next((words for kind, words in _WRONG_USAGE if isinstance(error, kind)), "sai cách dùng")
        raise click.UsageError(printable(f"{words} / {error.format_message()}"), error.ctx) from None


# -- how a command ends


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Add --lang; say problems in that language and leave with 2; end quietly when the reader of the output is gone."""

    @functools.wraps(function)
    def run(*, lang: Language, **options: Any) -> None:
        try:
            function(lang=lang, **options)
            sys.stdout.flush()
        except NtmRulesError as error:
            say_problems(error, lang)
            sys.exit(2)
        except KeyboardInterrupt:
            warn("đã dừng theo yêu cầu / interrupted")
            sys.exit(_INTERRUPTED)
        except OSError as error:
            if error.filename is not None:
                raise
            drop_output()
            if error.errno in _GONE:
                sys.exit(0)
            say_problems(_cannot_write(error), lang)
            sys.exit(2)

    return LANG(run)


def say_problems(error: NtmRulesError, lang: Language) -> None:
    """Each problem of an error on a line of its own."""
    for problem in error.problems:
        warn(problem.describe(lang))


def drop_output() -> None:
    """What is left in the buffer has nowhere to go: without this the interpreter complains at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _cannot_write(error: OSError) -> NtmRulesError:
    why = error.strerror or type(error).__name__
    message = Text(f"không ghi được kết quả ({why})", f"cannot write the output ({why})")
    return NtmRulesError([Problem(code="cannot_write", message=message)])
