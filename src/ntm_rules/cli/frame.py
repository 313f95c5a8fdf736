"""What every command has: a language, problems said in it with exit code 2, examples below its options."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from ntm_rules.model.errors import NtmRulesError
from ntm_rules.model.text import Language

__all__ = ["command", "epilog", "option"]

_EXIT_CODES = (
    "0  xong; chỉ tiêu chưa đạt không phải là lỗi / done; a missing indicator is no error",
    "1  `lint` tìm thấy vấn đề / `lint` found problems",
    "2  sai cách dùng hoặc dữ liệu vào hỏng / wrong usage or bad input",
)


def epilog(*examples: str, codes: bool = False) -> str:
    """What stands below a command's options: examples, and the exit codes, in paragraphs that Click leaves unwrapped."""
    paragraphs = [("Ví dụ / examples:", examples)]
    if codes:
        paragraphs.append(("Mã thoát / exit codes:", _EXIT_CODES))
    return "\n\n".join("\b\n" + "\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in paragraphs)


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Add --lang; say problems in that language and leave with 2; end quietly when the reader of the output is gone."""

    @functools.wraps(function)
    def run(*, lang: Language, **options: Any) -> None:
        from ntm_rules.cli.output import prepare, warn

        prepare()
        try:
            function(lang=lang, **options)
            sys.stdout.flush()
        except NtmRulesError as error:
            warn(error.describe(lang))
            sys.exit(2)
        except BrokenPipeError:
            # What is left in the buffer has nowhere to go: without this the interpreter complains at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)

    return click.option(
        "--lang",
        type=click.Choice(["vi", "en"]),
        default="vi",
        show_default=True,
        help="Ngôn ngữ của kết quả / language of the output.",
    )(run)


def option(*names: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`click.option`, under the name that commands use for it."""
    return click.option(*names, **settings)
