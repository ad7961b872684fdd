"""Rows of the tables hold, value by value, what the annotator wrote."""

import datetime
import json
from pathlib import Path

import pytest

from krisc.authoring import import_file
from krisc.groups import Group
from krisc.store import Corpus
from krisc.tables import tables
from krisc.tabulate import tabulate
from krisc.validation import validate_corpus

ROOT = Path(__file__).parents[1]
CORPUS = Corpus(ROOT)
LAYERS = CORPUS.layers
TABLES = tables(LAYERS)


def collected(corpus, entry):
    """Rows of one document by table."""
    document, findings = corpus.read_document(entry)
    assert not findings
    made = tabulate(corpus, Group.of([document], corpus.layers), tables(corpus.layers))
    return {name: table.to_pylist() for name, table in made.items()}


@pytest.fixture(scope="module", params=CORPUS.index, ids=lambda entry: entry.id)
def both(request):
    """A document as its author's JSON, its text, and its rows."""
    entry = request.param
    authored = json.loads(CORPUS.gold_path(entry.id).read_bytes())
    text = CORPUS.raw_path(entry.id).read_bytes().decode("utf-8")
    return authored["layers"], text, collected(CORPUS, entry)


def column(table, name):
    return next(c for c in TABLES[table].columns if c.name == name)


def label(layer, row):
    return list(LAYERS[layer].labels)[row["label"]]


def stretch(segments):
    """Start, end and words of segments as a row has them."""
    words = " ".join(s["quote"] for s in segments)
    return {"start": min(s["start"] for s in segments), "end": max(s["end"] for s in segments), "text": words}


def filler(layers, target, segments=()):
    """What a row says of the annotation, or the words, that fill a role."""
    for layer, listed in layers.items():
        for a in listed:
            if a["id"] == target:
                anchor = a.get("segments") or a.get("trigger")
                return {"target": target, "layer": layer, "label": a["label"], **filled(anchor)}
    return {"target": None, "layer": None, "label": None, **filled(segments)}


def filled(segments):
    return {**stretch(segments), "segments": [stretch([s]) for s in segments]}


def pairs(both, *kinds):
    """Every authored annotation of the layers of some kinds, with its row."""
    layers, _, found = both
    for name, listed in layers.items():
        if LAYERS[name].kind in kinds:
            yield from ((name, a, row) for a, row in zip(listed, found.get(name, []), strict=True))


def test_every_row_has_the_columns_of_its_table(both):
    for table, listed in both[2].items():
        names = [c.name for c in TABLES[table].columns]
        assert all(list(row) == names for row in listed)


def test_every_annotation_has_a_row(both):
    for name, a, row in pairs(both, "span", "event", "relation", "chain"):
        assert (row["id"], label(name, row)) == (a["id"], a["label"])
        assert (row["note"], row["decision"]) == (a.get("note"), a.get("decision"))
        assert (row["annotators"], row["checked_by"]) == (a["by"], a.get("checked_by", []))
        assert column(name, "decided").type.names[row["decided"]] == a["decided"]


def test_spans_and_triggers(both):
    for _, a, row in pairs(both, "span", "event"):
        anchor = a.get("segments") or a["trigger"]
        assert {k: row[k] for k in ("start", "end", "text")} == stretch(anchor)
        assert row["segments"] == [{"start": s["start"], "end": s["end"], "text": s["quote"]} for s in anchor]
        assert all(both[1][s["start"] : s["end"]] == s["text"] for s in row["segments"])


def test_attributes(both):
    for name, a, row in pairs(both, "span", "event", "relation", "chain"):
        authored = a.get("attributes", {})
        for attribute, declared in LAYERS[name].attributes.items():
            value = row[attribute]
            if declared.type == "enum" and value is not None:
                value = declared.values[value]
            assert value == authored.get(attribute)
            assert declared.type != "number" or isinstance(value, float)
            assert declared.type != "boolean" or value is None or isinstance(value, bool)


def test_arguments_of_events(both):
    for name, a, row in pairs(both, "event"):
        roles = list(LAYERS[name].roles)
        expected = [
            {"role": roles.index(g["role"]), **filler(both[0], g.get("target"), g.get("segments", ()))}
            for g in a["arguments"]
        ]
        assert row["arguments"] == expected


def test_roles_of_relations(both):
    for name, a, row in pairs(both, "relation"):
        for role, declared in LAYERS[name].roles.items():
            fillers = [
                filler(both[0], g.get("target"), g.get("segments", ())) for g in a["arguments"] if g["role"] == role
            ]
            assert row[role.lower()] == (next(iter(fillers), None) if declared.max == 1 else fillers)


def test_members_of_chains(both):
    for _, a, row in pairs(both, "chain"):
        assert row["members"] == [filler(both[0], member) for member in a["members"]]
        entity = a.get("entity")
        assert row["entity"] == entity
        assert row["name"] == (CORPUS.register[entity].name if entity else None)


def test_the_document_holds_its_text_and_every_layer(both):
    layers, text, found = both
    [row] = found["documents"]
    assert row["text"] == text
    record = next(CORPUS.read_record(e) for e in CORPUS.index if e.id == row["document_id"])
    assert str(row["published"] or "") == record.published
    assert str(row["as_of"] or "") == record.as_of
    for name in LAYERS:
        nested = row[name]
        assert (nested is None) == (name not in layers)
        head = ("document_id", "version", "origin")
        assert nested == [{k: v for k, v in r.items() if k not in head} for r in found.get(name, [])]


