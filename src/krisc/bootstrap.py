"""Bootstrap samples of counts: how often every document is drawn, and what the documents drawn add up to."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Numbers = NDArray[np.float64]
DRAWN = 2**20  # entries of the table of draws that is held at one time: 8 MB, and some five times that while it is made


def draws(number: int, samples: int) -> Iterator[Numbers]:
    """Yield how often each of ``number`` documents is drawn in each sample: arrays ``(number, some samples)``.

    The same every time and everywhere: they are those of ``random.Random(0).choices(range(number), k=number)`` for one
    sample after another, made with numpy from the same generator.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; Matsumoto and Nishimura (1998),
    Mersenne Twister, with the 53 bits of their genrand_res53.
    """
    _, words, _ = random.Random(0).getstate()  # noqa: S311 - no secret; the sequence is the same on every system
    generator = np.random.MT19937()
    generator.state = {
        "bit_generator": "MT19937",
        "state": {"key": np.array(words[:-1], dtype=np.uint32), "pos": words[-1]},
    }
    step = max(1, DRAWN // number)
    for first in range(0, samples, step):
        some = min(step, samples - first)
        raw = generator.random_raw(2 * number * some)
        uniform = ((raw[0::2] >> 5) * 67108864.0 + (raw[1::2] >> 6)) / 9007199254740992.0
        chosen = (uniform * number).astype(np.int64).reshape(some, number)
        chosen = chosen * some + np.arange(some)[:, None]
        yield np.bincount(chosen.ravel(), minlength=number * some).reshape(number, some).astype(float)


def resampled(counts: Sequence[csr_array], samples: int) -> list[Numbers]:
    """The sums of counts in bootstrap samples: for each table of counts, shape ``(samples, columns)``.

    Tables with as many rows are drawn from alike, so that the draws are made once. Memory is that of the result and of
    ``DRAWN``, whatever the number of rows; time grows with the counts that are not 0, times samples.

    Args:
        counts: a row for every document, a column for every count.
        samples: how many.
    """
    result: list[Numbers] = [np.zeros((samples, one.shape[1])) for one in counts]
    for number in sorted({one.shape[0] for one in counts if one.shape[0]}):
        chosen = [(one.T.tocsr(), sums) for one, sums in zip(counts, result, strict=True) if one.shape[0] == number]
        first = 0
        for drawn in draws(number, samples):
            for columns, sums in chosen:
                sums[first : first + drawn.shape[1]] = (columns @ drawn).T
            first += drawn.shape[1]
    return result
