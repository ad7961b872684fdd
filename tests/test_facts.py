"""Figures that are counted in runs of documents, as other processes do, are those of one go."""

from collections import Counter
from functools import cache
from itertools import pairwise

import msgspec
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_of_example import ONE, OTHER, register, write_pass

from krisc import facts as figures
from krisc.checks import Checked
from krisc.goldfacts import add_gold
from krisc.groups import Group
from krisc.store import Corpus
from krisc.tokens import tokenize

UNITS = ("SENTENCE", "HEADLINE", "BYLINE")


@cache
def corpus():
    return Corpus(ROOT)


def read(corpus, entry):
    """A document as far as it is opened, and with its annotation."""
    opened = corpus.open_document(entry)
    return opened, corpus.read_document(entry, opened)[0]


@cache
def documents():
    return [read(corpus(), entry) for entry in list(corpus().index)[:14]]


def counted(corpus, pairs):
    facts, checked = figures.start(corpus), Checked()
    for (opened, document), split in pairs:
        figures.add(facts, opened, split)
        figures.add_made(facts, document)
    group = Group.of([document for (_, document), _ in pairs], corpus.layers)
    splits = [split for _, split in pairs]
    add_gold(facts, corpus.register, group, splits)
    checked.count(group, splits)
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
    known = Corpus(starter)
    pairs = [(read(known, entry), "train") for entry in known.index]
    facts, _ = merged(known, [[pair] for pair in pairs])
    assert [facts.annotators[name].passes for name in ("one", "two")] == [1, 1]
    assert set(facts.passes) == {"one/example.json", "two/example.json"}
    assert finished(known, facts) == finished(known, counted(known, pairs)[0])


def test_the_figures_are_those_of_the_annotations():
    """The sums of a layer are those of its annotations, one by one."""
    facts, _ = counted(corpus(), [(one, "train") for one in documents()])
    figures.finish(facts, corpus())
    for name, layer in facts.layers.items():
        listed = [(document.record, a) for _, document in documents() for a in document.gold.layers[name]]
        assert layer.annotations == len(listed) == sum(layer.labels.values()) == sum(layer.decided.values())
        for label in layer.labels:
            of_label = [record for record, a in listed if a.label == label]
            assert layer.labels[label] == len(of_label) == sum(layer.by_split.get(label, {}).values())
            for year, number in layer.by_year.get(label, {}).items():
                assert number == sum(record.dated[:4] == year for record in of_label)
    for name, annotator in facts.annotators.items():
        by = [
            a for _, document in documents() for listed in document.gold.layers.values() for a in listed if name in a.by
        ]
        assert annotator.gold_annotations == len(by)


def plain_entities(files):
    """Mentions of entities and events that they take part in, annotation by annotation."""
    documents, mentions, events = Counter(), Counter(), Counter()
    for file in files:
        chains = [a for a in file.layers["coreference"] if a.entity]
        of = {member: a.entity for a in chains for member in a.members}
        documents.update({a.entity for a in chains})
        mentions.update(of.values())
        for a in file.layers["event"]:
            events.update({of[g.target] for g in a.arguments if g.target in of})
    return {name: (documents[name], mentions[name], events[name]) for name in documents}


def test_entities_are_counted_as_annotations_tell():
    facts, _ = counted(corpus(), [(one, "train") for one in documents()])
    found = {name: (one.documents, one.mentions, one.events) for name, one in facts.entities.items()}
    assert found == plain_entities([document.gold for _, document in documents()])
    assert len(found) > 20
    for name, one in facts.entities.items():
        entry = corpus().register[name]
        assert (one.name, one.type, one.geonames) == (entry.name, entry.type, entry.geonames)


def test_units_and_tokens_are_counted_as_the_texts_tell():
    facts, checked = counted(corpus(), [(one, "test") for one in documents()])
    units = [(d, a) for _, d in documents() for a in d.gold.layers["structure"] if a.label in UNITS]
    assert facts.units == Counter(a.label for _, a in units)
    assert facts.tokens == sum(len(tokenize(d.text, *a.hull)[0]) for d, a in units)
    labels = Counter(
        ("test", f"{name}/{a.label}") for _, d in documents() for name, listed in d.gold.layers.items() for a in listed
    )
    assert checked.labels == labels
