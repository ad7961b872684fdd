"""Gold is judged by a sample: the draw, the planted errors, the sheet, the verdicts and the figures."""

import hashlib
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passes_of_example import register, run
from scipy.stats import binomtest

from krisc import judging
from krisc.document import Document
from krisc.layers import Label, Layer
from krisc.model import Annotation, AnnotationFile, Argument, DocumentRecord, Segment
from krisc.store import Corpus
from krisc.validation import validate_corpus


@pytest.fixture
def judged(starter, grow):
    grow(starter, 20)
    register(starter, "reader")
    return starter


def sheet(corpus, *words):
    out = corpus.parent / "sheet.txt"
    return run("judge", "sheet", out, "--by", "reader", "--date", "2024-01-01", "--corpus", corpus, "-q", *words), out


def items(corpus):
    return json.loads((corpus / "annotations/judgements/reader.json").read_text())["items"]


def test_a_sheet_shows_items_and_hides_what_is_planted(judged):
    code, out = sheet(judged, "--size", 30, "--planted", 10)
    assert code == 0
    lines = out.read_text().splitlines()
    drawn = items(judged)
    assert len(lines) == len(drawn) == 40
    assert sum("planted" in item for item in drawn) == 10
    for number, (line, item) in enumerate(zip(lines, drawn, strict=True), start=1):
        assert line == f"{number} {item['document']}: {item['shown']}"
        assert "planted" not in line
    assert len({(i["document"], i["annotation"]) for i in drawn}) == 40, "nothing is drawn twice"


def test_verdicts_are_not_lost_to_a_new_sample(judged, capsys):
    sheet(judged, "--size", 5, "--planted", 0)
    assert sheet(judged, "--size", 6, "--planted", 0)[0] == 0, "without verdicts there is nothing to lose"
    verdicts = judged.parent / "verdicts.txt"
    verdicts.write_text("".join(f"{n} right\n" for n in range(1, 7)))
    assert run("judge", "record", verdicts, "--by", "reader", "--corpus", judged, "-q") == 0
    before = items(judged)
    assert sheet(judged, "--size", 5)[0] == 1
    assert "judgement-exists" in capsys.readouterr().out
    assert items(judged) == before


@pytest.mark.parametrize("day", ["today", "2024-13-01", "2024"])
def test_a_day_that_is_none_is_refused(judged, day):
    out = judged.parent / "sheet.txt"
    assert run("judge", "sheet", out, "--by", "reader", "--date", day, "--corpus", judged) == 2
    assert not out.exists()
    assert not (judged / "annotations/judgements").exists()


def test_documents_without_gold_are_not_judged(judged):
    (judged / "annotations/gold/made-0001.json").unlink()
    assert sheet(judged, "--size", 1000, "--planted", 0)[0] == 0
    assert {i["document"] for i in items(judged)} == {"example", *(f"made-{n:04d}" for n in range(20) if n != 1)}


def test_gold_that_cannot_be_read_is_told(judged, capsys):
    path = judged / "annotations/gold/made-0001.json"
    path.write_text(path.read_text().replace('"PERSON"', '"PERSN"'))
    assert sheet(judged)[0] == 1
    assert "unknown-label" in capsys.readouterr().out
    path.write_text(path.read_text().replace('"PERSN"', '"PERSON"'))
    (judged / "dataset/raw/made-0001.txt").unlink()
    assert sheet(judged, "--size", 1000)[0] == 1
    assert "text-missing" in capsys.readouterr().out


def test_gold_with_a_dangling_reference_is_shown_as_it_is(judged):
    sheet(judged, "--size", 1000, "--planted", 0)
    before = items(judged)
    path = judged / "annotations/gold/made-0001.json"
    path.write_text(path.read_text().replace('"target": "karwan"', '"target": "nobody"', 1))
    found = [f for f in validate_corpus(Corpus(judged))[0] if f.id == "judgement-outdated"]
    assert found[0].data == {"count": 1, "whole": len(before)}
    assert sheet(judged, "--size", 1000, "--planted", 0)[0] == 0
    assert sum("Participant=nobody" in one["shown"] for one in items(judged)) == 1


