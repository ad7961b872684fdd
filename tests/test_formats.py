"""Files as other tools write them, offsets as other tools count them, and files that nobody should trust."""

import json
import os
import re

import pytest
from passes_of_example import run

from krisc.findings import KriscError
from krisc.interchange.base import Report
from krisc.interchange.columns import chunks
from krisc.interchange.exporting import export_corpus
from krisc.interchange.importing import import_corpus
from krisc.store import Corpus

TEXT = "Karwan met Zerin in Soran.\nThey left.\n"


def imported(name, tmp_path, files, **options):
    """Import files, by name, and give back the report, the findings and what stands in the new corpus."""
    source = tmp_path / "source"
    for file, content in files.items():
        path = source / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path = source / next(iter(files)) if len(files) == 1 else source
    report, findings = import_corpus(name, path, tmp_path / "corpus", **options)
    corpus = Corpus(tmp_path / "corpus")
    made = {e.id: corpus.read_annotations(corpus.gold_path(e.id)).layers for e in corpus.index}
    return report, findings, made


def words(layers, layer):
    return [(a.label, " … ".join(s.quote for s in a.anchor)) for a in layers.get(layer, ())]


def test_brat_with_everything_it_has(tmp_path):
    listed = """\
T1\tPerson 0 6\tKarwan
T2\tPerson 11 16\tZerin
T3\tMeet 7 10;17 19\tmet in
T4\tPlace 20 25\tSoran
T5\tLeave 32 36\tleft
E1\tMeet:T3 Who:T1 Who2:T2 Where:T4
E2\tLeave:T5 Cause:E1
R1\tFriend Arg1:T1 Arg2:T2
*\tEquiv T1 T2
A1\tNegation E1
A2\tConfidence T1 High
M1\tSpeculation E2
N1\tReference T4 Wikipedia:123\tSoran
#1\tAnnotatorNotes T1\tsee below
"""
    report, findings, made = imported("brat", tmp_path, {"d.txt": TEXT, "d.ann": listed})
    assert findings == []
    layers = made["d"]
    assert words(layers, "entity") == [("Person", "Karwan"), ("Person", "Zerin"), ("Place", "Soran")]
    meet, leave = layers["event"]
    assert [(g.role, g.target) for g in meet.arguments] == [("Who", "T1"), ("Who", "T2"), ("Where", "T4")]
    assert [s.quote for s in meet.trigger] == ["met", "in"]
    assert [(g.role, g.target) for g in leave.arguments] == [("Cause", "E1")]
    assert (meet.attributes, leave.attributes) == ({"Negation": True}, {"Speculation": True})
    karwan, _, soran = layers["entity"]
    assert (karwan.attributes, karwan.note) == ({"Confidence": "High"}, "see below")
    assert soran.attributes == {"wikipedia_id": "123"}
    assert words(layers, "relation") == [("Friend", "")]
    assert [a.members for a in layers["coreference"]] == [("T1", "T2")]
    assert report.counts == {}


def test_brat_roles_that_end_in_digits_are_their_own(tmp_path):
    listed = "T1\tX 0 6\tKarwan\nT2\tMeet 7 10\tmet\nE1\tMeet:T2 Arg1:T1 Arg2:T1\n"
    _, _, made = imported("brat", tmp_path, {"d.txt": TEXT, "d.ann": listed})
    assert [g.role for g in made["d"]["event"][0].arguments] == ["Arg1", "Arg2"]


def test_brat_spans_over_a_line_end_are_one_again(tmp_path):
    listed = "T1\tX 20 26;27 31\tSoran. They\n"
    _, findings, made = imported("brat", tmp_path, {"d.txt": TEXT, "d.ann": listed})
    assert findings == []
    assert words(made["d"], "entity") == [("X", "Soran.\nThey")]


