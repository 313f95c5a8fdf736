"""One thing changed in a shipped ruleset is found, named, and called what it is; by every kind of slip of `mutate_cells`.

What a changed cell does is worked out here from the document's text alone: direction, old and new number.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from tests.fidelity import mutate_cells
from tests.fidelity.mutate_cells import ChangedBook, Mutant

import ntm_rules as ntm
from ntm_rules import Change, ChangeKind, Difference
from ntm_rules.model.facts import FactKind

SAMPLE = 250
CELLS = 250

# What a slip may be called, where one word says it for all of them; every change of the ruleset must be among these.
KINDS = {
    "citation": {"text"},
    "decision": {"text"},
    "date": {"text", "changed"},  # of a layer, and of what it does on the day where it now applies or does not
    "label": {"text"},
    "set_by": {"text", "changed", "delegated", "undelegated"},
    "evidence": {"evidence"},
    "seen_at": {"evidence"},
    "applies_if": {"tightened", "loosened", "changed"},
    "fact": {"changed", "text"},
    "both_sexes": {"tightened", "loosened", "changed", "text"},
    "key criterion": {"tightened", "loosened"},
    "withdrawal": {"tightened", "loosened"},
    "special zone": {"changed", "text", "evidence"},
    "criterion": {"renumbered"},
}


def differences(mutant: Mutant) -> Iterator[Difference]:
    """What the slip changes on the day of its document and at the latest; nothing where the rulebook refuses it."""
    of = mutate_cells.documents()
    book, province = ChangedBook(of, mutant), of.province_of(mutant.file) or None
    for day in {mutate_cells._day(of.trees[mutant.file]["decision"]["in_force"]), None}:
        try:
            new = book.load(book.changed, on=day, province=province)
        except ntm.NtmRulesError:
            return
        yield ntm.compare(of.book.load(book.changed, on=day, province=province), new)


@pytest.mark.parametrize("mutant", mutate_cells.sample(SAMPLE, 7), ids=str)
def test_a_slip_is_found(mutant: Mutant) -> None:
    for difference in differences(mutant):
        assert bool(difference) is (difference.old.content_hash != difference.new.content_hash)
        if mutant.kind in KINDS:
            assert {change.kind.value for change in difference.changes} <= KINDS[mutant.kind], difference.text("en")


# -- cells: exactly the one that was changed


CELL = re.compile(r"(?P<number>\S+) (?:(?P<year>\d{4}) )?(?P<column>\w+) (?P<old>.+) → (?P<new>.+)")
NO_THRESHOLD = {"unset": "unset", "UBND": "delegated"}


def cells() -> list[Mutant]:
    found = [mutant for mutant in mutate_cells.all_mutants() if mutant.kind == "cell" and CELL.fullmatch(mutant.what)]
    return random.Random(3).sample(found, CELLS)  # noqa: S311 - a sample of tests, no secret


def wanted(mutant: Mutant, old: str, new: str, column: str) -> str:
    """What the change of a cell is, by the text alone."""
    of = mutate_cells.documents()
    columns = of.columns_of(mutant.file)
    if column not in columns:
        return "text"  # the general column beside those of the regions
    if old in NO_THRESHOLD or new in NO_THRESHOLD:
        return "undelegated" if old == "UBND" else NO_THRESHOLD.get(new, "set")
    path = mutant.edits[0][1]
    direction = next(step for step in reversed(path) if step in ("at_least", "at_most", "equal"))
    if direction == "equal":
        return "changed"
    return "tightened" if _higher(mutant, old, new) is (direction == "at_least") else "loosened"


def _higher(mutant: Mutant, old: str, new: str) -> bool:
    """Whether a threshold went up; a category by its place."""
    of = mutate_cells.documents()
    tree, steps = of.trees[mutant.file], mutant.edits[0][1]
    for step in steps[: max(i for i, step in enumerate(steps) if step in ("at_least", "at_most")) + 1]:
        tree = tree[step]
    fact = of.catalogue.facts[tree["fact"]]
    if fact.kind is FactKind.CATEGORY:
        return fact.values.index(new) > fact.values.index(old)
    return Decimal(new) > Decimal(old)


@pytest.mark.parametrize("mutant", cells(), ids=str)
def test_a_changed_cell_is_the_one_change(mutant: Mutant) -> None:
    of = mutate_cells.documents()
    match = CELL.fullmatch(mutant.what)
    assert match is not None
    difference = next(differences(mutant), None)
    if difference is None or difference.old.content_hash == difference.new.content_hash:
        return
    changes = [change for change in difference.changes if change.aspect != "ruleset"]
    assert changes, of.ruleset_of(mutant.file)
    (change,) = changes
    assert (change.new_number, change.column) == (match["number"], match["column"])
    assert change.year == (int(match["year"]) if match["year"] else None)
    assert change.kind.value == wanted(mutant, match["old"], match["new"], match["column"])
    assert _shown(change, match["new"])


def _shown(change: Change, text: str) -> bool:
    """Whether the new content of the cell is what people are shown."""
    assert change.new is not None
    if text in ("UBND", "Đạt"):
        return text in change.new.vi
    return change.new_value is None or str(change.new_value) == text


def test_the_sample_has_every_kind_of_effect() -> None:
    made = {
        wanted(m, match["old"], match["new"], match["column"]) for m in cells() if (match := CELL.fullmatch(m.what))
    }
    assert made >= {"tightened", "loosened", "changed", "set", "delegated", "undelegated", "text"}
    assert made <= {kind.value for kind in ChangeKind}
