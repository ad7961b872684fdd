"""The records that flow through the program: documents, annotations, the entity register and annotators.

They say what a corpus holds and nothing about where it is stored or whether it is right. Offsets are Unicode code
points, half-open ``[start, end)``, from 0, into the raw text decoded as UTF-8 with no normalisation.
"""

from __future__ import annotations

import msgspec

Value = str | int | float | bool


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A stretch of text, anchored twice: by offsets in code points and by its words, as in W3C Web Annotation."""

    start: int
    end: int
    quote: str


class Argument(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One filler of a role: another annotation of the document (``target``) or words of the text (``segments``)."""

    role: str
    target: str = ""
    segments: tuple[Segment, ...] = ()


class Annotation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
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
    """One line of ``dataset/documents.jsonl``: the metadata of a document and the SHA-256 of its text's bytes.

    ``as_of`` is the day that a composed text is written as of: it was published by nobody.
    """

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
    as_of: str = ""
    note: str = ""

    @property
    def dated(self) -> str:
        """The day that relative times are worked out against: of publication, or the day a text is written as of."""
        return self.published or self.as_of


class SourcePage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page that was read for a composed text; ``date`` as far as the page says (a year, a month or a day)."""

    id: str
    url: str
    title: str
    publisher: str
    date: str = ""
    note: str = ""


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """Words of a composed text that state facts, the pages that say so, and what a second reader found.

    ``verdict`` is supported, corrected (the words were mended) or partly (a detail was taken out or attributed).
    """

    quote: str
    pages: tuple[str, ...]
    verdict: str = ""
    note: str = ""


class SharedRun(msgspec.Struct, frozen=True):
    """The longest run of words that a text shares with what was read: its words outside names, and the page."""

    words: int
    page: str


class Sources(msgspec.Struct, frozen=True, omit_defaults=True):
    """``dataset/sources/<document>.json``: what a composed text was composed from, and who checked it."""

    document: str
    sha256: str
    composed_by: str
    composed: str
    pages: tuple[SourcePage, ...]
    claims: tuple[Claim, ...]
    checked_by: str = ""
    checked: str = ""
    check_notes: str = ""
    shared_run: SharedRun | None = None


class RegisterEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of ``dataset/entities.jsonl``: a real-world entity that chains refer to.

    ``former`` are ids that turned out to be of the same entity; annotations that use one are read as using ``id``.
    """

    id: str
    type: str
    name: str
    aliases: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    wikipedia: str = ""
    geonames: int = 0
    wikidata: str = ""
    sources: tuple[str, ...] = ()
    note: str = ""


class Retraction(msgspec.Struct, frozen=True):
    """One line of ``dataset/retractions.jsonl``: a released document that left, since which version, and why."""

    document: str
    version: str
    date: str
    reason: str


class Annotator(msgspec.Struct, frozen=True):
    """One entry of ``annotations/annotators.toml``: who annotated, and what they were given."""

    id: str
    kind: str
    name: str
    given: str
