"""Files that other tools' own libraries wrote, and our files as those libraries read them."""

import json
from pathlib import Path

import bioc
import cassis
import gatenlp
import pytest
import spacy
from bioc import biocjson
from label_studio_sdk.label_interface import LabelInterface
from passes_of_example import run
from spacy.tokens import DocBin, Span, SpanGroup

from krisc.interchange.exporting import export_corpus
from krisc.interchange.importing import import_corpus
from krisc.store import Corpus

pytestmark = pytest.mark.one_python

TEXT = "😀 Karwan met Zerin in Soran.\nThey left.\n"
KARWAN, ZERIN, SORAN = ((TEXT.index(w), TEXT.index(w) + len(w)) for w in ("Karwan", "Zerin", "Soran"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory, article):
    """The corpus in a format, made once."""
    folder, made = tmp_path_factory.mktemp("exported"), {}

    def export(name):
        if name not in made:
            export_corpus(name, Corpus(article), folder / name)
            made[name] = folder / name
        return made[name]

    return export


@pytest.fixture(scope="module")
def gold(article):
    """Text and layers of the first document of the corpus."""
    corpus = Corpus(article)
    entry = corpus.index[0]
    text = corpus.raw_path(entry.id).read_bytes().decode()
    return entry.id, text, corpus.read_annotations(corpus.gold_path(entry.id)).layers


def imported(name, path, tmp_path):
    report, findings = import_corpus(name, path, tmp_path / "corpus")
    assert findings == []
    assert report.aside == []
    corpus = Corpus(tmp_path / "corpus")
    [entry] = corpus.index
    return report, corpus.read_annotations(corpus.gold_path(entry.id)).layers


def words(layers, layer):
    return [(a.label, " … ".join(s.quote for s in a.anchor)) for a in layers.get(layer, ())]


def whole(listed):
    """Words and label of what has one stretch of text, as tools without discontinuous spans have it."""
    return sorted((a.anchor[0].quote, a.label) for a in listed if len(a.anchor) == 1)


# --- our files, read by the tools ---------------------------------------------------------------------------------------


def test_spacy_reads_a_docbin(exported, gold):
    _, text, layers = gold
    [doc] = DocBin().from_disk(exported("spacy")).get_docs(spacy.blank("en").vocab)
    assert doc.text == text
    for layer in ("entity", "time", "event"):
        assert sorted((s.text, s.label_) for s in doc.spans[layer]) == whole(layers[layer])
    assert {e.text for e in doc.ents} <= {a.anchor[0].quote for a in layers["entity"]}


def test_cassis_reads_xmi_and_json(exported, gold):
    id_, text, layers = gold
    folder = exported("cas-xmi")
    system = cassis.load_typesystem(folder / "TypeSystem.xml")
    xmi = cassis.load_cas_from_xmi(folder / f"{id_}.xmi", typesystem=system)
    made = cassis.load_cas_from_json((exported("cas-json") / f"{id_}.json").read_text(encoding="utf-8"))
    for cas in (xmi, made):
        assert cas.sofa_string == text
        found = cas.select("webanno.custom.Entity")
        assert sorted((x.get_covered_text(), x.label) for x in found) == whole(layers["entity"])
        meets = [x for x in cas.select("webanno.custom.Event") if x.label == "MEET" and x.arguments]
        assert {link.role for x in meets for link in x.arguments.elements} >= {"Participant"}


@pytest.mark.parametrize("suffix", ["xml", "json"])
def test_bioc_reads_xml_and_json(exported, gold, suffix):
    id_, text, layers = gold
    module = biocjson if suffix == "json" else bioc
    with (exported(f"bioc-{suffix}") / f"{id_}.{suffix}").open(encoding="utf-8") as stream:
        [document] = module.load(stream).documents
    [passage] = document.passages
    assert passage.text == text
    for a in passage.annotations:
        assert a.text == " ".join(text[x.offset : x.offset + x.length] for x in a.locations)
    assert sum(a.infons.get("layer") == "entity" for a in passage.annotations) == len(layers["entity"])


def test_gatenlp_reads_bdocjs(exported, gold):
    id_, text, layers = gold
    doc = gatenlp.Document.load(str(exported("gate") / f"{id_}.bdocjs"))
    assert doc.text == text
    found = [(doc[a], a.type) for a in doc.annset("entity")]
    assert sorted(found) == sorted((text[slice(*a.hull)], a.label) for a in layers["entity"])


def test_label_studio_takes_the_configuration_and_the_tasks(exported, gold):
    _, _, layers = gold
    folder = exported("labelstudio")
    interface = LabelInterface((folder / "config.xml").read_text(encoding="utf-8"))
    [task] = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    interface.validate()
    assert interface.validate_annotation(task["annotations"][0])
    labels = set(interface.get_tag("label").labels)
    assert {a.label for a in layers["entity"]} <= labels
    assert set(interface.get_tag("label").to_name) == {"text"}
    used = {label for r in task["annotations"][0]["result"] if r["type"] == "labels" for label in r["value"]["labels"]}
    assert used <= labels


def test_datasets_reads_the_kb_schema(exported, gold, tmp_path):
    import datasets  # noqa: PLC0415 - after conftest has set the environment

    _, text, layers = gold
    path = tmp_path / "kb.jsonl"
    path.write_bytes(exported("bigbio").read_bytes())
    [row] = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert row["passages"][0]["text"] == [text]
    ids = [x["id"] for key in ("passages", "entities", "events", "coreferences", "relations") for x in row[key]]
    assert len(ids) == len(set(ids))
    for one in row["entities"]:
        assert one["text"] == [text[s:e] for s, e in one["offsets"]]
    assert len(row["entities"]) == sum(
        len(listed) for name, listed in layers.items() if name in ("structure", "entity", "time", "quantity")
    )


# --- the tools' files, read by us ------------------------------------------------------------------------------------


def test_a_docbin_of_spacy(tmp_path):
    doc = spacy.blank("en")(TEXT)
    doc.ents = [doc.char_span(*KARWAN, label="PERSON"), doc.char_span(*SORAN, label="GPE", kb_id="Q1")]
    meeting = doc.char_span(KARWAN[0], ZERIN[1], label="MEETING")
    doc.spans["sc"] = SpanGroup(doc, name="sc", spans=[meeting, Span(doc, meeting.start, meeting.start + 1, label="X")])
    path = tmp_path / "train.spacy"
    DocBin(docs=[doc]).to_disk(path)
    _, layers = imported("spacy", path, tmp_path)
    assert words(layers, "entity") == [("PERSON", "Karwan"), ("GPE", "Soran")]
    assert layers["entity"][1].attributes == {"kb_id": "Q1"}
    assert words(layers, "sc") == [("MEETING", "Karwan met Zerin"), ("X", "Karwan")]


def typesystem():
    """Types as INCEpTION has them: a built-in layer, a relation, a slot feature and a chain."""
    system = cassis.TypeSystem()
    ner = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
    named = system.create_type(ner)
    system.create_feature(named, "value", "uima.cas.String")
    system.create_feature(named, "identifier", "uima.cas.String")
    knows = system.create_type("webanno.custom.Knows")
    system.create_feature(knows, "kind", "uima.cas.String")
    system.create_feature(knows, "Governor", named)
    system.create_feature(knows, "Dependent", named)
    link = system.create_type("webanno.custom.MeetWhoLink", "uima.cas.TOP")
    system.create_feature(link, "role", "uima.cas.String")
    system.create_feature(link, "target", "uima.tcas.Annotation")
    meet = system.create_type("webanno.custom.Meet")
    system.create_feature(meet, "who", "uima.cas.FSArray", elementType=link)
    coref = system.create_type("de.tudarmstadt.ukp.dkpro.core.api.coref.type.CoreferenceLink")
    system.create_feature(coref, "next", coref)
    system.create_feature(coref, "referenceType", "uima.cas.String")
    chain = system.create_type(
        "de.tudarmstadt.ukp.dkpro.core.api.coref.type.CoreferenceChain", "uima.cas.AnnotationBase"
    )
    system.create_feature(chain, "first", coref)
    return system


@pytest.mark.parametrize("suffix", ["xmi", "json"])
def test_a_cas_of_other_types(tmp_path, suffix):
    system = typesystem()
    cas = cassis.Cas(typesystem=system)
    cas.sofa_string = TEXT
    make = lambda name, span, **more: system.get_type(name)(begin=span[0], end=span[1], **more)  # noqa: E731
    ner = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
    karwan, zerin = make(ner, KARWAN, value="PER", identifier="Q7"), make(ner, ZERIN, value="PER")
    who = system.get_type("webanno.custom.MeetWhoLink")
    met = TEXT.index("met"), TEXT.index("met") + 3
    links = system.get_type("uima.cas.FSArray")(
        elements=[who(role="first", target=karwan), who(role="second", target=zerin)]
    )
    they = TEXT.index("They"), TEXT.index("They") + 4
    coref = "de.tudarmstadt.ukp.dkpro.core.api.coref.type.Coreference"
    last = make(f"{coref}Link", they, referenceType="pronoun")
    first = make(f"{coref}Link", KARWAN, referenceType="name", next=last)
    knowing = make("webanno.custom.Knows", ZERIN, kind="well", Governor=karwan, Dependent=zerin)
    meeting, chain = make("webanno.custom.Meet", met, who=links), system.get_type(f"{coref}Chain")(first=first)
    cas.add_all([karwan, zerin, meeting, first, last, knowing, chain])
    folder = tmp_path / "cas"
    folder.mkdir()
    if suffix == "xmi":
        system.to_xml(folder / "TypeSystem.xml")
        cas.to_xmi(folder / "d.xmi")
    else:
        cas.to_json(folder / "d.json")
    _, layers = imported(f"cas-{suffix}", folder, tmp_path)
    assert words(layers, "named_entity") == [("PER", "Karwan"), ("PER", "Zerin")]
    assert layers["named_entity"][0].attributes == {"identifier": "Q7"}
    [meet] = layers["meet"]
    ids = [a.id for a in layers["named_entity"]]
    assert ([s.quote for s in meet.trigger], [g.role for g in meet.arguments]) == (["met"], ["first", "second"])
    [knows] = layers["knows"]
    assert [g.target for g in knows.arguments] == [g.target for g in meet.arguments] == ids
    assert words(layers, "mention") == [("pronoun", "They")]
    [chain] = layers["coreference"]
    assert chain.members == (ids[0], layers["mention"][0].id)


@pytest.mark.parametrize("suffix", ["xml", "json"])
def test_a_bioc_collection_with_sentences(tmp_path, suffix):
    collection = bioc.BioCCollection()
    collection.source, collection.date, collection.key = "test", "2024", "test.key"
    document = bioc.BioCDocument()
    document.id = "PMC/1"
    passage = bioc.BioCPassage()
    passage.offset = 0
    for sentence_text in ("Aspirin helps mice.", "It does."):
        sentence = bioc.BioCSentence()
        sentence.offset = 0 if sentence_text.startswith("A") else 20
        sentence.text = sentence_text
        passage.add_sentence(sentence)
    for n, (word, type_, at) in enumerate(
        [("Aspirin", "Chemical", [(0, 7)]), ("helps … does", "Effect", [(8, 5), (23, 4)])]
    ):
        a = bioc.BioCAnnotation()
        a.id, a.text, a.infons = f"A {n}", word.replace(" … ", " "), {"type": type_, "identifier": f"id{n}"}
        for offset, length in at:
            a.add_location(bioc.BioCLocation(offset, length))
        passage.sentences[0].add_annotation(a)
    relation = bioc.BioCRelation()
    relation.id, relation.infons = "R1", {"type": "Treats"}
    relation.add_node(bioc.BioCNode("A 0", "agent"))
    relation.add_node(bioc.BioCNode("A 1", "effect"))
    document.add_passage(passage)
    document.add_relation(relation)
    collection.add_document(document)
    path = tmp_path / f"c.{suffix}"
    with path.open("w", encoding="utf-8") as stream:
        (biocjson if suffix == "json" else bioc).dump(collection, stream)
    _, layers = imported(f"bioc-{suffix}", path, tmp_path)
    assert words(layers, "entity") == [("Chemical", "Aspirin"), ("Effect", "helps … does")]
    assert layers["entity"][0].attributes == {"identifier": "id0"}
    [treats] = layers["relation"]
    assert [(g.role, g.target) for g in treats.arguments] == [("agent", "A-0"), ("effect", "A-1")]


def test_a_document_of_gatenlp(tmp_path):
    doc = gatenlp.Document(TEXT)
    doc.annset("Key").add(*KARWAN, "Person", {"rule": "first", "sure": True})
    doc.annset("Key").add(*SORAN, "Location")
    path = tmp_path / "d.bdocjs"
    doc.save(str(path))
    _, layers = imported("gate", path, tmp_path)
    assert words(layers, "entity") == [("Person", "Karwan"), ("Location", "Soran")]
    assert layers["entity"][0].attributes == {"rule": "first", "sure": True}


def test_the_shape_that_tweets_have(tmp_path):
    entities = {"Person": [{"indices": list(KARWAN), "rule": "x"}], "Key:Location": [{"indices": list(SORAN)}]}
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"text": TEXT, "entities": entities}), encoding="utf-8")
    _, layers = imported("gate", path, tmp_path)
    assert words(layers, "entity") == [("Person", "Karwan"), ("Location", "Soran")]


def test_a_library_that_is_not_installed_is_a_finding(tmp_path, monkeypatch, capsys):
    import sys  # noqa: PLC0415

    (tmp_path / "x.conllu").write_text("1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n")
    monkeypatch.setitem(sys.modules, "conllu", None)
    assert run("import", "conllu", tmp_path / "x.conllu", "--into", tmp_path / "corpus") == 2
    told = capsys.readouterr().out
    assert "extra-missing" in told
    assert "pip install 'krisc[conllu]'" in told
    assert not Path(tmp_path / "corpus").exists()
