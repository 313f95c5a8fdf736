"""Communes read from files: forms, numbers as people write them, and every problem said with its place."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ntm_rules as ntm
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.rulebook.communes import parse_commune, read_communes, scan_communes
from ntm_rules.rulebook.json_text import BrokenJson, lined_json, quick_json
from ntm_rules.rulebook.rulebook import rulebook, shipped

INCOME, INSURED = "income_per_capita", "health_insurance_pct"
CATALOGUE = rulebook(shipped()).catalogue


def refused(source: Any, form: Any, **options: Any) -> dict[str | None, ntm.Problem]:
    """The problems of a source by key."""
    with pytest.raises(ntm.CommuneError) as caught:
        read_communes(source, format=form, **options)
    return {problem.key: problem for problem in caught.value.problems}


def one(source: Any, form: Any, **options: Any) -> ntm.Commune:
    (commune,) = read_communes(source, format=form, **options)
    return commune


def csv_fact(key: str, value: str, **options: Any) -> Any:
    cell = f'"{value}"' if "," in value else value
    return one(f"code,{key}\n1,{cell}\n", "csv", **options).facts[key]


def csv_problem(key: str, value: str, **options: Any) -> ntm.Problem:
    cell = f'"{value}"' if "," in value else value
    (problem,) = refused(f"code,{key}\n1,{cell}\n", "csv", **options).values()
    return problem


# -- the forms


YAML_ONE = """\
code: 00754
name: Xã Một
region: dbsh
year: 2023
district: Xuân Trường
zone: [II, dbkk-coast]
host_id: A-1
facts:
  income_per_capita: 60.5
  health_insurance_pct: {male: 95.1, female: {numerator: 90, denominator: 100}}
  has_farmland: Có
  literacy_level: 2
attested:
  "7": đạt
  2021-2025/xa-ntm:8.1: không đạt
