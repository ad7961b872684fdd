"""Counts what two passes over one document have in common, layer by layer: what the measures of agreement add up.

Counts are kept apart by document and, while there is only one, by the unit of text they stand in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, zip_longest
from typing import Any

import msgspec

from krisc import measures
from krisc.layers import Layer, Layers, unit_layer
from krisc.matching import Anchor, Group, anchor, candidates, context, pair, shared
from krisc.model import Annotation, AnnotationFile, Argument, Segment
from krisc.spans import token_range
from krisc.store import Document
from krisc.tokens import iob2

NONE = "(none)"
Key = tuple[str, ...]  # what is measured: a measure, and where it has any, a label or an attribute


class Disagreement(msgspec.Struct):
    """One thing on which the passes differ: what each has (empty where it has nothing), and the words around."""

    document: str
    layer: str
    context: str
    passes: dict[str, str]


class Counts:
    """The counts of one layer, kept apart by document and unit: ``groups[document][unit][key][cell]``."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[int, dict[Key, Counter[Any]]]] = {}
        self.unitized: dict[str, measures.Unitized] = {}
        self.disagreements: list[Disagreement] = []

    def add(self, document: str, unit: int, key: Key, cell: object, number: float = 1) -> None:
        """Add to one count."""
        self.groups.setdefault(document, {}).setdefault(unit, {}).setdefault(key, Counter())[cell] += number  # type: ignore[assignment] # half credits

    def fold(self) -> None:
        """Forget the units once documents can be drawn, so that memory grows with documents only."""
        for document, units in self.groups.items():
            if set(units) != {0}:
                whole: dict[Key, Counter[Any]] = {}
                for counts in units.values():
                    for key, counter in counts.items():
                        whole.setdefault(key, Counter()).update(counter)
                self.groups[document] = {0: whole}


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
        return bisect_right(self.starts, offset)


