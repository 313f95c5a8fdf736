"""The engine `durable`: rulesets as rules of durable-rules, by forward chaining in a process of its own."""

from __future__ import annotations

import collections
import contextlib
import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from typing import Any

import attrs

from ntm_rules.engine.session.judging import EngineError, Judged, Where, where_judged
from ntm_rules.engine.session.network import Network, Node, below
from ntm_rules.engine.session.state import Known
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, shown

__all__ = ["Durable"]

# A state costs some megabytes for each ruleset (benchmarks/sessions.json), and the engine has room for 1,024.
_STATES = 32
# How long a request may take before the process is ended, in seconds. One takes milliseconds; the first of a ruleset up to a second.
_PATIENCE = 20.0
# What the process runs: the same interpreter, which finds what this one does.
_MAIN = "import sys; sys.path[:] = {path!r}; from ntm_rules.engine.session.worker import main; main()"

Place = tuple[int, tuple[Where, ...], bool]


@attrs.define
class _Program:
    """A network with its name in the process that runs now."""

    name: str
    network: Network
    sent: bool = False


@attrs.define
class _State:
    """What the process has derived of a commune, under one ruleset."""

    program: _Program
    where: Where
    codes: dict[int, int] = attrs.field(factory=dict)


class Durable:
    """Judges by durable-rules; `NtmRulesError` where that is not to be had.

    The process is ended and begun anew where it fails or takes longer than `patience` seconds: the commune it was asked about raises
    `EngineError`, all others are put in again when next asked for.
    """

    def __init__(self, rulesets: tuple[Ruleset, ...], *, patience: float = _PATIENCE, states: int = _STATES) -> None:
        _need_durable_rules()
        self._rulesets, self._patience, self._most = rulesets, patience, states
        self._rests_on = [tuple({one.id: one for one in below(ruleset)}.values()) for ruleset in rulesets]
        self._programs: dict[Place, _Program] = {}
        self._states: collections.OrderedDict[str, list[_State]] = collections.OrderedDict()
        self._process: subprocess.Popen[str] | None = None

    # -- what an engine does

    def judge(self, known: Known) -> tuple[Judged, ...]:
        """Every ruleset on everything known; CommuneError where the region is not known."""
        programs = [self._program(place, known) for place in range(len(self._rulesets))]
        self.forget(known.code)
        states = [_State(program, where) for program, where in programs]
        for state in states:
            self._put(state, known, None)
        self._states[known.code] = states
        while len(self._states) > self._most:
            self.forget(next(iter(self._states)))
        return self._judged(states)

    def rejudge(self, known: Known, before: tuple[Judged, ...], keys: Collection[str]) -> tuple[Judged, ...]:
        """What is said after some facts have changed."""
        states = self._states.get(known.code)
        if states is None:
            return self.judge(known)
        self._states.move_to_end(known.code)
        for state in states:
            self._put(state, known, keys)
        return tuple(old if old == new else new for old, new in zip(before, self._judged(states), strict=True))

    def forget(self, code: str) -> None:
        """Free what the process holds of a commune."""
        for state in self._states.pop(code, ()):
            if self._process is not None and state.program.sent:
                with contextlib.suppress(EngineError):  # then the process is gone, and with it what was to be forgotten
                    self._ask(code, {"program": state.program.name, "forget": code})

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        self._states.clear()
        for program in self._programs.values():
            program.sent = False

    # -- networks

    def _program(self, place: int, known: Known) -> tuple[_Program, Where]:
        """The network that judges a commune by one of the rulesets, and the cells it is judged by."""
        ruleset = self._rulesets[place]
        wheres = tuple(where_judged(one, known) for one in self._rests_on[place])
        key = (place, wheres, bool(known.attested))
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = _Program(f"p{len(self._programs)}", Network(ruleset, known))
        return program, wheres[0]

    def _put(self, state: _State, known: Known, keys: Collection[str] | None) -> None:
        inputs = state.program.network.inputs(known, keys)
        if not inputs:
            return
        request: dict[str, Any] = {"program": state.program.name, "sid": known.code, "put": inputs}
        if not state.program.sent:
            request["rules"] = state.program.network.program()
        answer = self._ask(known.code, request)
        state.program.sent = True
        state.codes.update((node, code) for node, code in answer["codes"])

    def _judged(self, states: list[_State]) -> tuple[Judged, ...]:
        return tuple(self._read(place, state) for place, state in enumerate(states))

    def _read(self, place: int, state: _State) -> Judged:
        def code(node: Node) -> int:
            return node[0] if isinstance(node, tuple) else state.codes[node]

        out = state.program.network.outputs
        column, rule, year = state.where
        return Judged(
            ruleset=self._rulesets[place],
            column=column,
            column_rule=rule,
            year=year,
            codes=tuple(map(code, out.codes)),
            criteria=tuple(map(code, out.criteria)),
            verdict=code(out.verdict),
            standing=code(out.standing),
            recognition=code(out.recognition),
            at_risk={0: False, 4: True}.get(code(out.at_risk)),
        )

    # -- the process

    def _ask(self, code: str, request: dict[str, Any]) -> Any:
        """The answer to a request about a commune; `EngineError` where there is none, and the process is then begun anew."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with _ended_after(process, self._patience) as expired:
                process.stdin.write(json.dumps(request, separators=(",", ":")) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
        except OSError:  # it has ended by itself
            line = ""
        answer = json.loads(line) if line.endswith("\n") else None
        if answer is not None and "error" not in answer:
            return answer
        self.close()  # whatever it holds is not to be trusted
        if answer is not None:
            raise EngineError([_failed(code, answer["error"])])
        if expired.is_set():
            raise EngineError([_expired(code, self._patience)])
        raise EngineError([_failed(code, f"exit code {process.returncode}")])

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", _MAIN.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # the engine's tracebacks; what failed comes back as an answer
                text=True,
                encoding="utf-8",
            )
        return self._process


@contextlib.contextmanager
def _ended_after(process: subprocess.Popen[str], seconds: float) -> Iterator[threading.Event]:
    """End a process that is not done after some time; the event says whether it was ended."""
    expired = threading.Event()

    def end() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _need_durable_rules() -> None:
    if importlib.util.find_spec("durable_rules_engine") is not None and sys.version_info < (3, 13):
        return
    install = 'pip install "ntm-rules[session]"'
    message = Text('engine="durable" cần durable-rules', 'engine="durable" needs durable-rules')
    wanted = Text(
        f'{install} trên Python 3.10-3.12 có trình biên dịch C; hoặc engine="native"',
        f'{install} on Python 3.10-3.12 with a C compiler; or engine="native"',
    )
    raise NtmRulesError([Problem(code="no_durable_rules", key="engine", message=message, wanted=wanted)])


def _failed(code: str, said: str) -> Problem:
    message = Text("durable-rules gặp lỗi; xã này được tách riêng", "durable-rules failed; this commune is set apart")
    return Problem(code="engine_failed", source=code, found=shown(said), message=message)


def _expired(code: str, seconds: float) -> Problem:
    message = Text(
        f"durable-rules không trả lời trong {seconds:g} giây; xã này được tách riêng",
        f"durable-rules did not answer within {seconds:g} seconds; this commune is set apart",
    )
    return Problem(code="engine_silent", source=code, message=message)
