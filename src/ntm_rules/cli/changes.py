"""The commands that say what a change of rules does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from ntm_rules.changes.proof import OF_INDICATOR, PAIRED, Question
from ntm_rules.cli.frame import command, epilog, option
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.text import Language, Text, shown

if TYPE_CHECKING:
    from ntm_rules.changes.proof import Proof
    from ntm_rules.model.ruleset import Ruleset

__all__ = ["prove"]


@click.command(
    epilog=epilog(
        "ntm-rules prove implies 2021-2025/xa-ntm 2021-2025/xa-ntm@2023-12-31",
        'ntm-rules prove tightens 2021-2025/xa-ntm-kieu-mau --province "Nam Định"',
        "ntm-rules prove tightens 2021-2025/xa-ntm --overlay du-thao.yaml --witness xa-lam-chung.json",
        "ntm-rules prove redundant 2021-2025/xa-ntm --indicator 4.2",
        codes=True,
    )
)
@click.argument("question", type=click.Choice(get_args(Question)))
@click.argument("new", metavar="NEW[@DATE]")
@click.argument("old", metavar="[OLD[@DATE]]", required=False)
@option("--province", metavar="P", help="Thêm quy định của tỉnh vào NEW / add this province's rules to NEW.")
@option(
    "--overlay",
    "overlays",
    metavar="F",
    multiple=True,
    help="Thêm tệp quy định của mình vào NEW / add a layer file of your own to NEW.",
)
@option(
    "--indicator", metavar="SỐ", help="Chỉ tiêu được hỏi; bỏ trống là mọi chỉ tiêu / of which it is asked; else all."
)
@option("--region", metavar="R", help="Chỉ vùng này / only this region.")
@option("--year", type=int, metavar="Y", help="Chỉ năm số liệu này / only this fact year.")
@option("--source", metavar="DIR", help="Thư mục bộ quy tắc khác / another rulebook's directory.", type=click.Path())
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Bằng lời hay JSON, mỗi câu trả lời một dòng / in words, or JSON, an answer on a line.",
)
@option("--witness", metavar="FILE", help="Ghi xã làm chứng ra tệp JSON / write the witness to a JSON file.")
@command
def prove(
    *,
    lang: Language,
    question: Any,
    new: str,
    old: str | None,
    province: str | None,
    overlays: tuple[str, ...],
    indicator: str | None,
    form: str,
    witness: str | None,
    source: str | None,
    **where: Any,
) -> None:
    """Chứng minh về các bộ tiêu chí với mọi xã có thể có, hoặc đưa ra một xã bác bỏ. OLD bỏ trống là NEW khi chưa có tỉnh và tệp thêm.

    Prove something of rulesets for every commune there could be, or show a commune that refutes it. OLD left out is NEW without
    province and layer files. Refuted and unknown are answers, not errors: the exit code is 0.
    """
    from ntm_rules.changes.proof import prove as proved
    from ntm_rules.cli.output import say
    from ntm_rules.cli.ruleset_at import ruleset_at

    asked = ruleset_at(new, province=province, overlays=overlays, source=source)
    other = ruleset_at(old or new, source=source) if question in PAIRED else None
    proofs = [
        proved(question, asked, other, indicator=each, **where) for each in _indicators(question, asked, indicator)
    ]
    for proof in proofs:
        say(proof.to_json() if form == "json" else proof.explain(lang))
    if witness is not None:
        _write(witness, proofs, lang)


def _indicators(question: str, ruleset: Ruleset, indicator: str | None) -> Iterator[str | None]:
    """The indicators asked about, one after another; None where the question is about none."""
    if question in OF_INDICATOR and indicator is None:
        yield from ruleset.numbers
    else:
        yield indicator


def _write(file: str, proofs: list[Proof], lang: Language) -> None:
    """Write the first witness, in the form that `evaluate` reads."""
    from ntm_rules.cli.output import warn

    found = next((proof.witness for proof in proofs if proof.witness is not None), None)
    if found is None:
        warn(Text("Không có xã làm chứng để ghi.", "There is no witness to write.").in_(lang))
        return
    try:
        Path(file).write_text(found.to_json() + "\n", "utf-8")
    except OSError as error:
        why = error.strerror or type(error).__name__
        message = Text(f"không ghi được tệp ({why})", f"cannot write the file ({why})")
        raise NtmRulesError([Problem(code="cannot_write", source=file, found=shown(file), message=message)]) from None
