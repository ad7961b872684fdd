"""A corrected text: every annotation goes along with certainty, or is told of; nothing is written halfway."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passes_of_example import run
from test_adjudication import DECISIONS, GOLD, adjudicate, conflicts, decide, gold

from krisc.files import sha256
from krisc.interchange import reanchor as module
from krisc.interchange.reanchor import Alignment
from krisc.model import Segment
from krisc.store import Corpus
from krisc.validation import validate_corpus

OLD = "Karwan met Zerin in Soran.\n"
TEXT = "dataset/raw/example.txt"


def correct(corpus, text, *words):
    (corpus.parent / "corrected.txt").write_bytes(text.encode())
    return run("reanchor", "example", corpus.parent / "corrected.txt", "--corpus", corpus, *words)


def anchors(corpus):
    return {a["id"]: (a.get("segments") or a.get("trigger") or [{}])[0].get("quote") for a in gold(corpus).values()}


def on_disk(corpus):
    return {p: p.read_bytes() for p in corpus.rglob("*") if p.is_file()}


def test_nothing_is_written_without_being_asked_for(starter, capsys):
    before = on_disk(starter)
    assert correct(starter, f"Yesterday, {OLD}") == 0
    assert on_disk(starter) == before
    assert 'moved   zerin: 11-16 -> 22-27 "Zerin"' in capsys.readouterr().out


def test_what_moved_validates(starter, capsys):
    words = anchors(starter)
    text = f"Yesterday, {OLD}"
    assert correct(starter, text, "--write") == 0
    assert (starter / TEXT).read_bytes() == text.encode()
    assert {**anchors(starter), "s1": ""} == {**words, "s1": ""}
    record = json.loads((starter / "dataset/documents.jsonl").read_text())
    assert record["sha256"] == sha256(text.encode())
    findings = [f.id for f in validate_corpus(Corpus(starter))[0]]
    assert findings == ["text-uncovered"], "the new word belongs to no sentence, and that is all"


def test_a_corrected_name_is_followed_and_its_sign_off_is_not(starter, capsys):
    path = starter / GOLD
    value = json.loads(path.read_text())
    for a in value["layers"]["entity"]:
        a["checked_by"] = ["starter"]
    path.write_text(json.dumps(value))
    assert correct(starter, OLD.replace("Zerin", "Zerine"), "--write") == 0
    assert 'changed zerin: "Zerin" -> "Zerine" (11-17)' in capsys.readouterr().out
    made = gold(starter)
    assert made["zerin"]["segments"] == [{"start": 11, "end": 17, "quote": "Zerine"}]
    assert "checked_by" not in made["zerin"]
    assert made["karwan"]["checked_by"] == ["starter"]


def test_what_has_no_certain_place_blocks_or_is_put_aside(starter, capsys):
    before = on_disk(starter)
    text = "Karwan met somebody.\n"
    assert correct(starter, text, "--write") == 1
    assert "reanchor-uncertain" in capsys.readouterr().out
    assert on_disk(starter) == before
    assert correct(starter, text, "--write", "--put-aside") == 0
    kept = json.loads((starter / "annotations/aside/example.json").read_text())
    assert {k["annotation"]["id"] for k in kept} >= {"soran"}
    assert {k["file"] for k in kept} == {GOLD}
    assert all(k["reason"] for k in kept)
    assert set(anchors(starter)) | {k["annotation"]["id"] for k in kept} == {
        a["id"] for listed in json.loads(before[starter / GOLD])["layers"].values() for a in listed
    }


def test_what_was_put_aside_before_stays(starter):
    correct(starter, "Karwan met somebody.\n", "--write", "--put-aside")
    first = json.loads((starter / "annotations/aside/example.json").read_text())
    correct(starter, "Somebody came.\n", "--write", "--put-aside")
    assert json.loads((starter / "annotations/aside/example.json").read_text())[: len(first)] == first


def test_passes_and_decisions_go_along(passes, capsys):
    adjudicate(passes, "--replace")
    decide(passes, lambda conflict: "A")
    assert adjudicate(passes, "--replace") == 0
    decided = [(c["layer"], c["decide"], c["reason"]) for c in conflicts(passes)]
    before = anchors(passes)
    assert correct(passes, OLD.replace(" in ", " at last in "), "--write") == 0
    assert "3 of 3 decision(s) go along" in capsys.readouterr().out
    assert [(c["layer"], c["decide"], c["reason"]) for c in conflicts(passes)] == decided
    assert adjudicate(passes) == 0
    assert {**anchors(passes), "s1": ""} == {**before, "s1": ""}
    assert [f.id for f in validate_corpus(Corpus(passes))[0]] == []


def test_decisions_whose_conflict_is_gone_stay_as_superseded(passes):
    adjudicate(passes, "--replace")
    decide(passes, lambda conflict: "A")
    adjudicate(passes, "--replace")
    assert correct(passes, "Karwan met Zerin.\n", "--write", "--put-aside") == 0
    value = tomllib.loads((passes / DECISIONS).read_text())
    assert any(c["decide"] for c in value.get("superseded", []))


def test_a_write_that_fails_puts_everything_back(starter, monkeypatch):
    before = on_disk(starter)
    real, done = module.write_atomically, []

    def failing(path, data):
        done.append(path)
        if len(done) == 2:
            raise module.KriscError([module.Finding("output-unwritable", module.Place("x"), {"reason": "disk full"})])
        return real(path, data)

    monkeypatch.setattr(module, "write_atomically", failing)
    assert correct(starter, f"Yesterday, {OLD}", "--write") == 2
    assert on_disk(starter) == before


@pytest.mark.parametrize(
    ("words", "finding"),
    [(("nobody", TEXT), "annotation-unlisted"), (("example", "missing.txt"), "file-unreadable")],
)
def test_a_wrong_call_is_told(starter, capsys, monkeypatch, words, finding):
    monkeypatch.chdir(starter)
    assert run("reanchor", *words) in (1, 2)
    assert finding in capsys.readouterr().out


def test_a_text_that_is_not_the_one_annotated_is_refused(starter, capsys):
    (starter / TEXT).write_text("Other.\n")
    assert correct(starter, OLD, "--write") == 1
    assert "text-hash-mismatch" in capsys.readouterr().out


def test_gold_that_does_not_agree_with_its_text_is_refused(starter, capsys):
    path = starter / GOLD
    path.write_text(path.read_text().replace('"quote": "Zerin"', '"quote": "Zerim"'))
    assert correct(starter, OLD, "--write") == 1
    assert "quote-mismatch" in capsys.readouterr().out


def span(text, words, nth=0):
    start = -1
    for _ in range(nth + 1):
        start = text.index(words, start + 1)
    return Segment(start, start + len(words), words)


@pytest.mark.parametrize(
    ("old", "new", "words", "wanted"),
    [
        ("😀 کەرکووک fell.", "😀😀 کەرکووک fell.", "کەرکووک", 3),
        ("é fell", "A é fell", "é", 2),
        ("one\r\ntwo three", "one\ntwo three", "three", 8),
        ("\ufeffone two", "one two", "two", 4),
        ("tab\ttwo", "tab  two", "two", 5),
    ],
)
def test_every_script_and_every_line_end(old, new, words, wanted):
    placed = Alignment(old, new).place(span(old, words))
    assert placed == Segment(wanted, wanted + len(words), words)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("He left. He left.", "He left. He left. He left."),  # another one came: which is meant?
        ("It fell.", ""),
        ("It fell.", "Nothing of it stands."),
    ],
)
def test_no_place_is_guessed(old, new):
    assert Alignment(old, new).place(span(old, old.split()[-1])) is None


@given(
    st.lists(st.sampled_from(["Erbil", "Kirkuk", "سۆران", "😀", "1,500", "x́"]), min_size=1, max_size=30),
    st.data(),
)
def test_added_words_that_are_new_never_lose_or_mislead(words, data):
    """Distinct spans stay on their words when sentences with other words are put between."""
    numbered = [f"{word}{n}" for n, word in enumerate(words)]
    old = " ".join(numbered)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(numbered)), max_size=5)))
    new = numbered[:]
    for cut in reversed(cuts):
        new.insert(cut, "(added)")
    alignment = Alignment(old, text := " ".join(new))
    for word in numbered:
        start = old.index(word)
        placed = alignment.place(Segment(start, start + len(word), word))
        assert placed is not None
        assert text[placed.start : placed.end] == placed.quote == word


def test_a_document_without_gold_or_passes_only_changes_its_text(starter):
    (starter / GOLD).unlink()
    assert correct(starter, "Karwan came.\n", "--write") == 0
    assert (starter / TEXT).read_text() == "Karwan came.\n"
