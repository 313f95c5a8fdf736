"""How the columns of a table become facts: each by its type, and texts by what stands in them, in the SQL of any engine."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

from sqlglot import exp

from ntm_rules.engine.sql import wrong_columns
from ntm_rules.engine.sql.query import Query
from ntm_rules.engine.sql.sources import IDENTITY, NUMBER, PLAIN_NUMBER, Facts, carried, columns_read, fact_columns
from ntm_rules.engine.sql.terms import (
    alias,
    all_of,
    case,
    column,
    decimal,
    equal,
    is_null,
    known,
    negated,
    one_of,
    select,
    stripped,
    text,
)
from ntm_rules.model.checking import LEVEL_WORDS, unknown_province
from ntm_rules.model.errors import CommuneError, Problem, UnknownNameError
from ntm_rules.model.facts import FactKind
from ntm_rules.model.ruleset import Catalogue, Ruleset, province_slug
from ntm_rules.model.text import Text, clean_text, nearest, shown
from ntm_rules.model.years import fact_year
from ntm_rules.rulebook.communes.values import WORDS, Numbers

__all__ = ["Columns", "Engine", "query_of"]

Engine = Literal["duckdb", "postgres", "spark"]

# As the three engines write the types of their columns.
_WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER|2|4|8)?")
# Of no more places than ours: engines hold a literal against the narrowest type, which may not hold it.
_EXACT = re.compile(rf"{_WHOLE.pattern}|(DECIMAL|NUMERIC)(\(\d+(, ?(\d|1[0-8]))?\))?|DOUBLE( PRECISION)?|FLOAT8")
_SHORT_FLOAT = ("FLOAT", "FLOAT4", "REAL")
# They decide nothing: results repeat them, to be read by people.
_TOLD = ("name", "district")
_BOOLEAN = ("BOOLEAN", "BOOL")
_VIETNAMESE = "^[+-]?([0-9]{1,18}|[1-9][0-9]{0,2}([.][0-9]{3}){1,5})(,[0-9]{1,18})?$"


def query_of(
    columns: Columns,
    source: exp.Table,
    *,
    place: exp.Expr | None,
    strict: bool,
    year: int | None,
    keep: Collection[str] = (),
) -> Query:
    """The query over a table that has those columns, of which results repeat `keep`; `place` tells the place of a row, where the engine knows places."""
    first = ({} if place is None else {"row": place}) | {name: column(name) for name in keep}
    told = {name: exp.cast(column(name), "TEXT") for name in columns.told if name not in first}
    names = carried(first) | carried(told)
    return Query(
        ruleset=columns.ruleset,
        facts=Facts(
            columns.ruleset.catalogue,
            columns.facts,
            columns.written,
            frozenset(name for name in columns.facts if columns.types[name] in ("DOUBLE", *_SHORT_FLOAT)),
            province="province" in columns.types or columns.province is not None,
        ),
        carried=names,
        source=columns.source(source, {names[name]: term for name, term in (first | told).items()}),
        strict=strict,
        threshold_year=fact_year(year, "threshold_year"),
        dialect=columns.engine,
    )


class Columns:
    """The columns of a table, by name and type; CommuneError where one is not what it seems to be.

    `facts` are those that are read as facts, `written` those that hold text, `told` those that decide nothing and tell people whose
    row it is, `ignored` those that are not read.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        types: Mapping[str, str],
        *,
        engine: Engine = "duckdb",
        numbers: Numbers = "plain",
        province: str | None = None,
    ) -> None:
        self.ruleset, self.engine, self.numbers = ruleset, engine, numbers
        self.province = province
        self.types = {name: kind.upper() for name, kind in types.items()}
        self.known = columns_read(ruleset.catalogue, types)
        self.facts = frozenset(self.known)
        self.told = tuple(name for name in _TOLD if name in types)
        self.ignored = tuple(name for name in types if name not in self.known and name not in (*IDENTITY, *_TOLD))
        texts = (*sorted(self.facts), "code", "year")
        self.written = frozenset(name for name in texts if name in types and not self._typed(name))
        if problems := [*self._wrong_names(), *wrong_columns(ruleset, self.known)]:
            raise CommuneError(problems)

    # -- what is wrong with the columns themselves

    def _wrong_names(self) -> Iterator[Problem]:
        """Columns that are not read though their name is nearly that of a fact."""
        for name in self.ignored:
            first = re.sub(r"_\d+$", "", name)
            if first.casefold() in {each.casefold() for each in self.types if each != name and self._read(each)}:
                # So engines call a second column of a name they have already.
                message = Text("cột lặp lại", "the column is repeated")
                yield Problem(code="duplicate_key", key=first, found=shown(name), message=message)
            else:
                meant = nearest(clean_text(name).casefold(), [*fact_columns(self.ruleset.catalogue), *IDENTITY])
                if meant is not None and meant not in self.types:
                    message = Text("không có cột này", "no such column")
                    yield Problem(code="unknown_column", key=name, found=shown(name), message=message, nearest=meant)

    def _read(self, name: str) -> bool:
        return name in self.known or name in IDENTITY

    # -- the source of a query

    def _typed(self, name: str) -> bool:
        """Whether the column's type is that of its values, so that nothing has to be read from text."""
        kind, stored = self.known.get(name), self.types[name]
        if name == "code" or kind is FactKind.CATEGORY:
            return False
        if name == "year":
            return _WHOLE.fullmatch(stored) is not None
        if kind is FactKind.BOOLEAN:
            return stored in _BOOLEAN
        return stored in _SHORT_FLOAT or _EXACT.fullmatch(stored) is not None

    def source(self, table: exp.Table, repeated: Mapping[str, exp.Expr]) -> exp.Select:
        """The table with every fact as its kind, what was written in text columns beside it, and what results repeat."""
        terms = dict(repeated) | {name: self._identity(name) for name in IDENTITY}
        terms |= {name: self._fact(name) for name in self.known}
        terms |= {f"{name} written": exp.cast(column(name), "TEXT") for name in sorted(self.written)}
        return select(table, (alias(term, name) for name, term in terms.items()))

    def _text(self, name: str) -> exp.Expr:
        """What stands in a column as text, in Unicode's NFC and trimmed, as `clean_text` has it; nothing where it is empty."""
        found: exp.Expr = exp.cast(column(name), "TEXT")
        if self.engine != "spark":  # which cannot; what is not NFC there is refused, never guessed
            found = exp.func("NFC_NORMALIZE" if self.engine == "duckdb" else "NORMALIZE", found)
        return stripped(found)

    def _sparing(self, name: str, plain: Iterable[str], otherwise: exp.Expr) -> exp.Expr:
        """A text as it stands where it is one of the plain ones, as nearly all are: to clean it takes long in many rows."""
        raw, ready = exp.cast(column(name), "TEXT"), [text(each) for each in plain]
        return case((one_of(raw, ready), raw), (known(raw), otherwise)) if ready else otherwise

    def _identity(self, name: str) -> exp.Expr:
        if name == "province" and self.province is not None:
            return self._at_home()
        if name not in self.types:
            return exp.cast(exp.null(), "INT" if name == "year" else "TEXT")
        if name == "code":
            # The leading zeros that a spreadsheet took away.
            raw = exp.cast(column(name), "TEXT")
            padded = exp.func("LPAD", self._text(name), exp.Literal.number(5), text("0"))
            return case((_like(raw, "^[0-9]{5}$"), raw), (_like(self._text(name), "^[0-9]{1,5}$"), padded))
        if name == "year":
            if self._typed(name):
                return column(name)
            # A frame keeps years among which one is not known as 2023.0.
            pattern = "^[0-9]{4}([.]0)?$" if self.types[name] in ("DOUBLE", "FLOAT8") else "^[0-9]{4}$"
            digits = exp.func("SUBSTR", self._text(name), exp.Literal.number(1), exp.Literal.number(4))
            return case((_like(self._text(name), pattern), exp.cast(digits, "INT")))
        if name == "zone" and (self.types[name].endswith("[]") or self.types[name].startswith("ARRAY<")):
            return exp.ArrayToString(this=column(name), expression=text(";"))
        return self._place(name)

    def _place(self, name: str) -> exp.Expr:
        if name not in self.types:
            return exp.cast(exp.null(), "TEXT")
        catalogue = self.ruleset.catalogue
        if name == "province":
            names = [name for each in catalogue.provinces.values() for name in dict.fromkeys((each.slug, each.name))]
            return self._sparing(name, names, _province(catalogue, self._text(name)))
        return self._sparing(name, catalogue.regions if name == "region" else catalogue.zones, self._text(name))

    def _at_home(self) -> exp.Expr:
        """A row that names no place lies in the province of the caller."""
        home = self.ruleset.catalogue.province(self.province or "")
        if home is None:
            raise UnknownNameError([unknown_province(self.ruleset.catalogue, self.province)])
        region, province = self._place("region"), self._place("province")
        return case((all_of([is_null(region), is_null(province)]), text(home.name)), otherwise=province)

    def _fact(self, name: str) -> exp.Expr:
        kind = self.known[name]
        if self._typed(name):
            # A short float stands for the digits it prints, as every float does.
            short = self.types[name] in _SHORT_FLOAT
            return exp.cast(exp.cast(column(name), "TEXT"), "DOUBLE") if short else column(name)
        written = self._text(name)
        if kind is FactKind.BOOLEAN:
            words = exp.Lower(this=written)
            return case(*((equal(words, text(word)), exp.convert(yes)) for word, yes in WORDS.items()))
        if kind is FactKind.CATEGORY:
            fact = Facts(self.ruleset.catalogue, self.facts).fact(name)
            words = exp.Lower(this=written)
            ways = ((one_of(words, map(text, _ways(value))), text(value)) for value in fact.values)
            return self._sparing(name, fact.values, case(*ways, otherwise=written.copy()))
        plain = decimal(written.copy(), *NUMBER)
        if self.numbers == "plain":
            return case((_like(written, PLAIN_NUMBER), plain))
        dotless = exp.func("REPLACE", written.copy(), text("."), text(""))
        swapped = exp.func("REPLACE", dotless, text(","), text("."))
        vietnamese = _like(written.copy(), _VIETNAMESE)
        # "33.500" can be read in two ways.
        both = all_of(
            [
                vietnamese.copy(),
                _like(written.copy(), PLAIN_NUMBER),
                exp.Like(this=written.copy(), expression=text("%.%")),
            ]
        )
        return case(
            (all_of([vietnamese, negated(both)]), decimal(swapped, *NUMBER)),
            (all_of([negated(both.copy()), _like(written, PLAIN_NUMBER)]), plain),
        )


