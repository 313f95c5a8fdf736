"""Write the conformance battery: `python -m tests.conformance.generate` (with --check: only say whether the files are as written).

Expected values come from the criteria tables through `evaluator`, never from the library. `semantics.json`, `recognition.json`,
`overlays.json` and `errors.json` are kept by hand, one case a line, and not written here; the evaluator must agree with the first
two.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.fidelity.expected import Cell, Item, expected
from tests.fidelity.tables import NATIONAL, PROVINCIAL, REGIONS

from .evaluator import CATEGORIES, REGION_OF, Outcome, Question, cell_reason, decimal_text, evaluate

HERE = Path(__file__).resolve().parent
FORMAT = "ntm-rules/conformance/1"
BY_HAND = ("semantics", "recognition")

ABOUT = {
    "boundaries-2016-2020": "Every numeric threshold of 2016-2020: at it, one step below, one step above.",
    "boundaries-2021-2025": "Every numeric threshold of 2021-2025: at it, one step below, one step above.",
    "boundaries-provinces": "Every numeric threshold of the provinces' own sets: at it, one step below, one step above.",
    "exact-numbers": "Ratios compared by cross-multiplication, and decimals that differ far behind the point.",
    "whole-communes": "Every indicator of a set at once: statuses, reasons, gaps, criteria and counts.",
}

Case = dict[str, Any]
Facts = dict[str, Any]

PERCENT, MONEY, NUMBER = Fraction(1, 100), Fraction(1, 1000), Fraction(1, 10)


def step_of(fact: str) -> Fraction:
    """The step a threshold is tried at, by the kind of its fact."""
    if fact.endswith("_pct"):
        return PERCENT
    if fact.startswith("income_"):
        return MONEY
    if fact in ("disaster_preparedness_score", "public_green_land_per_person", "water_per_person_per_day"):
        return NUMBER
    return Fraction(1)


def plain(value: Fraction) -> int | str:
    """A number as the battery writes it: whole numbers as JSON numbers, others as decimal text."""
    return int(value) if value.denominator == 1 else decimal_text(value)


def possible(fact: str, value: Fraction) -> bool:
    """Whether a fact can have a value: nothing is negative, no percentage above 100."""
    return value >= 0 and not (fact.endswith("_pct") and value > 100)


def category(fact: str, value: str, steps: int) -> str | None:
    """The category so many steps above a value."""
    values = CATEGORIES[fact]
    place = values.index(value) + steps
    return values[place] if 0 <= place < len(values) else None


def fact_at(leaf: Item, cell: Cell, steps: int, recognition_income: int = 40) -> Any:
    """The value of a leaf's fact so many steps above its threshold; None where there is none."""
    assert cell.value is not None
    if isinstance(cell.value, bool):
        return None if steps > 0 else steps == 0
    if isinstance(cell.value, str):
        return category(leaf.fact, cell.value, steps)
    limit = Fraction(cell.value) * (recognition_income if leaf.kind == "times_fact" else 1)
    value = limit + steps * step_of(leaf.fact)
    return plain(value) if possible(leaf.fact, value) else None


def give(facts: Facts, leaf: Item, value: Any) -> None:
    """Put the fact of a leaf, for men and for women where both must pass, and what else the leaf asks about."""
    facts[leaf.fact] = {"male": value, "female": value} if leaf.both_sexes else value
    if leaf.kind == "times_fact":
        facts[leaf.other] = 40
    if leaf.applies_if:
        facts[leaf.applies_if] = True


def worse(leaf: Item) -> int:
    """One step to the failing side."""
    return 1 if leaf.direction == "at_most" else -1


def leaves_of(question: Question) -> Iterator[tuple[Item, Item]]:
    """Every indicator with each of its leaves that has a threshold to compare with."""
    for criterion in expected(question.ruleset, question.day, question.province or ""):
        for item in criterion.items:
            for leaf in item.leaves():
                if leaf.kind in ("compare", "times_fact"):
                    yield item, leaf


def set_cell(leaf: Item, question: Question, column: str) -> Cell | None:
    """The cell that decides, where there is one."""
    asked = leaf.columns is None or column in leaf.columns
    return cell_reason(leaf, question, column)[0] if asked else None


def passing(question: Question, item: Item, skip: Item | None, column: str) -> Facts:
    """Facts at the threshold for the leaves of an indicator but one."""
    facts: Facts = {}
    for leaf in item.leaves():
        cell = set_cell(leaf, question, column)
        if leaf is skip or cell is None or leaf.kind not in ("compare", "times_fact"):
            continue
        if skip is not None and leaf.fact == skip.fact:
            continue
        give(facts, leaf, fact_at(leaf, cell, 0))
    return facts


def selected(found: Outcome, numbers: list[str], *more: str) -> Outcome:
    """What a case on some indicators expects."""
    out: Outcome = {"column": found["column"], "statuses": {n: found["statuses"][n] for n in numbers}}
    for name in ("reasons", "gaps", "gap_counts"):
        kept = {n: found[name][n] for n in numbers if n in found[name]}
        if kept:
            out[name] = kept
    parts = {p: s for p, s in found["parts"].items() if p.rpartition(".")[0] in numbers}
    if parts:
        out["parts"] = parts
    return out | {name: found[name] for name in more}


