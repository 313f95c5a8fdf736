"""Documents in normal form: plain JSON-ready data with every cell and its evidence, checked against the catalogue.

A normal document says the same however its file was written; layers are applied to it and rulesets are built from it, and it
is what a built rulebook is shipped as (`compiled.json`), so that loading needs neither YAML nor pydantic.
"""

from ntm_rules.rulebook.normal.catalogue import checked_catalogue, normal_catalogue, unknown_regions
from ntm_rules.rulebook.normal.evidence import EvidenceRows, read_evidence
from ntm_rules.rulebook.normal.normalizing import Checked, checked_layer, checked_ruleset, normal_layer, normal_ruleset
from ntm_rules.rulebook.normal.notes import Surroundings

__all__ = [
    "Checked",
    "EvidenceRows",
    "Surroundings",
    "checked_catalogue",
    "checked_layer",
    "checked_ruleset",
    "normal_catalogue",
    "normal_layer",
    "normal_ruleset",
    "read_evidence",
    "unknown_regions",
]
