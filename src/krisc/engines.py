"""Where work runs: in this process, in processes of this machine, or on a cluster of Dask workers.

Work is a function of a module and a sequence of items; the results come back in the order of the items, whoever made
them. An item is worked on again when its worker dies, so that functions must give the same result each time and may
leave nothing but files that a second run writes over.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Protocol, TypeVar

from krisc.findings import Finding, KriscError, Place

T = TypeVar("T")
R = TypeVar("R")
ATTEMPTS = 3  # how often an item may lose its worker before that is its own fault
AHEAD = 2  # items a worker that are handed out before their turn: memory holds the results of no more


class Engine(Protocol):
    """Runs a function on items."""

    @property
    def workers(self) -> int:
        """How many items are worked on at a time."""
        ...

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the result of each item, in their order.

        Args:
            function: a function of a module, which pickles by its name.
            items: what it is called with, one by one; they and the results are pickled.

        Raises:
            KriscError: what the function raises; ``worker-lost`` when an item has lost its worker three times.
        """
        ...


class Here:
    """Runs everything in this process."""

    workers = 1

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the result of each item."""
        return map(function, items)


class Processes:
    """Runs items in processes of this machine, which start when there is work for two of them."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the result of each item, in their order; a pool that lost a worker is replaced, its items retried."""
        waiting: deque[tuple[T, Future[R], int]] = deque()
        source = iter(items)
        try:
            while True:
                for item in _some(source, self.workers * AHEAD - len(waiting)):
                    waiting.append((item, self._submit(function, item), 1))
                if not waiting:
                    return
                item, future, attempt = waiting.popleft()
                try:
                    result = future.result()
                except BrokenProcessPool:
                    if attempt >= ATTEMPTS:
                        raise lost(str(self.workers)) from None
                    self.close()
                    again = [(item, attempt + 1), *((one, number) for one, _, number in waiting)]
                    waiting = deque((one, self._submit(function, one), number) for one, number in again)
                    continue
                yield result
        finally:
            for _, future, _ in waiting:
                future.cancel()

    def _submit(self, function: Callable[[T], R], item: T) -> Future[R]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"))
        try:
            return self._pool.submit(function, item)
        except BrokenProcessPool as error:
            future: Future[R] = Future()
            future.set_exception(error)
            return future

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _some(source: Iterator[T], number: int) -> Iterator[T]:
    for _ in range(number):
        try:
            yield next(source)
        except StopIteration:
            return


def lost(name: str) -> KriscError:
    """The finding of work that its workers do not survive."""
    return KriscError([Finding("worker-lost", Place("engine"), {"times": ATTEMPTS, "workers": name})])


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def local(workers: int = 0, _: str = "") -> Iterator[Engine]:
    """Processes on this machine; 0 for as many as there are processors, 1 for no process but this one."""
    number = workers or processors()
    if number == 1:
        yield Here()
        return
    pool = Processes(number)
    try:
        yield pool
    finally:
        pool.close()


# The registry: an engine is started with a number of workers, and the address of its scheduler, if it has one.
ENGINES = {"local": local}
