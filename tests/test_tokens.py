"""Tokens of the raw text, and their IOB2 tags."""

import random
import subprocess
import sys
from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc import tokens as module
from krisc.spans import contains, overlaps
from krisc.tokens import TITLES, TOKEN, iob2, token_arrays, tokenize

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
    [
        ("The KRG's 1,500 U.S.-led fighters met.\r\n", 10),
        ("ده\u200cنگ ", 1),
        ("1,", 1),
        ("(", 1),
        ("A.", 1),
        ("中，" * 12 + "1,5", 25),
    ],
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


# One character of every class, the s of possessives, and a joiner beside the mark.
KINDS = " (_.,'éas1²\u0301\u200d"
PIECES = st.sampled_from([
    *"(_.,:'’éasSe1٣²½ⅷ\u0301\u200c\u200d\u0600\xad٫٬،؛ەڕ한中ⓐ😀🏽𝔘𝟗\ud800\udfff\ufeff\U000e0067\U0010ffff\0",
    *" \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000\u200b\u180e",
    *TITLES.split("|"), "Mr.", "No.1", "Sept.'s", "XMr.", "Mr.\u0301", "Sep\u0301.",
    "'s", "’s", "'S", "'s_", "'s²", "'s\u200d", "boss's", "don't", "O'Brien's", "O’\u0301Brien", "o's'x", "rock'n'roll",
    "U.S.", "a.m.", "U.S", "u.s.a.'s", "é.a.b.", "1,500", "10:30", "3.5'a", "٣٫٥", "١٬٥٠٠", "1,500.", "a1,500.5", "1\u0301,5",
    "ناوەڕۆک\u200cەکان", "كَتَبَ", "كِتَابًا", "Cafe\u0301", "한국어", "\u1112\u1161\u11ab", "👩\u200d🚀", "\r\n",
])  # fmt: skip
ANYTHING = st.lists(PIECES | st.text(max_size=6), max_size=60).map("".join)


def by_expression(text, start=0, end=None):
    """Starts and ends as the expression that defines the tokens gives them."""
    spans = [match.span() for match in TOKEN.finditer(text, start, len(text) if end is None else end)]
    return [s for s, _ in spans], [e for _, e in spans]


def all_at_once(text, start=0, end=None, *, dense=0):
    """Starts and ends as the fast way gives them, however short the text is and however much of it is in doubt."""
    with patch.object(module, "SHORT", -1), patch.object(module, "DENSE", dense):
        return tokenize(text, start, end)


@settings(deadline=None, max_examples=1000)
@given(ANYTHING, st.sampled_from([0, module.DENSE]))
def test_the_fast_way_cuts_as_the_expression_does(text, dense):
    assert all_at_once(text, dense=dense) == tokenize(text) == by_expression(text)


@settings(deadline=None, max_examples=300)
@given(ANYTHING, st.integers(0, 80), st.integers(0, 200))
def test_the_fast_way_cuts_parts_as_the_expression_does(text, start, end):
    assert all_at_once(text, start, end) == tokenize(text, start, end) == by_expression(text, start, end)


def test_every_five_neighbours_are_cut_as_the_expression_does():
    text = " ".join(map("".join, product(KINDS, repeat=5)))
    assert all_at_once(text) == by_expression(text)


@pytest.mark.parametrize("plane", [0, 1, 2, 14, 16])
def test_every_character_is_of_the_class_that_the_expression_takes_it_for(plane):
    characters = map(chr, range(plane << 16, (plane + 1) << 16))
    text = "".join(f"'s{c} é{c}a{c}. {c}1,{c}2\n" for c in characters)
    assert all_at_once(text) == by_expression(text)


def test_the_texts_of_this_corpus_are_cut_as_the_expression_does(repository):
    paths = sorted((repository / "dataset/raw").glob("*.txt"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    assert texts
    for text in [*texts, *(text.replace("\n", "\r\n") for text in texts), "\n".join(texts)]:
        assert all_at_once(text) == tokenize(text) == by_expression(text)


def test_made_texts_are_cut_as_the_expression_does():
    rng = random.Random(0)
    words = [
        "Karwan",
        "met",
        "Hêvî’s",
        "ئازاد",
        "1,500",
        "(U.S.-led)",
        "٣٫٥",
        "Dr.",
        "don't",
        "كِتَابًا",
        "“x”,",
        "end.\r\n",
        "😀",
    ]
    for length in (1, 10, 40, 300, 3000):
        for _ in range(20):
            text = " ".join(rng.choices(words, k=length))
            assert all_at_once(text) == tokenize(text) == by_expression(text)


def test_arrays_hold_the_same_offsets():
    for text in ("", "Erbil", "The KRG's 1,500 fighters met. " * 10):
        starts, ends = token_arrays(text, 2)
        assert (starts.tolist(), ends.tolist()) == tokenize(text, 2)
        assert starts.dtype == ends.dtype == int


def test_short_texts_do_not_wait_for_numpy():
    program = "import sys; from krisc import spans, tokens; tokens.tokenize('Erbil'); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


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


@settings(deadline=None)
@given(st.lists(RANGE, max_size=12))
def test_a_range_is_tagged_if_none_of_its_tokens_was_when_its_turn_came(ranges):
    tags = ["O"] * LENGTH
    for first, last, label in sorted(ranges, key=lambda r: (r[0], -r[1], r[2])):
        if all(tag == "O" for tag in tags[first:last]):
            tags[first:last] = [f"B-{label}", *[f"I-{label}"] * (last - first - 1)]
    assert iob2(ranges, LENGTH) == tags
