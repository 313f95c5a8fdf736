"""What a rule change does to a real population: who gains, who loses, by which indicators, and who stands near a threshold."""

from __future__ import annotations

import collections
import itertools
import json
import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from ntm_rules.changes import impact_page, impact_words
from ntm_rules.changes.change import ChangeKind
from ntm_rules.changes.difference import compare
from ntm_rules.changes.matching import counterparts
from ntm_rules.engine.native import evaluate, leaning
from ntm_rules.explain.names import named
from ntm_rules.model.assessment import CODE_OF_STATUS, STATUS_OF_CODE, Assessment, Status, Verdict
from ntm_rules.model.commune import Commune, given_before
from ntm_rules.model.errors import FactError, NtmRulesError, Problem, check_language
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, shown
from ntm_rules.model.values import canonical

__all__ = ["Effect", "Impact", "IndicatorImpact", "impact"]

_HARMLESS = (ChangeKind.TEXT, ChangeKind.RENUMBERED, ChangeKind.EVIDENCE)
_HELD = (Status.MET, Status.NOT_APPLICABLE)
Pair = tuple[str | None, str | None]
Move = tuple[Status | None, Status | None]
Codes = tuple[int | None, ...]


@attrs.frozen(slots=True, kw_only=True)
class Effect:
    """What the change does to one commune: its verdicts, and the indicators that make the difference.

    `lost` and `opened` are numbers of the new ruleset: no longer met, or no longer decidable; `won` are met now and were not,
    under their new number, or their old one where the indicator is gone. `near` are not met, and would be if every number within
    the margin of its threshold passed it; `thin` are met, and would not be if every number within the margin failed it.
    """

    code: str | None
    name: str | None
    host_id: Any
    old: Verdict
    new: Verdict
    lost: tuple[str, ...]
    won: tuple[str, ...]
    opened: tuple[str, ...]
    missing: tuple[str, ...]
    near: tuple[str, ...]
    thin: tuple[str, ...]
    undetermined: int

    @property
    def gains(self) -> bool:
        """Whether the commune meets the new ruleset and did not meet the old one."""
        return self.new is Verdict.MET is not self.old

    @property
    def loses(self) -> bool:
        """Whether the commune met the old ruleset and does not meet the new one."""
        return self.old is Verdict.MET is not self.new

    @property
    def falls(self) -> bool:
        """Whether the commune, of which not all is known, now misses the ruleset for sure and did not before."""
        return self.old is Verdict.UNDETERMINED and self.new is Verdict.MISSING

    @property
    def rises(self) -> bool:
        """Whether the commune missed the old ruleset and may, by what is known, meet the new one."""
        return self.old is Verdict.MISSING and self.new is Verdict.UNDETERMINED

    @property
    def almost(self) -> bool:
        """Whether all that keeps the commune from the new ruleset lies within the margin."""
        return bool(self.missing) and not self.undetermined and set(self.missing) == set(self.near)

    def to_dict(self) -> dict[str, Any]:
        """The effect as JSON-ready data."""
        return attrs.asdict(self, value_serializer=lambda _, __, value: _plain(value))


@attrs.frozen(slots=True, kw_only=True)
class IndicatorImpact:
    """What becomes of one indicator: its numbers in both rulesets, None where one lacks it, and how many communes moved how.

    `near` and `thin` count the communes for which the new indicator is near being met, or met by no more than the margin (see
    `Effect`).
    """

    old: str | None
    new: str | None
    label: Text
    moves: Mapping[Move, int] = attrs.field(hash=False)
    near: int
    thin: int

    @property
    def lost(self) -> int:
        """Communes that miss it now and did not before."""
        return sum(count for move, count in self.moves.items() if _lost(*move))

    @property
    def won(self) -> int:
        """Communes that missed it and no longer do, because they meet it or because it is gone."""
        return sum(count for move, count in self.moves.items() if _won(*move))

    @property
    def opened(self) -> int:
        """Communes for which it can no longer be decided."""
        return sum(count for move, count in self.moves.items() if _opened(*move))

    def to_dict(self) -> dict[str, Any]:
        """The impact on the indicator as JSON-ready data."""
        moves = [
            {"old": old and old.value, "new": new and new.value, "communes": count}
            for (old, new), count in self.moves.items()
        ]
        counts = {"lost": self.lost, "won": self.won, "opened": self.opened, "near": self.near, "thin": self.thin}
        return {"old": self.old, "new": self.new, "label": attrs.asdict(self.label), **counts, "moves": moves}


