"""Compiling: same bytes for the same input, nothing half-written, bounded batches, and figures that are true."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from passes_of_example import run

from krisc import parquet, release, sharding
from krisc.cli import main
from krisc.content import Content
from krisc.engines import local
from krisc.findings import KriscError
from krisc.release import check_generated, check_release, compile_corpus, write_generated
from krisc.runs import How
from krisc.staging import differences
from krisc.store import Corpus
from krisc.verifying import verify


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below a folder with the hash of its bytes, hidden ones too; not the memory, which may be deleted."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and ".krisc" not in p.relative_to(folder).parts)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def ids(error: pytest.ExceptionInfo[KriscError]) -> set[str]:
    return {f.id for f in error.value.findings}


def test_the_repository_is_what_its_sources_make(repository: Path) -> None:
    corpus = Corpus(repository)
    assert list(check_release(corpus)) == []
    assert list(check_generated(corpus)) == []


def test_same_bytes_in_another_folder_and_document_order(
    starter: Path, grow: Callable[..., None], tmp_path: Path
) -> None:
    grow(starter, 12)
    one = compile_corpus(Corpus(starter), tmp_path / "one").folder
    elsewhere = Path(shutil.copytree(starter, tmp_path / "elsewhere"))
    listed = elsewhere / "dataset/documents.jsonl"
    listed.write_text("\n".join(reversed(listed.read_text().splitlines())) + "\n")
    other = compile_corpus(Corpus(elsewhere), tmp_path / "other", like=one).folder
    assert list(differences(one, other)) == []
    named = compile_corpus(Corpus(elsewhere), tmp_path / "named").folder
    assert {name for name, _ in differences(one, named)} == {"release.json", "SHA256SUMS"}, "another input is named"
    assert {p.name for p in (one / "documents").iterdir()} == {"train-00000.parquet", "test-00000.parquet"}


def test_a_second_compile_changes_nothing(compiled: Path) -> None:
    before = snapshot(compiled)
    assert compile_corpus(Corpus(compiled)).unchanged
    assert snapshot(compiled) == before


def test_a_released_version_is_not_overwritten_by_another(compiled: Path) -> None:
    before = snapshot(compiled)
    config = compiled / "dataset/corpus.toml"
    config.write_text(config.read_text().replace("My corpus", "Another corpus"))
    with pytest.raises(KriscError) as error:
        compile_corpus(Corpus(compiled))
    assert ids(error) == {"release-differs"}
    assert snapshot(compiled / "dataset/releases") == {
        k.removeprefix("dataset/releases/"): v for k, v in before.items() if k.startswith("dataset/releases/")
    }
    assert not compile_corpus(Corpus(compiled), replace=True).unchanged


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device"), MemoryError()])
def test_an_interrupted_compile_leaves_the_old_release_whole(
    compiled: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    config = compiled / "dataset/corpus.toml"
    config.write_text(config.read_text().replace("My corpus", "Another corpus"))
    before = snapshot(compiled)

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(parquet.TableWriter, "close", fail)
    with pytest.raises((KriscError, KeyboardInterrupt, MemoryError)) as error:
        compile_corpus(Corpus(compiled), replace=True)
    if isinstance(failure, OSError):
        assert ids(error) == {"output-unwritable"}
    assert snapshot(compiled) == before


def test_a_release_caught_between_two_renames_comes_back(compiled: Path) -> None:
    folder = compiled / "dataset/releases/0.1.0"
    whole = snapshot(folder)
    folder.rename(folder.parent / ".0.1.0.previous")  # what a power cut in the middle of the swap leaves
    assert compile_corpus(Corpus(compiled)).unchanged
    assert snapshot(folder) == whole
    assert [p.name for p in folder.parent.iterdir()] == ["0.1.0"]


def test_a_failed_swap_puts_the_old_release_back(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = compiled / "dataset/releases/0.1.0"
    config = compiled / "dataset/corpus.toml"
    config.write_text(config.read_text().replace("My corpus", "Another corpus"))
    before, rename = snapshot(compiled), Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if ".partial-" in path.name:
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(KriscError) as error:
        compile_corpus(Corpus(compiled), replace=True)
    assert ids(error) == {"output-unwritable"}
    assert snapshot(compiled) == before
    assert folder.is_dir()


def test_a_full_disk_ends_in_a_finding(compiled: Path) -> None:
    config = compiled / "dataset/corpus.toml"
    config.write_text(config.read_text().replace("My corpus", "Another corpus"))
    before = snapshot(compiled)

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    done = subprocess.run(  # a limit on the size of files stands for a disk that fills up
        [sys.executable, "-m", "krisc", "compile", "--replace", "--corpus", str(compiled)],
        preexec_fn=small_files_only,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "output-unwritable" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert snapshot(compiled) == before


def test_findings_block_and_nothing_is_written(starter: Path) -> None:
    gold = starter / "annotations/gold/example.json"
    gold.write_text(gold.read_text().replace('"quote": "Zerin"', '"quote": "Zarin"'))
    before = snapshot(starter)
    with pytest.raises(KriscError) as error:
        compile_corpus(Corpus(starter))
    assert ids(error) == {"quote-mismatch"}
    assert snapshot(starter) == before


def test_batches_and_shards_are_bounded(
    starter: Path, grow: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    grow(starter, 30)
    monkeypatch.setattr(parquet, "GROUP_FILES", 3)
    monkeypatch.setattr(sharding, "SIZE", 8)
    made = compile_corpus(Corpus(starter), tmp_path / "out")
    files = made.facts.tables["documents"]["train"].files
    assert len(files) > 2
    assert max(pq.ParquetFile(made.folder / f).num_row_groups for f in files) > 1
    loaded = datasets.load_dataset(str(made.folder), "documents", verification_mode="all_checks")
    assert {s: len(rows) for s, rows in loaded.items()} == made.facts.splits
    assert sum(made.facts.splits.values()) == 31


def in_shards(corpus: Path, out: Path, size: int) -> release.Compiled:
    """Compile with so many documents in a shard on average."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharding, "SIZE", size)
        return compile_corpus(Corpus(corpus), out)


