"""Layer files of what imported data holds, to be tightened by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from krisc.interchange.naming import kind_of
from krisc.layers import Layer
from krisc.model import Annotation
from krisc.spans import contains, overlapping

ENUM = 12  # a closed list has at most so many values, each seen twice on average


@dataclass
class Seen:
    """What was seen in one layer."""

    kind: str = ""
    labels: dict[str, str] = field(default_factory=dict)  # with an example
    counts: Counter[str] = field(default_factory=Counter)
    roles: dict[str, set[str]] = field(default_factory=dict)  # what fills them; "" for words
    members: dict[str, set[str]] = field(default_factory=dict)
    registered: Counter[str] = field(default_factory=Counter)
    values: dict[str, list[Any]] = field(default_factory=dict)
    on: dict[str, set[str]] = field(default_factory=dict)  # labels that have an attribute
    nested: bool = False
    crossed: bool = False


class Inference:
    """Collects what a corpus holds, document by document, and gives the layers that hold it."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}

    def add(self, layers: Mapping[str, Iterable[Annotation]]) -> None:
        """Look at one document."""
        lists = {name: list(listed) for name, listed in layers.items()}
        where = {a.id: f"{name}/{a.label}" for name, listed in lists.items() for a in listed}
        for name, listed in lists.items():
            seen = self.seen.setdefault(name, Seen())
            for a in listed:
                self._annotation(seen, a, where)
            if seen.kind == "span" and not seen.crossed:
                hulls = [a.hull for a in listed]
                for i, j in overlapping(hulls):
                    seen.nested = True
                    seen.crossed |= not contains(hulls[i], hulls[j]) and not contains(hulls[j], hulls[i])

    def _annotation(self, seen: Seen, a: Annotation, where: Mapping[str, str]) -> None:
        seen.kind = seen.kind or kind_of(a)
        words = " ".join(s.quote for s in a.anchor)
        if len(words) > len(seen.labels.get(a.label, "")) and len(words) < 60:
            seen.labels[a.label] = words
        seen.labels.setdefault(a.label, "")
        seen.counts[a.label] += 1
        for g in a.arguments:
            seen.roles.setdefault(g.role, set()).add(where.get(g.target, ""))
        if a.members:
            seen.members.setdefault(a.label, set()).update(where[m] for m in a.members if m in where)
        if a.entity:
            seen.registered[a.label] += 1
        for name, value in a.attributes.items():
            seen.values.setdefault(name, []).append(value)
            seen.on.setdefault(name, set()).add(a.label)

    def layers(self, source: str) -> dict[str, tuple[Layer, str]]:
        """Every layer that has annotations, with the text of its file.

        Args:
            source: what the data is called, for the definitions.
        """
        return {
            name: self._layer(name, seen, order, source)
            for order, (name, seen) in enumerate(self.seen.items(), start=1)
            if seen.labels
        }

    def _layer(self, name: str, seen: Seen, order: int, source: str) -> tuple[Layer, str]:
        value: dict[str, Any] = {
            "name": name,
            "title": name.capitalize(),
            "kind": seen.kind,
            "prefix": "".join(c for c in name if c.isascii() and c.isalpha()).lower()[:3] or "ann",
            "order": order,
            "tradition": source,
            "description": f"What {source} calls {name}; inferred from the data and to be tightened by hand.",
            "labels": {label: self._label(label, seen, source) for label in seen.labels},
        }
        if seen.kind == "span":
            nesting = "free" if seen.crossed else "nested" if seen.nested else "flat"
            value["constraints"] = {"nesting": nesting}
        if seen.kind in ("event", "relation"):
            value["roles"] = {role: _role(role, fillers, source) for role, fillers in seen.roles.items()} or {
                "Argument": {"definition": "No argument occurs in the data.", "text": True}
            }
        attributes = {n: _attribute(v, seen.on[n], seen, source) for n, v in seen.values.items()}
        if attributes:
            value["attributes"] = attributes
        return msgspec.convert(value, Layer), toml(value)

    def _label(self, label: str, seen: Seen, source: str) -> dict[str, Any]:
        example = seen.labels[label]
        made: dict[str, Any] = {
            "definition": f"{label}, as {source} has it ({seen.counts[label]} in the data).",
            "example": f"[{example}]" if example else "The data has no words for it.",
            "counterexample": "The source gives none.",
            "hard": "The source gives none.",
        }
        if label in seen.members:
            made["members"] = sorted(seen.members[label])
            made["register"] = seen.registered[label] == seen.counts[label]
        return made


def _role(role: str, fillers: set[str], source: str) -> dict[str, Any]:
    targets = sorted(fillers - {""})
    return {
        "definition": f"{role}, as {source} has it.",
        **({"targets": targets} if targets else {}),
        **({"text": True} if "" in fillers else {}),
    }


def _attribute(values: list[Any], on: set[str], seen: Seen, source: str) -> dict[str, Any]:
    kinds = {type(v) for v in values}
    made: dict[str, Any] = {"type": "string", "definition": f"As {source} has it."}
    if kinds == {bool}:
        made["type"] = "boolean"
    elif kinds == {int}:
        made["type"] = "integer"
    elif kinds <= {int, float}:
        made["type"] = "number"
    elif kinds == {str} and len(set(values)) <= ENUM and len(values) >= 2 * len(set(values)):
        made |= {"type": "enum", "values": sorted(set(values))}
    if on != set(seen.labels):
        made["labels"] = sorted(on)
    return made


def toml(value: Mapping[str, Any]) -> str:
    """A layer as TOML; JSON strings are TOML basic strings but for DEL."""
    lines: list[str] = []

    def table(prefix: list[str], content: Mapping[str, Any]) -> None:
        plain = {k: v for k, v in content.items() if not isinstance(v, Mapping)}
        if prefix and (plain or not content):
            lines.extend(["", f"[{'.'.join(prefix)}]"])
        lines.extend(f"{_toml_value(k)} = {_toml_value(v, key=False)}" for k, v in plain.items())
        for key, inner in content.items():
            if isinstance(inner, Mapping):
                table([*prefix, _toml_value(key)], inner)

    table([], value)
    return "\n".join(lines) + "\n"


def _toml_value(value: object, *, key: bool = True) -> str:
    if key and str(value).isascii() and str(value).replace("_", "a").replace("-", "a").isalnum():
        return str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
