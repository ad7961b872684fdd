"""Gives findings their lines and columns: from JSON pointers, TOML keys and offsets to places a person can go to."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from krisc.findings import Finding, KriscError, Place
from krisc.jsontext import positions
from krisc.text import Lines


@lru_cache(maxsize=8)
def _lines(path: Path) -> Lines | None:
    try:
        return Lines(path.read_bytes().decode("utf-8", errors="replace"))
    except OSError:
        return None


@lru_cache(maxsize=8)
def _positions(path: Path) -> dict[str, tuple[int, int]]:
    lines = _lines(path)
    return positions(lines.text) if lines else {}


def forget() -> None:
    """Forget the files that were read, so that changed ones are read anew."""
    _lines.cache_clear()
    _positions.cache_clear()


def locate(finding: Finding, root: Path) -> Finding:
    """The same finding with lines, columns and source lines filled in, where they can be known."""
    related = tuple(_locate(place, root) for place in finding.related)
    return replace(finding, place=_locate(finding.place, root), related=related)


def _locate(place: Place, root: Path) -> Place:
    path = root / place.file
    try:
        lines = _lines(path) if "://" not in place.file and path.is_file() else None
    except KriscError:  # a store that does not answer
        lines = None
    if lines is None:
        return place
    if place.record is not None:
        return _in_record(place, lines)
    if place.start is not None:
        return _at(place, lines, place.start, max(place.start, place.end or 0))
    if place.line is not None:
        return replace(place, source=lines.line(min(place.line, len(lines.starts))))
    if place.pointer is None:
        return place
    if path.suffix == ".toml":
        return _in_toml(place, lines)
    start, end = _nearest(place.pointer, _positions(path))
    return _at(place, lines, start, end)


def _at(place: Place, lines: Lines, start: int, end: int) -> Place:
    line, column = lines.at(start)
    end_line, end_column = lines.at(end)
    return replace(place, line=line, column=column, end_line=end_line, end_column=end_column, source=lines.line(line))


def _in_record(place: Place, lines: Lines) -> Place:
    """A place in one line of a JSON Lines file."""
    assert place.record is not None  # noqa: S101 - the caller has looked
    source = lines.line(min(place.record, len(lines.starts)))
    if place.start is not None:
        start, end = place.start, max(place.start, place.end or 0)
    elif place.pointer is not None:
        start, end = _nearest(place.pointer, positions(source))
    else:
        start = end = (place.column or 1) - 1
    return replace(place, line=place.record, column=start + 1, end_line=place.record, end_column=end + 1, source=source)


def _nearest(pointer: str, found: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """The value at a pointer, or the nearest one around it that is there."""
    while pointer and pointer not in found:
        pointer = pointer.rpartition("/")[0]
    return found.get(pointer, (0, 0))


def _in_toml(place: Place, lines: Lines) -> Place:
    """The line of a TOML key: the table header first, then the key below it; a number counts headers of one name."""
    start = 0
    keys: list[str] = []
    for part in (place.pointer or "").split("/")[1:]:
        if part.isdigit():
            headers = re.finditer(rf"^\[\[{re.escape('.'.join(keys))}\]\]", lines.text, re.MULTILINE)
            header = next((m for n, m in enumerate(headers) if n == int(part)), None)
            if header:
                start, keys = header.start(), []
        else:
            keys.append(part.replace("~1", "/").replace("~0", "~"))
    for depth in range(len(keys), -1, -1):
        header = re.compile(rf"^\[+{re.escape('.'.join(keys[:depth]))}\]+", re.MULTILINE).search(lines.text, start)
        if not header and depth:
            continue
        rest = ".".join(keys[depth:])
        below = header.end() if header and depth else start
        key = re.compile(rf"^{re.escape(rest)}\b[^\n]*", re.MULTILINE).search(lines.text, below) if rest else None
        if found := key or (header if depth else None):
            return _at(place, lines, *found.span())
    whole = re.compile(r"[^\n]*").match(lines.text, start)
    return _at(place, lines, *(whole.span() if start and whole else (start, start)))
