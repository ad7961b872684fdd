"""Annotations as Arrow columns: those of many files at once, each column built in one go.

The building blocks of ``tabulate``, of the figures, and of the checks of many documents at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from krisc.arrowjson import ARGUMENT, SEGMENT, STRINGS, layers_of
from krisc.layers import Attribute, Layer, Layers
from krisc.model import RegisterEntry
from krisc.tables import DECIDED

SEGMENTS = pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())]))
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Columns = dict[str, pa.Array]
NOWHERE = -1  # the number of what is not in the file


def codes(numbers: Integers) -> pa.Array:
    """Label numbers as a column; -1 is null."""
    null = numbers < 0
    return pa.array(numbers, mask=null) if null.any() else pa.array(numbers)


def numbered(values: pa.Array, names: Sequence[str]) -> Integers:
    """The number of each string among names; -1 for null and for other strings."""
    found = pc.index_in(values, value_set=pa.array(names, pa.string()))
    return np.asarray(found.fill_null(NOWHERE), np.int64)


def integers(values: pa.Array) -> Integers:
    """A column of integers; -1 for null."""
    return np.asarray(values.fill_null(-1) if values.null_count else values, np.int64)


def sizes(lists: pa.ListArray) -> Integers:
    """The lengths of lists; -1 for null."""
    return integers(pc.list_value_length(lists))


def lists(type_: pa.ListType, counts: Integers, values: pa.Array) -> pa.Array:
    """A list array; a count of -1 is a null list."""
    null = counts < 0
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(np.maximum(counts, 0), out=offsets[1:])
    mask = pa.array(null) if null.any() else None
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=type_, mask=mask)


def struct(type_: pa.StructType, columns: Mapping[str, pa.Array], null: Booleans | None = None) -> pa.Array:
    """A struct array with the fields of a type; ``null`` says which of its values are null."""
    arrays = [columns[field.name] for field in type_]
    mask = None if null is None else pa.array(null)
    return pa.StructArray.from_arrays(arrays, fields=list(type_), mask=mask)


def joined(arrays: Sequence[pa.Array], type_: pa.DataType) -> pa.Array:
    """Arrays one after another."""
    return pa.concat_arrays(arrays) if arrays else pa.array([], type_)


def given(values: pa.Array) -> pa.Array:
    """A string column in which the empty string is null."""
    empty = pc.equal(values, "")
    return pc.if_else(empty, None, values) if pc.any(empty).as_py() else values


class Anchors:
    """The words that annotations, and roles filled by words, stand on: a row for each, as columns.

    ``start`` and ``end`` are in code points of the document's text, of shape ``(anchors,)``; ``counts`` has how many
    segments each has, and ``starts`` and ``ends`` are those of the segments, of shape ``(segments,)``.
    """

    def __init__(self, counts: Integers, segments: pa.StructArray) -> None:
        self.counts = counts
        starts, ends, self.quotes = segments.flatten()
        self.starts, self.ends = integers(starts), integers(ends)
        columns = {"start": pa.array(self.starts), "end": pa.array(self.ends), "text": self.quotes}
        self.segments = lists(SEGMENTS, counts, struct(SEGMENTS.value_type, columns))
        some = counts > 0
        first = (np.cumsum(counts) - counts)[some]
        self.start, self.end = np.zeros(len(counts), np.int64), np.zeros(len(counts), np.int64)
        if len(self.starts) == len(first):  # no span is discontinuous
            self.start[some], self.end[some] = self.starts, self.ends
        else:
            self.start[some] = np.minimum.reduceat(self.starts, first)
            self.end[some] = np.maximum.reduceat(self.ends, first)
        self.text = pc.binary_join(lists(STRINGS, counts, self.quotes), " ")

    def slice(self, first: int, number: int) -> Columns:
        """The columns of some anchors in a row."""
        return {
            "start": pa.array(self.start[first : first + number]),
            "end": pa.array(self.end[first : first + number]),
            "text": self.text.slice(first, number),
            "segments": self.segments.slice(first, number),
        }


class Part:
    """The annotations of one layer: ``first`` is the number of the first among all, ``size`` how many there are.

    ``counts`` is how many each file has, -1 where it does not have the layer; ``codes`` the numbers of their labels.
    """

    def __init__(self, layer: Layer, listed: pa.ListArray, first: int) -> None:
        self.layer = layer
        self.counts = sizes(listed)
        values = listed.flatten()
        self.first, self.size = first, len(values)
        self.fields: Columns = dict(zip((field.name for field in values.type), values.flatten(), strict=True))
        self.codes = numbered(self.fields["label"], list(layer.labels))
        attributes = self.fields.get("attributes")
        self.attributes: Columns = (
            dict(zip(layer.attributes, attributes.flatten(), strict=True)) if attributes is not None else {}
        )

    @property
    def numbers(self) -> slice:
        """Its annotations among all."""
        return slice(self.first, self.first + self.size)

    def anchors(self) -> tuple[Integers, pa.StructArray]:
        """How many segments each annotation stands on, and these."""
        field = self.fields.get("segments", self.fields.get("trigger"))
        if field is None:
            return np.zeros(self.size, np.int64), pa.array([], SEGMENT)
        return np.maximum(sizes(field), 0), field.flatten()


class Flat:
    """The annotations of several files, layer by layer and in each file by file, with all that they refer to.

    ``parts`` has the layers; ``owner`` is the number of the file of each annotation. ``references`` are all arguments
    and then all members: the annotation that has each, and the number of what it refers to. An argument that is words
    refers to those: they come after all annotations.
    """

    def __init__(self, table: pa.Table, layers: Layers) -> None:
        self.layers = layers
        self.files = table.num_rows
        self.parts: dict[str, Part] = {}
        first = 0
        for name, listed in layers_of(table, layers).items():
            self.parts[name] = part = Part(layers[name], listed, first)
            first += part.size
        self.size = first
        parts = self.parts.values()
        files = np.arange(self.files)
        each = [np.repeat(files, np.maximum(part.counts, 0)) for part in parts]
        self.owner: Integers = np.concatenate([np.zeros(0, np.int64), *each])
        ids = joined([part.fields["id"] for part in parts], pa.string())
        self._directory = _Directory(ids, self.owner, self.files)
        self.unique = self._directory.unique
        self._fill()
        counts, segments = zip(*(part.anchors() for part in parts), strict=True)
        words = np.maximum(sizes(self.words), 0)
        self.anchors = Anchors(np.concatenate([*counts, words]), joined([*segments, self.words.flatten()], SEGMENT))
        none = pa.nulls(len(words), pa.string())
        self.ids = joined([ids, none], pa.string())
        self.labels = joined([*(part.fields["label"] for part in parts), none], pa.string())
        layer_numbers = np.repeat(np.arange(len(layers) + 1), [*(part.size for part in parts), len(words)])
        self.names = pa.array([*layers, None], pa.string()).take(pa.array(layer_numbers))

    def _fill(self) -> None:
        """Number what fills roles and what chains have as members."""
        kinds = {name: part.layer.kind for name, part in self.parts.items()}
        self.arguments = {n: Filled(p, "arguments") for n, p in self.parts.items() if kinds[n] in ("event", "relation")}
        self.members = {n: Filled(p, "members") for n, p in self.parts.items() if kinds[n] == "chain"}
        words, at = [], self.size
        for filled in self.arguments.values():
            role, target, segments = filled.values.flatten()
            filled.roles = numbered(role, list(filled.part.layer.roles))
            filled.target, filled.segments = target, segments
            filled.numbers = self.find(target, self.owner[filled.owner])
            filled.words = np.flatnonzero(np.asarray(target.is_null()))
            filled.numbers[filled.words] = np.arange(at, at + len(filled.words))
            at += len(filled.words)
            words.append(segments.take(pa.array(filled.words)))
        self.words: pa.ListArray = joined(words, ARGUMENT.field("segments").type)
        for filled in self.members.values():
            filled.numbers = self.find(filled.values, self.owner[filled.owner])

    def find(self, ids: pa.Array, files: Integers) -> Integers:
        """The numbers of the annotations with these ids in these files; NOWHERE where there is none."""
        return self._directory.find(ids, files)

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
        part = self.parts[layer.name]
        made: Columns = {"id": self.ids.slice(part.first, part.size), "label": pa.array(part.codes)}
        if layer.kind in ("span", "event"):
            made |= self.anchors.slice(part.first, part.size)
        if layer.kind == "event":
            filled = self.arguments[layer.name]
            more = {"role": pa.array(filled.roles)}
            listed = type_.field("arguments").type
            made["arguments"] = lists(listed, filled.counts, self.fillers(listed.value_type, filled.numbers, more))
        if layer.kind == "relation":
            for role, declared in layer.roles.items():
                made[role.lower()] = self._role(type_.field(role.lower()).type, layer, role, single=declared.max == 1)
        if layer.kind == "chain":
            made["entity"], made["name"] = _entities(part.fields["entity"], register)
            members = self.members[layer.name]
            listed = type_.field("members").type
            made["members"] = lists(listed, members.counts, self.fillers(listed.value_type, members.numbers, {}))
        made |= {name: _attribute(part.attributes[name], one) for name, one in layer.attributes.items()}
        return made | _provenance(part.fields, type_)

    def _role(self, type_: pa.DataType, layer: Layer, role: str, *, single: bool) -> pa.Array:
        """The column of a relation's role: what fills it, or a list where it may be filled more than once."""
        filled = self.arguments[layer.name]
        mine = np.flatnonzero(filled.roles == list(layer.roles).index(role))
        if single:
            index = np.full(filled.part.size, NOWHERE)
            index[(filled.owner[mine] - filled.part.first)[::-1]] = filled.numbers[mine[::-1]]  # the first one counts
            return self.fillers(type_, index, {})
        counts = np.bincount(filled.owner[mine] - filled.part.first, minlength=filled.part.size)
        return lists(type_, counts, self.fillers(type_.value_type, filled.numbers[mine], {}))


