"""Near-duplicates of many made documents: time as ratios to a floor and a peer, peak memory, and what was found.

Texts are made anew whenever they are read, so that nothing large is stored. One in 50 documents is a copy of the one
before it with one to three words changed, so that the true Jaccard index of every planted pair is known. The floor
makes the texts, folds them and splits them at blanks. The peer is rensa's index in memory, as KRISC had it before.
``report`` gives the lines that the bench prints.
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
from collections import deque
from collections.abc import Callable, Iterable, Iterator
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

    ``seconds`` are of processor time, ``peak`` KiB of memory at most; ``planted`` pairs have at least the threshold's
    Jaccard index, and ``found`` is how many of them were told; ``others`` were told too.
    """

    documents: int
    seconds: float
    peak: int
    planted: int
    found: int
    others: int


def run(documents: int, pairs: Callable[[int], Iterable[tuple[str, str]]]) -> Found:
    """Find near-duplicates in this process."""
    start = time.process_time()
    told = set(pairs(documents))
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    true = {pair for pair, jaccard in planted(documents).items() if jaccard >= THRESHOLD}
    return Found(documents, seconds, peak, len(true), len(told & true), len(told - true))


def run_apart(documents: int, who: str = "krisc") -> Found:
    """Find near-duplicates in a process of its own, whose greatest memory is that of the run."""
    command = [sys.executable, str(Path(__file__).resolve()), "--documents", str(documents), "--alone", who]
    return Found(**json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def floor(documents: int) -> None:
    """Make the texts, fold them, and split them at blanks."""
    for name in names(documents):
        text_of(name).casefold().split()


def in_memory(documents: int) -> Iterator[tuple[str, str]]:
    """The pairs by rensa's sketches and index, all in memory."""
    from rensa import RMinHash, RMinHashLSH

    bands = bands_for(THRESHOLD)
    length = bands.bands * bands.rows
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=length, num_bands=bands.bands)
    known: list[str] = []
    for number, name in enumerate(names(documents)):
        mine = shingles(text_of(name))
        sketch = RMinHash(num_perm=length, seed=1)
        sketch.update(sorted(mine))
        for other in sorted(index.query(sketch)):
            theirs = shingles(text_of(known[other]))
            if len(mine & theirs) / len(mine | theirs) >= THRESHOLD:
                yield known[other], name
        index.insert(number, sketch)
        known.append(name)


def sketches(documents: int) -> None:
    """Make the texts, and their shingles as sets of strings: what the peer begins with."""
    for name in names(documents):
        shingles(text_of(name))


def krisc(documents: int) -> Iterator[tuple[str, str]]:
    """The pairs as KRISC finds them."""
    return ((pair.one, pair.other) for pair in near_duplicates(names(documents), text_of, THRESHOLD))


PEERS = {"krisc": krisc, "peer": in_memory}


def crowd(documents: int, changed: int) -> Iterator[str]:
    """Documents after one template, each with some words that no other has, and every tenth one nearly twice.

    It is what the bound on the pairs of a crowd costs most: they agree in bands, and most are not alike.
    """
    rng = random.Random(1)
    template = rng.choices(_VOCABULARY, k=WORDS)
    for number in range(documents):
        words = [*template]
        for place in rng.sample(range(WORDS), changed):
            words[place] = f"own{number}at{place}"
        yield " ".join(words)
        if number % 10 == 0:
            words[rng.randrange(WORDS)] = f"changed{number}"
            yield " ".join(words)


def crowded(documents: int, changed: int) -> tuple[float, float, float]:
    """Of a crowd: the mean Jaccard index of any two, seconds of processor time a document, and recall of the copies."""
    texts = list(crowd(documents, changed))
    rng, sets = random.Random(2), [shingles(text) for text in texts]
    drawn = [rng.sample(sets, 2) for _ in range(2000)]
    common = statistics.mean(len(one & other) / len(one | other) for one, other in drawn)
    near = ((n, n + 1) for n in range(0, len(texts) - 1, 11))
    true = {
        pair for pair in near if len(sets[pair[0]] & sets[pair[1]]) / len(sets[pair[0]] | sets[pair[1]]) >= THRESHOLD
    }
    order = rng.sample(range(len(texts)), len(texts))
    start = time.process_time()
    found = near_duplicates(map(str, order), lambda name: texts[int(name)], THRESHOLD)
    told = {tuple(sorted((int(pair.one), int(pair.other)))) for pair in found}
    return common, (time.process_time() - start) / len(texts), len(told & true) / len(true)


def ratios(documents: int, rounds: int) -> dict[str, float]:
    """Processor time as ratios to the floor: medians of rounds in which all take turns."""
    works: dict[str, Callable[[int], object]] = {
        "floor: texts made, folded and split at blanks": floor,
        "texts made, and shingles as sets of strings": sketches,
        "peer: rensa's sketches and index, in memory": lambda number: deque(in_memory(number), 0),
        "krisc: sketched, sorted on disk, compared": lambda number: deque(krisc(number), 0),
    }
    times: dict[str, list[float]] = {title: [] for title in works}
    for _ in range(rounds):
        for title, work in works.items():
            start = time.process_time()
            work(documents)
            times[title].append(time.process_time() - start)
    base = next(iter(times.values()))
    return {title: statistics.median(a / b for a, b in zip(some, base, strict=True)) for title, some in times.items()}


def report(documents: int, rounds: int) -> Iterator[str]:
    """The lines of the bench: ratios over a tenth as many documents, memory, what was found, and crowds."""
    few = max(EVERY, min(20_000, documents // 10))
    yield f"Near-duplicates among {few} made documents of {WORDS} words (1.00 is the floor)"
    for title, ratio in ratios(few, rounds).items():
        yield f"  {ratio:7.2f}  {title}"
    tenth = documents // 10
    small, large, peer = run_apart(tenth), run_apart(documents), run_apart(tenth, "peer")
    yield f"\nMemory (1.00 is {tenth} documents, {small.peak // 1024} MB)"
    yield f"  {large.peak / small.peak:7.2f}  {documents} documents, {large.peak // 1024} MB"
    yield f"  {peer.peak / small.peak:7.2f}  peer: {tenth} documents, {peer.peak // 1024} MB"
    yield f"\nFound of planted pairs with a Jaccard index of {THRESHOLD} or more"
    for one in (small, large):
        yield (
            f"  {one.found / max(1, one.planted):7.2%}  {one.found} of {one.planted} among {one.documents} documents, "
            f"and {one.others} other(s); {one.seconds * 1e6 / one.documents:.0f} µs of processor time a document"
        )
    yield "\nFound of planted pairs in a crowd of 1000 documents after one template"
    for changed in (4, 2, 1):
        common, seconds, recall = crowded(1000, changed)
        yield f"  {recall:7.2%}  any two with a Jaccard index of {common:.2f}; {seconds * 1e6:.0f} µs a document"


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000, help=f"made documents of {WORDS} words")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the ratios")
    parser.add_argument("--alone", choices=PEERS, help="find them in this process, and print figures as JSON")
    options = parser.parse_args()
    if options.alone:
        click.echo(json.dumps(asdict(run(options.documents, PEERS[options.alone]))))
        return
    for line in report(options.documents, options.rounds):
        click.echo(line)


if __name__ == "__main__":
    main()
