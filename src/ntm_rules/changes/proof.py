"""What can be proved of rulesets: that one asks at least as much as another, for every commune there could be."""

from __future__ import annotations

import importlib.util
import json
from typing import Any, Literal, get_args

import attrs

from ntm_rules.changes import words
from ntm_rules.changes.places import Place
from ntm_rules.model.commune import Commune, fact_year
from ntm_rules.model.errors import NtmRulesError, Problem, UnknownNameError, check_language
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, nearest, shown

__all__ = ["OF_INDICATOR", "PAIRED", "OpenThreshold", "Proof", "Question", "not_of_question", "prove"]

Question = Literal["implies", "equivalent", "disjoint", "tightens", "satisfiable", "redundant", "possible"]
Answer = Literal["proved", "refuted", "unknown"]

PAIRED = ("implies", "equivalent", "disjoint", "tightens")
OF_INDICATOR = ("redundant", "possible")


@attrs.frozen(slots=True)
class OpenThreshold:
    """A threshold that is not known and that an answer hangs on: of a clause, in a column and year (None: every year)."""

    ruleset: str
    clause: str
    column: str
    year: int | None


@attrs.frozen(slots=True, kw_only=True, repr=False)
class Proof:
    """The answer to a question about rulesets; ask it with `prove`.

    `answer` is ``"proved"``, ``"refuted"`` or ``"unknown"``: there is no truth value, as the third is neither. `witness` is a
    commune that shows it: one that refutes what was asked of all communes, or an example where a commune was asked for. It is
    plain but for the facts in `changed`, and the engine has judged it. `missed` is the ruleset of which it misses `indicators`;
    of "tightens" these are all that are loosened, of "satisfiable" those that contradict each other. `place` is where, or the
    first such place; `thresholds` are those that must be known before there is an answer. `code` says which reason was given:
    it is stable, `reason` are its words.
    """

    question: Question
    answer: Answer
    new: Ruleset
    old: Ruleset | None = None
    indicator: str | None = None
    code: str
    reason: Text
    witness: Commune | None = None
    missed: Ruleset | None = None
    indicators: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    place: Place | None = None
    thresholds: tuple[OpenThreshold, ...] = ()

    def __bool__(self) -> bool:
        """Refused: of three answers two would be false. Compare `answer`."""
        raise TypeError("a Proof is proved, refuted or unknown: compare its answer")

    def explain(self, lang: Language = "vi") -> str:
        """The answer in words: what was asked, the answer and why, and what the witness misses."""
        return words.explanation(self, check_language(lang))

    def to_dict(self) -> dict[str, Any]:
        """The answer as stable, versioned, JSON-ready data (schema: rulesets/schema/proof.schema.json)."""
        place = self.place
        return {
            "format": "ntm-rules/proof/1",
            "question": self.question,
            "answer": self.answer,
            "code": self.code,
            "new": self.new.reference(),
            "old": self.old and self.old.reference(),
            "indicator": self.indicator,
            "place": place and {"region": place.region, "zones": list(place.zones), "year": place.year},
            "missed": self.missed and self.missed.reference(),
            "indicators": list(self.indicators),
            "changed": list(self.changed),
            "witness": self.witness and self.witness.to_dict(),
            "thresholds": [attrs.asdict(threshold) for threshold in self.thresholds],
            "reason": attrs.asdict(self.reason),
            "explanation": {"vi": self.explain("vi"), "en": self.explain("en")},
        }

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __repr__(self) -> str:
        of = f" of {self.indicator}" if self.indicator else ""
        old = f" {words.named(self.old)}" if self.old else ""
        return f"<Proof {self.question}{of} {words.named(self.new)}{old}: {self.answer} ({self.code})>"

    def __str__(self) -> str:
        return self.explain("vi")


