"""The command `ntm-rules`. It needs the extra `cli`; without it `main` says how to get it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

__all__ = ["main"]

_NEEDED = ("click", "rich")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments` (those of the process where None) and leave with its exit code."""
    lacking = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        names, install = ", ".join(lacking), 'pip install "ntm-rules[cli]"'
        sys.stderr.write(f"Lệnh ntm-rules cần thêm {names}: {install} / The command needs {names}: {install}\n")
        sys.exit(2)
    from ntm_rules.cli.commands import ntm_rules

    ntm_rules.main(args=None if arguments is None else list(arguments), prog_name="ntm-rules")
