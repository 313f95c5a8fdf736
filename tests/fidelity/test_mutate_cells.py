"""A sample of the mutation run in the ordinary tests, and a check that the run can fail."""

from __future__ import annotations

import pytest

from .checks import JOBS
from .mutate_cells import Mutant, all_mutants, exit_code, judged, report, run, sample, unchanged_problems

KINDS = {
    "applies_if",
    "both_sexes",
    "cell",
    "citation",
    "column",
    "condition",
    "count",
    "criterion",
    "date",
    "decision",
    "direction",
    "evidence",
    "fact",
    "indicator",
    "key criterion",
    "label",
    "part",
    "relation",
    "seen_at",
    "set_by",
    "special zone",
    "withdrawal",
    "year row",
}


def _of_kind(kind: str, size: int) -> list[Mutant]:
    return [mutant for mutant in all_mutants() if mutant.kind == kind][:size]


def test_the_unchanged_documents_agree_when_sent_the_same_way() -> None:
    assert unchanged_problems() == []


def test_a_sample_of_mutants_is_noticed() -> None:
    mutants = sample(60, seed=20240301)
    assert {mutant.kind for mutant in mutants} == KINDS
    outcomes = run(mutants)
    assert [text for outcome in outcomes.values() for text in outcome.missed] == []
    assert exit_code(outcomes) == 0


def test_every_cell_of_the_documents_has_a_mutant() -> None:
    whats = [mutant.what for mutant in all_mutants() if mutant.kind == "cell"]
    assert len(whats) > 2000
    for wanted in ("4.2 dbsh 99 → 100", "10 2024 tn 50 → 51", "17.1.b dnb 65 → 66", "2.1 tn UBND → 50"):
        assert wanted in whats


def test_mutants_are_each_different() -> None:
    mutants = all_mutants()
    assert len({(mutant.file, mutant.edits.__repr__(), mutant.evidence) for mutant in mutants}) > 0.99 * len(mutants)


def test_without_checks_every_mutant_is_missed_and_the_run_fails() -> None:
    mutants = [_of_kind(kind, 1)[0] for kind in ("cell", "date", "fact", "label", "withdrawal")]
    outcomes = run(mutants, lambda mutant: judged(mutant, ()))
    assert {outcome.noticed for outcome in outcomes.values()} == {0}
    assert exit_code(outcomes) == 1
    assert f"missed: {mutants[0]}" in report(outcomes)


@pytest.mark.parametrize(
    ("left_out", "kind"),
    [
        (("clauses", "lookup"), "direction"),
        (("cells", "lookup"), "cell"),
        (("frame", "dates"), "date"),
        (("special_communes",), "special zone"),
        (("withdrawal",), "key criterion"),
    ],
)
def test_a_check_left_out_is_missed_by_the_mutants_it_is_for(left_out: tuple[str, ...], kind: str) -> None:
    jobs = [job for job in JOBS if not job.name.startswith(left_out)]
    assert len(jobs) < len(JOBS)
    # Several of a kind: the first may be noticed by another check too.
    outcomes = run(_of_kind(kind, 5), lambda mutant: judged(mutant, jobs))
    assert outcomes[kind].missed
    assert exit_code(outcomes) == 1


def test_a_run_of_nothing_fails() -> None:
    assert exit_code({}) == 1
