"""From checked documents to the tables of a release: a batch of documents at a time, as Arrow tables."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from krisc.columns import Columns, Flat, Integers, lists, struct
from krisc.document import Document
from krisc.groups import Group, flattened
from krisc.models import arrow_type, schema
from krisc.store import Corpus
from krisc.tables import KINDS, ORIGINS, VERDICTS, Column, Struct, Table, layer_columns
from krisc.units import unit_columns

Row = dict[str, Any]


def tabulate(corpus: Corpus, group: Group, declared: Mapping[str, Table]) -> dict[str, pa.Table]:
    """The rows of checked documents, by table and in their order; tables without a row are left out.

    Args:
        corpus: the corpus.
        group: the documents.
        declared: the tables that are wanted, by name.
    """
    documents, flat = group.documents, group.flat
    schemas = {name: schema(table) for name, table in declared.items()}
    made: dict[str, pa.Table] = {}
    nested, structs = _nested(corpus, flat)
    origins = [ORIGINS.index(document.record.origin) for document in documents]
    head = _Head(corpus.config.version, [document.record.id for document in documents], origins)
    once = np.arange(len(documents))
    for name, wanted in schemas.items():
        if name == "documents":
            columns = {**head.at(once), **_metadata(documents, wanted), **nested}
        elif name == "tokens":
            rows, columns = unit_columns(group.line, flat, group.units, wanted)
            columns = {**head.at(rows), **columns}
        elif name == "passes" and not any(document.passes for document in documents):
            continue
        elif name == "passes":
            columns = _passes(corpus, documents, head)
        else:
            counts = np.maximum(flat.parts[name].counts, 0)
            fields = zip((field.name for field in structs[name].type), structs[name].flatten(), strict=True)
            columns = {**head.at(np.repeat(once, counts)), **dict(fields)}
        table = pa.Table.from_arrays([columns[field.name] for field in wanted], schema=wanted)
        if table.num_rows:
            made[name] = table
    return made


class _Head:
    """The columns that every table begins with."""

    def __init__(self, version: str, documents: Sequence[str], origins: Sequence[int]) -> None:
        self.documents = pa.array(documents, pa.string())
        self.version = pa.array([version])
        self.origins = np.array(origins, np.int64)

    def at(self, rows: Integers) -> Columns:
        """The columns for rows of the documents with these numbers."""
        return {
            "document_id": self.documents.take(pa.array(rows)),
            "version": self.version.take(pa.array(np.zeros(len(rows), np.int64))),
            "origin": pa.array(self.origins[rows]),
        }


@cache
def _layer_type(columns: tuple[Column, ...]) -> pa.StructType:
    return arrow_type(Struct(columns))


def _nested(corpus: Corpus, flat: Flat) -> tuple[Columns, dict[str, pa.Array]]:
    """The layers of files as list columns, and what stands in the lists, as struct arrays."""
    made: Columns = {}
    structs: dict[str, pa.Array] = {}
    for name, layer in corpus.layers.items():
        type_ = _layer_type(layer_columns(layer))
        structs[name] = struct(type_, flat.columns(layer, type_, corpus.register))
        made[name] = lists(pa.list_(type_), flat.parts[name].counts, structs[name])
    return made, structs


def _dates(values: Sequence[str]) -> pa.Array:
    return pa.array([datetime.date.fromisoformat(value) if value else None for value in values], pa.date32())


def _metadata(documents: Sequence[Document], wanted: pa.Schema) -> Columns:
    records = [document.record for document in documents]
    names = ("title", "publisher", "url", "language", "rights", "incident", "sha256")
    made: Columns = {name: pa.array([getattr(one, name) for one in records], pa.string()) for name in names}
    made |= {name: _dates([getattr(one, name) for one in records]) for name in ("published", "captured", "as_of")}
    made["text"] = pa.array([document.text for document in documents], pa.string())
    composed = [_sources(document) for document in documents]
    of_sources = ("composed_by", "claims_checked_by", "pages", "claims")
    return made | {name: pa.array([one[name] for one in composed], wanted.field(name).type) for name in of_sources}


def _sources(document: Document) -> Row:
    found = document.sources
    if found is None:
        return {"composed_by": None, "claims_checked_by": None, "pages": [], "claims": []}
    places = [(claim, document.text.index(claim.quote)) for claim in found.claims]
    return {
        "composed_by": found.composed_by,
        "claims_checked_by": found.checked_by or None,
        "pages": [
            {
                **{"id": p.id, "url": p.url, "title": p.title, "publisher": p.publisher},
                **{"date": p.date or None, "note": p.note or None},
            }
            for p in found.pages
        ],
        "claims": [
            {
                **{"start": start, "end": start + len(claim.quote), "text": claim.quote},
                "pages": list(claim.pages),
                "verdict": VERDICTS.index(claim.verdict) if claim.verdict else None,
                "note": claim.note or None,
            }
            for claim, start in places
        ],
    }


def _passes(corpus: Corpus, documents: Sequence[Document], head: _Head) -> Columns:
    files = [one for document in documents for one in document.passes]
    rows = np.repeat(np.arange(len(documents)), [len(document.passes) for document in documents])
    kinds = [KINDS.index(corpus.annotators[one.annotator].kind) for one in files]
    return {
        **head.at(rows),
        "annotator": pa.array([one.annotator for one in files], pa.string()),
        "annotator_kind": pa.array(kinds, pa.int64()),
        "date": _dates([one.date for one in files]),
        "guidelines": pa.array([one.guidelines for one in files], pa.string()),
        **_nested(corpus, flattened(files, corpus.layers))[0],
    }