def prove(
    question: Question,
    new: Ruleset,
    old: Ruleset | None = None,
    *,
    indicator: str | None = None,
    region: str | None = None,
    year: int | None = None,
) -> Proof:
    """Whether something holds for every commune there could be, in every region, zone and year of the phase.

    ==============  =====================================================================================================
    question        proved where
    ==============  =====================================================================================================
    "implies"       every commune that meets `new` meets `old`
    "equivalent"    the same communes meet both
    "disjoint"      no commune meets both
    "tightens"      clause by clause, matched as `compare` matches them, `new` asks at least as much as `old`
    "satisfiable"   in every place some commune can meet `new`
    "redundant"     every commune that passes all other indicators of `new` passes `indicator`
    "possible"      in every place where `indicator` is asked some commune can meet it
    ==============  =====================================================================================================

    To meet a ruleset is to have its verdict; its own prerequisites and conditions of recognition are asked about by "tightens"
    only. Communes are complete: every fact is known. Thresholds that are not known stay unknown: what is proved holds whatever
    they are, a witness holds whatever they are too (clauses of which the content is not known are attested as met), and the rest
    is unknown. `region` and `year` ask about one region or fact year. Needs z3: ``pip install "ntm-rules[prove]"``.

    Raises `UnknownNameError` (question, indicator, region), `NtmRulesError` (z3 is not installed, `old` or `indicator` is
    lacking or not of the question, no commune is judged by both).

    >>> import ntm_rules as ntm
    >>> new = ntm.load_ruleset("2021-2025/xa-ntm")
    >>> before = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    >>> proof = ntm.prove("implies", new, before)
    >>> proof.answer, proof.indicators, proof.changed
    ('refuted', ('18.4',), ('access_to_law_standard_2021',))
    >>> ntm.evaluate(new, proof.witness).verdict.value, ntm.evaluate(before, proof.witness).verdict.value
    ('met', 'missing')
    """
    _check(question, new, old, indicator)
    year = fact_year(year)
    if importlib.util.find_spec("z3") is None:
        raise NtmRulesError([_no_z3()])
    from ntm_rules.changes.questions import Inquiry

    return Inquiry(question=question, new=new, old=old, indicator=indicator, region=region, year=year).answered()


def _check(question: Any, new: Any, old: Any, indicator: Any) -> None:
    """Whether a question can be asked so."""
    if question not in get_args(Question):
        names = ", ".join(get_args(Question))
        message = Text("không có câu hỏi này", "no such question")
        near = nearest(question, get_args(Question))
        problem = Problem(
            code="unknown_question", found=shown(question), message=message, wanted=Text(names, names), nearest=near
        )
        raise UnknownNameError([problem])
    for name, ruleset in (("new", new), ("old", old)):
        if (ruleset is None and name == "old" and question not in PAIRED) or isinstance(ruleset, Ruleset):
            continue
        message = Text("câu hỏi này cần một bộ tiêu chí", "the question needs a ruleset")
        raise NtmRulesError([Problem(code="no_ruleset", key=name, found=shown(ruleset), message=message)])
    if old is not None and question not in PAIRED:
        raise NtmRulesError([not_of_question("old", PAIRED)])
    if indicator is not None and question not in OF_INDICATOR:
        raise NtmRulesError([not_of_question("indicator", OF_INDICATOR)])
    if question in OF_INDICATOR and indicator is None:
        message = Text("câu hỏi này cần số chỉ tiêu", "the question needs the number of an indicator")
        raise NtmRulesError([Problem(code="no_indicator", key="indicator", message=message)])
    if question in OF_INDICATOR:
        new.indicator(indicator)


def not_of_question(name: str, questions: tuple[str, ...]) -> Problem:
    """An argument that only some questions take: left unread it would look as if it were answered."""
    names = ", ".join(questions)
    message = Text(f"câu hỏi này không dùng {name}", f"the question takes no {name}")
    return Problem(
        code="not_of_question", key=name, message=message, wanted=Text(f"{name}: {names}", f"{name}: {names}")
    )


def _no_z3() -> Problem:
    install = 'pip install "ntm-rules[prove]"'
    return Problem(
        code="no_z3",
        message=Text("chứng minh cần thêm z3-solver", "proofs need z3-solver"),
        wanted=Text(install, install),
    )
