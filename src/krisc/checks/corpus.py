"""Checks across the files of a corpus: the document list, the folders, the register, the splits and expected counts."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice

import msgspec

from krisc.document import Document
from krisc.duplicates import Alike, Mapped, near_duplicates
from krisc.files import read_manifest, sha256
from krisc.findings import Finding, KriscError, Place, nearest
from krisc.gazetteer import towns
from krisc.index import Entry
from krisc.judgements import Judgement, judgement_paths, read_judgement, shown
from krisc.model import DocumentRecord
from krisc.reading import read_bytes, read_line
from krisc.sharded import in_shard, open_line
from krisc.store import Corpus

DOCUMENTS = "dataset/documents.jsonl"


def documents_are_unique(corpus: Corpus) -> Iterator[Finding]:
    """No document id stands twice in the lists of documents, and no text but in one group, which shares a split."""
    for entry, first in corpus.index.repeated():
        yield Finding(
            "document-duplicate", entry.place("/id"), {"name": entry.id}, entry.id, related=(first.place("/id"),)
        )
    for entry, first in corpus.index.same_texts():
        if entry.id != first.id:
            yield Finding("text-duplicate", entry.place("/sha256"), {"name": entry.id, "other": first.id}, entry.id)


def files_are_listed(corpus: Corpus) -> Iterator[Finding]:
    """Every raw text and every annotation file belongs to a listed document, and not to one that a shard has whole."""
    kinds = (
        ("text-unlisted", (corpus.dataset / "raw").glob("*.txt")),
        ("sources-unlisted", (corpus.dataset / "sources").glob("*.json")),
        ("annotation-unlisted", corpus.annotation_paths()),
        ("annotation-unlisted", (corpus.annotations / "reviews").glob("*.jsonl")),
    )
    for kind, paths in kinds:
        for path in sorted(paths):
            entry = corpus.index.get(path.stem)
            if entry is None:
                known = list(islice(corpus.index.ids(), 20))
                yield Finding(kind, Place(corpus.name(path)), {"name": path.stem, "hint": nearest(path.stem, known)})
            elif entry.whole and path.parent.name != "reviews":
                yield in_shard(entry, Place(corpus.name(path)))


def passes_are_kept(corpus: Corpus, replaced: str = "") -> Iterator[Finding]:
    """Passes that a release has used are there, byte for byte, as long as the text is what it was.

    ``replaced`` is a version that is about to go.
    """
    for manifest in sorted(corpus.releases.glob("*/release.json")):
        if manifest.parent.name == replaced:
            continue
        try:
            released = read_manifest(manifest, _Released)
        except KriscError as error:
            yield from error.findings
            continue
        for name, wanted in released.passes.items():
            path = corpus.annotations / "passes" / name
            entry = corpus.index.get(path.stem)
            corrected = entry is not None and entry.sha256 != wanted.text
            found = corpus.pass_bytes(entry, path)
            if found is None or (not corrected and sha256(found) != wanted.sha256):
                data: dict[str, object] = {"version": manifest.parent.name, "wanted": wanted.sha256[:12]}
                yield Finding("pass-changed", Place(corpus.name(path)), data, path.stem)


class _Pass(msgspec.Struct):
    sha256: str
    text: str


class _Released(msgspec.Struct):
    passes: dict[str, _Pass] = {}


def metadata_holds(record: DocumentRecord, line: int, text: bytes) -> Iterator[Finding]:
    """The metadata of a document, which stands in a line: the hash of its text, and dates that exist."""
    if record.sha256 != (wanted := sha256(text)):
        file = f"dataset/raw/{record.id}.txt"
        data: dict[str, object] = {"found": record.sha256, "wanted": wanted, "file": file}
        place = Place(DOCUMENTS, pointer="/sha256", record=line)
        yield Finding("text-hash-mismatch", place, data, record.id)
    for name in ("published", "captured", "as_of"):
        value = getattr(record, name)
        try:
            if value:
                datetime.date.fromisoformat(value)
        except ValueError:
            place = Place(DOCUMENTS, pointer=f"/{name}", record=line)
            yield Finding("date-impossible", place, {"found": value}, record.id)
    if (record.origin == "composed") != bool(record.as_of):
        place = Place(DOCUMENTS, pointer="/origin", record=line)
        found = f"as of {record.as_of}" if record.as_of else "as of no day"
        yield Finding("as-of-misplaced", place, {"name": record.id, "origin": record.origin, "found": found}, record.id)


def gold_is_there(document: Document) -> Iterator[Finding]:
    """A document has gold."""
    record = document.record
    if document.gold is None:
        place = Place(DOCUMENTS, pointer="/id", record=document.line)
        data = {"name": record.id, "file": f"annotations/gold/{record.id}.json"}
        yield Finding("annotation-missing", place, data, record.id)


def register_holds(corpus: Corpus) -> Iterator[Finding]:
    """The entity register: ids stand once, types are labels of mentions, GeoNames ids and names agree."""
    file = "dataset/entities.jsonl"
    seen: dict[str, int] = {}
    known = towns({entry.geonames for _, entry in corpus.register_lines if entry.geonames})
    labels = {label for layer in corpus.layers.values() if layer.kind == "span" for label in layer.labels}
    for line, entry in corpus.register_lines:
        if entry.id in seen:
            related = (Place(file, pointer="/id", record=seen[entry.id]),)
            yield Finding(
                "register-duplicate", Place(file, pointer="/id", record=line), {"name": entry.id}, related=related
            )
        seen.setdefault(entry.id, line)
        for number, old in enumerate(entry.former):
            if old in corpus.register or corpus.former[old] != entry.id:
                place = Place(file, pointer=f"/former/{number}", record=line)
                yield Finding("register-duplicate", place, {"name": old})
        if entry.type not in labels:
            data: dict[str, object] = {"name": entry.type, "hint": nearest(entry.type, labels)}
            yield Finding("unknown-label", Place(file, pointer="/type", record=line), data)
        if entry.geonames:
            place = Place(file, pointer="/geonames", record=line)
            names = known[entry.geonames].names if entry.geonames in known else ()
            if not names:
                yield Finding("geonames-unknown", place, {"number": entry.geonames, "name": entry.name})
            elif not {n.casefold() for n in (entry.name, *entry.aliases)} & {n.casefold() for n in names}:
                data = {"number": entry.geonames, "name": entry.name, "found": names[0]}
                yield Finding("geonames-mismatch", place, data)


def splits_hold(corpus: Corpus) -> Iterator[Finding]:
    """Splits are pinned to declared names, and documents on one incident share one."""
    file = "dataset/splits.json"
    groups: dict[str, tuple[str, str]] = {}
    for document, split in corpus.pinned.items():
        place = Place(file, pointer=f"/documents/{document}")
        if split not in corpus.config.splits:
            yield Finding(
                "unknown-split", place, {"name": split, "hint": nearest(split, corpus.config.splits)}, document
            )
        if entry := corpus.index.get(document):
            other, first = groups.setdefault(entry.incident, (document, split))
            if first != split:
                data: dict[str, object] = {
                    "name": document,
                    "split": split,
                    "other": other,
                    "wanted": first,
                    "incident": entry.incident,
                }
                yield Finding("split-leak", place, data, document)


def nothing_vanishes(corpus: Corpus) -> Iterator[Finding]:
    """A document that had a split is there, or was retracted with a reason; and what was retracted is not there."""
    retracted = {one.document for one in corpus.retractions}
    for document in corpus.pinned:
        if document not in corpus.index and document not in retracted:
            place = Place("dataset/splits.json", pointer=f"/documents/{document}")
            yield Finding("document-vanished", place, {"name": document}, document)
    for number, one in enumerate(corpus.retractions, start=1):
        if one.document in corpus.index:
            place = Place("dataset/retractions.jsonl", pointer="/document", record=number)
            yield Finding("retraction-contradicted", place, {"name": one.document}, one.document)


def alike_documents(
    corpus: Corpus,
    threshold: float,
    mapped: Mapped = map,
    progress: Callable[[int, int], None] | None = None,
    crowded: Callable[[int], None] | None = None,
) -> Iterator[Alike]:
    """The pairs of documents with nearly the same text (``duplicates.near_duplicates``); a missing text has no pair."""
    found = near_duplicates(
        _texts(corpus), partial(_text_at, corpus), threshold, mapped, progress=progress, crowded=crowded
    )
    return (replace(one, one=_id_of(one.one), other=_id_of(one.other)) for one in found)


def _texts(corpus: Corpus) -> Iterator[str]:
    """Where the text of every document is, in words that a worker without the index can follow."""
    last = ""
    for entry in corpus.index:
        if entry.id != last and (entry.whole or corpus.raw_path(entry.id).is_file()):
            yield f"{entry.id}\t{entry.file}\t{entry.offset}\t{entry.length}" if entry.whole else entry.id
        last = entry.id


def _id_of(text: str) -> str:
    return text.partition("\t")[0]


def _text_at(corpus: Corpus, text: str) -> str:
    """A text as far as it can be read; what is malformed has a finding of its own."""
    name, *where = text.split("\t")
    if where:
        entry = Entry(name, 0, int(where[1]), int(where[2]), "", "", where[0])
        try:
            return open_line(read_line(corpus.root / entry.file, entry.offset, entry.length), entry).text.decode()
        except KriscError:
            return ""
    path = corpus.raw_path(name)
    return read_bytes(path, corpus.name(path)).decode("utf-8", errors="replace")


def near_duplicates_are_of_one_incident(corpus: Corpus, mapped: Mapped = map) -> Iterator[Finding]:
    """Documents with nearly the same text are of one incident, and so share a split, where the corpus asks for it."""
    threshold = corpus.config.near_duplicates
    if threshold is None:
        return
    for alike in alike_documents(corpus, threshold, mapped):
        one, other = corpus.index.get(alike.one), corpus.index.get(alike.other)
        if (
            one and other and one.incident != other.incident and one.sha256 != other.sha256
        ):  # the same text has a finding of its own
            data: dict[str, object] = {"name": other.id, "other": one.id, "share": f"{alike.jaccard:.0%}"}
            yield Finding("near-duplicate", other.place("/incident"), data, other.id, related=(one.place("/incident"),))


def labels_are_everywhere(corpus: Corpus, labels: Mapping[tuple[str, str], int]) -> Iterator[Finding]:
    """Labels with enough instances occur in every split that ``[balance]`` names, once every document has a split.

    Args:
        corpus: the corpus.
        labels: how often each ``(split, layer/LABEL)`` occurs.
    """
    wanted = corpus.config.balance
    if wanted is None or any(name not in corpus.pinned for name in corpus.index.ids()):
        return
    for name in wanted.layers:
        if name not in corpus.layers:
            data: dict[str, object] = {"name": name, "hint": nearest(name, corpus.layers)}
            yield Finding("unknown-count", Place("dataset/corpus.toml", pointer="/balance/layers"), data)
            continue
        for label in corpus.layers[name].labels:
            total = sum(number for (_, one), number in labels.items() if one == f"{name}/{label}")
            for split in wanted.splits:
                if total >= wanted.minimum and not labels.get((split, f"{name}/{label}")):
                    data = {"label": label, "layer": name, "count": total, "split": split}
                    yield Finding("label-absent", Place("dataset/splits.json"), data)


def judgements_hold(corpus: Corpus) -> Iterator[Finding]:
    """Judgements are well formed, of registered readers, and of the gold as it is."""
    for path in judgement_paths(corpus):
        try:
            judgement = read_judgement(corpus, path)
        except KriscError as error:
            yield from error.findings
            continue
        if judgement.by not in corpus.annotators:
            data: dict[str, object] = {"annotation": "the judgement", "name": judgement.by}
            data["hint"] = nearest(judgement.by, corpus.annotators)
            yield Finding("annotator-unknown", Place(corpus.name(path), pointer="/by"), data)
        if gone := sum(not there for there in _still_there(corpus, judgement)):
            data = {"count": gone, "whole": sum(not item.planted for item in judgement.items)}
            yield Finding("judgement-outdated", Place(corpus.name(path)), data)


def _still_there(corpus: Corpus, judgement: Judgement) -> Iterator[bool]:
    """Of every item that is not planted, whether the gold has it as it was judged."""
    for name in sorted({item.document for item in judgement.items}):
        entry = corpus.index.get(name)
        document = corpus.read_document(entry)[0] if entry else None
        layers = document.gold.layers if document and document.gold else {}
        by_id = {a.id: a for listed in layers.values() for a in listed}
        held = {(layer, a.id): a for layer, listed in layers.items() for a in listed}
        for item in judgement.items:
            if item.document == name and not item.planted:
                a = held.get((item.layer, item.annotation))
                text = document.text if document else ""
                yield a is not None and shown(a, corpus.layers[item.layer], text, by_id) == item.shown


def counts_are_expected(corpus: Corpus, counts: Mapping[str, int]) -> Iterator[Finding]:
    """Counts of documents and of annotations a layer reach what ``corpus.toml`` expects."""
    file = "dataset/corpus.toml"
    for name, expected in corpus.config.expected.items():
        count = counts.get(name)
        if count is None:
            data: dict[str, object] = {"name": name, "hint": nearest(name, ["documents", *corpus.layers])}
            yield Finding("unknown-count", Place(file, pointer=f"/expected/{name}"), data)
            continue
        data = {"name": name, "count": count, "min": expected.min, "max": expected.max}
        if expected.min is not None and count < expected.min:
            yield Finding("count-low", Place(file, pointer=f"/expected/{name}/min"), data)
        if expected.max is not None and count > expected.max:
            yield Finding("count-high", Place(file, pointer=f"/expected/{name}/max"), data)
