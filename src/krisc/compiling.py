"""Compiles one shard: checks its documents, counts them, and writes their rows. The work of one worker."""

from __future__ import annotations

import gc
import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec
import pyarrow as pa

from krisc import facts as figures
from krisc.agreement import Comparison, Partial
from krisc.checks import Checked
from krisc.checks.grouped import check_group, opened_in_groups
from krisc.document import Document
from krisc.engines import Step
from krisc.facts import Facts
from krisc.files import sha256
from krisc.findings import Finding, Place
from krisc.goldfacts import add_gold
from krisc.index import Entry
from krisc.memory import Memory, program
from krisc.parquet import ShardWriter, Written
from krisc.reading import read_line
from krisc.splits import Assigned
from krisc.store import Corpus
from krisc.tables import tables
from krisc.tabulate import tabulate

ATTEMPT = ".shard-"  # a folder of this name holds the files of a shard while they are written


@dataclass(frozen=True)
class Shard:
    """The task: documents with their splits, and the folder of the release; ``only`` limits the tables."""

    corpus: Corpus
    number: int
    documents: tuple[Assigned, ...]
    stage: Path
    only: tuple[str, ...] = ()


@dataclass
class Done:
    """The result: findings, counts, figures, agreement and files of one shard, and the folder that has these."""

    findings: list[Finding]
    checked: Checked
    facts: Facts
    comparison: Partial
    written: list[Written] = field(default_factory=list)
    folder: Path | None = field(default=None, compare=False)


def compile_shard(task: Shard, step: Step | None = None) -> Done:
    """Compile one shard; its files are complete only if there is no error among the findings.

    They are written to a new folder, for ``place`` to take them from: whoever compiles the shard again, because this
    worker seems to be dead, is not in its way.

    Args:
        task: the shard.
        step: is told of each document.

    Raises:
        KriscError: a batch does not hold to its table's model.
        OSError: the disk is full or closed.
    """
    corpus = task.corpus
    folder = Path(tempfile.mkdtemp(prefix=f"{ATTEMPT}{task.number:05d}-", dir=task.stage))
    done = Done([], Checked(), figures.start(corpus), Comparison(corpus.layers, brief=True).partial(), folder=folder)
    declared = {name: one for name, one in tables(corpus.layers).items() if not task.only or name in task.only}
    findings: dict[int, list[Finding]] = {}
    compared: dict[int, Partial] = {}
    with ShardWriter(folder, declared, task.number) as writer, collector_off():
        for split, waiting in opened_in_groups(corpus, task.documents, partial(figures.add, done.facts)):
            looked = check_group(corpus, waiting)
            for one, (document, found) in zip(waiting, looked.documents, strict=True):
                findings[one.number] = found
                done.checked.note(found)
                if document is not None and not done.checked.errors:
                    done.checked.counts["documents"] += 1
                    figures.add_made(done.facts, document)
                    if len(document.current) > 1:
                        compared[one.number] = _compared(corpus, document)
                if step:
                    step(1)
            if not done.checked.errors:
                splits = [split] * len(looked.group.documents)
                done.checked.count(looked.group, splits)
                add_gold(done.facts, corpus.register, looked.group, splits)
                writer.write(split, tabulate(corpus, looked.group, declared))
        done.written = writer.close()
    done.findings = [one for number in sorted(findings) for one in findings[number]]
    done.comparison = _merged(corpus, [compared[number] for number in sorted(compared)])
    return done


def _compared(corpus: Corpus, document: Document) -> Partial:
    """The agreement in one document."""
    comparison = Comparison(corpus.layers, brief=True)
    comparison.add(document, document.current)
    return comparison.partial()


def _merged(corpus: Corpus, partials: Iterable[Partial]) -> Partial:
    comparison = Comparison(corpus.layers, brief=True)
    for one in partials:
        comparison.merge(one)
    return comparison.partial()


def documents_of(done: Done) -> int:
    """How many documents were checked."""
    return done.checked.counts["documents"]


def place(task: Shard, done: Done) -> None:
    """Put the files of a shard in their place, unless they are there."""
    if done.folder is None:
        return
    for one in done.written:
        (task.stage / one.file).parent.mkdir(exist_ok=True)
        (done.folder / one.file).replace(task.stage / one.file)
    shutil.rmtree(done.folder, ignore_errors=True)
    done.folder = None


