"""Verifies a release that somebody has a copy of, offline and without its sources.

First every file against its hash; then, of the tables that are whole, rows against the content hash, the table's
declaration, the rules of the layers, the splits and the figures; and the card against all of that.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from krisc.checks import check_annotations
from krisc.checks.context import Context
from krisc.content import Content
from krisc.document import Document
from krisc.facts import Facts
from krisc.files import sha256
from krisc.findings import Finding, KriscError, Place
from krisc.form import Form
from krisc.layers import Layer, Layers
from krisc.masking import is_masked
from krisc.metadata.checking import metadata_findings
from krisc.model import Annotator, DocumentRecord, RegisterEntry
from krisc.models import schema
from krisc.parquet import hold
from krisc.reading import read_toml
from krisc.release import checksums, read_facts
from krisc.rows import annotation_file, read_batches
from krisc.schemas import fixed
from krisc.sealing import Withheld
from krisc.staging import CHECKSUMS, MANIFEST
from krisc.tables import ORIGINS, Table, tables

Progress = Callable[[int, int], None]
CARD = "README.md"
# What a download from the Hub, or a clone, has beside the files of the release.
DOWNLOADED = (".cache/huggingface/", ".git/")


@dataclass
class _Seen:
    """What the rows of a release hold, gathered while they are read once."""

    splits: dict[str, str] = field(default_factory=dict)  # of each document
    incidents: dict[str, tuple[str, str]] = field(default_factory=dict)  # split and first document
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


def verify(folder: Path, progress: Progress | None = None) -> tuple[list[Finding], Facts | None]:
    """All findings about a copy of a release, and its figures.

    Args:
        folder: the release.
        progress: called with tables done and all tables.

    Raises:
        KriscError: ``release-missing``, or what is wrong with the form of ``release.json``.
    """
    facts = read_facts(folder)
    findings = check_files(folder, facts)
    broken = {f.place.file for f in findings}
    if any(name.startswith("schema/layers/") for name in broken):
        return findings, facts
    layers = layers_of(folder, facts)
    if not layers:  # the first releases carry no rules to hold their rows to
        return [
            *findings,
            Finding("file-lost", Place("schema/layers"), {"name": "schema/layers, which rows follow,"}),
        ], facts
    declared = tables(layers, withheld=facts.withheld is not None)
    seen = _Seen()
    for number, (name, splits) in enumerate(facts.tables.items()):
        if name not in declared:
            findings.append(Finding("file-lost", Place("schema/layers"), {"name": f"the layer of the table {name}"}))
        for split, one in splits.items() if name in declared else ():
            if not broken & set(one.files):
                findings += _table(folder, facts, declared[name], split, layers, seen)
        if progress:
            progress(number + 1, len(facts.tables))
    findings += seen.findings
    if not broken:
        findings += _figures(facts, seen)
    if CARD not in broken:
        findings += _card(folder, facts)
    findings += metadata_findings(folder, facts, broken)
    return findings, facts


def check_files(folder: Path, facts: Facts) -> list[Finding]:
    """Files that are not what was released, by their hashes, and hashes that do not agree with each other."""
    return [*_files(folder, facts), *_checksums(folder, facts)]


# --- files ----------------------------------------------------------------------------------------------------------


def _files(folder: Path, facts: Facts) -> Iterator[Finding]:
    """Files that are missing, that should not be there, and that are not what was released."""
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() or p.is_symlink()}
    by_hash = {one.sha256: name for name, one in facts.files.items()}
    known = {*facts.files, MANIFEST, CHECKSUMS, f"{CHECKSUMS}.minisig", ".gitattributes"}
    for name in sorted(name for name in set(found) - known if not name.startswith(DOWNLOADED)):
        yield Finding("file-unknown", Place(name), {"name": name})
    for name, wanted in facts.files.items():
        if name not in found:
            yield Finding("file-lost", Place(name), {"name": name})
            continue
        data = found[name].read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest != wanted.sha256:
            told = f"{len(data):,} bytes instead of {wanted.bytes:,}" if len(data) != wanted.bytes else "other bytes"
            if digest in by_hash:
                told = f"the bytes of {by_hash[digest]}"
            yield Finding("file-altered", Place(name), {"name": name, "found": told, "wanted": wanted.sha256[:16]})


def _checksums(folder: Path, facts: Facts) -> Iterator[Finding]:
    """``SHA256SUMS`` says of every file, ``release.json`` included, what is there."""
    wanted = checksums(facts, (folder / MANIFEST).read_bytes())
    path = folder / CHECKSUMS
    if not path.is_file():
        yield Finding("file-lost", Place(CHECKSUMS), {"name": CHECKSUMS})
    elif path.read_bytes() != wanted.encode():
        data = {"name": CHECKSUMS, "found": "other hashes than the files", "wanted": sha256(wanted.encode())[:16]}
        yield Finding("file-altered", Place(CHECKSUMS), data)


def layers_of(folder: Path, facts: Facts) -> Layers:
    """The layers that a release carries."""
    form = Form(fixed("layer"))
    read = [
        msgspec.convert(read_toml(folder / name, folder, form), Layer)
        for name in facts.files
        if name.startswith("schema/layers/")
    ]
    return {layer.name: layer for layer in sorted(read, key=lambda layer: (layer.order, layer.name))}


# --- rows -----------------------------------------------------------------------------------------------------------


def _table(folder: Path, facts: Facts, table: Table, split: str, layers: Layers, seen: _Seen) -> Iterator[Finding]:
    """Read the rows of one split of one table once, and hold them to everything that is said of them."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes long to import

    wanted = facts.tables[table.name][split]
    declared = schema(table)
    place = Place(wanted.files[0])
    for name in wanted.files:
        found = pq.read_schema(folder / name)
        if not found.equals(declared) or found.metadata != declared.metadata:
            data: dict[str, object] = {
                "found": "other columns or features",
                "wanted": f"those of the table {table.name}",
            }
            yield Finding("content-altered", Place(name), data)
            return
    digest, number = hashlib.sha256(), 0
    for name in wanted.files:
        content = Content(declared)
        for batch in read_batches(folder, [name]):
            number += batch.num_rows
            content.add(batch)
            yield from _held(batch, table, place)
            for row in batch.to_pylist():
                yield from _row(row, table, split, place, facts, layers, seen)
        digest.update(f"{content.hexdigest()}\n".encode())
    if number != wanted.rows or digest.hexdigest() != wanted.content_sha256:
        data = {
            "found": f"{number:,} rows with the content hash {digest.hexdigest()[:16]}",
            "wanted": f"{wanted.rows:,} rows with {wanted.content_sha256[:16]}",
        }
        yield Finding("content-altered", place, data)


