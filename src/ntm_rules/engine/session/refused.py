"""What a session refuses, in words for people."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ntm_rules.engine.attested_names import names_no_ruleset
from ntm_rules.model.errors import CommuneError, DateError, FactError, NtmRulesError, Problem, RulebookError
from ntm_rules.model.facts import FactKind
from ntm_rules.model.reaction import Reaction
from ntm_rules.model.ruleset import Catalogue, Ruleset
from ntm_rules.model.text import Text, name_of, nearest, shown

__all__ = [
    "all_of",
    "all_reactions",
    "already_known",
    "checked_day",
    "checked_key",
    "checked_since",
    "not_known",
    "older_than_known",
    "refuse_no_json",
    "refuse_no_text",
    "unknown_fact",
]


def all_of(rulesets: Ruleset | Iterable[Ruleset]) -> tuple[Ruleset, ...]:
    """The rulesets, of which there is at least one, each once, all over the same facts."""
    found = (rulesets,) if isinstance(rulesets, Ruleset) else tuple(rulesets)
    ids = [getattr(ruleset, "id", None) for ruleset in found]
    problem = None
    if not found or not all(isinstance(ruleset, Ruleset) for ruleset in found):
        problem = ("not_a_ruleset", Text("không phải bộ tiêu chí đã nạp", "not a loaded ruleset"))
    elif len(set(ids)) < len(ids):
        problem = ("given_twice", Text("một bộ tiêu chí cho hai lần", "a ruleset is given twice"))
    elif any(ruleset.catalogue.facts != found[0].catalogue.facts for ruleset in found):
        problem = (
            "other_catalogue",
            Text("các bộ tiêu chí dùng danh mục số liệu khác nhau", "rulesets of different fact catalogues"),
        )
    if problem is not None:
        code, message = problem
        raise NtmRulesError([Problem(code=code, key="rulesets", found=shown(ids or rulesets), message=message)])
    return found


def all_reactions(reactions: Any, rulesets: tuple[Ruleset, ...]) -> tuple[Any, ...]:
    """The reactions, each of its own name, which name only what there is."""
    several = isinstance(reactions, Iterable) and not isinstance(reactions, str)
    found = tuple(reactions) if several else (None,)
    declared = [one for one in found if isinstance(one, Reaction)]
    problems = [
        Problem(
            code="not_a_reaction",
            key="reactions",
            found=shown(one if several else reactions),
            message=_NO_REACTION,
            wanted=_REACTIONS,
        )
        for one in found
        if not isinstance(one, Reaction) and not callable(one)
    ]
    names = [one.name for one in declared]
    problems += (
        Problem(code="given_twice", key=name, message=Text("hai phản ứng cùng tên", "two reactions of one name"))
        for name in sorted({name for name in names if names.count(name) > 1})
    )
    for one in declared:
        problems += _names_nothing(one, rulesets)
    if problems:
        raise RulebookError(problems)
    return found


_NO_REACTION = Text("không phải phản ứng", "not a reaction")
_REACTIONS = Text("dãy phản ứng từ load_reactions, hoặc hàm", "several of load_reactions, or functions")


def _names_nothing(reaction: Reaction, rulesets: tuple[Ruleset, ...]) -> Iterator[Problem]:
    """What a reaction names that there is not; of rulesets that the session does not judge by, only their names can be held."""
    catalogue = rulesets[0].catalogue

    def unknown(code: str, name: str, message: Text, known: Iterable[str]) -> Problem:
        return Problem(code=code, key=reaction.name, found=shown(name), message=message, nearest=nearest(name, known))

    for name in reaction.rulesets:
        if names_no_ruleset(name, catalogue.rulesets):
            message = Text("không có bộ tiêu chí này", "no such ruleset")
            yield unknown("unknown_ruleset", name, message, catalogue.rulesets)
    own = [ruleset for ruleset in rulesets if not reaction.rulesets or ruleset.id in reaction.rulesets]
    if not own:
        return
    ids = {clause.id for one in own for clause in (*one.indicators, *one.conditions, *one.prerequisites)}
    ids |= {criterion.no for one in own for criterion in one.criteria}
    for name in reaction.ids:
        if name not in ids:
            message = Text("không có chỉ tiêu, tiêu chí này", "no such indicator or criterion")
            yield unknown("unknown_number", name, message, ids)
    fact = None if reaction.holds is None else catalogue.facts.get(reaction.holds)
    if reaction.holds is not None and (fact is None or fact.kind is not FactKind.BOOLEAN):
        code, message = ("unknown_fact", Text("không có số liệu này trong danh mục", "no such fact in the catalogue"))
        if fact is not None:
            code, message = "wrong_kind", Text("không phải số liệu đúng/sai", "not a fact that is true or false")
        booleans = [key for key, one in catalogue.facts.items() if one.kind is FactKind.BOOLEAN]
        yield unknown(code, reaction.holds, message, booleans)


def checked_day(day: Any, name: str) -> datetime.date:
    """A date that is one; `DateError` names the argument."""
    if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
        message, wanted = Text("không phải ngày", "not a date"), Text("datetime.date", "a datetime.date")
        raise DateError([Problem(code="bad_date", key=name, found=shown(day), message=message, wanted=wanted)])
    return day


def checked_key(key: Any) -> str:
    """The key of a fact, or the number of an indicator, which is text."""
    if not isinstance(key, str):
        message, wanted = Text("tên hoặc số phải là chữ", "a key or number is text"), Text("chữ", "text")
        raise FactError([Problem(code="bad_key", key=name_of(key), found=shown(key), message=message, wanted=wanted)])
    return key


def checked_since(since: Any) -> int:
    """A place in the journal."""
    if isinstance(since, bool) or not isinstance(since, int) or since < 0:
        message, wanted = Text("không phải số dòng của sổ", "not a row of the journal"), Text("từ 0", "0 or more")
        raise FactError([Problem(code="bad_since", key="since", found=shown(since), message=message, wanted=wanted)])
    return since


def refuse_no_text(**given: Any) -> None:
    """Refuse what is said of a change where it is neither text nor nothing; blank text says nothing and is refused too."""
    problems = [
        Problem(
            code="wrong_kind",
            key=name,
            found=shown(said),
            message=Text("không phải chữ, hoặc để trống", "is not text, or blank"),
            wanted=Text("chữ", "text"),
        )
        for name, said in given.items()
        if said is not None and not (isinstance(said, str) and said.strip())
    ]
    if problems:
        raise FactError(problems)


def refuse_no_json(host_id: Any) -> None:
    """Refuse an identifier that would come back from the journal as another one."""
    try:
        back = json.loads(json.dumps(host_id, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError):
        back = None
    if repr(back) != repr(host_id):
        message = Text("JSON không giữ nguyên được giá trị này", "JSON cannot carry this value as it is")
        wanted = Text("chữ, số, đúng/sai, danh sách, bảng", "text, a number, a boolean, a list or a table of such")
        problem = Problem(code="bad_host_id", key="host_id", found=shown(host_id), message=message, wanted=wanted)
        raise CommuneError([problem])


def already_known(key: str, known: Any, given: Any) -> Problem:
    """Of a first value, where there is another."""
    return Problem(
        code="already_known",
        key=key,
        found=shown(given),
        message=Text("số liệu đã có giá trị khác", "the fact is known with another value"),
        wanted=Text(f"{known}; thay bằng update", f"{known}; update replaces it"),
    )


def older_than_known(key: str, day: datetime.date, known: datetime.date) -> Problem:
    """Of a value that speaks of an earlier day."""
    return Problem(
        code="older_than_known",
        key=key,
        found=day.isoformat(),
        message=Text("số liệu cũ hơn số đang có", "older than the value known"),
        wanted=Text(
            f"từ ngày {known.isoformat()}; ghi nhầm ngày thì bỏ giá trị ấy trước",
            f"of {known.isoformat()} or later; where that day is a slip, take its value back first",
        ),
    )


def not_known(code: str, fact: Any, known: Mapping[str, Any]) -> Problem:
    """Of a fact to be taken back that there is not."""
    return Problem(
        code="not_known",
        source=code,
        key=str(fact),
        found=shown(fact),
        message=Text("xã chưa có số liệu này", "the fact is not known of the commune"),
        nearest=nearest(fact, known),
    )


def unknown_fact(key: str, catalogue: Catalogue) -> Problem:
    """Of a key that is no fact."""
    return Problem(
        code="unknown_fact",
        key=key,
        found=shown(key),
        message=Text("không có số liệu này trong danh mục", "no such fact in the catalogue"),
        nearest=nearest(key, catalogue.facts),
    )
