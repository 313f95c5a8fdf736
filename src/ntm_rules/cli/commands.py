"""The commands. Each reads its options, calls the library, and writes what comes back."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from ntm_rules.model.errors import NtmRulesError, Problem, UnknownNameError
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, nearest, shown

__all__ = ["ntm_rules"]

DEFAULT_RULESET = "2021-2025/xa-ntm"

_EXIT_CODES = (
    "0  xong; chỉ tiêu chưa đạt không phải là lỗi / done; a missing indicator is no error",
    "1  `lint`, `check`, `test` tìm thấy vấn đề / found problems",
    "2  sai cách dùng hoặc dữ liệu vào hỏng / wrong usage or bad input",
)


def _epilog(*examples: str, codes: bool = False) -> str:
    """What stands below a command's options: examples, and the exit codes, in paragraphs that Click leaves unwrapped."""
    paragraphs = [("Ví dụ / examples:", examples)]
    if codes:
        paragraphs.append(("Mã thoát / exit codes:", _EXIT_CODES))
    return "\n\n".join("\b\n" + "\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in paragraphs)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    import ntm_rules as package

    click.echo(f"ntm-rules {package.__version__} (bộ quy tắc / rulebook {package.rulebook_version()})")
    context.exit()


@click.group(
    epilog=_epilog(
        "ntm-rules demo",
        "ntm-rules facts 2021-2025/xa-ntm > xa.yaml    # mẫu để điền / a sheet to fill",
        "ntm-rules evaluate xa.yaml",
        codes=True,
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Phiên bản phần mềm và bộ quy tắc / package and rulebook version.",
)
def ntm_rules() -> None:
    """Xét xã theo bộ tiêu chí nông thôn mới: đạt gì, thiếu gì, thiếu bao nhiêu, văn bản nào nói.

    Judge communes by Vietnam's new-rural-commune criteria: what is met, what is missing, by how much, and which text says so.
    """


def _command(function: Callable[..., None]) -> Callable[..., None]:
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


def _option(*names: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(*names, **settings)


_ON = _option("--on", metavar="DATE", help="Văn bản có hiệu lực ngày này, YYYY-MM-DD / texts in force on this day.")
_KNOWN_ON = _option(
    "--known-on", metavar="DATE", help="Chỉ văn bản đã ban hành đến ngày này / texts issued by this day."
)
_PROVINCE = _option(
    "--province",
    metavar="P",
    help="Thêm quy định của tỉnh (tên trước 01/7/2025) / add this province's rules (named as before 2025-07-01).",
)
_OVERLAY = _option(
    "--overlay",
    "overlays",
    metavar="F",
    multiple=True,
    help="Thêm tệp quy định của mình / add a layer file of your own.",
)
_SOURCE = _option(
    "--source", metavar="DIR", help="Thư mục bộ quy tắc khác / another rulebook's directory.", type=click.Path()
)
_THRESHOLD_YEAR = _option(
    "--threshold-year",
    type=int,
    metavar="Y",
    help="Lấy mức của năm này thay năm số liệu / thresholds of this year instead.",
)
_STRICT = _option(
    "--strict", is_flag=True, help="Không kết luận bằng mức chưa xác nhận / do not decide by unconfirmed thresholds."
)
_NUMBERS = _option(
    "--numbers",
    type=click.Choice(["plain", "vi"]),
    default="plain",
    show_default=True,
    help="Cách viết số trong chữ: 36.05 hay 36,05 / how text writes numbers.",
)
_REGION = _option("--region", metavar="R", help="Chỉ cột của vùng này / only this region's column.")
_YEAR = _option("--year", type=int, metavar="Y", help="Chỉ dòng của năm này / only this year's row.")


def _load(ruleset_id: str, **options: Any) -> Ruleset:
    from ntm_rules.public import load_ruleset

    return load_ruleset(ruleset_id, **options)


def _columns(ruleset: Ruleset, region: str | None) -> list[str]:
    """The columns to show: all, or the one that judges a region."""
    return list(ruleset.columns) if region is None else [ruleset.column_for(region)]


# -- judging


@ntm_rules.command(
    epilog=_epilog(
        "ntm-rules evaluate xa.yaml",
        'ntm-rules evaluate tinh.csv --numbers vi --province "Nam Định" --on 2023-12-31',
        "ntm-rules evaluate xa.yaml --ruleset 2021-2025/xa-ntm-nang-cao --lang en",
        "export_communes | ntm-rules evaluate - --format jsonl > ket-qua.jsonl",
        codes=True,
    )
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_option(
    "--ruleset",
    "ruleset_id",
    metavar="ID",
    default=DEFAULT_RULESET,
    show_default=True,
    help="Bộ tiêu chí, xem `ntm-rules rulesets` / the ruleset.",
)
@_ON
@_KNOWN_ON
@_PROVINCE
@_OVERLAY
@_SOURCE
@_THRESHOLD_YEAR
@_STRICT
@_NUMBERS
@_option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="Báo cáo, mảng JSON đầy đủ, hay mỗi xã một dòng / a report, full JSON, or a line per commune.",
)
@_command
def evaluate(
    *,
    lang: Language,
    files: tuple[str, ...],
    ruleset_id: str,
    form: str,
    numbers: Any,
    strict: bool,
    threshold_year: int | None,
    **options: Any,
) -> None:
    """Xét các xã trong tệp (.json, .jsonl, .yaml, .csv; `-` là JSON Lines từ đầu vào chuẩn).

    Judge the communes of files. One that cannot be read or judged is reported, the others go on, and the exit code is 2.
    """
    from ntm_rules.cli import batch
    from ntm_rules.engine import native

    ruleset = _load(ruleset_id, **options)
    sink: batch.Sink
    if form == "jsonl":
        sink = batch.LineSink(lang, ruleset, dialogue=batch.STREAM in files)
    else:
        sink = batch.TextSink(lang) if form == "text" else batch.JsonSink(lang)
    province = options["province"]

    def judge(commune: Any) -> Any:
        if province is not None and commune.province is None and commune.region is None:
            commune = commune.replace(province=province)
        return native.evaluate(ruleset, commune, strict=strict, threshold_year=threshold_year)

    entries = batch.communes_of(files, ruleset.catalogue, numbers)
    _finish(lambda: batch.run(entries, judge, sink, label=Text("xã đã xét:", "communes judged:").in_(lang)))


@ntm_rules.command(
    epilog=_epilog(
        "ntm-rules tiers 2021-2025 xa.yaml",
        codes=True,
    )
)
@click.argument("phase")
@click.argument("file")
@_ON
@_KNOWN_ON
@_PROVINCE
@_OVERLAY
@_SOURCE
@_THRESHOLD_YEAR
@_STRICT
@_NUMBERS
@_option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Báo cáo hay mảng JSON / a report or a JSON array.",
)
@_command
def tiers(*, lang: Language, phase: str, file: str, form: str, numbers: Any, **options: Any) -> None:
    """Mức cao nhất xã đạt của một giai đoạn (NTM, nâng cao, kiểu mẫu) và điều vướng để lên mức sau.

    The highest tier a commune meets in a phase, and what blocks the next.
    """
    from ntm_rules.cli import batch
    from ntm_rules.public import evaluate_tiers
    from ntm_rules.rulebook.rulebook import rulebooks

    sink: batch.Sink = batch.TextSink(lang) if form == "text" else batch.JsonSink(lang)
    catalogue = next(iter(rulebooks(options["source"]))).catalogue
    entries = batch.communes_of([file], catalogue, numbers)

    def judge(commune: Any) -> Any:
        return evaluate_tiers(phase, commune, **options)

    _finish(lambda: batch.run(entries, judge, sink, label=Text("xã đã xét:", "communes judged:").in_(lang)))


def _finish(work: Callable[[], None]) -> None:
    from ntm_rules.cli.batch import Failed

    try:
        work()
    except Failed:
        sys.stdout.flush()
        sys.exit(2)


# -- reading the rules


@ntm_rules.command()
@click.option("--path", is_flag=True, help="In thư mục chứa bộ quy tắc / print the directory of the rulebook.")
@_SOURCE
@_command
def rulesets(*, lang: Language, path: bool, source: str | None) -> None:
    """Các bộ tiêu chí có ở đây / the rulesets there are."""
    from ntm_rules.cli.output import say, table
    from ntm_rules.public import list_rulesets
    from ntm_rules.rulebook.rulebook import rulebooks

    if path:
        for book in rulebooks(source):
            say(str(book.directory))
        return
    header = (
        "id",
        *(
            word.in_(lang)
            for word in (
                Text("tiêu chí", "criteria"),
                Text("chỉ tiêu", "indicators"),
                Text("tên", "title"),
                Text("bộ quy tắc", "rulebook"),
            )
        ),
    )
    rows = [
        (s.id, str(s.criteria), str(s.indicators), s.title.in_(lang), s.rulebook) for s in list_rulesets(source=source)
    ]
    table(header, rows)


@ntm_rules.command(
    epilog=_epilog(
        "ntm-rules show 2021-2025/xa-ntm --region dbsh --year 2024",
        "ntm-rules show 2021-2025/xa-ntm --on 2023-12-31",
    )
)
@click.argument("ruleset_id", metavar="ID")
@_REGION
@_YEAR
@_ON
@_KNOWN_ON
@_PROVINCE
@_OVERLAY
@_SOURCE
@_command
def show(*, lang: Language, ruleset_id: str, region: str | None, year: int | None, **options: Any) -> None:
    """Bảng tiêu chí, chỉ tiêu và mức đạt chuẩn.

    The table of criteria, indicators and thresholds.
    """
    from ntm_rules.cli.output import say, table
    from ntm_rules.cli.rules import ruleset_rows, title_lines

    ruleset = _load(ruleset_id, **options)
    columns = _columns(ruleset, region)
    for line in title_lines(ruleset, lang):
        say(line)
    say()
    table(_header(columns, lang), ruleset_rows(ruleset, columns, year, lang))
    say()
    say(
        Text(
            "Sau mức: ~ xác nhận một phần, ? theo trí nhớ, ?? chưa chắc chắn. UBND: tỉnh quy định. —: chưa biết. KAD: không áp dụng. n/m: đạt ít nhất n trong m phần.",
            "After a threshold: ~ partly confirmed, ? recalled, ?? uncertain. UBND: set by the province. —: not known. n/a: not asked. n/m: at least n of m parts.",
        ).in_(lang)
    )


def _header(columns: list[str], lang: Language) -> list[str]:
    first = (Text("Số", "No."), Text("Chỉ tiêu", "Indicator"), Text("Năm", "Year"))
    return [*(word.in_(lang) for word in first), *columns]


@ntm_rules.command(
    epilog=_epilog(
        "ntm-rules explain 2021-2025/xa-ntm 17.1",
        "ntm-rules explain 2021-2025/xa-ntm 10 --region tn --year 2024",
    )
)
@click.argument("ruleset_id", metavar="ID")
@click.argument("number", metavar="SỐ")
@_REGION
@_YEAR
@_ON
@_KNOWN_ON
@_PROVINCE
@_OVERLAY
@_SOURCE
@_command
def explain(
    *, lang: Language, ruleset_id: str, number: str, region: str | None, year: int | None, **options: Any
) -> None:
    """Một chỉ tiêu bằng lời: mức từng vùng từng năm, căn cứ, độ tin, “Đạt” nghĩa là gì.

    One indicator in words: every column and year, its source, how surely it is known, what "Đạt" means.
    """
    from ntm_rules.cli.output import say
    from ntm_rules.cli.rules import describe, title_lines

    ruleset = _load(ruleset_id, **options)
    clause = ruleset.clause(number)
    for line in (*title_lines(ruleset, lang), "", *describe(ruleset, clause, _columns(ruleset, region), year, lang)):
        say(line)


@ntm_rules.command(
    epilog=_epilog(
        "ntm-rules facts 2021-2025/xa-ntm > xa.yaml",
        "ntm-rules facts 2021-2025/xa-ntm --format csv > tinh.csv",
    )
)
@click.argument("ruleset_id", metavar="ID")
@_option(
    "--format",
    "form",
    type=click.Choice(["yaml", "csv", "json"]),
    default="yaml",
    show_default=True,
    help="Dạng của mẫu / the form of the sheet.",
)
@_ON
@_KNOWN_ON
@_PROVINCE
@_OVERLAY
@_SOURCE
@_command
def facts(*, lang: Language, ruleset_id: str, form: str, **options: Any) -> None:
    """Mẫu số liệu để điền, chỉ gồm những gì bộ tiêu chí hỏi.

    A sheet to fill, with only the facts that the ruleset asks for.
    """
    from ntm_rules.cli.output import say
    from ntm_rules.cli.templates import template

    say(template(_load(ruleset_id, **options), form, lang))


@ntm_rules.command(
    epilog=_epilog(
        "ntm-rules evidence 2021-2025/xa-ntm",
    )
)
@click.argument("ruleset_id", metavar="ID")
@_ON
@_KNOWN_ON
@_PROVINCE
@_OVERLAY
@_SOURCE
@_command
def evidence(*, lang: Language, ruleset_id: str, **options: Any) -> None:
    """Từng mức được biết chắc đến đâu, và tổng số theo độ tin.

    How surely each threshold is known, and the totals.
    """
    from ntm_rules.cli.output import say, table
    from ntm_rules.cli.rules import evidence_totals, ruleset_rows, title_lines
    from ntm_rules.explain import EVIDENCE_WORDS

    ruleset = _load(ruleset_id, **options)
    for line in title_lines(ruleset, lang):
        say(line)
    say()
    columns = _columns(ruleset, None)
    table(_header(columns, lang), ruleset_rows(ruleset, columns, None, lang, evidence=True))
    say()
    totals = evidence_totals(ruleset)
    say(Text(f"Tổng số ô: {sum(totals.values())}", f"Cells in all: {sum(totals.values())}").in_(lang))
    for known, count in totals.items():
        say(f"  {known.value} ({EVIDENCE_WORDS[known].in_(lang)}): {count}")


# -- keeping the rules


@ntm_rules.command(
    epilog=_epilog(
        "ntm-rules lint rulesets/2021-2025/provinces/nam-dinh",
        codes=True,
    )
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_SOURCE
@_command
def lint(*, lang: Language, paths: tuple[str, ...], source: str | None) -> None:
    """Soát tệp hoặc thư mục bộ quy tắc; mã thoát 1 nếu có lỗi (cảnh báo và ghi chú thì không).

    Check rulebook files or directories; the exit code is 1 where there are errors, not for warnings and notes.
    """
    from ntm_rules.cli.output import say
    from ntm_rules.rulebook.lint import lint_path

    findings = [finding for path in paths for finding in lint_path(path, source=source)]
    for finding in findings:
        say(finding.describe(lang))
    if any(finding.severity == "error" for finding in findings):
        sys.stdout.flush()
        sys.exit(1)
    say(Text("Không có vấn đề.", "No problems.").in_(lang))


@ntm_rules.command(
    epilog=_epilog(
        "ntm-rules schema > /dev/null && ntm-rules schema assessment",
    )
)
@click.argument("name", required=False, metavar="[NAME]")
@_command
def schema(*, lang: Language, name: str | None) -> None:  # noqa: ARG001 - problems are said in it
    """JSON Schema của tài liệu vào và ra; không có tên thì liệt kê.

    The JSON Schema of a document, or the names of all.
    """
    from ntm_rules.cli.output import say
    from ntm_rules.rulebook.schema import schemas

    known = schemas()
    if name is None:
        for known_name in known:
            say(known_name)
    elif name in known:
        say(json.dumps(known[name], ensure_ascii=False, indent=2))
    else:
        names = ", ".join(known)
        problem = Problem(
            code="unknown_schema",
            found=shown(name),
            wanted=Text(names, names),
            nearest=nearest(name, known),
            message=Text("không có lược đồ này", "no such schema"),
        )
        raise UnknownNameError([problem])


@ntm_rules.command()
@_command
def demo(*, lang: Language) -> None:
    """Một xã có thật, số liệu đã công bố, xét theo hai giai đoạn.

    A real commune with published figures, judged under two phases.
    """
    from ntm_rules.cli.demo import show_demo

    show_demo(lang)


# The commands of the testing kit stand in a module of their own; they need the group and the options above.
from ntm_rules.cli import testing  # noqa: E402, F401
