"""What a release says against itself: weak labels with reasons, and gaps, computed and not typed."""

import json

from passes_of_example import OTHER, run, write_pass
from test_adjudication import adjudicate, decide

from krisc.agreement import Agreement, LayerAgreement, Value
from krisc.facts import Composed, Facts, LayerFacts
from krisc.weaknesses import UNEXPLAINED, gaps, weak_labels


def figures(*values):
    facts = Facts("c", "C", "1.0.0", "1.0", layers={"event": LayerFacts(), "entity": LayerFacts()})
    if values:
        layers = {"event": LayerAgreement(1, values=list(values))}
        facts.agreement = Agreement(["a", "b"], 1, "documents", 1000, 0.95, layers)
    return facts


def test_weak_labels_are_told_with_the_reason_that_was_given():
    facts = figures(
        Value("spans, strict", "", 0.5, count=100),  # of the whole layer
        Value("spans, strict", "MEET", 0.6123, 0.4, 0.81, count=20),
        Value("spans, strict", "CLASH", 0.9, 0.8, 1.0, count=20),
        Value("spans, strict", "ATTACK", 0.1, count=9),  # too few
        Value("spans, strict", "VOTE", None, count=20, undefined="no pass has any"),
        Value("arguments with role", "Place", 0.55, count=30, no_interval="undefined in too many samples"),
        Value("units, alpha", "MEET", 0.1, count=20),  # another measure
    )
    table = weak_labels(facts, 0.7, 10, {"event/MEET": "a reason | with a bar"})
    assert table.splitlines()[2:] == [
        f"| event | Place | F1 of a role | 0.55 |  | 30 | {UNEXPLAINED} |",
        "| event | MEET | strict F1 | 0.61 | 0.40 to 0.81 | 20 | a reason \\| with a bar |",
    ]
    assert weak_labels(facts, 0.05, 10) == ""
    assert weak_labels(figures(), 1, 1) == ""


def test_gaps_are_told():
    facts = figures()
    facts.splits = {"train": 2, "test": 1}
    facts.years = {"2005": 1, "2008": 1, "2009": 1}
    facts.layers["event"] = LayerFacts(labels={"MEET": 12, "VOTE": 0}, by_split={"MEET": {"train": 12}})
    facts.composed = Composed(pages=1234, undated=1)
    assert gaps(facts, 10).splitlines() == [
        "- Labels that no document of train has: event VOTE.",
        "- Labels that no document of test has: event MEET, event VOTE.",
        "- Labels with fewer than 10 instances: event VOTE (0).",
        "- Years without a document: 2006, 2007.",
        "- Pages read whose date is not known: 1 of 1,234.",
    ]


def test_without_gaps_there_is_nothing_to_tell():
    facts = figures()
    facts.splits = {"train": 1}
    facts.layers = {"event": LayerFacts(labels={"MEET": 5}, by_split={"MEET": {"train": 5}})}
    assert gaps(facts, 5) == ""
    facts.years, facts.composed = {"2005": 1}, Composed(pages=3)
    assert gaps(facts, 5) == ""


def test_every_weak_label_of_the_corpus_has_a_reason(repository):
    assert UNEXPLAINED not in (repository / "DATASHEET.md").read_text()


def test_a_card_calls_every_step_of_a_language_model_that(passes):
    """Annotators, and the reader of a sample; and it counts no pass that was not compared."""
    register = passes / "annotations/annotators.toml"
    register.write_text(register.read_text().replace('kind = "person"', 'kind = "language_model"'))
    write_pass(passes, "judge", OTHER)
    path = passes / "annotations/passes/judge/example.json"
    path.write_text(path.read_text().replace('"guidelines": "0.1.0"', '"guidelines": "0.0.9"'))
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    adjudicate(passes, "--replace")
    sheet = passes.parent / "sheet.txt"
    assert run("judge", "sheet", sheet, "--by", "judge", "--date", "2024-01-01", "--size", 3, "--corpus", passes) == 0
    number = len(sheet.read_text().splitlines())
    verdicts = passes.parent / "verdicts.txt"
    verdicts.write_text("".join(f"{n} right\n" for n in range(1, number + 1)))
    assert run("judge", "record", verdicts, "--by", "judge", "--corpus", passes) == 0
    assert run("compile", "--corpus", passes, "-q") == 0
    folder = passes / "dataset/releases/0.1.0"
    card = " ".join((folder / "README.md").read_text().split())
    assert "Independent passes by one, two (language model) over 1 document(s)" in card
    assert "A reader (language model) who saw neither passes nor decisions judged 3 gold annotations" in card
    assert "All passes are by language models." in card
    assert len(json.loads((folder / "release.json").read_text())["passes"]) == 3
