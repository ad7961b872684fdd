"""What a release was built from: every authored file that the compiler reads, by its hash, and with which program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from krisc import __version__
from krisc.files import sha256
from krisc.findings import Finding, Place
from krisc.reading import read_bytes
from krisc.store import Corpus

# Splits are left out: compiling writes them, and every row of a release says its own.
AUTHORED = (
    "dataset/*.toml",
    "dataset/*.jsonl",
    "dataset/*.jinja",
    "dataset/raw/*.txt",
    "dataset/shards/*.jsonl",
    "dataset/sources/*.json",
    "schema/layers/*.toml",
    "annotations/annotators.toml",
    "annotations/gold/*.json",
    "annotations/passes/*/*.json",
    "annotations/decisions/*.toml",
    "annotations/judgements/*.json",
    "LICENSE-DATA",
)
LOCK = "requirements.lock"
PROGRAM = "program"


def inputs(corpus: Corpus) -> dict[str, str]:
    """The SHA-256 of every authored file, by its path in the corpus folder, sorted; hidden files are no input.

    Raises:
        KriscError: ``file-unreadable``.
    """
    names = {
        path.relative_to(corpus.root).as_posix(): path
        for pattern in AUTHORED
        for path in corpus.root.glob(pattern)
        if path.is_file() and not path.name.startswith(".")
    }
    return {name: _digest(corpus, path) for name, path in sorted(names.items())}


def program(corpus: Corpus, known: Mapping[str, str]) -> dict[str, str]:
    """The program and the hash of the lock of its dependencies, where the corpus has one.

    Args:
        corpus: the corpus.
        known: what a release of the same version has recorded: it is named again, so that a rebuild by a later program
            shows that the bytes are the same.
    """
    if PROGRAM in known:
        return {key: known[key] for key in (PROGRAM, LOCK) if key in known}
    lock = corpus.root / LOCK
    return {PROGRAM: f"krisc {__version__}"} | ({LOCK: _digest(corpus, lock)} if lock.is_file() else {})


def check_sources(corpus: Corpus, recorded: Mapping[str, str], built: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about a corpus that is not what a release was built from, or not with what; none when none is recorded.

    Args:
        corpus: the corpus.
        recorded: the inputs of the release.
        built: its program and lock.
    """
    found = inputs(corpus) if recorded else {}
    for name in sorted(recorded.keys() | found.keys()):
        if name not in found:
            yield Finding("source-differs", Place(name), {"file": name, "problem": "is gone"})
        elif name not in recorded:
            yield Finding(
                "source-differs", Place(name), {"file": name, "problem": "was not there when the release was built"}
            )
        elif found[name] != recorded[name]:
            yield Finding(
                "source-differs",
                Place(name),
                {"file": name, "problem": "has other bytes than when the release was built"},
            )
    now = program(corpus, {}) if PROGRAM in built else {}
    for key in (PROGRAM, LOCK) if now else ():
        was, here = (known.get(key, "none")[:16] for known in (built, now))
        if was != here:
            yield Finding("build-differs", Place(LOCK), {"what": key, "found": here, "wanted": was})


def _digest(corpus: Corpus, path: Path) -> str:
    if corpus.memory:
        with suppress(OSError):
            return corpus.memory.digest(path)
    return sha256(read_bytes(path, corpus.name(path)))
