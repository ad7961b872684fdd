"""Compiles one shard: checks its documents, counts them, and writes their rows. The work of one worker."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from krisc import facts as figures
from krisc.agreement import Comparison, Partial
from krisc.checks import Checked, check_document
from krisc.document import Document
from krisc.facts import Facts
from krisc.findings import Finding
from krisc.parquet import Filling, ShardWriter, Written
from krisc.splits import Assigned
from krisc.store import Corpus
from krisc.tables import Table, tables
from krisc.tabulate import tabulate

Step = Callable[[], None]


@dataclass(frozen=True)
class Shard:
    """The task: documents with their splits, and the folder to write to; ``only`` limits the tables."""

    corpus: Corpus
    number: int
    documents: tuple[Assigned, ...]
    stage: Path
    only: tuple[str, ...] = ()


@dataclass
class Done:
    """The result: findings, counts, figures, agreement and files of one shard."""

    findings: list[Finding]
    checked: Checked
    facts: Facts
    comparison: Partial
    written: list[Written] = field(default_factory=list)


def compile_shard(task: Shard, step: Step | None = None) -> Done:
    """Compile one shard; its files are complete only if there is no error among the findings.

    Args:
        task: the shard.
        step: called after each document.

    Raises:
        KriscError: a batch does not hold to its table's model.
        OSError: the disk is full or closed.
    """
    corpus = task.corpus
    comparison = Comparison(corpus.layers, brief=True)
    done = Done([], Checked(), figures.start(corpus), comparison.partial())
    declared = {name: one for name, one in tables(corpus.layers).items() if not task.only or name in task.only}
    with ShardWriter(task.stage, declared, task.number) as writer, collector_off():
        rows = _Rows(corpus, declared, writer)
        for entry, split in task.documents:
            document, found = check_document(corpus, entry)
            done.findings += found
            done.checked.note(found)
            if document is not None and not done.checked.errors:
                done.checked.count(document, split)
                figures.add(done.facts, corpus, document, split)
                comparison.add(document, document.current)
                rows.add(document, split)
            if step:
                step()
        if not done.checked.errors:
            rows.flush()
        done.written = writer.close()
    done.comparison = comparison.partial()
    return done


class _Rows:
    """Collects the documents of each split until they fill a row group."""

    def __init__(self, corpus: Corpus, declared: Mapping[str, Table], writer: ShardWriter) -> None:
        self.corpus = corpus
        self.declared = declared
        self.writer = writer
        self.waiting: dict[str, list[Document]] = {}
        self.filling: dict[str, Filling] = {}

    def add(self, document: Document, split: str) -> None:
        """Add a document, and write the group that is full with it."""
        if document.gold is None:
            return
        self.waiting.setdefault(split, []).append(document)
        if self.filling.setdefault(split, Filling()).add(len(document.text)):
            self._write(split)

    def flush(self) -> None:
        """Write what is left."""
        for split in list(self.waiting):
            self._write(split)

    def _write(self, split: str) -> None:
        if documents := self.waiting.pop(split, None):
            self.writer.write(split, tabulate(self.corpus, documents, self.declared))


@contextmanager
def collector_off() -> Iterator[None]:
    """No collection of reference cycles meanwhile: records have none, and looking for them takes half of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
