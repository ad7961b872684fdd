"""Label Studio JSON: a list of tasks with their annotations, beside the labelling configuration that shows them.

Source: https://labelstud.io/guide/export and https://labelstud.io/tags/labels. Offsets are UTF-16 units, because they
are counted in a browser. Attributes are choices, text areas and numbers for a region.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, Utf16, bounded, lose_provenance
from krisc.interchange.graph import Edge, from_graph, to_graph, type_names
from krisc.jsontext import JsonError, loads
from krisc.layers import Layers
from krisc.model import Annotation, Segment, Value
from krisc.reading import read_text
from krisc.store import Corpus

TASKS, CONFIG = "tasks.json", "config.xml"
LABELS = ("labels", "hypertextlabels")


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """A document a task, from a file of tasks or a folder with tasks.json."""
    file = path / TASKS if path.is_dir() else path
    try:
        tasks = loads(read_text(file, file.parent))
    except JsonError as error:
        raise InterchangeError(str(file), 0, f"{error.finding}: {error.found}") from None
    if not isinstance(tasks, list):
        raise InterchangeError(str(file), 0, "no list of tasks")
    for number, task in enumerate(tasks, start=1):
        try:
            yield _document(task, file.stem, number, report)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InterchangeError(
                str(file), 0, f"task {number} is not as Label Studio has it: {error!r}"[:100]
            ) from None


def _document(task: dict[str, Any], stem: str, number: int, report: Report) -> Incoming:
    data = task["data"]
    text = str(data["text"]) if "text" in data else next((v for v in data.values() if isinstance(v, str)), None)
    if text is None:
        raise KeyError("text")
    made = [one for one in task.get("annotations", task.get("completions", [])) if not one.get("was_cancelled")]
    name = str(data.get("document") or f"{stem}-{task.get('id', number)}")
    report.lose("annotations of a task beside its first", name, len(made) - 1 if made else 0)
    counted = Utf16(bounded(text))
    regions: dict[str, Annotation] = {}
    edges: list[Edge] = []
    results = made[0]["result"] if made else []
    report.lose("predictions", name, len(task.get("predictions") or ()))
    for result in sorted(results, key=lambda one: one["type"] not in LABELS):  # spans before what is said of them
        value, kind, id_ = result.get("value", {}), result["type"], str(result.get("id"))
        said = value.get(_key(kind)) if kind != "relation" else result.get("labels")
        where = f"{name} {id_} {kind}"
        report.lose(
            "further labels and choices of one result", where, len(said) - 1 if isinstance(said, list) and said else 0
        )
        if kind == "relation":
            ends = [str(result["from_id"]), str(result["to_id"])]
            source, target = reversed(ends) if result.get("direction") == "left" else ends
            edges.append(Edge(source, target, (result.get("labels") or ["RELATION"])[0]))
        elif kind in LABELS:
            start, end = (counted.point(int(value[side])) for side in ("start", "end"))
            segment = Segment(start, end, str(value.get("text", "")))
            regions[id_] = Annotation(id_, str(value[kind][0]), segments=(segment,))
        elif id_ in regions:
            regions[id_].attributes[str(result["from_name"]).rpartition(".")[2]] = _attribute(kind, value)
        else:
            report.lose("results that belong to no span", f"{name} {kind}")
    ids = {old: f"T{n}" for n, old in enumerate(regions, start=1)}
    nodes = [Annotation(ids[old], a.label, segments=a.segments, attributes=a.attributes) for old, a in regions.items()]
    named = [Edge(ids.get(e.source, e.source), ids.get(e.target, e.target), e.label) for e in edges]
    return Incoming(name, text, from_graph(nodes, named))


def _attribute(kind: str, value: dict[str, Any]) -> Value:
    found = value[_key(kind)]
    plain = found[0] if isinstance(found, list) else found
    if not isinstance(plain, str | int | float | bool):
        raise TypeError(kind)
    return {"true": True, "false": False}.get(plain, plain) if isinstance(plain, str) else plain


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A folder with the tasks and the labelling configuration."""
    out.mkdir()
    (out / CONFIG).write_text(_config(corpus.layers), encoding="utf-8", newline="")
    with (out / TASKS).open("w", encoding="utf-8", newline="") as stream:
        stream.write("[")
        for number, document in enumerate(documents, start=1):
            stream.write(
                ("," if number > 1 else "") + "\n" + json.dumps(_task(number, document, report), ensure_ascii=False)
            )
            lose_provenance(document, report)
        stream.write("\n]\n")


