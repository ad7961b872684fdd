"""The tables of a release, each declared once: columns with a type and a description.

The declaration gives the Arrow schema, the ``datasets`` features, the pandera model and the data dictionary. A layer's
table follows from the layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from krisc.layers import Attribute, Layer, Layers, unit_layer

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Scalar:
    """A plain value: ``string``, ``int64``, ``float64``, ``bool`` or ``date32``."""

    name: str


@dataclass(frozen=True)
class Label:
    """One of a closed list of names, stored as its number: a ClassLabel."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class ListOf:
    """A list."""

    item: Type


@dataclass(frozen=True)
class Struct:
    """Named columns together; the whole may be null where its column may."""

    columns: tuple[Column, ...]


Type = Scalar | Label | ListOf | Struct
STRING, INT, FLOAT, BOOL, DATE = (Scalar(n) for n in ("string", "int64", "float64", "bool", "date32"))
DECIDED = ("single", "agreed", "adjudicated")
ORIGINS = ("published", "constructed", "composed", "unknown")
KINDS = ("person", "language_model", "unknown")
VERDICTS = ("supported", "corrected", "partly")


@dataclass(frozen=True)
class Column:
    """A column: name, type, what it holds, and whether it may be null."""

    name: str
    type: Type
    description: str
    null: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the release, which is a configuration of the data set."""

    name: str
    description: str
    columns: tuple[Column, ...]


_DOCUMENT = (
    Column("document_id", STRING, "Id of the document."),
    Column("version", STRING, "Version of the corpus."),
    Column(
        "origin",
        Label(ORIGINS),
        "Published by somebody, constructed for the corpus, composed for it from facts of public sources, or unknown.",
    ),
)
_STRETCH = (
    Column("start", INT, "First code point of the words in the document's text."),
    Column("end", INT, "Code point after the last."),
    Column("text", STRING, "The words, segments joined by a space."),
)
_SEGMENTS = Column("segments", ListOf(Struct(_STRETCH)), "The stretches of text; more than one when discontinuous.")
_TARGET = (
    Column(
        "target", STRING, "Id of the annotation that fills the role; null when the role is filled by words.", null=True
    ),
    Column("layer", STRING, "Layer of that annotation.", null=True),
    Column("label", STRING, "Label of that annotation.", null=True),
    *_STRETCH,
    _SEGMENTS,
)
_PROVENANCE = (
    Column("note", STRING, "The annotator's note.", null=True),
    Column("annotators", ListOf(STRING), "Ids of the annotators the annotation comes from."),
    Column("decided", Label(DECIDED), "How it was decided.", null=True),
    Column("decision", STRING, "Id of the decision, when it was adjudicated.", null=True),
    Column("checked_by", ListOf(STRING), "Ids of the people who signed it off."),
)


_PAGE = Struct(
    (
        Column("id", STRING, "Id of the page in this document."),
        Column("url", STRING, "Its address."),
        Column("title", STRING, "Its title."),
        Column("publisher", STRING, "Who published it."),
        Column("date", STRING, "Its date as far as it says: a year, a month or a day.", null=True),
        Column("note", STRING, "What is odd about it.", null=True),
    )
)
_CLAIM = Struct(
    (
        *_STRETCH,
        Column("pages", ListOf(STRING), "Ids of the pages that say so."),
        Column("verdict", Label(VERDICTS), "What a second reader found, of the words as they were before.", null=True),
        Column("note", STRING, "What was mended.", null=True),
    )
)
_SOURCES = (
    Column("composed_by", STRING, "Annotator id of who composed a composed text.", null=True),
    Column("claims_checked_by", STRING, "Annotator id of who checked its claims against the pages.", null=True),
    Column("pages", ListOf(_PAGE), "The pages that were read to compose a composed text."),
    Column("claims", ListOf(_CLAIM), "What a composed text states, and which pages say so."),
)


_WITHHELD = Column("withheld", BOOL, "Whether the wording is withheld: words are masked, offsets and labels are not.")


def layer_columns(layer: Layer) -> tuple[Column, ...]:
    """The columns of a layer's annotations, without those of the document."""
    columns = [
        Column("id", STRING, "Id of the annotation, unique in its document."),
        Column("label", Label(tuple(layer.labels)), "Label of the annotation."),
    ]
    if layer.kind in ("span", "event"):
        columns += [*_STRETCH, _SEGMENTS]
    if layer.kind == "event":
        argument = Struct((Column("role", Label(tuple(layer.roles)), "Role of the argument."), *_TARGET))
        columns.append(Column("arguments", ListOf(argument), "The arguments, in the order of the annotation."))
    if layer.kind == "relation":
        columns += [_role_column(name, role.max == 1, role.definition) for name, role in layer.roles.items()]
    if layer.kind == "chain":
        columns += [
            Column("entity", STRING, "Id in the entity register.", null=True),
            Column("name", STRING, "Preferred name in the entity register.", null=True),
            Column("members", ListOf(Struct(_TARGET)), "The members, in text order."),
        ]
    columns += [_attribute_column(name, a) for name, a in layer.attributes.items()]
    return (*columns, *_PROVENANCE)


