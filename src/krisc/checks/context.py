"""What a check is given: one annotation file with its document, and quick ways to point into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from krisc.document import Document
from krisc.findings import Finding, Place
from krisc.layers import Layer, Layers, unit_layer
from krisc.model import Annotation, AnnotationFile, Annotator, RegisterEntry, Segment
from krisc.spans import Containers, Stretch


@dataclass(frozen=True)
class Item:
    """One annotation and its place in the file."""

    layer: Layer
    index: int
    annotation: Annotation

    def pointer(self, rest: str = "") -> str:
        """JSON pointer of the annotation, or of something in it."""
        return f"/layers/{self.layer.name}/{self.index}{rest}"


@dataclass(frozen=True)
class Context:
    """One annotation file under check, with the document it belongs to and the corpus's registers."""

    layers: Layers
    register: Mapping[str, RegisterEntry]
    annotators: Mapping[str, Annotator]
    document: Document
    file: AnnotationFile
    name: str
    raw_name: str

    @property
    def text(self) -> str:
        """The raw text."""
        return self.document.text

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every annotation of the file, in the order of the layers."""
        return tuple(
            Item(layer, index, annotation)
            for name, layer in self.layers.items()
            for index, annotation in enumerate(self.file.layers.get(name, ()))
        )

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Annotations by id; of duplicates the first."""
        found: dict[str, Item] = {}
        for item in self.items:
            found.setdefault(item.annotation.id, item)
        return found

    @cached_property
    def units(self) -> tuple[Stretch, ...]:
        """The units (sentences, headlines) of the document, in text order; empty when they were not annotated."""
        layer = unit_layer(self.layers)
        if layer is None:
            return ()
        units = self.file.layers.get(layer.name, ())
        return tuple(sorted(a.hull for a in units if a.label in layer.constraints.units))

    @cached_property
    def containers(self) -> Containers:
        """Finds the unit that holds a span."""
        return Containers(self.units)

    @cached_property
    def tokens(self) -> tuple[list[int], list[int]]:
        """Starts and ends of the tokens of the whole text, in code points."""
        return self.document.tokens

    def in_layer(self, name: str) -> Iterator[Item]:
        """The annotations of one layer."""
        return (item for item in self.items if item.layer.name == name)

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
