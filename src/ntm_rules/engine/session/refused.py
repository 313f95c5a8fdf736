"""What a session refuses, in words for people."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ntm_rules.engine.attested_names import names_no_ruleset
from ntm_rules.model.errors import CommuneError, DateError, FactError, NtmRulesError, Problem, RulebookError
from ntm_rules.model.facts import FactKind
from ntm_rules.model.reaction import Reaction
from ntm_rules.model.requirement import Clause
from ntm_rules.model.ruleset import Catalogue, Ruleset, Withdrawal
from ntm_rules.model.text import Text, name_of, nearest, shown

__all__ = [
    "all_of",
    "all_reactions",
    "already_known",
    "checked_day",
    "checked_key",
    "checked_since",
    "key_numbers",
    "not_known",
    "older_than_known",
    "refuse_no_json",
    "refuse_no_text",
    "refuse_other_process",
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
        _of(one, "given_twice", one.name, Text("hai phản ứng cùng tên", "two reactions of one name"))
        for place, one in enumerate(declared)
        if one.name in names[:place]
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
    for name in reaction.rulesets:
        if names_no_ruleset(name, catalogue.rulesets):
            message = Text("không có bộ tiêu chí này", "no such ruleset")
            yield _of(reaction, "unknown_ruleset", name, message, nearest=nearest(name, catalogue.rulesets))
    own = [ruleset for ruleset in rulesets if not reaction.rulesets or ruleset.id in reaction.rulesets]
    if not own:
        return
    yield from _numbers_nothing(reaction, own)
    fact = None if reaction.holds is None else catalogue.facts.get(reaction.holds)
    if reaction.holds is not None and (fact is None or fact.kind is not FactKind.BOOLEAN):
        code, message = ("unknown_fact", Text("không có số liệu này trong danh mục", "no such fact in the catalogue"))
        if fact is not None:
            code, message = "wrong_kind", Text("không phải số liệu đúng/sai", "not a fact that is true or false")
        booleans = [key for key, one in catalogue.facts.items() if one.kind is FactKind.BOOLEAN]
        yield _of(reaction, code, reaction.holds, message, nearest=nearest(reaction.holds, booleans))


def _numbers_nothing(reaction: Reaction, rulesets: list[Ruleset]) -> Iterator[Problem]:
    """Numbers of which nothing that is waited for is told, and what is waited for of which none of the numbers is."""
    waited_for = reaction.events or ("near",) * (reaction.near is not None)
    told = {name: set[str]().union(*(_told_of(name, one) for one in rulesets)) for name in waited_for}
    every = set[str]().union(*told.values())
    for name in reaction.ids:
        if name not in every:
            message = Text("không có chỉ tiêu, tiêu chí này", "no such indicator or criterion")
            if any(name in _told_of(event, one) for event in ("criterion", "conflict") for one in rulesets):
                message = Text("không báo về số này ở đây", "of this number nothing is told here")
            yield _of(reaction, "unknown_number", name, message, nearest=nearest(name, every))
    wanted = Text("số thuộc loại được báo", "a number of the kind it tells of")
    for event, numbers in told.items():
        if reaction.ids and every.intersection(reaction.ids) and numbers.isdisjoint(reaction.ids):
            message = Text(
                "không bao giờ báo: không số nào thuộc loại này", "is never told: none of ids is of this kind"
            )
            yield _of(reaction, "never_told", event, message, wanted=wanted)
    if reaction.key_criteria:
        yield from _no_key_criterion(reaction, rulesets)


def _no_key_criterion(reaction: Reaction, rulesets: list[Ruleset]) -> Iterator[Problem]:
    keys = set[str]().union(*(key_numbers(one, criteria=criteria) for one in rulesets for criteria in (True, False)))
    wanted = Text("tiêu chí bắt buộc của quy định thu hồi", "a key criterion of the withdrawal rule")
    message = Text("không bao giờ báo: không phải tiêu chí bắt buộc", "is never told: not of a key criterion")
    if reaction.ids and keys and keys.isdisjoint(reaction.ids):
        yield _of(reaction, "never_told", ", ".join(reaction.ids), message, wanted=wanted)
    if reaction.rulesets and not keys:
        message = Text(
            "không bao giờ báo: bộ tiêu chí không có tiêu chí bắt buộc riêng",
            "is never told: the ruleset has no key criteria of its own",
        )
        yield _of(reaction, "never_told", ", ".join(reaction.rulesets), message, wanted=wanted)


def _told_of(event: str, ruleset: Ruleset) -> set[str]:
    """The numbers that events of one name, or what comes near, are told of."""
    kind = event.partition("_")[0]
    if kind == "criterion":
        return {criterion.no for criterion in ruleset.criteria}
    clauses: dict[str, tuple[Clause, ...]] = {
        "near": ruleset.indicators,
        "indicator": ruleset.indicators,
        "condition": ruleset.conditions,
        "prerequisite": ruleset.prerequisites,
        "conflict": (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites),
    }
    return {clause.id for clause in clauses.get(kind, ())}


def key_numbers(ruleset: Ruleset, *, criteria: bool) -> set[str]:
    """The numbers of the key criteria of the withdrawal rule, or of their indicators; a rule of another ruleset has none of this."""
    rule = ruleset.withdrawal
    if not isinstance(rule, Withdrawal):
        return set()
    if criteria:
        return set(rule.key_criteria)
    return {clause.id for one in ruleset.criteria if one.no in rule.key_criteria for clause in one.indicators}


def _of(reaction: Reaction, code: str, name: str, message: Text, **more: Any) -> Problem:
    """A problem of a reaction, with its place in the file it is from."""
    source, line = reaction.source, reaction.line
    return Problem(code=code, source=source, line=line, key=reaction.name, found=shown(name), message=message, **more)


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


def refuse_other_process(owner: int) -> None:
    """Refuse a process that was forked from the one, of the id given, that opened the session."""
    if os.getpid() != owner:
        message = Text("phiên thuộc về tiến trình đã mở nó", "the session belongs to the process that opened it")
        wanted = Text("mở phiên sau khi tách tiến trình", "a session opened after the process was forked")
        raise NtmRulesError([Problem(code="other_process", message=message, wanted=wanted)])


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
