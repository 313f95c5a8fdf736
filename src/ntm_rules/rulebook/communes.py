"""Communes read from files: JSON, JSON Lines, YAML and CSV held against the fact catalogue, every problem with its line.

What a scalar means is said by the fact it is given for, never guessed from its look: text is a number, a verdict or a rank
because the catalogue says so. `scan_communes` hands out communes one by one, good or bad; `read_communes` takes all or none.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from ntm_rules.model.checking import clean_facts, fact_named, place_problems
from ntm_rules.model.commune import Commune, freeze_facts
from ntm_rules.model.errors import CommuneError, NtmRulesError, Problem
from ntm_rules.model.facts import SEXES, FactKind
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, clean_text, nearest, shown
from ntm_rules.model.values import PLAIN_NUMBER

if TYPE_CHECKING:
    from ntm_rules.rulebook.yaml_text import LinedMap

__all__ = [
    "FORMATS",
    "Entry",
    "Format",
    "Numbers",
    "commune_of_text",
    "parse_commune",
    "read_communes",
    "scan_communes",
]

Format = Literal["json", "jsonl", "yaml", "csv"]
Numbers = Literal["plain", "vi"]

FORMATS = ("json", "jsonl", "yaml", "csv")
MAX_LINE = 8 * 1024 * 1024

_SUFFIXES = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".yaml": "yaml", ".yml": "yaml", ".csv": "csv"}
_IDENTITY = ("code", "name", "region", "province", "zone", "year", "host_id")
_SIDES = ("numerator", "denominator")
_WORDS = {"true": True, "false": False, "đạt": True, "có": True, "chưa đạt": False, "không đạt": False, "không": False}
_NUMERIC = (FactKind.PERCENT, FactKind.NUMBER, FactKind.COUNT, FactKind.MONEY)

_VI_NUMBER = re.compile(r"[+-]?(\d{1,40}|[1-9]\d{0,2}(\.\d{3})+)(,\d{1,40})?", re.ASCII)


@attrs.frozen(slots=True)
class Entry:
    """One commune of a file: the line it starts on, and the commune or what is wrong with it.

    `label` is what the file calls it, so that a bad one can still be told from its neighbours.
    """

    line: int | None
    commune: Commune | None
    problems: tuple[Problem, ...] = ()
    label: str | None = None


@attrs.frozen(slots=True)
class _Raw:
    """One commune as it stands in a file. `textual` files write everything as text; `lines` knows the line of a key."""

    line: int | None
    data: Any
    textual: bool
    lines: Mapping[str, int] = attrs.field(factory=dict)
    problems: tuple[Problem, ...] = ()


def read_communes(
    source: str | Path | bytes,
    *,
    format: Format | None = None,  # noqa: A002 - the word hosts know from every other reader
    catalogue: Catalogue | None = None,
    numbers: Numbers = "plain",
) -> tuple[Commune, ...]:
    r"""The communes of a file, all of them or none.

    `source` is a path, whose suffix names the format (.json, .jsonl, .yaml, .csv); or, with `format`, bytes or the text itself
    (give a `Path` to name the format of a file). JSON and YAML hold a commune as `Commune.from_dict` takes it, a list of them,
    or ``{"communes": [...]}``; JSON Lines one a line; CSV a row each: code, name, region, province, zone (several parted by
    ";"), year, host_id, fact keys (also KEY.male, KEY.female, KEY.numerator, KEY.denominator) and attested.NUMBER, an empty
    cell saying nothing. Text verdicts of YAML and CSV are true/false, đạt/chưa đạt/không đạt or có/không. `numbers="vi"` reads
    text as Vietnamese writes numbers ("36,05", "33.500.000") and refuses what could be read in two ways ("33.500").
    `catalogue` is that of a ruleset of your own; without it the shipped one.

    Raises `CommuneError` with every problem of the file, each with its line where the format knows lines.

    >>> (commune,) = read_communes("code,year,income_per_capita\n754,2023,36.05\n", format="csv")
    >>> commune.code, commune.facts["income_per_capita"]
    ('00754', Decimal('36.05'))
    """
    entries = list(scan_communes(source, format=format, catalogue=catalogue, numbers=numbers))
    problems = [problem for entry in entries for problem in entry.problems]
    if problems:
        raise CommuneError(problems)
    return tuple(entry.commune for entry in entries if entry.commune is not None)


def scan_communes(
    source: str | Path | bytes | Iterable[bytes],
    *,
    format: Format | None = None,  # noqa: A002
    catalogue: Catalogue | None = None,
    numbers: Numbers = "plain",
    name: str | None = None,
) -> Iterator[Entry]:
    """The communes of a file one after another, each good or with its problems, as `read_communes` reads them.

    JSON Lines may be any iterable of lines and is read as it comes; `name` is what problems call the source. Raises
    `CommuneError` where the file as a whole cannot be read.
    """
    if numbers not in ("plain", "vi"):
        raise _error(
            "unknown_numbers",
            None,
            None,
            Text("không có cách viết số này", "no such way of writing numbers"),
            found=shown(numbers),
            wanted="plain, vi",
        )
    if catalogue is None:
        from ntm_rules.rulebook.rulebook import rulebook, shipped

        catalogue = rulebook(shipped()).catalogue
    kind, data, where = _opened(source, format)
    where = name if name is not None else where
    reader = _Reader(catalogue, numbers, where)
    for raw in _csv(data, where, catalogue) if kind == "csv" else _RAW[kind](data, where):
        yield reader.entry(raw)


def commune_of_text(data: Mapping[str, Any], *, catalogue: Catalogue, source: str) -> Commune:
    """The commune of a mapping as it stands in a YAML file, every scalar text; `CommuneError` with all that is wrong with it."""
    entry = _Reader(catalogue, "plain", source).entry(_Raw(None, data, textual=True))
    if entry.commune is None:
        raise CommuneError(entry.problems)
    return entry.commune


def parse_commune(line: str | bytes, *, source: str | None = None, number: int | None = None) -> Commune:
    """The commune of one line of JSON Lines, for streams: exact numbers, no repeated keys, identity checked.

    Keys, kinds and bounds of facts are held against the catalogue when the commune is judged. `source` and `number` are the
    file and line that problems name.

    >>> parse_commune('{"code": 754, "year": 2023, "facts": {"income_per_capita": 36.05}}').facts["income_per_capita"]
    Decimal('36.05')
    """
    data = _decoded(line, source, number)
    try:
        if type(data) is dict:
            try:
                return Commune(**data)
            except (TypeError, NtmRulesError):
                return Commune.from_dict(data)
        problem = _not_a_commune(data)
    except NtmRulesError as error:
        raise CommuneError(_placed(p, source, number) for p in error.problems) from None
    raise CommuneError([_placed(problem, source, number)])


# -- problems


def _error(
    code: str,
    source: str | None,
    line: int | None,
    message: Text,
    *,
    found: str | None = None,
    wanted: str | None = None,
) -> CommuneError:
    words = None if wanted is None else Text(wanted, wanted)
    return CommuneError([Problem(code=code, source=source, line=line, message=message, found=found, wanted=words)])


def _placed(problem: Problem, source: str | None, line: int | None) -> Problem:
    return attrs.evolve(problem, source=source or problem.source, line=line if problem.line is None else problem.line)


def _not_a_commune(data: Any) -> Problem:
    return Problem(
        code="not_a_commune",
        found=shown(data),
        message=Text("không phải một xã", "not a commune"),
        wanted=Text(
            "bảng khóa: giá trị (code, name, region, year, facts …)", "a mapping (code, name, region, year, facts …)"
        ),
    )


# -- opening


def _opened(source: Any, format: str | None) -> tuple[str, Any, str | None]:  # noqa: A002
    """The format, the bytes or lines, and what problems call them."""
    if format is not None and format not in FORMATS:
        raise _error(
            "unknown_format",
            None,
            None,
            Text("không có định dạng này", "no such format"),
            found=shown(format),
            wanted=", ".join(FORMATS),
        )
    if isinstance(source, Path) or (isinstance(source, str) and format is None):
        path = Path(source)
        kind = format or _SUFFIXES.get(path.suffix.lower())
        if kind is None:
            raise _error(
                "unknown_format",
                str(path),
                None,
                Text("đuôi tệp không cho biết định dạng", "the suffix names no format"),
                found=shown(path.suffix),
                wanted=", ".join(_SUFFIXES),
            )
        try:
            return kind, path.read_bytes(), str(path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise _error(
                "cannot_read",
                str(path),
                None,
                Text(f"không đọc được tệp ({reason})", f"cannot read the file ({reason})"),
            ) from None
    if format is None:
        raise _error(
            "unknown_format",
            None,
            None,
            Text("chưa nói định dạng", "the format is not named"),
            wanted=", ".join(f"format={known!r}" for known in FORMATS),
        )
    return format, source.encode() if isinstance(source, str) else source, None


def _text(data: bytes, source: str | None) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _error("not_utf8", source, line, Text("không phải UTF-8", "not UTF-8"), wanted="UTF-8") from None


def _communes_of(tree: Any) -> Sequence[Any]:
    """The communes of a document: one, a list, or {communes: [...]}."""
    if isinstance(tree, Mapping) and set(tree) == {"communes"}:
        tree = tree["communes"]
    if tree is None:
        return ()
    return tree if isinstance(tree, list) else [tree]


# -- JSON


def _number(text: str) -> float | Decimal:
    """A JSON number exactly: a float of at most 15 digits stands for its shortest decimal, anything longer is a Decimal."""
    return float(text) if len(text) <= 16 and "e" not in text and "E" not in text else Decimal(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _error("duplicate_key", None, None, Text("khóa lặp lại", "the key is repeated"), found=shown(repeated))
    return found


def _constant(name: str) -> Any:
    raise _error("bad_value", None, None, Text("không phải số hữu hạn", "not a finite number"), found=name)


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_constant, object_pairs_hook=_object)


def _decoded(data: str | bytes, source: str | None, line: int | None) -> Any:
    """The value of a JSON text; CommuneError for anything else, however long or deep."""
    try:
        return _DECODER.decode(data.decode() if isinstance(data, bytes) else data)
    except CommuneError as error:
        raise CommuneError(_placed(problem, source, line) for problem in error.problems) from None
    except UnicodeDecodeError:
        raise _error("not_utf8", source, line, Text("không phải UTF-8", "not UTF-8"), wanted="UTF-8") from None
    except json.JSONDecodeError as error:
        at = error.lineno if line is None else line
        where = Text(
            f"không phải JSON hợp lệ (cột {error.colno}: {error.msg})",
            f"not valid JSON (column {error.colno}: {error.msg})",
        )
        raise _error("bad_json", source, at, where) from None
    except (ValueError, ArithmeticError):  # integers of more digits than Python takes, exponents beyond Decimal
        raise _error("bad_value", source, line, Text("số quá dài", "a number is too long"), wanted="≤ 40") from None
    except (RecursionError, MemoryError):
        raise _error("too_deep", source, line, Text("lồng quá sâu", "nested too deeply")) from None


def _json(data: bytes, source: str | None) -> Iterator[_Raw]:
    for item in _communes_of(_decoded(_text(data, source), source, None)):
        yield _Raw(None, item, textual=False)


def _jsonl(data: bytes | Iterable[bytes], source: str | None) -> Iterator[_Raw]:
    lines = io.BytesIO(data) if isinstance(data, bytes) else data
    for number, line in enumerate(lines, 1):
        content = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if not content.strip():
            continue
        try:
            if len(content) > MAX_LINE:
                raise _error(
                    "too_large",
                    source,
                    number,
                    Text("dòng quá dài", "the line is too long"),
                    found=f"{len(content)} bytes",
                    wanted=f"≤ {MAX_LINE}",
                )
            yield _Raw(number, _decoded(content, source, number), textual=False)
        except CommuneError as error:
            yield _Raw(number, None, textual=False, problems=error.problems)


# -- YAML


def _yaml(data: bytes, source: str | None) -> Iterator[_Raw]:
    from ntm_rules.rulebook.yaml_text import LinedList, LinedMap, read_yaml

    try:
        communes = _communes_of(read_yaml(data, source or "YAML"))
    except NtmRulesError as error:
        raise CommuneError(error.problems) from None
    for place, item in enumerate(communes):
        line = communes.lines[place] if isinstance(communes, LinedList) else None
        lines: dict[str, int] = {}
        if isinstance(item, LinedMap):
            lines = _lines_of(item)
            line = line or min(item.lines.values(), default=1)
        yield _Raw(line, item, textual=True, lines=lines)


def _lines_of(item: LinedMap) -> dict[str, int]:
    """The line of each key as problems name it: "year", "attested.7", a fact's key, KEY.male."""
    from ntm_rules.rulebook.yaml_text import LinedMap

    lines = dict(item.lines)
    for group, prefix in (("facts", ""), ("attested", "attested.")):
        inner = item.get(group)
        if isinstance(inner, LinedMap):
            lines |= {f"{prefix}{key}": line for key, line in inner.lines.items()}
            for key, value in inner.items():
                if isinstance(value, LinedMap):
                    lines |= {f"{key}.{part}": line for part, line in value.lines.items()}
    return lines


