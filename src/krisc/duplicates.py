"""Finds documents with nearly the same text: MinHash finds who may be alike, the words themselves decide.

Source: Broder (1997), On the resemblance and containment of documents; the sketches and the index are rensa's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import regex

SHINGLE = 3  # words in a row
PERMUTATIONS = 128
BANDS = 64  # of two values each: a pair with a Jaccard index of 0.3 is missed once in 400 times
SEED = 1

_WORD = regex.compile(r"[\p{L}\p{N}]+")


@dataclass(frozen=True)
class Alike:
    """Two documents, the earlier one first, and the Jaccard index of their shingles."""

    one: str
    other: str
    jaccard: float


def shingles(text: str) -> set[str]:
    """Every run of three words, folded; the whole text when it is shorter."""
    words = _WORD.findall(text.casefold())
    return {" ".join(words[n : n + SHINGLE]) for n in range(max(1, len(words) - SHINGLE + 1))}


def near_duplicates(names: Iterable[str], text_of: Callable[[str], str], threshold: float) -> Iterator[Alike]:
    """Yield the pairs of documents whose shingles have at least a Jaccard index.

    A sketch of each document is held in memory, and no text; the texts of candidates are read again.

    Args:
        names: the documents, each once.
        text_of: the text of a document.
        threshold: least Jaccard index, above 0 and at most 1.
    """
    from rensa import RMinHash, RMinHashLSH  # noqa: PLC0415 - only for corpora that ask for it

    index = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=BANDS)
    known: list[str] = []
    for name in names:
        mine = shingles(text_of(name))
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
        sketch.update(sorted(mine))
        for number in sorted(index.query(sketch)):
            theirs = shingles(text_of(known[number]))
            jaccard = len(mine & theirs) / len(mine | theirs)
            if jaccard >= threshold:
                yield Alike(known[number], name, jaccard)
        index.insert(len(known), sketch)
        known.append(name)
