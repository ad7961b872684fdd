"""Finds documents with nearly the same text: MinHash finds who may be alike, the words themselves decide.

Documents are sketched in chunks, bands are sorted in partitions and candidates are compared in batches, each of which
may run in a process of its own; whatever the sizes and the number of processes, the pairs are the same. What grows with
the number of documents lies in files without names (``spill``), but for one byte a document.

Sources: Broder (1997), On the resemblance and containment of documents; Leskovec, Rajaraman and Ullman, Mining of
Massive Datasets, chapter 3.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

import numpy as np

from krisc import buckets
from krisc.buckets import Pairs
from krisc.minhash import Bands, band_keys, bands_for, content_keys
from krisc.shingling import BLOCK, Hashes, hashed, shingles
from krisc.spill import Names, Spill

RANGE = 1000  # documents whose pairs are put in order at a time
RANGES = 4096  # of documents there are at most
KEPT = 1 << 18  # shingles of texts that are held while a batch is compared: some 30 MB
_CROWDED, _SPARE = 1, 2  # not compared with all that agree in a band; the same as 33 others before it

TextOf = Callable[[str], str]
T = TypeVar("T")
R = TypeVar("R")


class Mapped(Protocol):
    """What ``map`` does, be it in this process or in many: results in the order of the items."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """The results of a function that can be pickled, such as one of a module or a ``partial`` of one."""
        ...


@dataclass(frozen=True)
class Alike:
    """Two documents, the earlier one first, and the Jaccard index of their shingles."""

    one: str
    other: str
    jaccard: float


@dataclass(frozen=True)
class Sizes:
    """How much is worked on at a time. Nothing that is found depends on it.

    Attributes:
        chunk: documents that are sketched at a time.
        partition: bytes of bands that are sorted at a time.
        buffer: bytes of bands, and of pairs, that are held before they are written.
        batch: pairs that are compared at a time.
    """

    chunk: int = 1000
    partition: int = 8 << 20
    buffer: int = 8 << 20
    batch: int = 20000


def near_duplicates(
    names: Iterable[str],
    text_of: TextOf,
    threshold: float,
    mapped: Mapped = map,
    sizes: Sizes = Sizes(),
    progress: Callable[[int, int], None] | None = None,
    crowded: Callable[[int], None] | None = None,
) -> Iterator[Alike]:
    """Yield the pairs of documents whose shingles have at least a Jaccard index, by the later one, then the earlier.

    Of pairs with just that index one in 400 is missed, of others fewer (``minhash.bands_for``); none is told that is
    not alike. Where more than 33 documents agree in a band, each is compared with the 32 before it; and where more than
    33 have the very same shingles, 33 of them are compared with others, and each further one with the first of them. So
    work grows with the documents and not with their pairs. Of a crowd that is alike enough pairs are told for
    ``groups`` to put it together; in a crowd that agrees in bands and is yet not alike, pairs are missed.

    Memory does not depend on the number of documents, but for one byte a document, if ``mapped`` takes items as they
    are needed. Texts are read once, and those of candidates again. A worker needs the texts and no file of ours.

    Args:
        names: the documents, each once.
        text_of: the text of a document; can be pickled if ``mapped`` needs that.
        threshold: least Jaccard index, above 0 and at most 1.
        mapped: ``map``, or what does the same in several processes.
        sizes: how much is worked on at a time.
        progress: is told how many documents of how many are sketched.
        crowded: is told, before the first pair, how many documents were not compared with all that they agree with.

    Raises:
        ValueError: the threshold is out of range.
        KriscError: there is no room for temporary files.
    """
    bands = bands_for(threshold)
    verify = partial(_verified, text_of=text_of, threshold=threshold)
    with ExitStack() as stack:
        listed = stack.enter_context(Names())
        every = iter(names)
        while chunk := list(islice(every, sizes.chunk)):
            listed.extend(chunk)
        partitions = 1 + len(listed) * bands.bands * buckets.RECORD.itemsize // sizes.partition
        keys = stack.enter_context(Spill(partitions, buckets.RECORD, sizes.buffer))
        contents = stack.enter_context(Spill(1 + partitions // bands.bands, buckets.RECORD, sizes.buffer))
        pairs = stack.enter_context(Spill(min(RANGES, 1 + len(listed) // RANGE), buckets.PAIR, sizes.buffer))
        sketch = partial(_sketched, text_of=text_of, bands=bands)
        _sketch(mapped, sketch, listed, sizes.chunk, (contents, keys), progress)
        crowd = _pair(mapped, contents, keys, pairs, len(listed))
        if crowded is not None:
            crowded(crowd)
        for found in mapped(verify, _batches(pairs, listed, sizes.batch)):
            yield from found


def groups(pairs: Iterable[Alike]) -> list[tuple[str, ...]]:
    """The documents that hang together by pairs, however long the chain: connected components, sorted by name.

    Two documents of a group need not be alike themselves. Only documents of pairs are held in memory.

    Source: Tarjan and van Leeuwen (1984), Worst-case analysis of set union algorithms (path halving).
    """
    above: dict[str, str] = {}

    def root(name: str) -> str:
        above.setdefault(name, name)
        while above[name] != name:
            above[name] = name = above[above[name]]
        return name

    for pair in pairs:
        one, other = sorted((root(pair.one), root(pair.other)))
        above[other] = one
    members: dict[str, list[str]] = {}
    for name in sorted(above):
        members.setdefault(root(name), []).append(name)
    return [tuple(listed) for listed in members.values()]


def _sketch(
    mapped: Mapped,
    sketch: Callable[[Sequence[str]], tuple[Hashes, Hashes]],
    listed: Names,
    size: int,
    spills: tuple[Spill, Spill],
    progress: Callable[[int, int], None] | None,
) -> None:
    """Sketch all documents, a chunk at a time, and put their keys into partitions by the upper half."""
    bounds = [(first, min(first + size, len(listed))) for first in range(0, len(listed), size)]
    for (first, behind), made in zip(bounds, mapped(sketch, (listed.slice(*pair) for pair in bounds)), strict=True):
        for spill, keys in zip(spills, made, strict=True):
            records = buckets.records(keys, first)
            upper = records["key"] >> np.uint64(32)
            spill.add((upper * np.uint64(spill.partitions) >> np.uint64(32)).astype(np.int64), records)
        if progress is not None:
            progress(behind, len(listed))


def _pair(mapped: Mapped, contents: Spill, keys: Spill, pairs: Spill, documents: int) -> int:
    """Find the candidates, and put them into ranges of the later document: ranges one after the other are in order.

    Returns how many documents were not paired with all that they agree with.
    """
    state = np.zeros(documents, dtype=np.uint8)  # _CROWDED, _SPARE

    def keep(found: Pairs) -> None:
        pairs.add(buckets.later(found).astype(np.int64) * pairs.partitions // documents, found)

    for found in mapped(buckets.copies, contents):
        state[buckets.later(found)] = _SPARE
        keep(found)
    compared = (records[state[records["document"]] != _SPARE] for records in keys)
    for found, crowd in mapped(buckets.candidates, compared):
        state[crowd] = _CROWDED  # none of them is spare
        keep(found)
    return int(np.count_nonzero(state))


def _sketched(names: Sequence[str], text_of: TextOf, bands: Bands) -> tuple[Hashes, Hashes]:
    """The content keys of documents, of shape ``(documents, 1)``, and their band keys, ``(documents, bands)``."""
    contents, keys = [], []
    for texts in _blocks(map(text_of, names)):
        block = hashed(texts)
        contents.append(content_keys(block)[:, None])
        keys.append(band_keys(block, bands))
    return np.concatenate(contents), np.concatenate(keys)


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in blocks of some length, a text of more than that by itself."""
    block: list[str] = []
    length = 0
    for text in texts:
        if block and length + len(text) > BLOCK:
            yield block
            block, length = [], 0
        block.append(text)
        length += len(text) + 1
    if block:
        yield block


