"""Shards: runs of documents whose ends depend on ids alone, so that a change touches only what stands around it."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krisc import sharding
from krisc.sharding import MOST, size_of

SIZE = 8
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


class Name(NamedTuple):
    id: str
    content: str = ""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(sharding, "SIZE", SIZE)


def cut(names, content=""):
    """The shards of some names, sorted."""
    listed = [Name(name, content) for name in sorted(names)]
    return [tuple(run) for run in sharding.shards(listed, len(listed))]


def some(number):
    return [f"made-{n:05d}" for n in range(number)]


@given(st.sets(NAMES, max_size=200))
def test_together_they_are_the_documents_in_order_and_none_is_too_large_or_too_small(names):
    runs = cut(names)
    assert [one.id for run in runs for one in run] == sorted(names)
    assert all(0 < len(run) <= 4 * SIZE for run in runs)
    assert all(len(run) >= SIZE // 2 for run in runs[:-1])


def test_they_have_the_size_that_is_asked_for_on_average():
    runs = cut(some(4000))
    assert SIZE * 0.75 < 4000 / len(runs) < SIZE * 1.5


@given(st.sets(NAMES, min_size=1, max_size=200), st.data())
def test_an_edit_of_a_document_moves_no_border(names, data):
    edited = data.draw(st.sampled_from(sorted(names)))
    listed = [Name(name, "new" if name == edited else "") for name in sorted(names)]
    assert [[one.id for one in run] for run in sharding.shards(listed, len(listed))] == [
        [one.id for one in run] for run in cut(names)
    ]


def changed(before, after):
    """How many of the shards ``after`` are none of those ``before``."""
    return len(set(after) - set(before))


@given(st.integers(0, 10**6), st.integers(0, 599), st.booleans())
def test_a_document_that_comes_or_goes_touches_the_shards_around_it(seed, number, comes):
    """Borders meet again at the next cut that both runs make: nearly always within two shards."""
    names = [f"{seed}-{n:05d}" for n in range(600)]
    without = names[:number] + names[number + 1 :]
    before, after = (cut(without), cut(names)) if comes else (cut(names), cut(without))
    same = set(before) & set(after)
    first = next(n for n, run in enumerate(after) if run not in same) if changed(before, after) else len(after)
    last = first + changed(before, after)
    assert after[:first] == before[:first], "what stands before is as it was"
    assert all(run in same for run in after[last:]), "and so is what stands after, from the next common border on"
    around = after[max(0, first - 1) : last + 1]
    assert around[0][0].id <= names[number] or first == 0
    assert names[number] <= around[-1][-1].id or last == len(after)


def test_most_changes_touch_one_or_two_shards():
    names = some(3000)
    before = cut(names)
    touched = [changed(before, cut(names[:n] + names[n + 1 :])) for n in range(0, 3000, 11)]
    touched += [changed(before, cut([*names, f"made-{n:05d}-new"])) for n in range(0, 3000, 11)]
    assert sum(touched) / len(touched) < 2
    assert sorted(touched)[len(touched) * 95 // 100] <= 4


def test_a_document_with_another_name_touches_where_it_was_and_where_it_is():
    names = some(1000)
    renamed = [name if name != "made-00100" else "made-00800-was-100" for name in names]
    before, after = cut(names), cut(renamed)
    new = [run for run in after if run not in before]
    assert 1 <= len(new) <= 8
    assert all(run[0].id < "made-00300" or run[-1].id > "made-00700" for run in new)


def test_the_size_doubles_until_there_are_not_too_many(monkeypatch):
    monkeypatch.setattr(sharding, "SIZE", 1024)
    assert [size_of(n) for n in (0, 1, 1024, MOST * 1024, MOST * 1024 + 1, 2 * MOST * 1024, 10**7)] == [
        *(1024, 1024, 1024, 1024, 2048, 2048, 32768)
    ]
    for number in (10**5, 10**6, 10**7, 10**8):
        assert number / size_of(number) <= MOST


def test_no_documents_have_no_shard():
    assert cut([]) == []
