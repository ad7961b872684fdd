"""Documents to splits: pinned once released, never apart from others on the same incident, and balanced when asked.

``assign`` gives a split to whatever has none while a release is compiled. ``balance`` works out better ones beforehand.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from krisc.index import Entry, Index

RESTARTS = 40
MISSING = 1e6  # cost of a split that lacks what it must have: above all else


class Assigned(NamedTuple):
    """A document and its split."""

    entry: Entry
    split: str

    @property
    def id(self) -> str:
        """The id of the document."""
        return self.entry.id


def assign(index: Index, shares: Mapping[str, float], pinned: Mapping[str, str]) -> Iterator[Assigned]:
    """Yield every document with its split, in the order of the index.

    A pinned document keeps its split, and its incident's documents follow it. Every other group goes, in an order that
    depends on nothing but its name, to the split that is furthest below its share. Hence a corpus of one document has
    one split, the one with the greatest share.

    Args:
        index: the documents.
        shares: share of each split; they need not sum to 1.
        pinned: splits of released documents.
    """
    index.settle(_settled(index, shares, pinned))
    return (Assigned(entry, pinned.get(entry.id, split)) for entry, split in index.settled())


def _settled(index: Index, shares: Mapping[str, float], pinned: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    total = sum(shares.values())
    filled: Counter[str] = Counter()
    for incident, documents, settled in index.groups(pinned):
        seen = sum(filled.values()) + documents
        split = settled or max(shares, key=lambda s: shares[s] / total * seen - filled[s])
        filled[split] += documents
        yield incident, split


@dataclass(frozen=True)
class Wish:
    """What a balanced split is to have: each feature in proportion by its weight, some features in some splits at all.

    ``weights`` are by kind of feature, its first part. ``everywhere`` are features that every one of ``splits`` must
    have.
    """

    weights: Mapping[str, float]
    everywhere: frozenset[tuple[str, str]]
    splits: tuple[str, ...]


Feature = tuple[str, str]
Numbers = NDArray[np.float64]


def balance(
    groups: Mapping[str, Mapping[Feature, int]],
    shares: Mapping[str, float],
    settled: Mapping[str, str],
    wish: Wish,
    seed: int,
) -> dict[str, str]:
    """The split of every group, so that all features are spread by the shares as evenly as the groups allow.

    The cost is the sum over features and splits of ``weight (found - wanted)^2 / (total of the feature)``. A greedy
    assignment, the largest groups first, is bettered by moves and exchanges until none helps; the best of 40 such
    searches, each in an order of its own that follows from the seed, is taken.

    Args:
        groups: how often each feature occurs in each group; a feature is a kind and a name.
        shares: share of each split; they need not sum to 1.
        settled: the split of groups that have one already.
        wish: weights, and what must be where.
        seed: seed of the orders that are tried.
    """
    names = sorted(groups)
    search = _Search([groups[name] for name in names], shares, wish)
    fixed = {n: list(shares).index(settled[name]) for n, name in enumerate(names) if name in settled}
    rng = random.Random(seed)  # noqa: S311 - no secret; the sequence is the same on every system
    best = min((search.run(fixed, rng) for _ in range(RESTARTS)), key=lambda found: found[0])
    return {name: list(shares)[best[1][n]] for n, name in enumerate(names)}


class _Search:
    """One corpus to be split: counts as a matrix of groups by features."""

    def __init__(self, groups: Sequence[Mapping[Feature, int]], shares: Mapping[str, float], wish: Wish) -> None:
        features = sorted({feature for group in groups for feature in group})
        self.counts: Numbers = np.array([[group.get(f, 0) for f in features] for group in groups], dtype=float)
        totals = self.counts.sum(axis=0)
        share = np.array(list(shares.values())) / sum(shares.values())
        self.wanted: Numbers = share[:, None] * totals
        self.weights: Numbers = np.array([wish.weights.get(f[0], 1.0) for f in features]) / np.maximum(totals, 1)
        needed = np.array([f in wish.everywhere for f in features])
        self.needed = np.array([[bool(n) and split in wish.splits for n in needed] for split in shares])

    def cost(self, filled: Numbers) -> float:
        """How far splits are from what is wanted; ``filled`` has shape ``(splits, features)``."""
        missing = float((self.needed & (filled == 0)).sum())
        return float((self.weights * (filled - self.wanted) ** 2).sum()) + MISSING * missing

    def run(self, fixed: Mapping[int, int], rng: random.Random) -> tuple[float, list[int]]:
        """One search: its cost, and the split of each group."""
        order = [n for n in range(len(self.counts)) if n not in fixed]
        rng.shuffle(order)
        order.sort(key=lambda n: -self.counts[n].sum())
        filled = np.zeros_like(self.wanted)
        chosen = [-1] * len(self.counts)
        for n, split in fixed.items():
            chosen[n] = split
            filled[split] += self.counts[n]
        for n in order:
            chosen[n] = min(range(len(filled)), key=lambda split: self._with(filled, n, None, split))
            filled[chosen[n]] += self.counts[n]
        best = self.cost(filled)
        better = True
        while better:
            better = False
            rng.shuffle(order)
            for n in order:
                best, moved = self._move(filled, chosen, n, order, best)
                better = better or moved
        return best, chosen

    def _with(self, filled: Numbers, n: int, source: int | None, split: int) -> float:
        trial: Any = filled.copy()
        if source is not None:
            trial[source] -= self.counts[n]
        trial[split] += self.counts[n]
        return self.cost(trial)

    def _move(
        self, filled: Numbers, chosen: list[int], n: int, order: Sequence[int], best: float
    ) -> tuple[float, bool]:
        """Move a group, or exchange it with another, when that lowers the cost; changes ``filled`` and ``chosen``."""
        for split in range(len(filled)):
            if split != chosen[n] and (cost := self._with(filled, n, chosen[n], split)) < best - 1e-9:
                filled[chosen[n]] -= self.counts[n]
                filled[split] += self.counts[n]
                chosen[n] = split
                return cost, True
        for m in order:
            one, other = chosen[n], chosen[m]
            if one == other:
                continue
            difference = self.counts[n] - self.counts[m]
            filled[one] -= difference
            filled[other] += difference
            cost = self.cost(filled)
            if cost < best - 1e-9:
                chosen[n], chosen[m] = other, one
                return cost, True
            filled[one] += difference
            filled[other] -= difference
        return best, False
