"""The authored record of what people did with gold, span by span, and what it comes to.

``annotations/reviews/<document>.jsonl``, a line an action, in the order in which they were done; nothing in it is ever
changed, and an undo is a line too. Corrections are a later decision on top of the gold that passes and decisions give;
sign-offs (``checked_by``) follow from these lines alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec
from msgspec.structs import replace

from krisc.findings import Finding, KriscError, Place
from krisc.model import Annotation, AnnotationFile
from krisc.store import Corpus

Layers = dict[str, dict[str, Annotation]]  # annotations by layer and id


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One annotation of a review: as it was, and as it is then; None stands for not being there."""

    layer: str
    was: Annotation | None = None
    now: Annotation | None = None

    @property
    def id(self) -> str:
        """The id of the annotation, which a review never changes."""
        return (self.was or self.now or Annotation("", "")).id


class Review(msgspec.Struct, frozen=True, omit_defaults=True):
    """One action: when (UTC), by whom, and on what.

    ``action`` is accept or comment (``changes`` says on what, and changes nothing), change, add, reject, or undo
    (``undoes`` is the line of what it takes back, from 1). A reject takes along the references to what it removes.
    """

    at: str
    by: str
    action: str
    changes: tuple[Change, ...] = ()
    note: str = ""
    undoes: int = 0


def path_of(corpus: Corpus, document: str) -> Path:
    """Where the reviews of a document lie."""
    return corpus.annotations / "reviews" / f"{document}.jsonl"


def read_reviews(corpus: Corpus, document: str) -> tuple[Review, ...]:
    """The reviews of a document, the first one first; none when there is no file.

    Raises:
        KriscError: every finding about the file's form.
    """
    path = path_of(corpus, document)
    if not path.exists():
        return ()
    return moved((one for _, one in corpus.read_records(path, corpus.forms["review"], Review)), partial(_named, corpus))


def _named(corpus: Corpus, a: Annotation) -> Annotation:
    """The annotation with the id that its entity has in the register now."""
    return replace(a, entity=corpus.former.get(a.entity, a.entity))


def dumps(reviews: Iterable[Review]) -> str:
    """The canonical text of reviews, a line each."""
    return "".join(json.dumps(msgspec.to_builtins(one), ensure_ascii=False) + "\n" for one in reviews)


def standing(reviews: Sequence[Review]) -> list[tuple[int, Review]]:
    """The reviews that were not undone, with the line of each, from 1; without the undoing."""
    undone = {one.undoes for one in reviews if one.action == "undo"}
    return [(n, one) for n, one in enumerate(reviews, start=1) if n not in undone and one.action != "undo"]


def said(a: Annotation | None) -> Annotation | None:
    """What an annotation says: all but where it comes from, who signed it off, its note, and the order of members."""
    members = tuple(sorted(a.members)) if a else ()
    return a and replace(a, members=members, by=(), decided="", decision="", checked_by=(), note="")


def carried_out(gold: AnnotationFile, reviews: Sequence[Review]) -> tuple[AnnotationFile, list[int]]:
    """Gold of passes and decisions with all standing corrections and sign-offs.

    Returns the lines of reviews that lapsed: what they were about is not there as it was. Nothing of them is done.
    """
    layers = by_id(gold)
    lines = standing(reviews)
    lapsed = [line for line, one in lines if _corrects(one) and not _patch(layers, one)]
    made = signed(_file(gold, layers), reviews)
    return made, sorted({*lapsed, *lapsed_sign_offs(made, reviews)})


def finished(gold: AnnotationFile, reviews: Sequence[Review]) -> AnnotationFile:
    """Gold that reviews edit, with the last of them carried out if that was interrupted, and with all sign-offs."""
    layers = by_id(gold)
    if reviews and reviews[-1].action not in ("accept", "comment"):
        _patch(layers, reviews[-1])
    return signed(_file(gold, layers), reviews)


def corrected(gold: AnnotationFile, review: Review) -> AnnotationFile | None:
    """Gold with one more correction; None when what it is about is not there as it was."""
    layers = by_id(gold)
    return _file(gold, layers) if _patch(layers, review) else None


def _corrects(review: Review) -> bool:
    return review.action in ("change", "add", "reject")


def by_id(file: AnnotationFile) -> Layers:
    """The annotations of a file by layer and id."""
    return {name: {a.id: a for a in listed} for name, listed in file.layers.items()}


