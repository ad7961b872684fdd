"""The memory of a corpus folder: a second compile takes what is unchanged from it, and never gives other bytes for it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passes_of_example import register, run
from sharded_example import SHARD, sharded
from test_adjudication import decide
from test_release import snapshot

from krisc import artefacts, compiling, memory, provenance, release, runs, sharding
from krisc.engines import local
from krisc.findings import KriscError
from krisc.memory import FOLDER, Memory, stamp_of
from krisc.release import How, compile_corpus
from krisc.store import Corpus

DATABASE = f"{FOLDER}/files.sqlite"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Shards of a few documents, files that are trusted at once, and no pages, which take longer than everything else."""
    monkeypatch.setattr(sharding, "SIZE", 4)
    monkeypatch.setattr(memory, "SETTLED", 0)
    monkeypatch.setattr(artefacts, "RELEASE_ARTEFACTS", {})


@pytest.fixture
def grown(starter: Path, grow: Callable[..., None]) -> Path:
    """A corpus of 17 documents in some shards, which was compiled once."""
    grow(starter, 16)
    remembered(starter)
    return starter


TABLES = ("documents", "entity")  # fewer take less time


def remembered(corpus: Path, only: tuple[str, ...] = TABLES, **more: object) -> release.Compiled:
    """Compile to the folder ``out`` beside the corpus, with the memory."""
    how = How(remember=True, only=only, **more)
    return compile_corpus(Corpus(corpus), corpus.parent / "out", replace=True, how=how)


@cache
def from_nothing(corpus: Path, only: tuple[str, ...], _state: str) -> tuple[bool, list[str], dict[str, str]]:
    """What a compile without memory gives, once for each state of a corpus."""
    work = partial(compile_corpus, out=corpus.parent / "scratch", replace=True, how=How(only=only))
    told = outcome(work, Corpus(corpus))
    return *told, snapshot(corpus.parent / "scratch") if told[0] else {}


def state_of(corpus: Path) -> str:
    return str([one for one in snapshot(corpus).items() if not one[0].startswith("dataset/releases")])


def compiled_shards(corpus: Path, only: tuple[str, ...] = TABLES) -> int:
    """How many shards a compile with the memory compiles; its bytes and findings are those of one from nothing."""
    count = 0

    def counting(task, step=None):
        nonlocal count
        count += 1
        return compiling.compile_shard(task, step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "compile_shard", counting)
        told = outcome(remembered, corpus, only)
    assert (*told, snapshot(corpus.parent / "out") if told[0] else {}) == from_nothing(corpus, only, state_of(corpus))
    return count


def outcome(work, *args):
    """Whether it compiled, and every finding, with places and data."""
    try:
        return True, list(map(str, work(*args).findings))
    except KriscError as error:
        return False, list(map(str, error.findings))


def shards_of(corpus: Path) -> int:
    return len(list(sharding.shards(Corpus(corpus).index, len(Corpus(corpus).index))))


# --- edits of a corpus ----------------------------------------------------------------------------------------------


def records(corpus: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (corpus / "dataset/documents.jsonl").read_text().splitlines()]


def list_anew(corpus: Path, listed: list[dict[str, object]]) -> None:
    (corpus / "dataset/documents.jsonl").write_text("".join(json.dumps(one) + "\n" for one in listed))


def gold_of(corpus: Path, name: str) -> Path:
    return corpus / f"annotations/gold/{name}.json"


def edit_gold(corpus: Path, name: str, change: Callable[[dict], None]) -> None:
    value = json.loads(gold_of(corpus, name).read_text())
    change(value)
    gold_of(corpus, name).write_text(json.dumps(value))


def edit_text(corpus: Path, name: str, more: str = "\r\n\t\r\n") -> None:
    """More white space at the end of a text, with its hash wherever it stands."""
    raw = corpus / f"dataset/raw/{name}.txt"
    old, new = raw.read_bytes(), raw.read_bytes() + more.encode()
    raw.write_bytes(new)
    for path in (corpus / "dataset/documents.jsonl", gold_of(corpus, name)):
        path.write_text(path.read_text().replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest()))


