"""Arithmetic of half-open stretches ``[start, end)``: containing, crossing, nesting, and alignment to tokens.

A leaf of the program; it knows numbers only.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import gt
from sys import maxsize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Stretch = tuple[int, int]


def contains(outer: Stretch, inner: Stretch) -> bool:
    """Whether ``inner`` lies wholly in ``outer`` (equal stretches contain each other)."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def overlaps(one: Stretch, other: Stretch) -> bool:
    """Whether the two share at least one position."""
    return one[0] < other[1] and other[0] < one[1]


def overlapping(stretches: Sequence[Stretch]) -> Iterator[tuple[int, int]]:
    """Yield the index pairs of stretches that overlap, each pair once, in text order.

    Takes O(n log n + pairs) time.
    """
    order = sorted(range(len(stretches)), key=lambda i: (stretches[i][0], -stretches[i][1], i))
    open_: list[int] = []
    for index in order:
        start = stretches[index][0]
        open_ = [i for i in open_ if stretches[i][1] > start]
        yield from ((i, index) for i in open_)
        open_.append(index)


def crossing(stretches: Sequence[Stretch]) -> Iterator[tuple[int, int]]:
    """Yield the index pairs of stretches that overlap without one containing the other."""
    for one, other in overlapping(stretches):
        a, b = stretches[one], stretches[other]
        if not contains(a, b) and not contains(b, a):
            yield one, other


def side_by_side(starts: Sequence[int], ends: Sequence[int]) -> bool:
    """Whether no two stretches overlap, none of which is empty. Takes O(n log n) time, less when they are in order."""
    return not any(map(gt, sorted(ends), sorted(starts)[1:]))


def nest(starts: Sequence[int], ends: Sequence[int]) -> bool:
    """Whether no two stretches cross, none of which is empty. Takes O(n log n) time, less when they are in order."""
    pairs = list(zip(starts, ends, strict=True))
    return _nest(pairs) or _nest(sorted(pairs, key=lambda pair: (pair[0], -pair[1])))


def _nest(stretches: Sequence[Stretch]) -> bool:
    """Whether stretches do not cross, and are in text order, of those that begin together the longest first."""
    before, inside = -maxsize, maxsize  # where the last one starts, and where the innermost that holds it ends
    open_ = [inside]
    for start, end in stretches:
        while inside <= start:
            open_.pop()
            inside = open_[-1]
        if end > inside or start < before:
            return False
        before, inside = start, end
        open_.append(end)
    return True


class Containers:
    """Finds the stretch that contains another, among stretches that do not overlap."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self.stretches = sorted(stretches)
        self.starts = [s for s, _ in self.stretches]
        self.limits = [
            -maxsize,
            *(e for _, e in self.stretches),
        ]  # how far one may reach that starts before the first, at the first …

    def holding(self, inner: Stretch) -> Stretch | None:
        """The stretch that contains ``inner``, or None. Takes O(log n) time."""
        at = bisect_right(self.starts, inner[0]) - 1
        if at >= 0 and contains(self.stretches[at], inner):
            return self.stretches[at]
        return None

    @property
    def apart(self) -> bool:
        """Whether no two of these overlap."""
        return not any(map(gt, self.limits[1:], self.starts[1:]))

    def hold(self, starts: Iterable[int], ends: Iterable[int]) -> bool:
        """Whether each of many stretches lies in one of these. Takes O(log n) time for each."""
        known, limits = self.starts, self.limits
        return not any(map(gt, ends, [limits[bisect_right(known, start)] for start in starts]))


def token_range(starts: Sequence[int], ends: Sequence[int], span: Stretch) -> Stretch | None:
    """Tokens ``[first, last)`` that the span covers exactly, or None when it does not fall on token boundaries.

    Args:
        starts: first offset of every token, ascending, in code points.
        ends: end offset of every token, ascending, in code points.
        span: the span, in code points.
    """
    first, last = bisect_left(starts, span[0]), bisect_left(ends, span[1])
    if first < len(starts) and last < len(ends) and first <= last and (starts[first], ends[last]) == span:
        return first, last + 1
    return None


def token_ranges(
    starts: NDArray[np.intp], ends: NDArray[np.intp], spans: Sequence[Stretch] | NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """For every span the tokens ``[first, last)`` that lie wholly in it, and whether it covers exactly these.

    Where it does, ``first`` and ``last`` are those of ``token_range``, which is None where it does not.

    Args:
        starts: first offset of every token, ascending, in code points.
        ends: end offset of every token, ascending, in code points.
        spans: the spans in any order, in code points: a list of pairs, or an array of two columns.

    Returns:
        Three arrays, each as long as there are spans: ``first``, ``last``, and whether the span is exact.

    Raises:
        OverflowError: an offset needs more than 64 bits.
    """
    import numpy as np  # noqa: PLC0415 - few spans do without it

    listed = not isinstance(spans, np.ndarray)
    offsets = np.fromiter(chain.from_iterable(spans), np.intp, 2 * len(spans)) if listed else np.ravel(spans)
    start, end = offsets[::2], offsets[1::2]
    first, last = starts.searchsorted(start), ends.searchsorted(end, "right")
    exact = (starts.searchsorted(start, "right") > first) & (ends.searchsorted(end) < last) & (first < last)
    return first, last, exact