def _held(batch: Any, table: Table, place: Place) -> Iterator[Finding]:  # noqa: ANN401 - a pyarrow table
    try:
        hold(batch, table)
    except KriscError as error:
        yield from (Finding(f.id, place, f.data) for f in error.findings)


def _row(
    row: Mapping[str, Any], table: Table, split: str, place: Place, facts: Facts, layers: Layers, seen: _Seen
) -> Iterator[Finding]:
    document = row["document_id"]
    if row["version"] != facts.version:
        data: dict[str, object] = {"found": row["version"], "wanted": facts.version, "what": f"a row of {document}"}
        yield Finding("version-mixed", place, data, document)
    if facts.withheld:
        yield from _withheld(row, table, place, facts.withheld, layers)
    if table.name == "documents":
        if document in seen.splits:
            yield Finding("document-duplicate", place, {"name": document}, document)
        seen.splits[document] = split
        other, first = seen.incidents.setdefault(row["incident"], (split, document))
        if other != split:
            data = {"name": document, "split": split, "other": first, "wanted": other, "incident": row["incident"]}
            yield Finding("split-leak", place, data, document)
        yield from _rules(row, place, layers, facts)
        for name in layers:
            seen.labels.update((name, list(layers[name].labels)[a["label"]]) for a in row[name] or ())
    elif seen.splits.get(document, split) != split:
        data = {"name": document, "split": split, "other": "documents", "wanted": seen.splits[document]}
        yield Finding("split-leak", place, {**data, "incident": document}, document)


