"""What a ruleset says of a commune, kept up to date: only the clauses that name a changed fact are judged again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

import attrs

from ntm_rules.engine.attested_names import unknown_names
from ntm_rules.engine.compiler import compile_clauses
from ntm_rules.engine.native import DETAILS, criteria_of, standing_of
from ntm_rules.engine.session.deriving import together
from ntm_rules.engine.session.state import Known
from ntm_rules.model.assessment import CODE_OF_STATUS, Assessment, Status, attested_under
from ntm_rules.model.checking import place_of
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import CommuneError, NtmRulesError
from ntm_rules.model.facts import SEXES
from ntm_rules.model.requirement import Clause, RulesetMet, requirements_of
from ntm_rules.model.ruleset import Ruleset, SpecialCommunes, WithdrawalByRuleset, clause_facts

__all__ = [
    "MISSING",
    "UNDETERMINED",
    "Engine",
    "EngineError",
    "Incremental",
    "Judged",
    "Where",
    "assessment_of",
    "can_judge",
    "clauses_of",
    "judged_of",
    "named_facts",
    "ruleset_facts",
    "rulesets_below",
    "where_judged",
    "with_sexes",
    "without_sex",
]

UNDETERMINED, MISSING = CODE_OF_STATUS[Status.UNDETERMINED], CODE_OF_STATUS[Status.MISSING]


@attrs.frozen(slots=True, kw_only=True)
class Judged:
    """What a ruleset says of a commune, in the codes of `Assessment`.

    `codes` are those of `clauses_of` the ruleset; `verdict`, `standing` and `recognition` are as in an assessment, `at_risk` is the
    answer on withdrawal.
    """

    ruleset: Ruleset
    column: str
    column_rule: SpecialCommunes | None
    year: int | None
    codes: tuple[int, ...]
    criteria: tuple[int, ...]
    verdict: int
    standing: int
    recognition: int
    at_risk: bool | None


class EngineError(NtmRulesError, RuntimeError):
    """An engine failed on a commune, which is set apart until `Session.release`; the others are not touched."""


class Engine(Protocol):
    """What judges communes that every ruleset can judge. `judge` is asked first, then `rejudge` after every change of facts alone."""

    def judge(self, known: Known) -> tuple[Judged, ...]: ...
    def rejudge(self, known: Known, before: tuple[Judged, ...], keys: Collection[str]) -> tuple[Judged, ...]: ...
    def forget(self, code: str) -> None: ...
    def close(self) -> None: ...


def clauses_of(ruleset: Ruleset) -> tuple[Clause, ...]:
    """Indicators, conditions and prerequisites, in this order."""
    return (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)


def named_facts(clause: Clause) -> set[str]:
    """The facts that may change what is said of a clause, those of rulesets it requires too; without sexes."""
    named = {without_sex(key) for key in clause_facts(clause)}
    for requirement in requirements_of(clause):
        if isinstance(requirement, RulesetMet):
            named |= ruleset_facts(requirement.ruleset)
    return named


def rulesets_below(clauses: Iterable[Clause]) -> Iterator[Ruleset]:
    """The rulesets that some clauses require to be met, and those that these require."""
    for clause in clauses:
        for requirement in requirements_of(clause):
            if isinstance(requirement, RulesetMet):
                yield requirement.ruleset
                yield from rulesets_below(clauses_of(requirement.ruleset))


def ruleset_facts(ruleset: Ruleset) -> set[str]:
    """The facts that may change what a ruleset says; without sexes."""
    return set().union(*map(named_facts, clauses_of(ruleset)))


def without_sex(key: str) -> str:
    """The fact that a key is of, whether it is of men, of women or of all."""
    name, _, sex = key.rpartition(".")
    return name if sex in SEXES else key


def with_sexes(key: str) -> tuple[str, ...]:
    """The keys of a fact: of all, of men and of women."""
    name = without_sex(key)
    return (name, *(f"{name}.{sex}" for sex in SEXES))


def assessment_of(judged: Judged, commune: Commune) -> Assessment:
    """The assessment that `evaluate` gives of the same commune."""
    ruleset = judged.ruleset
    indicators = len(ruleset.indicators)
    conditions = judged.codes[indicators : indicators + len(ruleset.conditions)]
    return Assessment(
        ruleset=ruleset,
        commune=commune,
        column=judged.column,
        column_rule=judged.column_rule,
        year=judged.year,
        strict=False,
        codes=judged.codes[:indicators],
        criteria=judged.criteria,
        conditions=together(conditions),
        details=DETAILS,
    )


# Where a commune is judged: column, the rule that sends it there, year.
Where = tuple[str, SpecialCommunes | None, int | None]


def where_judged(ruleset: Ruleset, known: Known) -> Where:
    """The cells that judge a commune; CommuneError where its region is not known."""
    identity: dict[str, Any] = {key: known.identity.get(key) for key in ("region", "province", "zone")}
    column, rule = place_of(ruleset, Commune(**identity))
    return column, rule, known.identity.get("year")


def judged_of(ruleset: Ruleset, where: Where, codes: tuple[int, ...], known: Known) -> Judged:
    """What follows from the codes of the clauses."""
    indicators = len(ruleset.indicators)
    conditions = indicators + len(ruleset.conditions)
    criteria = criteria_of(ruleset, codes[:indicators])
    verdict = together(criteria) | (0 if ruleset.complete else UNDETERMINED)
    standing = verdict | together(codes[conditions:])
    column, rule, year = where
    judged = Judged(
        ruleset=ruleset,
        column=column,
        column_rule=rule,
        year=year,
        codes=codes,
        criteria=criteria,
        verdict=verdict,
        standing=standing,
        recognition=standing | together(codes[indicators:conditions]),
        at_risk=None,
    )
    # Only a rule that rests on another ruleset looks at the commune itself.
    commune = known.commune() if isinstance(ruleset.withdrawal, WithdrawalByRuleset) else Commune()
    return attrs.evolve(judged, at_risk=assessment_of(judged, commune).at_risk.answer)


def can_judge(ruleset: Ruleset, known: Known) -> bool:
    """Whether it is judged: something was recorded, its place is known, and `evaluate` would refuse no fact and no verdict."""
    if not known.said or known.wrong or (known.attested and unknown_names(ruleset, known.attested)):
        return False
    try:
        where_judged(ruleset, known)
    except CommuneError:
        return False
    return True


Judge = Callable[[Mapping[str, Any], Any], Any]


class _Clauses:
    """The clauses of a ruleset for one column and year, each group of them compiled when a fact first asks for it."""

    def __init__(self, ruleset: Ruleset, where: Where) -> None:
        self.ruleset, self.where = ruleset, where
        self.clauses = clauses_of(ruleset)
        self.facts = [named_facts(clause) for clause in self.clauses]
        self.rests_on_rulesets = [
            any(isinstance(requirement, RulesetMet) for requirement in requirements_of(clause))
            for clause in self.clauses
        ]
        withdrawal = ruleset.withdrawal
        self.at_risk_facts = ruleset_facts(withdrawal.ruleset) if isinstance(withdrawal, WithdrawalByRuleset) else set()
        self._groups: dict[tuple[int, ...], tuple[Judge, set[str], bool]] = {}
        self._touched: dict[str, tuple[int, ...]] = {}

    def touched(self, keys: Iterable[str]) -> tuple[int, ...]:
        """The places of the clauses that name any of some facts."""
        found: set[int] = set()
        for key in set(map(without_sex, keys)):
            places = self._touched.get(key)
            if places is None:
                places = tuple(place for place, facts in enumerate(self.facts) if key in facts)
                self._touched[key] = places
            found.update(places)
        return tuple(sorted(found))

    def codes(self, places: tuple[int, ...], known: Known) -> Iterator[tuple[int, int]]:
        """The code of each of some clauses, agencies' verdicts deciding what the facts leave open."""
        judge, wanted, needs_commune = self._group(places)
        given = known.fact
        facts = {key: given[key] for key in wanted if key in given}
        found = judge(facts, known.commune() if needs_commune else None)[0]
        verdicts = attested_under(self.ruleset.id, known.attested) if known.attested else {}
        for place, code in zip(places, found, strict=True):
            verdict = verdicts.get(self.clauses[place].id) if code == UNDETERMINED else None
            yield place, code if verdict is None else 0 if verdict else MISSING

    def _group(self, places: tuple[int, ...]) -> tuple[Judge, set[str], bool]:
        group = self._groups.get(places)
        if group is None:
            column, rule, year = self.where
            clauses = tuple(self.clauses[place] for place in places)
            named = set().union(*(self.facts[place] for place in places))
            keys = named | {f"{key}.{sex}" for key in named for sex in SEXES}
            own = set().union(*(map(without_sex, clause_facts(clause)) for clause in clauses))
            keys = {key for key in keys if without_sex(key) in own}
            judge = compile_clauses(self.ruleset, clauses, column, year, rule, standing_of)
            group = (judge, keys, any(self.rests_on_rulesets[place] for place in places))
            self._groups[places] = group
        return group


