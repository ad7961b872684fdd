"""Compares two states of a corpus, annotation by annotation, and says which version the change calls for.

Annotations are matched by what they stand on and not by their ids, as between two passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from krisc.agreement import Agreement
from krisc.document import version_key
from krisc.facts import HEADLINES
from krisc.interchange.reanchor import Alignment
from krisc.layers import Layer, Layers
from krisc.matching import Group, anchor, groups
from krisc.model import Annotation, AnnotationFile, Segment
from krisc.states import State, Version
from krisc.store import Corpus

LEVELS = ("none", "patch", "minor", "major")


class AnnotationChange(msgspec.Struct, omit_defaults=True):
    """One annotation that was added, removed or changed; ``what`` names the parts that differ.

    ``before`` and ``after`` are lines for a person; the stretches are of the anchors, in code points of each text.
    """

    layer: str
    kind: str
    label: str
    what: list[str] = []
    before: str = ""
    after: str = ""
    old: list[tuple[int, int]] = []
    new: list[tuple[int, int]] = []


class DocumentChange(msgspec.Struct, omit_defaults=True):
    """One document that was added, removed, retracted (then with the reason) or changed."""

    id: str
    kind: str
    split: str = ""
    was_split: str = ""
    reason: str = ""
    metadata: dict[str, tuple[str, str]] = {}
    text_changed: bool = False
    provenance: int = 0
    annotations: list[AnnotationChange] = []


class LabelChange(msgspec.Struct, omit_defaults=True):
    """A layer, or a label of one (then ``label``), that was added, removed or defined anew."""

    layer: str
    kind: str
    label: str = ""


class FigureChange(msgspec.Struct):
    """A measure that sums up the agreement in a layer, before and after; None where it was not measured."""

    layer: str
    measure: str
    before: float | None
    after: float | None


class Difference(msgspec.Struct):
    """What changed from one state to another, and the level of version that it calls for, with the reasons."""

    old: str
    new: str
    documents: list[DocumentChange]
    labels: list[LabelChange]
    agreement: list[FigureChange]
    level: str
    reasons: list[str]
    texts: dict[str, tuple[str, str]] = {}


def compare_states(old: tuple[State, State], new: tuple[State, State], *, texts: bool = False) -> Difference:
    """What changed between two states.

    Memory holds a hash of every document, and the documents that differ.

    Args:
        old: two readings of the earlier state.
        new: two readings of the later one.
        texts: whether both texts of every document that differs are kept, for a page that shows them.
    """
    before = {v.id: v.digest for v in old[0].documents}
    after = {v.id: v.digest for v in new[0].documents}
    differ = {id_ for id_ in {*before, *after} if before.get(id_) != after.get(id_)}
    olds = {v.id: v for v in old[1].documents if v.id in differ}
    news = {v.id: v for v in new[1].documents if v.id in differ}
    documents = [
        _document(olds.get(id_), news.get(id_), old[0].layers, new[0].layers, new[0].retracted)
        for id_ in sorted(differ)
    ]
    labels = list(_labels(old[0].layers, new[0].layers))
    level, reasons = _level(documents, labels)
    made = Difference(
        old[0].version, new[0].version, documents, labels, _figures(old[0].agreement, new[0].agreement), level, reasons
    )
    if texts:
        made.texts = {
            id_: (olds[id_].text if id_ in olds else "", news[id_].text if id_ in news else "")
            for id_ in sorted(differ)
        }
    return made


def _document(
    was: Version | None, now: Version | None, old: Layers, new: Layers, retracted: Mapping[str, str]
) -> DocumentChange:
    if now is None:
        assert was is not None  # noqa: S101 - one of the two states has it
        reason = retracted.get(was.id, "")
        return DocumentChange(was.id, "retracted" if reason else "removed", was_split=was.split, reason=reason)
    if was is None:
        return DocumentChange(now.id, "added", now.split)
    made = DocumentChange(now.id, "changed", now.split, was.split)
    made.metadata = {
        key: (was.metadata[key], now.metadata[key]) for key in now.metadata if was.metadata[key] != now.metadata[key]
    }
    made.text_changed = was.text != now.text
    shared = {name: layer for name, layer in new.items() if name in old}
    moved = _aligned(was, now) if made.text_changed else was.gold
    for name, listed in groups([moved, now.gold], shared).items():
        for group in listed:
            change = _annotation(group, shared[name], moved, now.gold)
            if change is not None and change.what == ["provenance"]:
                made.provenance += 1
            elif change is not None:
                made.annotations.append(change)
    return made


def _aligned(was: Version, now: Version) -> AnnotationFile:
    """The old annotations on the new text; what has no certain place there keeps its old one and will not match."""
    alignment = Alignment(was.text, now.text)

    def every(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        placed = [alignment.place(s) for s in segments]
        return tuple(p for p in placed if p) if all(placed) else segments

    def one(a: Annotation) -> Annotation:
        arguments = tuple(replace(g, segments=every(g.segments)) for g in a.arguments)
        return replace(a, segments=every(a.segments), trigger=every(a.trigger), arguments=arguments)

    return replace(was.gold, layers={name: tuple(map(one, listed)) for name, listed in was.gold.layers.items()})


def _annotation(group: Group, layer: Layer, was: AnnotationFile, now: AnnotationFile) -> AnnotationChange | None:
    one, other = group.options
    words = [{a.id: _words(a) for listed in file.layers.values() for a in listed} for file in (was, now)]
    if one is None or other is None:
        present = one or other
        if present is None:
            return None
        told = line(present, words[0] if other is None else words[1])
        kind = "removed" if other is None else "added"
        stretches = list(anchor(present.anchor))
        change = AnnotationChange(layer.name, kind, present.label)
        if other is None:
            change.before, change.old = told, stretches
        else:
            change.after, change.new = told, stretches
        return change
    what = [name for name, differs in _parts(one, other, words, group.agreed) if differs]
    if not what:
        return None
    return AnnotationChange(
        layer.name,
        "changed",
        other.label,
        what,
        line(one, words[0]),
        line(other, words[1]),
        list(anchor(one.anchor)),
        list(anchor(other.anchor)),
    )


def _parts(one: Annotation, other: Annotation, words: list[dict[str, str]], agreed: bool) -> Iterator[tuple[str, bool]]:
    """Which parts of an annotation differ; references are compared by the words they point at."""
    yield "label", one.label != other.label
    yield "words", anchor(one.anchor) != anchor(other.anchor)
    if not agreed:
        roles = [
            Counter((g.role, words[n].get(g.target, g.target), anchor(g.segments)) for g in a.arguments)
            for n, a in enumerate((one, other))
        ]
        yield "roles", roles[0] != roles[1]
        yield "attributes", one.attributes != other.attributes and not _same_values(one, other, words)
        members = [Counter(words[n].get(m, m) for m in a.members) for n, a in enumerate((one, other))]
        yield "members", members[0] != members[1]
        yield "entity", one.entity != other.entity
    yield "note", one.note != other.note
    made = [(a.by, a.decided, a.decision, a.checked_by) for a in (one, other)]
    yield "provenance", made[0] != made[1]


def _same_values(one: Annotation, other: Annotation, words: list[dict[str, str]]) -> bool:
    """Whether attributes differ only by the ids that they refer with."""
    return {k: words[0].get(str(v), v) for k, v in one.attributes.items()} == {
        k: words[1].get(str(v), v) for k, v in other.attributes.items()
    }


def _words(a: Annotation) -> str:
    return " … ".join(f"{s.quote}@{s.start}" for s in a.anchor) or f"{a.label} {a.id}"


def line(a: Annotation, words: dict[str, str]) -> str:
    """An annotation as a line for a person: label, words, roles, members, attributes."""
    parts = [a.label]
    parts += [f"«{' … '.join(s.quote for s in a.anchor)}»"] if a.anchor else []
    for g in a.arguments:
        filler = words.get(g.target, g.target).rpartition("@")[0] if g.target else ""
        parts.append(f"{g.role}=«{filler or ' … '.join(s.quote for s in g.segments) or g.target}»")
    parts += [f"members={', '.join(words.get(m, m).rpartition('@')[0] or m for m in a.members)}"] if a.members else []
    parts += [f"entity={a.entity}"] if a.entity else []
    parts += [f"{name}={value}" for name, value in a.attributes.items() if str(value) not in words]
    return " ".join(" ".join(parts).split())


def _labels(old: Layers, new: Layers) -> Iterator[LabelChange]:
    for name in sorted({*old, *new}):
        if name not in new or name not in old:
            yield LabelChange(name, "added" if name in new else "removed")
            continue
        for label in sorted({*old[name].labels, *new[name].labels}):
            if label not in new[name].labels or label not in old[name].labels:
                yield LabelChange(name, "added" if label in new[name].labels else "removed", label)
            elif old[name].labels[label].definition != new[name].labels[label].definition:
                yield LabelChange(name, "redefined", label)


def _figures(old: Agreement | None, new: Agreement | None) -> list[FigureChange]:
    values: list[dict[tuple[str, str], float | None]] = []
    for one in (old, new):
        layers = one.layers if one else {}
        values.append(
            {
                (name, v.measure): v.value
                for name, layer in layers.items()
                for v in layer.values
                if v.measure in HEADLINES and not v.of
            }
        )
    keys = list(dict.fromkeys([*values[0], *values[1]]))
    return [
        FigureChange(name, measure, values[0].get((name, measure)), values[1].get((name, measure)))
        for name, measure in keys
        if values[0].get((name, measure)) != values[1].get((name, measure))
    ]


def _level(documents: list[DocumentChange], labels: list[LabelChange]) -> tuple[str, list[str]]:
    """The level of version that a change calls for, with every reason for it (docs/versions.md)."""
    found: dict[str, list[str]] = {"major": [], "minor": [], "patch": []}
    kinds = Counter(one.kind for one in documents)
    if left := kinds["removed"] + kinds["retracted"]:
        found["major"].append(f"{left} document(s) left")
    if moved := [d.id for d in documents if d.kind == "changed" and d.split != d.was_split]:
        found["major"].append(f"{len(moved)} document(s) changed their split")
    for change in labels:
        what = f"the label {change.label} of {change.layer}" if change.label else f"the layer {change.layer}"
        level = "minor" if change.kind == "added" else "major"
        found[level].append(f"{what} was {change.kind}")
    if kinds["added"]:
        found["minor"].append(f"{kinds['added']} document(s) came")
    corrected = sum(len(d.annotations) for d in documents)
    texts = sum(d.text_changed for d in documents)
    metadata = sum(bool(d.metadata) for d in documents)
    provenance = sum(d.provenance for d in documents)
    for number, words in (
        (corrected, "annotation(s) were corrected"),
        (texts, "text(s) were corrected"),
        (metadata, "document(s) have other metadata"),
        (provenance, "annotation(s) have another history"),
    ):
        if number:
            found["patch"].append(f"{number} {words}")
    level = next((level for level in ("major", "minor", "patch") if found[level]), "none")
    return level, [reason for level in ("major", "minor", "patch") for reason in found[level]]


def bumped(version: str, level: str) -> str:
    """The least version that a level calls for after a version: 1.2.3 with minor gives 1.3.0."""
    major, minor, patch = (int(part) for part in version.split("."))
    return {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
        "none": version,
    }[level]


def latest(corpus: Corpus, *, before: str = "") -> str:
    """The newest version that was released, of those before a version; "" when there is none."""
    found = [path.parent.name for path in corpus.releases.glob("*/release.json")]
    listed = [v for v in found if not before or version_key(v) < version_key(before)]
    return max(listed, key=version_key, default="")
