"""Which column and year judge a commune, and what each cell of a table says there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal

import attrs
from sqlglot import exp

from ntm_rules.engine.sql.sources import Facts
from ntm_rules.engine.sql.terms import (
    alias,
    all_of,
    any_of,
    case,
    column,
    decimal,
    is_null,
    negated,
    number,
    one_of,
    text,
    together,
)
from ntm_rules.model.assessment import Reason
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.requirement import Cell, CellState, Evidence, Threshold
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, shown

__all__ = ["Outcome", "Place", "Places", "region_of", "zones_of"]


# Of thresholds, before the point.
WHOLE_DIGITS = 11


@attrs.frozen(slots=True)
class Place:
    """A column of the tables; `doubted` where strict evaluation does not trust the rule that sends communes there."""

    name: str
    column: str
    doubted: bool = False


@attrs.frozen(slots=True)
class Outcome:
    """What a cell says in one place and year: a value, or why it decides nothing."""

    value: Decimal | bool | str | None
    reason: Reason | None


def region_of(ruleset: Ruleset, *, given: bool = True) -> exp.Expr:
    """The commune's region, else that of its province; that of its province alone where not `given`."""
    provinces = ruleset.catalogue.provinces.values()
    derived = case(
        *(
            (
                one_of(
                    column("province"),
                    [text(name) for p in provinces if p.region == region for name in (p.slug, p.name)],
                ),
                text(region),
            )
            for region in dict.fromkeys(p.region for p in provinces)
        )
    )
    return exp.Coalesce(this=column("region"), expressions=[derived]) if given else derived


def zones_of() -> exp.Expr:
    """The zones, each between its own two semicolons: "III; dbkk-coast" as ";III;;dbkk-coast;"."""
    close = exp.func("REPLACE", exp.Trim(this=column("zone")), text("; "), text(";"))
    close = exp.func("REPLACE", close, text(" ;"), text(";"))
    doubled = exp.func("REPLACE", close, text(";"), text(";;"))
    return exp.func("CONCAT", text(";"), doubled, text(";"))