def clear(stage: Path) -> None:
    """Remove what workers that died, or seemed to, have left of shards."""
    for folder in stage.glob(f"{ATTEMPT}*"):
        shutil.rmtree(folder, ignore_errors=True)


def key_of(task: Shard, memory: Memory) -> str:
    """A hash of everything that a shard follows from; of documents also the lines that they stand in.

    Raises:
        OSError: a file of a document cannot be read.
    """
    corpus = task.corpus
    parts: list[object] = [program(), task.only, *_common(corpus, memory)]
    for entry, split in task.documents:
        parts += [entry.id, split, entry.digest, entry.file]
        for path in corpus.paths_of(entry):
            parts += [corpus.name(path), memory.digest(path)]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _common(corpus: Corpus, memory: Memory) -> Iterator[str]:
    paths = [*(corpus.root / "schema" / "layers").glob("*.toml"), corpus.annotations / "annotators.toml"]
    paths += [corpus.dataset / "corpus.toml", corpus.dataset / "entities.jsonl"]
    for path in sorted(paths):
        yield f"{corpus.name(path)} {memory.digest(path)}"


def keep(task: Shard, done: Done, memory: Memory, key: str) -> None:
    """Keep a shard that has no errors, unless something that it follows from has changed meanwhile."""
    if done.checked.errors or not _unchanged(task, memory, key):
        return
    labels = [(split, label, number) for (split, label), number in done.checked.labels.items()]
    checked = (done.checked.warnings, dict(done.checked.counts), labels)
    data = msgspec.msgpack.encode(_Packed(done.findings, checked, done.facts, done.comparison, done.written))
    if _unpacked(data) == done:
        files = ((f"{one.table}/{one.split}", one.sha256, task.stage / one.file) for one in done.written)
        memory.keep(key, data, files)


def _unchanged(task: Shard, memory: Memory, key: str) -> bool:
    """Whether files and lines are still those that the key was made of."""
    root = task.corpus.root
    try:
        lines = (read_line(root / entry.file, entry.offset, entry.length) for entry, _ in task.documents)
        same = all(sha256(line) == entry.digest for line, (entry, _) in zip(lines, task.documents, strict=True))
        return same and key_of(task, memory) == key
    except OSError:
        return False


def recall(task: Shard, memory: Memory, key: str) -> Done | None:
    """A shard that was kept, its files in place, or None."""

    def put(name: str, path: Path) -> None:
        target = task.stage / f"{name}-{task.number:05d}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        memory.put(path, target)

    data = memory.recall(key, put)
    if data is None:
        return None
    try:
        done = _unpacked(data)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    entries = {entry.id: entry for entry, _ in task.documents}
    done.findings = [_on_line(finding, entries.get(finding.document)) for finding in done.findings]
    done.written = [
        msgspec.structs.replace(one, file=f"{one.table}/{one.split}-{task.number:05d}.parquet") for one in done.written
    ]
    return done


class _Packed(msgspec.Struct, array_like=True):
    """A result in types that can be written; ``checked`` has warnings, counts and labels."""

    findings: list[Finding]
    checked: tuple[int, dict[str, int], list[tuple[str, str, int]]]
    facts: Facts
    comparison: Partial
    written: list[Written]


def _unpacked(data: bytes) -> Done:
    packed = msgspec.msgpack.decode(data, type=_Packed)
    warnings, counts, labels = packed.checked
    checked = Checked(0, warnings, Counter(counts), Counter({(split, label): n for split, label, n in labels}))
    return Done(packed.findings, checked, packed.facts, packed.comparison, packed.written)


def _on_line(finding: Finding, entry: Entry | None) -> Finding:
    """The finding with the line that its document stands in now."""

    def place(one: Place) -> Place:
        here = entry is not None and one.record is not None and one.file == entry.file
        return replace(one, record=entry.line) if entry and here else one

    return replace(finding, place=place(finding.place), related=tuple(map(place, finding.related)))


@contextmanager
def collector_off() -> Iterator[None]:
    """No collection of reference cycles meanwhile: records have none, and looking for them takes half of the time.

    Arrow takes its memory from the system's own allocator, which gives it back sooner than Arrow's.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
