"""Test files as pytest sees them: each `*.test.yaml` a module, each test in it an item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ntm_rules.model.errors import NtmRulesError
from ntm_rules.testing.files import Case, CaseResult, read_cases, run_case

__all__ = ["CaseFile", "CaseItem"]


class _Differs(Exception):  # noqa: N818 - what a test found, shown by its item
    """What a test expected did not come out."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(result.describe("vi"))
        self.result = result


class CaseFile(pytest.File):
    """A test file. One that cannot be taken is an error of collection that names its lines."""

    def collect(self) -> Iterator[CaseItem]:
        """The tests of the file."""
        try:
            cases = read_cases(self.path)
        except NtmRulesError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield CaseItem.from_parent(self, name=case.name.vi, case=case)


class CaseItem(pytest.Item):
    """One test of a file."""

    def __init__(self, *, case: Case, **more: Any) -> None:
        super().__init__(**more)
        self.case = case

    def runtest(self) -> None:
        """Judge the commune, and compare."""
        result = run_case(self.case)
        if not result.passed:
            raise _Differs(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was expected and found, and why, in Vietnamese and in English."""
        if isinstance(excinfo.value, _Differs):
            result = excinfo.value.result
            return f"{result.describe('vi')}\n\n{result.describe('en')}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the test stands."""
        line = None if self.case.line is None else self.case.line - 1
        return self.path, line, self.case.name.vi
