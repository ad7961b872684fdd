"""Texts one after another on a line of code points, so that one search places the spans of many documents.

Between two texts stands a line feed, which belongs to neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from krisc.tokens import token_arrays

if TYPE_CHECKING:
    from krisc.tokens import Offsets

Integers = NDArray[np.int64]


class Line:
    """The texts of several documents.

    ``base`` is where each begins, and where one more would, of shape ``(documents + 1,)``; ``lengths`` are in code
    points.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.text = "\n".join([*texts, ""])
        self.lengths: Integers = np.fromiter(map(len, texts), np.int64, len(texts))
        self.base: Integers = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(self.lengths + 1, out=self.base[1:])

    @cached_property
    def tokens(self) -> Offsets:
        """Starts and ends of all tokens; none reaches over white space, so they are those of each text."""
        return token_arrays(self.text)

    @cached_property
    def bytes(self) -> NDArray[np.uint8]:
        """The line in UTF-8."""
        return np.frombuffer(self.text.encode(), np.uint8)

    @cached_property
    def places(self) -> Integers:
        """Where each code point begins in ``bytes``, and where one more would."""
        starts = np.flatnonzero((self.bytes & 0xC0) != 0x80)
        return np.append(starts, len(self.bytes))

    @cached_property
    def blank(self) -> NDArray[np.bool_]:
        """Of each code point, whether it is white space, as ``str.isspace`` has it."""
        points = np.frombuffer(self.text.encode("utf-32-le"), "<u4")
        found = (points <= 32) & ((points >= 28) | ((points >= 9) & (points <= 13)))
        beyond = np.flatnonzero(points > 126)
        if len(beyond):
            found[beyond] = np.isin(points[beyond], _BLANKS)
        return found

    def cut(self, starts: Integers, ends: Integers) -> tuple[Integers, NDArray[np.uint8]]:
        """What stands between offsets on the line: lengths in bytes, and the bytes, one after another."""
        first, last = self.places[starts], self.places[ends]
        return last - first, self.bytes[every(first, last)]

    def words(self, starts: Integers, ends: Integers) -> pa.StringArray:
        """The same as strings."""
        lengths, data = self.cut(starts, ends)
        offsets = np.zeros(len(lengths) + 1, np.int32)
        np.cumsum(lengths, out=offsets[1:])
        return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(data))


_BLANKS = np.array([n for n in range(127, 1 << 16) if chr(n).isspace()], np.uint32)  # none lies beyond


def every(firsts: Integers, lasts: Integers) -> Integers:
    """All numbers of half-open ranges, range by range."""
    counts = lasts - firsts
    begins = np.cumsum(counts) - counts
    numbers: Integers = np.arange(counts.sum()) + np.repeat(firsts - begins, counts)
    return numbers
