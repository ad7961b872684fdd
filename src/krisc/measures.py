"""Measures of agreement between annotators, each a formula over counts that add up from document to document.

Because counts add up, a corpus is measured by the sum over its documents, and a bootstrap sample by the sum over the
documents drawn. Every function takes arrays of counts whose last axis (two last axes for tables) is one measurement, so
that all samples are measured at once, and gives NaN where the measure is undefined.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Chain = frozenset[Any]  # the mentions of one chain, by whatever identifies a mention
Chains = Collection[Chain]


def _divide(top: Numbers, bottom: Numbers) -> Numbers:
    """``top / bottom``, NaN where there is nothing to divide by."""
    nothing = bottom == 0
    result: Numbers = np.where(nothing, np.nan, top / np.where(nothing, 1, bottom))
    return result


def f1(counts: Numbers) -> Numbers:
    """F1 of one annotator against another, which is the same either way round.

    Args:
        counts: shape ``(..., 3)``: credit for matches, annotations of the one, annotations of the other.

    Source: Hripcsak and Rothschild (2005), Agreement, the F-Measure, and Reliability in Information Retrieval: the
    mean of kappa's observed agreement where the number of negatives is unknown. With credit 1 for a match and 0.5 for
    an overlap, the schemes of SemEval-2013 task 9 (Segura-Bedmar et al.).
    """
    return _divide(2 * counts[..., 0], counts[..., 1] + counts[..., 2])


def observed(table: Numbers) -> Numbers:
    """Share of items on which the two agree. ``table``: shape ``(..., k, k)``, rows the one, columns the other.

    Source: the observed agreement of Cohen (1960).
    """
    return _divide(np.trace(table, axis1=-2, axis2=-1), table.sum(axis=(-2, -1)))


def kappa(table: Numbers) -> Numbers:
    """Cohen's kappa of two annotators; undefined when all items got one and the same label from both.

    Args:
        table: shape ``(..., k, k)``, rows the one, columns the other.

    Source: Cohen (1960), A Coefficient of Agreement for Nominal Scales.
    """
    total = table.sum(axis=(-2, -1))
    chance = _divide((table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1), total * total)
    return _divide(observed(table) - chance, 1 - chance)


def coincidences(values: Sequence[int], size: int) -> Numbers:
    """Coincidences of the values that several annotators gave one item; an item with one value has none.

    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.
    """
    table = np.zeros((size, size))
    if len(values) > 1:
        counts = np.bincount(values, minlength=size).astype(float)
        table = (np.outer(counts, counts) - np.diag(counts)) / (len(values) - 1)
    return table


def alpha(table: Numbers) -> Numbers:
    """Krippendorff's alpha for nominal values; undefined when only one value occurs.

    Args:
        table: coincidences, shape ``(..., k, k)``.

    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.
    """
    each = table.sum(axis=-1)
    total = each.sum(axis=-1)
    different = total - np.trace(table, axis1=-2, axis2=-1)
    expected = total * total - (each * each).sum(axis=-1)
    return 1 - _divide((total - 1) * different, expected)


@dataclass
class Unitized:
    """What Krippendorff's unitized alpha of one label needs of two annotators; adds up over documents.

    ``length`` is that of all texts in code points, ``lengths`` and ``gaps`` say how often a unit, or a stretch without
    one, of some length occurs in either annotator's work. A gap ends with its text, since no unit runs on into another.
    """

    length: int = 0
    different: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    gaps: Counter[int] = field(default_factory=Counter)

    def add(self, one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]], length: int) -> None:
        """Add a text of ``length`` code points with both annotators' units, each list free of overlaps and in order."""
        self.length += length
        sections = [_sections(one, length), _sections(other, length)]
        self.lengths.update([end - start for units in (one, other) for start, end in units])
        self.gaps.update([end - start for listed in sections for start, end, is_unit in listed if not is_unit])
        if one != other:
            self.different += _different(*sections)

    def merge(self, more: Unitized) -> None:
        """Add what was counted of other texts."""
        self.length += more.length
        self.different += more.different
        self.lengths.update(more.lengths)
        self.gaps.update(more.gaps)

    @property
    def observed(self) -> float:
        """Observed disagreement."""
        return self.different / self.length**2 if self.length else 0.0

    @property
    def expected(self) -> float:
        """Disagreement expected when the same units and gaps are put together by chance."""
        number = self.lengths.total()
        gaps = sorted(self.gaps)
        many = [*accumulate(self.gaps[gap] for gap in reversed(gaps))]  # gaps at least as long, from the longest on
        long = [*accumulate(self.gaps[gap] * gap for gap in reversed(gaps))]  # and their length together
        total = 0.0
        for length, times in self.lengths.items():
            among_units = (number - 1) / 3 * (2 * length**3 - 3 * length**2 + length)
            fit = len(gaps) - bisect_left(gaps, length)
            in_gaps = length**2 * (long[fit - 1] - (length - 1) * many[fit - 1]) if fit else 0
            total += times * (among_units + in_gaps)
        whole = 2 * self.length
        bottom = whole * (whole - 1) - sum(n * length * (length - 1) for length, n in self.lengths.items())
        return 2 / self.length * total / bottom if total else 0.0


Section = tuple[int, int, bool]


