"""Compiles all shards of a corpus: where the work runs, and what of it is remembered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from krisc.compiling import Done, Shard, clear, compile_shard, documents_of, keep, key_of, place, recall
from krisc.engines import Engine, Here, Step, stepwise
from krisc.memory import Memory
from krisc.sharding import shards
from krisc.splits import assign
from krisc.store import Corpus

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class How:
    """How to compile: where the work runs, which tables (all when none is named), and who is told of progress.

    With ``remember``, shards that are as they were when the corpus folder was compiled last are taken from its memory.
    """

    engine: Engine = field(default_factory=Here)
    only: tuple[str, ...] = ()
    progress: Progress | None = None
    remember: bool = False


def compiled(stage: Path, corpus: Corpus, how: How) -> Iterator[Done]:
    """Compile every shard that is not remembered, and yield all of them in order."""
    total, count = len(corpus.index), 0

    def step(number: int) -> None:
        nonlocal count
        count += number
        if how.progress:
            how.progress(count, total)

    runs = shards(assign(corpus.index, corpus.config.splits, corpus.pinned), total)
    tasks = (Shard(corpus, number, tuple(run), stage, how.only) for number, run in enumerate(runs))
    waiting: deque[tuple[Shard, str, Done | None]] = deque()
    for done in stepwise(how.engine, compile_shard, _missing(tasks, corpus.memory, waiting), step, documents_of):
        while waiting[0][2] is not None:
            yield _known(waiting.popleft(), step)
        task, key, _ = waiting.popleft()
        place(task, done)
        if corpus.memory and key:
            keep(task, done, corpus.memory, key)
        yield done
    while waiting:
        yield _known(waiting.popleft(), step)
    clear(stage)


def _missing(
    tasks: Iterable[Shard], memory: Memory | None, waiting: deque[tuple[Shard, str, Done | None]]
) -> Iterator[Shard]:
    """Yield the shards that are not remembered; every shard goes to the queue, with what is known of it."""
    for task in tasks:
        key = ""
        if memory:
            with suppress(OSError):  # a file that cannot be read is found by the checks
                key = key_of(task, memory)
        known = recall(task, memory, key) if memory and key else None
        waiting.append((task, key, known))
        if known is None:
            yield task


def _known(one: tuple[Shard, str, Done | None], step: Step) -> Done:
    task, _, done = one
    assert done is not None  # noqa: S101 - those without are compiled
    step(len(task.documents))
    return done
