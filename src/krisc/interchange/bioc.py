"""BioC in XML and JSON: a collection of documents with passages, annotations, and relations of any number of nodes.

Source: Comeau et al. (2013), BioC: a minimalist approach to interoperability for biomedical text processing; read and
written by the ``bioc`` package. An event is an annotation for its trigger and a relation with that in the role
``Trigger``; a chain is a relation whose nodes are all in the role ``member``; words that fill a role are an annotation
that says so.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from krisc.interchange.base import (
    METADATA,
    Incoming,
    InterchangeError,
    Outgoing,
    Report,
    files_in,
    library,
    lose_provenance,
)
from krisc.interchange.features import Collector, features
from krisc.interchange.xmltext import check_xml, holds
from krisc.jsontext import JsonError, loads
from krisc.model import Annotation, Argument, Segment
from krisc.reading import read_bytes, read_text
from krisc.store import Corpus

TRIGGER, MEMBER = "Trigger", "member"
TYPE, WORDS = "type", "words"


class Bioc:
    """One of the two ways in which BioC is written."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix

    def read(self, path: Path, report: Report) -> Iterator[Incoming]:
        """The documents of a collection, or of every collection of a folder."""
        for file in files_in(path, f".{self.suffix}"):
            try:
                for document in self._collection(file).documents:
                    yield _document(document, file, report)
            except JsonError as error:
                raise InterchangeError(str(file), 0, f"{error.finding}: {error.found}") from None
            except (KeyError, TypeError, ValueError, AttributeError, SyntaxError) as error:  # lxml's is the last
                raise InterchangeError(str(file), 0, f"no BioC collection: {error!r}"[:100]) from None

    def _collection(self, file: Path) -> Any:  # noqa: ANN401 - the package has no types
        if self.suffix == "json":
            decoder = library("bioc.biocjson.decoder", "bioc")
            return decoder.parse_collection(loads(read_text(file, file.parent)))
        data = read_bytes(file, str(file))
        check_xml(data, str(file))
        return library("bioc.biocxml", "bioc").load(io.BytesIO(data))

    def write(self, corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
        """A folder with a collection for every document."""
        bioc = library("bioc", "bioc")
        format_ = library(f"bioc.bioc{self.suffix}", "bioc")
        out.mkdir()
        for document in documents:
            if self.suffix == "xml" and not holds(document, report):
                continue
            collection = bioc.BioCCollection()
            collection.source, collection.date, collection.key = corpus.config.name, "", ""
            collection.add_document(_made(bioc, document))
            with (out / f"{document.id}.{self.suffix}").open("w", encoding="utf-8", newline="") as stream:
                format_.dump(collection, stream)
            lose_provenance(document, report)


VARIANTS = {"json": Bioc("json"), "xml": Bioc("xml")}


def _document(found: Any, file: Path, report: Report) -> Incoming:  # noqa: ANN401
    """A document: its text is put together from its passages and sentences by their offsets."""
    text = ""
    annotations, relations = list(found.annotations), list(found.relations)
    for passage in found.passages:
        pieces = [(passage.offset, passage.text)] if passage.text else [(s.offset, s.text) for s in passage.sentences]
        for offset, words in pieces:
            if offset > len(text) + len(str(words)) + 1_000_000:
                raise ValueError(f"a passage at {offset}")
            text = f"{text.ljust(offset)}{words or ''}" if offset >= len(text) else f"{text} {words}"
        for part in (passage, *passage.sentences):
            annotations += part.annotations
            relations += part.relations
    parts = [part for passage in found.passages for part in (passage, *passage.sentences)]
    said = [key for part in parts for key in part.infons if part.infons[key]]
    said += [key for key in found.infons if key not in METADATA]
    report.lose("infons of documents, passages and sentences", str(found.id or file.stem), len(said))
    into = Collector()
    spans: dict[str, tuple[str, Annotation]] = {}
    fillers: dict[str, Annotation] = {}
    for one in annotations:
        filler = one.infons.pop(WORDS, "") == "true"
        layer, a = into.annotation(str(one.id), str(one.infons.pop(TYPE, "")), one.infons)
        a = replace(a, segments=_segments([(x.offset, x.offset + x.length) for x in one.locations], one.text or ""))
        if filler:
            fillers[a.id] = a
        else:
            spans[a.id] = layer, a
    triggers: set[str] = set()
    made: list[tuple[str, Annotation]] = []
    for number, one in enumerate(relations, start=1):
        layer, a = into.annotation(str(one.id or f"R{number}"), str(one.infons.pop(TYPE, "")), one.infons)
        nodes = [(node.role or "node", str(node.refid)) for node in one.nodes]
        trigger = [ref for role, ref in nodes if role == TRIGGER and ref in spans]
        rest = tuple(
            Argument(role, segments=fillers[ref].segments) if ref in fillers else Argument(role, ref)
            for role, ref in nodes
            if ref not in trigger
        )
        if len(trigger) == 1:
            triggers.add(trigger[0])
            a = replace(a, trigger=spans[trigger[0]][1].segments, arguments=rest)
        elif nodes and all(role == MEMBER for role, _ in nodes):
            a = replace(a, members=tuple(ref for _, ref in nodes))
        else:
            a = replace(a, arguments=rest)
        made.append((layer, a))
    used = {g.target for _, a in made for g in a.arguments} | {m for _, a in made for m in a.members}
    for layer, a in [x for x in spans.values() if x[1].id not in triggers - used] + made:
        into.add(layer, a)
    return into.document(str(found.id or file.stem), text, _metadata(found.infons))


def _metadata(infons: dict[str, Any]) -> dict[str, str]:
    return {key: str(infons[key]) for key in METADATA if infons.get(key)}


def _segments(stretches: list[tuple[int, int]], words: str) -> tuple[Segment, ...]:
    """Segments with their words; those of several stand one after the other, with a space between."""
    if len(stretches) == 1:
        return (Segment(*stretches[0], words),)
    made, at = [], 0
    whole = len(words) == sum(e - s for s, e in stretches) + len(stretches) - 1
    for start, end in stretches:
        made.append(Segment(start, end, words[at : at + end - start] if whole else ""))
        at += end - start + 1
    return tuple(made)


def _made(bioc: Any, document: Outgoing) -> Any:  # noqa: ANN401
    made = bioc.BioCDocument()
    made.id = document.id
    made.infons = dict(document.metadata)
    passage = bioc.BioCPassage()
    passage.offset, passage.text = 0, document.text
    made.add_passage(passage)
    for layer, a in document.of_kind("span", "event", "relation", "chain"):
        infons = {TYPE: a.label, **{k: _text(v) for k, v in features(document, layer, a).items()}}
        if layer.kind == "span":
            passage.add_annotation(_annotation(bioc, a.id, infons, a.anchor))
            continue
        relation = bioc.BioCRelation()
        relation.id, relation.infons = a.id, infons
        if layer.kind == "event":
            id_ = f"{a.id}-trigger"
            passage.add_annotation(_annotation(bioc, id_, {TYPE: a.label}, a.anchor))
            relation.add_node(bioc.BioCNode(id_, TRIGGER))
        for number, g in enumerate(a.arguments, start=1):
            filler = g.target or f"{a.id}-words-{number}"
            relation.add_node(bioc.BioCNode(filler, g.role))
            if not g.target:
                passage.add_annotation(_annotation(bioc, filler, {TYPE: g.role, WORDS: "true"}, g.segments))
        for member in a.members:
            relation.add_node(bioc.BioCNode(member, MEMBER))
        passage.add_relation(relation)
    return made


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _annotation(bioc: Any, id_: str, infons: dict[str, str], anchor: tuple[Segment, ...]) -> Any:  # noqa: ANN401
    one = bioc.BioCAnnotation()
    one.id, one.infons = id_, infons
    one.text = " ".join(s.quote for s in anchor)
    for s in anchor:
        one.add_location(bioc.BioCLocation(s.start, s.end - s.start))
    return one
