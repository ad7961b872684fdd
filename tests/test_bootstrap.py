"""Bootstrap samples: the same draws as those of Python's own generator, whatever is held at one time."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from krisc import bootstrap


@pytest.mark.parametrize("number", [1, 2, 61, 1000])
@pytest.mark.parametrize("held", [1, 4096, 2**20])
def test_draws_are_those_of_the_standard_library(number, held, monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWN", held)
    rng = random.Random(0)
    wanted = np.zeros((number, 20))
    for sample in range(20):
        for chosen in rng.choices(range(number), k=number):
            wanted[chosen, sample] += 1
    assert np.array_equal(np.concatenate(list(bootstrap.draws(number, 20)), axis=1), wanted)


COUNTS = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), max_size=8)


@given(st.lists(COUNTS, max_size=4))
def test_samples_are_sums_of_the_documents_drawn(tables):
    tables = [np.array(one, dtype=float).reshape(len(one), 3) for one in tables]
    found = bootstrap.resampled([csr_array(one) for one in tables], 7)
    for one, sums in zip(tables, found, strict=True):
        drawn = np.concatenate(list(bootstrap.draws(len(one), 7)), axis=1) if len(one) else np.zeros((0, 7))
        assert np.array_equal(sums, drawn.T @ one)
        assert sums.shape == (7, 3)
