"""Generated documents load, whatever is drawn; a province's overlay never asks for less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Loaded, loaded

import ntm_rules as ntm
from ntm_rules.model.requirement import Comparison, Direction
from ntm_rules.rulebook.lint import lint_rulebook
from ntm_rules.testing import built, communes, overlays, rulesets, written
from ntm_rules.testing.documents import Document


@given(documents=rulesets(), data=st.data())
def test_rulesets_load_and_take_layers(documents: tuple[Document, ...], data: st.DataObject) -> None:
    ruleset = built(documents)
    layer = data.draw(overlays(of=ruleset))
    changed = built(documents, layers=[layer])
    assert [each.name for each in changed.layers] == ["9/QĐ"]
    ntm.evaluate(changed, data.draw(communes(changed)))


@pytest.mark.parametrize("which", SHIPPED[::4], ids=str)
@given(data=st.data())
def test_layers_on_shipped_rulesets_load(which: Loaded, data: st.DataObject) -> None:
    ruleset_id, on, province = which
    layer = data.draw(overlays(of=loaded(which)))
    assert ntm.load_ruleset(ruleset_id, on=on, province=province, overlays=[layer]).content_hash


@given(data=st.data())
def test_a_provinces_overlay_asks_for_no_less(data: st.DataObject) -> None:
    before = loaded(("2021-2025/xa-ntm", None, None))
    layer = data.draw(overlays(of=before, province=True))
    after = ntm.load_ruleset(before.id, overlays=[layer])
    for indicator, leaf, year, column, cell in before.cells():
        if column not in before.columns or cell.value is None:
            continue
        found = after.cell(after.clause(leaf.id), column, year)
        assert found is not None, (indicator.id, leaf.id)
        if isinstance(leaf.requirement, Comparison) and leaf.requirement.direction is Direction.AT_LEAST:
            assert isinstance(found.value, type(cell.value))
            assert found.value >= cell.value  # type: ignore[operator]


@given(documents=rulesets())
def test_a_rulebook_is_written_that_the_linter_can_read(
    documents: tuple[Document, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rulebook")
    written(folder, documents)
    codes = {finding.problem.code for finding in lint_rulebook(folder)}
    assert not codes & {"cannot_read", "bad_yaml", "unknown_document", "unknown_fact", "bad_cell"}
    assert {summary.id for summary in ntm.list_rulesets(source=folder)} == {each["ruleset"] for each in documents}
