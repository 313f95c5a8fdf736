"""The options that several commands take, each said once; what goes together is one decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import click

from ntm_rules.model.commune import FIRST_YEAR, LAST_YEAR

__all__ = [
    "LANG",
    "NUMBERS",
    "OLD_SOURCE",
    "RULESET",
    "RULESET_ID",
    "SOURCE",
    "THRESHOLD_YEAR",
    "cells",
    "form",
    "judging",
    "of_province",
    "old_of_province",
    "text_in_force",
]

Decorated: TypeAlias = Callable[..., None]
Decorator: TypeAlias = Callable[[Decorated], Decorated]

_YEARS = click.IntRange(FIRST_YEAR, LAST_YEAR)


def _together(*options: Decorator) -> Decorator:
    """Several options as one decorator; the help shows them in this order."""

    def add(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def form(choices: list[str], help_text: str) -> Decorator:
    """--format, by default the first of its choices."""
    return click.option(
        "--format", "form", type=click.Choice(choices), default=choices[0], show_default=True, help=help_text
    )


RULESET_ID: Decorator = click.argument("ruleset_id", metavar="ID")
RULESET: Decorator = click.option(
    "--ruleset",
    "ruleset_id",
    metavar="ID",
    default="2021-2025/xa-ntm",
    show_default=True,
    help="Bộ tiêu chí, xem `ntm-rules rulesets` / the ruleset.",
)
LANG: Decorator = click.option(
    "--lang",
    type=click.Choice(["vi", "en"]),
    default="vi",
    show_default=True,
    help="Ngôn ngữ của kết quả / language of the output.",
)
SOURCE: Decorator = click.option(
    "--source", metavar="DIR", help="Thư mục bộ quy tắc khác / another rulebook's directory.", type=click.Path()
)
# A province's own rules, a draft, another rulebook.
of_province = _together(
    click.option(
        "--province",
        metavar="P",
        help="Thêm quy định của tỉnh (tên trước 01/7/2025) / add this province's rules (named as before 2025-07-01).",
    ),
    click.option(
        "--overlay",
        "overlays",
        metavar="F",
        multiple=True,
        help="Thêm tệp quy định của mình, lặp lại được / add a layer file of your own; may be repeated.",
    ),
    SOURCE,
)

# The same of the text that another is held against.
old_of_province = _together(
    click.option(
        "--old-province",
        metavar="P",
        help="Quy định của tỉnh cho bộ cũ / this province's rules on the old one.",
    ),
    click.option(
        "--old-overlay",
        "old_overlays",
        metavar="F",
        multiple=True,
        help="Tệp quy định của mình cho bộ cũ, lặp lại được / a layer file on the old one; may be repeated.",
    ),
)
OLD_SOURCE: Decorator = click.option(
    "--old-source",
    metavar="DIR",
    type=click.Path(),
    help="Thư mục bộ quy tắc của bộ cũ / the rulebook's directory of the old one.",
)

# Which text of a ruleset: what `load_ruleset` takes.
text_in_force = _together(
    click.option("--on", metavar="DATE", help="Văn bản có hiệu lực ngày này, YYYY-MM-DD / texts in force on this day."),
    click.option("--known-on", metavar="DATE", help="Chỉ văn bản đã ban hành đến ngày này / texts issued by this day."),
    of_province,
)

THRESHOLD_YEAR: Decorator = click.option(
    "--threshold-year",
    type=_YEARS,
    metavar="Y",
    help="Lấy mức của năm này thay năm số liệu / thresholds of this year instead.",
)
NUMBERS: Decorator = click.option(
    "--numbers",
    type=click.Choice(["plain", "vi"]),
    default="plain",
    show_default=True,
    help="Cách viết số trong chữ: 36.05 hay 36,05 / how text writes numbers.",
)

# How communes are read and judged.
judging = _together(
    THRESHOLD_YEAR,
    click.option(
        "--strict",
        is_flag=True,
        help="Không kết luận bằng mức chưa xác nhận / do not decide by unconfirmed thresholds.",
    ),
    NUMBERS,
)

# Which cells of the tables.
cells = _together(
    click.option(
        "--region",
        metavar="R",
        help="Chỉ cột của vùng này (tdmnpb, dbsh, btb, dhntb, tn, dnb, dbscl) / only this region's column.",
    ),
    click.option("--year", type=_YEARS, metavar="Y", help="Chỉ dòng của năm này / only this year's row."),
)
