"""Which annotations of several passes stand for the same thing: what agreement counts and adjudication decides.

Two annotations belong together when they stand on the same words, or overlap and have the same label; relations, when
they join the same things; chains, when they share members. Each pass gives a group at most one annotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from krisc.layers import Layer, Layers
from krisc.model import Annotation, AnnotationFile, Segment
from krisc.spans import overlapping, overlaps

Anchor = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Group:
    """Annotations of several passes that stand for the same thing, one or none from each pass.

    ``name`` is the id of the first of them, made unique in the document. ``agreed`` says that every pass that annotated
    the layer has it, and all the same but for ids and notes.
    """

    layer: str
    name: str
    options: tuple[Annotation | None, ...]
    agreed: bool


def anchor(segments: Iterable[Segment]) -> Anchor:
    """The offsets of segments, in code points."""
    return tuple((s.start, s.end) for s in segments)


def shared(one: Anchor, other: Anchor) -> float:
    """Jaccard index of two anchors: code points that both cover, over code points that either covers."""
    if one == other:
        return 1.0
    both = sum(max(0, min(a[1], b[1]) - max(a[0], b[0])) for a in one for b in other if overlaps(a, b))
    return both / (sum(e - s for s, e in (*one, *other)) - both) if both else 0.0


def pair(scored: Iterable[tuple[Any, int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the index pairs ``(i, j)`` of ``(score, i, j)`` one to one, the best score first.

    Ties go to the smaller indices, so that the order of the lists decides and nothing else does.
    """
    left, right = set(), set()
    for _, i, j in sorted(((score, -i, -j) for score, i, j in scored), reverse=True):
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            yield -i, -j


def candidates(ones: Sequence[Annotation], others: Sequence[Annotation]) -> Iterator[tuple[int, int]]:
    """Index pairs that could belong together: those that overlap, or all where there are no words."""
    if any(a.anchor for a in (*ones, *others)):
        for i, j in overlapping([a.hull for a in (*ones, *others)]):
            low, high = min(i, j), max(i, j)
            if low < len(ones) <= high:
                yield low, high - len(ones)
    else:
        yield from ((i, j) for i in range(len(ones)) for j in range(len(others)))


def groups(files: Sequence[AnnotationFile], layers: Layers) -> dict[str, list[Group]]:
    """The groups of every layer that at least one pass annotated; those of the first pass first, in its order.

    Args:
        files: passes over one document.
        layers: the layers by name.
    """
    names: list[dict[str, str]] = [{} for _ in files]  # of each pass: annotation to group
    taken: set[str] = set()
    found: dict[str, list[list[Annotation | None]]] = {}
    chosen: dict[str, list[str]] = {}
    for layer in sorted(layers.values(), key=lambda one: one.kind in ("relation", "chain")):  # what has words first
        if not any(layer.name in file.layers for file in files):
            continue
        found[layer.name] = _collect(files, layer, names)
        chosen[layer.name] = []
        for options in found[layer.name]:
            name = _unique(next(a.id for a in options if a is not None), taken)
            chosen[layer.name].append(name)
            for number, option in enumerate(options):
                if option is not None:
                    names[number][option.id] = name
    return {
        name: [
            Group(name, chosen[name][n], tuple(options), _agreed(options, files, layer, names))
            for n, options in enumerate(found[name])
        ]
        for name, layer in layers.items()
        if name in found
    }


def _unique(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}.{number}"
    taken.add(name)
    return name


def _collect(
    files: Sequence[AnnotationFile], layer: Layer, names: Sequence[Mapping[str, str]]
) -> list[list[Annotation | None]]:
    """The groups of one layer as lists, an entry for each pass."""
    made: list[list[Annotation | None]] = []
    for number, file in enumerate(files):
        listed = file.layers.get(layer.name, ())
        firsts = [next((n, a) for n, a in enumerate(options) if a is not None) for options in made]

        scored = (
            (alike, i, j)
            for i, j in candidates([a for _, a in firsts], listed)
            if (alike := likeness(firsts[i][1], listed[j], names[firsts[i][0]], names[number])) is not None
        )
        joined = {j: i for i, j in pair(scored)}
        for options in made:
            options.append(None)
        for j, a in enumerate(listed):
            if j in joined:
                made[joined[j]][number] = a
            else:
                made.append([*[None] * number, a])
    return sorted(made, key=lambda options: next(n for n, a in enumerate(options) if a is not None))


