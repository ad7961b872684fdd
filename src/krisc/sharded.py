"""Shards of a corpus: ``dataset/shards/<name>.jsonl``, with a whole document in each line, as an object.

``document`` has what a line of ``documents.jsonl`` has, ``text`` the text, ``gold`` and each of ``passes`` what an
annotation file has, ``sources`` what a file of sources has. Inside the program the parts go by the names that their
files would have; ``relocate`` gives findings their true place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path

import msgspec

from krisc.document import Parts
from krisc.files import sha256
from krisc.findings import Finding, KriscError, Place
from krisc.form import Form
from krisc.glance import quotes
from krisc.index import LIST, Entry
from krisc.jsontext import positions, within_string
from krisc.reading import decode_file, line_value, lines_of, parse_json
from krisc.schemas import fixed


class _Line(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    document: msgspec.Raw
    text: str
    gold: msgspec.Raw = msgspec.Raw()
    passes: tuple[msgspec.Raw, ...] = ()
    sources: msgspec.Raw = msgspec.Raw()


class _Who(msgspec.Struct):
    id: str
    incident: str
    sha256: str


class _Head(msgspec.Struct):
    document: _Who


class _Annotator(msgspec.Struct):
    annotator: str = ""


_line = msgspec.json.Decoder(_Line).decode
_head = msgspec.json.Decoder(_Head).decode
_annotator = msgspec.json.Decoder(_Annotator).decode
_encode = msgspec.json.Encoder().encode


def entries_of(path: Path, name: str, form: Form) -> Iterator[Entry]:
    """Yield every document of a shard, or of ``documents.jsonl``.

    Raises:
        KriscError: the file cannot be read; or, at its end, everything that is wrong with the form of its lines.
    """
    findings: list[Finding] = []
    for entry, found in heads(path, name, form):
        findings += found
        if entry is not None:
            yield entry
    if findings:
        raise KriscError(findings)


def heads(path: Path, name: str, form: Form) -> Iterator[tuple[Entry | None, tuple[Finding, ...]]]:
    """Yield every document of a shard, or of ``documents.jsonl``, or what is wrong with the form of its line.

    Args:
        path: the file.
        name: the file as findings name it.
        form: the schema of a document's metadata.

    Raises:
        KriscError: the file cannot be read.
    """
    make = _listed if name == LIST else _entry
    offset = 0
    for number, data in enumerate(lines_of(path, name), start=1):
        if data.strip():
            yield make(data, name, number, offset, form)
        offset += len(data)


def _listed(data: bytes, name: str, number: int, offset: int, form: Form) -> tuple[Entry | None, tuple[Finding, ...]]:
    value, findings = line_value(data, name, number, form)
    if value is None:
        return None, findings
    digest = sha256(data)
    return Entry(value["id"], number, offset, len(data), value["incident"], value["sha256"], name, digest), ()


def _entry(data: bytes, name: str, number: int, offset: int, form: Form) -> tuple[Entry | None, tuple[Finding, ...]]:
    who = _who(data)
    if who is None:
        try:
            value = _checked(data, name, number)
        except KriscError as error:
            return None, error.findings
        if told := tuple(form.findings(value["document"], name, number)):
            return None, tuple(_in(finding, "/document") for finding in told)
        who = msgspec.convert(value["document"], _Who)
    return Entry(who.id, number, offset, len(data), who.incident, who.sha256, name, sha256(data)), ()


def _who(data: bytes) -> _Who | None:
    """Whose line it is, if that is beyond doubt."""
    try:
        who = _head(data).document
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return who if _form_of_who().screen.is_valid(msgspec.to_builtins(who)) else None


@cache
def _form_of_who() -> Form:
    properties = fixed("documents")["properties"]
    return Form({"type": "object", "properties": {name: properties[name] for name in _Who.__struct_fields__}})


def open_line(data: bytes, entry: Entry) -> Parts:
    """The parts of a document, from its line.

    Raises:
        KriscError: every finding about the form of the line; that of its parts is not looked at.
    """
    line = _accepted(data)
    if line is None:
        _checked(data, entry.file, entry.line)
        line = _line(data)
    names = Names(entry.id)
    passes = tuple((names.of_pass(number, bytes(one)), bytes(one)) for number, one in enumerate(line.passes))
    if len(names.passes) < len(passes):
        raise KriscError(_twice(passes, entry))
    return Parts(
        bytes(line.document),
        names.text,
        line.text.encode(),
        (names.gold, bytes(line.gold)) if line.gold else None,
        tuple(sorted(passes, key=lambda one: one[0].split("/"))),  # as the folders of annotators are
        (names.sources, bytes(line.sources)) if line.sources else None,
    )


def _accepted(data: bytes) -> _Line | None:
    """The line, if nothing in it is in doubt: see ``glance``, of whose reasons these are."""
    if b"\\u" in data:
        return None
    try:
        line = _line(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return line if quotes(_encode(line)) == quotes(data) else None


def _twice(passes: Sequence[tuple[str, bytes]], entry: Entry) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, (name, _) in enumerate(passes):
        first = seen.setdefault(name, number)
        if first != number:
            place, other = (Place(entry.file, pointer=f"/passes/{n}", record=entry.line) for n in (number, first))
            yield Finding("pass-duplicate", place, {"name": name.split("/")[2]}, entry.id, related=(other,))


def _checked(data: bytes, name: str, number: int) -> dict[str, object]:
    """A line as a value, strictly parsed and held to the schema of shards.

    Raises:
        KriscError: every finding about the form of the line.
    """
    form = Form(fixed("shards"))
    try:
        value: dict[str, object] = parse_json(decode_file(data, name), name, record=number)
    except KriscError as error:
        raise KriscError([replace(f, place=replace(f.place, record=number)) for f in error.findings]) from None
    if findings := tuple(form.findings(value, name, number)):
        raise KriscError(findings)
    return value


class Names:
    """The names that the parts of a document would have as files."""

    def __init__(self, document: str) -> None:
        self.text = f"dataset/raw/{document}.txt"
        self.gold = f"annotations/gold/{document}.json"
        self.sources = f"dataset/sources/{document}.json"
        self.document = document
        self.passes: dict[str, int] = {}

    def of_pass(self, number: int, data: bytes) -> str:
        """The name of a pass, by who made it."""
        try:
            annotator = _annotator(data).annotator
        except (msgspec.DecodeError, UnicodeDecodeError):
            annotator = ""
        name = f"annotations/passes/{annotator or number}/{self.document}.json"
        self.passes[name] = number
        return name


def relocate(findings: list[Finding], entry: Entry, line: bytes) -> list[Finding]:
    """Findings about the parts of a document with their places in the shard.

    Args:
        findings: what was found.
        entry: the document.
        line: its line.
    """
    names = Names(entry.id)
    try:
        for number, one in enumerate(_line(line).passes):
            names.of_pass(number, bytes(one))
    except (msgspec.DecodeError, UnicodeDecodeError):  # the findings are about the line itself
        return findings
    pointers = {names.text: "/text", names.gold: "/gold", names.sources: "/sources", LIST: "/document"}
    pointers |= {name: f"/passes/{number}" for name, number in names.passes.items()}
    parts = _Columns(line)

    def place(one: Place) -> Place:
        if one.file not in pointers:
            return one
        pointer = pointers[one.file]
        made = Place(entry.file, pointer=pointer + (one.pointer or ""), record=entry.line)
        if one.start is None and one.column is None:
            return made
        start = one.start if one.start is not None else (one.column or 1) - 1
        at = parts.text if pointer == "/text" else parts.value(pointer)
        return replace(made, start=at(start), end=at(max(start + 1, one.end or 0)))

    return [replace(f, place=place(f.place), related=tuple(map(place, f.related))) for f in findings]


class _Columns:
    """Where in a line what stands at a code point of its text, or of a value in it, does: from 0, in code points."""

    def __init__(self, line: bytes) -> None:
        self.line = line.decode(errors="replace")

    @cached_property
    def _positions(self) -> dict[str, tuple[int, int]]:
        return positions(self.line)

    def value(self, pointer: str) -> Callable[[int], int]:
        """The place of a code point of the value at a pointer."""
        begin, _ = self._positions.get(pointer, (0, 0))
        return lambda offset: begin + offset

    def text(self, offset: int) -> int:
        """The place of a code point of the text."""
        begin, end = self._positions["/text"]
        return begin + within_string(self.line[begin:end], offset)


def in_shard(entry: Entry, place: Place) -> Finding:
    """The finding about something that is done with files of a document that stands in a shard."""
    data: dict[str, object] = {"name": entry.id, "file": entry.file, "line": entry.line}
    return Finding("document-in-shard", place, data, entry.id)


def _in(finding: Finding, pointer: str) -> Finding:
    """A finding about a part of a line, with the pointer of the part before its own."""
    return replace(finding, place=replace(finding.place, pointer=f"{pointer}{finding.place.pointer or ''}"))