def _batches(ranges: Iterable[Pairs], names: Names, size: int) -> Iterator[list[tuple[str, str]]]:
    """The candidates, each once and in order, by their names."""
    for pairs in ranges:
        once = np.unique(pairs)
        for first in range(0, len(once), size):
            some = once[first : first + size]
            numbers, places = np.unique(np.stack((buckets.earlier(some), buckets.later(some))), return_inverse=True)
            named = [names[number] for number in numbers.tolist()]
            ones, others = places.reshape(2, -1).tolist()
            yield [(named[one], named[other]) for one, other in zip(ones, others, strict=True)]


def _verified(pairs: Sequence[tuple[str, str]], text_of: TextOf, threshold: float) -> list[Alike]:
    """Those of the pairs that are alike, by the texts."""
    shelf = _Shelf(text_of)
    found = []
    for one, other in pairs:
        mine, theirs = shelf.shingles(one), shelf.shingles(other)
        if min(len(mine), len(theirs)) / max(len(mine), len(theirs)) < threshold:
            continue  # even if all of one were in the other
        common = len(mine & theirs)
        jaccard = common / (len(mine) + len(theirs) - common)
        if jaccard >= threshold:
            found.append(Alike(one, other, jaccard))
    return found


class _Shelf:
    """The shingles of the texts that were needed last, as many as memory is meant for."""

    def __init__(self, text_of: TextOf) -> None:
        self._text_of = text_of
        self._kept: OrderedDict[str, set[str]] = OrderedDict()
        self._size = 0

    def shingles(self, name: str) -> set[str]:
        """The shingles of a document."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        made = self._kept[name] = shingles(self._text_of(name))
        self._size += len(made)
        while self._size > KEPT and len(self._kept) > 1:
            self._size -= len(self._kept.popitem(last=False)[1])
        return made
