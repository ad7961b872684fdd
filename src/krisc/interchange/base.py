"""What all formats share: a document as a format holds it, and the report of what could not be carried."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

from krisc.findings import Finding, KriscError, Place
from krisc.layers import Layer, Layers
from krisc.model import Annotation, AnnotationFile, Segment
from krisc.reading import decode_file, read_bytes, relative
from krisc.store import Corpus
from krisc.text import UTF8_BOM

SHOWN = 10_000  # of each loss that are listed; beyond, only the number is kept
MAX_TEXT = 10_000_000  # code points of one document
METADATA = ("title", "publisher", "url", "published", "language", "rights")


class InterchangeError(Exception):
    """A file that is not what its format says: file, line (from 1, 0 when there is none) and what was found."""

    def __init__(self, file: str, line: int, found: str) -> None:
        super().__init__(found)
        self.file = file
        self.line = line
        self.found = found


@dataclass
class Incoming:
    """One document as a format holds it: offsets as the format has them, quotes empty where it has none.

    ``metadata`` has those of ``METADATA`` that the source states;
    ``register`` has the names and types of entities that chains refer to, by id.
    """

    name: str
    text: str
    layers: dict[str, list[Annotation]] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    register: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Outgoing:
    """One document to be written: its id, metadata, text and gold annotation."""

    id: str
    title: str
    text: str
    file: AnnotationFile
    layers: Layers
    names: dict[str, str] = field(default_factory=dict)  # of the entity register, by id
    metadata: dict[str, str] = field(default_factory=dict)  # as of Incoming, what is known of it

    def by_id(self) -> dict[str, Annotation]:
        """The annotations by id."""
        return {a.id: a for listed in self.file.layers.values() for a in listed}

    def of_kind(self, *kinds: str) -> Iterator[tuple[Layer, Annotation]]:
        """The annotations of all layers of some kinds, each with its layer."""
        for name, layer in self.layers.items():
            if layer.kind in kinds:
                yield from ((layer, a) for a in self.file.layers.get(name, ()))


@dataclass
class Report:
    """What a conversion could not carry: counts and examples of each loss, and what was kept aside."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    aside: list[dict[str, Any]] = field(default_factory=list)
    conventions: list[dict[str, Any]] = field(default_factory=list)
    documents: int = 0
    annotations: int = 0

    def lose(self, what: str, where: str, number: int = 1) -> None:
        """Count a loss, and keep where it was."""
        if number:
            self.counts[what] = self.counts.get(what, 0) + number
            listed = self.examples.setdefault(what, [])
            if len(listed) < SHOWN:
                listed.append(where)

    def put_aside(self, document: str, annotation: Annotation, reason: str) -> None:
        """Keep an annotation that could not be placed, whole."""
        import msgspec  # noqa: PLC0415 - seldom needed

        kept = {"document": document, "reason": reason, "annotation": msgspec.to_builtins(annotation)}
        self.aside.append(kept)


class Format(Protocol):
    """A module that reads and writes a format."""

    def read(self, path: Path, report: Report) -> Iterator[Incoming]:
        """The documents in a file or folder."""

    def write(self, corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
        """Write documents to a new file or folder."""


class Utf16:
    """Offsets of a text in UTF-16 code units, as Java and JavaScript count, and in code points."""

    def __init__(self, text: str) -> None:
        self.starts = list(accumulate((1 + (c > "\uffff") for c in text), initial=0))

    def units(self, point: int) -> int:
        """An offset in code points as UTF-16 code units."""
        return self.starts[point]

    def point(self, units: int) -> int:
        """An offset in UTF-16 code units as code points; one beyond the text stays as far beyond it."""
        return bisect_right(self.starts, units) - 1 + max(0, units - self.starts[-1])


def files_in(path: Path, *suffixes: str) -> list[Path]:
    """The file, or every file of a folder with one of some suffixes (any, when none is given), sorted by name.

    A link that leads out of the folder is passed over: what it points at was not given to be read.
    """
    if not path.is_dir():
        return [path]
    inside = path.resolve()
    return sorted(
        p
        for p in path.rglob("*")
        if p.is_file() and (not suffixes or p.suffix in suffixes) and p.resolve().is_relative_to(inside)
    )


def library(name: str, extra: str) -> Any:  # noqa: ANN401 - a module that has no types
    """A library that reads or writes a format, imported now.

    Raises:
        KriscError: ``extra-missing``, when it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise KriscError([Finding("extra-missing", Place(""), {"library": name, "extra": extra})]) from None


def quoted(text: str, stretches: Sequence[tuple[int, int]]) -> tuple[Segment, ...]:
    """Segments with their words, where the offsets lie in the text."""
    return tuple(Segment(start, end, text[max(0, start) : max(0, end)]) for start, end in stretches)


def too_long(length: int, name: str = "") -> str:
    """What is told of a text that is too long."""
    return f"a document of {length:,} characters{name and f' ({name})'}; {MAX_TEXT:,} are the most"


def bounded(text: str) -> str:
    """A text from outside, before anything is counted in it.

    Raises:
        ValueError: it is longer than a document may be.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(too_long(len(text)))
    return text


def annotated_text(path: Path, root: Path) -> str:
    """The text of a file that offsets point into; a byte order mark stays its first character, as most tools count.

    Raises:
        KriscError: the file cannot be read or is not a raw text.
    """
    name = relative(path, root)
    data = read_bytes(path, name)
    mark = "\ufeff" if data.startswith(UTF8_BOM) else ""
    return mark + decode_file(data.removeprefix(UTF8_BOM), name)


def slug(name: str) -> str:
    """A name as a document id: lower-case letters, digits, dots, hyphens and underscores."""
    made = re.sub(r"[^a-z0-9._-]+", "-", name.casefold()).strip("-._")
    return made[:90].rstrip("-._") or "document"


def lose_provenance(document: Outgoing, report: Report) -> None:
    """Count what no other format has: who made an annotation and how it was decided."""
    number = sum(len(listed) for listed in document.file.layers.values())
    report.lose("who made an annotation, how it was decided, and its id", document.id, number)


def lose_layer(document: Outgoing, kinds: Sequence[str], what: str, report: Report) -> None:
    """Count all annotations of layers that a format has no place for."""
    report.lose(what, document.id, sum(1 for _ in document.of_kind(*kinds)))
