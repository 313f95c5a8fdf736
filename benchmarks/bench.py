"""Speed, side by side in one run on one core: ntm_rules and the engines of the field on the same job and facts.

Run by `make bench`, which installs the peers into an environment of their own. Writes benchmarks/results.json and the tables of
docs/performance.md. Peers that cannot be installed on this Python are named as not run.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common import COLUMN, DAY, YEAR, criteria_of, facts_of, flat, full_ruleset
from page import write_page

import ntm_rules as ntm

ROUNDS = 9
Answer = tuple[list[str], int]  # numbers of failed indicators, count of passed criteria


def microseconds(job: Callable[[], Any], *, budget: float = 0.25) -> float:
    """The time of one call: calls per round sized to the budget."""
    started = time.perf_counter()
    job()
    once = max(time.perf_counter() - started, 1e-7)
    calls = max(1, int(budget / once / 4))
    gc.disable()
    try:
        started = time.perf_counter()
        for _ in range(calls):
            job()
        return (time.perf_counter() - started) / calls * 1e6
    finally:
        gc.enable()


# -- the job, by each engine: facts in, (failed indicators, passed criteria) out


def ours(ruleset: ntm.Ruleset, facts: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Ours: from the dict to an assessment; and with what the peers answer read off it; and with every gap worked out."""

    def assess() -> ntm.Assessment:
        return ntm.evaluate(ruleset, ntm.Commune(code="13570", name="Nhân Bình", region=COLUMN, year=YEAR, facts=facts))

    def answer() -> Answer:
        assessment = assess()
        return list(assessment.numbers(ntm.Status.MISSING)), assessment.criteria_met

    def gaps() -> tuple[Any, int]:
        assessment = assess()
        return [(result.id, result.gap) for result in assessment.missing], assessment.criteria_met

    return {
        "ntm_rules: dict → Assessment": assess,
        "ntm_rules: … and the answer": answer,
        "ntm_rules: … and every gap": gaps,
    }


def plain_python(ruleset: ntm.Ruleset, facts: dict[str, Any]) -> Callable[[], Answer]:
    """A bare loop over comparisons: no checks, no unknowns."""
    import operator

    operators = {">=": operator.ge, "<=": operator.le, "==": operator.eq}
    tests = [(number, [(key, operators[o], value) for key, o, value in held]) for number, held in flat(ruleset).items()]
    criteria = criteria_of(ruleset)

    def job() -> Answer:
        failed = [number for number, held in tests if not all(holds(facts[key], value) for key, holds, value in held)]
        return failed, sum(not any(number in failed for number in numbers) for numbers in criteria.values())

    return job


def datalogic(ruleset: ntm.Ruleset, facts: dict[str, Any]) -> Callable[[], Answer]:
    """datalogic-py: JSONLogic in Rust. One rule gives failed indicators and passed criteria as text."""
    import datalogic_py

    named = {key.replace(".", "_"): value for key, value in facts.items()}
    tests = flat(ruleset)

    def held(numbers: list[str]) -> dict[str, Any]:
        return {"and": [{o: [{"var": key.replace(".", "_")}, value]} for n in numbers for key, o, value in tests[n]]}

    failed = {"cat": [{"if": [held([number]), "", f"{number},"]} for number in tests]}
    passed = {"+": [{"if": [held(numbers), 1, 0]} for numbers in criteria_of(ruleset).values()]}
    rule = datalogic_py.Engine().compile(json.dumps([failed, passed]))

    def job() -> Answer:
        numbers, count = rule.evaluate(named)
        return numbers.split(",")[:-1], count

    return job


