"""The content hash: the same for the same rows however they are batched and written, and another for any others."""

import copy
import datetime
import hashlib
from itertools import pairwise

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.content import Content
from krisc.models import schema
from krisc.store import Corpus
from krisc.tables import tables

INNER = pa.struct([("start", pa.int64()), ("text", pa.string()), ("kinds", pa.list_(pa.string()))])
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("number", pa.int64()),
        ("share", pa.float64()),
        ("day", pa.date32()),
        ("sure", pa.bool_()),
        ("words", pa.list_(pa.string())),
        ("numbers", pa.list_(pa.int64())),
        ("one", INNER),
        ("many", pa.list_(INNER)),
        ("deep", pa.list_(pa.list_(pa.struct([("flag", pa.bool_()), ("inner", INNER)])))),
    ]
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["", "\r\n", "\t", "کوردستان", "السليمانية", "e\u0301", "👩‍🚀", "\0", "ab", "a", "b"]
)
VALUES = {
    pa.string(): TEXT,
    pa.int64(): st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2),
    pa.float64(): st.floats(allow_nan=False),
    pa.date32(): st.dates(),
    pa.bool_(): st.booleans(),
}


def values(type_):
    """Values of a type, null among them."""
    if pa.types.is_struct(type_):
        found = st.fixed_dictionaries({field.name: values(field.type) for field in type_})
    elif pa.types.is_list(type_):
        found = st.lists(values(type_.value_type), max_size=3)
    else:
        found = VALUES[type_]
    return st.none() | found


ROWS = st.lists(st.fixed_dictionaries({field.name: values(field.type) for field in SCHEMA}), min_size=1, max_size=8)


def table(rows, form=SCHEMA):
    return pa.Table.from_pylist(rows, schema=form)


def content(*batches, form=SCHEMA):
    made = Content(form)
    for batch in batches:
        made.add(batch)
    return made.hexdigest()


@given(ROWS, st.data())
def test_it_does_not_depend_on_batches_slices_or_chunks(rows, data):
    whole = table(rows)
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4))), len(rows)]
    parts = [whole.slice(start, end - start) for start, end in pairwise(cuts)]
    wanted = content(whole)
    assert content(*parts) == wanted
    assert content(pa.concat_tables(parts)) == wanted, "one batch of several chunks"
    assert content(*[table(rows[start:end]) for start, end in pairwise(cuts)]) == wanted
    longer = table([*rows, *rows])
    assert content(longer.slice(len(rows))) == wanted, "a slice that begins in the middle of its buffers"
    assert content(whole, whole) == content(longer)


@settings(max_examples=40)
@given(ROWS, st.integers(1, 3))
def test_it_outlives_parquet_in_any_row_groups(tmp_path_factory, rows, group):
    path = tmp_path_factory.mktemp("content") / "rows.parquet"
    pq.write_table(table(rows), path, row_group_size=group, compression="zstd", use_dictionary=group == 1)
    wanted = content(table(rows))
    with pq.ParquetFile(path) as file:
        assert content(*(file.read_row_group(n) for n in range(file.num_row_groups))) == wanted
        assert content(*(pa.Table.from_batches([one]) for one in file.iter_batches(batch_size=2))) == wanted


@settings(max_examples=60)
@given(ROWS, st.integers(1, 4))
def test_the_size_is_that_of_each_row_group_as_datasets_reads_it(tmp_path_factory, rows, group):
    folder = tmp_path_factory.mktemp("content")
    path = folder / "rows.parquet"
    parts = [rows[n : n + group] for n in range(0, len(rows), group)]
    made = Content(SCHEMA)
    with pq.ParquetWriter(path, SCHEMA) as writer:
        told = []
        for part in parts:
            told.append(made.add(table(part)))
            writer.write_table(table(part))
    with pq.ParquetFile(path) as file:
        assert [file.read_row_group(n).nbytes for n in range(file.num_row_groups)] == told


def test_the_size_of_every_table_of_a_release_is_that_of_its_row_groups(repository):
    """A real release has texts of some thousand characters, and roles that nothing fills."""
    corpus = Corpus(repository)
    declared = tables(corpus.layers)
    for name in declared:
        for path in (corpus.releases / corpus.config.version / name).glob("*.parquet"):
            with pq.ParquetFile(path) as file:
                rows = [file.read_row_group(n) for n in range(file.num_row_groups)]
            made = Content(schema(declared[name]))
            assert [made.add(pa.Table.from_pylist(one.to_pylist(), schema=one.schema)) for one in rows] == [
                one.nbytes for one in rows
            ]


