"""Raw text as it is: strict decoding, lines and columns, quotes, and the offset conventions that people mix up.

Nothing here changes a text. All offsets are Unicode code points unless a name says otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable

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


def _from_utf16(text: str, offset: int) -> int:
    units = text.encode("utf-16-le")
    return len(units[: 2 * offset].decode("utf-16-le", errors="ignore"))


def _from_bytes(text: str, offset: int) -> int:
    return len(text.encode("utf-8")[:offset].decode("utf-8", errors="ignore"))


def _from_lf(text: str, offset: int) -> int:
    at = seen = 0
    while seen < offset and at < len(text):
        at += 2 if text.startswith("\r\n", at) else 1
        seen += 1
    return at


def _from_crlf(text: str, offset: int) -> int:
    at = seen = 0
    while seen < offset and at < len(text):
        pair = text.startswith("\r\n", at)
        seen += 2 if pair or text[at] == "\n" else 1
        at += 2 if pair else 1
    return at


def _from_stripped(text: str, offset: int) -> int:
    return offset + len(text) - len(text.lstrip())


def _from_nfc(text: str, offset: int) -> int:
    """The longest start of the text that has so many characters once it is composed."""
    return bisect_right(range(len(text) + 1), offset, key=lambda at: len(unicodedata.normalize("NFC", text[:at]))) - 1


# Each convention turns one of its offsets into code points of the raw text.
CONVENTIONS: dict[str, Callable[[str, int], int]] = {
    "UTF-16 code units, as JavaScript and Java count": _from_utf16,
    "UTF-8 bytes": _from_bytes,
    "CRLF line ends counted as one character": _from_lf,
    "LF line ends counted as two characters": _from_crlf,
    "a text whose leading white space was stripped": _from_stripped,
    "a byte order mark counted as one character": lambda _, offset: offset - 1,
    "a text in Unicode normalisation form C": _from_nfc,
    "an end that is inclusive": lambda _, offset: offset,
    "characters counted from 1, the last one included": lambda _, offset: offset - 1,
}
_INCLUSIVE = ("an end that is inclusive", "characters counted from 1, the last one included")


def explain_offsets(text: str, start: int, end: int, quote: str) -> tuple[str, int, int] | None:
    """Work out which convention makes the offsets agree with the quote.

    Returns the convention's name and the right offsets in code points, or None when no convention explains them.
    """
    for name, convert in CONVENTIONS.items():
        first, last = convert(text, start), convert(text, end)
        if name in _INCLUSIVE:
            last += 1
        if 0 <= first < last and text[first:last] == quote:
            return name, first, last
    return None
