"""W3C Web Annotation: a JSON-LD collection for every document, beside its text.

Source: https://www.w3.org/TR/annotation-model/. Spans have a TextPositionSelector and a TextQuoteSelector; what the
model has no words for (layer, roles, attributes) stands under ``krisc:annotation``, which other readers pass over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, annotated_text, files_in
from krisc.jsontext import JsonError, loads
from krisc.model import Annotation, Segment
from krisc.reading import read_text
from krisc.store import Corpus

CONTEXT = ["http://www.w3.org/ns/anno.jsonld", {"krisc": "urn:krisc:"}]
OWN = "krisc:annotation"
AROUND = 20  # code points of prefix and suffix


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """Every .jsonld file whose source lies beside it."""
    for file in files_in(path, ".jsonld"):
        try:
            value = loads(read_text(file, file.parent))
        except JsonError as error:
            raise InterchangeError(str(file), 0, f"{error.finding}: {error.found}") from None
        try:
            items = value["first"]["items"] if isinstance(value, dict) else value
            yield _document(file, items, report)
        except (KeyError, TypeError, ValueError, AttributeError, msgspec.ValidationError) as error:
            raise InterchangeError(str(file), 0, f"no collection of annotations: {error!r}"[:100]) from None


def _document(file: Path, items: list[dict[str, Any]], report: Report) -> Incoming:
    text = annotated_text(file.with_suffix(".txt"), file.parent)
    layers: dict[str, list[Annotation]] = {}
    register: dict[str, tuple[str, str]] = {}
    for number, item in enumerate(items, start=1):
        if own := item.get(OWN):
            register |= {k: (str(v[0]), str(v[1])) for k, v in own.get("register", {}).items()}
            layers.setdefault(own["layer"], []).append(msgspec.convert(own["value"], Annotation))
            continue
        target = item["target"]
        selectors = target["selector"] if isinstance(target["selector"], list) else [target["selector"]]
        by_type = {one["type"]: one for one in selectors}
        position, quote = by_type.get("TextPositionSelector"), by_type.get("TextQuoteSelector", {})
        if position is None:
            report.lose("annotations without a position", f"{file.name} {number}")
            continue
        bodies = item.get("body", [])
        labels = [b["value"] for b in (bodies if isinstance(bodies, list) else [bodies]) if isinstance(b, dict)]
        report.lose("further bodies of an annotation", f"{file.name} {number}", max(0, len(labels) - 1))
        segment = Segment(int(position["start"]), int(position["end"]), str(quote.get("exact", "")))
        a = Annotation(f"T{number}", str(labels[0] if labels else "Annotation"), segments=(segment,))
        layers.setdefault("entity", []).append(a)
    return Incoming(file.stem, text, layers, register=register)


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A folder with a text and a collection for every document."""
    out.mkdir()
    for document in documents:
        types = {a.id: a.label for listed in document.file.layers.values() for a in listed}
        items = [
            _item(document, layer.name, a, types) for layer, a in document.of_kind("span", "event", "relation", "chain")
        ]
        collection = {
            "@context": CONTEXT,
            "id": f"urn:krisc:{document.id}",
            "type": "AnnotationCollection",
            "label": document.title,
            "total": len(items),
            "first": {"type": "AnnotationPage", "startIndex": 0, "items": items},
        }
        (out / f"{document.id}.txt").write_text(document.text, encoding="utf-8", newline="")
        text = json.dumps(collection, ensure_ascii=False, indent=1) + "\n"
        (out / f"{document.id}.jsonld").write_text(text, encoding="utf-8", newline="")
        number = sum(len(listed) for listed in document.file.layers.values())
        report.lose("who made an annotation and how it was decided", document.id, number)


def _item(document: Outgoing, layer: str, a: Annotation, types: dict[str, str]) -> dict[str, Any]:
    value = msgspec.to_builtins(msgspec.structs.replace(a, by=(), decided="", decision="", checked_by=()))
    own: dict[str, Any] = {"layer": layer, "value": value}
    if a.entity:
        own["register"] = {a.entity: [types[a.members[0]], document.names.get(a.entity, a.entity)]}
    target: Any = f"{document.id}.txt"
    if a.anchor:
        selectors = [_selectors(document.text, s) for s in a.anchor]
        target = {"source": target, "selector": [one for pair in selectors for one in pair]}
    return {
        "id": f"urn:krisc:{document.id}:{a.id}",
        "type": "Annotation",
        "motivation": "tagging" if a.anchor else "linking",
        "body": {"type": "TextualBody", "purpose": "tagging", "value": a.label},
        "target": target,
        OWN: own,
    }


def _selectors(text: str, s: Segment) -> tuple[dict[str, Any], dict[str, Any]]:
    around = {"prefix": text[max(0, s.start - AROUND) : s.start], "suffix": text[s.end : s.end + AROUND]}
    return (
        {"type": "TextPositionSelector", "start": s.start, "end": s.end},
        {"type": "TextQuoteSelector", "exact": s.quote, **around},
    )