def zen(ruleset: ntm.Ruleset, facts: dict[str, Any]) -> Callable[[], Answer]:
    """zen-engine: one compiled expression that lists whether each indicator and each criterion holds."""
    import zen as zen_engine

    named = {key.replace(".", "_"): value for key, value in facts.items()}
    tests = flat(ruleset)

    def held(numbers: list[str]) -> str:
        terms = [f"{key.replace('.', '_')} {o} {json.dumps(value)}" for n in numbers for key, o, value in tests[n]]
        return " and ".join(terms) or "true"

    # One compiled expression for all is the fastest that zen-engine can be asked; a decision graph costs several times more.
    criteria = criteria_of(ruleset)
    both = [held([number]) for number in tests] + [held(numbers) for numbers in criteria.values()]
    expression = zen_engine.compile_expression("[" + ", ".join(both) + "]")
    numbers = list(tests)

    def job() -> Answer:
        answers = expression.evaluate(named)
        return [number for number, answer in zip(numbers, answers, strict=False) if not answer], sum(
            answers[len(numbers) :]
        )

    return job


def zen_decision(ruleset: ntm.Ruleset, facts: dict[str, Any]) -> Callable[[], Answer]:
    """zen-engine as its documentation shows it: a decision graph, of one node that lists and counts."""
    import zen as zen_engine

    named = {key.replace(".", "_"): value for key, value in facts.items()}
    tests = flat(ruleset)

    def held(numbers: list[str]) -> str:
        terms = [f"{key.replace('.', '_')} {o} {json.dumps(value)}" for n in numbers for key, o, value in tests[n]]
        return " and ".join(terms) or "true"

    failed = ", ".join(f'({held([number])}) ? "" : "{number}"' for number in tests)
    passed = ", ".join(f"({held(numbers)}) ? 1 : 0" for numbers in criteria_of(ruleset).values())
    expressions = {"failed": f'filter([{failed}], # != "")', "passed": f"sum([{passed}])"}
    content = {"expressions": [{"id": key, "key": key, "value": value} for key, value in expressions.items()]}
    nodes: list[dict[str, Any]] = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "judge", "name": "judge", "type": "expressionNode", "content": content},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": f"{source}-{target}", "sourceId": source, "targetId": target, "type": "edge"}
        for source, target in (("in", "judge"), ("judge", "out"))
    ]
    graph = {"nodes": [node | {"position": {"x": 0, "y": 0}} for node in nodes], "edges": edges}
    decision = zen_engine.ZenEngine().create_decision(json.dumps(graph))

    def job() -> Answer:
        result = decision.evaluate(named)["result"]
        return result["failed"], result["passed"]

    return job


def rule_engine(ruleset: ntm.Ruleset, facts: dict[str, Any]) -> Callable[[], Answer]:
    """rule-engine: one expression an indicator."""
    import rule_engine as engine

    named = {key.replace(".", "_"): value for key, value in facts.items()}
    words = {True: "true", False: "false"}
    rules = [
        (
            number,
            engine.Rule(
                " and ".join(
                    f"{key.replace('.', '_')} {o} {words.get(value, value) if isinstance(value, bool) else value}"
                    for key, o, value in held
                )
                or "true"
            ),
        )
        for number, held in flat(ruleset).items()
    ]
    criteria = criteria_of(ruleset)

    def job() -> Answer:
        failed = [number for number, rule in rules if not rule.matches(named)]
        return failed, sum(not any(number in failed for number in numbers) for numbers in criteria.values())

    return job


def openfisca(ruleset: ntm.Ruleset, facts: dict[str, Any]) -> Callable[[], Answer]:
    """OpenFisca-Core: one variable a fact and one an indicator; a simulation per commune."""
    import operator

    from openfisca_core import entities, periods, simulations, taxbenefitsystems, variables

    commune = entities.build_entity(key="commune", plural="communes", label="commune", is_person=True)
    system = taxbenefitsystems.TaxBenefitSystem([commune])
    operators = {">=": operator.ge, "<=": operator.le, "==": operator.eq}
    kinds = {bool: bool, int: float, float: float}
    for key, value in facts.items():
        name = key.replace(".", "_")
        system.add_variable(
            type(
                name,
                (variables.Variable,),
                {"value_type": kinds[type(value)], "entity": commune, "definition_period": periods.YEAR, "label": name},
            )
        )
    tests = flat(ruleset)

    def formula_of(held: list[Any]) -> Any:
        def formula(unit: Any, period: Any) -> Any:
            answer = True
            for key, o, value in held:
                answer = answer & operators[o](unit(key.replace(".", "_"), period), value)
            return answer

        return formula

    for number, held in tests.items():
        name = f"i_{number.replace('.', '_')}"
        system.add_variable(
            type(
                name,
                (variables.Variable,),
                {
                    "value_type": bool,
                    "entity": commune,
                    "definition_period": periods.YEAR,
                    "label": name,
                    "formula": formula_of(held),
                },
            )
        )
    criteria = criteria_of(ruleset)
    document = {"communes": {"c": {key.replace(".", "_"): {str(YEAR): value} for key, value in facts.items()}}}
    numbers = [(number, f"i_{number.replace('.', '_')}") for number in tests]

    def job() -> Answer:
        simulation = simulations.SimulationBuilder().build_from_entities(system, document)
        failed = [number for number, name in numbers if not simulation.calculate(name, YEAR)[0]]
        return failed, sum(not any(number in failed for number in own) for own in criteria.values())

    return job


