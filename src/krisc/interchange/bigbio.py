"""The kb schema of BigBIO, one JSON record a line: passages, entities, events, coreferences, relations.

Source: Fries et al. (2022), BigBIO: A Framework for Data-Centric Biomedical Natural Language Processing, and the
schema's own description. Offsets are code points over the passages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, lose_provenance
from krisc.interchange.graph import ENDS, type_names
from krisc.interchange.jsonlines import line, records
from krisc.model import Annotation, Argument, Segment
from krisc.store import Corpus

DATABASE = "register"


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """A document a line."""
    for number, value in records(path):
        try:
            yield _document(value, report)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InterchangeError(str(path), number, f"no record of the kb schema: {error!r}"[:100]) from None


def _document(value: dict[str, Any], report: Report) -> Incoming:
    text = ""
    for passage in sorted(value["passages"], key=lambda p: p["offsets"][0][0]):
        start = int(passage["offsets"][0][0])
        if start > len(text) + 1_000_000:
            raise ValueError(f"a passage at {start}")
        text = text.ljust(start) + "".join(passage["text"])
    layers: dict[str, list[Annotation]] = {"entity": [], "event": [], "relation": [], "coreference": []}
    linked: dict[str, str] = {}
    for one in value["entities"]:
        layers["entity"].append(Annotation(one["id"], one["type"] or "Entity", segments=_segments(one)))
        for database in one.get("normalized") or ():
            linked[one["id"]] = f"{database['db_name']}:{database['db_id']}"
    for one in value["events"]:
        arguments = tuple(Argument(g["role"] or "argument", g["ref_id"]) for g in one["arguments"])
        layers["event"].append(
            Annotation(one["id"], one["type"], trigger=_segments(one["trigger"]), arguments=arguments)
        )
    for one in value["relations"]:
        ends = tuple(Argument(role, one[key]) for role, key in zip(ENDS, ("arg1_id", "arg2_id"), strict=True))
        layers["relation"].append(Annotation(one["id"], one["type"] or "Relation", arguments=ends))
    names: dict[str, tuple[str, str]] = {}
    types = {a.id: a.label for a in layers["entity"]}
    for one in value["coreferences"]:
        members = tuple(one["entity_ids"])
        entity = next(
            (linked[m].partition(":")[2] for m in members if linked.get(m, "").startswith(f"{DATABASE}:")), ""
        )
        if entity:
            names[entity] = types.get(members[0], ""), entity
        layers["coreference"].append(Annotation(one["id"], "Coreference", members=members, entity=entity))
    kept = {name: listed for name, listed in layers.items() if listed}
    in_chains = {m for a in layers["coreference"] if a.entity for m in a.members}
    report.lose("links to knowledge bases", str(value["document_id"]), len(set(linked) - in_chains))
    return Incoming(str(value["document_id"] or value["id"]), text, kept, {}, names)


def _segments(one: dict[str, Any]) -> tuple[Segment, ...]:
    """Segments with their words; without words where the record has not one text a stretch."""
    offsets, words = one["offsets"], one["text"]
    if len(words) != len(offsets):
        words = [""] * len(offsets)
    return tuple(Segment(int(start), int(end), w) for (start, end), w in zip(offsets, words, strict=True))


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A JSON Lines file: what ``datasets`` loads as ``json``."""
    names = type_names(corpus.layers)
    kinds = sum(len(layer.labels) for layer in corpus.layers.values() if layer.kind == "chain")
    with out.open("w", encoding="utf-8", newline="") as stream:
        for document in documents:
            stream.write(line(_value(document, names, report)))
            report.lose(
                "what kind of chain it is", document.id, kinds > 1 and sum(1 for _ in document.of_kind("chain"))
            )
            lose_provenance(document, report)


def _value(document: Outgoing, names: dict[tuple[str, str], str], report: Report) -> dict[str, Any]:
    def known(id_: str) -> str:
        """An id that no other record of the file has."""
        return f"{document.id}.{id_}"

    linked = {m: a.entity for _, a in document.of_kind("chain") for m in a.members if a.entity}
    spans = {a.id for _, a in document.of_kind("span")}
    text = document.text
    passage = {"id": known("text"), "type": "text", "text": [text], "offsets": [[0, len(text)]]}
    made: dict[str, Any] = {"id": document.id, "document_id": document.id, "passages": [passage]}
    made |= {"entities": [], "events": [], "coreferences": [], "relations": []}
    for layer, a in document.of_kind("span", "event", "relation", "chain"):
        where = f"{document.id} {a.id}"
        report.lose("attributes", where, len(a.attributes))
        report.lose("notes", where, bool(a.note))
        common = {"id": known(a.id), "type": names[layer.name, a.label]}
        targets = [g for g in a.arguments if g.target]
        if layer.kind == "span":
            links = [{"db_name": DATABASE, "db_id": linked[a.id]}] if a.id in linked else []
            made["entities"].append({**common, **_words(a.segments), "normalized": links})
        elif layer.kind == "event":
            report.lose("arguments that are words and no annotations", where, len(a.arguments) - len(targets))
            arguments = [{"role": g.role, "ref_id": known(g.target)} for g in targets]
            made["events"].append({**common, "trigger": _words(a.trigger), "arguments": arguments})
        elif layer.kind == "relation":
            if len(targets) != 2 or [g.role for g in targets] != list(layer.roles)[:2]:
                report.lose("relations of other than two annotations in the first two roles", where)
                continue
            ends = {"arg1_id": known(targets[0].target), "arg2_id": known(targets[1].target)}
            made["relations"].append({**common, **ends, "normalized": []})
        else:
            lost = a.entity and not any(m in spans for m in a.members)
            report.lose("links to the entity register of chains without spans", where, bool(lost))
            report.lose("names of the entity register", where, bool(a.entity))
            made["coreferences"].append({"id": known(a.id), "entity_ids": list(map(known, a.members))})
    return made


def _words(segments: Sequence[Segment]) -> dict[str, Any]:
    return {"text": [s.quote for s in segments], "offsets": [[s.start, s.end] for s in segments]}
