"""What the JSON Lines formats share: a strict record a line, with the file and line of what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from krisc.interchange.base import InterchangeError, Report, files_in
from krisc.jsontext import JsonError, loads
from krisc.reading import read_text

MAX_LINE = 64 * 1024 * 1024  # characters


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and record of every line, of one file or of all .jsonl files of a folder."""
    for file in files_in(path, ".jsonl"):
        for number, line in enumerate(read_text(file, file.parent).split("\n"), start=1):
            if not line.strip():
                continue
            if len(line) > MAX_LINE:
                raise InterchangeError(str(file), number, f"a line of {len(line):,} characters")
            try:
                value = loads(line)
            except JsonError as error:
                raise InterchangeError(str(file), number, f"{error.finding}: {error.found}") from None
            if not isinstance(value, dict):
                raise InterchangeError(str(file), number, "a line that is no JSON object")
            yield number, value


def need(value: dict[str, Any], key: str, kind: type | tuple[type, ...], path: Path, number: int) -> Any:  # noqa: ANN401 - any JSON value
    """A field that must be there, of a type.

    Raises:
        InterchangeError: it is absent or of another type.
    """
    found = value.get(key)
    if not isinstance(found, kind) or isinstance(found, bool):
        raise InterchangeError(str(path), number, f"no {key!r} of the right type: {json.dumps(found)[:40]}")
    return found


def unread(value: dict[str, Any], known: frozenset[str], where: str, report: Report) -> None:
    """Count the fields of a record that a format does not read and that say something."""
    for key in sorted(value.keys() - known):
        report.lose(f"the field {key}", where, value[key] not in (None, "", [], {}))


def line(value: dict[str, Any]) -> str:
    """A record as a line."""
    return json.dumps(value, ensure_ascii=False) + "\n"
