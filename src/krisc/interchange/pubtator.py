"""PubTator: a title line, an abstract line, and a line for every mention; an empty line ends a document.

Source: https://www.ncbi.nlm.nih.gov/research/pubtator3/tutorial. Offsets are code points over the title, one
character, and the abstract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, files_in, lose_layer, lose_provenance
from krisc.interchange.graph import type_names
from krisc.model import Annotation, Argument, Segment
from krisc.reading import read_text
from krisc.store import Corpus

_PART = re.compile(r"([^|\t]+)\|([ta])\|(.*)")


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """The documents of a file, or of every file of a folder."""
    for file in files_in(path):
        block: list[tuple[int, str]] = []
        for number, line in enumerate([*read_text(file, file.parent).split("\n"), ""], start=1):
            if line.strip("\r"):
                block.append((number, line.rstrip("\r")))
            elif block:
                yield _document(block, str(file))
                block = []


def _document(block: list[tuple[int, str]], file: str) -> Incoming:
    parts: dict[str, str] = {}
    name = ""
    mentions: list[Annotation] = []
    relations: list[tuple[int, list[str]]] = []
    for number, line in block:
        if match := _PART.fullmatch(line):
            name, parts[match[2]] = match[1], match[3]
            continue
        cells = line.split("\t")
        if len(cells) >= 5 and cells[1].isdecimal() and cells[2].isdecimal():
            segment = Segment(int(cells[1]), int(cells[2]), cells[3])
            attributes = {"identifier": cells[5]} if len(cells) > 5 and cells[5] else {}
            a = Annotation(f"T{len(mentions) + 1}", cells[4], segments=(segment,), attributes=dict(attributes))
            mentions.append(a)
        elif len(cells) == 4:
            relations.append((number, cells))
        else:
            raise InterchangeError(file, number, f"neither text, nor mention, nor relation: {line[:40]!r}")
    if not parts:
        raise InterchangeError(file, block[0][0], "a document without title and abstract")
    layers = {"entity": mentions, "relation": [_relation(n, cells, mentions) for n, (_, cells) in enumerate(relations)]}
    text = "\n".join(parts[key] for key in "ta" if key in parts)
    layers["entity"] = [replace(a, segments=(_across(a.segments[0], text),)) for a in mentions]
    return Incoming(
        name, text, {key: listed for key, listed in layers.items() if listed}, {"title": parts.get("t", "")}
    )


def _across(segment: Segment, text: str) -> Segment:
    """A mention with the words of the text, where only the line end between title and abstract is another character."""
    words = text[segment.start : segment.end]
    return replace(segment, quote=words) if words.replace("\n", " ") == segment.quote else segment


def _relation(number: int, cells: list[str], mentions: list[Annotation]) -> Annotation:
    """A relation between identifiers, which stands for their first mentions."""
    first = {str(a.attributes.get("identifier")): a.id for a in reversed(mentions)}
    ends = [first.get(cell, cell) for cell in cells[2:4]]
    return Annotation(f"R{number + 1}", cells[1], arguments=(Argument("head", ends[0]), Argument("tail", ends[1])))


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """Spans as mentions; the entity of a chain is the identifier of its members."""
    names = type_names(corpus.layers)
    with out.open("w", encoding="utf-8", newline="") as stream:
        for document in documents:
            head, _, rest = document.text.partition("\n")
            report.lose("line ends, which become spaces", document.id, len(re.findall(r"[\r\n]", rest)))
            title = re.sub(r"[\r\t\v\f\x1c-\x1e\x85\u2028\u2029]", " ", head)
            abstract = re.sub(r"[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]", " ", rest)
            lines = [f"{document.id}|t|{title}", f"{document.id}|a|{abstract}"]
            register = {m: a.entity for _, a in document.of_kind("chain") for m in a.members if a.entity}
            for layer, a in document.of_kind("span"):
                where = f"{document.id} {a.id}"
                if len(a.segments) > 1:
                    report.lose("discontinuous spans", where)
                    continue
                words = re.sub(r"\s", " ", a.segments[0].quote)
                cells = (document.id, *a.hull, words, names[layer.name, a.label], register.get(a.id, ""))
                lines.append("\t".join(map(str, cells)))
                report.lose("attributes", where, len(a.attributes))
                report.lose("notes", where, bool(a.note))
            stream.write("\n".join(lines) + "\n\n")
            lose_layer(document, ("event",), "events", report)
            lose_layer(document, ("relation",), "relations between mentions", report)
            lose_layer(document, ("chain",), "chains, but for the identifiers of their members", report)
            lose_provenance(document, report)
