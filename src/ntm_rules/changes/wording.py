"""A difference in words, Vietnamese first: as plain text, as a Markdown page for a decision's annex, for notebooks."""

from __future__ import annotations

import html as markup
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ntm_rules.changes.change import Change, ChangeKind
from ntm_rules.explain.rules import title_lines
from ntm_rules.model.text import Language, Text

if TYPE_CHECKING:
    from ntm_rules.changes.difference import Difference

__all__ = ["KIND_WORDS", "html", "markdown", "summary", "text"]

KIND_WORDS = {
    ChangeKind.ADDED: Text("bổ sung", "added"),
    ChangeKind.REMOVED: Text("bãi bỏ", "removed"),
    ChangeKind.TIGHTENED: Text("yêu cầu cao hơn", "tightened"),
    ChangeKind.LOOSENED: Text("yêu cầu thấp hơn", "loosened"),
    ChangeKind.CHANGED: Text("thay đổi khác", "changed otherwise"),
    ChangeKind.DELEGATED: Text("giao tỉnh quy định", "delegated to the province"),
    ChangeKind.UNDELEGATED: Text("không còn giao tỉnh", "no longer delegated"),
    ChangeKind.SET: Text("nay có mức", "threshold now set"),
    ChangeKind.UNSET: Text("nay không có mức", "threshold no longer set"),
    ChangeKind.RENUMBERED: Text("đổi số", "renumbered"),
    ChangeKind.TEXT: Text("chỉ câu chữ", "text only"),
    ChangeKind.EVIDENCE: Text("chỉ nguồn kiểm chứng", "evidence only"),
}
_ASPECTS = {
    "applies_if": Text("điều kiện áp dụng", "asked only where"),
    "columns": Text("vùng áp dụng", "columns"),
    "condition": Text("điều kiện chọn phần", "condition of the branch"),
    "parts": Text("số phần cần đạt", "parts needed"),
    "fact": Text("số liệu", "what is measured"),
    "ruleset": Text("bộ tiêu chí phải đạt", "ruleset to be met"),
    "label": Text("tên", "label"),
    "title": Text("tên", "title"),
    "citation": Text("căn cứ", "source"),
    "set_by": Text("cấp quy định", "set by"),
    "means": Text("“Đạt” nghĩa là", "“Đạt” means"),
    "note": Text("lưu ý", "note"),
    "order": Text("thứ tự", "order"),
    "criterion": Text("thuộc tiêu chí", "of criterion"),
    "decision": Text("quyết định", "decision"),
    "layers": Text("văn bản sửa đổi, quy định của tỉnh", "amendments and overlays"),
    "special_communes": Text("xã xét theo cột khác", "communes judged by another column"),
    "withdrawal": Text("thu hồi danh hiệu", "withdrawal of a title"),
    "key_criteria": Text("tiêu chí trọng yếu khi thu hồi", "key criteria for withdrawal"),
    "criteria_total": Text("tổng số tiêu chí", "number of criteria"),
    "indicators_total": Text("tổng số chỉ tiêu", "number of indicators"),
    "complete": Text("mức đầy đủ của bộ tiêu chí", "completeness"),
    "id": Text("mã bộ tiêu chí", "id"),
    "phase": Text("giai đoạn", "phase"),
    "level": Text("cấp", "level"),
    "tier": Text("mức", "tier"),
    "province": Text("tỉnh", "province"),
    "facts": Text("danh mục số liệu", "fact catalogue"),
    "regions": Text("danh mục vùng", "regions"),
    "zones": Text("danh mục khu vực", "zones"),
    "provinces": Text("danh mục tỉnh", "provinces"),
}
_SUBJECTS = {
    "criterion": Text("tiêu chí", "criterion"),
    "condition": Text("điều kiện công nhận", "condition of recognition"),
    "prerequisite": Text("điều kiện tiên quyết", "prerequisite"),
}
_ONE_SIDED = (ChangeKind.ADDED, ChangeKind.REMOVED)
_ABSENT = Text("không có", "none")
_NONE = Text("Không có thay đổi.", "No changes.")
_MARKS = Text(
    "Sau mức: ~ xác nhận một phần, ? theo trí nhớ, ?? chưa chắc chắn.",
    "After a threshold: ~ partly confirmed, ? recalled, ?? uncertain.",
)


