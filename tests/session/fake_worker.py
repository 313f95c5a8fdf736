"""A process that answers as the worker does, without durable-rules; and garbage, where it is told to."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from ntm_rules.engine.session.deriving import derive

BAD = "00666"


def codes_of(program: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[int, int]:
    """The code of every node, one after another, from the program as the process is sent it."""
    codes = {int(node): value for node, (what, value) in inputs.items() if what == "c"}
    for node, compare in program["compare"]:
        what, rank = inputs[str(compare["of"])]
        if what == "u":
            codes[node] = 2
            continue
        (codes[node],) = (
            code
            for low, high, code in compare["ranges"]
            if (low is None or low <= rank) and (high is None or rank <= high)
        )
    for node, kind, parts, options in program["derive"]:
        given = [part[0] if isinstance(part, list) else codes[part] for part in parts]
        codes[node] = derive(kind, given, options)
    return codes


def main(garbage: bytes = b"", what: str = "put") -> None:
    """Answer requests; those of one kind about one commune with garbage: @N is its number, @A the right answer, @X long."""
    programs: dict[str, Any] = {}
    inputs: dict[tuple[str, str], dict[str, Any]] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        name, codes = asked["program"], {}
        if "rules" in asked:
            programs[name] = asked["rules"]
        if "put" in asked:
            put = inputs.setdefault((name, asked["sid"]), {})
            put.update(asked["put"])
            codes = codes_of(programs[name], put)
            for node in programs[name]["codes"]:
                del codes[node]
        said = json.dumps({"n": asked["n"], "codes": list(codes.items())}).encode() + b"\n"
        if garbage and BAD in (asked.get("sid"), asked.get("forget")) and what in asked:
            said = (
                garbage.replace(b"@N", str(asked["n"]).encode()).replace(b"@A", said).replace(b"@X", b"x" * 5_000_000)
            )
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()