class Filled:
    """What the annotations of a layer have in one of their lists: ``counts`` of each, the ``owner`` of each thing.

    ``numbers`` are those of the things themselves; of arguments, ``roles`` are numbers of their roles, ``target`` and
    ``segments`` what they have in the file, and ``words`` tells which of them are words.
    """

    def __init__(self, part: Part, field: str) -> None:
        self.part = part
        listed = part.fields[field]
        self.counts = np.maximum(sizes(listed), 0)
        self.values = listed.flatten()
        self.owner = np.repeat(np.arange(part.first, part.first + part.size), self.counts)
        self.numbers: Integers = np.zeros(0, np.int64)
        self.roles: Integers = self.numbers
        self.words: Integers = self.numbers
        self.target = self.segments = self.values


class _Directory:
    """Finds annotations by file and id. ``unique`` says whether no id stands twice in a file."""

    def __init__(self, ids: pa.Array, owner: Integers, files: int) -> None:
        self.known = ids.drop_null().unique()
        self.width = max(1, len(self.known))
        self.where = np.full(files * self.width, NOWHERE)
        code = self._code(ids)
        there = np.flatnonzero(code >= 0)[::-1]  # of duplicates the first
        self.where[owner[there] * self.width + code[there]] = there
        self.unique = len(there) == int(np.count_nonzero(self.where >= 0))

    def _code(self, ids: pa.Array) -> Integers:
        return integers(pc.index_in(ids, value_set=self.known))

    def find(self, ids: pa.Array, files: Integers) -> Integers:
        code = self._code(ids)
        if not len(code) or not len(self.where):
            return np.full(len(code), NOWHERE)
        found: Integers = np.where(code < 0, NOWHERE, self.where[files * self.width + np.maximum(code, 0)])
        return found


