"""A rulebook: a directory of rulesets, layers, evidence and catalogue; and the loading of rulesets from it."""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs

from ntm_rules.model.checking import unknown_province
from ntm_rules.model.errors import DateError, Problem, RulebookError, UnknownNameError, unreadable
from ntm_rules.model.ruleset import Catalogue, Layer, LoadedFrom, Ruleset
from ntm_rules.model.text import Text, name_of, nearest, shown
from ntm_rules.rulebook.build import build_catalogue, build_date, build_layer, build_ruleset
from ntm_rules.rulebook.layers import apply_layer, differing
from ntm_rules.rulebook.loosening import breaches
from ntm_rules.rulebook.parser_words import original

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from ntm_rules.rulebook.normal import EvidenceRows

__all__ = ["ENTRY_POINTS", "Rulebook", "RulesetSummary", "compile_rulebook", "rulebooks", "shipped", "unknown_ruleset"]

ENTRY_POINTS = "ntm_rules.rulesets"
COMPILED = "compiled.json"
TEST_FILES = ".test.yaml"
# What lies beside rulesets and says nothing of what they mean.
_BESIDE = (TEST_FILES, "reactions.yaml")
TIERS = ("ntm", "nang-cao", "kieu-mau")

Normal = dict[str, Any]
Overlay = str | Path | Mapping[str, Any]
Content = bytes | Mapping[str, Any]


@attrs.frozen(slots=True, kw_only=True)
class RulesetSummary:
    """One entry of `list_rulesets`: what a ruleset is, with the counts of its first text."""

    id: str
    title: Text
    phase: str
    level: str
    tier: str
    criteria: int
    indicators: int
    rulebook: str

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-ready data."""
        return attrs.asdict(self)


def shipped() -> Path:
    """The directory of the rulebook shipped with the package."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "rulesets"
    # In a source checkout the rulebook lies at the top level.
    return installed if installed.is_dir() else package.parent.parent / "rulesets"


