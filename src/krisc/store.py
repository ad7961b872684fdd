"""The corpus folder: where everything lies, read to typed records a document at a time, and written without loss.

Documents are indexed by id, offset and length, so that memory does not grow with their content.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from krisc.config import Config
from krisc.document import Document, Opened, Parts
from krisc.findings import Finding, KriscError, Place
from krisc.form import Form
from krisc.index import LIST, Entry, Index
from krisc.jsontext import whole
from krisc.layers import Layer, Layers, inconsistencies
from krisc.memory import Memory
from krisc.model import AnnotationFile, Annotator, DocumentRecord, RegisterEntry, Retraction, Sources
from krisc.reading import (
    Decoder,
    decode_file,
    names_in,
    opened,
    read_bytes,
    read_json,
    read_line,
    read_lines,
    read_toml,
    relative,
)
from krisc.schemas import annotation_schema, fixed, review_schema
from krisc.sharded import entries_of, open_line

T = TypeVar("T")


@lru_cache(maxsize=1)
def _opened(root: Path, _token: str) -> Corpus:
    return Corpus(root)


class Corpus:
    """A corpus folder, of this machine or of an object store.

    Reading its parts raises KriscError with findings. It pickles as its folder, which a worker opens once.
    """

    def __init__(self, root: str | Path) -> None:
        self.token = uuid.uuid4().hex
        self.memory: Memory | None = None
        self.root = opened(root)
        self.dataset = self.root / "dataset"
        self.annotations = self.root / "annotations"
        self.releases = self.dataset / "releases"
        if not (self.dataset / "corpus.toml").is_file():
            raise KriscError([Finding("corpus-missing", Place(str(root)), {"folder": str(root)})])

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self.root, self.token)

    def name(self, path: Path) -> str:
        """A path as findings name it."""
        return relative(path, self.root)

    @cached_property
    def config(self) -> Config:
        """The identity of the corpus."""
        value = read_toml(self.dataset / "corpus.toml", self.root, Form(fixed("corpus")))
        return msgspec.convert(value, Config)

    @cached_property
    def layers(self) -> Layers:
        """The layers by name, in their declared order."""
        form = Form(fixed("layer"))
        found: list[Layer] = []
        files: dict[str, str] = {}
        findings: list[Finding] = []
        for path in sorted((self.root / "schema" / "layers").glob("*.toml")):
            try:
                layer = msgspec.convert(read_toml(path, self.root, form), Layer)
            except KriscError as error:
                findings += error.findings
                continue
            if layer.name in files:
                place = Place(self.name(path), pointer="/name")
                findings.append(Finding("layer-name-taken", place, {"name": layer.name}))
            files[layer.name] = self.name(path)
            found.append(layer)
        layers = {layer.name: layer for layer in sorted(found, key=lambda layer: (layer.order, layer.name))}
        if not findings and not layers:
            place = Place("schema/layers")
            findings.append(Finding("file-unreadable", place, {"reason": "there is no layer file"}))
        if findings := [*findings, *([] if findings else inconsistencies(layers, files))]:
            raise KriscError(findings)
        return layers

    def schema(self, kind: str) -> dict[str, Any]:
        """The JSON Schema of annotation files, ``gold``, ``pass`` or ``draft``, or of a line of a ``review``."""
        if kind == "review":
            return review_schema(self.layers, f"urn:{self.config.name}:schema", self.config.version)
        return annotation_schema(self.layers, f"urn:{self.config.name}:schema", self.config.version, kind=kind)

    @cached_property
    def forms(self) -> dict[str, Form]:
        """The schemas of annotation files, compiled."""
        return {kind: Form(self.schema(kind)) for kind in ("gold", "pass", "draft", "review")}

    @cached_property
    def decoders(self) -> dict[str, Decoder[Any]]:
        """What turns the bytes of the files of a document into records, by the kind of the file."""
        return {
            "gold": Decoder(self.forms["gold"], AnnotationFile),
            "pass": Decoder(self.forms["pass"], AnnotationFile),
            "record": Decoder(Form(fixed("documents")), DocumentRecord),
            "sources": Decoder(Form(fixed("sources")), Sources),
        }

    @cached_property
    def annotators(self) -> dict[str, Annotator]:
        """The annotators by id."""
        value = read_toml(self.annotations / "annotators.toml", self.root, Form(fixed("annotators")))
        return {name: msgspec.convert({"id": name, **one}, Annotator) for name, one in value["annotators"].items()}

    @cached_property
    def register_lines(self) -> tuple[tuple[int, RegisterEntry], ...]:
        """The entity register with the line of each entry."""
        path = self.dataset / "entities.jsonl"
        return tuple(self.read_records(path, Form(fixed("entities")), RegisterEntry))

    @cached_property
    def register(self) -> dict[str, RegisterEntry]:
        """The entity register by id."""
        return {entry.id: entry for _, entry in self.register_lines}

    @cached_property
    def former(self) -> dict[str, str]:
        """Ids that the register has given up, with those that took their place."""
        return {old: entry.id for _, entry in self.register_lines for old in entry.former}

    def read_records(self, path: Path, form: Form, type_: type[T]) -> list[tuple[int, T]]:
        """The records of a JSON Lines file, with the line of each.

        Raises:
            KriscError: every finding about the file's form.
        """
        records: list[tuple[int, T]] = []
        findings: list[Finding] = []
        for line, _, _, value, found in read_lines(path, self.root, form):
            findings += found
            if not found:
                records.append((line, msgspec.convert(value, type_)))
        if findings:
            raise KriscError(findings)
        return records

    @cached_property
    def index(self) -> Index:
        """All documents, sorted by id: those of ``documents.jsonl``, and of the shards in ``dataset/shards``."""
        return Index(self._entries())

    def _entries(self) -> Iterator[Entry]:
        shards = sorted((self.dataset / "shards").glob("*.jsonl"))
        listed = self.root / LIST
        findings: list[Finding] = []
        for path in [*([listed] if listed.exists() or not shards else []), *shards]:
            read = partial(entries_of, path, self.name(path), self.decoders["record"].form)
            try:
                yield from self.memory.entries(path, self.name(path), read) if self.memory else read()
            except KriscError as error:
                findings += error.findings
        if findings:
            raise KriscError(findings)

    @cached_property
    def pinned(self) -> dict[str, str]:
        """The split of every document ever released, by document id."""
        path = self.dataset / "splits.json"
        if not path.exists():
            return {}
        return dict(read_json(path, self.root, Form(fixed("splits")))["documents"])

    @cached_property
    def retractions(self) -> tuple[Retraction, ...]:
        """The documents that were released and left."""
        path = self.dataset / "retractions.jsonl"
        form = Form(fixed("retractions"))
        return tuple(one for _, one in self.read_records(path, form, Retraction)) if path.exists() else ()

    def raw_path(self, document: str) -> Path:
        """Where the raw text of a document lies."""
        return self.dataset / "raw" / f"{document}.txt"

    def gold_path(self, document: str) -> Path:
        """Where the gold annotation of a document lies."""
        return self.annotations / "gold" / f"{document}.json"

    def pass_paths(self, document: str) -> list[Path]:
        """Where the passes over a document lie."""
        folder = self.annotations / "passes"
        names = names_in(folder)
        return [path for name in names if (path := folder / name / f"{document}.json").is_file()]

    def paths_of(self, entry: Entry) -> list[Path]:
        """The files there are of a document, apart from the line it stands in."""
        paths = self._decided.get(entry.id, [])
        if entry.whole:
            return paths
        own = (self.raw_path(entry.id), self.gold_path(entry.id), self.sources_path(entry.id))
        return [*(path for path in own if path.is_file()), *self.pass_paths(entry.id), *paths]

    @cached_property
    def _decided(self) -> dict[str, list[Path]]:
        """The files of reviews and decisions by document."""
        found: dict[str, list[Path]] = {}
        for pattern in ("reviews/*.jsonl", "decisions/*.toml"):
            for path in sorted(self.annotations.glob(pattern)):
                found.setdefault(path.stem, []).append(path)
        return found

    def pass_bytes(self, entry: Entry | None, path: Path) -> bytes | None:
        """The bytes of a pass, by where it lies or would lie as a file; None when there is none."""
        if entry is None or not entry.whole:
            return path.read_bytes() if path.is_file() else None
        parts = open_line(read_line(self.root / entry.file, entry.offset, entry.length), entry)
        return dict(parts.passes).get(self.name(path))

    def sources_path(self, document: str) -> Path:
        """Where stands what a composed document was composed from."""
        return self.dataset / "sources" / f"{document}.json"

    def annotation_paths(self) -> Iterator[Path]:
        """Every annotation file there is, gold first."""
        yield from sorted((self.annotations / "gold").glob("*.json"))
        yield from sorted((self.annotations / "passes").glob("*/*.json"))

    def read_annotations(self, path: Path, *, as_written: bool = False) -> AnnotationFile:
        """One annotation file; a former id of the entity register is read as the one that took its place.

        Args:
            path: the file, of gold or of a pass.
            as_written: whether former ids stay as they stand in the file.

        Raises:
            KriscError: every finding about the file's form.
        """
        name, kind = self.name(path), "pass" if path.parent.parent.name == "passes" else "gold"
        return self._annotations(read_bytes(path, name), name, kind, as_written=as_written)

    def _annotations(self, data: bytes, name: str, kind: str, *, as_written: bool = False) -> AnnotationFile:
        file: AnnotationFile = self.decoders[kind].decode(data, name)
        self._make_whole(file)
        if as_written or not self.former:
            return file
        changed = {
            layer: tuple(msgspec.structs.replace(a, entity=self.former.get(a.entity, a.entity)) for a in listed)
            for layer, listed in file.layers.items()
            if any(a.entity in self.former for a in listed)
        }
        if not changed:
            return file
        return msgspec.structs.replace(file, layers=file.layers | changed)

    def _make_whole(self, file: AnnotationFile) -> None:
        """Make integers of attributes that are whole numbers: 1.0 is 1 in JSON Schema."""
        for layer, names in self._numbers:
            for a in file.layers.get(layer, ()):
                for name in names:
                    value = a.attributes.get(name)
                    if isinstance(value, float):
                        a.attributes[name] = whole(value)

    @cached_property
    def _numbers(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The layers with attributes that are numbers, and these."""
        found = {n: tuple(k for k, a in x.attributes.items() if a.type == "number") for n, x in self.layers.items()}
        return tuple((name, numbers) for name, numbers in found.items() if numbers)

    def read_record(self, entry: Entry) -> DocumentRecord:
        """The metadata of a document, read from its place in its file."""
        line = read_line(self.root / entry.file, entry.offset, entry.length)
        if entry.whole:
            line = open_line(line, entry).record
        record: DocumentRecord = self.decoders["record"].decode(line, entry.file, record=entry.line)
        return record

    def open_document(self, entry: Entry) -> Opened:
        """A document's metadata and text, and the bytes of all else.

        Raises:
            KriscError: every finding about the form of its line, its metadata or its text.
        """
        parts = self._parts(entry)
        text = decode_file(parts.text, parts.text_name)
        return Opened(entry, parts, self.decoders["record"].decode(parts.record, LIST, record=entry.line), text)

    def read_document(self, entry: Entry, opened: Opened | None = None) -> tuple[Document | None, list[Finding]]:
        """One document with its text, gold and passes, and what is wrong with the form of its files."""
        try:
            opened = opened or self.open_document(entry)
        except KriscError as error:
            return None, list(error.findings)
        parts, findings = opened.parts, list[Finding]()

        def read(kind: str, name: str, content: bytes) -> Any:  # noqa: ANN401 - a record of the kind
            try:
                if kind == "sources":
                    return self.decoders[kind].decode(content, name)
                return self._annotations(content, name, kind)
            except KriscError as error:
                findings.extend(error.findings)
                return None

        gold = read("gold", *parts.gold) if parts.gold else None
        passes = [(name, file) for name, one in parts.passes if (file := read("pass", name, one))]
        names, files = zip(*passes, strict=True) if passes else ((), ())
        sources = read("sources", *parts.sources) if parts.sources else None
        made = Document(opened.record, entry.line, parts.text, opened.text, gold, files, sources, names)
        return made, findings

    def _parts(self, entry: Entry) -> Parts:
        """The bytes of everything that is known of a document.

        Raises:
            KriscError: ``text-missing``, or a file cannot be read.
        """
        line = read_line(self.root / entry.file, entry.offset, entry.length)
        if entry.whole:
            return open_line(line, entry)
        path, gold, sources = self.raw_path(entry.id), self.gold_path(entry.id), self.sources_path(entry.id)
        if not path.exists():
            data: dict[str, object] = {"file": self.name(path)}
            raise KriscError([Finding("text-missing", entry.place("/id"), data, document=entry.id)])

        def read(one: Path) -> tuple[str, bytes]:
            name = self.name(one)
            return name, read_bytes(one, name)

        return Parts(
            line,
            *read(path),
            read(gold) if gold.exists() else None,
            tuple(read(one) for one in self.pass_paths(entry.id)),
            read(sources) if sources.exists() else None,
        )