class Incremental:
    """The engine `native`: the clauses that name a changed fact, judged by the code that `evaluate` compiles."""

    def __init__(self, rulesets: tuple[Ruleset, ...]) -> None:
        self._rulesets = rulesets
        self._clauses: dict[tuple[int, Where], _Clauses] = {}

    def _of(self, place: int, where: Where) -> _Clauses:
        found = self._clauses.get((place, where))
        if found is None:
            found = self._clauses[place, where] = _Clauses(self._rulesets[place], where)
        return found

    def judge(self, known: Known) -> tuple[Judged, ...]:
        """Every ruleset on everything known; CommuneError where the region is not known."""
        return tuple(self._judge(place, known) for place in range(len(self._rulesets)))

    def judge_those(self, known: Known) -> tuple[Judged | None, ...]:
        """Every ruleset that can judge, None for the others."""
        return tuple(
            self._judge(place, known) if can_judge(ruleset, known) else None
            for place, ruleset in enumerate(self._rulesets)
        )

    def _judge(self, place: int, known: Known) -> Judged:
        ruleset = self._rulesets[place]
        where = where_judged(ruleset, known)
        every = self._of(place, where)
        codes = tuple(code for _, code in every.codes(tuple(range(len(every.clauses))), known))
        return judged_of(ruleset, where, codes, known)

    def rejudge(self, known: Known, before: tuple[Judged, ...], keys: Collection[str]) -> tuple[Judged, ...]:
        """What is said after some facts have changed."""
        return tuple(self._rejudge(place, known, judged, keys) for place, judged in enumerate(before))

    def _rejudge(self, place: int, known: Known, before: Judged, keys: Collection[str]) -> Judged:
        where = (before.column, before.column_rule, before.year)
        clauses = self._of(place, where)
        touched = clauses.touched(keys)
        codes = before.codes
        if touched:
            changed = list(codes)
            for at, code in clauses.codes(touched, known):
                changed[at] = code
            codes = tuple(changed)
        if codes == before.codes and clauses.at_risk_facts.isdisjoint(map(without_sex, keys)):
            return before
        return judged_of(before.ruleset, where, codes, known)

    def forget(self, code: str) -> None:
        """Nothing is held of a commune."""

    def close(self) -> None:
        """Nothing is held."""