def test_brat_gets_what_it_can_open(tmp_path):
    """Its sections are four, its types ASCII, and its relations have two arguments: brat's own projectconfig.py."""
    listed = """\
T1\tPërson 0 6\tKarwan
T2\tP_rson 11 16\tZerin
T3\tPlace 20 25\tSoran
R1\tSells Arg1:T1 Arg2:T2 Arg3:T3
R2\tKnows ärg1:T1 Arg2:T2
*\tEquiv T1 T2
A1\tFürst T1
"""
    _, findings, made = imported("brat", tmp_path, {"d.txt": TEXT, "d.ann": listed})
    assert findings == []
    report = export_corpus("brat", Corpus(tmp_path / "corpus"), tmp_path / "out")
    conf = (tmp_path / "out/annotation.conf").read_text(encoding="utf-8")
    assert re.findall(r"^\[(.+)\]$", conf, re.MULTILINE) == ["entities", "relations", "events", "attributes"]
    assert "\nEquiv\tArg1:<ANY>, Arg2:<ANY>, <REL-TYPE>:symmetric-transitive\n" in conf
    assert "# label: Përson\nP_rson\n" in conf
    assert "\nP_rson-2\n" in conf
    ann = (tmp_path / "out/d.ann").read_text(encoding="utf-8")
    assert "R1\tKnows _rg1:T1 Arg2:T2\n" in ann
    assert "Sells" not in ann
    assert report.counts["relations of other than two annotations in two roles"] == 1
    assert report.counts["letters of names that brat cannot have"] == 2
    import_corpus("brat", tmp_path / "out", tmp_path / "back")
    back = Corpus(tmp_path / "back")
    layers = back.read_annotations(back.gold_path("d")).layers
    assert words(layers, "entity") == words(made["d"], "entity")
    assert [(a.label, len(a.members)) for a in layers["coreference"]] == [("Equiv", 2)]


def test_brat_says_what_it_says_twice(tmp_path):
    """An attribute has one value here: what came first stays, and the rest is counted."""
    listed = """\
T1\tX 0 6\tKarwan
A1\tMood T1 calm
A2\tMood T1 angry
N1\tReference T1 Wikipedia:1\tKarwan
N2\tReference T1 Wikipedia:2\tKarwan Ali
N3\tReference T1 Register:7\tKarwan
N4\tReference T9 Wikipedia:3\tNobody
"""
    report, findings, made = imported("brat", tmp_path, {"d.txt": TEXT, "d.ann": listed})
    assert findings == []
    wanted = {"Mood": "calm", "wikipedia_id": "1", "wikipedia_name": "Karwan Ali", "register_id": "7"}
    assert made["d"]["entity"][0].attributes == wanted
    assert report.counts == {"further values of an attribute": 2, "normalisations of what is not there": 1}


def test_brat_ids_stand_once(tmp_path):
    with pytest.raises(KriscError) as caught:
        imported("brat", tmp_path, {"d.txt": TEXT, "d.ann": "T1\tX 0 6\tKarwan\nT1\tX 11 16\tZerin\n"})
    assert "a second time" in str(caught.value.findings[0].data["found"])


def test_brat_arguments_that_name_a_trigger_mean_its_event(tmp_path):
    listed = "T1\tMeet 7 10\tmet\nT2\tLeave 32 36\tleft\nE1\tLeave:T2 Cause:T1\nE2\tMeet:T1\n"
    report, findings, made = imported("brat", tmp_path, {"d.txt": TEXT, "d.ann": listed})
    assert (findings, report.counts) == ([], {})
    assert [g.target for a in made["d"]["event"] for g in a.arguments] == ["E2"]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    files = {"d.txt": f"\ufeff{TEXT}", "d.ann": "T1\tX 1 7\tKarwan\n"}
    report, findings, made = imported("brat", tmp_path, files)
    assert findings == []
    assert words(made["d"], "entity") == [("X", "Karwan")]
    assert report.counts == {"byte order marks, which no text has": 1}


@pytest.mark.parametrize(
    "line", ["T1\tX 0 six\tKarwan", "T1 X 0 6", "Q1\tX", "E1\tMeet:T9", "R1\tFriend Arg1", "T1\tX\tKarwan"]
)
def test_brat_lines_that_are_none(tmp_path, line):
    with pytest.raises(KriscError) as caught:
        imported("brat", tmp_path, {"d.txt": TEXT, "d.ann": f"T2\tX 0 6\tKarwan\n{line}\n"})
    [finding] = caught.value.findings
    assert (finding.id, finding.place.line) == ("interchange-malformed", 2)
    assert not (tmp_path / "corpus").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


