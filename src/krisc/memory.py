"""What a corpus folder remembers in ``.krisc/``: hashes of files that are as they were, and shards compiled from them.

Nothing in it is needed, and nothing in it is believed that could be wrong: a hash belongs to a file of a size, times
and inode; a shard to the hashes of everything it was made from, the program included, and its files to their own. The
folder can be deleted at any time. A process that dies leaves what was remembered before, or nothing; a second one that
comes meanwhile remembers nothing.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib import metadata, resources
from itertools import islice
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


class Kept(msgspec.Struct, frozen=True):
    """What was kept of a shard: a result, encoded, and its files with the SHA-256 of each, by their names."""

    result: bytes
    files: dict[str, str]


class Memory:
    """The memory of one corpus folder, for one run. Whatever goes wrong with it, it has forgotten."""

    def __init__(self, root: Path, *, shared: bool = False) -> None:
        """Open the memory, or none where that cannot be.

        Args:
            root: the corpus folder.
            shared: whether a compiled file may be one with its copy in the memory, by a second name. Then who edits it
                in place edits the copy too, which betrays itself by its hash; and no other folder's files.
        """
        self.folder = root / FOLDER
        self.shared = shared
        self.used: set[str] = set()
        self._base = self._open()

    def _open(self) -> sqlite3.Connection | None:
        """The database, locked; a new one when there is none that a run of this program left as it is."""
        try:
            self.folder.mkdir(exist_ok=True)
            (self.folder / ".gitignore").write_text("*\n", encoding="ascii")
            try:
                return self._locked()
            except sqlite3.OperationalError:
                raise
            except (sqlite3.DatabaseError, OSError, ValueError):  # it is not what was left
                (self.folder / "files.sqlite").unlink()
                return self._locked()
        except (OSError, sqlite3.Error):  # another process has it, or the disk cannot be written to
            return None

    def _locked(self) -> sqlite3.Connection:
        path = self.folder / "files.sqlite"
        base = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            base.execute("begin exclusive")
            if path.stat().st_size and self._seal() != (self.folder / "seal").read_text(encoding="ascii"):
                raise sqlite3.DatabaseError
            for statement in _TABLES.split(";"):
                base.execute(statement)
        except BaseException:
            base.close()
            raise
        return base

    def _seal(self) -> str:
        """What tells that the database is as this program left it."""
        return f"{program()} {stamp_of(self.folder / 'files.sqlite')}"

    def close(self) -> None:
        """Keep what was learnt."""
        if self._base is not None:
            with suppress(sqlite3.Error, OSError):
                self._base.execute("commit")
                self._base.close()
                (self.folder / "seal").write_text(self._seal(), encoding="ascii")
            self._base.close()
            self._base = None

    def _fail(self) -> None:
        """Remember nothing any more; what stands in the database is not trusted by the next run either."""
        if self._base is not None:
            self._base.close()
            self._base = None
        with suppress(OSError):
            (self.folder / "seal").unlink()

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
        digest = _digest(path)
        if _settled(path, stamp):
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
            query = f"select {columns}, ?, digest from lines where path = ? order by rowid"  # noqa: S608 - constants
            number = 0
            for row in self._rows(query, name, str(path)):
                yield Entry(*row)
                number += 1
            if self._base is None:  # it failed on the way
                yield from islice(read(), number, None)
            return
        self._do("delete from lists where path = ?", str(path))
        self._do("delete from lines where path = ?", str(path))
        for e in read():
            row = (str(path), e.id, e.line, e.offset, e.length, e.incident, e.sha256, e.digest)
            self._do("insert into lines values (?, ?, ?, ?, ?, ?, ?, ?)", *row)
            yield e
        if _settled(path, stamp):
            self._do("insert into lists values (?, ?)", str(path), stamp)

    # --- shards -----------------------------------------------------------------------------------------------------

    def recall(self, key: str, put: Callable[[str, Path], None]) -> bytes | None:
        """The result that was kept under a key, or None; ``put`` is called with name and path of each of its files."""
        self.used.add(key)
        folder = self.folder / "shards" / key
        if self._base is None:
            return None
        try:
            data = (folder / "kept").read_bytes()
            if hashlib.sha256(data[32:]).digest() != data[:32]:
                return None
            kept = msgspec.msgpack.decode(data[32:], type=Kept)
            if any(_digest(folder / name) != digest for name, digest in kept.files.items()):
                return None
            for name in kept.files:
                put(name, folder / name)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return None
        return kept.result

    def keep(self, key: str, result: bytes, files: Iterable[tuple[str, str, Path]]) -> None:
        """Keep a result and its files under a key.

        Args:
            key: what the result is asked for with.
            result: the result.
            files: name, SHA-256 and path of each file.
        """
        if self._base is None:
            return
        target = self.folder / "shards" / key
        with suppress(OSError):
            target.parent.mkdir(exist_ok=True)
            stage = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
            listed: dict[str, str] = {}
            for name, digest, path in files:
                (stage / name).parent.mkdir(exist_ok=True)
                self.put(path, stage / name)
                listed[name] = digest
            data = msgspec.msgpack.encode(Kept(result, listed))
            (stage / "kept").write_bytes(hashlib.sha256(data).digest() + data)
            shutil.rmtree(target, ignore_errors=True)
            stage.rename(target)

    def put(self, path: Path, target: Path) -> None:
        """Give a file a second name where it may be shared, or copy it.

        Raises:
            OSError: it cannot be done; or something stands there already.
        """
        if self.shared:
            with suppress(OSError):  # another disk, or one without links
                target.hardlink_to(path)
                return
        with path.open("rb") as source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)

    def forget(self) -> None:
        """Forget every shard that this run had no use for."""
        if self._base is None:
            return
        with suppress(OSError):
            for path in (self.folder / "shards").iterdir():
                if path.name not in self.used:
                    shutil.rmtree(path, ignore_errors=True)

    # --- the database -----------------------------------------------------------------------------------------------

    def _one(self, query: str, *values: str) -> tuple[Any, ...] | None:
        return next(iter(self._rows(query, *values)), None)

    def _rows(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows, up to where the database fails."""
        try:
            if self._base is not None:
                yield from self._base.cursor().execute(query, values)
        except sqlite3.Error:
            self._fail()

    def _do(self, statement: str, *values: object) -> None:
        if self._base is not None:
            try:
                self._base.execute(statement, values)
            except sqlite3.Error:
                self._fail()


def stamp_of(path: Path) -> str:
    """What changes when a file does: size in bytes, times of its last change in nanoseconds, and inode.

    One of the times is that of its metadata, which nobody can set: it betrays a file whose time was put back.
    """
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def _settled(path: Path, stamp: str) -> bool:
    """Whether a file that was read is as it was before, and a change that is still to come will show in its times.

    Files that were written a moment ago are not settled, as in git: the clock ticks some hundred times a second.
    """
    try:
        found = path.stat()
        settled = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED
        return settled and stamp_of(path) == stamp
    except OSError:
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
    digest.update(f"{platform.python_version()}\n".encode())
    for name in LIBRARIES:
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    return digest.hexdigest()
