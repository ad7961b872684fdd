"""The corpus folder: where everything lies, read to typed records a document at a time, and written without loss.

Documents are indexed by id, offset and length, so that memory does not grow with their content.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from krisc.config import Config
from krisc.findings import Finding, KriscError, Place
from krisc.form import Form
from krisc.layers import Layer, Layers, inconsistencies
from krisc.model import AnnotationFile, Annotator, DocumentRecord, RegisterEntry, Retraction, Sources
from krisc.reading import decode_file, parse_json, read_bytes, read_json, read_lines, read_toml, relative
from krisc.schemas import annotation_schema, fixed, review_schema
from krisc.spans import Stretch
from krisc.tokens import token_arrays

if TYPE_CHECKING:
    from krisc.tokens import Offsets

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a document's metadata stands in ``documents.jsonl``: line from 1, offset and length in bytes."""

    id: str
    line: int
    offset: int
    length: int
    incident: str
    sha256: str


@dataclass(frozen=True)
class Document:
    """One document with all that is known of it; lives as long as the document is worked on."""

    record: DocumentRecord
    line: int
    data: bytes
    text: str
    gold: AnnotationFile | None
    passes: tuple[AnnotationFile, ...]
    sources: Sources | None = None

    @cached_property
    def current(self) -> tuple[AnnotationFile, ...]:
        """The passes by the newest version of the guidelines that any pass had: those that are compared and merged."""
        newest = max((version_key(one.guidelines) for one in self.passes), default=())
        return tuple(one for one in self.passes if version_key(one.guidelines) == newest)

    @cached_property
    def token_arrays(self) -> Offsets:
        """Starts and ends of the tokens of the whole text, in code points, as arrays."""
        return token_arrays(self.text)

    @cached_property
    def tokens(self) -> tuple[list[int], list[int]]:
        """The same as lists."""
        starts, ends = self.token_arrays
        return starts.tolist(), ends.tolist()

    def tokens_in(self, unit: Stretch) -> tuple[int, int]:
        """The tokens of a unit as a half-open range of their numbers; units fall on token boundaries."""
        return bisect_left(self.tokens[0], unit[0]), bisect_left(self.tokens[0], unit[1])


@lru_cache(maxsize=1)
def _opened(root: Path, _token: str) -> Corpus:
    return Corpus(root)


class Corpus:
    """A corpus folder. Reading its parts raises KriscError with findings when they are malformed.

    It pickles as its folder: a worker process opens it once, however often it is handed over.
    """

    def __init__(self, root: Path) -> None:
        self.token = uuid.uuid4().hex
        self.root = root.resolve()
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
    def index(self) -> tuple[Entry, ...]:
        """All documents, sorted by id whatever the order of ``documents.jsonl``."""
        entries: list[Entry] = []
        findings: list[Finding] = []
        path = self.dataset / "documents.jsonl"
        for line, offset, length, value, found in read_lines(path, self.root, Form(fixed("documents"))):
            findings += found
            if value is not None:
                entries.append(Entry(value["id"], line, offset, length, value["incident"], value["sha256"]))
        if findings:
            raise KriscError(findings)
        return tuple(sorted(entries, key=lambda e: (e.id, e.line)))

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
        return sorted((self.annotations / "passes").glob(f"*/{document}.json"))

    def sources_path(self, document: str) -> Path:
        """Where stands what a composed document was composed from."""
        return self.dataset / "sources" / f"{document}.json"

    def read_sources(self, document: str) -> Sources | None:
        """What a composed document was composed from; None when nothing says so.

        Raises:
            KriscError: every finding about the file's form.
        """
        path = self.sources_path(document)
        return msgspec.convert(read_json(path, self.root, Form(fixed("sources"))), Sources) if path.exists() else None

    def annotation_paths(self) -> Iterator[Path]:
        """Every annotation file there is, gold first."""
        yield from sorted((self.annotations / "gold").glob("*.json"))
        yield from sorted((self.annotations / "passes").glob("*/*.json"))

    def kind_of(self, path: Path) -> str:
        """Whether an annotation file is ``gold`` or a ``pass``."""
        return "pass" if path.parent.parent.name == "passes" else "gold"

    def read_annotations(self, path: Path, *, as_written: bool = False) -> AnnotationFile:
        """One annotation file; a former id of the entity register is read as the one that took its place.

        Args:
            path: the file.
            as_written: whether former ids stay as they stand in the file.

        Raises:
            KriscError: every finding about the file's form.
        """
        value = read_json(path, self.root, self.forms[self.kind_of(path)])
        for listed in value["layers"].values() if self.former and not as_written else ():
            for one in listed:
                if one.get("entity") in self.former:
                    one["entity"] = self.former[one["entity"]]
        return msgspec.convert(value, AnnotationFile)

    def read_record(self, entry: Entry) -> DocumentRecord:
        """The metadata of a document, read from its place in ``documents.jsonl``."""
        path = self.dataset / "documents.jsonl"
        with path.open("rb") as stream:
            stream.seek(entry.offset)
            line = decode_file(stream.read(entry.length), self.name(path))
        value = parse_json(line, self.name(path), record=entry.line)
        return msgspec.convert(value, DocumentRecord)

    def read_document(self, entry: Entry) -> tuple[Document | None, list[Finding]]:
        """One document with its text, gold and passes, and what is wrong with the form of its files."""
        findings: list[Finding] = []
        record = self.read_record(entry)
        path = self.raw_path(entry.id)
        if not path.exists():
            place = Place("dataset/documents.jsonl", pointer="/id", record=entry.line)
            return None, [Finding("text-missing", place, {"file": self.name(path)}, document=entry.id)]
        try:
            data = read_bytes(path, self.name(path))
            text = decode_file(data, self.name(path))
        except KriscError as error:
            return None, list(error.findings)
        files: list[AnnotationFile | None] = []
        gold = self.gold_path(entry.id)
        for one in [gold, *self.pass_paths(entry.id)]:
            try:
                files.append(self.read_annotations(one) if one is not gold or gold.exists() else None)
            except KriscError as error:
                files.append(None)
                findings += error.findings
        passes = tuple(f for f in files[1:] if f is not None)
        sources = None
        try:
            sources = self.read_sources(entry.id)
        except KriscError as error:
            findings += error.findings
        return Document(record, entry.line, data, text, files[0], passes, sources), findings


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """What versions are ordered by: number by number, so that 0.10 comes after 0.9; words come before numbers."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in version.split("."))


def sha256(data: bytes) -> str:
    """SHA-256 in lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_manifest(path: Path, type_: type[T]) -> T:
    """The ``release.json`` of a release, as a record.

    Raises:
        KriscError: it cannot be read, is not JSON, or has not the fields of the record.
    """
    name = "/".join(path.parts[-4:])
    value = parse_json(decode_file(read_bytes(path, name), name), name)
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        data: dict[str, object] = {
            "found": str(error),
            "wanted": "the figures of a release, as krisc compile writes them",
        }
        raise KriscError([Finding("schema-violation", Place(name), data)]) from None


def write_atomically(path: Path, data: bytes) -> bool:
    """Write a file whole or not at all: temporary file in the same folder, flush to disk, rename.

    Returns whether anything changed; a file that has these bytes already is left alone.

    Raises:
        KriscError: ``output-unwritable``; the old file is untouched.
    """
    try:
        if path.exists() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from None
    return True


def unwritable(path: Path, error: OSError) -> KriscError:
    """The finding for a place that cannot be written to."""
    return KriscError([Finding("output-unwritable", Place(str(path)), {"reason": error.strerror or str(error)})])
