"""Small words of SQL as sqlglot trees: names and literals are quoted by the library, never joined as text.

Trees are put together as they are: sqlglot's own builders copy what they are given at every call, which takes seconds for a
query of thousands of lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

from sqlglot import exp

__all__ = [
    "alias",
    "all_of",
    "any_of",
    "case",
    "column",
    "decimal",
    "equal",
    "greatest",
    "is_null",
    "known",
    "negated",
    "number",
    "one_of",
    "relation",
    "select",
    "stripped",
    "text",
    "together",
]


_Part = TypeVar("_Part", bound=exp.Expr)


def column(name: str, table: str | None = None) -> exp.Column:
    """A column by its name, quoted."""
    return exp.column(name, table=table, quoted=True)


def alias(term: exp.Expr, name: str) -> exp.Alias:
    """A term under a name, quoted."""
    return exp.Alias(this=term, alias=exp.to_identifier(name, quoted=True))


def relation(name: str) -> exp.Table:
    """A relation by its name, quoted."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def select(source: exp.Expr, terms: Iterable[exp.Expr], *, where: exp.Expr | None = None) -> exp.Select:
    """The terms of a relation's rows, of those rows alone `where` the condition holds."""
    rows = exp.Select(expressions=list(terms)).from_(source, copy=False)
    return rows if where is None else rows.where(where, copy=False)


def together(queries: Iterable[exp.Query]) -> exp.Query:
    """The rows of all queries."""
    return _balanced(list(queries), _both)


def _both(one: exp.Query, two: exp.Query) -> exp.Query:
    return exp.Union(this=one, expression=two, distinct=False)


def number(value: Decimal | int) -> exp.Expr:
    """An exact literal."""
    literal = exp.Literal.number(f"{abs(value):f}" if isinstance(value, Decimal) else str(abs(value)))
    return exp.Neg(this=literal) if value < 0 else literal


def text(value: str) -> exp.Expr:
    """A literal of text."""
    return exp.Literal.string(value)


def decimal(term: exp.Expr, digits: int, places: int) -> exp.Expr:
    """A term as an exact number of so many digits, `places` of them after the point."""
    # Not by `exp.cast`, which takes a number that has been cast to other digits for one of these; nor is the type parsed each time.
    sizes = [exp.DataTypeParam(this=exp.Literal.number(size)) for size in (digits, places)]
    return exp.Cast(this=term, to=exp.DataType(this=exp.DataType.Type.DECIMAL, expressions=sizes))


def case(*branches: tuple[exp.Expr, exp.Expr], otherwise: exp.Expr | None = None) -> exp.Expr:
    """The result of the first branch whose condition holds."""
    return exp.Case(ifs=[exp.If(this=when, true=then) for when, then in branches], default=otherwise)


def stripped(term: exp.Expr) -> exp.Expr:
    """A text without the space around it; NULL where nothing is left."""
    return exp.Nullif(this=exp.Trim(this=term, expression=text(_SPACE)), expression=text(""))


# All that `str.strip` takes away.
_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))


def equal(term: exp.Expr, other: exp.Expr) -> exp.Expr:
    """Whether two terms are equal."""
    return exp.EQ(this=term.copy(), expression=other)


def is_null(term: exp.Expr) -> exp.Expr:
    """Whether a term has no value."""
    return exp.Is(this=term.copy(), expression=exp.null())


def known(term: exp.Expr) -> exp.Expr:
    """Whether a term has a value."""
    return exp.Not(this=is_null(term))


def negated(condition: exp.Expr) -> exp.Expr:
    """Whether a condition does not hold."""
    return exp.Not(this=exp.Paren(this=condition))


def one_of(term: exp.Expr, values: Iterable[exp.Expr]) -> exp.Expr:
    """Whether a term is one of several values; plain equality for one."""
    each = list(values)
    return equal(term, each[0]) if len(each) == 1 else exp.In(this=term.copy(), expressions=each)


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """Whether any of the conditions holds; false of none."""
    each: list[exp.Expr] = [_grouped(condition) for condition in conditions]
    return (
        _balanced(each, lambda one, two: exp.Or(this=one, expression=two))
        if each
        else exp.EQ(this=number(1), expression=number(0))
    )


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """Whether all of the conditions hold; true of none."""
    each: list[exp.Expr] = [_grouped(condition) for condition in conditions]
    return (
        _balanced(each, lambda one, two: exp.And(this=one, expression=two))
        if each
        else exp.EQ(this=number(1), expression=number(1))
    )


def greatest(terms: Iterable[exp.Expr]) -> exp.Expr:
    """The greatest of several terms, none of which is NULL; 0 of none."""
    each = list(terms)
    if not each:
        return number(0)
    return each[0] if len(each) == 1 else exp.Greatest(this=each[0], expressions=each[1:], ignore_nulls=True)


def _grouped(condition: exp.Expr) -> exp.Expr:
    return exp.Paren(this=condition) if isinstance(condition, exp.Connector) else condition


def _balanced(parts: Sequence[_Part], join: Callable[[_Part, _Part], _Part]) -> _Part:
    """The parts joined as a tree of little depth: what reads it goes down it step by step."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return join(_balanced(parts[:middle], join), _balanced(parts[middle:], join))