SCHEMES = {
    "IOB1": ["I-PER", "O", "I-PER", "B-PER", "I-PER", "I-LOC", "O"],
    "IOB2": ["B-PER", "O", "B-PER", "B-PER", "I-PER", "B-LOC", "O"],
    "BIOES": ["S-PER", "O", "S-PER", "B-PER", "E-PER", "S-LOC", "O"],
    "BILOU": ["U-PER", "O", "U-PER", "B-PER", "L-PER", "U-LOC", "O"],
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_tag_scheme_says_the_same(scheme):
    report = Report()
    wanted = [(0, 1, "PER"), (2, 3, "PER"), (3, 5, "PER"), (5, 6, "LOC")]
    assert list(chunks(SCHEMES[scheme], "here", report)) == wanted
    assert report.counts == {}


def test_a_slip_in_iob2_is_counted():
    report = Report()
    assert list(chunks(["B-PER", "O", "I-PER"], "here", report)) == [(0, 1, "PER"), (2, 3, "PER")]
    assert sum(report.counts.values()) == 1


def test_conll_2003(tmp_path):
    lines = "-DOCSTART- -X- -X- O\n\nKarwan NNP B-NP B-PER\nmet VBD B-VP O\n\nSoran NNP B-NP B-LOC\n\n"
    _, findings, made = imported("conll", tmp_path, {"eng.testa": lines})
    assert findings == []
    [layers] = made.values()
    assert words(layers, "entity") == [("PER", "Karwan"), ("LOC", "Soran")]
    assert words(layers, "structure") == [("SENTENCE", "Karwan met"), ("SENTENCE", "Soran")]
    assert words(layers, "column_2") == [("NP", "Karwan"), ("VP", "met"), ("NP", "Soran")]


@pytest.mark.parametrize("lines", ["Karwan B-PER\nmet\n", "Karwan PER\n", "\n\n"])
def test_columns_that_are_none(tmp_path, lines):
    with pytest.raises(KriscError) as caught:
        imported("conll", tmp_path, {"x.tsv": lines})
    assert [f.id for f in caught.value.findings] == ["interchange-malformed"]


def test_doccano_of_both_shapes(tmp_path):
    lines = [
        {"id": 7, "text": TEXT, "label": [[0, 6, "PER"], [20, 25, "LOC"]]},
        {
            "id": 8,
            "text": "Zerin left.",
            "entities": [
                {"id": 3, "label": "PER", "start_offset": 0, "end_offset": 5},
                {"id": 4, "label": "ACT", "start_offset": 6, "end_offset": 10},
            ],
            "relations": [{"id": 1, "from_id": 4, "to_id": 3, "type": "who"}],
            "Comments": ["why?"],
        },
    ]
    report, findings, made = imported("doccano", tmp_path, {"all.jsonl": "\n".join(map(json.dumps, lines))})
    assert findings == []
    assert words(made["all-7"], "entity") == [("PER", "Karwan"), ("LOC", "Soran")]
    [relation] = made["all-8"]["relation"]
    assert [(g.role, g.target) for g in relation.arguments] == [("head", "T4"), ("tail", "T3")]
    assert report.counts == {"comments": 1}


def test_prodigy_leaves_out_what_was_rejected(tmp_path):
    span = {"start": 0, "end": 6, "label": "PER", "token_start": 0, "token_end": 0}
    lines = [{"text": TEXT, "spans": [span], "answer": "accept"}, {"text": "No.", "spans": [], "answer": "reject"}]
    report, findings, made = imported("prodigy", tmp_path, {"all.jsonl": "\n".join(map(json.dumps, lines))})
    assert findings == []
    assert list(made) == ["all-1"]
    assert report.counts == {"tasks that were not accepted": 1}


def test_pubtator(tmp_path):
    block = "1|t|Aspirin\n1|a|It helps mice.\n1\t0\t7\tAspirin\tChemical\tD001\n1\t17\t21\tmice\tSpecies\t10090\n1\tTreats\tD001\t10090\n\n"
    _, findings, made = imported("pubtator", tmp_path, {"x.pubtator": block})
    assert findings == []
    assert words(made["1"], "entity") == [("Chemical", "Aspirin"), ("Species", "mice")]
    assert [g.target for g in made["1"]["relation"][0].arguments] == ["T1", "T2"]


def test_web_annotations_of_others(tmp_path):
    item = {
        "type": "Annotation",
        "body": [{"type": "TextualBody", "value": "person"}],
        "target": {
            "source": "http://example.org/d",
            "selector": {"type": "TextPositionSelector", "start": 0, "end": 6},
        },
    }
    _, findings, made = imported("webannotation", tmp_path, {"d.txt": TEXT, "d.jsonld": json.dumps([item])})
    assert findings == []
    assert words(made["d"], "entity") == [("person", "Karwan")]


def test_what_is_not_read_is_told(tmp_path):
    result = {"id": "x", "from_name": "label", "type": "labels"}
    result["value"] = {"start": 0, "end": 6, "text": "Karwan", "labels": ["PER", "FAMOUS"]}
    task = {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": [result]}], "predictions": [{"result": []}]}
    sources = {
        "labelstudio": ([task], {"further labels and choices of one result": 1, "predictions": 1}),
        "doccano": ({"text": TEXT, "label": [[0, 6, "X"]], "topic": "war", "none": None}, {"the field topic": 1}),
        "prodigy": (
            {"text": TEXT, "spans": [{"start": 0, "end": 6, "label": "X"}], "_task_hash": 7, "accept": ["war"]},
            {"the field accept": 1},
        ),
    }
    for name, (value, counts) in sources.items():
        report, findings, _ = imported(name, tmp_path / name, {"d.jsonl": json.dumps(value)})
        assert (findings, report.counts) == ([], counts)


def test_label_studio_counts_as_a_browser_does(tmp_path):
    results = [
        {"id": "x1", "from_name": "mood", "type": "choices", "value": {"start": 3, "end": 9, "choices": ["calm"]}},
        {
            "id": "x1",
            "from_name": "label",
            "type": "labels",
            "value": {"start": 3, "end": 9, "text": "Karwan", "labels": ["PER"]},
        },
        {
            "id": "x2",
            "from_name": "label",
            "type": "labels",
            "value": {"start": 17, "end": 22, "text": "Zerin", "labels": ["PER"]},
        },
        {"type": "relation", "from_id": "x2", "to_id": "x1", "direction": "left", "labels": ["knows"]},
        {"id": "x3", "from_name": "topic", "type": "choices", "value": {"choices": ["war"]}},
    ]
    task = {"id": 5, "data": {"text": EMOJI}, "annotations": [{"result": results}, {"result": []}]}
    report, findings, made = imported("labelstudio", tmp_path, {"project.json": json.dumps([task])})
    assert findings == []
    layers = made["project-5"]
    assert words(layers, "entity") == [("PER", "Karwan"), ("PER", "Zerin")]
    assert layers["entity"][0].attributes == {"mood": "calm"}
    assert [(g.role, g.target) for g in layers["relation"][0].arguments] == [("head", "T1"), ("tail", "T2")]
    assert report.counts == {"annotations of a task beside its first": 1, "results that belong to no span": 1}
    assert report.conventions == []


# --- the offset doctor ----------------------------------------------------------------------------------------------

EMOJI = "😀 Karwan met 😀 Zerin.\r\nThey left Soran.\n"


def brat_of(count, text=EMOJI, extra=""):
    """Spans of a text whose offsets some tool has counted in its own way."""
    lines = []
    for n, word in enumerate(("Karwan", "Zerin", "Soran"), start=1):
        at = text.index(word)
        lines.append(f"T{n}\tX {count(text, at)} {count(text, at + len(word))}\t{word}\n")
    return {"d.txt": text, "d.ann": "".join(lines) + extra}


def utf16(text, at):
    return len(text[:at].encode("utf-16-le")) // 2


def utf8(text, at):
    return len(text[:at].encode())


def lf(text, at):
    return len(text[:at].replace("\r\n", "\n"))


@pytest.mark.parametrize(("count", "name"), [(utf16, "UTF-16 code units"), (utf8, "UTF-8 bytes")])
def test_offsets_are_explained_and_repaired_when_asked(tmp_path, count, name):
    report, findings, made = imported("brat", tmp_path, brat_of(count), repair=True)
    assert findings == []
    assert words(made["d"], "entity") == [("X", "Karwan"), ("X", "Zerin"), ("X", "Soran")]
    [told] = report.conventions
    assert (told["matched"], told["of"], told["repaired"]) == (3, 3, True)
    assert told["convention"].startswith(name)
    assert all("repaired from" in a.note for a in made["d"]["entity"])


def inclusive(text, at):
    return at - (at > 0 and not text[at - 1].isspace())


@pytest.mark.parametrize("count", [utf16, utf8, inclusive])
def test_discontinuous_spans_are_held_to_their_words_too(tmp_path, count):
    stretches = [(EMOJI.index(word), EMOJI.index(word) + len(word)) for word in ("met", "😀 Zerin")]
    places = ";".join(f"{count(EMOJI, start)} {count(EMOJI, end)}" for start, end in stretches)
    files = brat_of(count, extra=f"T4\tY {places}\tmet 😀 Zerin\nT5\tY 0 1;2 8\tno such words\n")
    report, findings, made = imported("brat", tmp_path, files, repair=True)
    assert findings == []
    assert ("Y", "met … 😀 Zerin") in words(made["d"], "entity")
    assert [one["annotation"]["id"] for one in report.aside] == ["T5"]


def test_without_repair_what_does_not_fit_is_kept_aside_whole(tmp_path, capsys):
    files = brat_of(utf16, extra="R1\tKnows Arg1:T1 Arg2:T2\nA1\tfamous T3\n")
    for file, content in files.items():
        (tmp_path / file).write_bytes(content.encode())
    assert run("import", "brat", tmp_path, "--into", tmp_path / "corpus") == 2, "nothing is left to make layers of"
    files["d.ann"] += "T9\tX 0 1\t😀\n"
    (tmp_path / "d.ann").write_text(files["d.ann"])
    assert run("import", "brat", tmp_path, "--into", tmp_path / "corpus") == 1
    assert "3 of 4 spans match as UTF-16" in capsys.readouterr().err
    report = json.loads((tmp_path / "corpus/import-report.json").read_text())
    assert [one["annotation"]["id"] for one in report["aside"]] == ["T1", "T2", "T3", "R1"]
    assert report["aside"][3]["reason"] == "it refers to T1, T2, which is not there"


def test_a_span_that_no_convention_explains_is_never_moved(tmp_path):
    files = brat_of(utf16, extra="T9\tX 3 9\tKarwen\n")
    report, _, made = imported("brat", tmp_path, files, repair=True)
    assert [one["annotation"]["id"] for one in report.aside] == ["T9"]
    assert len(made["d"]["entity"]) == 3


def test_offsets_that_count_line_ends_as_one(tmp_path):
    files = {"d.txt": "One\r\nKarwan\r\nSoran\r\n", "d.ann": "T1\tX 4 10\tKarwan\nT2\tX 11 16\tSoran\n"}
    report, _, made = imported("brat", tmp_path, files, repair=True)
    assert report.conventions[0]["convention"].startswith("CRLF")
    assert words(made["d"], "entity") == [("X", "Karwan"), ("X", "Soran")]


# --- files that nobody should trust ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("doccano", '{"text": "a", "label": [[0, 1, "X"]], "text": "b"}'),
        ("doccano", "[" * 100_000),
        ("doccano", '{"text": "a", "label": [[0, 99999999999999999999, "X"]]}'),
        ("doccano", '{"label": []}'),
        ("doccano", '{"text": "a", "label": "X"}'),
        ("doccano", '{"text": "a", "entities": [{"id": 1}]}'),
        ("prodigy", '{"text": 7}'),
        ("prodigy", '{"text": "a", "spans": [{"start": "0", "end": 1}]}'),
        (
            "prodigy",
            '{"text": "ab", "spans": [], "relations": [{"head_span": {"start": 0, "end": 1}, "child_span": {"start": 1, "end": 2}}]}',
        ),
        ("labelstudio", '{"data": {}}'),
        ("labelstudio", "[7]"),
        ("labelstudio", '[{"data": {}, "annotations": []}]'),
        ("labelstudio", '[{"data": {"text": "a"}, "annotations": [{"result": [{"type": "labels", "value": {}}]}]}]'),
        ("webannotation", '{"first": {"items": [7]}}'),
        ("webannotation", '{"first": 7}'),
        ("webannotation", '[{"target": {"selector": [{"type": "TextPositionSelector", "start": "x", "end": 1}]}}]'),
        ("pubtator", "no|t\n"),
        ("pubtator", "1\t0\t1\ta\tX\n"),
    ],
)
def test_malformed_files_are_findings_and_leave_nothing_behind(tmp_path, name, line):
    suffix = "jsonld" if name == "webannotation" else "jsonl"
    files = {f"d.{suffix}": line, **({"d.txt": TEXT} if suffix == "jsonld" else {})}
    with pytest.raises(KriscError) as caught:
        imported(name, tmp_path, files)
    assert all(f.id == "interchange-malformed" for f in caught.value.findings)
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_names_with_tricks_stay_in_the_corpus(tmp_path):
    lines = [
        {"document": name, "text": f"{n} Zerin", "label": [[2, 7, "X"]]}
        for n, name in enumerate(["../../up", "/abs", "a/b", "CON"])
    ]
    _, findings, made = imported("doccano", tmp_path, {"all.jsonl": "\n".join(map(json.dumps, lines))})
    assert findings == []
    assert sorted(made) == ["a-b", "abs", "con", "up"]
    outside = [p for p in tmp_path.rglob("*.txt") if tmp_path / "corpus/dataset/raw" not in p.parents]
    assert outside == []


