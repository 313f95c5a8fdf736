"""What changes around the indicators: the decision, the layers, who is judged by another column, criteria, withdrawal, catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs

from ntm_rules.changes.change import Change, ChangeKind
from ntm_rules.changes.matching import Score, matched
from ntm_rules.changes.order import order_change
from ntm_rules.changes.shown import listed, plain, words
from ntm_rules.explain.numbers import number
from ntm_rules.model.requirement import Clause
from ntm_rules.model.ruleset import (
    Criterion,
    Layer,
    Ruleset,
    Withdrawal,
    WithdrawalByRuleset,
    clause_facts,
    content_form,
)
from ntm_rules.model.text import Text

__all__ = ["catalogue_changes", "criterion_changes", "ruleset_changes"]

# What a field of the ruleset does: a column more or less, or a set that is now complete, is no mere text.
_FIELDS = {
    "id": ChangeKind.TEXT,
    "title": ChangeKind.TEXT,
    "phase": ChangeKind.TEXT,
    "level": ChangeKind.TEXT,
    "tier": ChangeKind.TEXT,
    "province": ChangeKind.TEXT,
    "columns": ChangeKind.CHANGED,
    "criteria_total": ChangeKind.CHANGED,  # shares of criteria missed, for withdrawal, are counted by it
    "indicators_total": ChangeKind.TEXT,
    "complete": ChangeKind.CHANGED,
}


Effect: TypeAlias = Callable[[Ruleset, Ruleset], ChangeKind]


def ruleset_changes(old: Ruleset, new: Ruleset, effect: Effect) -> Iterator[Change]:
    """The changes of a ruleset beside its clauses, criteria and catalogue.

    `effect` says what the change of another ruleset comes to, where its rule withdraws.
    """
    for name, kind in _FIELDS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield _of_ruleset(kind, name, _said(before), _said(after))
    for field in attrs.fields(type(old.decision)):
        before, after = getattr(old.decision, field.name), getattr(new.decision, field.name)
        if before != after:
            yield _of_ruleset(ChangeKind.TEXT, "decision", _named(field.name, before), _named(field.name, after))
    yield from _layer_changes(old.layers, new.layers)
    yield from _special_changes(old, new)
    yield from _withdrawal_changes(old, new, effect)


def _of_ruleset(kind: ChangeKind, aspect: str, old: Text | None, new: Text | None) -> Change:
    return Change(kind=kind, subject="ruleset", aspect=aspect, old=old, new=new)


def _said(value: Any) -> Text | None:
    if value is None or isinstance(value, (Text, str)):
        return words(value)
    if isinstance(value, bool):
        return Text("đủ", "complete") if value else Text("chưa đủ", "not complete")
    if isinstance(value, Iterable):
        return listed(tuple(str(item) for item in value))
    return plain(str(value))


def _named(name: str, value: Any) -> Text | None:
    """A field with its name, for what has several."""
    return None if value is None else plain(f"{name} {value}")


def _layer_changes(old: tuple[Layer, ...], new: tuple[Layer, ...]) -> Iterator[Change]:
    def score(before: Layer, after: Layer) -> Score | None:
        same = (before.name, before.kind, before.province) == (after.name, after.kind, after.province)
        return (1,) if same else None

    found = matched(old, new, score)
    for layer in found.removed:
        yield _of_ruleset(ChangeKind.TEXT, "layers", _layer_shown(layer), None)
    for layer in found.added:
        yield _of_ruleset(ChangeKind.TEXT, "layers", None, _layer_shown(layer))
    for before, after in found.pairs:
        if content_form(before) != content_form(after):
            yield _of_ruleset(ChangeKind.TEXT, "layers", _layer_shown(before), _layer_shown(after))
    pairs = [(before.name, after.name) for before, after in found.pairs]
    yield from order_change(pairs, [layer.name for layer in old], None)


def _layer_shown(layer: Layer) -> Text:
    """A layer's name, the days of its decision, and its note."""
    issued, in_force = (str(day) if day else "?" for day in (layer.decision.issued, layer.decision.in_force))
    note = layer.note or Text("", "")
    other = f" [{layer.decision.number}]" if layer.decision.number != layer.name else ""
    vi = f"{layer.name}{other}, ban hành {issued}, hiệu lực {in_force}. {note.vi}"
    en = f"{layer.name}{other}, issued {issued}, in force {in_force}. {note.en}"
    return Text(vi.strip(), en.strip())


# -- who is judged by another column


