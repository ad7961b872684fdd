"""The figures of a release, counted while it is compiled. Everything that a page says in numbers is read from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from krisc.agreement import Agreement, Value
from krisc.document import Document, Opened
from krisc.files import sha256
from krisc.mentions import EntityFacts, merge_entities
from krisc.model import Retraction, Sources
from krisc.sealing import Withheld
from krisc.store import Corpus

# The measures that sum up a layer; the others stand in release.json.
HEADLINES = ("spans, strict", "tokens, alpha", "units, alpha", "arguments with role", "relations, strict", "CoNLL")


Spread = dict[str, dict[str, int]]


class LayerFacts(msgspec.Struct):
    """Counts of one layer's gold annotations. ``by_split``, ``by_year`` and ``by_origin`` are by label, then by those.

    The year is that of the day a document is dated, which is the day of publication or the day it is written as of.
    """

    documents: int = 0
    annotations: int = 0
    labels: dict[str, int] = {}
    by_split: Spread = {}
    by_year: Spread = {}
    by_origin: Spread = {}
    annotators: dict[str, int] = {}
    decided: dict[str, int] = {}
    signed_off: int = 0


class AnnotatorFacts(msgspec.Struct):
    """An annotator, with the gold annotations that come from them and the passes they made."""

    kind: str
    name: str
    given: str
    gold_annotations: int = 0
    passes: int = 0


class SplitFacts(msgspec.Struct):
    """One table in one split; bytes of Arrow as ``datasets`` counts them."""

    files: list[str]
    rows: int
    arrow_bytes: int
    content_sha256: str


class FileFacts(msgspec.Struct):
    """One file of the release."""

    bytes: int
    sha256: str


class PassHashes(msgspec.Struct):
    """The SHA-256 of a pass, and of the text that it was made on."""

    sha256: str
    text: str


class Composed(msgspec.Struct):
    """What the composed documents rest on: pages that were read, and claims by what a second reader found.

    Words are what white space separates; ``shortest`` and ``longest`` are those of one document. ``undated`` pages have
    no date.
    """

    documents: int = 0
    words: int = 0
    shortest: int = 0
    longest: int = 0
    pages: int = 0
    undated: int = 0
    claims: dict[str, int] = {}
    longest_shared_run: int = 0
    composed_by: list[str] = []
    checked_by: list[str] = []


class JudgedLayer(msgspec.Struct):
    """Verdicts on a sample of one layer's gold: how many were judged, and what of them."""

    judged: int = 0
    wrong: int = 0
    unsure: int = 0


class Judged(msgspec.Struct):
    """Verdicts of readers who saw neither passes nor decisions.

    ``error_rate`` is the share of wrong among those judged and not planted, with its 95% interval by Wilson (1927);
    ``planted`` items had an error put in, of which ``found`` were called wrong.
    """

    readers: list[str] = []
    layers: dict[str, JudgedLayer] = {}
    judged: int = 0
    wrong: int = 0
    unsure: int = 0
    error_rate: float = 0.0
    low: float = 0.0
    high: float = 0.0
    planted: int = 0
    found: int = 0


class Facts(msgspec.Struct):
    """``release.json``: what a release holds. Characters are code points; tokens are those of the tokens table.

    ``passes`` has the hashes of every pass by its path under ``annotations/passes/``. ``inputs`` has the SHA-256 of
    every authored file by its path in the corpus folder, ``written_with`` the program, its lock and what wrote Parquet.
    ``withheld`` is there where texts are withheld; then passes and entities are those of the other documents.
    """

    name: str
    title: str
    version: str
    guidelines: str
    documents: int = 0
    splits: dict[str, int] = {}
    characters: int = 0
    tokens: int = 0
    units: dict[str, int] = {}
    origins: dict[str, int] = {}
    incidents: int = 0
    languages: dict[str, int] = {}
    publishers: dict[str, int] = {}
    rights: dict[str, int] = {}
    published_first: str = ""
    published_last: str = ""
    as_of_first: str = ""
    as_of_last: str = ""
    years: dict[str, int] = {}
    composed: Composed | None = None
    entities: dict[str, EntityFacts] = {}
    judged: Judged | None = None
    retracted: list[Retraction] = []
    register_entries: int = 0
    layers: dict[str, LayerFacts] = {}
    annotators: dict[str, AnnotatorFacts] = {}
    passes: dict[str, PassHashes] = {}
    agreement: Agreement | None = None
    tables: dict[str, dict[str, SplitFacts]] = {}
    files: dict[str, FileFacts] = {}
    written_with: dict[str, str] = {}
    inputs: dict[str, str] = {}
    withheld: Withheld | None = None

    @property
    def annotations(self) -> int:
        """All gold annotations."""
        return sum(layer.annotations for layer in self.layers.values())

    def agreed(self, layer: str) -> list[Value]:
        """The measures of agreement that sum up a layer; empty when no two passes worked on it."""
        if self.agreement is None or layer not in self.agreement.layers:
            return []
        return [v for v in self.agreement.layers[layer].values if v.measure in HEADLINES and not v.of]

    @property
    def signed_off(self) -> int:
        """Gold annotations that a person has signed off."""
        return sum(layer.signed_off for layer in self.layers.values())


def start(corpus: Corpus) -> Facts:
    """The figures of a corpus before its first document; not of how many incidents, for which all must be known."""
    config = corpus.config
    return Facts(
        name=config.name,
        title=config.title,
        version=config.version,
        guidelines=config.guidelines,
        register_entries=len(corpus.register),
        retracted=list(corpus.retractions),
        layers={name: LayerFacts(labels=dict.fromkeys(layer.labels, 0)) for name, layer in corpus.layers.items()},
        annotators={n: AnnotatorFacts(a.kind, a.name, a.given) for n, a in sorted(corpus.annotators.items())},
    )


