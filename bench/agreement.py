"""Speed of agreement between two annotators' spans, against nervaluate, with the same figures.

Made pairs of documents are gone through in slices; every slice is measured by all, one after another, in processor
time. What counts is the median of the ratios over the slices, and that all figures are the same.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from nervaluate import Evaluator
from nervaluate.entities import Entity
from nervaluate.strategies import PartialEvaluation, StrictEvaluation

from krisc.agreement import Comparison
from krisc.alignment import Scores, score
from krisc.document import Document
from krisc.layers import Label, Layer
from krisc.model import Annotation, AnnotationFile, DocumentRecord, Segment

LABELS = ("PERSON", "ORGANIZATION", "GPE", "LOCATION", "FACILITY", "NORP", "TITLE", "WEAPON", "DOCUMENT")
SCHEMES = {"strict": "strict", "boundary": "exact", "partial": "partial", "type": "ent_type"}
WINDOW = 44  # code points to every span, so that each overlaps one of the other side at most: there all define the same
LAYER = Layer(
    "entity", "Entities", "span", "e", 1, "none", "Spans.", {name: Label("A label.", "", "", "") for name in LABELS}
)

Spans = list[tuple[int, int, str]]
Pair = tuple[Spans, Spans]


def made(documents: int, spans: int = 45, seed: int = 0) -> list[Pair]:
    """Two annotators' spans for some documents, in text order: of a hundred, some 8 shifted, 8 relabelled, 8 alone."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(documents):
        ones, others = [], []
        for at in range(0, spans * WINDOW, WINDOW):
            start = at + rng.randrange(10)
            end, label, chance = start + rng.randrange(4, 24), rng.choice(LABELS), rng.random()
            if chance > 0.04:
                ones.append((start, end, label))
            if chance < 0.04 or chance > 0.24:
                others.append((start, end, label))
            elif chance < 0.12:
                others.append((start + rng.randrange(1, 3), end, label))
            elif chance < 0.20:
                others.append((start, end, rng.choice([one for one in LABELS if one != label])))
        pairs.append((ones, others))
    return pairs


def dictionaries(pairs: Sequence[Pair], side: int) -> list[list[dict[str, object]]]:
    """One side as nervaluate reads it, with inclusive ends."""
    return [[{"start": s, "end": e - 1, "label": label} for s, e, label in pair[side]] for pair in pairs]


def entities(pairs: Sequence[Pair], side: int) -> list[list[Entity]]:
    """One side as nervaluate's strategies take it."""
    return [[Entity(label, s, e - 1) for s, e, label in pair[side]] for pair in pairs]


def records(pairs: Sequence[Pair]) -> list[tuple[Document, list[AnnotationFile]]]:
    """The same as documents with two passes, over a text of words of ten letters."""
    text = "abcdefghij " * (max((e for pair in pairs for side in pair for _, e, _ in side), default=0) // 11 + 1)
    values = dict.fromkeys(DocumentRecord.__struct_fields__, "") | {"sources": ()}
    found = []
    for number, pair in enumerate(pairs):
        document = Document(DocumentRecord(**values | {"id": f"d{number}"}), 1, text.encode(), text, None, ())
        passes = [
            AnnotationFile(
                f"d{number}",
                "",
                "1",
                {
                    "entity": tuple(
                        Annotation(f"e{n}", label, segments=(Segment(s, e, text[s:e]),))
                        for n, (s, e, label) in enumerate(side)
                    )
                },
                annotator=name,
            )
            for name, side in zip("ab", pair, strict=True)
        ]
        found.append((document, passes))
    return found


def two_strategies(sides: tuple[list[list[Entity]], list[list[Entity]]]) -> None:
    """Nervaluate's strict and partial strategies alone, over all labels, as no command of it does."""
    for true, pred in zip(*sides, strict=True):
        StrictEvaluation().evaluate(true, pred, list(LABELS))
        PartialEvaluation().evaluate(true, pred, list(LABELS))


def compared(listed: Sequence[tuple[Document, list[AnnotationFile]]]) -> None:
    """The counts of everything that ``krisc agree`` measures of a layer: tokens, kappa, alpha and units as well."""
    comparison = Comparison({"entity": LAYER}, brief=True)
    for document, passes in listed:
        comparison.add(document, passes)


def seconds(call: Callable[[Any], Any], given: object) -> tuple[float, Any]:
    """Processor time of a call, and what it returns."""
    start = time.process_time()
    result = call(given)
    return time.process_time() - start, result


NERVALUATE = "nervaluate: Evaluator, four schemes, and by label"
STRATEGIES = "nervaluate: its strict and partial strategies alone"
SCORE = "krisc: score, four schemes, and strict by label"
COMPARISON = "krisc: Comparison, with tokens, units, and counts by document"


@dataclass
class Measured:
    """Seconds of every contestant in every slice, and the documents measured."""

    documents: int
    times: dict[str, list[float]]

    def ratio(self, one: str, other: str) -> float:
        """How many times as long the one takes as the other: the median over the slices."""
        return statistics.median(a / b for a, b in zip(self.times[one], self.times[other], strict=True))

    def microseconds(self, one: str) -> float:
        """Processor time a document."""
        return sum(self.times[one]) * 1e6 / self.documents


def measure(documents: int, slices: int = 10) -> Measured:
    """Measure all contestants on made pairs.

    Raises:
        AssertionError: the figures are not the same.
    """
    pairs, times = made(documents), {name: [] for name in (NERVALUATE, STRATEGIES, SCORE, COMPARISON)}
    size, mine, theirs = -(-documents // slices), Scores(), dict.fromkeys(SCHEMES, (0, 0, 0, 0, 0))
    for at in range(0, documents, size):
        some = pairs[at : at + size]
        true, pred, listed = dictionaries(some, 0), dictionaries(some, 1), records(some)
        evaluator = Evaluator(true, pred, tags=list(LABELS), loader="dict")
        sides = entities(some, 0), entities(some, 1)
        took, found = seconds(score, some)
        mine.merge(found)
        times[SCORE].append(took)
        took, wanted = seconds(Evaluator.evaluate, evaluator)
        times[NERVALUATE].append(took)
        times[STRATEGIES].append(seconds(two_strategies, sides)[0])
        times[COMPARISON].append(seconds(compared, listed)[0])
        for scheme, name in SCHEMES.items():
            one = wanted["overall"][name]
            added = (one.correct, one.incorrect, one.partial, one.missed, one.spurious)
            theirs[scheme] = tuple(map(sum, zip(theirs[scheme], added, strict=True)))
    for scheme, outcomes in theirs.items():
        assert tuple(mine.outcomes(scheme).values()) == outcomes, scheme
    return Measured(documents, times)


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000, help="made documents with two annotators' 45 spans")
    parser.add_argument("--slices", type=int, default=10, help="slices, over which the median is taken")
    options = parser.parse_args()
    measured = measure(options.pairs, options.slices)
    click.echo(f"Agreement over {options.pairs} pairs of documents, all figures the same")
    for name in measured.times:
        click.echo(f"  {measured.ratio(name, SCORE):7.2f}  {name:62} {measured.microseconds(name):9.0f} µs a pair")
    slower = measured.ratio(NERVALUATE, SCORE)
    click.echo(f"krisc scores a pair {slower:.1f} times as fast as nervaluate's Evaluator")


if __name__ == "__main__":
    main()
