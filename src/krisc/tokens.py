"""The corpus's tokens: a regular expression over the raw text, so that every token keeps its offsets.

A word is a run of letters, marks and digits; inner apostrophes, and full stops inside abbreviations and numbers, stay
in the word; a possessive ``'s`` and every other character that is not white space stand alone. Follows the Penn
Treebank in splitting possessives and Unicode UAX #29 in keeping combining marks and joiners with their letter.

``TOKEN`` is the definition. What is longer than a few words is cut all at once instead, by the classes of every two
neighbouring characters; where two do not decide, ``TOKEN`` cuts the stretch from white space to white space that they
stand in. It never takes white space into a token nor looks beyond it, so the tokens are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Offsets = tuple[NDArray[np.intp], NDArray[np.intp]]

TITLES = "Mr|Mrs|Ms|Dr|Gen|Col|Maj|Lt|Sgt|St|No|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec"
# The regex package brings its own Unicode tables, so the tokens do not change with the version of Python.
TOKEN = regex.compile(
    r"""
      ['’]s\b                                        # possessive
    | (?:[A-Za-z]\.){2,}                             # U.S., a.m.
    | (?:TITLES)\.
    | \p{Nd}+(?:[.,:٫٬]\p{Nd}+)+                     # 1,500  3.5  10:30  ٣٫٥
    | (?:[\p{L}\p{N}][\p{M}\p{Cf}]*)+(?:['’](?!s\b)(?:\p{L}\p{M}*)+)*  # words, O'Brien; joiners stay inside
    | [^\s\x1c-\x1f][\p{M}\p{Cf}]*                   # any other character, with its marks; 1C to 1F are white space
    """.replace("TITLES", TITLES),
    regex.VERBOSE,
)

SHORT = 48  # up to so many code points the expression takes less time than the few calls that the fast way always takes
DENSE = 16  # with a doubt in fewer code points than these, it takes less time for the whole text

# The classes of characters that TOKEN tells apart. Where a character fits several, the last is its class.
SPACE, SIGN, STOP, SEPARATOR, APOSTROPHE, LETTER, LATIN, DIGIT, NUMBER, MARK, UNREAD = range(11)
CLASSES = {
    SIGN: r"[^\s\x1c-\x1f]",
    STOP: r"\.",
    SEPARATOR: r"[,:٫٬]",
    APOSTROPHE: r"['’]",
    LETTER: r"\p{L}",
    LATIN: r"[A-Za-z]",
    DIGIT: r"\p{Nd}",
    NUMBER: r"[^\P{N}\p{Nd}]",
    MARK: r"[\p{M}\p{Cf}]",
}
WORD = range(LETTER, MARK)
BLOCK = 256  # the classes are looked up for so many code points at once, when the first of them is met

# What lies between two neighbouring characters, as bits.
STARTS, ENDS, MARKED, DOUBT, TITLE, UNKNOWN = 1, 2, 4, 8, 16, 32
_TITLES = tuple(TITLES.split("|"))
_TITLES_END = frozenset(title[-2:] for title in _TITLES)  # tells most words from a title sooner


def _between(before: int, after: int) -> int:
    """What lies between two neighbouring characters of these classes, white space standing around the text."""
    if UNREAD in (before, after):
        return UNKNOWN
    if SPACE in (before, after):
        return STARTS * (after != SPACE) | ENDS * (before != SPACE)
    if after == MARK or (before in WORD and after in WORD):
        return 0
    if before == MARK and after in WORD:
        return STARTS | ENDS | MARKED  # nothing, if the marks belong to a word
    if (before == LATIN and after == STOP) or (before == APOSTROPHE and after in (LETTER, LATIN)):
        return STARTS | ENDS | (TITLE if after == STOP else DOUBT)
    if (before == STOP and after == LATIN) or (before in (STOP, SEPARATOR) and after == DIGIT):
        return STARTS | ENDS | DOUBT
    return STARTS | ENDS


_BETWEEN = bytes(_between(min(pair >> 4, UNREAD), min(pair & 15, UNREAD)) for pair in range(256))


def tokenize(text: str, start: int = 0, end: int | None = None) -> tuple[list[int], list[int]]:
    """Start and end offsets, in code points of the whole text, of the tokens of ``text[start:end]``."""
    start, end, _ = slice(start, end).indices(len(text))
    if end - start <= SHORT:
        return _one_by_one(text, start, end)
    starts, ends = token_arrays(text, start, end)
    return starts.tolist(), ends.tolist()


def token_arrays(text: str, start: int = 0, end: int | None = None) -> Offsets:
    """The same offsets as ``tokenize`` gives, as two arrays: for aligning many spans."""
    import numpy as np  # noqa: PLC0415 - short texts do without it

    start, end, _ = slice(start, end).indices(len(text))
    borders = _borders(text[start:end]) if end - start > SHORT else None
    if borders is None:
        starts, ends = _one_by_one(text, start, end)
        return np.array(starts, np.intp), np.array(ends, np.intp)
    view = np.frombuffer(borders, np.uint8)
    first, last = ((view & STARTS) != 0).nonzero()[0], ((view & ENDS) != 0).nonzero()[0]
    return (first + start, last + start) if start else (first, last)


def _one_by_one(text: str, start: int, end: int) -> tuple[list[int], list[int]]:
    """The tokens as the expression finds them."""
    matches = list(TOKEN.finditer(text, start, max(start, end)))
    return [match.start() for match in matches], [match.end() for match in matches]


@cache
def _known() -> NDArray[np.uint8]:
    """The class of every code point whose block was met."""
    import numpy as np  # noqa: PLC0415 - short texts do without it

    return np.full(0x110000, UNREAD, np.uint8)


def _meet(points: NDArray[np.uint32]) -> None:
    """Look up the classes of the blocks that these code points lie in."""
    import numpy as np  # noqa: PLC0415 - short texts do without it

    for block in np.unique(points // BLOCK).tolist():
        first = block * BLOCK
        every = "".join(map(chr, range(first, first + BLOCK)))
        found = np.full(BLOCK, SPACE, np.uint8)
        for number, pattern in CLASSES.items():
            for match in regex.finditer(pattern, every):
                found[match.start()] = number
        _known()[first : first + BLOCK] = found


def _borders(text: str) -> bytearray | None:
    """For every code point of the text, and for its end, the bits of what lies before it; None with many doubts."""
    import numpy as np  # noqa: PLC0415 - short texts do without it

    points = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), "<u4")
    while True:
        classes = _known().take(points)
        pairs = classes[:-1] << 4
        pairs |= classes[1:]
        borders = bytearray(pairs.data).translate(_BETWEEN)
        if UNKNOWN not in borders:
            break
        _meet(points)
    view = np.frombuffer(borders, np.uint8)
    if STARTS | ENDS | MARKED in borders:
        _join_marked(view, classes)
    doubts = [
        at
        for at in (view >= DOUBT).nonzero()[0].tolist()
        if borders[at] & DOUBT or (text[at - 2 : at] in _TITLES_END and text.endswith(_TITLES, 0, at))
    ]
    if len(doubts) * DENSE > len(text):
        return None
    if doubts:
        _decide(text, borders, classes.tobytes(), doubts)
    return borders


def _join_marked(borders: NDArray[np.uint8], classes: NDArray[np.uint8]) -> None:
    """Where marks stand between letters or numbers and belong to a word, the word goes on."""
    import numpy as np  # noqa: PLC0415 - short texts do without it

    marked = ((borders & MARKED) != 0).nonzero()[0]
    bearer = np.maximum.accumulate(np.where(classes == MARK, 0, np.arange(len(classes))))
    borders[marked[classes[bearer[marked]] >= WORD.start]] = 0


def _decide(text: str, borders: bytearray, classes: bytes, doubts: Iterable[int]) -> None:
    """Cut anew the stretches from white space to white space in which two neighbours do not tell."""
    done = 0
    for at in doubts:
        if at < done:
            continue
        start, done = classes.rfind(SPACE, 0, at + 1), classes.find(SPACE, at + 1) - 1
        cut = _cut_again if done - start < SHORT else _cut
        borders[start : done + 1] = cut(text[start:done])


def _cut(stretch: str) -> bytes:
    """The bits that the expression sets before every code point of a stretch, and at its end."""
    borders = bytearray(len(stretch) + 1)
    for match in TOKEN.finditer(stretch):
        borders[match.start()] |= STARTS
        borders[match.end()] |= ENDS
    return bytes(borders)


_cut_again = lru_cache(maxsize=1 << 14)(_cut)  # a few abbreviations, names and numbers are most of what is in doubt


def outermost(ranges: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Yield labelled token ranges in order, of nested or overlapping ones that which begins first and is longest."""
    reached = 0
    for first, minus_last, label in sorted([(first, -last, label) for first, last, label in ranges]):
        if first >= reached:
            reached = -minus_last
            yield first, reached, label


def iob2(ranges: Sequence[tuple[int, int, str]], length: int) -> list[str]:
    """IOB2 tags of ``length`` tokens for labelled token ranges; of nested ranges the outermost is tagged.

    Of ranges that cross, the one that begins first is tagged; of equal ones, the one whose label comes first.

    Source: Tjong Kim Sang and Veenstra (1999), Representing Text Chunks.
    """
    tags = ["O"] * length
    for first, last, label in outermost(ranges):
        tags[first:last] = [f"B-{label}", *[f"I-{label}"] * (last - first - 1)]
    return tags
