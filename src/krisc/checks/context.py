"""What a check is given: one annotation file with its document, and quick ways to point into it.

A check first asks of ``columns`` whether anything can be wrong, and looks at ``items`` or ``segments`` only then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from krisc.checks.columns import Columns, Part
from krisc.checks.rules import rules_of
from krisc.document import Document
from krisc.findings import Finding, Place
from krisc.layers import Layer, Layers
from krisc.model import Annotation, AnnotationFile, Annotator, RegisterEntry, Segment
from krisc.spans import Containers, Stretch


@dataclass(frozen=True, slots=True)
class Item:
    """One annotation and its place in the file."""

    layer: Layer
    index: int
    annotation: Annotation

    def pointer(self, rest: str = "") -> str:
        """JSON pointer of the annotation, or of something in it."""
        return f"/layers/{self.layer.name}/{self.index}{rest}"


@dataclass
class Context:
    """One annotation file under check, with the document it belongs to and the corpus's registers.

    ``named`` and ``raw_named`` give the names of the file and of the raw text; few files have findings that need them.
    ``units`` are the units (sentences, headlines) of the document, in text order; empty when they were not annotated.
    """

    layers: Layers
    register: Mapping[str, RegisterEntry]
    annotators: Mapping[str, Annotator]
    document: Document
    file: AnnotationFile
    named: Callable[[], str]
    raw_named: Callable[[], str]

    def __post_init__(self) -> None:
        self.text = self.document.text
        self.rules = rules_of(self.layers)
        self.columns = Columns(self.rules, self.file)
        self.parts = self.columns.parts
        found = [part for part in self.parts if part.rules is self.rules.unit_layer]
        self.units: list[Stretch] = sorted(found[0].hulls(found[0].rules.units)) if found else []

    @cached_property
    def name(self) -> str:
        """The file, as findings name it."""
        return self.named()

    @cached_property
    def raw_name(self) -> str:
        """The raw text, as findings name it."""
        return self.raw_named()

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every annotation of the file, in the order of the layers."""
        return tuple(
            Item(layer, index, annotation)
            for name, layer in self.layers.items()
            for index, annotation in enumerate(self.file.layers.get(name, ()))
        )

    def in_layer(self, part: Part) -> list[Item]:
        """The annotations of one layer."""
        return [Item(part.layer, index, annotation) for index, annotation in enumerate(part.listed)]

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Annotations with their places by id; of duplicates the first."""
        found: dict[str, Item] = {}
        for item in self.items:
            found.setdefault(item.annotation.id, item)
        return found

    @cached_property
    def containers(self) -> Containers:
        """Finds the unit that holds a span."""
        return Containers(self.units)

    def hull(self, name: str) -> Stretch:
        """First and last offset of an annotation, whose segments are in order; ``(0, 0)`` when it has none."""
        a = self.columns.annotations[self.columns.place[name]]
        anchor = a.segments or a.trigger
        return (anchor[0].start, anchor[-1].end) if anchor else (0, 0)

    @property
    def tokens(self) -> tuple[list[int], list[int]]:
        """Starts and ends of the tokens of the whole text, in code points."""
        return self.document.tokens

    @cached_property
    def segments(self) -> tuple[tuple[Item, str, int, Segment], ...]:
        """Every segment of the file: annotation, list it stands in (``/segments``), number there, itself."""
        found: list[tuple[Item, str, int, Segment]] = []
        for item in self.items:
            a = item.annotation
            found += [(item, "/segments", i, s) for i, s in enumerate(a.segments)]
            found += [(item, "/trigger", i, s) for i, s in enumerate(a.trigger)]
            for n, argument in enumerate(a.arguments):
                found += [(item, f"/arguments/{n}/segments", i, s) for i, s in enumerate(argument.segments)]
        return tuple(found)

    def finding(self, kind: str, item: Item, rest: str = "", **data: object) -> Finding:
        """A finding about an annotation, or about something in it; shows the annotation's words."""
        related: tuple[Place, ...] = ()
        if "other" in data and isinstance(data["other"], Item):
            other = data["other"]
            related = (Place(self.name, pointer=other.pointer()),)
            data["other"] = other.annotation.id
        start, end = item.annotation.hull
        if end:
            related = (Place(self.raw_name, start=start, end=end), *related)
        place = Place(self.name, pointer=item.pointer(rest))
        data = {"annotation": item.annotation.id, "label": item.annotation.label, **data}
        return Finding(kind, place, data, self.document.record.id, item.annotation.id, related)

    def at_text(self, kind: str, item: Item, rest: str, span: Stretch, **data: object) -> Finding:
        """A finding about a stretch of the raw text that an annotation names at ``rest``."""
        related = (Place(self.raw_name, start=span[0], end=span[1]),)
        data = {"annotation": item.annotation.id, "label": item.annotation.label, **data}
        place = Place(self.name, pointer=item.pointer(rest))
        return Finding(kind, place, data, self.document.record.id, item.annotation.id, related)