@pytest.fixture
def gaps(starter: Path, grow: Callable[..., None]) -> Path:
    """A corpus in which some tables have rows in a few documents only, so that their files' numbers have gaps."""
    grow(starter, 40)
    for n in range(40):
        path = starter / f"annotations/gold/made-{n:04d}.json"
        gold = json.loads(path.read_text())
        if n % 13:
            gold["layers"] |= {"relation": [], "coreference": [], "event": []}
        path.write_text(json.dumps(gold))
    return starter


def numbers(made: release.Compiled, table: str, split: str) -> list[int]:
    return [int(name[-13:-8]) for name in made.facts.tables[table][split].files]


def test_several_shards_load_as_one_does(gaps: Path, tmp_path: Path) -> None:
    """The same rows in the same order, in every configuration and split."""
    one, many = in_shards(gaps, tmp_path / "one", 1024), in_shards(gaps, tmp_path / "many", 4)
    shards = numbers(many, "documents", "train")
    assert numbers(one, "documents", "train") == [0]
    assert len(shards) > 5
    assert 0 < len(numbers(many, "relation", "train")) < len(shards), "there are gaps, or the test shows nothing"
    assert one.facts.tables.keys() == many.facts.tables.keys()
    for name, splits in one.facts.tables.items():
        loaded, wanted = (
            datasets.load_dataset(str(made.folder), name, verification_mode="all_checks") for made in (many, one)
        )
        assert loaded.keys() == wanted.keys() == splits.keys()
        for split, rows in wanted.items():
            assert loaded[split].features == rows.features
            assert loaded[split].to_list() == rows.to_list()
            assert many.facts.tables[name][split].rows == len(rows)
            stated = [made.facts.tables[name][split].arrow_bytes for made in (one, many)]
            counted = [found[split].info.splits[split].num_bytes for found in (wanted, loaded)]
            assert stated[0] == counted[0] or len(rows) == 1
            assert counted[1] <= stated[1] <= counted[1] * 1.05  # datasets puts groups of a single row together
    streamed = datasets.load_dataset(str(many.folder), "documents", split="train", streaming=True)
    assert [row["document_id"] for row in streamed] == sorted(row["document_id"] for row in streamed)
    left = [msgspec.structs.replace(made.facts, tables={}, files={}) for made in (one, many)]
    assert left[0] == left[1], "figures do not depend on shards"


