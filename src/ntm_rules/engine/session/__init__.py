"""Live sessions: facts that arrive over time, and what follows from each. See docs/sessions.md.

>>> from ntm_rules.engine.session import Session, SessionEngine
>>> SessionEngine("native").value
'native'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ntm_rules.engine.session.events import Event
    from ntm_rules.engine.session.journal import JournalError
    from ntm_rules.engine.session.judging import EngineError
    from ntm_rules.engine.session.session import Session, SessionEngine
    from ntm_rules.model.reaction import Reaction

__all__ = ["EngineError", "Event", "JournalError", "Reaction", "Session", "SessionEngine"]


# Fetched when asked for: the process that durable-rules runs in needs one small module of these.
def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("ntm_rules"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