"""
EXPECTED = ntm.Commune(
    code="00754",
    name="Xã Một",
    region="dbsh",
    year=2023,
    district="Xuân Trường",
    zone=["II", "dbkk-coast"],
    host_id="A-1",
    facts={
        INCOME: Decimal("60.5"),
        f"{INSURED}.male": Decimal("95.1"),
        f"{INSURED}.female": ntm.Ratio(90, 100),
        "has_farmland": True,
        "literacy_level": "2",
    },
    attested={"7": True, "2021-2025/xa-ntm:8.1": False},
)
CSV_ONE = (
    f"code,name,region,district,zone,year,host_id,{INCOME},{INSURED}.male,{INSURED}.female.numerator,{INSURED}.female.denominator,"
    "has_farmland,literacy_level,attested.7,attested.2021-2025/xa-ntm:8.1\n"
    "754,Xã Một,dbsh, Xuân Trường,II; dbkk-coast,2023,A-1,60.5,95.1,90,100,có,2,Đạt,chưa đạt\n"
)


def test_the_forms_say_the_same() -> None:
    document = EXPECTED.to_dict()
    assert one(YAML_ONE, "yaml") == EXPECTED
    assert one(CSV_ONE, "csv") == EXPECTED
    assert one(json.dumps(document), "json") == EXPECTED
    assert one(json.dumps(document), "jsonl") == EXPECTED
    assert parse_commune(json.dumps(document)) == EXPECTED


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("document", ["[{}, {}]", '{"communes": [{}, {}]}'])
def test_several_communes_in_one_document(form: Any, document: str) -> None:
    several = document.replace("{}", '{"code": "00001"}')
    assert [commune.code for commune in read_communes(several, format=form)] == ["00001", "00001"]


@pytest.mark.parametrize(
    ("form", "text"), [("yaml", ""), ("csv", ""), ("csv", "code\n"), ("jsonl", "\n"), ("json", "[]")]
)
def test_a_file_without_communes_holds_none(form: Any, text: str) -> None:
    assert read_communes(text, format=form) == ()


@pytest.mark.parametrize("suffix", ["json", "jsonl", "ndjson", "yaml", "yml", "csv", "CSV"])
def test_the_suffix_names_the_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"xa.{suffix}"
    path.write_text(CSV_ONE if suffix.lower() == "csv" else json.dumps(EXPECTED.to_dict()), "utf-8")
    assert read_communes(path) == read_communes(str(path)) == (EXPECTED,)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    for form, text in (("csv", "code\n1\n"), ("yaml", "code: 1"), ("json", '{"code": 1}'), ("jsonl", '{"code": 1}')):
        assert one(b"\xef\xbb\xbf" + text.encode(), form).code == "00001"


def test_windows_line_ends_semicolons_and_tabs() -> None:
    assert one(f"code;{INCOME}\r\n1;36.05\r\n", "csv").facts[INCOME] == Decimal("36.05")
    assert one(f"code;{INCOME}\r\n1;36,05\r\n", "csv", numbers="vi").facts[INCOME] == Decimal("36.05")
    assert one(f"code\t{INCOME}\n1\t36.05\n", "csv").facts[INCOME] == Decimal("36.05")


def test_rows_of_comments_and_empty_rows_are_passed_over() -> None:
    communes = read_communes("code,name\n# mã,tên\n\n1,A\n,\n2,B\n", format="csv")
    assert [commune.name for commune in communes] == ["A", "B"]


def test_a_leading_zero_is_kept_and_supplied() -> None:
    codes = [one(f"code: {code}", "yaml").code for code in ("00754", "754")]
    assert codes == [one('{"code": 754}', "json").code] * 2 == ["00754"] * 2


def test_an_empty_cell_is_no_fact() -> None:
    commune = one(f"code,{INCOME},{INSURED}.numerator,{INSURED}.denominator,attested.7\n1,,,,\n", "csv")
    assert not commune.facts
    assert not commune.attested
    assert not one(f"facts: {{{INCOME}: , {INSURED}: {{male: , female: ~}}}}", "yaml").facts
    assert not one(json.dumps({"facts": {INCOME: None}}), "json").facts


# -- exact numbers


@pytest.mark.parametrize("text", ["84.99999999999999999999", "0.1", "95.13", "36.03", "1e2", "100", "1E-7"])
def test_json_numbers_are_exact(text: str) -> None:
    document = f'{{"facts": {{"{INSURED}": {text}}}}}'
    assert one(document, "json").facts[INSURED] == parse_commune(document).facts[INSURED] == Decimal(text)


def test_a_number_just_below_the_threshold_is_not_rounded_up_to_it() -> None:
    ruleset = ntm.load_ruleset("2016-2020/xa-ntm")
    line = f'{{"region": "tn", "year": 2019, "facts": {{"{INSURED}": 84.99999999999999999999}}}}'
    assert ntm.evaluate(ruleset, parse_commune(line)).statuses["15.1"] is ntm.Status.MISSING


@given(st.decimals(min_value=0, max_value=100, places=9, allow_nan=False, allow_infinity=False))
def test_every_form_reads_a_decimal_exactly(value: Decimal) -> None:
    text = format(value, "f")
    read = {
        csv_fact(INSURED, text),
        csv_fact(INSURED, text.replace(".", ","), numbers="vi"),
        one(f"facts: {{{INSURED}: {text}}}", "yaml").facts[INSURED],
        one(f'{{"facts": {{"{INSURED}": {text}}}}}', "json").facts[INSURED],
        parse_commune(f'{{"facts": {{"{INSURED}": {text}}}}}').facts[INSURED],
    }
    assert read == {value}


# -- numbers the Vietnamese way


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("36,05", "36.05"),
        ("1.234,5", "1234.5"),
        ("3.535,1", "3535.1"),
        ("33.500.000", "33500000"),
        ("33500,5", "33500.5"),
        ("94", "94"),
        ("36.05", "36.05"),
        ("0.405", "0.405"),
        ("36,050", "36.050"),
    ],
)
def test_vietnamese_numbers(text: str, value: str) -> None:
    assert csv_fact("disaster_preparedness_score", text, numbers="vi") == Decimal(value)


@pytest.mark.parametrize(
    ("text", "one_way", "other_way"), [("33.500", "33500", "33.500"), ("94.405", "94405", "94.405")]
)
def test_a_number_with_two_readings_is_refused_with_both(text: str, one_way: str, other_way: str) -> None:
    problem = csv_problem(INCOME, text, numbers="vi")
    assert problem.code == "ambiguous_number"
    assert problem.wanted is not None
    assert one_way in problem.wanted.en
    assert other_way in problem.wanted.en


def test_a_comma_without_the_option_is_refused_with_the_option_named() -> None:
    problem = csv_problem(INCOME, "36,05")
    assert problem.code == "not_plain_number"
    assert problem.wanted is not None
    assert 'numbers="vi"' in problem.wanted.vi
    assert "36.05" in problem.wanted.vi


def test_vietnamese_numbers_inside_ratios_and_of_json_text() -> None:
    text = json.dumps({"facts": {INSURED: {"numerator": "8.705", "denominator": "10.162"}, INCOME: "36,05"}})
    assert refused(text, "json", numbers="vi")[INSURED].code == "ambiguous_number"
    text = text.replace("8.705", "8705").replace("10.162", "10162")
    commune = one(text, "json", numbers="vi")
    assert commune.facts[INSURED] == ntm.Ratio(8705, 10162)
    assert commune.facts[INCOME] == Decimal("36.05")


def test_json_numbers_keep_their_meaning_under_the_option() -> None:
    assert one(f'{{"facts": {{"{INCOME}": 33.500}}}}', "json", numbers="vi").facts[INCOME] == Decimal("33.5")


def test_an_unknown_way_of_writing_numbers_is_refused() -> None:
    assert refused("", "csv", numbers="fr")[None].code == "unknown_numbers"


# -- words for verdicts


@pytest.mark.parametrize(("word", "value"), [
    ("true", True), ("TRUE", True), ("đạt", True), ("Đạt", True), ("có", True),
    ("false", False), ("Chưa đạt", False), ("không đạt", False), ("KHÔNG", False),
])  # fmt: skip
def test_words_for_verdicts(word: str, value: bool) -> None:
    for written in (word, unicodedata.normalize("NFD", word), f"  {word}\t"):
        assert csv_fact("has_farmland", written) is value
    assert one(f"facts: {{has_farmland: {word}}}", "yaml").facts["has_farmland"] is value


@pytest.mark.parametrize("word", ["1", "0", "yes", "Đat", "x", "đạt chuẩn"])
def test_other_words_are_refused(word: str) -> None:
    assert csv_problem("has_farmland", word).code == "wrong_kind"
    assert csv_problem("attested.7", word).key == "attested.7"


def test_a_misspelt_word_is_refused_with_the_nearest() -> None:
    assert csv_problem("has_farmland", "Đat").nearest == "đạt"


@pytest.mark.parametrize("value", ['"đạt"', '"true"', "1", "0"])
def test_json_verdicts_are_true_or_false(value: str) -> None:
    assert refused(f'{{"facts": {{"has_farmland": {value}}}}}', "json")["has_farmland"].code == "wrong_kind"


def test_categories_are_taken_by_name_with_the_nearest_for_a_misspelling() -> None:
    assert csv_fact("learning_community_rating", "Tốt") == "tốt"
    assert csv_problem("learning_community_rating", "trung binh").nearest == "trung bình"


# -- every problem at once, each with its place


def test_all_problems_of_a_yaml_file_with_their_lines() -> None:
    text = """\
