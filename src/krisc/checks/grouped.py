"""Checks of many documents at once: most are beyond doubt, and the others are looked at one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from krisc import reviews
from krisc.arrowjson import file_schema, read_files, written
from krisc.checks import check_document, in_place
from krisc.checks.batch import Batch
from krisc.checks.corpus import metadata_holds
from krisc.columns import Booleans, Flat
from krisc.document import Document, Opened
from krisc.findings import Finding, KriscError
from krisc.groups import Group
from krisc.index import Entry
from krisc.lines import Line
from krisc.parquet import Filling
from krisc.store import Corpus

Found = tuple[Document | None, list[Finding]]


@dataclass(frozen=True)
class Waiting:
    """A document that is to be checked, by its number in its run; or why it cannot be opened."""

    number: int
    opened: Opened | list[Finding]


@dataclass(frozen=True)
class Looked:
    """What came of some documents, a finding list each; and those of them that have gold.

    A document that is beyond doubt has its gold in the group alone, and no findings.
    """

    documents: tuple[Found, ...]
    group: Group


def opened_in_groups(
    corpus: Corpus, entries: Iterable[tuple[Entry, str]], each: Callable[[Opened, str], object] | None = None
) -> Iterator[tuple[str, list[Waiting]]]:
    """Open documents, and yield those of a row group together, with the name of their split.

    Args:
        corpus: the corpus.
        entries: documents with their splits.
        each: is told of every document that can be opened, in the order of the entries.
    """
    waiting: dict[str, list[Waiting]] = {}
    filling: dict[str, Filling] = {}
    for number, (entry, split) in enumerate(entries):
        here = waiting.setdefault(split, [])
        try:
            opened = corpus.open_document(entry)
        except KriscError as error:
            here.append(Waiting(number, in_place(corpus, entry, list(error.findings))))
            continue
        here.append(Waiting(number, opened))
        if each:
            each(opened, split)
        gold, passes = opened.parts.gold, len(opened.parts.passes)
        if gold is not None and filling.setdefault(split, Filling()).add(len(opened.text), passes):
            yield split, waiting.pop(split)
    yield from waiting.items()


def check_group(corpus: Corpus, listed: Sequence[Waiting]) -> Looked:
    """Check documents."""
    plain = [one for one in listed if isinstance(one.opened, Opened) and _plain(corpus, one.opened)]
    group, sound = _glanced(corpus, [one.opened for one in plain if isinstance(one.opened, Opened)])
    quick = {one.number: document for one, document, yes in zip(plain, group.documents, sound, strict=True) if yes}
    found: list[Found] = []
    files: list[bytes] = []
    documents: list[Document] = []
    for one in listed:
        if isinstance(one.opened, list):
            found.append((None, one.opened))
            continue
        document = quick.get(one.number)
        found.append((document, []) if document else check_document(corpus, one.opened.entry, opened=one.opened))
        document = found[-1][0]
        if document is not None and document.gold is not None:
            documents.append(document)
            files.append(written(document.gold))
        elif one.number in quick and document is not None:
            documents.append(document)
            files.append(_gold(one.opened))
    if len(documents) == len(quick) == len(plain):
        return Looked(tuple(found), group)
    table = read_files(files, file_schema(corpus.layers))
    assert table is not None  # noqa: S101 - all of them were read before
    line = Line([document.text for document in documents])
    return Looked(tuple(found), Group(documents, line, Flat(table, corpus.layers)))


def _plain(corpus: Corpus, one: Opened) -> bool:
    """Whether a document has nothing but metadata, text and gold, and the metadata are in order."""
    parts, record = one.parts, one.record
    return (
        parts.gold is not None
        and not parts.passes
        and not parts.sources
        and record.origin != "composed"
        and not any(metadata_holds(record, one.entry.line, parts.text))
        and not reviews.path_of(corpus, record.id).exists()
    )


def _gold(one: Opened) -> bytes:
    return one.parts.gold[1] if one.parts.gold else b""


def _glanced(corpus: Corpus, listed: Sequence[Opened]) -> tuple[Group, Booleans]:
    """Documents as a group, and which of them are beyond doubt."""
    documents = [Document(one.record, one.entry.line, one.parts.text, one.text, None, ()) for one in listed]
    line = Line([one.text for one in listed])
    schema = file_schema(corpus.layers)
    files = [file if _usual(file) else b"{}" for file in map(_gold, listed)]
    table = read_files(files, schema)
    if table is None:
        files = [b"{}" if read_files([file], schema) is None else file for file in files]
        table = read_files(files, schema)
        assert table is not None  # noqa: S101 - each of them was read
    flat = Flat(table, corpus.layers)
    names = [one.record.id for one in listed]
    hashes = [one.record.sha256 for one in listed]
    return Group(documents, line, flat), Batch(line, table, flat, corpus.register, corpus.annotators).sound(
        names, hashes
    )


def _usual(file: bytes) -> bool:
    """Whether Arrow sees all there is in a file: null is to it what is absent, and a byte order mark is nothing."""
    return file.startswith(b"{") and b"null" not in file
