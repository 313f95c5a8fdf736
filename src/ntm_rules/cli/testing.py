"""The commands of the testing kit: `check` holds a ruleset to what any ruleset must be, `test` to examples of its own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ntm_rules.cli import options
from ntm_rules.cli.commands import ntm_rules
from ntm_rules.cli.frame import command, epilog, say_problems
from ntm_rules.cli.output import put, say, warn, write
from ntm_rules.model.errors import NtmRulesError
from ntm_rules.model.text import Language, Text

if TYPE_CHECKING:
    from ntm_rules.testing.findings import Finding
    from ntm_rules.testing.targets import Target

__all__ = ["check", "test"]


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules check 2021-2025/xa-ntm",
        "ntm-rules check bo-quy-tac --examples 5         # mọi bộ, mọi ngày, mọi tỉnh / every text there is",
        "ntm-rules check du-thao.yaml                   # lớp của tỉnh trên bộ quốc gia / an overlay on its ruleset",
        "ntm-rules check du-thao.yaml --witness xa-lam-chung.yaml",
        codes=True,
    )
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Số xã thử cho mỗi luật chung / how many communes each law is tried on.",
)
@click.option(
    "--witness",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Ghi xã phản ví dụ đầu tiên ra tệp / write the first commune that shows a failure to a file.",
)
@options.text_in_force
@command
def check(*, lang: Language, paths: tuple[str, ...], examples: int, witness: str | None, **text: Any) -> None:
    """Kiểm một bộ tiêu chí bằng các luật chung. Số liệu tốt hơn không làm xấu đi, đúng mức là đạt, xã nào cũng có kết quả. PATH là mã bộ tiêu chí, thư mục bộ quy tắc, tệp bộ tiêu chí hoặc tệp quy định của tỉnh. Mỗi lần chạy thử cùng các xã như nhau.

    Check a ruleset (an id, a rulebook's directory, a ruleset's or layer's file): a better fact makes nothing worse, every
    commune gets an answer, each threshold decides exactly, every indicator can decide, every column is reached, layers commute
    or say why not. The same communes are tried every time.
    """
    _need_hypothesis()
    failures = [finding for path in paths for finding in _checked(path, examples, lang, text) if finding.fails]
    shown = [finding for finding in failures if finding.file is not None]
    if witness is not None and shown:
        write(witness, str(shown[0].file))
    if failures:
        sys.stdout.flush()
        sys.exit(1)
    say(Text("Không có vấn đề.", "No problems.").in_(lang))


def _need_hypothesis() -> None:
    if importlib.util.find_spec("hypothesis") is None:
        install = 'pip install "ntm-rules[testing]"'
        warn(f"Lệnh này cần thêm hypothesis: {install} / This command needs hypothesis: {install}")
        sys.exit(2)


def _checked(path: str, examples: int, lang: Language, text: dict[str, Any]) -> Iterator[Finding]:
    """The findings of everything a path stands for, each written as soon as it is found."""
    from ntm_rules.testing.targets import targets

    layered: set[tuple[str, str | None]] = set()
    for target in targets(path, **text):
        say(f"{target.name}:")
        place = (target.ruleset.id, target.ruleset.province)
        for name, findings in _checks_of(target, examples, layers=place not in layered):
            listed = list(findings)
            say(f"  {name}: " + Text("hỏng", "failed").in_(lang) if any(f.fails for f in listed) else f"  {name}: ok")
            for finding in listed:
                _tell(finding, lang)
            sys.stdout.flush()
            yield from listed
        layered.add(place)


def _checks_of(target: Target, examples: int, *, layers: bool) -> Iterator[tuple[str, Iterator[Finding]]]:
    from ntm_rules.testing.checks import CHECKS

    for name, check_one in CHECKS.items():
        if layers or name != "layers-commute":  # which is the same for every day
            yield name, check_one(target.ruleset, examples)


def _tell(finding: Finding, lang: Language) -> None:
    """A finding, and below it the commune that shows it, as a file."""
    say(f"    {finding.describe(lang)}")
    if finding.fails and finding.file is not None:
        put(finding.file.rstrip("\n"))


@ntm_rules.command(
    epilog=epilog(
        "ntm-rules test bo-quy-tac/2021-2025/xa-ntm.test.yaml",
        "ntm-rules test bo-quy-tac                      # mọi tệp *.test.yaml / every *.test.yaml below",
        codes=True,
    )
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@command
def test(*, lang: Language, paths: tuple[str, ...]) -> None:
    """Chạy các tệp ví dụ *.test.yaml. Từ số liệu xã phải ra chỉ tiêu chưa đạt, số đếm, kết luận nào.

    Run test files (`*.test.yaml`), or all below a directory: communes, and what must come out. Each that does not is shown with
    what was expected, what was found, and why. A file that cannot be taken is named, and the others are run all the same.
    """
    from ntm_rules.testing.files import run_tests, test_files

    passed = failed = broken = 0
    for file in (file for path in paths for file in test_files(path)):
        try:
            for result in run_tests(file):
                passed, failed = passed + result.passed, failed + (not result.passed)
                for line in () if result.passed else result.describe(lang).split("\n"):
                    say(line)
        except NtmRulesError as error:
            broken += 1
            sys.stdout.flush()
            say_problems(error, lang)
    counted = Text(f"{passed} đạt, {failed} không đạt", f"{passed} passed, {failed} failed").in_(lang)
    unread = Text(f"; {broken} tệp không đọc được", f"; {broken} file(s) could not be read").in_(lang)
    say(counted + (unread if broken else ""))
    if broken or failed or not passed:
        sys.stdout.flush()
        sys.exit(2 if broken else 1)
