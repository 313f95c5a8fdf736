"""Whatever comes in, out comes a result or an NtmRulesError that can be shown: no other exception, no hang.

Long runs: HYPOTHESIS_PROFILE=fuzz python -m pytest tests/test_fuzz.py
"""

from __future__ import annotations

import copy
import functools
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ntm_rules as ntm
from ntm_rules.model.text import shown
from ntm_rules.rulebook.documents import RulebookDocument
from ntm_rules.rulebook.reading import read_document
from ntm_rules.rulebook.rulebook import shipped
from ntm_rules.rulebook.yaml_text import read_yaml

RULES = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
DIRECTORY = shipped()
HUGE: Any = 10**5000  # more digits than Python prints


def survives(act: Callable[[], Any]) -> Any:
    """What an act gives, or the NtmRulesError it raised, which must be able to say what is wrong."""
    try:
        return act()
    except ntm.NtmRulesError as error:
        refused = error
    said = [str(refused), refused.describe("vi"), refused.describe("en"), repr(refused)]
    assert all(said)
    assert refused.problems
    for problem in refused.problems:
        json.dumps(problem.to_dict())
        assert problem.code
        assert "\n" not in problem.describe("en"), problem
    return refused


plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**40, -(10**40), 2**63, 10**400]),
    st.floats(allow_nan=True),
    st.text(max_size=20),
    st.sampled_from(["", "\ud800", "a\nb", "a\0b", "Đạt", "97,5", "≥ 90%", "9" * 50, "NaN", "\u202e"]),
)
names = st.one_of(st.text(max_size=8), st.sampled_from(["male", "female", "total", "numerator", "denominator"]))
json_like = st.recursive(
    plain,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
odd = st.one_of(
    json_like,
    st.binary(max_size=8),
    st.complex_numbers(),
    st.tuples(plain),
    st.frozensets(st.integers()),
    st.dates(),
    st.datetimes(),
    st.decimals(),
    st.fractions(),
    st.builds(object),
)


# -- YAML and files


@given(data=st.one_of(st.binary(), st.text(st.characters())))
@example(data="a: \ud800")
@example(data=b"\xff\xfe")
@example(data="\x00")
@example(data="&a [*a]")
@example(data="!!python/object/apply:os.system [echo]")
@example(data="[" * 3000)
@example(data="{" * 3000)
@example(data="- " * 3000)
@example(data="? " * 3000)
@example(data="a: 1\n---\nb: 2")
@example(data="%YAML 9.9\n---\na: b")
@example(data="")
@example(data="\ufeffa: b")
def test_any_text_is_yaml_or_refused(data: bytes | str) -> None:
    survives(lambda: read_yaml(data, "any"))


def mutated(text: str, seed: int, edits: int) -> str:
    """A real file with a few lines dropped, doubled, swapped, indented or broken."""
    draw = random.Random(seed)  # noqa: S311
    lines = text.splitlines(keepends=True)
    words = [
        "unset",
        "UBND",
        "Đạt",
        "0",
        "-1",
        "999999",
        "1e9",
        "null",
        "[]",
        "{}",
        "[1, 2]",
        "&a",
        "*a",
        "!x",
        "'",
        '"',
        "a: b",
    ]
    for _ in range(edits):
        place = draw.randrange(len(lines))
        kind = draw.randrange(7)
        if kind == 0 and len(lines) > 1:
            del lines[place]
        elif kind == 1:
            lines.insert(place, lines[place])
        elif kind == 2:
            other = draw.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        elif kind == 3:
            lines[place] = "  " + lines[place]
        elif kind == 4 and ": " in lines[place]:
            lines[place] = f"{lines[place].split(': ')[0]}: {draw.choice(words)}\n"
        elif kind == 5:
            cut = draw.randrange(len(lines[place]) + 1)
            lines[place] = (
                lines[place][:cut] + draw.choice(["", "\t", "x", "}", ",", ":", "🌾", "\n"]) + lines[place][cut:]
            )
        else:
            lines[place] = lines[place].upper() if draw.random() < 0.5 else lines[place].replace(":", "", 1)
    return "".join(lines)


FILES = sorted(path.relative_to(DIRECTORY).as_posix() for path in DIRECTORY.rglob("*.yaml") if "demo" not in path.parts)
RULESETS = [name for name in FILES if name.count("/") == 1 and name[0].isdigit()]
LAYERS = [name for name in FILES if "amendments/" in name or "provinces/" in name]


def load_all(files: dict[str, str | bytes]) -> None:
    """Load every ruleset of a rulebook of these files; catalogue files that are not among them are the shipped ones."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {"rulebook.yaml": "rulebook: x\nversion: y\n", **files}.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        for summary in ntm.list_rulesets(source=folder):
            assert ntm.load_ruleset(summary.id, source=folder).content_hash


@given(name=st.sampled_from(RULESETS), seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_a_mutated_ruleset_loads_or_is_refused(name: str, seed: int, edits: int) -> None:
    text = mutated((DIRECTORY / name).read_text("utf-8"), seed, edits)
    survives(lambda: load_all({name: text}))


@given(name=st.sampled_from(LAYERS), seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_a_mutated_layer_loads_and_judges_or_is_refused(
    tmp_path_factory: Any, name: str, seed: int, edits: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("layer")
    path = folder / "overlay.yaml"
    path.write_text(mutated((DIRECTORY / name).read_text("utf-8"), seed, edits), "utf-8")
    phase, rest = name.split("/", 1)
    ruleset_id = f"{phase}/{rest.split('/')[-2]}"

    def load_and_judge() -> None:
        ruleset = ntm.load_ruleset(ruleset_id, overlays=[path])
        assessment = ntm.evaluate(ruleset, ntm.Commune(region="dbsh", year=2023, facts={"income_per_capita": 60}))
        assert assessment.report("vi")
        assert assessment.to_dict()

    survives(load_and_judge)


@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4), which=st.sampled_from(["facts.yaml", "regions.yaml"]))
def test_a_mutated_catalogue_loads_or_is_refused(seed: int, edits: int, which: str) -> None:
    texts = {name: (DIRECTORY / name).read_text("utf-8") for name in ("facts.yaml", "regions.yaml")}
    texts[which] = mutated(texts[which], seed, edits)
    small = json.dumps(ruleset_document("xa-a", {"met": "has_farmland"}))
    survives(lambda: load_all({**texts, "2030-2035/xa-a.yaml": small}))


@given(text=st.one_of(st.text(), st.text(st.sampled_from('a1",.\r\n\0 confirmed'), max_size=80)))
@example(text="indicator,part,year,column,status,seen_at\n1,,,dbsh,confirmed\n")
@example(text='indicator,part,year,column,status,seen_at\n"1')
@example(text="indicator,part,year,column,status,seen_at\r1,,,dbsh,confirmed,x\r")
@example(text="indicator,part,year,column,status,seen_at\n1,,,dbsh,confirmed,x,y,z\n")
@example(text="")
def test_any_evidence_file_is_read_or_refused(text: str) -> None:
    header = "indicator,part,year,column,status,seen_at\n"
    small = json.dumps(ruleset_document("xa-a", {"met": "has_farmland"}))
    for content in (text, header + text):
        files: dict[str, str | bytes] = {"2030-2035/xa-a.yaml": small, "evidence/2030-2035/xa-a.csv": content}
        survives(functools.partial(load_all, files))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rulebook.yaml", b"\xff"),
        ("rulebook.yaml", b""),
        ("facts.yaml", b"facts: {}"),
        ("facts.yaml", b"\x00"),
        ("evidence/2021-2025/xa-ntm.csv", b"\xff\xfe"),
        ("evidence/2021-2025/xa-ntm.csv", b""),
        ("2021-2025/xa-ntm.yaml", b"- a\n- b\n"),
        ("2021-2025/xa-ntm.yaml", b"just text"),
        ("2021-2025/amendments/xa-ntm/2030.yaml", b"layer: x\n"),
        ("2021-2025/amendments/xa-ntm/2030.yaml", b"[]"),
        ("compiled.json", b"[1]"),
        ("compiled.json", b'{"facts.yaml": 1, "rulebook.yaml": []}'),
        ("compiled.json", b'{"facts.yaml": {}, "rulebook.yaml": {"sha256": 5}}'),
        ("compiled.json", b"\xff"),
        ("compiled.json", b"[" * 100_000),
    ],
    ids=shown,
)
def test_a_broken_file_of_a_rulebook_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    import shutil

    book = tmp_path / "book"
    shutil.copytree(DIRECTORY, book)
    (book / name).parent.mkdir(parents=True, exist_ok=True)
    (book / name).write_bytes(content)
    survives(lambda: ntm.load_ruleset("2021-2025/xa-ntm", source=book).content_hash)
    survives(lambda: ntm.list_rulesets(source=book))


@given(tree=json_like)
@example(tree={"Rulebook": "a"})
@example(tree={"rulebook": "a", "version": "b", "(x)": 1})
@example(tree={"": 1})
def test_any_tree_is_a_document_or_refused(tree: Any) -> None:
    text = json.dumps(tree, ensure_ascii=True, default=str) if "\\ud800" not in repr(tree) else "{}"
    survives(lambda: read_document(text, "any", RulebookDocument))
    if isinstance(tree, dict):
        survives(lambda: read_document(tree, "any", RulebookDocument))


OVERLAY: dict[str, Any] = {
    "layer": "x",
    "of": "2021-2025/xa-ntm",
    "kind": "amendment",
    "decision": {"number": "1", "issued": "2024-01-01", "in_force": "2024-01-01"},
    "set_thresholds": [{"indicator": "4.2", "by_column": {"dbsh": "98"}}],
    "replace_indicators": [
        {
            "no": "7",
            "label": {"vi": "a", "en": "b"},
            "requires": {"at_least": {"fact": "income_per_capita", "value": "5"}},
        }
    ],
    "add_indicators": [
        {"no": "7.9", "criterion": "7", "label": {"vi": "a", "en": "b"}, "requires": {"met": "has_farmland"}}
    ],
    "special_communes": {"column": "tdmnpb", "zones": ["III"], "citation": "x"},
}


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@given(place=st.sampled_from(places(OVERLAY)[1:]), value=odd)
def test_any_value_anywhere_in_an_overlay_is_taken_or_refused(place: tuple[Any, ...], value: Any) -> None:
    overlay = copy.deepcopy(OVERLAY)
    inner: Any = overlay
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value

    def load_and_judge() -> None:
        ruleset = ntm.load_ruleset("2021-2025/xa-ntm", overlays=[overlay])
        assert ruleset.content_hash
        assert ntm.evaluate(ruleset, ntm.Commune(region="dbsh", year=2023)).report("en")

    survives(load_and_judge)


# -- arguments of the public functions


@given(ruleset_id=odd, province=odd)
@example(ruleset_id="2021-2025/xa-ntm", province=5)
@example(ruleset_id="2021-2025/xa-ntm", province=[])
@example(ruleset_id="2021-2025/xa-ntm", province="\ud800")
@example(ruleset_id="2021-2025/xa-ntm", province="../../etc")
def test_any_ruleset_and_province_is_loaded_or_refused(ruleset_id: Any, province: Any) -> None:
    survives(lambda: ntm.load_ruleset(ruleset_id, province=province))
    survives(lambda: ntm.load_ruleset("2021-2025/xa-ntm", province=province))


@given(on=st.one_of(odd, st.dates(), st.text(st.sampled_from("0123456789-"), max_size=10)))
@example(on="2023-02-30")
@example(on="٢٠٢٣-٠١-٠١")
def test_any_date_is_taken_or_refused(on: Any) -> None:
    survives(lambda: ntm.load_ruleset("2021-2025/xa-ntm", on=on))
    survives(lambda: ntm.load_ruleset("2021-2025/xa-ntm", known_on=on))


@pytest.mark.parametrize("overlay", ["a\0b", "\ud800", "/", "", "no such file.yaml", {}, {"of": []}], ids=shown)
def test_any_overlay_is_read_or_refused(overlay: Any) -> None:
    assert isinstance(survives(lambda: ntm.load_ruleset("2021-2025/xa-ntm", overlays=[overlay])), ntm.NtmRulesError)


@pytest.mark.parametrize("source", ["a\0b", "\ud800", "", "no such directory", __file__], ids=shown)
def test_any_source_is_read_or_refused(source: Any) -> None:
    assert isinstance(survives(lambda: ntm.load_ruleset("2021-2025/xa-ntm", source=source)), ntm.NtmRulesError)


@given(number=odd)
@example(number=17.3)
@example(number=17)
def test_any_number_names_an_indicator_or_is_refused(number: Any) -> None:
    assessment = ntm.evaluate(RULES, ntm.Commune(region="dbsh", year=2023))
    survives(lambda: RULES.indicator(number))
    survives(lambda: RULES.clause(number))
    survives(lambda: RULES.threshold(number, region="dbsh"))
    survives(lambda: RULES.threshold("10", region=number))
    survives(lambda: assessment.indicator(number))
    survives(lambda: assessment.criterion(number))


# -- communes

FIELDS = ["code", "name", "region", "province", "zone", "year", "facts", "attested"]


@given(field=st.sampled_from(FIELDS), value=odd)
@example(field="zone", value=5)
@example(field="attested", value=[1])
@example(field="attested", value="7")
@example(field="facts", value={"a\nb": "x", "c": object()})
def test_any_field_of_a_commune_is_taken_or_refused(field: str, value: Any) -> None:
    made = survives(lambda: ntm.Commune(**{field: value}))
    if isinstance(made, ntm.Commune):
        assert ntm.Commune.from_dict(json.loads(made.to_json())) == made
        assert repr(made)
        assert isinstance(hash(made), int)
        survives(lambda: ntm.evaluate(RULES, made.replace(region=made.region or "dbsh")).to_dict())


@given(data=json_like)
@example(data=[])
@example(data=None)
@example(data="code")
@example(data=[["code", 5]])
@example(data={"facts": []})
def test_any_data_is_a_commune_or_refused(data: Any) -> None:
    survives(lambda: ntm.Commune.from_dict(data))


@given(
    facts=st.dictionaries(
        st.one_of(st.sampled_from(sorted(RULES.catalogue.facts)), st.text(max_size=6)), odd, max_size=4
    ),
    region=st.sampled_from(["dbsh", "tn", "", "common"]),
)
def test_any_facts_are_judged_or_refused(facts: dict[Any, Any], region: str) -> None:
    def judge() -> None:
        assessment = ntm.evaluate(RULES, ntm.Commune(region=region, year=2023, facts=facts))
        assert assessment.report("vi")
        assert assessment._repr_html_()
        assert json.loads(assessment.to_json()) == assessment.to_dict()

    survives(judge)


@pytest.mark.parametrize(
    "act",
    [
        lambda: ntm.Commune(code=HUGE),
        lambda: ntm.Commune(year=HUGE),
        lambda: ntm.Commune(zone=[HUGE]),
        lambda: ntm.Commune(facts={HUGE: 1}),
        lambda: ntm.Commune(facts={"income_per_capita": HUGE}),
        lambda: ntm.Commune(facts={"income_per_capita": [HUGE]}),
        lambda: ntm.Commune(facts={"income_per_capita": {"numerator": [HUGE], "denominator": 1}}),
        lambda: ntm.Commune(attested={HUGE: True}),
        lambda: ntm.Commune.from_dict({HUGE: 1}),
        lambda: ntm.load_ruleset(HUGE),
        lambda: ntm.load_ruleset("2021-2025/xa-ntm", province=HUGE),
        lambda: ntm.load_ruleset("2021-2025/xa-ntm", on=HUGE),
        lambda: ntm.load_ruleset("2021-2025/xa-ntm", overlays=[{"layer": HUGE}]),
        lambda: RULES.indicator(HUGE),
    ],
    ids=list(map(str, range(14))),
)
def test_numbers_that_python_will_not_print_are_refused_politely(act: Callable[[], Any]) -> None:
    assert isinstance(survives(act), ntm.NtmRulesError)


def test_a_ratio_nested_without_end_is_refused() -> None:
    value: Any = 1
    for _ in range(900):
        value = {"numerator": value, "denominator": 1}
    assert isinstance(survives(lambda: ntm.Commune(facts={"health_insurance_pct": value})), ntm.FactError)


# -- rulesets that refer to one another

TEXT = {"vi": "chữ", "en": "text"}


def ruleset_document(name: str, requires: dict[str, Any]) -> dict[str, Any]:
    indicator = {"no": "1", "label": TEXT, "requires": requires}
    return {
        "ruleset": f"2030-2035/{name}",
        "title": TEXT,
        "phase": "2030-2035",
        "level": "xa",
        "tier": "ntm",
        "decision": {"number": "1", "issued": "2020-01-01", "in_force": "2020-01-01"},
        "columns": ["dbsh"],
        "criteria": [{"no": "1", "title": TEXT, "indicators": [indicator]}],
    }


def times(name: str) -> dict[str, Any]:
    relation = {"ruleset": f"2030-2035/{name}", "indicator": "1", "factor": "1.1"}
    return {"at_least": {"fact": "income_per_capita", "times_threshold": relation}}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"ruleset_met": "2030-2035/xa-a"}, {"met": "has_farmland"}),
        ({"ruleset_met": "2030-2035/xa-b"}, {"ruleset_met": "2030-2035/xa-a"}),
        ({"ruleset_met": "2030-2035/xa-none"}, {"met": "has_farmland"}),
        (times("xa-b"), times("xa-a")),
        (times("xa-b"), {"met": "has_farmland"}),
        (times("xa-b"), {"at_least": {"fact": "universal_primary_level", "value": "2"}}),
        (times("xa-b"), {"one_of": {"fact": "universal_primary_level", "values": ["2"]}}),
        (times("xa-none"), {"met": "has_farmland"}),
        (
            {"at_least": {"fact": "income_per_capita", "times_fact": {"fact": "has_farmland", "factor": "2"}}},
            {"met": "has_farmland"},
        ),
        (
            {
                "at_least": {
                    "fact": "universal_primary_level",
                    "times_fact": {"fact": "income_per_capita", "factor": "2"},
                }
            },
            {"met": "has_farmland"},
        ),
        (
            {
                "at_least": {
                    "fact": "income_per_capita",
                    "times_fact": {"fact": "universal_primary_level", "factor": "2"},
                }
            },
            {"met": "has_farmland"},
        ),
    ],
    ids=[
        "itself",
        "each other",
        "no such ruleset",
        "each other's threshold",
        "times Đạt",
        "times a category",
        "times one of",
        "threshold of no ruleset",
        "times a boolean fact",
        "a category times a fact",
        "times a category fact",
    ],
)
def test_rulesets_that_cannot_mean_anything_are_refused(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    folder = tmp_path / "2030-2035"
    folder.mkdir()
    for name, requires in (("xa-a", first), ("xa-b", second)):
        (folder / f"{name}.yaml").write_text(json.dumps(ruleset_document(name, requires)), "utf-8")
    (tmp_path / "rulebook.yaml").write_text("rulebook: x\nversion: y\n", "utf-8")

    def load_and_judge() -> None:
        ruleset = ntm.load_ruleset("2030-2035/xa-a", source=tmp_path)
        facts = {"income_per_capita": 50, "has_farmland": True, "universal_primary_level": "2"}
        ntm.evaluate(ruleset, ntm.Commune(region="dbsh", year=2023, facts=facts)).report("en")

    assert isinstance(survives(load_and_judge), ntm.NtmRulesError)


def test_men_and_women_each_is_never_silently_dropped() -> None:
    """`both_sexes` beside `times_fact` is either judged or refused."""
    content = {
        "fact": "health_insurance_pct",
        "both_sexes": "true",
        "times_fact": {"fact": "trained_labour_pct", "factor": "1"},
    }
    text = json.dumps(ruleset_document("xa-a", {"at_least": content}))
    assert isinstance(survives(lambda: load_all({"2030-2035/xa-a.yaml": text})), ntm.RulebookError)


def test_a_layer_cannot_give_one_number_to_two_indicators() -> None:
    """Counts and statuses go by number: a second 1.1 would vanish in them."""
    added = {"no": "7.9", "criterion": "7", "label": TEXT, "requires": {"met": "has_farmland"}}
    indicator = {"no": "1.1", "label": TEXT, "requires": {"met": "has_farmland"}}
    criterion = {"no": "20", "title": TEXT, "indicators": [indicator]}
    changes: list[dict[str, Any]] = [{"add_indicators": [added, added]}, {"add_criteria": [criterion]}]
    for change in changes:
        overlay = {**layer_of("2021-2025/xa-ntm"), **change}
        refused = survives(functools.partial(ntm.load_ruleset, "2021-2025/xa-ntm", overlays=[overlay]))
        assert isinstance(refused, ntm.RulebookError)


def test_a_layer_may_set_a_threshold_of_a_part_that_an_earlier_layer_brought() -> None:
    """18.4 has parts since 211/QĐ-TTg: a province's overlay of 2024 must be able to speak of 18.4.a."""
    overlay = {**layer_of("2021-2025/xa-ntm"), "set_thresholds": [{"indicator": "18.4", "part": "a", "value": "Đạt"}]}
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", overlays=[overlay])
    assert ruleset.threshold("18.4.a", region="dbsh").value is True


def layer_of(ruleset_id: str) -> dict[str, Any]:
    return {"layer": "x", "of": ruleset_id, "kind": "amendment", "decision": OVERLAY["decision"]}