communes:
- code: "123456"
  region: dbsg
  zone: [II, IX]
  year: 23
  fact: {}
  facts:
    health_insurance_pct:
      male: 97,5
      female: {numerator: 4, denominator: 0}
    has_farmland: Đat
    helth_insurance_pct: 5
    income_per_capita: {numerator: 3}
    poor_households_pct: 100.01
  attested:
    "7": 1
- province: Nam Đin
- region: tn
  province: nam-dinh
- only text
"""
    with pytest.raises(ntm.CommuneError) as caught:
        read_communes(text, format="yaml")
    found = {(problem.line, problem.key): problem for problem in caught.value.problems}
    assert {place: problem.code for place, problem in found.items()} == {
        (2, "code"): "bad_code",
        (3, "region"): "unknown_region",
        (4, "zone"): "unknown_zone",
        (5, "year"): "bad_year",
        (6, "fact"): "unknown_field",
        (9, f"{INSURED}.male"): "not_plain_number",
        (10, f"{INSURED}.female"): "bad_value",
        (11, "has_farmland"): "wrong_kind",
        (12, "helth_insurance_pct"): "unknown_fact",
        (13, INCOME): "half_ratio",
        (14, "poor_households_pct"): "out_of_bounds",
        (16, "attested.7"): "wrong_kind",
        (17, "province"): "unknown_province",
        (18, "region"): "region_mismatch",
        (20, None): "not_a_commune",
    }
    assert found[6, "fact"].nearest == "facts"
    assert found[12, "helth_insurance_pct"].nearest == INSURED
    assert found[17, "province"].nearest == "Nam Định"


def test_regions_and_zones_are_held_against_the_catalogue() -> None:
    found = refused("region: dbsg\nzone: [II, IIII]\n", "yaml")
    assert (found["region"].code, found["region"].nearest, found["region"].line) == ("unknown_region", "dbsh", 1)
    assert (found["zone"].code, found["zone"].nearest) == ("unknown_zone", "III")


def test_problems_of_csv_and_json_lines_name_file_and_line(tmp_path: Path) -> None:
    table = tmp_path / "xa.csv"
    table.write_text(f'name,{INSURED}\nA,90\n"B\nB",101\nC,-1\n', "utf-8")
    stream = tmp_path / "xa.jsonl"
    stream.write_text(f'{{}}\n\n{{"facts": {{"{INSURED}": 101}}}}\n[]\n{{\n', "utf-8")
    for path, lines in ((table, [3, 5]), (stream, [3, 4, 5])):
        with pytest.raises(ntm.CommuneError) as caught:
            read_communes(path)
        assert [problem.line for problem in caught.value.problems] == lines
        assert {problem.source for problem in caught.value.problems} == {str(path)}


def test_values_are_shown_as_the_file_has_them() -> None:
    assert csv_problem(INSURED, "101").found == "'101'"
    assert (
        refused(f'{{"facts": {{"{INSURED}": 100.00000000000000000001}}}}', "json")[INSURED].found
        == "100.00000000000000000001"
    )


def test_nothing_is_half_loaded_but_a_scan_tells_good_from_bad() -> None:
    text = f"name,{INSURED}\nA,90\nB,101\nC,91\n"
    assert [entry.commune and entry.commune.name for entry in scan_communes(text, format="csv")] == ["A", None, "C"]
    assert [entry.label for entry in scan_communes(text, format="csv")] == ["A", "B", "C"]
    assert list(refused(text, "csv")) == [INSURED]


def test_three_figures_of_men_women_and_all_must_agree() -> None:
    found = refused(f"facts: {{{INSURED}: {{male: 90, female: 80, total: 95}}}}", "yaml")
    assert found[INSURED].code == "inconsistent"


def places(text: str, form: Any, **options: Any) -> dict[tuple[int | None, str | None], str]:
    """The code of each problem of a text by line and key."""
    with pytest.raises(ntm.CommuneError) as caught:
        read_communes(text, format=form, **options)
    found = {(problem.line, problem.key): problem.code for problem in caught.value.problems}
    assert len(found) == len(caught.value.problems)
    return found


def test_a_flaw_of_the_yaml_text_hides_no_other_problem() -> None:
    text = f"""\
