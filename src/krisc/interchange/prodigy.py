"""Prodigy JSONL: ``text``, ``spans`` and ``relations`` between spans.

Source: https://prodi.gy/docs/api-interfaces. Offsets are code points, ends are exclusive. Tasks whose answer is
``reject`` or ``ignore`` are not annotation and are left out, as Prodigy's own training does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, lose_provenance, quoted
from krisc.interchange.graph import Edge, Node, from_graph, to_graph
from krisc.interchange.jsonlines import line, need, records, unread
from krisc.model import Annotation
from krisc.spans import token_range
from krisc.store import Corpus
from krisc.tokens import tokenize

# Tokens and hashes are made anew, and views are of the screen.
FIELDS = frozenset({
    "text", "tokens", "spans", "relations", "meta", "answer", "_input_hash", "_task_hash", "_view_id", "_session_id",
    "_annotator_id", "_timestamp", "_is_binary",
})  # fmt: skip


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """A document a task."""
    for number, value in records(path):
        if value.get("answer", "accept") != "accept":
            report.lose("tasks that were not accepted", f"{path.name}:{number}")
            continue
        text = need(value, "text", str, path, number)
        ids: dict[tuple[int, int, str], str] = {}
        nodes = []
        for one in value.get("spans") or ():
            key = _key(one, path, number)
            ids.setdefault(key, f"T{len(ids) + 1}")
            nodes.append(Annotation(ids[key], key[2], segments=quoted(text, [key[:2]])))
        edges = []
        for one in value.get("relations") or ():
            ends = [_key(need(one, side, dict, path, number), path, number) for side in ("head_span", "child_span")]
            if not set(ends) <= set(ids):
                raise InterchangeError(str(path), number, "a relation between spans that are not there")
            edges.append(Edge(ids[ends[0]], ids[ends[1]], str(one.get("label"))))
        unread(value, FIELDS, f"{path.name}:{number}", report)
        meta = value.get("meta")
        name = str(meta.get("document", "") if isinstance(meta, dict) else "")
        yield Incoming(name or f"{path.stem}-{number}", text, from_graph(nodes, edges))


def _key(one: dict[str, Any], path: Path, number: int) -> tuple[int, int, str]:
    start, end = (need(one, key, int, path, number) for key in ("start", "end"))
    return start, end, str(one.get("label"))


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A task a document, with its tokens."""
    with out.open("w", encoding="utf-8", newline="") as stream:
        for document in documents:
            graph = to_graph(document, report)
            starts, ends = tokenize(document.text)
            spans = {n.id: _span(n, starts, ends, report, document.id) for n in graph.nodes}
            kept = {id_: span for id_, span in spans.items() if span}
            relations = [
                {
                    "head": kept[e.source]["token_end"],
                    "child": kept[e.target]["token_end"],
                    "head_span": kept[e.source],
                    "child_span": kept[e.target],
                    "label": e.label,
                }
                for e in graph.edges
                if e.source in kept and e.target in kept
            ]
            tokens = [
                {"text": document.text[s:t], "start": s, "end": t, "id": n, "ws": document.text[t : t + 1] == " "}
                for n, (s, t) in enumerate(zip(starts, ends, strict=True))
            ]
            task = {"text": document.text, "tokens": tokens, "spans": list(kept.values()), "relations": relations}
            stream.write(line({**task, "meta": {"document": document.id}, "answer": "accept"}))
            lose_provenance(document, report)


def _span(node: Node, starts: list[int], ends: list[int], report: Report, document: str) -> dict[str, Any]:
    found = token_range(starts, ends, (node.start, node.end))
    if found is None:
        report.lose("spans that are not on token boundaries", f"{document} {node.id}")
        return {}
    place = {"start": node.start, "end": node.end, "token_start": found[0], "token_end": found[1] - 1}
    return {**place, "label": node.label}
