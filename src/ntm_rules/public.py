"""The functions hosts call that need both a rulebook and an engine; re-exported by `ntm_rules`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from ntm_rules.engine import native
from ntm_rules.model.assessment import Ladder
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import DateError, Problem, UnknownNameError
from ntm_rules.model.reaction import Reaction
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.communes import read_communes
from ntm_rules.rulebook.rulebook import TIERS, Rulebook, RulesetSummary, rulebooks, shipped, unknown_ruleset

__all__ = [
    "evaluate_tiers",
    "list_rulesets",
    "load_reactions",
    "load_ruleset",
    "read_communes",
    "rulebook_version",
]

Day = datetime.date | str


def list_rulesets(*, source: str | Path | None = None) -> tuple[RulesetSummary, ...]:
    """The rulesets of the shipped rulebook and of those that installed packages bring, or of the directory `source`.

    >>> [summary.id for summary in list_rulesets() if summary.phase == "2021-2025"]
    ['2021-2025/xa-ntm', '2021-2025/xa-ntm-nang-cao', '2021-2025/xa-ntm-kieu-mau']
    """
    return tuple(summary for book in rulebooks(source) for summary in book.summaries())


def load_ruleset(
    ruleset_id: str,
    *,
    on: Day | None = None,
    known_on: Day | None = None,
    province: str | None = None,
    overlays: Sequence[str | Path | Mapping[str, Any]] = (),
    source: str | Path | None = None,
) -> Ruleset:
    """The ruleset of an id, as in force on a day and for a province.

    `on` leaves out what takes effect later, `known_on` what was issued later (a `date` or "YYYY-MM-DD"); without them every
    layer of the rulebook applies, whatever today is. `province` (a slug or name, as before 2025-07-01) adds that province's
    overlays; `overlays` adds files or documents of your own, in order. `source` reads another rulebook's directory.

    Raises `UnknownNameError` (ruleset, province), `DateError` (not in force yet), `RulebookError` (a file is wrong, an overlay is
    of neither this ruleset nor one it rests on, or a province's cannot be shown to be as strict as the national text).

    >>> rs = load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    >>> rs.threshold("4.2", region="dbsh", year=2023).value
    Decimal('99')
    """
    return _book_of(ruleset_id, source).load(
        ruleset_id, on=_day(on, "on"), known_on=_day(known_on, "known_on"), province=province, overlays=overlays
    )


def _book_of(ruleset_id: str, source: str | Path | None) -> Rulebook:
    """The first rulebook that has a ruleset."""
    ids: list[str] = []
    for book in rulebooks(source):
        if ruleset_id in book.ids:
            return book
        ids += book.ids
    raise unknown_ruleset(ruleset_id, ids)


def evaluate_tiers(
    phase: str,
    commune: Commune,
    *,
    on: Day | None = None,
    known_on: Day | None = None,
    province: str | None = None,
    overlays: Sequence[str | Path | Mapping[str, Any]] = (),
    source: str | Path | None = None,
    strict: bool = False,
    threshold_year: int | None = None,
) -> Ladder:
    """The ladder ntm → nâng cao → kiểu mẫu of a phase: the highest tier met, and what blocks the next.

    Attested verdicts should name their ruleset ("2021-2025/xa-ntm:7"), as the tiers number their indicators differently; a
    number alone ("7") is taken for the lowest tier's. Tiers not yet in force `on` that day, or not issued by `known_on`, are left
    out and named in `Ladder.not_in_force`. Raises what `load_ruleset` and `evaluate` raise; `DateError` where no tier is in force.
    """
    tiers, late = load_tiers(phase, on=on, known_on=known_on, province=province, overlays=overlays, source=source)
    return native.evaluate_tiers(tiers, commune, strict=strict, threshold_year=threshold_year, not_in_force=late)


def load_tiers(
    phase: str,
    *,
    on: Day | None = None,
    known_on: Day | None = None,
    province: str | None = None,
    overlays: Sequence[str | Path | Mapping[str, Any]] = (),
    source: str | Path | None = None,
) -> tuple[tuple[Ruleset, ...], tuple[Problem, ...]]:
    """The commune rulesets of a phase, lowest tier first, and what is said of those not in force on the day asked for.

    Options as those of `load_ruleset`. `DateError` where no tier is in force.
    """
    names = [f"xa-{'ntm' if tier == 'ntm' else f'ntm-{tier}'}" for tier in TIERS]
    known = {known for book in rulebooks(source) for known in book.ids}
    phases = sorted({name.partition("/")[0] for name in known if name.partition("/")[2] in names})
    if phase not in phases:
        raise UnknownNameError(
            [
                Problem(
                    code="unknown_phase",
                    key="phase",
                    found=shown(phase),
                    wanted=Text(", ".join(phases), ", ".join(phases)),
                    nearest=nearest(phase, phases),
                    message=Text("không có bộ tiêu chí xã của giai đoạn này", "no commune rulesets of this phase"),
                )
            ]
        )
    tiers: list[Ruleset] = []
    late: list[Problem] = []
    days = {"on": _day(on, "on"), "known_on": _day(known_on, "known_on")}
    here = [wanted for wanted in (f"{phase}/{name}" for name in names) if wanted in known]
    chain = list(here)
    for wanted in here:
        try:
            tier, rests_on = _book_of(wanted, source).load_chain(wanted, **days, province=province, overlays=overlays)
        except DateError as error:
            late += _not_in_force(error, wanted)
        else:
            tiers.append(tier)
            chain += rests_on
    if not tiers:
        raise DateError(late[:1])
    _book_of(here[0], source).hold_used(overlays, chain)  # of one tier at least
    return tuple(tiers), tuple(late)


def _not_in_force(error: DateError, tier: str) -> tuple[Problem]:
    """What is said of a tier whose text, or one it rests on, came later; any other error of dates is raised."""
    (problem,) = error.problems
    if problem.code != "not_in_force":
        raise error
    return (attrs.evolve(problem, source=tier),)


def load_reactions(path: str | Path | None = None) -> tuple[Reaction, ...]:
    """The reactions of a YAML file, for a `Session`; without a path those that the package brings.

    Raises `RulebookError` with every problem of the file.

    >>> [reaction.name for reaction in load_reactions()]
    ['title-at-risk', 'advanced-title-at-risk', 'near-miss']
    """
    from ntm_rules.rulebook.reactions import read_reactions

    return read_reactions(shipped() / "reactions.yaml" if path is None else path)


def rulebook_version(*, source: str | Path | None = None) -> str:
    """The version of the shipped rulebook (or that of `source`), which changes with its data, not with the code."""
    return next(rulebooks(source)).name_and_version[1]


def _day(day: Day | None, name: str) -> datetime.date | None:
    if day is None or (isinstance(day, datetime.date) and not isinstance(day, datetime.datetime)):
        return day
    if isinstance(day, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        try:
            return datetime.date.fromisoformat(day)
        except ValueError:
            pass
    raise DateError(
        [
            Problem(
                code="bad_date",
                key=name,
                found=shown(day),
                message=Text("không phải ngày", "not a date"),
                wanted=Text("date hoặc 'YYYY-MM-DD'", "a date or 'YYYY-MM-DD'"),
            )
        ]
    )