def durable_rules(ruleset: ntm.Ruleset, facts: dict[str, Any]) -> Callable[[], Answer]:
    """durable_rules: one rule an indicator fires when it fails; assert and retract one fact of all values."""
    from durable import lang

    named = {key.replace(".", "_"): value for key, value in facts.items()}
    failed: list[str] = []
    tests = flat(ruleset)
    below = {">=": "__lt__", "<=": "__gt__", "==": "__ne__"}

    def noting(number: str) -> Callable[[Any], None]:
        # An action of more than one parameter would be taken for an asynchronous one.
        return lambda _: failed.append(number)

    with lang.ruleset("communes"):
        for number, held in tests.items():
            for key, o, value in held:
                condition = getattr(getattr(lang.m, key.replace(".", "_")), below[o])(value)

                lang.when_all(condition)(noting(number))

        @lang.when_all(+lang.m.sid_mark)
        def always(_: Any) -> None:
            """Every fact is handled by one rule at least, or the library raises."""

    criteria = criteria_of(ruleset)

    def job() -> Answer:
        failed.clear()
        lang.assert_fact("communes", {"sid": "1", "id": "f", "sid_mark": 1, **named})
        found = list(dict.fromkeys(number for number in tests if number in failed))
        lang.retract_fact("communes", {"sid": "1", "id": "f", "sid_mark": 1, **named})
        return found, sum(not any(number in found for number in own) for own in criteria.values())

    return job


PEERS = {
    "plain Python loop": (plain_python, None),
    "datalogic-py": (datalogic, "datalogic-py"),
    "zen-engine, one compiled expression,": (zen, "zen-engine"),
    "zen-engine, a decision,": (zen_decision, "zen-engine"),
    "rule-engine": (rule_engine, "rule-engine"),
    "OpenFisca-Core": (openfisca, "OpenFisca-Core"),
    "durable_rules": (durable_rules, "durable_rules"),
}


def single_calls() -> dict[str, Any]:
    """Median and fastest microseconds a call of every engine, in alternating rounds, and the ratio to datalogic-py."""
    ruleset = full_ruleset()
    facts = facts_of(ruleset)
    jobs: dict[str, Callable[[], Any]] = dict(ours(ruleset, facts))
    not_run: dict[str, str] = {}
    expected = jobs["ntm_rules: … and the answer"]()
    for name, (make, package) in PEERS.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                job = make(ruleset, facts)
                found = job()
        except Exception as error:  # noqa: BLE001  # a peer that does not run is named, whatever is wrong with it
            not_run[name] = f"{type(error).__name__}: {error}"
            continue
        if (list(found[0]), found[1]) != (list(expected[0]), expected[1]):
            not_run[name] = f"another answer: {found} instead of {expected}"
            continue
        jobs[f"{name} {version(package)}" if package else name] = job
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            times[name].append(microseconds(job))
    yardstick = next((statistics.median(t) for name, t in times.items() if name.startswith("datalogic")), None)
    rows = {
        name: {
            "median_us": round(statistics.median(t), 2),
            "fastest_us": round(min(t), 2),
            "times_datalogic": yardstick and round(statistics.median(t) / yardstick, 2),
        }
        for name, t in times.items()
    }
    return {"answer": {"failed": expected[0], "criteria_passed": expected[1]}, "engines": rows, "not_run": not_run}


