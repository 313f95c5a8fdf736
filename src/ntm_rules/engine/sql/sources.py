"""Where the facts lie: a row per commune, or a row per fact, brought to one shape that the rest of the query reads.

Columns are named as in a CSV of communes: a fact by its key, ``KEY.male``, ``KEY.female``, and ``….numerator``,
``….denominator`` of a ratio.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import attrs
from sqlglot import exp

from ntm_rules.engine.sql.terms import alias, all_of, case, column, decimal, known, select, text
from ntm_rules.model.checking import fact_named
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.requirement import Comparison, FactComparison, RulesetMet, leaves, requirements_of
from ntm_rules.model.ruleset import Catalogue, Ruleset, WithdrawalByRuleset, clause_facts

__all__ = [
    "ATTESTED",
    "IDENTITY",
    "PLAIN_NUMBER",
    "SIDES",
    "Facts",
    "columns_read",
    "compared_facts",
    "fact_columns",
    "facts_of",
    "long_source",
    "required_rulesets",
    "wide_source",
]

IDENTITY = ("code", "region", "province", "zone", "year")
SIDES = ("numerator", "denominator")
# Of columns that hold verdicts of agencies: "attested.7", "attested.2021-2025/xa-ntm:7".
ATTESTED = "attested."
_OF_RATIO = tuple(f".{side}" for side in SIDES)

# Exact numbers wide enough for what is measured: 18 digits before the point and 18 after it; a side of a ratio 10 and 4.
NUMBER = (36, 18)
PLAIN_NUMBER = "^[+-]?[0-9]{1,18}([.][0-9]{1,18})?$"
SIDE = (14, 4)
# A threshold that is multiplied by a denominator.
THRESHOLD = (10, 4)
# Facts that are held against another fact, and the factor between them.
COMPARED_FACT = (20, 8)
FACTOR = (8, 4)


@attrs.frozen(slots=True)
class Facts:
    """The facts a query reads: which columns the source has, by the names above.

    Of the columns in `written`, which hold text, the source has "NAME written" too: what stood there before it was read. Those in
    `doubles` are binary floats. `province` tells whether the source says in which province communes lie.
    """

    catalogue: Catalogue
    columns: frozenset[str]
    written: frozenset[str] = frozenset()
    doubles: frozenset[str] = frozenset()
    province: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """The facts of which the source has a column, in the catalogue's order."""
        return tuple(
            key
            for key in fact_columns(self.catalogue)
            if not key.endswith(_OF_RATIO) and (self.has_number(key) or self.has_ratio(key))
        )

    def fact(self, key: str) -> Fact:
        """The catalogue's entry of a fact, or of one by sex."""
        found = fact_named(self.catalogue, key)
        assert found is not None  # the rulebook refuses requirements on facts that are not in the catalogue
        return found

    def has_number(self, key: str) -> bool:
        """Whether the source has a column for the fact itself."""
        return key in self.columns

    def has_ratio(self, key: str) -> bool:
        """Whether the source has numerator and denominator of the fact."""
        return all(f"{key}.{side}" in self.columns for side in SIDES)

    def attested(self, *names: str) -> exp.Expr | None:
        """The verdict attested under the first of the names under which there is one; None where the source has no such column."""
        found = [column(f"{ATTESTED}{name}") for name in names if f"{ATTESTED}{name}" in self.columns]
        return exp.Coalesce(this=found[0], expressions=found[1:]) if len(found) > 1 else found[0] if found else None

    def plain(self, key: str) -> exp.Expr:
        """The fact as the source has it: NULL where it is not given, or given as a ratio."""
        return column(key) if self.has_number(key) else exp.null()

    def sides(self, key: str) -> tuple[exp.Expr, exp.Expr]:
        """Numerator and denominator as exact numbers."""
        numerator, denominator = (decimal(column(f"{key}.{side}"), *SIDE) for side in SIDES)
        return numerator, denominator


def required_rulesets(ruleset: Ruleset) -> Iterator[Ruleset]:
    """The ruleset, and every one that it requires to be met or leaves its withdrawal to, each once."""
    seen: dict[str, Ruleset] = {}

    def walk(own: Ruleset) -> None:
        if own.id in seen:
            return
        seen[own.id] = own
        for clause in (*own.indicators, *own.prerequisites, *own.conditions):
            for leaf in leaves(clause):
                if isinstance(leaf.requirement, RulesetMet):
                    walk(leaf.requirement.ruleset)
        if isinstance(own.withdrawal, WithdrawalByRuleset):
            walk(own.withdrawal.ruleset)

    walk(ruleset)
    yield from seen.values()


