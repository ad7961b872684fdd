"""Plain inline XML: an element around the words of every span, named for its label; a file a document.

Attributes of elements are attributes of annotations. Spans that cross cannot both stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from krisc.interchange.base import METADATA, Incoming, Outgoing, Report, files_in, lose_provenance, quoted
from krisc.interchange.features import Collector, features
from krisc.interchange.xmltext import Tag, attributes, check_xml, flatten, holds, is_name, local, marked, uncrossed
from krisc.reading import read_bytes
from krisc.store import Corpus

ROOT, SPAN, LABEL, ID = "document", "span", "label", "id"
DOCUMENTS = frozenset({"document", "doc"})


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """A document a file, or one for each element ``document`` or ``doc`` where the root holds nothing else."""
    for file in files_in(path, ".xml"):
        root = check_xml(read_bytes(file, str(file)), str(file))
        children = list(root)
        bare = not "".join([root.text or "", *(child.tail or "" for child in children)]).strip()
        if children and bare and all(local(child.tag).casefold() in DOCUMENTS for child in children):
            yield from (_document(child, f"{file.stem}-{n}", report) for n, child in enumerate(children, start=1))
        else:
            yield _document(root, file.stem, report)


def _document(root: Element, name: str, report: Report) -> Incoming:
    text, parts = flatten(root)
    into = Collector()
    name = root.attrib.get(ID) or name
    for n, part in enumerate(parts, start=1):
        if not text[part.start : part.end].strip():
            report.lose("elements without words", f"{name} {part.name}")
            continue
        said = part.attributes
        label = said.pop(LABEL, "") if part.name == SPAN else part.name
        layer, a = into.annotation(said.pop(ID, f"T{n}") or f"T{n}", label or part.name, said)
        into.add(layer, replace(a, segments=quoted(text, [(part.start, part.end)])))
    report.lose("attributes of the root that are no metadata", name, len({*root.attrib} - {ID, *METADATA}))
    return into.document(name, text, {key: root.attrib[key] for key in METADATA if root.attrib.get(key)})


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A folder with a file for every document."""
    out.mkdir()
    for document in documents:
        if not holds(document, report):
            continue
        about = attributes([(ID, document.id), *document.metadata.items()])
        body = marked(document.text, _tags(document, report))
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{ROOT}{about}>{body}</{ROOT}>\n'
        (out / f"{document.id}.xml").write_text(text, encoding="utf-8", newline="")
        report.lose("relations and chains", document.id, sum(1 for _ in document.of_kind("relation", "chain")))
        lose_provenance(document, report)


def _tags(document: Outgoing, report: Report) -> list[Tag]:
    whole = []
    for layer, a in document.of_kind("span", "event"):
        where = f"{document.id} {a.id}"
        if len(a.anchor) > 1:
            report.lose("discontinuous spans", where)
            continue
        report.lose("arguments", where, len(a.arguments))
        said = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in features(document, layer, a).items()}
        named = {key: value for key, value in said.items() if is_name(key) and key not in (ID, LABEL)}
        report.lose("attributes whose name XML cannot have", where, len(said) - len(named))
        plain = is_name(a.label) and a.label != SPAN
        label = {} if plain else {LABEL: a.label}
        whole.append(Tag(*a.hull, a.label if plain else SPAN, tuple({ID: a.id, **label, **named}.items())))
    whole.sort(key=lambda tag: (tag.start, -tag.end))
    kept = uncrossed((tag.start, tag.end) for tag in whole)
    report.lose("spans that cross others", document.id, kept.count(False))
    return [tag for tag, fits in zip(whole, kept, strict=True) if fits]
