"""Figures that are counted in runs of documents, as other processes do, are those of one go."""

from functools import cache
from itertools import pairwise

import msgspec
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_of_example import ONE, OTHER, register, write_pass

from krisc import facts as figures
from krisc.checks import Checked
from krisc.store import Corpus


@cache
def corpus():
    return Corpus(ROOT)


@cache
def documents():
    return [corpus().read_document(entry)[0] for entry in list(corpus().index)[:14]]


def counted(corpus, pairs):
    facts, checked = figures.start(corpus), Checked()
    for document, split in pairs:
        figures.add(facts, corpus, document, split)
        checked.count(document, split)
    return facts, checked


def merged(corpus, runs):
    """Runs of documents counted apart, and put together in their order."""
    [(facts, checked), *others] = [counted(corpus, run) for run in runs]
    for more, found in others:
        figures.merge(facts, more)
        checked.merge(found)
    return facts, checked


def finished(corpus, facts):
    figures.finish(facts, corpus)
    return msgspec.json.encode(facts)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(("train", "validation", "test")), min_size=14, max_size=14), st.sets(st.integers(0, 14))
)
def test_any_runs_of_documents_give_the_figures_of_one_go(splits, cuts):
    pairs = list(zip(documents(), splits, strict=True))
    edges = [0, *sorted(cuts), len(pairs)]
    runs = [pairs[begin:end] for begin, end in pairwise(edges)]  # some are empty
    one, found = counted(corpus(), pairs)
    several, together = merged(corpus(), runs)
    assert finished(corpus(), one) == finished(corpus(), several)
    assert found == together


def test_a_run_can_be_sent_to_another_process():
    facts, checked = counted(corpus(), [(documents()[0], "train")])
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=figures.Facts)
    assert finished(corpus(), sent) == finished(corpus(), facts)
    import pickle  # noqa: PLC0415

    assert pickle.loads(pickle.dumps(checked)) == checked  # noqa: S301 - its own bytes


def test_passes_are_counted_by_annotator_in_every_run(starter, grow):
    grow(starter, 1)
    register(starter, "one", "two")
    for name, source in (("one", ONE), ("two", OTHER)):
        write_pass(starter, name, source)
    read = Corpus(starter)
    pairs = [(read.read_document(entry)[0], "train") for entry in read.index]
    facts, _ = merged(read, [[pair] for pair in pairs])
    assert [facts.annotators[name].passes for name in ("one", "two")] == [1, 1]
    assert set(facts.passes) == {"one/example.json", "two/example.json"}
    assert finished(read, facts) == finished(read, counted(read, pairs)[0])


def test_the_figures_are_those_of_the_annotations():
    """The sums of a layer are those of its annotations, one by one."""
    pairs = [(document, "train") for document in documents()]
    facts, _ = counted(corpus(), pairs)
    figures.finish(facts, corpus())
    for name, layer in facts.layers.items():
        listed = [(document.record, a) for document in documents() for a in document.gold.layers[name]]
        assert layer.annotations == len(listed) == sum(layer.labels.values()) == sum(layer.decided.values())
        for label in layer.labels:
            of_label = [record for record, a in listed if a.label == label]
            assert layer.labels[label] == len(of_label) == sum(layer.by_split.get(label, {}).values())
            for year, number in layer.by_year.get(label, {}).items():
                assert number == sum(record.dated[:4] == year for record in of_label)
    for name, annotator in facts.annotators.items():
        by = [a for document in documents() for listed in document.gold.layers.values() for a in listed if name in a.by]
        assert annotator.gold_annotations == len(by)
