"""The list of documents: sorted, on disk when it is large, and never another answer than lists in memory would give."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krisc.index import LIST, Entry, Index
from krisc.splits import assign

SHARD = "dataset/shards/a.jsonl"
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6) | st.sampled_from(
    ["a", "b", "a-b", "a.b", "é", "e\u0301", "ڕۆژ", "😀", "\t"]
)
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def entry(name, line=1, incident="", text="", file=LIST):
    return Entry(name, line, 10 * line, 7, incident or name, text or f"of {name}", file, f"digest {name}")


@st.composite
def entries(draw, unique=False):
    names = draw(st.lists(NAMES, max_size=20, unique=unique))
    groups, texts = st.sampled_from(["x", "y", "z", "کۆ", "😀"]), st.sampled_from(["one", "two", "three"])
    return [
        entry(name, line, draw(groups), draw(texts), draw(st.sampled_from([LIST, SHARD])))
        for line, name in enumerate(names, start=1)
    ]


def ordered(listed):
    """As Python sorts them: by code points, which is the order of the bytes of UTF-8."""
    return sorted(listed, key=lambda e: (e.id, e.file, e.line))


@given(entries())
def test_entries_come_back_whole_and_sorted_by_id_file_and_line(listed):
    index, wanted = Index(listed), ordered(listed)
    assert list(index) == wanted
    assert len(index) == len(wanted)
    assert [index[n] for n in range(-len(wanted), len(wanted))] == wanted + wanted
    assert list(index.ids()) == [e.id for e in wanted]
    for n in (len(wanted), -len(wanted) - 1):
        with pytest.raises(IndexError):
            index[n]


@given(entries(), NAMES)
def test_a_name_finds_the_first_entry_of_that_name(listed, other):
    index = Index(listed)
    for name in {other, *(e.id for e in listed)}:
        wanted = next((e for e in ordered(listed) if e.id == name), None)
        assert index.get(name) == wanted
        assert (name in index) == (wanted is not None)


@given(entries())
def test_what_stands_twice_is_told_with_the_first(listed):
    index = Index(listed)
    first_of, repeated, first_text, same = {}, [], {}, []
    for e in ordered(listed):
        if first_of.setdefault(e.id, e) is not e:
            repeated.append((e, first_of[e.id]))
    for e in sorted(listed, key=lambda e: (e.file, e.line)):
        if first_text.setdefault(e.sha256, e).incident != e.incident:
            same.append((e, first_text[e.sha256]))
    assert list(index.repeated()) == repeated
    assert sorted(index.same_texts(), key=repr) == sorted(same, key=repr)
    assert index.incidents() == len({e.incident for e in listed})


def plain(listed, pinned):
    """The splits as lists in memory give them, which is how the first releases were made."""
    groups = {}
    for e in ordered(listed):
        groups.setdefault(e.incident, []).append(e.id)
    settled = {g: next((pinned[name] for name in names if name in pinned), None) for g, names in groups.items()}
    order = sorted(groups, key=lambda g: (settled[g] is None, hashlib.sha256(g.encode()).hexdigest()))
    filled, chosen, total = Counter(), {}, sum(SHARES.values())
    for group in order:
        seen = sum(filled.values()) + len(groups[group])
        split = settled[group] or max(SHARES, key=lambda s: SHARES[s] / total * seen - filled[s])
        filled[split] += len(groups[group])
        chosen[group] = split
    return [(e, pinned.get(e.id, chosen[e.incident])) for e in ordered(listed)]


@given(entries(unique=True), st.data())
def test_splits_are_those_of_lists_in_memory(listed, data):
    names = [e.id for e in listed] + ["gone", "long gone"]
    pinned = data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(list(SHARES))))
    index, wanted = Index(listed), plain(listed, pinned)
    for _ in range(2):  # an index can be asked again, with other pins in between
        assert [tuple(one) for one in assign(index, SHARES, pinned)] == wanted
        list(assign(index, SHARES, {}))


@given(entries(unique=True))
def test_groups_come_pinned_first_and_each_once(listed):
    pinned = {e.id: "test" for e in listed[::3]}
    told = list(Index(listed).groups(pinned))
    assert Counter({name: number for name, number, _ in told}) == Counter(e.incident for e in listed)
    assert [split is None for _, _, split in told] == sorted(split is None for _, _, split in told)
    assert {name for name, _, split in told if split} == {e.incident for e in listed[::3]}


def test_more_documents_than_the_cache_holds():
    number = 60_000  # some 15 MB of rows, of which SQLite keeps 2 in memory
    index = Index(entry(f"made-{n * 7919 % number:07d}", n, f"group {n % 101}") for n in range(number))
    assert len(index) == number
    assert [e.id for e in index] == [f"made-{n:07d}" for n in range(number)]
    assert index[31_415].id == "made-0031415"
    assert index.incidents() == 101
    assert not list(index.repeated())
    assigned = list(assign(index, SHARES, {}))
    assert len(assigned) == number
    counts = Counter(one.split for one in assigned)
    assert all(abs(counts[split] / number - share) < 0.02 for split, share in SHARES.items())


def test_it_can_be_read_while_it_is_read():
    index = Index(entry(name) for name in "abc")
    assert [(one.id, [other.id for other in index], index.get("b").id) for one in index] == [
        (name, ["a", "b", "c"], "b") for name in "abc"
    ]


def test_an_index_of_nothing():
    index = Index([])
    assert not index
    assert list(index) == list(index.repeated()) == list(index.same_texts()) == list(index.groups({})) == []
    assert list(assign(index, SHARES, {"gone": "train"})) == []
    with pytest.raises(IndexError):
        index[0]


def test_what_the_entries_raise_is_raised():
    def broken():
        yield entry("a")
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        Index(broken())


def test_places_in_a_list_and_in_a_shard():
    one, other = entry("a", 3), entry("a", 4, file=SHARD)
    assert (one.place("/id").pointer, one.place("/id").record, one.whole) == ("/id", 3, False)
    assert (other.place("/id").pointer, other.place("/id").file, other.whole) == ("/document/id", SHARD, True)
