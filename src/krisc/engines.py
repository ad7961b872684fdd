"""Where work runs: in this process, in processes of this machine, or elsewhere (``clusters``).

Work is a function of a module and a sequence of items; the results come back in the order of the items, whoever made
them. An item is worked on again when its worker dies, so functions give the same result each time, and leave nothing
that a second run would trip over. One item alone is worked on here: nothing is started for it.
"""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any, Protocol, TypeVar

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

        When the iterator is closed before its end, what is being worked on is given up.

        Args:
            function: a function of a module, or a ``partial`` of one: it is pickled.
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


HERE = Here()
Step = Callable[[int], None]
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Stepping(Protocol[T_contra, R_co]):
    """A function of an item that tells how many documents of it are done, if there is somebody to tell."""

    def __call__(self, item: T_contra, step: Step | None = None, /) -> R_co:
        """The result of an item."""
        ...


def stepwise(
    engine: Engine, function: Stepping[T, R], items: Iterable[T], step: Step, size: Callable[[R], int]
) -> Iterator[R]:
    """Yield the result of each item, and tell how much of it is done: within an item, if it is worked on here.

    Args:
        engine: where the work runs; it is not asked for one item alone.
        function: a function of a module.
        items: what it is called with.
        step: is told how many documents were done more.
        size: how many documents a result is of.
    """
    source = iter(items)
    first = list(islice(source, 2))
    if len(first) < 2 or engine.workers == 1:
        yield from (function(item, step) for item in chain(first, source))
        return
    for made in engine.map(function, chain(first, source)):
        step(size(made))
        yield made


# --- what travels -----------------------------------------------------------------------------------------------------


def work(task: bytes) -> bytes:
    """Work on an item: takes a pickled function and its item, gives a pickled answer.

    The answer is whether the function came to its end, and what it gave or else raised. An error other than a finding
    has the place where it came up in its notes.
    """
    try:
        function, item = pickle.loads(task)  # noqa: S301 - it comes from the process that began the work
        return pickle.dumps((True, function(item)))
    except KriscError as error:
        return pickle.dumps((False, error))
    except Exception as error:  # whatever it is, it is raised again where the work was begun
        told = "".join(traceback.format_exception(error))
        error.add_note(f"In a worker:\n{told}")
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - some errors cannot be made again from what they tell
            return pickle.dumps((False, error))
        except Exception:  # then its words are raised
            return pickle.dumps((False, RuntimeError(told)))


def _opened(answer: bytes) -> Any:  # noqa: ANN401 - whatever the function gives
    """The result in an answer.

    Raises:
        Exception: what the function raised.
    """
    complete, value = pickle.loads(answer)  # noqa: S301 - it comes from a worker of ours
    if complete:
        return value
    raise value


Begun = TypeVar("Begun")


def mapped(
    function: Callable[[T], R],
    items: Iterable[T],
    most: int,
    begin: Callable[[bytes], Begun],
    answer: Callable[[Begun], bytes],
    stop: Callable[[Iterable[Begun]], None],
) -> Iterator[R]:
    """Yield the results of items that are worked on elsewhere; of one item alone, here.

    Args:
        function: what is called.
        items: what it is called with.
        most: how many items are handed out at a time.
        begin: hands a task out (see ``work``).
        answer: waits for the answer to a task.
        stop: is given the tasks that are handed out and not answered, at the end, however that comes.
    """
    source = iter(items)
    first = list(islice(source, 2))
    if len(first) < 2:
        yield from map(function, first)
        return
    source = chain(first, source)
    waiting: deque[Begun] = deque()
    try:
        while True:
            waiting.extend(begin(pickle.dumps((function, item))) for item in islice(source, most - len(waiting)))
            if not waiting:
                return
            made = answer(waiting[0])
            waiting.popleft()
            yield _opened(made)
    finally:
        stop(waiting)


def lost(workers: int, times: int = ATTEMPTS) -> KriscError:
    """The finding of work that its workers do not survive."""
    return KriscError([Finding("worker-lost", Place("engine"), {"times": times, "workers": workers})])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let processes that start meanwhile never see Ctrl-C: this process sees it, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415 - only where there are signals

    resource_tracker.ensure_running()  # which would undo what is done here when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- processes of this machine ----------------------------------------------------------------------------------------


class _Worker:
    """A process that works on one task at a time."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with uninterrupted():
            self._process.start()
        theirs.close()

    def work(self, task: bytes) -> bytes | None:
        """The answer to a task; None when the process died."""
        try:
            self._pipe.send_bytes(task)
            return self._pipe.recv_bytes()
        except (EOFError, OSError):
            return None

    def kill(self) -> None:
        """Let the process die at once."""
        self._process.kill()

    def end(self) -> None:
        """Let the process die, and wait until it has."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe: Connection) -> None:
    """Work on tasks until there is nobody who could send one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(work(pipe.recv_bytes()))


class _Call:
    """One call of ``map``, and whether it is over."""

    ended = False


class Processes:
    """Runs items in processes of this machine, which start when there is work for two of them, and stay.

    Each has a thread here that waits for it: so it is known which item a process died of.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._threads = ThreadPoolExecutor(workers, "worker")
        self._lock = Lock()
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, _Call] = {}

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the result of each item, in their order."""
        call = _Call()

        def begin(task: bytes) -> Future[bytes]:
            return self._threads.submit(self._work, call, task)

        return mapped(function, items, self.workers * AHEAD, begin, Future.result, partial(self._stop, call))

    def close(self) -> None:
        """End the processes."""
        for call in {*self._busy.values()}:
            self._stop(call, ())
        self._threads.shutdown(cancel_futures=True)
        while self._idle:
            self._idle.pop().end()

    def _work(self, call: _Call, task: bytes) -> bytes:
        """The answer to a task, from whichever process survives it."""
        for _ in range(ATTEMPTS):
            worker = self._free(call)
            answer = worker.work(task)
            with self._lock:
                del self._busy[worker]
                stays = answer is not None and not call.ended
                if stays:
                    self._idle.append(worker)
            if not stays:
                worker.end()
            if answer is not None:
                return answer
        raise lost(self.workers)

    def _free(self, call: _Call) -> _Worker:
        with self._lock:
            if call.ended:
                raise CancelledError
            worker = self._idle.pop() if self._idle else _Worker()
            self._busy[worker] = call
            return worker

    def _stop(self, call: _Call, futures: Iterable[Future[bytes]]) -> None:
        """Give up a call: when this is done, no process works on it any more."""
        running = [future for future in futures if not future.cancel()]
        with self._lock:
            call.ended = True
            for worker, other in self._busy.items():
                if other is call:
                    worker.kill()
        wait(running)


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
