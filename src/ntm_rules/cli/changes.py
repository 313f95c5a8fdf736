"""The commands that say what a change of rules does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import click

from ntm_rules.cli import options
from ntm_rules.cli.frame import command, epilog
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.text import Language, Text, shown

if TYPE_CHECKING:
    from ntm_rules.changes.proof import Proof, Question
    from ntm_rules.model.ruleset import Ruleset

__all__ = ["compare", "impact", "prove"]

# Named here too, for what proves is imported only to prove; a test holds the names to those of `Question`.
_QUESTIONS: tuple[Question, ...] = (
    "implies",
    "equivalent",
    "disjoint",
    "tightens",
    "satisfiable",
    "redundant",
    "possible",
)


@click.command(
    epilog=epilog(
        "ntm-rules compare 2021-2025/xa-ntm@2024-02-29 2021-2025/xa-ntm@2024-03-01",
        "ntm-rules compare 2016-2020/xa-ntm 2021-2025/xa-ntm --region tn --year 2025",
        "ntm-rules compare 2021-2025/xa-ntm 2021-2025/xa-ntm --overlay du-thao.yaml --format markdown > phu-luc.md",
        "ntm-rules compare 2021-2025/xa-ntm 2021-2025/xa-ntm --old-overlay du-thao.yaml --overlay du-thao-2.yaml",
        codes=True,
    )
)
@click.argument("old", metavar="CŨ")
@click.argument("new", metavar="MỚI")
@options.cells
@options.of_province
@options.old_of_province
@options.OLD_SOURCE
@options.form(
    ["text", "json", "markdown"],
    "Chữ, JSON, hay trang Markdown cho phụ lục / text, JSON, or a Markdown page for an annex.",
)
@command
def compare(
    *,
    lang: Language,
    old: str,
    new: str,
    region: str | None,
    year: int | None,
    old_province: str | None,
    old_overlays: tuple[str, ...],
    old_source: str | None,
    form: str,
    **text: Any,
) -> None:
    """So sánh hai bộ tiêu chí. Chỉ tiêu nào mới, cao hơn, thấp hơn, giao tỉnh, ở vùng nào. Mỗi bộ là ID hoặc ID@NGÀY.

    Compare two rulesets, each an ID or ID@DATE: what is new, higher, lower, left to the province, and in which region.
    --province, --overlay and --source are of the new one only; the old one is the shipped national text, but for --old-province,
    --old-overlay and --old-source.
    """
    from ntm_rules.changes import difference
    from ntm_rules.cli.output import put, say_lines
    from ntm_rules.cli.ruleset_at import ruleset_at

    before = ruleset_at(old, province=old_province, overlays=old_overlays, source=old_source)
    found = difference.compare(before, ruleset_at(new, **text), region=region, year=year)
    if form == "json":
        put(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
    else:
        say_lines(found.markdown(lang) if form == "markdown" else found.text(lang))


@click.command(
    epilog=epilog(
        "ntm-rules impact 2021-2025/xa-ntm@2024-02-29 2021-2025/xa-ntm@2024-03-01 tinh.csv --numbers vi",
        "ntm-rules impact 2016-2020/xa-ntm 2021-2025/xa-ntm xa.yaml --threshold-year 2022 --margin 3",
        "ntm-rules impact 2021-2025/xa-ntm 2021-2025/xa-ntm xa.yaml --overlay du-thao.yaml --format html > tac-dong.html",
        "ntm-rules impact 2021-2025/xa-ntm 2021-2025/xa-ntm xa.yaml --old-overlay du-thao.yaml --overlay du-thao-2.yaml",
        codes=True,
    )
)
@click.argument("old", metavar="CŨ")
@click.argument("new", metavar="MỚI")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--margin",
    metavar="P",
    default="5",
    show_default=True,
    help="Sát mức nghĩa là cách mức không quá P% của mức / near means within P percent of the threshold.",
)
@options.of_province
@options.old_of_province
@options.OLD_SOURCE
@options.form(
    ["text", "json", "html"],
    "Báo cáo có biểu đồ, JSON, hay trang HTML / a report with a chart, JSON, or an HTML page.",
)
@options.THRESHOLD_YEAR
@options.NUMBERS
@command
def impact(
    *,
    lang: Language,
    old: str,
    new: str,
    files: tuple[str, ...],
    margin: str,
    old_province: str | None,
    old_overlays: tuple[str, ...],
    old_source: str | None,
    form: str,
    threshold_year: int | None,
    numbers: Any,
    **text: Any,
) -> None:
    """Tác động của một sửa đổi lên các xã. Xã nào được, xã nào mất, do chỉ tiêu nào, xã nào sát mức. Mỗi bộ là ID hoặc ID@NGÀY. Xã nào không đọc hoặc không xét được thì được báo, các xã khác vẫn xét, mã thoát là 2.

    What a change does to the communes of files: who gains, who loses, by which indicators, and who is near a threshold. Rulesets
    are named by an ID or ID@DATE; --province, --overlay and --source are of the new one only; the old one is the shipped
    national text, but for --old-province, --old-overlay and --old-source. A commune that cannot be read or judged is reported,
    the others go on, and the exit code is 2.
    """
    from ntm_rules.changes.impact import impact as measured
    from ntm_rules.cli.batch import leave_if_any, readable
    from ntm_rules.cli.output import put, say_lines
    from ntm_rules.cli.ruleset_at import ruleset_at

    before = ruleset_at(old, province=old_province, overlays=old_overlays, source=old_source)
    after = ruleset_at(new, **text)
    unread: list[tuple[str, tuple[Problem, ...]]] = []
    communes = readable(files, after.catalogue, numbers, unread, lang)
    found = measured(before, after, communes, margin=margin, threshold_year=threshold_year)
    found = attrs.evolve(found, refused=(*unread, *found.refused))
    if form == "text":
        say_lines(found.report(lang))
    else:
        put(found.to_json() if form == "json" else found.to_html(lang))
    leave_if_any(found.refused, lang)


@click.command(
    epilog=epilog(
        "ntm-rules prove implies 2021-2025/xa-ntm 2021-2025/xa-ntm@2023-12-31",
        'ntm-rules prove tightens 2021-2025/xa-ntm-kieu-mau --province "Nam Định"',
        "ntm-rules prove tightens 2021-2025/xa-ntm --overlay du-thao.yaml --witness xa-lam-chung.json",
        "ntm-rules prove tightens 2021-2025/xa-ntm --overlay du-thao.yaml --reverse",
        "ntm-rules prove tightens 2021-2025/xa-ntm --overlay du-thao-2.yaml --old-overlay du-thao.yaml",
        "ntm-rules prove redundant 2021-2025/xa-ntm --indicator 4.2",
        codes=True,
    )
)
@click.argument("question", type=click.Choice(_QUESTIONS))
@click.argument("new", metavar="NEW[@DATE]")
@click.argument("old", metavar="[OLD[@DATE]]", required=False)
@options.of_province
@options.old_of_province
@click.option(
    "--reverse", is_flag=True, help="Hỏi ngược lại, OLD so với NEW / ask it the other way round, of OLD and NEW."
)
@click.option(
    "--indicator", metavar="SỐ", help="Chỉ tiêu được hỏi; bỏ trống là mọi chỉ tiêu / of which it is asked; else all."
)
@options.cells
@options.form(["text", "json"], "Bằng lời hay JSON, mỗi câu trả lời một dòng / in words, or JSON, an answer on a line.")
@click.option("--witness", metavar="FILE", help="Ghi xã làm chứng ra tệp JSON / write the witness to a JSON file.")
@command
def prove(
    *,
    lang: Language,
    question: Any,
    new: str,
    old: str | None,
    province: str | None,
    overlays: tuple[str, ...],
    old_province: str | None,
    old_overlays: tuple[str, ...],
    reverse: bool,
    indicator: str | None,
    form: str,
    witness: str | None,
    source: str | None,
    **where: Any,
) -> None:
    """Chứng minh về bộ tiêu chí, hoặc đưa ra xã bác bỏ. Hỏi về mọi xã có thể có. OLD bỏ trống là NEW khi chưa có tỉnh và tệp thêm.

    Prove something of rulesets for every commune there could be, or show a commune that refutes it. OLD left out is NEW without
    its province and layer files; it takes those of --old-province and --old-overlay. Refuted and unknown are answers, not errors: the exit code is 0.
    """
    from ntm_rules.changes.proof import PAIRED, not_of_question
    from ntm_rules.changes.proof import prove as proved
    from ntm_rules.cli.output import put, say_lines
    from ntm_rules.cli.ruleset_at import ruleset_at

    if reverse and question not in PAIRED:
        raise NtmRulesError([not_of_question("--reverse", PAIRED)])
    asked = ruleset_at(new, province=province, overlays=overlays, source=source)
    other = None
    if old or question in PAIRED:
        other = ruleset_at(old or new, province=old_province, overlays=old_overlays, source=source)
    named = old or old_province or old_overlays
    if other is not None and not named and asked.layers == other.layers:
        raise NtmRulesError([_no_old(new)])
    if reverse and other is not None:
        asked, other = other, asked
    proofs = [
        proved(question, asked, other, indicator=each, **where) for each in _indicators(question, asked, indicator)
    ]
    if witness is not None:  # before anything is said: who reads only the first line of it still has the file
        _write(witness, proofs, lang)
    for proof in proofs:
        if form == "json":
            put(proof.to_json())
        else:
            say_lines(proof.explain(lang))
    if witness is not None:
        _write(witness, proofs, lang)


def _no_old(new: str) -> Problem:
    """No layer makes NEW another text than what stands in for OLD: it was forgotten."""
    return Problem(
        code="no_ruleset",
        key="OLD",
        found=shown(new),
        message=Text(
            "thiếu OLD, mà không có quy định của tỉnh hay tệp thêm nào để so với chính bộ này khi chưa có",
            "OLD is missing, and no province's overlay or layer file is given to hold against the text without it",
        ),
        wanted=Text(
            "NEW OLD, hoặc NEW --overlay FILE, NEW --province TỈNH", "NEW OLD, or NEW --overlay FILE, NEW --province P"
        ),
    )


def _indicators(question: str, ruleset: Ruleset, indicator: str | None) -> Iterator[str | None]:
    """The indicators asked about, one after another; None where the question is about none."""
    from ntm_rules.changes.proof import OF_INDICATOR

    if question in OF_INDICATOR and indicator is None:
        yield from ruleset.numbers
    else:
        yield indicator


def _write(file: str, proofs: list[Proof], lang: Language) -> None:
    """Write the first witness, in the form that `evaluate` reads."""
    from ntm_rules.cli.output import warn, write

    found = next((proof.witness for proof in proofs if proof.witness is not None), None)
    if found is None:
        warn(Text("Không có xã làm chứng để ghi.", "There is no witness to write.").in_(lang))
        return
    write(file, found.to_json() + "\n")
