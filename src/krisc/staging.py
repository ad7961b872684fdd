"""Puts a release in its place: all of it or nothing, in a folder or in an object store."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from krisc.facts import FileFacts
from krisc.files import unwritable
from krisc.findings import Finding, KriscError, Place
from krisc.reading import opened
from krisc.store import Corpus

MANIFEST = "release.json"
CHECKSUMS = "SHA256SUMS"
PARTIAL = ".partial"  # a file in a folder of an object store while a release is put there
REMOVALS = 3  # of a folder in which a worker far away, which nobody can stop, may still begin a file


def target_of(corpus: Corpus, out: str | Path) -> Path:
    """The folder for a release that somebody named.

    Raises:
        KriscError: ``folder-not-empty``, when something else than a release stands there.
    """
    target = opened(out)
    ours = (target / MANIFEST, target / PARTIAL)
    if target.exists() and not any(path.is_file() for path in ours) and (not target.is_dir() or any(target.iterdir())):
        raise KriscError([Finding("folder-not-empty", Place(corpus.name(target)), {"folder": corpus.name(target)})])
    return target


def put(stage: Path, target: Path, corpus: Corpus, *, replace: bool) -> bool:
    """Put a folder that was written in its place; returns False when the same stands there already.

    Raises:
        KriscError: ``release-differs``, when a release with other bytes stands there and is not to be replaced.
    """
    there = target.exists() if isinstance(target, Path) else (target / MANIFEST).is_file()
    if there:
        changed = list(differences(stage, target))
        if not changed:
            return False
        if not replace:
            data = {"version": corpus.config.version, "changed": ", ".join(name for name, _ in changed[:5])}
            raise KriscError([Finding("release-differs", Place(corpus.name(target)), data)])
    if isinstance(target, Path):
        swap(stage, target)
    else:
        from krisc import remote  # noqa: PLC0415 - it is heavy, and seldom needed

        remote.put(stage, target, (CHECKSUMS, MANIFEST), PARTIAL)
    return True


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """A new folder beside the target, on the same disk, which is gone afterwards whatever happens.

    For a target in an object store, it is one for temporary files.
    """
    if not isinstance(target, Path):
        with _staging_for(target) as stage:
            yield stage
        return
    new = not target.parent.exists()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _recover(target)
        stage = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.partial-"))
    except OSError as error:
        raise unwritable(target, error) from None
    try:
        stage.chmod(0o755)
        yield stage
    except OSError as error:
        raise unwritable(target, error) from None
    finally:
        for _ in range(REMOVALS):
            shutil.rmtree(stage, ignore_errors=True)
            if not stage.exists():
                break
        if new:
            with suppress(OSError):  # it is not empty: something was written
                target.parent.rmdir()


@contextmanager
def _staging_for(target: Path) -> Iterator[Path]:
    """A new folder for what goes to an object store, after it was made sure that something can be written there."""
    from krisc.remote import sizes  # noqa: PLC0415 - it is heavy, and seldom needed

    mark = target / PARTIAL
    try:
        mark.write_bytes(b"A release is being made.\n")
        with tempfile.TemporaryDirectory(prefix="krisc-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        raise unwritable(target, error) from None
    finally:
        with suppress(OSError, KriscError):
            if (target / MANIFEST).is_file() or [*sizes(target)] == [PARTIAL]:
                mark.unlink()


def _previous(target: Path) -> Path:
    return target.parent / f".{target.name}.previous"


def _recover(target: Path) -> None:
    """Bring back a release that an interruption caught between the two renames of a swap."""
    previous = _previous(target)
    if previous.exists() and not target.exists():
        previous.rename(target)
    elif previous.exists():
        shutil.rmtree(previous)


def swap(stage: Path, target: Path) -> None:
    """Put the new folder in the old one's place, all of it or nothing."""
    for path in [*stage.rglob("*"), stage]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    previous = _previous(target)
    if target.exists():
        target.rename(previous)
    try:
        stage.rename(target)
    except BaseException:
        if previous.exists():
            previous.rename(target)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def file_facts(path: Path) -> FileFacts:
    """Size and SHA-256 of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileFacts(path.stat().st_size, digest)


def differences(made: Path, found: Path) -> Iterator[tuple[str, str]]:
    """Yield ``(file, problem)`` for every file in which two folders differ, by name; the second may be in a store."""
    if not isinstance(found, Path):
        from krisc import remote  # noqa: PLC0415 - it is heavy, and seldom needed

        yield from remote.differences(made, found, (CHECKSUMS, MANIFEST), PARTIAL)
        return
    names = {p.relative_to(root).as_posix() for root in (made, found) for p in root.rglob("*") if p.is_file()}
    for name in sorted(names):
        one, other = made / name, found / name
        if not other.exists():
            yield name, "is missing"
        elif not one.exists():
            yield name, "should not be there"
        elif not one.samefile(other) and file_facts(one).sha256 != file_facts(other).sha256:
            yield name, "has other content"
