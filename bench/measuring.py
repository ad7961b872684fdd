"""Measures contestants side by side: processor time, wall time and memory, as ratios to one of them.

Other work on the machine slows everything that runs at the time. So every contestant runs once in each round, is
compared with what the others took in the same round, and the median of the rounds counts.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Literal

Kind = Literal["cpu", "wall"]
ROUNDS = 5
BUSY = 0.5  # load before the run, in processors, above which the page says that the machine was busy
PACKAGES = (
    "bioc",
    "datasets",
    "jsonschema",
    "jsonschema-rs",
    "msgspec",
    "nervaluate",
    "numpy",
    "orjson",
    "pyarrow",
    "regex",
    "rensa",
    "spacy",
)


@dataclass(frozen=True)
class Contestant:
    """Something to be measured.

    Args:
        name: how tables call it.
        work: does it once.
        documents: how many documents that deals with.
        prepare: done before each time, and not measured.
        scaled: whether these are fewer documents than others had, so that times are shown as if for as many.
    """

    name: str
    work: Callable[[], object]
    documents: int
    prepare: Callable[[], object] | None = None
    scaled: bool = False


@dataclass
class Figures:
    """What a contestant took: seconds a document in each round, of all its processes together, and of the clock.

    ``memory`` is the most that its largest process held, in bytes, Python and packages included.
    """

    name: str
    documents: int
    scaled: bool = False
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    memory: int | None = None

    def seconds(self, kind: Kind) -> list[float]:
        """Seconds a document in each round."""
        return self.cpu if kind == "cpu" else self.wall

    def speed(self, kind: Kind) -> float:
        """Documents a second, in the middle round."""
        return 1 / median(self.seconds(kind))

    def times(self, other: Figures, kind: Kind = "cpu") -> float:
        """How many times as long as another contestant it took: the median of the rounds' ratios."""
        pairs = zip(self.seconds(kind), other.seconds(kind), strict=True)
        return median(mine / theirs for mine, theirs in pairs)


@dataclass
class Step:
    """Contestants at one task, and what they took; each is held against the first one and against ``peer``.

    ``sums`` are contestants whose time is the sum of others': what does one thing after the other.
    """

    name: str
    title: str
    contestants: Sequence[Contestant]
    peer: str
    note: str = ""
    sums: dict[str, tuple[str, str]] = field(default_factory=dict)
    figures: dict[str, Figures] = field(default_factory=dict)

    def measure(self, rounds: int = ROUNDS) -> None:
        """Let every contestant run once in each round."""
        self.figures = {one.name: Figures(one.name, one.documents, one.scaled) for one in self.contestants}
        for one in (one for _ in range(rounds) for one in self.contestants):
            cpu, wall = timed(one)
            self.figures[one.name].cpu.append(cpu / one.documents)
            self.figures[one.name].wall.append(wall / one.documents)
        for name, parts in self.sums.items():
            first, then = (self.figures[part] for part in parts)
            figures = Figures(name, min(first.documents, then.documents), first.scaled or then.scaled)
            figures.cpu = [mine + theirs for mine, theirs in zip(first.cpu, then.cpu, strict=True)]
            figures.wall = [mine + theirs for mine, theirs in zip(first.wall, then.wall, strict=True)]
            self.figures[name] = figures


def timed(one: Contestant) -> tuple[float, float]:
    """Let a contestant run once; returns seconds of processor time, children included, and of wall time."""
    if one.prepare:
        one.prepare()
    gc.collect()
    cpu, wall = _processor(), time.perf_counter()
    one.work()
    return _processor() - cpu, time.perf_counter() - wall


def _processor() -> float:
    """Processor time of this process and of its children that have ended, in seconds."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak() -> int:
    """The most memory that this process, or its largest child that has ended, has held so far, in bytes.

    ``ru_maxrss`` of a program includes what the process held that started it, so on Linux this process is asked for its
    own high-water mark (getrusage(2), proc(5)).
    """
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                own = int(line.split()[1]) * 1024
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit)


def memory_of(program: Path, *arguments: str) -> int:
    """What ``peak`` says at the end of a program of its own, which prints it as its last line."""
    done = subprocess.run([sys.executable, str(program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{program.name} {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return int(json.loads(done.stdout.splitlines()[-1]))


@dataclass
class Machine:
    """Where it was measured."""

    processor: str
    cores: int
    memory: int  # bytes
    system: str
    python: str
    packages: dict[str, str]
    load: float  # processors at work in the last minute before the run

    @property
    def busy(self) -> bool:
        """Whether somebody else was at work."""
        return self.load > BUSY


def machine() -> Machine:
    """The machine, as it is now."""
    return Machine(
        processor=_named("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=dict(_versions()),
        load=os.getloadavg()[0],
    )


def _named(path: str, name: str) -> str:
    with suppress(OSError):
        for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return ""


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield name, version(name)
