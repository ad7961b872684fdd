"""`krisc validate` on parts of a corpus, on references, and on passes."""

import json

from passes_of_example import ONE, register, run, write_pass

from krisc.store import Corpus
from krisc.validation import validate_corpus

LAYER = """
[attributes.like]
type = "reference"
targets = ["entity/PERSON"]
keywords = ["nobody"]
definition = "Whom a place is named for."
"""


def ids(corpus, *files):
    return [f.id for f in validate_corpus(Corpus(corpus), files)[0]]


def with_reference(starter, value):
    layer = starter / "schema/layers/entity.toml"
    layer.write_text(layer.read_text() + LAYER)
    path = starter / "annotations/gold/example.json"
    gold = json.loads(path.read_text())
    gold["layers"]["entity"][2]["attributes"]["like"] = value
    path.write_text(json.dumps(gold))


def test_a_reference_names_an_annotation_or_a_keyword(starter):
    with_reference(starter, "karwan")
    assert ids(starter) == []
    with_reference_again(starter, "nobody", [])
    with_reference_again(starter, "somebody", ["target-dangling"])
    with_reference_again(starter, "soran", ["target-self"])
    with_reference_again(starter, "met", ["target-type"])


def with_reference_again(starter, value, wanted):
    path = starter / "annotations/gold/example.json"
    gold = json.loads(path.read_text())
    gold["layers"]["entity"][2]["attributes"]["like"] = value
    path.write_text(json.dumps(gold))
    assert ids(starter) == wanted


def test_a_pass_by_somebody_who_is_not_registered(starter):
    register(starter, "one")
    write_pass(starter, "one", ONE)
    path = starter / "annotations/annotators.toml"
    path.write_text(path.read_text().split("[annotators.one]")[0])
    assert ids(starter) == ["annotator-unknown"]


def test_only_the_documents_that_files_belong_to_are_checked(starter, grow):
    grow(starter, 2)
    (starter / "dataset/raw/made-0000.txt").write_text("changed\n")
    assert ids(starter, starter / "dataset/raw/made-0001.txt", starter / "annotations/gold/example.json") == []
    assert "text-hash-mismatch" in ids(starter, starter / "annotations/gold/made-0000.json")
    assert "text-hash-mismatch" in ids(starter, starter / "dataset/documents.jsonl"), "a file of all stands for all"


def test_a_file_of_another_corpus_is_refused(starter, tmp_path, capsys):
    other = tmp_path / "elsewhere.txt"
    other.write_text("?\n")
    assert run("validate", other, "--corpus", starter) == 2
    assert "is not in the corpus" in capsys.readouterr().out


def test_progress_is_told(starter, grow):
    grow(starter, 2)
    seen = []
    validate_corpus(Corpus(starter), progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_what_toml_and_json_write_in_another_way_is_no_error(starter):
    """A date without quotation marks, whole numbers with a point, and events without roles."""
    config = starter / "dataset/corpus.toml"
    config.write_text(config.read_text().replace('released = "2000-01-01"', "released = 2000-01-01"))
    layer = starter / "schema/layers/event.toml"
    layer.write_text(layer.read_text().replace("order = 3", "order = 3.0"))
    gold = starter / "annotations/gold/example.json"
    gold.write_text(gold.read_text().replace('"start": 7', '"start": 7.0'))
    assert ids(starter) == []
    assert run("compile", "--corpus", starter, "--quiet") == 0


def test_a_layer_of_events_without_roles(starter):
    layer = starter / "schema/layers/event.toml"
    text = layer.read_text()
    start, end = text.index("[roles.Participant]"), text.index("[attributes.")
    layer.write_text(text[:start].replace('expected = ["Participant"]', "") + "[roles]\n\n" + text[end:])
    gold = json.loads((starter / "annotations/gold/example.json").read_text())
    gold["layers"]["event"][0]["arguments"] = []
    (starter / "annotations/gold/example.json").write_text(json.dumps(gold))
    assert ids(starter) == []
