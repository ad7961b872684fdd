"""A copy of a release is verified offline: every way in which it may be wrong is found and named."""

import hashlib
import json
import shutil
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import _grow
from passes_of_example import run

from krisc.release import compile_corpus
from krisc.staging import CHECKSUMS, MANIFEST
from krisc.store import Corpus
from krisc.verifying import verify

TRAIN = "documents/train-00000.parquet"
TEST = "documents/test-00000.parquet"


@pytest.fixture(scope="session")
def _release(tmp_path_factory, _starter):
    corpus = tmp_path_factory.mktemp("verify") / "corpus"
    shutil.copytree(_starter, corpus)
    _grow(corpus, 8)
    return compile_corpus(Corpus(corpus)).folder


@pytest.fixture
def copy(_release, tmp_path):
    """A copy of a release, far from its sources."""
    return shutil.copytree(_release, tmp_path / "copy")


def told(folder):
    return [(f.id, f.place.file) for f in verify(folder)[0]]


def reseal(folder):
    """What a forger does: put the hashes right after changing something."""
    value = json.loads((folder / MANIFEST).read_text())
    for name in value["files"]:
        data = (folder / name).read_bytes()
        value["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
    names = sorted([*value["files"], MANIFEST])
    sums = "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    (folder / CHECKSUMS).write_text(sums)


def rewrite(folder, name, change):
    """Change the rows of a Parquet file, schema and all the rest kept."""
    table = pq.read_table(folder / name)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / name)


def test_a_whole_copy_is_clean(copy, capsys):
    assert told(copy) == []
    assert run("verify", copy) == 0
    assert "verified, 0 error(s)" in capsys.readouterr().err


def test_sha256sum_agrees(copy):
    subprocess.run(["sha256sum", "--check", "--quiet", CHECKSUMS], cwd=copy, check=True)


def test_a_flipped_bit(copy):
    data = bytearray((copy / TRAIN).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / TRAIN).write_bytes(data)
    assert told(copy) == [("file-altered", TRAIN)]


def test_a_file_that_was_cut_off(copy, capsys):
    data = (copy / TRAIN).read_bytes()
    (copy / TRAIN).write_bytes(data[:-100])
    assert run("verify", copy) == 1
    assert f"{len(data) - 100:,} bytes instead of {len(data):,}" in capsys.readouterr().out


def test_a_release_without_its_layers_is_verified_as_far_as_it_goes(copy, capsys):
    shutil.rmtree(copy / "schema")
    value = json.loads((copy / MANIFEST).read_text())
    kept = {name: one for name, one in value["files"].items() if not name.startswith("schema/")}
    (copy / MANIFEST).write_text(json.dumps({**value, "files": kept}))
    reseal(copy)
    assert run("verify", copy) == 1
    assert told(copy) == [("file-lost", "schema/layers")]
    assert "schema/layers, which rows follow, is not there" in capsys.readouterr().out


def test_a_table_that_no_layer_declares(copy):
    value = json.loads((copy / MANIFEST).read_text())
    name = "schema/layers/relation.toml"
    (copy / name).unlink()
    del value["files"][name]
    (copy / MANIFEST).write_text(json.dumps(value))
    reseal(copy)
    assert ("file-lost", "schema/layers") in told(copy)


def test_the_first_release_is_read(repository):
    assert set(told(repository / "dataset/releases/0.1.0")) == {
        ("file-lost", "SHA256SUMS"),
        ("file-lost", "schema/layers"),
    }


def test_swapped_splits_are_called_by_name(copy, capsys):
    one, other = (copy / TRAIN).read_bytes(), (copy / TEST).read_bytes()
    (copy / TRAIN).write_bytes(other)
    (copy / TEST).write_bytes(one)
    assert run("verify", copy) == 1
    shown = capsys.readouterr().out
    assert f"{TRAIN} has the bytes of {TEST}" in shown
    assert f"{TEST} has the bytes of {TRAIN}" in shown


def test_an_edited_card(copy):
    card = copy / "README.md"
    card.write_text(card.read_text().replace("my-corpus", "mine").replace("My corpus", "Mine"))
    assert ("file-altered", "README.md") in told(copy)


