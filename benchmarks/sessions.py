"""What live sessions cost: updates, memory and growth, by both engines, beside judging from scratch.

Run by `make bench` (the durable engine where durable-rules is installed); writes benchmarks/sessions.json. The ruleset and facts are
those of the other benchmarks, one ruleset, 57 indicators. Growth is measured with communes of every region and several years, half
of them with an attested verdict, under that ruleset and under it and the advanced one, which rests on it. Every measurement runs in a process of its own. A journal on disk costs
what the disk takes to confirm a write, so the time of an update is given without a journal file and with one.
"""

from __future__ import annotations

import datetime
import importlib.util
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import COLUMN, YEAR, facts_of, full_ruleset

import ntm_rules as ntm

DAY = datetime.date(2023, 11, 16)
# By how many rulesets, how many communes.
GROWTH = ((1, 100), (1, 1_000), (1, 10_000), (2, 1_000))
REGIONS, YEARS = ("tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl"), (2021, 2022, 2023, 2024, 2025)
UPDATES, ROUNDS, COMMUNES = 400, 7, 20
# An indicator met before and after, and one that falls and rises again.
QUIET = ("income_per_capita", (61.25, 62.5))
FALLING = ("income_per_capita", (61.25, 12.5))


def memory(process: str = "self") -> int:
    """The kilobytes that a process holds now."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def commune(code: int, facts: dict[str, Any]) -> ntm.Commune:
    return ntm.Commune(code=code, region=COLUMN, year=YEAR, facts=facts)


def somewhere(code: int, facts: dict[str, Any]) -> ntm.Commune:
    """A commune of one of the regions and years; each second with an attested verdict."""
    region, year = REGIONS[code % len(REGIONS)], YEARS[code % len(YEARS)]
    attested = {"2021-2025/xa-ntm:1.1": True} if code % 2 else {}
    return ntm.Commune(code=code, region=region, year=year, facts=facts, attested=attested)


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def in_microseconds(times: list[float]) -> dict[str, float]:
    return {
        "median_us": round(statistics.median(times) * 1e6, 1),
        "p95_us": round(percentile(times, 0.95) * 1e6, 1),
        "updates_per_second": round(1 / statistics.mean(times), 1),
    }


def updates(engine: Any, what: str, on_disk: bool) -> dict[str, float]:
    """The time of one update, each of another of some communes in memory."""
    ruleset, (key, values) = full_ruleset(), QUIET if what == "quiet" else FALLING
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "so.db" if on_disk else None
        with ntm.Session(ruleset, journal=journal, engine=engine) as session:
            facts = facts_of(ruleset)
            session.load([commune(code, facts) for code in range(COMMUNES)])
            times = []
            for place in range(UPDATES):
                code, value = place % COMMUNES, values[(place // COMMUNES + 1) % 2]
                started = time.perf_counter()
                session.update(code, key, value, as_of=DAY, source="Cục Thống kê")
                times.append(time.perf_counter() - started)
            events = list(session.events())
    assert bool(events) is (what == "falling"), (what, len(events))
    return in_microseconds(times[COMMUNES:])


def from_scratch() -> dict[str, float]:
    """The time of `evaluate` on all facts of a commune, as a dict of JSON numbers and as a session keeps them."""
    ruleset = full_ruleset()
    facts = facts_of(ruleset)
    exact = commune(1, facts).facts
    found = {}
    for name, given in (("numbers as JSON has them", facts), ("exact decimals, as a session keeps them", exact)):
        times = []
        for _ in range(UPDATES):
            started = time.perf_counter()
            ntm.evaluate(ruleset, commune(1, dict(given)))
            times.append(time.perf_counter() - started)
        found[name] = round(statistics.median(times) * 1e6, 1)
    return found


def live_memory(engine: Any) -> dict[str, float]:
    """The kilobytes of a commune in memory: of the session, and of the process of the engine."""
    ruleset = full_ruleset()
    facts, count = facts_of(ruleset), COMMUNES if engine == "durable" else 900
    with ntm.Session(ruleset, engine=engine) as session:
        session.load([commune(code, facts) for code in range(5)])
        process = getattr(session._engine, "_process", None)
        before = memory(), memory(str(process.pid)) if process else 0
        session.load([commune(code, facts) for code in range(5, 5 + count)])
        after = memory(), memory(str(process.pid)) if process else 0
        return {
            "session_kb": round((after[0] - before[0]) / count, 1),
            "engine_process_kb": round((after[1] - before[1]) / count, 1),
        }


def growth(engine: Any, tiers: int, count: int) -> dict[str, float]:
    """Many communes: loaded a hundred at a time, closed, opened again, and one fact of each tenth changed."""
    full = full_ruleset()
    rulesets = (full, ntm.load_ruleset("2021-2025/xa-ntm-nang-cao", on="2023-12-31"))[:tiers]
    facts = facts_of(full)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "so.db"
        started = time.perf_counter()
        most = 0
        with ntm.Session(rulesets, journal=path, engine=engine) as session:
            for first in range(0, count, 100):
                session.load([somewhere(code, facts) for code in range(first, min(count, first + 100))])
                most = max(most, held(session))
            loaded = time.perf_counter() - started
        started = time.perf_counter()
        with ntm.Session(rulesets, journal=path, engine=engine) as session:
            opened = time.perf_counter() - started
            times = []
            for code in range(0, count, max(1, count // 100)):
                started = time.perf_counter()
                session.update(code, "income_per_capita", 62.5, as_of=DAY, source="Cục Thống kê")
                times.append(time.perf_counter() - started)
            most = max(most, held(session))
        return {
            "rulesets": tiers,
            "facts": count * len(facts),
            "load_seconds": round(loaded, 2),
            "open_seconds": round(opened, 2),
            "journal_mb": round(path.stat().st_size / 1e6, 1),
            "memory_mb": round(most / 1024, 1),
            "first_update_ms": round(statistics.median(times) * 1e3, 2),
        }


def held(session: ntm.Session) -> int:
    """The kilobytes of the session and of the process of its engine."""
    process = getattr(session._engine, "_process", None)
    return memory() + (memory(str(process.pid)) if process else 0)


JOBS = {"updates": updates, "from_scratch": from_scratch, "live_memory": live_memory, "growth": growth}


def apart(job: str, *arguments: Any) -> Any:
    """A measurement in a process of its own."""
    given = json.dumps([job, *arguments])
    ended = subprocess.run([sys.executable, __file__, given], check=True, capture_output=True, text=True)
    return json.loads(ended.stdout)


def best_of(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The round with the least median: what other programs take of the machine is no cost of ours."""
    return min(rounds, key=lambda one: one["median_us"])


