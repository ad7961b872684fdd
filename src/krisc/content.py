"""A hash of the rows of a table that does not depend on how Parquet encodes them, nor on row groups.

Every column gives streams of bytes: the numbers of its nulls (64-bit integers, counted from 0 over all rows, and in
lists over all items), the lengths of lists and of strings (32-bit integers; 0 where null), and the values themselves:
numbers with their width, little-endian, 0 where null; dates as days since 1970 in 32 bits; booleans as a byte; strings
in UTF-8, one after another. A struct gives those of its fields, a list those of its items. The hash is SHA-256 of the
SHA-256 digests of all streams, in the order of the schema.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


class Content:
    """The hash of rows that are added batch by batch."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._streams: dict[str, hashlib._Hash] = {}
        self._lengths: dict[str, int] = {}

    def add(self, batch: pa.Table) -> int:
        """Add the rows of a batch.

        Returns:
            The size in Arrow, in bytes, that the batch has when it is read back from Parquet as one row group, which is
            what ``datasets`` counts (but that it puts groups of a single row together): there integers and floats
            always have a validity bitmap, everything else where a value is null, but for lists and structs in a struct
            that is null itself somewhere.
        """
        return sum(
            self._column(field.name, batch.column(field.name).combine_chunks(), field.type) for field in self.schema
        )

    def hexdigest(self) -> str:
        """The hash of all rows so far, in hexadecimal digits."""
        whole = hashlib.sha256()
        for digest in self._streams.values():
            whole.update(digest.digest())
        return whole.hexdigest()

    def _update(self, stream: str, data: object) -> None:
        if stream not in self._streams:
            self._streams[stream] = hashlib.sha256()
        self._streams[stream].update(data)  # type: ignore[arg-type] # anything that has a buffer

    def _column(self, name: str, array: pa.Array, type_: pa.DataType, inherited: int = 0) -> int:
        """Add a column, and return its size; ``inherited`` is how many values are null because their struct is."""
        import pyarrow as pa  # noqa: PLC0415 - takes long to import
        import pyarrow.compute as pc  # noqa: PLC0415

        bitmap = (len(array) + 7) // 8
        size = bitmap if array.null_count else 0
        before = self._lengths.get(name, 0)
        self._lengths[name] = before + len(array)
        nulls = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)) + before if size else b""
        self._update(f"{name}?", nulls)
        if pa.types.is_struct(type_):
            size = 0 if inherited else size
            return size + sum(
                self._column(f"{name}.{field.name}", part, field.type, array.null_count)
                for field, part in zip(type_, array.flatten(), strict=True)
            )
        if pa.types.is_list(type_):
            lengths = pc.list_value_length(array)
            self._update(f"{name}#", (lengths.fill_null(0) if size else lengths).to_numpy())
            size = 0 if inherited else size
            return size + 4 * len(array) + self._column(f"{name}[]", array.flatten(), type_.value_type)
        if pa.types.is_string(type_):
            whole = array.fill_null("") if size else array
            _, places, data = whole.buffers()
            offsets = np.frombuffer(places, np.int32)[whole.offset : whole.offset + len(whole) + 1]
            self._update(f"{name}#", np.diff(offsets))
            first, last = (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)
            self._update(f"{name}=", memoryview(data)[first:last] if last > first else b"")
            return size + 4 * len(array) + last - first
        if pa.types.is_boolean(type_):
            array = array.cast(pa.uint8())
        elif pa.types.is_date32(type_):
            array = array.view(pa.int32())
        values = (array.fill_null(0) if size else array).to_numpy()
        self._update(f"{name}=", values)
        if pa.types.is_boolean(type_):
            return size + bitmap
        return int(values.nbytes) + (size if pa.types.is_date32(type_) else bitmap)
