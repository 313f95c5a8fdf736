"""A published commune judged under two phases: what is known of it, what is missing, what nobody can say yet."""

from __future__ import annotations

from collections.abc import Iterator

from ntm_rules.cli.output import put, say
from ntm_rules.engine.native import evaluate
from ntm_rules.model.assessment import Assessment, Reason, Status
from ntm_rules.model.text import Language, Text
from ntm_rules.public import load_ruleset
from ntm_rules.rulebook.communes import read_communes
from ntm_rules.rulebook.rulebook import shipped

__all__ = ["show_demo"]

# The same figures asked of the next phase, by the first year its tables have.
_ASKED = (("2016-2020/xa-ntm", None), ("2021-2025/xa-ntm", 2022))

_REASONS = {
    Reason.NO_FACT: Text("thiếu số liệu của xã", "the commune's figure is missing"),
    Reason.NO_THRESHOLD: Text(
        "chưa có mức (tỉnh quy định, hoặc chưa biết)", "no threshold (set by the province, or not known)"
    ),
    Reason.NO_THRESHOLD_FOR_YEAR: Text("bảng không có mức cho năm này", "the table has no threshold for this year"),
    Reason.UNCONFIRMED: Text("mức chưa được xác nhận", "the threshold is not confirmed"),
}


def show_demo(lang: Language) -> None:
    """Print the demonstration."""
    file = shipped() / "demo" / "nam-binh-2019.yaml"
    (commune,) = read_communes(file)
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("#"):
            say(line.removeprefix("# "))
    for ruleset_id, threshold_year in _ASKED:
        assessment = evaluate(load_ruleset(ruleset_id), commune, threshold_year=threshold_year)
        say()
        for text in _told(assessment, lang):
            put(text)
    say()
    say(
        Text(
            "Thử với xã của mình: ntm-rules facts 2021-2025/xa-ntm > xa.yaml; điền số liệu; ntm-rules evaluate xa.yaml",
            "Try your own commune: ntm-rules facts 2021-2025/xa-ntm > commune.yaml; fill it in; ntm-rules evaluate commune.yaml",
        ).in_(lang)
    )


def _told(assessment: Assessment, lang: Language) -> Iterator[str]:
    ruleset = assessment.ruleset
    year = Text(f" (mức của năm {assessment.year})", f" (thresholds of {assessment.year})").in_(lang)
    yield f"== {ruleset.id}: {ruleset.title.in_(lang)}{year if assessment.year != assessment.commune.year else ''}"
    yield assessment.summary(lang)
    known = [result for result in assessment.results if result.status in (Status.MET, Status.MISSING)]
    yield Text("Kết luận được:", "Decided:").in_(lang)
    for result in known:
        yield f"  {result.explain(lang)}"
    yield Text("Chưa kết luận được:", "Undetermined:").in_(lang)
    for reason, words in _REASONS.items():
        numbers = [result.id for result in assessment.undetermined if result.reason is reason]
        if numbers:
            yield f"  {words.in_(lang)} ({len(numbers)}): {', '.join(numbers)}"
