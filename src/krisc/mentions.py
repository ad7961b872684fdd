"""What gold says of the entities of the register: the figures of ``release.json`` about them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from krisc.layers import Layers
from krisc.model import AnnotationFile, RegisterEntry


class EntityFacts(msgspec.Struct):
    """One entity of the register: documents and mentions in chains, events it fills a role of, and its GeoNames id."""

    name: str
    type: str
    documents: int = 0
    mentions: int = 0
    events: int = 0
    geonames: int = 0


def add_entities(
    entities: dict[str, EntityFacts],
    layers: Layers,
    register: Mapping[str, RegisterEntry] | Mapping[str, EntityFacts],
    gold: AnnotationFile,
) -> None:
    """Count the mentions of entities of the register, and the events whose arguments they are."""
    of: dict[str, str] = {}
    seen: set[str] = set()
    for name, layer in layers.items():
        for a in gold.layers.get(name, ()) if layer.kind == "chain" else ():
            if a.entity in register:
                if a.entity not in entities:
                    entry = register[a.entity]
                    entities[a.entity] = EntityFacts(entry.name, entry.type, geonames=entry.geonames)
                fact = entities[a.entity]
                fact.documents += a.entity not in seen
                fact.mentions += len(a.members)
                seen.add(a.entity)
                of |= dict.fromkeys(a.members, a.entity)
    for name, layer in layers.items():
        for a in gold.layers.get(name, ()) if layer.kind == "event" and of else ():
            for entity in {of[g.target] for g in a.arguments if g.target in of}:
                entities[entity].events += 1


def merge_entities(into: dict[str, EntityFacts], other: Mapping[str, EntityFacts]) -> None:
    """Add what was counted of other documents."""
    for name, more in other.items():
        known = into.setdefault(name, EntityFacts(more.name, more.type, geonames=more.geonames))
        known.documents += more.documents
        known.mentions += more.mentions
        known.events += more.events
