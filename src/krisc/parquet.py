"""Rows to Parquet: in batches of bounded size, held to the table's pandera model, with a hash of the rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from krisc.findings import Finding, KriscError, Place
from krisc.tables import Table, features, model

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_BYTES = 8_000_000
SHARD_BYTES = 250_000_000  # rows as JSON; a shard of this size is some 50 MB of Parquet
ZSTD_LEVEL = 3


@dataclass
class Written:
    """What was written of one table in one split; ``content`` is a hash of the rows, whoever writes them."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    arrow_bytes: int = 0
    content: str = ""


class TableWriter:
    """Writes one split of one table to shards ``<table>/<split>-00000.parquet`` and on.

    Memory holds one batch. The content hash is SHA-256 over the rows in order, each as JSON with sorted keys and
    no white space, in UTF-8, followed by a line feed.
    """

    def __init__(self, folder: Path, table: Table, split: str) -> None:
        self.folder = folder
        self.table = table
        self.split = split
        self.schema: pa.Schema = features(table).arrow_schema
        self.written = Written()
        self._digest = hashlib.sha256()
        self._rows: list[dict[str, Any]] = []
        self._buffered = 0
        self._in_shard = 0
        self._writer: pq.ParquetWriter | None = None
        self._encoder = msgspec.json.Encoder(order="sorted")

    def add(self, row: dict[str, Any]) -> None:
        """Buffer a row; write a batch when there are enough."""
        encoded = self._encoder.encode(row)
        self._digest.update(encoded)
        self._digest.update(b"\n")
        self._rows.append(row)
        self._buffered += len(encoded)
        if self._buffered >= BATCH_BYTES:
            self._flush()

    def close(self) -> Written:
        """Write what is left and close the file.

        Raises:
            KriscError: the batch does not hold to the table's model.
            OSError: the disk is full or closed.
        """
        self._flush()
        if self._writer:
            self._writer.close()
        self.written.content = self._digest.hexdigest()
        self.written.arrow_bytes = sum(_arrow_bytes(self.folder / name) for name in self.written.files)
        return self.written

    def abandon(self) -> None:
        """Close the file without caring for what is in it."""
        if self._writer:
            self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - takes long to import

        if not self._rows:
            return
        table = pa.Table.from_pylist(self._rows, schema=self.schema)
        hold(table, self.table)
        if self._writer is None or self._in_shard >= SHARD_BYTES:
            self._open()
        assert self._writer is not None  # noqa: S101 - _open has just set it
        self._writer.write_table(table, row_group_size=len(self._rows))
        self.written.rows += len(self._rows)
        self._in_shard += self._buffered
        self._rows, self._buffered = [], 0

    def _open(self) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - takes long to import

        if self._writer:
            self._writer.close()
        name = f"{self.table.name}/{self.split}-{len(self.written.files):05d}.parquet"
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(
            path,
            self.schema,
            compression="zstd",
            compression_level=ZSTD_LEVEL,
            write_page_index=True,
            write_page_checksum=True,
            use_content_defined_chunking=True,
        )
        self.written.files.append(name)
        self._in_shard = 0


def _arrow_bytes(path: Path) -> int:
    """Size in Arrow of a Parquet file as it is read back, which is what ``datasets`` counts as its bytes."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes long to import

    with pq.ParquetFile(path) as file:
        return sum(file.read_row_group(n).nbytes for n in range(file.num_row_groups))


def hold(batch: pa.Table, table: Table) -> None:
    """Hold a batch to its table's pandera model.

    Raises:
        KriscError: ``batch-invalid``, a finding for each column that fails.
    """
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
