"""Makes the smallest corpus that validates, compiles and loads: one constructed sentence, two layers, one entity.

The files are in the package's ``starter/`` folder; the two that depend on the text (its hash, its offsets) are made by
the same functions that check them.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from krisc.authoring import import_file
from krisc.files import write_atomically
from krisc.findings import Finding, KriscError, Place
from krisc.store import Corpus


def _files(folder: Traversable, base: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for child in sorted(folder.iterdir(), key=lambda c: c.name):
        name = f"{base}{child.name}"
        found |= _files(child, f"{name}/") if child.is_dir() else {name: child.read_bytes()}
    return found


def create(folder: Path) -> list[str]:
    """Make a corpus in a new or empty folder; returns the names of its files.

    Raises:
        KriscError: ``folder-not-empty``, or ``output-unwritable``.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise KriscError([Finding("folder-not-empty", Place(str(folder)), {"folder": str(folder)})])
    files = _files(resources.files("krisc").joinpath("starter"))
    for name, data in files.items():
        write_atomically(folder / name, data)
    import_file(Corpus(folder), folder / "annotations" / "example.txt", gold=True)
    return [*files, "annotations/gold/example.json"]
