"""Checks of composed texts: every statement has a page, somebody else checked it, and no wording is reused."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from krisc.document import Document
from krisc.findings import Finding, Place, nearest
from krisc.layers import unit_layer
from krisc.model import Claim, Sources
from krisc.spans import Stretch
from krisc.store import Corpus
from krisc.text import occurrences

LONGEST_RUN = 8  # words outside names that a composed text may share in one run with a page


def composed_texts_hold(corpus: Corpus, document: Document) -> Iterator[Finding]:
    """All findings about where a composed text comes from; and sources of a text that is not composed are refused."""
    record, sources = document.record, document.sources
    if sources is None and record.origin != "composed":
        return
    file = corpus.name(corpus.sources_path(record.id))
    if sources is None or record.origin != "composed":
        place = Place("dataset/documents.jsonl", pointer="/origin", record=document.line)
        found = "no sources stand" if sources is None else "sources stand"
        data: dict[str, object] = {"name": record.id, "origin": record.origin, "found": found, "file": file}
        yield Finding("sources-misplaced", place, data, record.id)
        return
    yield from _people(corpus, sources, file)
    yield from _belong(document, sources, file)
    yield from _claims(document, sources, file)
    yield from _coverage(corpus, document, sources, file)
    yield from _wording(sources, file)


def _people(corpus: Corpus, sources: Sources, file: str) -> Iterator[Finding]:
    """Composer and checker are known, and not the same; every claim has a verdict."""
    for key in ("composed_by", "checked_by"):
        name = getattr(sources, key)
        if name and name not in corpus.annotators:
            data: dict[str, object] = {"name": name, "hint": nearest(name, corpus.annotators), "annotation": "sources"}
            yield Finding("annotator-unknown", Place(file, pointer=f"/{key}"), data, sources.document)
    for key in ("composed", "checked"):
        value = getattr(sources, key)
        try:
            if value:
                datetime.date.fromisoformat(value)
        except ValueError:
            yield Finding("date-impossible", Place(file, pointer=f"/{key}"), {"found": value}, sources.document)
    unchecked = sum(not claim.verdict for claim in sources.claims)
    if unchecked or not sources.checked_by or not sources.checked or sources.checked_by == sources.composed_by:
        data = {"count": unchecked, "name": sources.checked_by or "nobody", "composer": sources.composed_by}
        yield Finding("claims-unchecked", Place(file), data, sources.document)


def _belong(document: Document, sources: Sources, file: str) -> Iterator[Finding]:
    """The sources are those of this text as it is."""
    wanted = {"document": document.record.id, "sha256": document.record.sha256}
    for key, right in wanted.items():
        if (found := getattr(sources, key)) != right:
            data: dict[str, object] = {"key": key, "found": found, "wanted": right}
            yield Finding("sources-outdated", Place(file, pointer=f"/{key}"), data, document.record.id)


def _claims(document: Document, sources: Sources, file: str) -> Iterator[Finding]:
    """A claim's words stand in the text, once, and its pages are listed."""
    pages = {page.id for page in sources.pages}
    for number, claim in enumerate(sources.claims):
        at = f"/claims/{number}"
        if (count := len(occurrences(document.text, claim.quote))) != 1:
            data: dict[str, object] = {"quote": _short(claim), "count": count}
            yield Finding("claim-unplaced", Place(file, pointer=f"{at}/quote"), data, document.record.id)
        for index, page in enumerate(claim.pages):
            if page not in pages:
                data = {"name": page, "hint": nearest(page, pages)}
                yield Finding("page-unknown", Place(file, pointer=f"{at}/pages/{index}"), data, document.record.id)


def _coverage(corpus: Corpus, document: Document, sources: Sources, file: str) -> Iterator[Finding]:
    """Every unit that states facts is touched by a claim."""
    layer = unit_layer(corpus.layers)
    if layer is None or document.gold is None:
        return
    claimed = [
        (start, start + len(c.quote)) for c in sources.claims for start in occurrences(document.text, c.quote)[:1]
    ]
    for a in document.gold.layers.get(layer.name, ()):
        if a.label in layer.constraints.claims and not any(_touch(a.hull, one) for one in claimed):
            related = (Place(corpus.name(corpus.raw_path(document.record.id)), start=a.hull[0], end=a.hull[1]),)
            data: dict[str, object] = {"label": a.label, "annotation": a.id}
            yield Finding("claim-missing", Place(file, pointer="/claims"), data, document.record.id, a.id, related)


def _touch(one: Stretch, other: Stretch) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _wording(sources: Sources, file: str) -> Iterator[Finding]:
    """No run of words is shared with a page, as ``krisc wording`` measures it."""
    run = sources.shared_run
    if run is None or run.words > LONGEST_RUN:
        found = "it was not measured" if run is None else f"a run of {run.words} words is shared with {run.page}"
        data: dict[str, object] = {"found": found, "limit": LONGEST_RUN}
        yield Finding("wording-reused", Place(file, pointer="/shared_run" if run else None), data, sources.document)


def _short(claim: Claim) -> str:
    return claim.quote if len(claim.quote) < 60 else f"{claim.quote[:57]}..."