class Pair:
    """Two passes in one layer of one document."""

    def __init__(self, counts: Counts, where: Where, layer: Layer, one: AnnotationFile, other: AnnotationFile) -> None:
        self.counts, self.where, self.layer = counts, where, layer
        self.files = (one, other)
        self.listed = (one.layers[layer.name], other.layers[layer.name])
        self.by_id = tuple({a.id: a for listed in f.layers.values() for a in listed} for f in self.files)

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

    def add(self, a: Annotation, side: int, key: Key, cell: object, number: float = 1) -> None:
        """Add to one count, in the unit of an annotation of one side."""
        self.counts.add(self.where.id, self.where.unit(self.position(a, side)), key, cell, number)

    def position(self, a: Annotation, side: int) -> int:
        """The offset by which an annotation is assigned to a unit: its own, or the first of its arguments."""
        if a.anchor:
            return a.hull[0]
        starts = [s.start for g in a.arguments for s in g.segments]
        starts += [self.by_id[side][g.target].hull[0] for g in a.arguments if g.target in self.by_id[side]]
        return min(starts, default=0)

    def _both(self, key: Key, *sides: Iterable[Annotation]) -> None:
        """Count the annotations of each side as denominators."""
        for side, listed in enumerate(sides):
            for a in listed:
                self.add(a, side, key, side + 1)

    def spans(self) -> None:
        """Spans or triggers by the schemes of SemEval-2013 task 9, the labels of those paired, and their attributes."""
        ones, others = self.listed
        near = [
            (i, j, common)
            for i, j in candidates(ones, others)
            if (common := shared(anchor(ones[i].anchor), anchor(others[j].anchor)))
        ]

        def label(i: int, j: int) -> bool:
            return ones[i].label == others[j].label

        by_words = list(pair(((c == 1, label(i, j), c), i, j) for i, j, c in near))
        by_label = list(pair(((label(i, j), c == 1, c), i, j) for i, j, c in near))
        for scheme in ("strict", "boundary", "partial", "type"):
            self._both((f"spans, {scheme}",), ones, others)
            for i, j in by_label if scheme == "type" else by_words:
                same, alike = anchor(ones[i].anchor) == anchor(others[j].anchor), label(i, j)
                credit = {"strict": same and alike, "boundary": same, "partial": 0.5 + 0.5 * same, "type": alike}
                self.add(ones[i], 0, (f"spans, {scheme}",), 0, float(credit[scheme]))
        for name in self.layer.labels:
            mine, theirs = ([a for a in listed if a.label == name] for listed in self.listed)
            self._both(("spans, strict", name), mine, theirs)
        exact = [(ones[i], others[j]) for i, j in by_words if anchor(ones[i].anchor) == anchor(others[j].anchor)]
        for one, other in exact:
            if one.label == other.label:
                self.add(one, 0, ("spans, strict", one.label), 0)
                self.attributes(one, other)
        self.confusion(by_words)
        self.unitized()

    def unitized(self) -> None:
        """Where the spans or triggers of every label lie; of nested ones of one label, the outermost."""
        for name in self.layer.labels:
            one, other = (_outermost(a.hull for a in listed if a.label == name) for listed in self.listed)
            unitized = self.counts.unitized.setdefault(name, measures.Unitized())
            unitized.add(one, other, len(self.where.text))

    def confusion(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Labels of annotations that were paired, and of those that the other side does not have."""
        ones, others = self.listed
        for i, j in pairs:
            self.add(ones[i], 0, ("confusion",), (ones[i].label, others[j].label))
        left, right = {i for i, _ in pairs}, {j for _, j in pairs}
        for i, a in enumerate(ones):
            if i not in left:
                self.add(a, 0, ("confusion",), (a.label, NONE))
        for j, b in enumerate(others):
            if j not in right:
                self.add(b, 1, ("confusion",), (NONE, b.label))

    def attributes(self, one: Annotation, other: Annotation) -> None:
        """Attribute values of two annotations that stand for the same thing."""
        for name, attribute in self.layer.attributes.items():
            if attribute.applies_to(one.label):
                values = [
                    self._value(attribute.type == "reference", a.attributes.get(name), side)
                    for side, a in enumerate((one, other))
                ]
                self.add(one, 0, ("attribute", name), tuple(values))

    def _value(self, reference: bool, value: object, side: int) -> str:
        if reference and (target := self.by_id[side].get(str(value))):
            return str(anchor(target.anchor))
        return NONE if value is None else msgspec.json.encode(value).decode()

    def _filler(self, argument: Argument, side: int) -> Anchor:
        target = self.by_id[side].get(argument.target)
        return anchor(target.anchor if target else argument.segments)

    def arguments(self) -> None:
        """Event arguments, with their roles (classification) and without (identification).

        Source: Li, Ji and Huang (2013), Joint Event Extraction via Structured Prediction with Global Features:
        an argument is identified when trigger, event label and filler match, and classified when its role does too.
        """
        for key, with_role in (("arguments with role", True), ("arguments without role", False)):
            sets: list[dict[tuple[object, ...], Annotation]] = [
                {
                    (anchor(a.trigger), a.label, g.role if with_role else "", self._filler(g, side)): a
                    for a in listed
                    for g in a.arguments
                }
                for side, listed in enumerate(self.listed)
            ]
            self._sets((key,), sets)
            for role in self.layer.roles if with_role else ():
                some = [{k: a for k, a in found.items() if k[2] == role} for found in sets]
                self._sets((key, role), some)

    def _sets(self, key: Key, sets: Sequence[Mapping[tuple[object, ...], Annotation]]) -> None:
        for side, found in enumerate(sets):
            for a in found.values():
                self.add(a, side, key, side + 1)
        for item in sorted(sets[0].keys() & sets[1].keys(), key=repr):
            self.add(sets[0][item], 0, key, 0)

    def relations(self) -> None:
        """Relations: those with the same fillers in the same roles, with their label and without; overlapping fillers.

        Source: the strict criterion of ACE 2005. Overlapping fillers match as in the measure agr of Wiebe, Wilson and
        Cardie (2005), Annotating Expressions of Opinions and Emotions in Language, here one to one.
        """
        sets: list[dict[tuple[object, ...], Annotation]] = [
            {(frozenset((g.role, self._filler(g, side)) for g in a.arguments), a.label): a for a in listed}
            for side, listed in enumerate(self.listed)
        ]
        self._sets(("relations, strict",), sets)
        for label in self.layer.labels:
            self._sets(("relations, strict", label), [{k: a for k, a in s.items() if k[1] == label} for s in sets])
        self._sets(("relations without label",), [{k[:1]: a for k, a in s.items()} for s in sets])
        self.confused(sets)
        for item in sorted(sets[0].keys() & sets[1].keys(), key=repr):
            self.attributes(sets[0][item], sets[1][item])
        for role in self.layer.roles:
            fillers = [
                [self._filler(g, side) for a in listed for g in a.arguments if g.role == role]
                for side, listed in enumerate(self.listed)
            ]
            near = ((shared(x, y), i, j) for i, x in enumerate(fillers[0]) for j, y in enumerate(fillers[1]))
            paired = list(pair(entry for entry in near if entry[0]))
            key = ("fillers, overlapping", role)
            for side, found in enumerate(fillers):
                for filler in found:
                    self.counts.add(self.where.id, self.where.unit(filler[0][0] if filler else 0), key, side + 1)
            for i, _ in paired:
                self.counts.add(self.where.id, self.where.unit(fillers[0][i][0][0]), key, 0)

    def confused(self, sets: Sequence[Mapping[tuple[object, ...], Annotation]]) -> None:
        """Labels of relations with the same fillers, and of those whose fillers the other side does not have."""
        by_fillers: list[dict[object, list[Annotation]]] = [{}, {}]
        for side, found in enumerate(sets):
            for key, a in found.items():
                by_fillers[side].setdefault(key[0], []).append(a)
        for fillers in sorted(by_fillers[0].keys() | by_fillers[1].keys(), key=repr):
            ones, others = (sorted(one.get(fillers, []), key=lambda a: a.label) for one in by_fillers)
            same = {a.label for a in ones} & {b.label for b in others}
            pairs = [(a, next(b for b in others if b.label == a.label)) for a in ones if a.label in same]
            rest = [[a for a in listed if a.label not in same] for listed in (ones, others)]
            for one, other in [*pairs, *zip_longest(*rest)]:
                side = 1 if one is None else 0
                labels = (one.label if one else NONE, other.label if other else NONE)
                self.add(other if one is None else one, side, ("confusion",), labels)

    def chains(self) -> None:
        """Chains of a label, as sets of their members' words; their sums belong to the document as a whole."""
        kinds = [(label, {label}) for label in self.layer.labels]
        for of, labels in [("", set(self.layer.labels)), *(kinds if len(kinds) > 1 else [])]:
            key, response = (
                [
                    frozenset((a.label, anchor(self.by_id[side][m].anchor)) for m in a.members)
                    for a in listed
                    if a.label in labels
                ]
                for side, listed in enumerate(self.listed)
            )
            for name, measure in CHAINS.items():
                for cell, number in enumerate(measure(key, response)):
                    self.counts.add(self.where.id, 0, (name, of), cell, number)
        links = [
            {anchor(self.by_id[side][m].anchor): a.entity for a in listed if a.entity for m in a.members}
            for side, listed in enumerate(self.listed)
        ]
        for mention in sorted(links[0].keys() & links[1].keys()):
            self.counts.add(self.where.id, 0, ("attribute", "entity"), (links[0][mention], links[1][mention]))


CHAINS: dict[str, Callable[[measures.Chains, measures.Chains], tuple[float, float, float, float]]] = {
    "MUC": measures.muc,
    "B-cubed": measures.b_cubed,
    "CEAF-e": measures.ceaf_e,
    "LEA": measures.lea,
}
CONLL = ("MUC", "B-cubed", "CEAF-e")


def _outermost(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches that do not begin inside another, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches, key=lambda s: (s[0], -s[1])):
        if not found or start >= found[-1][1]:
            found.append((start, end))
    return found


def token_labels(counts: Counts, where: Where, layer: Layer, files: Sequence[AnnotationFile]) -> None:
    """The label of every token in every pass (of nested spans the outermost), token by token."""
    starts, ends = where.tokens
    tags = []
    for file in files:
        ranges = [
            (*found, a.label)
            for a in file.layers[layer.name]
            for s in a.anchor
            if (found := token_range(starts, ends, (s.start, s.end)))
        ]
        tags.append([tag.partition("-")[2] or NONE for tag in iob2(ranges, len(starts))])
    for number, start in enumerate(starts):
        values = tuple(one[number] for one in tags)
        counts.add(where.id, where.unit(start), ("tokens, alpha",), values)
        for one, other in combinations(values, 2):
            counts.add(where.id, where.unit(start), ("tokens, kappa",), (one, other))


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
