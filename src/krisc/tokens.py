"""The corpus's tokens: a regular expression over the raw text, so that every token keeps its offsets.

A word is a run of letters, marks and digits; inner apostrophes, and full stops inside abbreviations and numbers, stay
in the word; a possessive ``'s`` and every other character that is not white space stand alone. Follows the Penn
Treebank in splitting possessives and Unicode UAX #29 in keeping combining marks and joiners with their letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import regex

# The regex package brings its own Unicode tables, so the tokens do not change with the version of Python.
TOKEN = regex.compile(
    r"""
      ['’]s\b                                        # possessive
    | (?:[A-Za-z]\.){2,}                             # U.S., a.m.
    | (?:Mr|Mrs|Ms|Dr|Gen|Col|Maj|Lt|Sgt|St|No|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.
    | \p{Nd}+(?:[.,:٫٬]\p{Nd}+)+                     # 1,500  3.5  10:30  ٣٫٥
    | (?:[\p{L}\p{N}][\p{M}\p{Cf}]*)+(?:['’](?!s\b)(?:\p{L}\p{M}*)+)*  # words, O'Brien; joiners stay inside
    | [^\s\x1c-\x1f][\p{M}\p{Cf}]*                   # any other character, with its marks; 1C to 1F are white space
    """,
    regex.VERBOSE,
)


def tokenize(text: str, start: int = 0, end: int | None = None) -> tuple[list[int], list[int]]:
    """Start and end offsets, in code points of the whole text, of the tokens of ``text[start:end]``."""
    starts: list[int] = []
    ends: list[int] = []
    for match in TOKEN.finditer(text, start, len(text) if end is None else end):
        starts.append(match.start())
        ends.append(match.end())
    return starts, ends


def outermost(ranges: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Yield labelled token ranges in order, of nested or overlapping ones that which begins first and is longest."""
    reached = 0
    for first, last, label in sorted(ranges, key=lambda r: (r[0], -r[1], r[2])):
        if first >= reached:
            yield first, last, label
            reached = last


def iob2(ranges: Sequence[tuple[int, int, str]], length: int) -> list[str]:
    """IOB2 tags of ``length`` tokens for labelled token ranges; of nested ranges the outermost is tagged.

    Source: Tjong Kim Sang and Veenstra (1999), Representing Text Chunks.
    """
    tags = ["O"] * length
    for first, last, label in outermost(ranges):
        tags[first:last] = [f"B-{label}", *[f"I-{label}"] * (last - first - 1)]
    return tags
