"""Other formats: what one can carry survives there and back exactly, and what it cannot is counted."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passes_of_example import run

from krisc.canonical import dumps
from krisc.interchange import FORMATS, base
from krisc.interchange.base import Report, slug
from krisc.interchange.exporting import export_corpus
from krisc.interchange.importing import import_corpus
from krisc.model import Annotation, AnnotationFile, Argument, Segment
from krisc.starter import create
from krisc.store import Corpus

ATTRIBUTES = """
[attributes.famous]
type = "boolean"
definition = "Whether everybody knows it."
[attributes.kind]
type = "string"
definition = "A word for it."
"""
WORDS = st.sampled_from(
    ["Karwan", "met", "Zerin", "ئازاد", "هەولێر", "😀", "e\u0301te\u0301", "naïve", "O'Brien", "12.5", "𝔘nd"]
)
SPACES = st.sampled_from([" ", " ", " ", "\n", "\r\n", "\t", "  ", "\u00a0"])


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schema") / "corpus"
    create(folder)
    entity = folder / "schema/layers/entity.toml"
    entity.write_text(entity.read_text().replace("required = true\n", "") + ATTRIBUTES)
    coreference = folder / "schema/layers/coreference.toml"
    coreference.write_text(coreference.read_text().replace("register = true\n", ""))
    event = folder / "schema/layers/event.toml"
    event.write_text(event.read_text().replace("required = true\n", ""))
    return folder


@st.composite
def documents(draw):
    """A text and annotations of every kind, on whole words."""
    words = draw(st.lists(WORDS, min_size=2, max_size=12))
    gaps = [draw(SPACES) for _ in words]
    text, places = "", []
    for word, gap in zip(words, gaps, strict=True):
        places.append((len(text), len(text) + len(word)))
        text += word + gap

    def segment(first, last):
        start, end = places[first][0], places[last][1]
        return Segment(start, end, text[start:end])

    def stretch():
        first = draw(st.integers(0, len(words) - 1))
        return first, draw(st.integers(first, min(first + 2, len(words) - 1)))

    def anchor():
        """One stretch of words, or two with a word between."""
        first, last = stretch()
        if last + 2 < len(words) and draw(st.booleans()):
            return segment(first, last), segment(last + 2, draw(st.integers(last + 2, len(words) - 1)))
        return (segment(first, last),)

    seen, entities = set(), []
    for _ in range(draw(st.integers(0, 5))):
        segments, label = anchor(), draw(st.sampled_from(["PERSON", "PLACE"]))
        if (segments, label) not in seen:
            seen.add((segments, label))
            more = {
                "mention": draw(st.sampled_from(["name", "nominal"]) | st.none()),
                "famous": draw(st.booleans() | st.none()),
                "kind": draw(st.sampled_from(["x", "a b", "é", "true-ish"]) | st.none()),
            }
            attributes = {k: v for k, v in more.items() if v is not None}
            note = draw(st.sampled_from(["", "", "a note"]))
            entities.append(Annotation(f"e{len(entities)}", label, segments=segments, attributes=attributes, note=note))
    ids = [a.id for a in entities]
    pick = st.sampled_from(ids) if ids else st.nothing()
    events = []
    triggers = [anchor() for _ in range(draw(st.integers(0, 3)))]
    for n, trigger in enumerate(dict.fromkeys(triggers)):
        roles = [(r, draw(pick)) for r in draw(st.lists(st.sampled_from(["Participant", "Place"]), max_size=3)) if ids]
        roles += [("Topic", draw(st.sampled_from(events)).id)] if events and draw(st.booleans()) else []
        more = {"attributes": {"modality": "planned"}, "note": "why?"} if draw(st.booleans()) else {}
        arguments = tuple(Argument(role, target) for role, target in dict.fromkeys(roles))
        events.append(Annotation(f"v{n}", "MEET", trigger=trigger, arguments=arguments, **more))
    relations, chains = [], []
    if len(ids) > 1:
        for n, pair in enumerate(draw(st.lists(st.tuples(pick, pick), max_size=2, unique=True))):
            if pair[0] != pair[1]:
                relations.append(
                    Annotation(f"r{n}", "KNOWS", arguments=(Argument("head", pair[0]), Argument("tail", pair[1])))
                )
        members = draw(st.lists(pick, max_size=3, unique=True))
        if members:
            chains.append(Annotation("c0", "ENTITY", members=tuple(members)))
    layers = {"structure": (), "entity": entities, "event": events, "relation": relations, "coreference": chains}
    return text, {name: tuple(listed) for name, listed in layers.items()}


def said(layers):
    """What annotations say, without their ids."""
    where = {a.id: (name, a.label, a.anchor) for name, listed in layers.items() for a in listed}
    return {
        (
            name,
            a.label,
            a.anchor,
            frozenset((g.role, where.get(g.target)) for g in a.arguments),
            frozenset(where.get(m) for m in a.members),
            frozenset(a.attributes.items()),
            a.note,
        )
        for name, listed in layers.items()
        for a in listed
    }


def without(layers, *fields, members=1):
    kept = {}
    for name, listed in layers.items():
        plain = {"attributes": {}, "note": "", "arguments": ()}
        kept[name] = [
            msgspec.structs.replace(a, **{f: plain[f] for f in fields if f != "arguments" or a.trigger})
            for a in listed
            if not a.members or len(a.members) >= members
        ]
    return kept


def whole(layers):
    """Without what is discontinuous, and what cannot be without that."""
    gone = {a.id for listed in layers.values() for a in listed if len(a.anchor) > 1}
    kept = {}
    for name, listed in layers.items():
        made = [
            msgspec.structs.replace(
                a,
                arguments=tuple(g for g in a.arguments if g.target not in gone),
                members=tuple(m for m in a.members if m not in gone),
            )
            for a in listed
            if a.id not in gone
        ]
        kept[name] = [a for a in made if a.anchor or a.members or len(a.arguments) == 2]
    return kept


def brat(layers):
    kept = without(layers, members=2)
    words = lambda a: {k: v for k, v in a.attributes.items() if " " not in str(v)}  # noqa: E731 - what brat has room for
    return {n: [msgspec.structs.replace(a, attributes=words(a)) for a in listed] for n, listed in kept.items()}


def uncrossed(layers, within=lambda a: ""):
    """Spans and events in order, without those that cross one before them (of the same group)."""
    taken, kept = {}, {}
    every = sorted(
        ((name, a) for name in ("entity", "event") for a in layers[name]), key=lambda x: (x[1].hull[0], -x[1].hull[1])
    )
    for name, a in every:
        others = taken.setdefault(within(a), [])
        if not any(s < a.hull[0] < e < a.hull[1] for s, e in others):
            others.append(a.hull)
            kept.setdefault(name, []).append(a)
    return {"entity": kept.get("entity", []), "event": kept.get("event", [])}


def spans(layers):
    layers = whole(layers)
    bare = without(layers, "attributes", "note", "arguments")
    return {"entity": bare["entity"], "event": bare["event"]}


def inline(layers):
    return uncrossed(without(whole(layers), "arguments"))


def mentions(layers):
    chain = {m: a.id for a in layers["coreference"] for m in a.members}
    kept = uncrossed(without(layers, "arguments"), within=lambda a: chain.get(a.id, a.id))
    ids = {a.id for listed in kept.values() for a in listed}
    chains = [
        msgspec.structs.replace(a, members=tuple(m for m in a.members if m in ids)) for a in layers["coreference"]
    ]
    return {**kept, "coreference": chains}


CARRIED = {
    "webannotation": lambda layers: layers,
    "gate": lambda layers: layers,
    "bioc-json": lambda layers: layers,
    "bioc-xml": lambda layers: layers,
    "cas-json": whole,
    "cas-xmi": whole,
    "webanno": whole,
    "bigbio": lambda layers: without(layers, "attributes", "note"),
    "conllu": mentions,
    "spacy": spans,
    "inlinexml": inline,
    "timeml": lambda layers: {
        "event": uncrossed({**whole(without(layers, "arguments", "note")), "entity": []})["event"]
    },
    "brat": brat,
    "labelstudio": lambda layers: without(whole(layers), "note", members=2),
    "doccano": lambda layers: without(whole(layers), "attributes", "note", members=2),
    "prodigy": lambda layers: without(whole(layers), "attributes", "note", members=2),
}


def corpus_of(schema, folder, made):
    shutil.copytree(schema, folder)
    shutil.rmtree(folder / "annotations/gold")
    (folder / "annotations/gold").mkdir()
    shutil.rmtree(folder / "dataset/raw")
    (folder / "dataset/raw").mkdir()
    record = json.loads((folder / "dataset/documents.jsonl").read_text())
    corpus, lines = Corpus(folder), []
    for name, (text, layers) in made.items():
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        credited = {
            k: tuple(msgspec.structs.replace(a, by=("starter",), decided="single") for a in listed)
            for k, listed in layers.items()
        }
        (folder / f"dataset/raw/{name}.txt").write_bytes(data)
        file = AnnotationFile(name, digest, "0.1.0", credited)
        (folder / f"annotations/gold/{name}.json").write_text(dumps(file, corpus.layers), encoding="utf-8", newline="")
        lines.append(json.dumps({**record, "id": name, "sha256": digest}) + "\n")
    (folder / "dataset/documents.jsonl").write_text("".join(lines))
    return Corpus(folder)


def read_back(folder):
    corpus = Corpus(folder)
    texts = {entry.id: corpus.raw_path(entry.id).read_bytes().decode() for entry in corpus.index}
    return {e.id: (texts[e.id], corpus.read_annotations(corpus.gold_path(e.id)).layers) for e in corpus.index}


@pytest.mark.parametrize("name", CARRIED)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(documents(), min_size=1, max_size=4))  # a corpus takes longer to set up than a document to convert
def test_what_a_format_can_carry_survives(schema, name, made):
    given_ = {f"doc-{n}": one for n, one in enumerate(made)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus = corpus_of(schema, folder / "corpus", given_)
        report = export_corpus(name, corpus, folder / "out")
        import_corpus(name, folder / "out", folder / "back", schema=schema)
        back = read_back(folder / "back")
    assert set(back) == set(given_)
    for document, (text, layers) in given_.items():
        kept = CARRIED[name](layers)
        assert back[document][0] == text
        assert said(back[document][1]) == said(kept)
    lost = sum(len(said(layers) - said(CARRIED[name](layers))) for _, layers in given_.values())
    assert bool(set(report.counts) - PROVENANCE) == bool(lost), "a loss is told exactly where there is one"


PROVENANCE = {
    "who made an annotation, how it was decided, and its id",
    "who made an annotation and how it was decided",
    "segments that only the end of a line separates",
    "what kind of chain it is",  # the schema of the import tells it again
}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=documents())
def test_columns_carry_tokens_and_outermost_spans(schema, made):
    """CoNLL has no text: the tokens come back, and the words of every span that no other contains or crosses."""
    text, layers = made
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus = corpus_of(schema, folder / "corpus", {"doc": made})
        export_corpus("conll", corpus, folder / "out")
        import_corpus("conll", folder / "out", folder / "back", schema=schema)
        [(words, back)] = read_back(folder / "back").values()
    assert "".join(words.split()) == "".join(text.split())
    for name in ("entity", "event"):
        alone = [
            a
            for a in layers[name]
            if len(a.anchor) == 1
            and not any(b is not a and b.hull[0] < a.hull[1] and a.hull[0] < b.hull[1] for b in layers[name])
        ]
        found = {(a.label, "".join("".join(s.quote.split()) for s in a.anchor)) for a in back.get(name, ())}
        assert {(a.label, "".join(a.anchor[0].quote.split())) for a in alone} <= found


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=documents())
def test_pubtator_carries_whole_mentions(schema, made):
    """A title and an abstract on one line each: white space changes, and no offset does."""
    text, layers = made
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus = corpus_of(schema, folder / "corpus", {"doc": made})
        export_corpus("pubtator", corpus, folder / "out")
        import_corpus("pubtator", folder / "out", folder / "back", schema=schema)
        [(words, back)] = read_back(folder / "back").values()
    assert words.split() == text.split()
    assert {(a.label, a.hull) for a in back.get("entity", ())} == {(a.label, a.hull) for a in whole(layers)["entity"]}


@pytest.mark.one_python
@pytest.mark.parametrize("name", FORMATS)
def test_an_inferred_import_validates_compiles_and_loads(name, tmp_path, article):
    import datasets  # noqa: PLC0415 - after conftest has set the environment

    export_corpus(name, Corpus(article), tmp_path / "out")
    report, findings = import_corpus(name, tmp_path / "out", tmp_path / "corpus")
    assert findings == []
    assert report.aside == []
    assert run("compile", "--corpus", tmp_path / "corpus", "--quiet") == 0
    assert run("fmt", "--check", "--corpus", tmp_path / "corpus", "--quiet") == 0
    [row] = datasets.load_dataset(str(tmp_path / "corpus/dataset/releases/0.1.0"), split="train")
    assert sum(len(row[layer]) for layer in Corpus(tmp_path / "corpus").layers) == report.annotations


@pytest.mark.parametrize("name", FORMATS)
def test_strict_writes_nothing_when_something_is_lost(name, tmp_path, article, capsys):
    assert run("export", name, tmp_path / "out", "--strict", "--corpus", article) == 1
    assert "conversion-loss" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_passes_beside_the_gold_are_a_loss(passes, tmp_path):
    report = export_corpus("gate", Corpus(passes), tmp_path / "out")
    told = "annotations of passes, beside the gold"
    assert report.counts[told] > 2
    assert sorted(report.examples[told]) == ["example one", "example two"]
    assert json.loads((tmp_path / "out.losses.json").read_text())["counts"][told] == report.counts[told]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Erbil 2014/03", "erbil-2014-03"),
        ("../../etc/passwd", "etc-passwd"),
        ("  ", "document"),
        ("هەولێر", "document"),
        ("a" * 200, "a" * 90),
        ("C:\\x", "c-x"),
    ],
)
def test_names_become_ids_that_stay_in_their_folder(name, made):
    assert slug(name) == made


def test_losses_are_counted_and_listed_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(base, "SHOWN", 20)
    report = Report()
    for n in range(30):
        report.lose("something", f"here {n}")
    assert report.counts == {"something": 30}
    assert report.examples["something"] == [f"here {n}" for n in range(20)]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.jsonl").write_text('{"text": "secret", "label": []}\n')
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "mine.jsonl").write_text('{"text": "mine", "label": [[0, 4, "X"]]}\n')
    (folder / "theirs.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (folder / "up").symlink_to(tmp_path)
    report, _ = import_corpus("doccano", folder, tmp_path / "corpus")
    assert report.documents == 1
    assert "secret" not in "".join(p.read_text() for p in (tmp_path / "corpus").rglob("*.txt"))


@pytest.mark.parametrize(
    ("name", "file", "text", "loss"),
    [
        ("conll", "a.tsv", "Karwan\tNNP\tB-PER\nmet\tVBD\tO\n", "columns that hold no tags of spans"),
        (
            "gate",
            "a.bdocjs",
            '{"text": "Karwan", "features": {"x": 1}, "annotation_sets": {"": {"annotations": '
            '[{"id": 0, "type": "P", "start": 0, "end": 6}]}}}',
            "features of the document that are no metadata",
        ),
        ("inlinexml", "a.xml", '<d x="1"><P>Karwan</P></d>', "attributes of the root that are no metadata"),
        (
            "bioc-json",
            "a.json",
            '{"source": "", "date": "", "key": "", "infons": {}, "documents": [{"id": "a", "infons": {}, "relations": [], '
            '"annotations": [], "passages": [{"offset": 0, "infons": {"section": "title"}, "text": "Karwan", '
            '"sentences": [], "relations": [], "annotations": [{"id": "T1", "infons": {"type": "P"}, '
            '"text": "Karwan", "locations": [{"offset": 0, "length": 6}]}]}]}]}',
            "infons of documents, passages and sentences",
        ),
    ],
)
def test_what_a_reader_has_no_place_for_is_told(tmp_path, name, file, text, loss):
    (tmp_path / file).write_text(text)
    report, findings = import_corpus(name, tmp_path / file, tmp_path / "corpus")
    assert findings == []
    assert report.counts[loss] == 1
    assert report.annotations >= 1


def test_further_bodies_of_a_web_annotation_are_told(tmp_path):
    (tmp_path / "a.txt").write_text("Karwan")
    item = {
        "body": [{"value": "PERSON"}, {"value": "a comment"}],
        "target": {"selector": {"type": "TextPositionSelector", "start": 0, "end": 6}},
    }
    (tmp_path / "a.jsonld").write_text(json.dumps([item]))
    report, _ = import_corpus("webannotation", tmp_path / "a.jsonld", tmp_path / "corpus")
    assert report.counts["further bodies of an annotation"] == 1