- name: &x Xã Một
  code: 1
  code: 2
  region: dbsg
  year: 20x3
  facts:
    {INSURED}: {{male: *x, female: 101}}
    {INCOME}: !!float 60
    poor_households_pct: 1
    poor_households_pct: 2
    [a]: 1
  attested: {{"7": đạt, "7": chưa đạt, 2021-2025/xa-ntm:8.1: "?"}}
- {{name: Xã Hai, zone: IX}}
"""
    assert places(text, "yaml") == {
        (1, "name"): "anchor",
        (3, "code"): "duplicate_key",
        (4, "region"): "unknown_region",
        (5, "year"): "bad_year",
        (7, f"{INSURED}.male"): "anchor",
        (7, f"{INSURED}.female"): "out_of_bounds",
        (8, INCOME): "tag",
        (10, "poor_households_pct"): "duplicate_key",
        (11, "?"): "bad_key",
        (12, "attested.7"): "duplicate_key",
        (12, "attested.2021-2025/xa-ntm:8.1"): "wrong_kind",
        (13, "zone"): "unknown_zone",
    }


def test_a_flaw_of_the_json_text_hides_no_other_problem() -> None:
    text = f"""\
{{"communes": [
  {{"code": 1, "code": 2, "region": "dbsg", "year": 1,
    "facts": {{
      "{INSURED}": {{"male": NaN, "female": 101}},
      "{INCOME}": 1e99999999999999999999,
      "poor_households_pct": {{"numerator": -Infinity, "denominator": 5}},
      "schools_total": 2.5
    }},
    "attested": {{"7": true, "7": false, "8": 1}}
  }},
  {{"zone": "IX"}},
  {"9" * 5000}
]}}
"""
    assert places(text, "json") == {
        (2, "code"): "duplicate_key",
        (2, "region"): "unknown_region",
        (2, "year"): "bad_year",
        (4, f"{INSURED}.male"): "bad_value",
        (4, f"{INSURED}.female"): "out_of_bounds",
        (5, INCOME): "bad_value",
        (6, "poor_households_pct"): "bad_value",
        (7, "schools_total"): "wrong_kind",
        (9, "attested.7"): "duplicate_key",
        (9, "attested.8"): "bad_attested",
        (11, "zone"): "unknown_zone",
        (12, None): "bad_value",
    }


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(JSON_VALUES, st.sampled_from([None, 1]))
def test_the_reader_that_knows_lines_reads_what_the_quick_one_reads(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=indent is None)
    tree = lined_json(text)
    assert (tree.root, tree.flaws) == (quick_json(text), ())


def broken_at(read: Any, text: str) -> tuple[int, int] | None:
    """Line and column where a reader breaks off."""
    try:
        read(text)
    except json.JSONDecodeError as error:
        return error.lineno, error.colno
    except BrokenJson as error:
        return error.line, error.column
    return None


@given(st.text('{}[]",:0a\\\n ', max_size=12) | st.text(max_size=8))
def test_the_reader_that_knows_lines_breaks_off_where_the_standard_one_does(text: str) -> None:
    assert broken_at(lined_json, text) == broken_at(json.loads, text)


def test_flaws_before_broken_syntax_are_named_too() -> None:
    assert places('{"year": NaN,\n "code": 1,\n', "json") == {(1, "year"): "bad_value", (3, None): "bad_json"}
    assert places("year: &x 1\ncode: [1\nname: x\n", "yaml").keys() >= {(1, "year")}


def test_a_flaw_of_no_commune_is_said_beside_those_of_communes() -> None:
    found = places('{"communes": [{"code": "x"}],\n "communes": []}', "json")
    assert found == {(1, "code"): "bad_code", (2, "communes"): "duplicate_key"}
    assert places("code: x\n---\ncode: 1\n", "yaml") == {(1, "code"): "bad_code", (2, None): "several_documents"}


def test_problems_of_a_json_document_have_lines() -> None:
    text = json.dumps({"communes": [{"code": 1}, {"year": 2023, "facts": {INSURED: 101}}, 5]}, indent=1)
    assert places(text, "json") == {(9, INSURED): "out_of_bounds", (12, None): "not_a_commune"}


def test_a_line_of_json_lines_has_all_its_problems() -> None:
    line = (
        f'{{"code": 1, "code": 2, "region": "dbsg", "attested": {{"7": 1}}, "facts": {{"{INSURED}": NaN, "nope": 1}}}}'
    )
    codes = {"code": "duplicate_key", "region": "unknown_region", "attested.7": "bad_attested", INSURED: "bad_value"}
    assert places(line, "jsonl") == {(1, key): code for key, code in (codes | {"nope": "unknown_fact"}).items()}
    with pytest.raises(ntm.CommuneError) as caught:
        parse_commune(line, number=4)
    assert {p.key for p in caught.value.problems} == {"code", "attested.7", INSURED}  # no catalogue here
    assert {p.line for p in caught.value.problems} == {4}


@pytest.mark.parametrize("form", ["json", "jsonl", "yaml"])
def test_place_attested_and_facts_are_said_together(form: Any) -> None:
    document = {"region": "dbsg", "zone": "IX", "province": "Nam Đin", "attested": {"7": "x"}, "facts": {INSURED: 101}}
    found = set(refused(json.dumps(document, ensure_ascii=False), form))
    assert found == {"region", "zone", "province", "attested.7", INSURED}


def test_place_attested_and_facts_of_a_csv_row_are_said_together() -> None:
    found = refused(f"region,zone,province,year,attested.7,{INSURED}\ndbsg,IX,Nam Đin,x,y,101\n", "csv")
    assert set(found) == {"region", "zone", "province", "year", "attested.7", INSURED}


def test_a_fact_given_by_sex_and_by_its_own_key_is_refused() -> None:
    """The second was silently taken."""
    found = refused(f"facts: {{{INSURED}: {{male: 90, female: 91}}, {INSURED}.male: 95}}", "yaml")
    assert found[f"{INSURED}.male"].code == "given_twice"


def test_both_sides_of_a_ratio_and_figures_that_disagree_hide_nothing() -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        read_communes(
            f"facts: {{{INSURED}: {{male: 90, female: 80, total: 95}}, {INCOME}: 1001,"
            " poor_households_pct: {numerator: x, denominator: y}}",
            format="yaml",
        )
    found = sorted(problem.code for problem in caught.value.problems)
    assert found == ["inconsistent", "out_of_bounds", "wrong_kind", "wrong_kind"]


# -- CSV headers and cells


@pytest.mark.parametrize(
    ("name", "near"), [("helth_insurance_pct", INSURED), ("regoin", "region"), ("attested.", None)]
)
def test_an_unknown_column_is_refused_with_the_nearest(name: str, near: str | None) -> None:
    problem = refused(f"code,{name}\n1,2\n", "csv")[name]
    assert (problem.code, problem.line, problem.nearest) == ("unknown_column", 1, near)


def test_a_wrong_header_hides_no_wrong_row_and_no_row_is_taken() -> None:
    text = f"code,helth_insurance_pct,{INSURED}.numerater,{INSURED}.denominator,{INCOME},{INCOME}\n1,5,6,7,8,9\nx,,,,1001,\n"
    assert places(text, "csv") == {
        (1, "helth_insurance_pct"): "unknown_column",
        (1, f"{INSURED}.numerater"): "unknown_column",
        (1, INCOME): "duplicate_key",
        (3, "code"): "bad_code",
        (3, INCOME): "out_of_bounds",
    }
    assert all(entry.commune is None for entry in scan_communes(text, format="csv"))


def test_rows_before_the_place_where_a_table_breaks_off_are_read() -> None:
    assert places(f'code,{INSURED}\n1,101\n2,"9\n', "csv") == {(2, INSURED): "out_of_bounds", (3, None): "bad_csv"}


def test_a_sex_or_side_of_a_fact_that_has_none_is_an_unknown_column() -> None:
    assert refused("code,poor_households_pct.male\n1,2\n", "csv")
    assert refused("code,nothing.numerator\n1,2\n", "csv")


def test_a_repeated_column_is_refused() -> None:
    assert refused(f"code,{INCOME},{INCOME}\n1,2,3\n", "csv")[INCOME].code == "duplicate_key"


def test_more_cells_than_columns_are_refused_and_fewer_are_not() -> None:
    assert refused("code,name\n1,A,3\n", "csv")[None].code == "extra_cells"
    assert one(f"code,name,{INCOME}\n1,A\n", "csv").name == "A"
    assert one("code,name\n1,A,,\n", "csv").name == "A"


@pytest.mark.parametrize(
    "columns",
    [f"{INSURED},{INSURED}.numerator,{INSURED}.denominator", f"{INSURED}.numerator,{INSURED}.denominator,{INSURED}"],
)
def test_a_percentage_beside_its_own_count_is_refused(columns: str) -> None:
    values = {INSURED: "60.9", f"{INSURED}.numerator": "391", f"{INSURED}.denominator": "656"}
    row = ",".join(values[name] for name in columns.split(","))
    assert refused(f"code,{columns}\n1,{row}\n", "csv")[INSURED].code == "given_twice"


def test_half_a_ratio_is_refused() -> None:
    found = refused(f"code,{INSURED}.numerator,{INSURED}.denominator\n1,5,\n2,,7\n", "csv")
    assert found[INSURED].code == "half_ratio"


def test_a_denominator_of_zero_is_never_a_hundred_percent() -> None:
    assert refused(f"code,{INSURED}.numerator,{INSURED}.denominator\n1,0,0\n", "csv")[INSURED].code == "bad_value"


def test_a_broken_quote_is_refused_with_its_line() -> None:
    assert refused('code,name\n1,"A\n', "csv")[None].code == "bad_csv"


# -- untrusted text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 200_000, "too_deep"),
        ('{"a":' * 200_000, "too_deep"),
        ("9" * 10_000, "bad_value"),
        (f'{{"facts": {{"{INSURED}": 1e99999999999999999999}}}}', "bad_value"),
        (f'{{"facts": {{"{INSURED}": 1e400}}}}', "bad_value"),
        (f'{{"facts": {{"{INSURED}": NaN}}}}', "bad_value"),
        (f'{{"facts": {{"{INSURED}": -Infinity}}}}', "bad_value"),
        (f'{{"facts": {{"{INSURED}": 1, "{INSURED}": 99}}}}', "duplicate_key"),
        ("{", "bad_json"),
        ("", "bad_json"),
        ("[1]", "not_a_commune"),
        ('"text"', "not_a_commune"),
        ('{"facts": []}', "bad_facts"),
        ('{"facts": {}, "code": true}', "bad_code"),
        ('{"year": "2023"}', "bad_year"),
        ('{"year": 1e3}', "bad_year"),
    ],
)
def test_json_that_cannot_be_taken_is_an_error_of_this_library(text: str, code: str) -> None:
    assert [problem.code for problem in refused(text, "json").values()] == [code]
    if text:
        with pytest.raises(ntm.CommuneError) as caught:
            parse_commune(text, source="xa.jsonl", number=7)
        (problem,) = caught.value.problems
        assert (problem.code, problem.source, problem.line) == (code, "xa.jsonl", 7)


@pytest.mark.parametrize("form", ["json", "jsonl", "yaml", "csv"])
def test_bytes_that_are_not_utf8_are_refused(form: Any) -> None:
    assert next(iter(refused("name: Đạt".encode("utf-16"), form).values())).code in ("not_utf8", "bad_yaml")


@pytest.mark.parametrize(
    ("text", "code"),
    [("name: &x 1", "anchor"), ("name: !!int 1", "tag"), ("name: 1\nname: 2", "duplicate_key"), ("[", "bad_yaml")],
)
def test_yaml_that_is_not_plain_is_refused_with_its_line(text: str, code: str) -> None:
    (problem,) = refused(text, "yaml").values()
    assert problem.code == code
    assert problem.line is not None


def test_a_line_of_many_megabytes_is_refused_and_the_next_is_read() -> None:
    text = b'{"name": "' + b"x" * (9 * 1024 * 1024) + b'"}\n{"code": 1}\n'
    first, second = scan_communes(text, format="jsonl")
    assert first.problems[0].code == "too_large"
    assert second.commune is not None


def test_sources_that_cannot_be_opened(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv", None)[None].code == "cannot_read"
    assert refused(tmp_path / "xa.xlsx", None)[None].code == "unknown_format"
    assert refused(b"{}", None)[None].code == "unknown_format"
    assert refused("{}", "toml")[None].code == "unknown_format"


@given(st.binary(max_size=200), st.sampled_from(["json", "jsonl", "yaml", "csv"]))
def test_any_bytes_are_read_or_refused(data: bytes, form: Any) -> None:
    with contextlib.suppress(ntm.CommuneError):
        assert all(isinstance(commune, ntm.Commune) for commune in read_communes(data, format=form))


def test_parse_commune_names_every_problem_of_identity() -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        parse_commune('{"code": "x", "year": 1, "regon": "tn"}')
    assert {problem.code for problem in caught.value.problems} == {"bad_code", "bad_year", "unknown_field"}


BROKEN = {
    "json": [
        "{", '{"a" 1}', '{"a": }', '{"a": 1 "b": 2}', "[1, 2", '"x', '{"a": "\\q"}', '{"a": "\\u12"}', '{"a": "\t"}', "{} {}",
        '{"a": 1,}', "[1,]",
    ],
    "yaml": [
        "[", "{", "a: [1, 2\nb: 3", "a: {b: 1\nc: 2", "a:\n\tb: 1", "a: b: c", "a: @x", "a: %x", 'a: "x', "a: 'x", "- a\nb: 1",
        "a: 1\n b: 2", 'a: "\\q"', "a: \x07", "a: *", "a: - b", "a: 1\nbc\nd: 1", "a: !<x", "---\n'a\n---\n",
    ],
    "csv": ['code,name\n1,"A', 'code,name\n1,"A"b\n', f"code,name\n1,{'x' * 140_000}\n"],
}  # fmt: skip


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in BROKEN.items() for text in texts])
def test_what_a_parser_says_is_put_into_vietnamese(form: Any, text: str) -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        read_communes(text, format=form)
    problem = caught.value.problems[-1]
    assert problem.code == f"bad_{form}"
    assert problem.line is not None or "\x07" in text
    assert problem.found is not None
    assert problem.found.startswith("nguyên văn/original: ")
    raw = problem.found.partition(": ")[2]
    assert raw in problem.message.en
    assert raw not in problem.message.vi
    assert "cú pháp sai ở chỗ này" not in problem.message.vi


def test_why_a_file_cannot_be_opened_is_said_in_both_languages(tmp_path: Path) -> None:
    for path, vi, en in (
        (tmp_path / "none.csv", "không có tệp này", "no such file"),
        (tmp_path, "là thư mục, không phải tệp", "is a directory"),
    ):
        with pytest.raises(ntm.CommuneError) as caught:
            read_communes(path, format="csv")
        message = caught.value.problems[0].message
        assert (vi in message.vi, en in message.en) == (True, True)


# -- dirty figures seen in published sources


def bounded(key: str, high: str) -> Catalogue:
    """The catalogue with an upper bound on a fact."""
    facts = dict(CATALOGUE.facts)
    facts[key] = attrs.evolve(facts[key], high=Decimal(high))
    return attrs.evolve(CATALOGUE, facts=facts)


@pytest.mark.parametrize(
    ("key", "text", "numbers", "code"),
    [
        (INSURED, "102.4", "plain", "out_of_bounds"),
        (INSURED, "102,4", "vi", "out_of_bounds"),
        ("village_roads_hardened_car_pct", "4,8/21", "plain", "wrong_kind"),
        ("village_roads_hardened_car_pct", "4,8/21", "vi", "wrong_kind"),
        ("households_registered_reliable_power_pct", "11/17", "plain", "wrong_kind"),
        (INCOME, "94.405 triệu", "plain", "wrong_kind"),
        (INCOME, "94.405", "vi", "ambiguous_number"),
        (INCOME, "33.500.000", "plain", "not_plain_number"),
        (INCOME, "3.535,1", "plain", "not_plain_number"),
        (INCOME, "33.500.000", "vi", "out_of_bounds"),
        (INCOME, "3.535,1", "vi", "out_of_bounds"),
        ("poor_households_pct", "gần 50", "plain", "wrong_kind"),
        ("poor_households_pct", "9,25%", "vi", "wrong_kind"),
    ],
)
def test_dirty_figures_are_refused(key: str, text: str, numbers: Any, code: str) -> None:
    assert csv_problem(key, text, numbers=numbers, catalogue=bounded(INCOME, "1000")).code == code


def test_a_rounded_percentage_beside_its_count_does_not_decide() -> None:
    """97.787 % was published as 97.8 against 98: the counts are kept and compared exactly."""
    key = "households_registered_reliable_power_pct"
    commune = one(f"region,year,{key}.numerator,{key}.denominator\ntdmnpb,2023,312910,319992\n", "csv")
    assert commune.facts[key] == ntm.Ratio(312910, 319992)


def test_one_bad_figure_does_not_hide_another_of_the_same_commune() -> None:
    found = refused(f"code,{INSURED},{INCOME},poor_households_pct\n1,101,94.405 triệu,x\n", "csv")
    assert set(found) == {INSURED, INCOME, "poor_households_pct"}
