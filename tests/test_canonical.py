"""The canonical form: one text for one set of annotations, whoever wrote them in whatever order."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.authoring import format_file
from krisc.canonical import dumps, order
from krisc.jsontext import loads
from krisc.model import Annotation, AnnotationFile, Argument, Segment
from krisc.store import Corpus

REPOSITORY = Corpus(Path(__file__).parents[1])
LAYERS = REPOSITORY.layers
GOLD = [REPOSITORY.read_annotations(path) for path in REPOSITORY.annotation_paths()]


def read(text):
    return msgspec.convert(loads(text), AnnotationFile)


def span(id_, start, end, label="PERSON", **more):
    return Annotation(id_, label, segments=(Segment(start, end, "x" * (end - start)),), **more)


def file(**layers):
    return AnnotationFile("doc-1", "0" * 64, "0.1.0", {name: tuple(listed) for name, listed in layers.items()})


def ids(one, layer):
    return [a.id for a in order(one).layers[layer]]


@pytest.mark.parametrize("path", list(REPOSITORY.annotation_paths()), ids=lambda path: path.stem)
def test_the_repository_is_in_canonical_form(path):
    assert format_file(REPOSITORY, path, check=True) == (False, ())


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(GOLD), st.randoms(use_true_random=False))
def test_the_order_of_the_input_makes_no_difference(gold, random):
    def shuffled(values):
        return tuple(random.sample(list(values), len(values)))

    def shuffle(a):
        return msgspec.structs.replace(
            a,
            members=shuffled(a.members),
            attributes=dict(shuffled(a.attributes.items())),
        )

    layers = {name: tuple(shuffle(a) for a in shuffled(gold.layers[name])) for name in shuffled(gold.layers)}
    assert dumps(msgspec.structs.replace(gold, layers=layers), LAYERS) == dumps(gold, LAYERS)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 5), st.sampled_from(["PERSON", "GPE"])), min_size=1, max_size=8
    ),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_spans_and_relations_have_one_order(spans, pairs, random):
    entities = [span(f"e{n}", s, s + length, label) for n, (s, length, label) in enumerate(spans)]
    relations = [  # some point at annotations that are not there
        Annotation(f"r{n}", "LEADS", arguments=(Argument("head", f"e{a}"), Argument("tail", f"e{b}")))
        for n, (a, b) in enumerate(pairs)
    ]
    text = dumps(file(entity=entities, relation=relations), LAYERS)
    random.shuffle(entities)
    random.shuffle(relations)
    assert dumps(file(relation=relations, entity=entities), LAYERS) == text
    assert dumps(read(text), LAYERS) == text


def test_spans_stand_as_in_the_text_and_the_containing_one_first():
    one = file(entity=[span("c", 4, 6), span("b", 0, 2), span("a", 0, 6), span("d", 0, 2, "GPE"), span("a2", 0, 2)])
    assert ids(one, "entity") == ["a", "d", "a2", "b", "c"]


def test_relations_and_chains_stand_as_what_they_join():
    one = file(
        entity=[span("e1", 0, 2), span("e2", 4, 6), span("e3", 8, 9)],
        relation=[
            Annotation("r1", "LEADS", arguments=(Argument("head", "e3"), Argument("tail", "e2"))),
            Annotation("r2", "LEADS", arguments=(Argument("head", "e3"), Argument("tail", "e1"))),
        ],
        coreference=[
            Annotation("c1", "ENTITY", members=("e3", "e2"), entity="x"),
            Annotation("c2", "ENTITY", members=("e1",), entity="y"),
        ],
        attribution=[
            Annotation("t1", "ATTRIBUTION", arguments=(Argument("CUE", segments=(Segment(5, 6, "x"),)),)),
            Annotation("t2", "ATTRIBUTION", arguments=(Argument("CUE", segments=(Segment(1, 2, "x"),)),)),
        ],
    )
    assert ids(one, "relation") == ["r2", "r1"]
    assert ids(one, "coreference") == ["c2", "c1"]
    assert ids(one, "attribution") == ["t2", "t1"]
    assert order(one).layers["coreference"][1].members == ("e2", "e3")


def test_chains_that_contain_each_other_are_written_all_the_same():
    one = file(coreference=[Annotation("c1", "EVENT", members=("c2",)), Annotation("c2", "EVENT", members=("c1",))])
    assert ids(one, "coreference") == ["c1", "c2"]


@pytest.mark.parametrize(
    "odd", ["two\nlines", "\r\n", '"', "\\", "\\n", "\t", "\u2028\u2029\x85", "\x7f", "😀ە\u200c\u0301", "// #"]
)
def test_odd_characters_stay_on_the_line_and_come_back(odd):
    one = file(
        quantity=[
            Annotation(
                "q1",
                "COUNT",
                segments=(Segment(0, len(odd), odd),),
                attributes={"unit": odd, "value": 0.5},
                note=odd,
                by=("karwan",),
                decision=odd,
            )
        ]
    )
    text = dumps(one, LAYERS)
    assert json.loads(text)["layers"]["quantity"][0]["note"] == odd
    assert read(text) == one
    assert len([line for line in text.split("\n") if line.startswith('{"id": "q1"')]) == 1
    assert text.count("\n") == dumps(file(quantity=[span("q1", 0, 1, "COUNT")]), LAYERS).count("\n")


def test_attributes_stand_as_they_are_declared():
    one = file(quantity=[span("q1", 0, 1, "COUNT", attributes={"unit": "man", "value": 1})])
    assert '"attributes": {"value": 1, "unit": "man"}' in dumps(one, LAYERS)


def test_what_must_be_there_is_there_although_it_is_empty():
    event = Annotation("v1", "MEET", trigger=(Segment(0, 1, "x"),), attributes={"polarity": "positive"})
    value = json.loads(dumps(file(event=[event], entity=[]), LAYERS))
    assert value["layers"]["entity"] == []
    assert list(value["layers"]["event"][0]) == ["id", "label", "trigger", "arguments", "attributes"]
    assert list(value["layers"]) == ["entity", "event"]
    assert list(value) == ["document", "sha256", "guidelines", "layers"]


def test_a_layer_that_is_not_declared_is_not_lost():
    assert list(json.loads(dumps(file(zebra=[span("z", 0, 1)], entity=[]), LAYERS))["layers"]) == ["entity", "zebra"]


def test_a_file_without_layers():
    assert json.loads(dumps(file(), LAYERS))["layers"] == {}
