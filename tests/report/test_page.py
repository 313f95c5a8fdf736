"""The HTML page: read as HTML, and looked at in a real browser where there is one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.report.populations import commune, ruleset
from tests.report.test_documents import HOSTILE, REFUSED, mixed, summed

import ntm_rules as ntm
from ntm_rules import report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
VOID = {"meta", "link", "br", "input"}


class Reader(HTMLParser):
    """Reads a page strictly: every element ends where it should; keeps tags and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def whole() -> report.Report:
    return summed(mixed(), by=("district", "zone"), previous=summed(mixed()[:2]), refused=[REFUSED])


def many(count: int = 1000) -> report.Report:
    """A thousand communes, each missing other criteria."""
    communes = [
        commune(
            set(range(19)) - {place % 19, place * 7 % 23, place * 5 % 29},
            undetermined=[place % 31] if place % 31 < 19 else [],
            name=f"Xã Có Một Cái Tên Khá Dài {place}",
            code=place,
            district=f"Huyện {place % 12}",
        )
        for place in range(count)
    ]
    return summed(communes, by="district")


# -- as text


def test_nothing_is_fetched_and_nothing_is_run() -> None:
    read = Reader(whole().to_html("vi"))
    kinds = {tag for tag, _ in read.tags}
    assert not kinds & {"script", "img", "iframe", "object", "embed", "video", "audio", "form", "base"}
    links = {value for _, attrs in read.tags for name, value in attrs.items() if name in ("href", "src", "action")}
    assert all(link == "data:," or re.fullmatch(r"#xa\d+", str(link)) for link in links)
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)
    assert "url(" not in whole().to_html("vi")
    assert "@import" not in whole().to_html("vi")


def test_names_from_outside_stay_names() -> None:
    given = [commune([0], name=HOSTILE, district="<b onclick=x>'\"&"), commune([], name="</details></main><script>")]
    page = summed(given, by="district", refused=[(HOSTILE, REFUSED[1])]).to_html("vi")
    read = Reader(page)  # every element still ends where it should
    assert not {tag for tag, _ in read.tags} & {"script", "b"}
    assert any("<script>alert(1)</script>" in words for words in read.words)
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_every_link_leads_to_a_list_of_its_own() -> None:
    read = Reader(whole().to_html("vi"))
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [str(attrs["href"]).removeprefix("#") for tag, attrs in read.tags if tag == "a"]
    assert links
    assert set(links) <= set(ids)


def test_the_map_has_a_cell_for_every_commune_and_criterion_with_its_sign() -> None:
    page = whole().to_html("vi")
    map_ = page[page.index('<table class="map">') :]
    map_ = map_[: map_.index("</table>")]
    kinds = re.findall(r'<td class="([mxu])"[^>]*>([✓✗?])</td>', map_)
    assert len(kinds) == 3 * 19
    assert {("m", "✓"), ("x", "✗"), ("u", "?")} == set(kinds)
    assert kinds.count(("m", "✓")) == 19 + 16 + 8
    assert kinds.count(("u", "?")) == 1
    open_ = [i.id for i in ruleset().criteria[17].indicators]
    assert f'title="{", ".join(open_)}"' in map_


def test_what_each_commune_lacks_is_told_by_number_name_and_amount() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    people = {"numerator": 8705, "denominator": 10162}
    each = ntm.Commune(name="Nam Bình", region="tn", year=2022, facts={"health_insurance_pct": people})
    page = report.summarise(rules, [ntm.evaluate(rules, each)]).to_html("vi")
    said = "".join(Reader(page[page.index('<details id="xa0">') : page.rindex("</details>") + len("</details>")]).words)
    assert "15.1 Tỷ lệ dân tham gia BHYT" in said
    assert "cần thêm 441 người" in said
    assert "441 more people needed" in said


def test_both_languages_are_there_and_say_as_much() -> None:
    read = Reader(whole().to_html("en"))
    spoken = [attrs.get("lang") for tag, attrs in read.tags if tag != "html" and "lang" in attrs]
    assert spoken.count("vi") == spoken.count("en") > 50
    (html,) = (attrs for tag, attrs in read.tags if tag == "html")
    assert html["lang"] == "en"
    (checked,) = (attrs["id"] for _, attrs in read.tags if "checked" in attrs)
    assert checked == "en"


