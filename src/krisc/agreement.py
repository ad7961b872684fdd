"""Agreement between passes over the same documents, by layer and label, with bootstrap intervals and disagreements.

Every pair of passes over a document is compared, and the counts add up over pairs and documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from krisc import measures
from krisc.bootstrap import resampled
from krisc.checks import check_document
from krisc.counting import CHAINS, Pair, Side, Where, disagreement, token_labels
from krisc.document import Document
from krisc.engines import HERE, Engine, Step, stepwise
from krisc.findings import Finding, KriscError, Place
from krisc.formulas import Measure, measured, why_undefined
from krisc.index import Entry
from krisc.layers import Layer, Layers
from krisc.matching import groups
from krisc.measures import Numbers
from krisc.model import AnnotationFile
from krisc.store import Corpus
from krisc.tallies import Disagreement, Tallied, Tally, unpacked

if TYPE_CHECKING:
    from scipy.sparse import csr_array

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


class Partial(msgspec.Struct):
    """What was counted of a run of documents, ready to be sent: it can be pickled, or written by msgspec."""

    documents: int
    annotators: list[str]
    layers: dict[str, Tallied]


class Comparison:
    """Collects the counts of documents one after another, and measures them at the end.

    What grows with documents are small arrays, of 12 bytes a count that is not 0: some 150 to 900 bytes a document and
    layer. Without ``brief``, there are also figures by document, confused labels and disagreements.

    Documents can be counted in runs, in any number of processes: ``partial`` of each run, put together with ``merge``
    in the order of the documents, gives the same as all documents in one.
    """

    def __init__(self, layers: Layers, *, brief: bool = False) -> None:
        self.layers = layers
        self.brief = brief
        self.counts = {name: Tally() for name in layers}
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
        self._count(1, called)
        where = Where(document, files[0], self.layers, whole=self.documents > 1)
        sides = [Side(where, file) for file in files]
        for name, layer in self.layers.items():
            present = [side for side in sides if name in side.file.layers]
            for one, other in combinations(present, 2):
                Pair(self.counts[name], layer, one, other, confused=not self.brief).compare()
            if len(present) > 1 and layer.kind in ("span", "event"):
                token_labels(self.counts[name], layer, present)
            self.counts[name].close("" if self.brief else where.id)
        for layer_name, found in groups(files, self.layers).items() if not self.brief else ():
            if sum(layer_name in f.layers for f in files) > 1:
                self.counts[layer_name].disagreements += [
                    disagreement(g, files, called, where) for g in found if not g.agreed
                ]

    def _count(self, documents: int, annotators: Iterable[str]) -> None:
        """Count documents, and forget the units of the first when another comes: from then on documents are drawn."""
        self.annotators.update(annotators)
        if self.documents == 1 and documents:
            for counts in self.counts.values():
                counts.fold()
        self.documents += documents

    def partial(self) -> Partial:
        """Everything that was counted, ready to be sent."""
        return Partial(self.documents, sorted(self.annotators), {n: one.packed() for n, one in self.counts.items()})

    def merge(self, partial: Partial) -> None:
        """Add what was counted of the documents that come next, by a comparison with the same layers and ``brief``."""
        self._count(partial.documents, partial.annotators)
        for name, sent in partial.layers.items():
            tally = unpacked(sent)
            if self.documents > partial.documents == 1:
                tally.fold()
            self.counts[name].merge(tally)

    def result(self) -> Agreement:
        """The agreement in everything that was added."""
        what = "documents" if self.documents > 1 else "units of the only document"
        counted = {name: counts.matrix() for name, counts in self.counts.items() if counts.ends}
        drawn = resampled(list(counted.values()), RESAMPLES)
        layers = {
            name: _measure(self.counts[name], matrix, samples, self.layers[name], by_unit=self.documents == 1)
            for (name, matrix), samples in zip(counted.items(), drawn, strict=True)
        }
        return Agreement(sorted(self.annotators), self.documents, what, RESAMPLES, LEVEL, layers)


# --- measuring ------------------------------------------------------------------------------------------------------

ROWS = 1000  # documents whose figures are worked out together


def _measure(counts: Tally, matrix: csr_array, drawn: Numbers, layer: Layer, *, by_unit: bool) -> LayerAgreement:
    """The agreement in one layer, from its counts by document, and their sums in every bootstrap sample."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - takes long to import

    whole: Numbers = np.asarray(matrix.sum(axis=0), dtype=float)
    result = LayerAgreement(1 if by_unit else matrix.shape[0], disagreements=counts.disagreements)
    for measure in measured(counts.columns, layer):
        rests_on = sum(whole[column] * times for column, times in measure.rests_on)
        value = Value(measure.name, measure.of, _rounded(measure.values(whole)), count=round(rests_on))
        result.values.append(value)
        if value.value is None:
            value.undefined = why_undefined(measure)
        elif measure.name in (*CHAINS, "CoNLL") and by_unit:
            value.no_interval = "chains run through a whole document, and there is one document"
        elif matrix.shape[0] == 1:
            value.no_interval = "there is nothing to draw from"
        else:
            _interval(value, measure.values(drawn))
        if counts.names:
            rows = csr_array(whole[None]) if by_unit else matrix
            found = _by_document(measure, rows)
            name = f"{measure.name} {measure.of}".strip()
            result.by_document[name] = dict(zip(counts.names, found, strict=True))
    result.values += _unitized(counts)
    for (one, other), number in sorted(counts.confusion.items()):
        result.confusion.setdefault(one, {})[other] = number
    return result


