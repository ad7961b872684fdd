"""What the commands do with annotation files that a person is working on: import, export and canonical form.

These are the only functions that change authored files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from krisc import adjudication, author, decisions
from krisc.canonical import dumps
from krisc.checks import check_file
from krisc.document import Document
from krisc.files import sha256, write_atomically
from krisc.findings import Finding, KriscError, Place, nearest
from krisc.index import Entry
from krisc.model import AnnotationFile
from krisc.placing import fill
from krisc.reading import parse_json, read_text, relative
from krisc.sharded import in_shard
from krisc.store import Corpus


def _text_of(corpus: Corpus, document: str, file: str) -> str:
    """The raw text of a document that an annotation file names.

    Raises:
        KriscError: the document is not listed, or stands in a shard, or its text cannot be read.
    """
    entry = corpus.index.get(document)
    if entry is None:
        data = {"name": document, "hint": nearest(document, list(islice(corpus.index.ids(), 20)))}
        raise KriscError([Finding("annotation-unlisted", Place(file), data)])
    if entry.whole:
        raise KriscError([in_shard(entry, Place(file))])
    return read_text(corpus.raw_path(document), corpus.root)


def import_file(
    corpus: Corpus, source: Path, *, gold: bool = False, out: Path | None = None, replace: bool = False
) -> tuple[Path | None, int, Sequence[Finding]]:
    """Turn an authoring file into an annotation file with offsets.

    Returns the file that was written (None when a line could not be placed), the number of annotations, and findings.

    Raises:
        KriscError: the file cannot be read or has no head, its document is not listed, or other annotations stand where
            these would be written (``annotation-exists``, unless ``replace``).
    """
    words = read_text(source, Path())
    head = author.parse(words, str(source), "", {}).header
    missing = [name for name in author.HEADERS if name not in head]
    if missing:
        found = {"found": f"there is no header {', '.join(f'@{name}' for name in missing)}"}
        raise KriscError([Finding("author-syntax", Place(str(source), line=1, column=1), found)])
    if head["annotator"] not in corpus.annotators:
        name = head["annotator"]
        who = {"annotation": "the file", "name": name, "hint": nearest(name, corpus.annotators)}
        raise KriscError([Finding("annotator-unknown", Place(str(source), line=1, column=1), who)])
    document = head["document"]
    text = _text_of(corpus, document, str(source))
    parsed = author.parse(words, str(source), text, corpus.layers)
    if parsed.findings:
        return None, 0, parsed.findings
    file = _file(corpus, head, parsed, gold=gold)
    target = out or (
        corpus.gold_path(document) if gold else corpus.annotations / "passes" / head["annotator"] / f"{document}.json"
    )
    data = dumps(file, corpus.layers).encode()
    if target.exists() and not replace and target.read_bytes() != data:
        raise KriscError([Finding("annotation-exists", Place(corpus.name(target)), {"name": document})])
    write_atomically(target, data)
    return target, sum(map(len, parsed.layers.values())), ()


def _file(corpus: Corpus, head: dict[str, str], parsed: author.Parsed, *, gold: bool) -> AnnotationFile:
    kind = "gold" if gold else "pass"
    by = (head["annotator"],) if gold else ()
    layers = {
        name: tuple(msgspec.structs.replace(a, by=by, decided="single" if gold else "") for a in listed)
        for name, listed in parsed.layers.items()
    }
    up = "../.." if gold else "../../.."
    return AnnotationFile(
        document=head["document"],
        sha256=sha256(corpus.raw_path(head["document"]).read_bytes()),
        guidelines=head["guidelines"],
        layers=layers,
        schema=f"{up}/schema/{kind}.schema.json",
        annotator="" if gold else head["annotator"],
        date="" if gold else head["date"],
    )


def export_file(corpus: Corpus, source: Path) -> str:
    """An annotation file in the authoring form."""
    path = source if source.is_absolute() else Path.cwd() / source
    file = corpus.read_annotations(path)
    entry = corpus.index.get(file.document)
    document = corpus.read_document(entry)[0] if entry else None
    if document is not None:
        findings = check_file(corpus, document, file, corpus.name(path))
        if errors := [f for f in findings if f.severity == "error" and f.kind.level == "reference"]:
            raise KriscError(errors)
    written = corpus.read_annotations(path, as_written=True)
    return author.write(written, _text_of(corpus, file.document, corpus.name(path)), corpus.layers)


@dataclass(frozen=True)
class Merged:
    """What adjudicating one document came to: counts, files that changed, and findings (open conflicts among them)."""

    agreed: int
    single: int
    conflicts: int
    open: int
    changed: tuple[str, ...]
    findings: tuple[Finding, ...]


def adjudicate_document(corpus: Corpus, entry: Entry, *, replace: bool = False) -> Merged | None:
    """Merge the passes over a document: write its decisions file and, when no conflict is open, its gold.

    Returns None when there are fewer than two passes.

    Raises:
        KriscError: the document stands in a shard, a pass or the decisions file has errors, or the gold comes from
            elsewhere (``gold-of-others``, unless ``replace``). Nothing is changed then.
    """
    document, findings = corpus.read_document(entry)
    gold_name = corpus.name(corpus.gold_path(entry.id))
    findings = [f for f in findings if f.place.file != gold_name]
    if document is None or findings:
        raise KriscError(findings)
    if len(document.current) < 2:
        return None
    if entry.whole:
        raise KriscError([in_shard(entry, entry.place("/id"))])
    for path, one in zip(corpus.pass_paths(entry.id), document.passes, strict=True):
        findings += check_file(corpus, document, one, corpus.name(path))
    if errors := [f for f in findings if f.severity == "error"]:
        raise KriscError(errors)
    result = adjudication.adjudicate(corpus, document)
    others = _others(corpus, document)
    if others and not replace:
        data: dict[str, object] = {"name": entry.id, "found": ", ".join(sorted(others))}
        raise KriscError([Finding("gold-of-others", Place(gold_name), data, entry.id)])
    path = decisions.path_of(corpus, entry.id)
    changed = [corpus.name(path)] if write_atomically(path, decisions.dumps(result.decisions).encode()) else []
    found = tuple(result.findings)
    if not found:
        gold = result.gold
        if write_atomically(corpus.gold_path(entry.id), dumps(gold, corpus.layers).encode()):
            changed.append(gold_name)
        found = tuple(check_file(corpus, document, gold, gold_name))
    conflicts = len(result.decisions.conflicts)
    return Merged(result.agreed, result.single, conflicts, len(result.findings), tuple(changed), found)


def _others(corpus: Corpus, document: Document) -> set[str]:
    """Annotators of the present gold who made neither its passes nor its decisions."""
    if document.gold is None:
        return set()
    makers = {one for listed in document.gold.layers.values() for a in listed for one in a.by}
    return makers - adjudication.annotators_of(corpus, document)


def format_file(corpus: Corpus, path: Path, *, check: bool = False) -> tuple[bool, Sequence[Finding]]:
    """Put one annotation file into canonical form, with offsets for quotes that have none.

    Returns whether it differs from its canonical form, and the findings that kept it from being formatted; a file with
    findings is left alone.
    """
    path = path if path.is_absolute() else Path.cwd() / path
    name = relative(path, corpus.root)
    try:
        source = read_text(path, corpus.root)
        value: dict[str, Any] = parse_json(source, name)
        if findings := tuple(corpus.forms["draft"].findings(value, name)):
            return False, findings
        text = _text_of(corpus, value.get("document", path.stem), name)
    except KriscError as error:
        return False, error.findings
    _number(value, corpus)
    if findings := tuple(fill(value, text, name)):
        return False, [replace(f, document=path.stem) for f in findings]
    value.setdefault("document", path.stem)
    value.setdefault("sha256", sha256(corpus.raw_path(value["document"]).read_bytes()))
    value.setdefault("guidelines", corpus.config.guidelines)
    canonical = dumps(msgspec.convert(value, AnnotationFile), corpus.layers)
    differs = canonical != source
    if differs and not check:
        write_atomically(path, canonical.encode())
    return differs, ()


def _number(value: dict[str, Any], corpus: Corpus) -> None:
    """Give annotations without an id the next free number of their layer."""
    taken = {a.get("id") for listed in value.get("layers", {}).values() for a in listed}
    for name, listed in value.setdefault("layers", {}).items():
        number = 0
        for annotation in listed:
            while "id" not in annotation:
                number += 1
                candidate = f"{corpus.layers[name].prefix}-{number:03d}"
                if candidate not in taken:
                    annotation["id"] = candidate
                    taken.add(candidate)
