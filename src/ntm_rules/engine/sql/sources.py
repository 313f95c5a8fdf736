"""Where the facts lie: a row per commune, or a row per fact, brought to one shape that the rest of the query reads.

Columns are named as in a CSV of communes: a fact by its key, ``KEY.male``, ``KEY.female``, and ``….numerator``,
``….denominator`` of a ratio.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import attrs
from sqlglot import exp

from ntm_rules.engine.sql.terms import alias, all_of, case, column, decimal, known, number, select, text
from ntm_rules.model.checking import fact_named
from ntm_rules.model.facts import SEXES, SIDES, Fact, FactKind
from ntm_rules.model.requirement import Comparison, FactComparison, RulesetMet, leaves, requirements_of
from ntm_rules.model.ruleset import Catalogue, Ruleset, WithdrawalByRuleset, clause_facts

__all__ = [
    "ATTESTED",
    "IDENTITY",
    "KEPT",
    "PLACE",
    "PLAIN_NUMBER",
    "Facts",
    "carried",
    "columns_read",
    "compared_facts",
    "fact_columns",
    "facts_of",
    "long_source",
    "of_denominator",
    "required_rulesets",
    "wide_source",
]

# Identity, of which results repeat code and year; every other column that they repeat is called KEPT within the query, apart from
# facts and from what is worked out of them.
PLACE = ("region", "province", "zone")
IDENTITY = ("code", *PLACE, "year")
# Of columns that hold verdicts of agencies: "attested.7", "attested.2021-2025/xa-ntm:7".
ATTESTED = "attested."
KEPT = "kept "
_OF_RATIO = tuple(f".{side}" for side in SIDES)

# Exact numbers wide enough for what is measured: 18 digits before the point and 18 after it; a side of a ratio 10 and 4.
NUMBER = (36, 18)
PLAIN_NUMBER = "^[+-]?[0-9]{1,18}([.][0-9]{1,18})?$"
SIDE = (14, 4)
# Of two numbers of at most 18 digits DuckDB keeps 18 in their product: one of them is wider.
HUNDREDFOLD = (19, 4)
# A threshold that is multiplied by a denominator, and their product.
THRESHOLD = (10, 4)
PRODUCT = (25, 8)
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
        """Numerator, times a hundred, and denominator as exact numbers."""
        numerator, denominator = (decimal(column(f"{key}.{side}"), *SIDE) for side in SIDES)
        return decimal(exp.Mul(this=numerator, expression=number(100)), *HUNDREDFOLD), denominator


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


def of_denominator(threshold: exp.Expr, denominator: exp.Expr) -> exp.Expr:
    """What so many percent of a denominator are, times a hundred, exact in every engine."""
    wide = decimal(denominator, *HUNDREDFOLD)
    return decimal(exp.Mul(this=wide, expression=decimal(threshold, *THRESHOLD)), *PRODUCT)


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


def carried(keep: Collection[str]) -> dict[str, str]:
    """The columns that every result repeats, `keep` first, and what each is called within the query."""
    kept = {name: f"{KEPT}{name}" for name in keep if name not in ("code", "year")}
    return kept | {name: name for name in ("code", "year")}


def wide_source(table: exp.Expr, columns: Collection[str], keep: Collection[str]) -> exp.Select:
    """The columns that are read of a table with a row per commune."""
    return select(table, [*_renamed(keep), *map(column, (*IDENTITY, *columns))])


def _renamed(keep: Collection[str]) -> list[exp.Expr]:
    return [alias(column(name), inner) for name, inner in carried(keep).items() if name != inner]


def long_source(table: exp.Expr, columns: Mapping[str, FactKind], keep: Collection[str]) -> exp.Select:
    """A table with a row per commune and fact (columns `fact`, `value` as text, `numerator`, `denominator`) turned into a row per commune and year.

    What stands there as text is read where it is a plain number, "true" or "false". What is not, and a fact or place that is
    given twice and otherwise, is no value, and stands in "NAME written" alone. Of `keep`, all rows of a commune say the same.
    """
    gathered = []
    for name in columns:
        key, _, side = name.rpartition(".")
        own, source = (key, side) if side in SIDES else (name, "value")
        given = case((exp.EQ(this=column("fact"), expression=text(own)), exp.cast(column(source), "TEXT")))
        gathered += _first_and_last(name, given)
    for name in PLACE:
        gathered += _first_and_last(name, exp.cast(column(name), "TEXT"))
    kept = list(carried(keep).values())
    groups = [*map(column, [*(name for name in keep if name not in ("code", "year")), "code", "year"])]
    rows = select(table, [*_renamed(keep), column("code"), column("year"), *gathered]).group_by(*groups, copy=False)
    read = [alias(_of_text(name, kind), name) for name, kind in columns.items()]
    places = [alias(case((_once(name), column(f"{name} first"))), name) for name in PLACE]
    written = [alias(_written(name), f"{name} written") for name in (*columns, *PLACE)]
    return select(rows.subquery("given", copy=False), [*map(column, kept), *places, *read, *written])


def _first_and_last(name: str, given: exp.Expr) -> list[exp.Expr]:
    return [alias(exp.Min(this=given), f"{name} first"), alias(exp.Max(this=given.copy()), f"{name} last")]


def _once(name: str) -> exp.Expr:
    """Whether nothing else is given in another row."""
    return exp.EQ(this=column(f"{name} first"), expression=column(f"{name} last"))


def _of_text(name: str, kind: FactKind) -> exp.Expr:
    """A value as its kind, where it is given once and well."""
    first, once = column(f"{name} first"), _once(name)
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
    both = exp.func("CONCAT", first.copy(), text(" | "), last)
    return case((_once(name), first), otherwise=case((known(first), both)))
