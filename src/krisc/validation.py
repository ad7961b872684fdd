"""Validates a corpus, or the documents that some files belong to, without writing anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from krisc.checks import Checked, check_corpus, check_counts, check_forms
from krisc.checks.grouped import check_group, opened_in_groups
from krisc.engines import HERE, Engine, Step, stepwise
from krisc.findings import Finding, KriscError, Place
from krisc.index import Entry
from krisc.sharding import shards
from krisc.store import Corpus


def validate_corpus(
    corpus: Corpus,
    files: Sequence[Path] = (),
    progress: Callable[[int, int], None] | None = None,
    engine: Engine = HERE,
) -> tuple[list[Finding], int]:
    """All findings of a corpus, and the number of documents that were checked.

    Args:
        corpus: the corpus.
        files: limit the check to the documents these files belong to; a file of no one document stands for all.
            Checks across the files of the corpus are left out then.
        progress: called with documents done and all documents.
        engine: where the work runs; by default in this process.

    Raises:
        KriscError: ``file-unreadable`` when a named file is not there or not in the corpus.
    """
    if findings := check_forms(corpus):
        return findings, 0
    wanted = _documents(corpus, files)
    if wanted is None:
        findings = check_corpus(corpus, mapped=engine.map)
    number = len(corpus.index) if wanted is None else sum(entry.id in wanted for entry in corpus.index)
    checked, done = Checked(), 0

    def step(documents: int) -> None:
        nonlocal done
        done += documents
        if progress:
            progress(done, number)

    entries = (entry for entry in corpus.index if wanted is None or entry.id in wanted)
    runs = (_Run(corpus, tuple(run)) for run in shards(entries, number))
    for found, counted, _ in stepwise(engine, _check, runs, step, lambda made: made[2]):
        findings += found
        checked.merge(counted)
    if wanted is None:
        findings += check_counts(corpus, checked)
    return findings, number


@dataclass(frozen=True)
class _Run:
    """Documents that one worker checks."""

    corpus: Corpus
    entries: tuple[Entry, ...]


def _check(run: _Run, step: Step | None = None) -> tuple[list[Finding], Checked, int]:
    findings: list[Finding] = []
    checked = Checked()
    pinned = run.corpus.pinned
    entries = ((entry, "") for entry in run.entries)
    told: dict[int, list[Finding]] = {}
    for _, waiting in opened_in_groups(run.corpus, entries):
        looked = check_group(run.corpus, waiting)
        for one, (document, found) in zip(waiting, looked.documents, strict=True):
            told[one.number] = found
            checked.counts["documents"] += document is not None
            if step:
                step(1)
        checked.count(looked.group, [pinned.get(one.record.id, "") for one in looked.group.documents])
    findings += [one for number in sorted(told) for one in told[number]]
    return findings, checked, len(run.entries)


def _documents(corpus: Corpus, files: Sequence[Path]) -> set[str] | None:
    """Ids of the documents that files belong to; None for all."""
    wanted: set[str] = set()
    for file in files:
        path = file if file.is_absolute() else Path.cwd() / file
        reason = "" if path.exists() else "there is no such file"
        if not reason and not (isinstance(corpus.root, Path) and path.resolve().is_relative_to(corpus.root)):
            reason = f"it is not in the corpus {corpus.root.name}"
        if reason:
            raise KriscError([Finding("file-unreadable", Place(str(file)), {"reason": reason})])
        if path.suffix not in (".txt", ".json") or path.stem not in {entry.id for entry in corpus.index}:
            return None
        wanted.add(path.stem)
    return wanted or None
