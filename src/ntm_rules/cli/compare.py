"""What `ntm-rules compare` writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from ntm_rules.changes.difference import Difference
from ntm_rules.model.text import Language

__all__ = ["written"]

_FORMS: Mapping[str, Callable[[Difference, Language], str]] = {
    "text": Difference.text,
    "json": lambda difference, _: json.dumps(difference.to_dict(), ensure_ascii=False, indent=2),
    "markdown": Difference.markdown,
}


def written(difference: Difference, form: str, lang: Language) -> str:
    """A difference in one of the forms, without the line end."""
    return _FORMS[form](difference, lang).rstrip("\n")
