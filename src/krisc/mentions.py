"""What gold says of the entities of the register: the figures of ``release.json`` about them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class EntityFacts(msgspec.Struct):
    """One entity of the register: documents and mentions in chains, events it fills a role of, and its GeoNames id."""

    name: str
    type: str
    documents: int = 0
    mentions: int = 0
    events: int = 0
    geonames: int = 0


def merge_entities(into: dict[str, EntityFacts], other: Mapping[str, EntityFacts]) -> None:
    """Add what was counted of other documents."""
    for name, more in other.items():
        known = into.setdefault(name, EntityFacts(more.name, more.type, geonames=more.geonames))
        known.documents += more.documents
        known.mentions += more.mentions
        known.events += more.events
