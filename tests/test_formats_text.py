"""Formats of columns and of XML, zip files and mapping files: as other tools write them, and as nobody should."""

import io
import json
import zipfile

import pytest
from passes_of_example import run
from test_formats import imported, words

from krisc.findings import KriscError
from krisc.interchange import archives, docbin
from krisc.interchange.importing import import_corpus

# --- WebAnno TSV --------------------------------------------------------------------------------------------------------

WEBANNO = """\
#FORMAT=WebAnno TSV 3.3
#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value
#T_SP=webanno.custom.Empty|
#T_SP=webanno.custom.Meet|kind|ROLE_webanno.custom.Meet:who_webanno.custom.MeetWhoLink|uima.tcas.Annotation
#T_CH=de.tudarmstadt.ukp.dkpro.core.api.coref.type.CoreferenceLink|referenceRelation|referenceType
#T_RL=webanno.custom.Knows|how|BT_de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity


#Text=😀 Karwan Ali met\\tZerin\\_X .
1-1\t0-2\t😀\t_\t_\t_\t_\t_\t_\t_\t_\t_\t_\t
1-2\t3-9\tKarwan\t*[1]|Q7[2]\tPER[1]|OTH\\|ER[2]\t_\t_\t_\t_\t*->1-1\tname[1]\t_\t_\t
1-3\t10-13\tAli\t*[1]\tPER[1]\t*\t_\t_\t_\t_\t_\t_\t_\t
1-4\t14-17\tmet\t_\t_\t_\tbig\tone;two\t1-2[1];1-5\t_\t_\t_\t_\t
1-5\t18-25\tZerin\\_X\t*\tPER\t_\t_\t_\t_\t_\t_\twell\t1-2[1_0]\t
1-5.1\t18-23\tZerin\t_\t_\t*\t_\t_\t_\t_\t_\t_\t_\t
1-6\t26-27\t.\t_\t_\t_\t_\t_\t_\t_\t_\t_\t_\t

#Text=She left
#Text=early .
2-1\t28-31\tShe\t_\t_\t_\t_\t_\t_\t*->1-2\t*[1]\t_\t_\t
2-2\t32-36\tleft\t_\t_\t_\t_\t_\t_\t_\t_\t_\t_\t
2-3\t37-42\tearly\t_\t_\t_\t_\t_\t_\t_\t_\t_\t_\t
2-4\t43-44\t.\t_\t_\t_\t_\t_\t_\t_\t_\t_\t_\t
"""


def test_webanno_with_everything_it_has(tmp_path):
    report, findings, made = imported("webanno", tmp_path, {"d.tsv": WEBANNO})
    assert findings == []
    assert report.counts == {}
    layers = made["d"]
    assert words(layers, "structure") == [
        ("SENTENCE", "😀 Karwan Ali met\tZerin_X ."),
        ("SENTENCE", "She left\nearly ."),
    ]
    assert words(layers, "named_entity") == [("PER", "Karwan Ali"), ("OTH|ER", "Karwan"), ("PER", "Zerin_X")]
    assert [a.attributes for a in layers["named_entity"]] == [{}, {"identifier": "Q7"}, {}]
    assert words(layers, "empty") == [("Empty", "Ali"), ("Empty", "Zerin")]
    ids = [a.id for a in layers["named_entity"]]
    [meet] = layers["meet"]
    assert (meet.label, meet.attributes) == ("Meet", {"kind": "big"})
    assert [(g.role, g.target) for g in meet.arguments] == [("one", ids[0]), ("two", ids[2])]
    [knows] = layers["knows"]
    assert [g.target for g in knows.arguments] == [ids[0], ids[2]]
    assert knows.attributes == {"how": "well"}
    [chain] = layers["coreference"]
    mention = layers["mention"][-1]
    assert (mention.label, mention.anchor[0].quote) == ("Mention", "She")
    assert chain.members == (ids[1], mention.id), "the only annotation on the words of a link is its member"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("1-2\t3-9\tKarwan", "1-x\t3-9\tKarwan"), 11),
        (("1-2\t3-9", "1-2\t3"), 11),
        (("#T_CH=", "#T_XX="), 5),
        (("*->1-1", "1-1"), 11),
        (("#Text=😀 Karwan", "#Text=😀 Karwan"), 0),
    ],
)
def test_lines_of_webanno_that_are_none(tmp_path, change, line):
    lines = WEBANNO.replace(*change) if line else "#FORMAT=WebAnno TSV 2\n"
    with pytest.raises(KriscError) as caught:
        imported("webanno", tmp_path, {"d.tsv": lines})
    [finding] = caught.value.findings
    assert (finding.id, finding.place.line) == ("interchange-malformed", line or 1)


