"""From what stands in a file to a commune, or to everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ntm_rules.model.checking import clean_facts, place_problems
from ntm_rules.model.commune import Commune, check_fields, freeze_facts
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import name_of
from ntm_rules.rulebook.communes.problems import Entry, Raw, given_twice, in_place, no_commune_here
from ntm_rules.rulebook.communes.trees import BY_SEX
from ntm_rules.rulebook.communes.values import Numbers, Values, as_written

__all__ = ["Reader"]


@attrs.frozen(slots=True)
class Reader:
    """Makes communes of what stands in a file, collecting every problem."""

    catalogue: Catalogue
    numbers: Numbers
    source: str | None

    def entry(self, raw: Raw) -> Entry:
        """The commune of one raw mapping, or its problems."""
        problems = list(raw.problems)
        commune = None
        if isinstance(raw.data, Mapping):
            commune = self._commune(raw, problems)
        elif not problems:
            problems.append(no_commune_here(raw.data))
        if not problems:
            return Entry(raw.line, commune, places=raw.places, **raw.who())
        return Entry(self._line(raw), None, self._placed(raw, problems), places=raw.places, **raw.who())

    def _line(self, raw: Raw) -> int | None:
        return raw.line if raw.line is not None else raw.places().get("")

    def _placed(self, raw: Raw, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems with their lines, in the order of lines."""
        places, line = raw.places(), self._line(raw)
        placed = (in_place(problem, self.source, places.get(problem.key or "", line)) for problem in problems)
        return tuple(sorted(placed, key=lambda problem: problem.line or 0))

    def _commune(self, raw: Raw, problems: list[Problem]) -> Commune | None:
        data = dict(raw.data)
        given = data.get("facts")
        if raw.textual:
            self._read_identity(data, problems)
        if isinstance(given, Mapping):
            data["facts"] = self._facts(given, raw.textual, problems)
        fields, commune = data, None
        try:
            commune = Commune.from_dict(data)
        except NtmRulesError as error:
            problems += error.problems
            fields, _ = check_fields(data)
            problems += place_problems(
                self.catalogue, fields.get("region"), fields.get("province"), fields.get("zone", ())
            )
        else:
            problems += place_problems(self.catalogue, commune.region, commune.province, commune.zones)
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
            read = {
                key: self._values.word(f"attested.{key}", value) for key, value in attested.items() if value is not None
            }
            problems += (value for value in read.values() if isinstance(value, Problem))
            data["attested"] = {key: value for key, value in read.items() if not isinstance(value, Problem)}

    @property
    def _values(self) -> Values:
        return Values(self.catalogue, self.numbers)

    def _facts(self, given: Mapping[Any, Any], textual: bool, problems: list[Problem]) -> Mapping[str, Any]:
        """The facts that can be taken; what cannot is added to `problems`, each shown as it stands in the file."""
        flat = _by_sex(given, problems)
        values = self._values
        read = {key: values.value(key, value, textual) for key, value in flat.items()}
        try:
            return clean_facts(self.catalogue, freeze_facts(read))
        except NtmRulesError:
            return self._sound_facts(flat, read, problems)

    def _sound_facts(self, flat: Mapping[Any, Any], read: Mapping[Any, Any], problems: list[Problem]) -> dict[str, Any]:
        """Each fact on its own, so that one bad value hides no other; then those that are sound against each other."""
        sound: dict[str, Any] = {}
        for key, value in read.items():
            if isinstance(value, tuple):
                problems += value
                continue
            try:
                sound |= clean_facts(self.catalogue, freeze_facts({key: value}))
            except NtmRulesError as error:
                problems += (attrs.evolve(problem, found=as_written(flat[key])) for problem in error.problems)
        try:
            return clean_facts(self.catalogue, sound)
        except NtmRulesError as error:
            problems += error.problems
            return {}


def _by_sex(given: Mapping[Any, Any], problems: list[Problem]) -> dict[Any, Any]:
    """The facts with those given by sex as KEY.male and KEY.female; one given both ways is said."""
    flat: dict[Any, Any] = {}
    for key, value in given.items():
        if isinstance(value, Mapping) and value and BY_SEX.issuperset(value):
            parts = {key if sex == "total" else f"{key}.{sex}": inner for sex, inner in value.items()}
        else:
            parts = {key: value}
        problems += [given_twice(name_of(name), flat[name]) for name in parts if name in flat]
        flat |= parts
    return flat
