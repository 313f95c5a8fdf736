"""What the property tests draw from: the strategies of the testing kit, and the rulesets that are shipped."""

from __future__ import annotations

import functools
from typing import Any

import ntm_rules as ntm
from ntm_rules.engine.reference import Judge
from ntm_rules.model.checking import clean_facts
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.testing.documents import built, written
from ntm_rules.testing.documents import ruleset_document as document_of
from ntm_rules.testing.documents import rulesets as generated_rulesets
from ntm_rules.testing.near import forms_of, pools, ratios_of
from ntm_rules.testing.near import unit_beside as step_beside
from ntm_rules.testing.strategies import communes

__all__ = [
    "REGIONS",
    "SHIPPED",
    "Documents",
    "Loaded",
    "built",
    "communes",
    "document_of",
    "forms_of",
    "generated_rulesets",
    "judge",
    "loaded",
    "pools",
    "ratios_of",
    "step_beside",
    "written",
]

REGIONS = ("tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl")

Loaded = tuple[str, str | None, str | None]
Documents = tuple[dict[str, Any], ...]
# Every ruleset, before and after the amendments of 2022 and 2024, and with each province's overlay.
SHIPPED: tuple[Loaded, ...] = (
    ("2016-2020/xa-ntm", None, None),
    ("2016-2020/xa-ntm-nang-cao", None, None),
    ("2016-2020/xa-ntm-nang-cao", None, "hai-duong"),
    ("2016-2020/xa-ntm-nang-cao", None, "thai-binh"),
    ("2016-2020/xa-ntm-kieu-mau", None, None),
    ("2016-2020/xa-ntm-kieu-mau", None, "hai-duong"),
    *(
        (f"2021-2025/{name}", day, None)
        for name in ("xa-ntm", "xa-ntm-nang-cao", "xa-ntm-kieu-mau")
        for day in ("2022-03-08", "2023-12-31", "2024-03-01", None)
    ),
    ("2021-2025/xa-ntm-nang-cao", None, "quang-nam"),
    *(("2021-2025/xa-ntm-kieu-mau", None, province) for province in ("ha-noi", "dong-thap", "nam-dinh", "quang-nam")),
)


@functools.cache
def loaded(which: Loaded) -> Ruleset:
    """A shipped ruleset, loaded once."""
    ruleset_id, on, province = which
    return ntm.load_ruleset(ruleset_id, on=on, province=province)


def judge(assessment: ntm.Assessment) -> Judge:
    """The readable reference for the commune of an assessment."""
    ruleset, commune = assessment.ruleset, assessment.commune
    return Judge(
        ruleset=ruleset,
        commune=commune,
        facts=clean_facts(ruleset.catalogue, commune.facts),
        attested=assessment.attested,
        column=assessment.column,
        year=assessment.year,
        strict=assessment.strict,
    )
