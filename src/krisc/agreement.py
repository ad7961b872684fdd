"""Agreement between passes over the same documents, by layer and label, with bootstrap intervals and disagreements.

Every pair of passes over a document is compared, and the counts add up over pairs and documents.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import msgspec
import numpy as np

from krisc import measures
from krisc.checks import check_document
from krisc.counting import CHAINS, CONLL, Counts, Disagreement, Key, Pair, Where, disagreement, token_labels
from krisc.findings import Finding, KriscError, Place
from krisc.layers import Layer, Layers
from krisc.matching import groups
from krisc.measures import Numbers
from krisc.model import AnnotationFile
from krisc.store import Corpus, Document

RESAMPLES = 1000
LEVEL = 0.95
GOLD = "gold"


class Value(msgspec.Struct, omit_defaults=True):
    """One measure: its value with its interval, or why there is none, and on how much it rests.

    ``count`` is the number of annotations, tokens, items or chains of both passes together that were compared.
    """

    measure: str
    of: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    count: int = 0
    undefined: str = ""
    no_interval: str = ""


class LayerAgreement(msgspec.Struct):
    """The agreement in one layer: how many documents at least two passes annotated, values, and confused labels."""

    documents: int = 0
    values: list[Value] = []
    by_document: dict[str, dict[str, float | None]] = {}
    confusion: dict[str, dict[str, int]] = {}
    disagreements: list[Disagreement] = []


class Agreement(msgspec.Struct):
    """Agreement between passes. ``resampled`` says what the bootstrap drew: documents, or units of the only one."""

    annotators: list[str]
    documents: int
    resampled: str
    resamples: int
    level: float
    layers: dict[str, LayerAgreement]


class Comparison:
    """Collects the counts of documents one after another, and measures them at the end.

    ``brief`` leaves out figures by document, confused labels and disagreements.
    """

    def __init__(self, layers: Layers, *, brief: bool = False) -> None:
        self.layers = layers
        self.brief = brief
        self.counts = {name: Counts() for name in layers}
        self.annotators: set[str] = set()
        self.documents = 0

    def add(self, document: Document, files: Sequence[AnnotationFile], names: Sequence[str] | None = None) -> None:
        """Compare the passes over one document.

        Args:
            document: the document.
            files: two or more passes over it; with fewer there is nothing to compare.
            names: how to call the passes; by default by their annotators.
        """
        called = list(names or [file.annotator for file in files])
        if len(files) < 2:
            return
        self.documents += 1
        self.annotators.update(called)
        if self.documents == 2:
            for counts in self.counts.values():
                counts.fold()
        where = Where(document, files[0], self.layers, whole=self.documents > 1)
        for name, layer in self.layers.items():
            present = [(n, f) for n, f in zip(called, files, strict=True) if name in f.layers]
            for (_, one), (_, other) in combinations(present, 2):
                Pair(self.counts[name], where, layer, one, other).compare()
            if len(present) > 1 and layer.kind in ("span", "event"):
                token_labels(self.counts[name], where, layer, [f for _, f in present])
        for layer_name, found in groups(files, self.layers).items() if not self.brief else ():
            if sum(layer_name in f.layers for f in files) > 1:
                self.counts[layer_name].disagreements += [
                    disagreement(g, files, called, where) for g in found if not g.agreed
                ]

    def result(self) -> Agreement:
        """The agreement in everything that was added."""
        resampled = "documents" if self.documents > 1 else "units of the only document"
        layers = {
            name: _measure(counts, self.layers[name], by_unit=self.documents == 1)
            for name, counts in self.counts.items()
            if counts.groups
        }
        for layer in layers.values() if self.brief else ():
            layer.by_document, layer.confusion = {}, {}
        return Agreement(sorted(self.annotators), self.documents, resampled, RESAMPLES, LEVEL, layers)


# --- measuring ------------------------------------------------------------------------------------------------------

Formula = Callable[[Numbers], Numbers]


def _measure(counts: Counts, layer: Layer, *, by_unit: bool) -> LayerAgreement:
    every = [(d, u) for d, units in counts.groups.items() for u in units]
    drawn = _draws(len(every)) if len(every) > 1 else None
    keys = sorted({key for units in counts.groups.values() for unit in units.values() for key in unit}, key=_order)
    result = LayerAgreement(len(counts.groups), disagreements=counts.disagreements)
    for key, formula, stack in _formulas(keys, counts, every, layer):
        measure, of = key[0], key[1] if len(key) > 1 else ""
        whole = formula(stack.sum(axis=0)[None])[0]
        value = Value(measure, of, count=_count(key, counts))
        result.values.append(value)
        by_document = result.by_document.setdefault(f"{measure} {of}".strip(), {})
        for document in counts.groups:
            part = stack[[d == document for d, _ in every]].sum(axis=0)[None]
            by_document[document] = _rounded(formula(part)[0])
        if np.isnan(whole):
            value.undefined = _why(key)
            continue
        value.value = _rounded(whole)
        if measure in (*CHAINS, "CoNLL") and by_unit:
            value.no_interval = "chains run through a whole document, and there is one document"
        elif drawn is None:
            value.no_interval = "there is nothing to draw from"
        else:
            flat = stack.reshape(len(every), -1)
            samples = formula((drawn @ flat).reshape(len(drawn), *stack.shape[1:]))
            defined = samples[~np.isnan(samples)]
            if len(defined) < LEVEL * len(samples):
                value.no_interval = "undefined in too many samples"
            else:
                low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
                value.low, value.high = _rounded(low), _rounded(high)
    result.values += _unitized(counts)
    for units in counts.groups.values():
        for unit in units.values():
            for (one, other), number in unit.get(("confusion",), Counter()).items():
                row = result.confusion.setdefault(one, {})
                row[other] = row.get(other, 0) + number
    result.confusion = {one: dict(sorted(row.items())) for one, row in sorted(result.confusion.items())}
    return result


def _unitized(counts: Counts) -> Iterator[Value]:
    """Unitized alpha over all labels and of every label that occurs."""
    some = {name: one for name, one in counts.unitized.items() if one.lengths}
    for of, chosen in [("", list(some.values())), *((name, [one]) for name, one in some.items())]:
        if counts.unitized:
            value = Value("units, alpha", of, count=sum(one.lengths.total() for one in chosen))
            value.value = _rounded(measures.unitized_alpha(chosen))
            if value.value is None:
                value.undefined = "no pass has any"
            else:
                value.no_interval = "it is no sum over texts, so none can be drawn"
            yield value


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4) + 0.0


def _order(key: Key) -> tuple[int, Key]:
    names = ["spans, strict", "spans, boundary", "spans, partial", "spans, type", "tokens, kappa", "tokens, alpha"]
    names += ["relations, strict", "relations without label", "arguments with role", "arguments without role"]
    return (names.index(key[0]) if key[0] in names else len(names), key)


def _draws(number: int) -> Numbers:
    """How often every group is drawn in every bootstrap sample: shape ``(RESAMPLES, number)``. The same every time.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13 (percentile intervals).
    """
    rng = random.Random(0)  # noqa: S311 - no secret; the sequence is the same on every system
    chosen = [Counter(rng.choices(range(number), k=number)) for _ in range(RESAMPLES)]
    return np.array([[one[i] for i in range(number)] for one in chosen], dtype=float)


def _cells(counts: Counts, every: Sequence[tuple[str, int]], key: Key) -> list[Counter[Any]]:
    return [counts.groups[d][u].get(key, Counter()) for d, u in every]


def _formulas(
    keys: Sequence[Key], counts: Counts, every: Sequence[tuple[str, int]], layer: Layer
) -> Iterator[tuple[Key, Formula, Numbers]]:
    """Every measure with its formula and its counts, one row a document or unit."""
    for key in keys:
        cells = _cells(counts, every, key)
        if key[0] in CHAINS:
            yield key, measures.chain_f1, _columns(cells, 4)
            if key[0] == CONLL[-1]:
                stacked = [_columns(_cells(counts, every, (name, key[1])), 4) for name in CONLL]
                yield ("CoNLL", key[1]), measures.conll, np.stack(stacked, axis=1)
        elif key[0] == "attribute":
            table = _table(cells)
            yield ("values agree", key[1]), measures.observed, table
            attribute = layer.attributes.get(key[1])
            if attribute and attribute.type in ("enum", "boolean"):
                yield ("values, kappa", key[1]), measures.kappa, table
        elif key[0] == "tokens, alpha":
            yield key, measures.alpha, _coincidences(cells)
        elif key[0] == "tokens, kappa":
            yield key, measures.kappa, _table(cells)
        elif key[0] != "confusion":
            yield key, measures.f1, _columns(cells, 3)


def _columns(cells: Sequence[Counter[Any]], width: int) -> Numbers:
    return np.array([[one[i] for i in range(width)] for one in cells], dtype=float)


def _table(cells: Sequence[Counter[Any]]) -> Numbers:
    names = sorted({name for one in cells for cell in one for name in cell})
    at = {name: n for n, name in enumerate(names)}
    table = np.zeros((len(cells), len(names), len(names)))
    for n, one in enumerate(cells):
        for (a, b), number in one.items():
            table[n, at[a], at[b]] += number
    return table


def _coincidences(cells: Sequence[Counter[Any]]) -> Numbers:
    names = sorted({name for one in cells for cell in one for name in cell})
    at = {name: n for n, name in enumerate(names)}
    table = np.zeros((len(cells), len(names), len(names)))
    for n, one in enumerate(cells):
        for values, number in one.items():
            table[n] += number * measures.coincidences([at[v] for v in values], len(names))
    return table


def _count(key: Key, counts: Counts) -> int:
    """On how much a measure rests."""
    base = ("attribute", key[1]) if key[0] in ("values agree", "values, kappa") else key
    base = (CONLL[0], key[1]) if key[0] == "CoNLL" else base
    every = [unit[base] for units in counts.groups.values() for unit in units.values() if base in unit]
    if base[0] in CHAINS:
        return round(sum(one[1] + one[3] for one in every))
    if base[0].startswith(("tokens", "attribute")):
        return round(sum(sum(one.values()) for one in every))
    return round(sum(one[1] + one[2] for one in every))


def _why(key: Key) -> str:
    if "kappa" in key[0] or "alpha" in key[0]:
        return "only one value occurs, so chance alone explains all agreement"
    if key[0] in ("MUC", "CoNLL"):
        return "no chain has two members"
    return "no pass has any"


# --- the passes of a corpus -------------------------------------------------------------------------------------------


def _by_guidelines(document: Document, guidelines: str, annotators: Sequence[str]) -> Sequence[AnnotationFile]:
    if guidelines:
        return [one for one in document.passes if one.guidelines == guidelines]
    return document.passes if annotators else document.current


def compare(
    corpus: Corpus,
    documents: Sequence[str] = (),
    annotators: Sequence[str] = (),
    guidelines: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Agreement:
    """Compare the passes of a corpus.

    Args:
        corpus: the corpus.
        documents: ids of documents; all when empty.
        annotators: ids of annotators, and ``gold`` for the gold annotation; all passes when empty.
        guidelines: compare the passes by this version of the guidelines; by default by the newest of each document.
        progress: called with documents done and all documents.

    Raises:
        KriscError: a file with errors, or no document with two passes.
    """
    comparison = Comparison(corpus.layers)
    for number, entry in enumerate(corpus.index):
        if progress:
            progress(number + 1, len(corpus.index))
        if documents and entry.id not in documents:
            continue
        document, findings = check_document(corpus, entry, adjudicated=False)
        errors = [f for f in findings if f.severity == "error" and f.id != "annotation-missing"]
        if document is None or errors:
            raise KriscError(errors)
        named = [(one.annotator, one) for one in _by_guidelines(document, guidelines, annotators)]
        if document.gold is not None:
            named.append((GOLD, document.gold))
        chosen = [(n, f) for n, f in named if n in annotators or (not annotators and n != GOLD)]
        comparison.add(document, [f for _, f in chosen], [n for n, _ in chosen])
    if not comparison.documents:
        raise KriscError([Finding("passes-too-few", Place("annotations/passes"))])
    return comparison.result()