def likeness(
    one: Annotation, other: Annotation, names: Mapping[str, str], others: Mapping[str, str]
) -> tuple[float, ...] | None:
    """How much two annotations of one layer look like the same thing; None when they do not.

    Args:
        one: an annotation of one pass.
        other: an annotation of another.
        names: the group of every annotation of the first pass that has words.
        others: the same of the second pass.
    """
    label = float(one.label == other.label)
    if one.anchor or other.anchor:
        common = shared(anchor(one.anchor), anchor(other.anchor))
        return (float(common == 1), label, common) if common == 1 or (common and label) else None
    if one.members or other.members:
        mine, theirs = {names.get(m, m) for m in one.members}, {others.get(m, m) for m in other.members}
        common = len(mine & theirs) / len(mine | theirs)
        return (common,) if common and label else None
    return _likeness_of_relations(one, other, names, others, label)


def _likeness_of_relations(
    one: Annotation, other: Annotation, names: Mapping[str, str], others: Mapping[str, str], label: float
) -> tuple[float, ...] | None:
    alike = []
    for role in {g.role for g in (*one.arguments, *other.arguments)}:
        mine = [g for g in one.arguments if g.role == role]
        theirs = [g for g in other.arguments if g.role == role]
        best = [
            float(names.get(g.target) == others.get(h.target))
            if g.target and h.target
            else shared(anchor(g.segments), anchor(h.segments))
            for g in mine
            for h in theirs
        ]
        alike.append(max(best, default=0.0))
    common = sum(alike) / len(alike) if alike else 0.0
    fillers = {names.get(g.target, "") for g in one.arguments}
    turned = "" not in fillers and fillers == {others.get(g.target, "") for g in other.arguments}  # roles exchanged
    return (common, label) if common == 1 or turned or (label and common >= 0.5) else None


def content(a: Annotation, layer: Layer, names: Mapping[str, str]) -> tuple[object, ...]:
    """What an annotation says, without its id, note and provenance; references are by ``names``."""
    attributes = {
        name: names.get(str(value), value) if layer.attributes[name].type == "reference" else value
        for name, value in a.attributes.items()
    }
    return (
        a.label,
        anchor(a.anchor),
        frozenset((g.role, names.get(g.target, g.target), anchor(g.segments)) for g in a.arguments),
        frozenset(names.get(m, m) for m in a.members),
        a.entity,
        frozenset(attributes.items()),
    )


def _agreed(
    options: Sequence[Annotation | None],
    files: Sequence[AnnotationFile],
    layer: Layer,
    names: Sequence[Mapping[str, str]],
) -> bool:
    said = {
        None if option is None else content(option, layer, names[number])
        for number, option in enumerate(options)
        if layer.name in files[number].layers
    }
    return len(said) == 1


CONTEXT = 40  # code points shown on either side


def context(text: str, a: Annotation, by_id: Mapping[str, Annotation]) -> str:
    """The words an annotation is about, in brackets, with those around them: one line for a person.

    Args:
        text: the raw text.
        a: the annotation; one that has no words of its own shows those it refers to.
        by_id: the annotations of its file.
    """
    own = list(a.anchor) or [s for g in a.arguments for s in g.segments]
    referred = [by_id[i] for i in (*(g.target for g in a.arguments), *a.members) if i in by_id]
    own += [s for other in referred for s in other.anchor] if not a.anchor else []
    if not own:
        return ""
    start, end = min(s.start for s in own), max(s.end for s in own)
    if end - start > 4 * CONTEXT and not a.anchor:
        return " ".join(" | ".join(s.quote for s in sorted(own, key=lambda s: s.start)).split())
    before, after = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    return " ".join(f"{before}[{text[start:end]}]{after}".split())
