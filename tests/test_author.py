"""The authoring form: what is written is read back, and a line that cannot be read hides no other."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.author import parse, write
from krisc.authoring import export_file, import_file
from krisc.cli import main
from krisc.model import Annotation, AnnotationFile, Argument, Segment
from krisc.store import Corpus

REPOSITORY = Corpus(Path(__file__).parents[1])
LAYERS = REPOSITORY.layers
STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
TRICKY = st.text('ab"\\/#+<>= \t\r\n[]@\u2028\x85\x1c\u0301ە\u200c😀', min_size=1, max_size=12)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,3}", fullmatch=True)
# What a note holds when it was typed on one line.
NOTES = (TRICKY | STRINGS).map(lambda note: " ".join(note.split())) | st.just("see // and # and x=y")


def parsed(source, text="Karwan Hassan met 20 men. Karwan left.", layers=LAYERS):
    return parse(source, "pass.txt", text, layers)


@st.composite
def segments(draw, text):
    found = []
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        found.append(Segment(start, end, text[start:end]))
    return tuple(found)


FRACTIONS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer() or abs(x) >= 2**53)


def attribute(declared):
    return {
        "enum": st.sampled_from(declared.values or ("",)),
        "boolean": st.booleans(),
        "integer": st.integers(-(2**63), 2**63 - 1),
        "number": st.integers(-(2**63), 2**63 - 1) | FRACTIONS,
    }.get(declared.type, TRICKY | STRINGS | st.sampled_from(["//", "5", "true", '"', "a//b", "#1", " x "]))


@st.composite
def annotation(draw, layer, text):
    arguments = []
    for role in draw(st.lists(st.sampled_from(list(layer.roles)), max_size=3)) if layer.roles else []:
        if layer.roles[role].text:
            arguments.append(Argument(role, segments=draw(segments(text))))
        else:
            arguments.append(Argument(role, target=draw(IDS)))
    chain = layer.kind == "chain"
    return Annotation(
        id=draw(IDS),
        label=draw(st.sampled_from(list(layer.labels))),
        segments=draw(segments(text)) if layer.kind == "span" else (),
        trigger=draw(segments(text)) if layer.kind == "event" else (),
        arguments=tuple(arguments),
        members=tuple(draw(st.lists(IDS, min_size=1, max_size=3))) if chain else (),
        entity=draw(IDS | st.just("")) if chain else "",
        attributes={n: draw(attribute(a)) for n, a in layer.attributes.items() if draw(st.booleans())},
        note=draw(st.just("") | NOTES),
    )


@st.composite
def text_and_file(draw):
    text = draw(TRICKY | STRINGS)
    names = [name for name in LAYERS if draw(st.booleans())]
    taken = set()

    def unique(a):
        id_ = next(i for i in (a.id, *(f"{a.id}.{n}" for n in range(9))) if i not in taken)
        taken.add(id_)
        return msgspec.structs.replace(a, id=id_)

    layers = {n: tuple(map(unique, draw(st.lists(annotation(LAYERS[n], text), max_size=3)))) for n in names}
    return text, AnnotationFile("doc-1", "0" * 64, "0.1.0", layers, annotator="karwan", date="2024-01-02")


@settings(deadline=None, max_examples=200)
@given(text_and_file())
def test_what_is_written_is_read_back(both):
    text, file = both
    source = write(file, text, LAYERS)
    back = parsed(source, text)
    assert back.findings == []
    assert {name: tuple(listed) for name, listed in back.layers.items()} == file.layers
    assert back.header == {"document": "doc-1", "annotator": "karwan", "date": "2024-01-02", "guidelines": "0.1.0"}
    assert write(msgspec.structs.replace(file, layers=back.layers), text, LAYERS) == source


@pytest.mark.parametrize("note", ["two\nlines", "an\r\n[entity]", "see\n# below", " spaces around "])
def test_every_note_that_a_pass_may_have_is_read_back(note):
    one = Annotation("a", "PERSON", segments=(Segment(0, 6, "Karwan"),), attributes={"mention": "name"}, note=note)
    layers = {"entity": (one,)}
    file = AnnotationFile("doc-1", "0" * 64, "0.1.0", layers, annotator="karwan", date="2024-01-02")
    assert list(REPOSITORY.forms["pass"].findings(msgspec.to_builtins(file), "pass.json")) == []
    back = parsed(write(file, "Karwan", LAYERS), "Karwan")
    assert (back.findings, back.layers) == ([], {"entity": [one]})


def test_an_example_of_every_kind():
    source = """
