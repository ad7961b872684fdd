"""From one document to the rows of every table, as plain values in the order of the table's columns."""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

from krisc.layers import Layer, Layers, unit_layer
from krisc.model import Annotation, AnnotationFile, Annotator, RegisterEntry, Segment
from krisc.spans import Stretch, token_range
from krisc.store import Corpus, Document
from krisc.tables import DECIDED, KINDS, ORIGINS, VERDICTS, iob2_names
from krisc.tokens import iob2

Row = dict[str, Any]


def rows(corpus: Corpus, document: Document) -> Iterator[tuple[str, Row]]:
    """Yield ``(table, row)`` for one checked document, table by table."""
    if document.gold is None:
        return
    head: Row = {
        "document_id": document.record.id,
        "version": corpus.config.version,
        "origin": ORIGINS.index(document.record.origin),
    }
    nested = layer_rows(document.gold, corpus.layers, corpus.register)
    yield "documents", {**head, **_metadata(document), **nested}
    for row in _units(document, document.gold, corpus.layers):
        yield "tokens", {**head, **row}
    for name, listed in nested.items():
        for row in listed or ():
            yield name, {**head, **row}
    for one in document.passes:
        yield "passes", {**head, **_pass(one, corpus.annotators), **layer_rows(one, corpus.layers, corpus.register)}


def _metadata(document: Document) -> Row:
    record = document.record
    return {
        "title": record.title,
        "publisher": record.publisher,
        "url": record.url,
        "published": _date(record.published),
        "captured": _date(record.captured),
        "as_of": _date(record.as_of),
        **_sources(document),
        "language": record.language,
        "rights": record.rights,
        "incident": record.incident,
        "sha256": record.sha256,
        "text": document.text,
    }


def _sources(document: Document) -> Row:
    found = document.sources
    if found is None:
        return {"composed_by": None, "claims_checked_by": None, "pages": [], "claims": []}
    places = [(claim, document.text.index(claim.quote)) for claim in found.claims]
    return {
        "composed_by": found.composed_by,
        "claims_checked_by": found.checked_by or None,
        "pages": [
            {
                **{"id": p.id, "url": p.url, "title": p.title, "publisher": p.publisher},
                **{"date": p.date or None, "note": p.note or None},
            }
            for p in found.pages
        ],
        "claims": [
            {
                **_stretch((Segment(start, start + len(claim.quote), claim.quote),)),
                "pages": list(claim.pages),
                "verdict": VERDICTS.index(claim.verdict) if claim.verdict else None,
                "note": claim.note or None,
            }
            for claim, start in places
        ],
    }


def _date(value: str) -> datetime.date | None:
    return datetime.date.fromisoformat(value) if value else None


def _pass(file: AnnotationFile, annotators: Mapping[str, Annotator]) -> Row:
    return {
        "annotator": file.annotator,
        "annotator_kind": KINDS.index(annotators[file.annotator].kind),
        "date": datetime.date.fromisoformat(file.date),
        "guidelines": file.guidelines,
    }


def layer_rows(
    file: AnnotationFile, layers: Layers, register: Mapping[str, RegisterEntry]
) -> dict[str, list[Row] | None]:
    """The annotations of a file as rows by layer; None for a layer that was not annotated."""
    where = {a.id: (name, a) for name, listed in file.layers.items() for a in listed}
    return {
        name: [_annotation(a, layer, where, register) for a in file.layers[name]] if name in file.layers else None
        for name, layer in layers.items()
    }


def _annotation(
    a: Annotation, layer: Layer, where: Mapping[str, tuple[str, Annotation]], register: Mapping[str, RegisterEntry]
) -> Row:
    row: Row = {"id": a.id, "label": list(layer.labels).index(a.label)}
    if layer.kind in ("span", "event"):
        row |= _filled(a.anchor)
    filled = [(g.role, _filler(g.target, g.segments, where)) for g in a.arguments]
    if layer.kind == "event":
        roles = list(layer.roles)
        row["arguments"] = [{"role": roles.index(role), **filler} for role, filler in filled]
    if layer.kind == "relation":
        for name, role in layer.roles.items():
            fillers = [filler for one, filler in filled if one == name]
            row[name.lower()] = next(iter(fillers), None) if role.max == 1 else fillers
    if layer.kind == "chain":
        entry = register.get(a.entity)
        row |= {"entity": a.entity or None, "name": entry.name if entry else None}
        row["members"] = [_filler(member, (), where) for member in a.members]
    for name, attribute in layer.attributes.items():
        value = a.attributes.get(name)
        if attribute.type == "number" and value is not None:
            value = float(value)
        row[name] = attribute.values.index(str(value)) if attribute.type == "enum" and value is not None else value
    return {
        **row,
        "note": a.note or None,
        "annotators": list(a.by),
        "decided": DECIDED.index(a.decided) if a.decided else None,
        "decision": a.decision or None,
        "checked_by": list(a.checked_by),
    }