class Rulebook:
    """One directory of rulesets. Files are read when asked for and kept; the directory is taken as it was then.

    `compiled.json`, where present, holds the normal form of all files and one hash of their content; where any has changed since,
    the YAML is read, so the compiled form can never be stale.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        if not self.directory.is_dir():
            raise RulebookError(
                [
                    Problem(
                        code="no_rulebook",
                        source=str(directory),
                        message=Text("không có thư mục này", "no such directory"),
                    )
                ]
            )
        self._normal = functools.cache(self._read_normal)
        self._load = functools.cache(self._load_uncached)

    @functools.cached_property
    def _compiled(self) -> dict[str, Any]:
        """The documents of `compiled.json`, where it was made of the very files that are here."""
        try:
            found = json.loads((self.directory / COMPILED).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(found, dict) or found.get("sha256") != self._digest():
            return {}
        documents = found.get("documents")
        return documents if isinstance(documents, dict) else {}

    @functools.cached_property
    def name_and_version(self) -> tuple[str, str]:
        """The rulebook's own name and version."""
        if (found := self._compiled.get("rulebook.yaml")) is None:
            from ntm_rules.rulebook.documents import RulebookDocument
            from ntm_rules.rulebook.reading import read_document

            document, _ = read_document(self._bytes("rulebook.yaml"), self._source("rulebook.yaml"), RulebookDocument)
            found = [document.rulebook, document.version]
        return found[0], found[1]

    @functools.cached_property
    def catalogue(self) -> Catalogue:
        """The rulebook's facts, regions, zones and provinces; the shipped files where it has none of its own."""
        if self._own("facts.yaml") is self._own("regions.yaml") is None:
            return attrs.evolve(rulebook(shipped()).catalogue, rulesets=self.ids)
        return attrs.evolve(build_catalogue(self._normal_catalogue), rulesets=self.ids)

    def _own(self, name: str) -> Path | None:
        path = self.directory / name
        return path if path.is_file() else None

    @functools.cached_property
    def _normal_catalogue(self) -> Normal:
        found: Normal | None = self._compiled.get("facts.yaml")
        if found is None:
            from ntm_rules.rulebook.normal import normal_catalogue

            facts, regions = (self._own(name) or shipped() / name for name in ("facts.yaml", "regions.yaml"))
            found = normal_catalogue(facts.read_bytes(), regions.read_bytes(), str(self.directory))
        return found

    @functools.cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of the rulesets, phase by phase, lowest tier first."""
        found = [
            f"{path.parent.name}/{path.stem}"
            for path in self.directory.glob("[0-9]*-[0-9]*/*.yaml")
            if not path.name.endswith(_BESIDE)
        ]
        return tuple(
            sorted(
                found,
                key=lambda name: (
                    name.partition("/")[0],
                    next((place for place, tier in reversed(list(enumerate(TIERS))) if name.endswith(tier)), 9),
                    name,
                ),
            )
        )

    def summaries(self) -> tuple[RulesetSummary, ...]:
        """What rulesets there are."""
        found = []
        for ruleset_id in self.ids:
            normal = self._normal(f"{ruleset_id}.yaml")
            counted = [len(normal["criteria"]), sum(len(c["indicators"]) for c in normal["criteria"])]
            criteria, indicators = (
                own if total is None else total for own, total in zip(counted, normal["totals"], strict=True)
            )
            found.append(
                RulesetSummary(
                    id=ruleset_id,
                    title=Text(*normal["title"]),
                    phase=normal["phase"],
                    level=normal["level"],
                    tier=normal["tier"],
                    criteria=criteria,
                    indicators=indicators,
                    rulebook=self.name_and_version[0],
                )
            )
        return tuple(found)

    def layer_paths(self, ruleset_id: str, province: str | None) -> tuple[str, ...]:
        """The files of a ruleset's amendments and of a province's overlays, relative to the directory."""
        phase, _, name = ruleset_id.partition("/")
        folders = [f"{phase}/amendments/{name}"] + ([f"{phase}/provinces/{province}/{name}"] if province else [])
        return tuple(
            f"{folder}/{path.name}"
            for folder in folders
            for path in sorted((self.directory / folder).glob("*.yaml"))
            if not path.name.endswith(_BESIDE)
        )

    def provinces_with_overlay(self, ruleset_id: str) -> tuple[str, ...]:
        """The provinces that have an overlay on a ruleset."""
        phase, _, name = ruleset_id.partition("/")
        return tuple(
            sorted(
                path.parent.name for path in (self.directory / phase / "provinces").glob(f"*/{name}") if path.is_dir()
            )
        )

    def load(
        self,
        ruleset_id: str,
        *,
        on: datetime.date | None = None,
        known_on: datetime.date | None = None,
        province: str | None = None,
        overlays: Sequence[Overlay] = (),
    ) -> Ruleset:
        """See `ntm_rules.load_ruleset`."""
        ruleset, chain = self.load_chain(ruleset_id, on=on, known_on=known_on, province=province, overlays=overlays)
        self.hold_used(overlays, chain)
        return ruleset

    def load_chain(
        self,
        ruleset_id: str,
        *,
        on: datetime.date | None = None,
        known_on: datetime.date | None = None,
        province: str | None = None,
        overlays: Sequence[Overlay] = (),
    ) -> tuple[Ruleset, tuple[str, ...]]:
        """A ruleset, and of which rulesets the overlays could be: itself and those it rests on."""
        if province is not None:
            found = self.catalogue.province(province)
            if found is None:
                raise UnknownNameError([unknown_province(self.catalogue, province)])
            province = found.slug
        if not overlays:
            return self._load(ruleset_id, on, known_on, province), (ruleset_id,)
        chain: list[str] = []
        return self._load_uncached(ruleset_id, on, known_on, province, tuple(overlays), note=chain.append), tuple(chain)

    def hold_used(self, overlays: Sequence[Overlay], chain: Sequence[str]) -> None:
        """RulebookError where an overlay is of none of the rulesets that were loaded: it would do nothing, unsaid."""
        problems = []
        for overlay in overlays:
            source, data = _overlay_data(overlay)
            target = _layer_target(data, source, self.ids)
            if target not in chain:
                problems.append(_unused(data, source, target, chain))
        if problems:
            raise RulebookError(problems)

    def _load_uncached(
        self,
        ruleset_id: str,
        on: datetime.date | None,
        known_on: datetime.date | None,
        province: str | None,
        overlays: tuple[Overlay, ...] = (),
        above: tuple[str, ...] = (),
        note: Callable[[str], object] = lambda _: None,
    ) -> Ruleset:
        """The ruleset; `note` is told its id and those of the rulesets it rests on."""
        note(ruleset_id)
        if ruleset_id in above:
            around = " → ".join((*above, ruleset_id))
            message = Text("các bộ tiêu chí dựa vào nhau thành vòng", "rulesets rest on each other in a circle")
            raise RulebookError(
                [
                    Problem(
                        code="circular_reference",
                        source=self._source(f"{above[-1]}.yaml"),
                        found=around,
                        message=message,
                    )
                ]
            )
        if ruleset_id not in self.ids:
            raise unknown_ruleset(ruleset_id, self.ids, str(self.directory))
        normal = self._normal(f"{ruleset_id}.yaml")
        base = normal["decision"]
        for day, place, vi, en in (
            (on, 2, "chưa có hiệu lực vào ngày", "not in force on"),
            (known_on, 1, "chưa ban hành vào ngày", "not issued by"),
        ):
            if day is not None and base[place] is not None and day.isoformat() < base[place]:
                since = str(build_date(base[place]))
                raise DateError(
                    [
                        Problem(
                            code="not_in_force",
                            source=ruleset_id,
                            key="on" if place == 2 else "known_on",
                            found=day.isoformat(),
                            wanted=Text(f"từ {since}", f"from {since}"),
                            message=Text(f"{base[0]} {vi} này", f"{base[0]} was {en} this day"),
                        )
                    ]
                )
        loaded_from = LoadedFrom(str(self.directory), province, overlays)
        applied: list[Layer] = []
        national, provincial = normal, list[tuple[str, Content]]()

        def put_on(source: str, layer: Normal, content: Content) -> None:
            nonlocal normal, national
            _, issued, in_force = layer["decision"]
            # Where the day of effect is not known, a decision is at least not in force before it was issued.
            since = in_force or issued
            ahead = on and since and on.isoformat() < since
            unheard = known_on and issued and known_on.isoformat() < issued
            if ahead or unheard:
                return
            normal = apply_layer(normal, layer, source)
            applied.append(build_layer(layer))
            if layer["kind"] == "province":
                provincial.append((source, content))
            elif not provincial:
                national = normal
            else:
                with contextlib.suppress(RulebookError):  # an amendment of what only the province has
                    national = apply_layer(national, layer, source)

        for path, layer in self._layers(ruleset_id, province):
            put_on(self._source(path), layer, self._bytes(path))
        for overlay in overlays:
            source, data = _overlay_data(overlay)
            if _layer_target(data, source, self.ids) == ruleset_id:
                layer = self._overlay(data, source, normal)
                province = self._one_province(province, layer["province"], source)
                put_on(source, layer, data)
        name, version = self.name_and_version

        @functools.cache
        def load_other(other: str) -> Ruleset:
            return self._load_uncached(other, on, known_on, province, overlays, (*above, ruleset_id), note)

        build = functools.partial(
            build_ruleset,
            catalogue=self.catalogue,
            load_other=load_other,
            on=on,
            known_on=known_on,
            province=province,
            rulebook=name,
            rulebook_version=version,
            loaded_from=loaded_from,
        )
        ruleset = build(normal, layers=tuple(applied))
        if provincial:
            self._hold_to_national(build(differing(national, normal), layers=()), ruleset, provincial)
        return ruleset

    def _hold_to_national(self, national: Ruleset, own: Ruleset, overlays: Sequence[tuple[str, Content]]) -> None:
        """RulebookError where a province's text cannot be shown to be as strict as the national one."""
        if lowered := [breach for breach in breaches(national, own) if breach.binding]:
            from ntm_rules.rulebook.provincial import refusal

            raise refusal(lowered, overlays)

    def _layers(self, ruleset_id: str, province: str | None) -> list[tuple[str, Normal]]:
        """A ruleset's amendments by date, then a province's overlays by date."""
        layers = [(path, self._normal(path)) for path in self.layer_paths(ruleset_id, province)]
        return sorted(layers, key=lambda item: (item[1]["kind"] != "amendment", item[1]["decision"][2] or "", item[0]))

    def _amended(self, ruleset_id: str) -> Normal:
        """A ruleset's document with every amendment applied: what the cells of a province's file are held against."""
        normal = self._normal(f"{ruleset_id}.yaml")
        for path, layer in self._layers(ruleset_id, None):
            normal = apply_layer(normal, layer, path)
        return normal

    def _one_province(self, province: str | None, other: str | None, source: str) -> str | None:
        """The province of a ruleset and an overlay on it; RulebookError where they are of two."""
        if province is not None and other is not None and province != other:
            message = Text("quy định của hai tỉnh khác nhau", "overlays of two provinces")
            problem = Problem(
                code="two_provinces",
                source=source,
                key="province",
                found=shown(other),
                message=message,
                wanted=Text(province, province),
            )
            raise RulebookError([problem])
        return province or other

    def _overlay(self, data: Content, source: str, below: Normal) -> Normal:
        from ntm_rules.rulebook.normal import Surroundings, checked_layer

        checked = checked_layer(data, Surroundings(source, self.catalogue, {}, self.ids), below, {})
        if checked.problems and checked.normal is not None and checked.read.keeps_numbers:
            # What does not fit the ruleset is said beside what is wrong with the file itself.
            fitting = {"set_thresholds": [change for change in checked.normal["set_thresholds"] if change]}
            try:
                apply_layer(below, checked.normal | fitting, source)
            except RulebookError as error:
                checked = attrs.evolve(checked, problems=(*checked.problems, *error.problems))
        return checked.taken()

    # -- files in normal form

    def _source(self, path: str) -> str:
        return str(self.directory / path)

    def _bytes(self, path: str) -> bytes:
        try:
            return (self.directory / path).read_bytes()
        except OSError as error:
            raise RulebookError([unreadable(self._source(path), error)]) from None

    def _evidence_path(self, path: str) -> Path:
        return self.directory / "evidence" / Path(path).with_suffix(".csv")

    def _digest(self) -> str:
        """One hash of every file that says something, with its name."""
        digest = hashlib.sha256()
        files = [*self.directory.rglob("*.yaml"), *(self.directory / "evidence").rglob("*.csv")]
        for path in sorted(path for path in files if not path.name.endswith(_BESIDE)):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(self.directory).as_posix()} {len(content)} ".encode())
            digest.update(content)
        return digest.hexdigest()

    def _read_normal(self, path: str) -> Normal:
        """The normal form of a ruleset's or layer's file."""
        found: Normal | None = self._compiled.get(path)
        if found is None:
            from ntm_rules.rulebook.normal import Surroundings, checked_layer, checked_ruleset

            phase, *folders = path.split("/")
            target = path.removesuffix(".yaml") if len(folders) == 1 else f"{phase}/{folders[-2]}"
            data, (evidence, problems) = self._bytes(path), self._evidence(path)
            place = Surroundings(self._source(path), self.catalogue, evidence, self.ids)
            if len(folders) == 1:
                checked = checked_ruleset(data, place, {"ruleset": target})
            elif folders[0] == "amendments":
                below = self._normal(f"{target}.yaml")
                checked = checked_layer(data, place, below, {"of": target, "kind": "amendment"})
            else:
                expected = {"of": target, "kind": "province", "province": folders[1]}
                checked = checked_layer(data, place, self._amended(target), expected)
            found = attrs.evolve(checked, problems=(*problems, *checked.problems)).taken()
        return found

    def _evidence(self, path: str) -> tuple[EvidenceRows, tuple[Problem, ...]]:
        """The evidence of a document, or what is wrong with it: the document is checked all the same."""
        from ntm_rules.rulebook.normal import read_evidence

        evidence_path = self._evidence_path(path)
        try:
            return (read_evidence(evidence_path) if evidence_path.is_file() else {}), ()
        except RulebookError as error:
            return {}, error.problems

    def compiled(self) -> dict[str, Any]:
        """Every file in normal form, and the hash of all of them, as `compiled.json` holds it."""
        paths = [f"{ruleset_id}.yaml" for ruleset_id in self.ids]
        for ruleset_id in self.ids:
            paths += self.layer_paths(ruleset_id, None)
            for province in self.provinces_with_overlay(ruleset_id):
                paths += [path for path in self.layer_paths(ruleset_id, province) if "/provinces/" in path]
        documents: dict[str, Any] = {path: self._normal(path) for path in paths}
        if self._own("facts.yaml") and self._own("regions.yaml"):
            documents["facts.yaml"] = self._normal_catalogue
        documents["rulebook.yaml"] = list(self.name_and_version)
        return {"sha256": self._digest(), "documents": documents}


