"""Plans the splits of documents that no release has: balanced over labels, origins and years, incident by incident."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from krisc.checks import check_document
from krisc.document import Document
from krisc.files import write_atomically
from krisc.findings import Finding, KriscError, Place
from krisc.splits import Feature, Wish, balance
from krisc.store import Corpus

WEIGHTS = {"documents": 20.0, "origin": 1.0, "year": 0.5, "label": 1.0}
COMMENT = "Written by `krisc split` and `krisc compile`: the split of every document. A released one never changes."


@dataclass(frozen=True)
class Plan:
    """The split of every document, and how often each feature stands in each split, in the order of the shares."""

    splits: dict[str, str]
    counts: dict[Feature, dict[str, int]]
    changed: bool


def released(corpus: Corpus) -> set[str]:
    """Ids of the documents that any release has."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes long to import

    return {
        str(name)
        for path in sorted(corpus.releases.glob("*/documents/*.parquet"))
        for name in pq.read_table(path, columns=["document_id"])["document_id"].to_pylist()
    }


def pins(splits: Mapping[str, str]) -> bytes:
    """``dataset/splits.json``."""
    value = {"$comment": COMMENT, "documents": dict(sorted(splits.items()))}
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def plan_splits(corpus: Corpus, *, redo: bool = False, write: bool = True) -> Plan:
    """Give every document a split that has none, and write ``dataset/splits.json``.

    Args:
        corpus: the corpus.
        redo: plan anew the splits of all documents that no release has.
        write: whether the file is written.

    Raises:
        KriscError: a document has errors, so that its labels cannot be counted.
    """
    kept = released(corpus) if redo else set(corpus.pinned)
    groups: dict[str, Counter[Feature]] = {}
    settled: dict[str, str] = {}
    features: dict[str, Counter[Feature]] = {}
    incidents: dict[str, str] = {}
    for entry in corpus.index:
        document, findings = check_document(corpus, entry, adjudicated=False)
        if document is None or any(f.severity == "error" for f in findings):
            raise KriscError(findings)
        features[entry.id] = _features(corpus, document)
        incidents[entry.id] = entry.incident
        groups.setdefault(entry.incident, Counter()).update(features[entry.id])
        if entry.id in kept and entry.id in corpus.pinned:
            settled[entry.incident] = corpus.pinned[entry.id]
    if not groups:
        raise KriscError([Finding("corpus-empty", Place("dataset/documents.jsonl"))])
    chosen = balance(groups, corpus.config.splits, settled, _wish(corpus, groups), corpus.config.seed)
    held = {name: split for name, split in corpus.pinned.items() if name in kept}  # also where an incident was divided
    splits = {name: held.get(name, chosen[incident]) for name, incident in incidents.items()}
    gone = {name: split for name, split in corpus.pinned.items() if name not in incidents}  # of documents that left
    data = pins({**splits, **gone})
    changed = write_atomically(corpus.dataset / "splits.json", data) if write else False
    counts = {
        feature: {
            split: sum(features[name][feature] for name, one in splits.items() if one == split)
            for split in corpus.config.splits
        }
        for feature in sorted({f for group in groups.values() for f in group})
    }
    return Plan(splits, counts, changed)


def _features(corpus: Corpus, document: Document) -> Counter[Feature]:
    """What is counted of one document: itself, its origin, its year, and its labels."""
    record = document.record
    found: Counter[Feature] = Counter({("documents", "all"): 1, ("origin", record.origin): 1})
    if record.dated:
        found["year", record.dated[:4]] += 1
    for name in corpus.config.balance.layers if corpus.config.balance else ():
        for a in document.gold.layers.get(name, ()) if document.gold else ():
            found["label", f"{name}/{a.label}"] += 1
    return found


def _wish(corpus: Corpus, groups: Mapping[str, Counter[Feature]]) -> Wish:
    wanted = corpus.config.balance
    if wanted is None:
        return Wish(WEIGHTS, frozenset(), ())
    totals = sum(groups.values(), Counter[Feature]())
    every = frozenset(f for f, number in totals.items() if f[0] == "label" and number >= wanted.minimum)
    return Wish(WEIGHTS, every, wanted.splits)
