"""GATE JSON: bdocjs, which GATE's Format_Bdoc plugin and gatenlp read and write, and the older shape with entities.

Source: https://gatenlp.github.io/gateplugin-Format_Bdoc/bdoc_document.html. Annotation sets are layers, types labels;
features hold the attributes, and for events, relations and chains the ids of what they refer to. Offsets are counted
as the file says: ``p`` in code points, ``j`` in UTF-16 units.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from krisc.interchange.base import (
    METADATA,
    Incoming,
    InterchangeError,
    Outgoing,
    Report,
    Utf16,
    bounded,
    files_in,
    lose_provenance,
    quoted,
)
from krisc.interchange.features import LAYER, Collector, features
from krisc.jsontext import JsonError, loads
from krisc.model import Annotation, Argument, Segment
from krisc.reading import read_text
from krisc.store import Corpus

ARGUMENTS, MEMBERS, SEGMENTS = "arguments", "members", "segments"
SUFFIX = ".bdocjs"


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """The documents of a file or of a folder: .bdocjs and .json."""
    files = files_in(path, SUFFIX, ".json")
    for file in files:
        try:
            value = loads(read_text(file, file.parent))
            for number, one in enumerate(value if isinstance(value, list) else [value]):
                name = file.stem if not number else f"{file.stem}-{number + 1}"
                yield _bdoc(one, name, report) if "annotation_sets" in one else _older(one, name)
        except JsonError as error:
            raise InterchangeError(str(file), 0, f"{error.finding}: {error.found}") from None
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InterchangeError(str(file), 0, f"no GATE document: {error!r}"[:100]) from None


def _older(value: dict[str, Any], name: str) -> Incoming:
    """The shape that tweets have: entities by type, with indices and features."""
    text, into = str(value["text"]), Collector()
    for label, listed in value["entities"].items():
        for one in listed:
            start, end = (int(x) for x in one["indices"])
            layer, a = into.annotation("", label.rpartition(":")[2], {k: v for k, v in one.items() if k != "indices"})
            number = sum(map(len, into.layers.values())) + 1
            into.add(layer, replace(a, id=f"T{number}", segments=quoted(text, [(start, end)])))
    return into.document(name, text)


def _bdoc(value: dict[str, Any], name: str, report: Report) -> Incoming:
    text, into = bounded(str(value["text"])), Collector()
    counted = Utf16(text)
    point: Callable[[int], int] = counted.point if value.get("offset_type") == "j" else int
    sets = value["annotation_sets"]
    several = len([s for s in sets.values() if s["annotations"]]) > 1
    for set_name, held in sets.items():
        for one in held["annotations"]:
            found = dict(one.get("features") or {})
            parts = {key: found.pop(key, None) for key in (ARGUMENTS, MEMBERS, SEGMENTS)}
            owned = found.get(LAYER)
            layer, a = into.annotation(str(found.pop("id", f"{set_name}-{one['id']}")), str(one["type"]), found)
            if not owned:
                layer = _plain(set_name) if several else ""
            into.add(layer, _filled(a, one, parts, text, point) if owned else _span(a, one, text, point))
    said = value.get("features") or {}
    report.lose("features of the document that are no metadata", name, len([k for k in said if k not in METADATA]))
    about = {key: str(said[key]) for key in METADATA if said.get(key)}
    return into.document(str(value.get("name") or name).removesuffix(SUFFIX), text, about)


def _plain(name: str) -> str:
    """The name of an annotation set as a layer may be called."""
    made = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.casefold()).strip("_")
    return made if made[:1].isalpha() else "entity"


def _span(a: Annotation, one: dict[str, Any], text: str, point: Callable[[int], int]) -> Annotation:
    return replace(a, segments=quoted(text, [(point(int(one["start"])), point(int(one["end"])))]))


def _filled(
    a: Annotation, one: dict[str, Any], parts: dict[str, Any], text: str, point: Callable[[int], int]
) -> Annotation:
    """An annotation of this program's own making, with its references."""

    def segments(pairs: list[list[int]]) -> tuple[Segment, ...]:
        return quoted(text, [(point(int(start)), point(int(end))) for start, end in pairs])

    arguments = tuple(
        Argument(str(g["role"]), str(g.get("target", "")), segments(g.get(SEGMENTS, [])))
        for g in parts[ARGUMENTS] or ()
    )
    members = tuple(map(str, parts[MEMBERS] or ()))
    anchor = segments(parts[SEGMENTS] or [[one["start"], one["end"]]])
    if parts[ARGUMENTS] is not None:
        return replace(a, trigger=anchor if parts[SEGMENTS] else (), arguments=arguments)
    return replace(a, members=members) if members else replace(a, segments=anchor)


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A folder with a bdocjs file for every document."""
    out.mkdir()
    for document in documents:
        value = _value(document)
        path = out / f"{document.id}{SUFFIX}"
        path.write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8", newline="")
        lose_provenance(document, report)


def _value(document: Outgoing) -> dict[str, Any]:
    units = Utf16(document.text).units
    hulls = {a.id: a.hull for listed in document.file.layers.values() for a in listed if a.anchor}

    def pairs(segments: tuple[Segment, ...]) -> list[list[int]]:
        return [[units(s.start), units(s.end)] for s in segments]

    sets: dict[str, Any] = {}
    every = document.of_kind("span", "event", "relation", "chain")
    for number, (layer, a) in enumerate(every):
        said: dict[str, Any] = {"id": a.id, **features(document, layer, a)}
        if layer.kind == "event" or len(a.segments) > 1:
            said[SEGMENTS] = pairs(a.anchor)
        if layer.kind in ("event", "relation"):
            said[ARGUMENTS] = [
                {"role": g.role, **({"target": g.target} if g.target else {SEGMENTS: pairs(g.segments)})}
                for g in a.arguments
            ]
        if layer.kind == "chain":
            said[MEMBERS] = list(a.members)
        around = (
            [a.hull] if a.anchor else [hulls[x] for x in (*a.members, *(g.target for g in a.arguments)) if x in hulls]
        )
        start, end = min((s for s, _ in around), default=0), max((e for _, e in around), default=0)
        one = {"id": number, "type": a.label, "start": units(start), "end": units(end), "features": said}
        held = sets.setdefault(layer.name, {"name": layer.name, "annotations": [], "next_annid": 0})
        held["annotations"].append(one)
        held["next_annid"] = number + 1
    return {
        "annotation_sets": sets,
        "text": document.text,
        "features": document.metadata,
        "offset_type": "j",
        "name": document.id,
    }
