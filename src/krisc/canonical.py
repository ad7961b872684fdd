"""The one way to write an annotation file: fields and annotations in a fixed order, one annotation a line.

Two people who make the same change get the same diff.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from krisc.layers import Layers
from krisc.model import Annotation, AnnotationFile

HEAD = ("$schema", "document", "sha256", "guidelines", "annotator", "date")


def order(file: AnnotationFile) -> AnnotationFile:
    """The same annotations in canonical order.

    Spans and events stand as in the text, a containing span first; relations and chains by their first argument or
    member in the text; then by label and id. Members of a chain stand as in the text too.
    """
    by_id = {a.id: a for layer in file.layers.values() for a in layer}

    def position(id_: str, seen: frozenset[str] = frozenset()) -> tuple[int, int]:
        a = by_id.get(id_)
        if a is None or id_ in seen:
            return (-1, 0)
        if a.anchor:
            start, end = a.hull
            return (start, -end)
        words = [(s.start, -s.end) for g in a.arguments for s in g.segments]
        others = [position(t, seen | {id_}) for t in (*(g.target for g in a.arguments if g.target), *a.members)]
        return min([*words, *others], default=(-1, 0))

    def tidy(a: Annotation) -> Annotation:
        return msgspec.structs.replace(a, members=tuple(sorted(a.members, key=lambda m: (position(m), m))))

    layers = {
        name: tuple(sorted(map(tidy, annotations), key=lambda a: (position(a.id), a.label, a.id)))
        for name, annotations in file.layers.items()
    }
    return msgspec.structs.replace(file, layers=layers)


def dumps(file: AnnotationFile, layers: Layers) -> str:
    """The canonical text of an annotation file. Idempotent: reading it and writing it again gives the same bytes."""
    value = msgspec.to_builtins(order(file))
    parts = [f"{_line(key)}: {_line(value[key])}" for key in HEAD if value.get(key)]
    parts.append(f'"layers": {{\n{_layers(value["layers"], layers)}\n}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _layers(value: dict[str, list[dict[str, Any]]], layers: Layers) -> str:
    names = [*(name for name in layers if name in value), *sorted(set(value) - set(layers))]
    blocks = []
    for name in names:
        lines = ",\n".join(_line(_fields(one, layers, name)) for one in value[name])
        blocks.append(f"{_line(name)}: [\n{lines}\n]" if lines else f"{_line(name)}: []")
    return ",\n".join(blocks)


def _fields(annotation: dict[str, Any], layers: Layers, layer: str) -> dict[str, Any]:
    """Attributes in the order of their declaration, and lists that must be there although they are empty."""
    if layer in layers:
        declared = layers[layer].attributes
        given = annotation.get("attributes", {})
        if given:
            annotation["attributes"] = {n: given[n] for n in [*declared, *given] if n in given}
        if layers[layer].kind in ("event", "relation") and "arguments" not in annotation:
            annotation = _insert_arguments(annotation)
    return annotation


def _insert_arguments(annotation: dict[str, Any]) -> dict[str, Any]:
    head: dict[str, Any] = {k: annotation[k] for k in ("id", "label", "trigger") if k in annotation}
    return {**head, "arguments": [], **{k: v for k, v in annotation.items() if k not in head}}


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
