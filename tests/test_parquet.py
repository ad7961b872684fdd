"""What is written holds to its table's model, and a table that breaks it is never written."""

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from krisc import parquet
from krisc.findings import KriscError
from krisc.models import schema
from krisc.parquet import GROUP_CHARACTERS, GROUP_FILES, Filling, ShardWriter, TableWriter, content_of, write_rows
from krisc.tables import INT, STRING, Column, Label, Table

TABLE = Table(
    "spans",
    "Made rows.",
    (
        Column("document_id", STRING, "?"),
        Column("id", STRING, "?"),
        Column("label", Label(("X", "Y")), "?"),
        Column("start", INT, "?"),
        Column("end", INT, "?"),
        Column("note", STRING, "?", null=True),
    ),
)
ROW = {"document_id": "d", "id": "a", "label": 1, "start": 0, "end": 4, "note": None}


def write(folder, *rows):
    writer = TableWriter(folder, TABLE, "train")
    writer.write(pa.Table.from_pylist([{**ROW, **row} for row in rows], schema=schema(TABLE)))
    return writer.close()


def test_sound_rows_are_written(tmp_path):
    written = write(tmp_path, {}, {"id": "b", "note": "é 😀"})
    assert written.rows == 2
    assert pq.read_table(tmp_path / written.file).to_pylist() == [ROW, {**ROW, "id": "b", "note": "é 😀"}]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"label": 2}, "label"),
        ({"start": -1}, "start"),
        ({"start": 4}, ""),  # start must be before end, which is a rule of the whole table
        ({"document_id": None}, "document_id"),
        ({"id": "a"}, ""),  # the same key twice
    ],
)
def test_rows_that_break_the_model_are_findings(tmp_path, row, column):
    with pytest.raises(KriscError) as caught:
        write(tmp_path, ROW, {"id": "b", **row})
    assert {f.id for f in caught.value.findings} == {"batch-invalid"}
    assert all("spans" in f.message and f.expected and f.mend for f in caught.value.findings)
    if column:
        assert {f.data["column"] for f in caught.value.findings} == {column}


@pytest.mark.parametrize("row", [{"start": "0"}, {"note": 7}, {"end": 2**63}])
def test_values_of_another_type_never_reach_a_file(tmp_path, row):
    with pytest.raises(Exception, match=r"."):
        write(tmp_path, row)


# --- row groups -----------------------------------------------------------------------------------------------------

DOCUMENTS = Table(
    "documents",
    "A row a document.",
    (Column("document_id", STRING, "?"), Column("text", STRING, "?"), Column("title", STRING, "?", null=True)),
)
WORDS = Table("words", "Some rows a document.", (Column("document_id", STRING, "?"), Column("id", STRING, "?")))
DECLARED = {"documents": DOCUMENTS, "words": WORDS}


def rows_of(name, text):
    """The rows of a document by table; one of few words has none in one table."""
    words = [{"document_id": name, "id": f"{n}-{word}"} for n, word in enumerate(text.split())]
    made = {"documents": [{"document_id": name, "text": text, "title": None}]}
    return {**made, "words": words} if words else made


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(parquet, "GROUP_FILES", 3)
    monkeypatch.setattr(parquet, "GROUP_CHARACTERS", 40)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), max_size=30))
def test_a_group_is_full_with_so_many_files_or_characters(documents):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "GROUP_FILES", 3)
        patch.setattr(parquet, "GROUP_CHARACTERS", 40)
        filling, groups = Filling(), [[]]
        for size, passes in documents:
            groups[-1].append((size, 1 + passes))
            if filling.add(size, passes):
                groups.append([])
        assert [(size, files - 1) for group in groups for size, files in group] == documents
        for group in groups:
            sizes, files = [size for size, _ in group], [number for _, number in group]
            assert group is groups[-1] or sum(files) >= 3 or sum(sizes) >= 40
            assert sum(files[:-1]) < 3
            assert sum(sizes[:-1]) < 40


