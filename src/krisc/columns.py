"""Annotations as Arrow columns: those of many files at once, each column built in one go.

The building blocks of ``tabulate``. An annotation is read once, all its fields together, because the records of a batch
are larger than a processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from krisc.layers import Layer, Layers
from krisc.model import Annotation, AnnotationFile, RegisterEntry, Segment
from krisc.tables import DECIDED

SEGMENTS = pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())]))
Integers = NDArray[np.int64]
Columns = dict[str, pa.Array]
_DECIDED = {"": -1, **{name: number for number, name in enumerate(DECIDED)}}
_FIELDS = ("id", "label", "note", "by", "decided", "decision", "checked_by", "attributes", "entity")
_fields_of = attrgetter(*_FIELDS)
_segment_of = attrgetter("start", "end", "quote")


def integers(values: Iterable[int], length: int) -> Integers:
    """An array of ``length`` integers."""
    return np.fromiter(values, np.int64, length)


def codes(numbers: Integers) -> pa.Array:
    """Label numbers as a column; -1 is null."""
    null = numbers < 0
    return pa.array(numbers, mask=null) if null.any() else pa.array(numbers)


def optional(values: Sequence[str]) -> pa.Array:
    """A string column in which the empty string is null."""
    if not any(values):
        return pa.nulls(len(values), pa.string())
    return pa.array([value or None for value in values], pa.string())


def lists(type_: pa.ListType, counts: Integers, values: pa.Array) -> pa.Array:
    """A list array; a count of -1 is a null list."""
    null = counts < 0
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(np.maximum(counts, 0), out=offsets[1:])
    mask = pa.array(null) if null.any() else None
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=type_, mask=mask)


def strings(listed: Sequence[Sequence[str]], type_: pa.ListType) -> pa.Array:
    """A list array of strings."""
    values = pa.array(list(chain.from_iterable(listed)), pa.string())
    return lists(type_, integers(map(len, listed), len(listed)), values)


def struct(type_: pa.StructType, columns: Mapping[str, pa.Array], null: NDArray[np.bool_] | None = None) -> pa.Array:
    """A struct array with the fields of a type; ``null`` says which of its values are null."""
    arrays = [columns[field.name] for field in type_]
    mask = None if null is None else pa.array(null)
    return pa.StructArray.from_arrays(arrays, fields=list(type_), mask=mask)


class Anchors:
    """The words that annotations, and roles filled by words, stand on: a row for each, as columns.

    ``start`` and ``end`` are in code points of the document's text, of shape ``(anchors,)``; ``counts`` has how many
    segments each has, and ``starts`` and ``ends`` are those of the segments, of shape ``(segments,)``.
    """

    def __init__(self, anchors: Sequence[tuple[Segment, ...]]) -> None:
        listed = list(chain.from_iterable(anchors))
        starts, ends, words = zip(*map(_segment_of, listed), strict=True) if listed else ((), (), ())
        self.starts, self.ends = integers(starts, len(listed)), integers(ends, len(listed))
        self.counts = integers(map(len, anchors), len(anchors))
        quotes = pa.array(words, pa.string())
        columns = {"start": pa.array(self.starts), "end": pa.array(self.ends), "text": quotes}
        self.segments = lists(SEGMENTS, self.counts, struct(SEGMENTS.value_type, columns))
        some = self.counts > 0
        first = (np.cumsum(self.counts) - self.counts)[some]
        self.start, self.end = np.zeros(len(anchors), np.int64), np.zeros(len(anchors), np.int64)
        if len(listed) == len(first):  # no span is discontinuous
            self.start[some], self.end[some] = self.starts, self.ends
        else:
            self.start[some] = np.minimum.reduceat(self.starts, first)
            self.end[some] = np.maximum.reduceat(self.ends, first)
        self.text = pc.binary_join(lists(pa.list_(pa.string()), self.counts, quotes), " ")

    def slice(self, first: int, number: int) -> Columns:
        """The columns of some anchors in a row."""
        return {
            "start": pa.array(self.start[first : first + number]),
            "end": pa.array(self.end[first : first + number]),
            "text": self.text.slice(first, number),
            "segments": self.segments.slice(first, number),
        }


class Flat:
    """The annotations of several files, layer by layer and in each file by file, with all that they refer to.

    ``counts`` has for each layer how many annotations each file has, -1 where it does not have the layer; ``first`` the
    number of a layer's first annotation; ``owner`` the number of the file of each annotation.
    """

    def __init__(self, files: Sequence[AnnotationFile], layers: Layers) -> None:
        self.files = files
        self.layers = layers
        listed = {name: [file.layers.get(name) for file in files] for name in layers}
        self.counts = {
            name: integers((-1 if one is None else len(one) for one in here), len(files))
            for name, here in listed.items()
        }
        here = {name: list(chain.from_iterable(one or () for one in listed[name])) for name in layers}
        sizes = {name: len(one) for name, one in here.items()}
        self.first = dict(zip(layers, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
        self.sizes = sizes
        self.all: list[Annotation] = list(chain.from_iterable(here.values()))
        numbers = np.arange(len(files))
        each = [np.repeat(numbers, np.maximum(self.counts[name], 0)) for name in layers]
        self.owner: Integers = np.concatenate([np.zeros(0, np.int64), *each])
        columns: list[Any] = list(zip(*map(_fields_of, self.all), strict=True)) or [()] * len(_FIELDS)
        self.fields = dict(zip(_FIELDS, columns, strict=True))
        self.words: list[tuple[Segment, ...]] = []  # what fills roles without being an annotation
        self._filled = self._fill(self._numbered())
        self.anchors = Anchors([*(a.segments or a.trigger for a in self.all), *self.words])
        none = (None,) * len(self.words)
        self.ids = pa.array((*self.fields["id"], *none), pa.string())
        self.labels = pa.array((*self.fields["label"], *none), pa.string())
        layer_numbers = np.repeat(np.arange(len(layers) + 1), [*sizes.values(), len(none)])
        self.names = pa.array([*layers, None], pa.string()).take(pa.array(layer_numbers))

    def _numbered(self) -> list[dict[str, int]]:
        """For each file the number of every annotation by its id."""
        where: list[dict[str, int]] = [{} for _ in self.files]
        at, ids = 0, self.fields["id"]
        for name in self.layers:
            for number, count in enumerate(self.counts[name].tolist()):
                if count > 0:
                    where[number].update(zip(ids[at : at + count], range(at, at + count), strict=True))
                    at += count
        return where

    def _fill(self, where: Sequence[Mapping[str, int]]) -> dict[str, list[list[int]]]:
        """Of the annotations of each layer the numbers of what fills their roles, or of their members."""
        found: dict[str, list[list[int]]] = {}
        for name, layer in self.layers.items():
            if layer.kind == "chain":
                found[name] = [
                    [here[member] for member in a.members]
                    for file, here in zip(self.files, where, strict=True)
                    for a in file.layers.get(name, ())
                ]
            elif layer.kind != "span":
                found[name] = [
                    [here[g.target] if g.target else self._word(g.segments) for g in a.arguments]
                    for file, here in zip(self.files, where, strict=True)
                    for a in file.layers.get(name, ())
                ]
        return found

    def _word(self, segments: tuple[Segment, ...]) -> int:
        self.words.append(segments)
        return len(self.all) + len(self.words) - 1

    def fillers(self, type_: pa.StructType, index: Integers, more: Columns) -> pa.Array:
        """A struct array of what fills roles, by their numbers; of -1 it is null. ``more`` has further columns."""
        null = index < 0
        taken = codes(index)
        anchors = self.anchors
        columns = {
            "target": self.ids.take(taken),
            "layer": self.names.take(taken),
            "label": self.labels.take(taken),
            "start": pa.array(anchors.start).take(taken),
            "end": pa.array(anchors.end).take(taken),
            "text": anchors.text.take(taken),
            "segments": anchors.segments.take(taken),
            **more,
        }
        return struct(type_, columns, null if null.any() else None)

    def columns(self, layer: Layer, type_: pa.StructType, register: Mapping[str, RegisterEntry]) -> Columns:
        """The columns of a layer's annotations."""
        first, size = self.first[layer.name], self.sizes[layer.name]
        fields = {name: values[first : first + size] for name, values in self.fields.items()}
        numbers = {label: number for number, label in enumerate(layer.labels)}
        made: Columns = {
            "id": self.ids.slice(first, size),
            "label": pa.array(integers(map(numbers.__getitem__, fields["label"]), size)),
        }
        if layer.kind in ("span", "event"):
            made |= self.anchors.slice(first, size)
        if layer.kind == "event":
            made["arguments"] = self._arguments(type_.field("arguments").type, layer)
        if layer.kind == "relation":
            for role, declared in layer.roles.items():
                made[role.lower()] = self._role(type_.field(role.lower()).type, layer, role, single=declared.max == 1)
        if layer.kind == "chain":
            made["entity"] = optional(fields["entity"])
            entries = map(register.get, fields["entity"])
            made["name"] = pa.array([one.name if one else None for one in entries], pa.string())
            made["members"] = self._listed(type_.field("members").type, self._filled[layer.name], {})
        return made | _attributes(fields["attributes"], layer, type_) | _provenance(fields, type_)

    def _of(self, layer: Layer) -> Sequence[Annotation]:
        return self.all[self.first[layer.name] : self.first[layer.name] + self.sizes[layer.name]]

    def _listed(self, type_: pa.ListType, filled: Sequence[Sequence[int]], more: Columns) -> pa.Array:
        counts = integers(map(len, filled), len(filled))
        numbers = integers(chain.from_iterable(filled), int(counts.sum()))
        return lists(type_, counts, self.fillers(type_.value_type, numbers, more))

    def _arguments(self, type_: pa.ListType, layer: Layer) -> pa.Array:
        roles = {role: number for number, role in enumerate(layer.roles)}
        numbers = [roles[g.role] for a in self._of(layer) for g in a.arguments]
        return self._listed(type_, self._filled[layer.name], {"role": pa.array(numbers, pa.int64())})

    def _role(self, type_: Any, layer: Layer, role: str, *, single: bool) -> pa.Array:  # noqa: ANN401 - an Arrow type
        """The column of a relation's role: what fills it, or a list where it may be filled more than once."""
        chosen = [
            [number for g, number in zip(a.arguments, filled, strict=True) if g.role == role]
            for a, filled in zip(self._of(layer), self._filled[layer.name], strict=True)
        ]
        if single:
            return self.fillers(type_, integers((one[0] if one else -1 for one in chosen), len(chosen)), {})
        return self._listed(type_, chosen, {})


def _attributes(attributes: Sequence[Mapping[str, Any]], layer: Layer, type_: pa.StructType) -> Columns:
    made: Columns = {}
    for name, attribute in layer.attributes.items():
        values = [one.get(name) for one in attributes]
        if attribute.type == "enum":
            numbers: dict[object, int] = {None: -1, **{value: n for n, value in enumerate(attribute.values)}}
            made[name] = codes(integers(map(numbers.__getitem__, values), len(values)))
        elif attribute.type == "number":
            floats = [None if value is None else float(value) for value in values]
            made[name] = pa.array(floats, type_.field(name).type)
        else:
            made[name] = pa.array(values, type_.field(name).type)
    return made


def _provenance(fields: Mapping[str, Sequence[Any]], type_: pa.StructType) -> Columns:
    return {
        "note": optional(fields["note"]),
        "annotators": strings(fields["by"], type_.field("annotators").type),
        "decided": codes(integers(map(_DECIDED.__getitem__, fields["decided"]), len(fields["decided"]))),
        "decision": optional(fields["decision"]),
        "checked_by": strings(fields["checked_by"], type_.field("checked_by").type),
    }