def _interval(value: Value, samples: Numbers) -> None:
    defined = samples[~np.isnan(samples)]
    if len(defined) < LEVEL * len(samples):
        value.no_interval = "undefined in too many samples"
    else:
        low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        value.low, value.high = _rounded(low), _rounded(high)


def _by_document(measure: Measure, rows: csr_array) -> Iterator[float | None]:
    for first in range(0, rows.shape[0], ROWS):
        yield from map(_rounded, measure.values(rows[first : first + ROWS].toarray()))


def _unitized(counts: Tally) -> Iterator[Value]:
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


def _rounded(value: float | Numbers) -> float | None:
    return None if np.isnan(value) else round(float(value), 4) + 0.0


# --- the passes of a corpus -------------------------------------------------------------------------------------------


def _by_guidelines(document: Document, guidelines: str, annotators: Sequence[str]) -> Sequence[AnnotationFile]:
    if guidelines:
        return [one for one in document.passes if one.guidelines == guidelines]
    return document.passes if annotators else document.current


RUN = 64  # documents that are counted together


@dataclass(frozen=True)
class Run:
    """Documents that are counted together, and which of their passes."""

    corpus: Corpus
    entries: tuple[Entry, ...]
    annotators: tuple[str, ...]
    guidelines: str


def count_run(run: Run, step: Step | None = None) -> tuple[Partial, int]:
    """What was counted of a run of documents, and how many these are.

    Args:
        run: the documents.
        step: is told of each document.

    Raises:
        KriscError: the errors of the first document that has any.
    """
    comparison = Comparison(run.corpus.layers)
    for entry in run.entries:
        if errors := _add(comparison, run.corpus, entry, run.annotators, run.guidelines):
            raise KriscError(errors)
        if step:
            step(1)
    return comparison.partial(), len(run.entries)


def _add(
    comparison: Comparison, corpus: Corpus, entry: Entry, annotators: Sequence[str], guidelines: str
) -> list[Finding]:
    """Add the chosen passes over a document; returns its errors, with which nothing is added."""
    document, findings = check_document(corpus, entry, adjudicated=False)
    errors = [f for f in findings if f.severity == "error" and f.id != "annotation-missing"]
    if document is None or errors:
        return errors
    named = [(one.annotator, one) for one in _by_guidelines(document, guidelines, annotators)]
    if document.gold is not None:
        named.append((GOLD, document.gold))
    chosen = [(n, f) for n, f in named if n in annotators or (not annotators and n != GOLD)]
    comparison.add(document, [f for _, f in chosen], [n for n, _ in chosen])
    return []


def compare(
    corpus: Corpus,
    documents: Sequence[str] = (),
    annotators: Sequence[str] = (),
    guidelines: str = "",
    progress: Callable[[int, int], None] | None = None,
    engine: Engine = HERE,
) -> Agreement:
    """Compare the passes of a corpus.

    Args:
        corpus: the corpus.
        documents: ids of documents; all when empty.
        annotators: ids of annotators, and ``gold`` for the gold annotation; all passes when empty.
        guidelines: compare the passes by this version of the guidelines; by default by the newest of each document.
        progress: called with documents done and all documents.
        engine: counts runs of documents; the result is the same whichever it is.

    Raises:
        KriscError: a file with errors, or no document with two passes.
    """
    comparison = Comparison(corpus.layers)
    wanted = frozenset(documents)
    number = sum(entry.id in wanted for entry in corpus.index) if wanted else len(corpus.index)
    entries = (entry for entry in corpus.index if not wanted or entry.id in wanted)
    parts = iter(lambda: tuple(islice(entries, RUN)), ())
    runs = (Run(corpus, part, tuple(annotators), guidelines) for part in parts)
    done = 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        if progress:
            progress(done, number)

    for counted, _ in stepwise(engine, count_run, runs, step, lambda made: made[1]):
        comparison.merge(counted)
    if not comparison.documents:
        raise KriscError([Finding("passes-too-few", Place("annotations/passes"))])
    return comparison.result()
