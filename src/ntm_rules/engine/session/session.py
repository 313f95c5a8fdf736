"""A live session: facts that arrive over time, what follows from each, and a journal from which all of it can be told again."""

from __future__ import annotations

import collections
import datetime
import enum
import functools
import itertools
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, final

import attrs

from ntm_rules.engine.attested_names import unknown_names
from ntm_rules.engine.native import evaluate
from ntm_rules.engine.session.events import Event
from ntm_rules.engine.session.journal import VIETNAM, Journal, Row, stamp
from ntm_rules.engine.session.judging import (
    Engine,
    EngineError,
    Incremental,
    Judged,
    assessment_of,
    can_judge,
    with_sexes,
    without_sex,
)
from ntm_rules.engine.session.reactions import AnyReaction, Step
from ntm_rules.engine.session.refused import (
    all_of,
    all_reactions,
    already_known,
    checked_day,
    checked_key,
    checked_since,
    not_known,
    older_than_known,
    refuse_no_json,
    refuse_no_text,
    refuse_other_process,
    unknown_fact,
)
from ntm_rules.engine.session.state import IDENTITY, Change, Given, Known, change_of, known_from, recorded, rows_of
from ntm_rules.engine.session.telling import Live, Telling, step_of
from ntm_rules.model.assessment import Assessment
from ntm_rules.model.checking import clean_facts, fact_named
from ntm_rules.model.commune import Commune, freeze_facts, unit_code
from ntm_rules.model.errors import CommuneError, DateError, FactError, Problem, UnknownNameError
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, clean_text, nearest, shown

