"""Assessments and results in words, Vietnamese first. Reads results; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from ntm_rules.explain.numbers import number, percent_of
from ntm_rules.explain.page import safe
from ntm_rules.model.assessment import Assessment, Ladder, Reason, Result, Status, Verdict
from ntm_rules.model.errors import Problem
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.requirement import Comparison, Direction, Evidence, OneOf, SetBy
from ntm_rules.model.ruleset import Ruleset, SpecialCommunes
from ntm_rules.model.text import Language, Text, printable
from ntm_rules.model.values import FactValue, Ratio, exact

__all__ = [
    "EVIDENCE_WORDS",
    "EXPLAINER",
    "STATUS_WORDS",
    "SUPPLIED_BY",
    "VERDICT_WORDS",
    "Explainer",
    "column_words",
    "value_words",
]

STATUS_WORDS = {
    Status.MET: Text("đạt", "met"),
    Status.MISSING: Text("chưa đạt", "missing"),
    Status.UNDETERMINED: Text("chưa xác định", "undetermined"),
    Status.NOT_APPLICABLE: Text("không áp dụng", "not applicable"),
}
VERDICT_WORDS = {verdict: STATUS_WORDS[Status(verdict.value)] for verdict in Verdict}
EVIDENCE_WORDS = {
    Evidence.CONFIRMED: Text("đã xác nhận", "confirmed"),
    Evidence.PARTIAL: Text("xác nhận một phần", "partly confirmed"),
    Evidence.RECALLED: Text("theo trí nhớ, chưa đối chiếu văn bản", "recalled, not yet checked against the text"),
    Evidence.UNCERTAIN: Text("chưa chắc chắn", "uncertain"),
    Evidence.UNSET: Text("chưa biết", "not known"),
}
SUPPLIED_BY = {
    SetBy.NATIONAL: Text(
        "văn bản trung ương có quy định nhưng bộ dữ liệu chưa có ô này; người giữ bộ quy tắc phải bổ sung từ văn bản",
        "the national text sets it but these rulesets do not have the cell; the rule keeper must enter it from the text",
    ),
    SetBy.PROVINCE: Text(
        "do UBND cấp tỉnh quy định; cần nạp quy định của tỉnh, hoặc cơ quan phụ trách xác nhận",
        "the provincial People's Committee sets it; load the province's overlay, or have the agency attest it",
    ),
    SetBy.MINISTRY: Text(
        "do bộ, ngành công bố; người giữ bộ quy tắc phải bổ sung từ văn bản hướng dẫn",
        "a ministry publishes it; the rule keeper must enter it from the guidance",
    ),
    SetBy.UNCLEAR: Text("chưa rõ cấp nào quy định", "it is not clear who sets it"),
}
_SIGNS = {Direction.AT_LEAST: "≥", Direction.AT_MOST: "≤", Direction.EQUAL: "=", Direction.MET: ""}


@attrs.frozen(slots=True)
class Explainer:
    """Puts results into words; see `ntm_rules.model.assessment.Texts`."""

    def result(self, result: Result, lang: Language) -> str:
        """One result, with its parts indented below it."""
        return _page(self._lines(result, lang, ""))

    def _lines(self, result: Result, lang: Language, indent: str) -> list[str]:
        say = Text
        status = STATUS_WORDS[result.status].in_(lang).upper()
        head = f"{indent}{result.id} {result.clause.label.in_(lang)}: {status}."
        parts = [head, *self._because(result, lang)]
        if result.citation:
            parts.append(say(f"Căn cứ: {result.citation}.", f"Source: {result.citation}.").in_(lang))
        if result.evidence not in (None, Evidence.CONFIRMED, Evidence.UNSET):
            words = EVIDENCE_WORDS[result.evidence]
            of = say("mức", "the threshold is")
            if result.column_rule is not None:
                of = say("mức và cột", "threshold and column are")
            parts.append(say(f"Độ tin của {of.vi}: {words.vi}.", f"How surely {of.en} known: {words.en}.").in_(lang))
        if result.clause.note is not None:
            parts.append(
                say(f"Lưu ý: {result.clause.note.vi}", f"Note: {result.clause.note.en}").in_(lang).rstrip(".") + "."
            )
        lines = [" ".join(parts)]
        for meaning in result.clause.means:
            word = "nghĩa là" if lang == "vi" else "means"
            lines.append(f"{indent}  · “Đạt” {word}: {meaning.text.in_(lang)} ({meaning.source})")
        for part in result.parts:
            lines += self._lines(part, lang, indent + "  ")
        return lines

    def _because(self, result: Result, lang: Language) -> list[str]:
        said: list[Text | str] = []
        if result.status is Status.NOT_APPLICABLE:
            said.append(
                Text("Không yêu cầu đối với xã này; tính như đạt.", "Not asked of this commune; counted as met.")
            )
        said += self._figures(result, lang)
        if result.blocking:
            numbers = ", ".join(result.blocking)
            said.append(Text(f"Vướng ở: {numbers}.", f"Blocked by: {numbers}."))
        if result.attested is not None:
            said.append(_attested(result))
            if result.conflict and result.status is Status.UNDETERMINED:
                said.append(
                    Text(
                        "Mâu thuẫn: theo mức chưa được xác nhận, số liệu cho kết quả ngược lại.",
                        "Conflict: by a threshold that is not confirmed, the facts say the contrary.",
                    )
                )
            elif result.conflict:
                said.append(Text("Mâu thuẫn: số liệu quyết định.", "Conflict: the facts decide."))
        if result.reason is not None:
            said.append(self._reason(result, lang))
        return [part.in_(lang) if isinstance(part, Text) else part for part in said]

    def _figures(self, result: Result, lang: Language) -> list[str]:
        fact = self._fact(result)
        said: list[str] = []
        threshold = result.required if isinstance(result.required, Decimal) else None
        if fact is not None and result.actual is not None:
            said.append(f"{self._label(result, fact, lang)}: {value_words(result.actual, fact, lang, threshold)}.")
        if (
            result.required is not None
            and result.direction is not Direction.MET
            and result.status is not Status.NOT_APPLICABLE
        ):
            sign = _SIGNS[result.direction] if result.direction else ""
            required = _required(result, fact, lang)
            required = f"{self._times(result, lang)}{required}"
            where = self._where(result, lang)
            said.append(
                Text(f"Yêu cầu {sign} {required}{where}.", f"Required {sign} {required}{where}.")
                .in_(lang)
                .replace("  ", " ")
            )
        elif result.factor is not None:
            times = f"{_SIGNS[result.direction] if result.direction else ''} {self._times(result, lang)}"
            said.append(f"{Text('Yêu cầu', 'Required').in_(lang)} {times.removesuffix(' = ')}.")
        elif result.column_rule is not None and result.column is not None:
            said.append(f"{_sentence(self._column(result, lang))}.")
        short = self.shortfall(result, lang)
        return [*said, short] if short else said

    def _times(self, result: Result, lang: Language) -> str:
        """What a threshold is worked out from, where it is another fact's multiple: "1,5 × thu nhập … (20) = "."""
        if result.factor is None or result.other_fact is None:
            return ""
        label = result.ruleset.catalogue.facts[result.other_fact].label.in_(lang)
        other = result.other_actual
        value = ""
        if isinstance(other, Ratio):
            value = f" ({percent_of(other, lang)}%)"
        elif isinstance(other, Decimal):
            value = f" ({number(other, lang)})"
        return f"{number(result.factor, lang)} × {label[:1].lower()}{label[1:]}{value} = "

    def shortfall(self, result: Result, lang: Language) -> str:
        """What is lacking, in a sentence; nothing where there is no figure to say it by."""
        fact = self._fact(result)
        return "" if result.gap is None or fact is None else self._gap(result, fact, lang)

    def _gap(self, result: Result, fact: Fact, lang: Language) -> str:
        assert result.gap is not None
        unit = Text("điểm %", "percentage points") if fact.kind is FactKind.PERCENT else fact.unit
        if fact.kind is FactKind.CATEGORY:
            unit = Text("mức", "level(s)")
        amount = f"{number(result.gap, lang)} {unit.in_(lang) if unit else ''}".strip()
        over = _over(result, fact)
        said = (
            Text(f"Vượt {amount}", f"Over by {amount}") if over else Text(f"Còn thiếu {amount}", f"Short by {amount}")
        )
        text = said.in_(lang)
        failing = [part for part in result.parts if part.status is Status.MISSING]
        sides = {_over(part, fact) for part in failing}
        if result.gap_count is not None and len(sides) < 2:
            counted = fact.counts or Text("đơn vị", "units")
            count = number(result.gap_count, lang)
            more = (
                Text(f"cần giảm {count} {counted.vi}", f"{count} fewer {counted.en} needed")
                if over
                else Text(f"cần thêm {count} {counted.vi}", f"{count} more {counted.en} needed")
            )
            text += f", {more.in_(lang)}"
            if len(failing) > 1:
                text += Text(" (cả nam và nữ)", " (men and women together)").in_(lang)
        return text + "."

    def _reason(self, result: Result, lang: Language) -> str:
        if result.reason is Reason.NO_FACT:
            names = ", ".join(self._wanted(result, key, lang) for key in result.facts_wanted)
            return Text(f"Thiếu số liệu, xã cần cung cấp: {names}.", f"No fact; the commune must supply: {names}.").in_(
                lang
            )
        if result.reason is Reason.NO_THRESHOLD_FOR_YEAR:
            year = (
                result.year if result.year is not None else Text("chưa rõ năm số liệu", "fact year not given").in_(lang)
            )
            return Text(
                f"Bảng tiêu chí không có mức cho năm này ({year}).",
                f"The table has no threshold for this year ({year}).",
            ).in_(lang)
        if result.reason is Reason.UNCONFIRMED:
            if result.column_rule is not None and result.column_rule.evidence is not Evidence.CONFIRMED:
                rule = result.column_rule.citation
                return Text(
                    f"Quy định về xã đặc biệt ({rule}) chưa được xác nhận; chế độ chặt chẽ không kết luận theo cột này: người giữ bộ quy tắc phải đối chiếu văn bản, hoặc cơ quan phụ trách xác nhận.",
                    f"The rule on special communes ({rule}) is not confirmed; strict evaluation does not decide by this column: the rule keeper must check it against the text, or the agency attest the indicator.",
                ).in_(lang)
            return Text(
                "Mức chưa được xác nhận; chế độ chặt chẽ không kết luận: người giữ bộ quy tắc phải đối chiếu văn bản, hoặc cơ quan phụ trách xác nhận.",
                "The threshold is not confirmed; strict evaluation does not decide by it: the rule keeper must check it against the text, or the agency attest it.",
            ).in_(lang)
        set_by = SUPPLIED_BY[result.set_by or SetBy.UNCLEAR]
        return Text(f"Chưa có mức: {set_by.vi}.", f"No threshold: {set_by.en}.").in_(lang)

    def _wanted(self, result: Result, key: str, lang: Language) -> str:
        name, _, sex = key.rpartition(".")
        facts = result.ruleset.catalogue.facts
        fact = facts.get(key) or facts.get(name)
        label = fact.label.in_(lang) if fact else key
        return f"{label} ({SEXES[sex].in_(lang)}) [{key}]" if sex in SEXES else f"{label} [{key}]"

    def _fact(self, result: Result) -> Fact | None:
        if result.fact is None:
            return None
        facts = result.ruleset.catalogue.facts
        return facts.get(result.fact) or facts.get(result.fact.rpartition(".")[0])

    def _label(self, result: Result, fact: Fact, lang: Language) -> str:
        assert result.fact is not None
        sex = result.fact.rpartition(".")[2]
        who = f" ({SEXES[sex].in_(lang)})" if result.fact != fact.key else ""
        return f"{fact.label.in_(lang)}{who}"

    def _where(self, result: Result, lang: Language) -> str:
        where = [self._column(result, lang)] if result.column else []
        if result.year is not None:
            where.append(Text(f"năm {result.year}", f"year {result.year}").in_(lang))
        requirement = result.clause.requirement
        if isinstance(requirement, Comparison) and requirement.relation is not None:
            relation = requirement.relation
            times = f"{number(relation.factor, lang)} × "
            of = Text(f"mức {relation.indicator} của", f"threshold {relation.indicator} of").in_(lang)
            where.append(f"{times}{of} {relation.ruleset}")
        return f" ({', '.join(where)})" if where else ""

    def _column(self, result: Result | Assessment, lang: Language) -> str:
        """The column that judges, and why where it is not the region's own."""
        return column_words(result.ruleset, result.column, result.column_rule, lang)

    def summary(self, assessment: Assessment, lang: Language) -> str:
        """One line: counts, verdict, what is open, recognition."""
        a = assessment
        counts = Text(
            f"{a.criteria_met}/{a.criteria_total} tiêu chí, {a.indicators_met}/{a.indicators_total} chỉ tiêu",
            f"{a.criteria_met}/{a.criteria_total} criteria, {a.indicators_met}/{a.indicators_total} indicators",
        ).in_(lang)
        verdict = VERDICT_WORDS[a.verdict].in_(lang).upper()
        said = [f"{counts}: {verdict}"]
        for status in (Status.MISSING, Status.UNDETERMINED, Status.NOT_APPLICABLE):
            numbers = a.numbers(status)
            if numbers:
                listed = f" ({', '.join(numbers)})" if status is Status.MISSING else ""
                said.append(f"{len(numbers)} {STATUS_WORDS[status].in_(lang)}{listed}")
        if by_number := len(a.attested_by_number):
            read = Text(
                f"{by_number} xác nhận chỉ ghi số, hiểu là của {a.ruleset.id}",
                f"{by_number} attested by number alone, read as of {a.ruleset.id}",
            )
            said.append(read.in_(lang))
        recognition = VERDICT_WORDS[a.recognition].in_(lang)
        said.append(Text(f"điều kiện công nhận: {recognition}", f"recognition: {recognition}").in_(lang))
        return printable("; ".join(said))

    def report(self, assessment: Assessment, lang: Language) -> str:
        """The whole assessment as plain text."""
        a = assessment
        lines = [self._title(a, lang), self.summary(a, lang)]
        if a.column_rule is not None:
            known = EVIDENCE_WORDS[a.column_rule.evidence].in_(lang)
            lines.append(f"{_sentence(self._column(a, lang))} ({known}).")
        sections = (
            (Text("CHƯA ĐẠT", "MISSING"), a.missing),
            (Text("CHƯA XÁC ĐỊNH", "UNDETERMINED"), a.undetermined),
            (Text("KHÔNG ÁP DỤNG (tính như đạt)", "NOT APPLICABLE (counted as met)"), a.not_applicable),
            (Text("MÂU THUẪN giữa số liệu và xác nhận", "CONFLICTS between facts and attested verdicts"), a.conflicts),
            (Text("ĐIỀU KIỆN TIÊN QUYẾT", "PREREQUISITES"), a.prerequisites),
            (Text("ĐIỀU KIỆN CÔNG NHẬN", "CONDITIONS OF RECOGNITION"), a.conditions),
        )
        for title, results in sections:
            if results:
                lines += [
                    "",
                    f"{title.in_(lang)} ({len(results)})",
                    *(line for r in results for line in self._lines(r, lang, "  ")),
                ]
        return _page([*lines, "", self._risk(a, lang)])

    def _title(self, a: Assessment, lang: Language) -> str:
        commune = a.commune
        who = " ".join(part for part in (commune.name, f"({commune.code})" if commune.code else None) if part) or Text(
            "(xã)", "(commune)"
        ).in_(lang)
        text = f"{who} — {a.ruleset.title.in_(lang)}"
        if commune.year is not None:
            text += Text(f", số liệu năm {commune.year}", f", facts of {commune.year}").in_(lang)
        return text

    def _risk(self, a: Assessment, lang: Language) -> str:
        risk = a.at_risk
        if risk.citation is None:
            return Text(
                "Thu hồi danh hiệu: bộ dữ liệu chưa có quy định.", "Withdrawal of a title: no rule is known here."
            ).in_(lang)
        sure, possible = (number(_rounded(share), lang) for share in (risk.share, risk.possible_share))
        shares = f"{sure}%" if sure == possible else f"{sure}–{possible}%"
        answer = {
            True: Text("CÓ nguy cơ bị thu hồi", "AT RISK"),
            False: Text("không", "not at risk"),
            None: Text("chưa xác định", "undetermined"),
        }[risk.answer]
        of = Text("", "")
        if risk.ruleset != a.ruleset.id:
            of = Text(f" của {risk.ruleset}", f" of {risk.ruleset}")
        said = Text(
            f"Nếu đang giữ danh hiệu, nguy cơ thu hồi: {answer.vi}; {shares} số tiêu chí{of.vi} không đạt ({risk.citation}).",
            f"A held title is: {answer.en}; {shares} of criteria{of.en} not met ({risk.citation}).",
        ).in_(lang)
        rule = a.ruleset.withdrawal
        note = None if rule is None else rule.note
        return said if note is None else f"{said} {Text('Lưu ý', 'Note').in_(lang)}: {note.in_(lang)}"

    def html(self, assessment: Assessment, lang: Language) -> str:
        """The assessment as a small table, for notebooks."""
        esc = safe
        rows = "".join(
            f"<tr><td>{esc(r.id)}</td><td>{esc(r.clause.label.in_(lang))}</td><td>{esc(STATUS_WORDS[r.status].in_(lang))}</td>"
            f"<td style='text-align:left'>{esc(' '.join(self._because(r, lang)))}</td></tr>"
            for r in (*assessment.missing, *assessment.undetermined)
        )
        head = "".join(
            f"<th>{esc(t.in_(lang))}</th>"
            for t in (
                Text("Số", "No."),
                Text("Chỉ tiêu", "Indicator"),
                Text("Kết quả", "Status"),
                Text("Vì sao", "Why"),
            )
        )
        return (
            f"<div><b>{esc(self._title(assessment, lang))}</b><br>{esc(self.summary(assessment, lang))}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    def result_html(self, result: Result, lang: Language) -> str:
        """One result and its parts as lines, for notebooks."""
        return "<br>".join(map(safe, self._lines(result, lang, "")))

    def ladder(self, ladder: Ladder, lang: Language) -> str:
        """The tiers a commune meets, and what blocks the next."""
        lines = [f"{a.ruleset.title.in_(lang)}: {self.summary(a, lang)}" for a in ladder.assessments]
        reached = next((a.ruleset.title for a in ladder.assessments if a.ruleset.id == ladder.highest), None)
        lines += [f"{said.source}: {_late(said).in_(lang)}" for said in ladder.not_in_force]
        lines.append(
            Text(
                f"Mức cao nhất đạt: {reached.vi if reached else 'chưa có'}.",
                f"Highest tier met: {reached.en if reached else 'none'}.",
            ).in_(lang)
        )
        if ladder.next is not None:
            lines.append(
                Text(
                    f"Vướng để lên {ladder.next.ruleset.title.vi}:", f"What blocks {ladder.next.ruleset.title.en}:"
                ).in_(lang)
            )
            lines += [line for r in ladder.blocking for line in self._lines(r, lang, "  ")]
        return _page(lines)


EXPLAINER = Explainer()


def _late(said: Problem) -> Text:
    """Why a tier was left out of the ladder, and since when it stands."""
    since = said.wanted or Text("?", "?")
    day = said.found or "?"
    return Text(
        f"không xét: {said.message.vi} ({day}; có {since.vi}).", f"not judged: {said.message.en} ({day}; {since.en})."
    )


def column_words(ruleset: Ruleset, column: str | None, rule: SpecialCommunes | None, lang: Language) -> str:
    """A column by name: "cột TDMNPB", with "xã đặc biệt theo 318/QĐ-TTg, Điều 1" where a rule sends the commune there."""
    name = ruleset.catalogue.regions.get(column or "")
    short = name.in_(lang) if name is not None else Text("chung", "common").in_(lang)
    said = Text(f"cột {short}", f"column {short}")
    if rule is not None:
        said = Text(f"{said.vi}, xã đặc biệt theo {rule.citation}", f"{said.en}, special commune by {rule.citation}")
    return said.in_(lang)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _page(lines: Iterable[str]) -> str:
    return "\n".join(map(printable, lines))


def _attested(result: Result) -> Text:
    """What the agency said; of a number without its ruleset, under which ruleset it was read."""
    word = Text("đạt", "met") if result.attested else Text("không đạt", "not met")
    read = Text("", "")
    if result.attested_as is not None and ":" not in result.attested_as:
        named = f"{result.ruleset.id}:{result.id}"
        read = Text(
            f" (chỉ ghi số “{result.attested_as}”, hiểu là {named})",
            f" (given as “{result.attested_as}” alone, read as {named})",
        )
    return Text(
        f"Cơ quan phụ trách xác nhận: {word.vi}{read.vi}.", f"Attested by the responsible agency: {word.en}{read.en}."
    )


def _over(result: Result, fact: Fact) -> bool:
    """Whether a fact that fails is too high rather than too low."""
    actual, required = result.actual, result.required
    if result.direction is not Direction.EQUAL:
        return result.direction is Direction.AT_MOST
    if isinstance(required, str):
        return fact.values.index(str(actual)) > fact.values.index(required)
    return isinstance(actual, (Decimal, Ratio)) and isinstance(required, Decimal) and exact(actual) > exact(required)


def _rounded(share: object) -> Decimal:
    return Decimal(str(round(float(share), 1)))  # type: ignore[arg-type]


def _required(result: Result, fact: Fact | None, lang: Language) -> str:
    if fact is None or result.required is None:
        return str(result.required)
    requirement = result.clause.requirement
    if isinstance(requirement, OneOf):
        return " | ".join(fact.value_text(value).in_(lang) for value in requirement.values)
    return value_words(result.required, fact, lang, None)


def value_words(value: FactValue, fact: Fact, lang: Language, threshold: Decimal | None) -> str:
    """A fact's value with its unit; a ratio with as many decimals as it takes beside `threshold`."""
    if isinstance(value, bool):
        return (Text("có/đạt", "yes") if value else Text("không", "no")).in_(lang)
    if isinstance(value, Ratio):
        counts = f" {fact.counts.in_(lang)}" if fact.counts else ""
        return f"{percent_of(value, lang, against=threshold)}% ({number(value.numerator, lang)}/{number(value.denominator, lang)}{counts})"
    if isinstance(value, Decimal):
        text = number(value, lang)
        if fact.kind is FactKind.PERCENT:
            return f"{text}%"
        return f"{text} {fact.unit.in_(lang)}" if fact.unit else text
    return fact.value_text(value).in_(lang)
