"""Work on a cluster of Dask workers, be they on other machines or on this one; and the registry of engines."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from krisc.engines import AHEAD, ATTEMPTS, Engine, Here, local, lost, mapped, processors, uninterrupted, work
from krisc.findings import Finding, KriscError, Place
from krisc.memory import program

T = TypeVar("T")
R = TypeVar("R")
PATIENCE = 10  # seconds in which a scheduler answers


def work_alike(made: str, task: bytes) -> bytes:
    """``work``, if this program and its libraries are those of the process that began the work.

    Args:
        made: what ``program`` says there.
        task: the task.
    """
    if program() == made:
        return work(task)
    return pickle.dumps((False, failed("a worker has another version of krisc, or of the libraries under it")))


def failed(reason: str) -> KriscError:
    """The finding of a cluster that cannot be worked with."""
    return KriscError([Finding("cluster-failed", Place("engine"), {"reason": reason})])


class Dask:
    """Runs items on Dask workers: of a running cluster, or of one of this machine that starts when there is work.

    Raises:
        KriscError: ``extra-missing``; ``cluster-failed`` when no scheduler answers at the address.
    """

    def __init__(self, workers: int, scheduler: str) -> None:
        self._workers = workers
        self._scheduler = scheduler
        self._client: Any = None  # distributed.Client
        self._cluster: Any = None  # distributed.LocalCluster
        self._program = program()
        _distributed()
        if scheduler:
            self._started()

    @property
    def workers(self) -> int:
        """How many items are worked on at a time: as were asked for, or as the cluster has threads, at least two."""
        return self._workers or max(2, sum(self._started().nthreads().values()))

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the result of each item, in their order."""
        return mapped(function, items, self.workers * AHEAD, self._begin, self._answer, self._stop)

    def close(self) -> None:
        """Leave the cluster, and end it if it is ours."""
        client, cluster = self._client, self._cluster
        self._client = self._cluster = None
        for one in (client, cluster):
            if one is not None:
                one.close()

    def _started(self) -> Any:  # noqa: ANN401 - distributed.Client
        if self._client is None:
            distributed = _distributed()
            try:
                if not self._scheduler:
                    self._cluster = _cluster(self._workers)
                self._client = distributed.Client(
                    self._scheduler or self._cluster, set_as_default=False, timeout=PATIENCE
                )
            except (OSError, ValueError) as error:
                self.close()
                raise failed(f"{self._scheduler}: {error}") from None
        return self._client

    def _begin(self, task: bytes) -> Any:  # noqa: ANN401 - distributed.Future
        import dask  # noqa: PLC0415 - an optional library, which is there

        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
            return self._started().submit(work_alike, self._program, task, pure=False)

    def _answer(self, future: Any) -> bytes:  # noqa: ANN401 - distributed.Future
        killed = _distributed().KilledWorker
        try:
            return bytes(future.result())
        except killed as error:
            raise lost(self.workers, error.allowed_failures + 1) from None
        except Exception as error:  # what the function raises is in the answer: this is of the cluster
            raise failed(str(error) or type(error).__name__) from None

    def _stop(self, futures: Iterable[Any]) -> None:
        """Give up tasks: what has begun comes to its end unheard, or ends with a cluster of ours."""
        left = list(futures)
        if left and self._client is not None:
            self._client.cancel(left, force=True)


def _distributed() -> Any:  # noqa: ANN401 - the library is optional
    try:
        import distributed  # noqa: PLC0415 - an optional library
    except ImportError:
        data: dict[str, object] = {"library": "distributed", "extra": "dask"}
        raise KriscError([Finding("extra-missing", Place(""), data)]) from None
    return distributed


def _cluster(workers: int) -> Any:  # noqa: ANN401 - distributed.LocalCluster
    """A cluster of this machine that says nothing, and has no page of its own."""
    with uninterrupted():
        return _distributed().LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            memory_limit=None,
            scheduler_kwargs={"allowed_failures": ATTEMPTS - 1, "dashboard": False},
        )


@contextmanager
def dask(workers: int = 0, scheduler: str = "") -> Iterator[Engine]:
    """Dask workers of a running cluster, or worker processes of this machine.

    Args:
        workers: how many items are worked on at a time; 0 for as many as the cluster has threads, or the machine
            processors; 1 for no process but this one.
        scheduler: address of a scheduler, such as ``tcp://10.0.0.1:8786``; without one, a cluster is started here.

    Raises:
        KriscError: ``extra-missing``; ``cluster-failed`` when no scheduler answers at the address.
    """
    number = workers or (0 if scheduler else processors())
    if number == 1:
        yield Here()
        return
    with _silence():
        cluster = Dask(number, scheduler)
        try:
            yield cluster
        finally:
            cluster.close()


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the library from writing to the terminal meanwhile: what matters is told as a finding."""
    _distributed()  # which sets levels when it is imported
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = [(logger, logger.level) for logger in map(logging.getLogger, names)]
    for logger, _ in before:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)


# The registry: an engine is started with a number of workers, and the address of its scheduler, if it has one.
ENGINES = {"local": local, "dask": dask}