def _special_changes(old: Ruleset, new: Ruleset) -> Iterator[Change]:
    before, after = old.special_communes, new.special_communes
    name = "special_communes"
    if before is None or after is None or before.column != after.column:
        if before is not after:
            yield _of_ruleset(ChangeKind.CHANGED, name, _special_shown(old), _special_shown(new))
        return
    for zone in before.zones:
        if zone not in after.zones:
            yield _of_ruleset(ChangeKind.CHANGED, name, _special_shown(old, zone), None)
    for zone in after.zones:
        if zone not in before.zones:
            yield _of_ruleset(ChangeKind.CHANGED, name, None, _special_shown(new, zone))
    if before.zones != after.zones and set(before.zones) == set(after.zones):
        yield _of_ruleset(ChangeKind.TEXT, name, listed(before.zones), listed(after.zones))
    if before.citation != after.citation:
        yield _of_ruleset(ChangeKind.TEXT, name, plain(before.citation), plain(after.citation))
    if before.evidence is not after.evidence:
        yield _of_ruleset(ChangeKind.EVIDENCE, name, plain(before.evidence.value), plain(after.evidence.value))


def _special_shown(ruleset: Ruleset, zone: str | None = None) -> Text | None:
    """Communes of a zone, or of all of them, and the column that judges them."""
    special = ruleset.special_communes
    if special is None:
        return None
    known = ruleset.catalogue.zones
    zones = [known.get(key, Text(key, key)) for key in ((zone,) if zone is not None else special.zones)]
    vi, en = "; ".join(text.vi for text in zones), "; ".join(text.en for text in zones)
    return Text(f"{vi}: cột {special.column}", f"{en}: column {special.column}")


# -- withdrawal


def _withdrawal_changes(old: Ruleset, new: Ruleset, effect: Effect) -> Iterator[Change]:
    before, after = old.withdrawal, new.withdrawal
    if before is None and after is None:
        return
    if before is None or after is None:
        kind = ChangeKind.TIGHTENED if before is None else ChangeKind.LOOSENED
        yield _of_ruleset(kind, "withdrawal", _withdrawal_shown(before), _withdrawal_shown(after))
        return
    if isinstance(before, Withdrawal) and isinstance(after, Withdrawal):
        yield from _share_changes(before, after)
        yield from _key_changes(before.key_criteria, after.key_criteria)
    elif _withdrawn_by(before) != _withdrawn_by(after):
        kind = _other_withdrawal(before, after, effect)
        yield _of_ruleset(kind, "withdrawal", _withdrawal_shown(before), _withdrawal_shown(after))
    if before.citation != after.citation:
        yield _of_ruleset(ChangeKind.TEXT, "withdrawal", plain(before.citation), plain(after.citation))
    notes = tuple(getattr(rule, "note", None) for rule in (before, after))
    if notes[0] != notes[1]:
        yield _of_ruleset(ChangeKind.TEXT, "withdrawal", *notes)


def _withdrawn_by(rule: Withdrawal | WithdrawalByRuleset) -> tuple[str, str] | None:
    """The ruleset whose rule withdraws, by id and content; None where the shares stand here."""
    return (rule.ruleset.id, rule.ruleset.content_hash) if isinstance(rule, WithdrawalByRuleset) else None


def _other_withdrawal(
    before: Withdrawal | WithdrawalByRuleset, after: Withdrawal | WithdrawalByRuleset, effect: Effect
) -> ChangeKind:
    """Which of two rules withdraws sooner hangs on the other ruleset's criteria; one and the same rule withdraws as before."""
    if isinstance(before, WithdrawalByRuleset) and isinstance(after, WithdrawalByRuleset):
        found = effect(before.ruleset, after.ruleset)
        if before.ruleset.id == after.ruleset.id and found in (ChangeKind.TEXT, ChangeKind.EVIDENCE):
            return found
    return ChangeKind.CHANGED


def _share_changes(before: Withdrawal, after: Withdrawal) -> Iterator[Change]:
    for name in ("any_share", "key_share"):
        one, other = getattr(before, name), getattr(after, name)
        kind = ChangeKind.TEXT if one == other else ChangeKind.TIGHTENED if other < one else ChangeKind.LOOSENED
        if str(one) != str(other):
            yield _of_ruleset(kind, "withdrawal", _named(name, one), _named(name, other))


