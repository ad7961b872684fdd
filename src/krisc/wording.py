"""Measures how much wording a composed text shares with the pages that were read for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from krisc.files import write_atomically
from krisc.findings import Finding, KriscError, Place
from krisc.model import SharedRun, Sources
from krisc.reading import read_bytes, read_text
from krisc.sharded import in_shard
from krisc.store import Corpus

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def longest_run(text: str, page: str) -> int:
    """The longest run of words that two texts share, in words outside names.

    Words are compared without regard to case. A word of ``text`` that begins with a capital or a digit belongs to a
    name, a title or a figure: it continues a run and does not count.
    """
    ours, theirs = _WORD.findall(text), [word.casefold() for word in _WORD.findall(page)]
    weights = [int(not (word[0].isupper() or word[0].isdigit())) for word in ours]
    best = 0
    before = [0] * (len(theirs) + 1)  # of each place in the page: weight of the run that ends just before it
    for word, weight in zip((w.casefold() for w in ours), weights, strict=True):
        now = [0] * (len(theirs) + 1)
        for at, other in enumerate(theirs):
            if word == other:
                now[at + 1] = before[at] + weight
        best = max(best, *now)
        before = now
    return best


def shared_run(text: str, pages: Mapping[str, str]) -> SharedRun:
    """The longest run that a text shares with any of some pages, by their ids; of equals the first."""
    runs = [SharedRun(longest_run(text, words), name) for name, words in pages.items()]
    return max(runs, key=lambda run: run.words, default=SharedRun(0, ""))


def measure(corpus: Corpus, excerpts: Path) -> dict[str, SharedRun]:
    """Measure every composed document, and write the figure into its sources.

    Args:
        corpus: the corpus.
        excerpts: a folder with what was read: ``<document>/<page>.txt``. It is no part of the corpus, because the
            words in it are others'.

    Returns:
        The longest shared run by document.

    Raises:
        KriscError: ``excerpt-missing`` for every page without its excerpt, ``document-in-shard`` for every composed
            document into whose line nothing is written; and then nothing is written at all.
    """
    findings = [
        in_shard(entry, entry.place("/origin"))
        for entry in corpus.index
        if entry.whole and corpus.read_record(entry).origin == "composed"
    ]
    measured: dict[str, SharedRun] = {}
    for path in sorted((corpus.dataset / "sources").glob("*.json")):
        sources = _sources(corpus, path.stem)
        pages: dict[str, str] = {}
        for number, page in enumerate(sources.pages):
            excerpt = excerpts / path.stem / f"{page.id}.txt"
            if excerpt.is_file():
                pages[page.id] = read_text(excerpt, excerpts)
            else:
                place = Place(corpus.name(path), pointer=f"/pages/{number}/id")
                findings.append(Finding("excerpt-missing", place, {"file": str(excerpt), "name": page.id}, path.stem))
        measured[path.stem] = shared_run(read_text(corpus.raw_path(path.stem), corpus.root), pages)
    if findings:
        raise KriscError(findings)
    for name, run in measured.items():
        made = msgspec.structs.replace(_sources(corpus, name), shared_run=run)
        data = msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"
        write_atomically(corpus.sources_path(name), data)
    return measured


def _sources(corpus: Corpus, document: str) -> Sources:
    path = corpus.sources_path(document)
    found: Sources = corpus.decoders["sources"].decode(read_bytes(path, corpus.name(path)), corpus.name(path))
    return found
