"""What a session tells: events as they come, those that wait to be taken, and all of them again from the journal."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator

import attrs

from ntm_rules.engine.session.events import Event, Moment, differences
from ntm_rules.engine.session.journal import Journal
from ntm_rules.engine.session.judging import Incremental, Judged
from ntm_rules.engine.session.reactions import AnyReaction, Reactions, Step
from ntm_rules.engine.session.state import Change, Known, known_from, recorded
from ntm_rules.model.ruleset import Catalogue

__all__ = ["Live", "Telling", "step_of"]

# What waits to be taken beyond this is told again from the journal.
_WAITING = 10_000


@attrs.define(slots=True)
class Live:
    """A commune in memory; what is said under a ruleset is None while that cannot judge it, as before its region is known."""

    known: Known
    judged: tuple[Judged | None, ...]


def step_of(before: Live, after: Live, changes: tuple[Change, ...]) -> Step | None:
    """What some changes brought about, under the rulesets that judged before and after; None where there is none."""
    both = [
        (old, new) for old, new in zip(before.judged, after.judged, strict=True) if old is not None and new is not None
    ]
    if not both:
        return None
    old = Moment(before.known, tuple(judged for judged, _ in both))
    new = Moment(after.known, tuple(judged for _, judged in both))
    return Step(old, new, changes, tuple(differences(old, new, changes)))


class Telling:
    """The events of a journal: each told to the host as it happens, once, and kept until it is taken.

    Told again they are judged by `native`, with at most `most` communes in memory.
    """

    def __init__(
        self,
        journal: Journal,
        native: Incremental,
        catalogue: Catalogue,
        reactions: Iterable[AnyReaction],
        on_event: Callable[[Event], object] | None,
        most: int,
    ) -> None:
        self._journal, self._native, self._catalogue, self._most = journal, native, catalogue, most
        self._reactions, self._on_event = tuple(reactions), on_event
        self._waiting: collections.deque[Event] = collections.deque()
        # Where events are left to the journal, the sequence until which they have been told; the reactions are then unsure.
        self._told_until: int | None = None
        # What is being told again of these, and the sequence that it ends at.
        self._again: tuple[int, Iterator[tuple[int, list[Event]]]] | None = None
        self._reacting: Reactions | None = self._remembering(journal.last)

    # -- as it happens

    def tell(self, steps: Iterable[Step | None], record: Callable[[], None]) -> None:
        """Record some steps; then queue all that happened, and only then call the host, whose exceptions lose nothing of it."""
        first, told_until = self._journal.last + 1, self._told_until
        # What an exception has kept from counting is counted anew from the journal.
        reacting = self._remembering(first - 1) if self._reacting is None else self._reacting
        try:
            # What follows is left to the journal until it is queued, wherever an exception comes, of a signal say.
            self._reacting = None
            if told_until is None:
                self._told_until = first - 1
            record()
        except BaseException:
            if self._journal.last < first:
                self._told_until, self._reacting = told_until, reacting
            raise
        judged = [step for step in steps if step is not None]
        events = [event for step in judged for event in (*step.events, *reacting.to(step))]
        self._reacting = reacting
        if told_until is None and len(self._waiting) + len(events) <= _WAITING:
            self._waiting.extend(events)
            self._told_until = None  # else there is no room, and they stay left to the journal
        failed: list[Exception] = []
        self._call(events, failed)
        for event in itertools.chain.from_iterable(reacting.of_functions(step, failed) for step in judged):
            if self._told_until is None:
                self._waiting.append(event)
            self._call([event], failed)
        if failed:
            raise failed[0]

    def _call(self, events: list[Event], failed: list[Exception]) -> None:
        if self._on_event is not None:
            for event in events:
                try:
                    self._on_event(event)
                except Exception as error:  # noqa: BLE001 - raised when all have been called
                    failed.append(error)

    # -- to be taken

    def next_not_taken(self) -> Event | None:
        """The first event that has not been taken yet, taken; None where there is none."""
        while self._waiting or self._told_until is not None:
            if not self._waiting:
                self._tell_on()
                continue
            event = self._waiting.popleft()
            # What an exception came upon while it was queued is told from the journal, whole.
            if self._told_until is None or event.sequence <= self._told_until:
                return event
        return None

    def _tell_on(self) -> None:
        """Queue one more step of those that are left to the journal."""
        assert self._told_until is not None
        try:
            if self._again is None:
                self._again = self._journal.last, self._told_again(self._told_until, self._journal.last)
            last, again = self._again
            told = next(again, None)
            if told is not None:
                sequence, events = told
                self._waiting.extend(events)
                self._told_until = sequence
                return
            self._again = None
            # What has been recorded meanwhile was left to the journal too.
            self._told_until = None if last == self._journal.last else last
        except BaseException:  # begun anew where it had come to
            self._again = None
            raise

    def since(self, sequence: int) -> Iterator[Event]:
        """Every event after a sequence, told again; save what functions said."""
        last = self._journal.last
        # A row within a step is told of with the whole of it.
        again = self._told_again(self._journal.begins(min(sequence, last) + 1) - 1, last)
        return itertools.chain.from_iterable(events for _, events in again)

    # -- the journal told again

    def _told_again(self, since: int, until: int) -> Iterator[tuple[int, list[Event]]]:
        """The events after a sequence, step by step as they came, each with the last sequence of its step."""
        reacting = self._remembering(since)
        for step in self._steps(since, until):
            yield step.changes[-1].sequence, [*step.events, *reacting.to(step)]

    def _remembering(self, until: int) -> Reactions:
        """Reactions that remember what happened before a sequence."""
        reacting = Reactions(self._reactions)
        if reacting.counts:
            for step in self._steps(0, until):
                reacting.remember(step)
        return reacting

    def _steps(self, since: int, until: int | None = None) -> Iterator[Step]:
        """The steps after a sequence and up to another, judged anew by the native engine."""
        lives: collections.OrderedDict[str, Live] = collections.OrderedDict()
        rows = self._journal.rows(after=since, until=until)
        for (code, _), group in itertools.groupby(rows, key=lambda row: (row.commune, row.step)):
            own = list(group)
            live = lives.pop(code, None)
            if live is None:
                before = self._journal.rows(commune=code, until=own[0].sequence - 1)
                known = known_from(before, code, self._catalogue)
                live = Live(known, self._native.judge_those(known))
            changes, known = recorded(own, live.known, self._catalogue)
            after = Live(known, self._native.judge_those(known))
            step = step_of(live, after, changes)
            if step is not None:
                yield step
            lives[code] = after
            if len(lives) > self._most:
                lives.popitem(last=False)