def edit_annotation(corpus: Path, name: str) -> None:
    def change(value):
        person = value["layers"]["entity"][0]
        person["note"] = person.get("note", "") + "seen again"

    edit_gold(corpus, name, change)


def edit_attribute(corpus: Path, name: str) -> None:
    def change(value):
        attributes = value["layers"]["event"][0]["attributes"]
        attributes["modality"] = "planned" if attributes["modality"] == "asserted" else "asserted"

    edit_gold(corpus, name, change)


def edit_metadata(corpus: Path, name: str) -> None:
    list_anew(corpus, [{**one, "title": f"{one['title']}!"} if one["id"] == name else one for one in records(corpus)])


def drop_layer(corpus: Path, name: str) -> None:
    """Gold without a layer is warned of."""
    edit_gold(corpus, name, lambda value: value["layers"].pop("relation", None))


def break_gold(corpus: Path, name: str) -> None:
    path = gold_of(corpus, name)
    path.write_text(path.read_text().replace('"quote": "Zerin"', '"quote": "Zarin"'))


def mend_gold(corpus: Path, name: str) -> None:
    path = gold_of(corpus, name)
    path.write_text(path.read_text().replace('"quote": "Zarin"', '"quote": "Zerin"'))


def add_pass(corpus: Path, name: str) -> None:
    value = json.loads(gold_of(corpus, name).read_text())
    for layer in value["layers"].values():
        for a in layer:
            a.pop("by", None), a.pop("decided", None)
    folder = corpus / "annotations/passes/starter"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({**value, "annotator": "starter", "date": "2000-01-01"}))


def remove(corpus: Path, name: str) -> None:
    list_anew(corpus, [one for one in records(corpus) if one["id"] != name])
    for path in [*corpus.glob(f"dataset/raw/{name}.txt"), *corpus.glob(f"annotations/**/{name}.json")]:
        path.unlink()


def rename(corpus: Path, name: str, new: str = "") -> None:
    new = new or f"{name}-x"
    list_anew(corpus, [{**one, "id": new} if one["id"] == name else one for one in records(corpus)])
    for path in [*corpus.glob(f"dataset/raw/{name}.txt"), *corpus.glob(f"annotations/**/{name}.json")]:
        path.write_text(path.read_text().replace(f'"{name}"', f'"{new}"'), newline="")
        path.rename(path.with_name(f"{new}{path.suffix}"))


def copy(corpus: Path, name: str) -> None:
    """A document more, in the list twice over if it is there already."""
    new = f"{name}-copy"
    [record] = [one for one in records(corpus) if one["id"] == name][:1]
    shutil.copy(corpus / f"dataset/raw/{name}.txt", corpus / f"dataset/raw/{new}.txt")
    gold_of(corpus, new).write_text(gold_of(corpus, name).read_text().replace(f'"{name}"', f'"{new}"'))
    list_anew(corpus, [*records(corpus), {**record, "id": new}])


def turn_list(corpus: Path, _: str = "") -> None:
    """Every line of the list moves."""
    list_anew(corpus, records(corpus)[::-1])


def edit_register(corpus: Path, _: str = "") -> None:
    path = corpus / "dataset/entities.jsonl"
    path.write_text(path.read_text().replace('"name": "Karwan', '"name": "Karwan K'))


def edit_layer(corpus: Path, _: str = "") -> None:
    path = corpus / "schema/layers/entity.toml"
    path.write_text(path.read_text().replace('definition = "', 'definition = "Well. ', 1))


def edit_config(corpus: Path, _: str = "") -> None:
    path = corpus / "dataset/corpus.toml"
    path.write_text(path.read_text().replace('version = "0.1.0"', 'version = "0.1.1"', 1))


