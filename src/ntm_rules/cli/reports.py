"""The command that counts communes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ntm_rules.cli import options
from ntm_rules.cli.frame import command, epilog
from ntm_rules.model.assessment import Assessment
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import NtmRulesError, Problem, unreadable
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text

if TYPE_CHECKING:
    from ntm_rules.report import Report

__all__ = ["report"]

# Named here too, for what counts is imported only to count; a test holds them to its own.
_GROUPINGS = ("district", "province", "region", "zone")
_ROUNDINGS = ("half-up", "half-even", "half-down", "up", "down", "ceiling", "floor", "05up")


@click.command(
    epilog=epilog(
        "ntm-rules report tinh.csv --numbers vi",
        "ntm-rules report tinh.csv --numbers vi --by district --by zone --lang en",
        "ntm-rules report tinh.csv --numbers vi --bands 19,17-18,14-16,0-13 --format csv -o bao-cao.csv",
        "ntm-rules report tinh.csv --numbers vi --format json -o ky-truoc.json",
        "ntm-rules report tinh.csv --numbers vi --previous ky-truoc.json --format html -o bao-cao.html",
        codes=True,
    )
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.RULESET
@click.option(
    "--by",
    type=click.Choice(_GROUPINGS),
    multiple=True,
    help="Thêm số liệu theo huyện, tỉnh, vùng, khu vực; lặp lại được / figures by place too; may be repeated.",
)
@click.option(
    "--bands",
    metavar="B",
    help="Các dải số tiêu chí đạt, mỗi số ở đúng một dải: 19,15-18,10-14,0-9 / ranges of criteria met, each count in one.",
)
@click.option(
    "--previous",
    metavar="FILE",
    help="Báo cáo kỳ trước để so sánh, do --format json ghi / the previous period's report, as --format json wrote it.",
)
@click.option(
    "--rounding",
    type=click.Choice(_ROUNDINGS),
    default=_ROUNDINGS[0],
    show_default=True,
    help="Cách làm tròn tỷ lệ và bình quân khi in / how shares and averages are rounded where shown.",
)
@options.text_in_force
@options.judging
@options.form(
    ["text", "json", "csv", "html"],
    "Chữ, JSON có từng xã, bảng tính CSV, hay một trang HTML / text, JSON with every commune, CSV, or one HTML page.",
)
@click.option("-o", "--output", metavar="FILE", help="Ghi ra tệp thay vì đầu ra chuẩn / write to a file instead.")
@command
def report(
    *,
    lang: Language,
    files: tuple[str, ...],
    ruleset_id: str,
    by: tuple[Any, ...],
    bands: str | None,
    previous: str | None,
    rounding: Any,
    numbers: Any,
    strict: bool,
    threshold_year: int | None,
    form: str,
    output: str | None,
    **text: Any,
) -> None:
    """Báo cáo tổng hợp nhiều xã. Xã theo dải tiêu chí, bình quân, từng tiêu chí và chỉ tiêu, đăng ký, công nhận, nguy cơ thu hồi, theo địa bàn, so kỳ trước. Xã nào không đọc hoặc không xét được thì được liệt kê, các xã khác vẫn tính, mã thoát là 2.

    Count the communes of files: by criteria met, average criteria, by criterion and indicator, registered and recognised against
    meeting today, titles at risk, by place, and against a previous period. A commune that cannot be read or judged is listed,
    the others are counted, and the exit code is 2.
    """
    from ntm_rules.cli.batch import in_province, leave_if_any, readable
    from ntm_rules.public import load_ruleset
    from ntm_rules.report import summarise

    ruleset = load_ruleset(ruleset_id, **text)
    earlier = None if previous is None else _read(previous)
    refused: list[tuple[str, tuple[Problem, ...]]] = []
    communes = (
        in_province(each, text["province"]) for each in readable(files, ruleset.catalogue, numbers, refused, lang)
    )
    found = summarise(
        ruleset,
        _judged(ruleset, communes, refused, strict=strict, threshold_year=threshold_year),
        by=by,
        bands=bands,
        rounding=rounding,
        previous=earlier,
        refused=refused,
    )
    _put(_as(form, found, lang), form, output)
    leave_if_any(found.refused, lang)


def _judged(
    ruleset: Ruleset, communes: Iterable[Commune], refused: list[tuple[str, tuple[Problem, ...]]], **options: Any
) -> Iterator[Assessment]:
    """The communes that can be judged; what is wrong with the others is noted."""
    from ntm_rules.engine.native import evaluate
    from ntm_rules.explain.names import named

    for commune in communes:
        try:
            yield evaluate(ruleset, commune, **options)
        except NtmRulesError as error:
            refused.append((named(commune), error.problems))


def _as(form: str, found: Report, lang: Language) -> str:
    if form == "json":
        return found.to_json()
    return {"text": found.text, "csv": found.to_csv, "html": found.to_html}[form](lang)


def _put(content: str, form: str, output: str | None) -> None:
    from ntm_rules.cli.output import put, write

    if output is None:
        put(content)
    else:
        # Excel takes a file for UTF-8 by its first mark only.
        write(output, f"{chr(0xFEFF) if form == 'csv' else ''}{content}\n")


def _read(file: str) -> Any:
    """The JSON of a previous report."""
    try:
        return json.loads(Path(file).read_text("utf-8-sig"))
    except OSError as error:
        raise NtmRulesError([unreadable(file, error)]) from None
    except (ValueError, RecursionError):
        message = Text("không phải JSON hợp lệ", "not valid JSON")
        raise NtmRulesError([Problem(code="bad_json", source=file, message=message)]) from None
