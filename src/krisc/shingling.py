"""Texts to shingles: the sets that say how far two texts are alike, and the same sets as numbers, many texts at once.

A shingle is a run of words (Broder 1997, On the resemblance and containment of documents). ``shingles`` is what it
means; ``hashed`` is a number for each, worked out for a block of texts without making a string of any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

SHINGLE = 3  # words in a row
BLOCK = 1 << 17  # code points that are hashed at once: their arrays take some 5 MB

_WORD = regex.compile(r"[\p{L}\p{N}]+")
_CODES = 0x110000  # code points of Unicode
_BASE = 0x9E3779B97F4A7C15  # of the polynomial over a word; odd, so that it has an inverse modulo 2^64
_PLACES = np.array([0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB], dtype=np.uint64)  # odd

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


def shingles(text: str) -> set[str]:
    """Every run of three words, folded; the whole text when it is shorter, and the empty run when it has no word."""
    words = _WORD.findall(text.casefold())
    return {" ".join(words[n : n + SHINGLE]) for n in range(max(1, len(words) - SHINGLE + 1))}


@dataclass(frozen=True)
class Hashed:
    """The shingles of some texts as 64-bit numbers, in text order and as often as they stand there.

    ``starts`` says at which of ``values`` each text begins; every text has at least one.
    """

    values: Hashes
    starts: Places


def hashed(texts: Sequence[str]) -> Hashed:
    """The shingles of some texts as numbers: equal where the shingles are, and else different but once in 2^64.

    A word is the polynomial of its code points modulo 2^64; with sums over the whole block, every word is one
    difference of two of them (Karp and Rabin 1987, Efficient randomized pattern-matching algorithms). A shingle is a
    sum of its words by odd factors, mixed. Nothing but integers is used, so that numbers are the same on every machine.
    """
    words, counts = _words([text.casefold() for text in texts])
    short = np.maximum(SHINGLE - counts, 0)
    ends = np.cumsum(counts + short)
    filled = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint64)  # texts are filled up to three words
    filled[np.arange(len(words)) + np.repeat(np.cumsum(short) - short, counts)] = words
    last = len(filled) - SHINGLE + 1
    runs = sum((filled[n : n + last] * _PLACES[n] for n in range(1, SHINGLE)), filled[:last] * _PLACES[0])
    inside = np.ones(len(filled), dtype=bool)
    for n in range(1, SHINGLE):
        inside[ends - n] = False  # a run does not go on into the next text
    sizes = np.maximum(counts + short - SHINGLE + 1, 1)
    return Hashed(mixed(runs[inside[:last]]), np.cumsum(sizes) - sizes)


def mixed(values: Hashes) -> Hashes:
    """Numbers whose every bit depends on every bit of those given, one to one.

    The finalizer of SplitMix64 (Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators), in the
    variant that Vigna published.
    """
    values = values ^ (values >> np.uint64(30))
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def _words(folded: Sequence[str]) -> tuple[Hashes, Places]:
    """The words of texts as numbers, one text after the other, and how many each text has."""
    codes = np.frombuffer("\n".join(folded).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    letter = np.concatenate(([False], _letters()[codes], [False]))
    edges = np.flatnonzero(letter[1:] != letter[:-1])
    starts, ends = edges[::2], edges[1::2]
    powers, inverses = _powers(BLOCK) if len(codes) <= BLOCK else _powers.__wrapped__(len(codes))
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(codes * powers[: len(codes)], out=sums[1:])
    lengths = np.fromiter(map(len, folded), dtype=np.int64, count=len(folded))
    upto = np.searchsorted(starts, np.cumsum(lengths + 1))
    return (sums[ends] - sums[starts]) * inverses[starts], np.diff(upto, prepend=0)


@cache
def _letters() -> NDArray[np.bool_]:
    """Of every code point, whether it stands in words: one table, from the expression that ``shingles`` splits with."""
    found = np.zeros(_CODES, dtype=bool)
    every = np.arange(_CODES, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    for run in _WORD.finditer(every):
        found[run.start() : run.end()] = True
    return found


@cache
def _powers(length: int) -> tuple[Hashes, Hashes]:
    """The powers of the base from 1 on, and those of its inverse, modulo 2^64."""
    inverse = pow(_BASE, -1, 1 << 64)
    bases = np.full((2, length), [[_BASE], [inverse]], dtype=np.uint64)
    powers, inverses = np.cumprod(bases, axis=1)
    return powers, inverses
