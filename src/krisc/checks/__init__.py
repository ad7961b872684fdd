"""All checks of a corpus, in the order in which they run: form, then reference, then meaning.

A check is a pure generator of findings. A file that fails one level is not held to the next, whose findings would only
repeat the cause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from krisc.adjudication import outdated
from krisc.checks import corpus as across
from krisc.checks import meaning, reference
from krisc.checks.composed import composed_texts_hold
from krisc.checks.context import Context
from krisc.checks.reviewed import reviews_hold
from krisc.document import Document, Opened
from krisc.duplicates import Mapped
from krisc.findings import Finding, KriscError
from krisc.index import Entry
from krisc.model import AnnotationFile
from krisc.reading import read_line
from krisc.sharded import relocate
from krisc.store import Corpus

if TYPE_CHECKING:
    from krisc.groups import Group

Check = Callable[[Context], Iterator[Finding]]

# The registry of checks on one annotation file.
CHECKS: dict[str, tuple[Check, ...]] = {
    "reference": (
        reference.file_matches_document,
        reference.ids_are_unique,
        reference.quotes_match,
        reference.segments_are_ordered,
        reference.targets_exist,
        reference.register_entries_exist,
        reference.provenance_holds,
        reference.nothing_stands_twice,
    ),
    "meaning": (
        meaning.every_layer_is_there,
        meaning.spans_nest,
        meaning.units_do_not_overlap,
        meaning.text_is_covered,
        meaning.spans_are_tidy,
        meaning.spans_stay_in_units,
        meaning.spans_fall_on_tokens,
        meaning.targets_fit,
        meaning.roles_are_filled,
        meaning.triggers_are_not_shared,
        meaning.arguments_make_no_circle,
        meaning.relations_stay_in_a_unit,
        meaning.times_follow_the_grammar,
        meaning.chains_hold_together,
    ),
}


@dataclass
class Checked:
    """What checking has found so far; ``counts`` has documents and annotations a layer."""

    errors: int = 0
    warnings: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, group: Group, splits: Sequence[str]) -> None:
        """Count the gold annotations of documents by layer, and labels by split.

        Args:
            group: the documents.
            splits: the split of each, "" while it has none.
        """
        import numpy as np  # noqa: PLC0415 - not before there are documents

        names, numbers = np.unique(np.array(splits, str), return_inverse=True)
        for name, part in group.flat.parts.items():
            if (part.counts >= 0).any():
                self.counts[name] += part.size
            labels = list(part.layer.labels)
            keys, times = np.unique(
                numbers[group.flat.owner[part.numbers]] * len(labels) + part.codes, return_counts=True
            )
            for key, number in zip(keys.tolist(), times.tolist(), strict=True):
                self.labels[str(names[key // len(labels)]), f"{name}/{labels[key % len(labels)]}"] += number

    def merge(self, other: Checked) -> None:
        """Add what was found of other documents."""
        self.errors += other.errors
        self.warnings += other.warnings
        self.counts.update(other.counts)
        self.labels.update(other.labels)

    def note(self, findings: Sequence[Finding]) -> None:
        """Count findings."""
        self.errors += sum(f.severity == "error" for f in findings)
        self.warnings += sum(f.severity != "error" for f in findings)


def check_forms(corpus: Corpus) -> list[Finding]:
    """Findings about the form of the corpus's own files; nothing else can be checked before they are mended."""
    broken: list[Finding] = []
    for part in ("config", "layers", "index", "annotators", "register_lines", "pinned", "retractions"):
        try:
            getattr(corpus, part)
        except KriscError as error:
            broken += [finding for finding in error.findings if finding not in broken]
    return broken


def check_corpus(corpus: Corpus, replaced: str = "", mapped: Mapped = map) -> list[Finding]:
    """Findings about everything but the documents' own content; form findings come alone.

    Args:
        corpus: the corpus.
        replaced: a version whose release is about to be replaced, and need not be kept to.
        mapped: ``map``, or what does the same in several processes.
    """
    if broken := check_forms(corpus):
        return broken
    parts = (
        across.documents_are_unique,
        across.files_are_listed,
        partial(across.passes_are_kept, replaced=replaced),
        across.register_holds,
        across.splits_hold,
        across.nothing_vanishes,
        partial(across.near_duplicates_are_of_one_incident, mapped=mapped),
        across.judgements_hold,
    )
    return [finding for part in parts for finding in part(corpus)]


def check_document(
    corpus: Corpus, entry: Entry, *, adjudicated: bool = True, opened: Opened | None = None
) -> tuple[Document | None, list[Finding]]:
    """One document, and the findings about its metadata, text, gold and passes.

    Args:
        corpus: the corpus.
        entry: the document.
        adjudicated: whether gold must follow from the passes, where there are two or more.
        opened: the document, if it was opened already.
    """
    document, findings = _document(corpus, entry, opened, adjudicated=adjudicated)
    return document, in_place(corpus, entry, findings)


def in_place(corpus: Corpus, entry: Entry, findings: list[Finding]) -> list[Finding]:
    """The findings of a document where they stand, be it in a line of a shard."""
    if not findings or not entry.whole:
        return findings
    return relocate(findings, entry, read_line(corpus.root / entry.file, entry.offset, entry.length))


def _document(
    corpus: Corpus, entry: Entry, opened: Opened | None, *, adjudicated: bool
) -> tuple[Document | None, list[Finding]]:
    document, findings = corpus.read_document(entry, opened)
    if document is None or findings:
        return document, findings
    findings = [*across.metadata_holds(document.record, document.line, document.data), *across.gold_is_there(document)]
    findings += composed_texts_hold(corpus, document)
    if document.gold is not None:
        findings += _check(corpus, document, document.gold, lambda: corpus.name(corpus.gold_path(entry.id)))
    if document.passes:
        findings += _passes(corpus, document)
    findings += reviews_hold(corpus, document)
    if adjudicated and len(document.current) > 1 and not any(f.severity == "error" for f in findings):
        findings += outdated(corpus, document)
    return document, findings


def _passes(corpus: Corpus, document: Document) -> Iterator[Finding]:
    """The errors of the passes over a document; a pass is not mended, so warnings help nobody."""
    for name, one in zip(document.names, document.passes, strict=True):
        found = check_file(corpus, document, one, name)
        yield from (f for f in found if f.severity == "error")


def check_file(corpus: Corpus, document: Document, file: AnnotationFile, name: str) -> list[Finding]:
    """The findings of one annotation file, level by level, up to the first level that has errors."""
    return _check(corpus, document, file, lambda: name)


def _check(corpus: Corpus, document: Document, file: AnnotationFile, named: Callable[[], str]) -> list[Finding]:
    def raw_named() -> str:
        return corpus.name(corpus.raw_path(document.record.id))

    args = (corpus.layers, corpus.register, corpus.annotators, document, file)
    return check_annotations(Context(*args, named, raw_named))


def check_annotations(context: Context) -> list[Finding]:
    """The findings of one annotation file, wherever it was read from, up to the first level that has errors."""
    findings: list[Finding] = []
    for checks in CHECKS.values():
        for check in checks:
            findings += check(context)
        if any(f.severity == "error" for f in findings):
            break
    return findings


def check_counts(corpus: Corpus, checked: Checked) -> list[Finding]:
    """Findings about the expected counts, and about labels that a split lacks, once all documents were counted."""
    every = {"documents": 0, **dict.fromkeys(corpus.layers, 0), **checked.counts}
    return [*across.counts_are_expected(corpus, every), *across.labels_are_everywhere(corpus, checked.labels)]
