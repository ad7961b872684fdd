"""The figures of a release, counted while it is compiled. Everything that a page says in numbers is read from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from krisc.agreement import Agreement, Value
from krisc.document import Document
from krisc.layers import Layers, unit_layer
from krisc.model import AnnotationFile, RegisterEntry, Retraction, Sources
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


class EntityFacts(msgspec.Struct):
    """One entity of the register: documents and mentions in chains, events it fills a role of, and its GeoNames id."""

    name: str
    type: str
    documents: int = 0
    mentions: int = 0
    events: int = 0
    geonames: int = 0


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
    """The figures of a corpus before its first document."""
    config = corpus.config
    return Facts(
        name=config.name,
        title=config.title,
        version=config.version,
        guidelines=config.guidelines,
        register_entries=len(corpus.register),
        retracted=list(corpus.retractions),
        incidents=corpus.index.incidents(),
        layers={name: LayerFacts(labels=dict.fromkeys(layer.labels, 0)) for name, layer in corpus.layers.items()},
        annotators={n: AnnotatorFacts(a.kind, a.name, a.given) for n, a in sorted(corpus.annotators.items())},
    )


def add(facts: Facts, corpus: Corpus, document: Document, split: str) -> None:
    """Count one document."""
    record = document.record
    facts.documents += 1
    facts.characters += len(document.text)
    for counts, key in (
        (facts.splits, split),
        (facts.origins, record.origin),
        (facts.languages, record.language),
        (facts.publishers, record.publisher),
        (facts.rights, record.rights),
    ):
        counts[key] = counts.get(key, 0) + 1
    if record.dated:
        facts.years[record.dated[:4]] = facts.years.get(record.dated[:4], 0) + 1
    if record.as_of:
        facts.as_of_first = min(facts.as_of_first or record.as_of, record.as_of)
        facts.as_of_last = max(facts.as_of_last, record.as_of)
    if record.published:
        facts.published_first = min(facts.published_first or record.published, record.published)
        facts.published_last = max(facts.published_last, record.published)
    for name, digest, one in zip(document.names, document.hashes, document.passes, strict=True):
        facts.annotators[one.annotator].passes += 1
        facts.passes[name.removeprefix("annotations/passes/")] = PassHashes(digest, record.sha256)
    if document.sources is not None:
        _add_sources(facts, corpus, document, document.sources)
    if document.gold is not None:
        _add_units(facts, corpus, document, document.gold)
        add_entities(facts.entities, corpus.layers, corpus.register, document.gold)
        for name, layer in facts.layers.items():
            _add_layer(facts, layer, document.gold, name)
            for a in document.gold.layers.get(name, ()):
                for spread, key in (
                    (layer.by_split, split),
                    (layer.by_year, record.dated[:4]),
                    (layer.by_origin, record.origin),
                ):
                    row = spread.setdefault(a.label, {})
                    row[key] = row.get(key, 0) + 1


def _add_sources(facts: Facts, corpus: Corpus, document: Document, sources: Sources) -> None:
    made = facts.composed = facts.composed or Composed()
    made.documents += 1
    words = len(document.text.split())
    made.words += words
    made.shortest, made.longest = min(made.shortest or words, words), max(made.longest, words)
    made.pages += len(sources.pages)
    made.undated += sum(not page.date for page in sources.pages)
    made.claims = dict(sorted((Counter(made.claims) + Counter(c.verdict for c in sources.claims if c.verdict)).items()))
    made.composed_by = sorted({*made.composed_by, sources.composed_by})
    made.checked_by = sorted({*made.checked_by, sources.checked_by} - {""})
    if sources.shared_run:
        made.longest_shared_run = max(made.longest_shared_run, sources.shared_run.words)


def finish(facts: Facts, corpus: Corpus) -> None:
    """Put what was counted in an order that does not depend on that of the documents."""
    facts.splits = {s: facts.splits[s] for s in corpus.config.splits if s in facts.splits}
    facts.years = dict(sorted(facts.years.items()))
    busy = sorted(facts.entities.items(), key=lambda one: (-one[1].events, -one[1].mentions, one[0]))
    facts.entities = dict(busy)
    for layer in facts.layers.values():
        for spread in (layer.by_split, layer.by_year, layer.by_origin):
            ordered = {label: dict(sorted(spread[label].items())) for label in layer.labels if label in spread}
            spread.clear()
            spread.update(ordered)


def add_entities(
    entities: dict[str, EntityFacts],
    layers: Layers,
    register: Mapping[str, RegisterEntry] | Mapping[str, EntityFacts],
    gold: AnnotationFile,
) -> None:
    """Count the mentions of entities of the register, and the events whose arguments they are."""
    of: dict[str, str] = {}
    for name, layer in layers.items():
        for a in gold.layers.get(name, ()) if layer.kind == "chain" else ():
            if a.entity in register:
                entry = register[a.entity]
                fact = entities.setdefault(a.entity, EntityFacts(entry.name, entry.type, geonames=entry.geonames))
                fact.documents += a.entity not in of.values()
                fact.mentions += len(a.members)
                of |= dict.fromkeys(a.members, a.entity)
    for name, layer in layers.items():
        for a in gold.layers.get(name, ()) if layer.kind == "event" else ():
            for entity in {of[g.target] for g in a.arguments if g.target in of}:
                entities[entity].events += 1


def _add_units(facts: Facts, corpus: Corpus, document: Document, gold: AnnotationFile) -> None:
    layer = unit_layer(corpus.layers)
    for a in gold.layers.get(layer.name, ()) if layer else ():
        if layer and a.label in layer.constraints.units:
            facts.units[a.label] = facts.units.get(a.label, 0) + 1
            first, last = document.tokens_in(a.hull)
            facts.tokens += last - first


def _add_layer(facts: Facts, layer: LayerFacts, gold: AnnotationFile, name: str) -> None:
    if name not in gold.layers:
        return
    annotations = gold.layers[name]
    layer.documents += 1
    layer.annotations += len(annotations)
    layer.signed_off += sum(bool(a.checked_by) for a in annotations)
    layer.labels = {label: layer.labels[label] + sum(a.label == label for a in annotations) for label in layer.labels}
    layer.decided = dict(sorted((Counter(layer.decided) + Counter(a.decided for a in annotations)).items()))
    by = Counter(one for a in annotations for one in a.by)
    layer.annotators = dict(sorted((Counter(layer.annotators) + by).items()))
    for one, number in by.items():
        facts.annotators[one].gold_annotations += number


def merge(facts: Facts, part: Facts) -> None:
    """Add the figures of the documents that come next."""
    _merge(facts, part)


def _merge(a, b):
    for name in b.__struct_fields__:
        x, y = getattr(a, name), getattr(b, name)
        if (
            name in ("register_entries", "incidents", "kind", "name", "given", "type", "geonames", "retracted")
            or y is None
        ):
            continue
        if x is None:
            setattr(a, name, y)
        elif isinstance(x, dict):
            for k, v in y.items():
                if k not in x:
                    x[k] = v
                elif isinstance(v, int):
                    x[k] += v
                elif isinstance(v, dict):
                    for q, w in v.items():
                        x[k][q] = x[k].get(q, 0) + w
                else:
                    _merge(x[k], v)
        elif isinstance(x, int):
            setattr(a, name, x + y)