def test_units_are_the_sentences_headlines_and_bylines_in_text_order(both):
    layers, text, found = both
    units = LAYERS["structure"].constraints.units
    wanted = sorted((stretch(a["segments"])["start"], a["id"]) for a in layers["structure"] if a["label"] in units)
    assert [(row["start"], row["unit_id"]) for row in found["tokens"]] == wanted
    assert [row["index"] for row in found["tokens"]] == list(range(len(wanted)))
    assert all(row["text"] == text[row["start"] : row["end"]] for row in found["tokens"])


def test_tokens_lie_at_their_offsets_and_join_back_to_the_unit(both):
    _, text, found = both
    for row in found["tokens"]:
        offsets = list(zip(row["token_starts"], row["token_ends"], strict=True))
        assert [text[s:e] for s, e in offsets] == row["tokens"]
        joined, at = "", row["start"]
        for token, (start, end) in zip(row["tokens"], offsets, strict=True):
            joined += text[at:start] + token
            at = end
        assert joined + text[at : row["end"]] == row["text"]
        assert "".join(row["tokens"]) == "".join(row["text"].split())


def test_every_span_of_a_unit_is_a_token_range_of_it(both):
    layers, _, found = both
    seen = set()
    for row in found["tokens"]:
        for span in row["spans"]:
            words = row["text"][
                row["token_starts"][span["first"]] - row["start"] : row["token_ends"][span["last"] - 1] - row["start"]
            ]
            a = next(a for a in layers[span["layer"]] if a["id"] == span["id"])
            assert (a.get("segments") or a["trigger"])[span["segment"]]["quote"] == words
            assert a["label"] == span["label"]
            seen.add((span["id"], span["segment"]))
    inside = [n for n, layer in LAYERS.items() if layer.constraints.inside_units and layer.kind in ("span", "event")]
    wanted = {
        (a["id"], n)
        for name in inside
        for a in layers.get(name, ())
        for n in range(len(a.get("segments") or a["trigger"]))
    }
    assert seen == wanted


def test_tags_are_those_of_the_outermost_spans(both):
    names = column("tokens", "ner_tags").type.item.names
    for row in both[2]["tokens"]:
        tags = [names[n] for n in row["ner_tags"]]
        entities = [s for s in row["spans"] if s["layer"] == "entity"]
        assert len(tags) == len(row["tokens"])
        for at, tag in enumerate(tags):
            around = [s for s in entities if s["first"] <= at < s["last"]]
            if not around:
                assert tag == "O"
            else:
                widest = max(around, key=lambda s: s["last"] - s["first"])
                assert tag == f"{'B' if widest['first'] == at else 'I'}-{widest['label']}"


def test_a_pass_is_a_row_with_who_made_it_and_no_decisions(starter):
    corpus = Corpus(starter)
    target, count, findings = import_file(corpus, starter / "annotations" / "example.txt")
    assert (count, findings) == (7, ())
    assert target == starter.resolve() / "annotations/passes/starter/example.json"
    found = collected(corpus, corpus.index[0])
    [row] = found["passes"]
    assert (row["annotator"], row["annotator_kind"], row["date"]) == ("starter", 1, datetime.date(2000, 1, 1))
    assert [a["id"] for a in row["entity"]] == [a["id"] for a in found["entity"]]
    assert all(a["annotators"] == [] and a["decided"] is None for a in row["entity"])
    assert len(found["entity"]) == 3  # a pass adds nothing to the gold tables


def test_a_document_without_gold_has_no_rows(starter):
    corpus = Corpus(starter)
    corpus.gold_path("example").unlink()
    assert collected(corpus, corpus.index[0]) == {}


def test_a_layer_that_was_not_annotated_is_null_and_an_empty_one_is_not(starter):
    corpus = Corpus(starter)
    path = corpus.gold_path("example")
    value = json.loads(path.read_bytes())
    value["layers"] = {"structure": value["layers"]["structure"], "entity": []}
    path.write_text(json.dumps(value))
    found = collected(corpus, corpus.index[0])
    assert (found["documents"][0]["entity"], found["documents"][0]["event"]) == ([], None)
    assert set(found["tokens"][0]["ner_tags"]) == {0}
    assert "entity" not in found


def test_a_role_that_may_be_filled_more_than_once_is_a_list(starter):
    layer = starter / "schema/layers/relation.toml"
    head, tail = layer.read_text().split("[roles.tail]")
    layer.write_text(head + "[roles.tail]" + tail.replace("max = 1\n", ""))
    path = starter / "annotations/gold/example.json"
    value = json.loads(path.read_bytes())
    value["layers"]["relation"][0]["arguments"].append({"role": "tail", "target": "soran"})
    path.write_text(json.dumps(value))
    corpus = Corpus(starter)
    [row] = collected(corpus, corpus.index[0])["relation"]
    assert row["head"]["target"] == "karwan"
    assert [filler["target"] for filler in row["tail"]] == ["zerin", "soran"]


@pytest.mark.parametrize(("type_", "number"), [("number", 10**400), ("integer", 2**63), ("integer", -(10**30))])
def test_a_number_that_no_table_can_hold_is_found_before_it_is_compiled(starter, type_, number):
    layer = starter / "schema/layers/entity.toml"
    layer.write_text(f'{layer.read_text()}\n[attributes.n]\ntype = "{type_}"\ndefinition = "?"\n')
    path = starter / "annotations/gold/example.json"
    value = json.loads(path.read_bytes())
    value["layers"]["entity"][0]["attributes"]["n"] = number
    path.write_text(json.dumps(value))
    findings, _ = validate_corpus(Corpus(starter))
    assert [f.place.file for f in findings if f.severity == "error"] == ["annotations/gold/example.json"]
