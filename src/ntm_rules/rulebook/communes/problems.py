"""Problems of files of communes, and the forms a commune passes through on its way in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ntm_rules.model.commune import Commune, unit_code
from ntm_rules.model.errors import CommuneError, Problem
from ntm_rules.model.text import Text, clean_text, shown

__all__ = ["Entry", "Raw", "given_twice", "in_place", "no_commune_here", "refusal"]


def _nowhere() -> Mapping[str, int]:
    return {}


@attrs.frozen(slots=True)
class Entry:
    """One commune of a file: the line it starts on, and the commune or what is wrong with it.

    `label` is what the file calls it, so that a bad one can still be told from its neighbours; `code`, `name` and `host_id` are
    those of the file where they can be read, whether or not the commune could be made. `places` gives the line of each key;
    `again`, where the commune was read the quick way, reads it once more with every check.
    """

    line: int | None
    commune: Commune | None
    problems: tuple[Problem, ...] = ()
    label: str | None = None
    code: str | None = None
    name: str | None = None
    host_id: Any = None
    places: Callable[[], Mapping[str, int]] = attrs.field(default=_nowhere, eq=False, repr=False)
    again: Callable[[], Entry] | None = attrs.field(default=None, eq=False, repr=False)

    def refused(self, problems: Iterable[Problem]) -> Entry:
        """The same, refused when it was judged: with those problems, placed, and what a thorough reading finds beside them."""
        whole = self if self.again is None else self.again()
        said = {(problem.code, problem.key) for problem in whole.problems}
        places = self.places()
        late = [in_place(p, None, places.get(p.key or "", self.line)) for p in problems if (p.code, p.key) not in said]
        entry = attrs.evolve(self, problems=(*whole.problems, *late))
        if self.commune is None:
            return entry
        code, name = self.commune.code, self.commune.name
        return attrs.evolve(entry, code=code, name=name, host_id=self.commune.host_id, label=self.label or name or code)


@attrs.frozen(slots=True)
class Raw:
    """One commune as it stands in a file.

    `textual` files write everything as text; `places` gives the line of a key as problems name it, and of the commune itself
    under ""; `problems` are those of the text. What `spoils` is wrong for every record after it: none of them can be taken.
    """

    line: int | None
    data: Any
    textual: bool
    places: Callable[[], Mapping[str, int]] = _nowhere
    problems: tuple[Problem, ...] = ()
    spoils: bool = False

    def who(self) -> dict[str, Any]:
        """What the record says of whose it is: label, code, name and host_id, as far as they can be read."""
        data = self.data if isinstance(self.data, Mapping) else {}
        name, host_id = data.get("name"), data.get("host_id")
        named = next((data[key] for key in ("name", "code", "host_id") if data.get(key)), None)
        return {
            "label": named[:80] if isinstance(named, str) else None if named is None else shown(named),
            "code": _code(data.get("code")),
            "name": clean_text(name) if isinstance(name, str) else None,
            "host_id": host_id if _can_be_said(host_id) else None,
        }


def _can_be_said(host_id: Any) -> bool:
    """Whether an identifier can be given back: one nested without end cannot."""
    try:
        json.dumps(host_id, default=str)
    except (RecursionError, ValueError, TypeError):
        return False
    return True


def _code(code: Any) -> str | None:
    """A code in its own form, or as it stands where it is none."""
    try:
        return unit_code(code)
    except CommuneError:
        return str(code) if isinstance(code, str) and len(code) <= 80 else None


def refusal(
    code: str,
    source: str | None,
    line: int | None,
    message: Text,
    *,
    found: str | None = None,
    wanted: str | None = None,
) -> CommuneError:
    """The error of one problem."""
    words = None if wanted is None else Text(wanted, wanted)
    return CommuneError([Problem(code=code, source=source, line=line, message=message, found=found, wanted=words)])


def in_place(problem: Problem, source: str | None, line: int | None) -> Problem:
    """A problem that names its file and line; what it names already it keeps."""
    return attrs.evolve(problem, source=source or problem.source, line=line if problem.line is None else problem.line)


def no_commune_here(data: Any) -> Problem:
    """What is wrong where a commune was wanted and something else came."""
    return Problem(
        code="not_a_commune",
        found=shown(data),
        message=Text("không phải một xã", "not a commune"),
        wanted=Text(
            "bảng khóa: giá trị (code, name, region, year, facts …)", "a mapping (code, name, region, year, facts …)"
        ),
    )


def given_twice(key: str, value: Any) -> Problem:
    """A fact that stands in one record twice."""
    return Problem(
        code="given_twice",
        key=key,
        found=shown(value),
        message=Text("số liệu ghi hai lần", "the fact is given twice"),
        wanted=Text("một lần: theo nam, nữ, hoặc theo khóa riêng", "once: by sex, or by its own key"),
    )
