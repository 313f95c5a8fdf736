"""The commands. Each reads its options, calls the library, and writes what comes back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from ntm_rules.cli import changes, options, reports, table
from ntm_rules.cli import watch as watching
from ntm_rules.cli.frame import Group, command, epilog
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import Problem, UnknownNameError
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, nearest, shown

__all__ = ["ntm_rules"]


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    import ntm_rules as package

    click.echo(f"ntm-rules {package.__version__} (bộ quy tắc / rulebook {package.rulebook_version()})")
    context.exit()


@click.group(
    cls=Group,
    epilog=epilog(
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


def _load(ruleset_id: str, **text: Any) -> Ruleset:
    from ntm_rules.public import load_ruleset

    return load_ruleset(ruleset_id, **text)


def _columns(ruleset: Ruleset, region: str | None) -> list[str]:
    """The columns to show: all, or the one that judges a region."""
    return list(ruleset.columns) if region is None else [ruleset.column_for(region)]


# -- judging


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules evaluate xa.yaml",
        'ntm-rules evaluate tinh.csv --numbers vi --province "Nam Định" --on 2023-12-31',
        "ntm-rules evaluate xa.yaml --ruleset 2021-2025/xa-ntm-nang-cao --lang en",
        "export_communes | ntm-rules evaluate - --format jsonl > ket-qua.jsonl",
        codes=True,
    )
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.RULESET
@options.text_in_force
@options.judging
@options.form(
    ["text", "json", "jsonl"],
    "Báo cáo, mảng JSON đầy đủ, hay mỗi xã một dòng / a report, full JSON, or a line per commune.",
)
@command
def evaluate(
    *,
    lang: Language,
    files: tuple[str, ...],
    ruleset_id: str,
    form: str,
    numbers: Any,
    strict: bool,
    threshold_year: int | None,
    **text: Any,
) -> None:
    """Xét các xã trong tệp. Đọc .json, .jsonl, .yaml, .csv; `-` là JSON Lines từ đầu vào chuẩn.

    Judge the communes of files (`-`: JSON Lines on standard input). One that cannot be read or judged is reported, the others go
    on, and the exit code is 2.
    """
    from ntm_rules.cli import batch
    from ntm_rules.engine import native

    ruleset = _load(ruleset_id, **text)
    sink: batch.Sink
    if form == "jsonl":
        sink = batch.LineSink(lang, ruleset, dialogue=batch.STREAM in files)
    else:
        sink = batch.TextSink(lang) if form == "text" else batch.JsonSink(lang)

    def judge(commune: Commune) -> batch.Judged:
        placed = batch.in_province(commune, text["province"])
        return native.evaluate(ruleset, placed, strict=strict, threshold_year=threshold_year)

    entries = batch.communes_of(files, ruleset.catalogue, numbers)
    _finish(lambda: batch.run(entries, judge, sink, lang))


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules tiers 2021-2025 xa.yaml",
        'ntm-rules tiers 2016-2020 xa.yaml --province "Thái Bình" --format json',
        codes=True,
    )
)
@click.argument("phase", metavar="PHASE")
@click.argument("file", metavar="FILE")
@options.text_in_force
@options.judging
@options.form(["text", "json"], "Báo cáo hay mảng JSON / a report or a JSON array.")
@command
def tiers(
    *,
    lang: Language,
    phase: str,
    file: str,
    form: str,
    numbers: Any,
    strict: bool,
    threshold_year: int | None,
    **text: Any,
) -> None:
    """Mức cao nhất xã đạt và điều vướng để lên mức sau. Các mức của một giai đoạn: NTM, nâng cao, kiểu mẫu.

    The highest tier each commune of a file meets in a phase (2021-2025), and what blocks the next.
    """
    from ntm_rules.cli import batch
    from ntm_rules.engine import native
    from ntm_rules.public import load_tiers

    rulesets, late = load_tiers(phase, **text)
    sink: batch.Sink = batch.TextSink(lang) if form == "text" else batch.JsonSink(lang)
    entries = batch.communes_of([file], rulesets[0].catalogue, numbers)

    def judge(commune: Commune) -> batch.Judged:
        placed = batch.in_province(commune, text["province"])
        return native.evaluate_tiers(rulesets, placed, strict=strict, threshold_year=threshold_year, not_in_force=late)

    _finish(lambda: batch.run(entries, judge, sink, lang))


def _finish(work: Callable[[], None]) -> None:
    from ntm_rules.cli.batch import Failed

    try:
        work()
    except Failed:
        sys.stdout.flush()
        sys.exit(2)


ntm_rules.add_command(table.batch)


# -- reading the rules


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules rulesets",
        'cp -r "$(ntm-rules rulesets --path)" bo-quy-tac    # bản sao để sửa / a copy to edit',
        "ntm-rules rulesets --source bo-quy-tac",
    )
)
@click.option("--path", is_flag=True, help="In thư mục chứa bộ quy tắc / print the directory of the rulebook.")
@options.SOURCE
@command
def rulesets(*, lang: Language, path: bool, source: str | None) -> None:
    """Các bộ tiêu chí có ở đây.

    The rulesets there are, with their counts of criteria and indicators.
    """
    from ntm_rules.cli.output import say, table, warn
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
    if not rows:
        warn(Text("Không có bộ tiêu chí nào ở đây.", "There is no ruleset here.").in_(lang))


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules show 2021-2025/xa-ntm --region dbsh --year 2024",
        "ntm-rules show 2021-2025/xa-ntm --on 2023-12-31",
    )
)
@options.RULESET_ID
@options.cells
@options.text_in_force
@command
def show(*, lang: Language, ruleset_id: str, region: str | None, year: int | None, **text: Any) -> None:
    """Bảng tiêu chí, chỉ tiêu và mức đạt chuẩn.

    The table of criteria, indicators and thresholds.
    """
    from ntm_rules.cli.output import say, table
    from ntm_rules.explain.rules import ruleset_rows, title_lines

    ruleset = _load(ruleset_id, **text)
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
    epilog=epilog(
        "ntm-rules explain 2021-2025/xa-ntm 17.1",
        "ntm-rules explain 2021-2025/xa-ntm 10 --region tn --year 2024",
    )
)
@options.RULESET_ID
@click.argument("number", metavar="SỐ")
@options.cells
@options.text_in_force
@command
def explain(*, lang: Language, ruleset_id: str, number: str, region: str | None, year: int | None, **text: Any) -> None:
    """Một chỉ tiêu bằng lời. Mức từng vùng từng năm, căn cứ, độ tin, “Đạt” nghĩa là gì; số tiêu chí thì kể các chỉ tiêu.

    One indicator in words: every column and year, its source, how surely it is known, what "Đạt" means; of a criterion, its indicators.
    """
    from ntm_rules.cli.output import say
    from ntm_rules.explain.rules import describe, describe_criterion, title_lines

    ruleset = _load(ruleset_id, **text)
    criterion = next((c for c in ruleset.criteria if c.no == number and number not in ruleset.numbers), None)
    if criterion is not None:
        said = describe_criterion(ruleset, criterion, lang)
    else:
        said = describe(ruleset, ruleset.clause(number), _columns(ruleset, region), year, lang)
    for line in (*title_lines(ruleset, lang), "", *said):
        say(line)


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules facts 2021-2025/xa-ntm > xa.yaml",
        "ntm-rules facts 2021-2025/xa-ntm --format csv > tinh.csv",
    )
)
@options.RULESET_ID
@options.form(["yaml", "csv", "json"], "Dạng của mẫu / the form of the sheet.")
@options.text_in_force
@command
def facts(*, lang: Language, ruleset_id: str, form: str, **text: Any) -> None:
    """Mẫu số liệu để điền, chỉ gồm những gì bộ tiêu chí hỏi.

    A sheet to fill, with only the facts that the ruleset asks for.
    """
    from ntm_rules.cli.output import put
    from ntm_rules.cli.templates import template

    put(template(_load(ruleset_id, **text), form, lang))


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules evidence 2021-2025/xa-ntm",
        'ntm-rules evidence 2021-2025/xa-ntm-kieu-mau --province "Nam Định" --lang en',
    )
)
@options.RULESET_ID
@options.text_in_force
@command
def evidence(*, lang: Language, ruleset_id: str, **text: Any) -> None:
    """Từng mức được biết chắc đến đâu, và tổng số theo độ tin.

    How surely each threshold is known, and the totals.
    """
    from ntm_rules.cli.output import say, table
    from ntm_rules.explain import EVIDENCE_WORDS
    from ntm_rules.explain.rules import evidence_totals, ruleset_rows, title_lines

    ruleset = _load(ruleset_id, **text)
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
    epilog=epilog(
        "ntm-rules lint bo-quy-tac",
        "ntm-rules lint quyet-dinh-cua-tinh.yaml --lang en",
        codes=True,
    )
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@options.SOURCE
@command
def lint(*, lang: Language, paths: tuple[str, ...], source: str | None) -> None:
    """Soát tệp hoặc thư mục bộ quy tắc. Mã thoát 1 nếu có lỗi (cảnh báo và ghi chú thì không).

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


