"""A ruleset compiled to SQL, to be run where the facts lie: the same meaning as `evaluate`, in the host's own engine."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import sqlglot
from sqlglot import exp

from ntm_rules.engine.attested_names import unknown_names
from ntm_rules.engine.sql.query import OUTPUTS, Query, build, refusals_of
from ntm_rules.engine.sql.refused import Refusal
from ntm_rules.engine.sql.sources import (
    ATTESTED,
    IDENTITY,
    PLACE,
    Facts,
    carried,
    columns_read,
    fact_columns,
    facts_of,
    long_source,
    required_rulesets,
    wide_source,
)
from ntm_rules.engine.sql.terms import column, is_null
from ntm_rules.model.checking import half_ratio
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.facts import SIDES
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.model.years import fact_year

__all__ = ["Output", "check_output", "compile_sql", "wrong_columns"]

Output = Literal["communes", "indicators", "statuses", "rejected"]


def compile_sql(
    ruleset: Ruleset,
    *,
    dialect: str = "duckdb",
    source: str = "communes",
    layout: Literal["wide", "long"] = "wide",
    output: Output = "communes",
    columns: Collection[str] | None = None,
    keep: Collection[str] = (),
    strict: bool = False,
    threshold_year: int | None = None,
    view: str | None = None,
) -> str:
    """The SELECT that judges every commune of a table, as text in a dialect that sqlglot writes.

    `source` is the table's name. Of a "wide" layout it has a row per commune and year, with columns code, region, province, zone, year and
    one for each fact by its key (KEY.male, KEY.female, KEY.numerator and KEY.denominator of a ratio); of a "long" one a row per commune,
    year and fact: fact, value (as text), numerator, denominator. `columns` are the facts it has, those that the ruleset reads where it
    is None; results repeat the columns in `keep`. `output` is what comes out: a row per commune ("communes", "statuses"), per
    commune and indicator ("indicators"), or per thing that is wrong with a row that is not judged ("rejected"). `strict` and
    `threshold_year` are those of `evaluate`. `view` names a view to be created of the query.

    Raises `NtmRulesError` where a choice is none of those there are, a column is no fact, or a name stands for two things.

    >>> import ntm_rules as ntm
    >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    >>> print(compile_sql(rs, source="xa", columns=["income_per_capita"])[:16])
    WITH "source" AS
    """
    _choice("dialect", dialect, [name for name in sqlglot.Dialect.classes if name])
    _choice("layout", layout, ("wide", "long"))
    check_output(output, OUTPUTS)
    have = facts_of(ruleset) if columns is None else tuple(columns)
    if columns is None and layout == "long":  # where every fact has a place for the sides of a ratio
        have = tuple(each for each in fact_columns(ruleset.catalogue) if _without_side(each) in have)
    known = [*fact_columns(ruleset.catalogue), *IDENTITY]
    for name in have:
        if not name.startswith(ATTESTED):
            _choice("columns", name, known)
    if problems := wrong_columns(ruleset, have):
        raise NtmRulesError(problems)
    read = columns_read(ruleset.catalogue, have)
    table = _table(source, dialect)
    rows = wide_source(table, read, keep) if layout == "wide" else long_source(table, read, keep)
    as_text = (*read, *PLACE) if layout == "long" else ()
    query = Query(
        ruleset=ruleset,
        facts=Facts(ruleset.catalogue, frozenset(read), frozenset(as_text)),
        carried=carried(keep),
        source=rows,
        strict=strict,
        threshold_year=fact_year(threshold_year, "threshold_year"),
        dialect=dialect,
    )
    refused = refusals_of(query)
    if layout == "long":  # whose facts they are is not known, and together they are nobody's
        refused += (Refusal("code", "no_code", is_null(column("code"))),)
    tree: exp.Expr = build(query, output, refused)
    if view is not None:
        tree = exp.Create(this=_table(view, dialect), kind="VIEW", expression=tree)
    return tree.sql(dialect=dialect, pretty=True, identify=True, copy=False)  # to copy it takes as long as to write it


def _without_side(name: str) -> str:
    key, _, side = name.rpartition(".")
    return key if side in SIDES else name


def _table(name: str, dialect: str) -> exp.Table:
    """A table by its name as the dialect writes it."""
    try:
        table = exp.to_table(name, dialect=dialect)
    except (sqlglot.ParseError, sqlglot.TokenError):
        table = exp.Table()
    if table.name and isinstance(table.this, exp.Identifier):  # no call of a function
        return table
    message = Text("không phải tên bảng", "not the name of a table")
    wanted = Text('TÊN, LƯỢC_ĐỒ.TÊN, hoặc "tên trong ngoặc kép"', 'NAME, SCHEMA.NAME, or "a name in quotes"')
    raise NtmRulesError([Problem(code="bad_table", key="source", found=shown(name), message=message, wanted=wanted)])


def wrong_columns(ruleset: Ruleset, names: Collection[str]) -> list[Problem]:
    """What is wrong with columns together: half a ratio, and verdicts attested on what no ruleset that judges has."""
    verdicts = [name.removeprefix(ATTESTED) for name in names if name.startswith(ATTESTED)]
    found = unknown_names(ruleset, verdicts)
    for own in required_rulesets(ruleset):
        of_own = [name for name in verdicts if name.startswith(f"{own.id}:")]
        found += [problem for problem in unknown_names(own, of_own) if problem not in found]
    for name in names:
        key, _, side = name.rpartition(".")
        if side in SIDES and not all(f"{key}.{each}" in names for each in SIDES):
            found.append(half_ratio(key, side, shown(name)))
    return found


def check_output(output: str, known: Collection[str]) -> None:
    """Refuse an output that is none of the known ones."""
    _choice("output", output, known)


def _choice(key: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        names = ", ".join(known)
        raise NtmRulesError(
            [
                Problem(
                    code=f"unknown_{key}",
                    key=key,
                    found=shown(given),
                    message=Text("không có lựa chọn này", "no such choice"),
                    wanted=Text(names, names),
                    nearest=nearest(given, list(known)),
                )
            ]
        )
