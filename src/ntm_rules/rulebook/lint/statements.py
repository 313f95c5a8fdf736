"""What a document states of itself: identity, dates, numbering, counts, columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.clauses import each_clause
from ntm_rules.rulebook.lint.contents import Normal
from ntm_rules.rulebook.lint.findings import Report, Severity, Steps
from ntm_rules.rulebook.places import place_of

__all__ = [
    "NUMBERING",
    "check_columns",
    "check_decision_dates",
    "check_identity",
    "check_totals",
    "numbering",
    "surely_before",
]


def check_identity(normal: Normal, report: Report, relative: str | None) -> None:
    """The id, the path and what the document says of itself must agree."""
    ruleset_id = normal["ruleset"]
    phase, _, name = ruleset_id.partition("/")
    tier = name.partition("ntm-")[2] or "ntm"
    for key, wanted in (("phase", phase), ("level", name.partition("-")[0]), ("tier", tier)):
        if normal[key] != wanted and (key != "tier" or wanted in ("ntm", "nang-cao", "kieu-mau")):
            vi, en = f"không khớp với mã {ruleset_id}", f"does not agree with the id {ruleset_id}"
            report.add("error", "id_mismatch", (key,), vi, en, found=shown(normal[key]), wanted=Text(wanted, wanted))
    if relative is not None and relative != f"{ruleset_id}.yaml":
        vi, en = "mã không khớp với đường dẫn của tệp", "the id does not agree with the path of the file"
        report.add(
            "error", "id_mismatch", ("ruleset",), vi, en, found=shown(ruleset_id), wanted=Text(relative, relative)
        )


def surely_before(day: str, other: str) -> bool:
    """Whether one date lies before another, whatever the day of a month without one."""
    shorter = min(len(day), len(other))
    return day[:shorter] < other[:shorter]


def check_decision_dates(decision: Sequence[str | None], report: Report) -> None:
    """A decision cannot be in force before it was issued."""
    _, issued, in_force = decision
    if issued and in_force and surely_before(in_force, issued):
        vi, en = "có hiệu lực trước ngày ban hành", "in force before it was issued"
        report.add("error", "in_force_before_issued", ("decision", "in_force"), vi, en, found=in_force)


NUMBERING: Mapping[str, Severity] = {
    "not_of_criterion": "error",
    "out_of_order": "error",
    "number_gap": "warning",
    "unofficial_number": "note",
}


def numbering(criteria: Sequence[Normal]) -> list[tuple[str, str, str, str]]:
    """(number, code, vi, en) of what is wrong with the numbers; a criterion's number is "criterion 17"."""
    found = list(_sequence([c["no"] for c in criteria], "criterion "))
    for criterion in criteria:
        own, numbers = criterion["no"], [clause["id"] for clause in criterion["indicators"]]
        strays = [n for n in numbers if not (n.startswith(f"{own}.") or (n == own and len(numbers) == 1))]
        vi, en = f"số không thuộc tiêu chí {own}", f"the number does not belong to criterion {own}"
        found += [(number, "not_of_criterion", vi, en) for number in strays]
        if not strays and numbers != [own]:
            found += _sequence(numbers, "")
    return found


def _sequence(numbers: Sequence[str], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    """Numbers should ascend one by one, from 1."""
    last = 0
    for number in numbers:
        tail = number.rpartition(".")[2]
        if not (tail.isascii() and tail.isdigit()):
            vi, en = "không phải một số chính thức", "not an official number"
            yield prefix + number, "unofficial_number", vi, en
            continue
        if tail != str(int(tail)) or int(tail) <= last:
            yield prefix + number, "out_of_order", f"phải đứng sau số {last}", f"should come after number {last}"
        elif int(tail) > last + 1:
            vi, en = f"thiếu số {last + 1}", f"number {last + 1} is lacking"
            yield prefix + number, "number_gap", vi, en
        last = max(last, int(tail))


def check_totals(normal: Normal, report: Report) -> None:
    """What the document has against the official counts it states."""
    counted = [len(normal["criteria"]), sum(len(c["indicators"]) for c in normal["criteria"])]
    names = (("criteria", "tiêu chí", "criteria"), ("indicators", "chỉ tiêu", "indicators"))
    for (key, vi, en), count, total in zip(names, counted, normal["totals"], strict=True):
        if total is None or count == total or (count < total and not normal["complete"]):
            continue
        path = ("totals", key) if "totals" in report.tree else ()
        message = (f"số {vi} không khớp với số chính thức", f"the number of {en} is not the official one")
        report.add("error", "wrong_total", path, *message, found=str(count), wanted=Text(str(total), str(total)))


def check_columns(normal: Normal, catalogue: Catalogue, report: Report, places: Mapping[str, Steps]) -> None:
    """Regions without a column, and columns that are named but not there."""
    columns = normal["columns"]
    lacking = [region for region in catalogue.regions if region not in columns]
    if lacking and columns != ["common"]:
        names = ", ".join(lacking)
        vi, en = (
            "vùng không có cột: xã ở đó không được xét",
            "regions without a column: communes there cannot be judged",
        )
        report.add("warning", "missing_region", ("columns",), vi, en, wanted=Text(names, names))
    if len(set(columns)) < len(columns):
        report.add("error", "duplicate_column", ("columns",), "cột bị lặp", "a column is repeated")
    special = normal["special_communes"]
    if special and special[0] not in columns:
        vi, en = "bộ tiêu chí không có cột này", "the ruleset has no such column"
        report.add("error", "unknown_column", ("special_communes", "column"), vi, en, found=shown(special[0]))
    for clause in each_clause(normal):
        for column in clause["columns"] or ():
            if column not in columns:
                vi, en = "bộ tiêu chí không có cột này", "the ruleset has no such column"
                path = (*place_of(places, clause["id"]), "columns")
                report.add("error", "unknown_column", path, vi, en, found=shown(column))