def case(name: str, pins: str, question: Question, expected_: Outcome) -> Case:
    """A case as it is written."""
    return {
        "id": name,
        "pins": pins,
        "ruleset": question.ruleset,
        "on": question.on,
        "province": question.province,
        "strict": question.strict,
        "threshold_year": question.threshold_year,
        "commune": dict(question.commune),
        "expected": expected_,
    }


# -- boundaries: every numeric threshold of every table, at it and one step to each side

SIDES = {-1: "one step below", 0: "at", 1: "one step above"}


def default_year(ruleset: str) -> int:
    """A fact year for rows that hold for every year."""
    return 2020 if ruleset.startswith("2016-2020") else 2023


def boundaries(question: Question, only: set[str] | None = None) -> Iterator[Case]:
    """The cases around every threshold of a ruleset, or of some of its leaves."""
    name = f"{question.ruleset}{' ' + question.province if question.province else ''} {question.on or 'latest'}"
    for item, leaf in leaves_of(question):
        if only is not None and leaf.id not in only:
            continue
        for (year, column), cell in leaf.cells.items():
            unasked = column == "common" and question.ruleset != "2016-2020/xa-ntm-kieu-mau"
            if unasked or cell.state != "set" or isinstance(cell.value, bool):
                continue
            place: Facts = {"year": year or default_year(question.ruleset)}
            if column != "common":
                place["region"] = column
            yield from _around(question, item, leaf, cell, name, place, column)


def _around(
    question: Question, item: Item, leaf: Item, cell: Cell, name: str, place: Facts, column: str
) -> Iterator[Case]:
    for steps, side in SIDES.items():
        value = fact_at(leaf, cell, steps)
        if value is None:
            continue
        asked = replace(question, commune=place)
        facts = passing(asked, item, leaf, column)
        give(facts, leaf, value)
        if item.id == "5" and question.ruleset == "2021-2025/xa-ntm":
            facts["schools_total"] = 3 if leaf.id == "5.c" else 4
        asked = replace(question, commune=place | {"facts": facts})
        label = f"{name} {leaf.id} {column} {place['year']} {side}"
        yield case(label, f"threshold of {leaf.id}", asked, selected(evaluate(asked), [item.id]))


# What changed on 2024-03-01 and has a number before it.
AMENDED_NUMBERS = {
    "2021-2025/xa-ntm": {"15.4"},
    "2021-2025/xa-ntm-nang-cao": {"14.3", "14.4", "17.10", "18.1"},
}


def all_boundaries(phase: str) -> Iterator[Case]:
    """The boundaries of a phase's national tables."""
    for ruleset in NATIONAL:
        if ruleset.startswith(phase):
            yield from boundaries(Question(ruleset, {}))
            if ruleset in AMENDED_NUMBERS:
                yield from boundaries(Question(ruleset, {}, on="2024-02-29"), AMENDED_NUMBERS[ruleset])


def provincial_boundaries() -> Iterator[Case]:
    """The boundaries of the provinces' own thresholds."""
    for ruleset, province in PROVINCIAL:
        national = {
            leaf.id: leaf.cells
            for criterion in expected(ruleset if ruleset in NATIONAL else "2021-2025/xa-ntm")
            for item in criterion.items
            for leaf in item.leaves()
        }
        question = Question(ruleset, {}, province=province)
        own = {leaf.id for _, leaf in leaves_of(question) if leaf.cells != national.get(leaf.id)}
        for one in boundaries(question, own):
            if one["commune"].get("region") in (None, REGION_OF[province]):
                yield one


# -- ratios and long decimals, compared without rounding

DENOMINATORS = (9973, 319992)  # a prime, and one whose quotient has no end


def exact_numbers() -> Iterator[Case]:
    """Ratios one person to each side of a percentage, and decimals that differ far behind the point."""
    for ruleset in ("2016-2020/xa-ntm", "2021-2025/xa-ntm", "2021-2025/xa-ntm-nang-cao"):
        question = Question(ruleset, {})
        for item, leaf in leaves_of(question):
            if item.parts or not leaf.fact.endswith("_pct"):
                continue
            for column in ("tdmnpb", "dbsh", "tn"):
                place = {"region": column, "year": default_year(ruleset)}
                cell = set_cell(leaf, replace(question, commune=place), column)
                if cell is not None:
                    assert isinstance(cell.value, Decimal)
                    for pins, tail, value in _close(leaf, Fraction(cell.value)):
                        facts: Facts = {}
                        give(facts, leaf, value)
                        asked = replace(question, commune=place | {"facts": facts})
                        label = f"{ruleset} {leaf.id} {column} {tail}"
                        yield case(label, pins, asked, selected(evaluate(asked), [item.id]))


