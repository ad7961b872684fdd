"""Corpora in shards: a whole document a line, with the same rows, findings and care as files of its own."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passes_of_example import run
from sharded_example import SHARD, dumped, line_of, records, sharded
from test_invalid import FOLDERS, id_of, told_by
from withheld_example import add

from krisc import places, sharding
from krisc.engines import local
from krisc.findings import KriscError, catalogue
from krisc.index import Entry
from krisc.judging import sample
from krisc.release import How, compile_corpus
from krisc.reviewing import Desk
from krisc.sharded import heads, open_line
from krisc.store import Corpus
from krisc.validation import validate_corpus

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import corpora

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40) | st.sampled_from(
    [
        "",
        "\r\n",
        "a\tb\r\nc",
        "کوردستان ڕۆژنامە",
        "السُّليمانية",
        "e\u0301 x\u0308\u0323",
        "👩‍🚀𝔘\U0010ffff",
        '\\"\\u0041/',
        "\u2028\x7f\x1f",
    ]
)


@pytest.fixture
def shards(starter: Path, tmp_path: Path) -> Path:
    """The smallest corpus, with its document in a shard."""
    return sharded(starter, tmp_path / "shards")


def located(corpus: Path):
    """All findings of a corpus as they are shown."""
    places.forget()
    found, _ = validate_corpus(Corpus(corpus))
    return [places.locate(one, corpus) for one in found]


def rewrite(corpus: Path, *lines: bytes, name: str = SHARD) -> None:
    (corpus / name).write_bytes(b"".join(lines))


def example(corpus: Path) -> dict:
    return json.loads((corpus / SHARD).read_bytes())


# --- the same as files ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Twelve made documents with two passes each, in both layouts."""
    root = tmp_path_factory.mktemp("layouts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpora, "SHARD", 5)
        return [corpora.build(root / name, 12, layout=name, passes=2) for name in corpora.LAYOUTS]


def tables(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.parquet")}


def test_both_layouts_compile_to_the_same_tables(made, tmp_path, monkeypatch):
    monkeypatch.setattr(sharding, "SIZE", 4)
    one, other = (compile_corpus(Corpus(corpus), tmp_path / corpus.name) for corpus in made)
    assert tables(one.folder) == tables(other.folder)
    assert len(tables(one.folder)) > 20
    left = [msgspec.structs.replace(m.facts, inputs={}, files={}) for m in (one, other)]
    assert left[0] == left[1]
    assert {name for name in other.facts.inputs if "made" in name} == {
        f"dataset/shards/made-{n:05d}.jsonl" for n in range(3)
    }


def test_two_workers_give_the_same_bytes_as_one(made, tmp_path, monkeypatch):
    monkeypatch.setattr(sharding, "SIZE", 4)
    one = compile_corpus(Corpus(made[1]), tmp_path / "one")
    with local(2) as engine:
        two = compile_corpus(Corpus(made[1]), tmp_path / "two", how=How(engine))
    assert {p.name: p.read_bytes() for p in one.folder.rglob("*") if p.is_file()} == {
        p.name: p.read_bytes() for p in two.folder.rglob("*") if p.is_file()
    }


# Of findings about a file as a file, or about places that shards do not have.
OTHER = {
    "text-unlisted",
    "annotation-unlisted",
    "text-missing",
    "sources-unlisted",
    "pass-misplaced",
    "document-in-shard",
}
CASES = [
    folder
    for folder in FOLDERS
    if catalogue()[id_of(folder)].level in ("reference", "meaning")
    and told_by(folder).get("command", "validate") == "validate"
    and not {"before", "delete"} & set(told_by(folder))
    and id_of(folder) not in OTHER
]


@pytest.mark.parametrize("folder", [pytest.param(folder, id=folder.name) for folder in CASES])
def test_every_bad_case_is_found_in_a_shard_too(folder, starter, tmp_path):
    """The same findings with the same words, in the line of the document, at the same pointer within its part."""
    if (folder / "files").exists():
        shutil.copytree(folder / "files", starter, dirs_exist_ok=True)
    wanted, _ = validate_corpus(Corpus(starter))
    corpus = sharded(starter, tmp_path / "shards")
    found, _ = validate_corpus(Corpus(corpus))
    assert id_of(folder) in {f.id for f in found}
    assert list(map(told, found)) == list(map(told, wanted))
    lines = {record["id"]: number for number, record in enumerate(records(starter), start=1)}
    for one, other in zip(found, wanted, strict=True):
        for place, was in zip((one.place, *one.related), (other.place, *other.related), strict=True):
            assert place == was or (place.file, place.record) == (SHARD, was.record or lines[one.document])
            if place != was:
                assert place.pointer == part_of(was.file, corpus, lines, one.document) + (was.pointer or "")
                assert places.locate(one, corpus).place.column


def told(finding):
    return finding.id, finding.document, finding.annotation, dict(finding.data)


def part_of(name, corpus, lines, document):
    """The pointer in the line to what stood in a file."""
    if "/passes/" in name:
        [line] = [one for one in map(json.loads, (corpus / SHARD).open("rb")) if one["document"]["id"] == document]
        by = [one.get("annotator") for one in line["passes"]]
        return f"/passes/{by.index(name.split('/')[2])}"
    kinds = {"dataset/raw": "/text", "dataset/sources": "/sources", "annotations/gold": "/gold"}
    return kinds.get(name.rpartition("/")[0], "/document")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    text=TEXT,
    title=TEXT.filter(bool),
    ascii_=st.booleans(),
    spaces=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", ""]),
)
def test_texts_and_metadata_come_back_to_the_character(shards, text, title, ascii_, spaces, end):
    """However the line is written: with escapes, white space, line ends."""
    line = example(shards)
    name = line["document"]["id"]
    line["text"] = text
    line["document"] |= {"title": title, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    line["gold"] = {**line["gold"], "layers": {}, "sha256": line["document"]["sha256"]}
    other = {**line["gold"], "annotator": "starter", "date": "2000-01-01"}
    line["passes"] = [other]
    data = json.dumps(line, ensure_ascii=ascii_, separators=None if spaces else (",", ":")) + end
    path = shards.parent / f"copy/{SHARD}"
    if not path.exists():
        shutil.copytree(shards, shards.parent / "copy")
    path.write_bytes(data.encode())
    corpus = Corpus(shards.parent / "copy")
    document, findings = corpus.read_document(corpus.index[0])
    assert findings == []
    assert (document.text, document.data, document.record.title, document.record.id) == (
        text,
        text.encode(),
        title,
        name,
    )
    assert [one.annotator for one in document.passes] == ["starter"]
    entry = corpus.index[0]
    parts = open_line(path.read_bytes(), entry)
    assert json.loads(parts.gold[1]) == line["gold"]
    assert parts.passes[0][1].decode() in data, "a pass is kept byte for byte, whatever else stands in the line"


@pytest.mark.parametrize("text", ["", "\r\n\t\r\n"])
def test_an_empty_text_is_compiled(shards, text, tmp_path):
    line = example(shards)
    line["text"] = text
    line["document"]["sha256"] = line["gold"]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    line["gold"]["layers"] = {name: [] for name in line["gold"]["layers"]}
    rewrite(shards, dumped(line))
    assert located(shards) == []
    assert compile_corpus(Corpus(shards), tmp_path / "out").facts.characters == len(text)


def test_empty_lines_line_ends_of_windows_and_empty_files_are_nothing_wrong(shards):
    data = (shards / SHARD).read_bytes()
    rewrite(shards, b"\r\n\n  \n", data.rstrip() + b"\r\n", b"\n")
    (shards / "dataset/shards/empty.jsonl").write_bytes(b"")
    assert located(shards) == []
    [entry] = Corpus(shards).index
    assert (entry.line, entry.file) == (4, SHARD)


def test_documents_of_files_and_of_shards_stand_together(starter, grow, tmp_path):
    grow(starter, 3)
    listed = records(starter)
    (starter / "dataset/shards").mkdir()
    rewrite(starter, *(dumped(line_of(starter, record)) for record in listed[2:]))
    for record in listed[2:]:
        (starter / f"dataset/raw/{record['id']}.txt").unlink()
        (starter / f"annotations/gold/{record['id']}.json").unlink()
    (starter / "dataset/documents.jsonl").write_bytes(b"".join(map(dumped, listed[:2])))
    assert located(starter) == []
    assert [(e.id, e.whole, e.line) for e in Corpus(starter).index] == [
        ("example", False, 1),
        ("made-0000", False, 2),
        ("made-0001", True, 1),
        ("made-0002", True, 2),
    ]
    assert compile_corpus(Corpus(starter), tmp_path / "out").facts.documents == 4


# --- what is wrong with a line --------------------------------------------------------------------------------------


def with_part(**parts):
    return lambda line: dumped({**line, **parts})


def replaced(old, new):
    return lambda line: dumped(line).replace(old, new)


def changed(part, **fields):
    return lambda line: dumped({**line, part: {**line[part], **fields}})


def without(name):
    return lambda line: dumped({key: value for key, value in line.items() if key != name})


def passed(*changes):
    def make(line):
        gold = json.loads(json.dumps(line["gold"]))
        for a in (a for listed in gold["layers"].values() for a in listed):
            del a["by"], a["decided"]
        one = {**gold, "annotator": "starter", "date": "2000-01-01"}
        return dumped({**line, "passes": [{**one, **change} for change in changes]})

    return make


BAD = {
    "not-utf8": (replaced(b"Karwan met", b"Kar\xffan met"), None),
    "not-utf8 in gold": (replaced(b'"quote": "Zerin"', b'"quote": "Zer\xedn"'), "/gold"),
    "not-utf8 in metadata": (replaced(b'"title": "Example"', b'"title": "Ex\xc3mple"'), "/document"),
    "byte-order-mark": (lambda line: b"\xef\xbb\xbf" + dumped(line), None),
    "json-lone-surrogate": (replaced(b"Karwan met", rb"\ud800arwan met"), None),
    "json-lone-surrogate in gold": (replaced(b'"quote": "Zerin"', rb'"quote": "\udc00erin"'), None),
    "nul-character": (replaced(b"Karwan met", rb"Karwan\u0000met"), None),
    "nul-character as a byte": (replaced(b"Karwan met", b"Karwan\0met"), None),
    "nul-character in gold": (replaced(b'"quote": "Zerin"', b'"quote": "Ze\\u0000"'), None),
    "json-duplicate-key": (replaced(b'"text": ', b'"text": "other", "text": '), None),
    "json-duplicate-key of gold": (replaced(b'"gold": ', b'"gold": {}, "gold": '), None),
    "json-duplicate-key within gold": (replaced(b'"guidelines": ', b'"guidelines": "0", "guidelines": '), "/gold"),
    "json-duplicate-key in metadata": (replaced(b'"title": ', b'"title": "a", "title": '), "/document"),
    "json-duplicate-key of the id": (replaced(b'"id": "example"', b'"id": "other", "id": "example"'), "/document"),
    "json-syntax": (lambda line: dumped(line)[:-40] + b"\n", None),
    "json-syntax twice on a line": (lambda line: dumped(line)[:-1] + dumped(line), None),
    "json-syntax of nothing": (lambda _: b"nonsense\n", None),
    "json-syntax trailing": (lambda line: dumped(line)[:-2] + b",}\n", None),
    "json-not-a-number": (changed("gold", layers=float("nan")), None),
    "json-number-too-large": (replaced(b'"start": 0', b'"start": 123456789012345678901234567890'), "/gold"),
    "json-too-deep": (with_part(gold=json.loads("[" * 40 + "]" * 40)), None),
    "unknown-field": (with_part(extra=1), "/extra"),
    "unknown-field in metadata": (changed("document", extra=1), "/document/extra"),
    "unknown-field in gold": (changed("gold", extra=1), "/gold/extra"),
    "schema-violation no text": (without("text"), ""),
    "schema-violation no metadata": (without("document"), ""),
    "schema-violation text": (with_part(text=5), "/text"),
    "schema-violation text null": (with_part(text=None), "/text"),
    "schema-violation metadata": (with_part(document=["example"]), "/document"),
    "schema-violation gold": (with_part(gold="yes"), "/gold"),
    "schema-violation gold null": (with_part(gold=None), "/gold"),
    "schema-violation passes": (with_part(passes={}), "/passes"),
    "schema-violation no passes": (with_part(passes=[]), "/passes"),
    "schema-violation a pass": (with_part(passes=[5]), "/passes/0"),
    "schema-violation a pass without annotator": (passed({}, {"annotator": ""}), "/passes/1/annotator"),
    "schema-violation date of a pass": (passed({"date": "soon"}), "/passes/0/date"),
    "schema-violation sources": (with_part(sources=[]), "/sources"),
    "schema-violation of another type": (changed("document", title=5), "/document/title"),
    "schema-violation hash": (changed("document", sha256="00"), "/document/sha256"),
    "schema-violation a list": (lambda line: dumped([line]), ""),
    "document-id-unsafe": (changed("document", id="../../etc"), "/document/id"),
    "document-id-unsafe tab": (changed("document", id="a\tb"), "/document/id"),
    "document-id-unsafe empty": (changed("document", id=""), "/document/id"),
    "document-id-unsafe escaped": (replaced(b'"id": "example"', rb'"id": "ex\u002fample"'), "/document/id"),
    "unknown-label": (replaced(b'"label": "MEET"', b'"label": "MEAT"'), "/gold/layers/event/0/label"),
    "pass-duplicate": (passed({}, {"guidelines": "0.0.1"}), "/passes/1"),
    "annotator-unknown": (passed({"annotator": "nobody"}), "/passes/0/annotator"),
    "text-hash-mismatch": (with_part(text="Karwan met Zerin in Soran."), "/document/sha256"),
    "annotation-missing": (without("gold"), "/document/id"),
    "annotation-misplaced": (changed("gold", document="other"), "/gold/document"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_malformed_line_is_a_finding_in_its_line(shards, case, capsys):
    make, pointer = BAD[case]
    good = dumped(line_of_another(example(shards)))
    rewrite(shards, good, b"\n", make(example(shards)))
    wanted = case.partition(" ")[0]
    found = [f for f in located(shards) if f.id == wanted]
    assert found, [f.id for f in located(shards)]
    first = found[0]
    assert (first.place.file, first.place.line) == (SHARD, 3)
    assert first.place.column
    if pointer is not None:
        assert first.place.pointer == pointer if first.place.pointer else pointer == ""
    for words in (("validate", "--quiet"), ("validate", "--json"), ("compile", "--out", shards.parent / "out")):
        assert run(*words, "--corpus", shards) in (1, 2)
        told = capsys.readouterr()
        assert f"{SHARD}:3:" in told.out or words[1] == "--json"
        assert wanted in told.out
        assert "Traceback" not in told.out + told.err
    assert not (shards.parent / "out").exists()


def line_of_another(line):
    """The same document under another name and in another incident: as good as the first."""
    text = line["text"] + "\n"
    sha = hashlib.sha256(text.encode()).hexdigest()
    record = {**line["document"], "id": "another", "incident": "another", "sha256": sha}
    return {**line, "document": record, "text": text, "gold": {**line["gold"], "document": "another", "sha256": sha}}


def test_every_bad_line_of_every_file_is_told_at_once(shards):
    good = (shards / SHARD).read_bytes()
    rewrite(shards, b"{\n", good, b"[]\n")
    rewrite(shards, b"nonsense\n", name="dataset/shards/b.jsonl")
    (shards / "dataset/documents.jsonl").write_text("{}\n")
    told = {(f.place.file, f.place.line) for f in located(shards)}
    assert told == {("dataset/documents.jsonl", 1), (SHARD, 1), (SHARD, 3), ("dataset/shards/b.jsonl", 1)}


def test_the_same_id_twice_is_told_with_both_places(shards):
    good = (shards / SHARD).read_bytes()
    rewrite(shards, good, good)
    rewrite(shards, good, name="dataset/shards/b.jsonl")
    (shards / "dataset/documents.jsonl").write_bytes(dumped(example_record(good)))
    twice = [f for f in located(shards) if f.id == "document-duplicate"]
    assert [(f.place.file, f.place.line, f.related[0].file, f.related[0].line) for f in twice] == [
        (SHARD, 1, "dataset/documents.jsonl", 1),
        (SHARD, 2, "dataset/documents.jsonl", 1),
        ("dataset/shards/b.jsonl", 1, "dataset/documents.jsonl", 1),
    ]


def example_record(line):
    return json.loads(line)["document"]


@pytest.mark.parametrize(
    "name", ["dataset/raw/example.txt", "annotations/gold/example.json", "annotations/passes/starter/example.json"]
)
def test_a_file_beside_a_whole_document_is_not_passed_over(shards, name):
    (shards / name).parent.mkdir(parents=True, exist_ok=True)
    (shards / name).write_text(
        example(shards)["text"] if name.endswith(".txt") else json.dumps(example(shards)["gold"])
    )
    [finding] = located(shards)
    assert (finding.id, finding.place.file) == ("document-in-shard", name)
    assert f"{SHARD}, line 1" in finding.message


def test_a_shard_that_cannot_be_read_is_a_finding(shards):
    (shards / "dataset/shards/b.jsonl").mkdir()
    assert [(f.id, f.place.file) for f in located(shards)] == [("file-unreadable", "dataset/shards/b.jsonl")]


def test_a_shard_that_shrinks_while_it_is_read_is_a_finding(shards):
    corpus = Corpus(shards)
    [entry] = corpus.index
    (shards / SHARD).write_bytes(b"")
    document, findings = corpus.read_document(entry)
    assert document is None
    assert [f.id for f in findings] == ["json-syntax"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(before=TEXT, ascii_=st.booleans())
def test_a_place_in_a_text_is_shown_where_it_stands_in_the_line(shards, before, ascii_):
    """Whatever escapes stand before it."""
    line = example(shards)
    text = before + line["text"]
    quote = {"start": len(before) + 11, "end": len(before) + 16, "quote": "Zarin"}
    person = {"id": "p1", "label": "PERSON", "segments": [quote], "attributes": {"mention": "name"}}
    sha = hashlib.sha256(text.encode()).hexdigest()
    layers = {"entity": [{**person, "by": ["starter"], "decided": "single"}]}
    line["text"] = text
    line["document"]["sha256"] = sha
    line["gold"] |= {"sha256": sha, "layers": layers}
    copy = shards.parent / "copy"
    if not copy.exists():
        shutil.copytree(shards, copy)
    shown = json.dumps(line, ensure_ascii=ascii_)
    rewrite(copy, shown.encode() + b"\n")
    [finding] = [f for f in located(copy) if f.id == "quote-mismatch"]
    [place] = finding.related
    assert shown[place.column - 1 : place.end_column - 1] == "Zerin"
    assert json.JSONDecoder().raw_decode(shown, finding.place.column - 1)[0] == quote


# --- commands -------------------------------------------------------------------------------------------------------


def test_commands_that_read_work_on_a_sharded_corpus(starter, grow, tmp_path, capsys):
    grow(starter, 4)
    corpus = sharded(starter, tmp_path / "shards", 2)
    for words in (
        ("validate",),
        ("validate", corpus / SHARD),
        ("compile",),
        ("docs",),
        ("check",),
        ("fmt",),
        ("fmt", "--check"),
        ("split",),
        ("duplicates", "--threshold", "0.5"),
        ("export", "doccano", tmp_path / "exported"),
        ("diff", "0.1.0", "."),
    ):
        code = run(*words, "--corpus", corpus)
        told = capsys.readouterr()
        assert code == 0, (words, told)
        assert "Traceback" not in told.err
    assert run("verify", corpus / "dataset/releases/0.1.0", "--sources", corpus) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "exported").exists()


def test_what_is_exported_from_shards_is_what_is_exported_from_files(starter, tmp_path):
    corpus = sharded(starter, tmp_path / "shards")
    for one in (starter, corpus):
        assert run("export", "brat", tmp_path / f"out-{one.name}", "--corpus", one, "--quiet") == 0
    one, other = (
        {p.relative_to(tmp_path / f"out-{name}"): p.read_bytes() for p in (tmp_path / f"out-{name}").rglob("*.ann")}
        for name in (starter.name, corpus.name)
    )
    assert one
    assert one == other


def test_agreement_is_the_same(passes, tmp_path, capsys):
    corpus = sharded(passes, tmp_path / "shards")
    told = []
    for one in (passes, corpus):
        assert run("agree", "--json", "--corpus", one) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert told[0]["documents"] == 1


def test_near_duplicates_are_the_same(starter, grow, tmp_path, capsys):
    grow(starter, 4)
    corpus = sharded(starter, tmp_path / "shards", 3)
    told = []
    for one in (starter, corpus):
        assert run("duplicates", "--threshold", "0.3", "--json", "--corpus", one) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert told[0]


def test_a_sample_is_drawn_from_shards_too(starter, tmp_path):
    corpus = sharded(starter, tmp_path / "shards")
    one, other = (sample(Corpus(folder), "starter", "2000-01-01", 5, 0, 1) for folder in (starter, corpus))
    assert one == other
    assert len(one.items) == 5


def snapshot(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("words", ["gold", "pass", "fmt", "reanchor", "export"])
def test_commands_that_write_files_of_a_document_refuse_one_in_a_shard(shards, words, tmp_path, capsys):
    (tmp_path / "corrected.txt").write_text("Karwan met Zerin in Soran!\n")
    head = "@document example\n@annotator starter\n@date 2024-01-01\n@guidelines 0.1.0\n"
    (tmp_path / "draft.txt").write_text(f'{head}[entity]\nPERSON k "Karwan" mention=name\n')
    gold = tmp_path / "gold.json"
    gold.write_text(json.dumps(example(shards)["gold"]))
    before = snapshot(shards)
    commands = {
        "gold": ("author", "import", tmp_path / "draft.txt", "--gold"),
        "pass": ("author", "import", tmp_path / "draft.txt"),
        "fmt": ("fmt", gold),
        "reanchor": ("reanchor", "example", tmp_path / "corrected.txt", "--write"),
        "export": ("author", "export", gold),
    }
    assert run(*commands[words], "--corpus", shards) == 1
    told = capsys.readouterr()
    assert "document-in-shard" in told.out
    assert f"{SHARD}, line 1" in told.out
    assert "Traceback" not in told.err
    assert snapshot(shards) == before


def test_passes_in_a_shard_are_not_adjudicated_into_files(passes, tmp_path, capsys):
    corpus = sharded(passes, tmp_path / "shards")
    before = snapshot(corpus)
    for words in ((), ("example",), ("--replace",)):
        assert run("adjudicate", *words, "--corpus", corpus) == 1
        assert "document-in-shard" in capsys.readouterr().out
    assert snapshot(corpus) == before


def test_gold_in_a_shard_is_not_reviewed_into_files(shards):
    desk = Desk(Corpus(shards), "starter", lambda: "2026-01-02T03:04:05Z")
    before = snapshot(shards)
    with pytest.raises(Exception, match="document-in-shard"):
        desk.read("example")
    assert [one["id"] for one in desk.progress()] == ["example"]
    assert snapshot(shards) == before


def test_wording_of_composed_documents_in_a_shard_is_not_measured_into_files(shards, tmp_path, capsys):
    line = example(shards)
    line["document"] |= {"origin": "composed", "as_of": "2000-01-01"}
    rewrite(shards, dumped(line))
    assert run("wording", tmp_path, "--corpus", shards) == 1
    assert "document-in-shard" in capsys.readouterr().out


def test_passes_that_a_release_used_are_kept(starter, tmp_path, capsys):
    add(starter, "doc", "Nux quop velith omora. Thwik blenda zqar.\n" * 3, "constructed")
    for path in ("dataset/raw/example.txt", "annotations/gold/example.json"):
        (starter / path).unlink()
    corpus = sharded(starter, tmp_path / "shards")
    compile_corpus(Corpus(corpus))
    assert located(corpus) == []
    line = example(corpus)
    note = {**line, "gold": {**line["gold"], "guidelines": "0.1.0\u00e9"}}
    rewrite(corpus, json.dumps(note, ensure_ascii=True).replace('", "', '",  "', 1).encode() + b"\n")
    assert not [f for f in located(corpus) if f.id == "pass-changed"] or "\\u" in str(line["passes"]), (
        "what changes around a pass does not change it"
    )
    line["passes"][0]["date"] = "2020-01-04"
    rewrite(corpus, dumped(line))
    [finding] = [f for f in located(corpus) if f.id == "pass-changed"]
    assert finding.document == "doc"
    del line["passes"]
    rewrite(corpus, dumped(line))
    assert [f.id for f in located(corpus)] == ["pass-changed"]
    rewrite(corpus, b"")
    assert "pass-changed" in {f.id for f in located(corpus)}


# --- reading --------------------------------------------------------------------------------------------------------


def test_a_corpus_is_handed_over_as_its_folder(shards):
    corpus = Corpus(shards)
    assert len(corpus.index) == 1
    data = pickle.dumps(corpus)
    assert len(data) < 500
    one, other = pickle.loads(data), pickle.loads(data)  # noqa: S301 - made here
    assert one is other, "a worker opens it once"
    assert one is not corpus
    assert (one.root, one.token, one.memory) == (corpus.root, one.token, None)
    assert [e.id for e in one.index] == ["example"]
    again = pickle.loads(pickle.dumps(Corpus(shards)))  # noqa: S301
    assert again is not one, "another corpus object is read anew, for files may have changed"


def test_heads_tell_where_every_line_stands(shards):
    data = (shards / SHARD).read_bytes()
    other = dumped(line_of_another(json.loads(data)))
    rewrite(shards, other, b"\r\n", data)
    form = Corpus(shards).decoders["record"].form
    found = [entry for entry, findings in heads(shards / SHARD, SHARD, form) if not findings]
    whole = (shards / SHARD).read_bytes()
    assert [(e.id, e.line) for e in found] == [("another", 1), ("example", 3)]
    for entry, line in zip(found, (other, data), strict=True):
        assert whole[entry.offset : entry.offset + entry.length] == line
        assert entry.digest == hashlib.sha256(line).hexdigest()


def test_passes_come_in_the_order_of_the_folders_they_would_have(shards):
    line = example(shards)
    names = ["b", "a-b", "a", "a.b", "ab"]
    passes = [{**line["gold"], "annotator": name, "date": "2000-01-01"} for name in names]
    parts = open_line(dumped({**line, "passes": passes}), Entry("example", 1, 0, 0, "", "", SHARD))
    folders = sorted(Path("annotations/passes") / name for name in names)
    assert [name.split("/")[2] for name, _ in parts.passes] == [folder.name for folder in folders]


def test_a_malformed_line_of_the_list_of_documents_keeps_no_release_from_being_told(shards):
    """KriscError of one line ends nothing but that line."""
    compile_corpus(Corpus(shards))
    rewrite(shards, (shards / SHARD).read_bytes().replace(b"Karwan met", rb"Karwan\u0000met"))
    assert {f.id for f in located(shards)} == {"nul-character"}
    with pytest.raises(KriscError) as error:
        compile_corpus(Corpus(shards), replace=True)
    assert {f.id for f in error.value.findings} == {"nul-character"}
