"""Counts what two passes over one document have in common, layer by layer: what the measures of agreement add up.

Counts are kept apart by document and, while there is only one, by the unit of text they stand in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import zip_longest

import msgspec

from krisc import measures
from krisc.alignment import Alignment, Span, align, same_words, span, spanned
from krisc.document import Document
from krisc.layers import Layer, Layers, unit_layer
from krisc.matching import Anchor, Group, anchor, context
from krisc.model import Annotation, AnnotationFile, Argument, Segment
from krisc.spans import token_range
from krisc.tallies import Disagreement, Tally
from krisc.tokens import outermost

NONE = "(none)"
SAME, OTHER = ("=", "="), ("=", "≠")  # of values that no list closes, only whether they are the same is counted
Item = tuple[object, ...]  # what an argument or a relation is held to be the same by


class Where:
    """One document: its text, its tokens, and the unit that an offset lies in (0 when units do not matter)."""

    def __init__(self, document: Document, first: AnnotationFile, layers: Layers, *, whole: bool) -> None:
        self.id = document.record.id
        self.text = document.text
        self.tokens = document.tokens
        units = unit_layer(layers)
        listed = first.layers.get(units.name, ()) if units and not whole else ()
        self.starts = sorted({a.hull[0] for a in listed if units and a.label in units.constraints.units})

    def unit(self, offset: int) -> int:
        """Number of the unit that begins at or before the offset."""
        return bisect_right(self.starts, offset) if self.starts else 0


class Side:
    """One pass over a document, with what is looked up in it again and again."""

    def __init__(self, where: Where, file: AnnotationFile) -> None:
        self.where, self.file = where, file
        self._spans: dict[str, list[Span]] = {}
        self._units: dict[str, list[int]] = {}

    @cached_property
    def by_id(self) -> dict[str, Annotation]:
        """Every annotation of the pass by its id."""
        return {a.id: a for listed in self.file.layers.values() for a in listed}

    def spans(self, layer: str) -> list[Span]:
        """The spans or triggers of a layer."""
        if layer not in self._spans:
            self._spans[layer] = [span(a) for a in self.file.layers[layer]]
        return self._spans[layer]

    def units(self, layer: str) -> list[int]:
        """The unit of each of them."""
        if layer not in self._units:
            self._units[layer] = [self.where.unit(one[0]) for one in self.spans(layer)]
        return self._units[layer]

    def unit(self, a: Annotation) -> int:
        """The unit of an annotation: that of its own words, or of the first of its arguments."""
        if not self.where.starts:
            return 0
        if a.anchor:
            return self.where.unit(a.hull[0])
        starts = [s.start for g in a.arguments for s in g.segments]
        starts += [self.by_id[g.target].hull[0] for g in a.arguments if g.target in self.by_id]
        return self.where.unit(min(starts, default=0))

    def filler(self, argument: Argument) -> Anchor:
        """The words that fill a role."""
        target = self.by_id.get(argument.target)
        return anchor(target.anchor if target else argument.segments)


class Pair:
    """Two passes in one layer of one document; ``confused`` says whether confused labels are wanted."""

    def __init__(self, counts: Tally, layer: Layer, one: Side, other: Side, *, confused: bool = True) -> None:
        self.counts, self.where, self.layer, self.confused = counts, one.where, layer, confused
        self.sides = (one, other)
        self.listed = (one.file.layers[layer.name], other.file.layers[layer.name])

    def compare(self) -> None:
        """Add the counts of the layer."""
        if self.layer.kind in ("span", "event"):
            self.spans()
        if self.layer.kind == "event":
            self.arguments()
        if self.layer.kind == "relation":
            self.relations()
        if self.layer.kind == "chain":
            self.chains()

    def _both(self, key: str, *sides: Iterable[tuple[int, str]]) -> None:
        """Count by unit and name: what both have (cell 0), what the one has (1) and what the other has (2)."""
        for cell, listed in enumerate(sides):
            for (unit, name), number in Counter(listed).items():
                self.counts.add(unit, (key, name), cell, number)

    def spans(self) -> None:
        """Spans or triggers by the schemes of SemEval-2013 task 9, the labels of those paired, and their attributes."""
        name = self.layer.name
        ones, others = (side.spans(name) for side in self.sides)
        units, their_units = (side.units(name) for side in self.sides)
        aligned = align(ones, others)
        same, by_words, by_label = aligned
        mine = [(unit, one[2]) for unit, one in zip(units, ones, strict=True)]
        theirs = [(unit, one[2]) for unit, one in zip(their_units, others, strict=True)]
        self._both("span", [mine[i] for i, _ in same], mine, theirs)
        for unit, number in Counter([units[i] for i, _ in same]).items():
            for scheme in ("boundary", "partial", "type"):
                self.counts.add(unit, ("credit", scheme), 0, number)
        for i, j in by_words:
            words = same_words(ones[i], others[j])
            self.counts.add(units[i], ("credit", "boundary"), 0, words)
            self.counts.add(units[i], ("credit", "partial"), 0, 0.5 + 0.5 * words)
        for i, j in by_label:
            self.counts.add(units[i], ("credit", "type"), 0, ones[i][2] == others[j][2])
        if self.layer.attributes:
            for i, j in same:
                self.attributes(self.listed[0][i], self.listed[1][j])
        if self.confused:
            self.labels(aligned, ones, others)
        self.unitized(ones, others)

    def unitized(self, *sides: Sequence[Span]) -> None:
        """Where the spans or triggers of every label lie; of nested ones of one label, the outermost."""
        places: list[dict[str, list[tuple[int, int]]]] = [{}, {}]
        for found, spans in zip(places, sides, strict=True):
            for start, end, label, *_ in spans:
                found.setdefault(label, []).append((start, end))
        for name in self.layer.labels:
            unitized = self.counts.unitized.setdefault(name, measures.Unitized())
            one, other = (_outermost(found.get(name, ())) for found in places)
            unitized.add(one, other, len(self.where.text))

    def labels(self, aligned: Alignment, ones: Sequence[Span], others: Sequence[Span]) -> None:
        """Labels of annotations that were paired, and of those that the other side does not have."""
        pairs = [*aligned.same, *aligned.by_words]
        left, right = {i for i, _ in pairs}, {j for _, j in pairs}
        self.counts.confusion.update([(ones[i][2], others[j][2]) for i, j in pairs])
        self.counts.confusion.update([(a[2], NONE) for i, a in enumerate(ones) if i not in left])
        self.counts.confusion.update([(NONE, b[2]) for j, b in enumerate(others) if j not in right])

    def attributes(self, one: Annotation, other: Annotation) -> None:
        """Attribute values of two annotations that stand for the same thing."""
        for name, attribute in self.layer.attributes.items():
            if attribute.applies_to(one.label):
                reference = attribute.type == "reference"
                mine, theirs = one.attributes.get(name), other.attributes.get(name)
                values = self._value(reference, mine, 0), self._value(reference, theirs, 1)
                if attribute.type not in CLOSED:
                    values = SAME if values[0] == values[1] else OTHER
                self.counts.add(self.sides[0].unit(one), ("attribute", name), values)

    def _value(self, reference: bool, value: object, side: int) -> str:
        if reference and (target := self.sides[side].by_id.get(str(value))):
            return str(anchor(target.anchor))
        return NONE if value is None else msgspec.json.encode(value).decode()

    def arguments(self) -> None:
        """Event arguments, with their roles (classification) and without (identification).

        Source: Li, Ji and Huang (2013), Joint Event Extraction via Structured Prediction with Global Features:
        an argument is identified when trigger, event label and filler match, and classified when its role does too.
        """
        with_role: list[dict[Item, Annotation]] = [
            {
                (g.role, anchor(a.trigger), a.label, side.filler(g)): a
                for a in side.file.layers[self.layer.name]
                for g in a.arguments
            }
            for side in self.sides
        ]
        self._sets("arguments with role", with_role)
        self._sets("arguments without role", [{("", *k[1:]): a for k, a in found.items()} for found in with_role])

    def _sets(self, key: str, sets: Sequence[Mapping[Item, Annotation]]) -> list[Item]:
        """Count items, each of which begins with the name it is counted under; returns those that both have."""
        named = [[(side.unit(a), str(k[0])) for k, a in s.items()] for side, s in zip(self.sides, sets, strict=True)]
        common = [item for item in sets[0] if item in sets[1]]
        self._both(key, [(self.sides[0].unit(sets[0][k]), str(k[0])) for k in common], *named)
        return common

    def relations(self) -> None:
        """Relations: those with the same fillers in the same roles, with their label and without; overlapping fillers.

        Source: the strict criterion of ACE 2005. Overlapping fillers match as in the measure agr of Wiebe, Wilson and
        Cardie (2005), Annotating Expressions of Opinions and Emotions in Language, here one to one.
        """
        sets: list[dict[Item, Annotation]] = [
            {
                (a.label, frozenset([(g.role, side.filler(g)) for g in a.arguments])): a
                for a in side.file.layers[self.layer.name]
            }
            for side in self.sides
        ]
        common = self._sets("relations, strict", sets)
        self._sets("relations without label", [{("", k[1]): a for k, a in s.items()} for s in sets])
        if self.confused:
            self.relabelled(sets)
        for item in common:
            self.attributes(sets[0][item], sets[1][item])
        for role in self.layer.roles:
            self.fillers(role)

    def fillers(self, role: str) -> None:
        """Fillers of a role that share words, paired one to one."""
        ones, others = (
            [spanned(side.filler(g), role) for a in listed for g in a.arguments if g.role == role]
            for side, listed in zip(self.sides, self.listed, strict=True)
        )
        mine, theirs = ([(self.where.unit(one[0]), role) for one in found] for found in (ones, others))
        same, by_words, _ = align(ones, others)
        self._both("fillers, overlapping", [mine[i] for i, _ in (*same, *by_words)], mine, theirs)

    def relabelled(self, sets: Sequence[Mapping[Item, Annotation]]) -> None:
        """Labels of relations with the same fillers, and of those whose fillers the other side does not have."""
        by_fillers: list[dict[object, list[str]]] = [{}, {}]
        for side, found in enumerate(sets):
            for key, a in found.items():
                by_fillers[side].setdefault(key[1], []).append(a.label)
        for fillers in by_fillers[0].keys() | by_fillers[1].keys():
            ones, others = (sorted(one.get(fillers, [])) for one in by_fillers)
            same = set(ones) & set(others)
            rest = [[label for label in listed if label not in same] for listed in (ones, others)]
            self.counts.confusion.update([(label, label) for label in same])
            self.counts.confusion.update(list(zip_longest(rest[0], rest[1], fillvalue=NONE)))

    def chains(self) -> None:
        """Chains of a label, as sets of their members' words; their sums belong to the document as a whole."""
        kinds = [(label, {label}) for label in self.layer.labels]
        words: list[dict[str, Anchor]] = [
            {m: anchor(side.by_id[m].anchor) for a in listed for m in a.members}
            for side, listed in zip(self.sides, self.listed, strict=True)
        ]
        for of, labels in [("", set(self.layer.labels)), *(kinds if len(kinds) > 1 else [])]:
            key, response = (
                [frozenset([(a.label, said[m]) for m in a.members]) for a in listed if a.label in labels]
                for said, listed in zip(words, self.listed, strict=True)
            )
            for name, measure in CHAINS.items():
                for cell, number in enumerate(measure(key, response)):
                    self.counts.add(0, (name, of), cell, number)
        links = [
            {said[m]: a.entity for a in listed if a.entity for m in a.members}
            for said, listed in zip(words, self.listed, strict=True)
        ]
        for mention in links[0].keys() & links[1].keys():
            same = links[0][mention] == links[1][mention]
            self.counts.add(0, ("attribute", "entity"), SAME if same else OTHER)


