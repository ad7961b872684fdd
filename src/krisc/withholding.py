"""Makes a variant of a release in which the texts of some documents are withheld.

The release is compiled whole; then its rows are read again, and those of withheld documents are masked, and sealed as
they were in a file beside the tables. ``hydrating`` does the reverse.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from krisc.facts import Facts, PassHashes
from krisc.findings import Finding, KriscError, Place
from krisc.goldfacts import add_entities
from krisc.groups import flattened
from krisc.layers import Layers
from krisc.masking import masked, numbered
from krisc.mentions import EntityFacts
from krisc.parquet import write_rows
from krisc.release import Compiled, compile_corpus, finish
from krisc.rows import annotation_file, by_document
from krisc.runs import How
from krisc.sealing import (
    LEAST_WORDS,
    Sealed,
    Withheld,
    joint_key,
    key_of,
    need_cipher,
    salt,
    seal,
    stretch,
    window_starts,
    words_of,
)
from krisc.staging import differences, put, staging, target_of
from krisc.store import Corpus
from krisc.tables import ORIGINS, Table, tables

FOLDER = "withheld"
# What pages of a release are made from beside its figures. A variant carries it, so that they can be made anew when
# some of its documents are restored.
SOURCES = ("dataset/corpus.toml", "dataset/datasheet.md.jinja")

Rows = dict[str, list[dict[str, Any]]]


class Payload(msgspec.Struct):
    """What is sealed of a document: its rows by table as they were, and what the figures say of its words."""

    rows: Rows
    passes: dict[str, PassHashes]
    entities: dict[str, EntityFacts]


def compile_withheld(
    corpus: Corpus, out: str | Path, origins: Sequence[str], *, replace: bool = False, how: How | None = None
) -> Compiled:
    """Compile a corpus to a variant in which the texts of some origins are withheld.

    Args:
        corpus: the corpus.
        out: the variant's folder, which is never that of the release itself.
        origins: whose texts are withheld: ``published``, ``composed`` and so on.
        replace: whether a release of this version that differs may be replaced.
        how: where the work runs, and who is told of its progress.

    Raises:
        KriscError: as ``compile_corpus``; ``withheld-none`` or ``withheld-short``, when texts cannot be withheld;
            ``extra-missing``, when the cipher's library is not installed.
    """
    target = target_of(corpus, out)
    need_cipher()
    with tempfile.TemporaryDirectory() as folder:
        whole = compile_corpus(corpus, Path(folder) / corpus.config.version, how=how)
        with staging(target) as stage:
            facts = withhold(whole.folder, whole.facts, stage, corpus, sorted(set(origins), key=ORIGINS.index))
            written = put(stage, target, corpus, replace=replace)
    return Compiled(target, facts, whole.findings, unchanged=not written)


def check_variant(corpus: Corpus, release: Path, origins: Sequence[str]) -> Iterable[Finding]:
    """Compile the variant in another folder, and yield where it and ``release`` differ."""
    with tempfile.TemporaryDirectory() as folder:
        made = compile_withheld(corpus, Path(folder) / corpus.config.version, origins).folder
        for name, problem in differences(made, release):
            yield Finding("release-stale", Place(name), {"file": name, "problem": problem})


def withhold(release: Path, whole: Facts, stage: Path, corpus: Corpus, origins: Sequence[str]) -> Facts:
    """Write the variant of a release to an empty folder.

    Args:
        release: the whole release.
        whole: its figures.
        stage: the empty folder.
        corpus: the corpus that the release was compiled from.
        origins: whose texts are withheld.

    Returns:
        The figures of the variant.
    """
    facts = msgspec.convert(msgspec.to_builtins(whole), Facts)
    facts.withheld = Withheld(list(origins), {}, f"{FOLDER}/rest.bin", proof_of(whole))
    declared = tables(corpus.layers, withheld=True)
    keys: dict[str, bytes] = {}
    findings: list[Finding] = []

    def documents() -> Iterator[tuple[str, int, Rows]]:
        for split in whole.splits:
            for document, shard, rows in by_document(release, files_of(whole, split)):
                hide = ORIGINS[rows["documents"][0]["origin"]] in origins
                if hide and not (found := _impossible(document, rows)):
                    keys[document] = _withhold(document, rows, stage, facts, corpus.layers)
                elif hide:
                    findings.extend(found)
                yield split, shard, hidden(rows, declared, corpus.layers) if hide else shown(rows)

    written = write_rows(stage, declared, documents())
    if not keys and not findings:
        place = Place("dataset/documents.jsonl")
        findings.append(Finding("withheld-none", place, {"origins": " or ".join(origins)}))
    if findings:
        raise KriscError(findings)
    _seal_rest(release, stage, whole, keys)
    for name in SOURCES:
        if (corpus.root / name).is_file():
            copied = stage / FOLDER / "sources" / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes((corpus.root / name).read_bytes())
    facts.withheld.documents = dict(sorted(facts.withheld.documents.items()))
    finish(stage, corpus, facts, written)
    return facts


def files_of(facts: Facts, split: str) -> dict[str, list[str]]:
    """The Parquet files of each table in a split."""
    return {name: splits[split].files for name, splits in facts.tables.items() if split in splits}


def shown(rows: Rows) -> Rows:
    """The rows of a document whose words are there."""
    marked = {"documents", "passes"}
    return {n: [{**row, "withheld": False} for row in listed] if n in marked else listed for n, listed in rows.items()}


def hidden(rows: Rows, declared: Mapping[str, Table], layers: Layers) -> Rows:
    """The rows of a document without its words.

    Rows of ``tokens`` are left out: their offsets would give the length of every word away.
    """
    rename = numbered(rows["documents"][0], layers)
    made: Rows = {}
    for name, listed in rows.items():
        if name == "passes":
            made[name] = [masked(row, declared[name], layers, numbered(row, layers)) for row in listed]
        elif name != "tokens":
            made[name] = [masked(row, declared[name], layers, rename) for row in listed]
    for row in (row for name in ("documents", "passes") for row in made.get(name, ())):
        row["withheld"] = True
    return made


def _impossible(document: str, rows: Rows) -> list[Finding]:
    """Why the text of a document cannot be withheld."""
    text = rows["documents"][0]["text"]
    place = Place(f"dataset/raw/{document}.txt")
    number = len(words_of(text))
    if number < LEAST_WORDS:
        return [Finding("withheld-short", place, {"name": document, "words": number, "least": LEAST_WORDS}, document)]
    return []


def _withhold(document: str, rows: Rows, stage: Path, facts: Facts, layers: Layers) -> bytes:
    """Seal the rows of a document, and take out of the figures what tells of its words. Returns its key."""
    assert facts.withheld is not None  # noqa: S101 - its caller has just set it
    row = rows["documents"][0]
    entities: dict[str, EntityFacts] = {}
    add_entities(entities, facts.entities, flattened([annotation_file(row, layers, facts.guidelines)], layers))
    for name, one in entities.items():
        left = facts.entities[name]
        left.documents, left.mentions = left.documents - one.documents, left.mentions - one.mentions
        left.events -= one.events
        if not left.documents:
            del facts.entities[name]
    passes = {name: one for name, one in facts.passes.items() if name.rpartition("/")[2] == f"{document}.json"}
    facts.passes = {name: one for name, one in facts.passes.items() if name not in passes}
    facts.inputs = {name: one for name, one in facts.inputs.items() if Path(name).stem != document}  # fast hashes
    words = words_of(row["text"])
    made, held = Sealed(f"{FOLDER}/documents/{document}.bin", len(words), "", []), facts.withheld
    key, made.check = key_of(words, salt("key", facts.name, facts.version, document), held.key_cost)
    salted = salt("window", facts.name, facts.version, document)
    for start in window_starts(len(words), held.window, held.stride):
        made.windows.append(stretch(words[start : start + held.window], salted, held.window_cost).hex())
    data = seal(
        key, msgspec.msgpack.encode(Payload(rows, passes, entities)), facts.name, facts.version, "document", document
    )
    _write(stage / made.file, data)
    held.documents[document] = made
    return key


def _seal_rest(release: Path, stage: Path, whole: Facts, keys: Mapping[str, bytes]) -> None:
    """Seal the pages and figures of the whole release, for who has the words of all withheld documents."""
    files = (path for path in sorted(release.rglob("*")) if path.is_file() and path.suffix != ".parquet")
    rest = {path.relative_to(release).as_posix(): path.read_bytes() for path in files}
    joint = joint_key([keys[name] for name in sorted(keys)])
    _write(stage / FOLDER / "rest.bin", seal(joint, msgspec.msgpack.encode(rest), whole.name, whole.version, "rest"))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def proof_of(facts: Facts) -> str:
    """A slow hash of the content hashes of all tables together, in hexadecimal digits.

    A fast one, or one for each table, would let somebody guess the few words of a small table.
    """
    listed = sorted((name, split, one.content_sha256) for name, of in facts.tables.items() for split, one in of.items())
    words = [f"{name}/{split}:{digest}" for name, split, digest in listed]
    return stretch(words, salt("proof", facts.name, facts.version), Withheld([], {}, "").key_cost, 32).hex()
