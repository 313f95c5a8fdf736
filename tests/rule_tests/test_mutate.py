"""A sample of the mutation run in the ordinary tests, and that the run can fail."""

from __future__ import annotations

from .mutate import COMPARE, exit_code, of_words, report, run, sampled
from .mutate import _mutants as mutants


def test_a_sample_of_changes_that_can_decide_is_noticed() -> None:
    numbers = [number for number in sampled(60, seed=20240301) if not of_words(mutants()[number])]
    tallies = run(numbers[:25], check_every=10**6)
    assert [text for kind, tally in tallies.items() for text in tally.missed if kind != "other words"] == []
    assert "about communes" in report(tallies)


def test_what_nothing_notices_fails_the_run() -> None:
    words = next(number for number, mutant in enumerate(mutants()) if mutant.kind == "label")
    tallies = run([words])
    assert bool(tallies["label"].missed) is (COMPARE is None)
    assert exit_code({}) == 1


def test_a_cell_is_noticed_by_the_test_files() -> None:
    cell = next(number for number, mutant in enumerate(mutants()) if mutant.what == "4.2 dbsh 99 → 100")
    assert run([cell])["cell"].by["test"] == 1