def unknown_ruleset(ruleset_id: Any, known: Sequence[str], source: str | None = None) -> UnknownNameError:
    """The error of a ruleset that is not one of those known."""
    names = ", ".join(known)
    problem = Problem(
        code="unknown_ruleset",
        source=source,
        found=shown(ruleset_id),
        wanted=Text(names, names) if names else None,
        nearest=nearest(ruleset_id, known),
        message=Text("không có bộ tiêu chí này", "no such ruleset"),
    )
    return UnknownNameError([problem])


def _overlay_data(overlay: Overlay) -> tuple[str, Content]:
    """An overlay's name for messages, and its content."""
    if isinstance(overlay, Mapping):
        return name_of(overlay.get("layer", "overlay")), overlay
    try:
        return str(overlay), Path(overlay).read_bytes()
    except (OSError, ValueError, TypeError) as error:
        raise RulebookError([unreadable(name_of(overlay), error)]) from None


def _layer_target(data: Content, source: str, ids: tuple[str, ...]) -> str:
    """The ruleset a layer says it changes; RulebookError where it names none that exists."""
    from ntm_rules.rulebook.documents import LayerDocument
    from ntm_rules.rulebook.reading import read_leniently
    from ntm_rules.rulebook.yaml_text import line_of

    tree = _layer_tree(data, source)
    target = tree.get("of") if isinstance(tree, Mapping) else None
    if target not in ids:
        names = ", ".join(ids)
        form = [p for p in read_leniently(data, source, LayerDocument).problems if p.key != "of"]
        raise RulebookError(
            [
                *form,
                Problem(
                    code="unknown_ruleset",
                    source=source,
                    line=line_of(tree, ("of",)),
                    key="of",
                    found=shown(target),
                    wanted=Text(names, names),
                    nearest=nearest(target, ids),
                    message=Text(
                        "lớp này không nói nó sửa bộ tiêu chí nào có ở đây", "the layer names no ruleset that is here"
                    ),
                ),
            ]
        )
    return str(target)


