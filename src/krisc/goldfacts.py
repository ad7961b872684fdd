"""Counts the gold of documents for the figures of a release, many documents at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from krisc.columns import Flat, Integers, Part, registered, sizes
from krisc.facts import Facts, LayerFacts, count
from krisc.groups import Group
from krisc.layers import unit_layer
from krisc.mentions import EntityFacts
from krisc.model import RegisterEntry


def add_gold(facts: Facts, register: Mapping[str, RegisterEntry], group: Group, splits: Sequence[str]) -> None:
    """Count the gold of documents.

    Args:
        facts: the figures; they change.
        register: the entity register.
        group: the documents.
        splits: the split of each.
    """
    cut, units = unit_layer(group.flat.layers), group.units
    if cut is not None and units is not None:
        facts.tokens += int((units.last - units.first).sum())
        times = _times(group.flat.parts[cut.name])
        count(facts.units, {one: n for one, n in times.items() if one in cut.constraints.units})
    add_entities(facts.entities, register, group.flat)
    records = [document.record for document in group.documents]
    where = [splits, [record.dated[:4] for record in records], [record.origin for record in records]]
    for name, layer in facts.layers.items():
        _add_layer(layer, group.flat, group.flat.parts[name], where)


def _add_layer(layer: LayerFacts, flat: Flat, part: Part, where: Sequence[Sequence[str]]) -> None:
    """Count the annotations of a layer; ``where`` has the split, the year and the origin of each document."""
    layer.documents += int((part.counts >= 0).sum())
    layer.annotations += part.size
    layer.signed_off += int((sizes(part.fields["checked_by"]) > 0).sum())
    count(layer.annotators, _counted(part.fields["by"].flatten()))
    count(layer.decided, _counted(part.fields["decided"]))
    labels = list(part.layer.labels)
    owner = flat.owner[part.numbers]
    count(layer.labels, _times(part))
    for spread, keys in zip((layer.by_split, layer.by_year, layer.by_origin), where, strict=True):
        names = sorted(set(keys))
        numbers = np.array([names.index(key) for key in keys], np.int64)[owner]
        for cell, n in enumerate(np.bincount(numbers * len(labels) + part.codes).tolist()):
            if n:
                count(spread.setdefault(labels[cell % len(labels)], {}), {names[cell // len(labels)]: n})


def add_entities(
    entities: dict[str, EntityFacts],
    register: Mapping[str, RegisterEntry] | Mapping[str, EntityFacts],
    flat: Flat,
) -> None:
    """Count the mentions of entities of the register, and the events whose arguments they are."""
    names = list(register)
    of = np.full(len(flat.anchors.counts), -1)  # the entity of each mention
    documents, mentions = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    seen: list[Integers] = []
    for name, members in flat.members.items():
        part = flat.parts[name]
        entity = registered(part.fields["entity"], register)
        mine = np.flatnonzero(entity >= 0)
        seen.append(flat.owner[part.first + mine] * len(names) + entity[mine])
        mentions += np.bincount(entity[mine], members.counts[mine], minlength=len(names)).astype(np.int64)
        each = entity[members.owner - part.first]
        told = np.flatnonzero((each >= 0) & (members.numbers >= 0))
        of[members.numbers[told]] = each[told]
    if seen:
        documents += np.bincount(np.unique(np.concatenate(seen)) % len(names), minlength=len(names))
    events = np.zeros(len(names), np.int64)
    for name, filled in flat.arguments.items():
        if flat.parts[name].layer.kind == "event":
            entity = np.where(filled.numbers < 0, -1, of[filled.numbers])
            told = np.flatnonzero(entity >= 0)
            once = np.unique(filled.owner[told] * len(names) + entity[told])
            events += np.bincount(once % len(names), minlength=len(names))
    for number in np.flatnonzero(documents).tolist():
        entry = register[names[number]]
        fact = entities.setdefault(names[number], EntityFacts(entry.name, entry.type, geonames=entry.geonames))
        fact.documents += int(documents[number])
        fact.mentions += int(mentions[number])
        fact.events += int(events[number])


def _times(part: Part) -> dict[str, int]:
    """How often each label of a layer is used, if it is."""
    times = np.bincount(part.codes, minlength=len(part.layer.labels)).tolist()
    return {label: n for label, n in zip(part.layer.labels, times, strict=True) if n}


def _counted(values: pa.Array) -> dict[str, int]:
    """How often each string stands in a column."""
    return {one["values"]: one["counts"] for one in values.drop_null().value_counts().to_pylist()}
