"""The options of commands whose work can run in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from krisc.engines import Engine


@dataclass(frozen=True)
class EngineOptions:
    """What was asked for: an engine, how many workers, and where its scheduler is."""

    name: str
    workers: int
    scheduler: str

    @contextmanager
    def started(self) -> Iterator[Engine]:
        """The engine, running."""
        from krisc.clusters import ENGINES  # noqa: PLC0415 - heavy imports wait

        with ENGINES[self.name](self.workers, self.scheduler) as engine:
            yield engine


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--engine``, ``--workers`` and ``--scheduler``, as one argument ``engine``."""

    @wraps(command)
    def wrapped(*args: Any, name: str, workers: int, scheduler: str, **more: Any) -> Any:  # noqa: ANN401 - click's
        if scheduler and name != "dask":
            raise click.UsageError("--scheduler is of --engine dask")
        return command(*args, engine=EngineOptions(name, workers, scheduler), **more)

    engine = click.option(
        "--engine",
        "name",
        type=click.Choice(["local", "dask"]),
        default="local",
        show_default=True,
        help="Where the work runs: processes on this machine, or Dask workers.",
    )
    number = click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=0,
        show_default="one a processor",
        help="How many processes; 1 for no other process.",
    )
    address = click.option("--scheduler", default="", metavar="ADDRESS", help="Of a running Dask cluster.")
    return engine(number(address(wrapped)))
