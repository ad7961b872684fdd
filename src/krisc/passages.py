"""Finds a withheld text in a page that somebody has, by its fingerprints, and proves it by the key that its words give.

First every window of the page is held to the fingerprints; then what lies between those that were found is filled in,
and whole blocks of page furniture may be left out wherever blocks meet. Only all the words in their order give the key.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import islice, pairwise, product

from krisc.pagetext import Page
from krisc.sealing import Sealed, Withheld, key_of, salt, stretch, window_starts

Ranges = tuple[tuple[int, int], ...]  # of words of the page, half-open, in order
Step = Callable[[int, int], None]

WAYS = (1, 3, 12)  # ways of filling each gap that are tried together, one round after another
MOST_STEPS = 20_000  # places that are looked at to fill a gap
MOST_WINDOWS = 2_000  # windows that are tried to fill a gap, at some milliseconds each
MOST_HITS = 2_000  # windows found in a page that are made use of
MOST_KEYS = 200  # whole texts that are tried, at a tenth of a second each
CUT = 3  # leaving something out counts as so many words, so that few pieces are tried before many
NEARLY = 0.9  # share of a text's words from which on a page is looked at, if only to tell that something is amiss
_CHUNK = 64


@dataclass
class Search:
    """The search for one document. ``seen`` is the largest number of its windows that a page had, and which page."""

    document: str
    sealed: Sealed
    withheld: Withheld
    about: tuple[str, str]
    seen: tuple[int, str] = (0, "")
    computed: int = 0
    _known: dict[tuple[str, ...], str] = field(default_factory=dict)
    _tried: set[tuple[str, ...]] = field(default_factory=set)

    def whole(self, page: Page) -> bytes | None:
        """The key, when the page is the text and nothing else."""
        return self._key(page, ((0, len(page.words)),)) if len(page.words) == self.sealed.words else None

    def inside(self, page: Page, step: Step | None = None) -> bytes | None:
        """The key, when the text stands in the page.

        Args:
            page: the page.
            step: called with windows tried and all windows.
        """
        starts = window_starts(self.sealed.words, self.withheld.window, self.withheld.stride)
        if len(page.words) < NEARLY * self.sealed.words or len(starts) != len(self.sealed.windows):
            return None
        at: dict[str, list[int]] = {}
        for start, print_ in zip(starts, self.sealed.windows, strict=True):
            at.setdefault(print_, []).append(start)
        hits: list[tuple[int, int]] = []
        for place, print_ in self._scan(page, step):
            for start in at.get(print_, ()) if len(hits) < MOST_HITS else ():
                hits.append((place, start))
                first = place - start
                if first >= 0 and (key := self._key(page, ((first, first + self.sealed.words),))):
                    return key
        self.seen = max(self.seen, (len({start for _, start in hits}), page.name))
        windows = dict(zip(starts, self.sealed.windows, strict=True))
        return self._with_gaps(page, _chain(hits, self.withheld.window), windows)

    def _key(self, page: Page, ranges: Ranges) -> bytes | None:
        words = tuple(word for start, end in ranges for word in page.words[start:end])
        if len(words) != self.sealed.words or words in self._tried:
            return None
        self._tried.add(words)
        key, check = key_of(words, salt("key", *self.about, self.document), self.withheld.key_cost)
        return key if check == self.sealed.check else None

    def fingerprint(self, words: Sequence[str]) -> str:
        """The fingerprint of a window of words; worked out once."""
        window = tuple(words)
        if window not in self._known:
            self.computed += 1
            salted = salt("window", *self.about, self.document)
            self._known[window] = stretch(window, salted, self.withheld.window_cost).hex()
        return self._known[window]

    def _scan(self, page: Page, step: Step | None) -> Iterator[tuple[int, str]]:
        """The fingerprint of every window of the page, on all processors."""
        size = self.withheld.window
        last = len(page.words) - size + 1
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for first in range(0, last, _CHUNK):
                places = range(first, min(first + _CHUNK, last))
                yield from zip(
                    places, pool.map(lambda n: self.fingerprint(page.words[n : n + size]), places), strict=True
                )
                if step:
                    step(places.stop, last)

    def _with_gaps(self, page: Page, chain: list[tuple[int, int]], windows: Mapping[int, str]) -> bytes | None:
        """The key, when what lies before, between and after the windows that were found can be filled in."""
        if not chain:
            return None
        size, total = self.withheld.window, self.sealed.words
        (place, start), (end_place, end_start) = chain[0], chain[-1]
        gaps = [_Gap(self, page, windows, (0, start), place, None, backwards=True).ways()]
        for (one, first), (other, second) in pairwise(chain):
            if second - first <= size:
                gaps.append(iter([((one, one + second - first),)]))
                continue
            gap = _Gap(self, page, windows, (first + size, second), one + size, other)
            gaps.append(_after((one, one + size), gap.ways()))
        tail = _Gap(self, page, windows, (end_start + size, total), end_place + size, None)
        gaps.append(_after((end_place, end_place + size), tail.ways()))
        known: list[list[Ranges]] = [[] for _ in gaps]
        for depth in WAYS:  # the likeliest ways of all gaps first: to find them all takes long
            for ways, more in zip(known, gaps, strict=True):
                ways.extend(islice(more, depth - len(ways)))
            for chosen in islice(product(*known), MOST_KEYS):
                if key := self._key(page, tuple(part for way in chosen for part in way)):
                    return key
        return None


def _after(first: tuple[int, int], ways: Iterator[Ranges]) -> Iterator[Ranges]:
    return ((first, *way) for way in ways)


def _chain(hits: list[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """The longest row of windows found whose order in the page is that in the text, with room for what lies between.

    Of several, the one with the fewest words of furniture in it: pages quote a text before and after they print it.
    """
    best: list[tuple[int, int, int]] = []  # up to each hit: how many, furniture (negative), and the hit before
    for n, (place, start) in enumerate(hits):
        found = (1, 0, -1)
        for m, (one, first) in enumerate(hits[:n]):
            room, need = place - one, start - first
            if need > 0 and (room == need or (room > need >= size)):
                found = max(found, (best[m][0] + 1, best[m][1] + need - room, m))
        best.append(found)
    row: list[tuple[int, int]] = []
    at = max(range(len(hits)), key=lambda n: best[n][:2], default=-1)
    while at >= 0:
        row.append(hits[at])
        at = best[at][2]
    return row[::-1]


@dataclass
class _Gap:
    """Words ``text[0]`` to ``text[1]`` of the text, to be found in the page from ``place`` on (or back to the start).

    ``arrive`` is the word of the page that must follow, where it is known. Going backwards, everything is mirrored.
    """

    search: Search
    page: Page
    windows: Mapping[int, str]
    text: tuple[int, int]
    place: int
    arrive: int | None
    backwards: bool = False

    def ways(self) -> Iterator[Ranges]:
        """The ways to fill the gap that the fingerprints in it allow, those that leave out least first."""
        if self.text[0] == self.text[1]:
            yield ()
            return
        size = len(self.page.words)
        for way in self._ways(size - self.place if self.backwards else self.place):
            if self.backwards:
                yield tuple((size - end, size - start) for start, end in reversed(way))
            else:
                yield way

    def _ways(self, place: int) -> Iterator[Ranges]:
        """Best first, by a queue of states.

        A state is how many words are left out, where the text goes on, what was taken before, and which break the text
        goes on at, so that the next break is looked at only after this one.
        """
        size, before = len(self.page.words), self.search.computed
        breaks = sorted(size - one for one in self.page.breaks) if self.backwards else list(self.page.breaks)
        waiting: list[tuple[int, int, int, Ranges, int]] = [(0, 0, place, (), -1)]
        for number in range(1, MOST_STEPS):
            if not waiting or self.search.computed - before > MOST_WINDOWS:
                return
            left_out, _, place, taken, chosen = heappop(waiting)
            if 0 <= chosen < len(breaks) - 1:
                on = breaks[chosen + 1]
                if self.arrive is None or on <= self.arrive:
                    heappush(waiting, (left_out + on - place, number, on, taken, chosen + 1))
            need = self.text[1] - self.text[0] - sum(end - start for start, end in taken)
            way = (*taken, (place, place + need))
            if place + need <= size and self.arrive in (None, place + need) and self._agrees(way):
                yield way
            first = bisect_right(breaks, place) if taken else bisect_left(breaks, place)
            for at in range(first, min(bisect_right(breaks, place + need), len(breaks) - 1)):
                cut, on = breaks[at], breaks[at + 1]
                part = (*taken, (place, cut))
                if (self.arrive is None or on <= self.arrive) and self._agrees(part):
                    heappush(waiting, (left_out + on - cut + CUT, number, on, part, at + 1))

    def _agrees(self, taken: Ranges) -> bool:
        """Whether the words taken so far have the fingerprints of the windows that they fill."""
        words = self.page.words[::-1] if self.backwards else self.page.words
        found = [word for start, end in taken for word in words[start:end]]
        size = self.search.withheld.window
        if self.backwards:
            found.reverse()
        first = self.text[1] - len(found) if self.backwards else self.text[0]
        inside = (n for n in self.windows if first <= n and n + size <= first + len(found))
        return all(self.search.fingerprint(found[n - first : n - first + size]) == self.windows[n] for n in inside)