def _withheld(
    row: Mapping[str, Any], table: Table, place: Place, withheld: Withheld, layers: Layers
) -> Iterator[Finding]:
    """What a variant withholds is masked, and nothing else is."""
    document = row["document_id"]
    hidden = document in withheld.documents
    if row.get("withheld", hidden) != hidden:
        told = f"{document} is {'not ' if hidden else ''}withheld"
        yield Finding("figure-wrong", place, {"what": "texts", "told": told, "found": "the contrary"}, document)
    elif hidden and not is_masked(row, table, layers):
        yield Finding("withheld-readable", place, {"name": document, "table": table.name}, document)


def _rules(row: Mapping[str, Any], place: Place, layers: Layers, facts: Facts) -> Iterator[Finding]:
    """The rules of the layers on one document; what was withheld has no words to hold them to."""
    if row.get("withheld"):
        return
    text: str = row["text"]
    data = text.encode()
    record = DocumentRecord(
        **{key: row[key] for key in ("title", "publisher", "url", "language", "rights", "incident", "sha256")},
        **{key: str(row[key] or "") for key in ("published", "captured", "as_of")},
        id=row["document_id"],
        origin=ORIGINS[row["origin"]],
        sources=(),
    )
    if hashlib.sha256(data).hexdigest() != record.sha256:
        told = {"found": record.sha256, "wanted": hashlib.sha256(data).hexdigest(), "file": place.file}
        yield Finding("text-hash-mismatch", place, told, record.id)
    gold = annotation_file(row, layers, facts.guidelines)
    document = Document(record, 0, data, text, gold, ())
    annotators = {name: Annotator(name, a.kind, a.name, a.given) for name, a in facts.annotators.items()}
    register = {name: RegisterEntry(name, e.type, e.name) for name, e in facts.entities.items()}
    context = Context(layers, register, annotators, document, gold, lambda: place.file, lambda: place.file)
    for finding in check_annotations(context):
        if finding.severity == "error":
            yield Finding(finding.id, place, finding.data, record.id, finding.annotation)


# --- figures and card -----------------------------------------------------------------------------------------------


def _figures(facts: Facts, seen: _Seen) -> Iterator[Finding]:
    """The figures of ``release.json`` against the rows."""
    place = Place(MANIFEST)
    counted: list[tuple[str, int, int]] = [("documents", facts.documents, len(seen.splits))]
    per_split = Counter(seen.splits.values())
    counted += [(f"documents in {split}", number, per_split[split]) for split, number in facts.splits.items()]
    counted += [
        (f"{name}/{label}", number, seen.labels[name, label])
        for name, layer in facts.layers.items()
        for label, number in layer.labels.items()
    ]
    for what, told, found in counted:
        if told != found:
            yield Finding("figure-wrong", place, {"what": what, "told": told, "found": found})


def _card(folder: Path, facts: Facts) -> Iterator[Finding]:
    """The card's metadata against the tables: configurations, files, rows and version."""
    place = Place(CARD)
    head = (folder / CARD).read_text(encoding="utf-8").split("---\n")
    try:
        card = yaml.safe_load(head[1])
        infos = card["dataset_info"]
        infos = {one["config_name"]: one for one in (infos if isinstance(infos, list) else [infos])}
        told = {name: {s["name"]: s["num_examples"] for s in one["splits"]} for name, one in infos.items()}
        paths = {c["config_name"]: {d["split"]: d["path"] for d in c["data_files"]} for c in card["configs"]}
    except (yaml.YAMLError, KeyError, IndexError, TypeError):
        yield Finding("figure-wrong", place, {"what": "its metadata", "told": "unreadable", "found": "tables"})
        return
    wanted = {name: {split: one.rows for split, one in splits.items()} for name, splits in facts.tables.items()}
    where = {name: {split: f"{name}/{split}-*.parquet" for split in splits} for name, splits in facts.tables.items()}
    for what, found, right in (("rows of the splits", told, wanted), ("files of the splits", paths, where)):
        if found != right:
            shown = [name for name in {**found, **right} if found.get(name) != right.get(name)]
            data: dict[str, object] = {
                "what": f"{what} of {', '.join(shown)}",
                "told": "others",
                "found": "other tables",
            }
            yield Finding("figure-wrong", place, data)
    title = next((line for line in head[-1].splitlines() if line.startswith("# ")), "no title")
    if not title.endswith(f" {facts.version}"):
        yield Finding("version-mixed", place, {"what": "the card", "found": title, "wanted": facts.version})