def add(facts: Facts, opened: Opened, split: str) -> None:
    """Count one document's metadata, text and passes; documents are told in their order."""
    record = opened.record
    facts.documents += 1
    facts.characters += len(opened.text)
    for counts, key in (
        (facts.splits, split),
        (facts.origins, record.origin),
        (facts.languages, record.language),
        (facts.publishers, record.publisher),
        (facts.rights, record.rights),
    ):
        counts[key] = counts.get(key, 0) + 1
    if record.dated:
        count(facts.years, {record.dated[:4]: 1})
    _extend(facts, "as_of_first", "as_of_last", record.as_of, record.as_of)
    _extend(facts, "published_first", "published_last", record.published, record.published)
    for name, data in opened.parts.passes:
        facts.passes[name.removeprefix("annotations/passes/")] = PassHashes(sha256(data), record.sha256)


def add_made(facts: Facts, document: Document) -> None:
    """Count who made the passes over a document, and what it was composed from."""
    for one in document.passes:
        facts.annotators[one.annotator].passes += 1
    if document.sources is not None:
        _add_sources(facts, document, document.sources)


def _add_sources(facts: Facts, document: Document, sources: Sources) -> None:
    words = len(document.text.split())
    made = Composed(
        documents=1,
        words=words,
        shortest=words,
        longest=words,
        pages=len(sources.pages),
        undated=sum(not page.date for page in sources.pages),
        claims=dict(sorted(Counter(c.verdict for c in sources.claims if c.verdict).items())),
        longest_shared_run=sources.shared_run.words if sources.shared_run else 0,
        composed_by=[sources.composed_by],
        checked_by=[sources.checked_by] if sources.checked_by else [],
    )
    facts.composed = _both_composed(facts.composed, made)


def _both_composed(one: Composed | None, other: Composed | None) -> Composed | None:
    """What two runs of composed documents rest on."""
    if one is None or other is None:
        return one or other
    summed = {name: getattr(one, name) + getattr(other, name) for name in ("documents", "words", "pages", "undated")}
    return Composed(
        **summed,
        shortest=min(one.shortest, other.shortest),
        longest=max(one.longest, other.longest),
        claims=dict(sorted((Counter(one.claims) + Counter(other.claims)).items())),
        longest_shared_run=max(one.longest_shared_run, other.longest_shared_run),
        composed_by=sorted({*one.composed_by, *other.composed_by}),
        checked_by=sorted({*one.checked_by, *other.checked_by}),
    )


def merge(into: Facts, other: Facts) -> None:
    """Add what was counted of the documents that come after: as if all had been counted in one go.

    Args:
        into: figures from ``start`` on; they change.
        other: figures of the same corpus, from a ``start`` of their own, before ``finish``.
    """
    for name in ("documents", "characters", "tokens"):
        setattr(into, name, getattr(into, name) + getattr(other, name))
    for name in ("splits", "units", "origins", "languages", "publishers", "rights", "years"):
        count(getattr(into, name), getattr(other, name))
    for first, last in (("as_of_first", "as_of_last"), ("published_first", "published_last")):
        _extend(into, first, last, getattr(other, first), getattr(other, last))
    into.composed = _both_composed(into.composed, other.composed)
    into.passes |= other.passes
    for name, annotator in other.annotators.items():
        into.annotators[name].passes += annotator.passes
    merge_entities(into.entities, other.entities)
    for name, layer in other.layers.items():
        _merge_layer(into.layers[name], layer)


def _merge_layer(into: LayerFacts, other: LayerFacts) -> None:
    for name in ("documents", "annotations", "signed_off"):
        setattr(into, name, getattr(into, name) + getattr(other, name))
    for name in ("labels", "annotators", "decided"):
        count(getattr(into, name), getattr(other, name))
    for name in ("by_split", "by_year", "by_origin"):
        for label, row in getattr(other, name).items():
            count(getattr(into, name).setdefault(label, {}), row)


def count(counts: dict[str, int], more: Mapping[str, int]) -> None:
    """Add counts; what is new comes last, in its own order."""
    for key, number in more.items():
        counts[key] = counts.get(key, 0) + number


def _extend(facts: Facts, first: str, last: str, earliest: str, latest: str) -> None:
    """Let a range of days take in another; an empty day is none."""
    if earliest:
        setattr(facts, first, min(getattr(facts, first) or earliest, earliest))
        setattr(facts, last, max(getattr(facts, last), latest))


def finish(facts: Facts, corpus: Corpus) -> None:
    """Sum up what was counted, in an order that does not depend on that of the documents."""
    facts.splits = {s: facts.splits[s] for s in corpus.config.splits if s in facts.splits}
    facts.years = dict(sorted(facts.years.items()))
    busy = sorted(facts.entities.items(), key=lambda one: (-one[1].events, -one[1].mentions, one[0]))
    facts.entities = dict(busy)
    for name, annotator in facts.annotators.items():
        annotator.gold_annotations = sum(layer.annotators.get(name, 0) for layer in facts.layers.values())
    for layer in facts.layers.values():
        layer.annotators = dict(sorted(layer.annotators.items()))
        layer.decided = dict(sorted(layer.decided.items()))
        for spread in (layer.by_split, layer.by_year, layer.by_origin):
            ordered = {label: dict(sorted(spread[label].items())) for label in layer.labels if label in spread}
            spread.clear()
            spread.update(ordered)
