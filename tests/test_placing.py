"""Quotes become offsets only where there is one place for them."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from krisc.findings import Finding, Place
from krisc.model import Segment
from krisc.placing import Wanted, fill, place
from krisc.text import occurrences

AT = Place("pass.json", pointer="/layers/entity/0/segments/0")
TEXT = "Iraq and Iran met.\r\nIraq left; “Iraq” stayed."


@pytest.mark.parametrize(
    ("wanted", "start"),
    [
        (Wanted("Iran"), 9),
        (Wanted("met.\r\nIraq"), 14),
        (Wanted("Iraq", occurrence=1), 0),
        (Wanted("Iraq", occurrence=3), 32),
        (Wanted("Iraq", before="“"), 32),
        (Wanted("Iraq", after=" left"), 20),
        (Wanted("Iraq", before="\r\n", after=" "), 20),
        (Wanted("Iraq", within=(0, 18)), 0),
        (Wanted("Iraq", within=(20, 24)), 20),
        (Wanted("Iraq", within=(1, len(TEXT)), occurrence=2), 32),  # it counts from where one looks
        (Wanted("Iraq", after=" ", occurrence=2), 20),  # and among those with the context
        (Wanted("Iraq", before="“", within=(32, 36)), 32),  # the context may stand outside
    ],
)
def test_placed(wanted, start):
    assert place(TEXT, wanted, AT) == Segment(start, start + len(wanted.quote), wanted.quote)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [(Wanted("Iraq"), 3), (Wanted("Iraq", after=" "), 2), (Wanted("Iraq", within=(0, 24)), 2), (Wanted("e"), 3)],
)
def test_ambiguous(wanted, count):
    finding = place(TEXT, wanted, AT)
    assert isinstance(finding, Finding)
    assert (finding.id, finding.data["count"], finding.place) == ("quote-ambiguous", count, AT)


def test_overlapping_occurrences_are_ambiguous():
    assert place("aaa", Wanted("aa"), AT).data["count"] == 2
    assert place("aaa", Wanted("aa", occurrence=2), AT) == Segment(1, 3, "aa")


@pytest.mark.parametrize(
    ("text", "wanted", "hint"),
    [
        (TEXT, Wanted("Kirkuk"), ""),
        (TEXT, Wanted(""), ""),
        ("", Wanted("Iraq"), ""),
        (TEXT, Wanted("Iraq", occurrence=4), "3 time(s)"),
        (TEXT, Wanted("Iran", before="“"), "1 time(s)"),
        (TEXT, Wanted("Iran", within=(0, 12)), "1 time(s)"),  # it stands half outside
        (TEXT, Wanted("IRAQ AND"), "other capitals"),
        (TEXT, Wanted("met.\nIraq"), "white space"),
        (TEXT, Wanted("Iraq  and"), "white space"),
        ("Cafe\u0301", Wanted("Café"), "normalisation"),
        (TEXT, Wanted('"Iraq"'), "quotation marks"),
        ("2017–2019", Wanted("2017-2019"), "dashes"),
    ],
)
def test_not_found(text, wanted, hint):
    finding = place(text, wanted, AT)
    assert isinstance(finding, Finding)
    assert finding.id == "quote-not-found"
    assert finding.place == AT
    assert hint in finding.data["hint"] if hint else finding.data["hint"] == ""
    assert repr(wanted.quote) in finding.message


@settings(deadline=None)
@given(st.text("ab 😀\n", min_size=1, max_size=20), st.data())
def test_every_stretch_is_placed_by_its_occurrence_and_by_its_context(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = text[start:end]
    number = occurrences(text, quote).index(start) + 1
    right = Segment(start, end, quote)
    assert place(text, Wanted(quote, occurrence=number), AT) == right
    assert place(text, Wanted(quote, before=text[:start], after=text[end:]), AT) == right
    assert place(text, Wanted(quote, within=(start, end)), AT) == right


@settings(deadline=None)
@given(st.text("ab", max_size=12), st.text("ab", min_size=1, max_size=3))
def test_nothing_is_guessed(text, quote):
    assume(len(occurrences(text, quote)) != 1)
    assert isinstance(place(text, Wanted(quote), AT), Finding)


def test_a_quote_of_a_long_text_that_stands_everywhere():
    text = "Iraq " * 100_000
    assert place(text, Wanted("Iraq"), AT).data["count"] == 100_000


def span(**segment):
    return {"id": "e1", "label": "PERSON", "segments": [segment]}


def test_fill_gives_offsets_to_quotes_everywhere():
    value = {
        "layers": {
            "entity": [span(quote="Iran"), span(quote="Iraq", occurrence=2), span(quote="Iraq", before="“")],
            "event": [
                {
                    "id": "v1",
                    "label": "MEET",
                    "trigger": [{"quote": "met"}, {"quote": "left"}],
                    "arguments": [{"role": "Topic", "segments": [{"quote": "stayed"}]}, {"role": "A", "target": "e1"}],
                }
            ],
        }
    }
    assert list(fill(value, TEXT, "pass.json")) == []
    assert [a["segments"] for a in value["layers"]["entity"]] == [
        [{"start": 9, "end": 13, "quote": "Iran"}],
        [{"start": 20, "end": 24, "quote": "Iraq"}],
        [{"start": 32, "end": 36, "quote": "Iraq"}],
    ]
    event = value["layers"]["event"][0]
    assert [s["start"] for s in event["trigger"]] == [14, 25]
    assert event["arguments"] == [
        {"role": "Topic", "segments": [{"start": 38, "end": 44, "quote": "stayed"}]},
        {"role": "A", "target": "e1"},
    ]


def test_fill_leaves_offsets_alone_even_wrong_ones():
    value = {"layers": {"entity": [span(start=1, end=2, quote="Iran")]}}
    assert list(fill(value, TEXT, "pass.json")) == []
    assert value == {"layers": {"entity": [span(start=1, end=2, quote="Iran")]}}


def test_fill_reports_what_it_cannot_place_and_leaves_it_as_it_was():
    quotes = [{"quote": "Iraq"}, {"quote": "Kirkuk", "before": " "}, {"quote": "Iran"}]
    value = {"layers": {"entity": [{"id": "e1", "label": "GPE", "segments": [dict(q) for q in quotes]}]}}
    found = [(f.id, f.place.pointer, f.annotation) for f in fill(value, TEXT, "pass.json")]
    assert found == [
        ("quote-ambiguous", "/layers/entity/0/segments/0", "e1"),
        ("quote-not-found", "/layers/entity/0/segments/1", "e1"),
    ]
    placed = {"start": 9, "end": 13, "quote": "Iran"}
    assert value["layers"]["entity"][0]["segments"] == [*quotes[:2], placed]