def _like(term: exp.Expr, pattern: str) -> exp.Expr:
    return exp.RegexpLike(this=term, expression=text(pattern))


def _ways(value: str) -> list[str]:
    """The ways to write the value of a category, as the native reader takes them."""
    plain = value.casefold()
    return [plain, *(f"{word} {plain}" for word in LEVEL_WORDS if re.match(r"\d", plain))]


def _province(catalogue: Catalogue, written: exp.Expr) -> exp.Expr:
    """The catalogue's name of a province, however it is written: without marks or case, after "tỉnh"; else what was written."""
    provinces = list(catalogue.provinces.values())
    named = one_of(written, [text(name) for each in provinces for name in dict.fromkeys((each.slug, each.name))])
    plain: exp.Expr = exp.func("TRANSLATE", written.copy(), text("".join(_MARKS)), text("".join(_MARKS.values())))
    plain = exp.Lower(this=plain)
    for _ in range(2):
        plain = exp.func("REPLACE", plain, text("  "), text(" "))
    ways = {
        each.name: [
            f"{office}{province_slug(each.name).replace('-', ' ')}" for office in ("", "tinh ", "thanh pho ", "tp ")
        ]
        for each in provinces
    }
    found = ((one_of(plain, map(text, each)), text(name)) for name, each in ways.items())
    if not provinces:
        return written
    return case((named, written.copy()), *found, otherwise=written.copy())


def _bare(letter: str) -> str:
    """A letter without marks and case."""
    apart = unicodedata.normalize("NFD", letter.casefold().replace("đ", "d"))
    return "".join(part for part in apart if not unicodedata.combining(part))


# Letters with marks and what stands between words, as the slug of a province has them.
_MARKS = {letter: _bare(letter) for letter in map(chr, range(0xC0, 0x1EFA))}
_MARKS = {letter: bare for letter, bare in _MARKS.items() if len(bare) == 1 and bare.isascii()}
_MARKS |= dict.fromkeys("-–._,'\u00a0", " ")
