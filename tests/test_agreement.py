"""Agreement between passes: against nervaluate, by hand on small cases, and as a user runs it."""

import json
import pickle
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator
from passes_of_example import OTHER, run, write_pass

from krisc.agreement import Comparison, Partial, compare
from krisc.document import Document
from krisc.findings import KriscError
from krisc.layers import Attribute, Constraints, Label, Layer, Role
from krisc.model import Annotation, AnnotationFile, Argument, DocumentRecord, Segment
from krisc.store import Corpus

pytestmark = pytest.mark.one_python

LABELS = {name: Label("A label.", "[x]", "[y]", "[z]") for name in "XY"}
SPANS = Layer("entity", "Entities", "span", "e", 2, "none", "Spans.", LABELS)
WINDOW = 10


def document(text, name="doc"):
    values = dict.fromkeys(DocumentRecord.__struct_fields__, "") | {"id": name, "sources": ()}
    return Document(DocumentRecord(**values), 1, text.encode(), text, None, ())


def spans(annotator, text, listed):
    made = tuple(
        Annotation(f"{annotator}{n}", label, segments=(Segment(s, e, text[s:e]),), attributes=dict(more))
        for n, (s, e, label, *more) in enumerate(listed)
    )
    return AnnotationFile("doc", "0" * 64, "0.1.0", {"entity": made}, annotator=annotator, date="2024-01-01")


def measured(one, other, text="x" * 60, layer=SPANS):
    comparison = Comparison({"entity": layer})
    comparison.add(document(text), [spans("a", text, one), spans("b", text, other)])
    found = comparison.result().layers
    return {(v.measure, v.of): v for v in found["entity"].values}, found["entity"]


WINDOWS = st.lists(
    st.none() | st.tuples(st.integers(0, 4), st.integers(1, 5), st.sampled_from("XY")), min_size=6, max_size=6
)


def placed(windows):
    return [(n * WINDOW + w[0], n * WINDOW + w[0] + w[1], w[2]) for n, w in enumerate(windows) if w]


@settings(deadline=None)
@given(WINDOWS, WINDOWS)
def test_spans_are_scored_as_by_nervaluate(one, other):
    """Where a span overlaps one span of the other side at most, there is one alignment, and all schemes are the same."""
    sides = placed(one), placed(other)
    values, _ = measured(*sides)
    true, pred = ([[{"start": s, "end": e - 1, "label": label} for s, e, label in side]] for side in sides)
    wanted = Evaluator(true, pred, tags=["X", "Y"], loader="dict").evaluate()["overall"]
    for mine, theirs in (("strict", "strict"), ("boundary", "exact"), ("partial", "partial"), ("type", "ent_type")):
        value = values.get((f"spans, {mine}", ""))
        if sides[0] or sides[1]:
            assert value.value == pytest.approx(wanted[theirs].f1, abs=0.0001)
        else:
            assert value is None


@settings(deadline=None)
@given(WINDOWS, WINDOWS)
def test_agreement_is_the_same_either_way_round(one, other):
    there, _ = measured(placed(one), placed(other))
    back, _ = measured(placed(other), placed(one))
    assert {k: (v.value, v.count) for k, v in there.items()} == {k: (v.value, v.count) for k, v in back.items()}


@settings(deadline=None)
@given(WINDOWS)
def test_who_agrees_with_themselves_agrees_wholly(one):
    values, layer = measured(placed(one), placed(one))
    assert {v.value for v in values.values() if not v.undefined} <= {1.0}
    assert layer.disagreements == []


def test_nested_spans_are_paired_one_to_one():
    """A label slip on the outer of two nested spans does not cost the inner one its match."""
    values, layer = measured([(0, 9, "X"), (0, 4, "Y")], [(0, 9, "Y"), (0, 4, "Y")])
    assert values["spans, boundary", ""].value == 1
    assert values["spans, strict", ""].value == 0.5
    assert layer.confusion == {"X": {"Y": 1}, "Y": {"Y": 1}}