def _layer_tree(data: Content, source: str) -> Any:
    from ntm_rules.rulebook.yaml_text import read_tree

    return data if isinstance(data, Mapping) else read_tree(data, source).root


def _unused(data: Content, source: str, target: str, chain: Sequence[str]) -> Problem:
    """What is wrong with a layer of another ruleset than those loaded."""
    from ntm_rules.rulebook.yaml_text import line_of

    names = ", ".join(dict.fromkeys(chain))
    return Problem(
        code="unused_layer",
        source=source,
        line=line_of(_layer_tree(data, source), ("of",)),
        key="of",
        found=target,
        wanted=Text(names, names),
        message=Text(
            f"lớp này sửa bộ tiêu chí khác, không phải {chain[0]} hay bộ mà nó dựa vào",
            f"the layer is of another ruleset, not of {chain[0]} or one that it rests on",
        ),
    )


@functools.cache
def rulebook(directory: Path) -> Rulebook:
    """The rulebook of a directory, read once a process."""
    return Rulebook(directory)


def rulebooks(source: str | Path | None = None) -> Iterator[Rulebook]:
    """The rulebooks to look in, one after another: that of `source`, or the shipped one and those that packages bring."""
    if source is not None:
        yield Rulebook(source)
        return
    yield rulebook(shipped())
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINTS):
        yield rulebook(_directory_of(entry))