def registered(entity: pa.Array, register: Mapping[str, Any]) -> Integers:
    """The numbers of entries of the register; a former id is that of the one that took its place."""
    ids, now = [*register], [*range(len(register))]
    for number, one in enumerate(register.values()):
        former = getattr(one, "former", ())
        ids += former
        now += [number] * len(former)
    found = numbered(entity, ids)
    return np.array([*now, NOWHERE])[found]


def _entities(entity: pa.Array, register: Mapping[str, RegisterEntry]) -> tuple[pa.Array, pa.Array]:
    """Ids of the register and their names; a former id is read as the one that took its place."""
    found = codes(registered(entity, register))
    names = pa.array([one.name for one in register.values()], pa.string()).take(found)
    return given(pc.coalesce(pa.array([*register], pa.string()).take(found), entity)), names


def _attribute(values: pa.Array, attribute: Attribute) -> pa.Array:
    return codes(numbered(values, attribute.values)) if attribute.type == "enum" else values


def _strings(values: pa.ListArray, type_: pa.ListType) -> pa.Array:
    return lists(type_, np.maximum(sizes(values), 0), values.flatten())


def _provenance(fields: Columns, type_: pa.StructType) -> Columns:
    return {
        "note": given(fields["note"]),
        "annotators": _strings(fields["by"], type_.field("annotators").type),
        "decided": codes(numbered(fields["decided"], DECIDED)),
        "decision": given(fields["decision"]),
        "checked_by": _strings(fields["checked_by"], type_.field("checked_by").type),
    }
