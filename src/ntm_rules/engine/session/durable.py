"""The engine `durable`: rulesets as rules of durable-rules, by forward chaining in a process of its own."""

from __future__ import annotations

import collections
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Iterator
from typing import IO, Any

import attrs

from ntm_rules.engine.session.judging import EngineError, Judged, Where
from ntm_rules.engine.session.network import Network, Node
from ntm_rules.engine.session.refused import refuse_other_process
from ntm_rules.engine.session.state import Known
from ntm_rules.model.errors import CommuneError, NtmRulesError, Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, shown

__all__ = ["Durable"]

# How many megabytes the states of communes may take in the process, as reckoned; the engine has room for 1,024 of a network.
_MEMORY_MB, _STATES = 280, 1000
# How long a request may take before the process is ended, in seconds. One takes milliseconds; the first of a ruleset up to a second.
_PATIENCE = 20.0
# How many bytes of an answer are read; one takes thousands.
_LONGEST = 1 << 20
# What the process runs: the same interpreter, which finds what this one does.
_MAIN = "import sys; sys.path[:] = {path!r}; from ntm_rules.engine.session.worker import main; main()"


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
    wheres: dict[str, Where]
    codes: dict[int, int] = attrs.field(factory=dict)


class Durable:
    """Judges by durable-rules; `NtmRulesError` where that is not to be had.

    The process is ended and begun anew where it fails or takes longer than `patience` seconds: the commune it was asked about raises
    `EngineError`, all others are put in again when next asked for. So it is where a request is interrupted, and where the process has
    died, or answers another request than the last, which is asked once more. Where it cannot be begun at all, `NtmRulesError` is
    raised, for that is no fault of a commune. What it holds of communes is kept below `memory_mb`, as reckoned from the networks.
    """

    def __init__(
        self, rulesets: tuple[Ruleset, ...], *, patience: float = _PATIENCE, memory_mb: float = _MEMORY_MB
    ) -> None:
        _need_durable_rules()
        self._rulesets, self._patience, self._most_kb = rulesets, patience, memory_mb * 1024
        self._programs: dict[tuple[int, bool], _Program] = {}
        self._states: collections.OrderedDict[str, list[_State]] = collections.OrderedDict()
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._asked, self._in_doubt, self._owner = 0, False, os.getpid()

    # -- what an engine does

    def judge(self, known: Known) -> tuple[Judged, ...]:
        """Every ruleset on everything known; CommuneError where the region is not known."""
        return self._derived(known, None)

    def rejudge(self, known: Known, before: tuple[Judged, ...], keys: Collection[str]) -> tuple[Judged, ...]:
        """What is said after some facts have changed."""
        found = self._derived(known, keys)
        return tuple(old if old == new else new for old, new in zip(before, found, strict=True))

    def forget(self, code: str) -> None:
        """Free what the process holds of a commune."""
        if code in self._states and self._is_own():
            # Where that fails the process is gone, and with it what was to be forgotten.
            with contextlib.suppress(NtmRulesError, ConnectionError), self._done_or_ended():
                self._forget(code)

    def close(self) -> None:
        """End the process; where that is interrupted the next call does. A forked child only lets go of it."""
        self._in_doubt = True
        process = self._process
        streams: list[IO[bytes] | None] = [self._stderr]
        if process is not None:
            if self._is_own():
                process.kill()
                process.wait()
            streams += process.stdin, process.stdout
        for stream in streams:
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._states.clear()
        for program in self._programs.values():
            program.sent = False
        self._process, self._in_doubt = None, False

    # -- what is put, and what is derived

    def _derived(self, known: Known, keys: Collection[str] | None) -> tuple[Judged, ...]:
        """What is said of a commune; a process that dies is asked once more, for it may have died of something else."""
        refuse_other_process(self._owner)
        try:
            return self._derived_once(known, keys)
        except ConnectionError:
            pass
        try:
            return self._derived_once(known, None)
        except ConnectionError as error:
            raise EngineError([_failed(known.code, str(error))]) from None

    def _derived_once(self, known: Known, keys: Collection[str] | None) -> tuple[Judged, ...]:
        with self._done_or_ended():
            states = None if keys is None else self._states.get(known.code)
            if states is None:
                keys, states = None, self._entered(known)
            self._states.move_to_end(known.code)
            for state in states:
                self._put(state, known, keys)
            return tuple(self._read(place, state) for place, state in enumerate(states))

    def _entered(self, known: Known) -> list[_State]:
        """A commune of which nothing is put yet, and room for it."""
        states = []
        for place, ruleset in enumerate(self._rulesets):
            key = (place, bool(known.attested))
            program = self._programs.get(key)
            if program is None:
                program = self._programs[key] = _Program(f"p{len(self._programs)}", Network(ruleset, attests=key[1]))
            states.append(_State(program, program.network.wheres(known)))
        self._forget(known.code)
        while self._states and (_kb([*self._states.values(), states]) > self._most_kb or len(self._states) >= _STATES):
            self._forget(next(iter(self._states)))
        self._states[known.code] = states
        return states

    def _put(self, state: _State, known: Known, keys: Collection[str] | None) -> None:
        inputs = state.program.network.inputs(known, state.wheres, keys)
        if not inputs:
            return
        request: dict[str, Any] = {"program": state.program.name, "sid": known.code, "put": inputs}
        if not state.program.sent:
            request["rules"] = state.program.network.program()
        codes = self._ask(known.code, request)
        state.codes.update(codes)
        if not state.program.network.can_have(state.codes):
            raise EngineError([_failed(known.code, f"codes {codes}")])
        state.program.sent = True

    def _forget(self, code: str) -> None:
        for state in self._states.get(code, ()):
            if state.program.sent:
                try:
                    self._ask(code, {"program": state.program.name, "forget": code})
                except EngineError as error:  # no fault of the commune that room is made for
                    raise ConnectionResetError(str(error)) from None
        self._states.pop(code, None)

    def _read(self, place: int, state: _State) -> Judged:
        def code(node: Node) -> int:
            return node[0] if isinstance(node, tuple) else state.codes[node]

        out = state.program.network.outputs
        column, rule, year = state.wheres[self._rulesets[place].id]
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

    def _is_own(self) -> bool:
        """Whether the process is this one's, not that of the one it was forked from, which would get the answers."""
        return os.getpid() == self._owner

    @contextlib.contextmanager
    def _done_or_ended(self) -> Iterator[None]:
        """Whatever exception leaves requests half done, a signal's too, what the process holds is not to be trusted: it is ended."""
        if self._in_doubt:  # an exception came before the process was ended
            self.close()
        self._in_doubt = True
        try:
            yield
            self._in_doubt = False
        except CommuneError:  # raised before anything is asked
            self._in_doubt = False
            raise
        finally:
            if self._in_doubt:
                self.close()

    def _ask(self, code: str, request: dict[str, Any]) -> dict[int, int]:
        """The codes that a request about a commune gives.

        EngineError where it fails; ConnectionError where the process has died, or answers another request.
        """
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked += 1
        # The worker ends itself a little after it would be ended here, for by then nobody may be left to do it.
        request = {"n": self._asked, "seconds": self._patience + 1, **request}
        line = b""
        with _ended_after(process, self._patience) as expired:
            try:
                process.stdin.write(json.dumps(request, separators=(",", ":")).encode() + b"\n")
                process.stdin.flush()
                line = process.stdout.readline(_LONGEST)
            except OSError:
                if process.poll() is None:
                    raise
        if not line.endswith(b"\n"):
            if expired.is_set():
                raise EngineError([_expired(code, self._patience)])
            raise ConnectionResetError(self._last_words(process))
        try:
            return _answered(line, self._asked)
        except ValueError as error:
            raise EngineError([_failed(code, str(error))]) from None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            path = [one for one in sys.path if isinstance(one, str)]  # Python itself passes over what is no text
            try:
                self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process; a pipe that nobody reads fills up
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    [sys.executable, "-c", _MAIN.format(path=path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._stderr,
                )
            except TimeoutError:  # of the host's, by a signal
                raise
            except (OSError, TypeError, ValueError) as error:  # the last two where `sys.executable` is no path
                raise NtmRulesError([_not_started(error)]) from None
        return self._process

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        """What a process that has died wrote last, or else how it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
        assert self._stderr is not None
        self._stderr.seek(max(0, self._stderr.seek(0, 2) - 1000))
        lines = self._stderr.read().decode("utf-8", "replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), f"exit code {process.returncode}")


def _answered(line: bytes, asked: int) -> dict[int, int]:
    """The codes by node of an answer; ValueError where it is none, ConnectionError where it is one to another request."""
    try:
        answer = json.loads(line)
        number, failed = answer["n"], "error" in answer
        codes = {} if failed else {_whole(node): _whole(code) for node, code in answer["codes"]}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        message = f"no answer: {line!r}"
        raise ValueError(message) from None
    if number != asked:
        message = f"answer {number} to request {asked}"
        raise ConnectionResetError(message)
    if failed:
        raise ValueError(answer["error"])
    return codes


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise TypeError(number)
    return number


def _kb(communes: Collection[list[_State]]) -> int:
    """About what some communes take in the process."""
    return sum(state.program.network.state_kb for states in communes for state in states)


@contextlib.contextmanager
def _ended_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """End a process that is not done after some time; the event says whether it was ended."""
    expired = threading.Event()

    def end() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError as error:  # no room for a thread
        raise NtmRulesError([_not_started(error)]) from None
    try:
        yield expired
    finally:
        timer.cancel()


def _need_durable_rules() -> None:
    parts = ("durable", "durable_rules_engine")
    if all(importlib.util.find_spec(part) is not None for part in parts) and sys.version_info < (3, 13):
        return
    install = 'pip install "ntm-rules[session]"'
    message = Text('engine="durable" cần durable-rules', 'engine="durable" needs durable-rules')
    wanted = Text(
        f'{install} trên Python 3.10-3.12 có trình biên dịch C; hoặc engine="native"',
        f'{install} on Python 3.10-3.12 with a C compiler; or engine="native"',
    )
    raise NtmRulesError([Problem(code="no_durable_rules", key="engine", message=message, wanted=wanted)])


def _not_started(error: Exception) -> Problem:
    return Problem(
        code="engine_not_started",
        key="engine",
        found=shown(str(error)),
        message=Text("không mở được tiến trình của durable-rules", "the process of durable-rules cannot be begun"),
        wanted=Text(
            "bộ nhớ, tệp và luồng còn chỗ, sys.executable là Python; rồi gọi lại",
            "room in memory, for files and threads, and Python as sys.executable; then the same call again",
        ),
    )


def _failed(code: str, said: str) -> Problem:
    message = Text("durable-rules gặp lỗi; xã này được tách riêng", "durable-rules failed; this commune is set apart")
    return Problem(code="engine_failed", source=code, found=shown(said), message=message)


def _expired(code: str, seconds: float) -> Problem:
    message = Text(
        f"durable-rules không trả lời trong {seconds:g} giây; xã này được tách riêng",
        f"durable-rules did not answer within {seconds:g} seconds; this commune is set apart",
    )
    return Problem(code="engine_silent", source=code, message=message)