# A comment, and an empty line.
@document doc-1
@annotator karwan

[structure]
SENTENCE s1 "Karwan Hassan met 20 men."
SENTENCE s2 "Karwan left."

[entity]
PERSON hassan "Karwan Hassan" mention=name // the first time
PERSON karwan "Karwan" in s2 mention=name
PERSON men "men" mention = nominal

[quantity]
COUNT n "20" value=20 unit="fighting man"

[event]
MEET met "met" + "left" Participant=hassan Participant=men polarity=positive

[relation]
MEMBER_OF m head=karwan tail=men

[coreference]
ENTITY c members=hassan,karwan entity=karwan-hassan

[attribution]
ATTRIBUTION t CUE="met" CONTENT="20" + "20 "<"men">"."
"""
    back = parsed(source)
    assert back.findings == []
    assert back.header == {"document": "doc-1", "annotator": "karwan"}
    by_id = {a.id: a for listed in back.layers.values() for a in listed}
    assert by_id["hassan"] == Annotation(
        "hassan",
        "PERSON",
        segments=(Segment(0, 13, "Karwan Hassan"),),
        attributes={"mention": "name"},
        note="the first time",
    )
    assert by_id["karwan"].segments == (Segment(26, 32, "Karwan"),)
    assert by_id["n"].attributes == {"value": 20, "unit": "fighting man"}
    assert by_id["met"].trigger == (Segment(14, 17, "met"), Segment(33, 37, "left"))
    assert by_id["met"].arguments == (Argument("Participant", "hassan"), Argument("Participant", "men"))
    assert by_id["m"].arguments == (Argument("head", "karwan"), Argument("tail", "men"))
    assert (by_id["c"].members, by_id["c"].entity) == (("hassan", "karwan"), "karwan-hassan")
    assert by_id["t"].arguments[1].segments == (Segment(18, 20, "20"), Segment(21, 24, "men"))


@pytest.mark.parametrize(
    ("text", "line", "segment"),
    [
        ("one.\r\nTwo.", r'SENTENCE s "one.\r\nTwo."', Segment(0, 10, "one.\r\nTwo.")),
        ("a\tb", 'SENTENCE s "a\tb"', Segment(0, 3, "a\tb")),  # a tab may stand as it is
        ("a\tb", r'SENTENCE s "a\tb"', Segment(0, 3, "a\tb")),
        ('say "no"', r'SENTENCE s "\"no\""', Segment(4, 8, '"no"')),
        ("C:\\", r'SENTENCE s "C:\\"', Segment(0, 3, "C:\\")),
        ("😀 ەڕێ\u200c", 'SENTENCE s "ەڕێ\u200c"', Segment(2, 6, "ەڕێ\u200c")),
        ("😀 x", r'SENTENCE s "\ud83d\ude00"', Segment(0, 1, "😀")),
        ("aaa", 'SENTENCE s "aa"#2', Segment(1, 3, "aa")),
        ("a b a c", 'SENTENCE s "b "<"a"', Segment(4, 5, "a")),
        ("a b a c", 'SENTENCE s "a">" c"', Segment(4, 5, "a")),
    ],
)
def test_quotes(text, line, segment):
    back = parsed(f"[structure]\r\n{line}\r\n", text)
    assert (back.findings, back.layers) == (
        [],
        {"structure": [Annotation("s", "SENTENCE", segments=(segment,))]},
    )


@pytest.mark.parametrize(
    ("layer", "line", "finding", "column"),
    [
        ("entity", "PERSON", "author-syntax", 7),
        ("entity", "PERSON p", "author-syntax", 9),
        ("entity", 'PERSON é "men"', "author-syntax", 8),
        ("entity", 'PERSN p "men"', "unknown-label", 1),
        ("entity", '  PERSN p "men"', "unknown-label", 3),
        ("entity", 'PERSON p "men', "author-syntax", 10),
        ("entity", "PERSON p “men”", "author-syntax", 10),
        ("entity", 'PERSON p "men" +', "author-syntax", 17),
        ("entity", 'PERSON p "men" mention', "author-syntax", 23),
        ("entity", 'PERSON p "men" mention=', "author-syntax", 24),
        ("entity", 'PERSON p "men" mentoin=name', "author-syntax", 16),
        ("entity", 'PERSON p "men" in zzz', "author-syntax", 19),
        ("entity", 'PERSON p "men" members=a', "author-syntax", 16),
        ("entity", 'PERSON p "Kirkuk"', "quote-not-found", 10),
        ("entity", 'PERSON p "men"#2', "quote-not-found", 10),
        ("entity", 'PERSON p "Karwan"', "quote-ambiguous", 10),
        ("entity", 'PERSON p "men" + "Karwan"', "quote-ambiguous", 18),
        ("entity", r'PERSON p "m\en"', "author-syntax", 10),  # \e is no escape of JSON
        ("entity", 'PERSON p "men" mention=name mention=nominal', "author-syntax", 29),
        ("quantity", 'COUNT n "20" value=twenty unit=man', "author-syntax", 20),
        ("quantity", 'COUNT n "20" value=NaN unit=man', "author-syntax", 20),
        ("quantity", 'COUNT n "20" value=-Infinity unit=man', "author-syntax", 20),
        ("quantity", 'COUNT n "20" value=1e999 unit=man', "author-syntax", 20),
        ("quantity", 'COUNT n "20" value=true unit=man', "author-syntax", 20),
        ("quantity", 'COUNT n "20" value=20 unit="a\tb"', "author-syntax", 28),
        ("quantity", r'COUNT n "20" value=20 unit="\q"', "author-syntax", 28),
        ("quantity", r'COUNT n "20" value=20 unit="\ud800"', "author-syntax", 28),
        ("structure", 'HEADLINE h "men" repeat=TRUE', "author-syntax", 25),
        ("structure", 'HEADLINE h "men" repeat=1', "author-syntax", 25),
        ("relation", "MEMBER_OF m head=", "author-syntax", 18),
        ("coreference", "ENTITY c members=", "author-syntax", 18),
        ("coreference", "ENTITY c members=a,", "author-syntax", 20),
        ("coreference", "ENTITY c members=a members=b", "author-syntax", 20),
        ("coreference", "ENTITY c members=a entity=x entity=y", "author-syntax", 29),
    ],
)
def test_a_line_that_cannot_be_read_hides_no_other(layer, line, finding, column):
    back = parsed(f'[time]\nDATE d "20"\n[{layer}]\n{line}\n[event]\nMEET m "met"\n')
    assert [(f.id, f.place.line, f.place.column) for f in back.findings] == [(finding, 4, column)]
    assert {name: [a.id for a in listed] for name, listed in back.layers.items()} == {
        "time": ["d"],
        layer: [],
        "event": ["m"],
    }
    assert all(f.message and f.expected and f.mend for f in back.findings)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('PERSON p "men"', 1),
        ("[entity]\n[entity]", 2),
        ("[entitty]", 1),
        ("@documnet doc-1", 1),
        ("@document a\n@document b", 2),
        ("@document", 1),
        ("[entity] PERSON", 1),
    ],
)
def test_headers_and_sections_that_cannot_be_read(source, line):
    assert [(f.id, f.place.line, f.place.column) for f in parsed(source).findings] == [("author-syntax", line, 1)]


def test_a_header_without_a_value_is_called_by_its_name():
    assert "@document" in parsed("@document").findings[0].message


def test_every_bad_line_is_reported():
    source = '[entity]\nPERSN a "men"\nPERSON b "men"\nPERSON c\nPERSON d "Kirkuk"\nPERSON e "20"\n'
    back = parsed(source)
    assert [f.place.line for f in back.findings] == [2, 4, 5]
    assert [a.id for a in back.layers["entity"]] == ["b", "e"]


@pytest.mark.parametrize("source", ["", "\n", "# only a comment", "\r\n \t\r\n"])
def test_an_empty_file_holds_nothing(source):
    back = parsed(source)
    assert (back.header, back.layers, back.findings) == ({}, {}, [])


def test_a_layer_with_nothing_in_it_was_looked_at():
    assert parsed("[entity]\n\n[time]").layers == {"entity": [], "time": []}


@settings(deadline=None, max_examples=300)
@given(st.lists(TRICKY | st.sampled_from(["PERSON p", '"men"', "[entity]", "mention=", "in", "//", "@date"])))
def test_any_line_is_read_or_reported(words):
    back = parsed("[entity]\n" + " ".join(words))
    assert all(f.place.line >= 1 and f.place.column >= 1 for f in back.findings)


def _bare(layers):
    """Annotations without what the authoring form does not carry."""
    return {
        name: [msgspec.structs.replace(a, by=(), decided="", decision="", checked_by=()) for a in listed]
        for name, listed in layers.items()
    }


@pytest.mark.parametrize("entry", REPOSITORY.index, ids=lambda entry: entry.id)
def test_gold_of_the_repository_survives_export_and_import(entry):
    document, findings = REPOSITORY.read_document(entry)
    assert not findings
    back = parse(write(document.gold, document.text, LAYERS), "gold.txt", document.text, LAYERS)
    assert back.findings == []
    assert back.layers == _bare(document.gold.layers)


@pytest.mark.parametrize("folder", sorted(path.name for path in (REPOSITORY.annotations / "passes").iterdir()))
def test_passes_of_the_repository_survive_export_and_import_byte_for_byte(folder, tmp_path):
    """Also those that use ids which the entity register has given up since."""
    paths = sorted((REPOSITORY.annotations / "passes" / folder).glob("*.json"))
    assert len(paths) >= 5
    for path in paths:
        source, target = tmp_path / "pass.txt", tmp_path / path.name
        source.write_bytes(export_file(REPOSITORY, path).encode())
        assert import_file(REPOSITORY, source, out=target)[2] == ()
        assert target.read_bytes() == path.read_bytes(), path.name


def test_export_and_import_of_a_corpus(starter):
    corpus = Corpus(starter)
    gold = corpus.gold_path("example")
    before = gold.read_bytes()
    source = starter / "again.txt"
    head = "@annotator starter\n@date 2000-01-01\n"
    source.write_bytes((head + export_file(corpus, gold)).encode())
    target, count, findings = import_file(corpus, source, gold=True)
    assert (target, count, findings) == (gold, 7, ())
    assert gold.read_bytes() == before


def test_a_file_with_a_bad_line_is_not_imported(starter):
    source = starter / "annotations" / "example.txt"
    source.write_bytes(source.read_bytes() + b'\n[time]\nDATE d "today"\n')
    corpus = Corpus(starter)
    before = corpus.gold_path("example").read_bytes()
    target, count, findings = import_file(corpus, source, gold=True)
    assert (target, count) == (None, 0)
    assert findings
    assert corpus.gold_path("example").read_bytes() == before


def test_import_does_not_overwrite_other_annotations(starter, capsys):
    source = starter / "annotations/example.txt"
    target = starter / "annotations/gold/example.json"
    before = target.read_bytes()
    with pytest.raises(SystemExit) as ended:
        main(["author", "import", str(source), "--gold", "--corpus", str(starter)])
    assert ended.value.code == 0, "the same annotations are no loss"
    source.write_text(source.read_text().replace("modality=asserted", "modality=planned"))
    with pytest.raises(SystemExit) as ended:
        main(["author", "import", str(source), "--gold", "--corpus", str(starter)])
    assert ended.value.code == 1
    assert "annotation-exists" in capsys.readouterr().out
    assert target.read_bytes() == before
    with pytest.raises(SystemExit) as ended:
        main(["author", "import", str(source), "--gold", "--corpus", str(starter), "--replace"])
    assert ended.value.code == 0
    assert b"planned" in target.read_bytes()


@pytest.mark.parametrize(
    ("layer", "line", "words"),
    [
        ("event", 'MEET m "met" Participant="Karwan"', "not by words"),
        ("attribution", 'ATTRIBUTION a CUE="met" CONTENT=k', "words in quotation marks"),
        ("quantity", 'COUNT n "20" value="20" unit=man', "without quotation marks"),
    ],
)
def test_roles_and_values_of_the_wrong_shape(layer, line, words):
    [finding] = parsed(f"[{layer}]\n{line}\n").findings
    assert finding.id == "author-syntax"
    assert words in finding.message


TO = "Karwan met Zerin. Karwan left. Zerin left."


@pytest.mark.parametrize(
    ("words", "quote"),
    [
        ('"Karwan met" to "."', "Karwan met Zerin."),
        ('"Karwan"#2 to "left."', "Karwan left."),
        ('"Karwan met" to "left." in all', "Karwan met Zerin. Karwan left."),
        ('"Karwan left" to "left."', "Karwan left. Zerin left."),  # what follows, and not what the quote holds
    ],
)
def test_long_spans_are_named_by_how_they_begin_and_end(words, quote):
    back = parsed(f'[structure]\nSENTENCE all "{TO}"\nSENTENCE s {words}\n', TO)
    assert [f.message for f in back.findings] == []
    assert back.layers["structure"][1].segments[0].quote == quote


@pytest.mark.parametrize(
    "words", ['"Zerin left" to "Karwan"', '"Karwan met" to "left." in one', '"met" to Zerin', '"met" to "Zerin']
)
def test_an_end_that_does_not_follow_is_told(words):
    back = parsed(f'[structure]\nSENTENCE one "Karwan met Zerin."\nSENTENCE s {words}\n', TO)
    assert len(back.findings) == 1
    assert len(back.layers["structure"]) == 1
