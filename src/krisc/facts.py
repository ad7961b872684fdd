"""The figures of a release, counted while it is compiled. Everything that a page says in numbers is read from here."""

from __future__ import annotations

from collections import Counter

import msgspec

from krisc.agreement import Agreement, Value
from krisc.layers import unit_layer
from krisc.model import AnnotationFile
from krisc.store import Corpus, Document, sha256
from krisc.tabulate import tokens_of

# The measures that sum up a layer; the others stand in release.json.
HEADLINES = ("spans, strict", "tokens, alpha", "units, alpha", "arguments with role", "relations, strict", "CoNLL")


class LayerFacts(msgspec.Struct):
    """Counts of one layer's gold annotations."""

    documents: int = 0
    annotations: int = 0
    labels: dict[str, int] = {}
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


class Facts(msgspec.Struct):
    """``release.json``: what a release holds. Characters are code points; tokens are those of the tokens table.

    ``passes`` has the hashes of every pass by its path under ``annotations/passes/``.
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
    languages: dict[str, int] = {}
    publishers: dict[str, int] = {}
    rights: dict[str, int] = {}
    published_first: str = ""
    published_last: str = ""
    register_entries: int = 0
    layers: dict[str, LayerFacts] = {}
    annotators: dict[str, AnnotatorFacts] = {}
    passes: dict[str, PassHashes] = {}
    agreement: Agreement | None = None
    tables: dict[str, dict[str, SplitFacts]] = {}
    files: dict[str, FileFacts] = {}
    written_with: dict[str, str] = {}

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
    if record.published:
        facts.published_first = min(facts.published_first or record.published, record.published)
        facts.published_last = max(facts.published_last, record.published)
    for path, one in zip(corpus.pass_paths(record.id), document.passes, strict=True):
        facts.annotators[one.annotator].passes += 1
        hashes = PassHashes(sha256(path.read_bytes()), record.sha256)
        facts.passes[f"{path.parent.name}/{path.name}"] = hashes
    if document.gold is not None:
        _add_units(facts, corpus, document, document.gold)
        for name, layer in facts.layers.items():
            _add_layer(facts, layer, document.gold, name)


def _add_units(facts: Facts, corpus: Corpus, document: Document, gold: AnnotationFile) -> None:
    layer = unit_layer(corpus.layers)
    for a in gold.layers.get(layer.name, ()) if layer else ():
        if layer and a.label in layer.constraints.units:
            facts.units[a.label] = facts.units.get(a.label, 0) + 1
            facts.tokens += len(tokens_of(document, a.hull)[0])


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
