"""The metadata of a release, each format read and validated by the tool that others read it with."""

import json
import shutil
import socket
from functools import cache
from urllib.parse import unquote

import frictionless
import jsonschema
import mlcroissant
import pyarrow.parquet as pq
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_of_example import run
from rocrate.rocrate import ROCrate

from krisc.citing import content_hash
from krisc.config import Responsible
from krisc.facts import Facts, LayerFacts
from krisc.metadata.checking import FILES
from krisc.metadata.responsible import properties, responsible
from krisc.release import compile_corpus, read_facts
from krisc.staging import MANIFEST
from krisc.store import Corpus
from krisc.tables import ListOf, Struct, tables
from krisc.verifying import layers_of, verify

pytestmark = pytest.mark.one_python

SDO = rdflib.SDO
TEXT = {"type": "string", "minLength": 1}
# Written after DataCite's documentation of kernel 4 (what is mandatory, and the lists of names that are used here).
DATACITE = {
    "type": "object",
    "required": ["schemaVersion", "types", "creators", "titles", "publisher", "publicationYear"],
    "additionalProperties": False,
    "properties": {
        "schemaVersion": {"const": "http://datacite.org/schema/kernel-4"},
        "doi": {"type": "string", "pattern": r"^10\.[0-9]{4,9}/\S+$"},
        "url": {"type": "string", "format": "uri"},
        "types": {
            "type": "object",
            "required": ["resourceTypeGeneral"],
            "properties": {"resourceTypeGeneral": {"const": "Dataset"}, "resourceType": TEXT},
            "additionalProperties": False,
        },
        "creators": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
        },
        "titles": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"type": "object", "required": ["title"], "properties": {"title": TEXT}},
        },
        "publisher": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
        "publicationYear": {"type": "string", "pattern": "^[0-9]{4}$"},
        "version": TEXT,
        "language": TEXT,
        "subjects": {"type": "array", "uniqueItems": True, "items": {"type": "object", "required": ["subject"]}},
        "dates": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["date", "dateType"],
                "properties": {
                    "date": {"type": "string", "pattern": r"^\d{4}(-\d\d(-\d\d)?)?(/\d{4}(-\d\d(-\d\d)?)?)?$"},
                    "dateType": {"enum": ["Issued", "Created", "Collected", "Available", "Updated", "Other"]},
                },
            },
        },
        "alternateIdentifiers": {
            "type": "array",
            "items": {"type": "object", "required": ["alternateIdentifier", "alternateIdentifierType"]},
        },
        "sizes": {"type": "array", "items": TEXT},
        "formats": {"type": "array", "items": TEXT},
        "rightsList": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(
                    ("rights", "rightsUri", "rightsIdentifier", "rightsIdentifierScheme", "schemeUri"), TEXT
                ),
            },
        },
        "descriptions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["description", "descriptionType"],
                "properties": {"descriptionType": {"enum": ["Abstract", "Methods", "TechnicalInfo", "Other"]}},
            },
        },
    },
}
# Written after Zenodo's documentation of deposits.
ZENODO = {
    "type": "object",
    "required": ["upload_type", "title", "creators", "description", "access_right"],
    "additionalProperties": False,
    "properties": {
        "upload_type": {"const": "dataset"},
        "access_right": {"enum": ["open", "restricted"]},
        "publication_date": {"type": "string", "format": "date"},
        "creators": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
        },
        "keywords": {"type": "array", "items": TEXT},
        "related_identifiers": {"type": "array", "items": {"type": "object", "required": ["identifier", "relation"]}},
        **dict.fromkeys(("title", "description", "version", "language", "license", "access_conditions"), TEXT),
        **dict.fromkeys(("notes", "doi"), TEXT),
    },
    "if": {"properties": {"access_right": {"const": "restricted"}}},
    "then": {"required": ["access_conditions"]},
    "else": {"required": ["license"]},
}


@pytest.fixture(scope="session")
def _small(_compiled):
    return _compiled / "dataset/releases/0.1.0"


@pytest.fixture(scope="session")
def _whole(repository):
    return repository / "dataset/releases" / Corpus(repository).config.version


@pytest.fixture(params=["starter", "repository"])
def release(request, _small, _whole):
    """The release of the smallest corpus, and the one of this repository."""
    return _small if request.param == "starter" else _whole


