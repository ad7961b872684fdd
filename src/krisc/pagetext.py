"""The words of a file that somebody has: a text, or a page that a browser saved; and where its blocks begin.

A block is a line of a text, or what stands between the tags of a page that break lines. Furniture is whole blocks.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path

from krisc.sealing import words_of

TEXTS = frozenset({".txt", ".text", ".md", ".html", ".htm", ".xhtml", ".mht", ".mhtml"})
_ARCHIVES = frozenset({".mht", ".mhtml"})
# fmt: off
_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt",
    "u", "var", "wbr",
})
# fmt: on
_SILENT = frozenset({"script", "style"})
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Page:
    """The words of a file, and the numbers of the words that blocks begin with, the number after the last included."""

    name: str
    words: tuple[str, ...]
    breaks: tuple[int, ...]


def page_of(name: str, blocks: Iterator[str]) -> Page:
    """A page of blocks of text; blocks without words count as nothing."""
    words: list[str] = []
    breaks = [0]
    for block in blocks:
        words += words_of(block)
        if breaks[-1] != len(words):
            breaks.append(len(words))
    return Page(name, tuple(words), tuple(breaks))


def text_files(path: Path) -> list[Path]:
    """The file, or the texts and pages in a folder and its folders, hidden ones excepted, sorted by name."""
    if not path.is_dir():
        return [path]
    found = (one for one in path.rglob("*") if one.suffix.lower() in TEXTS and one.is_file())
    return sorted(one for one in found if not any(part.startswith(".") for part in one.relative_to(path).parts))


def read_page(path: Path) -> Page:
    """Read a file: HTML where its name or its beginning says so, plain text otherwise.

    Bytes that are no text by the file's encoding are replaced, so that the words around them can still be found.

    Raises:
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    if path.suffix.lower() in _ARCHIVES:
        return page_of(path.name, _archived(data))
    head = data[:1024].lstrip().lower()
    if path.suffix.lower() in (".html", ".htm", ".xhtml") or head.startswith((b"<!doctype html", b"<html")):
        return page_of(path.name, html_blocks(_decoded(data, _declared(data))))
    return page_of(path.name, iter(_decoded(data, "utf-8").splitlines()))


def _declared(data: bytes) -> str:
    found = _CHARSET.search(data[:4096])
    name = found[1].decode("ascii", errors="replace") if found else "utf-8"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"


def _decoded(data: bytes, encoding: str) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), encoding)
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    return data.decode(encoding, errors="replace")


def _archived(data: bytes) -> Iterator[str]:
    """The blocks of the pages in a web archive (MHTML)."""
    for part in message_from_bytes(data).walk():
        if isinstance(part, Message) and part.get_content_type() == "text/html":
            inner = part.get_payload(decode=True)
            if isinstance(inner, bytes):
                charset = part.get_content_charset()
                yield from html_blocks(_decoded(inner, charset if charset and _known(charset) else _declared(inner)))


def _known(encoding: str) -> bool:
    try:
        return bool(codecs.lookup(encoding))
    except LookupError:
        return False


class _Blocks(HTMLParser):
    """Gathers what a page shows, block by block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks = [""]
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """A tag that breaks the line begins a block."""
        if tag in _SILENT:
            self.silent += 1
        elif tag not in _INLINE:
            self.blocks.append("")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """An empty element, such as ``<br/>``, breaks the line too."""
        if tag not in _INLINE:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        """The end of what breaks lines begins a block."""
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag not in _INLINE:
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        """Text, unless it is a program or a style."""
        if not self.silent:
            self.blocks[-1] += data


def html_blocks(text: str) -> Iterator[str]:
    """The blocks of text that a page shows; what cannot be parsed ends them."""
    parser = _Blocks()
    with suppress(AssertionError):  # how the parser of Python tells of a declaration that it cannot read
        parser.feed(text)
        parser.close()
    yield from parser.blocks
