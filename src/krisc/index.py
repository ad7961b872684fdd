"""The list of documents of a corpus, sorted by id, in a private database that spills to disk: memory stays small.

SQLite keeps a database without a name in memory up to its cache of 2 MB, and beyond that in a file of its own that is
gone with the connection.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from krisc.findings import Place

LIST = "dataset/documents.jsonl"
_COLUMNS = "id, line, offset, length, incident, sha256, file, digest"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a document stands: a line, from 1, of a file of JSON Lines, at an offset and with a length in bytes.

    The file is ``documents.jsonl``, which has metadata, or a shard, which has whole documents. ``digest`` is the
    SHA-256 of the line.
    """

    id: str
    line: int
    offset: int
    length: int
    incident: str
    sha256: str
    file: str = LIST
    digest: str = ""

    @property
    def whole(self) -> bool:
        """Whether the line has the whole document, and not its metadata alone."""
        return self.file != LIST

    def place(self, pointer: str) -> Place:
        """A place in the metadata."""
        return Place(self.file, pointer=f"/document{pointer}" if self.whole else pointer, record=self.line)


class Index:
    """The documents, in the order of their ids whatever the order of the files; of one id, in that of the lines."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._base = sqlite3.connect("", check_same_thread=False)
        self._base.create_function("digest", 1, _digest, deterministic=True)
        self._base.execute(
            "create table documents (id text, line integer, offset integer, length integer, incident text, sha256 text,"
            " file text, digest text)"
        )
        rows = ((e.id, e.line, e.offset, e.length, e.incident, e.sha256, e.file, e.digest) for e in entries)
        self._base.executemany("insert into documents values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._base.execute("create index by_id on documents (id, file, line)")
        self._length = int(self._base.execute("select count(*) from documents").fetchone()[0])

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Entry]:
        return self._entries("order by id, file, line")

    def __getitem__(self, number: int) -> Entry:
        found = next(self._entries("order by id, file, line limit 1 offset ?", number % max(1, self._length)), None)
        if found is None or not -self._length <= number < self._length:
            raise IndexError(number)
        return found

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str) -> Entry | None:
        """The first document with an id."""
        return next(self._entries("where id = ? order by file, line limit 1", name), None)

    def ids(self) -> Iterator[str]:
        """The ids, in order."""
        return (name for (name,) in self._base.execute("select id from documents order by id"))

    def repeated(self) -> Iterator[tuple[Entry, Entry]]:
        """Every document whose id an earlier one has, with that one."""
        self._base.execute("create index if not exists by_id_alone on documents (id)")
        names = self._base.execute("select id from documents group by id having count(*) > 1 order by id")
        for (name,) in names.fetchall():
            first, *others = self._entries("where id = ? order by file, line", name)
            yield from ((other, first) for other in others)

    def same_texts(self) -> Iterator[tuple[Entry, Entry]]:
        """Every document with the text of one of another incident, with the first that has it."""
        self._base.execute("create index if not exists by_text on documents (sha256)")
        texts = self._base.execute("select sha256 from documents group by sha256 having count(distinct incident) > 1")
        for (text,) in texts.fetchall():
            first, *others = self._entries("where sha256 = ? order by file, line", text)
            yield from ((other, first) for other in others if other.incident != first.incident)

    def incidents(self) -> int:
        """How many incidents there are."""
        (number,) = self._base.execute("select count(distinct incident) from documents").fetchone()
        return int(number)

    def _entries(self, rest: str, *values: object) -> Iterator[Entry]:
        rows = self._base.cursor().execute(f"select {_COLUMNS} from documents {rest}", values)  # noqa: S608 - constants
        return (Entry(*row) for row in rows)

    # --- groups of documents on one incident ------------------------------------------------------------------------

    def groups(self, pinned: Mapping[str, str]) -> Iterator[tuple[str, int, str | None]]:
        """Every incident, how many documents it has, and the split that the first pinned one of them has.

        Those with a split come first, and all in an order that depends on nothing but the name of the incident.
        """
        self._base.execute("create index if not exists by_incident on documents (incident, id)")
        self._base.execute("create table if not exists pins (id text primary key, split text) without rowid")
        self._base.execute("delete from pins")
        self._base.executemany("insert into pins values (?, ?)", pinned.items())
        settled = (
            "(select split from documents d join pins on pins.id = d.id where d.incident = documents.incident"
            " order by d.id limit 1)"
        )
        yield from self._base.cursor().execute(
            f"select incident, count(*), {settled if pinned else 'null'} as settled from documents group by incident"  # noqa: S608 - constants
            " order by settled is null, digest(incident)"
        )

    def settle(self, splits: Iterable[tuple[str, str]]) -> None:
        """Keep the split of every incident, for ``settled``."""
        self._base.execute("drop table if exists splits")
        self._base.execute("create table splits (incident text primary key, split text) without rowid")
        self._base.executemany("insert into splits values (?, ?)", splits)

    def settled(self) -> Iterator[tuple[Entry, str]]:
        """Every document with the split of its incident, in order."""
        columns = ", ".join(f"documents.{name}" for name in _COLUMNS.split(", "))
        rows = self._base.cursor().execute(
            f"select {columns}, split from documents join splits on splits.incident = documents.incident"  # noqa: S608 - constants
            " order by id, file, line"
        )
        return ((Entry(*row[:-1]), row[-1]) for row in rows)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
