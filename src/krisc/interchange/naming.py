"""Names that imported data may have: a release has tables and columns of its own, and a layer has one kind.

A name that is taken gets an underscore at its end; a layer with annotations of a second kind, another layer for these.
Nothing is renamed where the layers are given.
"""

from __future__ import annotations

from msgspec.structs import replace

from krisc.interchange.base import Incoming
from krisc.layers import COLUMNS, TABLES
from krisc.model import Annotation


def kind_of(a: Annotation) -> str:
    """The kind of layer that an annotation can stand in."""
    return "event" if a.trigger else "chain" if a.members else "relation" if a.arguments else "span"


class Naming:
    """Gives layers, roles and attributes names that are free, the same in every document."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}  # kind by layer
        self.names: dict[tuple[str, str, str], str] = {}  # by layer, what it names, and the name it had

    def apply(self, incoming: Incoming) -> None:
        """Rename in place what has a name that is taken."""
        named: dict[str, list[Annotation]] = {}
        for name, listed in incoming.layers.items():
            for a in listed:
                layer = self._layer(name, kind_of(a))
                arguments = tuple(replace(g, role=self._name(layer, "role", g.role)) for g in a.arguments)
                attributes = {self._name(layer, "attribute", key): value for key, value in a.attributes.items()}
                named.setdefault(layer, []).append(replace(a, arguments=arguments, attributes=attributes))
        incoming.layers = named

    def _layer(self, name: str, kind: str) -> str:
        free = f"{name}_" if name in TABLES else name
        if self.kinds.setdefault(free, kind) == kind:
            return free
        other = f"{free}_{kind}"
        while self.kinds.setdefault(other, kind) != kind:
            other += "_"
        return other

    def _name(self, layer: str, what: str, name: str) -> str:
        """A role or attribute, which share the columns of a layer; roles of a relation stand there in lower case."""
        if (layer, what, name) not in self.names:
            relation = self.kinds[layer] == "relation"

            def column(kind: str, one: str) -> str:
                return one.lower() if relation and kind == "role" else one

            taken = COLUMNS | {column(kind, one) for (x, kind, _), one in self.names.items() if x == layer}
            made = name
            while column(what, made) in taken:
                made += "_"
            self.names[layer, what, name] = made
        return self.names[layer, what, name]
