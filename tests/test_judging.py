"""Gold is judged by a sample: the draw, the planted errors, the sheet, the verdicts and the figures."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passes_of_example import register, run
from scipy.stats import binomtest

from krisc import judging
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