def test_webanno_offsets_far_beyond_the_text_take_no_memory(tmp_path):
    lines = "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.X|\n\n\n#Text=a\n1-1\t99999999999-99999999999\ta\t*\t\n"
    with pytest.raises(KriscError):
        imported("webanno", tmp_path, {"d.tsv": lines})


# --- CoNLL-U ------------------------------------------------------------------------------------------------------------


def row(n, form, misc="_"):
    return f"{n}\t{form}\t_\tX\t_\t_\t_\t_\t_\t{misc}\n"


COREFUD = (
    "# newdoc id = one\n# global.Entity = eid-etype-head-infstat-identity\n# newpar\n# sent_id = 1\n"
    + row(1, "Karwan", "Entity=(e1-person-1-new-Karwan_Ali(e2-group-1-new-|SpaceAfter=No")
    + row("2-3", "Ali's", "SpacesAfter=\\s\\s")
    + row(2, "Ali", "Entity=e1)")
    + row(3, "'s", "_")
    + row(4, "men", "Entity=e2)(e3[1/2]-event-1-new-")
    + row(5, "set", "Entity=e3[1/2])")
    + row(6, "it", "Entity=(e4-thing-1-new-)")
    + row(7, "off", "Entity=(e3[2/2]-event-1-new-)|SpaceAfter=No")
    + row("7.1", "_", "Entity=(e1-person-1-giv-)")
    + row(8, ".")
    + "\n# sent_id = 2\n# newpar = x\n"
    + row(1, "He", "Entity=(e1-person-1-giv-)")
    + row(2, "left", "Bridge=e1<e2:part")
    + "\n# newdoc id = two\n"
    + row(1, "Alone")
    + "\n"
)


def test_corefud(tmp_path):
    report, findings, made = imported("conllu", tmp_path, {"x.conllu": COREFUD})
    assert findings == []
    assert list(made) == ["one", "two"]
    assert report.counts == {"mentions of empty nodes": 1, "parts of speech of tokens": 12, "Bridge of MISC": 1}
    layers = made["one"]
    assert [s.quote for a in layers["structure"] for s in a.anchor] == ["KarwanAli's  men set it off.", "He left"]
    assert words(layers, "mention") == [
        ("group", "KarwanAli's  men"),
        ("person", "KarwanAli's"),
        ("event", "men set … off"),
        ("thing", "it"),
        ("person", "He"),
    ]
    assert layers["mention"][1].attributes == {"infstat": "new", "identity": "Karwan_Ali"}
    [chain] = layers["coreference"]
    assert chain.members == (layers["mention"][1].id, layers["mention"][4].id)


@pytest.mark.parametrize("lines", ["1\tx\n\n", row(1, "x", "Entity=e9)") + "\n", "no columns at all\n\n", "\n"])
def test_conllu_that_is_none(tmp_path, lines):
    with pytest.raises(KriscError) as caught:
        imported("conllu", tmp_path, {"x.conllu": lines})
    assert [f.id for f in caught.value.findings] == ["interchange-malformed"]


# --- XML ----------------------------------------------------------------------------------------------------------------

