"""The questions: each a few cases of communes that are looked for, place by place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

import attrs

from ntm_rules.changes import words
from ntm_rules.changes.encoding import Reading, all_of, negation
from ntm_rules.changes.matching import match_clauses, match_moved
from ntm_rules.changes.places import LISTS, Place, involved, parts_of, places_of, table_of, tops
from ntm_rules.changes.proof import OpenThreshold, Proof, Question
from ntm_rules.changes.solving import NotDecided, Solver
from ntm_rules.changes.witness import Case, Part, Values, Witness, find_witness, passed, plain_values, terms_of
from ntm_rules.model.requirement import CellState, Clause, RulesetMet
from ntm_rules.model.ruleset import Ruleset, clause_facts
from ntm_rules.model.text import Text

__all__ = ["Inquiry"]


@attrs.frozen
class _Found:
    """What the search for a case ended with: a witness and its place, or the places that stay open."""

    witness: Witness | None = None
    place: Place | None = None
    open_in: tuple[Place, ...] = ()
    unconfirmed: bool = False


@attrs.frozen(kw_only=True)
class Inquiry:
    """One question, and what it takes to answer it."""

    question: Question
    new: Ruleset
    old: Ruleset | None
    indicator: str | None
    region: str | None
    year: int | None
    solver: Solver = attrs.field(init=False)
    places: list[Place] = attrs.field(init=False)
    known_best: list[Place] = attrs.field(init=False)
    plain: dict[Place, Values] = attrs.field(factory=dict, init=False)

    @solver.default
    def _solver(self) -> Solver:
        return Solver(involved(*(ruleset for ruleset in (self.new, self.old) if ruleset is not None)))

    @places.default
    def _places(self) -> list[Place]:
        return places_of(self.solver.rulesets, region=self.region, year=self.year)

    @known_best.default
    def _known_best(self) -> list[Place]:
        tables = [
            [table_of(held) for clause in tops(ruleset) for _, held in parts_of(clause)]
            for ruleset in self.solver.rulesets
        ]

        @functools.cache
        def unknown(which: int, column: str, year: int) -> int:
            cells = (None if table is None else table.cell(column, year) for table in tables[which])
            return sum(cell is None or cell.state is not CellState.SET for cell in cells)

        def rank(place: Place) -> tuple[int, int]:
            columns = [ruleset.column_for(place.region, place.zones) for ruleset in self.solver.rulesets]
            cells = sum(unknown(which, column, place.year) for which, column in enumerate(columns))
            return len(place.zones), cells  # a commune of no special zone is the more natural one

        return sorted(self.places, key=rank)

    def answered(self) -> Proof:
        """The answer."""
        ask: dict[str, Callable[[], Proof]] = {
            "implies": lambda: self._never(self._counterexample(self.new, self._other)),
            "equivalent": self._equivalent,
            "disjoint": lambda: self._never(Case((_whole(self.new), _whole(self._other)))),
            "tightens": self._tightens,
            "satisfiable": self._satisfiable,
            "redundant": self._redundant,
            "possible": self._possible,
        }
        try:
            hollow = self._hollow()
            return ask[self.question]() if hollow is None else hollow
        except NotDecided:
            return self._proof("unknown", "gave_up", words.GAVE_UP)

    @property
    def _other(self) -> Ruleset:
        assert self.old is not None
        return self.old

    def _proof(self, answer: str, code: str, reason: Text, **more: object) -> Proof:
        return Proof(
            question=self.question,
            new=self.new,
            old=self.old,
            indicator=self.indicator,
            answer=answer,  # type: ignore[arg-type]
            code=code,
            reason=reason,
            **more,  # type: ignore[arg-type]
        )

    # -- rulesets that nothing can be said of

    def _hollow(self) -> Proof | None:
        """The answer where a ruleset asks nothing, or is never met because not all its criteria are known."""
        asked = [ruleset for ruleset in (self.new, self.old) if ruleset is not None]
        empty = next((ruleset for ruleset in asked if not ruleset.indicators), None)
        if empty is not None:
            return self._proof("unknown", "empty", words.empty(empty))
        if self.question in ("redundant", "possible", "tightens"):
            return None
        to_meet = asked if self.question in ("disjoint", "equivalent") else [self.new]
        incomplete = next((ruleset for ruleset in to_meet if not ruleset.complete), None)
        return None if incomplete is None else self._proof("unknown", "incomplete", words.incomplete(incomplete))

    # -- the search

    def _search(self, case: Case, *, wider: Case | None = None) -> _Found:
        """Look for a case everywhere, first where the least is unknown: a witness is to rest on few attested verdicts."""
        open_in: list[Place] = []
        unconfirmed = False
        for place in self.known_best:
            if not self._holds(case, place, Reading.ANY):
                continue
            witness = None
            if self._holds(case, place, Reading.SURE):
                witness = find_witness(case, self.solver, place, plain=self._plain(place), wider=wider)
                unconfirmed = unconfirmed or witness is None
            if witness is not None:
                return _Found(witness, place)
            open_in.append(place)
        return _Found(open_in=tuple(sorted(open_in, key=self.places.index)), unconfirmed=unconfirmed)

    def _holds(self, case: Case, place: Place, reading: Reading) -> bool:
        """Whether some commune of a place does what the case asks."""
        return self.solver.possible(terms_of(case, self.solver, place, reading))

    def _plain(self, place: Place) -> Values:
        """The facts of a commune that just meets both rulesets, or else the new one."""
        if place not in self.plain:
            new = _everything(self.new)
            both = [new] if self.old is None else [new, _everything(self.old)]
            self.plain[place] = plain_values(self.solver, place, both, [_whole(self.new)])
        return self.plain[place]

    def _barren(self, parts: Iterable[Part]) -> list[Place]:
        """The places in which no commune passes one of the parts."""
        return [place for part in parts for place in self.places if not self._holds(Case((part,)), place, Reading.ANY)]

    # -- what holds of every commune

    def _counterexample(self, new: Ruleset, old: Ruleset) -> Case:
        return Case((_whole(new),), _whole(old))

    def _never(self, case: Case) -> Proof:
        """No commune does what a case asks."""
        found = self._search(case)
        if found.witness is not None:
            return self._refuted(case, found)
        if found.open_in:
            return self._open(case, found)
        if case.misses is not None and not case.misses.ruleset.complete and self.question != "redundant":
            return self._proof("unknown", "incomplete", words.incomplete(case.misses.ruleset))
        barren = self._barren(case.passes)
        if barren:
            return self._proof("proved", "vacuous", words.vacuous(barren, len(self.places)), place=barren[0])
        return self._proof("proved", "everywhere", words.everywhere(len(self.places)))

    def _refuted(self, case: Case, found: _Found) -> Proof:
        assert found.witness is not None
        missed = case.misses.ruleset if case.misses is not None else None
        return self._proof(
            "refuted",
            "witness",
            words.witnessed(case.passes[0].ruleset, missed, found.witness.missing),
            witness=found.witness.commune,
            missed=missed,
            indicators=found.witness.missing,
            changed=found.witness.changed,
            place=found.place,
        )

    def _open(self, case: Case, found: _Found, **more: object) -> Proof:
        """Neither proved nor refuted: thresholds are lacking, or the engine did not confirm the witness."""
        first = found.open_in[0]
        if found.unconfirmed:
            return self._proof("unknown", "not_confirmed", words.NOT_CONFIRMED, place=first, **more)
        thresholds = tuple(dict.fromkeys(each for place in found.open_in for each in self._in_the_way(case, place)))
        return self._proof(
            "unknown", "open_thresholds", words.open_thresholds(thresholds), place=first, thresholds=thresholds, **more
        )

    def _in_the_way(self, case: Case, place: Place) -> Iterator[OpenThreshold]:
        """The open thresholds of what could be missed, and of what is passed by the same facts; else of all that is passed."""
        missed = self._could_be_missed(case, place)
        measured = {key for clause in missed for key in clause_facts(clause)}
        near = [Part(p.ruleset, tuple(c for c in p.clauses if measured & set(clause_facts(c)))) for p in case.passes]
        if case.misses is not None:
            near.insert(0, Part(case.misses.ruleset, missed))
        found = [cell for part in near for cell in _open_cells(part.ruleset, part.clauses, place)]
        yield from found or [cell for p in case.passes for cell in _open_cells(p.ruleset, p.clauses, place)]

    def _could_be_missed(self, case: Case, place: Place) -> tuple[Clause, ...]:
        if case.misses is None:
            return ()
        ruleset = case.misses.ruleset
        alone = {c.id: attrs.evolve(case, misses=Part(ruleset, (c,))) for c in case.misses.clauses}
        return tuple(c for c in case.misses.clauses if self._holds(alone[c.id], place, Reading.ANY))

    def _equivalent(self) -> Proof:
        there = self._never(self._counterexample(self.new, self._other))
        if there.answer == "refuted":
            return there
        back = self._never(self._counterexample(self._other, self.new))
        if back.answer == "refuted" or there.answer == "proved":
            return back
        return there

    def _redundant(self) -> Proof:
        clause = self.new.indicator(str(self.indicator))
        others = tuple(other for other in self.new.indicators if other.id != clause.id)
        return self._never(Case((Part(self.new, others),), Part(self.new, (clause,))))

    def _tightens(self) -> Proof:
        """Clause by clause, all that are loosened: one that another makes up for is named too."""
        loosened: list[tuple[Case, _Found]] = []
        open_: list[tuple[Case, _Found]] = []
        for case, wider in self._clauses_compared():
            found = self._search(case, wider=None if loosened else wider)  # only the first witness is shown
            if found.witness is not None:
                loosened.append((case, found))
            elif found.open_in:
                open_.append((case, found))
        if loosened:
            numbers = tuple(number for _, found in loosened if found.witness for number in found.witness.missing)
            shown = self._refuted(*loosened[0])
            return attrs.evolve(shown, code="loosened", indicators=numbers, reason=words.loosened(self._other, numbers))
        if open_:
            return self._opened(open_)
        if not self._other.complete:
            return self._proof("proved", "incomplete", words.known_part(self._other))
        return self._proof("proved", "everywhere", words.everywhere(len(self.places)))

    def _opened(self, open_: list[tuple[Case, _Found]]) -> Proof:
        proofs = [self._open(case, found) for case, found in open_]
        thresholds = tuple(dict.fromkeys(threshold for proof in proofs for threshold in proof.thresholds))
        if not thresholds:
            return proofs[0]
        numbers = tuple(clause.id for case, _ in open_ if case.misses is not None for clause in case.misses.clauses)
        return attrs.evolve(
            proofs[0], thresholds=thresholds, indicators=numbers, reason=words.open_thresholds(thresholds)
        )

    def _clauses_compared(self) -> Iterator[tuple[Case, Case]]:
        """For each clause of the old text the communes that pass its counterparts in the new one and miss it in the old; and,
        rather, those that meet all of the new text.
        """
        for clause, kept in self._counterparts():
            missed = Part(self._other, (clause,))
            everything = tuple({id(c): c for c in (*self.new.indicators, *kept)}.values())
            yield (
                Case((Part(self.new, kept),), missed, free=True),
                Case((Part(self.new, everything),), missed, free=True),
            )

    def _counterparts(self) -> Iterator[tuple[Clause, tuple[Clause, ...]]]:
        """Each clause of the old text with what it became in the new one, as `compare` matches them: nothing where it is removed,
        several where its parts went to more than one.
        """
        for name in LISTS:
            found = match_clauses(self._other, self.new, name)
            moved = match_moved(self._other, self.new, name, found)
            pairs = [*found.pairs, *((before, after) for (_, before), (_, after) in moved)]
            for clause in getattr(self._other, name):
                kept = {id(after): after for before, after in pairs if before is clause}
                yield clause, tuple(kept.values())

    # -- what some commune can do

    def _satisfiable(self) -> Proof:
        return self._everywhere(_whole(self.new))

    def _possible(self) -> Proof:
        return self._everywhere(Part(self.new, (self.new.indicator(str(self.indicator)),), asked=True))

    def _everywhere(self, part: Part) -> Proof:
        """In every place some commune passes a part; of one that must be asked, in every place where it is."""
        case = Case((part,))
        places = [place for place in self.known_best if self._asked(part, place)]
        if not places:
            return self._proof("proved", "vacuous", words.NEVER_ASKED)
        barren = [place for place in self._barren([part]) if place in places]
        if barren:
            conflict = self._conflict(part, barren[0])
            reason = words.impossible(barren, conflict, len(places))
            return self._proof("refuted", "impossible", reason, indicators=conflict, missed=self.new, place=barren[0])
        doubtful = [place for place in self.places if place in places and not self._holds(case, place, Reading.SURE)]
        if doubtful:
            return self._open(case, _Found(open_in=tuple(doubtful)))
        place = places[0]
        witness = find_witness(case, self.solver, place, plain=self._plain(place))
        if witness is None:
            return self._open(case, _Found(open_in=(place,), unconfirmed=True))
        reason = words.everywhere(len(places))
        return self._proof("proved", "everywhere", reason, witness=witness.commune, place=place)

    def _asked(self, part: Part, place: Place) -> bool:
        """Whether some commune of a place is asked what a part asks."""
        idle = [self.solver.outcomes(part.ruleset, clause, place, Reading.ANY).idle for clause in part.clauses]
        return not part.asked or self.solver.possible(map(negation, idle))

    def _conflict(self, part: Part, place: Place) -> tuple[str, ...]:
        """Clauses that no commune passes together, none of which could be left out."""
        kept = {
            clause.id: all_of(passed(attrs.evolve(part, clauses=(clause,)), self.solver, place, Reading.ANY))
            for clause in part.clauses
        }
        for number in part.ruleset.numbers:
            without = {other: term for other, term in kept.items() if other != number}
            if not self.solver.possible(without.values()):
                kept = without
        return tuple(kept)


def _whole(ruleset: Ruleset) -> Part:
    return Part(ruleset, ruleset.indicators)


def _everything(ruleset: Ruleset) -> Part:
    return Part(ruleset, tops(ruleset))


# -- thresholds that stand in the way


def _open_cells(ruleset: Ruleset, clauses: Iterable[Clause], place: Place) -> Iterator[OpenThreshold]:
    """The cells of clauses that are not known at a place, those of the rulesets that they require to be met among them."""
    column = ruleset.column_for(place.region, place.zones)
    for holder, requirement in (part for clause in clauses for part in parts_of(clause)):
        table = table_of(requirement)
        cell = table.cell(column, place.year) if table is not None else None
        known = cell is not None and cell.state is CellState.SET
        if isinstance(requirement, RulesetMet) and known:
            yield from _open_cells(requirement.ruleset, tops(requirement.ruleset), place)
        elif not known:
            year = place.year if table is not None and table.varies_by_year else None
            yield OpenThreshold(ruleset.id, holder.id, column, year)
