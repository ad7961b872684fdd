"""What a person does at the review page: read a document, and sign off, correct, add, reject, comment and undo.

Each action is one line of the document's reviews, on disk before the answer is given, and the gold follows from it. The
line is written first: when the program is killed before the gold is written, the next reading carries the line out.
"""

from __future__ import annotations

import datetime
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from krisc import reviews
from krisc.actions import Action, RefusedError, State, Wish
from krisc.adjudication import adjudicate, outdated
from krisc.canonical import dumps, order
from krisc.checks import check_file
from krisc.checks.reviewed import reviews_hold
from krisc.document import Document
from krisc.files import sha256, write_atomically
from krisc.findings import Finding, KriscError
from krisc.index import Entry
from krisc.jsontext import loads
from krisc.model import AnnotationFile
from krisc.reviews import Review
from krisc.sharded import in_shard
from krisc.store import Corpus

try:
    import fcntl
except ImportError:  # not on Windows, where one program at a time must do
    fcntl = None  # type: ignore[assignment]


def now_utc() -> str:
    """The present second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Desk:
    """One person at one corpus. Calls from several threads wait for each other, and so do other programs' calls."""

    def __init__(self, corpus: Corpus, person: str, clock: Callable[[], str] = now_utc) -> None:
        self.corpus, self.person, self.clock = corpus, person, clock
        self.lock = threading.Lock()
        self.counted: dict[str, tuple[object, dict[str, int]]] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else acts on the corpus; the system lets go of it when the program is killed."""
        folder = self.corpus.annotations / "reviews"
        with self.lock:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY) if fcntl else -1
            try:
                if fcntl:
                    fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                if handle >= 0:
                    os.close(handle)

    def read(self, name: str) -> State:
        """A document; what a killed program left undone is done first.

        Raises:
            RefusedError: there is no such document, or its files are malformed.
        """
        with self.alone():
            return self._read(name)

    def act(self, name: str, tag: str, action: Action) -> State:
        """Do one thing, and give the document as it is then.

        Raises:
            RefusedError: the document has another tag now, or the action makes no sense or breaks a rule.
            KriscError: a file cannot be written.
        """
        with self.alone():
            state = self._read(name)
            if state.tag != tag:
                raise RefusedError(409, "this document was changed meanwhile, so nothing was written")
            if state.problem:
                raise RefusedError(422, state.problem)
            review = Wish(self.corpus, self.person, self.clock(), state, action).review()
            gold = self._gold(state, review)
            self._hold(state, gold)
            if self._tag(name) != tag:
                raise RefusedError(409, "this document was changed meanwhile, so nothing was written")
            self._write(name, [*state.reviews, review], gold)
            return self._read(name)

    def _read(self, name: str) -> State:
        entry = self.corpus.index.get(name)
        if entry is None:
            raise RefusedError(404, f"there is no document {name}")
        if entry.whole:
            raise RefusedError(422, words([in_shard(entry, entry.place("/id"))]))
        tag = self._tag(name)
        try:
            document, findings = self.corpus.read_document(entry)
            done = reviews.read_reviews(self.corpus, name)
        except KriscError as error:
            raise RefusedError(422, words(error.findings)) from None
        if document is None or document.gold is None or findings:
            raise RefusedError(422, words(findings) or "this document has no gold annotation")
        gold, problem = document.gold, words(_problems(self.corpus, document))
        whole = reviews.finished(gold, done)
        if problem and reviews.by_id(whole) != reviews.by_id(gold) and not _unrecorded(gold, done):
            self._write(name, done, whole)
            return self._read_again(entry)
        return State(document, order(gold), done, tag, problem)

    def _read_again(self, entry: Entry) -> State:
        document, _ = self.corpus.read_document(entry)
        if document is None or document.gold is None:
            raise RefusedError(409, "this document was changed meanwhile")
        done = reviews.read_reviews(self.corpus, entry.id)
        problem = words(_problems(self.corpus, document))
        return State(document, order(document.gold), done, self._tag(entry.id), problem)

    def _tag(self, name: str) -> str:
        corpus = self.corpus
        paths = (corpus.raw_path(name), corpus.gold_path(name), reviews.path_of(corpus, name), *corpus.pass_paths(name))
        return sha256("".join(sha256(p.read_bytes()) if p.exists() else "-" for p in paths).encode())

    def _gold(self, state: State, review: Review) -> AnnotationFile:
        """The gold with one more review.

        Raises:
            RefusedError: the review cannot be carried out.
        """
        done = (*state.reviews, review)
        if len(state.document.current) > 1:
            before = set(adjudicate(self.corpus, state.document).lapsed)
            made = adjudicate(self.corpus, state.document, reviewed=done)
            if not set(made.lapsed) <= before:
                raise RefusedError(422, "later actions rest on this one; undo them first")
            return made.gold
        gold = reviews.corrected(state.gold, review) if review.action not in ("accept", "comment") else state.gold
        if gold is None:
            raise RefusedError(422, "later actions rest on this one; undo them first")
        return reviews.signed(gold, done)

    def _hold(self, state: State, gold: AnnotationFile) -> None:
        """Refuse gold that has errors which it did not have before."""
        value = loads(dumps(gold, self.corpus.layers))
        if found := list(self.corpus.forms["gold"].findings(value, "")):
            raise RefusedError(422, words(found))
        file = self.corpus.name(self.corpus.gold_path(gold.document))
        before = Counter(map(_told, check_file(self.corpus, state.document, state.gold, file)))
        new = [f for f in check_file(self.corpus, state.document, gold, file) if f.severity == "error"]
        if worse := [f for f in new if not before[_told(f)]]:
            raise RefusedError(422, words(worse))

    def _write(self, name: str, done: Sequence[Review], gold: AnnotationFile) -> None:
        """Both files, each whole, the record first, and both on the disk."""
        path = reviews.path_of(self.corpus, name)
        if done:
            write_atomically(path, reviews.dumps(done).encode())
        write_atomically(self.corpus.gold_path(name), dumps(gold, self.corpus.layers).encode())
        for folder in (path.parent, self.corpus.gold_path(name).parent):
            with suppress(OSError):  # where a folder cannot be flushed, as on Windows
                handle = os.open(folder, os.O_RDONLY)
                os.fsync(handle)
                os.close(handle)

    def progress(self) -> list[dict[str, Any]]:
        """Every document with how many annotations there are, are signed off, and were decided between passes."""
        found = []
        for entry in self.corpus.index:
            path = self.corpus.gold_path(entry.id)
            try:
                stamp = (path.stat().st_mtime_ns, path.stat().st_size)
                if self.counted.get(entry.id, (None, {}))[0] != stamp:
                    self.counted[entry.id] = (stamp, _counts(self.corpus.read_annotations(path)))
                counts = self.counted[entry.id][1]
            except (OSError, KriscError):
                counts = {"all": 0, "checked": 0, "conflicts": 0}
            found.append({"id": entry.id, "title": self.corpus.read_record(entry).title, **counts})
        return found


def _counts(gold: AnnotationFile) -> dict[str, int]:
    every = [a for listed in gold.layers.values() for a in listed]
    checked = sum(bool(a.checked_by) for a in every)
    return {"all": len(every), "checked": checked, "conflicts": sum(a.decided == "adjudicated" for a in every)}


def _problems(corpus: Corpus, document: Document) -> list[Finding]:
    found = list(reviews_hold(corpus, document))
    if len(document.current) > 1:
        found += outdated(corpus, document)
    return [f for f in found if f.severity == "error"]


def _unrecorded(gold: AnnotationFile, done: Sequence[Review]) -> bool:
    """Whether gold has a sign-off that the reviews do not give, nor did before the last one."""
    given = [reviews.by_id(reviews.signed(gold, some)) for some in (done, done[:-1])]
    return any(
        set(a.checked_by) - {name for some in given for name in some[layer][a.id].checked_by}
        for layer, listed in gold.layers.items()
        for a in listed
    )


def _told(finding: Finding) -> tuple[str, str]:
    return finding.id, finding.annotation


def words(findings: Sequence[Finding]) -> str:
    """Findings as sentences for the page, the first few of them."""
    told = [f"{f.id}: {f.message}; expected {f.expected}" for f in findings[:3]]
    return "\n".join(told + ([f"and {len(findings) - 3} more"] if len(findings) > 3 else []))