TIMEML = """\
<?xml version="1.0"?>
<!DOCTYPE TimeML SYSTEM "TimeML.dtd">
<TimeML xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<DOCID>wsj_1</DOCID>
<DCT><TIMEX3 tid="t0" type="DATE" value="1998-02-13T10:00" functionInDocument="CREATION_TIME">today</TIMEX3></DCT>
<TITLE>A title</TITLE>
<TEXT><s>Karwan <EVENT eid="e1" class="OCCURRENCE">met</EVENT> Zerin <SIGNAL sid="s1">on</SIGNAL>
<TIMEX3 tid="t1" type="DATE" value="1998-02-11">Wednesday</TIMEX3> &amp; <EVENT eid="e2" class="STATE">left</EVENT>.</s></TEXT>
<MAKEINSTANCE eventID="e1" eiid="ei1" tense="PAST" pos="VERB"/>
<MAKEINSTANCE eventID="e2" eiid="ei2"/><MAKEINSTANCE eventID="e2" eiid="ei3"/>
<TLINK lid="l1" relType="IS_INCLUDED" eventInstanceID="ei1" relatedToTime="t1" signalID="s1"/>
<TLINK lid="l2" relType="BEFORE" eventInstanceID="ei1" relatedToTime="t0"/>
<SLINK lid="l3" relType="MODAL" eventInstanceID="ei1" subordinatedEventInstance="ei2"/>
</TimeML>
"""


def test_timeml(tmp_path):
    report, findings, made = imported("timeml", tmp_path, {"wsj.tml": TIMEML})
    assert findings == []
    assert report.counts == {"further instances of events": 1, "links to what does not stand in the text": 1}
    layers = made["wsj_1"]
    assert words(layers, "event") == [("OCCURRENCE", "met"), ("STATE", "left")]
    assert layers["event"][0].attributes == {"tense": "PAST", "pos": "VERB"}
    assert words(layers, "time") == [("DATE", "Wednesday")]
    assert layers["time"][0].attributes == {"value": "1998-02-11"}
    assert words(layers, "signal") == [("SIGNAL", "on")]
    assert [(a.label, [g.target for g in a.arguments]) for a in layers["tlink"]] == [("IS_INCLUDED", ["e1", "t1"])]
    assert [(a.label, [g.target for g in a.arguments]) for a in layers["slink"]] == [("MODAL", ["e1", "e2"])]
    [record] = [json.loads(x) for x in (tmp_path / "corpus/dataset/documents.jsonl").read_text().splitlines()]
    assert (record["published"], record["title"]) == ("1998-02-13", "A title")


def test_inline_xml_of_any_kind(tmp_path):
    text = (
        '<doc xmlns:x="urn:x"><p>A &lt; B: <x:name type="person" xml:lang="ku">Karwan <b>Ali</b></x:name>\n'
        "<!-- no --><span label='a b'>met</span><br/></p></doc>"
    )
    report, findings, made = imported("inlinexml", tmp_path, {"d.xml": text})
    assert findings == []
    assert report.counts == {"elements without words": 1}
    assert words(made["d"], "entity") == [
        ("p", "A < B: Karwan Ali\nmet"),
        ("name", "Karwan Ali"),
        ("b", "Ali"),
        ("a b", "met"),
    ]
    assert made["d"]["entity"][1].attributes == {"type": "person", "lang": "ku"}


def test_several_documents_in_one_xml_file(tmp_path):
    text = "<corpus>\n <doc id='a'><X>One</X></doc>\n <doc><X>Two</X></doc>\n</corpus>"
    _, _, made = imported("inlinexml", tmp_path, {"d.xml": text})
    assert list(made) == ["a", "d-2"]


BOMB = """\
<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
"""
OUTSIDE = '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n'
XML_FORMATS = {
    "inlinexml": ("d.xml", "<doc><X>{}</X></doc>"),
    "timeml": ("d.tml", '<TimeML><TEXT><EVENT eid="e1" class="X">{}</EVENT></TEXT></TimeML>'),
    "bioc-xml": ("d.xml", "<collection><source>{}</source><date/><key/></collection>"),
    "cas-xmi": ("d.xmi", '<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" x="{}"/>'),
}


