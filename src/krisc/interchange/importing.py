"""Makes a corpus of another format's data: one that validates, compiles and loads with no further work."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from krisc.canonical import dumps
from krisc.files import sha256, unwritable
from krisc.findings import Finding, KriscError, Place
from krisc.interchange import FORMATS, load
from krisc.interchange.archives import unpacked
from krisc.interchange.base import MAX_TEXT, Incoming, InterchangeError, Report, slug, too_long
from krisc.interchange.doctor import place
from krisc.interchange.graph import rebuild
from krisc.interchange.infer import Inference, toml
from krisc.interchange.mapping import Renaming
from krisc.interchange.naming import Naming
from krisc.layers import Layer, Layers
from krisc.model import Annotation, AnnotationFile, Argument, Segment, Value
from krisc.store import Corpus
from krisc.validation import validate_corpus

ANNOTATOR = "imported"
REPORT = "import-report.json"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")


def import_corpus(
    name: str,
    path: Path,
    into: Path,
    *,
    repair: bool = False,
    schema: Path | None = None,
    mapping: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[Report, list[Finding]]:
    """Read a file or folder of another format into a new corpus.

    Args:
        name: a key of ``FORMATS``.
        path: the file or folder; a zip file stands for the folder in it.
        into: the folder of the new corpus, which must not be there or be empty.
        repair: whether offsets are put right by the convention that explains most spans of a document.
        schema: a corpus whose layers the data is held to; without one they are inferred.
        mapping: a TOML file that renames layers, labels, roles, attributes and values first.
        progress: called with the number of documents read.

    Returns:
        What was lost or kept aside, and the findings of the new corpus.

    Raises:
        KriscError: ``folder-not-empty``, ``output-unwritable``, ``file-unreadable`` or ``interchange-malformed``; then
            nothing is written.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise KriscError([Finding("folder-not-empty", Place(str(into)), {"folder": str(into)})])
    if not path.exists():
        raise KriscError([Finding("file-unreadable", Place(str(path)), {"reason": "there is no such file"})])
    layers = Corpus(schema).layers if schema else None
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=into.parent, prefix=f".{into.name}.partial-"))
    except OSError as error:
        raise unwritable(into, error) from None
    try:
        stage.chmod(0o755)
        with unpacked(path) as source:
            report = _Import(name, source, stage, repair, layers, Renaming(mapping) if mapping else None).run(progress)
        if schema:
            shutil.copytree(schema / "schema" / "layers", stage / "schema" / "layers", dirs_exist_ok=True)
        findings, _ = validate_corpus(Corpus(stage))
        if into.exists():
            into.rmdir()
        stage.rename(into)
    except InterchangeError as error:
        at = Place(error.file, line=error.line or None, column=1 if error.line else None)
        raise KriscError([Finding("interchange-malformed", at, {"format": name, "found": error.found})]) from None
    except OSError as error:
        raise unwritable(into, error) from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return report, findings