@attrs.frozen(slots=True)
class Places:
    """The places and years of one ruleset: the terms that tell them, and the relations of thresholds that vary by them."""

    ruleset: Ruleset
    prefix: str
    strict: bool
    threshold_year: int | None
    facts: Facts
    by_place: dict[str, Mapping[str, Decimal | None]] = attrs.field(factory=dict)
    by_year: dict[str, Mapping[tuple[str, int], Decimal | None]] = attrs.field(factory=dict)
    doubles: set[str] = attrs.field(factory=set)

    @property
    def name(self) -> str:
        """The name of the column that holds the place."""
        return f"{self.prefix} column"

    @property
    def common(self) -> bool:
        """Whether one column judges every commune."""
        return self.ruleset.columns == ("common",)

    @property
    def term(self) -> exp.Expr:
        """The place of a commune, where it was worked out before."""
        return column(self.name)

    @property
    def year(self) -> exp.Expr:
        """The year whose row is taken."""
        return column("year") if self.threshold_year is None else number(self.threshold_year)

    @property
    def places(self) -> tuple[Place, ...]:
        """Every place that may judge a commune."""
        found = [Place(name, name) for name in self.ruleset.own_columns]
        special = self.ruleset.special_communes
        if special is not None and self._doubted:
            found.append(Place(f"{special.column} (special)", special.column, doubted=True))
        return tuple(dict.fromkeys(found))

    @property
    def _doubted(self) -> bool:
        special = self.ruleset.special_communes
        return self.strict and special is not None and special.evidence is not Evidence.CONFIRMED

    def chosen(self) -> exp.Expr:
        """The place, worked out from region, province and zone."""
        if self.common:
            return text("common")
        region = region_of(self.ruleset) if self.facts.province else column("region")
        special = self.ruleset.special_communes
        if special is None:
            return region
        sent = any_of(_positive(exp.StrPosition(this=zones_of(), substr=text(f";{zone};"))) for zone in special.zones)
        to = f"{special.column} (special)" if self._doubted else special.column
        if self._doubted:  # who lies in that column anyway is not sent there
            sent = all_of([exp.NEQ(this=region.copy(), expression=text(special.column)), sent])
        return case((sent, text(to)), otherwise=region)

    def outcomes(self, threshold: Threshold, *, doubt: bool = True) -> dict[tuple[str, int | None], Outcome]:
        """What a table row says in every place and year; the year None stands for those of which it has no row of their own.

        `doubt` is false where strict evaluation does not ask how the commune came to its column.
        """
        years: tuple[int | None, ...] = (None,)
        if self.threshold_year is not None and threshold.varies_by_year:
            own = self.threshold_year
            return {
                (place.name, None): self._outcome(threshold.cell(place.column, own), place, doubt)
                for place in self.places
            }
        if threshold.varies_by_year:
            years += tuple(year for year in threshold.rows if year is not None)
        return {
            (place.name, year): self._outcome(threshold.cell(place.column, year), place, doubt)
            for year in years
            for place in self.places
        }

    def _outcome(self, cell: Cell | None, place: Place, doubt: bool) -> Outcome:
        if cell is None:
            return Outcome(None, Reason.NO_THRESHOLD_FOR_YEAR)
        if cell.state is not CellState.SET:
            return Outcome(None, Reason.NO_THRESHOLD)
        if self.strict and (cell.evidence is not Evidence.CONFIRMED or (doubt and place.doubted)):
            return Outcome(None, Reason.UNCONFIRMED)
        return Outcome(cell.value, None)

    def where(self, keys: Iterable[tuple[str, int | None]], every: Iterable[tuple[str, int | None]]) -> exp.Expr:
        """The condition that a commune is judged in one of the (place, year) pairs, out of `every` that there are."""
        wanted, all_ = set(keys), list(every)
        years = [year for year in dict.fromkeys(year for _, year in all_) if year is not None]
        branches = []
        for year in dict.fromkeys(year for _, year in all_):
            names = [place for place, own in all_ if own == year]
            chosen = [place for place in names if (place, year) in wanted]
            if not chosen:
                continue
            conditions = []
            if len(chosen) < len(names):
                conditions.append(one_of(self.term, [text(place) for place in chosen]))
            if years and year is None:
                others = negated(one_of(self.year, [number(other) for other in years]))
                conditions.append(any_of([is_null(self.year), others]))
            elif years:
                conditions.append(exp.EQ(this=self.year, expression=number(year or 0)))
            branches.append(all_of(conditions))
        return any_of(branches)

    def by_outcome(
        self,
        outcomes: Mapping[tuple[str, int | None], Outcome],
        term: Callable[[Outcome], exp.Expr],
    ) -> exp.Expr:
        """A term for each outcome, the commonest last and without a condition."""
        groups: dict[Outcome, list[tuple[str, int | None]]] = {}
        for key, outcome in outcomes.items():
            groups.setdefault(outcome, []).append(key)
        terms: dict[exp.Expr, list[tuple[str, int | None]]] = {}
        for outcome, keys in groups.items():
            terms.setdefault(term(outcome), []).extend(keys)
        *others, (last, _) = sorted(terms.items(), key=lambda item: len(item[1]))
        if not others:
            return last
        return case(*((self.where(keys, outcomes), found) for found, keys in others), otherwise=last)

    def number_of(
        self,
        name: str,
        outcomes: Mapping[tuple[str, int | None], Outcome],
        *,
        digits: int = WHOLE_DIGITS,
        doubles: bool = False,
    ) -> exp.Expr:
        """The threshold of a row of numbers: a literal where it is one everywhere, else looked up by place and year.

        NtmRulesError where one has more than so many `digits` before the point, or more than four after it.
        """
        for outcome in outcomes.values():
            if isinstance(outcome.value, Decimal):
                _check_length(self.ruleset, name, outcome.value, digits)
        values = {outcome.value for outcome in outcomes.values()}
        if len(values) == 1:
            value = values.pop()
            return number(value) if isinstance(value, Decimal) else exp.null()
        plain = {
            key: outcome.value if isinstance(outcome.value, Decimal) else None for key, outcome in outcomes.items()
        }
        full = f"{self.prefix}{name}"
        if doubles:
            self.doubles.add(full)
        if any(year is not None for _, year in plain):
            self.by_year[full] = {(place, year): value for (place, year), value in plain.items() if year is not None}
            return column(full, f"{self.prefix} thresholds by year")
        self.by_place[full] = {place: value for (place, _), value in plain.items()}
        return column(full, f"{self.prefix} thresholds")

    def relations(self) -> Iterator[tuple[str, exp.Query, exp.Expr]]:
        """The relations that `number_of` looks thresholds up in: name, content, and the condition they are joined on."""
        if self.by_place:
            name = f"{self.prefix} thresholds"
            rows: list[dict[str, exp.Expr]] = [
                {"at column": text(place.name)}
                | _cells({key: row.get(place.name) for key, row in self.by_place.items()})
                for place in self.places
            ]
            yield (
                name,
                _rows(rows, self.doubles),
                exp.EQ(this=column("at column", name), expression=column(self.name, "facts")),
            )
        if self.by_year:
            name = f"{self.prefix} thresholds by year"
            years = dict.fromkeys(year for row in self.by_year.values() for _, year in row)
            rows = [
                {"at column": text(place.name), "at year": number(year)}
                | _cells({key: row.get((place.name, year)) for key, row in self.by_year.items()})
                for year in years
                for place in self.places
            ]
            same_column = exp.EQ(this=column("at column", name), expression=column(self.name, "facts"))
            year = column("year", "facts") if self.threshold_year is None else number(self.threshold_year)
            yield (
                name,
                _rows(rows, self.doubles),
                all_of([same_column, exp.EQ(this=column("at year", name), expression=year)]),
            )


