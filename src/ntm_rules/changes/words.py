"""The words of proofs, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ntm_rules.engine import native
from ntm_rules.explain.numbers import number
from ntm_rules.model.checking import fact_named
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text
from ntm_rules.model.values import FactValue, Ratio

if TYPE_CHECKING:
    from ntm_rules.changes.places import Place
    from ntm_rules.changes.proof import OpenThreshold, Proof

__all__ = [
    "GAVE_UP",
    "NOT_CONFIRMED",
    "empty",
    "everywhere",
    "explanation",
    "impossible",
    "incomplete",
    "known_part",
    "loosened",
    "named",
    "open_thresholds",
    "vacuous",
    "witnessed",
]

GAVE_UP = Text("bộ giải không trả lời được trong thời gian cho phép", "the solver gave no answer within its time")
NOT_CONFIRMED = Text(
    "có thể bác bỏ, nhưng bộ máy xét không xác nhận được xã làm chứng nên không đưa ra",
    "it may be refuted, but the engine did not confirm the witness, so none is given",
)

_ANSWERS = {
    "proved": Text("đã chứng minh", "proved"),
    "refuted": Text("bị bác bỏ", "refuted"),
    "unknown": Text("chưa biết", "unknown"),
}

_QUESTIONS = {
    "implies": Text("mọi xã đạt {new} đều đạt {old}", "every commune that meets {new} meets {old}"),
    "equivalent": Text("các xã đạt {new} và các xã đạt {old} là một", "the same communes meet {new} and {old}"),
    "disjoint": Text("không xã nào đạt cả {new} và {old}", "no commune meets both {new} and {old}"),
    "tightens": Text(
        "{new} đòi hỏi ít nhất bằng {old}, từng chỉ tiêu một", "{new} asks at least as much as {old}, clause by clause"
    ),
    "satisfiable": Text("ở mọi nơi đều có thể có xã đạt {new}", "in every place some commune can meet {new}"),
    "redundant": Text(
        "xã đạt mọi chỉ tiêu khác của {new} thì đạt chỉ tiêu {indicator}",
        "a commune that passes all other indicators of {new} passes {indicator}",
    ),
    "possible": Text(
        "ở mọi nơi đều có thể có xã đạt chỉ tiêu {indicator} của {new}",
        "in every place some commune can meet indicator {indicator} of {new}",
    ),
}


def named(ruleset: Ruleset) -> str:
    """A ruleset as the command line names it, with its province and the layers of the caller."""
    day = f"@{ruleset.on}" if ruleset.on is not None else ""
    layers = [layer.name for layer in ruleset.layers if layer.kind == "province"]
    return f"{ruleset.id}{day}" + (f" + {', '.join(layers)}" if layers else "")


# -- reasons


def everywhere(places: int) -> Text:
    """It holds in all places."""
    return Text(
        f"đúng ở cả {places} nơi (vùng, khu vực, năm số liệu), với mọi số liệu có thể có và mọi mức còn chưa biết",
        f"it holds in all {places} places (region, zones, fact year), whatever the facts and the thresholds not yet known",
    )


def vacuous(barren: Sequence[Place], places: int) -> Text:
    """It holds, in some places for the only reason that no commune can meet what is presupposed."""
    where = _count(len(barren), places)
    return Text(
        f"đúng, nhưng ở {where.vi} chỉ vì không xã nào có thể đạt điều giả thiết: {place_text(barren[0], 'vi')}",
        f"it holds, but in {where.en} only because no commune can meet what is presupposed: {place_text(barren[0], 'en')}",
    )


NEVER_ASKED = Text("không xã nào bị đòi hỏi chỉ tiêu này", "no commune is asked this indicator")


def _count(some: int, of: int) -> Text:
    return Text(f"{some} trong {of} nơi", f"{some} of {of} places")


def impossible(barren: Sequence[Place], conflict: Sequence[str], places: int) -> Text:
    """No commune can meet what is asked."""
    where, numbers = _count(len(barren), places), ", ".join(conflict)
    return Text(
        f"ở {where.vi} không xã nào có thể đạt; không thể cùng đạt: {numbers} ({place_text(barren[0], 'vi')})",
        f"in {where.en} no commune can; these cannot be met together: {numbers} ({place_text(barren[0], 'en')})",
    )


def witnessed(met: Ruleset, missed: Ruleset | None, numbers: Sequence[str]) -> Text:
    """A commune shows that it does not hold."""
    if missed is None:
        return Text("có xã đạt cả hai", "some commune meets both")
    listed = ", ".join(numbers)
    if met is missed:
        return Text(
            f"có xã đạt mọi điều giả thiết nhưng chưa đạt {named(missed)}: {listed}",
            f"some commune passes all that is presupposed and misses {named(missed)}: {listed}",
        )
    return Text(
        f"có xã đạt {named(met)} nhưng chưa đạt {named(missed)}: {listed}",
        f"some commune passes {named(met)} and misses {named(missed)}: {listed}",
    )


def loosened(old: Ruleset, numbers: Sequence[str]) -> Text:
    """Clauses of which less is asked."""
    listed = ", ".join(numbers)
    return Text(f"đòi hỏi ít hơn {named(old)} ở: {listed}", f"it asks less than {named(old)} of: {listed}")


def open_thresholds(thresholds: Sequence[OpenThreshold]) -> Text:
    """Thresholds that must be known first."""
    listed = ", ".join(dict.fromkeys(f"{each.ruleset}:{each.clause}" for each in thresholds))
    return Text(f"còn tùy mức chưa biết của: {listed}", f"it hangs on thresholds that are not known, of: {listed}")


def incomplete(ruleset: Ruleset) -> Text:
    """A ruleset that is never met."""
    return Text(
        f"{named(ruleset)} chưa biết đủ tiêu chí nên không xã nào được coi là đạt",
        f"not all criteria of {named(ruleset)} are known, so no commune is said to meet it",
    )


def known_part(ruleset: Ruleset) -> Text:
    """What was proved of a ruleset of which not all is known."""
    return Text(
        f"đúng với phần đã biết; {named(ruleset)} chưa biết đủ tiêu chí",
        f"it holds of what is known; not all criteria of {named(ruleset)} are",
    )


def empty(ruleset: Ruleset) -> Text:
    """A ruleset without indicators."""
    return Text(f"{named(ruleset)} chưa có chỉ tiêu nào", f"{named(ruleset)} has no indicators")


# -- the whole answer


def place_text(place: Place, lang: Language) -> str:
    """A place as a commune's file names it."""
    said = [] if place.region is None else [f"{Text('vùng', 'region').in_(lang)} {place.region}"]
    if place.zones:
        said.append(f"{Text('khu vực', 'zone').in_(lang)} {', '.join(place.zones)}")
    return ", ".join([*said, f"{Text('năm', 'year').in_(lang)} {place.year}"])


