"""Documents with the same key to pairs of documents that may be alike, so many a document however full a bucket is.

Records and pairs are NumPy arrays of fixed width: a partition of them is sorted in memory, in a process of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAR = 32  # documents before it in a bucket that a document is compared with
RECORD = np.dtype([("key", "<u8"), ("document", "<u4")])
PAIR = np.dtype("<u8")  # the later document in the upper half, the earlier one in the lower

Records = NDArray[Any]
Pairs = NDArray[np.uint64]
Numbers = NDArray[np.uint32]


def records(keys: NDArray[np.uint64], first: int) -> Records:
    """The keys of documents as records, from keys of shape ``(documents, bands)`` and the number of the first one."""
    made = np.empty(keys.shape, dtype=RECORD)
    made["key"] = keys
    made["document"] = np.arange(first, first + len(keys), dtype=np.uint32)[:, None]
    return made.ravel()


def copies(partition: Records) -> Pairs:
    """Of documents with the same key each beyond the first 33, with the first of them."""
    documents, place = _buckets(partition)
    rows = np.flatnonzero(place > NEAR)
    return _paired(documents[rows - place[rows]], documents[rows])


def candidates(partition: Records) -> tuple[Pairs, Numbers]:
    """Documents with the same key, each with the 32 before it in its bucket; and those that have more before them.

    Pairs and documents are sorted, and each there once. In a full bucket, neighbours by number are as good as any:
    ordering it by the next band, so that those that agree in two stand together, finds hardly more for more work.
    """
    documents, place = _buckets(partition)
    found: list[Pairs] = [np.empty(0, PAIR)]
    for back in range(1, NEAR + 1):
        rows = np.flatnonzero(place >= back)
        if not len(rows):
            break
        found.append(_paired(documents[rows - back], documents[rows]))
    return np.unique(np.concatenate(found)), np.unique(documents[place > NEAR])


def earlier(pairs: Pairs) -> Numbers:
    """The numbers of the earlier documents."""
    return (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def later(pairs: Pairs) -> Numbers:
    """The numbers of the later documents."""
    return (pairs >> np.uint64(32)).astype(np.uint32)


def _buckets(partition: Records) -> tuple[Numbers, NDArray[np.int64]]:
    """The documents that share a key with others, bucket after bucket, and the place of each in its bucket from 0.

    Most keys are of one document alone. So keys are sorted by themselves, and whole records only where keys are shared.
    """
    keys = np.ascontiguousarray(partition["key"])
    ordered = np.sort(keys)
    shared = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(shared):
        return np.empty(0, np.uint32), np.empty(0, np.int64)
    nearest = np.minimum(np.searchsorted(shared, keys), len(shared) - 1)
    some = partition[shared[nearest] == keys]
    some = some[np.lexsort((some["document"], some["key"]))]
    begins = np.flatnonzero(np.concatenate(([True], some["key"][1:] != some["key"][:-1])))
    place = np.arange(len(some)) - np.repeat(begins, np.diff(begins, append=len(some)))
    return np.ascontiguousarray(some["document"]), place


def _paired(one: Numbers, other: Numbers) -> Pairs:
    """Pairs as numbers; a document is no pair with itself."""
    pairs: Pairs = ((other.astype(PAIR) << np.uint64(32)) | one)[one != other]
    return pairs