def test_planted_errors_alone_give_no_error_rate(judged):
    sheet(judged, "--size", 1, "--planted", 3)
    path = judged / "annotations/judgements/reader.json"
    value = json.loads(path.read_text())
    value["items"] = [{**one, "verdict": "wrong"} for one in value["items"] if "planted" in one]
    path.write_text(json.dumps(value))
    made = judging.summary(Corpus(judged))
    assert (made.judged, made.planted, made.found, made.error_rate, made.high) == (0, 3, 3, 0.0, 0.0)


TEXT = "Karwan left."


def planted(a, layer, *others, text=TEXT, seed=0):
    """What an error in an annotation is, for many seeds."""
    gold = AnnotationFile("d", "0" * 64, "1.0", {layer.name: (a, *others)})
    values = dict.fromkeys(DocumentRecord.__struct_fields__, "") | {"id": "d", "sources": ()}
    document = Document(DocumentRecord(**values), 1, text.encode(), text, gold, ())
    return {
        told[1] if (told := judging._planted(a, layer, document, gold, random.Random(n))) else None for n in range(30)
    }


def span(name, label, start, end, text=TEXT):
    return Annotation(name, label, segments=(Segment(start, end, text[start:end]),))


def test_a_label_that_the_gold_has_on_the_same_words_is_no_error():
    """A paragraph of one sentence is a sentence, too."""
    labels = {name: Label("A label.", "[x]", "[y]", "[z]") for name in ("SENTENCE", "PARAGRAPH", "BYLINE")}
    layer = Layer("structure", "Units", "span", "s", 1, "none", "Units.", labels)
    one, other = span("s", "SENTENCE", 0, 12), span("p", "PARAGRAPH", 0, 12)
    assert planted(one, layer, other) == {"label SENTENCE became BYLINE", "the words became 'Karwan left'"}
    assert planted(one, layer) >= {"label SENTENCE became PARAGRAPH"}


def test_where_no_error_can_be_put_there_is_none():
    one_label = {"X": Label("A label.", "[x]", "[y]", "[z]")}
    spans = Layer("entity", "Entities", "span", "e", 1, "none", "Spans.", one_label)
    assert planted(span("a", "X", 0, 1, "."), spans, text=".") == {None}
    chains = Layer("coreference", "Chains", "chain", "c", 1, "none", "Chains.", one_label)
    assert planted(Annotation("c", "X", members=("a",)), chains) == {None}
    relations = Layer("relation", "Relations", "relation", "r", 1, "none", "Relations.", one_label)
    assert planted(Annotation("r", "X", arguments=(Argument("head", target="a"),)), relations) == {None}


def test_the_words_of_triggers_and_of_arguments_are_moved():
    one_label = {"X": Label("A label.", "[x]", "[y]", "[z]")}
    event = Annotation("e", "X", trigger=(Segment(0, 6, "Karwan"),))
    events = Layer("event", "Events", "event", "e", 1, "none", "Events.", one_label)
    assert planted(event, events) == {"the words became 'Karwan left'"}
    said = Annotation("r", "X", arguments=(Argument("SOURCE", segments=(Segment(0, 6, "Karwan"),)),))
    attributions = Layer("attribution", "Who says", "relation", "a", 1, "none", "Relations.", one_label)
    assert planted(said, attributions) == {"the words became 'Karwan left'"}


def test_items_that_cannot_be_planted_are_left_out(starter):
    """A corpus whose only annotation is a unit of one label over the only token, which is one letter long."""
    (starter / "dataset/raw/example.txt").write_text(".\n")
    sha = hashlib.sha256(b".\n").hexdigest()
    record = json.loads((starter / "dataset/documents.jsonl").read_text())
    (starter / "dataset/documents.jsonl").write_text(json.dumps({**record, "sha256": sha}) + "\n")
    path = starter / "annotations/gold/example.json"
    value = json.loads(path.read_text())
    unit = {"id": "s", "label": "SENTENCE", "segments": [{"start": 0, "end": 1, "quote": "."}]}
    layers = {**{name: [] for name in value["layers"]}, "structure": [{**unit, "by": ["starter"], "decided": "single"}]}
    path.write_text(json.dumps({**value, "sha256": sha, "layers": layers}))
    corpus = Corpus(starter)
    assert len(judging.sample(corpus, "reader", "2024-01-01", 1, 0, 1).items) == 1
    assert judging.sample(corpus, "reader", "2024-01-01", 0, 1, 1).items == ()