def table(found: dict[str, Any]) -> str:
    """The figures as docs/sessions.md shows them."""
    lines = [f"Measured with CPython {found['python']}, {found['machine']}, the best of {found['rounds']} rounds.", ""]
    lines += ["| one update | median µs | 95 % within µs | updates a second |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {row['median_us']} | {row['p95_us']} | {row['updates_per_second']} |"
        for name, row in found["updates"].items()
    ]
    lines += [f"| from scratch, {name} | {time_} | | |" for name, time_ in found["from_scratch_us"].items()]
    lines += ["", "| a commune in memory | session, kB | process of the engine, kB |", "|---|---|---|"]
    lines += [
        f"| {name} | {row['session_kb']} | {row['engine_process_kb']} |" for name, row in found["live_memory"].items()
    ]
    places = found["growth_over"]
    lines += [
        "",
        f"Communes of {places['regions']} regions and {places['years']} years; memory is that of both processes.",
    ]
    heads = ("communes", "rulesets", "facts", "load s", "open s", "journal MB", "memory MB", "first update ms")
    lines += ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [f"| {name} | {' | '.join(map(str, row.values()))} |" for name, row in found["growth"].items()]
    return "\n".join(lines)


def write_page(found: dict[str, Any]) -> None:
    """Put the figures in the place that docs/sessions.md has for them."""
    page = Path(__file__).parent.parent / "docs/sessions.md"
    before, start, rest = page.read_text("utf-8").partition("<!-- figures -->\n")
    _, end, after = rest.partition("<!-- end of figures -->\n")
    page.write_text(f"{before}{start}\n{table(found)}\n\n{end}{after}", "utf-8")


def main() -> None:
    """Measure, print and write."""
    durable = importlib.util.find_spec("durable_rules_engine") is not None
    engines = ["native", "durable"] if durable else ["native"]
    found: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine(), "rounds": ROUNDS}
    if not durable:
        found["not_run"] = "durable: durable-rules is not installed"
    found["from_scratch_us"] = apart("from_scratch")
    found["updates"] = {
        f"{engine}, {what}, {'journal on disk' if on_disk else 'journal in memory'}": best_of(
            [apart("updates", engine, what, on_disk) for _ in range(ROUNDS)]
        )
        for engine in engines
        for what in ("quiet", "falling")
        for on_disk in (False, True)
    }
    found["live_memory"] = {engine: apart("live_memory", engine) for engine in engines}
    found["growth_over"] = {"regions": len(REGIONS), "years": len(YEARS)}
    found["growth"] = {
        f"{engine}, {count}" + (", the advanced tier too" if tiers > 1 else ""): apart("growth", engine, tiers, count)
        for engine in engines
        for tiers, count in GROWTH
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    write_page(found)
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        job, *arguments = json.loads(sys.argv[1])
        print(json.dumps(JOBS[job](*arguments)))
    else:
        main()
