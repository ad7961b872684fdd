"""Rows of a release as records again: what ``tabulate`` made of a document, read back from Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krisc.layers import Layer, Layers
from krisc.model import Annotation, AnnotationFile, Argument, Segment, Value
from krisc.tables import DECIDED

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]


def read_rows(folder: Path, files: Sequence[str], batch: int = 256) -> Iterator[dict[str, Any]]:
    """Yield the rows of Parquet files of a release, in order, labels as their numbers; memory holds one batch.

    Raises:
        OSError, pyarrow.ArrowException: a file is missing, cut off or damaged.
    """
    for part in read_batches(folder, files, batch):
        yield from part.to_pylist()


def read_batches(folder: Path, files: Sequence[str], batch: int = 256) -> Iterator[pa.Table]:
    """Yield the rows of Parquet files of a release in order, as Arrow tables of at most so many rows.

    Raises:
        OSError, pyarrow.ArrowException: a file is missing, cut off or damaged.
    """
    import pyarrow as pa  # noqa: PLC0415 - takes long to import
    import pyarrow.parquet as pq  # noqa: PLC0415

    for name in files:
        with pq.ParquetFile(folder / name, page_checksum_verification=True) as file:
            for part in file.iter_batches(batch_size=batch):
                yield pa.Table.from_batches([part])


def by_document(
    folder: Path, files: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, int, dict[str, list[dict[str, Any]]]]]:
    """Yield each document of one split, its shard, and its rows by table, in the order of the table ``documents``.

    Args:
        folder: the release.
        files: the Parquet files of each table in that split.
    """
    of = itemgetter("document_id")
    rest = {name: listed for name, listed in files.items() if name != "documents"}
    groups = {name: groupby(read_rows(folder, listed), of) for name, listed in rest.items()}
    waiting = {name: next(one, None) for name, one in groups.items()}
    for file in files["documents"]:
        for row in read_rows(folder, [file]):
            document, found = row["document_id"], {"documents": [row]}
            for name in rest:
                group = waiting[name]
                if group is not None and group[0] == document:
                    found[name] = list(group[1])
                    waiting[name] = next(groups[name], None)
            yield document, shard_of(file), found


def shard_of(file: str) -> int:
    """The number of the shard that a file of a table is of: ``<table>/<split>-00003.parquet``."""
    return int(file.removesuffix(".parquet").rpartition("-")[2])


def annotation_file(row: Row, layers: Layers, guidelines: str) -> AnnotationFile:
    """The annotations of a row of ``documents`` or ``passes``.

    Args:
        row: the row, with labels as numbers.
        layers: the layers by name.
        guidelines: version of the guidelines, where the row does not say.
    """
    return AnnotationFile(
        document=row["document_id"],
        sha256=row.get("sha256", ""),
        guidelines=row.get("guidelines", guidelines),
        layers={
            n: tuple(_annotation(one, layer) for one in row[n]) for n, layer in layers.items() if row[n] is not None
        },
        annotator=row.get("annotator", ""),
        date=str(row["date"]) if "date" in row else "",
    )


def _annotation(row: Row, layer: Layer) -> Annotation:
    anchor = tuple(_segment(s) for s in row.get("segments", ()))
    return Annotation(
        id=row["id"],
        label=list(layer.labels)[row["label"]],
        segments=anchor if layer.kind == "span" else (),
        trigger=anchor if layer.kind == "event" else (),
        arguments=tuple(_arguments(row, layer)),
        members=tuple(m["target"] for m in row.get("members", ())) if layer.kind == "chain" else (),
        entity=row.get("entity") or "",
        attributes={name: value for name in layer.attributes if (value := _value(row, name, layer)) is not None},
        note=row["note"] or "",
        by=tuple(row["annotators"]),
        decided=DECIDED[row["decided"]] if row["decided"] is not None else "",
        decision=row["decision"] or "",
        checked_by=tuple(row["checked_by"]),
    )


def _segment(row: Row) -> Segment:
    return Segment(row["start"], row["end"], row["text"])


def _arguments(row: Row, layer: Layer) -> Iterator[Argument]:
    """The arguments: of an event in their order, of a relation role by role; of words, the hull of their segments."""
    if layer.kind == "event":
        filled = [(list(layer.roles)[one["role"]], one) for one in row["arguments"]]
    elif layer.kind == "relation":
        filled = []
        for role, declared in layer.roles.items():
            value = row[role.lower()]
            filled += [(role, one) for one in ([value] if declared.max == 1 else value) if one is not None]
    else:
        filled = []
    for role, one in filled:
        if one["target"]:
            yield Argument(role, one["target"])
        else:
            yield Argument(role, segments=tuple(_segment(s) for s in one.get("segments") or [one]))


def _value(row: Row, name: str, layer: Layer) -> Value | None:
    value: Value | None = row[name]
    if isinstance(value, int) and layer.attributes[name].type == "enum":
        return layer.attributes[name].values[value]
    return value