ROLES = {"X": Role("One.", targets=("entity",)), "Y": Role("Other.", targets=("entity",))}
HEAD_TAIL = {"head": Role("One.", targets=("entity",)), "tail": Role("Other.", targets=("entity",))}
EVENTS = Layer("event", "Events", "event", "v", 3, "none", "Events.", {"X": LABELS["X"]}, ROLES)
RELATIONS = Layer("relation", "Relations", "relation", "r", 4, "none", "Relations.", LABELS, HEAD_TAIL)


def linked(annotator, windows, text="x" * 70):
    """A trigger and a head at the end of the text, and one argument and one relation for every window."""
    listed = placed(windows)
    entities = spans(annotator, text, [(s, e, "X") for s, e, _ in listed] + [(69, 70, "X")]).layers["entity"]
    *fillers, head = [a.id for a in entities]
    arguments = tuple(Argument(label, target=one) for one, (_, _, label) in zip(fillers, listed, strict=True))
    event = Annotation("v", "X", trigger=(Segment(65, 66, "x"),), arguments=arguments)
    relations = tuple(
        Annotation(f"r{one}", label, arguments=(Argument("head", target=head), Argument("tail", target=one)))
        for one, (_, _, label) in zip(fillers, listed, strict=True)
    )
    layers = {"entity": entities, "event": (event,), "relation": relations}
    return AnnotationFile("doc", "0" * 64, "0.1.0", layers, annotator=annotator, date="2024-01-01")


@settings(deadline=None)
@given(WINDOWS, WINDOWS)
def test_arguments_and_relations_are_scored_as_spans_with_labels_are_by_nervaluate(one, other):
    """Under one trigger, an argument is its filler with its role; under one head, a relation is its tail with its label."""
    comparison = Comparison({"entity": SPANS, "event": EVENTS, "relation": RELATIONS})
    comparison.add(document("x" * 70), [linked("a", one), linked("b", other)])
    layers = comparison.result().layers
    true, pred = ([[{"start": s, "end": e - 1, "label": label} for s, e, label in placed(w)]] for w in (one, other))
    wanted = Evaluator(true, pred, tags=["X", "Y"], loader="dict").evaluate()["overall"]
    for layer, with_label, without in (
        ("event", "arguments with role", "arguments without role"),
        ("relation", "relations, strict", "relations without label"),
    ):
        values = {(v.measure, v.of): v for v in layers[layer].values} if layer in layers else {}
        for name, theirs in ((with_label, "strict"), (without, "exact")):
            if true[0] or pred[0]:
                assert values[name, ""].value == pytest.approx(wanted[theirs].f1, abs=0.0001)
            else:
                assert (name, "") not in values


def test_labels_of_relations_that_join_the_same_things_are_confused():
    def window(*labels):
        return [(0, 3, label) if label else None for label in labels]

    comparison = Comparison({"entity": SPANS, "relation": RELATIONS})
    comparison.add(
        document("x" * 70), [linked("a", window("X", "X", "X", None)), linked("b", window("X", "Y", None, "Y"))]
    )
    found = comparison.result().layers["relation"]
    assert found.confusion == {"(none)": {"Y": 1}, "X": {"(none)": 1, "X": 1, "Y": 1}}
    one, other = linked("a", window("X", "Y")), linked("b", window("X", "Y"))
    both = [
        msgspec.structs.replace(f, layers={**f.layers, "relation": (*f.layers["relation"], more(f, label))})
        for f, label in ((one, "Y"), (other, "X"))
    ]  # two relations between the same two: the first has X and Y there, the second X twice
    comparison = Comparison({"entity": SPANS, "relation": RELATIONS})
    comparison.add(document("x" * 70), both)
    assert comparison.result().layers["relation"].confusion == {"X": {"X": 1}, "Y": {"(none)": 1, "Y": 1}}


def more(file, label):
    first = file.layers["relation"][0]
    return msgspec.structs.replace(first, id="more", label=label)


