"""How much wording a composed text shares with what was read: the measure, and the command that writes it down."""

import json
import shutil

import datasets
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passes_of_example import run
from test_invalid import FOLDERS

from krisc.model import SharedRun
from krisc.release import read_facts
from krisc.store import Corpus
from krisc.validation import validate_corpus
from krisc.wording import longest_run, shared_run

CASE = next(folder for folder in FOLDERS if folder.name == "wording-reused--unmeasured")


@pytest.mark.parametrize(
    ("text", "page", "words"),
    [
        ("the army left the town", "later the army left the village", 4),
        ("the army left the town", "the Army left; the town", 5),  # neither case nor punctuation matters
        ("the prime minister Mohammed Shia al-Sudani said", "the prime minister Mohammed Shia al-Sudani said", 5),
        ("in Erbil on Monday", "in Kirkuk on Monday", 1),  # the run ends at another name
        ("on 16 October 2017 they met", "on 16 October 2017 they met", 3),  # figures do not count either
        ("the force's posts", "the force’s posts", 1),  # another apostrophe is another word: measured as written
        ("هێزەکان کشانەوە", "هێزەکان کشانەوە", 2),  # a script without capitals shows no names, so every word counts
        ("", "anything", 0),
        ("anything", "", 0),
    ],
)
def test_runs_are_counted_in_words_outside_names(text, page, words):
    assert longest_run(text, page) == words


WORDS = st.lists(st.sampled_from(["the", "army", "left", "Erbil", "on", "Monday"]), max_size=12)


@given(WORDS, WORDS, WORDS, WORDS)
def test_a_run_that_was_put_in_is_found(before, shared, after, other):
    text, page = " ".join([*before, *shared, *after]), " ".join([*other, *shared, *other])
    assert longest_run(text, page) >= sum(word[0].islower() for word in shared)


@given(WORDS, WORDS)
def test_the_measure_is_that_of_the_definition(ours, theirs):
    """Every pair of places, and how far both go on alike."""
    best = 0
    for i in range(len(ours)):
        for j in range(len(theirs)):
            k = 0
            while i + k < len(ours) and j + k < len(theirs) and ours[i + k] == theirs[j + k]:
                k += 1
            best = max(best, sum(word[0].islower() for word in ours[i : i + k]))
    assert longest_run(" ".join(ours), " ".join(theirs)) == best


def test_the_page_is_named():
    assert shared_run("they met in town", {"p1": "nothing", "p2": "they met"}) == SharedRun(2, "p2")
    assert shared_run("they met", {}) == SharedRun(0, "")


@pytest.fixture
def composed(starter):
    shutil.copytree(CASE / "files", starter, dirs_exist_ok=True)
    (starter.parent / "excerpts/example").mkdir(parents=True)
    return starter


def test_the_figure_is_written_into_the_sources(composed):
    assert run("validate", "--corpus", composed, "--quiet") == 1
    (composed.parent / "excerpts/example/p1.txt").write_text("He met Zerin in Soran, where they talked.")
    assert run("wording", composed.parent / "excerpts", "--corpus", composed) == 0
    value = json.loads((composed / "dataset/sources/example.json").read_text())
    assert value["shared_run"] == {"words": 2, "page": "p1"}
    assert run("validate", "--corpus", composed, "--quiet", "--strict") == 0
    read = Corpus(composed)
    assert read.read_document(read.index[0])[0].sources.claims


def test_a_composed_text_is_compiled_with_its_sources(composed):
    (composed.parent / "excerpts/example/p1.txt").write_text("Nothing.")
    run("wording", composed.parent / "excerpts", "--corpus", composed, "--quiet")
    assert run("compile", "--corpus", composed, "--out", composed.parent / "out", "--quiet") == 0
    told = read_facts(composed.parent / "out").composed
    assert (told.documents, told.words, told.shortest, told.longest, told.pages, told.undated) == (1, 5, 5, 5, 1, 1)
    [row] = datasets.load_dataset(str(composed.parent / "out"), split="train").to_list()
    assert str(row["as_of"]) == "2000-01-01"
    assert row["published"] is None
    assert (row["composed_by"], row["claims_checked_by"]) == ("starter", "reader")
    assert [p["url"] for p in row["pages"]] == ["https://example.org/a"]
    [claim] = row["claims"]
    assert row["text"][claim["start"] : claim["end"]] == claim["text"] == "Karwan met Zerin in Soran."
    assert claim["pages"] == ["p1"]


def test_without_gold_or_units_no_sentence_can_lack_a_claim(composed):
    (composed.parent / "excerpts/example/p1.txt").write_text("Nothing.")
    assert run("wording", composed.parent / "excerpts", "--corpus", composed, "--quiet") == 0
    path = composed / "dataset/sources/example.json"
    value = json.loads(path.read_text())
    value["claims"][0]["quote"] = "Karwan met"
    path.write_text(json.dumps(value))
    assert [f.id for f in validate_corpus(Corpus(composed))[0]] == [], "a claim touches the sentence"
    value["claims"][0]["quote"] = "Kirkuk"
    path.write_text(json.dumps(value))
    assert {f.id for f in validate_corpus(Corpus(composed))[0]} == {"claim-unplaced", "claim-missing"}
    layer = composed / "schema/layers/structure.toml"
    before = layer.read_text()
    layer.write_text(before.replace('units = ["SENTENCE"]\n', ""))
    assert "claim-missing" not in {f.id for f in validate_corpus(Corpus(composed))[0]}
    layer.write_text(before)
    (composed / "annotations/gold/example.json").unlink()
    assert {f.id for f in validate_corpus(Corpus(composed))[0]} == {"annotation-missing", "claim-unplaced"}
