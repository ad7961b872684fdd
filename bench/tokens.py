"""Speed of tokens with offsets and of aligning spans to them, in turns with spaCy on the same made documents.

Prints processor time a document and the middle of the ratios of all rounds, since a shared machine is noisy.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from itertools import repeat
from statistics import median

import click
import spacy
from spacy.training import offsets_to_biluo_tags

from bench import made
from krisc.spans import token_ranges
from krisc.tokens import iob2, token_arrays, tokenize


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=200, help="made documents of 2,000 characters")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, all works in turns in each")
    options = parser.parse_args()
    rng = random.Random(0)
    pairs = [made(number, rng) for number in range(options.documents)]
    found = [(text, [a["segments"][0] for a in layers["entity"]]) for text, layers in pairs]
    texts = [(text, [(s["start"], s["end"]) for s in segments]) for text, segments in found]
    blank = spacy.blank("en")

    def aligned() -> None:
        for text, spans in texts:
            assert token_ranges(*token_arrays(text), spans)[2].all()

    def tagged() -> None:
        for text, spans in texts:
            starts, ends = token_arrays(text)
            first, last, _ = token_ranges(starts, ends, spans)
            iob2(list(zip(first.tolist(), last.tolist(), repeat("X"), strict=False)), len(starts))

    def peer() -> None:
        for text, spans in texts:
            offsets_to_biluo_tags(blank(text), [(start, end, "X") for start, end in spans])

    works: dict[str, Callable[[], object]] = {
        "spaCy: blank English, offsets_to_biluo_tags": peer,
        "krisc: tokens, lists": lambda: [tokenize(text) for text, _ in texts],
        "krisc: tokens, arrays": lambda: [token_arrays(text) for text, _ in texts],
        "krisc: tokens, spans aligned": aligned,
        "krisc: tokens, spans aligned, IOB2 tags": tagged,
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(options.rounds):
        for name, work in works.items():
            start = time.process_time()
            work()
            times[name].append((time.process_time() - start) / len(texts) * 1e6)
    base = next(iter(times.values()))
    for name, taken in times.items():
        ratio = median(one / other for one, other in zip(base, taken, strict=True))
        click.echo(f"{median(taken):8.1f} µs  {ratio:6.1f} times as fast as spaCy  {name}")


if __name__ == "__main__":
    main()
