"""What does not fit into memory: records and names in files that have no name themselves.

A file is opened once and unlinked at once, so that nothing of it is left whatever happens, be it that the process is
killed. Partitions are extents of the one file, and not files, of which there may be only so many open.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from krisc.findings import Finding, KriscError, Place

Records = NDArray[Any]
Numbers = NDArray[np.int64]


class Spill:
    """Records of one type, put into partitions as they come, and read again a partition at a time.

    Args:
        partitions: how many there are.
        record: type of the records.
        buffer: bytes of records that are held before they are written.
    """

    def __init__(self, partitions: int, record: np.dtype[Any], buffer: int) -> None:
        self.partitions = partitions
        self.record = record
        self._buffer = buffer
        self._held: list[tuple[Numbers, Records]] = []
        self._bytes = 0
        self._extents: list[tuple[int, Numbers]] = []  # where a write began, and at which record each partition does
        self._file: IO[bytes] = _unnamed()

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, partitions: Numbers, records: Records) -> None:
        """Put each record into its partition.

        Raises:
            KriscError: ``output-unwritable``, when there is no room left.
        """
        self._held.append((partitions, records))
        self._bytes += records.nbytes
        if self._bytes >= self._buffer:
            self._write()

    def read(self, partition: int) -> Records:
        """The records of a partition, in the order in which they were added."""
        self._write()
        parts = [np.empty(0, self.record)]
        for begin, bounds in self._extents:
            first, behind = (int(n) for n in bounds[partition : partition + 2])
            if behind > first:
                self._file.seek(begin + first * self.record.itemsize)
                parts.append(np.frombuffer(self._file.read((behind - first) * self.record.itemsize), self.record))
        return np.concatenate(parts)

    def __iter__(self) -> Iterator[Records]:
        """The partitions, one after the other."""
        return (self.read(partition) for partition in range(self.partitions))

    def _write(self) -> None:
        """Write what is held, sorted by partition, behind what is there."""
        if not self._held:
            return
        partitions = np.concatenate([one for one, _ in self._held])
        records = np.concatenate([one for _, one in self._held])
        order = np.argsort(partitions, kind="stable")
        bounds = np.searchsorted(partitions[order], np.arange(self.partitions + 1))
        with _room():
            begin = self._file.seek(0, 2)
            self._file.write(records[order].tobytes())
            self._file.flush()
        self._extents.append((begin, bounds))
        self._held, self._bytes = [], 0


class Names:
    """Names by their number from 0; none is held in memory."""

    def __init__(self) -> None:
        self._bytes: IO[bytes] = _unnamed()
        self._ends: IO[bytes] = _unnamed()  # 64 bits for each name: where it ends
        self._length = 0
        self._number = 0

    def __enter__(self) -> Names:
        return self

    def __exit__(self, *_: object) -> None:
        self._bytes.close()
        self._ends.close()

    def __len__(self) -> int:
        return self._number

    def extend(self, names: Sequence[str]) -> None:
        """Add names behind those that are there.

        Raises:
            KriscError: ``output-unwritable``, when there is no room left.
        """
        encoded = [name.encode("utf-8", "surrogatepass") for name in names]
        ends = self._length + np.cumsum(np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded)))
        with _room():
            for file, data in ((self._bytes, b"".join(encoded)), (self._ends, ends.tobytes())):
                file.seek(0, 2)
                file.write(data)
                file.flush()
        self._length += sum(map(len, encoded))
        self._number += len(names)

    def __getitem__(self, number: int) -> str:
        """The name with a number."""
        return self.slice(number, number + 1)[0]

    def slice(self, first: int, behind: int) -> list[str]:
        """The names from one number up to another."""
        self._ends.seek(max(0, first - 1) * 8)
        ends = np.frombuffer(self._ends.read((behind - max(0, first - 1)) * 8), dtype=np.int64).tolist()
        bounds = ends if first else [0, *ends]
        self._bytes.seek(bounds[0])
        data = self._bytes.read(bounds[-1] - bounds[0])
        cuts = [bound - bounds[0] for bound in bounds]
        return [data[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(cuts)]


@contextmanager
def _room() -> Iterator[None]:
    """Tell of a full disk as a finding."""
    try:
        yield
    except OSError as error:
        raise _unwritable(error) from None


def _unnamed() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise _unwritable(error) from None


def _unwritable(error: OSError) -> KriscError:
    reason = error.strerror or str(error)
    return KriscError([Finding("output-unwritable", Place(tempfile.gettempdir()), {"reason": reason})])
