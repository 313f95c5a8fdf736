"""The command as a newcomer meets it: help that teaches, mistakes said plainly, streams of every kind."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.test_cli import GOOD, Terminal, lines, process, run, written

import ntm_rules as ntm
from ntm_rules.cli import output
from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.rulebook.rulebook import shipped

RULESET = "2021-2025/xa-ntm"
VIETNAMESE = re.compile(r"[ăâđêôơưạảấếốộớứừịọụìíàáãéèùúýỹ]", re.IGNORECASE)


# -- help


@pytest.mark.parametrize("name", sorted(command.commands))
def test_every_command_teaches_by_examples(name: str) -> None:
    ended = run(name, "--help")
    assert ended.out.index("Options:") < ended.out.index("Ví dụ / examples:")
    assert f"\n    ntm-rules {name}" in ended.out
    vietnamese, _, english = (command.commands[name].help or "").partition("\n\n")
    assert VIETNAMESE.search(vietnamese)
    assert english
    assert not VIETNAMESE.search(english.replace("Đạt", ""))


DRAFT = """
layer: dự thảo
of: 2021-2025/xa-ntm
kind: province
province: nam-dinh
decision: {number: unknown, issued: unknown, in_force: unknown}
set_thresholds:
  - {indicator: "4.2", by_column: {dbsh: 99.5}, evidence: confirmed}
"""


REACTIONS = """reactions:
  - {name: mat-tieu-chi, when: {events: [criterion_lost]}, say: {vi: mất tiêu chí, en: criterion lost}}
"""
FEED = """{"load": {"code": 754, "region": "dbsh", "year": 2023, "facts": {"income_per_capita": 60}}}
{"commune": "00754", "fact": "income_per_capita", "value": 50, "as_of": "2023-11-16", "source": "Chi cục Thống kê"}
"""


def examples() -> list[str]:
    """The examples of every command that are one command line."""
    found = []
    for each in (command, *command.commands.values()):
        for line in (each.epilog or "").splitlines():
            if line.startswith("  ntm-rules "):
                found.append(re.split(r"\s+#|\s+[<>]|\s+\|", line)[0].strip().removeprefix("ntm-rules "))
    return sorted(set(found))


def small_rulebook(folder: Path) -> None:
    """The first text of one ruleset with a test: what is done for one is done for all, and takes less time."""
    for name in (*CATALOGUE, "2021-2025/xa-ntm.yaml", "evidence/2021-2025/xa-ntm.csv"):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shipped() / name, place)
    written(folder / "2021-2025/xa-ntm.test.yaml", CASES)


CATALOGUE = ("rulebook.yaml", "facts.yaml", "regions.yaml")
CASES = """ruleset: 2021-2025/xa-ntm
tests:
  - name: thu nhập
    commune: {region: dbsh, year: 2023, facts: {income_per_capita: 55}}
    expect: {missing: ["10"], gaps: {"10": 1}}