def streaming(count: int = 100_000) -> dict[str, Any]:
    """Communes a second through evaluate_many, from communes and from dicts, holding nothing."""
    ruleset = full_ruleset()
    facts = facts_of(ruleset)
    variants = [facts | {"income_per_capita": 40 + place / 100} for place in range(1000)]
    communes = [ntm.Commune(code=place, region=COLUMN, year=YEAR, facts=own) for place, own in enumerate(variants)]

    def from_communes() -> Iterator[ntm.Commune]:
        for place in range(count):
            yield communes[place % 1000]

    def from_dicts() -> Iterator[ntm.Commune]:
        for place in range(count):
            yield ntm.Commune(code="00001", region=COLUMN, year=YEAR, facts=variants[place % 1000])

    found = {}
    for name, source in (("communes", from_communes), ("dicts", from_dicts)):
        rates = []
        for _ in range(3):
            started = time.perf_counter()
            met = sum(assessment.criteria_met for assessment in ntm.evaluate_many(ruleset, source()))
            rates.append(count / (time.perf_counter() - started))
        found[f"evaluate_many from {name}, a second"] = round(max(rates))
        assert met
    return found


_COLD = """
import time, ntm_rules as ntm
started = time.perf_counter(); ntm.load_ruleset({id!r}, on={day!r}); cold = time.perf_counter() - started
started = time.perf_counter(); ntm.load_ruleset({id!r}, on={day!r}); print(cold * 1000, (time.perf_counter() - started) * 1000)
"""


def starting() -> dict[str, Any]:
    """Milliseconds to import, to load a ruleset cold and again, each in a fresh process: the median of seven."""

    def run(code: str) -> list[float]:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return [float(part) for part in done.stdout.split()]

    imports = [
        run("import time; t = time.perf_counter(); import ntm_rules; print((time.perf_counter() - t) * 1000)")[0]
        for _ in range(7)
    ]
    found = {"import ntm_rules, ms": round(statistics.median(imports), 1)}
    for ruleset_id in ("2021-2025/xa-ntm", "2021-2025/xa-ntm-kieu-mau"):
        pairs = [run(_COLD.format(id=ruleset_id, day=DAY)) for _ in range(7)]
        found[f"load_ruleset {ruleset_id} cold, ms"] = round(statistics.median(cold for cold, _ in pairs), 1)
        found[f"load_ruleset {ruleset_id} again, ms"] = round(statistics.median(again for _, again in pairs), 3)
    return found


def command_line(count: int = 10_000) -> dict[str, Any]:
    """Communes a second through the command, JSON Lines in and out, start of the process included."""
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on=DAY)
    facts = facts_of(full_ruleset())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "communes.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for place in range(count):
                own = facts | {"income_per_capita": 40 + place / 1000}
                file.write(json.dumps({"code": place, "region": COLUMN, "year": YEAR, "facts": own}) + "\n")
        command = [
            sys.executable,
            "-m",
            "ntm_rules.cli",
            "evaluate",
            "-",
            "--ruleset",
            ruleset.id,
            "--on",
            DAY,
            "--format",
            "jsonl",
        ]
        rates = []
        for _ in range(3):
            with path.open("rb") as file:
                started = time.perf_counter()
                done = subprocess.run(command, stdin=file, capture_output=True, check=True)
                rates.append(count / (time.perf_counter() - started))
            assert done.stdout.count(b"\n") == count
    return {"JSON Lines through the command, a second": round(max(rates))}


def main() -> None:
    """Run everything and write the results."""
    results: dict[str, Any] = {
        "machine": f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, one core, ntm_rules {ntm.__version__}",
        "single calls": single_calls(),
        "streaming": streaming(),
        "starting": starting(),
        "command line": command_line(),
    }
    here = Path(__file__).parent
    here.joinpath("results.json").write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write_page()
    print(json.dumps(results, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
