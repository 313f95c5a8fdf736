"""The years that facts may be of."""

from __future__ import annotations

from ntm_rules.model.errors import CommuneError, Problem
from ntm_rules.model.text import Text, shown

__all__ = ["FIRST_YEAR", "LAST_YEAR", "fact_year"]

FIRST_YEAR, LAST_YEAR = 2010, 2100  # the programme began in 2010 (800/QĐ-TTg)


def fact_year(year: int | None, field: str = "year") -> int | None:
    """A year that facts may be of, or None; CommuneError for any other value."""
    if year is None or (type(year) is int and FIRST_YEAR <= year <= LAST_YEAR):
        return year
    wanted = f"{FIRST_YEAR}-{LAST_YEAR}"
    message = Text("năm số liệu không thể có", "impossible fact year")
    problem = Problem(code="bad_year", key=field, found=shown(year), message=message, wanted=Text(wanted, wanted))
    raise CommuneError([problem])
