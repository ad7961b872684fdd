"""What the review page may ask for, and the line of the record that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec.structs import replace

from krisc import reviews
from krisc.document import Document
from krisc.layers import Layer
from krisc.model import Annotation, AnnotationFile, Argument, Segment, Value
from krisc.reviews import Change, Review
from krisc.store import Corpus

Stretches = tuple[tuple[int, int], ...]


class RefusedError(Exception):
    """An action that is not carried out, in words, with the HTTP status that says why: 404, 409 or 422."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class WantedArgument(msgspec.Struct, forbid_unknown_fields=True):
    """One filler of a role: an id, or stretches in code points."""

    role: str
    target: str = ""
    segments: Stretches = ()


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """An annotation as a person wants it; stretches in code points, the words are those of the text."""

    label: str
    anchor: Stretches = ()
    arguments: tuple[WantedArgument, ...] = ()
    members: tuple[str, ...] = ()
    entity: str = ""
    attributes: dict[str, Value] = {}


class Action(msgspec.Struct, forbid_unknown_fields=True):
    """What the page asks for."""

    action: Literal["accept", "change", "add", "reject", "comment", "undo"]
    layer: str = ""
    id: str = ""
    note: str = ""
    annotation: Wanted | None = None


@dataclass(frozen=True)
class State:
    """A document as it is now. ``tag`` changes whenever a file of it does; ``problem`` says why nothing can be done."""

    document: Document
    gold: AnnotationFile
    reviews: tuple[Review, ...]
    tag: str
    problem: str = ""


class Wish:
    """Turns what the page asks for into a review of a document."""

    def __init__(self, corpus: Corpus, person: str, at: str, state: State, action: Action) -> None:
        self.corpus, self.person, self.at, self.state, self.action = corpus, person, at, state, action
        self.layers = reviews.by_id(state.gold)

    def review(self) -> Review:
        """The review.

        Raises:
            RefusedError: it makes no sense.
        """
        make = {
            "accept": self._accept,
            "comment": self._comment,
            "change": self._change,
            "add": self._add,
            "reject": self._reject,
            "undo": self._undo,
        }[self.action.action]
        changes, undoes = make()
        return Review(self.at, self.person, self.action.action, tuple(changes), self.action.note.strip(), undoes)

    def _annotation(self) -> Annotation:
        found = self.layers.get(self.action.layer, {}).get(self.action.id)
        if found is None:
            raise RefusedError(422, f"there is no annotation {self.action.id} in the layer {self.action.layer}")
        return found

    def _accept(self) -> tuple[list[Change], int]:
        a = self._annotation()
        if self.person in a.checked_by:
            raise RefusedError(422, f"{self.person} has signed off {a.id} already")
        return [Change(self.action.layer, was=a)], 0

    def _comment(self) -> tuple[list[Change], int]:
        if not self.action.note.strip():
            raise RefusedError(422, "a comment needs words")
        return ([Change(self.action.layer, was=self._annotation())] if self.action.id else []), 0

    def _change(self) -> tuple[list[Change], int]:
        was = self._annotation()
        now = self._credited(self._built(was))
        if reviews.said(now) == reviews.said(was):
            raise RefusedError(422, "nothing is changed")
        return [Change(self.action.layer, was, now)], 0

    def _add(self) -> tuple[list[Change], int]:
        layer = self._layer()
        taken = {id_ for known in self.layers.values() for id_ in known}
        number = len(self.state.reviews) + 1
        id_ = f"{layer.prefix}-review-{number}"
        while id_ in taken:
            id_ += "x"
        return [Change(layer.name, None, self._credited(self._built(Annotation(id_, ""))))], 0

    def _reject(self) -> tuple[list[Change], int]:
        was = self._annotation()
        changes = [Change(self.action.layer, was, None)]
        for name, known in self.layers.items():
            for a in known.values():
                now = self._without(a, was.id, self.corpus.layers[name])
                if a.id != was.id and now != a:
                    empty = a.members and not now.members
                    changes.append(Change(name, a, None if empty else self._credited(now)))
        return changes, 0

    def _without(self, a: Annotation, gone: str, layer: Layer) -> Annotation:
        """The annotation with no reference to one that goes, as a decision leaves out what it leaves out."""
        references = {n for n, attribute in layer.attributes.items() if attribute.type == "reference"}
        return replace(
            a,
            arguments=tuple(g for g in a.arguments if g.target != gone),
            members=tuple(m for m in a.members if m != gone),
            attributes={n: v for n, v in a.attributes.items() if n not in references or v != gone},
        )

    def _undo(self) -> tuple[list[Change], int]:
        mine = [(n, one) for n, one in reviews.standing(self.state.reviews) if one.by == self.person]
        if not mine:
            raise RefusedError(422, f"there is nothing of {self.person} to undo")
        line, one = mine[-1]
        corrects = one.action not in ("accept", "comment")
        return [Change(c.layer, c.now, c.was) for c in one.changes if corrects], line

    def _layer(self) -> Layer:
        if self.action.layer not in self.corpus.layers:
            raise RefusedError(422, f"there is no layer {self.action.layer}")
        return self.corpus.layers[self.action.layer]

    def _credited(self, a: Annotation) -> Annotation:
        note = self.action.note.strip()
        decision = f"review of {self.at}: {self.action.action}, by {self.person}" + (f": {note}" if note else "")
        return replace(a, by=(self.person,), decided="adjudicated", decision=decision, checked_by=())

    def _built(self, old: Annotation) -> Annotation:
        """The annotation that the page wants."""
        wanted, layer = self.action.annotation, self._layer()
        if wanted is None:
            raise RefusedError(422, "the page did not say what it should be")
        anchor = self._segments(wanted.anchor)
        return replace(
            old,
            label=wanted.label,
            segments=anchor if layer.kind == "span" else (),
            trigger=anchor if layer.kind == "event" else (),
            arguments=tuple(Argument(g.role, g.target, self._segments(g.segments)) for g in wanted.arguments),
            members=wanted.members,
            entity=wanted.entity,
            attributes=wanted.attributes,
        )

    def _segments(self, stretches: Stretches) -> tuple[Segment, ...]:
        text = self.state.document.text
        if any(not 0 <= start < end <= len(text) for start, end in stretches):
            raise RefusedError(422, "a boundary is outside the text")
        return tuple(Segment(start, end, text[start:end]) for start, end in sorted(stretches))
