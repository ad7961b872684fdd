"""doccano JSONL, as it exports and imports sequence labelling and relation extraction.

Source: https://doccano.github.io/doccano/. Fields ``text``, and either ``entities`` with ``relations`` or ``label``
(also ``labels``): lists of start, end, label. Offsets are code points, ends are exclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, lose_provenance, quoted
from krisc.interchange.graph import Edge, from_graph, to_graph
from krisc.interchange.jsonlines import line, need, records, unread
from krisc.model import Annotation
from krisc.store import Corpus

FIELDS = frozenset({"id", "document", "text", "entities", "label", "labels", "relations", "Comments", "comments"})


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """A document a line."""
    for number, value in records(path):
        text = need(value, "text", str, path, number)
        entities = value.get("entities")
        if entities is None:
            entities = value.get("label", value.get("labels", []))
        if not isinstance(entities, list):
            raise InterchangeError(str(path), number, "labels that are no list: a text with a class, not with spans")
        nodes = [_span(n, one, text, path, number) for n, one in enumerate(entities, start=1)]
        edges = [
            Edge(
                f"T{need(e, 'from_id', int, path, number)}",
                f"T{need(e, 'to_id', int, path, number)}",
                str(e.get("type")),
            )
            for e in value.get("relations", ())
        ]
        report.lose("comments", f"{path.name}:{number}", len(value.get("Comments") or value.get("comments") or ()))
        unread(value, FIELDS, f"{path.name}:{number}", report)
        name = str(value.get("document") or value.get("id") or f"{path.stem}-{number}")
        yield Incoming(name if not name.isdigit() else f"{path.stem}-{name}", text, from_graph(nodes, edges))


def _span(number: int, one: Any, text: str, path: Path, line_number: int) -> Annotation:  # noqa: ANN401 - any JSON value
    if isinstance(one, dict):
        start, end = (need(one, key, int, path, line_number) for key in ("start_offset", "end_offset"))
        id_, label = f"T{one.get('id', number)}", str(one.get("label"))
    elif isinstance(one, list) and len(one) == 3 and isinstance(one[0], int) and isinstance(one[1], int):
        (start, end), id_, label = one[:2], f"T{number}", str(one[2])
    else:
        raise InterchangeError(str(path), line_number, f"no span: {str(one)[:40]}")
    return Annotation(id_, label, segments=quoted(text, [(start, end)]))


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A document a line, with ``entities`` and ``relations``; ids count over all documents, as doccano's do."""
    made = 0
    with out.open("w", encoding="utf-8", newline="") as stream:
        for number, document in enumerate(documents, start=1):
            graph = to_graph(document, report)
            ids = {node.id: n for n, node in enumerate(graph.nodes, start=made + 1)}
            made += len(graph.nodes)
            entities = [
                {"id": ids[n.id], "label": n.label, "start_offset": n.start, "end_offset": n.end} for n in graph.nodes
            ]
            relations = [
                {"id": n, "from_id": ids[e.source], "to_id": ids[e.target], "type": e.label}
                for n, e in enumerate(graph.edges, start=1)
            ]
            head = {"id": number, "document": document.id, "text": document.text}
            stream.write(line({**head, "entities": entities, "relations": relations, "Comments": []}))
            lose_provenance(document, report)
