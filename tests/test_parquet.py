"""What is written holds to its table's model, and a table that breaks it is never written."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from krisc.findings import KriscError
from krisc.models import schema
from krisc.parquet import TableWriter
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
