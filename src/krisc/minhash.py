"""Sketches of sets of shingles, and the bands that bring documents together which are probably alike.

Source: Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3: minhashing (3.3) and banding (3.4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from krisc.shingling import Hashed, Hashes, mixed

PERMUTATIONS = 128  # values of a sketch, as long as they are enough
MISSED = 1 / 400  # greatest share of pairs with just the threshold's Jaccard index that may share no band
MOST = 1024  # bands there are at most, however low the threshold
SEED = 1


@dataclass(frozen=True)
class Bands:
    """How a sketch is cut: so many bands of so many rows. Two documents that agree in a whole band are candidates."""

    bands: int
    rows: int

    def missed(self, jaccard: float) -> float:
        """Share of pairs with a Jaccard index ``s`` that agree in no band: ``(1 - s^rows)^bands``."""
        return float((1.0 - jaccard**self.rows) ** self.bands)


def bands_for(threshold: float) -> Bands:
    """The bands that miss at most one in 400 of the pairs whose Jaccard index is just the threshold.

    More rows bring fewer documents together in vain, and need more bands: the least whole number above
    ``log(1/400) / log(1 - t^rows)``. The greatest number of rows is taken for which the sketch keeps to 128 values,
    such as 20 bands of 6 for 0.8 and 64 of 2 for 0.3. Below 0.046 bands of one row are more than 128, and below 0.0058
    they stop at 1,024 and miss more.

    Raises:
        ValueError: the threshold is not above 0 and at most 1.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a threshold is above 0 and at most 1, not {threshold}")
    for rows in range(PERMUTATIONS, 1, -1):
        if rows * (bands := _needed(threshold**rows)) <= PERMUTATIONS:
            return Bands(bands, rows)
    return Bands(_needed(threshold), 1)


def _needed(agreeing: float) -> int:
    """Bands that are needed when pairs agree in one with such a probability."""
    if not 0 < agreeing < 1:
        return 1 if agreeing else MOST
    return math.ceil(min(MOST, math.log(MISSED) / math.log1p(-agreeing)))


def band_keys(shingles: Hashed, bands: Bands) -> Hashes:
    """The bands of documents as 64-bit numbers, of shape ``(documents, bands)``; bands of other places never agree.

    The permutations are multiplications of 32-bit numbers by odd factors, which are one to one modulo 2^32.
    """
    sketches = np.empty((bands.bands * bands.rows, len(shingles.starts)), dtype=np.uint32)
    values = (shingles.values >> np.uint64(32)).astype(np.uint32)
    permuted = np.empty_like(values)
    for number, factor in enumerate(_factors(len(sketches))):
        np.multiply(values, factor, out=permuted)
        np.minimum.reduceat(permuted, shingles.starts, out=sketches[number])
    weights = mixed(np.arange(1, len(sketches) + 1, dtype=np.uint64)) | np.uint64(1)
    weighted = sketches * weights[:, None]
    joined = weighted.reshape(bands.bands, bands.rows, -1).sum(axis=1)
    places = mixed(np.arange(1, bands.bands + 1, dtype=np.uint64) << np.uint64(32))
    return np.ascontiguousarray(mixed(joined + places[:, None]).T)


def content_keys(shingles: Hashed) -> Hashes:
    """A number for each document that is the same for those with the same shingles, each as often, in any order."""
    return np.add.reduceat(mixed(shingles.values), shingles.starts)


def _factors(number: int) -> NDArray[np.uint32]:
    """Odd factors that follow from the seed."""
    drawn = mixed(np.arange(number, dtype=np.uint64) + np.uint64(SEED << 32))
    return (drawn >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
