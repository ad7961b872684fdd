"""Near-duplicates of many made documents: time as ratios to a floor and a peer, peak memory, and what was found.

Texts are made anew whenever they are read, so that nothing large is stored. One in 50 documents is a copy of the one
before it with one to three words changed, so that the true Jaccard index of every planted pair is known. The floor
makes the texts, folds them and splits them at blanks. The peer is rensa's index in memory, as KRISC had it before.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from krisc.duplicates import near_duplicates
from krisc.minhash import bands_for
from krisc.shingling import shingles

WORDS = 60
THRESHOLD = 0.8
EVERY = 50  # the last of so many documents is nearly the one before it
CHANGED = ((30,), (30, 31), (20, 40), (15, 30, 45))  # words that are changed: Jaccard 0.90, 0.87, 0.81 and 0.73
_SYLLABLES = [a + b for a in "bdfghjklmnprstwz" for b in "aeiou"]
_VOCABULARY = [one + other + third for one in _SYLLABLES for other in _SYLLABLES for third in ("n", "r", "st", "", "k")]


def names(documents: int) -> Iterator[str]:
    """The names of the documents."""
    return (f"made-{number:07d}" for number in range(documents))


def text_of(name: str) -> str:
    """The text of a document, which follows from its name."""
    number = int(name.removeprefix("made-"))
    copied = number % EVERY == EVERY - 1
    words = random.Random(number - copied).choices(_VOCABULARY, k=WORDS)
    for place in CHANGED[number // EVERY % len(CHANGED)] if copied else ():
        words[place] = f"changed{number}"
    return " ".join(words)


def planted(documents: int) -> dict[tuple[str, str], float]:
    """The true Jaccard index of every document and the one that is nearly it."""
    found = {}
    for number in range(EVERY - 1, documents, EVERY):
        pair = (f"made-{number - 1:07d}", f"made-{number:07d}")
        one, other = (shingles(text_of(name)) for name in pair)
        found[pair] = len(one & other) / len(one | other)
    return found


@dataclass(frozen=True)
class Found:
    """What one run over made documents came to, in a process of its own.

    ``seconds`` are of processor time, ``peak`` and ``before`` KiB of memory at most and before the run; ``planted``
    pairs have at least the threshold's Jaccard index, and ``found`` is how many of them were; ``others`` were told too.
    """

    documents: int
    seconds: float
    peak: int
    before: int
    planted: int
    found: int
    others: int


def run(documents: int) -> Found:
    """Find near-duplicates in this process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    told = {(pair.one, pair.other) for pair in near_duplicates(names(documents), text_of, THRESHOLD)}
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    true = {pair for pair, jaccard in planted(documents).items() if jaccard >= THRESHOLD}
    return Found(documents, seconds, peak, before, len(true), len(told & true), len(told - true))


def run_apart(documents: int) -> Found:
    """Find near-duplicates in a process of its own, whose greatest memory is that of the run."""
    command = [sys.executable, str(Path(__file__).resolve()), "--documents", str(documents), "--alone"]
    return Found(**json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def floor(documents: int) -> None:
    """Make the texts, fold them, and split them at blanks."""
    for name in names(documents):
        text_of(name).casefold().split()


def in_memory(documents: int) -> None:
    """The same with rensa's sketches and index, all in memory."""
    from rensa import RMinHash, RMinHashLSH

    bands = bands_for(THRESHOLD)
    length = bands.bands * bands.rows
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=length, num_bands=bands.bands)
    known: list[str] = []
    for number, name in enumerate(names(documents)):
        mine = shingles(text_of(name))
        sketch = RMinHash(num_perm=length, seed=1)
        sketch.update(sorted(mine))
        for other in index.query(sketch):
            theirs = shingles(text_of(known[other]))
            assert len(mine & theirs) / len(mine | theirs) <= 1
        index.insert(number, sketch)
        known.append(name)


def sketches(documents: int) -> None:
    """Make the texts, and their shingles as sets of strings: what the peer begins with."""
    for name in names(documents):
        shingles(text_of(name))


def krisc(documents: int) -> None:
    """Find near-duplicates as KRISC does."""
    for _ in near_duplicates(names(documents), text_of, THRESHOLD):
        pass


def ratios(documents: int, rounds: int) -> dict[str, float]:
    """Processor time as ratios to the floor: medians of rounds in which all take turns."""
    works: dict[str, Callable[[int], None]] = {
        "floor: texts made, folded and split at blanks": floor,
        "texts made, and shingles as sets of strings": sketches,
        "peer: rensa's sketches and index, in memory": in_memory,
        "krisc: sketched, sorted on disk, compared": krisc,
    }
    times: dict[str, list[float]] = {title: [] for title in works}
    for _ in range(rounds):
        for title, work in works.items():
            start = time.process_time()
            work(documents)
            times[title].append(time.process_time() - start)
    base = next(iter(times.values()))
    return {title: statistics.median(a / b for a, b in zip(some, base, strict=True)) for title, some in times.items()}


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000, help=f"made documents of {WORDS} words")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the ratios, over a tenth as many documents")
    parser.add_argument("--alone", action="store_true", help="find them in this process, and print figures as JSON")
    options = parser.parse_args()
    if options.alone:
        click.echo(json.dumps(asdict(run(options.documents))))
        return
    few = max(EVERY, min(20_000, options.documents // 10))
    click.echo(f"Near-duplicates among {few} made documents of {WORDS} words (1.00 is the floor)")
    for title, ratio in ratios(few, options.rounds).items():
        click.echo(f"  {ratio:7.2f}  {title}")
    small, large = (run_apart(number) for number in (options.documents // 10, options.documents))
    click.echo(f"\nMemory (1.00 is {small.documents} documents, {small.peak // 1024} MB)")
    click.echo(f"  {large.peak / small.peak:7.2f}  {large.documents} documents, {large.peak // 1024} MB")
    for one in (small, large):
        click.echo(
            f"\n{one.documents} documents: {one.seconds * 1e6 / one.documents:.0f} µs of processor time a document, "
            f"{one.found} of {one.planted} planted pairs with a Jaccard index of {THRESHOLD} or more found "
            f"({one.found / max(1, one.planted):.2%}), {one.others} other pair(s) told"
        )


if __name__ == "__main__":
    main()
