"""Finds quotes in a text: how an author's words become offsets.

A quote that stands once is placed; one that stands more often needs its occurrence or its neighbouring words. Nothing
is ever guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from krisc.findings import Finding, Place
from krisc.model import Segment
from krisc.text import occurrences


@dataclass(frozen=True)
class Wanted:
    """A quote an author named: which occurrence (from 1), what stands before and after, and where to look.

    With ``to``, the quote is how the words begin, and they go on up to the first ``to`` after it.
    """

    quote: str
    occurrence: int | None = None
    before: str = ""
    after: str = ""
    to: str = ""
    within: tuple[int, int] | None = None


def place(text: str, wanted: Wanted, at: Place) -> Segment | Finding:
    """The segment of a quote, or the finding that says why it cannot be placed with certainty.

    Args:
        text: the raw text.
        wanted: the quote; ``within`` limits the search to a stretch of code points, and ``occurrence`` counts there.
        at: where the author named it, for the finding.
    """
    quote = wanted.quote
    first, last = wanted.within or (0, len(text))
    found = [p for p in occurrences(text, quote) if first <= p and p + len(quote) <= last]
    found = [p for p in found if text.endswith(wanted.before, 0, p) and text.startswith(wanted.after, p + len(quote))]
    if wanted.occurrence is not None:
        found = found[wanted.occurrence - 1 : wanted.occurrence]
    if len(found) == 1:
        return _up_to(text, wanted, found[0], at)
    if found:
        return Finding("quote-ambiguous", at, {"quote": quote, "count": len(found)})
    return Finding("quote-not-found", at, {"quote": quote, "hint": _hint(text, wanted)})


def _up_to(text: str, wanted: Wanted, start: int, at: Place) -> Segment | Finding:
    """The segment that begins at a place: the quote itself, or what reaches to the end of ``to``."""
    end = start + len(wanted.quote)
    if wanted.to:
        last = text.find(wanted.to, end, wanted.within[1] if wanted.within else len(text))
        if last < 0:
            return Finding("quote-not-found", at, {"quote": wanted.to, "hint": f" after {wanted.quote!r}"})
        end = last + len(wanted.to)
    return Segment(start, end, text[start:end])


def _hint(text: str, wanted: Wanted) -> str:
    """Why a quote may not have been found."""
    places = len(occurrences(text, wanted.quote))
    if places:
        return f" there; it stands {places} time(s) in the whole text, but not with this occurrence or context"
    if occurrences(text.casefold(), wanted.quote.casefold()):
        return "; it is there in other capitals"
    if occurrences(" ".join(text.split()), " ".join(wanted.quote.split())):
        return "; it is there with other white space or line ends"
    if occurrences(unicodedata.normalize("NFC", text), unicodedata.normalize("NFC", wanted.quote)):
        return "; it is there in another Unicode normalisation"
    plain = str.maketrans("“”‘’–—\u00a0", "\"\"''-- ")
    if occurrences(text.translate(plain), wanted.quote.translate(plain)):
        return "; it is there with other quotation marks, dashes or spaces"
    return ""


def fill(value: dict[str, Any], text: str, name: str) -> Iterator[Finding]:
    """Fill in the offsets of an annotation file in the authoring form, in place; yield what could not be placed.

    Args:
        value: the file's JSON value, which holds to the ``draft`` schema.
        text: the raw text.
        name: the file, for findings.
    """
    for layer, listed in value["layers"].items():
        for index, annotation in enumerate(listed):
            lists = [("segments", annotation.get("segments", ())), ("trigger", annotation.get("trigger", ()))]
            lists += [
                (f"arguments/{n}/segments", argument.get("segments", ()))
                for n, argument in enumerate(annotation.get("arguments", ()))
            ]
            for rest, segments in lists:
                for n, segment in enumerate(segments):
                    at = Place(name, pointer=f"/layers/{layer}/{index}/{rest}/{n}")
                    if finding := _fill_segment(segment, text, at):
                        yield Finding(finding.id, finding.place, finding.data, annotation=annotation["id"])


def _fill_segment(segment: dict[str, Any], text: str, at: Place) -> Finding | None:
    if "start" in segment and "end" in segment:
        return None
    context: dict[str, Any] = {key: segment.pop(key) for key in ("occurrence", "before", "after") if key in segment}
    placed = place(text, Wanted(segment["quote"], **context), at)
    if isinstance(placed, Finding):
        segment |= context
        return placed
    segment.clear()
    segment |= {"start": placed.start, "end": placed.end, "quote": placed.quote}
    return None