"""


@pytest.mark.parametrize("example", examples())
def test_the_examples_of_help_run(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    monkeypatch.chdir(tmp_path)
    sheet = "code: 754\nregion: dbsh\nyear: 2023\nfacts: {income_per_capita: 60}\n"
    written(tmp_path / "xa.yaml", sheet)
    written(tmp_path / "tinh.csv", "code;region;year;income_per_capita\n754;dbsh;2023;62,5\n")
    small_rulebook(tmp_path / "bo-quy-tac")
    layer = min((shipped() / "2021-2025" / "provinces").rglob("*.yaml"))
    written(tmp_path / "quyet-dinh-cua-tinh.yaml", layer.read_text("utf-8"))
    written(tmp_path / "du-thao.yaml", DRAFT)
    written(tmp_path / "du-thao-2.yaml", DRAFT.replace("99.5", "99.8"))
    if "--previous" in example:
        run("report", "tinh.csv", "--numbers", "vi", "--format", "json", "-o", "ky-truoc.json")
    written(tmp_path / "phan-ung.yaml", REACTIONS)
    arguments = shlex.split(example)
    ended = run(*arguments, given=FEED if example.startswith("watch") else lines(GOOD))
    assert ended.code == 0, ended
    written_to = Path(arguments[arguments.index("-o") + 1]) if "-o" in arguments else None
    assert ended.out if written_to is None else written_to.read_bytes()


def test_the_list_of_commands_is_not_cut_short() -> None:
    shown = run("--help").out
    assert "..." not in shown.partition("Commands:")[2]


@pytest.mark.parametrize("name", sorted(command.commands))
def test_every_option_is_explained_in_both_languages(name: str) -> None:
    for parameter in command.commands[name].params:
        if isinstance(parameter, click.Option):
            vietnamese, _, english = (parameter.help or "").partition(" / ")
            assert VIETNAMESE.search(vietnamese), parameter.name
            assert english, parameter.name


# -- mistakes


@pytest.mark.parametrize(
    ("arguments", "vietnamese", "english"),
    [
        (["foo"], "sai cách dùng", "No such command 'foo'."),
        (["--foo"], "không có tùy chọn này", "--foo"),
        (["evaluate"], "thiếu tham số", "Missing argument 'FILE...'."),
        (["evaluate", "x", "--lang", "fr"], "giá trị không dùng được", "'fr' is not one of 'vi', 'en'."),
        (["evaluate", "x", "--ruleset"], "dùng sai tùy chọn", "--ruleset"),
        (["evaluate", "x", "--foo"], "không có tùy chọn này", "--foo"),
        (["evaluate", "x", "--threshold-year", "abc"], "giá trị không dùng được", "'abc' is not a valid"),
        (["evaluate", "x", "--threshold-year", "1800"], "giá trị không dùng được", "1800 is not in the range"),
        (["show", RULESET, "--year", "1"], "giá trị không dùng được", "1 is not in the range"),
        (["tiers", "2021-2025"], "thiếu tham số", "Missing argument 'FILE'."),
        (["demo", "x"], "sai cách dùng", "unexpected extra argument"),
    ],
    ids=str,
)
def test_wrong_usage_is_said_in_both_languages(arguments: list[str], vietnamese: str, english: str) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    last = ended.err.splitlines()[-1]
    assert f"{vietnamese} / " in last
    assert english in last
    if vietnamese != "dùng sai tùy chọn":  # Click does not know then whose usage to show
        known = arguments[0] if arguments[0] in command.commands else ""
        assert f"Usage: ntm-rules {known}".strip() in ended.err


def test_without_arguments_the_help_is_shown() -> None:
    ended = run()
    assert "Ví dụ / examples:" in ended.out + ended.err


@pytest.mark.parametrize(("lang", "words"), [("vi", "không có tệp này"), ("en", "no such file")])
def test_a_file_that_is_not_there(lang: str, words: str) -> None:
    for arguments in (["evaluate", "xa.yaml"], ["tiers", "2021-2025", "xa.jsonl"], ["show", RULESET, "--overlay", "x"]):
        ended = run(*arguments, "--lang", lang)
        assert (ended.code, ended.out) == (2, "")
        assert words in ended.err
        assert "[cannot_read]" in ended.err


@pytest.mark.parametrize("name", ["xa", "xa.jsonl", "xa.csv", "xa.yaml"])
def test_a_directory_is_said_to_be_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    ended = run("evaluate", str(tmp_path / name))
    assert ended.code == 2
    assert "là thư mục, không phải tệp" in ended.err


@pytest.mark.parametrize("name", ["xa.jsonl", "xa.csv", "xa.yaml"])
def test_a_file_that_may_not_be_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / name, "")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    ended = run("evaluate", path)
    assert ended.code == 2
    assert "không có quyền đọc" in ended.err


@pytest.mark.parametrize(("name", "text"), [("a.yaml", ""), ("a.csv", ""), ("a.json", "[]"), ("a.csv", "code,name\n")])
def test_a_file_without_communes_is_said_to_have_none(tmp_path: Path, name: str, text: str) -> None:
    path = written(tmp_path / name, text)
    for form in ("text", "json"):
        ended = run("evaluate", path, "--format", form, "--lang", "en")
        assert ended.code == 2
        assert "no commune found in the file" in ended.err
    ended = run("evaluate", path, "--format", "jsonl")
    assert (ended.code, ended.err) == (2, "")
    assert '"code":"no_communes"' in ended.out


def test_a_file_of_bad_communes_is_not_said_to_have_none(tmp_path: Path) -> None:
    ended = run("evaluate", written(tmp_path / "a.yaml", "name: x\n"))
    assert ended.code == 2
    assert "không có xã nào" not in ended.err


def test_a_directory_without_rulesets(tmp_path: Path) -> None:
    listed = run("rulesets", "--source", str(tmp_path))
    assert listed.err == "Không có bộ tiêu chí nào ở đây.\n"
    ended = run("show", RULESET, "--source", str(tmp_path))
    assert ended.code == 2
    assert "cần" not in ended.err


def test_a_phase_is_checked_before_any_commune_is_read() -> None:
    ended = run("tiers", "2022", "-", given="")
    assert ended.code == 2
    assert ended.err.count("[unknown_phase]") == 1


def test_a_phase_of_which_there_are_no_tiers(tmp_path: Path) -> None:
    with pytest.raises(ntm.UnknownNameError, match="unknown_phase"):
        ntm.evaluate_tiers("2026-2030", ntm.Commune(region="dbsh"))


# -- streams


def test_help_is_written_whatever_the_code_page() -> None:
    for encoding in ("cp1252", "ascii", "cp1258"):
        for arguments in (["--help"], ["--version"], ["evaluate", "--help"], ["evaluate", "--đây"], ["foo"]):
            ended = process(*arguments, PYTHONIOENCODING=encoding, LC_ALL="C", PYTHONUTF8="0")
            assert ended.returncode in (0, 2), ended.stderr
            assert b"Traceback" not in ended.stderr
            assert VIETNAMESE.search((ended.stdout + ended.stderr).decode("utf-8"))


def shell(line: str) -> subprocess.CompletedProcess[bytes]:
    start = f"{sys.executable} -c 'from ntm_rules.cli import main; main()'"
    return subprocess.run(["sh", "-c", line.replace("ntm-rules", start)], capture_output=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")
def test_closed_streams_are_no_crash() -> None:
    assert shell("ntm-rules demo >&-").returncode == 0
    assert shell("ntm-rules evaluate missing.yaml 2>&-").returncode == 2
    ended = shell("ntm-rules evaluate - <&-")
    assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["demo", f"show {RULESET}", "schema assessment"])
def test_a_full_disk_is_said_and_ends_with_2(arguments: str) -> None:
    ended = shell(f"ntm-rules {arguments} >/dev/full")
    assert ended.returncode == 2
    assert ended.stderr.decode().startswith("không ghi được kết quả (")
    assert b"Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of a POSIX shell")
@pytest.mark.parametrize("arguments", ["demo", f"show {RULESET}", f"evidence {RULESET}", "schema assessment"])
def test_the_head_of_an_output_may_be_taken(arguments: str) -> None:
    ended = shell(f"ntm-rules {arguments} | head -1")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.count(b"\n") == 1


def test_a_table_on_a_narrow_terminal_cuts_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    output.table(["id", "tên"], [[f"{RULESET}-nang-cao", "Bộ-tiêu-chí-quốc-gia-rất-dài"]])
    drawn = terminal.getvalue()
    assert f"{RULESET}-nang-cao" in drawn
    assert "…" not in drawn
    for piece in ("Bộ", "quốc", "dài"):
        assert piece in drawn


def test_what_is_piped_has_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    piped = io.StringIO()
    monkeypatch.setattr("sys.stdout", piped)
    output.table(["id"], [["a"]])
    assert piped.getvalue() == "id\na\n"


def test_csv_as_excel_saves_it_in_vietnam(tmp_path: Path) -> None:
    text = '\ufeffcode;name;region;year;income_per_capita\r\n754;"Xã ""Một""; A";dbsh;2022;62,5\r\n'
    path = tmp_path / "TINH.CSV"
    path.write_bytes(text.encode())
    ended = run("evaluate", str(path), "--numbers", "vi")
    assert ended.code == 0, ended.err
    assert ended.out.startswith('Xã "Một"; A (00754) — ')
    assert "1/57 chỉ tiêu" in ended.out


# -- what a change does to the communes of a file


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_a_commune_refused_only_at_judging_ends_impact_as_it_ends_evaluate(form: str, tmp_path: Path) -> None:
    nowhere = GOOD | {"name": "Xã Lạc", "region": "khong-co", "year": 2023, "facts": {"income_per_capita": 60}}
    file = written(
        tmp_path / "xa.jsonl", lines(nowhere, nowhere | {"code": "00755", "name": "Xã Một", "region": "dbsh"})
    )
    judged = run("evaluate", file)
    ended = run("impact", f"{RULESET}@2024-02-29", f"{RULESET}@2024-03-01", file, "--format", form)
    assert (judged.code, ended.code) == (2, 2)
    assert ended.out
    assert "Xã Lạc" in ended.err
    assert "khong-co" in ended.err
    assert "Xã Một" not in ended.err


def test_the_help_of_impact_says_what_a_bad_commune_does() -> None:
    assert "the exit code is 2" in " ".join(run("impact", "--help").out.split())
