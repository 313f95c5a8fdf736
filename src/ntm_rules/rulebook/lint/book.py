"""The rulebook around a file: its documents in normal form, each read once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ntm_rules.model.errors import NtmRulesError
from ntm_rules.model.ruleset import Catalogue, Ruleset
from ntm_rules.rulebook.build import build_ruleset
from ntm_rules.rulebook.layers import apply_layer
from ntm_rules.rulebook.lint.contents import Normal, references_of
from ntm_rules.rulebook.normal import Surroundings, normal_layer, normal_ruleset, read_evidence
from ntm_rules.rulebook.rulebook import Rulebook

__all__ = ["Book"]


class Book:
    """A rulebook as the linter reads it: each document in normal form, or None where it does not load."""

    def __init__(self, directory: str | Path) -> None:
        self.loader = Rulebook(directory)
        self.directory = self.loader.directory
        self.ids = self.loader.ids
        self._read: dict[str, Normal | None] = {}

    @property
    def catalogue(self) -> Catalogue:
        return self.loader.catalogue

    def inside(self, path: Path) -> str | None:
        """The path of a file relative to the rulebook, None where it lies elsewhere."""
        try:
            return path.resolve().relative_to(self.directory.resolve()).as_posix()
        except ValueError:
            return None

    def evidence(self, relative: str | None) -> Any:
        """The rows of the evidence file that goes with a document; none where there is none."""
        if relative is None:
            return {}
        path = self.directory / "evidence" / Path(relative).with_suffix(".csv")
        return read_evidence(path) if path.is_file() else {}

    def ruleset(self, ruleset_id: str) -> Normal | None:
        """A ruleset's first text in normal form."""
        return self._once(f"{ruleset_id}.yaml", self._read_ruleset)

    def _read_ruleset(self, relative: str) -> Normal:
        path = self.directory / relative
        place = Surroundings(str(path), self.catalogue, self.evidence(relative), self.ids)
        return normal_ruleset(path.read_bytes(), place, {})

    def layers(self, ruleset_id: str, province: str | None) -> list[tuple[str, Normal]]:
        """The layers of a ruleset that load, in the order in which they are applied."""
        if self.ruleset(ruleset_id) is None:
            return []
        read = functools.partial(self._read_layer, ruleset_id=ruleset_id)
        paths = self.loader.layer_paths(ruleset_id, province)
        found = [(path, layer) for path in paths if (layer := self._once(path, read)) is not None]
        return sorted(found, key=lambda item: (item[1]["kind"] != "amendment", item[1]["decision"][2] or "", item[0]))

    def _read_layer(self, relative: str, ruleset_id: str) -> Normal:
        path, below = self.directory / relative, self.below(ruleset_id, relative)
        place = Surroundings(str(path), self.catalogue, self.evidence(relative), self.ids)
        return normal_layer(path.read_bytes(), place, below, {})

    def overlay(self, content: bytes | Mapping[str, Any], source: str, below: Normal) -> Normal:
        """A layer that lies in no rulebook, in normal form, against the text it is put on."""
        return normal_layer(content, Surroundings(source, self.catalogue, {}, self.ids), below, {})

    def below(self, ruleset_id: str, relative: str | None) -> Normal:
        """The text that a layer's thresholds speak of: the first one for an amendment, else that with every amendment."""
        text = self.ruleset(ruleset_id)
        assert text is not None
        amendments = [] if relative and "/amendments/" in relative else self.layers(ruleset_id, None)
        for path, amendment in amendments:
            with contextlib.suppress(NtmRulesError):  # what does not fit is found where that amendment is linted
                text = apply_layer(text, amendment, path)
        return text

    def _once(self, relative: str, read: Callable[[str], Normal]) -> Normal | None:
        """A document read once; None for what does not load: that file's own findings say why."""
        if relative not in self._read:
            try:
                self._read[relative] = read(relative)
            except (NtmRulesError, OSError):
                self._read[relative] = None
        return self._read[relative]

    def references(self, ruleset_id: str, province: str | None) -> set[str]:
        """The rulesets that a ruleset, or a layer of it, refers to."""
        documents = [self.ruleset(ruleset_id), *(layer for _, layer in self.layers(ruleset_id, province))]
        return {other for document in documents if document for other, *_ in references_of(document)}

    def build(self, normal: Normal, province: str | None) -> Ruleset:
        """The ruleset of a document in normal form."""
        return build_ruleset(
            normal,
            self.catalogue,
            lambda other: self.loader.load(other, province=province),
            on=None,
            known_on=None,
            province=province,
            layers=(),
            rulebook="",
            rulebook_version="",
            loaded_from=None,
        )