@pytest.mark.parametrize("name", XML_FORMATS)
@pytest.mark.parametrize(("head", "entity"), [(BOMB, "&d;"), (OUTSIDE, "&e;")])
def test_entities_are_neither_expanded_nor_fetched(tmp_path, name, head, entity):
    file, body = XML_FORMATS[name]
    types = '<typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier"/>'
    files = {file: head + body.format(entity), **({"TypeSystem.xml": types} if name == "cas-xmi" else {})}
    with pytest.raises(KriscError) as caught:
        imported(name, tmp_path, files)
    [finding] = caught.value.findings
    assert finding.id == "interchange-malformed"
    assert "entities" in str(finding.data["found"]) or "not well-formed" in str(finding.data["found"])
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize("name", XML_FORMATS)
@pytest.mark.parametrize("text", ["", "no xml", "<a>", "<a/><b/>", "\x00", '<?xml version="1.0" encoding="x-no"?><a/>'])
def test_xml_that_is_none(tmp_path, name, text):
    files = {XML_FORMATS[name][0]: text, **({"TypeSystem.xml": text} if name == "cas-xmi" else {})}
    with pytest.raises(KriscError) as caught:
        imported(name, tmp_path, files)
    assert all(f.id == "interchange-malformed" for f in caught.value.findings)


def test_xml_nested_very_deep_is_read_or_refused(tmp_path):
    deep = "<a>" * 20_000 + "x" + "</a>" * 20_000
    try:
        report, _, _ = imported("inlinexml", tmp_path, {"d.xml": f"<doc>{deep}</doc>"})
    except KriscError as error:
        assert [f.id for f in error.findings] == ["interchange-malformed"]
    else:
        assert report.documents == 1


def test_a_cas_without_its_types_says_so(tmp_path):
    with pytest.raises(KriscError) as caught:
        imported("cas-xmi", tmp_path, {"d.xmi": "<x/>"})
    assert "TypeSystem.xml" in str(caught.value.findings[0].data["found"])


# --- JSON and binary files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gate", "[7]"),
        ("gate", '{"text": "a"}'),
        ("gate", '{"text": "a", "annotation_sets": {"": {"annotations": [{"id": 1}]}}}'),
        ("gate", '{"text": "a", "entities": {"X": [{"indices": [0]}]}}'),
        ("bioc-json", "{}"),
        ("bioc-json", '{"source": "", "date": "", "key": "", "infons": {}, "documents": [{"id": "1"}]}'),
        ("bigbio", "{}"),
        ("bigbio", '{"passages": [{"text": ["a"], "offsets": [[9000000000, 9000000001]]}]}'),
        ("cas-json", "{}"),
        ("cas-json", "[" * 50_000),
        ("spacy", "no docbin"),
    ],
)
def test_files_that_are_not_of_their_format(tmp_path, name, text):
    with pytest.raises(KriscError) as caught:
        imported(name, tmp_path, {"d.json" if name != "bigbio" else "d.jsonl": text})
    assert all(f.id == "interchange-malformed" for f in caught.value.findings)
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_a_docbin_does_not_grow_beyond_bounds(tmp_path, monkeypatch):
    import zlib  # noqa: PLC0415

    monkeypatch.setattr(docbin, "MAX_SIZE", 1000)
    with pytest.raises(KriscError) as caught:
        imported("spacy", tmp_path, {"d.spacy": zlib.compress(bytes(100_000))})
    assert "more than 1,000 bytes" in str(caught.value.findings[0].data["found"])


def test_events_in_a_circle_come_in_and_are_told_of(tmp_path):
    listed = "T1\tX 0 6\tKarwan\nT2\tX 7 10\tmet\nE1\tX:T1 A:E2\nE2\tX:T2 A:E1\n"
    _, findings, made = imported("brat", tmp_path, {"d.txt": "Karwan met Zerin\n", "d.ann": listed})
    assert len(made["d"]["event"]) == 2
    assert {f.id for f in findings} == {"argument-circle"}


