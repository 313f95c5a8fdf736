"""The documentation: every snippet is run and its output compared, every link leads somewhere, every figure has a command.

What each fenced block is, is said by the words after its backticks:

- ``python``: examples with ``>>>``, run in order in one namespace per page; "…" in the output stands for anything.
- ``console``: lines beginning with ``$ `` are run (`ntm-rules`, `cat`, `cp`, `head`, `mv`, `sed`, `tail`, pipes, ``> file``, ``$(…)``,
  ``echo $?``), what follows is compared.
- ``file=NAME`` after the language: the block is the file docs/examples/NAME.
- ``document=NAME`` after ``yaml``: a list, each item of which the document model of that name takes.
- ``json`` otherwise is JSON, and ``text`` is text.
- ``not-run`` after the language: other languages, and what would change the machine.

Pages run in a temporary directory that holds a copy of docs/examples.
"""

from __future__ import annotations

import ast
import doctest
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.rulebook import documents
from ntm_rules.rulebook.yaml_text import read_yaml

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
READMES = [ROOT / "README.md", ROOT / "README.vi.md"]
PAGES = [*READMES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF


class Block(NamedTuple):
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    def option(self, name: str) -> str | None:
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")), None)


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    language, start, lines = None, 0, list[str]()
    words: tuple[str, ...] = ()
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if language is None and line.startswith("```"):
            first, *rest = line[3:].split() or [""]
            language, words, start, lines = first, tuple(rest), number, []
        elif language is not None and line == "```":
            yield Block(start, language, words, "\n".join(lines) + "\n")
            language = None
        elif language is not None:
            lines.append(line)
    assert language is None, f"{page.name}:{start}: a block that does not end"


def prose(page: Path) -> str:
    """The text of a page without its blocks."""
    return re.sub(r"(?ms)^```.*?^```$", "", page.read_text("utf-8"))


def names(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


# -- running


class Shell:
    """The few commands that pages show, run in this process and in the current directory."""

    def __init__(self) -> None:
        self.code = 0

    def run(self, line: str) -> str:
        """What a command line leaves on the terminal."""
        words = shlex.split(re.sub(r"\$\((.+?)\)", lambda inner: self.run(inner[1]).strip(), line))
        target = None
        if len(words) > 2 and words[-2] == ">":
            words, target = words[:-2], Path(words[-1])
        output, said = "", ""
        stages = list(_pipe(words))
        for place, arguments in enumerate(stages, 1):
            # Standard error goes to the terminal from every stage, in its place where the last writes there too.
            last = place == len(stages) and target is None
            output, errors = self._one(arguments, output, mixed=last)
            said += errors
        if target is None:
            return said + output
        target.write_text(output, "utf-8")
        return said

    def _one(self, words: list[str], given: str, *, mixed: bool) -> tuple[str, str]:
        """What one command writes on standard output and on standard error; both as one where they are mixed."""
        name, *arguments = words
        if name == "ntm-rules":
            result = CliRunner().invoke(command, arguments, input=given or None, prog_name="ntm-rules")
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                raise result.exception
            self.code = result.exit_code
            return (result.output, "") if mixed else (result.stdout, result.stderr)
        return self._text(name, arguments, given), ""

    def _text(self, name: str, arguments: list[str], given: str) -> str:
        match name, *arguments:
            case "cat", *files:
                return "".join(Path(file).read_text("utf-8") for file in files)
            case "head", count:
                return "".join(given.splitlines(keepends=True)[: -int(count)])
            case "tail", count:
                return "".join(given.splitlines(keepends=True)[int(count) :])
            case "sed", script, file:
                _, old, new, _ = script.split("/")
                return re.sub(old, new, Path(file).read_text("utf-8"), flags=re.MULTILINE)
            case "cp", "-r", source, target:
                shutil.copytree(source, target)
            case "cp", source, target:
                shutil.copy(source, target)
            case "mv", source, target:
                shutil.move(source, target)
            case "echo", "$?":
                return f"{self.code}\n"
            case _:
                raise AssertionError(f"not a command that pages may show: {name}")
        return ""


def _pipe(words: list[str]) -> Iterator[list[str]]:
    arguments: list[str] = []
    for word in words:
        if word == "|":
            yield arguments
            arguments = []
        else:
            arguments.append(word)
    yield arguments


def commands(block: Block) -> Iterator[tuple[int, str, str]]:
    """The commands of a console block with the line of each and the output shown."""
    line, started, wanted = "", 0, list[str]()
    for number, text in enumerate(block.text.splitlines(), block.line + 1):
        if text.startswith("$ "):
            if line:
                yield started, line, "\n".join(wanted)
            line, started, wanted = text[2:], number, []
        else:
            wanted.append(text)
    yield started, line, "\n".join(wanted)


def same(wanted: str, found: str) -> bool:
    """Whether the output is the one shown; "…" stands for anything, and spaces at the end of lines for nothing."""

    def plain(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = re.escape(plain(wanted)).replace("…", ".*")
    return re.fullmatch(pattern, plain(found), re.DOTALL) is not None


def examples(block: Block, page: str) -> doctest.DocTest:
    """The examples of a block; "…" in what is shown is an ellipsis."""
    parsed = doctest.DocTestParser().get_examples(block.text, page)
    assert parsed, f"{page}:{block.line}: a python block without >>>"
    for example in parsed:
        example.want = example.want.replace("…", "...")
        if example.exc_msg is not None:
            example.exc_msg = example.exc_msg.replace("…", "...")
    return doctest.DocTest(parsed, {}, page, page, block.line, None)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", names(PAGES))
@pytest.mark.usefixtures("workplace")
def test_snippets(name: str) -> None:
    shell = Shell()
    namespace: dict[str, object] = {"__name__": "__main__"}
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    for block in blocks(ROOT / name):
        if "not-run" in block.words:
            continue
        if block.language == "python":
            test = examples(block, name)
            test.globs = namespace
            runner.run(test, out=said.append, clear_globs=False)
        elif block.language == "console":
            for line, text, wanted in commands(block):
                found = shell.run(text)
                if not same(wanted, found):
                    said.append(f"{name}:{line}: $ {text}\n-- shown\n{wanted}\n-- printed\n{found}")
    assert not said, "\n".join(said)


# -- what is not run


@pytest.mark.parametrize("name", names(PAGES))
def test_every_block_says_what_it_is(name: str) -> None:
    for block in blocks(ROOT / name):
        if "not-run" in block.words or block.option("file") or block.option("document"):
            continue
        if block.language == "json":
            json.loads(block.text)
        else:
            assert block.language in ("python", "console", "text"), f"{name}:{block.line}: mark the block, or run it"


@pytest.mark.parametrize("name", names(PAGES))
def test_files_shown_are_the_examples(name: str) -> None:
    for block in blocks(ROOT / name):
        file = block.option("file")
        if file is not None:
            assert block.text == (EXAMPLES / file).read_text("utf-8"), f"{name}:{block.line}: not docs/examples/{file}"


@pytest.mark.parametrize("name", names(PAGES))
def test_fragments_are_what_the_loader_takes(name: str) -> None:
    for block in blocks(ROOT / name):
        model = block.option("document")
        if model is not None:
            for item in read_yaml(block.text, f"{name}:{block.line}"):
                getattr(documents, model).model_validate(item)


# -- links


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"(?m)^#+ (.+)$", prose(page))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", names(PAGES))
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(found), f"{name}: {target}"


# -- figures


# Numbers that are no measurement: days, phases, years, decisions, indicators, versions, names of standards.
_NAMES = re.compile(
    r"`[^`]*`|\]\([^)]*\)|<[^>]*>|\d{4}-\d{2}-\d{2}|\d{2}/\d{1,2}/\d{4}|\d{4}-\d{4}|\d+(/\d+)?/QĐ-\w+"
    r"|\b(19|20)\d\d\b|Python 3\.\d+|UTF-8|Apache-2\.0|^\d+\. ",
    re.MULTILINE,
)


@pytest.mark.parametrize("name", names([*READMES, ROOT / "CHANGELOG.md"]))
def test_figures_come_from_a_command_shown(name: str) -> None:
    page = ROOT / name
    shown = "".join(block.text for block in blocks(page))
    # A version heading of the changelog names a release.
    text = _NAMES.sub(" ", re.sub(r"(?m)^## .*$", "", prose(page)))
    for figure in re.findall(r"\d[\d.,]*\d|\d", text):
        assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d])", shown), f"{name}: {figure} is in no output shown"