@attrs.frozen(slots=True, kw_only=True, repr=False)
class Impact:
    """The impact of a rule change on a population; see `impact`.

    `effects` has every commune in the order given, `indicators` every indicator of either ruleset in official order, `refused`
    the communes that could not be judged, each by name with what is wrong. `margin` is in percent of the threshold. All of it is
    about verdicts: `recognition` names the conditions and prerequisites that changed, of which no verdict speaks.
    """

    old: Ruleset
    new: Ruleset
    margin: Decimal
    effects: tuple[Effect, ...]
    indicators: tuple[IndicatorImpact, ...]
    recognition: tuple[str, ...]
    refused: tuple[tuple[str, tuple[Problem, ...]], ...]

    @property
    def gains(self) -> tuple[Effect, ...]:
        """The communes that meet the new ruleset and did not meet the old one."""
        return tuple(effect for effect in self.effects if effect.gains)

    @property
    def loses(self) -> tuple[Effect, ...]:
        """The communes that met the old ruleset and do not meet the new one."""
        return tuple(effect for effect in self.effects if effect.loses)

    @property
    def falls(self) -> tuple[Effect, ...]:
        """The communes with open indicators that now miss the ruleset for sure, and did not before."""
        return tuple(effect for effect in self.effects if effect.falls)

    @property
    def rises(self) -> tuple[Effect, ...]:
        """The communes with open indicators that missed the old ruleset and may meet the new one."""
        return tuple(effect for effect in self.effects if effect.rises)

    @property
    def almost(self) -> tuple[Effect, ...]:
        """The communes that miss the new ruleset by indicators within the margin only."""
        return tuple(effect for effect in self.effects if effect.almost)

    @property
    def near(self) -> tuple[Effect, ...]:
        """The communes with indicators that are near being met."""
        return tuple(effect for effect in self.effects if effect.near)

    @property
    def thin(self) -> tuple[Effect, ...]:
        """The communes with indicators met by no more than the margin."""
        return tuple(effect for effect in self.effects if effect.thin)

    @property
    def verdicts(self) -> dict[tuple[Verdict, Verdict], int]:
        """How many communes have which verdict under the old and the new ruleset."""
        return dict(collections.Counter((effect.old, effect.new) for effect in self.effects))

    def report(self, lang: Language = "vi") -> str:
        """The impact as plain text with a chart, fit to be pasted into a report; of long lists the first twenty communes."""
        return impact_words.report(self, check_language(lang))

    def to_html(self, lang: Language = "vi") -> str:
        """The impact as an HTML page of its own: every commune in lists that open, and a table with bars."""
        return impact_page.page(self, check_language(lang))

    def to_dict(self) -> dict[str, Any]:
        """The impact as stable, versioned, JSON-ready data (schema: rulesets/schema/impact.schema.json)."""
        return {
            "format": "ntm-rules/impact/1",
            "old": self.old.reference(),
            "new": self.new.reference(),
            "margin_percent": format(self.margin, "f"),
            "communes": len(self.effects),
            "verdicts": [
                {"old": old.value, "new": new.value, "communes": count} for (old, new), count in self.verdicts.items()
            ],
            "gains": [effect.to_dict() for effect in self.gains],
            "loses": [effect.to_dict() for effect in self.loses],
            "falls": [effect.to_dict() for effect in self.falls],
            "rises": [effect.to_dict() for effect in self.rises],
            "almost": [effect.to_dict() for effect in self.almost],
            "near": [effect.to_dict() for effect in self.near],
            "thin": [effect.to_dict() for effect in self.thin],
            "indicators": [found.to_dict() for found in self.indicators],
            "recognition": list(self.recognition),
            "refused": [{"commune": name, "problems": [p.to_dict() for p in found]} for name, found in self.refused],
        }

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, default=str)

    def __repr__(self) -> str:
        return f"<Impact {self.old.id} → {self.new.id}: {len(self.effects)} communes, {len(self.gains)} gain, {len(self.loses)} lose>"

    def __str__(self) -> str:
        return self.report("vi")

    def _repr_html_(self) -> str:
        return impact_page.fragment(self, "vi")


def impact(
    old: Ruleset,
    new: Ruleset,
    communes: Iterable[Commune],
    *,
    margin: Decimal | str | int = 5,
    threshold_year: int | None = None,
) -> Impact:
    """Judge a population under two rulesets and say who gains, who loses, and which indicators cause it.

    `margin` is a percentage of the threshold: an indicator is near where it is not met and would be if every number within the
    margin of its threshold passed it, thin where it is met and would not be if every such number failed it. Parts are put together
    by the same three-valued logic as in judging; conditions on the commune, categories, "Đạt" and required rulesets are taken as
    they are. `threshold_year` takes the new ruleset's thresholds of that year, to ask what another phase would make of the same
    figures. Indicators are matched by number between two texts of one ruleset, and by the facts they use between two rulesets. A
    commune that cannot be judged is in `refused`, and so is one of which the code and year were given before.

    Raises `FactError` where the margin is no number of at least 0.

    >>> import ntm_rules as ntm
    >>> old, new = (ntm.load_ruleset("2021-2025/xa-ntm", on=day) for day in ("2024-02-29", "2024-03-01"))
    >>> commune = ntm.Commune(name="Xã Ví Dụ", region="dbsh", year=2023, facts={"clean_water_households_pct": 70})
    >>> ntm.impact(old, new, [commune])
    <Impact 2021-2025/xa-ntm → 2021-2025/xa-ntm: 1 communes, 0 gain, 0 lose>
    """
    width = _margin(margin)
    pairs = counterparts(old, new)
    of_old, of_new = (_in_order(ruleset, [pair[side] for pair in pairs]) for side, ruleset in enumerate((old, new)))
    best, worst = (leaning(margin=width, passing=passing) for passing in (True, False))
    effects: list[Effect] = []
    moves: list[tuple[Codes, Codes]] = []
    refused: list[tuple[str, tuple[Problem, ...]]] = []
    seen: dict[Any, str] = {}
    for place, commune in enumerate(communes):
        again = given_before(commune, f"communes[{place}]", seen)
        if again is not None:
            refused.append((named(commune), (again,)))
            continue
        try:
            before, after = evaluate(old, commune), evaluate(new, commune, threshold_year=threshold_year)
        except NtmRulesError as error:
            refused.append((named(commune), error.problems))
            continue
        move = of_old(before), of_new(after)
        moves.append(move)
        effects.append(_effect(before, after, pairs, move, best(after), worst(after)))
    return Impact(
        old=old,
        new=new,
        margin=width,
        effects=tuple(effects),
        indicators=_indicators(old, new, pairs, moves, effects),
        recognition=_recognition(old, new),
        refused=tuple(refused),
    )