def test_attributes_that_refer_or_that_a_label_does_not_have():
    attributes = {
        "anchor": Attribute("reference", "?", targets=("entity",)),
        "mod": Attribute("string", "?", labels=("Y",)),
    }
    layer = msgspec.structs.replace(SPANS, attributes=attributes)
    one = [(0, 4, "X"), (10, 14, "X", ("anchor", "a0")), (20, 24, "Y", ("mod", "START"))]
    other = [(0, 4, "X"), (10, 14, "X", ("anchor", "b0")), (20, 24, "Y", ("mod", "END"))]
    values, _ = measured(one, other, layer=layer)
    assert values["values agree", "anchor"].value == 1, "the same words under other names"
    assert (values["values agree", "mod"].value, values["values agree", "mod"].count) == (0, 1)
    other[1] = (10, 14, "X", ("anchor", "publication"))
    values, _ = measured(one, other, layer=layer)
    assert values["values agree", "anchor"].value == pytest.approx(2 / 3, abs=0.0001)


def test_a_layer_of_one_pass_alone_has_no_figures():
    comparison = Comparison({"entity": SPANS, "event": EVENTS, "relation": RELATIONS})
    one, other = linked("a", [(0, 3, "X")]), linked("b", [None])
    other = msgspec.structs.replace(other, layers={"entity": other.layers["entity"]})
    comparison.add(document("x" * 70), [one, other])
    assert set(comparison.result().layers) == {"entity"}
    assert [d.layer for d in comparison.counts["entity"].disagreements] == ["entity"]
    assert comparison.counts["event"].disagreements == []


def test_one_pass_alone_is_not_counted():
    comparison = Comparison({"entity": SPANS})
    comparison.add(document("x"), [spans("a", "x", [(0, 1, "X")])])
    assert (comparison.documents, comparison.result().layers) == (0, {})


def test_chains_are_shown_by_their_members(passes):
    write_pass(passes, "two", OTHER.replace("members=k", "members=k,z"))
    found = compare(Corpus(passes)).layers["coreference"]
    [one] = found.disagreements
    assert one.passes == {
        "one": 'ENTITY members="Karwan" entity=karwan',
        "two": 'ENTITY members="Karwan", "Zerin" entity=karwan',
    }


