"""Finds out how a document's offsets were counted, where they and the quoted words disagree.

Nothing is guessed: a span is placed only where the words at its offsets, by one convention for the whole document, are
the words it quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from krisc.interchange.base import Incoming, Report
from krisc.model import Annotation, Argument, Segment
from krisc.text import CONVENTIONS

Convert = Callable[[int, int], tuple[int, int]]


def place(document: Incoming, report: Report, *, repair: bool) -> None:
    """Put every span of a document on its words, in place; what cannot be placed goes aside.

    Args:
        document: the document; its quotes and offsets may disagree.
        report: gets the convention that explains most spans, and what was put aside.
        repair: whether to use that convention.
    """
    segments = [s for listed in document.layers.values() for a in listed for s in _segments(a) if s.quote]
    wrong = [s for s in segments if document.text[max(s.start, 0) : max(s.end, 0)] != s.quote]
    convert: Convert | None = None
    name = ""
    if wrong:
        name, number, best = _best(document.text, segments)
        if number > len(segments) - len(wrong):
            told = {"document": document.name, "convention": name, "matched": number, "of": len(segments)}
            report.conventions.append({**told, "repaired": repair})
            convert = best if repair else None
    gone: set[str] = set()
    for layer, listed in document.layers.items():
        kept = []
        for a in listed:
            placed = _placed(a, document.text, convert, name)
            if placed is None:
                gone.add(a.id)
                report.put_aside(document.name, a, "its words do not stand at its offsets")
            else:
                kept.append(placed)
        document.layers[layer] = kept
    follow(document.name, document.layers, gone, report)


def _segments(a: Annotation) -> Iterator[Segment]:
    yield from a.anchor
    for argument in a.arguments:
        yield from argument.segments


def _best(text: str, segments: list[Segment]) -> tuple[str, int, Convert]:
    """The convention by which most spans stand on their words: its name, how many, and the way to convert."""
    found: list[tuple[int, str, Convert]] = []
    for name, convention in CONVENTIONS.items():
        convert = convention.converter(text)
        number = 0
        for s in segments:
            start, end = convert(s.start, s.end)
            number += 0 <= start < end and text[start:end] == s.quote
        found.append((number, name, convert))
    number, name, convert = max(found, key=lambda one: one[0])
    return name, number, convert


def _placed(a: Annotation, text: str, convert: Convert | None, name: str) -> Annotation | None:
    """The annotation on its words, trimmed of white space; None when the words are not there."""
    moved = False

    def one(segment: Segment) -> Segment:
        nonlocal moved
        start, end = segment.start, segment.end
        if convert and segment.quote and (start, end) != (placed := convert(start, end)):
            first, last = placed
            if 0 <= first < last and text[first:last] == segment.quote:
                start, end, moved = first, last, True
        words = text[start:end] if 0 <= start < end <= len(text) else ""
        if not words.strip() or (segment.quote and words != segment.quote):
            raise LookupError
        start += len(words) - len(words.lstrip())
        end -= len(words) - len(words.rstrip())
        return Segment(start, end, text[start:end])

    try:
        made = msgspec.structs.replace(
            a,
            segments=tuple(map(one, a.segments)),
            trigger=tuple(map(one, a.trigger)),
            arguments=tuple(Argument(g.role, g.target, tuple(map(one, g.segments))) for g in a.arguments),
        )
    except LookupError:
        return None
    if moved:
        told = f"offsets repaired from {name}"
        made = msgspec.structs.replace(made, note=f"{a.note}; {told}" if a.note else told)
    return made


def follow(name: str, layers: dict[str, list[Annotation]], gone: set[str], report: Report) -> None:
    """Put aside what refers to what is not there, in place, until nothing does.

    Args:
        name: the document.
        layers: its annotations; those of ``gone`` are no longer among them.
        gone: ids that were taken out.
        report: gets what was put aside, and counts references that were dropped.
    """
    known = {a.id for listed in layers.values() for a in listed} - gone
    while True:
        before = len(known)
        for layer, listed in layers.items():
            kept = []
            for a in listed:
                missing = [g.target for g in a.arguments if g.target and g.target not in known]
                members = tuple(m for m in a.members if m in known)
                if reason := _homeless(a, missing, members):
                    report.put_aside(name, a, reason)
                    known.discard(a.id)
                    continue
                where = f"{name} {a.id}"
                report.lose("arguments that refer to what is not there", where, len(missing))
                report.lose("members that are not there", where, len(a.members) - len(members))
                arguments = tuple(g for g in a.arguments if not g.target or g.target in known)
                kept.append(msgspec.structs.replace(a, arguments=arguments, members=members))
            layers[layer] = kept
        if len(known) == before:
            return


def _homeless(a: Annotation, missing: list[str], members: tuple[str, ...]) -> str:
    """Why an annotation cannot stay, if it cannot; an event can do without an argument."""
    if not (a.anchor or a.arguments or a.members):
        return "it has neither words nor references"
    if missing and not a.trigger:
        return f"it refers to {', '.join(missing)}, which is not there"
    return "none of its members is there" if a.members and not members else ""
