"""Which annotations stand for the same thing: every one has one group, and what is shown of it is its words."""

from hypothesis import given
from hypothesis import strategies as st

from krisc.layers import Label, Layer, Role
from krisc.matching import CONTEXT, context, groups, pair, shared
from krisc.model import Annotation, AnnotationFile, Argument, Segment

LABELS = {name: Label("A label.", "[x]", "[y]", "[z]") for name in "XY"}
SPANS = Layer("entity", "Entities", "span", "e", 1, "none", "Spans.", LABELS)
ROLES = {name: Role("A role.", targets=("entity",)) for name in ("head", "tail")}
RELATIONS = Layer("relation", "Relations", "relation", "r", 2, "none", "Relations.", LABELS, ROLES)
CHAINS = Layer("coreference", "Chains", "chain", "c", 3, "none", "Chains.", LABELS)
LAYERS = {layer.name: layer for layer in (SPANS, RELATIONS, CHAINS)}
TEXT = "abcdefghij"


@st.composite
def passes(draw, annotator):
    stretches = draw(
        st.lists(st.tuples(st.integers(0, 8), st.integers(1, 2), st.sampled_from("XY")), max_size=6, unique=True)
    )
    spans = tuple(
        Annotation(f"{annotator}{n}", label, segments=(Segment(s, s + length, TEXT[s : s + length]),))
        for n, (s, length, label) in enumerate(stretches)
    )
    layers = {"entity": spans}
    if len(spans) > 1:
        pairs = draw(st.lists(st.tuples(*[st.integers(0, len(spans) - 1)] * 2, st.sampled_from("XY")), max_size=3))
        layers["relation"] = tuple(
            Annotation(f"{annotator}r{n}", label, arguments=(argument("head", spans[a]), argument("tail", spans[b])))
            for n, (a, b, label) in enumerate(pairs)
        )
        cut = draw(st.integers(1, len(spans)))
        parts = [part for part in (spans[:cut], spans[cut:]) if part]
        layers["coreference"] = tuple(
            Annotation(f"{annotator}c{n}", "X", members=tuple(a.id for a in part)) for n, part in enumerate(parts)
        )
    return AnnotationFile("doc", "0" * 64, "1.0", layers, annotator=annotator, date="2024-01-01")


def argument(role, span):
    return Argument(role, target=span.id)


@given(st.tuples(passes("a"), passes("b"), passes("c")))
def test_every_annotation_stands_in_one_group_and_every_group_has_a_name_of_its_own(files):
    found = groups(files, LAYERS)
    names = [g.name for listed in found.values() for g in listed]
    assert len(names) == len(set(names))
    for name, listed in found.items():
        for number, file in enumerate(files):
            held = [g.options[number].id for g in listed if g.options[number] is not None]
            assert sorted(held) == sorted(a.id for a in file.layers.get(name, ()))
        for g in listed:
            options = [a for a in g.options if a is not None]
            assert options
            if name == "entity":  # the same words, or an overlap under one label, with the first that came
                first = options[0]
                assert all(shared(at(a), at(first)) and (at(a) == at(first) or a.label == first.label) for a in options)


def at(a):
    return tuple((s.start, s.end) for s in a.segments)


@given(passes("a"))
def test_a_pass_agrees_with_itself(file):
    for listed in groups([file, file], LAYERS).values():
        assert all(g.agreed for g in listed)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 5)), max_size=20))
def test_pairs_are_one_to_one_and_the_best_comes_first(scored):
    made = list(pair(scored))
    assert len({i for i, _ in made}) == len({j for _, j in made}) == len(made)
    if scored:
        best = max(score for score, _, _ in scored)
        assert (best, *made[0]) in scored


def test_what_has_no_words_is_shown_without():
    assert context(TEXT, Annotation("r", "X"), {}) == ""
    assert context(TEXT, Annotation("c", "X", members=("gone",)), {}) == ""


def test_members_that_stand_far_apart_are_shown_one_by_one():
    text = f"Karwan{' ' * 5 * CONTEXT}he\n"
    spans = {
        "k": Annotation("k", "X", segments=(Segment(0, 6, "Karwan"),)),
        "h": Annotation("h", "X", segments=(Segment(len(text) - 3, len(text) - 1, "he"),)),
    }
    assert context(text, Annotation("c", "X", members=("h", "k")), spans) == "Karwan | he"
    assert context(text, spans["h"], spans) == "[he]"
