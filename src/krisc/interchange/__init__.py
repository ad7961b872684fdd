"""Other formats, both ways: a module each with ``read`` and ``write``. What a format cannot carry is told as a loss."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from krisc.interchange.base import Format

# Format: module, and what it is.
FORMATS = {
    "brat": ("brat", "brat stand-off: a folder of .txt and .ann, with annotation.conf"),
    "conll": ("columns", "CoNLL columns with IOB1, IOB2, BIOES or BILOU tags: one token a line"),
    "doccano": ("doccano", "doccano JSONL: text, entities or label, relations"),
    "labelstudio": ("labelstudio", "Label Studio JSON: a list of tasks, with the labelling configuration"),
    "prodigy": ("prodigy", "Prodigy JSONL: text, spans, relations"),
    "pubtator": ("pubtator", "PubTator: title, abstract, and lines of annotations"),
    "webannotation": ("webannotation", "W3C Web Annotation in JSON-LD, a collection a document"),
}


def load(name: str) -> Format:
    """The module of a format, imported now."""
    module: Format = import_module(f"krisc.interchange.{FORMATS[name][0]}")
    return module
