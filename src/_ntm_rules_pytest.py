"""The pytest plugin's door: it costs nothing until there is a test file to collect or a failure to show.

pytest imports plugins before anything else, in every run of every project where the package is installed. This module therefore
stands outside the package and imports none of it until then.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ntm_rules.testing.plugin import CaseFile

# The key every test file of ours has at its top level, without reading YAML: that is left to those who ask for it.
_OURS = re.compile(rb"""^(?:\xef\xbb\xbf)?(?:\{\s*)?["']?ruleset["']?\s*:""", re.MULTILINE)

__all__ = ["pytest_collect_file", "pytest_runtest_makereport"]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CaseFile | None:
    """Take a `*.test.yaml` that names a ruleset for tests of it; others go by that name too."""
    if not file_path.name.endswith(".test.yaml") or not _OURS.search(file_path.read_bytes()):
        return None
    from ntm_rules.testing.plugin import CaseFile

    return CaseFile.from_parent(parent, path=file_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,  # noqa: ARG001 - pytest's protocol
    call: pytest.CallInfo[Any],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the communes of a failing property once more as files, without pytest's margin: ready to be copied."""
    report = yield
    error = call.excinfo.value if call.excinfo is not None else None
    for note in getattr(error, "__notes__", ()):
        if note.startswith("# ntm-rules evaluate"):
            report.sections.append(("xã phản ví dụ / the commune that fails", note))
    return report
