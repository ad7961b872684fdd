"""Paths of object stores, which do for reading what a ``pathlib.Path`` does, and folders that are put there whole.

fsspec knows the stores, and takes credentials and addresses from its own configuration. Its questions (``exists``) say
no to whatever goes wrong, be it the network: then a pass would be missing without a word. Here only what the store says
is not there is not there, and all else is a finding, or an ``OSError`` where bytes are read and written. No listing is
kept: what was written a moment ago is seen, and memory does not grow with the files.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

from upath import UPath
from upath.extensions import ProxyUPath

from krisc.findings import Finding, KriscError, Place

BLOCK = 1 << 21  # bytes that are read at a time
BLOCKS = 16  # that are held, since the lines of a file are asked for one by one
EXTRAS = {"s3": ("s3fs", "s3"), "s3a": ("s3fs", "s3")}  # the library of a kind of store, and our extra with it


class RemotePath(ProxyUPath):
    """A path of an object store."""

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        """Whether there is a file of this name, or one below it.

        Raises:
            KriscError: ``file-unreadable``, if the store does not say.
        """
        return self._info() is not None

    def is_file(self) -> bool:
        """Whether there is a file of this name.

        Raises:
            KriscError: ``file-unreadable``, if the store does not say.
        """
        info = self._info()
        return info is not None and info["type"] == "file"

    def is_dir(self) -> bool:
        """Whether there are files below this name.

        Raises:
            KriscError: ``file-unreadable``, if the store does not say.
        """
        info = self._info()
        return info is not None and info["type"] == "directory"

    def _info(self) -> dict[str, Any] | None:
        try:
            return dict(self.fs.info(self.path))
        except FileNotFoundError:
            return None
        except Exception as error:  # each store has errors of its own
            raise _unreadable(self, error) from None

    def glob(self, pattern: str, **_: Any) -> Iterator[RemotePath]:  # noqa: ANN401 - pathlib's
        """The files whose names match, folder by folder; fsspec's own passes over folders that cannot be read.

        Raises:
            KriscError: ``file-unreadable``, if the store does not say.
        """
        first, *rest = pattern.split("/", 1)
        if "*" in first:
            found = (self / name for name in self.names() if fnmatchcase(name, first))
        else:
            found = (path for path in [self / first] if rest or path.exists())
        return (inner for path in found for inner in path.glob(rest[0])) if rest else found

    def names(self) -> list[str]:
        """The names of what is in this folder, sorted; none if it is not there.

        Raises:
            KriscError: ``file-unreadable``, if the store does not say.
        """
        try:
            found = self.fs.ls(self.path, detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except Exception as error:  # each store has errors of its own
            raise _unreadable(self, error) from None
        folder = f"{self.path.rstrip('/')}/"
        below = (path.rstrip("/").removeprefix(folder) for path in found if path.startswith(folder))
        return sorted(name for name in below if name)

    def iterdir(self) -> Iterator[RemotePath]:
        """What is in this folder, by name."""
        return (self / name for name in self.names())

    def stat(self, *, follow_symlinks: bool = True) -> Any:  # noqa: ANN401 - pathlib's, of which it has the size
        """The size in bytes, as ``st_size``."""
        return SimpleNamespace(st_size=size_of(self))

    def open(self, mode: str = "r", *_: Any, **__: Any) -> Any:  # noqa: ANN401 - pathlib's
        """The file, to be read as bytes.

        Raises:
            OSError: it cannot be read.
        """
        if mode != "rb":
            raise ValueError(f"a file of an object store is opened with 'rb', not {mode!r}")
        return io.BufferedReader(_Reader(self))

    def read_bytes(self) -> bytes:
        """The whole file.

        Raises:
            OSError: it cannot be read.
        """
        with _told():
            return bytes(self.fs.cat_file(self.path))

    def write_bytes(self, data: bytes) -> int:
        """Write the whole file; whoever reads it meanwhile sees the old one or the new one.

        Raises:
            OSError: it cannot be written.
        """
        with _told():
            self.fs.pipe_file(self.path, data)
        fresh()
        return len(data)

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the file.

        Raises:
            OSError: it cannot be removed.
        """
        if missing_ok and not self.is_file():
            return
        with _told():
            self.fs.rm_file(self.path)
        fresh()

    def relative_to(self, other: Any, /, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - pathlib's
        """The way from a folder that this is in.

        Raises:
            ValueError: it is not in it.
        """
        return PurePosixPath(str(self)).relative_to(str(other))

    def __lt__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and PurePosixPath(str(self)) < PurePosixPath(str(other))


def remote(where: str | UPath) -> Path:
    """The path of a place in an object store, typed as what it stands for.

    Args:
        where: a URL such as ``s3://bucket/corpus``, or a path of universal_pathlib.

    Raises:
        KriscError: ``extra-missing``, or ``file-unreadable`` when nobody knows such stores.
    """
    fresh()
    try:
        path = UPath(where.rstrip("/"), use_listings_cache=False) if isinstance(where, str) else where
        path.fs.invalidate_cache()
    except ImportError as error:
        kind = str(where).partition("://")[0]
        if kind not in EXTRAS:
            raise _unreadable(where, error) from None
        data: dict[str, object] = dict(zip(("library", "extra"), EXTRAS[kind], strict=True))
        raise KriscError([Finding("extra-missing", Place(""), data)]) from None
    except ValueError as error:
        raise _unreadable(where, error) from None
    return cast("Path", RemotePath._from_upath(path))


def _unreadable(where: object, error: Exception) -> KriscError:
    return KriscError([Finding("file-unreadable", Place(str(where)), {"reason": str(error) or type(error).__name__})])


@contextmanager
def _told() -> Iterator[None]:
    """Whatever goes wrong with a store, as an ``OSError``."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # each store has errors of its own
        raise OSError(str(error) or type(error).__name__) from None


# --- reading in blocks ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def size_of(path: RemotePath) -> int:
    """The size of a file in bytes.

    Raises:
        OSError: the store does not say.
    """
    with _told():
        return int(path.fs.info(path.path)["size"])


@lru_cache(maxsize=BLOCKS)
def _block(path: RemotePath, number: int) -> bytes:
    with _told():
        start = number * BLOCK
        return bytes(path.fs.cat_file(path.path, start=start, end=min(start + BLOCK, size_of(path))))


def fresh() -> None:
    """Forget what was read: files may have changed."""
    size_of.cache_clear()
    _block.cache_clear()


class _Reader(io.RawIOBase):
    """A file that is read a block at a time."""

    def __init__(self, path: RemotePath) -> None:
        self._path = path
        self._size = size_of(path)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        if self._at >= self._size:
            return 0
        first = self._at % BLOCK
        part = _block(self._path, self._at // BLOCK)[first : first + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


# --- folders that are put there whole ---------------------------------------------------------------------------------


def sizes(folder: Path) -> dict[str, int]:
    """The size in bytes of every file in a folder, by its name below it; empty when there is none.

    Raises:
        OSError: the store does not say.
    """
    there = cast("RemotePath", folder)
    with _told():
        found = there.fs.find(there.path, detail=True)
    return {str(PurePosixPath(name).relative_to(there.path)): int(info["size"]) for name, info in found.items()}


def differences(made: Path, found: Path, sums: Sequence[str], mark: str) -> Iterator[tuple[str, str]]:
    """Yield ``(file, problem)`` for every file in which a folder and one of a store differ, by name.

    Args:
        made: the folder here.
        found: the folder there.
        sums: files with the hashes of all others: these are compared by their bytes, the others by their sizes.
        mark: a file that does not count.
    """
    here, there = {name: (made / name).stat().st_size for name in _files(made)}, sizes(found)
    for name in sorted({*here, *there} - {mark}):
        if name not in there:
            yield name, "is missing"
        elif name not in here:
            yield name, "should not be there"
        elif here[name] != there[name] or (name in sums and (made / name).read_bytes() != (found / name).read_bytes()):
            yield name, "has other content"


def put(made: Path, target: Path, last: Sequence[str], mark: str) -> None:
    """Put a folder in its place, instead of what is there: a store has no renaming, so that it goes file by file.

    Args:
        made: the folder here.
        target: the folder there.
        last: files that are put last, in this order: it is all there when the last of them is, which goes first.
        mark: a file that is there meanwhile, and tells that what there is may be in pieces.

    Raises:
        OSError: it cannot be written.
    """
    (target / mark).write_bytes(b"A release is being put here. Without release.json it is in pieces.\n")
    (target / last[-1]).unlink(missing_ok=True)
    names = _files(made)
    for name in [name for name in names if name not in last] + [*last]:
        if name == last[0]:
            for other in sizes(target):
                if other not in names and other != mark:
                    (target / other).unlink()
        with _told():
            there = cast("RemotePath", target / name)
            there.fs.put_file(str(made / name), there.path)
    (target / mark).unlink()
    fresh()


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