CHAINS: dict[str, Callable[[measures.Chains, measures.Chains], tuple[float, float, float, float]]] = {
    "MUC": measures.muc,
    "B-cubed": measures.b_cubed,
    "CEAF-e": measures.ceaf_e,
    "LEA": measures.lea,
}
CONLL = ("MUC", "B-cubed", "CEAF-e")
CLOSED = ("enum", "boolean")  # types of attributes whose values are few and known, so that they can be confused


def _outermost(stretches: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches that do not begin inside another, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches, key=lambda s: (s[0], -s[1])):
        if not found or start >= found[-1][1]:
            found.append((start, end))
    return found


def token_labels(counts: Tally, layer: Layer, sides: Sequence[Side]) -> None:
    """The label of every token in every pass (of nested spans the outermost), token by token."""
    where = sides[0].where
    starts, ends = where.tokens
    tags = []
    for side in sides:
        ranges = [
            (*found, one[2])
            for one in side.spans(layer.name)
            for stretch in (one[3] if len(one) == 4 else (one[:2],))
            if (found := token_range(starts, ends, stretch))
        ]
        labels = [NONE] * len(starts)
        for first, last, label in outermost(ranges):
            labels[first:last] = [label] * (last - first)
        tags.append(labels)
    units = [where.unit(start) for start in starts] if where.starts else [0] * len(starts)
    for (unit, *values), number in Counter(zip(units, *tags, strict=True)).items():
        counts.add(unit, ("tokens",), tuple(values), number)