# -- dependencies


def test_dependencies_are_those_of_the_package() -> None:
    rows = re.findall(
        r"(?m)^\| (\S+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", (ROOT / "docs/integration.md").read_text("utf-8")
    )
    table = {name: (least, licence) for name, least, licence in rows}
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    wanted = dict(
        re.findall(r'"([\w-]+)>=([\d.]+)"', project.partition("[project]")[2].partition("[project.scripts]")[0])
    )
    assert wanted.items() <= {name: least for name, (least, _) in table.items()}.items()
    installed = set(wanted) - {"pyspark"}  # half a gigabyte, which the tests do without
    for name in [*installed, "pydantic-core", "annotated-types", "typing-extensions", "typing-inspection", "Pygments"]:
        said = metadata(name)
        given = ("License-Expression", "License", "Classifier")
        licence = " ".join(value for key in given for value in said.get_all(key) or ())
        assert table[name][1].partition("-")[0] in licence, (name, licence)


# -- codes


def _codes() -> set[str]:
    """The codes of problems, as they stand in the source."""
    import ntm_rules

    found: set[str] = set()
    for path in Path(ntm_rules.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call):
                found.update(_codes_of(call))
    return found


# The functions that take a code, and the place of it among their arguments.
_MAKERS = {
    "_error": 0,
    "refusal": 0,
    "_flaw": 0,
    "_refuse": 0,
    "_problem": 0,
    "wrong": 1,
    "add": 1,
    "note_line": 0,
    "_wrong_column": 0,
}


def _codes_of(call: ast.Call) -> Iterator[str]:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = _MAKERS.get(name)
    if place is not None and len(call.args) > place:
        given.append(call.args[place])
    if name == "_add" and call.args:
        first = call.args[0]
        given += [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    for value in given:
        if (
            isinstance(value, ast.Constant)
            and isinstance(value.value, str)
            and re.fullmatch(r"[a-z]\w*_?\w*", value.value)
        ):
            yield value.value


def test_every_code_is_in_a_table() -> None:
    pages = ("facts.md", "authoring.md", "proofs.md", "reports.md", "scale.md", "sessions.md", "sql.md", "testing.md")
    tables = "".join((ROOT / "docs" / name).read_text("utf-8") for name in pages)
    listed = {
        code for row in re.findall(r"(?m)^\| (`[a-z_0-9`, ]+`) \|", tables) for code in re.findall(r"`(\w+)`", row)
    }
    lacking = sorted(_codes() - listed)
    assert not lacking, f"codes that no page lists: {', '.join(lacking)}"
