"""Whatever overlay of a province loads, no commune is met under it that the national text finds missing."""

from __future__ import annotations

import tempfile
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from tests.property.strategies import PROVINCE, communes, generated_indicators, generated_overlays, written

import ntm_rules as ntm
from ntm_rules.model.assessment import Status

GOOD = (Status.MET, Status.NOT_APPLICABLE)


def own_and_national(document: dict[str, Any], overlay: dict[str, Any]) -> tuple[ntm.Ruleset, ntm.Ruleset] | None:
    """The ruleset with and without the overlay; None where the overlay is refused."""
    with tempfile.TemporaryDirectory() as folder:
        written(folder, [document])
        national = ntm.load_ruleset(document["ruleset"], source=folder, province=PROVINCE)
        try:
            return ntm.load_ruleset(document["ruleset"], source=folder, overlays=[overlay]), national
        except ntm.RulebookError:
            return None


@given(data=st.data(), document=generated_indicators())
def test_no_overlay_that_loads_eases_the_national_text(data: st.DataObject, document: dict[str, Any]) -> None:
    overlay = data.draw(generated_overlays(document))
    loaded = own_and_national(document, overlay)
    if loaded is None:
        event("refused")
        return
    event("loaded")
    own, national = loaded
    for judged_near in (own, national) * 4:
        commune = data.draw(communes(judged_near))
        eased, held = ntm.evaluate(own, commune), ntm.evaluate(national, commune)
        for number, status in held.statuses.items():
            assert not (status is Status.MISSING and eased.statuses[number] in GOOD), number