def facts_of(ruleset: Ruleset) -> tuple[str, ...]:
    """The keys of every fact that the ruleset, or one that it requires, reads; those by sex too."""
    keys: dict[str, None] = {}
    for own in required_rulesets(ruleset):
        for clause in (*own.indicators, *own.prerequisites, *own.conditions):
            keys |= dict.fromkeys(clause_facts(clause))
            for leaf in leaves(clause):
                requirement = leaf.requirement
                if isinstance(requirement, Comparison) and requirement.both_sexes:
                    keys |= dict.fromkeys(f"{requirement.fact}.{sex}" for sex in SEXES)
    return tuple(keys)


def compared_facts(ruleset: Ruleset) -> Iterator[str]:
    """The facts that are held against other facts, which are compared as numbers of so many digits."""
    for own in required_rulesets(ruleset):
        for clause in (*own.indicators, *own.prerequisites, *own.conditions):
            for requirement in requirements_of(clause):
                if isinstance(requirement, FactComparison):
                    yield from (requirement.fact, requirement.other)


def fact_columns(catalogue: Catalogue) -> dict[str, FactKind]:
    """Every column that a table of facts may have beside the commune's identity, with its kind."""
    found: dict[str, FactKind] = {}
    for key, fact in catalogue.facts.items():
        for name in (key, *(f"{key}.{sex}" for sex in SEXES if fact.by_sex)):
            found[name] = fact.kind
            if fact.kind is FactKind.PERCENT:
                found |= dict.fromkeys((f"{name}.{side}" for side in SIDES), FactKind.NUMBER)
    return found


def columns_read(catalogue: Catalogue, names: Collection[str]) -> dict[str, FactKind]:
    """Those of the names that are columns of facts or of attested verdicts, with the kind of their values."""
    found = {name: kind for name, kind in fact_columns(catalogue).items() if name in names}
    return found | dict.fromkeys((name for name in names if name.startswith(ATTESTED)), FactKind.BOOLEAN)


def wide_source(table: exp.Expr, columns: Collection[str], keep: Collection[str]) -> exp.Select:
    """The columns that are read of a table with a row per commune."""
    return select(table, (column(name) for name in (*keep, *columns)))


def long_source(table: exp.Expr, columns: Mapping[str, FactKind], identity: Collection[str]) -> exp.Select:
    """A table with a row per commune and fact (columns `fact`, `value` as text, `numerator`, `denominator`) turned into a row per commune and year.

    What stands there as text is read where it is a plain number, "true" or "false". What is not, and a fact that is given twice
    and otherwise, is no value, and stands in "NAME written" alone.
    """
    gathered = []
    for name in columns:
        key, _, side = name.rpartition(".")
        own, source = (key, side) if side in SIDES else (name, "value")
        given = case((exp.EQ(this=column("fact"), expression=text(own)), exp.cast(column(source), "TEXT")))
        gathered += [alias(exp.Min(this=given), f"{name} first"), alias(exp.Max(this=given.copy()), f"{name} last")]
    groups = [column(name) for name in identity]
    rows = select(table, [*groups, *gathered]).group_by(*(group.copy() for group in groups), copy=False)
    read = [alias(_of_text(name, kind), name) for name, kind in columns.items()]
    written = [alias(_written(name), f"{name} written") for name in columns]
    return select(rows.subquery("given", copy=False), [*(group.copy() for group in groups), *read, *written])


def _of_text(name: str, kind: FactKind) -> exp.Expr:
    """A value as its kind, where it is given once and well."""
    first = column(f"{name} first")
    once = exp.EQ(this=first, expression=column(f"{name} last"))
    if kind is FactKind.BOOLEAN:
        said = exp.Lower(this=first.copy())
        return case(
            (all_of([once, exp.EQ(this=said, expression=text("true"))]), exp.true()),
            (all_of([once.copy(), exp.EQ(this=said.copy(), expression=text("false"))]), exp.false()),
        )
    if not kind.is_number:
        return case((once, first.copy()))
    plain = exp.RegexpLike(this=first.copy(), expression=text(PLAIN_NUMBER))
    return case((all_of([once, plain]), decimal(first.copy(), *NUMBER)))


def _written(name: str) -> exp.Expr:
    first, last = column(f"{name} first"), column(f"{name} last")
    both = exp.func("CONCAT", first.copy(), text(" | "), last.copy())
    return case((exp.EQ(this=first, expression=last), first.copy()), otherwise=case((known(first), both)))
