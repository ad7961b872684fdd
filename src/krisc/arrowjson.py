"""Annotation files as Arrow columns, read straight from their JSON: many files at a time, without a record for each.

Arrow's reader is strict: it refuses fields that the schema does not have, names that stand twice, numbers that are not
of the type, malformed escapes and what is no JSON. What it lets pass (null, which reads like a field that is not there,
infinite numbers, NUL) is for `checks.batch` to see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
import pyarrow as pa
import pyarrow.json as pj

from krisc.layers import Layer, Layers
from krisc.model import AnnotationFile

SEGMENT = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("quote", pa.string())])
ARGUMENT = pa.struct([("role", pa.string()), ("target", pa.string()), ("segments", pa.list_(SEGMENT))])
STRINGS = pa.list_(pa.string())
_TYPES = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
_encode = msgspec.json.Encoder().encode


def annotation_type(layer: Layer) -> pa.StructType:
    """The type of an annotation as it stands in a file; what the layer's kind does not have is left out."""
    fields = [("id", pa.string()), ("label", pa.string())]
    if layer.kind == "span":
        fields.append(("segments", pa.list_(SEGMENT)))
    if layer.kind == "event":
        fields.append(("trigger", pa.list_(SEGMENT)))
    if layer.kind in ("event", "relation"):
        fields.append(("arguments", pa.list_(ARGUMENT)))
    if layer.kind == "chain":
        fields += [("members", STRINGS), ("entity", pa.string())]
    if layer.attributes:
        types = [(name, _TYPES.get(one.type, pa.string())) for name, one in layer.attributes.items()]
        fields.append(("attributes", pa.struct(types)))
    fields += [("note", pa.string()), ("by", STRINGS), ("decided", pa.string()), ("decision", pa.string())]
    return pa.struct([*fields, ("checked_by", STRINGS)])


def file_schema(layers: Layers) -> pa.Schema:
    """The schema of annotation files, gold and passes alike."""
    names = ("$schema", "document", "sha256", "guidelines", "annotator", "date")
    listed = pa.struct([(name, pa.list_(annotation_type(layer))) for name, layer in layers.items()])
    return pa.schema([*((name, pa.string()) for name in names), ("layers", listed)])


@lru_cache(maxsize=8)
def _options(schema: pa.Schema) -> pj.ParseOptions:
    return pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")


def read_files(files: Sequence[bytes], schema: pa.Schema) -> pa.Table | None:
    """Annotation files as a table of a row each, or None when one of them cannot be read.

    Args:
        files: the bytes of the files; each begins with a bracket, so that it has at least one row. All of them are read
            as one block, in which line feeds mean nothing.
        schema: their schema.
    """
    if not files:
        return schema.empty_table()
    data = b"\n".join([*files, b""])
    try:
        options = pj.ReadOptions(use_threads=False, block_size=len(data) + 1)
        table = pj.read_json(pa.BufferReader(data), read_options=options, parse_options=_options(schema))
        table.validate(full=True)  # that strings are UTF-8
    except pa.ArrowException:
        return None
    return table if table.num_rows == len(files) else None


def written(file: AnnotationFile) -> bytes:
    """The bytes of a file that was read already, in a form that Arrow reads."""
    return _encode(file)


def layers_of(table: pa.Table, layers: Layers) -> Mapping[str, pa.ListArray]:
    """The annotations of each layer, a list a file."""
    return dict(zip(layers, table.column("layers").combine_chunks().flatten(), strict=True))
