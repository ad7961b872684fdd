"""Raw text: strict decoding, lines and columns, quotes, and the offset conventions that people mix up."""

import html
import re
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from krisc.text import CONVENTIONS, Lines, TextError, decode, explain_offsets, occurrences

# Latin, Sorani with a joiner, a combining mark, emoji of one and of several code points, and every line end.
TRICKY = st.text("ab \t\r\nەڕێ\u200c\u0301😀👩🚀\u200d", max_size=30)
TEXTS = st.text(max_size=30) | TRICKY


@st.composite
def text_and_span(draw, texts=TEXTS):
    text = draw(texts.filter(bool))
    start = draw(st.integers(0, len(text) - 1))
    return text, start, draw(st.integers(start + 1, len(text)))


@pytest.mark.parametrize("text", ["", "Erbil", "one\r\ntwo\rthree\n", "\tهەولێر\u200c", "a\ufeffb", "😀"])
def test_decode_changes_nothing(text):
    assert decode(text.encode()) == text


@pytest.mark.parametrize(
    ("data", "finding", "offset", "found"),
    [
        (b"\xef\xbb\xbfErbil", "byte-order-mark", 0, "EF BB BF"),
        (b"Erbil \xff!", "not-utf8", 6, "FF"),
        (b"Erbil \xe2\x82", "not-utf8", 6, "E2 82"),
        (b"\xed\xa0\x80", "not-utf8", 0, "ED"),  # a surrogate in UTF-8
        (b"\xc0\x80", "not-utf8", 0, "C0"),  # an overlong NUL
        (b"Er\0bil", "nul-character", 2, "00"),
        ("ە\0".encode(), "nul-character", 2, "00"),  # the offset is in bytes
    ],
)
def test_decode_refuses(data, finding, offset, found):
    with pytest.raises(TextError) as caught:
        decode(data)
    assert (caught.value.finding, caught.value.offset, caught.value.found) == (finding, offset, found)


@settings(deadline=None)
@given(TEXTS)
def test_decode_undoes_encode(text):
    assume("\0" not in text and not text.startswith("\ufeff"))
    assert decode(text.encode()) == text


@pytest.mark.parametrize(
    ("text", "offset", "line", "column"),
    [
        ("", 0, 1, 1),
        ("one", 3, 1, 4),
        ("one\ntwo", 3, 1, 4),  # the line end belongs to its line
        ("one\ntwo", 4, 2, 1),
        ("one\ntwo\n", 8, 3, 1),
        ("one\r\ntwo", 4, 1, 5),
        ("one\r\ntwo", 5, 2, 1),
        ("one\rtwo", 4, 1, 5),  # a lone CR ends no line
        ("\t\tone", 2, 1, 3),  # a tab is one column
        ("😀ێ\u0301x", 3, 1, 4),  # columns are code points
    ],
)
def test_line_and_column(text, offset, line, column):
    assert Lines(text).at(offset) == (line, column)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one", ["one"]),
        ("one\n", ["one", ""]),
        ("one\r\n\r\n two\t", ["one", "", " two\t"]),
        ("one\u2028two\x0bthree", ["one\u2028two\x0bthree"]),
        ("one\r\r\ntwo", ["one\r", "two"]),  # only the line end is left out
    ],
)
def test_lines(text, lines):
    all_lines = Lines(text)
    assert [all_lines.line(n) for n in range(1, len(all_lines.starts) + 1)] == lines


