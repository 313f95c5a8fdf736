"""What a document is read against, and the problems found in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ntm_rules.model.errors import Problem
from ntm_rules.model.facts import Fact
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.documents import Bilingual
from ntm_rules.rulebook.normal.evidence import EvidenceRows
from ntm_rules.rulebook.reading import Read, problem_at

__all__ = ["Normal", "Notes", "Path_", "Surroundings", "words"]

Path_ = tuple[int | str, ...]
Normal = dict[str, Any]


@attrs.frozen(slots=True)
class Surroundings:
    """What a document is read against: its name for messages, the catalogue, its evidence, the rulesets there are."""

    source: str
    catalogue: Catalogue
    evidence: EvidenceRows
    ids: tuple[str, ...]


def words(text: Bilingual | None) -> list[str] | None:
    """A text in normal form: [Vietnamese, English]."""
    return None if text is None else [text.vi, text.en]


class Notes:
    """Collects what is wrong with the content of one document."""

    def __init__(self, place: Surroundings, read: Read[Any], columns: tuple[str, ...]) -> None:
        self.source, self.read, self.catalogue, self.columns = place.source, read, place.catalogue, columns
        self.evidence, self.ids = place.evidence, place.ids
        self.unused = set(place.evidence)
        self.problems: list[Problem] = []

    def wrong(self, path: Path_, code: str, message: Text, **fields: Any) -> None:
        """Note a problem, unless its place is one where the form is wrong already."""
        if not self.read.is_touched(path):
            self.problems.append(problem_at(self.read.tree, self.source, path, code, message, **fields))

    def found_wrong(self) -> tuple[Problem, ...]:
        """The problems of form and content; evidence for a cell that does not exist is one too, where all cells are known."""
        for key in sorted(self.unused) if not self.read.touched else ():
            self.problems.append(
                Problem(
                    code="stray_evidence",
                    source=f"evidence of {self.source}",
                    key=".".join(filter(None, key)),
                    message=Text(
                        "nguồn kiểm chứng cho một ô không có trong bộ tiêu chí",
                        "evidence for a cell the document does not have",
                    ),
                )
            )
        found = dict.fromkeys((*self.read.problems, *self.problems))
        return tuple(sorted(found, key=lambda problem: problem.line or 0)) if self.read.problems else tuple(found)

    def ruleset_known(self, ruleset_id: str, path: Path_) -> None:
        """A ruleset referred to is in the rulebook."""
        if ruleset_id not in self.ids:
            message = Text("dẫn chiếu đến bộ tiêu chí không có", "refers to a ruleset that is not there")
            self.wrong(path, "unknown_ruleset", message, found=shown(ruleset_id), nearest=nearest(ruleset_id, self.ids))

    def columns_known(self, names: Sequence[str], path: Path_) -> None:
        known = [*self.catalogue.regions, "common"]
        for name in names:
            if name not in known:
                self.wrong(
                    path,
                    "unknown_column",
                    Text("không có cột này", "no such column"),
                    found=shown(name),
                    nearest=nearest(name, known),
                )

    def _known_fact(self, key: str, path: Path_) -> Fact | None:
        fact = self.catalogue.facts.get(key)
        if fact is None:
            self.wrong(
                path,
                "unknown_fact",
                Text("số liệu không có trong danh mục", "the fact is not in the catalogue"),
                found=shown(key),
                nearest=nearest(key, self.catalogue.facts),
            )
        return fact