def test_several_shards_are_verified_listed_and_compared(gaps: Path, tmp_path: Path, capsys: Any) -> None:
    one, many = in_shards(gaps, tmp_path / "one", 1024), in_shards(gaps, tmp_path / "many", 4)
    assert verify(many.folder)[0] == []
    stated = json.loads((many.folder / "release.json").read_text())
    files = [name for splits in stated["tables"].values() for split in splits.values() for name in split["files"]]
    assert sorted(files) == sorted(p.relative_to(many.folder).as_posix() for p in many.folder.rglob("*.parquet"))
    sums = (many.folder / "SHA256SUMS").read_text()
    assert all(f"  {name}\n" in sums for name in files)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=many.folder, check=True)
    assert run("diff", one.folder, many.folder, "--corpus", gaps, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert not any(told[key] for key in told if isinstance(told[key], list))
    path = many.folder / many.facts.tables["entity"]["train"].files[2]
    path.write_bytes((many.folder / many.facts.tables["entity"]["train"].files[1]).read_bytes())
    assert {f.id for f in verify(many.folder)[0]} >= {"file-altered"}


def test_shards_that_are_compiled_in_any_order_are_the_same(gaps: Path, tmp_path: Path) -> None:
    one = in_shards(gaps, tmp_path / "one", 4)
    with pytest.MonkeyPatch.context() as patch, local(2) as engine:
        patch.setattr(sharding, "SIZE", 4)
        two = compile_corpus(Corpus(gaps), tmp_path / "two", how=How(engine))
    assert list(differences(one.folder, two.folder)) == []
    assert not [p for p in two.folder.rglob("*") if p.name.startswith(".shard")]


def test_content_hash_is_that_of_the_rows(repository: Path) -> None:
    corpus = Corpus(repository)
    folder = corpus.releases / corpus.config.version
    stated = json.loads((folder / "release.json").read_text())["tables"]
    for splits in stated.values():
        for one in splits.values():
            told = hashlib.sha256()
            for file in one["files"]:
                table = pq.read_table(folder / file)
                content = Content(table.schema)
                for start in range(0, table.num_rows, 7):
                    content.add(table.slice(start, 7))
                told.update(f"{content.hexdigest()}\n".encode())
            assert told.hexdigest() == one["content_sha256"]


def test_every_file_of_a_release_is_listed_with_its_hash(repository: Path) -> None:
    corpus = Corpus(repository)
    folder = corpus.releases / corpus.config.version
    stated = json.loads((folder / "release.json").read_text())["files"]
    assert {k: v["sha256"] for k, v in stated.items()} == {
        k: v for k, v in snapshot(folder).items() if k not in ("release.json", "SHA256SUMS")
    }


def test_parquet_is_written_as_promised(repository: Path) -> None:
    corpus = Corpus(repository)
    for path in (corpus.releases / corpus.config.version).rglob("*.parquet"):
        metadata = pq.ParquetFile(path).metadata
        group = metadata.row_group(0)
        columns = [group.column(n) for n in range(group.num_columns)]
        assert {c.compression for c in columns} == {"ZSTD"}
        assert all(c.has_offset_index and c.has_column_index for c in columns if c.statistics)
        assert b"huggingface" in pq.read_schema(path).metadata


def test_splits_are_pinned_when_a_release_is_compiled(starter: Path, grow: Callable[..., None]) -> None:
    grow(starter, 5)
    compile_corpus(Corpus(starter))
    pinned = json.loads((starter / "dataset/splits.json").read_text())["documents"]
    grow(starter, 25)
    config = starter / "dataset/corpus.toml"
    config.write_text(
        config.read_text().replace("train = 0.8", "train = 0.1").replace('"0.1.0"\ndesc', '"0.2.0"\ndesc')
    )
    compile_corpus(Corpus(starter))
    later = json.loads((starter / "dataset/splits.json").read_text())["documents"]
    assert {d: later[d] for d in pinned} == pinned
    assert len(later) == 26


def test_passes_have_a_configuration_when_there_are_any(starter: Path) -> None:
    gold = json.loads((starter / "annotations/gold/example.json").read_text())
    for layer in gold["layers"].values():
        for a in layer:
            del a["by"], a["decided"]
    folder = starter / "annotations/passes/starter"
    folder.mkdir(parents=True)
    (folder / "example.json").write_text(json.dumps({**gold, "annotator": "starter", "date": "2000-01-01"}))
    made = compile_corpus(Corpus(starter))
    row = datasets.load_dataset(str(made.folder), "passes", split="train")[0]
    assert (row["annotator"], row["date"].isoformat()) == ("starter", "2000-01-01")
    assert [a["text"] for a in row["entity"]] == ["Karwan", "Zerin", "Soran"]
    assert made.facts.annotators["starter"].passes == 1


def test_a_layer_that_was_not_annotated_is_null_and_warned_of(starter: Path) -> None:
    gold = json.loads((starter / "annotations/gold/example.json").read_text())
    del gold["layers"]["relation"]
    (starter / "annotations/gold/example.json").write_text(json.dumps(gold))
    made = compile_corpus(Corpus(starter))
    assert [f.id for f in made.findings] == ["layer-missing"]
    assert "relation" not in made.facts.tables
    assert datasets.load_dataset(str(made.folder), split="train")[0]["relation"] is None


def test_a_new_layer_file_makes_a_new_configuration(starter: Path) -> None:
    layer = (starter / "schema/layers/entity.toml").read_text()
    layer = layer.replace('name = "entity"', 'name = "weather"').replace('"ner_tags"', '"weather_tags"')
    (starter / "schema/layers/weather.toml").write_text(
        layer.replace("order = 2", "order = 9").replace('"ent"', '"wea"')
    )
    gold = json.loads((starter / "annotations/gold/example.json").read_text())
    span = {"start": 20, "end": 25, "quote": "Soran"}
    storm = {"id": "w1", "label": "PLACE", "segments": [span], "attributes": {"mention": "name"}}
    gold["layers"]["weather"] = [{**storm, "by": ["starter"], "decided": "single"}]
    (starter / "annotations/gold/example.json").write_text(json.dumps(gold))
    made = compile_corpus(Corpus(starter))
    assert datasets.load_dataset(str(made.folder), "weather", split="train")[0]["text"] == "Soran"
    assert "weather_tags" in datasets.load_dataset(str(made.folder), "tokens", split="train").column_names


def test_stale_pages_are_found_and_written_anew(compiled: Path) -> None:
    missing = {f.data["file"] for f in check_generated(Corpus(compiled))}
    assert {"CITATION.cff", "annotations/GUIDELINES.md", "schema/gold.schema.json"} <= missing
    assert set(write_generated(Corpus(compiled))) == missing
    assert list(check_generated(Corpus(compiled))) == []
    (compiled / "CITATION.cff").write_text("title: by hand\n")
    assert [f.data["file"] for f in check_generated(Corpus(compiled))] == ["CITATION.cff"]


def test_a_changed_release_is_found(compiled: Path) -> None:
    folder = compiled / "dataset/releases/0.1.0"
    (folder / "entity/train-00000.parquet").write_bytes(b"")
    (folder / "extra.txt").write_text("not from the compiler")
    (folder / "CITATION.cff").unlink()
    found = {f.data["file"]: f.data["problem"] for f in check_release(Corpus(compiled))}
    assert found == {
        "CITATION.cff": "is missing",
        "entity/train-00000.parquet": "has other content",
        "extra.txt": "should not be there",
    }


def test_a_batch_that_breaks_its_model_is_refused(repository: Path) -> None:
    corpus = Corpus(repository)
    table = release.tables(corpus.layers)["entity"]
    good: dict[str, Any] = pq.read_table(corpus.releases / corpus.config.version / "entity").to_pylist()[0]
    schema = parquet.schema(table)
    parquet.hold(pa.Table.from_pylist([good], schema=schema), table)
    for change in ({"label": 99}, {"start": 5, "end": 5}, {"start": -1}, {"id": None}, {"decided": 7}):
        with pytest.raises(KriscError) as error:
            parquet.hold(pa.Table.from_pylist([{**good, **change}], schema=schema), table)
        assert ids(error) == {"batch-invalid"}
    with pytest.raises(KriscError):
        parquet.hold(pa.Table.from_pylist([good, good], schema=schema), table)


def test_what_an_interrupted_swap_left_behind_is_put_right(starter):
    """Between its two renames a swap leaves the old release under another name; after them, nothing."""
    corpus = Corpus(starter)
    compile_corpus(corpus)
    target = corpus.releases / "0.1.0"
    previous = corpus.releases / ".0.1.0.previous"
    target.rename(previous)
    assert compile_corpus(Corpus(starter)).unchanged, "the old release was brought back and found to be the same"
    assert target.exists()
    assert not previous.exists()
    shutil.copytree(target, previous)
    compile_corpus(Corpus(starter))
    assert not previous.exists(), "a copy beside a whole release is a leftover"


def test_docs_without_a_release_says_so(starter, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["docs", "--corpus", str(starter)])
    assert ended.value.code != 0
    assert "release-missing" in capsys.readouterr().out
