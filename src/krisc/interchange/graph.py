"""Annotations as many tools have them: spans with a label, and labelled edges between two spans.

An event becomes its trigger and an edge for each argument, named for the role; a chain becomes edges from its first
member to the others. With the layers at hand, ``rebuild`` makes events and chains of them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from krisc.interchange.base import Outgoing, Report
from krisc.layers import Layer, Layers, allows
from krisc.model import Annotation, Argument

ENDS = ("head", "tail")


@dataclass(frozen=True)
class Node:
    """A span: its id, type and one stretch of text, in code points."""

    id: str
    label: str
    start: int
    end: int


@dataclass(frozen=True)
class Edge:
    """An edge from one span to another."""

    source: str
    target: str
    label: str


@dataclass
class Graph:
    """The spans and edges of a document."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def type_names(layers: Layers) -> dict[tuple[str, str], str]:
    """What every label is called outside: by itself, or with its layer where two layers have it."""
    count: dict[str, int] = {}
    for layer in layers.values():
        for label in layer.labels:
            count[label] = count.get(label, 0) + 1
    return {
        (layer.name, label): label if count[label] == 1 else f"{layer.name}--{label}"
        for layer in layers.values()
        for label in layer.labels
    }


def to_graph(document: Outgoing, report: Report) -> Graph:
    """The graph of a document, and the loss of what it cannot have."""
    names, graph = type_names(document.layers), Graph()
    known: set[str] = set()
    for layer, a in document.of_kind("span", "event"):
        where = f"{document.id} {a.id}"
        if len(a.anchor) > 1:
            report.lose("discontinuous spans", where)
            continue
        known.add(a.id)
        graph.nodes.append(Node(a.id, names[layer.name, a.label], *a.hull))
        report.lose("attributes", where, len(a.attributes))
        report.lose("notes", where, bool(a.note))
    for layer, a in document.of_kind("event", "relation", "chain"):
        where = f"{document.id} {a.id}"
        held = msgspec.structs.replace(a, members=tuple(m for m in a.members if m in known))
        report.lose("members that are discontinuous", where, len(a.members) - len(held.members))
        edges = list(_edges(layer, held, names))
        kept = [e for e in edges if e.source in known and e.target in known]
        graph.edges += kept
        _lose(layer, held, edges, kept, where, report)
    return graph


def _edges(layer: Layer, a: Annotation, names: dict[tuple[str, str], str]) -> Iterator[Edge]:
    if layer.kind == "event":
        yield from (Edge(a.id, g.target, g.role) for g in a.arguments if g.target)
    elif layer.kind == "relation" and [g.role for g in a.arguments] == list(layer.roles)[:2]:
        yield Edge(a.arguments[0].target, a.arguments[1].target, names[layer.name, a.label])
    elif layer.kind == "chain":
        yield from (Edge(a.members[0], m, names[layer.name, a.label]) for m in a.members[1:])


def _lose(layer: Layer, a: Annotation, edges: list[Edge], kept: list[Edge], where: str, report: Report) -> None:
    report.lose("edges to discontinuous spans", where, len(edges) - len(kept))
    if layer.kind == "event":
        report.lose("arguments that are words and no annotations", where, sum(not g.target for g in a.arguments))
        return
    report.lose("attributes", where, len(a.attributes))
    report.lose("notes", where, bool(a.note))
    if layer.kind == "relation":
        report.lose("relations of other than two annotations in the first two roles", where, not edges)
    if layer.kind == "chain":
        report.lose("chains with one member", where, len(a.members) == 1)
        report.lose("links to the entity register", where, bool(a.entity))


def from_graph(nodes: list[Annotation], edges: list[Edge]) -> dict[str, list[Annotation]]:
    """Layers of a graph whose own layers nobody knows: the spans are entities, the edges relations."""
    layers = {
        "entity": nodes,
        "relation": [
            Annotation(f"R{n}", e.label, arguments=(Argument(ENDS[0], e.source), Argument(ENDS[1], e.target)))
            for n, e in enumerate(edges, start=1)
        ],
    }
    return {name: listed for name, listed in layers.items() if listed}