# --- zip files ------------------------------------------------------------------------------------------------------------


def zipped(tmp_path, members):
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_a_zip_file_stands_for_its_folder(tmp_path):
    path = zipped(tmp_path, [("c/", ""), ("c/d.txt", "Karwan left.\n"), ("c/d.ann", "T1\tX 0 6\tKarwan\n")])
    report, findings = import_corpus("brat", path, tmp_path / "corpus")
    assert findings == []
    assert report.documents == 1


LINK = zipfile.ZipInfo("link.txt")
LINK.external_attr = 0o120777 << 16


@pytest.mark.parametrize("name", ["../up.txt", "/abs.txt", "C:/x.txt", "a/../../up.txt", "a\\..\\..\\up.txt", LINK])
def test_members_outside_the_folder_are_refused(tmp_path, name):
    path = zipped(tmp_path, [("d.txt", "x"), (name, "outside")])
    with pytest.raises(KriscError) as caught:
        import_corpus("brat", path, tmp_path / "corpus")
    assert [f.id for f in caught.value.findings] == ["interchange-malformed"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.zip"]


def test_a_zip_file_does_not_grow_beyond_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_SIZE", 10_000)
    path = zipped(tmp_path, [("d.txt", "x" * 100_000)])
    with pytest.raises(KriscError):
        import_corpus("brat", path, tmp_path / "corpus")
    monkeypatch.setattr(archives, "MAX_MEMBERS", 1)
    with pytest.raises(KriscError):
        import_corpus("brat", zipped(tmp_path, [("a.txt", ""), ("b.txt", "")]), tmp_path / "corpus")


def test_a_broken_zip_file_is_a_finding(tmp_path):
    whole = zipped(tmp_path, [("d.txt", "Karwan" * 100)]).read_bytes()
    at = whole.index(b"d.txt") + 5
    path = tmp_path / "broken.zip"
    path.write_bytes(whole[:at] + bytes(8) + whole[at + 8 :])
    with pytest.raises(KriscError) as caught:
        import_corpus("brat", path, tmp_path / "corpus")
    assert [f.id for f in caught.value.findings] == ["interchange-malformed"]


# --- mapping files --------------------------------------------------------------------------------------------------------

MAPPING = """\
[layers]
entity = "mention"
[labels]
Person = "PER"
"entity/Place" = "place/LOC"
Junk = ""
Never = "X"
[roles]
"Meet/Who" = "Participant"
Where = ""
[attributes]
Confidence = "certainty"
Negation = ""
[values.certainty]
High = "certain"
"""
LISTED = """\
T1\tPerson 0 6\tKarwan
T2\tPlace 20 25\tSoran
T3\tJunk 7 10\tmet
T4\tMeet 7 10\tmet
E1\tMeet:T4 Who:T1 Where:T2
R1\tSpoils Arg1:T1 Arg2:T3
A1\tConfidence T1 High
A2\tConfidence T2 Low
A3\tNegation E1
"""


def test_a_mapping_renames_and_leaves_out(tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING)
    files = {"d.txt": "Karwan met Zerin in Soran.\n", "d.ann": LISTED}
    report, findings, made = imported("brat", tmp_path, files, mapping=mapping)
    assert findings == []
    layers = made["d"]
    assert words(layers, "mention") == [("PER", "Karwan")]
    assert words(layers, "place") == [("LOC", "Soran")]
    assert layers["mention"][0].attributes == {"certainty": "certain"}
    assert layers["place"][0].attributes == {"certainty": "Low"}
    [event] = layers["event"]
    assert ([g.role for g in event.arguments], event.attributes) == (["Participant"], {})
    assert report.counts == {
        "annotations that the mapping leaves out: entity/Junk": 1,
        "arguments that the mapping leaves out": 1,
        "attributes that the mapping leaves out": 1,
        "entries of the mapping that nothing in the data has": 1,
    }
    assert [one["annotation"]["id"] for one in report.aside] == ["R1"]


def test_a_mapping_file_with_a_slip_is_a_finding(tmp_path, capsys):
    (tmp_path / "d.jsonl").write_text('{"text": "Zerin", "label": [[0, 5, "X"]]}')
    (tmp_path / "mapping.toml").write_text('[label]\nX = "Y"\n')
    options = ("--mapping", tmp_path / "mapping.toml", "--into", tmp_path / "corpus")
    assert run("import", "doccano", tmp_path / "d.jsonl", *options) == 1
    told = capsys.readouterr().out
    assert told.startswith("mapping.toml: error unknown-field")
    assert "labels" in told


def test_inferring_and_a_schema_exclude_each_other(tmp_path, repository):
    options = ("--infer", "--schema", repository, "--into", tmp_path / "corpus")
    assert run("import", "doccano", tmp_path / "x.jsonl", *options) == 2
    (tmp_path / "x.jsonl").write_text('{"text": "Zerin", "label": [[0, 5, "X"]]}')
    assert run("import", "doccano", tmp_path / "x.jsonl", "--infer", "--into", tmp_path / "corpus", "--quiet") == 0


def test_a_line_of_fifty_megabytes(tmp_path):
    import tracemalloc  # noqa: PLC0415

    line = io.StringIO()
    line.write('{"text": "Zerin')
    line.write(" x" * 25_000_000)
    line.write('", "label": [[0, 5, "X"]]}')
    (tmp_path / "d.jsonl").write_text(line.getvalue())
    del line
    tracemalloc.start()
    with pytest.raises(KriscError) as caught:
        import_corpus("doccano", tmp_path / "d.jsonl", tmp_path / "corpus")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "a document of 50,000,005 characters" in str(caught.value.findings[0].data["found"])
    assert peak < 6 * 50_000_000


LONG = "x " * 6_000_000
LONG_FILES = {
    "gate": ("d.json", lambda: json.dumps({"text": LONG, "annotation_sets": {}, "offset_type": "j"})),
    "labelstudio": ("d.json", lambda: json.dumps([{"data": {"text": LONG}, "annotations": []}])),
    "webanno": ("d.tsv", lambda: f"#FORMAT=WebAnno TSV 3.3\n\n#Text={LONG}{LONG}\n1-1\t0-1\tx\t\n"),
    "bioc-xml": (
        "d.xml",
        lambda: (
            f"<collection><source/><date/><key/><document><id>1</id><passage><offset>0</offset><text>{LONG}</text>"
            "</passage></document></collection>"
        ),
    ),
}


@pytest.mark.parametrize("name", LONG_FILES)
def test_texts_beyond_bounds_are_findings_before_they_are_counted_in(tmp_path, name):
    import tracemalloc  # noqa: PLC0415

    file, made = LONG_FILES[name]
    (tmp_path / file).write_text(made(), encoding="utf-8")
    tracemalloc.start()
    with pytest.raises(KriscError) as caught:
        import_corpus(name, tmp_path / file, tmp_path / "corpus")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [f.id for f in caught.value.findings] == ["interchange-malformed"]
    assert peak < 12 * (tmp_path / file).stat().st_size, "a list of offsets takes more"


def test_pubtator_of_a_folder_and_a_mention_over_title_and_abstract(tmp_path):
    files = {"a.txt": "1|t|Aspirin\n1|a|acid\n1\t0\t12\tAspirin acid\tChemical\n", "b.txt": "2|t|Mice\n2|a|die\n"}
    report, findings, made = imported("pubtator", tmp_path, files)
    assert findings == []
    assert report.aside == []
    assert words(made["1"], "entity") == [("Chemical", "Aspirin\nacid")]
    assert list(made) == ["1", "2"]
