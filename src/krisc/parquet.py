"""Arrow tables to Parquet: a file for each table, split and shard, held to the table's pandera model, with a hash.

A shard is a run of documents whose rows stand together, in files of the same number in every table and split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from krisc.content import Content
from krisc.findings import Finding, KriscError, Place
from krisc.models import is_sound, model, schema
from krisc.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

GROUP_FILES = 256  # gold and passes of documents of one split, whose rows make up a row group in every table
GROUP_CHARACTERS = 300_000  # code points of their texts
ZSTD_LEVEL = 3
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


class Written(msgspec.Struct, frozen=True):
    """One file of a table, and what is in it; ``content`` is the hash of its rows (``Content``)."""

    table: str
    split: str
    file: str
    rows: int
    arrow_bytes: int
    content: str
    bytes: int
    sha256: str


@dataclass
class Filling:
    """How full a row group is: the same documents give the same row groups, whoever writes them."""

    files: int = 0
    characters: int = 0

    def add(self, characters: int, passes: int) -> bool:
        """Count one document with gold and so many passes; whether the group is full with it, and is to be written."""
        self.files += 1 + passes
        self.characters += characters
        if self.files < GROUP_FILES and self.characters < GROUP_CHARACTERS:
            return False
        self.files = self.characters = 0
        return True


def content_of(files: Iterable[Written]) -> str:
    """The content hash of a split of a table: SHA-256 of those of its files, in order, each with a line feed."""
    return hashlib.sha256("".join(f"{one.content}\n" for one in files).encode()).hexdigest()


class TableWriter:
    """Writes one file ``<table>/<split>-<shard>.parquet``, a row group a batch. Memory holds one batch."""

    def __init__(self, folder: Path, table: Table, split: str, shard: int = 0) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - takes long to import

        self.table = table
        self.split = split
        self.name = f"{table.name}/{split}-{shard:05d}.parquet"
        self.path = folder / self.name
        self.path.parent.mkdir(exist_ok=True)  # whoever gives up takes the folder away, and it stays away
        self.rows = self.arrow_bytes = 0
        self.content = Content(schema(table))
        self.writer: pq.ParquetWriter = pq.ParquetWriter(
            self.path,
            schema(table),
            compression="zstd",
            compression_level=ZSTD_LEVEL,
            write_page_index=True,
            write_page_checksum=True,
            use_content_defined_chunking=True,
        )

    def write(self, batch: pa.Table) -> None:
        """Write a batch as a row group.

        Raises:
            KriscError: the batch does not hold to the table's model.
            OSError: the disk is full or closed.
        """
        hold(batch, self.table)
        self.arrow_bytes += self.content.add(batch)
        self.rows += batch.num_rows
        self.writer.write_table(batch, row_group_size=batch.num_rows)

    def close(self) -> Written:
        """Close the file, and say what is in it."""
        self.writer.close()
        with self.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = self.path.stat().st_size
        content = self.content.hexdigest()
        return Written(self.table.name, self.split, self.name, self.rows, self.arrow_bytes, content, size, digest)

    def abandon(self) -> None:
        """Close the file without caring for what is in it."""
        self.writer.close()


class ShardWriter:
    """Writes one shard: a file for each table and split that has rows. A context that abandons what fails."""

    def __init__(self, folder: Path, declared: Mapping[str, Table], number: int) -> None:
        self.folder = folder
        self.declared = declared
        self.number = number
        self.writers: dict[tuple[str, str], TableWriter] = {}

    def write(self, split: str, batches: Mapping[str, pa.Table]) -> None:
        """Write the rows of some documents of a split, a row group in every table."""
        for name, batch in batches.items():
            if (name, split) not in self.writers:
                self.writers[name, split] = TableWriter(self.folder, self.declared[name], split, self.number)
            self.writers[name, split].write(batch)

    def close(self) -> list[Written]:
        """Close all files, and say what is in them."""
        return [writer.close() for writer in self.writers.values()]

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            for writer in self.writers.values():
                writer.abandon()


def write_rows(
    folder: Path, declared: Mapping[str, Table], documents: Iterable[tuple[str, int, Rows]]
) -> list[Written]:
    """Write rows that were read from a release: the same row groups and files as when it was compiled.

    Args:
        folder: the folder to write to.
        declared: the tables.
        documents: the split, the shard and the rows by table of each document, in the order of the release.
    """
    written: list[Written] = []
    for (split, number), run in _runs(documents):
        with ShardWriter(folder, declared, number) as shard:
            for group in _groups(run):
                shard.write(split, _batches(group, declared))
            written += shard.close()
    return written


def _runs(documents: Iterable[tuple[str, int, Rows]]) -> Iterator[tuple[tuple[str, int], Iterator[Rows]]]:
    for key, run in groupby(documents, key=lambda one: one[:2]):
        yield key, (rows for _, _, rows in run)


def _groups(run: Iterable[Rows]) -> Iterator[list[Rows]]:
    filling, group = Filling(), []
    for rows in run:
        group.append(rows)
        if filling.add(len(rows["documents"][0]["text"]), len(rows.get("passes", ()))):
            yield group
            group = []
    if group:
        yield group


def _batches(group: Sequence[Rows], declared: Mapping[str, Table]) -> dict[str, pa.Table]:
    import pyarrow as pa  # noqa: PLC0415 - takes long to import

    together = {name: [row for rows in group for row in rows.get(name, ())] for name in declared}
    return {name: pa.Table.from_pylist(rows, schema=schema(declared[name])) for name, rows in together.items() if rows}


def hold(batch: pa.Table, table: Table) -> None:
    """Hold a batch to its table's pandera model, which is asked only when something is wrong, and says what.

    Raises:
        KriscError: ``batch-invalid``, a finding for each column that fails.
    """
    if is_sound(batch, table):
        return
    import pandas as pd  # noqa: PLC0415 - takes half a second to import
    import pandera.errors  # noqa: PLC0415 - takes a second to import

    try:
        model(table).validate(batch.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases[["column", "check", "failure_case"]].drop_duplicates(["column", "check"])
        raise KriscError(
            Finding("batch-invalid", Place(table.name), {"table": table.name, "column": c, "check": k, "found": f})
            for c, k, f in cases.itertuples(index=False)
        ) from None
