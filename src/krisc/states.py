"""States of a corpus that can be compared: a release, a corpus folder, or a revision of its git repository."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path

import msgspec

from krisc.agreement import Agreement, Comparison
from krisc.findings import Finding, KriscError, Place, nearest
from krisc.form import Form
from krisc.layers import Layer, Layers
from krisc.model import AnnotationFile, DocumentRecord
from krisc.reading import read_toml
from krisc.release import read_facts, splits_of
from krisc.rows import annotation_file, read_rows
from krisc.schemas import fixed
from krisc.staging import MANIFEST
from krisc.store import Corpus
from krisc.tables import ORIGINS


@dataclass(frozen=True)
class Version:
    """One document in one state: metadata, split, text and gold."""

    id: str
    split: str
    metadata: dict[str, str]
    text: str
    gold: AnnotationFile

    @cached_property
    def digest(self) -> str:
        """A hash of everything that is compared."""
        value = (self.split, self.metadata, self.text, self.gold.layers)
        return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


@dataclass
class State:
    """A state: its name and version, its layers, and its documents, which are read one at a time."""

    name: str
    version: str
    layers: Layers
    documents: Iterator[Version]
    agreement: Agreement | None = None
    retracted: dict[str, str] = field(default_factory=dict)  # reasons by document


KEYS = ("title", "publisher", "url", "published", "captured", "as_of", "language", "rights", "incident", "sha256")


@contextmanager
def opened(corpus: Corpus, name: str) -> Iterator[tuple[State, State]]:
    """Two readings of a state, one after the other: a first one for an index, a second for what differs.

    Args:
        corpus: the corpus in whose releases and repository names are looked up.
        name: a version that was released, a folder (release or corpus), ``.`` for the corpus itself, or a git revision.

    Raises:
        KriscError: ``state-unknown`` when it is nothing of these.
    """
    folder = corpus.releases / name
    if not (folder / MANIFEST).is_file():
        folder = corpus.root if name == "." else Path(name)
    if (folder / MANIFEST).is_file():
        yield release_state(folder, corpus.layers), release_state(folder, corpus.layers)
    elif (folder / "dataset" / "corpus.toml").is_file():
        yield corpus_state(Corpus(folder), name), corpus_state(Corpus(folder), name)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            _checkout(corpus, name, Path(temporary))
            yield corpus_state(Corpus(Path(temporary)), name), corpus_state(Corpus(Path(temporary)), name)


def _checkout(corpus: Corpus, name: str, target: Path) -> None:
    """The corpus's folder as a revision of its repository has it."""
    command = ["git", "-C", str(corpus.root), "archive", "--format=tar", name, "dataset", "schema", "annotations"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - fixed words and a revision
    except OSError:
        done = None
    if done is None or done.returncode or name.startswith("-"):
        known = [path.parent.name for path in corpus.releases.glob(f"*/{MANIFEST}")]
        data: dict[str, object] = {"name": name, "hint": nearest(name, known)}
        raise KriscError([Finding("state-unknown", Place(name), data)])
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")


def corpus_state(corpus: Corpus, name: str) -> State:
    """A corpus folder, of that name; documents without gold or with errors of form are refused."""
    splits = splits_of(corpus)
    comparison = Comparison(corpus.layers, brief=True)
    retracted = {one.document: one.reason for one in corpus.retractions}
    state = State(name, corpus.config.version, corpus.layers, iter(()), retracted=retracted)

    def documents() -> Iterator[Version]:
        for entry in corpus.index:
            document, findings = corpus.read_document(entry)
            if document is None or findings:
                raise KriscError(findings)
            if document.gold is None:
                place = entry.place("/id")
                data: dict[str, object] = {"name": entry.id, "file": corpus.name(corpus.gold_path(entry.id))}
                raise KriscError([Finding("annotation-missing", place, data, entry.id)])
            comparison.add(document, document.current)
            metadata = _metadata(document.record)
            yield Version(entry.id, splits[entry.id], metadata, document.text, document.gold)
        state.agreement = comparison.result() if comparison.documents else None

    state.documents = documents()
    return state


def _metadata(record: DocumentRecord) -> dict[str, str]:
    return {key: str(getattr(record, key)) for key in (*KEYS, "origin")}


def release_state(folder: Path, default: Layers) -> State:
    """A release. One that does not carry its layers, as 0.1.0, is read by those of the corpus, ``default``."""
    facts = read_facts(folder)
    form = Form(fixed("layer"))
    read = [
        msgspec.convert(read_toml(p, folder, form), Layer) for p in sorted((folder / "schema/layers").glob("*.toml"))
    ]
    layers: Layers = {one.name: one for one in sorted(read, key=lambda one: (one.order, one.name))} or default

    def documents() -> Iterator[Version]:
        for split, one in facts.tables.get("documents", {}).items():
            for row in read_rows(folder, one.files):
                metadata = {key: str(row.get(key) or "") for key in KEYS}
                metadata["origin"] = ORIGINS[row["origin"]]
                gold = annotation_file(row, layers, facts.guidelines)
                yield Version(row["document_id"], split, metadata, row["text"], gold)

    retracted = {one.document: one.reason for one in facts.retracted}
    return State(folder.name, facts.version, layers, documents(), facts.agreement, retracted)
