"""Raw text as it is: strict decoding, lines and columns, quotes, and the offset conventions that people mix up.

Nothing here changes a text. All offsets are Unicode code points unless a name says otherwise.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, repeat

UTF8_BOM = b"\xef\xbb\xbf"


class TextError(ValueError):
    """Bytes that are not a raw text: ``finding`` is the id of the finding, ``offset`` the position in bytes."""

    def __init__(self, finding: str, offset: int, found: str) -> None:
        super().__init__(finding)
        self.finding = finding
        self.offset = offset
        self.found = found


def decode(data: bytes) -> str:
    """Decode the bytes of a file as UTF-8; CRLF and every other character stay as they are.

    Raises:
        TextError: a byte order mark, an invalid byte sequence, or a NUL.
    """
    if data.startswith(UTF8_BOM):
        raise TextError("byte-order-mark", 0, "EF BB BF")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TextError("not-utf8", error.start, data[error.start : error.end].hex(" ").upper()) from None
    if (nul := data.find(b"\0")) >= 0:
        raise TextError("nul-character", nul, "00")
    return text


class Lines:
    """Turns offsets of a text into lines and columns. Lines end at LF (so CRLF ends one line, not two)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset in code points, both counted from 1."""
        line = bisect_right(self.starts, max(0, min(offset, len(self.text))))
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its line end."""
        start = self.starts[number - 1]
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[start:end].removesuffix("\n").removesuffix("\r")


def occurrences(text: str, quote: str) -> list[int]:
    """Offsets of every place where the quote stands, overlapping ones included."""
    found: list[int] = []
    at = text.find(quote) if quote else -1
    while at >= 0:
        found.append(at)
        at = text.find(quote, at + 1)
    return found


def _composed(text: str) -> Iterator[int]:
    """How many characters each one adds to the text in normalisation form C."""
    cluster, length = "", 0
    for character in text:
        joins = (
            unicodedata.combining(character) or "\u1160" <= character <= "\u11ff"
        )  # marks, and later parts of Hangul
        cluster, length = (cluster + character, length) if joins else (character, 0)
        now = len(unicodedata.normalize("NFC", cluster))
        yield now - length
        length = now


def _utf16_of_lf(text: str) -> Iterator[int]:
    """What a browser counts, which makes every CRLF a line feed."""
    before = ""
    for character in text:
        yield 0 if before + character == "\r\n" else 1 + (character > "\uffff")
        before = character


def _collapsed(text: str) -> Iterator[int]:
    before = " "
    for character in text:
        yield 0 if character.isspace() and before.isspace() else 1
        before = character


@dataclass(frozen=True)
class Convention:
    """A way to count that is not code points: how many each character of a text adds, and where counting begins."""

    widths: Callable[[str], Iterable[int]] | None = None
    shift: int = 0
    inclusive: bool = False

    def converter(self, text: str) -> Callable[[int, int], tuple[int, int]]:
        """A function from a span by this convention to one in code points of the text. Takes O(n) time once."""
        if self.widths is None:
            return lambda start, end: (start + self.shift, end + self.shift + self.inclusive)
        starts = list(accumulate(self.widths(text), initial=0))

        def point(offset: int) -> int:
            beyond = max(0, offset - starts[-1])
            return bisect_right(starts, offset) - 1 + beyond

        return lambda start, end: (point(start + self.shift), point(end + self.shift) + self.inclusive)


CONVENTIONS: dict[str, Convention] = {
    "UTF-16 code units, as JavaScript and Java count": Convention(lambda t: (1 + (c > "\uffff") for c in t)),
    "UTF-8 bytes": Convention(lambda t: (len(c.encode("utf-8", errors="surrogatepass")) for c in t)),
    "CRLF line ends counted as one character": Convention(
        lambda t: (0 if c == "\n" and n and t.startswith("\r", n - 1) else 1 for n, c in enumerate(t))
    ),
    "LF line ends counted as two characters": Convention(
        lambda t: (2 if c == "\n" and not (n and t.startswith("\r", n - 1)) else 1 for n, c in enumerate(t))
    ),
    "a text whose leading white space was stripped": Convention(
        lambda t: chain(repeat(0, len(t) - len(t.lstrip())), repeat(1, len(t.lstrip())))
    ),
    "a byte order mark counted as one character": Convention(shift=-1),
    "a text in Unicode normalisation form C": Convention(_composed),
    "a text in Unicode normalisation form D": Convention(lambda t: (len(unicodedata.normalize("NFD", c)) for c in t)),
    "a text whose white space was collapsed": Convention(_collapsed),
    "a text with HTML entities": Convention(lambda t: (len(html.escape(c)) for c in t)),
    "an end that is inclusive": Convention(inclusive=True),
    "characters counted from 1, the last one included": Convention(shift=-1, inclusive=True),
    "UTF-16 code units, CRLF line ends counted as one": Convention(_utf16_of_lf),
    "a text whose first character was cut off": Convention(shift=1),
}


def explain_offsets(text: str, start: int, end: int, quote: str) -> tuple[str, int, int] | None:
    """Work out which convention makes the offsets agree with the quote.

    Returns the convention's name and the right offsets in code points, or None when no convention explains them.
    """
    for name, convention in CONVENTIONS.items():
        first, last = convention.converter(text)(start, end)
        if 0 <= first < last <= len(text) and text[first:last] == quote:
            return name, first, last
    return None