def disagreement(group: Group, files: Sequence[AnnotationFile], names: Sequence[str], where: Where) -> Disagreement:
    """What each pass that annotated the layer has of a group on which they differ."""
    by_ids = [{a.id: a for listed in file.layers.values() for a in listed} for file in files]
    shown = {
        name: describe(option, by_id) if option else ""
        for name, option, file, by_id in zip(names, group.options, files, by_ids, strict=True)
        if group.layer in file.layers
    }
    number, first = next((n, a) for n, a in enumerate(group.options) if a is not None)
    return Disagreement(where.id, group.layer, context(where.text, first, by_ids[number]), shown)


def describe(a: Annotation, by_id: Mapping[str, Annotation]) -> str:
    """An annotation in one line, for a person: references are shown by the words they stand on."""

    def words(segments: Iterable[Segment]) -> str:
        return " + ".join(f'"{s.quote}"' for s in segments)

    def target(id_: str) -> str:
        return words(by_id[id_].anchor) if id_ in by_id else id_

    parts = [a.label]
    if a.anchor:
        parts.append(" + ".join(f'"{s.quote}" {s.start}–{s.end}' for s in a.anchor))
    parts += [f"{g.role}={target(g.target) if g.target else words(g.segments)}" for g in a.arguments]
    if a.members:
        parts.append(f"members={', '.join(target(m) for m in a.members)}")
    if a.entity:
        parts.append(f"entity={a.entity}")
    parts += [f"{key}={target(str(value))}" for key, value in a.attributes.items()]
    return " ".join(parts)
