"""Compiles a corpus to a release: a folder that is a whole Hugging Face dataset repository.

Documents stream through checks, tables and Parquet into a folder beside the release, which takes its place only when
everything is written. An interrupted or refused compile leaves the previous release as it was.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from krisc import artefacts, judging, pages, provenance
from krisc import facts as figures
from krisc.agreement import Comparison
from krisc.checks import Checked, check_corpus, check_counts, check_forms
from krisc.facts import Facts, FileFacts, SplitFacts
from krisc.files import read_manifest, write_atomically
from krisc.findings import Finding, KriscError, Place
from krisc.memory import Memory
from krisc.parquet import Written, content_of
from krisc.planning import pins
from krisc.runs import How, compiled
from krisc.splits import assign
from krisc.staging import CHECKSUMS, MANIFEST, differences, file_facts, put, staging, target_of
from krisc.store import Corpus
from krisc.tables import tables


@dataclass
class Compiled:
    """What a compile came to: the folder, its figures, warnings, and whether the folder was there already, the same."""

    folder: Path
    facts: Facts
    findings: list[Finding] = field(default_factory=list)
    unchanged: bool = False


def compile_corpus(
    corpus: Corpus,
    out: str | Path | None = None,
    *,
    replace: bool = False,
    how: How | None = None,
    like: Path | None = None,
) -> Compiled:
    """Check and compile a corpus.

    Args:
        corpus: the corpus.
        out: the release's folder, or its URL in an object store; by default ``dataset/releases/<version>``, and then
            new documents' splits are pinned.
        replace: whether a release of this version that differs may be replaced.
        how: where the work runs, and who is told of its progress.
        like: a release that this one is to be compared with; what it was built from and with is named as its own. By
            default what stands at ``out`` and is not to be replaced.

    Raises:
        KriscError: the findings, when there is an error among them; or ``output-unwritable``, ``release-differs``, or
            ``folder-not-empty`` when what stands at ``out`` is no release.
            Whatever stood at ``out`` is untouched.
    """
    how = how or How()
    if how.remember and isinstance(corpus.root, Path):
        corpus.memory = Memory(corpus.root, shared=out is None)
    try:
        return _compile(corpus, out, how, replace=replace, like=like)
    finally:
        if corpus.memory:
            corpus.memory.close()
            corpus.memory = None


def _compile(corpus: Corpus, out: str | Path | None, how: How, *, replace: bool, like: Path | None) -> Compiled:
    if broken := check_forms(corpus):
        raise KriscError(broken)
    version = corpus.config.version
    target = target_of(corpus, out) if out else corpus.releases / version
    with staging(target) as stage:
        known = _built(like or target) if like or not replace else None
        made = _compile_into(stage, corpus, how, version if replace else "", known)
        if corpus.memory:
            corpus.memory.forget()
        made.folder = target
        made.unchanged = not put(stage, target, corpus, replace=replace)
    if out is None:
        write_atomically(corpus.dataset / "splits.json", pins({**splits_of(corpus), **corpus.pinned}))
    return made


def splits_of(corpus: Corpus) -> dict[str, str]:
    """The split of every document: pinned, or assigned now."""
    return {one.id: one.split for one in assign(corpus.index, corpus.config.splits, corpus.pinned)}


def _built(folder: Path) -> Facts | None:
    """The figures of a release, which say what it was built from; None when there is no release, or a broken one."""
    try:
        return read_facts(folder)
    except KriscError:
        return None


def _compile_into(stage: Path, corpus: Corpus, how: How, replaced: str, known: Facts | None) -> Compiled:
    findings = check_corpus(corpus, replaced, how.engine.map)
    if any(f.severity != "warning" for f in findings):
        raise KriscError(findings)
    checked = Checked()
    checked.note(findings)
    facts = figures.start(corpus)
    facts.incidents = corpus.index.incidents()
    comparison = Comparison(corpus.layers, brief=True)
    written: list[Written] = []
    for done in compiled(stage, corpus, how):
        findings += done.findings
        checked.merge(done.checked)
        if not checked.errors:
            figures.merge(facts, done.facts)
            comparison.merge(done.comparison)
            written += done.written
    if not checked.errors:
        findings += check_counts(corpus, checked)
    if not corpus.index:
        findings.append(Finding("corpus-empty", Place("dataset/documents.jsonl")))
    if any(f.severity != "warning" for f in findings):
        raise KriscError(findings)
    facts.agreement = comparison.result() if comparison.documents else None
    facts.judged = judging.summary(corpus)
    facts.written_with = provenance.program(corpus, known.written_with if known else {})
    facts.inputs = known.inputs if known and known.inputs else provenance.inputs(corpus)
    finish(stage, corpus, facts, written)
    return Compiled(stage, facts, findings)


def finish(stage: Path, corpus: Corpus, facts: Facts, written: Sequence[Written]) -> None:
    """Write what stands beside the tables, unless it is there already."""
    import pyarrow as pa  # noqa: PLC0415 - takes long to import

    facts.tables, facts.files = {}, {}
    for name in tables(corpus.layers):
        for split in corpus.config.splits:
            files = [one for one in written if (one.table, one.split) == (name, split)]
            if files:
                facts.tables.setdefault(name, {})[split] = SplitFacts(
                    [one.file for one in files],
                    sum(one.rows for one in files),
                    sum(one.arrow_bytes for one in files),
                    content_of(files),
                )
    facts.written_with["parquet"] = f"pyarrow {pa.__version__}"
    figures.finish(facts, corpus)
    for one in sorted(written, key=lambda one: one.file):
        facts.files[one.file] = FileFacts(one.bytes, one.sha256)
    for path in sorted((corpus.root / "schema" / "layers").glob("*.toml")):
        (stage / "schema" / "layers").mkdir(parents=True, exist_ok=True)
        (stage / "schema" / "layers" / path.name).write_bytes(path.read_bytes())
        facts.files[f"schema/layers/{path.name}"] = file_facts(path)
    for name, make in artefacts.RELEASE_ARTEFACTS.items():
        if not (stage / name).exists() and (text := make(corpus, facts)) is not None:
            (stage / name).parent.mkdir(exist_ok=True)
            (stage / name).write_bytes(text.encode())
            facts.files[name] = file_facts(stage / name)
    for path in sorted(p for p in stage.rglob("*") if p.is_file()):
        if (name := path.relative_to(stage).as_posix()) not in facts.files:
            facts.files[name] = file_facts(path)
    write_manifest(stage, facts)


def write_manifest(stage: Path, facts: Facts) -> None:
    """Write ``release.json`` and ``SHA256SUMS``."""
    manifest = artefacts.manifest(facts).encode()
    (stage / MANIFEST).write_bytes(manifest)
    (stage / CHECKSUMS).write_text(checksums(facts, manifest), encoding="ascii")


def checksums(facts: Facts, manifest: bytes) -> str:
    """``SHA256SUMS`` of a release, as sha256sum writes and checks it: every file, ``release.json`` included."""
    listed = {name: one.sha256 for name, one in facts.files.items()}
    listed[MANIFEST] = hashlib.sha256(manifest).hexdigest()
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(listed.items()))


def read_facts(folder: Path) -> Facts:
    """The figures of a release, from its ``release.json``.

    Raises:
        KriscError: ``release-missing``.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise KriscError([Finding("release-missing", Place(str(folder)), {"version": folder.name})])
    return read_manifest(path, Facts)


