"""Events in words: who, what became of what, because of which figure."""

from __future__ import annotations

from ntm_rules.engine.session.state import Change, Known
from ntm_rules.explain import STATUS_WORDS, value_words
from ntm_rules.explain.numbers import number
from ntm_rules.model.assessment import Assessment, Status
from ntm_rules.model.checking import fact_named
from ntm_rules.model.facts import SEXES
from ntm_rules.model.ruleset import Catalogue, Ruleset
from ntm_rules.model.text import Language, Text, printable
from ntm_rules.model.values import FactValue, to_decimal

__all__ = ["change_words", "commune_words", "risk_words"]

_KINDS = {
    "indicator": Text("chỉ tiêu", "indicator"),
    "condition": Text("điều kiện công nhận", "condition of recognition"),
    "prerequisite": Text("điều kiện tiên quyết", "prerequisite"),
    "criterion": Text("tiêu chí", "criterion"),
    "tier": Text("bộ tiêu chí", "ruleset"),
    "recognition": Text("điều kiện công nhận theo", "recognition under"),
    "title": Text("danh hiệu theo", "title under"),
    "conflict": Text("mâu thuẫn giữa số liệu và xác nhận ở chỉ tiêu", "conflict of facts and attested verdict at"),
}
_SAID = {status.value: words for status, words in STATUS_WORDS.items()} | {
    "at_risk": Text("có nguy cơ bị thu hồi", "at risk"),
    "safe": Text("không có nguy cơ bị thu hồi", "not at risk"),
    "yes": Text("có", "yes"),
    "no": Text("không", "no"),
}
_TITLE_OPEN = Text("chưa rõ có nguy cơ bị thu hồi", "at risk or not: undetermined")


def commune_words(known: Known, lang: Language) -> str:
    """The commune by name and code: "Xã Nhân Bình (13570)"."""
    name = known.identity.get("name")
    return f"{name} ({known.code})" if name else Text(f"Xã {known.code}", f"Commune {known.code}").in_(lang)


def change_words(
    ruleset: Ruleset, known: Known, kind: str, id_: str, before: str, after: str, causes: tuple[Change, ...]
) -> Text:
    """What became of a thing, and because of which changes."""

    def said(lang: Language) -> str:
        was, now = (_word(kind, value).in_(lang) for value in (before, after))
        became = Text(f"từ “{was}” thành “{now}”", f"from “{was}” to “{now}”").in_(lang)
        because = "; ".join(_cause(ruleset.catalogue, change, lang) for change in causes[:_SHOWN])
        if len(causes) > _SHOWN:
            more = len(causes) - _SHOWN
            because += Text(f"; và {more} thay đổi khác", f"; and {more} more").in_(lang)
        why = Text("Vì", "Because").in_(lang)
        return printable(f"{commune_words(known, lang)}: {_KINDS[kind].in_(lang)} {id_} {became}. {why} {because}.")

    return Text(said("vi"), said("en"))


_SHOWN = 3


def _word(kind: str, value: str) -> Text:
    return _TITLE_OPEN if kind == "title" and value == Status.UNDETERMINED.value else _SAID[value]


def _cause(catalogue: Catalogue, change: Change, lang: Language) -> str:
    old, new = (_value(catalogue, change, value, lang) for value in (change.old, change.new))
    text = Text(
        f"{_what(catalogue, change, lang)} từ {old} thành {new}",
        f"{_what(catalogue, change, lang)} from {old} to {new}",
    )
    said = text.in_(lang)
    if change.as_of is not None:
        day = f"{change.as_of:%d/%m/%Y}" if lang == "vi" else change.as_of.isoformat()
        said += Text(f", số liệu ngày {day}", f", as of {day}").in_(lang)
    if change.source is not None:
        said += Text(f", nguồn {change.source}", f", source {change.source}").in_(lang)
    return said


def _what(catalogue: Catalogue, change: Change, lang: Language) -> str:
    if change.kind == "attested":
        return Text(f"xác nhận chỉ tiêu {change.key}", f"attested verdict on {change.key}").in_(lang)
    if change.kind == "identity":
        return change.key
    fact = fact_named(catalogue, change.key)
    if fact is None:  # which the catalogue no longer has
        return change.key
    sex = change.key.removeprefix(f"{fact.key}.")
    return f"{fact.label.in_(lang)} ({SEXES[sex].in_(lang)})" if sex in SEXES else fact.label.in_(lang)


def _value(catalogue: Catalogue, change: Change, value: FactValue | None, lang: Language) -> str:
    if value is None:
        return Text("chưa biết", "not known").in_(lang)
    fact = fact_named(catalogue, change.key) if change.kind in ("fact", "plan") else None
    if fact is not None:
        return value_words(value, fact, lang, None)
    if isinstance(value, bool):
        return _SAID[Status.MET.value if value else Status.MISSING.value].in_(lang)
    return str(value)


def risk_words(assessment: Assessment) -> Text:
    """How much of the withdrawal rule is reached."""
    risk = assessment.at_risk

    def said(lang: Language) -> str:
        sure, possible = (number(to_decimal(share, 1), lang) for share in (risk.share, risk.possible_share))
        shares = f"{sure}%" if sure == possible else f"{sure}–{possible}%"
        keys = ", ".join(risk.key_missing)
        key = Text(f", tiêu chí bắt buộc chưa đạt: {keys}", f", key criteria not met: {keys}").in_(lang) if keys else ""
        return (
            Text(f"{shares} số tiêu chí chưa đạt", f"{shares} of criteria not met").in_(lang)
            + key
            + f" ({risk.citation})."
        )

    return Text(said("vi"), said("en"))