@settings(deadline=None)
@given(TEXTS, st.integers(0, 30))
def test_line_and_column_count_what_stands_before(text, offset):
    offset = min(offset, len(text))
    before = text[:offset]
    assert Lines(text).at(offset) == (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


def test_occurrences_overlap():
    assert occurrences("aaaa", "aa") == [0, 1, 2]
    assert occurrences("Erbil", "erbil") == []
    assert occurrences("Erbil", "") == []
    assert occurrences("", "a") == []


@settings(deadline=None)
@given(st.text("ab😀", max_size=20), st.text("ab😀", min_size=1, max_size=3))
def test_occurrences_are_all_there_are(text, quote):
    assert occurrences(text, quote) == [i for i in range(len(text)) if text.startswith(quote, i)]


UTF16 = "UTF-16 code units, as JavaScript and Java count"
BYTES = "UTF-8 bytes"
CRLF_ONE = "CRLF line ends counted as one character"
LF_TWO = "LF line ends counted as two characters"
STRIPPED = "a text whose leading white space was stripped"
BOM = "a byte order mark counted as one character"
FROM_ONE = "characters counted from 1, the last one included"
NFC = "a text in Unicode normalisation form C"
INCLUSIVE = "an end that is inclusive"
NFD = "a text in Unicode normalisation form D"
COLLAPSED = "a text whose white space was collapsed"
HTML = "a text with HTML entities"
UTF16_OF_LF = "UTF-16 code units, CRLF line ends counted as one"
TOO_FEW = "a text whose first character was cut off"


@pytest.mark.parametrize(
    ("text", "start", "end", "quote", "convention", "right"),
    [
        ("😀 Erbil", 3, 8, "Erbil", UTF16, (2, 7)),
        ("👩\u200d🚀👍🏽 Erbil", 10, 15, "Erbil", UTF16, (6, 11)),
        ("😀 Erbil", 5, 10, "Erbil", BYTES, (2, 7)),
        ("Cafe\u0301 Erbil", 7, 12, "Erbil", BYTES, (6, 11)),
        ("سەردانی هەولێر کرد", 15, 27, "هەولێر", BYTES, (8, 14)),
        ("ڕووناکی نێوده\u200cوڵه\u200cتی", 15, 41, "نێوده\u200cوڵه\u200cتی", BYTES, (8, 20)),
        ("one\r\ntwo", 4, 7, "two", CRLF_ONE, (5, 8)),
        ("one\r\ntwo\r\nthree", 8, 13, "three", CRLF_ONE, (10, 15)),
        ("one\ntwo", 5, 8, "two", LF_TWO, (4, 7)),
        (" \r\n\tErbil", 0, 5, "Erbil", STRIPPED, (4, 9)),
        ("Erbil", 1, 6, "Erbil", BOM, (0, 5)),
        ("Erbil", 0, 4, "Erbil", INCLUSIVE, (0, 5)),
        ("😀", 0, 0, "😀", INCLUSIVE, (0, 1)),
        ("😀\r\nin\r\nErbil", 6, 11, "Erbil", UTF16_OF_LF, (7, 12)),
        ("in Erbil", 2, 7, "Erbil", TOO_FEW, (3, 8)),
    ],
)
def test_offsets_are_explained(text, start, end, quote, convention, right):
    assert text[slice(*right)] == quote
    assert explain_offsets(text, start, end, quote) == (convention, *right)


@pytest.mark.parametrize(
    ("text", "start", "end", "quote"),
    [
        ("Erbil", 0, 5, "Kirkuk"),
        ("Erbil", 40, 45, "Erbil"),
        ("Erbil", 5, 0, "Erbil"),
        ("Erbil", 0, 0, ""),
        ("", 0, 0, "Erbil"),
        ("Erbil Erbil", 3, 8, "Erbil"),
    ],
)
def test_what_no_convention_explains_is_left_alone(text, start, end, quote):
    assert explain_offsets(text, start, end, quote) is None


def test_line_feeds_counted_as_two_beside_crlf_counted_as_two():
    """A tool that turns every line end into CRLF leaves those alone that are CRLF already."""
    text = "\r\n\r\nb\nc"
    at = text.replace("\r\n", "\n").replace("\n", "\r\n").index("c")
    assert explain_offsets(text, at, at + 1, "c") == (LF_TWO, 6, 7)


# How each convention counts the code points that stand before an offset.
COUNTED = {
    UTF16: lambda text, at: len(text[:at].encode("utf-16-le")) // 2,
    BYTES: lambda text, at: len(text[:at].encode()),
    CRLF_ONE: lambda text, at: len(text[:at].replace("\r\n", "\n")),
    LF_TWO: lambda text, at: len(text[:at].replace("\n", "\r\n")),
    STRIPPED: lambda text, at: at - (len(text) - len(text.lstrip())),
    BOM: lambda _, at: at + 1,
    NFC: lambda text, at: len(unicodedata.normalize("NFC", text[:at])),
    NFD: lambda text, at: len(unicodedata.normalize("NFD", text[:at])),
    COLLAPSED: lambda text, at: len(re.sub(r"(?<=\s)\s", "", " " + re.sub(r"[\x1c-\x1f]", " ", text[:at]))) - 1,
    HTML: lambda text, at: len(html.escape(text[:at])),
    FROM_ONE: lambda _, at: at + 1,
    INCLUSIVE: lambda _, at: at,
    UTF16_OF_LF: lambda text, at: len(text[:at].replace("\r\n", "\n").encode("utf-16-le")) // 2,
    TOO_FEW: lambda _, at: at - 1,
}


def test_every_convention_has_a_property_test():
    assert set(COUNTED) == set(CONVENTIONS)


@pytest.mark.parametrize("convention", COUNTED)
@settings(deadline=None)
@given(where=text_and_span())
def test_every_convention_is_undone(convention, where):
    text, start, end = where
    quote = text[start:end]
    if convention in (CRLF_ONE, UTF16_OF_LF):  # nobody who counts CRLF as one can point between the two
        assume(not any(text[at - 1 : at + 1] == "\r\n" for at in (start, end) if at))
    if convention == LF_TWO:
        assume("\r\n" not in text)
    if convention == NFC:  # an offset inside what was composed has no place, and Hangul composes across offsets
        assume(
            unicodedata.normalize("NFC", text[:start])
            + unicodedata.normalize("NFC", quote)
            + unicodedata.normalize("NFC", text[end:])
            == unicodedata.normalize("NFC", text)
        )
    if convention == COLLAPSED:  # what is annotated neither begins nor ends with white space
        assume(quote == quote.strip())
    count = COUNTED[convention]
    foreign = count(text, start), count(text, end) - (convention in (INCLUSIVE, FROM_ONE))
    assume(foreign[0] >= 0)
    explained = explain_offsets(text, *foreign, quote)
    assert explained is not None
    assert text[explained[1] : explained[2]] == quote


@settings(deadline=None)
@given(text_and_span())
def test_utf16_offsets_lead_to_the_very_same_span(where):
    text, start, end = where
    count = COUNTED[UTF16]
    assert explain_offsets(text, count(text, start), count(text, end), text[start:end]) == (UTF16, start, end)
