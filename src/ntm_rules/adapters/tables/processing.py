"""What is said where a table cannot be read to its end, or be judged."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from ntm_rules.model.errors import CommuneError, NtmRulesError, Problem, unreadable
from ntm_rules.model.text import Text, shown

__all__ = ["processing", "reading_failed"]


@contextlib.contextmanager
def processing(table: Any) -> Iterator[None]:
    """Say in our words where a table cannot be read to its end, or be judged."""
    try:
        yield
    except duckdb.InterruptException:  # which the caller asked for
        raise
    except (duckdb.Error, OSError, UnicodeError, zipfile.BadZipFile) as error:
        raise reading_failed(table, error) from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # what the engine makes of a person's Ctrl-C
            raise KeyboardInterrupt from None
        raise


def reading_failed(table: Any, error: Exception) -> NtmRulesError:
    """What a library says of a table, in our words."""
    in_file = isinstance(table, (str, Path))
    if isinstance(error, OSError) and in_file:
        return CommuneError([unreadable(str(table), error)])
    first = next(iter(str(error).splitlines()), type(error).__name__)
    kind = "" if in_file else _KINDS.get(type(table).__module__.partition(".")[0], "")
    message = Text(f"không xử lý được bảng {kind}".rstrip(), f"the {kind} table cannot be processed".replace("  ", " "))
    source = str(table) if in_file else None
    return CommuneError([Problem(code="bad_table", source=source, message=message, found=shown(first))])


_KINDS = {"pyarrow": "Arrow", "pandas": "pandas", "polars": "Polars", "duckdb": "DuckDB", "_duckdb": "DuckDB"}
