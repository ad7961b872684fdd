"""Masks rows of a document whose text is withheld: offsets, labels and structure stay, wording does not.

What stays is listed here, and everything else that is a string goes: a column that is declared later is masked until
somebody lists it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from krisc.layers import Layer, Layers
from krisc.tables import Column, ListOf, Scalar, Struct, Table

MASK = "_"
Row = Mapping[str, Any]
Rename = Callable[[str], str]

# Columns of strings that stay, by where they stand. They are what the corpus's makers named or what somebody chose from
# a closed list, and not words of the text; `docs/withholding.md` says what may be learned from them all the same.
_DOCUMENT = frozenset(
    {"document_id", "version", "publisher", "language", "rights", "incident", "annotator", "guidelines"}
    | {"composed_by", "claims_checked_by"}
)
_ANNOTATION = frozenset({"document_id", "version", "annotators", "checked_by"})
_FILLER = frozenset({"layer", "label"})
_EMPTIED = frozenset({"pages", "claims"})  # lists whose whole content is about the words


def masked(row: Row, table: Table, layers: Layers, rename: Rename) -> dict[str, Any]:
    """The row with nothing of the wording; of each ``text`` one mask for each code point.

    Args:
        row: a row of ``table``, which is not ``tokens``.
        table: its declaration.
        layers: the layers by name.
        rename: what an annotation is called instead of its id, which annotators may have made of its words.
    """
    if table.name in layers:
        return _annotation(row, table.columns, layers[table.name], rename)
    made: dict[str, Any] = {}
    for column in table.columns:
        if column.name in _EMPTIED:
            made[column.name] = []
        elif column.name in layers and isinstance(column.type, ListOf) and isinstance(column.type.item, Struct):
            listed, columns, layer = row[column.name], column.type.item.columns, layers[column.name]
            made[column.name] = listed and [_annotation(one, columns, layer, rename) for one in listed]
        elif column.name in row:
            made[column.name] = _cell(row[column.name], column, _DOCUMENT, frozenset(), rename)
    return made


def numbered(row: Row, layers: Layers) -> Rename:
    """Neutral names for the annotations in a row of ``documents`` or ``passes``: a1, a2 and so on."""
    names = {one["id"]: f"a{n}" for n, one in enumerate((a for layer in layers for a in row[layer] or ()), 1)}
    return names.__getitem__


def is_masked(row: Row, table: Table, layers: Layers) -> bool:
    """Whether nothing of the wording is in a row: masking it once more changes nothing."""

    def neutral(name: str) -> str:
        return name if name[:1] == "a" and name[1:].isdecimal() and name.isascii() else ""

    return table.name != "tokens" and masked(row, table, layers, neutral) == row


def _annotation(row: Row, columns: Iterable[Column], layer: Layer, rename: Rename) -> dict[str, Any]:
    """One annotation; of its attributes those stay that are no free words: numbers, closed lists and TIMEX3."""
    kept = _ANNOTATION | {name for name, one in layer.attributes.items() if one.type == "timex3"}
    kept |= {name for name, one in layer.attributes.items() if one.type == "reference" and row[name] in one.keywords}
    ids = {"id"} | {name for name, one in layer.attributes.items() if one.type == "reference"}
    return {column.name: _cell(row[column.name], column, kept, ids, rename) for column in columns}


def _cell(value: Any, column: Column, kept: Iterable[str], ids: Iterable[str], rename: Rename) -> Any:  # noqa: ANN401
    if value is None or column.name in kept:
        return value
    if column.name in ids:
        return rename(value)
    if column.type == Scalar("string"):
        empty = None if column.null else ""
        return MASK * len(value) if column.name == "text" else empty
    return _nested(value, column.type, rename)


def _nested(value: Any, type_: object, rename: Rename) -> Any:  # noqa: ANN401 - any cell of a table
    """Stretches and what fills roles; a list of strings that is not kept is emptied."""
    match type_:
        case ListOf(Scalar("string")):
            return []
        case ListOf(item):
            return [_nested(one, item, rename) for one in value]
        case Struct(columns):
            return {c.name: _cell(value[c.name], c, _FILLER, ("target",), rename) for c in columns}
    return value