def _file(gold: AnnotationFile, layers: Layers) -> AnnotationFile:
    return replace(gold, layers={name: tuple(known.values()) for name, known in layers.items()})


def _patch(layers: Layers, review: Review) -> bool:
    """Carry out all changes of a review, or none; says which."""
    if any(said(layers.get(one.layer, {}).get(one.id)) != said(one.was) for one in review.changes):
        return False
    taken = set(chain.from_iterable(layers.values()))
    if any(one.was is None and one.id in taken for one in review.changes):
        return False
    for one in review.changes:
        if one.now is None:
            del layers[one.layer][one.id]
        else:
            layers.setdefault(one.layer, {})[one.id] = replace(one.now, checked_by=())
    return True


def _key(layer: str, a: Annotation) -> bytes:
    return msgspec.json.encode((layer, said(a)), order="sorted")


def sign_offs(reviews: Sequence[Review]) -> dict[bytes, set[str]]:
    """Who signed off what: names by a layer and what an annotation of it says."""
    found: dict[bytes, set[str]] = {}
    for _, one in standing(reviews):
        for change in one.changes if one.action == "accept" else ():
            if change.was:
                found.setdefault(_key(change.layer, change.was), set()).add(one.by)
    return found


def signed(gold: AnnotationFile, reviews: Sequence[Review]) -> AnnotationFile:
    """The gold with exactly the sign-offs that the reviews give; each holds as long as the annotation says the same."""
    known = sign_offs(reviews)
    layers = {
        name: tuple(replace(a, checked_by=tuple(sorted(known.get(_key(name, a), ())))) for a in listed)
        for name, listed in gold.layers.items()
    }
    return replace(gold, layers=layers)


def lapsed_sign_offs(gold: AnnotationFile, reviews: Sequence[Review]) -> Iterator[int]:
    """Yield the lines of sign-offs on what the gold does not say any more, although no later review changed it."""
    layers = by_id(gold)
    later: set[tuple[str, str]] = set()
    for line, one in reversed(standing(reviews)):
        if one.action == "accept":
            stale = (c for c in one.changes if said(layers.get(c.layer, {}).get(c.id)) != said(c.was))
            if any((c.layer, c.id) not in later for c in stale):
                yield line
        elif _corrects(one):
            later |= {(c.layer, c.id) for c in one.changes}


def told_lapsed(corpus: Corpus, document: str, reviews: Sequence[Review], lines: Iterable[int]) -> Iterator[Finding]:
    """A finding for each review that lapsed, by its line."""
    for line in lines:
        one = reviews[line - 1]
        named = ", ".join(c.id for c in one.changes)
        data: dict[str, object] = {"action": one.action, "name": one.by, "annotation": named}
        place = Place(corpus.name(path_of(corpus, document)), pointer="/changes", record=line)
        yield Finding("review-lapsed", place, data, document)


def moved(reviews: Iterable[Review], place: Callable[[Annotation], Annotation | None]) -> tuple[Review, ...]:
    """The reviews with other annotations in them.

    ``place`` gives what takes the place of an annotation. Where it gives none, the change stays as it is.
    """

    def change(one: Change) -> Change:
        was, now = (a and place(a) for a in (one.was, one.now))
        return one if (one.was and not was) or (one.now and not now) else Change(one.layer, was, now)

    return tuple(replace(one, changes=tuple(map(change, one.changes))) for one in reviews)


def on_new_text(reviews: Iterable[Review], place: Callable[[Annotation], Annotation | None]) -> tuple[Review, ...]:
    """The reviews of a text that was corrected; ``place`` gives an annotation on the new text, or raises KriscError.

    A sign-off of words that are other words now stays as it is, and lapses: whoever signed them off has not seen these.
    """

    def certain(a: Annotation) -> Annotation | None:
        try:
            return place(a)
        except KriscError:  # what it was about was not there on the old text either
            return None

    made = []
    for one in reviews:
        [new] = moved([one], certain)
        same = all(_quotes(a.was) == _quotes(b.was) for a, b in zip(one.changes, new.changes, strict=True))
        made.append(new if same or one.action != "accept" else one)
    return tuple(made)


def _quotes(a: Annotation | None) -> list[str]:
    return [s.quote for s in (*a.anchor, *chain.from_iterable(g.segments for g in a.arguments))] if a else []
