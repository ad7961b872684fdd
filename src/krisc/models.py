"""What follows from the declaration of a table: its Arrow schema, ``datasets`` features, and pandera model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from krisc.tables import Column, Label, ListOf, Scalar, Struct, Table, Type

if TYPE_CHECKING:
    import datasets
    import pandera.pandas as pandera
    import pyarrow as pa


def arrow_type(type_: Type) -> pa.DataType:
    """The Arrow type of a column."""
    import pyarrow as pa  # noqa: PLC0415 - takes long to import

    match type_:
        case Scalar(name):
            return pa.type_for_alias(name)
        case Label(_):
            return pa.int64()
        case ListOf(item):
            return pa.list_(arrow_type(item))
        case Struct(columns):
            return pa.struct([(c.name, arrow_type(c.type)) for c in columns])


def _feature(type_: Type) -> dict[str, Any]:
    match type_:
        case Scalar(name):
            return {"dtype": name, "_type": "Value"}
        case Label(names):
            return {"names": list(names), "_type": "ClassLabel"}
        case ListOf(item):
            return {"feature": _feature(item), "_type": "List"}
        case Struct(columns):
            return {c.name: _feature(c.type) for c in columns}


@cache
def schema(table: Table) -> pa.Schema:
    """The Arrow schema of a table, with its features in the form that ``datasets`` keeps them in a Parquet file.

    It is that of ``features(table).arrow_schema`` (a test holds the two equal), without the memory and the second that
    it takes to import ``datasets``.
    """
    import pyarrow as pa  # noqa: PLC0415 - takes long to import

    about = {"info": {"features": {c.name: _feature(c.type) for c in table.columns}}}
    fields = [(c.name, arrow_type(c.type)) for c in table.columns]
    return pa.schema(fields, metadata={"huggingface": json.dumps(about)})


def features(table: Table) -> datasets.Features:
    """The features of a table for ``datasets``."""
    import datasets  # noqa: PLC0415 - takes a second to import

    def feature(type_: Type) -> Any:  # noqa: ANN401 - datasets has no common type of features
        match type_:
            case Scalar(name):
                return datasets.Value(name)
            case Label(names):
                return datasets.ClassLabel(names=list(names))
            case ListOf(item):
                return datasets.List(feature(item))
            case Struct(columns):
                return {c.name: feature(c.type) for c in columns}

    return datasets.Features({c.name: feature(c.type) for c in table.columns})


@cache
def model(table: Table) -> pandera.DataFrameSchema:
    """The pandera model that every written batch is held to: types, nulls, label numbers, and offsets in order."""
    import pandas as pd  # noqa: PLC0415 - takes half a second to import
    import pandera.pandas as pandera  # noqa: PLC0415 - takes a second to import

    arrow = schema(table)

    def column(c: Column) -> pandera.Column:
        checks = []
        if isinstance(c.type, Label):
            checks.append(pandera.Check.in_range(0, len(c.type.names) - 1))
        elif c.name in ("start", "end", "index"):
            checks.append(pandera.Check.ge(0))
        return pandera.Column(pd.ArrowDtype(arrow.field(c.name).type), checks, nullable=c.null, name=c.name)

    names = {c.name for c in table.columns}
    whole = []
    if {"start", "end"} <= names:
        whole.append(pandera.Check(lambda frame: frame["start"] < frame["end"], name="start_before_end"))
    if {"tokens", "token_starts", "token_ends"} <= names:
        whole.append(pandera.Check(_same_lengths, name="lists_of_one_length"))
    columns = {c.name: column(c) for c in table.columns}
    return pandera.DataFrameSchema(
        columns, checks=whole, strict=True, ordered=True, unique=keys(table), name=table.name
    )


def keys(table: Table) -> list[str]:
    """The columns that together name a row."""
    names = {c.name for c in table.columns}
    return [k for k in ("document_id", "annotator", "unit_id", "id") if k in names]


def is_sound(batch: pa.Table, table: Table) -> bool:
    """Whether a batch holds to everything that ``model`` asks for, by Arrow's own functions.

    It asks the same of the same declaration, 50 times as fast, and cannot say what is wrong.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 - takes long to import

    if not batch.schema.equals(schema(table)):
        return False
    for column in table.columns:
        values = batch.column(column.name)
        if values.null_count and not column.null:
            return False
        if isinstance(column.type, Label):
            ends = pc.min_max(values)
            if ends["min"].is_valid and not 0 <= ends["min"].as_py() <= ends["max"].as_py() < len(column.type.names):
                return False
        elif column.name in ("start", "end", "index") and batch.num_rows and pc.min(values).as_py() < 0:
            return False
    names = set(batch.column_names)
    if {"start", "end"} <= names and not pc.all(
        pc.less(batch.column("start"), batch.column("end")), min_count=0
    ).as_py():
        return False
    if {"tokens", "token_starts", "token_ends"} <= names:
        lengths = [pc.list_value_length(batch.column(name)) for name in ("tokens", "token_starts", "token_ends")]
        if not (lengths[0].equals(lengths[1]) and lengths[0].equals(lengths[2])):
            return False
    whole = pc.binary_join_element_wise(*(batch.column(name) for name in keys(table)), "\0")
    return bool(pc.count_distinct(whole).as_py() == batch.num_rows)


def _same_lengths(frame: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a pandas Series of booleans
    lengths = [frame[name].list.len() for name in ("tokens", "token_starts", "token_ends")]
    return (lengths[0] == lengths[1]) & (lengths[0] == lengths[2])