def _recognition(old: Ruleset, new: Ruleset) -> tuple[str, ...]:
    """The conditions of recognition and prerequisites of which something else is asked than before."""
    changes = compare(old, new).changes
    found = (c.indicator for c in changes if c.subject in ("condition", "prerequisite") and c.kind not in _HARMLESS)
    return tuple(dict.fromkeys(number for number in found if number is not None))


def _in_order(ruleset: Ruleset, numbers: list[str | None]) -> Callable[[Assessment], Codes]:
    """Gives the codes of an assessment in the order of some numbers, None where there is none."""
    places = [-1 if number is None else ruleset.numbers.index(number) for number in numbers]
    return lambda assessment: tuple(map((*assessment.codes, None).__getitem__, places))


def _effect(
    before: Assessment,
    after: Assessment,
    pairs: tuple[Pair, ...],
    move: tuple[Codes, Codes],
    best: tuple[int, ...],
    worst: tuple[int, ...],
) -> Effect:
    """What the change does to one commune; `best` and `worst` are its codes with every number near its threshold pushed up or down."""
    changes = [
        (pair[1] or pair[0] or "", _status(old), _status(new))
        for pair, old, new in zip(pairs, *move, strict=True)
        if old != new
    ]
    lost, won, opened = (
        tuple(number for number, old, new in changes if test(old, new)) for test in (_lost, _won, _opened)
    )
    numbers, codes, commune = after.ruleset.numbers, after.codes, after.commune
    return Effect(
        code=commune.code,
        name=commune.name,
        host_id=commune.host_id,
        old=before.verdict,
        new=after.verdict,
        lost=lost,
        won=won,
        opened=opened,
        missing=after.numbers(Status.MISSING),
        near=tuple(n for n, code, pushed in zip(numbers, codes, best, strict=True) if pushed == 0 and code > 1),
        thin=tuple(n for n, code, pushed in zip(numbers, codes, worst, strict=True) if code == 0 and pushed > 1),
        undetermined=codes.count(CODE_OF_STATUS[Status.UNDETERMINED]),
    )


def _indicators(
    old: Ruleset, new: Ruleset, pairs: tuple[Pair, ...], moves: list[tuple[Codes, Codes]], effects: list[Effect]
) -> tuple[IndicatorImpact, ...]:
    """What becomes of each indicator, counted over the communes."""
    near, thin = (
        collections.Counter(itertools.chain.from_iterable(map(numbers, effects)))
        for numbers in (operator.attrgetter("near"), operator.attrgetter("thin"))
    )
    counted = [
        collections.Counter((before[place], after[place]) for before, after in moves) for place in range(len(pairs))
    ]
    return tuple(
        IndicatorImpact(
            old=pair[0],
            new=pair[1],
            label=(new.indicator(pair[1]) if pair[1] else old.indicator(pair[0] or "")).label,
            moves={(_status(before), _status(after)): count for (before, after), count in found.items()},
            near=near[pair[1]],
            thin=thin[pair[1]],
        )
        for pair, found in zip(pairs, counted, strict=True)
    )


def _status(code: int | None) -> Status | None:
    return None if code is None else STATUS_OF_CODE[code]


def _lost(old: Status | None, new: Status | None) -> bool:
    return new is Status.MISSING and old is not Status.MISSING


def _won(old: Status | None, new: Status | None) -> bool:
    return old is Status.MISSING and (new is None or new in _HELD)


def _opened(old: Status | None, new: Status | None) -> bool:
    return new is Status.UNDETERMINED and old is not Status.UNDETERMINED


def _margin(margin: Decimal | str | int) -> Decimal:
    try:
        width = canonical(margin)
    except (ValueError, ArithmeticError):
        width = None
    if isinstance(width, Decimal) and width >= 0:
        return width
    raise FactError(
        [
            Problem(
                code="bad_margin",
                key="margin",
                found=shown(margin),
                message=Text("biên không hợp lệ", "not a margin"),
                wanted=Text("số phần trăm của mức, từ 0", "a percentage of the threshold, 0 or more"),
            )
        ]
    )


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Verdict) else value