def test_datasets_counts_the_same_bytes(tmp_path):
    rows = [{"id": f"d{n}", "number": n, "words": ["a", "é"] * n, "sure": None if n % 3 else True} for n in range(50)]
    form = pa.schema([SCHEMA.field(name) for name in ("id", "number", "words", "sure")])
    made, path = Content(form), tmp_path / "train-00000.parquet"
    with pq.ParquetWriter(path, form) as writer:
        size = 0
        for n in range(0, 50, 20):
            size += made.add(table(rows[n : n + 20], form))
            writer.write_table(table(rows[n : n + 20], form))
    loaded = datasets.load_dataset("parquet", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.info.splits["train"].num_bytes == size


# --- other rows have another hash ---------------------------------------------------------------------------------


def spots(value, path=()):
    """The path of every value within rows."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from spots(inner, (*path, key))


def type_at(path):
    type_ = pa.struct(list(SCHEMA))
    for key in path[1:]:
        type_ = type_.value_type if isinstance(key, int) else type_.field(key).type
    return type_


@settings(max_examples=300)
@given(ROWS, st.data())
def test_every_other_value_gives_another_hash(rows, data):
    path = data.draw(st.sampled_from([one for one in spots(rows) if len(one) > 1]))
    changed = copy.deepcopy(rows)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = data.draw(values(type_at(path)).filter(lambda new: not same(new, holder[path[-1]])))
    assert content(table(changed)) != content(table(rows))


def same(one, other):
    """Whether Arrow has the same for two values; 0.0 and -0.0 are two."""
    return repr(one) == repr(other)


@given(ROWS.filter(lambda rows: len(rows) > 1), st.data())
def test_rows_in_another_order_have_another_hash(rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    mixed = [rows[n] for n in order]
    assert (content(table(mixed)) == content(table(rows))) == (list(map(repr, mixed)) == list(map(repr, rows)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"words": ["ab", "c"]}, {"words": ["a", "bc"]}),  # the border between two strings
        ({"words": ["a"]}, {"words": ["a", ""]}),
        ({"words": []}, {"words": None}),
        ({"words": [""]}, {"words": [None]}),
        ({"id": ""}, {"id": None}),
        ({"number": 0}, {"number": None}),
        ({"sure": False}, {"sure": None}),
        ({"day": datetime.date(1970, 1, 1)}, {"day": None}),
        ({"share": 0.0}, {"share": -0.0}),
        ({"one": None}, {"one": {"start": None, "text": None, "kinds": None}}),
        ({"many": [None]}, {"many": [{"start": None, "text": None, "kinds": None}]}),
        ({"deep": [[], []]}, {"deep": [[]]}),
        ({"deep": [None]}, {"deep": [[]]}),
    ],
)
def test_what_looks_alike_is_told_apart(one, other):
    assert content(table([one])) != content(table([other]))
    assert content(table([{}, one])) != content(table([{}, other]))


def test_items_do_not_move_between_lists_of_two_rows():
    one = [{"words": ["a", "b"]}, {"words": ["c"]}]
    other = [{"words": ["a"]}, {"words": ["b", "c"]}]
    assert content(table(one)) != content(table(other))


def test_what_stands_under_a_null_does_not_count():
    """Arrow may keep any values under a null struct or list; the rows are the same."""
    mask = pa.array([False, True])
    hidden = pa.StructArray.from_arrays([pa.array([1, 7]), pa.array(["a", "secret"])], ["n", "t"], mask=mask)
    plain = pa.array([{"n": 1, "t": "a"}, None], hidden.type)
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3], pa.int32()), pa.array(["a", "b", "c"]), mask=mask)
    form = pa.schema([("s", hidden.type), ("l", lists.type)])
    one = pa.Table.from_arrays([hidden, lists], schema=form)
    other = pa.Table.from_arrays([plain, pa.array([["a"], None], lists.type)], schema=form)
    assert one.equals(other)
    assert content(one, form=form) == content(other, form=form)


def test_empty_batches_add_nothing():
    rows = table([{"id": "a", "words": ["b"]}])
    empty = rows.slice(0, 0)
    assert content(empty, rows, empty) == content(rows)
    assert Content(SCHEMA).add(table([])) == 0


def test_a_small_hash_by_hand():
    """As the definition says, step by step."""
    form = pa.schema([("t", pa.list_(pa.string())), ("n", pa.int64())])
    rows = table([{"t": ["é", None], "n": 5}, {"t": None, "n": None}], form)
    streams = [
        np.array([1], "<i8").tobytes(),  # t: row 1 is null
        np.array([2, 0], "<i4").tobytes(),  # how many items each list has
        np.array([1], "<i8").tobytes(),  # item 1 is null
        np.array([2, 0], "<i4").tobytes(),  # bytes of each string
        "é".encode(),
        np.array([1], "<i8").tobytes(),  # n: row 1 is null
        np.array([5, 0], "<i8").tobytes(),
    ]
    digests = b"".join(hashlib.sha256(stream).digest() for stream in streams)
    assert content(rows, form=form) == hashlib.sha256(digests).hexdigest()