def _sections(units: Sequence[tuple[int, int]], length: int) -> list[Section]:
    """The units and the gaps between them, from 0 to ``length``."""
    found, at = [], 0
    for start, end in units:
        if at < start:
            found.append((at, start, False))
        found.append((start, end, True))
        at = end
    if at < length:
        found.append((at, length, False))
    return found


def _different(ones: Sequence[Section], others: Sequence[Section]) -> int:
    """The squared differences of all sections of one text that overlap."""
    i = j = different = 0
    while i < len(ones) and j < len(others):
        one, other = ones[i], others[j]
        if one != other and (one[2] or other[2]):
            different += _squared_difference(one, other)
        i, j = i + (one[1] <= other[1]), j + (other[1] <= one[1])
    return different


def _squared_difference(one: Section, other: Section) -> int:
    if one[2] and other[2]:
        return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2
    for unit, gap in ((one, other), (other, one)):
        if unit[2] and not gap[2] and gap[0] <= unit[0] and unit[1] <= gap[1]:
            return (unit[1] - unit[0]) ** 2
    return 0


def unitized_alpha(labels: Collection[Unitized]) -> float:
    """Krippendorff's unitized alpha over some labels: where units lie and how long they are; NaN without any unit.

    Source: Krippendorff (1995), On the Reliability of Unitizing Contiguous Data, with the expected disagreement as
    corrected in Krippendorff (2004), Content Analysis, 2nd edition, chapter 11.
    """
    expected = sum(one.expected for one in labels)
    return 1 - sum(one.observed for one in labels) / expected if expected else float("nan")


def chain_f1(counts: Numbers) -> Numbers:
    """F1 from the sums behind precision and recall.

    Args:
        counts: shape ``(..., 4)``: numerator and denominator of recall, numerator and denominator of precision.

    Source: van Rijsbergen (1979), Information Retrieval, chapter 7, with both weighed alike.
    """
    recall, precision = _divide(counts[..., 0], counts[..., 1]), _divide(counts[..., 2], counts[..., 3])
    result = _divide(2 * recall * precision, recall + precision)
    nothing_right: Numbers = np.where((recall == 0) & (precision == 0), 0.0, result)
    return nothing_right


def conll(counts: Numbers) -> Numbers:
    """The CoNLL average: the mean of the F1 of MUC, B-cubed and CEAF-e. ``counts``: shape ``(..., 3, 4)``.

    Source: Pradhan et al. (2012), CoNLL-2012 Shared Task.
    """
    result: Numbers = chain_f1(counts).mean(axis=-1)
    return result


def _owners(chains: Chains) -> dict[Hashable, Chain]:
    return {mention: chain for chain in chains for mention in chain}


def _muc(key: Chains, response: Chains) -> tuple[float, float]:
    owners = _owners(response)
    right = whole = 0
    for chain in key:
        parts = len({owners[m] for m in chain if m in owners}) + sum(m not in owners for m in chain)
        right += len(chain) - parts
        whole += len(chain) - 1
    return right, whole


def muc(key: Chains, response: Chains) -> tuple[float, float, float, float]:
    """Sums of MUC: links between mentions that both have. Chains of one mention do not count.

    Source: Vilain et al. (1995), A Model-Theoretic Coreference Scoring Scheme.
    """
    return *_muc(key, response), *_muc(response, key)


def _b_cubed(key: Chains, response: Chains) -> tuple[float, float]:
    owners = _owners(response)
    right = sum(len(chain & owners[m]) / len(chain) for chain in key for m in chain if m in owners)
    return right, sum(map(len, key))


def b_cubed(key: Chains, response: Chains) -> tuple[float, float, float, float]:
    """Sums of B-cubed: for every mention, the share of its chain that both have.

    Source: Bagga and Baldwin (1998), Algorithms for Scoring Coreference Chains; mentions that only one side has count
    as wrong, as in the CoNLL scorer.
    """
    return *_b_cubed(key, response), *_b_cubed(response, key)


def ceaf_e(key: Chains, response: Chains) -> tuple[float, float, float, float]:
    """Sums of entity-based CEAF: chains paired one to one so that their similarity is greatest.

    Source: Luo (2005), On Coreference Resolution Performance Metrics, with the similarity phi-4.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - takes long to import

    keys, responses = list(key), list(response)
    if not keys or not responses:
        return 0, len(keys), 0, len(responses)
    alike = np.array([[2 * len(k & r) / (len(k) + len(r)) for r in responses] for k in keys])
    rows, columns = linear_sum_assignment(alike, maximize=True)
    best = float(alike[rows, columns].sum())
    return best, len(keys), best, len(responses)


def _lea(key: Chains, response: Chains) -> tuple[float, float]:
    owners = _owners(response)
    right = 0.0
    for chain in key:
        if len(chain) == 1:
            right += any(owners.get(m) == chain for m in chain)
            continue
        shares = {owners[m]: len(chain & owners[m]) for m in chain if m in owners}
        links = sum(n * (n - 1) / 2 for n in shares.values())
        right += len(chain) * links / (len(chain) * (len(chain) - 1) / 2)
    return right, sum(map(len, key))


def lea(key: Chains, response: Chains) -> tuple[float, float, float, float]:
    """Sums of LEA: the share of a chain's links that both have, weighed by its length.

    Source: Moosavi and Strube (2016), Which Coreference Evaluation Metric Do You Trust?, with its self-links for chains
    of one mention.
    """
    return *_lea(key, response), *_lea(response, key)