def generated(corpus: Corpus) -> dict[str, str]:
    """Every generated file of the corpus folder, by path, as it should be now."""
    made = pages.schemas(corpus)
    facts = read_facts(corpus.releases / corpus.config.version)
    for name, make in artefacts.REPOSITORY_ARTEFACTS.items():
        if name.startswith("docs/") and not (corpus.root / "docs").is_dir():
            continue
        if (text := make(corpus, facts)) is not None:
            made[name] = text
    return made


def write_generated(corpus: Corpus) -> list[str]:
    """Write every generated file anew; returns the names of those that changed."""
    return [name for name, text in generated(corpus).items() if write_atomically(corpus.root / name, text.encode())]


def check_generated(corpus: Corpus) -> Iterator[Finding]:
    """Findings about generated files that are stale or missing."""
    for name, text in generated(corpus).items():
        path = corpus.root / name
        if not path.is_file():
            yield Finding("generated-stale", Place(name), {"file": name, "problem": "is missing"})
        elif path.read_bytes() != text.encode():
            yield Finding("generated-stale", Place(name), {"file": name, "problem": "is not what its sources make now"})


def check_release(corpus: Corpus, how: How | None = None, release: Path | None = None) -> Iterator[Finding]:
    """Rebuild the release of the corpus's version in another folder, and yield where it and ``release`` differ."""
    target = release or corpus.releases / corpus.config.version
    if not (target / MANIFEST).is_file():
        yield Finding("release-missing", Place(corpus.name(target)), {"version": corpus.config.version})
        return
    with tempfile.TemporaryDirectory() as folder:
        made = compile_corpus(corpus, Path(folder) / corpus.config.version, how=how, like=target).folder
        for name, problem in differences(made, target):
            place = Place(f"{corpus.name(target)}/{name}")
            yield Finding("release-stale", place, {"file": name, "problem": problem})
