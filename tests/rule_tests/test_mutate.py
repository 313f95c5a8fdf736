"""A sample of the mutation run in the ordinary tests, and that the run can fail."""

from __future__ import annotations

import pytest
from tests.fidelity.mutate_cells import ChangedBook, Mutant, documents

from ntm_rules import NtmRulesError

from . import mutate
from .mutate import WORDS, exit_code, of_words, report, run, sampled
from .mutate import _mutants as mutants


def test_a_sample_of_changes_that_can_decide_is_noticed() -> None:
    tallies = run(judging(), check_every=10**6)
    assert [text for tally in tallies.values() for text in tally.missed] == []
    assert "about communes" in report(tallies)
    assert exit_code(tallies) == 0


def judging() -> list[int]:
    """Mutants that can decide about a commune."""
    return [number for number in sampled(60, seed=20240301) if not of_words(mutants()[number])][:25]


def test_without_tests_and_checks_the_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """That `compare` sees a difference is no notice that it is wrong; only what does not load is still refused."""
    for part in ("by_test", "by_check"):
        monkeypatch.setattr(mutate, part, lambda *_: False)
    numbers = [number for number in sampled(120, seed=20240301) if not of_words(mutants()[number])]
    loading = [number for number in numbers if loads(mutants()[number])][:5]
    refused = next(number for number in numbers if not loads(mutants()[number]))
    tallies = run([*loading, refused], check_every=1)
    assert sum(len(tally.missed) for kind, tally in tallies.items() if kind not in WORDS) == len(loading) == 5
    assert exit_code(tallies) == 1


def loads(mutant: Mutant) -> bool:
    of = documents()
    try:
        ChangedBook(of, mutant).load(of.ruleset_of(mutant.file), province=of.province_of(mutant.file) or None)
    except NtmRulesError:
        return False
    return True


@pytest.mark.parametrize(
    "what", ["by 2021-2025/xa-ntm", "issued 2023-04-03 → 2023-04-04", "issued 2022-09 → 2022-10-02"]
)
def test_dates_and_withdrawal_are_noticed_by_the_test_files(what: str) -> None:
    numbers = [number for number, mutant in enumerate(mutants()) if mutant.what == what]
    (tally,) = run(numbers, check_every=10**6).values()
    assert (tally.made, tally.by["test"]) == (len(numbers), len(numbers))


def test_words_that_compare_does_not_see_fail_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    words = next(number for number, mutant in enumerate(mutants()) if mutant.kind == "label")
    assert exit_code(run([words])) == 0
    monkeypatch.setattr(mutate, "by_compare", lambda *_: False)
    assert run([words])["label"].missed
    assert exit_code(run([words])) == 1


def test_nothing_changed_is_no_success() -> None:
    assert exit_code({}) == 1


def test_a_cell_is_noticed_by_the_test_files() -> None:
    cell = next(number for number, mutant in enumerate(mutants()) if mutant.what == "4.2 dbsh 99 → 100")
    assert run([cell])["cell"].by["test"] == 1


@pytest.mark.parametrize("column", ["btb", "dhntb", "tn", "dbscl"])
def test_what_is_asked_in_each_region_is_held_there(column: str) -> None:
    (number,) = [n for n, m in enumerate(mutants()) if str(m).endswith(f"/xa-ntm.yaml: 5.a not asked in {column}")]
    assert run([number], check_every=10**6)["column"].by["test"] == 1


@pytest.mark.parametrize(
    "what",
    [
        "amendments/xa-ntm/2024-03-01-211-qd-ttg.yaml: 18.4.a not asked in dbscl",
        "amendments/xa-ntm/2024-03-01-211-qd-ttg.yaml: 18.4.c not asked in dbscl",
        "2021-2025/xa-ntm.yaml: 5.bc not asked in dbscl",
        "2021-2025/xa-ntm-nang-cao.yaml: 5.3.b asked in dbsh only",
    ],
)
def test_where_a_part_is_asked_is_held_by_the_test_files(what: str) -> None:
    (number,) = [n for n, m in enumerate(mutants()) if str(m).endswith(what)]
    assert run([number], check_every=10**6)["column"].by["test"] == 1


def test_how_many_schools_are_many_is_held_on_both_sides() -> None:
    (number,) = [n for n, m in enumerate(mutants()) if str(m) == "direction: 2021-2025/xa-ntm.yaml:  at_least → equal"]
    assert run([number], check_every=10**6)["direction"].by["test"] == 1


@pytest.mark.parametrize("what", ["2.common confirmed → partial", "2.common seen elsewhere"])
def test_compare_sees_the_factor_of_a_column_that_judges_nobody(what: str) -> None:
    (number,) = [n for n, m in enumerate(mutants()) if m.what == what and "2021-2025/xa-ntm-kieu-mau" in m.file]
    assert mutate.noticed(mutants()[number], check=False) >= {"compare"}
