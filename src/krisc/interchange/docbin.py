"""spaCy DocBin: a span group for every layer of spans and triggers, and entities where they do not overlap.

Source: https://spacy.io/api/docbin and https://spacy.io/api/spangroup. Tokens are the corpus's own, cut where a span
cuts through one, with the white space that spaCy's tokens have, so that the text comes back exactly.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from krisc.interchange.base import (
    METADATA,
    Incoming,
    InterchangeError,
    Outgoing,
    Report,
    files_in,
    library,
    lose_provenance,
    quoted,
)
from krisc.interchange.cutting import pieces
from krisc.interchange.features import Collector
from krisc.layers import Layer, Layers, unit_layer
from krisc.model import Annotation
from krisc.reading import read_bytes
from krisc.store import Corpus

MAX_SIZE = 1 << 29  # bytes that a file may hold when decompressed
DOCUMENT = "document"
ANNOTATED = {"parts of speech": "TAG", "dependencies": "DEP", "lemmas": "LEMMA", "morphology": "MORPH"}


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """The documents of a file, or of every .spacy file of a folder."""
    spacy, docbin = library("spacy", "spacy"), library("spacy.tokens", "spacy").DocBin
    for file in files_in(path, ".spacy"):
        data = read_bytes(file, str(file))
        _bounded(data, file)
        try:
            vocab = spacy.blank("xx").vocab
            for number, doc in enumerate(docbin().from_bytes(data).get_docs(vocab), start=1):
                yield _document(doc, f"{file.stem}-{number}", report)
        except Exception as error:
            raise InterchangeError(str(file), 0, f"no DocBin: {error!r}"[:160]) from None


def _bounded(data: bytes, file: Path) -> None:
    """Make sure that the compressed data of a file does not grow beyond all bounds."""
    unpacked = zlib.decompressobj()
    try:
        size = len(unpacked.decompress(data, MAX_SIZE))
    except zlib.error as error:
        raise InterchangeError(str(file), 0, f"no DocBin: {error}") from None
    if unpacked.unconsumed_tail:
        raise InterchangeError(str(file), 0, f"it holds more than {size:,} bytes")


def _document(doc: Any, name: str, report: Report) -> Incoming:  # noqa: ANN401 - spaCy ships types for what it compiles only
    into = Collector()
    seen: set[tuple[int, int, str]] = set()
    name = str(doc.user_data.get(DOCUMENT, name))
    for group, spans in doc.spans.items():
        layer = "".join(c if c.isascii() and c.isalnum() else "_" for c in group.casefold())
        for span in spans:
            _add(into, layer if layer[:1].isalpha() else "entity", span, doc.text)
            seen.add((span.start_char, span.end_char, span.label_))
    for span in doc.ents:
        if (span.start_char, span.end_char, span.label_) not in seen:
            _add(into, "entity", span, doc.text)
    for what, attribute in ANNOTATED.items():
        report.lose(f"{what} of tokens", name, doc.has_annotation(attribute))
    report.lose("categories of documents", name, len(doc.cats))
    return into.document(name, doc.text, {key: str(doc.user_data[key]) for key in METADATA if key in doc.user_data})


def _add(into: Collector, layer: str, span: Any, text: str) -> None:  # noqa: ANN401
    number = sum(map(len, into.layers.values())) + 1
    attributes = {"kb_id": span.kb_id_} if span.kb_id_ else {}
    words = quoted(text, [(span.start_char, span.end_char)])
    into.add(layer, Annotation(f"T{number}", span.label_ or "Span", segments=words, attributes=dict(attributes)))


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """One file with all documents."""
    spacy, docbin = library("spacy", "spacy"), library("spacy.tokens", "spacy").DocBin
    vocab = spacy.blank("xx").vocab
    made = docbin(attrs=["ORTH", "SPACY", "ENT_IOB", "ENT_TYPE"], store_user_data=True)
    for document in documents:
        made.add(_doc(document, vocab, corpus.layers, report))
        lose_provenance(document, report)
    out.write_bytes(made.to_bytes())


def _doc(document: Outgoing, vocab: Any, layers: Layers, report: Report) -> Any:  # noqa: ANN401
    tokens, util = library("spacy.tokens", "spacy"), library("spacy.util", "spacy")
    text = document.text
    points = {p for _, a in document.of_kind("span", "event") for s in a.anchor for p in (s.start, s.end)}
    words: list[str] = []
    spaces: list[bool] = []
    at = 0
    begins: dict[int, int] = {}
    ends: dict[int, int] = {}
    for start, end in [*pieces(text, 0, len(text), points), (len(text), len(text))]:
        gap = text[at:start]
        if gap.startswith(" ") and words:
            spaces[-1] = True
            gap = gap[1:]
        for word, is_token in ((gap, False), (text[start:end], True)):
            if word:
                if is_token:
                    begins[start], ends[end] = len(words), len(words) + 1
                words.append(word)
                spaces.append(False)
        at = end
    doc = tokens.Doc(vocab, words=words, spaces=spaces)
    doc.user_data |= {DOCUMENT: document.id, **document.metadata}
    main = _main(layers)
    for layer, a in document.of_kind("span", "event"):
        where = f"{document.id} {a.id}"
        report.lose("attributes", where, len(a.attributes))
        report.lose("notes", where, bool(a.note))
        report.lose("arguments", where, len(a.arguments))
        start, end = a.hull
        if len(a.anchor) > 1 or start not in begins or end not in ends:
            report.lose("discontinuous spans", where)
            continue
        group = doc.spans.setdefault(layer.name, tokens.SpanGroup(doc, name=layer.name))
        group.append(tokens.Span(doc, begins[start], ends[end], label=a.label))
    if main and main.name in doc.spans:
        doc.ents = util.filter_spans(list(doc.spans[main.name]))
    report.lose("relations and chains", document.id, sum(1 for _ in document.of_kind("relation", "chain")))
    return doc


def _main(layers: Layers) -> Layer | None:
    """The layer whose spans are the document's entities: the one that chains refer to, or the first."""
    units = unit_layer(layers)
    spans = [x for x in layers.values() if x.kind == "span" and x is not units]
    members = {
        m.partition("/")[0] for x in layers.values() if x.kind == "chain" for y in x.labels.values() for m in y.members
    }
    return next((x for x in spans if x.name in members), spans[0] if spans else None)