def edit_annotators(corpus: Path, _: str = "") -> None:
    register(corpus, f"reader-{len(list((corpus / 'annotations').rglob('*')))}")


ONE = [edit_text, edit_annotation, edit_attribute, edit_metadata, drop_layer, add_pass]
ALL = [edit_register, edit_layer, edit_config, edit_annotators]
AROUND = [remove, rename, copy]


# --- the same bytes -------------------------------------------------------------------------------------------------


def test_a_second_compile_compiles_nothing(grown):
    assert shards_of(grown) > 3
    assert compiled_shards(grown) == 0


@pytest.mark.parametrize("edit", ONE)
def test_an_edit_of_a_document_compiles_its_shard(grown, edit):
    edit(grown, "made-0009")
    assert compiled_shards(grown) == 1
    assert compiled_shards(grown) == 0


@pytest.mark.parametrize("edit", ALL)
def test_what_all_documents_follow_from_compiles_everything(grown, edit):
    edit(grown)
    assert compiled_shards(grown) == shards_of(grown)
    assert compiled_shards(grown) == 0


@pytest.mark.parametrize("edit", AROUND)
def test_a_document_that_comes_or_goes_compiles_the_shards_around_it(grown, edit):
    edit(grown, "made-0009")
    assert 0 < compiled_shards(grown) < shards_of(grown)
    assert compiled_shards(grown) == 0


def test_a_list_in_another_order_compiles_nothing(grown):
    turn_list(grown)
    assert compiled_shards(grown) == 0


def test_a_split_that_is_pinned_otherwise_compiles_its_shard(grown):
    splits = release.splits_of(Corpus(grown))
    pinned = {name: "train" if name == "made-0003" else split for name, split in splits.items()}
    (grown / "dataset/splits.json").write_text(json.dumps({"documents": pinned}))
    assert compiled_shards(grown) == 1
    assert compiled_shards(grown) == 0


def test_tables_that_were_not_asked_for_are_not_remembered_as_if_they_were(grown):
    assert compiled_shards(grown, only=("event", "tokens")) == shards_of(grown)
    assert {p.parent.name for p in (grown.parent / "out").rglob("*.parquet")} == {"event", "tokens"}
    assert compiled_shards(grown, only=("event", "tokens")) == 0
    assert compiled_shards(grown) == shards_of(grown)


def test_reviews_and_decisions_are_part_of_what_a_document_follows_from(passes, grow):
    corpus = passes
    register(corpus, "anna")
    run("adjudicate", "--replace", "--quiet", "--corpus", corpus)
    decide(corpus, lambda c: {"entity": "A", "event": "A", "relation": "A"}[c["layer"]])
    assert run("adjudicate", "--replace", "--quiet", "--corpus", corpus) == 0
    assert compiled_shards(corpus) == 1
    decisions = corpus / "annotations/decisions/example.toml"
    decisions.write_text(decisions.read_text().replace('reason = "', 'reason = "Looked at again. ', 1))
    assert compiled_shards(corpus) == 1
    review = {"at": "2026-01-02T03:04:05Z", "by": "anna", "action": "comment", "note": "Fine."}
    (corpus / "annotations/reviews").mkdir()
    (corpus / "annotations/reviews/example.jsonl").write_text(json.dumps(review) + "\n")
    assert compiled_shards(corpus) == 1
    path = corpus / "annotations/passes/one/example.json"
    path.write_text(path.read_text().replace('"date": "2024-01-01"', '"date": "2024-01-02"'))
    assert compiled_shards(corpus) == 1


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_edits_one_after_another_give_what_a_compile_from_nothing_gives(grown, tmp_path_factory, data):
    corpus = Path(shutil.copytree(grown, tmp_path_factory.mktemp("edits") / "corpus"))  # its memory is of other files
    for _ in range(data.draw(st.integers(2, 5), "edits")):
        names = [str(one["id"]) for one in records(corpus)]
        edit = data.draw(st.sampled_from([*ONE, *ALL, *AROUND, turn_list, break_gold, mend_gold]), "edit")
        edit(corpus, data.draw(st.sampled_from(names), "document"))
        compiled_shards(corpus)