def test_names_that_a_release_needs_itself_get_others(tmp_path):
    """Columns and tables keep their names, and a layer has one kind; what is renamed stays apart from what has the name."""
    listed = """\
T1\tX 0 6\tKarwan
T2\tX 11 16\tZerin
T3\tMeet 7 10\tmet
E1\tMeet:T3 label:T1 label_:T2 text:T2 note:T1
R1\tKnows Text:T1 text:T2 Unit:T1
A1\tunit R1 x
A2\tlabel T1 y
A3\tnote E1
"""
    conf = "[entities]\n# layer: tokens\nX\n[relations]\n# layer: tokens\nKnows\n"
    files = {"d.txt": TEXT, "d.ann": listed, "annotation.conf": conf}
    _, findings, made = imported("brat", tmp_path, files)
    assert findings == []
    layers = made["d"]
    assert {name: len(listed) for name, listed in layers.items()} == {"tokens_": 2, "event": 1, "tokens__relation": 1}
    assert [g.role for g in layers["event"][0].arguments] == ["label_", "label__", "text_", "note_"]
    assert layers["event"][0].attributes == {"note__": True}
    [knows] = layers["tokens__relation"]
    assert ([g.role for g in knows.arguments], knows.attributes) == (["Text_", "text__", "Unit"], {"unit_": "x"})
    assert run("compile", "--corpus", tmp_path / "corpus", "--quiet") == 0


