"""Pairs the spans of two annotators one to one, and counts the pairs by the schemes of SemEval-2013 task 9.

A span is a plain tuple here, so that equal spans are found by hashing and only what is left is held side by side.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import Any, NamedTuple

from krisc.matching import Anchor, anchor, pair, shared
from krisc.model import Annotation

# First and last offset in code points, label, and of a span of several segments the offsets of each.
Span = tuple[int, int, str] | tuple[int, int, str, Anchor]
Pairs = list[tuple[int, int]]
LABEL = itemgetter(2)


def span(a: Annotation) -> Span:
    """The span that an annotation stands on."""
    segments = a.segments or a.trigger
    if len(segments) == 1:
        return segments[0].start, segments[0].end, a.label
    return spanned(anchor(segments), a.label)


def spanned(words: Anchor, label: str) -> Span:
    """A span by the offsets of its segments."""
    if len(words) == 1:
        return *words[0], label
    return min((s for s, _ in words), default=0), max((e for _, e in words), default=0), label, words


def _anchor(one: Span) -> Anchor:
    return one[3] if len(one) == 4 else ((one[0], one[1]),)


def same_words(one: Span, other: Span) -> bool:
    """Whether two spans stand on the same words, whatever their labels."""
    return one[0] == other[0] and one[1] == other[1] and one[3:] == other[3:]


class Alignment(NamedTuple):
    """Index pairs of the spans of two annotators, each list one to one.

    ``same`` have words and label in common. ``by_words`` and ``by_label`` pair what is left, so that ``same`` with
    either is one alignment: by words, the same words come before an overlap; by label, the same label comes first.
    """

    same: Pairs
    by_words: Pairs
    by_label: Pairs


def align(ones: Sequence[Span], others: Sequence[Span]) -> Alignment:
    """Pair two annotators' spans, the best pairs first; of pairs equally good, those that stand first in their lists.

    Overlaps are ranked by the share of words (Jaccard index). Takes O(n log n + overlapping pairs) time, and O(n) for
    spans that are the same on both sides.
    """
    at: dict[Any, int] = dict(zip(others, range(len(others)), strict=True))
    names: Sequence[Any] = ones
    if len(at) < len(others) or len(set(ones)) < len(ones):
        names = _numbered(ones)
        at = {name: j for j, name in enumerate(_numbered(others))}
    found = list(map(at.get, names))
    same = [(i, j) for i, j in enumerate(found) if j is not None]
    if len(same) == len(ones) or len(same) == len(others):
        return Alignment(same, [], [])
    left = [i for i, j in enumerate(found) if j is None]
    near = _overlapping(ones, left, others, list(set(range(len(others))).difference(found)))
    if len({i for i, _ in near}) == len(near) == len({j for _, j in near}):
        return Alignment(same, near, near)  # nothing to choose
    by_words, by_label = [], []
    for i, j in near:
        one, other = ones[i], others[j]
        words, label = same_words(one, other), one[2] == other[2]
        common = 1.0 if words else _common(one, other)
        by_words.append(((words, label, common), i, j))
        by_label.append(((label, words, common), i, j))
    return Alignment(same, list(pair(by_words)), list(pair(by_label)))


def _numbered(spans: Sequence[Span]) -> list[tuple[Span, int]]:
    """The spans with how often each came before, so that none is there twice."""
    seen: Counter[Span] = Counter()
    found = []
    for one in spans:
        found.append((one, seen[one]))
        seen[one] += 1
    return found


def _overlapping(ones: Sequence[Span], left: Iterable[int], others: Sequence[Span], right: list[int]) -> Pairs:
    """Index pairs of those of the chosen spans that share at least one code point."""
    right.sort(key=lambda j: others[j][0])
    starts = [others[j][0] for j in right]
    reach = list(
        accumulate((others[j][1] for j in right), max)
    )  # as far as any so far: what ends earlier is passed over
    found = []
    for i in left:
        one = ones[i]
        for j in right[bisect_right(reach, one[0]) : bisect_left(starts, one[1])]:
            other = others[j]
            if other[1] > one[0] and (len(one) == len(other) == 3 or _common(one, other)):
                found.append((i, j))
    return found


def _common(one: Span, other: Span) -> float:
    """Jaccard index of the code points of two spans whose stretches overlap."""
    if len(one) == len(other) == 3:
        both = min(one[1], other[1]) - max(one[0], other[0])
        return both / (one[1] - one[0] + other[1] - other[0] - both)
    return shared(_anchor(one), _anchor(other))


@dataclass
class Scores:
    """How many spans two annotators have, and how many pairs of each kind; adds up over documents.

    ``ones`` and ``others`` count the spans of either by label, ``strict`` the pairs with the same words and label by
    label. ``paired`` counts all pairs by words, of which ``boundary`` have the same words; ``paired_by_label`` counts
    all pairs by label, of which ``label`` have the same label.
    """

    ones: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    strict: Counter[str] = field(default_factory=Counter)
    paired: int = 0
    boundary: int = 0
    paired_by_label: int = 0
    label: int = 0

    def add(self, ones: Sequence[Span], others: Sequence[Span]) -> None:
        """Add the spans of one document."""
        same, by_words, by_label = align(ones, others)
        self.ones.update(map(LABEL, ones))
        self.others.update(map(LABEL, others))
        self.strict.update([ones[i][2] for i, _ in same])
        self.paired += len(same) + len(by_words)
        self.boundary += len(same) + sum([same_words(ones[i], others[j]) for i, j in by_words])
        self.paired_by_label += len(same) + len(by_label)
        self.label += len(same) + sum([ones[i][2] == others[j][2] for i, j in by_label])

    def merge(self, more: Scores) -> None:
        """Add what was counted elsewhere."""
        for name in ("ones", "others", "strict"):
            getattr(self, name).update(getattr(more, name))
        for name in ("paired", "boundary", "paired_by_label", "label"):
            setattr(self, name, getattr(self, name) + getattr(more, name))

    def outcomes(self, scheme: str) -> dict[str, int]:
        """Pairs and spans by the names of MUC-5: correct, incorrect, partial, missed and spurious.

        Args:
            scheme: ``strict``, ``boundary``, ``partial`` or ``type``. What the one has alone is missed, what the other
                has alone is spurious.

        Source: Chinchor and Sundheim (1993), MUC-5 Evaluation Metrics, as used in SemEval-2013 task 9.
        """
        paired = self.paired_by_label if scheme == "type" else self.paired
        correct = {"strict": self.strict.total(), "type": self.label}.get(scheme, self.boundary)
        rest = paired - correct
        halves = rest if scheme == "partial" else 0
        ones, others = self.ones.total(), self.others.total()
        names = ("correct", "incorrect", "partial", "missed", "spurious")
        return dict(zip(names, (correct, rest - halves, halves, ones - paired, others - paired), strict=True))

    def f1(self, scheme: str) -> float | None:
        """F1 under a scheme, with half credit for what is partial; None when there is no span at all.

        Source: as for ``krisc.measures.f1``.
        """
        both = self.ones.total() + self.others.total()
        found = self.outcomes(scheme)
        return (2 * found["correct"] + found["partial"]) / both if both else None


def score(pairs: Iterable[tuple[Sequence[Span], Sequence[Span]]]) -> Scores:
    """The scores of many documents, each given by the spans of either annotator; one document in memory at a time.

    Example: ``score([([(0, 6, "PERSON")], [(0, 6, "PLACE")])]).f1("boundary")`` is 1.0.
    """
    scores = Scores()
    for ones, others in pairs:
        scores.add(ones, others)
    return scores
