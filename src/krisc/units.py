"""The table ``tokens``: a row a sentence, headline or byline, with its tokens, tags, and spans as token ranges.

All documents of a batch are laid on one line of code points, so that one search aligns every span to its tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa

from krisc.columns import Columns, Flat, Integers, lists, struct
from krisc.document import Document
from krisc.layers import Layer, unit_layer
from krisc.tokens import outermost


def unit_columns(documents: Sequence[Document], flat: Flat, wanted: pa.Schema) -> tuple[Integers, Columns]:
    """The columns of the table, without those of the document.

    Args:
        documents: documents with gold.
        flat: their gold annotations.
        wanted: the Arrow schema of the table.

    Returns:
        The number of the document of each row, of shape ``(units,)``, and the columns.
    """
    layers = flat.layers
    layer = unit_layer(layers)
    assert layer is not None  # noqa: S101 - without such a layer the table is not declared
    line = _Line(documents, flat, layer)
    spans = _aligned(line, flat, layer)
    numbers = every(line.first, line.last)
    made: Columns = {
        "unit_id": flat.ids.take(pa.array(line.units)),
        "unit": pa.array(
            [layer.constraints.units.index(flat.fields["label"][n]) for n in line.units.tolist()], pa.int64()
        ),
        "index": pa.array(_counted(line.owner)),
        "start": pa.array(flat.anchors.start[line.units]),
        "end": pa.array(flat.anchors.end[line.units]),
        "text": pa.array(
            [documents[n].text[s:e] for n, s, e in zip(line.owner.tolist(), *line.within(), strict=True)], pa.string()
        ),
    }
    counts = line.last - line.first
    shift = np.repeat(line.base[line.owner], counts)
    tokens: dict[str, pa.Array] = {
        "tokens": line.words.take(pa.array(numbers)),
        "token_starts": pa.array(line.starts[numbers] - shift),
        "token_ends": pa.array(line.ends[numbers] - shift),
    }
    for one in layers.values():
        if one.constraints.tags:
            tokens[one.constraints.tags] = pa.array(_tags(spans, one, flat, len(line.starts))[numbers])
    made |= {name: lists(wanted.field(name).type, counts, values) for name, values in tokens.items()}
    made["spans"] = _span_lists(spans, line, flat, wanted.field("spans").type)
    return line.owner, made


class _Line:
    """Documents one after another on a line of code points: tokens and units of all of them.

    ``base`` is where each document begins; ``units`` the annotations that are units, in text order, by their numbers;
    ``owner`` the document of each; ``first`` and ``last`` its tokens, a half-open range of numbers on the line.
    """

    def __init__(self, documents: Sequence[Document], flat: Flat, layer: Layer) -> None:
        self.base: Integers = np.cumsum([0, *(len(document.text) + 1 for document in documents)])
        arrays = [document.token_arrays for document in documents]
        counts = [len(starts) for starts, _ in arrays]
        shift = np.repeat(self.base[:-1], counts)
        none = [np.zeros(0, np.int64)]
        self.starts: Integers = np.concatenate([starts for starts, _ in arrays] or none) + shift
        self.ends: Integers = np.concatenate([ends for _, ends in arrays] or none) + shift
        tokens = [document.tokens for document in documents]
        texts = (d.text for d in documents)
        words = [[text[s:e] for s, e in zip(*one, strict=True)] for text, one in zip(texts, tokens, strict=True)]
        self.words = pa.array(list(chain.from_iterable(words)), pa.string())
        first, size = flat.first[layer.name], flat.sizes[layer.name]
        labels = flat.fields["label"][first : first + size]
        units = first + np.flatnonzero([label in layer.constraints.units for label in labels])
        start, end = (side[units] + self.base[flat.owner[units]] for side in (flat.anchors.start, flat.anchors.end))
        order = np.lexsort((end, start))
        self.units: Integers = units[order]
        self.owner: Integers = flat.owner[self.units]
        self.unit_start: Integers = start[order]
        self.unit_end: Integers = end[order]
        self.first: Integers = np.searchsorted(self.starts, self.unit_start)
        self.last: Integers = np.searchsorted(self.starts, self.unit_end)

    def within(self) -> tuple[list[int], list[int]]:
        """Starts and ends of the units in their own documents."""
        base = self.base[self.owner]
        return (self.unit_start - base).tolist(), (self.unit_end - base).tolist()


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


def _aligned(line: _Line, flat: Flat, units: Layer) -> _Spans:
    """The segments outside the unit layer that fall on whole tokens, in the order of the column ``spans``."""
    counts = flat.anchors.counts[: len(flat.all)]
    annotation = np.repeat(np.arange(len(counts)), counts)
    base = line.base[flat.owner[annotation]]
    start, end = (side[: len(annotation)] + base for side in (flat.anchors.starts, flat.anchors.ends))
    layer = np.searchsorted(list(flat.first.values()), annotation, side="right") - 1
    number = np.arange(len(annotation)) - np.repeat(np.cumsum(counts) - counts, counts)
    first, last = np.searchsorted(line.starts, start), np.searchsorted(line.ends, end)
    unit = np.searchsorted(line.unit_start, start, side="right") - 1
    if len(line.units) and len(line.starts):
        capped = np.minimum((first, last), len(line.starts) - 1)
        fits = (line.starts[capped[0]] == start) & (line.ends[capped[1]] == end) & (unit >= 0)
        fits &= (last < line.last[unit]) & (start < line.unit_end[unit])
        fits &= layer != list(flat.first).index(units.name)
    else:
        fits = np.zeros(len(annotation), bool)
    keep = np.flatnonzero(fits)
    keys = np.stack((-last, first, layer, unit))[:, keep]
    keep = keep[_order(keys, [flat.fields["id"][n] for n in annotation[keep].tolist()])]
    return _Spans(annotation[keep], unit[keep], first[keep], last[keep] + 1, layer[keep], number[keep])


def _order(keys: Integers, ids: Sequence[str]) -> Integers:
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
    pairs = sorted(zip(group, order.tolist(), strict=True), key=lambda one: (one[0], ids[one[1]]))
    return np.array([n for _, n in pairs], np.int64)


def _tags(spans: _Spans, layer: Layer, flat: Flat, length: int) -> Integers:
    """IOB2 tags of all tokens on the line, as numbers of ``iob2_names``; of nested spans the outermost is tagged."""
    numbers = {label: 1 + 2 * number for number, label in enumerate(layer.labels)}
    mine = spans.layer == list(flat.layers).index(layer.name)
    labels = [flat.fields["label"][n] for n in spans.annotation[mine].tolist()]
    ranges = zip(spans.first[mine].tolist(), spans.last[mine].tolist(), labels, strict=True)
    chosen = [(first, last, numbers[label]) for first, last, label in outermost(ranges)]
    firsts, lasts, begin = np.array(chosen, np.int64).reshape(-1, 3).T
    tags = np.zeros(length, np.int64)
    tags[every(firsts, lasts)] = np.repeat(begin + 1, lasts - firsts)
    tags[firsts] = begin
    return tags


def every(firsts: Integers, lasts: Integers) -> Integers:
    """All numbers of half-open ranges, range by range."""
    counts = lasts - firsts
    begins = np.cumsum(counts) - counts
    numbers: Integers = np.arange(counts.sum()) + np.repeat(firsts - begins, counts)
    return numbers


def _span_lists(spans: _Spans, line: _Line, flat: Flat, type_: pa.ListType) -> pa.Array:
    shift = line.first[spans.unit]
    taken = pa.array(spans.annotation)
    columns = {
        "id": flat.ids.take(taken),
        "layer": flat.names.take(taken),
        "label": flat.labels.take(taken),
        "first": pa.array(spans.first - shift),
        "last": pa.array(spans.last - shift),
        "segment": pa.array(spans.segment),
    }
    counts = np.bincount(spans.unit, minlength=len(line.units))
    return lists(type_, counts, struct(type_.value_type, columns))