class _Row(NamedTuple):
    """Changes that read the same, in the columns they share."""

    number: str
    name: str
    aspect: str
    where: str
    old: str
    new: str


def summary(difference: Difference, lang: Language) -> str:
    """How many things change, by kind, on one line."""
    counted = [(kind, len({_thing(change) for change in difference.of(kind)})) for kind in KIND_WORDS]
    said = [f"{KIND_WORDS[kind].in_(lang)}: {count}" for kind, count in counted if count]
    return "; ".join(said) or _NONE.in_(lang)


def _thing(change: Change) -> tuple[str, str]:
    """What is counted: an indicator once, whatever changes of it; of the ruleset each of its matters."""
    return change.subject, change.indicator or change.aspect


def text(difference: Difference, lang: Language) -> str:
    """The whole difference as plain text."""
    lines = [*_heads(difference, lang), "", summary(difference, lang)]
    for kind, word in KIND_WORDS.items():
        rows = _rows(difference, kind, lang)
        if rows:
            lines += ["", word.in_(lang).upper(), *_lines(rows)]
    return "\n".join([*lines, *_legend(difference, lang)])


def _lines(rows: list[_Row]) -> Iterator[str]:
    """The rows with the name of what they are of said once."""
    for name, alike in itertools.groupby(rows, key=lambda row: f"{row.number} {row.name}".strip()):
        said = [": ".join(part for part in (row.aspect, row.where, _change(row)) if part) for row in alike]
        if not name:
            yield from (f"  {line}" for line in said)
        elif len(said) == 1:
            yield f"  {name}: {said[0]}"
        else:
            yield from (f"  {name}", *(f"    {line}" for line in said))


def _change(row: _Row) -> str:
    return " → ".join(side for side in (row.old, row.new) if side)


def markdown(difference: Difference, lang: Language) -> str:
    """The whole difference as a Markdown page: a table for each kind."""
    title = Text("So sánh bộ tiêu chí", "Comparison of criteria").in_(lang)
    lines = [
        f"# {title}",
        "",
        *(f"- {_cell(line)}" for line in _heads(difference, lang)),
        "",
        summary(difference, lang),
    ]
    for kind, word in KIND_WORDS.items():
        rows = _rows(difference, kind, lang)
        if rows:
            said = word.in_(lang)
            lines += ["", f"## {said[:1].upper()}{said[1:]}", "", _table_line(head.in_(lang) for head in _HEADS)]
            lines += ["|---|---|---|---|---|", *(_table_line(_five(row)) for row in rows)]
    return "\n".join([*lines, *_legend(difference, lang)]) + "\n"


_HEADS = (
    Text("Số", "No."),
    Text("Nội dung", "Content"),
    Text("Vùng, năm", "Column, year"),
    Text("Trước", "Before"),
    Text("Sau", "After"),
)


def _five(row: _Row) -> Iterator[str]:
    """A row as the cells of a table."""
    name = f"{row.name} [{row.aspect}]" if row.name and row.aspect else row.name or row.aspect
    return iter((row.number, name, row.where, row.old, row.new))