def test_two_workers_remember_what_one_does_and_the_other_way_round(grown):
    edit_annotation(grown, "made-0003")
    edit_annotation(grown, "made-0013")
    with local(2) as engine:
        remembered(grown, engine=engine)
    assert compiled_shards(grown) == 0
    edit_annotation(grown, "made-0003")
    remembered(grown)
    with local(2) as engine:
        assert remembered(grown, engine=engine).unchanged


def test_progress_counts_remembered_documents(grown):
    edit_annotation(grown, "made-0009")
    told: list[tuple[int, int]] = []
    remembered(grown, progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (17, 17)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# --- findings -------------------------------------------------------------------------------------------------------


def test_warnings_are_told_again(grown):
    drop_layer(grown, "made-0004")
    first = remembered(grown).findings
    assert [f.id for f in first] == ["layer-missing"]
    turn_list(grown)
    assert compiled_shards(grown) == 0
    assert remembered(grown).findings == first


def test_a_warning_about_a_line_of_another_file_keeps_its_line(passes):
    """The line of a review is not that of the document in the list."""
    register(passes, "anna")
    run("adjudicate", "--replace", "--quiet", "--corpus", passes)
    decide(passes, lambda c: {"entity": "A", "event": "A", "relation": "A"}[c["layer"]])
    assert run("adjudicate", "--replace", "--quiet", "--corpus", passes) == 0
    gold = json.loads(gold_of(passes, "example").read_text())
    was = next(a for a in gold["layers"]["entity"] if a["id"] == "k")
    comment = {"at": "2026-01-02T03:04:05Z", "by": "anna", "action": "comment", "note": "Fine."}
    lapsed = {
        **comment,
        "action": "change",
        "changes": [{"layer": "entity", "was": {**was, "label": "PLACE"}, "now": was}],
    }
    (passes / "annotations/reviews").mkdir()
    lines = [comment, comment, lapsed]
    (passes / "annotations/reviews/example.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert compiled_shards(passes) == 1
    [finding] = remembered(passes).findings
    assert (finding.id, finding.place.record) == ("review-lapsed", 3)
    assert compiled_shards(passes) == 0


def test_lines_of_shards_may_move_and_their_warnings_move_along(grown, tmp_path):
    """By whole lines within a file; the line itself, and the file it stands in, are part of what is remembered."""
    drop_layer(grown, "made-0004")
    corpus = sharded(grown, tmp_path / "shards" / "corpus")
    assert compiled_shards(corpus) == shards_of(corpus)
    [finding] = remembered(corpus).findings
    lines = (corpus / SHARD).read_bytes().splitlines(keepends=True)
    (corpus / SHARD).write_bytes(b"".join(lines[::-1]))
    assert compiled_shards(corpus) == 0
    [moved] = remembered(corpus).findings
    assert moved.place.record == len(lines) + 1 - finding.place.record
    edited = [
        line.replace(b'"title": "Example"', b'"title": "Edited"') if b'"made-0009"' in line else line for line in lines
    ]
    (corpus / SHARD).write_bytes(b"".join(edited))
    assert compiled_shards(corpus) == 1
    (corpus / SHARD).rename(corpus / SHARD.replace("a.jsonl", "b.jsonl"))
    assert compiled_shards(corpus) == shards_of(corpus)


def test_decisions_and_reviews_beside_a_whole_document_count(passes, tmp_path):
    register(passes, "anna")
    run("adjudicate", "--replace", "--quiet", "--corpus", passes)
    decide(passes, lambda c: {"entity": "A", "event": "A", "relation": "A"}[c["layer"]])
    assert run("adjudicate", "--replace", "--quiet", "--corpus", passes) == 0
    corpus = sharded(passes, tmp_path / "shards" / "corpus")
    assert compiled_shards(corpus) == 1
    assert compiled_shards(corpus) == 0
    decisions = corpus / "annotations/decisions/example.toml"
    decisions.write_text(decisions.read_text().replace('decide = "A"', 'decide = "B"', 1))
    assert compiled_shards(corpus) == 1
    assert not outcome(remembered, corpus)[0], "the gold does not follow from the decisions any more"


def test_errors_are_never_remembered(grown):
    break_gold(grown, "made-0004")
    for _ in range(2):
        assert compiled_shards(grown) >= 1
        with pytest.raises(KriscError) as error:
            remembered(grown)
        assert {f.id for f in error.value.findings} == {"quote-mismatch"}
    mend_gold(grown, "made-0004")
    assert compiled_shards(grown) == 0, "what was there before is remembered still"


# --- what can be wrong with it --------------------------------------------------------------------------------------


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def nothing(path):
    path.write_bytes(b"")


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbled(path, at=0.5):
    """One byte is another, and size and time are as they were."""
    found, data = path.stat(), bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 0x55
    with path.open("r+b") as stream:
        stream.write(data)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def gone(path):
    path.unlink()


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "harm", [nothing, half, garbled, partial(garbled, at=0.01), partial(garbled, at=0.99), gone, a_folder]
)
@pytest.mark.parametrize("which", ["files.sqlite", "seal", ".gitignore", "kept", "documents/train", "entity/test"])
def test_a_damaged_memory_is_no_memory(grown, harm, which):
    found = [path for path in files_of(grown / FOLDER) if path.as_posix().endswith(f"/{which}")]
    assert found
    for path in found:
        if path.stat().st_size:
            harm(path)
    number = compiled_shards(grown)
    if which not in ("files.sqlite", "seal", ".gitignore"):
        assert number > 0
    elif harm is not a_folder:
        assert number == 0
    if harm is not a_folder:
        edit_annotation(grown, "made-0002")
        assert compiled_shards(grown) == 1, "it remembers again"


@pytest.mark.parametrize("at", [n / 12 for n in range(12)])
def test_no_byte_of_the_database_is_trusted_that_was_changed(grown, at):
    """Whatever it is: a hash, an offset, an incident. The figures have the hash of every file."""
    garbled(grown / DATABASE, at)
    assert compiled_shards(grown) == 0


def test_the_folder_can_be_deleted(grown):
    shutil.rmtree(grown / FOLDER)
    assert compiled_shards(grown) == shards_of(grown)
    assert compiled_shards(grown) == 0


def test_a_file_in_place_of_the_folder_is_let_be(grown):
    shutil.rmtree(grown / FOLDER)
    (grown / FOLDER).write_text("mine")
    assert compiled_shards(grown) == shards_of(grown)
    assert (grown / FOLDER).read_text() == "mine"


def test_a_corpus_that_cannot_be_written_to_compiles(grown, monkeypatch):
    shutil.rmtree(grown / FOLDER)
    make = Path.mkdir

    def refuse(path, *args, **more):
        if FOLDER in path.parts:
            raise PermissionError(13, "Permission denied")
        return make(path, *args, **more)

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert compiled_shards(grown) == shards_of(grown)
    assert not (grown / FOLDER).exists()


def test_a_disk_that_is_full_when_something_is_kept_does_no_harm(grown, monkeypatch):
    edit_annotation(grown, "made-0002")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Memory, "put", refuse)
        assert compiled_shards(grown) == shards_of(grown)
    assert compiled_shards(grown) == 1