def test_a_seed_gives_the_same_sample_again(judged):
    sheet(judged, "--size", 20, "--seed", 5)
    first = items(judged)
    sheet(judged, "--size", 20, "--seed", 5)
    assert items(judged) == first
    sheet(judged, "--size", 20, "--seed", 6)
    assert items(judged) != first


def test_every_planted_item_differs_from_the_gold(judged):
    sheet(judged, "--size", 1, "--planted", 150)
    corpus = Corpus(judged)
    seen = set()
    for item in items(judged):
        if "planted" not in item:
            continue
        gold = corpus.read_annotations(corpus.gold_path(item["document"]))
        by_id = {a.id: a for listed in gold.layers.values() for a in listed}
        text = corpus.raw_path(item["document"]).read_text()
        layer = corpus.layers[item["layer"]]
        assert item["shown"] != judging.shown(by_id[item["annotation"]], layer, text, by_id)
        seen.add(item["planted"].split()[0])
    assert seen >= {"the", "role", "member"}


def test_verdicts_become_figures(judged, capsys):
    sheet(judged, "--size", 20, "--planted", 5)
    verdicts = judged.parent / "verdicts.txt"
    told = []
    for number, item in enumerate(items(judged), start=1):
        told.append(f"{number} {'wrong: not so' if 'planted' in item or number == 7 else 'right'}")
    wrong = 1 - ("planted" in items(judged)[6])
    verdicts.write_text("\n".join(told) + "\n")
    assert run("judge", "record", verdicts, "--by", "reader", "--corpus", judged) == 0
    assert f"{wrong} of 20 wrong" in capsys.readouterr().err
    made = judging.summary(Corpus(judged))
    assert (made.judged, made.wrong, made.planted, made.found) == (20, wrong, 5, 5)
    assert made.low <= made.error_rate <= made.high
    assert sum(layer.judged for layer in made.layers.values()) == 20
    assert [f.id for f in validate_corpus(Corpus(judged))[0]] == []
    assert run("compile", "--corpus", judged, "-q") == 0
    released = json.loads((judged / "dataset/releases/0.1.0/release.json").read_text())
    assert released["judged"]["judged"] == 20


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],  # an item without a verdict
        lambda lines: [*lines, "1 right"],  # a second verdict
        lambda lines: [*lines[:-1], "1000 right"],  # no such item
        lambda lines: [*lines[:-1], lines[-1].replace("right", "fine")],
        lambda lines: [],
    ],
)
def test_incomplete_verdicts_are_refused(judged, capsys, change):
    sheet(judged, "--size", 5, "--planted", 0)
    before = items(judged)
    verdicts = judged.parent / "verdicts.txt"
    verdicts.write_text("\n".join(change([f"{n} right" for n in range(1, 6)])) + "\n")
    assert run("judge", "record", verdicts, "--by", "reader", "--corpus", judged) == 1
    assert "verdict-unreadable" in capsys.readouterr().out
    assert items(judged) == before


def test_nobody_unknown_judges(judged):
    out = judged.parent / "sheet.txt"
    assert run("judge", "sheet", out, "--by", "nobody", "--date", "2024-01-01", "--corpus", judged) == 2
    assert run("judge", "record", out, "--by", "reader", "--corpus", judged) == 2


def test_without_judgements_there_are_no_figures(starter):
    assert judging.summary(Corpus(starter)) is None


@given(st.integers(0, 3), st.integers(1, 60))
def test_the_interval_holds_the_share(wrong, judged):
    """Wilson's interval, worked out by hand (Wilson 1927, formula with the normal quantile 1.959964)."""
    wrong = min(wrong, judged)
    z, share = 1.959963984540054, wrong / judged
    middle = (share + z**2 / (2 * judged)) / (1 + z**2 / judged)
    half = z / (1 + z**2 / judged) * (share * (1 - share) / judged + z**2 / (4 * judged**2)) ** 0.5
    interval = binomtest(wrong, judged).proportion_ci(0.95, method="wilson")
    assert interval.low == pytest.approx(max(0, middle - half), abs=1e-9)
    assert interval.high == pytest.approx(min(1, middle + half), abs=1e-9)