def _role_column(name: str, single: bool, definition: str) -> Column:
    if single:
        return Column(name.lower(), Struct(_TARGET), definition, null=True)
    return Column(name.lower(), ListOf(Struct(_TARGET)), definition)


def _attribute_column(name: str, attribute: Attribute) -> Column:
    type_: Type = {"boolean": BOOL, "integer": INT, "number": FLOAT}.get(attribute.type, STRING)
    if attribute.type == "enum":
        type_ = Label(attribute.values)
    optional = not attribute.required or bool(attribute.labels)
    return Column(name, type_, attribute.definition, null=optional)


def _nested(layers: Layers) -> Iterator[Column]:
    for name, layer in layers.items():
        item = Struct(layer_columns(layer))
        description = f"Annotations of the layer {name}; null when the layer was not annotated."
        yield Column(name, ListOf(item), description, null=True)


def iob2_names(layer: Layer) -> tuple[str, ...]:
    """The IOB2 tags of a layer's labels: O, B-…, I-…."""
    return ("O", *(f"{prefix}-{label}" for label in layer.labels for prefix in "BI"))


def _documents(layers: Layers, withheld: tuple[Column, ...]) -> Table:
    columns = (
        *_DOCUMENT,
        Column("title", STRING, "Title of the document."),
        Column("publisher", STRING, "Who published it."),
        Column("url", STRING, "Address of the source; empty for constructed texts."),
        Column("published", DATE, "Date of publication, which relative times are worked out against.", null=True),
        Column("captured", DATE, "Date on which the text was taken.", null=True),
        Column("as_of", DATE, "Day that a composed text is written as of; times are worked out against it.", null=True),
        *_SOURCES,
        Column("language", STRING, "Language of the text, BCP 47."),
        Column("rights", STRING, "Rights in the text."),
        Column("incident", STRING, "Group of documents on one incident, which share a split."),
        Column("sha256", STRING, "SHA-256 of the bytes of the raw text."),
        Column("text", STRING, "The raw text, character for character."),
        *withheld,
        *_nested(layers),
    )
    return Table("documents", "One row a document: text, metadata and every layer, nested.", columns)


def _tokens(layers: Layers) -> Iterator[Table]:
    units = unit_layer(layers)
    if units is None:
        return
    spans = Struct(
        (
            Column("id", STRING, "Id of the annotation."),
            Column("layer", STRING, "Layer of the annotation."),
            Column("label", STRING, "Label of the annotation."),
            Column("first", INT, "Number of its first token in the unit, from 0."),
            Column("last", INT, "Number of the token after its last."),
            Column("segment", INT, "Number of the segment, from 0; above 0 only when discontinuous."),
        )
    )
    tags = (
        Column(
            layer.constraints.tags,
            ListOf(Label(iob2_names(layer))),
            f"IOB2 tags of the layer {name}; of nested spans the outermost.",
        )
        for name, layer in layers.items()
        if layer.constraints.tags
    )
    columns = (
        *_DOCUMENT,
        Column("unit_id", STRING, "Id of the sentence, headline or byline."),
        Column("unit", Label(units.constraints.units), "What the unit is."),
        Column("index", INT, "Number of the unit in its document, from 0."),
        *_STRETCH,
        Column("tokens", ListOf(STRING), "The tokens."),
        Column("token_starts", ListOf(INT), "First code point of each token in the document's text."),
        Column("token_ends", ListOf(INT), "Code point after the last of each token."),
        *tags,
        Column("spans", ListOf(spans), "Spans and event triggers on whole tokens, nested ones too."),
    )
    yield Table("tokens", "One row a sentence, headline or byline: tokens, tags and spans as token ranges.", columns)


def _passes(layers: Layers, withheld: tuple[Column, ...]) -> Table:
    columns = (
        *_DOCUMENT,
        Column("annotator", STRING, "Id of the annotator."),
        Column("annotator_kind", Label(KINDS), "Person, language model, or unknown."),
        Column("date", DATE, "Date of the pass."),
        Column("guidelines", STRING, "Version of the guidelines that the annotator had."),
        *withheld,
        *_nested(layers),
    )
    return Table("passes", "One row for each annotator's pass over a document, before adjudication.", columns)


def tables(layers: Layers, *, withheld: bool = False) -> dict[str, Table]:
    """Every table of a release by name: documents, tokens, one for each layer, passes.

    Where texts are withheld, documents and passes have a column that says so.
    """
    more = (_WITHHELD,) if withheld else ()
    found = [_documents(layers, more), *_tokens(layers)]
    found += [Table(n, layer.description, (*_DOCUMENT, *layer_columns(layer))) for n, layer in layers.items()]
    found.append(_passes(layers, more))
    return {table.name: table for table in found}