def test_a_second_process_remembers_nothing_and_is_not_stopped(grown):
    held = Memory(grown)
    before = snapshot(grown / FOLDER)
    assert compiled_shards(grown) == shards_of(grown)
    assert snapshot(grown / FOLDER) == before
    held.close()
    assert compiled_shards(grown) == 0


def test_a_real_second_process_is_locked_out(grown):
    words = (
        "import sys; from pathlib import Path; from krisc.memory import Memory\n"
        "held = Memory(Path(sys.argv[1])); print(held._base is not None, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", words, str(grown)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "True\n"
        assert compiled_shards(grown) == shards_of(grown)
        other.kill()  # it leaves the lock to nobody, and what it learnt is lost
    assert compiled_shards(grown) == 0


class DiedError(BaseException):
    """A power cut: nothing that cleans up may count on it."""


@pytest.mark.parametrize("step", range(0, 40, 2))
def test_a_crash_between_any_two_steps_leaves_a_memory_that_is_true(grown, monkeypatch, step):
    """Every call by which the memory changes the disk is the last one once."""
    edit_annotation(grown, "made-0002")
    edit_text(grown, "made-0013")
    count = 0

    def dying(function):
        def call(*args, **more):
            nonlocal count
            if any(FOLDER in str(one) for one in args) or getattr(args[0] if args else None, "folder", None):
                if count == step:
                    count = -(10**9)
                    raise DiedError
                count += 1
            return function(*args, **more)

        return call

    with monkeypatch.context() as patch:
        for name in ("rename", "mkdir", "write_bytes", "write_text", "hardlink_to", "unlink"):
            patch.setattr(Path, name, dying(getattr(Path, name)))
        patch.setattr(memory.shutil, "rmtree", dying(shutil.rmtree))
        patch.setattr(memory.tempfile, "mkdtemp", dying(memory.tempfile.mkdtemp))
        patch.setattr(Memory, "put", dying(Memory.put))
        try:
            remembered(grown)
        except DiedError:
            assert count < 0
        else:
            assert count >= 0, "there are no more steps"
            assert count > 10
    assert compiled_shards(grown) <= 5
    assert compiled_shards(grown) == 0
    assert not [path for path in (grown / FOLDER / "shards").iterdir() if path.name.startswith(".")]


def test_another_program_believes_nothing(grown, monkeypatch):
    for module in (memory, compiling):
        monkeypatch.setattr(module, "program", lambda: "another")
    assert compiled_shards(grown) == shards_of(grown)
    assert compiled_shards(grown) == 0


def test_what_changes_while_it_is_compiled_is_not_remembered_as_what_it_was(grown, monkeypatch):
    """Else it would come back as soon as the change is taken back."""
    path, listed = gold_of(grown, "made-0002"), grown / "dataset/documents.jsonl"
    before = path.read_bytes(), listed.read_bytes()
    add_pass(grown, "made-0002")  # so that there is something to compile

    def meddle(task, step=None):
        edit_attribute(grown, "made-0002")
        listed.write_bytes(before[1].replace(b'"Example', b'"Exbmple'))  # of the same length
        assert listed.read_bytes() != before[1]
        return compiling.compile_shard(task, step)

    with monkeypatch.context() as patch:
        patch.setattr(runs, "compile_shard", meddle)
        remembered(grown)
    path.write_bytes(before[0])
    listed.write_bytes(before[1])
    assert compiled_shards(grown) == 1


# --- files that share their bytes -----------------------------------------------------------------------------------


def of_the_version(corpus: Path) -> release.Compiled:
    """Compile to the release of the version, whose files may be one with those of the memory."""
    return compile_corpus(Corpus(corpus), replace=True, how=How(remember=True, only=TABLES))


def test_a_release_that_is_edited_in_place_does_not_spoil_the_memory(grown):
    made = of_the_version(grown)
    whole = snapshot(made.folder)
    kept = {path.stat().st_ino for path in (grown / FOLDER).rglob("*")}
    path = made.folder / made.facts.tables["entity"]["train"].files[0]
    assert path.stat().st_ino in kept, "they are one file, or the test shows nothing"
    garbled(path)  # size and time are as they were
    assert snapshot(made.folder) != whole
    again = of_the_version(grown)
    assert snapshot(again.folder) == whole
    assert compiled_shards(grown) == 0


def test_a_folder_elsewhere_shares_nothing_with_the_memory_or_the_release(grown):
    made = of_the_version(grown)
    out = remembered(grown).folder
    known = {p.stat().st_ino for p in [*files_of(grown / FOLDER), *files_of(made.folder)]}
    assert not known & {p.stat().st_ino for p in files_of(out)}
    whole = snapshot(made.folder)
    for path in out.rglob("*.parquet"):
        garbled(path)
    assert snapshot(made.folder) == whole
    assert of_the_version(grown).unchanged


def test_what_cannot_be_recalled_whole_is_compiled_into_files_of_its_own(grown, monkeypatch):
    """Were a shard compiled into files that were recalled already, it would write into an older release."""
    made = of_the_version(grown)
    whole, put, count = snapshot(made.folder), Memory.put, 0

    def fail(self, path, target):
        nonlocal count
        count += 1
        if count % 3 == 0:
            raise OSError(5, "Input/output error")
        put(self, path, target)

    monkeypatch.setattr(Memory, "put", fail)
    assert of_the_version(grown).unchanged
    assert snapshot(made.folder) == whole
    monkeypatch.setattr(Memory, "put", put)
    assert of_the_version(grown).unchanged
    assert snapshot(made.folder) == whole
    assert compiled_shards(grown) == 0


# --- files that were just written -----------------------------------------------------------------------------------


def test_an_edit_that_keeps_size_and_time_is_seen(grown):
    path = gold_of(grown, "made-0009")
    found = path.stat()
    path.write_text(path.read_text().replace("asserted", "possible"))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns)
    assert compiled_shards(grown) == 1