def explanation(proof: Proof, lang: Language) -> str:
    """What was asked, the answer and why, and what the witness reports."""
    names = {"new": named(proof.new), "old": named(proof.old) if proof.old else "", "indicator": proof.indicator}
    asked = _QUESTIONS[proof.question].in_(lang).format(**names)
    lines = [
        f"{asked[0].upper()}{asked[1:]}: {_ANSWERS[proof.answer].in_(lang).upper()}.",
        f"{Text('Lý do', 'Reason').in_(lang)}: {proof.reason.in_(lang)}.",
        *_witness_lines(proof, lang),
        *_threshold_lines(proof.thresholds, lang),
    ]
    return "\n".join(lines)


def _witness_lines(proof: Proof, lang: Language) -> Iterator[str]:
    if proof.witness is None or proof.place is None:
        return
    shown = Text("Xã làm chứng", "The witness") if proof.answer == "refuted" else Text("Ví dụ", "An example")
    yield f"{shown.in_(lang)}: {place_text(proof.place, lang)}."
    if proof.changed:
        yield Text("Khác một xã vừa đủ đạt ở:", "It differs from a plain passing commune in:").in_(lang)
    facts = proof.witness.facts
    for key in proof.changed:
        yield f"- {_label(proof, key, lang)} [{key}]: {_value(proof, key, facts[key], lang)}"
    if proof.witness.attested:
        listed = ", ".join(proof.witness.attested)
        yield Text(
            f"Nội dung hoặc mức chưa biết, coi như cơ quan xác nhận đạt: {listed}",
            f"Not known, and taken as attested to be met: {listed}",
        ).in_(lang)
    yield from _missed_lines(proof, lang)


def _missed_lines(proof: Proof, lang: Language) -> Iterator[str]:
    from ntm_rules.changes.witness import seen_by

    if proof.missed is None or proof.witness is None:
        return
    yield f"{Text('Chưa đạt theo', 'Missing under').in_(lang)} {named(proof.missed)}:"
    assessment = native.evaluate(proof.missed, seen_by(proof.missed, proof.witness))
    results = (*assessment.missing, *assessment.prerequisites, *assessment.conditions)
    for result in results:
        if result.id in proof.indicators and result.status.value == "missing":
            yield f"- {result.explain(lang)}"


def _fact(proof: Proof, key: str) -> Fact | None:
    rulesets = [proof.new] if proof.old is None else [proof.new, proof.old]
    found = (fact_named(ruleset.catalogue, key) for ruleset in rulesets)
    return next((fact for fact in found if fact is not None), None)


def _label(proof: Proof, key: str, lang: Language) -> str:
    fact = _fact(proof, key)
    label = key if fact is None else fact.label.in_(lang)
    sex = key.rpartition(".")[2]
    return f"{label}, {SEXES[sex].in_(lang)}" if sex in SEXES else label


def _value(proof: Proof, key: str, value: FactValue, lang: Language) -> str:
    if isinstance(value, bool):
        return (Text("có", "yes") if value else Text("không", "no")).in_(lang)
    if isinstance(value, Ratio):
        return f"{number(value.numerator, lang)}/{number(value.denominator, lang)}"
    fact = _fact(proof, key)
    if fact is not None and fact.kind is FactKind.CATEGORY:  # whose "2" the witness has as a number
        return fact.value_text(str(value)).in_(lang)
    return value if isinstance(value, str) else number(value, lang)


def _threshold_lines(thresholds: Sequence[OpenThreshold], lang: Language) -> Iterator[str]:
    """The open thresholds, those of one clause on one line."""
    spots: dict[str, list[str]] = {}
    for each in thresholds:
        spot = each.column if each.year is None else f"{each.column} {each.year}"
        spots.setdefault(f"{each.ruleset}:{each.clause}", []).append(spot)
    if spots:
        yield Text("Cần biết các mức:", "Thresholds to find out:").in_(lang)
    for clause, cells in spots.items():
        yield f"- {clause} ({', '.join(cells)})"
