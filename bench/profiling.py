"""Where the processor time of a piece of work goes: by module and by function, as cProfile sees it.

cProfile makes calls dearer than they are, and what happens in compiled code counts for the function that called it.
"""

from __future__ import annotations

import cProfile
import pstats
import sysconfig
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

TOP = 25


@dataclass(frozen=True)
class Line:
    """A function or a module, the share of all time that is its own, and how often it was called."""

    name: str
    share: float
    calls: int


@dataclass(frozen=True)
class Profile:
    """The functions and the modules that took longest, longest first."""

    functions: list[Line]
    modules: list[Line]


def profiled(work: Callable[[], object], top: int = TOP) -> Profile:
    """Run something under cProfile."""
    profile = cProfile.Profile()
    profile.runcall(work)
    stats: Any = pstats.Stats(profile)  # its documented ways only print
    return summary(stats.stats, top)


def summary(stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]], top: int = TOP) -> Profile:
    """What a profile comes to.

    Args:
        stats: by file, line and function: calls without and with recursion, own and whole seconds, and callers.
        top: how many functions and modules to keep.
    """
    total = sum(own for _, _, own, _, _ in stats.values()) or 1.0
    modules: defaultdict[str, float] = defaultdict(float)
    calls: Counter[str] = Counter()
    functions = []
    for (file, _, function), (_, called, own, _, _) in stats.items():
        module = module_of(file)
        modules[module] += own
        calls[module] += called
        functions.append(Line(f"{module}: {function}" if file != "~" else function, own / total, called))
    functions.sort(key=lambda line: (-line.share, line.name))
    listed = [Line(name, own / total, calls[name]) for name, own in modules.items()]
    listed.sort(key=lambda line: (-line.share, line.name))
    return Profile(functions[:top], listed[:top])


def module_of(file: str) -> str:
    """What a file is called in a table: its module, of a package of somebody else only the package."""
    if file.startswith(("~", "<")):
        return "compiled code"
    parts = PurePath(file).with_suffix("").parts
    for folder in ("site-packages", "dist-packages"):
        if folder in parts:
            return parts[parts.index(folder) + 1]
    if "krisc" in parts:
        return ".".join(parts[len(parts) - 1 - parts[::-1].index("krisc") :])
    standard = PurePath(sysconfig.get_path("stdlib")).parts
    return parts[len(standard)] if parts[: len(standard)] == standard else parts[-1]