def test_file_names_need_not_be_utf8(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in (b"caf\xe9", b"new\nline"):
        (source / f"{os.fsdecode(name)}.txt").write_text(f"Karwan {len(name)}\n")
        (source / f"{os.fsdecode(name)}.ann").write_text("T1\tX 0 6\tKarwan\n")
    _, findings = import_corpus("brat", source, tmp_path / "corpus")
    assert findings == []
    assert [entry.id for entry in Corpus(tmp_path / "corpus").index] == ["caf", "new-line"]


def test_texts_that_no_corpus_can_hold_are_told_of(tmp_path):
    lines = [
        {"text": "\ufeffZerin left", "label": [[1, 6, "X"]]},
        {"text": "Zerin  left", "label": [[0, 6, "X"], [0, 7, "X"], [400, 500, "X"]]},
    ]
    text = "\n".join(json.dumps(x, ensure_ascii=False) for x in lines)
    report, findings, made = imported("doccano", tmp_path, {"all.jsonl": text})
    assert findings == []
    assert words(made["all-1"], "entity") == [("X", "Zerin")]
    assert words(made["all-2"], "entity") == [("X", "Zerin")], "white space at the edge was cut"
    assert [one["reason"] for one in report.aside] == [
        "its words do not stand at its offsets",
        "another annotation says the same",
    ]
    assert report.counts == {"byte order marks, which no text has": 1}


def test_the_same_text_twice_shares_a_split(tmp_path):
    lines = [{"text": "Zerin left", "label": [[0, 5, "X"]]}] * 2
    _, findings, _ = imported("doccano", tmp_path, {"all.jsonl": "\n".join(map(json.dumps, lines))})
    assert findings == []
    corpus = Corpus(tmp_path / "corpus")
    assert len({entry.incident for entry in corpus.index}) == 1


def test_an_import_over_what_is_there_is_refused(tmp_path, capsys):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/mine.txt").write_text("mine")
    (tmp_path / "x.jsonl").write_text('{"text": "Zerin", "label": [[0, 5, "X"]]}')
    assert run("import", "doccano", tmp_path / "x.jsonl", "--into", tmp_path / "corpus") == 2
    assert "folder-not-empty" in capsys.readouterr().out
    assert run("import", "doccano", tmp_path / "none.jsonl", "--into", tmp_path / "new") == 2
    assert "there is no such file" in capsys.readouterr().out