for _command in (reports.report, changes.compare, changes.impact, changes.prove, watching.watch):
    ntm_rules.add_command(_command)


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules schema                                  # các tên / the names",
        "ntm-rules schema assessment > assessment.schema.json",
    )
)
@click.argument("name", required=False, metavar="[NAME]")
@command
def schema(*, lang: Language, name: str | None) -> None:  # noqa: ARG001 - problems are said in it
    """JSON Schema của tài liệu vào và ra. Không có tên thì liệt kê các tên.

    The JSON Schema of a document, or the names of all.
    """
    from ntm_rules.cli.output import put, say
    from ntm_rules.rulebook.schema import schemas

    known = schemas()
    if name is None:
        for known_name in known:
            say(known_name)
    elif name in known:
        put(json.dumps(known[name], ensure_ascii=False, indent=2))
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


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules demo",
        "ntm-rules demo --lang en",
    )
)
@command
def demo(*, lang: Language) -> None:
    """Một xã có thật, số liệu đã công bố, xét theo hai giai đoạn.

    A real commune with published figures, judged under two phases.
    """
    from ntm_rules.cli.demo import show_demo

    show_demo(lang)


# The commands of the testing kit stand in a module of their own; they need the group and the options above.
from ntm_rules.cli import testing  # noqa: E402, F401