def _close(leaf: Item, limit: Fraction) -> Iterator[tuple[str, str, Any]]:
    ratios, decimals = "ratios compare by cross-multiplication", "decimals of any length are exact"
    for denominator in DENOMINATORS:
        exact = limit * denominator / 100
        below = exact.numerator // exact.denominator
        for top in sorted({below, below + (exact.denominator > 1), below - 1, below + 1}):
            if 0 <= top <= denominator:
                yield ratios, f"{top}/{denominator}", {"numerator": top, "denominator": denominator}
    for tail in ("1e-25 below", "1e-25 above"):
        value = limit + (1 if tail.endswith("above") else -1) * Fraction(1, 10**25)
        if 0 <= value <= 100:
            yield decimals, tail, decimal_text(value)
    text = decimal_text(limit)
    yield decimals, "trailing zeros", f"{text}{'' if '.' in text else '.'}000"


# -- whole communes

KEYS = ("verdict", "recognition", "criteria_met", "criteria_total", "indicators_met", "indicators_total", "conflicts")


def whole(question: Question, steps: int, *, applies: bool = True) -> Facts:
    """Facts for every indicator: at the threshold, or one step to the failing side; True or False for what is yes or no."""
    column = question.column()
    facts: Facts = {}
    for _, leaf in leaves_of(question):
        cell = set_cell(leaf, question, column)
        if cell is None or leaf.fact in facts:
            continue
        value = fact_at(leaf, cell, steps * worse(leaf) if steps else 0)
        if value is not None:
            give(facts, leaf, value)
        if leaf.applies_if:
            facts[leaf.applies_if] = applies
    if question.ruleset == "2021-2025/xa-ntm":
        facts["schools_total"] = 5
    return facts


def whole_communes() -> Iterator[Case]:
    """Every indicator of a set at once, column by column and year by year."""
    for ruleset in NATIONAL:
        for on in ("2024-02-29", None) if ruleset.startswith("2021-2025") else (None,):
            years = range(2021, 2027) if ruleset.startswith("2021-2025") and on is None else (default_year(ruleset),)
            for column in ("common",) if ruleset == "2016-2020/xa-ntm-kieu-mau" else REGIONS:
                for year in years:
                    place: Facts = {"year": year}
                    if column != "common":
                        place["region"] = column
                    question = Question(ruleset, place, on=on)
                    yield from _wholes(
                        question, extremes=year == default_year(ruleset), once=column in ("common", "dbsh")
                    )


def _wholes(question: Question, *, extremes: bool, once: bool) -> Iterator[Case]:
    name = f"{question.ruleset} {question.on or 'latest'} {question.column()} {question.year}"
    variants: list[tuple[str, Facts, bool]] = [("all at the threshold", whole(question, 0), False)]
    if extremes:
        variants.append(("all one step worse", whole(question, 1), False))
    if extremes and once:
        variants.append(("what can be left out does not apply", whole(question, 0, applies=False), False))
        variants.append(("nothing known", {}, False))
        variants.append(("all at the threshold, strict", whole(question, 0), True))
    for pins, facts, strict in variants:
        asked = replace(question, commune=dict(question.commune) | {"facts": facts}, strict=strict)
        found = evaluate(asked)
        chosen = selected(found, list(found["statuses"]), "criteria")
        # Recognition of a strict evaluation depends on evidence of prerequisites, which the tables do not state.
        chosen |= {key: found[key] for key in KEYS if not (strict and key == "recognition")}
        chosen.pop("gap_counts", None)
        yield case(f"{name} {pins}", pins, asked, chosen)


# -- cases kept by hand


def disagreements() -> Iterator[str]:
    """Where the evaluator does not agree with a case kept by hand."""
    for name in BY_HAND:
        for one in json.loads((HERE / f"{name}.json").read_text("utf-8"))["cases"]:
            options = {key: one[key] for key in ("on", "province", "strict", "threshold_year")}
            found = evaluate(Question(one["ruleset"], one["commune"], **options))
            for key, wanted in one["expected"].items():
                actual = found[key]
                if isinstance(wanted, Mapping):
                    actual = {name: actual.get(name) for name in wanted}
                if actual != wanted:
                    yield f"{one['id']}: {key} by hand {wanted}, by the evaluator {actual}"


def battery() -> dict[str, list[Case]]:
    """Every generated file of the battery and its cases."""
    return {
        "boundaries-2016-2020": list(all_boundaries("2016-2020")),
        "boundaries-2021-2025": list(all_boundaries("2021-2025")),
        "boundaries-provinces": list(provincial_boundaries()),
        "exact-numbers": list(exact_numbers()),
        "whole-communes": list(whole_communes()),
    }


def text_of(name: str, members: list[Case]) -> str:
    """A file of the battery: one case a line."""
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in members)
    return f'{{"format":{json.dumps(FORMAT)},"about":{json.dumps(ABOUT[name])},"cases":[\n{lines}\n]}}\n'


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not as generated")
    options = parser.parse_args()
    stale = list(disagreements())
    for name, members in battery().items():
        path, text = HERE / f"{name}.json", text_of(name, members)
        sys.stdout.write(f"{path.name}: {len(members)} cases\n")
        if not options.check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(f"{path.name} is not as generated: run python -m tests.conformance.generate")
    sys.stdout.write("".join(f"{problem}\n" for problem in stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