@pytest.fixture(scope="session")
def croissant():
    """What mlcroissant makes of a release, read once: reading takes it a second."""
    return cache(lambda folder: mlcroissant.Dataset(str(folder / "croissant.json")))


@pytest.fixture(autouse=True)
def _nobody_is_called(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was used"))


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


# --- Croissant ------------------------------------------------------------------------------------------------------


def plain(value):
    """A value of mlcroissant's as Python has it: text and not bytes, days and not timestamps, columns by their names."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {key.rpartition("/")[2]: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.date() if hasattr(value, "date") else value


def is_deep(type_):
    return isinstance(type_.item if isinstance(type_, ListOf) else type_, Struct)


def told(type_, value):
    """A value of Parquet as the reader of Croissant gives it: structs without those in them, and never null as a whole."""
    inner = type_.item if isinstance(type_, ListOf) else type_
    if not isinstance(inner, Struct):
        return value
    names = [column.name for column in inner.columns if not is_deep(column.type)]
    if isinstance(type_, ListOf):
        return [{name: one[name] for name in names} for one in ([dict.fromkeys(names)] if value is None else value)]
    return {name: value[name] if value else None for name in names}


def test_mlcroissant_finds_nothing_to_say(release, caplog):
    data = mlcroissant.Dataset(str(release / "croissant.json"))
    report = data.metadata.ctx.issues
    assert not report.errors
    assert not report.warnings
    assert "not standard" not in caplog.text
    assert data.metadata.ctx.conforms_to.value.endswith("croissant/1.0")


def test_mlcroissant_reads_every_row_of_every_table(release, croissant):
    data = croissant(release)
    facts = read_facts(release)
    declared = tables(layers_of(release, facts))
    for name, splits in facts.tables.items():
        number = 0
        rows = (
            {"split": split, **{c.name: told(c.type, row[c.name]) for c in declared[name].columns}}
            for split, one in sorted(splits.items())
            for file in one.files
            for row in pq.read_table(release / file).to_pylist()
        )
        for record, row in zip(data.records(name), rows, strict=True):
            assert plain(record) == row
            number += 1
        assert number == sum(one.rows for one in splits.values())


def test_a_split_can_be_asked_for(_whole, croissant):
    facts = read_facts(_whole)
    for split, one in facts.tables["relation"].items():
        records = list(croissant(_whole).records("relation", filters={"relation/split": split}))
        assert len(records) == one.rows
        assert {record["relation/split"] for record in records} == {split.encode()}


def test_numbers_of_labels_have_names(release, croissant):
    data = croissant(release)
    facts = read_facts(release)
    for name, layer in facts.layers.items():
        names = plain(list(data.records(f"{name}/label/names")))
        assert [one["name"] for one in names] == list(layer.labels)
        assert [one["number"] for one in names] == list(range(len(layer.labels)))


def test_every_label_column_says_where_its_names_are(_whole):
    value = read(_whole, "croissant.json")
    known = {one["@id"] for one in value["recordSet"]}

    def fields(listed):
        for one in listed:
            yield one
            yield from fields(one.get("subField", []))

    labels = [
        one
        for record_set in value["recordSet"]
        for one in fields(record_set["field"])
        if "cr:Label" in one.get("dataType", [])
    ]
    assert len(labels) > 50
    for one in labels:
        assert one["description"].rpartition(" in ")[2].rstrip(".") in known


def test_the_responsible_properties_are_read_by_mlcroissant(_whole, repository, croissant):
    metadata = croissant(_whole).metadata
    said, facts = Corpus(repository).config.responsible, read_facts(_whole)
    assert metadata.data_biases == list(said.biases)
    assert metadata.data_use_cases == list(said.uses)
    assert metadata.personal_sensitive_information == list(said.sensitive)
    assert metadata.data_social_impact == said.impact
    assert set(said.limitations) < set(metadata.data_limitations)
    assert f"{facts.documents} document(s)" in metadata.data_collection
    assert f"{facts.annotations:,} gold annotations" in str(metadata.data_annotation_protocol)
    assert len(metadata.data_annotation_analysis) > len(facts.layers)
    assert "Independent passes over a document: 2 over" in metadata.annotations_per_item
    assert len(metadata.annotator_demographics) == sum(
        bool(a.passes or a.gold_annotations) for a in facts.annotators.values()
    )


def test_croissant_is_schema_org(release):
    """What a search engine reads: JSON-LD whose terms are those of schema.org/Dataset."""
    value = read(release, "croissant.json")
    graph = rdflib.Graph().parse(data=json.dumps(value), format="json-ld", publicID="https://example.org/")
    [dataset] = graph.subjects(rdflib.RDF.type, SDO.Dataset)

    def said(term):
        return {str(one) for one in graph.objects(dataset, term)}

    facts = read_facts(release)
    assert said(SDO.version) == {facts.version}
    assert said(SDO.alternateName) == {facts.title}
    assert said(SDO.identifier) == {f"sha256:{content_hash(facts)}"}
    for term in (SDO.name, SDO.description, SDO.license, SDO.creator, SDO.keywords, SDO.datePublished, SDO.inLanguage):
        assert said(term)
    files = {
        str(graph.value(one, SDO.contentUrl)): str(graph.value(one, SDO.sha256))
        for one in graph.objects(dataset, SDO.distribution)
        if graph.value(one, SDO.sha256)
    }
    assert {unquote(k.removeprefix("https://example.org/")): v for k, v in files.items()} == {
        name: one.sha256 for name, one in facts.files.items() if name in value_files(value)
    }
    assert {name for name in facts.files if name.endswith(".parquet")} <= value_files(value)


def value_files(value):
    return {one["@id"] for one in value["distribution"] if one["@type"] == "cr:FileObject"}


# --- RO-Crate -------------------------------------------------------------------------------------------------------


def test_rocrate_reads_every_file(release):
    crate = ROCrate(release)
    facts = read_facts(release)
    assert crate.version == "1.1"
    assert crate.root_dataset["version"] == facts.version
    assert crate.root_dataset.datePublished.year >= 2000
    on_disk = {p.relative_to(release).as_posix() for p in release.rglob("*") if p.is_file()}
    assert {unquote(one.id) for one in crate.data_entities} == on_disk - {"ro-crate-metadata.json"}
    for one in crate.data_entities:
        if one["name"] in facts.files:
            assert one["sha256"] == facts.files[one["name"]].sha256
            assert int(one["contentSize"]) == facts.files[one["name"]].bytes


def test_nothing_in_the_crate_points_nowhere(release):
    graph = read(release, "ro-crate-metadata.json")["@graph"]
    ids = [one["@id"] for one in graph]
    assert len(ids) == len(set(ids))

    def references(value):
        if isinstance(value, dict):
            yield from [value["@id"]] if value.keys() == {"@id"} else ()
            for one in value.values():
                yield from references(one)
        elif isinstance(value, list):
            for one in value:
                yield from references(one)

    assert set(references(graph)) - set(ids) == {"https://w3id.org/ro/crate/1.1"}
    crate = ROCrate(release)
    assert crate.root_dataset["author"][0]["name"]
    assert crate.get("#compilation")["instrument"]["name"] == "krisc"


def test_a_crate_survives_rocrate(_small, tmp_path):
    """Read and written again by the library, it says the same."""
    ROCrate(_small).write(tmp_path / "again")
    before, after = (
        {one["@id"]: one for one in read(folder, "ro-crate-metadata.json")["@graph"]}
        for folder in (_small, tmp_path / "again")
    )
    assert before.keys() == after.keys()
    assert {i: after[i] for i in before if before[i]["@type"] == "File"} == {
        i: one for i, one in before.items() if one["@type"] == "File"
    }


# --- DataCite and Zenodo --------------------------------------------------------------------------------------------


def test_datacite_has_what_is_mandatory(release):
    value = read(release, "datacite.json")
    jsonschema.Draft202012Validator(DATACITE, format_checker=jsonschema.FormatChecker()).validate(value)
    facts = read_facts(release)
    assert value["version"] == facts.version
    assert {
        "alternateIdentifier": f"sha256:{content_hash(facts)}",
        "alternateIdentifierType": "SHA-256 of the rows",
    } in (value["alternateIdentifiers"])
    assert len(value["rightsList"]) == 1 + len(facts.rights)


def test_zenodo_has_what_a_deposit_needs(release):
    value = read(release, ".zenodo.json")
    jsonschema.Draft202012Validator(ZENODO, format_checker=jsonschema.FormatChecker()).validate(value)


def test_texts_that_are_not_cleared_are_not_called_open(_small, _whole):
    assert read(_small, ".zenodo.json")["access_right"] == "open"
    assert read(_small, ".zenodo.json")["license"] == "cc-by-4.0"
    whole = read(_whole, ".zenodo.json")
    assert whole["access_right"] == "restricted"
    assert "license" not in whole
    for rights in read_facts(_whole).rights:
        assert rights in whole["access_conditions"]
        assert rights in json.dumps(read(_whole, "datacite.json"), ensure_ascii=False)
        assert rights in json.dumps(read(_whole, "ro-crate-metadata.json"), ensure_ascii=False)


def test_a_doi_and_a_home_page_stand_everywhere(starter):
    config = starter / "dataset/corpus.toml"
    words = config.read_text().replace('homepage = ""', 'homepage = "https://example.org/c"')
    config.write_text(words.replace("[citation]", '[citation]\ndoi = "10.1234/abcd"'))
    folder = compile_corpus(Corpus(starter)).folder
    for name in FILES:
        shown = (folder / name).read_text()
        assert "10.1234/abcd" in shown, name
    for name in ("datacite.json", ".zenodo.json"):
        assert "https://example.org/c" in (folder / name).read_text()
    jsonschema.validate(read(folder, "datacite.json"), DATACITE)
    jsonschema.validate(read(folder, ".zenodo.json"), ZENODO)
    assert mlcroissant.Dataset(str(folder / "croissant.json")).metadata.url == "https://doi.org/10.1234/abcd"


# --- Frictionless ---------------------------------------------------------------------------------------------------


def test_frictionless_takes_the_descriptor(release):
    value = read(release, "datapackage.json")
    assert frictionless.Package.validate_descriptor(value).valid
    facts = read_facts(release)
    for resource in value["resources"]:
        one = facts.files[resource["path"]]
        assert (resource["bytes"], resource["hash"]) == (one.bytes, f"sha256:{one.sha256}")
    assert {r["path"] for r in value["resources"]} == {name for name in facts.files if name.endswith(".parquet")}


def test_frictionless_finds_every_row_as_the_package_says(release):
    """The rows as pyarrow reads them: frictionless's own reader makes numpy arrays of lists, which it then refuses."""
    for resource in read(release, "datapackage.json")["resources"]:
        rows = pq.read_table(release / resource["path"]).to_pylist()
        schema = frictionless.Schema.from_descriptor(resource["schema"])
        report = frictionless.Resource(name=resource["name"], data=rows, schema=schema).validate()
        assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])[:3]
        assert report.tasks[0].stats["rows"] == len(rows)


