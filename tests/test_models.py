"""What follows from one declaration of a table says the same: Arrow schema, features, model, and the quick look."""

import json

import datasets
import pandas as pd
import pandera.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.findings import KriscError
from krisc.models import features, is_sound, model, schema
from krisc.parquet import hold
from krisc.store import Corpus
from krisc.tables import BOOL, DATE, FLOAT, INT, STRING, Column, Label, ListOf, Struct, Table, tables

TABLE = Table(
    "made",
    "Every kind of column that a rule is about.",
    (
        Column("document_id", STRING, "?"),
        Column("unit_id", STRING, "?"),
        Column("label", Label(("X", "Y", "Z")), "?"),
        Column("decided", Label(("a",)), "?", null=True),
        Column("start", INT, "?"),
        Column("end", INT, "?"),
        Column("index", INT, "?"),
        Column("note", STRING, "?", null=True),
        Column("share", FLOAT, "?", null=True),
        Column("sure", BOOL, "?"),
        Column("day", DATE, "?", null=True),
        Column("tokens", ListOf(STRING), "?"),
        Column("token_starts", ListOf(INT), "?"),
        Column("token_ends", ListOf(INT), "?"),
        Column("one", Struct((Column("start", INT, "?"),)), "?", null=True),
    ),
)
TEXT = st.text(max_size=3) | st.sampled_from(["a", "b", "", "\0", "a\0", "\0b", "سۆ", "😀"])


@pytest.mark.parametrize("withheld", [False, True])
def test_the_schema_is_that_of_the_features(repository, withheld):
    """Columns, types and metadata, as ``datasets`` itself writes them."""
    declared = tables(Corpus(repository).layers, withheld=withheld)
    assert len(declared) > 8
    for table in [*declared.values(), TABLE]:
        wanted, found = features(table).arrow_schema, schema(table)
        assert found.equals(wanted)
        told, right = (json.loads(one.metadata[b"huggingface"]) for one in (found, wanted))
        assert told == right
        assert list(told["info"]["features"]) == list(right["info"]["features"])


def test_a_file_with_the_schema_loads_with_the_features(tmp_path):
    row = rows_of(1)[0]
    pq.write_table(pa.Table.from_pylist([row], schema=schema(TABLE)), tmp_path / "a.parquet")
    loaded = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "a.parquet"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.features == features(TABLE)
    assert loaded.features["label"].int2str(loaded[0]["label"]) == "X"


def rows_of(number):
    """So many sound rows."""
    row = {
        **{"document_id": "d", "label": 0, "decided": None, "start": 0, "end": 1, "index": 0, "note": None},
        **{
            "share": None,
            "sure": True,
            "day": None,
            "one": None,
            "tokens": ["a"],
            "token_starts": [0],
            "token_ends": [1],
        },
    }
    return [{**row, "unit_id": f"u{n}"} for n in range(number)]


DAMAGE = {
    "document_id": st.none() | TEXT,
    "unit_id": st.none() | TEXT,
    "label": st.none() | st.integers(-2, 4),
    "decided": st.none() | st.integers(-1, 2),
    "start": st.none() | st.integers(-2, 3),
    "end": st.none() | st.integers(-2, 3),
    "index": st.none() | st.integers(-1, 1),
    "note": st.none() | TEXT,
    "share": st.none() | st.floats(),
    "sure": st.none() | st.booleans(),
    "day": st.none() | st.dates(),
    "tokens": st.none() | st.lists(st.none() | TEXT, max_size=2),
    "token_starts": st.none() | st.lists(st.none() | st.integers(-1, 1), max_size=2),
    "token_ends": st.none() | st.lists(st.none() | st.integers(-1, 1), max_size=2),
    "one": st.none() | st.fixed_dictionaries({"start": st.none() | st.integers(-1, 1)}),
}


def verdict(batch, table):
    """What pandera says."""
    try:
        model(table).validate(batch.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except pandera.errors.SchemaErrors:
        return False
    return True


@settings(max_examples=200)
@given(st.data())
def test_the_quick_look_is_the_verdict_of_the_model(data):
    """It may be in doubt about keys with NUL, which no text has; then the model is asked, whose verdict stands."""
    rows = rows_of(data.draw(st.integers(0, 4)))
    for row in rows:
        for name in data.draw(st.lists(st.sampled_from(list(DAMAGE)), max_size=2)):
            row[name] = data.draw(DAMAGE[name])
    batch = pa.Table.from_pylist(rows, schema=schema(TABLE))
    wanted = verdict(batch, TABLE)
    keys = [f"{row['document_id']}{row['unit_id']}" for row in rows]
    if not any("\0" in key for key in keys):
        assert is_sound(batch, TABLE) == wanted
    elif is_sound(batch, TABLE):
        assert wanted
    if wanted:
        hold(batch, TABLE)
    else:
        with pytest.raises(KriscError) as error:
            hold(batch, TABLE)
        assert {f.id for f in error.value.findings} == {"batch-invalid"}


@settings(max_examples=40)
@given(st.data())
def test_chunks_and_slices_change_no_verdict(data):
    rows = rows_of(4)
    row = data.draw(st.sampled_from(rows))
    row |= {"start": data.draw(st.integers(0, 2)), "unit_id": data.draw(st.sampled_from(["u0", "new"]))}
    whole = pa.Table.from_pylist(rows, schema=schema(TABLE))
    at = data.draw(st.integers(0, 4))
    parts = pa.concat_tables([whole.slice(0, at), whole.slice(at)])
    assert is_sound(parts, TABLE) == is_sound(whole, TABLE) == verdict(whole, TABLE)
    longer = pa.Table.from_pylist([{**rows[0], "start": 9}, *rows], schema=schema(TABLE))
    assert is_sound(longer.slice(1), TABLE) == is_sound(whole, TABLE)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.drop_columns(["note"]),
        lambda table: table.append_column("more", pa.array([1])),
        lambda table: table.select([*table.column_names[1:], table.column_names[0]]),
        lambda table: table.set_column(2, "label", pa.array([0], pa.int32())),
        lambda table: table.set_column(0, "document_id", pa.array(["d"], pa.large_string())),
    ],
)
def test_other_columns_are_refused_by_both(change):
    batch = change(pa.Table.from_pylist(rows_of(1), schema=schema(TABLE)))
    assert not is_sound(batch, TABLE)
    assert not verdict(batch, TABLE)


def test_every_table_of_a_release_is_sound_to_both(repository):
    corpus = Corpus(repository)
    declared = tables(corpus.layers)
    for name, table in declared.items():
        for path in (corpus.releases / corpus.config.version / name).glob("test-*.parquet"):
            batch = pq.read_table(path)
            assert is_sound(batch, table)
            assert verdict(batch, table)
            twice = pa.concat_tables([batch, batch.slice(0, 1)])
            assert not is_sound(twice, table)
            assert not verdict(twice, table)