def test_a_file_that_was_added(copy):
    (copy / "documents/train-00001.parquet").write_bytes((copy / TRAIN).read_bytes())
    assert told(copy) == [("file-unknown", "documents/train-00001.parquet")]


@pytest.mark.parametrize("name", [TRAIN, "README.md", CHECKSUMS, "schema/layers/entity.toml"])
def test_a_file_that_is_missing(copy, name):
    (copy / name).unlink()
    assert ("file-lost", name) in told(copy)


def test_a_checksum_file_that_was_edited(copy):
    (copy / CHECKSUMS).write_text("")
    assert told(copy) == [("file-altered", CHECKSUMS)]


def test_mixed_up_versions(copy, starter, tmp_path):
    config = starter / "dataset/corpus.toml"
    config.write_text(config.read_text().replace('version = "0.1.0"', 'version = "0.2.0"'))
    other = compile_corpus(Corpus(starter), tmp_path / "other").folder
    (copy / "README.md").write_bytes((other / "README.md").read_bytes())
    (copy / TRAIN).write_bytes((other / TRAIN).read_bytes())
    assert {("file-altered", "README.md"), ("file-altered", TRAIN)} == set(told(copy))
    reseal(copy)
    assert {("version-mixed", "README.md"), ("version-mixed", TRAIN)} <= set(told(copy))


def test_rows_that_were_changed_though_the_hashes_were_put_right(copy):
    rewrite(copy, TRAIN, lambda rows: rows[0].update(title="Another title"))
    reseal(copy)
    found = told(copy)
    assert found[0] == ("content-altered", TRAIN)
    assert set(found[1:]) == {
        ("figure-wrong", name) for name in ("croissant.json", "datapackage.json", "ro-crate-metadata.json")
    }, "the metadata still has the hash of the file as it was"


def test_rows_that_break_a_rule_though_the_hashes_were_put_right(copy):
    def change(rows):
        rows[0]["entity"][0]["segments"][0]["text"] = "Nobody"

    rewrite(copy, TRAIN, change)
    reseal(copy)
    assert ("quote-mismatch", TRAIN) in told(copy)


def test_a_document_in_two_splits_though_the_hashes_were_put_right(copy):
    moved = pq.read_table(copy / TRAIN).to_pylist()[0]
    rewrite(copy, TEST, lambda rows: rows.append(moved))
    reseal(copy)
    found = {id_ for id_, _ in told(copy)}
    assert {"document-duplicate", "split-leak", "content-altered"} <= found


def test_other_columns_though_the_hashes_were_put_right(copy):
    table = pq.read_table(copy / TRAIN)
    pq.write_table(table.drop_columns(["rights"]), copy / TRAIN)
    reseal(copy)
    assert ("content-altered", TRAIN) in told(copy)


def test_figures_that_were_changed(copy):
    value = json.loads((copy / MANIFEST).read_text())
    value["documents"] += 1
    value["layers"]["entity"]["labels"]["PERSON"] += 1
    (copy / MANIFEST).write_text(json.dumps(value))
    reseal(copy)
    found = [f.message for f in verify(copy)[0]]
    assert [m.split(":")[0] for m in found] == ["documents", "entity/PERSON"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("num_examples: 1", "num_examples: 7"), ("documents/train-*", "documents/test-*"), ("---\n", "--- \n")],
)
def test_a_card_that_says_something_else(copy, old, new):
    card = copy / "README.md"
    assert old in card.read_text()
    card.write_text(card.read_text().replace(old, new, 1))
    reseal(copy)
    assert {("figure-wrong", "README.md")} <= set(told(copy))


def test_what_is_no_release(tmp_path, capsys):
    assert run("verify", tmp_path) == 1
    assert "release-missing" in capsys.readouterr().out


def test_sources_at_hand_give_the_same_bytes(starter, tmp_path, capsys):
    run("compile", "--corpus", starter, "-q")
    copy = shutil.copytree(starter / "dataset/releases/0.1.0", tmp_path / "copy")
    assert run("verify", copy, "--sources", starter) == 0
    record = json.loads((starter / "dataset/documents.jsonl").read_text())
    (starter / "dataset/documents.jsonl").write_text(json.dumps({**record, "title": "Other"}) + "\n")
    assert run("verify", copy, "--sources", starter) == 1
    assert "release-stale" in capsys.readouterr().out