def test_full_groups_are_as_large_as_is_said():
    filling = Filling()
    assert [filling.add(1, 0) for _ in range(2 * GROUP_FILES)].count(True) == 2
    assert Filling().add(GROUP_CHARACTERS, 0)
    assert not Filling().add(GROUP_CHARACTERS - 1, 0)
    assert Filling().add(1, GROUP_FILES - 1)
    assert not Filling().add(1, GROUP_FILES - 2)


def plan(number):
    """Documents of two splits in shards 0, 1 and 3 (one that has no rows is left out), as a release has them."""
    return [
        (split, shard, f"{split}-{shard}-{n:02d}", " ".join(["سۆران", "😀", "e\u0301"][: n % 4] * (n % 5)))
        for split in ("train", "test")
        for shard in (0, 1, 3)
        for n in range(number)
        if (split, shard) != ("test", 1)
    ]


def test_rows_that_are_written_again_stand_in_the_same_files_and_groups(tmp_path, small):
    """As they were compiled: batches of whole documents, in every table the same ones."""
    listed = plan(8)
    again = write_rows(tmp_path, DECLARED, ((s, n, rows_of(name, text)) for s, n, name, text in listed))
    assert [one.file for one in again if one.table == "documents"] == [
        *("documents/train-00000.parquet", "documents/train-00001.parquet", "documents/train-00003.parquet"),
        *("documents/test-00000.parquet", "documents/test-00003.parquet"),
    ]
    for one in again:
        path = tmp_path / one.file
        assert (one.bytes, one.sha256) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        with pq.ParquetFile(path) as file:
            groups = [file.read_row_group(n) for n in range(file.num_row_groups)]
        assert one.rows == sum(group.num_rows for group in groups)
        assert one.arrow_bytes == sum(group.nbytes for group in groups)
        if one.table == "documents":
            split, shard = one.split, int(one.file[-13:-8])
            assert [name for group in groups for name in group["document_id"].to_pylist()] == [
                name for s, n, name, _ in listed if (s, n) == (split, shard)
            ]
            assert max(group.num_rows for group in groups) <= 3
            of_words = tmp_path / one.file.replace("documents/", "words/")
            with pq.ParquetFile(of_words) as file:
                other = [set(file.read_row_group(n)["document_id"].to_pylist()) for n in range(file.num_row_groups)]
            mine = [set(group["document_id"].to_pylist()) for group in groups]
            assert all(any(words <= documents for documents in mine) for words in other)


def test_the_same_files_whatever_order_tables_come_in(tmp_path, small):
    listed = plan(5)
    documents = [(s, n, rows_of(name, text)) for s, n, name, text in listed]
    turned = [(s, n, dict(reversed(rows.items()))) for s, n, rows in documents]
    one, other = (
        write_rows(folder(tmp_path, name), DECLARED, docs) for name, docs in (("a", documents), ("b", turned))
    )
    assert sorted(one, key=lambda w: w.file) == sorted(other, key=lambda w: w.file)


def folder(root, name):
    (root / name).mkdir()
    return root / name


def test_a_table_without_rows_has_no_file(tmp_path):
    written = write_rows(tmp_path, DECLARED, [("train", 0, rows_of("a", ""))])
    assert [one.file for one in written] == ["documents/train-00000.parquet"]
    assert not (tmp_path / "words").exists()
    assert write_rows(tmp_path, DECLARED, []) == []


def test_a_shard_that_fails_closes_its_files(tmp_path):
    good = pa.Table.from_pylist(rows_of("a", "x")["documents"], schema=schema(DOCUMENTS))
    with pytest.raises(KriscError), ShardWriter(tmp_path, DECLARED, 7) as shard:
        shard.write("train", {"documents": good})
        shard.write("train", {"documents": pa.concat_tables([good, good])})
    assert all(not writer.writer.is_open for writer in shard.writers.values())


def test_the_hash_of_a_split_is_of_its_files_in_order(tmp_path, small):
    written = write_rows(tmp_path, DECLARED, ((s, n, rows_of(name, text)) for s, n, name, text in plan(4)))
    train = [one for one in written if (one.table, one.split) == ("documents", "train")]
    assert len(train) == 3
    lines = "".join(f"{one.content}\n" for one in train)
    assert content_of(train) == hashlib.sha256(lines.encode()).hexdigest()
    assert content_of(train[::-1]) != content_of(train)
