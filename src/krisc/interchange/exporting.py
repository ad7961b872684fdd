"""Writes the gold of a corpus in another format, and says what that format could not carry."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from krisc.checks import check_document
from krisc.files import unwritable
from krisc.findings import Finding, KriscError, Place
from krisc.interchange import load
from krisc.interchange.base import METADATA, Outgoing, Report
from krisc.store import Corpus


def export_corpus(
    name: str,
    corpus: Corpus,
    out: Path,
    *,
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Write every document of a corpus in another format.

    Args:
        name: a key of ``FORMATS``.
        corpus: the corpus.
        out: the file or folder to write, which must not be there; beside it goes ``<out>.losses.json``.
        strict: whether any loss is an error, and then nothing is written.
        progress: called with documents done and all documents.

    Raises:
        KriscError: ``folder-not-empty`` when ``out`` is there, ``conversion-loss`` when strict, findings of the form of
            the corpus's files, or ``output-unwritable``.
    """
    if out.exists():
        raise KriscError([Finding("folder-not-empty", Place(str(out)), {"folder": str(out)})])
    report = Report()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.partial-"))
    except OSError as error:
        raise unwritable(out, error) from None
    try:
        made = stage / out.name
        load(name).write(corpus, _documents(corpus, report, progress), made, report)
        if strict and report.counts:
            raise KriscError(
                Finding("conversion-loss", Place(str(out)), {"format": name, "what": what, "number": number})
                for what, number in sorted(report.counts.items())
            )
        losses = {"format": name, "counts": dict(sorted(report.counts.items())), "examples": asdict(report)["examples"]}
        text = json.dumps(losses, ensure_ascii=False, indent=1) + "\n"
        (out.parent / f"{out.name}.losses.json").write_text(text, encoding="utf-8")
        made.rename(out)
    except OSError as error:
        raise unwritable(out, error) from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return report


def _documents(corpus: Corpus, report: Report, progress: Callable[[int, int], None] | None) -> Iterator[Outgoing]:
    names = {id_: entry.name for id_, entry in corpus.register.items()}
    for number, entry in enumerate(corpus.index):
        document, findings = check_document(corpus, entry, adjudicated=False)
        sound = ("annotation-missing", "text-hash-mismatch")
        if errors := [f for f in findings if f.kind.level in ("form", "reference") and f.id not in sound]:
            raise KriscError(errors)
        if document is None:
            continue
        for one in document.passes:
            made = sum(map(len, one.layers.values()))
            report.lose("annotations of passes, beside the gold", f"{entry.id} {one.annotator}", made)
        if document.gold is None:
            report.lose("documents without gold", entry.id)
        else:
            report.documents += 1
            report.annotations += sum(map(len, document.gold.layers.values()))
            about = {key: value for key in METADATA if (value := getattr(document.record, key))}
            layers = corpus.layers
            yield Outgoing(entry.id, document.record.title, document.text, document.gold, layers, names, about)
        if progress:
            progress(number + 1, len(corpus.index))
