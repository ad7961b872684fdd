"""XML that comes from outside: nothing in it may grow or reach out, and texts that XML cannot hold are told of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as Defused

from krisc.interchange.base import InterchangeError, Outgoing, Report

# What XML 1.0 cannot hold, section 2.2 Char.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def check_xml(data: bytes, file: str) -> Element:
    """The root of an XML file; a document type may be named, but declares no entity and is not fetched.

    Raises:
        InterchangeError: it is no XML, or declares entities.
    """
    try:
        root: Element = Defused.fromstring(data)
    except DefusedXmlException as error:
        raise InterchangeError(file, 0, f"it declares entities, which is not allowed: {error}"[:200]) from None
    except ParseError as error:
        raise InterchangeError(file, error.position[0], f"no XML: {error}") from None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise InterchangeError(file, 0, f"no XML: {error}") from None
    return root


def holds(document: Outgoing, report: Report) -> bool:
    """Whether XML can hold a text; where it cannot, the document is a loss."""
    if _FORBIDDEN.search(document.text):
        report.lose("documents with control characters", document.id)
        return False
    return True


@dataclass
class Part:
    """An element in a text: where it stands, in code points of the text."""

    element: Element
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name of its tag, without a namespace."""
        return local(self.element.tag)

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes, without namespaces."""
        return {local(key): value for key, value in self.element.attrib.items()}


def local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]


def flatten(root: Element) -> tuple[str, list[Part]]:
    """The text of an element, and the elements in it, in the order in which they begin."""
    text, at, parts = [root.text or ""], len(root.text or ""), []
    stack = [iter(root)]
    open_: list[Part] = []
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
            if open_:
                part = open_.pop()
                part.end = at
                text.append(part.element.tail or "")
                at += len(part.element.tail or "")
            continue
        part = Part(child, at, at)
        parts.append(part)
        open_.append(part)
        text.append(child.text or "")
        at += len(child.text or "")
        stack.append(iter(child))
    return "".join(text), parts


@dataclass(frozen=True)
class Tag:
    """An element to be written around a stretch of text."""

    start: int
    end: int
    name: str
    attributes: tuple[tuple[str, str], ...]


def uncrossed(spans: Iterable[tuple[int, int]]) -> list[bool]:
    """Of spans in order, which neither cross one that was taken before nor are empty."""
    taken: list[tuple[int, int]] = []
    kept = []
    for start, end in spans:
        while taken and taken[-1][1] <= start:
            taken.pop()
        fits = start < end and (not taken or end <= taken[-1][1])
        kept.append(fits)
        if fits:
            taken.append((start, end))
    return kept


def marked(text: str, tags: list[Tag]) -> str:
    """A text with elements in it, which do not cross and stand in the order in which they begin."""
    made, at, open_ = [], 0, list[Tag]()

    def upto(point: int) -> None:
        nonlocal at
        made.append(characters(text[at:point]))
        at = point

    for tag in tags:
        while open_ and open_[-1].end <= tag.start:
            upto(open_[-1].end)
            made.append(f"</{open_.pop().name}>")
        upto(tag.start)
        made.append(f"<{tag.name}{attributes(tag.attributes)}>")
        open_.append(tag)
    while open_:
        upto(open_[-1].end)
        made.append(f"</{open_.pop().name}>")
    upto(len(text))
    return "".join(made)


def characters(text: str) -> str:
    """Text as XML has it; a carriage return is a character reference, because XML would make it a line feed."""
    return escape(text, {"\r": "&#13;"})


def attributes(pairs: Iterable[tuple[str, str]]) -> str:
    """Attributes as a start tag has them."""
    return "".join(f" {name}={quoteattr(value)}" for name, value in pairs)


def is_name(name: str) -> bool:
    """Whether an element or attribute may be called so."""
    return bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name)) and not name.lower().startswith("xml")
