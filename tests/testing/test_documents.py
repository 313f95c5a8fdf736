"""Generated documents load, whatever is drawn; a province's overlay never asks for less."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Loaded, loaded

import ntm_rules as ntm
from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.requirement import Cell, CellState, Comparison, Direction, Evidence
from ntm_rules.model.text import Text
from ntm_rules.rulebook.lint import lint_rulebook
from ntm_rules.testing import built, communes, documents, overlays, rulesets, written
from ntm_rules.testing.documents import Document

TEXT = {"vi": "chữ", "en": "text"}
AT_LEAST_HALF = {"at_least": {"fact": "pct2", "value": "50"}}


@given(documents=rulesets(), data=st.data())
def test_rulesets_load_and_take_layers(documents: tuple[Document, ...], data: st.DataObject) -> None:
    ruleset = built(documents)
    layer = data.draw(overlays(of=ruleset))
    changed = built(documents, layers=[layer])
    assert [each.name for each in changed.layers] == ["9/QĐ"]
    ntm.evaluate(changed, data.draw(communes(changed)))


@settings(max_examples=20)
@given(data=st.data())
def test_an_overlay_leaves_alone_what_cannot_be_shown_to_be_as_strict(data: st.DataObject) -> None:
    """Beside a part that may not be asked, the loader takes not even the cell as it was."""
    parts = [{"part": "a", "label": TEXT, "requires": AT_LEAST_HALF}, {"part": "b", "label": TEXT}]
    parts[1] |= {"requires": {"met": "yes1"}, "applies_if": {"met": "yes0"}}
    books = [documents.ruleset_document({"all": parts}, columns=["dbsh"])]
    layer = data.draw(overlays(of=built(books), province=True))
    assert built(books, layers=[layer]).layers


def test_an_exact_cell_is_written_as_a_plain_number() -> None:
    """An overlay keeps the cell of an "equal" as it is: 5E-13 is no number of a ruleset file."""
    fact = Fact(key="f", kind=FactKind.PERCENT, label=Text("số", "number"))
    kept = documents._cell(
        fact, Direction.EQUAL, Cell(CellState.SET, Decimal("5.00E-13"), Evidence.CONFIRMED), tighten=True
    )
    assert find(kept, lambda _: True) == "0.000000000000500"


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