# -- CSV


def _csv(data: bytes, source: str | None, catalogue: Catalogue) -> Iterator[_Raw]:
    rows = _rows(_text(data, source), source)
    line, header = next(rows, (None, None))
    if header is None:
        return
    columns = [clean_text(cell) for cell in header]
    problems = [p for place, name in enumerate(columns) for p in _header_problems(catalogue, name, columns[:place])]
    if problems:
        raise CommuneError(_placed(problem, source, line) for problem in problems)
    for line, cells in rows:
        values = [clean_text(cell) for cell in cells]
        if not any(values) or values[0].startswith("#"):
            continue
        yield _row(line, columns, values)


def _rows(text: str, source: str | None) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV text, each with the line it starts on. Excel in Vietnam parts cells by ";": the header tells."""
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise _error(
            "bad_csv", source, reader.line_num, Text(f"không phải CSV hợp lệ: {error}", f"not valid CSV: {error}")
        ) from None


def _header_problems(catalogue: Catalogue, name: str, before: list[str]) -> Iterator[Problem]:
    base, _, side = name.rpartition(".")
    fact = fact_named(catalogue, base if side in _SIDES else name)
    attested = name.startswith("attested.") and len(name) > len("attested.")
    if name not in _IDENTITY and fact is None and not attested:
        yield Problem(
            code="unknown_column",
            key=name,
            found=shown(name),
            message=Text("không có cột này", "no such column"),
            wanted=Text(
                f"{', '.join(_IDENTITY)}, số liệu của danh mục, attested.SỐ",
                f"{', '.join(_IDENTITY)}, facts of the catalogue, attested.NUMBER",
            ),
            nearest=nearest(name, [*_IDENTITY, *catalogue.facts]),
        )
    elif name in before:
        yield Problem(
            code="duplicate_key", key=name, found=shown(name), message=Text("cột lặp lại", "the column is repeated")
        )


def _row(line: int, columns: list[str], values: list[str]) -> _Raw:
    data: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    attested: dict[str, Any] = {}
    problems: list[Problem] = []
    if any(values[len(columns) :]):
        problems.append(
            Problem(
                code="extra_cells",
                line=line,
                found=shown(values[len(columns) :]),
                message=Text("dòng có nhiều ô hơn tiêu đề", "the row has more cells than the header"),
                wanted=Text(str(len(columns)), str(len(columns))),
            )
        )
    for name, value in zip(columns, values, strict=False):
        base, _, side = name.rpartition(".")
        if not value:
            continue
        if name == "zone":
            data[name] = [clean_text(zone) for zone in value.split(";") if zone.strip()]
        elif name in _IDENTITY:
            data[name] = value
        elif name.startswith("attested."):
            attested[name.removeprefix("attested.")] = value
        elif side in _SIDES:
            facts.setdefault(base, {})
            _set_side(facts, base, side, value, problems)
        elif isinstance(facts.get(name), dict):
            problems.append(_given_twice(name, value))
        else:
            facts[name] = value
    return _Raw(
        line,
        data | {"facts": facts} | ({"attested": attested} if attested else {}),
        textual=True,
        problems=tuple(problems),
    )


def _set_side(facts: dict[str, Any], key: str, side: str, value: str, problems: list[Problem]) -> None:
    if isinstance(facts[key], dict):
        facts[key][side] = value
    elif side == _SIDES[0]:
        problems.append(_given_twice(key, facts[key]))


def _given_twice(key: str, value: str) -> Problem:
    return Problem(
        code="given_twice",
        key=key,
        found=shown(value),
        message=Text("vừa có tỷ lệ vừa có tử số/mẫu số", "both a percentage and numerator/denominator are given"),
        wanted=Text("một trong hai; nên giữ tử số/mẫu số", "one of the two; rather numerator/denominator"),
    )


_RAW: Mapping[str, Any] = {"json": _json, "jsonl": _jsonl, "yaml": _yaml}


# -- from what stands in a file to a commune


def _by_sex(given: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """The facts with those given by sex as KEY.male and KEY.female."""
    for key, value in given.items():
        if isinstance(value, Mapping) and value and {*SEXES, "total"}.issuperset(value):
            for sex, inner in value.items():
                yield (key if sex == "total" else f"{key}.{sex}"), inner
        else:
            yield key, value


@attrs.frozen(slots=True)
class _Reader:
    """Makes communes of what stands in a file, collecting every problem."""

    catalogue: Catalogue
    numbers: Numbers
    source: str | None

    def entry(self, raw: _Raw) -> Entry:
        """The commune of one raw mapping, or its problems."""
        problems = list(raw.problems)
        commune, label = None, None
        if isinstance(raw.data, Mapping):
            label = next((str(raw.data[key]) for key in ("name", "code", "host_id") if raw.data.get(key)), None)
            commune = self._commune(raw, problems)
        elif not problems:
            problems.append(_not_a_commune(raw.data))
        if not problems:
            return Entry(raw.line, commune, label=label)
        placed = (_placed(p, self.source, raw.lines.get(p.key or "", raw.line)) for p in problems)
        return Entry(raw.line, None, tuple(sorted(placed, key=lambda problem: problem.line or 0)), label)

    def _commune(self, raw: _Raw, problems: list[Problem]) -> Commune | None:
        data = dict(raw.data)
        given = data.get("facts")
        if raw.textual:
            self._read_identity(data, problems)
        if isinstance(given, Mapping):
            data["facts"] = self._facts(given, raw.textual, problems)
        try:
            commune = Commune.from_dict(data)
        except NtmRulesError as error:
            problems += error.problems
            return None
        problems += place_problems(self.catalogue, commune)
        return commune

    def _read_identity(self, data: dict[str, Any], problems: list[Problem]) -> None:
        """Turn the text of a YAML or CSV file into what a commune's fields hold."""
        year, attested = data.get("year"), data.get("attested")
        if data.get("facts") is None:
            data.pop("facts", None)
        if isinstance(year, str) and re.fullmatch(r"\d{4}", year, re.ASCII):
            data["year"] = int(year)
        if attested is None:
            data.pop("attested", None)
        elif isinstance(attested, Mapping):
            read = {key: self._word(f"attested.{key}", value) for key, value in attested.items() if value is not None}
            problems += (value for value in read.values() if isinstance(value, Problem))
            data["attested"] = {key: value for key, value in read.items() if not isinstance(value, Problem)}

    def _facts(self, given: Mapping[Any, Any], textual: bool, problems: list[Problem]) -> Mapping[str, Any]:
        """The facts that can be taken; what cannot is added to `problems`, each shown as it stands in the file."""
        given = dict(_by_sex(given))
        read = {key: self._value(key, value, textual) for key, value in given.items()}
        try:
            return clean_facts(self.catalogue, freeze_facts(read))
        except NtmRulesError as error:
            together = error.problems
        # Something is wrong: each fact on its own, so that one bad value hides no other.
        found: list[Problem] = []
        clean: dict[str, Any] = {}
        for key, value in read.items():
            if isinstance(value, Problem):
                found.append(value)
                continue
            try:
                clean |= clean_facts(self.catalogue, freeze_facts({key: value}))
            except NtmRulesError as error:
                found += (attrs.evolve(p, found=_shown(given[key])) for p in error.problems)
        problems += found or together
        return clean

    def _value(self, key: Any, value: Any, textual: bool) -> Any:
        """The value as its fact's kind reads it, or what is wrong with it."""
        fact = fact_named(self.catalogue, key) if isinstance(key, str) else None
        if fact is None:
            return value
        if isinstance(value, Mapping):
            if len(sides := [side for side in _SIDES if value.get(side) is not None]) == 1:
                return _half_ratio(key, value, sides[0])
            parts = {
                part: self._text_number(key, inner) if isinstance(inner, str) else inner
                for part, inner in value.items()
            }
            return next((inner for inner in parts.values() if isinstance(inner, Problem)), parts)
        if not isinstance(value, str):
            return value
        if fact.kind is FactKind.BOOLEAN and textual:
            return self._word(key, value)
        return self._text_number(key, value) if fact.kind in _NUMERIC else value

    def _word(self, key: str, value: Any) -> bool | Problem:
        """A verdict written as a word; never 1 or 0."""
        word = clean_text(value).casefold() if isinstance(value, str) else None
        if word in _WORDS:
            return _WORDS[word]
        return Problem(
            code="wrong_kind",
            key=key,
            found=_shown(value),
            message=Text("không phải đạt hay chưa đạt", "neither met nor not met"),
            wanted=Text(", ".join(_WORDS), ", ".join(_WORDS)),
            nearest=nearest(word or "", _WORDS),
        )

    def _text_number(self, key: str, value: str) -> Any:
        text = clean_text(value)
        vietnamese, plain = _VI_NUMBER.fullmatch(text), PLAIN_NUMBER.fullmatch(text)
        swapped = text.replace(".", "").replace(",", ".")
        if self.numbers == "plain":
            return text if plain else _not_plain(key, value, swapped if vietnamese else None)
        if vietnamese and plain and Decimal(swapped) != Decimal(text):
            return Problem(
                code="ambiguous_number",
                key=key,
                found=shown(value),
                message=Text("có thể đọc theo hai cách", "can be read in two ways"),
                wanted=Text(
                    f"{swapped} hay {text.replace('.', ',')}: viết rõ ra", f"either {swapped} or {text}: spell it out"
                ),
            )
        return swapped if vietnamese else text if plain else _not_plain(key, value, None)


