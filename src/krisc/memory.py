"""What a corpus folder remembers in ``.krisc/``: hashes of files that are as they were, and shards compiled from them.

Nothing in it is needed, and nothing in it is believed that could be wrong: a hash belongs to a file of a size, time and
inode; a shard to the hashes of everything it was made from, the program included. The folder can be deleted at any
time. A process that dies leaves what was remembered before; a second one that comes meanwhile remembers nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import msgspec

from krisc.index import Entry

FOLDER = ".krisc"
SETTLED = 2_000_000_000  # nanoseconds after which a file that was written has its final time
LIBRARIES = ("msgspec", "numpy", "pyarrow", "regex")  # that have a part in the rows
_TABLES = """
create table if not exists files (path text primary key, stamp text, sha256 text) without rowid;
create table if not exists lists (path text primary key, stamp text) without rowid;
create table if not exists lines (path text, id text, line integer, offset integer, length integer, incident text,
                                  sha256 text, digest text);
create index if not exists lines_of on lines (path);
"""


class File(msgspec.Struct, frozen=True):
    """A file that was kept: its name in the shard, and what told that it is as it was."""

    name: str
    stamp: str


class Kept(msgspec.Struct, frozen=True):
    """What was kept of a shard: a result, encoded, and its files."""

    result: bytes
    files: tuple[File, ...]


class Memory:
    """The memory of one corpus folder, for one run. Whatever goes wrong with it, it has forgotten."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        self.used: set[str] = set()
        self._base = self._open()

    def _open(self) -> sqlite3.Connection | None:
        path = self.folder / "files.sqlite"
        for _ in range(2):
            try:
                self.folder.mkdir(exist_ok=True)
                (self.folder / ".gitignore").write_text("*\n", encoding="ascii")
                base = sqlite3.connect(path, timeout=0, isolation_level=None)
                base.execute("begin exclusive")  # one process at a time
                for statement in _TABLES.split(";"):
                    base.execute(statement)
            except sqlite3.OperationalError:  # locked, or a disk that cannot be written to
                return None
            except sqlite3.DatabaseError:
                with suppress(OSError):
                    path.unlink()
            except OSError:
                return None
            else:
                return base
        return None

    def close(self) -> None:
        """Keep what was learnt."""
        if self._base is not None:
            with suppress(sqlite3.Error):
                self._base.execute("commit")
            self._base.close()
            self._base = None

    # --- files ------------------------------------------------------------------------------------------------------

    def digest(self, path: Path) -> str:
        """The SHA-256 of a file; it is read only if it is not as it was.

        Raises:
            OSError: it cannot be read.
        """
        stamp = stamp_of(path)
        found = self._one("select sha256 from files where path = ? and stamp = ?", str(path), stamp)
        if found:
            return str(found[0])
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if _settled(path):
            self._do("insert or replace into files values (?, ?, ?)", str(path), stamp, digest)
        return digest

    def entries(self, path: Path, name: str, read: Callable[[], Iterable[Entry]]) -> Iterator[Entry]:
        """The documents of a file of lines, which is read only if it is not as it was.

        Args:
            path: the file.
            name: the file as findings name it.
            read: reads the documents; what it raises is raised, and then nothing is remembered.
        """
        try:
            stamp = stamp_of(path)
        except OSError:
            yield from read()
            return
        if self._one("select 1 from lists where path = ? and stamp = ?", str(path), stamp):
            columns = "id, line, offset, length, incident, sha256"
            rows = self._rows(f"select {columns}, ?, digest from lines where path = ?", name, str(path))  # noqa: S608 - constants
            yield from (Entry(*row) for row in rows)
            return
        self._do("delete from lists where path = ?", str(path))
        self._do("delete from lines where path = ?", str(path))
        for e in read():
            row = (str(path), e.id, e.line, e.offset, e.length, e.incident, e.sha256, e.digest)
            self._do("insert into lines values (?, ?, ?, ?, ?, ?, ?, ?)", *row)
            yield e
        if _settled(path):
            self._do("insert into lists values (?, ?)", str(path), stamp)

    # --- shards -----------------------------------------------------------------------------------------------------

    def recall(self, key: str, put: Callable[[str, Path], None]) -> bytes | None:
        """The result that was kept under a key, or None; its files are given to ``put`` by their names."""
        self.used.add(key)
        folder = self.folder / "shards" / key
        try:
            kept = msgspec.msgpack.decode((folder / "kept").read_bytes(), type=Kept)
            if any(stamp_of(folder / file.name) != file.stamp for file in kept.files):
                return None
            for file in kept.files:
                put(file.name, folder / file.name)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return None
        return kept.result

    def keep(self, key: str, result: bytes, files: Iterable[tuple[str, Path]]) -> None:
        """Keep a result and its files (by links) under a key."""
        target = self.folder / "shards" / key
        with suppress(OSError):
            target.parent.mkdir(exist_ok=True)
            stage = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
            listed: list[File] = []
            for name, path in files:
                (stage / name).parent.mkdir(exist_ok=True)
                link(path, stage / name)
                listed.append(File(name, stamp_of(stage / name)))
            (stage / "kept").write_bytes(msgspec.msgpack.encode(Kept(result, tuple(listed))))
            shutil.rmtree(target, ignore_errors=True)
            stage.rename(target)

    def forget(self) -> None:
        """Forget every shard that this run had no use for."""
        with suppress(OSError):
            for path in (self.folder / "shards").iterdir():
                if path.name not in self.used:
                    shutil.rmtree(path, ignore_errors=True)

    # --- the database -----------------------------------------------------------------------------------------------

    def _one(self, query: str, *values: str) -> tuple[Any, ...] | None:
        return next(iter(self._rows(query, *values)), None)

    def _rows(self, query: str, *values: str) -> Iterable[tuple[Any, ...]]:
        if self._base is None:
            return ()
        try:
            return self._base.cursor().execute(query, values)
        except sqlite3.Error:
            self.close()
            return ()

    def _do(self, statement: str, *values: object) -> None:
        if self._base is not None:
            try:
                self._base.execute(statement, values)
            except sqlite3.Error:
                self.close()


def stamp_of(path: Path) -> str:
    """What changes when a file does: size in bytes, time of its last change in nanoseconds, and inode."""
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def _settled(path: Path) -> bool:
    """Whether a change that is still to come will show in the time: as git does with files that were just written."""
    return time.time_ns() - path.stat().st_mtime_ns > SETTLED


def link(path: Path, target: Path) -> None:
    """Give a file a second name, or copy it where that cannot be."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copy2(path, target)


@cache
def program() -> str:
    """A hash of everything of this program, and of the libraries under it, that has a part in what it makes."""
    digest = hashlib.sha256()
    root = resources.files("krisc")
    with resources.as_file(root) as folder:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".toml", ".json", ".jinja"):
                digest.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}\n".encode())
                digest.update(path.read_bytes())
    for name in LIBRARIES:
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    return digest.hexdigest()
