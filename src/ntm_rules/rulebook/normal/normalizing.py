"""Rulesets and layers in normal form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.clauses import each_clause, find_clause
from ntm_rules.rulebook.documents import (
    CriterionDocument,
    DecisionDocument,
    LayerDocument,
    RulesetDocument,
    SetThresholdDocument,
    WithdrawalDocument,
)
from ntm_rules.rulebook.normal.notes import Normal, Path_, Surroundings, words
from ntm_rules.rulebook.normal.requirements import Clauses
from ntm_rules.rulebook.reading import Read, read_leniently

__all__ = [
    "Checked",
    "checked_layer",
    "checked_ruleset",
    "normal_layer",
    "normal_ruleset",
]


def normal_ruleset(data: bytes | str | Mapping[str, Any], place: Surroundings, expected: Mapping[str, str]) -> Normal:
    """A ruleset document in normal form. RulebookError with every problem found, one being that it is not as `expected`."""
    return checked_ruleset(data, place, expected).taken()


@attrs.frozen(slots=True)
class Checked:
    """A document in normal form as far as it could be checked, with every problem; `read` tells what of it is not the file's."""

    normal: Normal | None
    problems: tuple[Problem, ...]
    read: Read[Any]

    def taken(self) -> Normal:
        """The normal form; RulebookError with every problem where there is any."""
        if self.problems or self.normal is None:
            raise RulebookError(self.problems)
        return self.normal


def checked_ruleset(data: bytes | str | Mapping[str, Any], place: Surroundings, expected: Mapping[str, str]) -> Checked:
    """A ruleset document in normal form, with every problem found in those parts whose form is right too."""
    read = read_leniently(data, place.source, RulesetDocument)
    document = read.document
    if document is None:
        return Checked(None, read.problems, read)
    normalizer = _Normalizer(place, read, tuple(document.columns))
    normalizer.stands_where(document, expected)
    normalizer.columns_known(document.columns, ("columns",))
    found: Normal = {
        "ruleset": document.ruleset,
        "title": words(document.title),
        "phase": document.phase,
        "level": document.level,
        "tier": document.tier,
        "decision": _decision(document.decision),
        "columns": document.columns,
        "totals": [document.totals.criteria, document.totals.indicators],
        "complete": document.complete,
        "criteria": [normalizer.criterion(item, ("criteria", place)) for place, item in enumerate(document.criteria)],
        **normalizer.around(document),
    }
    normalizer.unique(found["criteria"])
    return Checked(found, normalizer.found_wrong(), read)


def normal_layer(
    data: bytes | str | Mapping[str, Any], place: Surroundings, base: Normal, expected: Mapping[str, str]
) -> Normal:
    """An amendment or overlay in normal form, checked against the ruleset document it changes."""
    return checked_layer(data, place, base, expected).taken()


def checked_layer(
    data: bytes | str | Mapping[str, Any], place: Surroundings, base: Normal, expected: Mapping[str, str]
) -> Checked:
    """A layer in normal form, with every problem found in those parts whose form is right too."""
    catalogue = place.catalogue
    read = read_leniently(data, place.source, LayerDocument)
    document = read.document
    if document is None:
        return Checked(None, read.problems, read)
    normalizer = _Normalizer(place, read, tuple(base["columns"]))
    normalizer.stands_where(document, expected)
    if document.province is not None and document.province not in catalogue.provinces:
        normalizer.wrong(
            ("province",),
            "unknown_province",
            Text("không có tỉnh này", "no such province"),
            found=shown(document.province),
            nearest=nearest(document.province, catalogue.provinces),
        )
    found: Normal = {
        "layer": document.layer,
        "of": document.of,
        "kind": document.kind,
        "province": document.province,
        "decision": _decision(document.decision),
        "note": words(document.note),
        "totals": document.totals and [document.totals.criteria, document.totals.indicators],
        "complete": document.complete,
        "replace_indicators": [
            normalizer.clause(item, item.no, ("replace_indicators", place))
            for place, item in enumerate(document.replace_indicators)
        ],
        "add_criteria": [
            normalizer.criterion(item, ("add_criteria", place)) for place, item in enumerate(document.add_criteria)
        ],
        "add_indicators": [
            {"criterion": item.criterion, "indicator": normalizer.clause(item, item.no, ("add_indicators", place))}
            for place, item in enumerate(document.add_indicators)
        ],
        "remove_indicators": list(document.remove_indicators),
        "remove_conditions": list(document.remove_conditions),
        "set_thresholds": [
            normalizer.set_threshold(item, ("set_thresholds", place), base)
            for place, item in enumerate(document.set_thresholds)
        ],
        **normalizer.around(document),
    }
    return Checked(found, normalizer.found_wrong(), read)


def _decision(decision: DecisionDocument) -> list[str | None]:
    return [decision.number, decision.issued, decision.in_force]


