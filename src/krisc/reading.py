"""From bytes to values: one file, strictly decoded, parsed and held to its JSON Schema.

Every way in which a single file can be malformed ends here in a finding of the level ``form``.
"""

from __future__ import annotations

import datetime
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from krisc import jsontext
from krisc.findings import Finding, KriscError, Place
from krisc.form import Form
from krisc.text import TextError, decode

if TYPE_CHECKING:
    from upath import UPath

T = TypeVar("T")


def opened(where: str | Path | UPath) -> Path:
    """A place as a path: resolved if it is of this machine, and else one that does the same for an object store.

    Args:
        where: a path, or a URL such as ``s3://bucket/corpus``.

    Raises:
        KriscError: a store that nobody knows, or whose library is not installed.
    """
    if isinstance(where, Path) or "://" not in str(where):
        return Path(str(where)).resolve()
    from krisc.remote import remote  # noqa: PLC0415 - it is heavy, and seldom needed

    return remote(where)


def relative(path: Path, root: Path) -> str:
    """The path as findings name it: from the corpus folder, with forward slashes."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def names_in(folder: Path) -> list[str]:
    """The names of what is in a folder, sorted; none if it cannot be read."""
    if not isinstance(folder, Path):
        return list(folder.names())
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - for every document; paths would take three times as long
    except OSError:
        return []


def read_bytes(path: Path, name: str) -> bytes:
    """The bytes of a file.

    Raises:
        KriscError: ``file-unreadable``.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise KriscError([Finding("file-unreadable", Place(name), {"reason": error.strerror or str(error)})]) from None


def decode_file(data: bytes, name: str) -> str:
    """The text of a file's bytes.

    Raises:
        KriscError: ``not-utf8``, ``byte-order-mark`` or ``nul-character``.
    """
    try:
        return decode(data)
    except TextError as error:
        line = data.count(b"\n", 0, error.offset) + 1
        before = data[data.rfind(b"\n", 0, error.offset) + 1 : error.offset]
        column = len(before.decode("utf-8", errors="replace")) + 1
        place = Place(name, line=line, column=column)
        raise KriscError([Finding(error.finding, place, {"found": error.found, "offset": error.offset})]) from None


def read_text(path: Path, root: Path) -> str:
    """The raw text of a file, strictly decoded.

    Raises:
        KriscError: the file cannot be read or is not a raw text.
    """
    name = relative(path, root)
    return decode_file(read_bytes(path, name), name)


def parse_json(text: str, name: str, *, record: int | None = None, base: int = 0) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value, strictly parsed.

    Args:
        text: the JSON text.
        name: the file it stands in.
        record: the line of a JSON Lines file.
        base: offset of the text in the file, in code points.

    Raises:
        KriscError: one finding, with the place.
    """
    try:
        return jsontext.loads(text)
    except jsontext.JsonError as error:
        at = base + error.offset
        place = Place(name, start=at, end=at + 1, record=record)
        raise KriscError([Finding(error.finding, place, {"found": error.found})]) from None


class Decoder(Generic[T]):
    """Turns the bytes of a JSON value into a record: at once when they are right at a glance, else by a closer look."""

    def __init__(self, form: Form, type_: type[T]) -> None:
        self.form = form
        self.type = type_
        self._decode = msgspec.json.Decoder(type_).decode

    def decode(self, data: bytes, name: str, *, record: int | None = None) -> T:
        """The record.

        Args:
            data: the bytes.
            name: the file they stand in.
            record: the line of a JSON Lines file.

        Raises:
            KriscError: every finding about the form.
        """
        if self.form.accepts(data):
            return self._decode(data)
        value = parse_json(decode_file(data, name), name, record=record)
        if findings := tuple(self.form.findings(value, name, record)):
            raise KriscError(findings)
        return msgspec.convert(value, self.type)


def read_line(path: Path, offset: int, length: int) -> bytes:
    """A line of a file, which was there a moment ago."""
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read(length)


def read_json(path: Path, root: Path, form: Form) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON file held to its schema.

    Raises:
        KriscError: every finding about the file's form.
    """
    name = relative(path, root)
    value = parse_json(read_text(path, root), name)
    if findings := tuple(form.findings(value, name)):
        raise KriscError(findings)
    return value


def read_toml(path: Path, root: Path, form: Form) -> dict[str, Any]:
    """A TOML file held to its schema.

    Raises:
        KriscError: every finding about the file's form.
    """
    name = relative(path, root)
    text = read_text(path, root)
    try:
        value: dict[str, Any] = plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise KriscError([_toml_syntax(error, name, text)]) from None
    except RecursionError:
        raise KriscError([Finding("toml-syntax", Place(name), {"found": "nested too deep"})]) from None
    except jsontext.JsonError as error:
        raise KriscError([Finding(error.finding, Place(name), {"found": error.found})]) from None
    if findings := tuple(form.findings(value, name)):
        raise KriscError(findings)
    return value


def plain(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """A TOML value as JSON has it: dates as strings, whole numbers without a point, no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return jsontext.whole(value) if isinstance(value, float) else value


def _toml_syntax(error: tomllib.TOMLDecodeError, name: str, text: str) -> Finding:
    """``tomllib`` tells the place in its message only: "... (at line 3, column 7)"."""
    words, _, where = str(error).rpartition(" (at ")
    numbers = [int(n) for n in where.replace(",", " ").replace(")", " ").split() if n.isdigit()]
    line, column = [*numbers, 1][:2] if len(numbers) == 2 else (text.count("\n") + 1, 1)
    return Finding("toml-syntax", Place(name, line=line, column=column), {"found": words or str(error)})


def read_lines(path: Path, root: Path, form: Form) -> Iterator[tuple[int, int, int, Any | None, tuple[Finding, ...]]]:
    """Stream a JSON Lines file, one record at a time, each held to its schema.

    Yields ``(line, offset, length, value, findings)``; line counts from 1, offset and length are in bytes; ``value`` is
    None when the line has findings. Empty lines are passed over.

    Raises:
        KriscError: the file cannot be read.
    """
    name = relative(path, root)
    offset = 0
    for number, data in enumerate(lines_of(path, name), start=1):
        if data.strip():
            yield number, offset, len(data), *line_value(data, name, number, form)
        offset += len(data)


def lines_of(path: Path, name: str) -> Iterator[bytes]:
    """Yield the lines of a file, with their ends.

    Raises:
        KriscError: ``file-unreadable``.
    """
    try:
        with path.open("rb") as stream:
            yield from stream
    except OSError as error:
        raise KriscError([Finding("file-unreadable", Place(name), {"reason": error.strerror or str(error)})]) from None


def line_value(data: bytes, name: str, number: int, form: Form) -> tuple[Any | None, tuple[Finding, ...]]:
    """The value of a line of JSON Lines, or None with what is wrong with it."""
    if form.accepts(data):
        return msgspec.json.decode(data), ()
    try:
        value = parse_json(decode_file(data, name), name, record=number)
    except KriscError as error:
        at_line = (
            Finding(
                f.id, Place(name, start=f.place.start, end=f.place.end, record=number, column=f.place.column), f.data
            )
            for f in error.findings
        )
        return None, tuple(at_line)
    findings = tuple(form.findings(value, name, record=number))
    return (None if findings else value), findings
