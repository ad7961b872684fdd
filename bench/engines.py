"""Where shards are compiled: processes of this machine, a plain ProcessPoolExecutor, and Dask, on the same shards.

    python bench/engines.py --documents 2000 --rounds 7

All are started once, which is told apart, and then compile the same corpus in turn, in an order that changes from round
to round. What counts is the median of the ratios to the engine of this machine within a round: of time, and of the
processor time of this process and all under it.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import corpora
import psutil

from krisc import compiling, sharding
from krisc.clusters import ENGINES
from krisc.compiling import Shard, clear
from krisc.engines import Engine
from krisc.splits import assign
from krisc.store import Corpus


class Plain:
    """What there is without an engine: it hands everything out at once, and one death ends it."""

    def __init__(self, pool: ProcessPoolExecutor, workers: int) -> None:
        self.pool, self.workers = pool, workers

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        """The results in order."""
        return self.pool.map(function, items)


@contextmanager
def plain(workers: int = 0, _: str = "") -> Iterator[Plain]:
    """A plain pool."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield Plain(pool, workers)


CONTESTANTS = {**ENGINES, "plain": plain}


def processor_time() -> float:
    """Seconds of this process and of all under it, be they over or not."""
    mine = psutil.Process()
    every = [mine, *mine.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in every) + sum(mine.cpu_times()[2:4])


def shards_of(corpus: Corpus, size: int, stage: Path) -> list[Shard]:
    """The tasks of one compile."""
    sharding.SIZE = size
    assigned = assign(corpus.index, corpus.config.splits, corpus.pinned)
    runs = sharding.shards(assigned, len(corpus.index))
    return [Shard(corpus, number, tuple(run), stage) for number, run in enumerate(runs)]


def compiled(engine: Engine, tasks: list[Shard], stage: Path) -> tuple[float, float, list[str]]:
    """Seconds, seconds of processors, and the hashes of all files."""
    begun, used = time.perf_counter(), processor_time()
    hashes = [one.sha256 for done in engine.map(compiling.compile_shard, tasks) for one in done.written]
    taken = time.perf_counter() - begun, processor_time() - used
    clear(stage)
    return *taken, hashes


@click.command()
@click.option("--documents", default=2000, show_default=True)
@click.option("--size", default=64, show_default=True, help="Documents a shard.")
@click.option("--workers", default=2, show_default=True)
@click.option("--rounds", default=7, show_default=True)
def main(documents: int, size: int, workers: int, rounds: int) -> None:
    """Measure, and print what came out."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(corpora.build(Path(folder) / "corpus", documents, workers=workers))
        stage = Path(folder) / "stage"
        stage.mkdir()
        tasks = shards_of(corpus, size, stage)
        found: dict[str, list[tuple[float, float, list[str]]]] = {name: [] for name in CONTESTANTS}
        with ExitStack() as stack:
            engines = {}
            for name, start in CONTESTANTS.items():
                begun = time.perf_counter()
                engines[name] = stack.enter_context(start(workers, ""))
                list(engines[name].map(partial(pow, 2), range(2 * workers)))
                click.echo(f"{name}: started after {time.perf_counter() - begun:.1f} s")
                compiled(engines[name], tasks[: 2 * workers], stage)  # everything is imported now
            order = list(CONTESTANTS)
            for number in range(rounds):
                random.Random(number).shuffle(order)
                for name in order:
                    found[name].append(compiled(engines[name], tasks, stage))
                    click.echo(
                        f"round {number}: {name} {found[name][-1][0]:.1f} s, {found[name][-1][1]:.1f} s", err=True
                    )
        assert len({str(hashes) for made in found.values() for _, _, hashes in made}) == 1, "the same bytes"
        click.echo(f"{documents} documents in {len(tasks)} shards, {workers} workers, {os.cpu_count()} processors")
        for name, made in found.items():
            for which, what in enumerate(("time", "processor time")):
                ratios = sorted(one[which] / base[which] for one, base in zip(made, found["local"], strict=True))
                seconds = statistics.median(one[which] for one in made)
                click.echo(
                    f"{name}: {what} {seconds:.2f} s, {statistics.median(ratios):.3f} of local"
                    f" ({ratios[0]:.3f} to {ratios[-1]:.3f})"
                )


if __name__ == "__main__":
    main()