def test_frictionless_on_the_files_themselves_stumbles_over_lists_only(_small):
    """When this fails, frictionless has learnt to read lists, and the test above can read the files instead."""
    kinds = {
        (type_, note) for type_, note in frictionless.validate(_small / "datapackage.json").flatten(["type", "note"])
    }
    assert {type_ for type_, _ in kinds} == {"type-error", "byte-count"}
    assert {note for type_, note in kinds if type_ == "type-error"} == {'type is "array/default"'}
    assert all('actual is "None"' in note for type_, note in kinds if type_ == "byte-count")


# --- all of them ----------------------------------------------------------------------------------------------------


def test_metadata_is_listed_hashed_and_verified(_small, tmp_path):
    copy = shutil.copytree(_small, tmp_path / "copy")
    facts = read_facts(copy)
    assert set(FILES) < set(facts.files)
    assert verify(copy)[0] == []
    (copy / ".zenodo.json").write_text("{}")
    assert [(f.id, f.place.file) for f in verify(copy)[0]] == [("file-altered", ".zenodo.json")]
    (copy / ".zenodo.json").unlink()
    assert ("file-lost", ".zenodo.json") in [(f.id, f.place.file) for f in verify(copy)[0]]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda facts, text: text.replace(content_hash(facts), "0" * 64), "figure-wrong"),
        (lambda facts, text: text.replace(facts.version, "9.9.9"), "version-mixed"),
        (lambda _facts, _text: "[]", "figure-wrong"),
        (lambda _facts, _text: "{", "figure-wrong"),
        (lambda _facts, _text: '{"@graph": 3, "version": {}}', "figure-wrong"),
    ],
)
def test_metadata_that_was_changed_though_the_hashes_were_put_right(_small, tmp_path, name, change, wanted):
    from test_verify import reseal  # noqa: PLC0415 - what a forger does

    copy = shutil.copytree(_small, tmp_path / "copy")
    (copy / name).write_text(change(read_facts(copy), (copy / name).read_text()))
    reseal(copy)
    assert (wanted, name) in [(f.id, f.place.file) for f in verify(copy)[0]]


