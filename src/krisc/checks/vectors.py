"""Questions to columns of a batch, all of whose rows are asked at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from krisc.columns import Booleans, Integers, Part


def true(values: pa.Array) -> Booleans:
    """Where a condition is true."""
    return np.asarray(values.fill_null(False) if values.null_count else values)


def untrue(values: pa.Array) -> Booleans:
    """Where a condition is false or null."""
    return ~true(values)


def odd(values: pa.Array) -> Booleans:
    """Which strings are empty, or have a NUL."""
    return true(pc.or_(pc.equal(values, ""), pc.match_substring(values, "\0")))


def labelled(part: Part, labels: Sequence[str]) -> Booleans:
    """Which annotations of a layer have one of some labels."""
    return np.array([*(label in labels for label in part.layer.labels), False])[part.codes]


def among(ascending: Integers, values: Integers) -> Booleans:
    """Which values are among others, which ascend."""
    if not len(ascending):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    return np.asarray(ascending[at] == values)


def repeated(rows: Integers) -> Booleans:
    """Which columns of an array stand in it before; of a flat array, which values."""
    rows = np.atleast_2d(rows)
    order = np.lexsort(rows)
    again = (rows[:, order[1:]] == rows[:, order[:-1]]).all(axis=0)
    found = np.zeros(rows.shape[1], bool)
    found[order[1:][again]] = True
    return found


def mixed(rows: Integers) -> NDArray[np.uint64]:
    """A number for each column, of which sums tell sets of columns apart; at worst two sets seem the same."""
    found = np.zeros(rows.shape[1], np.uint64)
    for row in rows:
        found = (found ^ row.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        found ^= found >> np.uint64(29)
    return found


def overlapping(start: Integers, end: Integers) -> Booleans:
    """Which stretches overlap one that begins before them."""
    order = np.lexsort((-end, start))
    found = np.zeros(len(start), bool)
    found[order[1:]] = start[order[1:]] < np.maximum.accumulate(end[order])[:-1]
    return found


def crossing(start: Integers, end: Integers) -> Booleans:
    """Which stretches cross one that begins before them.

    One that begins before the ends of others either crosses that which reaches farthest, or lies in it; then those are
    asked which are left when all that lie in none are taken away.
    """
    found = np.zeros(len(start), bool)
    left = np.lexsort((-end, start))
    while len(left) > 1:
        reach = np.concatenate((start[left[:1]], np.maximum.accumulate(end[left])[:-1]))
        inside = start[left] < reach
        found[left[inside & (end[left] > reach)]] = True
        left = left[inside]
    return found
