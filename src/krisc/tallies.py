"""Counts of documents in small arrays, which can be made anywhere, sent, and put together in the order of documents.

``Tally`` holds what one layer needs of every document, ``Tallied`` is the same ready to be sent.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from krisc.measures import Unitized

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Key = tuple[str, ...]  # what is counted: a measure, and where it has any, a label, a role or an attribute
Cell = int | tuple[str, ...]  # one count of it: by its number, or by the values that the annotators gave
Column = tuple[Key, Cell]


class Disagreement(msgspec.Struct):
    """One thing on which the passes differ: what each has (empty where it has nothing), and the words around."""

    document: str
    layer: str
    context: str
    passes: dict[str, str]


class Tallied(msgspec.Struct, omit_defaults=True):
    """A tally that can be pickled, or written by msgspec; the arrays as bytes, the lowest byte first."""

    columns: list[Column] = []
    at: bytes = b""
    numbers: bytes = b""
    ends: bytes = b""
    names: list[str] = []
    lengths: dict[str, int] = {}
    different: dict[str, int] = {}
    units: dict[str, dict[int, int]] = {}
    gaps: dict[str, dict[int, int]] = {}
    confusion: list[tuple[str, str, int]] = []
    disagreements: list[Disagreement] = []


@dataclass
class Tally:
    """The counts of one layer: a row for every document, or while there is only one, for every unit of its text.

    A row holds the counts that are not 0, each as the number of its column and the count: 12 bytes. Columns are few and
    numbered in the order in which they were met; with a dozen labels, a layer takes 150 to 900 bytes a document.
    """

    columns: dict[Column, int] = field(default_factory=dict)
    at: array[int] = field(default_factory=lambda: array("I"))
    numbers: array[float] = field(default_factory=lambda: array("d"))
    ends: array[int] = field(default_factory=lambda: array("Q"))  # how many counts there are up to the end of each row
    names: list[str] = field(default_factory=list)  # of the documents, where figures by document are wanted
    unitized: dict[str, Unitized] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)
    _open: dict[int, dict[Column, float]] = field(default_factory=dict)

    def add(self, unit: int, key: Key, cell: Cell, number: float = 1) -> None:
        """Add to one count of the document that is being counted."""
        row = self._open.setdefault(unit, {})
        column = (key, cell)
        row[column] = row.get(column, 0) + number

    def close(self, name: str = "") -> None:
        """End a document; one in which nothing was counted leaves no trace.

        Args:
            name: its id, where figures by document are wanted.
        """
        if self._open and name:
            self.names.append(name)
        for unit in sorted(self._open):
            for column, number in self._open[unit].items():
                at = self.columns.setdefault(column, len(self.columns))
                if number:
                    self.at.append(at)
                    self.numbers.append(number)
            self.ends.append(len(self.at))
        self._open = {}

    def fold(self) -> None:
        """Make one row of all: of the units of the first document, once documents can be drawn."""
        if len(self.ends) > 1:
            whole = self.matrix().sum(axis=0)
            at = np.flatnonzero(whole)
            self.at, self.numbers = array("I", at.tolist()), array("d", whole[at].tolist())
            self.ends = array("Q", [len(at)])

    def merge(self, more: Tally) -> None:
        """Add the documents of another tally after those of this one."""
        place = np.array([self.columns.setdefault(c, len(self.columns)) for c in more.columns], dtype=np.uint32)
        before = len(self.at)
        self.at.frombytes(place[np.frombuffer(more.at, dtype=np.uint32)].tobytes())
        self.numbers.extend(more.numbers)
        self.ends.extend(array("Q", [before + end for end in more.ends]))
        self.names += more.names
        for label, one in more.unitized.items():
            self.unitized.setdefault(label, Unitized()).merge(one)
        self.confusion.update(more.confusion)
        self.disagreements += more.disagreements

    def matrix(self) -> csr_array:
        """All counts: a row for every document or unit, a column for every column, in order."""
        from scipy.sparse import csr_array  # noqa: PLC0415 - takes long to import

        at, numbers = np.frombuffer(self.at, dtype=np.uint32), np.frombuffer(self.numbers)  # seen, not copied
        ends = np.array([0, *self.ends], dtype=np.int32 if len(at) < 2**31 else np.int64)
        return csr_array((numbers, at.view(np.int32), ends), shape=(len(self.ends), len(self.columns)))

    def packed(self) -> Tallied:
        """The same, ready to be sent."""
        return Tallied(
            list(self.columns),
            np.array(self.at, dtype="<u4").tobytes(),
            np.array(self.numbers, dtype="<f8").tobytes(),
            np.array(self.ends, dtype="<u8").tobytes(),
            self.names,
            {name: one.length for name, one in self.unitized.items()},
            {name: one.different for name, one in self.unitized.items()},
            {name: dict(one.lengths) for name, one in self.unitized.items()},
            {name: dict(one.gaps) for name, one in self.unitized.items()},
            [(*labels, number) for labels, number in self.confusion.items()],
            self.disagreements,
        )


def unpacked(sent: Tallied) -> Tally:
    """A tally that was sent."""
    return Tally(
        {column: number for number, column in enumerate(sent.columns)},
        array("I", np.frombuffer(sent.at, "<u4").tolist()),
        array("d", np.frombuffer(sent.numbers, "<f8").tolist()),
        array("Q", np.frombuffer(sent.ends, "<u8").tolist()),
        sent.names,
        {
            name: Unitized(length, sent.different[name], Counter(sent.units[name]), Counter(sent.gaps[name]))
            for name, length in sent.lengths.items()
        },
        Counter({(one, other): number for one, other, number in sent.confusion}),
        sent.disagreements,
    )