def rebuild(given: dict[str, list[Annotation]], layers: Layers) -> dict[str, list[Annotation]]:
    """Annotations under the layers that have their labels: events and chains out of spans and edges where need be.

    What no layer, or more than one, has the label of stays as it is.
    """
    made: dict[str, list[Annotation]] = {}
    moved: dict[str, tuple[Layer, Annotation]] = {}
    edges: list[Annotation] = []
    labels = {a.id: a.label for listed in given.values() for a in listed}
    for name, listed in given.items():
        for a in listed:
            if name in layers and a.label in layers[name].labels:
                made.setdefault(name, []).append(_as(layers[name], a))
            elif not a.anchor and not a.members:
                edges.append(a)
            elif home := _home(a.label, layers, ("span", "event") if a.anchor else ("chain",)):
                moved[a.id] = home[0], _as(home[0], msgspec.structs.replace(a, label=home[1]))
            elif a.members and (home := _chain_of(a, labels, layers)):
                made.setdefault(home[0].name, []).append(msgspec.structs.replace(a, label=home[1]))
            else:
                made.setdefault(name, []).append(a)
    chains: dict[str, list[Annotation]] = {}
    for edge in edges:
        _edge(edge, layers, moved, made, chains)
    for layer, a in moved.values():
        made.setdefault(layer.name, []).append(a)
    for name, listed in chains.items():
        made.setdefault(name, []).extend(listed)
    return made


def _home(label: str, layers: Layers, kinds: tuple[str, ...]) -> tuple[Layer, str] | None:
    name, _, plain = label.rpartition("--")
    if name in layers and plain in layers[name].labels:
        return layers[name], plain
    found = [layer for layer in layers.values() if layer.kind in kinds and label in layer.labels]
    return (found[0], label) if len(found) == 1 else None


def _chain_of(a: Annotation, labels: dict[str, str], layers: Layers) -> tuple[Layer, str] | None:
    """The only kind of chain that all members of one may be in."""
    found = [
        (layer, name)
        for layer in layers.values()
        for name, label in layer.labels.items()
        if layer.kind == "chain" and all(_member(labels.get(m, ""), label.members, layers) for m in a.members)
    ]
    return found[0] if len(found) == 1 else None


def _member(label: str, allowed: Sequence[str], layers: Layers) -> bool:
    home = _home(label, layers, ("span", "event"))
    return home is not None and allows(allowed, home[0].name, home[1])


def _as(layer: Layer, a: Annotation) -> Annotation:
    if layer.kind == "event" and a.segments:
        return msgspec.structs.replace(a, trigger=a.segments, segments=())
    return a


def _edge(
    edge: Annotation,
    layers: Layers,
    moved: dict[str, tuple[Layer, Annotation]],
    made: dict[str, list[Annotation]],
    chains: dict[str, list[Annotation]],
) -> None:
    """Put an edge where it belongs: an argument of its event, a link of a chain, or a relation."""
    source, target = (edge.arguments[0].target, edge.arguments[1].target) if len(edge.arguments) == 2 else ("", "")
    if source in moved and moved[source][0].kind == "event" and edge.label in moved[source][0].roles:
        layer, event = moved[source]
        more = (*event.arguments, Argument(edge.label, target))
        moved[source] = layer, msgspec.structs.replace(event, arguments=more)
    elif home := _home(edge.label, layers, ("chain",)):
        listed = chains.setdefault(home[0].name, [])
        for n, chain in enumerate(listed):
            if chain.label == home[1] and chain.members[0] == source:
                listed[n] = msgspec.structs.replace(chain, members=(*chain.members, target))
                return
        listed.append(Annotation(f"C-{edge.id}", home[1], members=(source, target)))
    elif (home := _home(edge.label, layers, ("relation",))) and source:
        roles = list(home[0].roles)[:2]
        arguments = tuple(Argument(role, one) for role, one in zip(roles, (source, target), strict=False))
        made.setdefault(home[0].name, []).append(Annotation(edge.id, home[1], arguments=arguments))
    else:
        made.setdefault("relation", []).append(edge)