__all__ = ["Session", "SessionEngine"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class SessionEngine(str, enum.Enum):
    """What judges in a session: again only what names the changed fact, or by forward chaining on durable-rules (extra `session`).

    >>> SessionEngine("native") is SessionEngine.NATIVE
    True
    """

    NATIVE = "native"
    DURABLE = "durable"


def _now() -> datetime.datetime:
    return datetime.datetime.now(VIETNAM)


def _one_at_a_time(call: Callable[Concatenate[Session, P], R]) -> Callable[Concatenate[Session, P], R]:
    """Threads wait for each other; a process that was forked off has no part in the session."""

    @functools.wraps(call)
    def alone(self: Session, /, *args: P.args, **kwargs: P.kwargs) -> R:
        refuse_other_process(self._process)
        with self._lock:
            return call(self, *args, **kwargs)

    return alone


@final
class Session:
    """Communes whose facts arrive over time, judged under one ruleset or several as each fact comes.

    Every change is recorded in the `journal`, a file (None: in memory, gone with the session), before the call that made it
    returns; a session opened on the same journal knows all that the last one knew. What a change brings about comes out as events:
    from `events`, and to `on_event` as it happens. `reactions` are those of `load_reactions` and functions that take an event and an
    assessment and give a `Text` or None; they are called as it happens, never again. `engine` is "native", which judges again only the indicators that name a changed fact, or
    "durable", the same by forward chaining on durable-rules (extra `session`). At most `live` communes are held in memory; the others
    are read back from the journal when asked for. `clock` tells when a change is recorded.

    Raises `JournalError` where the journal is in use, damaged or not a journal.

    >>> import datetime
    >>> import ntm_rules as ntm
    >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    >>> with ntm.Session(rs) as session:
    ...     session.load(ntm.Commune(code="13570", name="Nhân Bình", region="dbsh", year=2023, facts={"income_per_capita": 60}))
    ...     session.update("13570", "income_per_capita", 55.5, as_of=datetime.date(2023, 11, 16), source="Chi cục Thống kê")
    ...     [(event.name, event.id) for event in session.events()]
    [('indicator_missing', '10'), ('criterion_lost', '10'), ('tier_open', '2021-2025/xa-ntm'), ('recognition_open', '2021-2025/xa-ntm')]
    """

    def __init__(
        self,
        rulesets: Ruleset | Iterable[Ruleset],
        *,
        journal: str | Path | None = None,
        engine: SessionEngine | Literal["native", "durable"] = SessionEngine.NATIVE,
        reactions: Iterable[AnyReaction] = (),
        on_event: Callable[[Event], object] | None = None,
        live: int = 1000,
        clock: Callable[[], datetime.datetime] = _now,
    ) -> None:
        self._rulesets = all_of(rulesets)
        self._catalogue = self._rulesets[0].catalogue
        declared = all_reactions(reactions, self._rulesets)
        self._native = Incremental(self._rulesets)
        self._engine = self._native if _checked(engine) is SessionEngine.NATIVE else _durable(self._rulesets)
        self._clock, self._most = clock, max(1, live)
        self._live: collections.OrderedDict[str, Live] = collections.OrderedDict()
        self._lock, self._process = threading.RLock(), os.getpid()
        self._quarantined: dict[str, Problem] = {}
        try:
            self._journal = Journal(journal)
        except BaseException:
            self._engine.close()
            raise
        try:
            self._telling = Telling(self._journal, self._native, self._catalogue, declared, on_event, self._most)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the journal free, and the memory; what a forked process has of them is not its own to close."""
        if os.getpid() != self._process:
            return
        with self._lock:
            self._journal.close()
            self._engine.close()
            self._live.clear()

    @_one_at_a_time
    def backup(self, path: str | Path) -> None:
        """Copy the journal as it is now into a new file, which a session can be opened on.

        Raises `JournalError` where there is a file of that name, or no room.

        >>> import pathlib, tempfile
        >>> import ntm_rules as ntm
        >>> with tempfile.TemporaryDirectory() as folder, ntm.Session(ntm.load_ruleset("2021-2025/xa-ntm")) as session:
        ...     session.load(ntm.Commune(code="13570", region="dbsh", year=2023))
        ...     session.backup(pathlib.Path(folder) / "sao-luu.db")
        ...     with ntm.Session(ntm.load_ruleset("2021-2025/xa-ntm"), journal=pathlib.Path(folder) / "sao-luu.db") as copy:
        ...         copy.communes()
        ('13570',)
        """
        self._journal.backup(path)

    # -- facts in

    @_one_at_a_time
    def assert_fact(
        self,
        commune: int | str,
        fact: str,
        value: Any,
        *,
        as_of: datetime.date,
        source: str,
        who: str | None = None,
    ) -> None:
        """A fact becomes known: `value` as `Commune` takes it, also by sex, as of a day, from a source, given by someone.

        The same value again changes nothing; for a later day, or from another source, it is recorded as a confirmation. Raises
        `FactError` where another value is known (`update` replaces one), or where the value cannot be taken; nothing is recorded then.

        >>> import datetime
        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     session.assert_fact("13570", "income_per_capita", 60, as_of=datetime.date(2023, 11, 16), source="Chi cục Thống kê")
        ...     session.commune("13570").facts["income_per_capita"]
        Decimal('60')
        """
        given = self._given(fact, value)
        known = self._of(commune).known
        problems = [
            already_known(key, known.fact[key], new) for key, new in given.items() if known.fact.get(key, new) != new
        ]
        if problems:
            raise FactError(problems)
        day = self._past(as_of)
        self._change(commune, [Given("fact", key, new, day, source) for key, new in given.items()], who)

    @_one_at_a_time
    def update(
        self,
        commune: int | str,
        fact: str,
        value: Any,
        *,
        as_of: datetime.date,
        source: str,
        who: str | None = None,
    ) -> None:
        """A fact has a new value from now on, whether one was known or not.

        Raises `FactError` where the value cannot be taken, or is another one than known and of an earlier day; nothing is recorded
        then.

        >>> import datetime
        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     for day, value in ((1, 60), (16, 55.5)):
        ...         session.update("13570", "income_per_capita", value, as_of=datetime.date(2023, 11, day), source="Chi cục Thống kê")
        ...     session.commune("13570").facts["income_per_capita"]
        Decimal('55.5')
        """
        given, day = self._given(fact, value), self._past(as_of)
        self._change(commune, [Given("fact", key, new, day, source) for key, new in given.items()], who)

    @_one_at_a_time
    def retract_fact(
        self, commune: int | str, fact: str, *, as_of: datetime.date, source: str, who: str | None = None
    ) -> None:
        """A fact is no longer known, nor those of men and women where `fact` names it for all; `FactError` where it is not known.

        >>> import datetime
        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> said = {"as_of": datetime.date(2023, 11, 16), "source": "BHXH"}
        >>> with ntm.Session(rs) as session:
        ...     session.assert_fact("13570", "health_insurance_pct", {"male": 96, "female": 95}, **said)
        ...     session.retract_fact("13570", "health_insurance_pct", **said)
        ...     dict(session.commune("13570").facts)
        {}
        """
        code, known = self._code(commune), self._of(commune).known.fact
        keys = _named_by(fact, known)
        if not keys:
            raise FactError([not_known(code, fact, known)])
        day = self._past(as_of)
        self._change(code, [Given("fact", key, None, day, source) for key in keys], who)

    @_one_at_a_time
    def plan(
        self,
        commune: int | str,
        fact: str,
        value: Any,
        *,
        as_of: datetime.date,
        source: str,
        who: str | None = None,
    ) -> None:
        """A value that is planned for a day, None where it no longer is. It judges nothing; reactions may look at it.

        >>> import datetime
        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     session.plan("13570", "income_per_capita", 70, as_of=datetime.date(2025, 12, 31), source="Nghị quyết HĐND xã")
        ...     [(change.key, change.new) for change in session.history("13570")], dict(session.commune("13570").facts)
        ([('income_per_capita', Decimal('70'))], {})
        """
        day = checked_day(as_of, "as_of")
        given = self._given(fact, value) if value is not None else dict.fromkeys(self._planned(commune, fact))
        self._change(commune, [Given("plan", key, new, day, source) for key, new in given.items()], who)

    @_one_at_a_time
    def attest(
        self,
        commune: int | str,
        number: str,
        verdict: bool | None,
        *,
        as_of: datetime.date,
        source: str,
        who: str | None = None,
    ) -> None:
        """An agency's verdict on an indicator ("7", best "2021-2025/xa-ntm:7"); None takes it back.

        Raises `CommuneError` where there is no such indicator, or the verdict is neither True nor False.

        >>> import datetime
        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     session.load(ntm.Commune(code="13570", region="dbsh", year=2023))
        ...     session.attest("13570", "2021-2025/xa-ntm:7", True, as_of=datetime.date(2023, 11, 16), source="Sở Công Thương")
        ...     session.assessment("13570").indicator("7").status.value
        'met'
        """
        number = clean_text(checked_key(number))
        if verdict is not None:
            Commune(attested={number: verdict})  # which refuses what is no verdict
        if verdict is not None or number not in self._of(commune).known.attested:
            problems = [problem for ruleset in self._rulesets for problem in unknown_names(ruleset, [number])]
            if problems:
                raise CommuneError(problems)
        self._change(commune, [Given("attested", number, verdict, self._past(as_of), source)], who)

    @_one_at_a_time
    def load(
        self,
        communes: Commune | Iterable[Commune],
        *,
        as_of: datetime.date | None = None,
        source: str | None = None,
        who: str | None = None,
    ) -> None:
        """Take over what a commune says, or several, at once; all of it is recorded, or nothing.

        Name, region, province, district, zone, year and `host_id` are from now on as the commune has them; its facts and attested
        verdicts are added to those known. Raises `CommuneError` with everything wrong with any of them.

        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     session.load(ntm.Commune(code=code, region="dbsh", year=2023) for code in (754, 13570))
        ...     session.communes()
        ('00754', '13570')
        """
        refuse_no_text(source=source, who=who)
        said: Any = communes
        given = list(said) if isinstance(said, Iterable) and not isinstance(said, (str, Mapping)) else [said]
        day = None if as_of is None else self._past(as_of)
        problems: list[Problem] = []
        changes: dict[str, list[Given]] = {}
        for commune in given:
            try:
                code, contents = self._loadable(commune, day, source)
                if code in changes:
                    message = Text("xã ghi hai lần", "the commune is given twice")
                    problems.append(Problem(code="given_twice", source=code, key="code", message=message))
                changes[code] = contents
            except (CommuneError, FactError) as error:
                where = commune.code if isinstance(commune, Commune) else None
                problems += (attrs.evolve(problem, source=problem.source or where) for problem in error.problems)
        if problems:
            raise CommuneError(problems)
        self._change_all(changes, who)

    def _loadable(self, commune: Commune, day: datetime.date | None, source: str | None) -> tuple[str, list[Given]]:
        """What is to be recorded of a commune, with which every ruleset can judge it."""
        if not isinstance(commune, Commune) or commune.code is None:
            wanted = Text("Commune(code=…)", "Commune(code=…)")
            message = Text("không phải xã có mã", "not a commune with a code")
            raise CommuneError([Problem(code="no_code", found=shown(commune), message=message, wanted=wanted)])
        refuse_no_json(commune.host_id)
        known = self._of(commune.code).known
        identity = commune.to_dict()
        found = [Given("identity", key, identity.get(key), day, source) for key in IDENTITY]
        found += (
            Given("fact", key, value, day, source) for key, value in clean_facts(self._catalogue, commune.facts).items()
        )
        found += (Given("attested", key, verdict, day, source) for key, verdict in commune.attested.items())
        problems = _too_old(known, found)
        if problems:
            raise CommuneError(problems)
        for ruleset in self._rulesets:
            evaluate(ruleset, known.after(found).commune())
        return commune.code, found

    def _given(self, fact: str, value: Any) -> dict[str, Any]:
        """The exact values that are given for a fact, one or those of men, women and all; FactError."""
        frozen = freeze_facts({checked_key(fact): value})
        if not frozen:
            message = Text("không có giá trị", "no value")
            wanted = Text("giá trị; bỏ số liệu thì dùng retract_fact", "a value; retract_fact takes a fact away")
            raise FactError([Problem(code="no_value", key=str(fact), message=message, wanted=wanted)])
        return clean_facts(self._catalogue, frozen)

    def _planned(self, commune: int | str, fact: str) -> list[str]:
        """The keys under which a fact is planned, all of them, and none where nothing is."""
        keys = _named_by(fact, self._of(commune).known.plan)
        if not keys and fact_named(self._catalogue, fact) is None:
            raise FactError([unknown_fact(fact, self._catalogue)])
        return keys

    def _refuse_disagreeing(self, known: Known, given: list[Given]) -> None:
        """Figures of men, women and all must agree, those planned with the facts as they stand."""
        new = {one.key: one.new for one in given}
        for one in given:
            if one.kind in ("fact", "plan") and one.new is not None:
                stands = (known.fact,) if one.kind == "fact" else (known.plan, known.fact)
                facts = collections.ChainMap(new, *stands)
                # A figure that the catalogue no longer allows is still to be put right, one by one.
                keys = (key for key in with_sexes(one.key) if key in new or key not in known.wrong)
                clean_facts(self._catalogue, {key: facts[key] for key in keys if key in facts})

    def _past(self, day: Any) -> datetime.date:
        """A day that a figure may be of: it has come."""
        found, today = checked_day(day, "as_of"), self._clock().astimezone(VIETNAM).date()
        if found > today:
            message = Text("ngày chưa tới", "a day that has not come")
            wanted = Text(f"đến {today}; giá trị dự kiến thì dùng plan", f"up to {today}; plan takes what is planned")
            raise DateError(
                [Problem(code="not_yet", key="as_of", found=found.isoformat(), message=message, wanted=wanted)]
            )
        return found

    # -- what follows

    def _change(self, commune: int | str, wanted: list[Given], who: str | None) -> None:
        code = self._code(commune)
        if not wanted:
            return
        source = wanted[0].source
        refuse_no_text(source=source, who=who)
        if source is None:
            message = Text("chưa ghi nguồn số liệu", "the source of the figure is not given")
            raise FactError([Problem(code="no_source", source=code, key="source", message=message)])
        known = self._of(code).known
        problems = _too_old(known, wanted)
        if problems:
            raise FactError(problems)
        self._refuse_disagreeing(known, wanted)
        self._change_all({code: wanted}, who)

    def _change_all(self, wanted: Mapping[str, list[Given]], who: str | None) -> None:
        """Judge, record, and only then tell: what cannot be judged or recorded has not happened."""
        moment = max(stamp(self._clock()), self._journal.last_recorded_at)
        first = self._journal.last + 1
        sequences = itertools.count(first)
        rows: list[Row] = []
        lives: list[Live] = []
        steps: list[Step | None] = []
        try:
            for code, contents in wanted.items():
                self._refuse_quarantined(code)
                live = self._of(code)
                own = rows_of(live.known, contents, sequences, first, moment, who)
                if not own:
                    continue
                changes = tuple(change_of(row, live.known, new) for row, new in own)
                known = live.known.after(changes)
                after = Live(known, self._judged(known, live.judged, changes))
                rows += (row for row, _ in own)
                lives.append(after)
                steps.append(step_of(live, after, changes))
            if rows:
                self._telling.tell(steps, functools.partial(self._record, rows, lives))
        except BaseException:
            for code in wanted:  # read back from the journal when next asked for
                self._drop(code)
            raise

    def _record(self, rows: list[Row], lives: list[Live]) -> None:
        # From here on what was known is no longer so, wherever an exception comes, of a signal say.
        for live in lives:
            self._live.pop(live.known.code, None)
        self._journal.append(rows)
        for live in lives:
            self._keep(live)

    def _judged(
        self, known: Known, before: tuple[Judged | None, ...], changes: Collection[Change]
    ) -> tuple[Judged | None, ...]:
        """What the rulesets say."""
        kinds = {change.kind for change in changes}
        whole = tuple(judged for judged in before if judged is not None)
        try:
            if len(whole) == len(self._rulesets) and not kinds & {"identity", "attested"}:
                keys = [change.key for change in changes if change.kind == "fact"]
                return self._engine.rejudge(known, whole, keys) if keys else before
            if all(can_judge(ruleset, known) for ruleset in self._rulesets):
                return self._engine.judge(known)
            return self._native.judge_those(known)
        except EngineError as error:
            self._quarantined[known.code] = error.problems[0]
            raise

    # -- what is known

    @_one_at_a_time
    def assessment(
        self, commune: int | str, ruleset_id: str | None = None, *, known_on: datetime.date | None = None
    ) -> Assessment:
        """What `evaluate` says of a commune by all that is known of it now, or was known at the end of a day.

        Of several rulesets `ruleset_id` names the one meant, the first where it is None. Raises `CommuneError` where nothing was
        recorded of the commune by then, or its region was not known.

        >>> import datetime
        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     session.load(ntm.Commune(code="13570", region="dbsh", year=2023, facts={"income_per_capita": 60}))
        ...     session.assessment("13570").indicator("10").status.value, session.assessment("13570") == ntm.evaluate(rs, session.commune("13570"))
        ('met', True)
        """
        place = self._place_of(ruleset_id)
        code = self._code(commune)
        if known_on is not None:
            return evaluate(self._rulesets[place], self.commune(code, known_on=known_on))
        self._refuse_quarantined(code)
        live = self._of(code)
        judged = live.judged[place]
        if judged is None:
            return evaluate(self._rulesets[place], self.commune(code))  # which says what is lacking
        return assessment_of(judged, live.known.commune())

    @_one_at_a_time
    def commune(self, commune: int | str, *, known_on: datetime.date | None = None) -> Commune:
        """All that is known of a commune now, or was known at the end of a day; CommuneError where nothing was recorded of it.

        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     session.load(ntm.Commune(code="13570", name="Nhân Bình", region="dbsh"))
        ...     session.commune("13570").name
        'Nhân Bình'
        """
        code = self._code(commune)
        rows = list(self._journal.rows(commune=code, until=None if known_on is None else self._last_by(known_on)))
        if not rows:
            raise CommuneError([self._unknown(code)])
        return known_from(rows, code, self._catalogue).commune()

    @_one_at_a_time
    def communes(self) -> tuple[str, ...]:
        """The codes of all communes that something was recorded of."""
        return tuple(self._journal.communes())

    @_one_at_a_time
    def events(self, *, since: int | None = None) -> Iterator[Event]:
        """The events that have not been taken yet, in order; those of `on_event` too.

        With `since`, a sequence that a consumer has already dealt with, every event after it, told again from the journal: save what
        functions said, which are called once, as it happens.

        >>> import datetime
        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     session.load(ntm.Commune(code="13570", region="dbsh", year=2023, facts={"income_per_capita": 60}))
        ...     session.update("13570", "income_per_capita", 50, as_of=datetime.date(2023, 11, 16), source="Chi cục Thống kê")
        ...     [event.name for event in session.events()] == [event.name for event in session.events(since=0)]
        True
        """
        return self._each(
            iter(self._telling.next_not_taken, None) if since is None else self._telling.since(checked_since(since))
        )

    @_one_at_a_time
    def history(self, commune: int | str | None = None) -> Iterator[Change]:
        """Every change in order, of one commune or of all: who gave what, when, from which source, and what was known before.

        >>> import datetime
        >>> import ntm_rules as ntm
        >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
        >>> with ntm.Session(rs) as session:
        ...     session.update("13570", "income_per_capita", 50, as_of=datetime.date(2023, 11, 16), source="Chi cục Thống kê", who="lan")
        ...     [(change.old, change.new, change.source, change.who) for change in session.history("13570")]
        [(None, Decimal('50'), 'Chi cục Thống kê', 'lan')]
        """
        return self._each(self._changes(None if commune is None else self._code(commune)))

    def _changes(self, code: str | None) -> Iterator[Change]:
        knowns: dict[str, Known] = {}
        for row in self._journal.rows(commune=code):
            before = knowns.setdefault(row.commune, Known(row.commune))
            changes, knowns[row.commune] = recorded([row], before, self._catalogue)
            yield from changes

    @property
    def quarantined(self) -> Mapping[str, Problem]:
        """The communes that an engine failed on, by code, and how; see `release`."""
        return dict(self._quarantined)

    @_one_at_a_time
    def release(self, commune: int | str) -> None:
        """Let a commune out of quarantine: it is read back from the journal and judged anew when next asked for."""
        code = self._code(commune)
        self._quarantined.pop(code, None)
        self._drop(code)

    # -- communes in memory

    def _of(self, commune: int | str) -> Live:
        """A commune, from memory or read back from the journal."""
        code = self._code(commune)
        live = self._live.get(code)
        if live is None:
            self._refuse_quarantined(code)
            known = known_from(self._journal.rows(commune=code), code, self._catalogue)
            live = Live(known, self._judged(known, (), ()))
        self._keep(live)
        return live

    def _keep(self, live: Live) -> None:
        self._live[live.known.code] = live
        self._live.move_to_end(live.known.code)
        while len(self._live) > self._most:
            self._drop(next(iter(self._live)))

    def _drop(self, code: str) -> None:
        self._live.pop(code, None)
        self._engine.forget(code)

    # -- what was asked

    def _code(self, commune: int | str) -> str:
        code = unit_code(commune)
        if code is None:
            message = Text("cần mã xã", "a commune's code is needed")
            raise CommuneError([Problem(code="no_code", key="code", found=shown(commune), message=message)])
        return code

    def _unknown(self, code: str) -> Problem:
        return Problem(
            code="unknown_commune",
            key="code",
            found=code,
            message=Text("chưa ghi nhận gì về xã này", "nothing was recorded of this commune"),
            nearest=nearest(code, self._journal.communes()),
        )

    def _place_of(self, ruleset_id: str | None) -> int:
        ids = [ruleset.id for ruleset in self._rulesets]
        if ruleset_id is None:
            return 0
        if ruleset_id in ids:
            return ids.index(ruleset_id)
        raise UnknownNameError(
            [
                Problem(
                    code="unknown_ruleset",
                    found=shown(ruleset_id),
                    message=Text(
                        "phiên này không xét theo bộ tiêu chí đó", "the session does not judge by this ruleset"
                    ),
                    wanted=Text(", ".join(ids), ", ".join(ids)),
                    nearest=nearest(ruleset_id, ids),
                )
            ]
        )

    def _each(self, some: Iterator[T]) -> Iterator[T]:
        """An iterator, each step of which is a call of its own."""
        while True:
            refuse_other_process(self._process)
            with self._lock:
                one = next(some, None)
            if one is None:
                return
            yield one

    def _last_by(self, day: datetime.date) -> int:
        return self._journal.last_by(
            datetime.datetime.combine(checked_day(day, "known_on"), datetime.time.max, VIETNAM)
        )

    def _refuse_quarantined(self, code: str) -> None:
        if code in self._quarantined:
            wanted = Text("gọi release khi đã rõ nguyên nhân", "release, once the cause is known")
            raise EngineError([attrs.evolve(self._quarantined[code], code="quarantined", source=code, wanted=wanted)])


def _named_by(fact: Any, known: Mapping[str, Any]) -> list[str]:
    """The known keys that a name stands for: of a fact given by sex, those of men and women too."""
    key = checked_key(fact)
    return [name for name in (with_sexes(key) if without_sex(key) == key else (key,)) if name in known]


def _too_old(known: Known, given: Iterable[Given]) -> list[Problem]:
    """What is wrong with values of an earlier day than that of those known."""
    found = [(one, known.older(one)) for one in given]
    return [
        older_than_known(one.key, one.as_of, day) for one, day in found if day is not None and one.as_of is not None
    ]


def _checked(name: Any) -> SessionEngine:
    names = [each.value for each in SessionEngine]
    if name in names:
        return SessionEngine(name)
    wanted = ", ".join(names)
    problem = Problem(
        code="unknown_engine",
        key="engine",
        found=shown(name),
        message=Text("không có bộ máy này", "no such engine"),
        wanted=Text(wanted, wanted),
        nearest=nearest(name, names),
    )
    raise UnknownNameError([problem])


def _durable(rulesets: tuple[Ruleset, ...]) -> Engine:
    from ntm_rules.engine.session.durable import Durable

    return Durable(rulesets)
