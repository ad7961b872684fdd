"""Documents that are worked on together, those of a row group: their texts on one line, and their gold in columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from krisc.arrowjson import file_schema, read_files, written
from krisc.columns import Flat
from krisc.document import Document
from krisc.layers import Layers, unit_layer
from krisc.lines import Line
from krisc.model import AnnotationFile
from krisc.units import Units


class Group:
    """Some documents with gold: ``line`` and ``flat`` have their texts and their gold, in the same order."""

    def __init__(self, documents: Sequence[Document], line: Line, flat: Flat) -> None:
        self.documents, self.line, self.flat = documents, line, flat

    @classmethod
    def of(cls, documents: Sequence[Document], layers: Layers) -> Group:
        """A group of those documents that have gold, as records."""
        listed = [document for document in documents if document.gold is not None]
        gold = [document.gold for document in listed if document.gold is not None]
        return cls(listed, Line([document.text for document in listed]), flattened(gold, layers))

    @cached_property
    def units(self) -> Units | None:
        """The units of the documents, if there is a layer of them."""
        layer = unit_layer(self.flat.layers)
        return Units(self.line, self.flat, layer) if layer else None


def flattened(files: Sequence[AnnotationFile], layers: Layers) -> Flat:
    """Annotation files as columns."""
    table = read_files([written(one) for one in files], file_schema(layers))
    assert table is not None  # noqa: S101 - they were written as they are read
    return Flat(table, layers)
