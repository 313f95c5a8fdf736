"""A ruleset compiled to SQL, to be run where the facts lie: the same meaning as `evaluate`, in the host's own engine."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import sqlglot
from sqlglot import exp

from ntm_rules.engine.attested_names import unknown_names
from ntm_rules.engine.sql.query import OUTPUTS, Query, build, refusals_of
from ntm_rules.engine.sql.sources import (
    ATTESTED,
    IDENTITY,
    Facts,
    columns_read,
    fact_columns,
    facts_of,
    long_source,
    required_rulesets,
    wide_source,
)
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.model.years import fact_year

__all__ = ["Output", "check_output", "compile_sql", "unknown_verdicts"]

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
    """The SELECT that judges every commune of a table.

    >>> import ntm_rules as ntm
    >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    >>> print(compile_sql(rs, source="xa", columns=["income_per_capita"])[:16])
    WITH "source" AS
    """
    _choice("dialect", dialect, [name for name in sqlglot.Dialect.classes if name])
    _choice("layout", layout, ("wide", "long"))
    check_output(output, OUTPUTS)
    have = facts_of(ruleset) if columns is None else tuple(columns)
    check_columns(ruleset, have)
    read = columns_read(ruleset.catalogue, have)
    table = exp.to_table(source, dialect=dialect)
    identity = [*keep, *IDENTITY]
    rows = wide_source(table, read, identity) if layout == "wide" else long_source(table, read, identity)
    query = Query(
        ruleset=ruleset,
        facts=Facts(ruleset.catalogue, frozenset(read), frozenset(read if layout == "long" else ())),
        carried=(*keep, "code", "year"),
        source=rows,
        strict=strict,
        threshold_year=fact_year(threshold_year, "threshold_year"),
        dialect=dialect,
    )
    tree: exp.Expr = build(query, output, refusals_of(query))
    if view is not None:
        tree = exp.Create(this=exp.to_table(view, dialect=dialect), kind="VIEW", expression=tree)
    return tree.sql(dialect=dialect, pretty=True, identify=True)


def check_columns(ruleset: Ruleset, names: Collection[str]) -> None:
    """Refuse columns that are neither facts nor verdicts attested on an indicator that there is."""
    known = [*fact_columns(ruleset.catalogue), *IDENTITY]
    for name in names:
        if not name.startswith(ATTESTED):
            _choice("columns", name, known)
    if problems := unknown_verdicts(ruleset, names):
        raise NtmRulesError(problems)


def unknown_verdicts(ruleset: Ruleset, names: Collection[str]) -> list[Problem]:
    """What is wrong with columns of attested verdicts, under the ruleset and those that it requires."""
    verdicts = [name.removeprefix(ATTESTED) for name in names if name.startswith(ATTESTED)]
    found = unknown_names(ruleset, verdicts)
    for own in required_rulesets(ruleset):
        of_own = [name for name in verdicts if name.startswith(f"{own.id}:")]
        found += [problem for problem in unknown_names(own, of_own) if problem not in found]
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
