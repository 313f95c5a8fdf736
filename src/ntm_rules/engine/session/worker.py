"""The process that durable-rules runs in: a network of rules for each ruleset, a state for each commune.

It is apart from the session because the engine can hang, or spoil memory, where no exception is raised: then it is ended, and a new
one begun. It reads a request a line as JSON and answers each with a line. Facts are asserted and retracted, never posted, which
would hand each to one rule only. What an action raises is swallowed by the engine, so actions keep it here.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from typing import Any

from ntm_rules.engine.session.deriving import derive

__all__ = ["main"]

Fact = dict[str, int | str]


class Rules:
    """The rules of one program, and which derived facts stand for each commune.

    Facts are small integers throughout: a node with "v", a rank, or "u", not known, is given, with "c", a code, derived. A node is
    told by two numbers, "a" and "b": the engine's first table holds 512 different tests, and it hangs where there are more.
    """

    def __init__(self, name: str, program: dict[str, Any], ruleset: Callable[..., Any]) -> None:
        self.derived: dict[str, dict[int, int]] = {}
        self.given: dict[str, dict[int, Fact]] = {}
        self.failed: list[BaseException] = []
        rules: dict[str, Any] = {}
        used: set[int] = set()
        for node, compare in program["compare"]:
            for place, (low, high, code) in enumerate(compare["ranges"]):
                tests = _is(compare["of"])
                tests += [{"$gte": {"v": low}}] if low is not None else []
                tests += [{"$lte": {"v": high}}] if high is not None else []
                rules[f"n{node}_{place}"] = self._rule([{"m": {"$and": tests}}], self._concluding(node, code))
            rules[f"n{node}_u"] = self._rule(
                [{"m": {"$and": [*_is(compare["of"]), {"u": 1}]}}], self._concluding(node, 2)
            )
        for node, kind, parts, options in program["derive"]:
            names = {f"p{place}": part for place, part in enumerate(parts) if not isinstance(part, list)}
            used.update(names.values())
            matches = [{name: {"$and": [*_is(part), {"$gte": {"c": 0}}]}} for name, part in names.items()]
            rules[f"n{node}"] = self._rule(matches, self._combining(node, kind, parts, options))
        nodes = [node for node, *_ in (*program["compare"], *program["derive"])]
        # The engine refuses a fact that no rule matches.
        for node in (*nodes, *program["codes"]):
            if node not in used:
                rules[f"n{node}_end"] = self._rule([{"m": {"$and": [*_is(node), {"$gte": {"c": 0}}]}}], lambda _: None)
        self.rules = ruleset(name, None, rules)

    def _rule(self, matches: list[Any], action: Callable[[Any], None]) -> dict[str, Any]:
        def kept(closure: Any) -> None:
            try:
                action(closure)
            except BaseException as error:  # noqa: BLE001 - the engine would swallow it
                self.failed.append(error)

        return {"all": matches, "run": kept}

    def _concluding(self, node: int, code: int) -> Callable[[Any], None]:
        return lambda closure: self._conclude(closure, node, code)

    def _combining(self, node: int, kind: str, parts: list[Any], options: dict[str, Any]) -> Callable[[Any], None]:
        def action(closure: Any) -> None:
            codes = [
                part[0] if isinstance(part, list) else getattr(closure, f"p{place}").c
                for place, part in enumerate(parts)
            ]
            self._conclude(closure, node, derive(kind, codes, options))

        return action

    def _conclude(self, closure: Any, node: int, code: int) -> None:
        """Put a derived fact in place of the one whose support is gone."""
        sid = closure.s.sid
        standing = self.derived[sid]
        before = standing.get(node)
        if before == code:
            return
        if before is not None:
            closure.retract_fact(_fact(sid, node, "c", before))
        standing[node] = code
        closure.assert_fact(_fact(sid, node, "c", code))

    def put(self, sid: str, inputs: dict[str, Any]) -> dict[int, int]:
        """Facts given or changed, by node; which derived facts stand otherwise after that."""
        before = dict(self.derived.setdefault(sid, {}))
        given = self.given.setdefault(sid, {})
        for key, (what, value) in inputs.items():
            node = int(key)
            fact = _fact(sid, node, what, value)
            if given.get(node) == fact:
                continue
            if node in given:
                self._run(self.rules.retract_fact, given[node])
            given[node] = fact
            self._run(self.rules.assert_fact, fact)
        after = self.derived[sid]
        return {node: code for node, code in after.items() if before.get(node) != code}

    def _run(self, call: Callable[[Fact], Any], fact: Fact) -> None:
        def done(error: Any, _: Any) -> None:
            if error is not None:
                self.failed.append(error)

        self.rules.do_actions(call(dict(fact)), done)
        if self.failed:
            raise self.failed[0]

    def forget(self, sid: str) -> None:
        """Free the state of a commune."""
        self.derived.pop(sid, None)
        if self.given.pop(sid, None) is not None:
            self.rules.delete_state(sid)


_GROUP = 32


def _is(node: int) -> list[dict[str, Any]]:
    return [{"a": node // _GROUP}, {"b": node % _GROUP}]


def _fact(sid: str, node: int, what: str, value: int) -> Fact:
    return {"sid": sid, "id": f"{node}{what}{value}", "a": node // _GROUP, "b": node % _GROUP, what: value}


def _end_in(seconds: float) -> None:
    """End this process after some time, 0 for never, wherever it hangs: nobody may be left to do it."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def main() -> None:
    """Answer requests until there are no more, each with its number."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # of the terminal, meant for the session, which ends this process when it ends
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever the engine prints is no answer
    from durable.engine import Ruleset

    networks: dict[str, Rules] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        _end_in(asked["seconds"])
        name = asked["program"]
        answer: dict[str, Any] = {"n": asked["n"], "codes": []}
        try:
            if "rules" in asked:
                networks[name] = Rules(name, asked["rules"], Ruleset)
            if "put" in asked:
                answer["codes"] = list(networks[name].put(asked["sid"], asked["put"]).items())
            elif "forget" in asked and name in networks:
                networks[name].forget(asked["forget"])
        except BaseException as error:  # noqa: BLE001 - said to the session, which sets the commune apart
            answer["error"] = f"{type(error).__name__}: {error}"
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        _end_in(0)


if __name__ == "__main__":
    main()