def test_documents_are_chosen_and_progress_is_told(passes, grow):
    grow(passes, 2)
    told = []
    compare(Corpus(passes), progress=lambda done, whole: told.append((done, whole)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    told.clear()
    agreement = compare(Corpus(passes), documents=("example",), progress=lambda done, whole: told.append((done, whole)))
    assert (agreement.documents, told) == (1, [(1, 1)])
    (passes / "annotations/gold/example.json").unlink()
    assert compare(Corpus(passes)).layers == agreement.layers, "without gold, passes are compared all the same"
    with pytest.raises(KriscError):
        compare(Corpus(passes), documents=("made-0001",))


def test_undefined_measures_are_shown_as_such(passes, capsys):
    assert run("agree", "--corpus", passes) == 0
    shown = capsys.readouterr().out
    [line] = [line for line in shown.splitlines() if line.split()[:1] == ["CoNLL"]]
    assert line.split("undefined")[1] == " (no chain has two members)"


def test_what_is_undefined_says_why():
    values, _ = measured([(0, 60, "X")], [(0, 60, "X")])
    kappa = values["tokens, kappa", ""]
    assert (kappa.value, kappa.low) == (None, None)
    assert "chance" in kappa.undefined
    assert values["spans, strict", ""].no_interval  # one unit of one document: nothing to draw


def test_attribute_values_are_compared_where_spans_are_the_same():
    attributes = {"value": Attribute("timex3", "?"), "mention": Attribute("enum", "?", values=("name", "nominal"))}
    layer = msgspec.structs.replace(SPANS, attributes=attributes)
    one = [(0, 4, "X", ("value", "2023"), ("mention", "name")), (10, 14, "X", ("mention", "nominal")), (20, 24, "Y")]
    other = [(0, 4, "X", ("value", "2024"), ("mention", "name")), (10, 14, "X", ("mention", "name")), (20, 25, "Y")]
    values, _ = measured(one, other, layer=layer)
    assert values["values agree", "value"].value == 0.5  # 2023 is not 2024; that neither has one is agreement
    assert values["values agree", "mention"].value == 0.5
    assert values["values, kappa", "mention"].value == 0
    assert ("values, kappa", "value") not in values


def test_with_several_documents_the_bootstrap_draws_documents():
    units = Layer("structure", "Units", "span", "s", 1, "none", "Units.", LABELS, constraints=Constraints(units=("X",)))
    comparison = Comparison({"structure": units, "entity": SPANS})
    for n, end in enumerate((4, 5, 4)):
        text = "abcd efgh"
        comparison.add(document(text, f"d{n}"), [spans("a", text, [(0, 4, "X")]), spans("b", text, [(0, end, "X")])])
    result = comparison.result()
    assert (result.documents, result.resampled) == (3, "documents")
    value = {v.measure: v for v in result.layers["entity"].values if not v.of}["spans, strict"]
    assert value.value == pytest.approx(2 / 3, abs=0.0001)
    assert (value.low, value.high) == (0, 1)  # three documents: every share can be drawn
    assert result.layers["entity"].by_document["spans, strict"] == {"d0": 1.0, "d1": 0.0, "d2": 1.0}


def of(layer, agreement):
    return {(v.measure, v.of): v.value for v in agreement.layers[layer].values}


def test_events_relations_and_chains(passes):
    agreement = compare(Corpus(passes))
    assert agreement.annotators == ["one", "two"]
    assert of("entity", agreement)["spans, strict", ""] == pytest.approx(2 / 3, abs=0.0001)
    event = of("event", agreement)
    assert event["spans, strict", ""] == 1
    assert event["arguments with role", ""] == pytest.approx(0.8)  # two of three and two of two
    assert event["arguments with role", "Place"] == 0
    assert event["values agree", "modality"] == 0
    relation = of("relation", agreement)
    assert relation["relations, strict", ""] == 0
    chains = of("coreference", agreement)
    assert chains["B-cubed", "ENTITY"] == chains["LEA", "ENTITY"] == chains["CEAF-e", "ENTITY"] == 1
    assert chains["CoNLL", ""] is None  # one chain of one mention has no link that MUC could count
    assert chains["values agree", "entity"] == 1


def test_gold_can_be_compared_with_a_pass(passes):
    agreement = compare(Corpus(passes), annotators=("one", "gold"))
    assert agreement.annotators == ["gold", "one"]
    assert {v.value for layer in agreement.layers.values() for v in layer.values} <= {1.0, None}


def test_the_command_prints_figures_and_disagreements(passes, capsys):
    assert run("agree", "--corpus", passes, "--details") == 0
    shown = capsys.readouterr().out
    assert "bootstrap of units of the only document" in shown
    assert "Karwan met Zerin in [Soran]." in shown
    assert 'two: PERSON "Soran" 20–25 mention=name' in shown
    assert run("agree", "--corpus", passes, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["layers"]["entity"]["confusion"]["PLACE"] == {"PERSON": 1}
    [place] = printed["layers"]["entity"]["disagreements"]
    assert place["passes"]["one"].startswith("PLACE")


def test_one_pass_alone_cannot_be_compared(starter, capsys):
    assert run("agree", "--corpus", starter) == 2
    assert "passes-too-few" in capsys.readouterr().out


@pytest.mark.parametrize("words", [("agree", "exampel"), ("agree", "--annotator", "nobody"), ("adjudicate", "exampel")])
def test_unknown_names_are_refused(passes, words, capsys):
    assert run(*words, "--corpus", passes) == 2
    assert "there is no" in capsys.readouterr().err


def test_a_pass_with_errors_is_not_measured(passes):
    path = passes / "annotations/passes/two/example.json"
    path.write_text(path.read_text().replace('"quote": "Soran"', '"quote": "Sorak"'))
    with pytest.raises(KriscError) as caught:
        compare(Corpus(passes))
    assert [f.id for f in caught.value.findings] == ["quote-mismatch"]


def test_the_figures_are_the_same_in_every_run(passes):
    assert compare(Corpus(passes)) == compare(Corpus(Path(passes)))


def test_units_of_the_first_document_are_folded_when_a_second_comes():
    """Counts by sentence of one document, and by document of two, give the same value over all."""
    units = Layer("structure", "Units", "span", "s", 1, "none", "Units.", LABELS, constraints=Constraints(units=("X",)))
    layers = {"structure": units, "entity": SPANS}
    text = "abcd efgh"

    def both(name):
        return [
            AnnotationFile(
                name,
                "0" * 64,
                "0.1.0",
                {
                    "structure": spans("u", text, [(0, 4, "X"), (5, 9, "X")]).layers["entity"],
                    "entity": spans("e", text, [(0, 4, "X"), (5, end, "Y")]).layers["entity"],
                },
                annotator=annotator,
                date="2024-01-01",
            )
            for annotator, end in (("a", 9), ("b", 8))
        ]

    alone, together = Comparison(layers), Comparison(layers)
    alone.add(document(text, "d0"), both("d0"))
    for n in range(3):
        together.add(document(text, f"d{n}"), both(f"d{n}"))
    one, several = alone.result().layers["entity"], together.result().layers["entity"]
    assert [(v.measure, v.of, v.value) for v in one.values if "alpha" not in v.measure] == [
        (v.measure, v.of, v.value) for v in several.values if "alpha" not in v.measure
    ]
    assert len(alone.counts["entity"].ends) == 2, "a row for every unit"
    assert len(together.counts["entity"].ends) == 3, "a row for every document"
    strict = next(v for v in one.values if v.measure == "spans, strict" and not v.of)
    assert (strict.low, strict.high) == (0.0, 1.0), "two sentences were drawn from: one right, one wrong"


# --- documents counted in runs ---------------------------------------------------------------------------------------

UNITS = Layer("structure", "Units", "span", "s", 1, "none", "Units.", LABELS, constraints=Constraints(units=("X",)))
TYPED = msgspec.structs.replace(
    SPANS,
    attributes={"mention": Attribute("enum", "?", values=("name", "nominal")), "value": Attribute("timex3", "?")},
)
CHAINS = Layer("coreference", "Chains", "chain", "c", 5, "none", "Chains.", LABELS)
ALL = {"structure": UNITS, "entity": TYPED, "event": EVENTS, "relation": RELATIONS, "coreference": CHAINS}
TEXT = "ئازاد met Hêvî 𐎠𐎠\r\n\tand left.\n" + "x" * 50


def whole_pass(annotator, windows):
    """A pass over every layer; its chain has all entities, its units are the lines of the text."""
    layers = dict(linked(annotator, windows, TEXT).layers)
    values = [{"mention": "name" if n % 2 else "nominal", "value": f"20{n}{len(windows)}"} for n in range(9)]
    layers["entity"] = tuple(msgspec.structs.replace(a, attributes=values[n]) for n, a in enumerate(layers["entity"]))
    layers["structure"] = spans("u", TEXT, [(0, 20, "X"), (20, len(TEXT), "X")]).layers["entity"]
    layers["coreference"] = (Annotation("c", "X", members=tuple(a.id for a in layers["entity"]), entity="one"),)
    return AnnotationFile("doc", "0" * 64, "0.1.0", layers, annotator=annotator, date="2024-01-01")


PASSES = st.lists(WINDOWS, min_size=1, max_size=4)


def sent(value):
    """The same after a journey to another process."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - made two words earlier


def counted(documents, first=0, *, brief=False):
    comparison = Comparison(ALL, brief=brief)
    for number, passes in enumerate(documents, first):
        files = [whole_pass(f"reader-{n}", windows) for n, windows in enumerate(passes)]
        comparison.add(document(TEXT, f"d{number}"), files)
    return comparison


@settings(deadline=None, max_examples=30)
@given(st.lists(PASSES, max_size=5), st.lists(st.integers(0, 5), max_size=3), st.booleans())
def test_runs_of_documents_give_the_same_bytes_as_all_in_one(documents, cuts, brief):
    """Any runs, empty ones and ones of one document among them, which still has its units; two to four passes."""
    whole = msgspec.json.encode(counted(documents, brief=brief).result())
    merged = Comparison(ALL, brief=brief)
    edges = [0, *sorted(min(cut, len(documents)) for cut in cuts), len(documents)]
    for number, (start, end) in enumerate(pairwise(edges)):
        partial = counted(documents[start:end], start, brief=brief).partial()
        written = msgspec.msgpack.decode(msgspec.msgpack.encode(partial), type=Partial)
        merged.merge(written if number % 2 else sent(partial))
    assert msgspec.json.encode(merged.result()) == whole


@settings(deadline=None, max_examples=20)
@given(st.lists(PASSES, min_size=1, max_size=3))
def test_brief_figures_are_the_same_figures(documents):
    full, brief = counted(documents).result(), counted(documents, brief=True).result()
    assert {n: one.values for n, one in full.layers.items()} == {n: one.values for n, one in brief.layers.items()}
    for one in brief.layers.values():
        assert (one.by_document, one.confusion, one.disagreements) == ({}, {}, [])


def test_figures_by_document_are_those_of_the_document_alone():
    windows = [(0, 3, "X"), None, (0, 2, "Y"), None, None, None]
    other = [(0, 3, "X"), None, (0, 2, "X"), None, None, (1, 2, "Y")]
    documents = [[windows, other], [other, other], [windows, windows, other]]
    together = counted(documents).result()
    for number, passes in enumerate(documents):
        alone = counted([passes], number).result()
        for name, layer in alone.layers.items():
            for measure, found in layer.by_document.items():
                assert together.layers[name].by_document[measure][f"d{number}"] == found[f"d{number}"]


def test_what_is_kept_of_a_document_is_small():
    """The arrays grow with documents, the columns do not."""
    windows = [(0, 3, "X"), (1, 2, "Y"), (0, 2, "Y"), None, None, None]
    one, many = counted([[windows, windows]] * 2, brief=True), counted([[windows, windows]] * 50, brief=True)
    for name, counts in many.counts.items():
        assert counts.columns == one.counts[name].columns
        assert len(counts.at) == 25 * len(one.counts[name].at) <= 50 * 40
        assert (counts.names, counts.disagreements, not counts.confusion) == ([], [], True)


class InPieces:
    """An engine that sends everything there and back."""

    workers = 2

    def __init__(self):
        self.runs = 0

    def map(self, function, items):
        for item in items:
            self.runs += 1
            yield sent(sent(function)(sent(item)))


@pytest.mark.parametrize("size", [1, 2, 64])
def test_an_engine_counts_runs_and_the_result_is_the_same(passes, grow, monkeypatch, size):
    grow(passes, 4)
    for gold in sorted((passes / "annotations/gold").glob("made-*.json")):
        made = json.loads(gold.read_text()) | {"date": "2024-01-01"}
        for a in (a for listed in made["layers"].values() for a in listed):
            a.pop("by"), a.pop("decided")
        for annotator in ("one", "two"):
            path = passes / f"annotations/passes/{annotator}/{gold.name}"
            path.write_text(json.dumps(made | {"annotator": annotator}))
    wanted = compare(Corpus(passes))
    assert wanted.documents == 5
    monkeypatch.setattr("krisc.agreement.RUN", size)
    told, engine = [], InPieces()
    found = compare(Corpus(passes), progress=lambda done, whole: told.append((done, whole)), engine=engine)
    assert msgspec.json.encode(found) == msgspec.json.encode(wanted)
    assert (engine.runs, told[-1]) == ({1: 5, 2: 3, 64: 0}[size], (5, 5))


def test_an_engine_hands_back_the_errors_of_a_pass(passes):
    path = passes / "annotations/passes/two/example.json"
    path.write_text(path.read_text().replace('"quote": "Soran"', '"quote": "Sorak"'))
    with pytest.raises(KriscError) as caught:
        compare(Corpus(passes), engine=InPieces())
    assert [f.id for f in caught.value.findings] == ["quote-mismatch"]
