"""Writes a release or a corpus as pages that a browser shows without a server: every document with all its layers.

The pages are read-only and static. Their data stand in scripts, because a page that was opened from a file may not read
other files: one of what the corpus is, one of all annotations to search in, and one for each document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from krisc.files import write_atomically
from krisc.findings import Finding, KriscError, Place
from krisc.model import AnnotationFile
from krisc.release import read_facts
from krisc.showing import annotations_shown, layers_shown, page_file
from krisc.staging import MANIFEST, staging, swap
from krisc.states import State, Version, corpus_state, release_state
from krisc.store import Corpus

FILES = {"index.html": "view.html", "view.js": "view.js", "page.css": "page.css"}
SHOWN = 120  # code points of an annotation's words in a list


@dataclass
class Site:
    """What was written: the folder, and how much is in it."""

    folder: Path
    documents: int = 0
    annotations: int = 0
    bytes: int = 0


@dataclass
class _Lists:
    """What is known of all documents: their head lines, and a row for every annotation."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)


def write_site(source: Path, out: Path) -> Site:
    """Write the pages of a release's or a corpus's folder.

    Args:
        source: the folder.
        out: the folder of the pages: new, empty, or pages that were written here before.

    Raises:
        KriscError: the folder is neither, or cannot be read; ``page-missing``, ``folder-not-empty``, or
            ``output-unwritable``.
    """
    title, names, state = _opened(source)
    target = out.resolve()
    ours = (target / "data" / "corpus.js").is_file()
    if target.exists() and not ours and (not target.is_dir() or any(target.iterdir())):
        raise KriscError([Finding("folder-not-empty", Place(str(out)), {"folder": str(out)})])
    pages = {name: page_file(file) for name, file in FILES.items()}
    with staging(target) as stage:
        for name, content in pages.items():
            write_atomically(stage / name, content)
        lists = _Lists()
        for number, version in enumerate(_versions(state, source), start=1):
            file = f"data/{number:04}.js"
            _script(stage / file, file, _document(version, state))
            _list(lists, version, state, file)
        head = {"title": title, "version": state.version, "layers": layers_shown(state.layers), "entities": names}
        _script(stage / "data/corpus.js", "data/corpus.js", {**head, "documents": lists.documents})
        _script(stage / "data/find.js", "data/find.js", lists.rows)
        size = sum(path.stat().st_size for path in stage.rglob("*") if path.is_file())
        swap(stage, target)
    return Site(target, len(lists.documents), len(lists.rows), size)


def _opened(source: Path) -> tuple[str, dict[str, str], State]:
    """The title, the names of entities, and the documents of a folder."""
    if (source / MANIFEST).is_file():
        facts = read_facts(source)
        names = {id_: entity.name for id_, entity in facts.entities.items()}
        return facts.title, names, release_state(source, {})
    corpus = Corpus(source)
    names = {entry.id: entry.name for entry in corpus.register.values()}
    return corpus.config.title, names, corpus_state(corpus, corpus.config.name)


def _versions(state: State, source: Path) -> Iterator[Version]:
    """The documents; a release that is damaged is told of.

    Raises:
        KriscError: ``file-unreadable``, or what is wrong with a document of a corpus.
    """
    import pyarrow as pa  # noqa: PLC0415 - takes long to import

    try:
        yield from state.documents
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError) as error:
        reason = f"it is not a whole release ({type(error).__name__}); krisc verify says more"
        raise KriscError([Finding("file-unreadable", Place(str(source)), {"reason": reason})]) from None


def _document(version: Version, state: State) -> dict[str, Any]:
    shown = annotations_shown(version.gold, state.layers)
    metadata = {key: value for key, value in version.metadata.items() if value and key != "sha256"}
    return {"id": version.id, "text": version.text, "metadata": metadata, "annotations": shown}


def _list(lists: _Lists, version: Version, state: State, file: str) -> None:
    meta = version.metadata
    year = (meta["published"] or meta["as_of"])[:4]
    head = {"id": version.id, "title": meta["title"], "file": file, "split": version.split, "origin": meta["origin"]}
    lists.documents.append({**head, "year": year, "layers": [n for n in state.layers if n in version.gold.layers]})
    words = _words(version.gold)
    for name in state.layers:
        for a in version.gold.layers.get(name, ()):
            row = [len(lists.documents) - 1, name, a.label, a.id, words[a.id][:SHOWN], a.decided]
            lists.rows.append([*row, int(bool(a.checked_by)), a.entity])


def _words(gold: AnnotationFile) -> Mapping[str, str]:
    """The words of every annotation; of one that stands on none, those of what it refers to."""
    every = [a for listed in gold.layers.values() for a in listed]
    own = {a.id: " … ".join(s.quote for s in a.anchor) for a in every}
    found = {}
    for a in every:
        referred = [" ".join(s.quote for s in g.segments) or own.get(g.target, "") for g in a.arguments]
        found[a.id] = own[a.id] or " | ".join([*referred, *(own.get(m, "") for m in a.members)])
    return found


def _script(path: Path, name: str, value: object) -> None:
    """A script that gives its value to the page. It is no part of a page, so that nothing in it can end one."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    write_atomically(path, f"krisc({json.dumps(name)},{text});\n".encode())