def _table_line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    """Text as it stands in a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def html(difference: Difference, lang: Language) -> str:
    """The whole difference as a table, for notebooks."""
    escaped = markup.escape
    head = "".join(f"<th>{escaped(word.in_(lang))}</th>" for word in (Text("Loại", "Kind"), *_HEADS))
    body = "".join(
        "<tr>"
        + "".join(f"<td style='text-align:left'>{escaped(cell)}</td>" for cell in (word.in_(lang), *_five(row)))
        + "</tr>"
        for kind, word in KIND_WORDS.items()
        for row in _rows(difference, kind, lang)
    )
    said = "<br>".join(escaped(line) for line in (*_heads(difference, lang), summary(difference, lang)))
    return f"<div>{said}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _heads(difference: Difference, lang: Language) -> list[str]:
    """What is compared with what."""
    sides = ((Text("Trước", "Before"), difference.old), (Text("Sau", "After"), difference.new))
    lines = [f"{word.in_(lang)}: {'. '.join(title_lines(ruleset, lang))}" for word, ruleset in sides]
    if difference.region is not None:
        lines.append(_narrowed(difference, difference.region).in_(lang))
    if difference.year is not None:
        lines.append(Text(f"Chỉ năm {difference.year}", f"Only year {difference.year}").in_(lang))
    return lines


def _narrowed(difference: Difference, region: str) -> Text:
    """The region looked at, and the columns that judge special communes of it."""
    rules = [ruleset.special_communes for ruleset in (difference.old, difference.new)]
    others = dict.fromkeys(rule.column for rule in rules if rule is not None and rule.column != region)
    vi, en = (
        [", ".join(_column(difference, name, lang) for name in names) for names in ((region,), others)]
        for lang in ("vi", "en")
    )
    if not others:
        return Text(f"Chỉ vùng {vi[0]}", f"Only region {en[0]}")
    return Text(
        f"Chỉ vùng {vi[0]}, kể cả xã xét theo cột {vi[1]}",
        f"Only region {en[0]}, with communes judged by column {en[1]}",
    )


def _legend(difference: Difference, lang: Language) -> list[str]:
    marked = any(
        side is not None and side.vi.endswith(("?", "~")) for c in difference.changes for side in (c.old, c.new)
    )
    return ["", _MARKS.in_(lang)] if marked else []


# -- rows


def _rows(difference: Difference, kind: ChangeKind, lang: Language) -> list[_Row]:
    """The changes of a kind, those that differ in their column only as one."""
    alike: dict[tuple[object, ...], list[Change]] = {}
    for change in difference.of(kind):
        key = (change.subject, change.aspect, change.old_number, change.new_number, change.year, change.old, change.new)
        alike.setdefault((*key, change.label, change.fact), []).append(change)
    return [_row(difference, changes, lang) for changes in alike.values()]


def _row(difference: Difference, changes: list[Change], lang: Language) -> _Row:
    change = changes[0]
    return _Row(
        number=_number(change),
        name=_name(change, lang),
        aspect=_ASPECTS[change.aspect].in_(lang) if change.aspect in _ASPECTS else "",
        where=_where(difference, changes, lang),
        old=_side(change, change.old, lang),
        new=_side(change, change.new, lang),
    )


def _number(change: Change) -> str:
    known = [number for number in (change.old_number, change.new_number) if number is not None]
    return " → ".join(dict.fromkeys(known)) or change.indicator or ""


def _name(change: Change, lang: Language) -> str:
    """What the change is of: the clause by its label, and what kind of clause it is."""
    subject = _SUBJECTS.get(change.subject)
    label = change.label.in_(lang) if change.label is not None else ""
    name = f"({subject.in_(lang)}) {label}".strip() if subject is not None else label
    whole = change.indicator in (change.old_number, change.new_number)
    return name if change.akin is None or not whole else f"{name} {_akin(change, lang)}"


def _akin(change: Change, lang: Language) -> str:
    """The indicator on the other side that reads alike."""
    if change.kind is ChangeKind.ADDED:
        return Text(
            f"(đo khác, gần với {change.akin} trước đây)", f"(measured otherwise; akin to {change.akin} before)"
        ).in_(lang)
    return Text(f"(đo khác, gần với {change.akin} sau này)", f"(measured otherwise; akin to {change.akin} after)").in_(
        lang
    )


def _where(difference: Difference, changes: list[Change], lang: Language) -> str:
    """Columns and year; nothing where the change is of all."""
    names = [change.column for change in changes if change.column is not None]
    every = difference.new.columns if difference.new.columns != ("common",) else difference.old.columns
    said = [] if set(names) >= set(every) else [", ".join(_column(difference, name, lang) for name in names)]
    if names and not said and len(every) > 1:
        said = [Text("mọi vùng", "every region").in_(lang)]
    year = changes[0].year
    if year is not None:
        said.append(str(year))
    return ", ".join(part for part in said if part)


def _column(difference: Difference, name: str, lang: Language) -> str:
    known = difference.new.catalogue.regions.get(name)
    return known.in_(lang) if known is not None else Text("cột chung", "general column").in_(lang)


def _side(change: Change, side: Text | None, lang: Language) -> str:
    if side is None:
        return "" if change.kind in _ONE_SIDED else _ABSENT.in_(lang)
    unit = f" {change.unit.in_(lang)}" if change.unit is not None and change.aspect == "threshold" else ""
    return f"{side.in_(lang)}{unit if side is (change.new or change.old) else ''}"
