"""Tokens that spans begin and end on: the corpus's own, cut further where a span cuts through one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from krisc.interchange.base import Outgoing
from krisc.layers import Layer
from krisc.model import Annotation
from krisc.tokens import tokenize


@dataclass(frozen=True)
class Unit:
    """A stretch of text with its tokens, and the annotation that cuts it off, if one does."""

    start: int
    end: int
    tokens: list[tuple[int, int]]
    unit: Annotation | None


def anchors(document: Outgoing, units: Layer | None) -> list[tuple[Layer, Annotation]]:
    """The spans and events of a document, without the units and what else stands in their layer."""
    return [(layer, a) for layer, a in document.of_kind("span", "event") if layer is not units]


def cut(document: Outgoing, units: Layer | None) -> list[Unit]:
    """The units of a document in order, and what text stands between them, with tokens that no span cuts through."""
    points = {p for _, a in anchors(document, units) for s in a.anchor for p in (s.start, s.end)}
    listed = document.file.layers.get(units.name, ()) if units else ()
    cutting = [a for a in listed if units and a.label in units.constraints.units and len(a.anchor) == 1]
    made: list[Unit] = []
    at = 0
    for unit in sorted(cutting, key=lambda a: a.hull):
        start, end = unit.hull
        if start < at:
            continue
        made += _between(document.text, at, start, points)
        made.append(Unit(start, end, pieces(document.text, start, end, points), unit))
        at = end
    return made + _between(document.text, at, len(document.text), points)


def _between(text: str, start: int, end: int, points: Iterable[int]) -> list[Unit]:
    tokens = pieces(text, start, end, points)
    return [Unit(tokens[0][0], tokens[-1][1], tokens, None)] if tokens else []


def pieces(text: str, start: int, end: int, points: Iterable[int]) -> list[tuple[int, int]]:
    """The tokens of ``text[start:end]``, cut at every one of the points that lies inside one."""
    cuts = sorted(p for p in points if start <= p <= end)
    made: list[tuple[int, int]] = []
    n = 0
    for first, last in zip(*tokenize(text, start, end), strict=True):
        at = first
        while n < len(cuts) and cuts[n] < last:
            if cuts[n] > at:
                made.append((at, cuts[n]))
                at = cuts[n]
            n += 1
        made.append((at, last))
    return made