def _task(number: int, document: Outgoing, report: Report) -> dict[str, Any]:
    own = Report()  # spans keep their attributes here, which a bare graph loses
    graph = to_graph(document, own)
    units = Utf16(document.text).units
    common = {"to_name": "text", "origin": "manual"}
    results: list[dict[str, Any]] = []
    for node in graph.nodes:
        place = {"start": units(node.start), "end": units(node.end), "text": document.text[node.start : node.end]}
        value = {**place, "labels": [node.label]}
        results.append({"id": node.id, "from_name": "label", "type": "labels", "value": value, **common})
    controls = _controls(document.layers)
    shown = {node.id for node in graph.nodes}
    for layer, a in document.of_kind("span", "event"):
        for name, said in a.attributes.items() if a.id in shown else ():
            kind, words = _control(layer.attributes[name].type, said)
            hull = {"start": units(a.hull[0]), "end": units(a.hull[1])}
            control = controls[layer.name, name]
            results.append(
                {"id": a.id, "from_name": control, "type": kind, "value": {**hull, _key(kind): words}, **common}
            )
    for e in graph.edges:
        ends = {"from_id": e.source, "to_id": e.target}
        results.append({"type": "relation", **ends, "direction": "right", "labels": [e.label]})
    for what, lost in own.counts.items():
        if what != "attributes":
            report.lose(what, document.id, lost)
    rest = sum(len(a.attributes) for _, a in document.of_kind("relation", "chain"))
    rest += sum(len(a.attributes) for _, a in document.of_kind("span", "event") if a.id not in shown)
    report.lose("attributes", document.id, rest)
    data = {"text": document.text, "document": document.id}
    return {"id": number, "data": data, "annotations": [{"result": results}]}


def _key(kind: str) -> str:
    """Where a result of a kind has its value; what was typed into a text area stands under "text"."""
    return "text" if kind == "textarea" else kind


def _control(kind: str, value: Value) -> tuple[str, Any]:
    """The type of a control and the value as it has it."""
    if kind in ("integer", "number"):
        return "number", value
    if kind in ("enum", "boolean"):
        return "choices", [json.dumps(value) if isinstance(value, bool) else value]
    return "textarea", [str(value)]


def _controls(layers: Layers) -> dict[tuple[str, str], str]:
    """What the control of every attribute is called: no two have one name."""
    listed = [(layer.name, name) for layer in layers.values() for name in layer.attributes]
    count = Counter([*(name for _, name in listed), "label", "text"])
    return {(layer, name): name if count[name] == 1 else f"{layer}.{name}" for layer, name in listed}


def _config(layers: Layers) -> str:
    """The labelling configuration: every label, relation and attribute."""
    names = type_names(layers)

    def of(*kinds: str) -> list[str]:
        return [names[x.name, label] for x in layers.values() if x.kind in kinds for label in x.labels]

    edges = [*of("relation", "chain"), *dict.fromkeys(r for x in layers.values() if x.kind == "event" for r in x.roles)]
    lines = ["<View>", '  <Labels name="label" toName="text">']
    lines += [f"    <Label value={quoteattr(label)}/>" for label in of("span", "event")]
    lines += ["  </Labels>", '  <Text name="text" value="$text"/>', "  <Relations>"]
    lines += [f"    <Relation value={quoteattr(edge)}/>" for edge in edges]
    lines.append("  </Relations>")
    controls = _controls(layers)
    for layer in layers.values():
        for name, attribute in layer.attributes.items() if layer.kind in ("span", "event") else ():
            labels = ",".join(names[layer.name, label] for label in layer.labels if attribute.applies_to(label))
            head = f'name={quoteattr(controls[layer.name, name])} toName="text" perRegion="true"'
            head += f' whenTagName="label" whenLabelValue={quoteattr(labels)}'
            if attribute.type in ("integer", "number"):
                lines.append(f"  <Number {head}/>")
            elif attribute.type in ("enum", "boolean"):
                values = attribute.values or ("true", "false")
                choices = "".join(f"<Choice value={quoteattr(v)}/>" for v in values)
                lines.append(f"  <Choices {head}>{choices}</Choices>")
            else:
                lines.append(f"  <TextArea {head}/>")
    return "\n".join([*lines, "</View>"]) + "\n"
