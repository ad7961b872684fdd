"""Tokens of the raw text, and their IOB2 tags."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.spans import contains, overlaps
from krisc.tokens import iob2, tokenize

TRICKY = st.text("aS1٣.,:'’-\"() \t\r\nەڕێ\u200c\u200f\u0301😀👍🏽👩🚀\u200d\ufeff", max_size=40)


def tokens(text, start=0, end=None):
    return [text[s:e] for s, e in zip(*tokenize(text, start, end), strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Kirkuk 's governor",
        "the Peshmerga ’s posts",
        "it 's his",
        "villagers ' homes",
        "don't panic",
        "O'Brien met O’Brien 's men",
        "the ' 90s",
        "U.S. - led talks at 10:30 a.m. on Wednesday",
        "Oct. 22 , 2023",
        "Gen. Karwan and Dr. Zerin",
        "1,500 fighters , 3.5 percent , 12.5 % , 2023.12.20",
        "Iran - backed militias",
        "hit - and - run attacks",
        '( INSS ) and " disputed territories , "',
        "[ KRG ]",
        "“ Quiet Road ”",
        "2017 – 2019 …",
        "$ 200",
        "هەولێر و کەرکووک",
        "ناوەڕۆک\u200cەکان ده\u200cنگ",  # a joiner stays in its word
        "كَتَبَ كِتَابًا",  # vowel marks stay with their letters
        "Cafe\u0301 Zerîn",
        "٢٠٢٣ ١٬٥٠٠ ٣٫٥ ١٠:٣٠",
        "هەولێر ، بەغدا ؟",
        "km² 3½",
    ],
)
def test_tokens_stand_between_the_spaces(text):
    """Every example is written with a space between all tokens; without the spaces at punctuation it reads as usual."""
    assert tokens(text) == text.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kirkuk's governor", ["Kirkuk", "'s", "governor"]),
        ("O’Brien’s", ["O’Brien", "’s"]),
        ("boss's", ["boss", "'s"]),
        ("'so he said'", ["'", "so", "he", "said", "'"]),
        ("villagers' homes", ["villagers", "'", "homes"]),
        ("U.S.-led", ["U.S.", "-", "led"]),
        ("Oct. 22, 2023.", ["Oct.", "22", ",", "2023", "."]),
        ("the 1,500, then", ["the", "1,500", ",", "then"]),
        ("10:30a.m.", ["10:30", "a.m."]),
        ("Iran-backed", ["Iran", "-", "backed"]),
        ("15-kilometre", ["15", "-", "kilometre"]),
        ("(INSS),", ["(", "INSS", ")", ","]),
        ('"territories,"', ['"', "territories", ",", '"']),
        ("(KRG)'s", ["(", "KRG", ")", "'s"]),
        ("الأمن،", ["الأمن", "،"]),
        ("one\r\ntwo\tthree\u00a0four\u2028five", ["one", "two", "three", "four", "five"]),
        (" \r\n\t", []),
        ("😀Erbil", ["😀", "Erbil"]),
        ("👍🏽!", ["👍", "🏽", "!"]),  # every code point of an emoji by itself …
        ("👩\u200d🚀", ["👩\u200d", "🚀"]),  # … with the joiner after it
        ("\u200fErbil", ["\u200f", "Erbil"]),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


def test_offsets_are_code_points_of_the_whole_text():
    text = "😀 Erbil.\r\nE\u0301rbil's"
    assert tokenize(text) == ([0, 2, 7, 10, 16], [1, 7, 8, 16, 18])
    assert tokenize(text, 10) == ([10, 16], [16, 18])
    assert tokens(text, 3, 6) == ["rbi"]


@pytest.mark.parametrize(
    ("part", "count"),
    [("The KRG's 1,500 U.S.-led fighters met.\r\n", 10), ("ده\u200cنگ ", 1), ("1,", 1), ("(", 1), ("A.", 1)],
)
def test_a_megabyte_of_text(part, count):
    repeats = 1_000_000 // len(part)
    starts, ends = tokenize(part * repeats)
    joined = {"1,": 2, "A.": 1}.get(part)  # repeats of these stick together, however many
    assert len(starts) == (joined or count * repeats)
    assert ends[-1] == len((part * repeats).rstrip())


@settings(deadline=None, max_examples=300)
@given(TRICKY | st.text(max_size=40))
def test_tokens_cover_all_but_white_space(text):
    starts, ends = tokenize(text)
    assert all(s < e for s, e in zip(starts, ends, strict=True))
    assert all(e <= s for e, s in zip(ends, starts[1:], strict=False))
    covered = {at for s, e in zip(starts, ends, strict=True) for at in range(s, e)}
    assert covered == {at for at, character in enumerate(text) if not character.isspace()}


@settings(deadline=None)
@given(TRICKY, st.data())
def test_a_part_that_stands_between_spaces_has_the_tokens_it_has_alone(text, data):
    words = text.split()
    at = data.draw(st.integers(0, len(words)))
    before, after = "".join(f"{w} " for w in words[:at]), " ".join(words[at:])
    starts, ends = tokenize(before + after, len(before))
    assert ([s - len(before) for s in starts], [e - len(before) for e in ends]) == tokenize(after)


RANGE = st.tuples(st.integers(0, 10), st.integers(1, 5), st.sampled_from(["PER", "ORG"])).map(
    lambda r: (r[0], r[0] + r[1], r[2])
)
LENGTH = 15


def decoded(tags):
    """The chunks of IOB2 tags, as seqeval reads them in strict mode."""
    chunks = []
    for at, tag in enumerate(tags):
        if tag[0] == "B":
            chunks.append([at, at + 1, tag[2:]])
        elif tag[0] == "I":
            chunks[-1][1] = at + 1
    return [tuple(chunk) for chunk in chunks]


def test_tags():
    assert iob2([(0, 2, "PER"), (2, 3, "PER"), (4, 5, "ORG")], 6) == ["B-PER", "I-PER", "B-PER", "O", "B-ORG", "O"]
    assert iob2([], 2) == ["O", "O"]
    assert iob2([], 0) == []


def test_of_nested_ranges_the_outermost_is_tagged():
    assert iob2([(0, 1, "NORP"), (0, 3, "ORG"), (2, 3, "NORP")], 3) == ["B-ORG", "I-ORG", "I-ORG"]


@settings(deadline=None)
@given(st.lists(RANGE, max_size=8))
def test_tags_are_well_formed(ranges):
    tags = iob2(ranges, LENGTH)
    assert len(tags) == LENGTH
    for before, tag in zip(["O", *tags], tags, strict=False):
        assert tag[0] != "I" or before in (f"B-{tag[2:]}", tag)
    assert set(decoded(tags)) <= set(ranges)


@settings(deadline=None)
@given(st.lists(RANGE, max_size=8))
def test_tags_of_ranges_apart_decode_to_the_ranges(ranges):
    apart = []
    for one in ranges:
        if not any(overlaps(one[:2], other[:2]) for other in apart):
            apart.append(one)
    assert decoded(iob2(apart, LENGTH)) == sorted(apart)


@settings(deadline=None)
@given(st.lists(RANGE, max_size=8))
def test_tags_of_nested_ranges_decode_to_the_outermost(ranges):
    nested = []
    for one in ranges:
        if all(
            contains(one[:2], other[:2]) or contains(other[:2], one[:2]) or not overlaps(one[:2], other[:2])
            for other in nested
            if one[:2] != other[:2]
        ) and one[:2] not in [other[:2] for other in nested]:
            nested.append(one)
    outermost = [r for r in nested if not any(o != r and contains(o[:2], r[:2]) for o in nested)]
    assert decoded(iob2(nested, LENGTH)) == sorted(outermost)