@pytest.mark.parametrize("name", ["croissant.json", "datapackage.json", "ro-crate-metadata.json"])
def test_a_hash_in_the_metadata_is_held_to_the_file(_small, tmp_path, name):
    from test_verify import reseal  # noqa: PLC0415

    copy = shutil.copytree(_small, tmp_path / "copy")
    digest = read_facts(copy).files["entity/train-00000.parquet"].sha256
    (copy / name).write_text((copy / name).read_text().replace(digest, "f" * 64))
    reseal(copy)
    found = [f for f in verify(copy)[0] if f.place.file == name]
    assert [f.data["what"] for f in found] == ["SHA-256 of entity/train-00000.parquet"]


def test_metadata_has_the_same_bytes_each_time(starter, tmp_path):
    one, other = (compile_corpus(Corpus(starter), tmp_path / name).folder for name in ("one", "other"))
    for name in (*FILES, MANIFEST):
        assert (one / name).read_bytes() == (other / name).read_bytes()
        assert str(tmp_path) not in (one / name).read_text()


def test_odd_words_break_no_format(starter):
    config = starter / "dataset/corpus.toml"
    title = "\"{{ facts }} {% if %} [dataBiases] <b>&amp; 'ä' \u202e 100 %\""
    odd = '"{{ facts }}\\n# - x\\n[dataBiases]\\u2028\\n- y"'
    words = config.read_text().replace('title = "My corpus"', f"title = {title}")
    limitations = words.index("limitations = [")
    words = (
        f"{words[:limitations]}limitations = [{odd}, '[dataBiases]', '- x']\nimpact = '[dataBiases*]'\nbiases = ['b']\n"
    )
    config.write_text(words)
    folder = compile_corpus(Corpus(starter)).folder
    metadata = mlcroissant.Dataset(str(folder / "croissant.json")).metadata
    assert metadata.data_biases == ["b"]
    assert metadata.data_social_impact == "[dataBiases*]"
    assert {"[dataBiases]", "- x"} < set(metadata.data_limitations)
    assert ROCrate(folder).name == Corpus(starter).config.title
    assert frictionless.Package.validate_descriptor(read(folder, "datapackage.json")).valid
    jsonschema.validate(read(folder, "datacite.json"), DATACITE)
    assert verify(folder)[0] == []


