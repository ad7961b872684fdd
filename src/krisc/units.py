"""The table ``tokens``: a row a sentence, headline or byline, with its tokens, tags, and spans as token ranges.

All documents of a batch are laid on one line of code points, so that one search aligns every span to its tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from krisc.columns import Columns, Flat, Integers, lists, struct
from krisc.layers import Layer, unit_layer
from krisc.lines import Line, every
from krisc.tokens import outermost


def unit_columns(line: Line, flat: Flat, units: Units | None, wanted: pa.Schema) -> tuple[Integers, Columns]:
    """The columns of the table, without those of the document.

    Args:
        line: the texts of documents with gold.
        flat: their gold annotations.
        units: their units; there are some, or the table is not declared.
        wanted: the Arrow schema of the table.

    Returns:
        The number of the document of each row, of shape ``(units,)``, and the columns.
    """
    layers = flat.layers
    layer = unit_layer(layers)
    assert layer is not None and units is not None  # noqa: S101 - without them the table is not declared
    spans = _aligned(line, units, flat, layer)
    numbers = every(units.first, units.last)
    taken = pa.array(units.units)
    starts, ends = line.tokens
    places = [
        layer.constraints.units.index(label) if label in layer.constraints.units else -1 for label in layer.labels
    ]
    labels = flat.parts[layer.name].codes[units.units - flat.parts[layer.name].first]
    made: Columns = {
        "unit_id": flat.ids.take(taken),
        "unit": pa.array(np.array(places, np.int64)[labels]),
        "index": pa.array(_counted(units.owner)),
        "start": pa.array(flat.anchors.start[units.units]),
        "end": pa.array(flat.anchors.end[units.units]),
        "text": line.words(units.start, units.end),
    }
    shift = np.repeat(line.base[units.owner], units.last - units.first)
    tokens: dict[str, pa.Array] = {
        "tokens": line.words(starts[numbers], ends[numbers]),
        "token_starts": pa.array(starts[numbers] - shift),
        "token_ends": pa.array(ends[numbers] - shift),
    }
    for one in layers.values():
        if one.constraints.tags:
            tokens[one.constraints.tags] = pa.array(_tags(spans, one, flat, len(starts))[numbers])
    made |= {name: lists(wanted.field(name).type, units.last - units.first, made_) for name, made_ in tokens.items()}
    made["spans"] = _span_lists(spans, units, flat, wanted.field("spans").type)
    return units.owner, made


class Units:
    """The units of documents on a line, in text order.

    ``units`` are their numbers among the annotations; ``owner`` the document of each; ``start`` and ``end`` its place
    on the line; ``first`` and ``last`` its tokens, a half-open range of numbers on the line.
    """

    def __init__(self, line: Line, flat: Flat, layer: Layer) -> None:
        part = flat.parts[layer.name]
        wanted = [label in layer.constraints.units for label in layer.labels]
        units = part.first + np.flatnonzero(np.array([*wanted, False])[part.codes])
        base = line.base[flat.owner[units]]
        start, end = flat.anchors.start[units] + base, flat.anchors.end[units] + base
        order = np.lexsort((end, start))
        self.units: Integers = units[order]
        self.owner: Integers = flat.owner[self.units]
        self.start: Integers = start[order]
        self.end: Integers = end[order]
        self.first: Integers = np.searchsorted(line.tokens[0], self.start)
        self.last: Integers = np.searchsorted(line.tokens[0], self.end)


def _counted(owner: Integers) -> Integers:
    """The number of each unit in its document, from 0."""
    numbers: Integers = np.arange(len(owner)) - np.searchsorted(owner, owner)
    return numbers


@dataclass(frozen=True)
class _Spans:
    """Segments of spans and triggers that fall on whole tokens of one unit: parallel columns, a row each.

    ``annotation`` is the number of the annotation in ``Flat``, ``first`` and ``last`` tokens on the line.
    """

    annotation: Integers
    unit: Integers
    first: Integers
    last: Integers
    layer: Integers
    segment: Integers


def _aligned(line: Line, units: Units, flat: Flat, layer: Layer) -> _Spans:
    """The segments outside the unit layer that fall on whole tokens, in the order of the column ``spans``."""
    counts = flat.anchors.counts[: flat.size]
    firsts = [part.first for part in flat.parts.values()]
    annotation = np.repeat(np.arange(len(counts)), counts)
    base = line.base[flat.owner[annotation]]
    start, end = (side[: len(annotation)] + base for side in (flat.anchors.starts, flat.anchors.ends))
    layers = np.searchsorted(firsts, annotation, side="right") - 1
    number = np.arange(len(annotation)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts, ends = line.tokens
    first, last = np.searchsorted(starts, start), np.searchsorted(ends, end)
    unit = np.searchsorted(units.start, start, side="right") - 1
    if len(units.units) and len(starts):
        capped = np.minimum((first, last), len(starts) - 1)
        fits = (starts[capped[0]] == start) & (ends[capped[1]] == end) & (unit >= 0)
        fits &= (last < units.last[unit]) & (start < units.end[unit])
        fits &= layers != list(flat.parts).index(layer.name)
    else:
        fits = np.zeros(len(annotation), bool)
    keep = np.flatnonzero(fits)
    keys = np.stack((-last, first, layers, unit))[:, keep]
    keep = keep[_order(keys, flat.ids.take(pa.array(annotation[keep])))]
    return _Spans(annotation[keep], unit[keep], first[keep], last[keep] + 1, layers[keep], number[keep])


def _order(keys: Integers, ids: pa.StringArray) -> Integers:
    """The order of rows by keys, the last of them first, and by their ids where all keys are the same.

    Args:
        keys: of shape ``(keys, rows)``.
        ids: of the rows.
    """
    order: Integers = np.lexsort(keys)
    ordered = keys[:, order]
    same = (ordered[:, 1:] == ordered[:, :-1]).all(axis=0)
    if not same.any():
        return order
    group = np.concatenate(([0], np.cumsum(~same))).tolist()
    names = ids.to_pylist()
    pairs = sorted(zip(group, order.tolist(), strict=True), key=lambda one: (one[0], names[one[1]]))
    return np.array([n for _, n in pairs], np.int64)


def _tags(spans: _Spans, layer: Layer, flat: Flat, length: int) -> Integers:
    """IOB2 tags of all tokens on the line, as numbers of ``iob2_names``; of nested spans the outermost is tagged."""
    part = flat.parts[layer.name]
    mine = np.flatnonzero(spans.layer == list(flat.layers).index(layer.name))
    labels = part.codes[spans.annotation[mine] - part.first]
    names = sorted(layer.labels)
    places = np.array([names.index(label) for label in layer.labels], np.int64)
    order = np.lexsort((places[labels], -spans.last[mine], spans.first[mine]))
    firsts, lasts, labels = spans.first[mine][order], spans.last[mine][order], labels[order]
    reached = np.concatenate(([0], np.maximum.accumulate(lasts)[:-1])) if len(lasts) else lasts
    free = firsts >= reached
    if (lasts > reached)[~free].any():  # some cross, so that how far was reached depends on which were taken
        ranges = zip(firsts.tolist(), lasts.tolist(), map(names.__getitem__, places[labels].tolist()), strict=True)
        chosen = [(first, last, list(layer.labels).index(label)) for first, last, label in outermost(ranges)]
        firsts, lasts, labels = np.array(chosen, np.int64).T
        free = np.ones(len(chosen), bool)
    firsts, lasts, begin = firsts[free], lasts[free], 1 + 2 * labels[free]
    tags = np.zeros(length, np.int64)
    tags[every(firsts, lasts)] = np.repeat(begin + 1, lasts - firsts)
    tags[firsts] = begin
    return tags


def _span_lists(spans: _Spans, units: Units, flat: Flat, type_: pa.ListType) -> pa.Array:
    shift = units.first[spans.unit]
    taken = pa.array(spans.annotation)
    columns = {
        "id": flat.ids.take(taken),
        "layer": flat.names.take(taken),
        "label": flat.labels.take(taken),
        "first": pa.array(spans.first - shift),
        "last": pa.array(spans.last - shift),
        "segment": pa.array(spans.segment),
    }
    counts = np.bincount(spans.unit, minlength=len(units.units))
    return lists(type_, counts, struct(type_.value_type, columns))