def _directory_of(entry: EntryPoint) -> Path:
    """The directory that an installed package names; RulebookError, naming the package, where it names none."""
    try:
        place = entry.load()
        place = place() if callable(place) else place
    except Exception as error:  # whatever an installed package does wrong, it is to be named
        message = Text("gói cài thêm không đưa ra được bộ quy tắc", "an installed package brings no rulebook")
        said = original(f"{type(error).__name__}: {error}")
        raise _bad_entry_point(entry, message, f"{entry.value}; {said}") from error
    if isinstance(place, ModuleType):
        message = Text("điểm vào trỏ đến một gói (mô-đun) Python", "the entry point names a Python package or module")
        raise _bad_entry_point(entry, message, entry.value)
    if not isinstance(place, (str, os.PathLike)):
        kind = type(place).__name__
        message = Text(f"điểm vào không cho đường dẫn mà cho {kind}", f"the entry point gives no path but {kind}")
        raise _bad_entry_point(entry, message, entry.value)
    directory = Path(os.fsdecode(place))
    if not directory.is_dir():
        message = Text("điểm vào trỏ đến thư mục không có", "the entry point names a directory that is not there")
        raise _bad_entry_point(entry, message, f"{entry.value} → {directory}")
    return directory


def _bad_entry_point(entry: EntryPoint, message: Text, found: str) -> RulebookError:
    package = entry.dist.name if entry.dist is not None else None
    problem = Problem(
        code="bad_entry_point",
        source=f"{package} ({ENTRY_POINTS})" if package else ENTRY_POINTS,
        key=entry.name,
        found=found,
        message=message,
        wanted=Text(
            "đường dẫn thư mục có rulebook.yaml, hoặc hàm trả về đường dẫn đó (GÓI:TÊN)",
            "the path of a directory with a rulebook.yaml, or a function that gives it (PACKAGE:NAME)",
        ),
    )
    return RulebookError([problem])


def compile_rulebook(directory: str | Path) -> str:
    """The text of a rulebook's `compiled.json`."""
    return json.dumps(Rulebook(directory).compiled(), ensure_ascii=False, separators=(",", ":"))