def test_a_page_of_a_thousand_communes_is_of_a_size_to_be_mailed() -> None:
    assert len(many().to_html("vi").encode()) < 3_000_000


# -- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no browser here")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {"small": whole(), "many": many(), "nobody": summed([])}
    hostile = [commune([0], name=HOSTILE * 3, district="A" * 300), commune([], name="x" * 300)]
    made["hostile"] = summed(hostile, by="district")
    files = {name: folder / f"{name}.html" for name in made}
    for name, found in made.items():
        files[name].write_text(found.to_html("vi"), "utf-8")
    files["english"] = folder / "english.html"
    files["english"].write_text(whole().to_html("en"), "utf-8")
    return files


class Shown:
    """A page opened at a width, with what it asked of the network and said on the console."""

    def __init__(self, browser: Any, file: Path, width: int) -> None:
        phone = width < 500
        self.context = browser.new_context(
            viewport={"width": width, "height": 740}, is_mobile=phone, has_touch=phone, offline=True
        )
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.goto(file.as_uri())


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["small", "many", "nobody", "hostile"])
def test_the_page_fits_its_width_alone_and_in_silence(
    browser: Any, pages: dict[str, Path], name: str, width: int
) -> None:
    shown = Shown(browser, pages[name], width)
    for lang in ("vi", "en"):
        shown.page.check(f"#{lang}")
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
        outside = "[...document.querySelectorAll('main *')].filter(e => !e.closest('.box') && e.getBoundingClientRect().right > innerWidth + 1).length"
        assert shown.page.evaluate(outside) == 0
    assert shown.requests == [pages[name].as_uri()]
    assert shown.said == []
    shown.context.close()


def test_a_thousand_communes_have_their_cells_in_a_box_of_their_own(browser: Any, pages: dict[str, Path]) -> None:
    shown = Shown(browser, pages["many"], 360)
    assert shown.page.locator("table.map tbody tr").count() == 1000
    assert shown.page.locator("table.map td[class]").count() == 19_000
    box = "document.querySelector('.tall')"
    assert shown.page.evaluate(f"{box}.scrollWidth > {box}.clientWidth")  # moved sideways in the box
    assert shown.page.evaluate(f"{box}.clientHeight <= innerHeight")
    shown.page.evaluate(f"{box}.scrollTo(400, 4000)")
    head, name = (
        shown.page.evaluate(f"{box}.querySelector('{part}').getBoundingClientRect().toJSON()")
        for part in ("thead th:nth-child(3)", "tbody th")
    )
    frame = shown.page.evaluate(f"{box}.getBoundingClientRect().toJSON()")
    assert abs(head["top"] - frame["top"]) < 3  # the numbers of the criteria stay in sight
    assert abs(name["left"] - frame["left"]) < 3  # and so do the names
    shown.context.close()


@pytest.mark.parametrize("name", ["small", "english"])
def test_the_switch_shows_one_language_and_hides_the_other(browser: Any, pages: dict[str, Path], name: str) -> None:
    shown = Shown(browser, pages[name], 360)
    first = "Communes by criteria met" if name == "english" else "Xã theo số tiêu chí đạt"
    assert first in shown.page.inner_text("main")
    for lang, seen, hidden in (
        ("vi", "Xã theo số tiêu chí đạt", "Communes by criteria met"),
        ("en", "Communes by criteria met", "Xã theo số tiêu chí đạt"),
    ):
        shown.page.check(f"#{lang}")
        words = shown.page.inner_text("main")
        assert seen in words
        assert hidden not in words
        assert "Gò Dầu" in words  # names stand in both
    shown.context.close()


def test_text_on_colours_can_be_read(browser: Any, pages: dict[str, Path]) -> None:
    """Contrast of at least 4.5 to 1 in every kind of cell (WCAG 2.1, AA)."""
    shown = Shown(browser, pages["small"], 1280)

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for kind in "mxu":
        style = f"getComputedStyle(document.querySelector('table.map td.{kind}'))"
        front, back = (light(shown.page.evaluate(f"{style}.{name}")) for name in ("color", "backgroundColor"))
        assert (max(front, back) + 0.05) / (min(front, back) + 0.05) >= 4.5
    shown.context.close()
