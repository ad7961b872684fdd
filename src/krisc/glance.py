"""Says yes to JSON bytes that are strict and hold to a schema beyond doubt, for a fraction of what a closer look takes.

It never says no: what it does not accept may still be right, and is left to the validators of `form`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec

from krisc.jsontext import escapes_by_number
from krisc.typed import WHOLE, Translation, field_of, python_pattern, reasons, types

Json = dict[str, Any]
Path = tuple[str, ...]

_QUOTE = ord('"')
_ENCODER = msgspec.json.Encoder()


def quotes(data: bytes) -> int:
    """How many quotation marks there are."""
    import numpy as np  # noqa: PLC0415 - not before there is a file to read

    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == _QUOTE))


class Glance:
    """One schema, compiled for `accepts`."""

    def __init__(self, schema: Json) -> None:
        """Compile a schema.

        Raises:
            UntranslatableError: the schema has no type.
        """
        self._lists: dict[str, list[tuple[Path, Callable[[Any], str]]]] = {}
        with reasons():
            spared = self._spared(schema, Translation(schema), ())
            self._decoder = msgspec.json.Decoder(types({**spared, "$defs": schema.get("$defs", {})}))
            self._lines = {pattern: re.compile(rf"(?:{pattern[1:-1]}\n)*+") for pattern in self._lists}

    def _spared(self, schema: Json, root: Translation, path: Path) -> Json:
        """The schema without patterns of a field that every object of a list has: those are held to at one go.

        ``msgspec`` calls the regular expression for every string; for the ids of a file of annotations that takes half
        as long as decoding it.
        """
        schema = root.resolved(schema)
        properties = schema.get("properties", {})
        if schema.get("type") == "object" and properties:
            spared = {name: self._spared(rule, root, (*path, field_of(name))) for name, rule in properties.items()}
            return {**schema, "properties": spared}
        items = root.resolved(schema["items"]) if schema.get("type") == "array" else {}
        if "properties" not in items:
            return schema
        properties = dict(items["properties"])
        for name in set(items.get("required", ())) & set(properties):
            rule = root.resolved(properties[name])
            if set(rule) == {"type", "pattern"} and WHOLE.fullmatch(rule["pattern"]):
                re.compile(python_pattern(rule["pattern"]))  # it must be one by itself
                self._lists.setdefault(rule["pattern"], []).append((path, attrgetter(field_of(name))))
                properties[name] = {"type": rule["type"]}
        return {**schema, "items": {**items, "properties": properties}}

    def accepts(self, data: bytes) -> bool:
        """Whether the bytes are beyond doubt one strict JSON value, as `jsontext` wants it, that holds to the schema.

        The decoder lets the last of two equal keys win, and a set stands for a list in which nothing may come twice.
        Whatever is dropped like that has quotation marks, and nothing is put in its place: the value, encoded again,
        has as many as the bytes if nothing was dropped, and else fewer.
        """
        try:
            value = self._decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        if escapes_by_number(data) and (rb"\u0000" in data or rb"\u0022" in data):
            return False  # NUL, or quotation marks that are not counted as what they are
        if not all(self._match(pattern, value) for pattern in self._lists):
            return False
        return quotes(data) == quotes(_ENCODER.encode(value))

    def _match(self, pattern: str, value: object) -> bool:
        """Whether every string that the pattern is about matches it; none that does has a line end."""
        lists = (map(name, _list_at(value, path)) for path, name in self._lists[pattern])
        strings = list(chain.from_iterable(lists))
        lines = "\n".join([*strings, ""])
        return lines.count("\n") == len(strings) and self._lines[pattern].fullmatch(lines) is not None


def _list_at(value: object, path: Path) -> list[Any]:
    """The list at the end of a path of fields; empty when a field is not there."""
    for field in path:
        value = getattr(value, field, msgspec.UNSET)
    return value if isinstance(value, list) else []
