"""The records that flow through the program: documents, annotations, the entity register and annotators.

They say what a corpus holds and nothing about where it is stored or whether it is right. Offsets are Unicode code
points, half-open ``[start, end)``, from 0, into the raw text decoded as UTF-8 with no normalisation.
"""

from __future__ import annotations

import msgspec

Value = str | int | float | bool


class Segment(msgspec.Struct, frozen=True):
    """A stretch of text, anchored twice: by offsets in code points and by its words, as in W3C Web Annotation."""

    start: int
    end: int
    quote: str


class Argument(msgspec.Struct, frozen=True, omit_defaults=True):
    """One filler of a role: another annotation of the document (``target``) or words of the text (``segments``)."""

    role: str
    target: str = ""
    segments: tuple[Segment, ...] = ()


class Annotation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One span, event, relation or chain; the kind of its layer says which fields it has.

    A span has ``segments``; an event has ``trigger`` and ``arguments``; a relation has ``arguments``; a chain has
    ``members`` (ids) and, where its label asks for one, ``entity`` (an id of the entity register).
    ``by`` names the annotators it comes from, ``decided`` says how: by the only annotator (single), because all agree
    (agreed), or by a decision (adjudicated, then ``decision`` says which). ``checked_by`` names the people who signed
    it off.
    """

    id: str
    label: str
    segments: tuple[Segment, ...] = ()
    trigger: tuple[Segment, ...] = ()
    arguments: tuple[Argument, ...] = ()
    members: tuple[str, ...] = ()
    entity: str = ""
    attributes: dict[str, Value] = {}
    note: str = ""
    by: tuple[str, ...] = ()
    decided: str = ""
    decision: str = ""
    checked_by: tuple[str, ...] = ()

    @property
    def anchor(self) -> tuple[Segment, ...]:
        """The segments that the annotation itself stands on: those of a span, or of an event's trigger."""
        return self.segments or self.trigger

    @property
    def hull(self) -> tuple[int, int]:
        """First and last offset of the anchor, in code points; ``(0, 0)`` for a relation or a chain."""
        anchor = self.anchor
        return (min(s.start for s in anchor), max(s.end for s in anchor)) if anchor else (0, 0)


class AnnotationFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """The annotations of one document: gold, or one annotator's pass (then with ``annotator`` and ``date``).

    ``layers`` names every layer that was annotated; an empty list says that the layer was looked at and has nothing.
    """

    document: str
    sha256: str
    guidelines: str
    layers: dict[str, tuple[Annotation, ...]]
    schema: str = msgspec.field(default="", name="$schema")
    annotator: str = ""
    date: str = ""


class DocumentRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of ``dataset/documents.jsonl``: the metadata of a document and the SHA-256 of its text's bytes."""

    id: str
    title: str
    publisher: str
    url: str
    published: str
    captured: str
    language: str
    origin: str
    rights: str
    incident: str
    sources: tuple[str, ...]
    sha256: str
    note: str = ""


class RegisterEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of ``dataset/entities.jsonl``: a real-world entity that chains refer to."""

    id: str
    type: str
    name: str
    aliases: tuple[str, ...] = ()
    wikipedia: str = ""
    geonames: int = 0
    wikidata: str = ""
    sources: tuple[str, ...] = ()
    note: str = ""


class Annotator(msgspec.Struct, frozen=True):
    """One entry of ``annotations/annotators.toml``: who annotated, and what they were given."""

    id: str
    kind: str
    name: str
    given: str
