"""Annotations as tools with free features have them: BioC infons, GATE features, attributes of XML elements.

Beside the attributes stand the layer, the note and the entity, under names that no attribute can have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from krisc.interchange.base import Incoming, Outgoing
from krisc.layers import Layer
from krisc.model import Annotation, Value

LAYER, NOTE, ENTITY, NAME = "layer", "note", "entity", "name"


def features(document: Outgoing, layer: Layer, a: Annotation) -> dict[str, Value]:
    """What is said of an annotation beside its label, its words and its references."""
    made: dict[str, Value] = {LAYER: layer.name, **a.attributes}
    if a.note:
        made[NOTE] = a.note
    if a.entity:
        made |= {ENTITY: a.entity, NAME: document.names.get(a.entity, a.entity)}
    return made


@dataclass
class Collector:
    """Puts annotations with features into layers, and remembers the entities that chains refer to."""

    layers: dict[str, list[Annotation]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def annotation(self, id_: str, label: str, found: Mapping[str, object]) -> tuple[str, Annotation]:
        """The layer that features name, or an empty string, and an annotation of what they say."""
        plain = {k: v if isinstance(v, str | int | float | bool) else str(v) for k, v in found.items() if v is not None}
        layer = str(plain.get(LAYER, ""))
        if not re.fullmatch("[a-z][a-z0-9_]*", layer):
            layer = ""
        plain = {k: v for k, v in plain.items() if k != LAYER or not layer}
        note, entity = (str(plain.pop(key, "")) if layer else "" for key in (NOTE, ENTITY))
        if entity:
            self.names[entity] = str(plain.pop(NAME, entity))
        return layer, Annotation(id_, label or "Annotation", attributes=plain, note=note, entity=entity)

    def add(self, layer: str, a: Annotation) -> None:
        """Put an annotation into its layer, or into one for its kind where none is named."""
        kind = "event" if a.trigger else "entity" if a.segments else "coreference" if a.members else "relation"
        self.layers.setdefault(layer or kind, []).append(a)

    def document(self, name: str, text: str, metadata: dict[str, str] | None = None) -> Incoming:
        """What was collected, as a document; an entity has the type of the first member of its chain."""
        labels = {a.id: a.label for listed in self.layers.values() for a in listed}
        chains = [a for listed in self.layers.values() for a in listed if a.entity]
        register = {a.entity: (labels.get(a.members[0], "") if a.members else "", self.names[a.entity]) for a in chains}
        return Incoming(name, text, self.layers, metadata or {}, register)
