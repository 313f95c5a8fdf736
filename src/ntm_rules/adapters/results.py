"""What comes of a table judged into files, whichever engine judges it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import attrs

__all__ = ["OUTPUTS", "Output", "WrittenTable", "rejected_beside"]

Output = Literal["communes", "indicators", "statuses"]
OUTPUTS = ("communes", "indicators", "statuses")


@attrs.frozen(slots=True, kw_only=True)
class WrittenTable:
    """What became of a table: how many of its rows were judged and rejected, and where the results are.

    `verdicts` counts the judged rows by verdict, `problems` what was wrong with the others, by column and code of the problem: a row
    may have several. `ignored` names the columns that were not read; `repeated` counts the rows judged whose commune was there before for
    the same year, None where that was not asked.
    """

    rejected: int
    verdicts: Mapping[str, int]
    problems: Mapping[tuple[str, str], int]
    target: str
    rejected_target: str
    ignored: tuple[str, ...] = ()
    repeated: int | None = None

    @property
    def judged(self) -> int:
        """The rows that were judged."""
        return sum(self.verdicts.values())

    @property
    def rows(self) -> int:
        """The rows of the table."""
        return self.judged + self.rejected


def rejected_beside(target: str | Path) -> Path:
    """The file of what was rejected.

    >>> rejected_beside("xa.csv").name
    'xa.rejected.csv'
    """
    path = Path(target)
    return path.with_name(f"{path.stem}.rejected{path.suffix}")
