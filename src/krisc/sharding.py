"""Which documents stand together in the files of a release, and are compiled together.

A shard is a run of documents in the order of their ids. Where one ends depends on ids only, and mostly on those around:
a document that changes leaves all shards as they were, and one that comes or goes changes the shard it stands in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

SIZE = 1024  # documents a shard, on average
MOST = 512  # shards, after which they grow


class Named(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """The id."""
        ...


N = TypeVar("N", bound=Named)


def size_of(documents: int) -> int:
    """How many documents a shard has on average, in a corpus of so many: 1,024, doubled until 512 shards are enough."""
    size = SIZE
    while documents > size * MOST:
        size *= 2
    return size


def shards(entries: Iterable[N], documents: int) -> Iterator[Sequence[N]]:
    """Cut documents, sorted by id, into shards.

    A shard ends before an id whose hash is a multiple of half the size, once it has half the size; and at four times
    the size in any case. Source: content-defined chunking (Muthitacharoen, Chen and Mazières 2001, LBFS), over ids.

    Args:
        entries: the documents.
        documents: how many there are.
    """
    size = size_of(documents)
    shard: list[N] = []
    for entry in entries:
        if len(shard) >= size * 4 or (len(shard) >= size // 2 and _cuts(entry.id, size // 2)):
            yield shard
            shard = []
        shard.append(entry)
    if shard:
        yield shard


def _cuts(name: str, every: int) -> bool:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % every == 0