def test_a_file_of_a_moment_ago_is_read_again(tmp_path, monkeypatch):
    """A clock ticks some hundred times a second; within a tick a file can change and show nothing."""
    monkeypatch.setattr(memory, "SETTLED", 2_000_000_000)
    path = tmp_path / "file"
    path.write_text("one")
    (tmp_path / "corpus").mkdir()
    stamp = stamp_of(path)
    monkeypatch.setattr(memory, "stamp_of", lambda _: stamp)
    one = Memory(tmp_path / "corpus")
    assert one.digest(path) == hashlib.sha256(b"one").hexdigest()
    path.write_text("two")
    assert one.digest(path) == hashlib.sha256(b"two").hexdigest()
    one.close()


def test_a_file_that_changes_while_it_is_read_is_not_remembered(tmp_path, monkeypatch):
    path, digest = tmp_path / "file", memory._digest
    path.write_text("one")

    def slow(where):
        found = digest(where)
        path.write_text("other")
        return found

    one = Memory(tmp_path)
    monkeypatch.setattr(memory, "_digest", slow)
    one.digest(path)
    monkeypatch.setattr(memory, "_digest", digest)
    assert one.digest(path) == hashlib.sha256(b"other").hexdigest()
    one.close()


def test_a_file_is_read_once_and_again_when_it_changed(tmp_path, monkeypatch):
    path, read = tmp_path / "file", []
    path.write_text("one")
    digest = memory._digest
    monkeypatch.setattr(memory, "_digest", lambda where: read.append(where) or digest(where))
    for _ in range(2):
        one = Memory(tmp_path)
        assert one.digest(path) == one.digest(path) == hashlib.sha256(b"one").hexdigest()
        one.close()
    assert len(read) == 1
    path.write_text("two")
    one = Memory(tmp_path)
    assert one.digest(path) == hashlib.sha256(b"two").hexdigest()
    assert len(read) == 2
    with pytest.raises(FileNotFoundError):
        one.digest(tmp_path / "gone")
    one.close()