def _positive(term: exp.Expr) -> exp.Expr:
    return exp.GT(this=term, expression=number(0))


def _check_length(ruleset: Ruleset, name: str, value: Decimal, digits: int) -> None:
    """Refuse a threshold of more digits than every engine compares exactly."""
    if value == round(value, 4) and abs(value) < 10**digits:
        return
    wanted = Text(
        f"nhiều nhất {digits} chữ số trước và 4 chữ số sau dấu thập phân",
        f"at most {digits} digits before the point and 4 after it",
    )
    message = Text(
        "mức có quá nhiều chữ số để biên dịch sang SQL", "the threshold has too many digits to be compiled to SQL"
    )
    raise NtmRulesError(
        [
            Problem(
                code="threshold_too_long",
                source=ruleset.id,
                key=name,
                found=shown(value),
                message=message,
                wanted=wanted,
            )
        ]
    )


def _cells(values: Mapping[str, Decimal | None]) -> dict[str, exp.Expr]:
    return {key: exp.null() if value is None else number(value) for key, value in values.items()}


def _rows(rows: list[dict[str, exp.Expr]], doubles: Collection[str]) -> exp.Query:
    """Rows of literals, the first of which gives the types."""
    first, *rest = rows

    def of_type(name: str, term: exp.Expr) -> exp.Expr:
        if name == "at column":
            return term
        if name == "at year":
            return exp.cast(term, "INT")
        return exp.cast(term, "DOUBLE") if name in doubles else decimal(term, 15, 4)

    typed = {name: of_type(name, term) for name, term in first.items()}
    head = exp.Select(expressions=[alias(term, name) for name, term in typed.items()])
    return together([head, *(exp.Select(expressions=list(row.values())) for row in rest)])
