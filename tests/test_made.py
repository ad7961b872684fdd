"""Made corpora, which the bench measures with: the same every time, right in every annotation, in both layouts."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import corpora
from made import make
from sentences import parse, read_sentences
from words import BODIES

from krisc.duplicates import shingles
from krisc.store import Corpus
from krisc.validation import validate_corpus

COUNTS = {"entity": 33, "time": 6, "quantity": 6, "event": 12, "relation": 10, "coreference": 15, "attribution": 3}


@pytest.fixture(scope="module")
def fifty(tmp_path_factory):
    return corpora.build(tmp_path_factory.mktemp("made") / "corpus", 50)


def lines_of(shard):
    return [json.loads(line) for line in shard.read_text(encoding="utf-8").split("\n")[:-1]]


def test_fifty_documents_have_nothing_that_a_check_finds(fifty):
    assert validate_corpus(Corpus(fifty)) == ([], 50)


def test_gold_follows_from_two_passes(tmp_path):
    corpus = Corpus(corpora.build(tmp_path / "corpus", 5, passes=2))
    assert validate_corpus(corpus) == ([], 5)
    document, _ = corpus.read_document(corpus.index[0])
    assert [one.annotator for one in document.passes] == ["one", "two"]
    assert {(a.decided, a.by) for listed in document.gold.layers.values() for a in listed} == {
        ("agreed", ("one", "two"))
    }


@given(st.integers(0, 10**7 - 1), st.integers(0, 3))
def test_every_document_has_as_many_annotations_and_some_hundred_words(number, seed):
    made = make(number, seed)
    layers = made.gold["layers"]
    assert {name: len(layers[name]) for name in COUNTS} == COUNTS
    assert Counter(a["label"] for a in layers["coreference"]) == {"ENTITY": 12, "EVENT": 3}
    assert 200 < len(made.text.split()) < 450
    assert 1500 < len(made.text) < 3000
    for listed in layers.values():
        for one in listed:
            segments = one.get("segments", []) + one.get("trigger", [])
            segments += [s for argument in one.get("arguments", []) for s in argument.get("segments", [])]
            assert all(made.text[s["start"] : s["end"]] == s["quote"] for s in segments)


@given(st.integers(0, 10**6), st.integers(0, 3), st.sampled_from([0, 2]))
def test_a_document_follows_from_its_seed_and_number_alone(number, seed, passes):
    once = make(number, seed, passes).line()
    make(number + 1, seed, passes)
    assert make(number, seed, passes).line() == once
    assert make(number, seed + 1, passes).text != make(number, seed, passes).text


def test_documents_are_the_same_in_a_small_and_in_a_large_corpus(tmp_path, fifty):
    small = corpora.build(tmp_path / "corpus", 3)
    for path in (p for p in small.rglob("*") if p.is_file() and p.name != "documents.jsonl"):
        assert path.read_bytes() == (fifty / path.relative_to(small)).read_bytes()
    index = (fifty / "dataset/documents.jsonl").read_bytes()
    assert index.startswith((small / "dataset/documents.jsonl").read_bytes())


@pytest.mark.parametrize("passes", [0, 2])
def test_both_layouts_hold_the_same_documents(tmp_path, monkeypatch, passes):
    monkeypatch.setattr(corpora, "SHARD", 4)
    files = corpora.build(tmp_path / "files", 10, passes=passes)
    shards = corpora.build(tmp_path / "shards", 10, layout="shards", passes=passes)
    listed = sorted((shards / "dataset/shards").iterdir())
    assert [path.name for path in listed] == ["made-00000.jsonl", "made-00001.jsonl", "made-00002.jsonl"]
    lines = [line for path in listed for line in lines_of(path)]
    records = [json.loads(line) for line in (files / "dataset/documents.jsonl").read_text("utf-8").splitlines()]
    assert [line["document"] for line in lines] == records
    assert [record["id"] for record in records] == sorted(record["id"] for record in records)
    for line in lines:
        name = line["document"]["id"]
        assert line["text"].encode() == (files / f"dataset/raw/{name}.txt").read_bytes()
        paths = [files / f"annotations/gold/{name}.json", *sorted(files.glob(f"annotations/passes/*/{name}.json"))]
        assert [line["gold"], *line.get("passes", [])] == [json.loads(path.read_bytes()) for path in paths]
        assert set(line) == {"document", "text", "gold", *(["passes"] if passes else [])}
    assert not any((shards / part).exists() for part in ("dataset/raw", "dataset/documents.jsonl", "annotations/gold"))
    assert list(map(json.loads, corpora.values(files))) == list(map(json.loads, corpora.values(shards)))


def test_several_processes_write_the_same_shards(tmp_path):
    one = corpora.build(tmp_path / "one", 2003, layout="shards")
    two = corpora.build(tmp_path / "two", 2003, layout="shards", workers=2)
    for path in (one / "dataset/shards").iterdir():
        assert path.read_bytes() == (two / "dataset/shards" / path.name).read_bytes()


def test_texts_have_what_programs_miscount():
    texts = [make(number).text for number in range(100)]
    together = "".join(texts)
    assert any(c > "\uffff" for c in together)
    assert any(unicodedata.combining(c) for c in together)
    assert "\u200c" in together
    assert {"ARABIC LETTER AE", "ARABIC LETTER TEH MARBUTA"} <= {unicodedata.name(c, "") for c in set(together)}
    assert 0 < sum("\r\n" in text for text in texts) < 20
    assert all("\n" not in text.replace("\r\n", "") for text in texts if "\r\n" in text)
    quotes = {s["quote"] for n in range(100) for e in make(n).gold["layers"]["entity"] for s in e["segments"]}
    assert any(any(c > "\uffff" for c in quote) for quote in quotes)
    assert any(unicodedata.normalize("NFC", quote) != quote for quote in quotes)


def test_documents_are_not_near_duplicates_of_one_another():
    sets = [shingles(make(number).text) for number in range(60)]
    assert max(len(one & other) / len(one | other) for one, other in combinations(sets, 2)) < 0.15


def test_a_corpus_has_every_label_that_sentences_name(fifty):
    listed = [json.loads(path.read_bytes())["layers"] for path in (fifty / "annotations/gold").iterdir()]
    found = {(layer, a["label"]) for layers in listed for layer, one in layers.items() for a in one}
    wanted = {
        ("relation", link.of)
        for sentences in read_sentences().values()
        for s in sentences
        for link in s.links
        if link.relation
    }
    assert wanted <= found
    assert {
        a["attributes"]["subtype"] for layers in listed for a in layers["entity"] if a["label"] == "ORGANIZATION"
    } == set(BODIES.values())


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("said | {a:Q} sleeps. |", "no slot"),
        ("said | {a:P} sleeps. | LEADS head=b tail=a", "no mention"),
    ],
)
def test_a_malformed_sentence_is_refused(line, wrong):
    with pytest.raises(ValueError, match=wrong):
        parse(line)


def test_no_corpus_is_made_over_another_or_in_an_unknown_way(tmp_path):
    with pytest.raises(FileExistsError):
        corpora.build(tmp_path, 1)
    with pytest.raises(ValueError, match="1 passes"):
        corpora.build(tmp_path / "corpus", 1, passes=1)