def test_a_list_that_cannot_be_read_to_its_end_is_not_remembered(tmp_path):
    path = tmp_path / "list"
    path.write_text("...")

    def broken():
        yield from ()
        raise KriscError([])

    one = Memory(tmp_path)
    with pytest.raises(KriscError):
        list(one.entries(path, "list", broken))
    assert list(one.entries(path, "list", lambda: iter(()))) == []
    one.close()


def test_a_database_that_fails_on_the_way_is_done_without(grown, monkeypatch):
    """Every statement is the first that fails once."""
    corpus = Corpus(grown)
    wanted = list(corpus.index)
    for failing in range(0, 12):
        corpus = Corpus(grown)
        corpus.memory = Memory(grown)
        corpus.memory._base = _Failing(corpus.memory._base, failing)
        assert list(corpus.index) == wanted
        corpus.memory.close()
        assert compiled_shards(grown) == 0


class _Failing:
    """A connection that fails at a row or statement."""

    def __init__(self, base, left):
        self.base, self.left = base, left

    def cursor(self):
        return self

    def execute(self, *args):
        self._step()
        return self._rows(self.base.execute(*args))

    def _rows(self, found):
        for row in found:
            self._step()
            yield row

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise sqlite3.OperationalError("disk I/O error")

    def close(self):
        self.base.close()