def _not_plain(key: str, value: str, vietnamese: str | None) -> Problem:
    """A text that is no plain number, with what to do about it."""
    if vietnamese is not None:
        option = f'numbers="vi" (--numbers vi), → {vietnamese}'
        return Problem(
            code="not_plain_number",
            key=key,
            found=shown(value),
            message=Text("số viết theo kiểu Việt Nam", "a number written the Vietnamese way"),
            wanted=Text(f"dấu chấm thập phân, hoặc tùy chọn {option}", f"a decimal point, or the option {option}"),
        )
    return Problem(
        code="wrong_kind",
        key=key,
        found=shown(value),
        message=Text("không phải số", "not a number"),
        wanted=Text(
            "chỉ chữ số và dấu thập phân, không kèm chữ, %, hay phép chia; đếm được thì ghi numerator và denominator",
            "digits and a decimal mark only, no words, % or fractions; give counts as numerator and denominator",
        ),
    )


def _half_ratio(key: str, value: Mapping[str, Any], side: str) -> Problem:
    other = next(name for name in _SIDES if name != side)
    words = {"numerator": Text("tử số", "the numerator"), "denominator": Text("mẫu số", "the denominator")}
    return Problem(
        code="half_ratio",
        key=key,
        found=shown(dict(value)),
        message=Text(f"chỉ có {words[side].vi}", f"only {words[side].en} is given"),
        wanted=Text(f"cả {words[other].vi} ({other})", f"{words[other].en} too ({other})"),
    )


def _shown(value: Any) -> str:
    """A value as the file has it: a number without Python's wrapping."""
    return str(value)[:80] if isinstance(value, Decimal) else shown(value)