def _stretch(segments: tuple[Segment, ...]) -> Row:
    return {
        "start": min(s.start for s in segments),
        "end": max(s.end for s in segments),
        "text": " ".join(s.quote for s in segments),
    }


def _filler(target: str, segments: tuple[Segment, ...], where: Mapping[str, tuple[str, Annotation]]) -> Row:
    if not target:
        return {"target": None, "layer": None, "label": None, **_filled(segments)}
    layer, other = where[target]
    return {"target": target, "layer": layer, "label": other.label, **_filled(other.anchor)}


def _filled(segments: tuple[Segment, ...]) -> Row:
    return {**_stretch(segments), "segments": [_stretch((s,)) for s in segments]}


def _units(document: Document, file: AnnotationFile, layers: Layers) -> Iterator[Row]:
    """One row for each sentence, headline or byline, in text order."""
    units = unit_layer(layers)
    if units is None or units.name not in file.layers:
        return
    kinds = units.constraints.units
    segments = _segments(file, units.name)
    firsts = [segment.start for segment, *_ in segments]
    for index, unit in enumerate(
        sorted((a for a in file.layers[units.name] if a.label in kinds), key=lambda a: a.hull)
    ):
        start, end = unit.hull
        starts, ends = tokens_of(document, (start, end))
        inside = segments[bisect_left(firsts, start) : bisect_left(firsts, end)]
        spans = list(_spans(inside, starts, ends))
        tags = {
            layer.constraints.tags: _tags(layer, spans, len(starts))
            for layer in layers.values()
            if layer.constraints.tags
        }
        yield {
            "unit_id": unit.id,
            "unit": kinds.index(unit.label),
            "index": index,
            "start": start,
            "end": end,
            "text": document.text[start:end],
            "tokens": [document.text[s:e] for s, e in zip(starts, ends, strict=True)],
            "token_starts": starts,
            "token_ends": ends,
            **tags,
            "spans": sorted(spans, key=lambda s: (list(layers).index(s["layer"]), s["first"], -s["last"], s["id"])),
        }


def tokens_of(document: Document, unit: Stretch) -> tuple[list[int], list[int]]:
    """Starts and ends, in code points of the document, of the tokens of a unit; units fall on token boundaries."""
    starts, ends = document.tokens
    first, last = bisect_left(starts, unit[0]), bisect_left(starts, unit[1])
    return starts[first:last], ends[first:last]


def _segments(file: AnnotationFile, units: str) -> list[tuple[Segment, int, str, Annotation]]:
    """Segments of the spans and triggers outside the unit layer, in text order: itself, number, layer, annotation."""
    found = [
        (segment, number, name, a)
        for name, listed in file.layers.items()
        if name != units
        for a in listed
        for number, segment in enumerate(a.anchor)
    ]
    return sorted(found, key=lambda f: f[0].start)


def _tags(layer: Layer, spans: list[Row], length: int) -> list[int]:
    names = {name: number for number, name in enumerate(iob2_names(layer))}
    ranges = [(s["first"], s["last"], s["label"]) for s in spans if s["layer"] == layer.name]
    return [names[tag] for tag in iob2(ranges, length)]


def _spans(segments: list[tuple[Segment, int, str, Annotation]], starts: list[int], ends: list[int]) -> Iterator[Row]:
    """The segments that fall on whole tokens of a unit, as token ranges."""
    for segment, number, name, a in segments:
        if found := token_range(starts, ends, (segment.start, segment.end)):
            first, last = found
            yield {"id": a.id, "layer": name, "label": a.label, "first": first, "last": last, "segment": number}