SENTENCE = st.text(min_size=1).filter(str.strip)


@settings(max_examples=50)
@given(st.lists(SENTENCE, max_size=3), st.lists(SENTENCE, max_size=3), SENTENCE)
def test_every_sentence_of_the_makers_is_carried(limitations, biases, impact):
    said = Responsible(limitations=tuple(limitations), biases=tuple(biases), impact=impact)
    facts = Facts("c", "C", "1.0.0", "1", layers={"entity": LayerFacts()})

    class Config:
        responsible = said

    made = responsible(Config, facts)

    def bare(text):
        return "".join(text.split())

    assert {bare(one) for one in limitations} <= {bare(one) for one in made["dataLimitations"]}
    assert {bare(one) for one in biases} == {bare(one) for one in made.get("dataBiases", [])}
    assert bare(made["dataSocialImpact"]) == bare(impact)


def test_a_template_is_cut_into_properties():
    assert properties("[one]\n a\n\n b .\n[many*]\n- c\n d\n- c d\n- e\n[none]\n\n[none*]\n") == {
        "one": "a b.",
        "many": ["c d", "e"],
    }


def test_every_corpus_of_the_repository_is_described_alike(article, tmp_path):
    """One document with all layers: a corpus of another shape than both others."""
    assert run("compile", "--quiet", "--corpus", article, "--out", tmp_path / "out") == 0
    data = mlcroissant.Dataset(str(tmp_path / "out/croissant.json"))
    assert not data.metadata.ctx.issues.errors
    assert len(list(data.records("documents"))) == 1
    ROCrate(tmp_path / "out")