# --- what else there is ---------------------------------------------------------------------------------------------


def times(folder: Path) -> dict[str, int]:
    return {
        p.relative_to(folder).as_posix(): p.stat().st_mtime_ns
        for p in folder.rglob("*")
        if FOLDER not in p.relative_to(folder).parts
    }


def test_nothing_but_the_folder_is_touched(grown):
    of_the_version(grown)
    before = times(grown)
    del before["dataset/releases"]  # a folder comes and goes in it
    assert of_the_version(grown).unchanged
    after = times(grown)
    del after["dataset/releases"]
    assert after == before


def test_shards_that_no_compile_needs_any_more_go(grown):
    for number in range(3):
        edit_annotation(grown, f"made-000{number}")
        remembered(grown)
    assert len(list((grown / FOLDER / "shards").iterdir())) == shards_of(grown)


def test_git_and_the_figures_do_not_see_it(grown):
    subprocess.run(["git", "init", "-q", str(grown)], check=True)
    told = subprocess.run(
        ["git", "-C", str(grown), "status", "--porcelain", "--untracked-files=all"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "dataset/corpus.toml" in told
    assert FOLDER not in told
    assert not [name for name in provenance.inputs(Corpus(grown)) if FOLDER in name]
    assert not [name for name in remembered(grown).facts.inputs if FOLDER in name]


def test_the_repository_keeps_it_out_of_archives(repository):
    assert f"{FOLDER}/" in (repository / ".gitignore").read_text().split(), "sdist goes by it"


def test_what_checks_a_release_does_not_go_by_the_memory(starter, monkeypatch, capsys):
    monkeypatch.undo()
    assert run("compile", "--corpus", starter, "--quiet") == 0
    assert (starter / DATABASE).is_file()
    before = snapshot(starter / FOLDER)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the memory was asked")

    monkeypatch.setattr(Memory, "__init__", refuse)
    folder = starter / "dataset/releases/0.1.0"
    run("docs", "--corpus", starter, "--quiet")
    for words in (
        ("check", "--corpus", starter),
        ("verify", folder, "--sources", starter),
        ("validate", "--corpus", starter),
    ):
        run(*words)
        assert "release-stale" not in capsys.readouterr().out
    assert run("compile", "--no-memory", "--out", starter.parent / "out", "--corpus", starter) == 0
    assert snapshot(starter / FOLDER) == before
    with pytest.raises(AssertionError, match="was asked"):
        run("compile", "--out", starter.parent / "other", "--corpus", starter)
