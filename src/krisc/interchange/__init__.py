"""Other formats, both ways: a module each with ``read`` and ``write``. What a format cannot carry is told as a loss."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from krisc.interchange.base import Format

# Format: module (and which of its variants), and what it is.
FORMATS = {
    "bigbio": ("bigbio", "BigBIO kb schema, in JSON Lines"),
    "bioc-json": ("bioc:json", "BioC in JSON"),
    "bioc-xml": ("bioc:xml", "BioC in XML"),
    "brat": ("brat", "brat stand-off: a folder of .txt and .ann, with annotation.conf"),
    "cas-json": ("cas:json", "UIMA CAS in JSON 0.4, with its type system"),
    "cas-xmi": ("cas:xmi", "UIMA CAS in XMI, with TypeSystem.xml, as INCEpTION has it"),
    "conll": ("columns", "CoNLL columns with IOB1, IOB2, BIOES or BILOU tags: one token a line"),
    "conllu": ("conllu", "CoNLL-U, with the Entity attribute of CorefUD 1.x"),
    "doccano": ("doccano", "doccano JSONL: text, entities or label, relations"),
    "gate": ("gate", "GATE JSON: bdocjs, one file a document"),
    "inlinexml": ("inlinexml", "plain inline XML: elements around the words"),
    "labelstudio": ("labelstudio", "Label Studio JSON: a list of tasks, with the labelling configuration"),
    "prodigy": ("prodigy", "Prodigy JSONL: text, spans, relations"),
    "pubtator": ("pubtator", "PubTator: title, abstract, and lines of annotations"),
    "spacy": ("docbin", "spaCy DocBin: span groups and entities"),
    "timeml": ("timeml", "TimeML with TIMEX3, EVENT, SIGNAL and links"),
    "webannotation": ("webannotation", "W3C Web Annotation in JSON-LD, a collection a document"),
    "webanno": ("webanno", "WebAnno TSV 3, as INCEpTION has it"),
}


def load(name: str) -> Format:
    """The module of a format, imported now."""
    module, _, variant = FORMATS[name][0].partition(":")
    made = import_module(f"krisc.interchange.{module}")
    found: Format = made.VARIANTS[variant] if variant else made
    return found