def _key_changes(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    """Key criteria: with more of them a title is withdrawn sooner."""
    for number_ in sorted(set(old) - set(new)):
        yield _of_ruleset(ChangeKind.LOOSENED, "key_criteria", plain(number_), None)
    for number_ in sorted(set(new) - set(old)):
        yield _of_ruleset(ChangeKind.TIGHTENED, "key_criteria", None, plain(number_))
    if old != new and set(old) == set(new):
        yield _of_ruleset(ChangeKind.TEXT, "key_criteria", listed(old), listed(new))


def _withdrawal_shown(rule: Withdrawal | WithdrawalByRuleset | None) -> Text | None:
    if rule is None:
        return None
    if isinstance(rule, WithdrawalByRuleset):
        words = Text(f"theo {rule.ruleset.id}", f"by {rule.ruleset.id}")
        return Text(f"{words.vi} ({rule.citation})", f"{words.en} ({rule.citation})")
    keys = ", ".join(rule.key_criteria)
    any_vi, key_vi = number(rule.any_share, "vi"), number(rule.key_share, "vi")
    any_en, key_en = number(rule.any_share, "en"), number(rule.key_share, "en")
    return Text(
        f"từ {any_vi}% số tiêu chí không đạt, hoặc từ {key_vi}% nếu có tiêu chí {keys} ({rule.citation})",
        f"from {any_en}% of criteria not met, or from {key_en}% with one of {keys} ({rule.citation})",
    )


# -- criteria


def criterion_changes(old: Ruleset, new: Ruleset, indicators: Iterable[tuple[Clause, Clause]]) -> Iterator[Change]:
    """The changes of the criteria, matched by number within one ruleset, else by the indicators they share, then by title and number."""
    became = {before.id: after.id for before, after in indicators}

    def score(before: Criterion, after: Criterion) -> Score | None:
        now = {clause.id for clause in after.indicators}
        shared = sum(became.get(clause.id) in now for clause in before.indicators)
        same = (old.id == new.id and before.no == after.no, shared, before.title == after.title, before.no == after.no)
        return same if any(same) else None

    found = matched(old.criteria, new.criteria, score)
    for before, after in found.pairs:
        if before.no != after.no:
            yield _of_criterion(ChangeKind.RENUMBERED, "number", before, after, plain(before.no), plain(after.no))
        if before.title != after.title:
            yield _of_criterion(ChangeKind.TEXT, "title", before, after, before.title, after.title)
    for criterion in found.removed:
        yield _of_criterion(ChangeKind.REMOVED, "title", criterion, None, criterion.title, None)
    for criterion in found.added:
        yield _of_criterion(ChangeKind.ADDED, "title", None, criterion, None, criterion.title)
    yield from _moved_changes(found.pairs, became)
    if old.id == new.id:
        yield from order_change([(a.no, b.no) for a, b in found.pairs], [c.no for c in old.criteria], None)


def _of_criterion(
    kind: ChangeKind, aspect: str, before: Criterion | None, after: Criterion | None, old: Text | None, new: Text | None
) -> Change:
    known = after or before
    assert known is not None
    return Change(
        kind=kind,
        subject="criterion",
        aspect=aspect,
        indicator=known.no,
        old_number=None if before is None else before.no,
        new_number=None if after is None else after.no,
        label=known.title,
        old=old,
        new=new,
    )


def _moved_changes(pairs: Iterable[tuple[Criterion, Criterion]], became: Mapping[str, str]) -> Iterator[Change]:
    """Indicators that kept their number and went to another criterion."""
    home = {clause.id: (before, after) for before, after in pairs for clause in after.indicators}
    for before, after in pairs:
        for clause in before.indicators:
            now = home.get(became.get(clause.id, ""))
            if now is not None and now[1] is not after and became[clause.id] == clause.id:
                yield Change(
                    kind=ChangeKind.RENUMBERED,
                    subject="indicator",
                    aspect="criterion",
                    indicator=clause.id,
                    old_number=clause.id,
                    new_number=clause.id,
                    label=clause.label,
                    old=plain(before.no),
                    new=plain(now[1].no),
                )


# -- catalogue


def catalogue_changes(old: Ruleset, new: Ruleset) -> Iterator[Change]:
    """The changes of the names a ruleset rests on. One of a fact that is asked for, or of a province's region, is more than text."""
    if old.catalogue is new.catalogue:
        return
    used = {
        fact
        for ruleset in (old, new)
        for clause in (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)
        for fact in clause_facts(clause)
    }
    for name in ("facts", "regions", "zones", "provinces"):
        before, after = getattr(old.catalogue, name), getattr(new.catalogue, name)
        for key in sorted(before.keys() | after.keys()):
            if content_form(before.get(key)) != content_form(after.get(key)):
                yield _name_change(name, key, before.get(key), after.get(key), asked=key in used)


# What of a fact or a province can decide about a commune.
_DECIDING = {"facts": {"kind", "by_sex", "low", "high", "values"}, "provinces": {"region"}}


def _name_change(name: str, key: str, before: Any, after: Any, *, asked: bool) -> Change:
    """The change of one name: of a fact asked for, or of a province's region, it is more than text."""
    old, new = content_form(before) or {}, content_form(after) or {}
    fields = [field for field in {**old, **new} if old.get(field) != new.get(field)]
    decides = bool(old and new and _DECIDING.get(name, set()) & set(fields)) and (asked or name == "provinces")
    return Change(
        kind=ChangeKind.CHANGED if decides else ChangeKind.TEXT,
        subject="catalogue",
        aspect=name,
        indicator=key,
        fact=key if name == "facts" else None,
        old=plain("; ".join(f"{field} {old.get(field)}" for field in fields if old)),
        new=plain("; ".join(f"{field} {new.get(field)}" for field in fields if new)),
    )