class _Import:
    def __init__(
        self, name: str, path: Path, stage: Path, repair: bool, layers: Layers | None, renaming: Renaming | None
    ) -> None:
        self.format, self.path, self.stage, self.repair = name, path, stage, repair
        self.layers, self.renaming = layers, renaming
        self.report = Report()
        self.inference = Inference()
        self.naming = Naming()
        self.first: dict[str, str] = {}  # document by the hash of its text
        self.ids: set[str] = set()
        self.languages: set[str] = set()
        self.register: dict[str, tuple[str, str]] = {}

    def run(self, progress: Callable[[int], None] | None) -> Report:
        for folder in ("dataset/raw", "annotations/gold", "schema/layers"):
            (self.stage / folder).mkdir(parents=True)
        with (self.stage / "dataset/documents.jsonl").open("w", encoding="utf-8", newline="") as listed:
            for incoming in load(self.format).read(self.path, self.report):
                if record := self._document(incoming):
                    listed.write(json.dumps(record, ensure_ascii=False) + "\n")
                    self.report.documents += 1
                    if progress:
                        progress(self.report.documents)
        if not self.report.documents:
            raise InterchangeError(str(self.path), 0, "it holds no document")
        if self.renaming:
            self.renaming.unused(self.report)
        self._layers()
        self._corpus()
        report = {key: value for key, value in asdict(self.report).items() if key != "examples" or value}
        (self.stage / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return self.report

    def _document(self, incoming: Incoming) -> dict[str, Any] | None:
        """Write the text and the annotations of a document; its metadata, or None when it has no usable text."""
        if len(incoming.text) > MAX_TEXT:
            raise InterchangeError(str(self.path), 0, too_long(len(incoming.text), incoming.name))
        incoming.name = incoming.name.encode(errors="replace").decode()  # a file name need not be UTF-8
        if incoming.text.startswith("\ufeff"):
            _shift(incoming, -1)
            self.report.lose("byte order marks, which no text has", incoming.name)
        if "\0" in incoming.text or re.search("[\ud800-\udfff]", incoming.text):
            self.report.lose("documents with characters that no text can hold", incoming.name)
            return None
        if self.renaming:
            self.renaming.apply(incoming, self.report)
        if self.layers is not None:
            incoming.layers = rebuild(incoming.layers, self.layers)
        _identify(incoming)
        place(incoming, self.report, repair=self.repair)
        if self.layers is None:
            self.naming.apply(incoming)
        _distinct(incoming, self.report)
        name = self._id(incoming.name)
        data = incoming.text.encode()
        digest = sha256(data)
        layers = {layer: tuple(map(_tidy, listed)) for layer, listed in incoming.layers.items()}
        self.inference.add(layers)
        self.report.annotations += sum(map(len, layers.values()))
        self.register |= incoming.register
        file = AnnotationFile(name, digest, "imported", layers, schema="../../schema/gold.schema.json")
        (self.stage / "dataset/raw" / f"{name}.txt").write_bytes(data)
        (self.stage / "annotations/gold" / f"{name}.json").write_bytes(msgspec.json.encode(file))
        about = incoming.metadata
        language = about.get("language", "und")
        self.languages.add(language)
        return {
            "id": name,
            "title": about.get("title") or incoming.name,
            "publisher": about.get("publisher") or "not stated by the source",
            "url": about.get("url", ""),
            "published": day[0] if (day := _DAY.match(about.get("published", ""))) else "",
            "captured": "",
            "language": language,
            "origin": "unknown",
            "rights": about.get("rights") or "Not stated by the source.",
            "incident": self.first.setdefault(digest, name),
            "sources": [f"imported from {self.format}: {incoming.name}"],
            "sha256": digest,
        }

    def _id(self, name: str) -> str:
        made, number = slug(name), 1
        while made in self.ids:
            number += 1
            made = f"{slug(name)}-{number}"
        self.ids.add(made)
        return made

    def _layers(self) -> None:
        """Write the layer files, and every annotation file in canonical form with its values by those layers."""
        made = self.inference.layers(FORMATS[self.format][1].partition(":")[0])
        if self.layers is None:
            for name, (_, text) in made.items():
                (self.stage / "schema/layers" / f"{name}.toml").write_text(text, encoding="utf-8", newline="")
        layers: Layers = self.layers if self.layers is not None else {name: layer for name, (layer, _) in made.items()}
        if not layers:
            raise InterchangeError(str(self.path), 0, "it holds no annotation")
        for path in sorted((self.stage / "annotations/gold").glob("*.json")):
            file = msgspec.json.decode(path.read_bytes(), type=AnnotationFile)
            cast = {
                name: tuple(self._linked(_cast(a, layers.get(name)), layers.get(name), file.document) for a in listed)
                for name, listed in {**dict.fromkeys(layers, ()), **file.layers}.items()
                if name in layers or listed
            }
            path.write_bytes(dumps(msgspec.structs.replace(file, layers=cast), layers).encode())

    def _linked(self, a: Annotation, layer: Layer | None, document: str) -> Annotation:
        """A chain without its entity where chains of its label have none as a rule."""
        if a.entity and layer and a.label in layer.labels and not layer.labels[a.label].register:
            self.report.lose("links to entities that only some chains of a label have", f"{document} {a.id}")
            return msgspec.structs.replace(a, entity="")
        return a

    def _corpus(self) -> None:
        """Write the files that say what the corpus is."""
        title = (
            self.path.stem.encode(errors="replace").decode().replace("_", " ").replace("-", " ") or "Imported corpus"
        )
        config = {
            "name": re.sub(r"[^a-z0-9-]+", "-", self.path.stem.casefold()).strip("-") or "imported",
            "title": title,
            "version": "0.1.0",
            "description": f"Imported from {self.format} data; what the source does not state is empty or unknown.",
            "homepage": "",
            "guidelines": "imported",
            "languages": sorted(self.languages),
            "licences": dict.fromkeys(("annotations", "texts", "code"), "Not stated by the source."),
            "citation": {"authors": ["Not stated by the source"], "released": "1970-01-01", "keywords": ["imported"]},
            "splits": {"train": 0.8, "validation": 0.1, "test": 0.1},
        }
        annotators = {ANNOTATOR: {"kind": "unknown", "name": "not stated by the source", "given": "not stated"}}
        entities = [
            {"id": id_, "type": type_, "name": name, "sources": [f"imported from {self.format}"]}
            for id_, (type_, name) in sorted(self.register.items())
        ]
        files = {
            "dataset/corpus.toml": toml(config),
            "annotations/annotators.toml": toml({"annotators": annotators}),
            "dataset/entities.jsonl": "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in entities),
        }
        for name, text in files.items():
            (self.stage / name).write_text(text, encoding="utf-8", newline="")


def _shift(incoming: Incoming, by: int) -> None:
    """Take characters off the beginning of the text, and move all spans with it."""

    def moved(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        return tuple(Segment(s.start + by, s.end + by, s.quote) for s in segments)

    incoming.text = incoming.text[-by:]
    for name, listed in incoming.layers.items():
        incoming.layers[name] = [
            msgspec.structs.replace(
                a,
                segments=moved(a.segments),
                trigger=moved(a.trigger),
                arguments=tuple(Argument(g.role, g.target, moved(g.segments)) for g in a.arguments),
            )
            for a in listed
        ]


def _identify(incoming: Incoming) -> None:
    """Give annotations ids that files may have, each once; who had a name first keeps what refers to it."""
    known: set[str] = set()
    names: dict[str, str] = {}
    for name, listed in incoming.layers.items():
        kept = []
        for a in listed:
            plain = re.sub(r"[^A-Za-z0-9_.-]", "-", a.id)
            made = plain = plain if plain[:1].isalnum() else f"T{plain}"
            number = 1
            while made in known:
                number += 1
                made = f"{plain}-{number}"
            known.add(made)
            names.setdefault(a.id, made)
            kept.append(msgspec.structs.replace(a, id=made))
        incoming.layers[name] = kept
    if all(old == new for old, new in names.items()):
        return
    for name, listed in incoming.layers.items():
        incoming.layers[name] = [
            msgspec.structs.replace(
                a,
                arguments=tuple(Argument(g.role, names.get(g.target, g.target), g.segments) for g in a.arguments),
                members=tuple(names.get(m, m) for m in a.members),
            )
            for a in listed
        ]


def _distinct(incoming: Incoming, report: Report) -> None:
    """Put aside annotations that say the same as one before them, and that nothing refers to."""
    used = {g.target for listed in incoming.layers.values() for a in listed for g in a.arguments}
    used |= {m for listed in incoming.layers.values() for a in listed for m in a.members}
    for name, listed in incoming.layers.items():
        seen: set[object] = set()
        kept = []
        for a in listed:
            key = (a.label, a.anchor, frozenset(a.arguments), a.members)
            if key in seen and a.id not in used:
                report.put_aside(incoming.name, a, "another annotation says the same")
                continue
            seen.add(key)
            kept.append(msgspec.structs.replace(a, arguments=tuple(dict.fromkeys(a.arguments))))
        incoming.layers[name] = kept


def _tidy(a: Annotation) -> Annotation:
    """The annotation with attributes that have a plain value, and the credit of an import."""
    attributes: dict[str, Value] = {}
    for name, value in a.attributes.items():
        if value is None or value == "":
            continue
        plain = value if isinstance(value, str | int | float | bool) else json.dumps(value, ensure_ascii=False)
        attributes[name] = plain
    return msgspec.structs.replace(a, attributes=attributes, by=(ANNOTATOR,), decided="single")


_READ: dict[str, Callable[[str], Value]] = {"integer": int, "number": float}


def _cast(a: Annotation, layer: Layer | None) -> Annotation:
    """Values as the layer's attributes have them, where they can be read so."""
    if layer is None:
        return a
    return msgspec.structs.replace(a, attributes=dict(_values(a, layer)))


def _values(a: Annotation, layer: Layer) -> Iterator[tuple[str, Value]]:
    for name, value in a.attributes.items():
        declared = layer.attributes.get(name)
        kind = declared.type if declared else ""
        if kind == "boolean" and value in ("true", "false"):
            yield name, value == "true"
        elif kind in _READ and isinstance(value, str):
            try:
                yield name, _READ[kind](value)
            except ValueError:
                yield name, value
        elif kind in ("enum", "string", "timex3", "reference") and not isinstance(value, str):
            yield name, json.dumps(value, ensure_ascii=False)
        else:
            yield name, value
