"""Checks of reviews: who did them, whether they still hold, and whether every sign-off in gold is on record."""

from __future__ import annotations

from collections.abc import Iterator

from krisc import reviews
from krisc.document import Document
from krisc.findings import Finding, KriscError, Place, nearest
from krisc.model import AnnotationFile
from krisc.store import Corpus


def reviews_hold(corpus: Corpus, document: Document) -> Iterator[Finding]:
    """The reviews of a document: people only, what they are about, and the gold that they give."""
    name = document.record.id
    if not _signed(document.gold) and not reviews.path_of(corpus, name).exists():
        return
    try:
        done = reviews.read_reviews(corpus, name)
    except KriscError as error:
        yield from error.findings
        return
    file = corpus.name(reviews.path_of(corpus, name))
    strangers = list(_strangers(corpus, name, file, done))
    yield from strangers
    if document.gold is None or strangers:
        return
    yield from _sign_offs(corpus, document, document.gold, done)
    if len(document.current) < 2:  # else adjudication tells
        yield from reviews.told_lapsed(corpus, name, done, sorted(reviews.lapsed_sign_offs(document.gold, done)))


def _signed(gold: AnnotationFile | None) -> bool:
    """Whether gold has sign-offs."""
    return gold is not None and any([a for a in listed if a.checked_by] for listed in gold.layers.values())


def _strangers(corpus: Corpus, name: str, file: str, done: tuple[reviews.Review, ...]) -> Iterator[Finding]:
    """Reviews by somebody who is not registered, or is not a person."""
    for line, one in enumerate(done, start=1):
        place = Place(file, pointer="/by", record=line)
        data: dict[str, object] = {"annotation": f"the {one.action}", "name": one.by}
        if one.by not in corpus.annotators:
            yield Finding("annotator-unknown", place, {**data, "hint": nearest(one.by, corpus.annotators)}, name)
        elif corpus.annotators[one.by].kind != "person":
            yield Finding("checker-not-a-person", place, data, name)


def _sign_offs(
    corpus: Corpus, document: Document, gold: AnnotationFile, done: tuple[reviews.Review, ...]
) -> Iterator[Finding]:
    """Sign-offs in gold that no record has, and what reviews of gold with one annotator give beyond it."""
    name, file = document.record.id, corpus.name(corpus.gold_path(document.record.id))
    recorded = reviews.by_id(reviews.signed(gold, done))
    people = {one.id for one in corpus.annotators.values() if one.kind == "person"}  # of others, another check tells
    unrecorded = False
    for layer, listed in gold.layers.items():
        for index, a in enumerate(listed):
            for number, who in enumerate(a.checked_by):
                if who in recorded[layer][a.id].checked_by:
                    continue
                unrecorded = True
                if who in people:
                    place = Place(file, pointer=f"/layers/{layer}/{index}/checked_by/{number}")
                    yield Finding("sign-off-unrecorded", place, {"name": who, "annotation": a.id}, name, a.id)
    owed = len(document.current) < 2 and reviews.by_id(reviews.finished(gold, done)) != reviews.by_id(gold)
    if owed and not unrecorded:
        yield Finding("gold-outdated", Place(file), {"name": name}, name)