class _Normalizer(Clauses):
    """Turns checked documents into normal form."""

    def stands_where(self, document: RulesetDocument | LayerDocument, expected: Mapping[str, str]) -> None:
        """The document says of itself what its place in the rulebook says."""
        for key, wanted in expected.items():
            found = getattr(document, key)
            if key == "of" and found not in self.ids:
                self.ruleset_known(found, (key,))
            elif found != wanted:
                message = Text("tệp nằm ở chỗ của tài liệu khác", "the file lies in the place of another document")
                self.wrong((key,), "misplaced", message, found=shown(found), wanted=Text(wanted, wanted))

    def unique(self, criteria: Sequence[Normal]) -> None:
        """No criterion or indicator number twice."""
        seen: set[str] = set()
        for place, criterion in enumerate(criteria):
            for path, number in (
                (("criteria", place, "no"), f"criterion {criterion['no']}"),
                *(
                    (("criteria", place, "indicators", i, "no"), clause["id"])
                    for i, clause in enumerate(criterion["indicators"])
                ),
            ):
                if number in seen:
                    self.wrong(
                        path, "duplicate_number", Text("số bị lặp", "the number is repeated"), found=shown(number)
                    )
                seen.add(number)

    def around(self, document: RulesetDocument | LayerDocument) -> Normal:
        """What stands around the criteria: prerequisites, conditions, special communes, withdrawal."""
        special, withdrawal = document.special_communes, document.withdrawal
        if special is not None:
            if special.column not in self.columns:
                message = Text("bộ tiêu chí không có cột này", "the ruleset has no such column")
                self.wrong(("special_communes", "column"), "unknown_column", message, found=shown(special.column))
            for place, zone in enumerate(special.zones):
                if zone not in self.catalogue.zones:
                    self.wrong(
                        ("special_communes", "zones", place),
                        "unknown_zone",
                        Text("không có khu vực này", "no such zone"),
                        found=shown(zone),
                        nearest=nearest(zone, self.catalogue.zones),
                    )
        return {
            "prerequisites": [
                self.clause(item, item.id, ("prerequisites", place))
                for place, item in enumerate(document.prerequisites)
            ],
            "conditions": [
                self.clause(item, item.id, ("conditions", place)) for place, item in enumerate(document.conditions)
            ],
            "special_communes": special and [special.column, special.zones, special.citation, special.evidence.value],
            "withdrawal": withdrawal and self.withdrawal(withdrawal),
        }

    def withdrawal(self, document: WithdrawalDocument) -> Normal:
        found: Normal = {"citation": document.citation, "note": words(document.note)}
        if document.by_ruleset is not None:
            self.ruleset_known(document.by_ruleset, ("withdrawal", "by_ruleset"))
            return found | {"by_ruleset": document.by_ruleset}
        shares = {"any_share": str(document.any_share), "key_share": str(document.key_share)}
        return found | shares | {"key_criteria": document.key_criteria}

    def criterion(self, document: CriterionDocument, path: Path_) -> Normal:
        indicators = [
            self.clause(item, item.no, (*path, "indicators", place)) for place, item in enumerate(document.indicators)
        ]
        return {"no": document.no, "title": words(document.title), "indicators": indicators}

    def set_threshold(self, document: SetThresholdDocument, path: Path_, base: Normal) -> Normal:
        target = find_clause(base, document.indicator, document.part)
        number = document.indicator + (f".{document.part}" if document.part else "")
        if target is None:
            known = [clause["id"] for clause in each_clause(base)]
            self.wrong(
                (*path, "indicator"),
                "unknown_indicator",
                Text("bộ tiêu chí không có chỉ tiêu hoặc phần này", "the ruleset has no such indicator or part"),
                found=shown(number),
                nearest=nearest(number, known),
            )
            return {}
        requirement = target["requirement"]
        if requirement["kind"] != "comparison":
            self.wrong(
                (*path, "indicator"),
                "no_threshold_here",
                Text(
                    "chỉ tiêu này không có mức trực tiếp; đặt ở từng phần",
                    "this indicator has no threshold of its own; set its parts",
                ),
                found=shown(number),
            )
            return {}
        kind = requirement["type"]
        fact = self.catalogue.facts.get(requirement["fact"])
        if document.by_column is not None and not self._keeps_rows(document, requirement):
            self.wrong(
                (*path, "by_column"),
                "by_year_wanted",
                Text(
                    "bảng này theo năm hoặc theo mức của bộ khác: một cột riêng sẽ làm mất các cột còn lại",
                    "this table goes by year, or by another ruleset: a column alone would lose the others",
                ),
                found=", ".join(document.by_column),
                wanted=Text("by_year, hoặc mọi cột", "by_year, or every column"),
            )
        rows = self._rows(
            document,
            kind,
            path,
            {"indicator": document.indicator, "part": document.part or ""},
            self.columns,
            fact,
            partial=True,
        )
        return {
            "id": number,
            "rows": rows,
            "citation": document.citation,
            "note": words(document.note),
            "type": requirement["type"],
        }

    def _keeps_rows(self, document: SetThresholdDocument, requirement: Normal) -> bool:
        """Whether cells by column fit into the rows there are, or fill every column of a new one."""
        plain = [year for year, _ in requirement["rows"]] == [None] and requirement.get("relation") is None
        return plain or set(self.columns) <= set(document.by_column or ())
