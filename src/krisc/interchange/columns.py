"""CoNLL columns: one token a line, tags in columns, an empty line after every sentence.

Source: Tjong Kim Sang and De Meulder (2003), CoNLL-2003; tag schemes as in Ratinov and Roth (2009). The text is not in
the file: an import joins the tokens of a sentence by spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, files_in, lose_provenance, quoted
from krisc.layers import unit_layer
from krisc.model import Annotation
from krisc.reading import read_text
from krisc.spans import token_range
from krisc.store import Corpus
from krisc.tokens import iob2, tokenize

_TAG = re.compile(r"O|([BIELSUM])-(\S+)|_|-")
_NEWDOC = re.compile(r"#\s*newdoc(?:\s+id\s*=\s*(\S+))?\s*$")
_COLUMNS = re.compile(r"#\s*columns\s*=\s*(.+)$")
STARTS, SINGLE = "BSU", "SU"

Sentence = list[tuple[int, list[str]]]  # number of the line, and its cells


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """The documents of a file, or of every file of a folder; a file without document marks is one document."""
    files = files_in(path)
    for file in files:
        names: list[str] = []
        number, name = 1, file.stem
        sentences: list[Sentence] = [[]]
        for line_number, raw in enumerate(read_text(file, file.parent).split("\n"), start=1):
            line = raw.rstrip("\r")
            if match := _COLUMNS.match(line):
                names = match[1].split()
            elif (match := _NEWDOC.match(line)) or line.startswith("-DOCSTART-"):
                if any(sentences):
                    yield _document(name, sentences, names, file, report)
                    number += 1
                    sentences = [[]]
                name = match[1] if match and match[1] else f"{file.stem}-{number}"
            elif not line.strip():
                sentences.append([])
            elif not line.startswith("# "):
                sentences[-1].append((line_number, line.split("\t") if "\t" in line else line.split()))
        if any(sentences):
            yield _document(name, sentences, names, file, report)


def _document(name: str, sentences: list[Sentence], names: list[str], file: Path, report: Report) -> Incoming:
    rows = [row for sentence in sentences for row in sentence]
    width = len(rows[0][1])
    if odd := next((n for n, cells in rows if len(cells) != width), 0):
        raise InterchangeError(str(file), odd, f"a line that has not {width} columns like the first")
    tagged = [c for c in range(1, width) if all(_TAG.fullmatch(cells[c]) for _, cells in rows)]
    if not tagged:
        raise InterchangeError(str(file), rows[0][0], "no column of tags such as O, B-PER, I-PER")
    report.lose("columns that hold no tags of spans", name, width - 1 - len(tagged))
    text = ""
    layers: dict[str, list[Annotation]] = {"structure": []}
    for column in tagged:
        layers.setdefault(_layer(column, tagged, names), [])
    for sentence in filter(None, sentences):
        places, start = [], len(text)
        for _, cells in sentence:
            places.append((len(text), len(text) + len(cells[0])))
            text += f"{cells[0]} "
        text = f"{text[:-1]}\n"
        layers["structure"].append(_span("S", layers, "structure", "SENTENCE", (start, len(text) - 1), text))
        for column in tagged:
            layer = _layer(column, tagged, names)
            tags = [cells[column] for _, cells in sentence]
            for first, last, label in chunks(tags, f"{name} line {sentence[0][0]}", report):
                stretch = (places[first][0], places[last - 1][1])
                layers[layer].append(_span(f"T{column}", layers, layer, label, stretch, text))
    report.lose("white space between tokens, which the format does not have", name)
    return Incoming(name, text, {k: listed for k, listed in layers.items() if listed})


def _layer(column: int, tagged: Sequence[int], names: Sequence[str]) -> str:
    named = names[column].casefold() if column < len(names) else ""
    if re.fullmatch(r"[a-z][a-z0-9_]*", named):
        return named
    return "entity" if column == tagged[-1] else f"column_{column}"


def _span(
    prefix: str, layers: dict[str, list[Annotation]], layer: str, label: str, stretch: tuple[int, int], text: str
) -> Annotation:
    return Annotation(f"{prefix}-{len(layers[layer]) + 1}", label, segments=quoted(text, [stretch]))


def chunks(tags: Sequence[str], where: str, report: Report) -> Iterator[tuple[int, int, str]]:
    """Spans ``(first, last, label)`` of a sentence's tags, by any of the schemes IOB1, IOB2, BIOES and BILOU.

    A span begins at B, S or U, and at any other tag that does not go on with the span before it: in IOB1 that is how
    spans begin; where the sentence has a B that IOB1 would not need, it is a slip, which is counted.
    """
    start, label, before = -1, "", "O"
    iob2 = any(t[0] == "B" and (n == 0 or tags[n - 1][2:] != t[2:]) for n, t in enumerate(tags))
    for n, tag in enumerate([*tags, "O"]):
        mark, name = (tag[0], tag[2:]) if len(tag) > 1 else ("O", "")
        goes_on = label and name == label and mark in "IELM" and before not in "ELSU"
        if goes_on:
            before = mark
            continue
        if label:
            yield start, n, label
        start, label, before = n, name, mark
        if label and mark not in STARTS and iob2:
            report.lose("spans that begin with I in sentences with B, read as spans of their own", f"{where} {tag}")


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """Tokens and a column of IOB2 tags for every layer of spans and triggers; of nested spans the outermost."""
    units = unit_layer(corpus.layers)
    tagged = [x for x in corpus.layers.values() if x.kind in ("span", "event") and x is not units]
    with out.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# columns = token {' '.join(layer.name for layer in tagged)}\n")
        for document in documents:
            stream.write(f"# newdoc id = {document.id}\n")
            listed = document.file.layers.get(units.name, ()) if units else ()
            hulls = sorted(a.hull for a in listed if units and a.label in units.constraints.units)
            written = 0
            for start, end in hulls or [(0, len(document.text))]:
                starts, ends = tokenize(document.text, start, end)
                columns = []
                for layer in tagged:
                    ranges = _ranges(document, layer.name, starts, ends)
                    tags = iob2(ranges, len(starts))
                    written += sum(tag.startswith("B-") for tag in tags)
                    columns.append(tags)
                for n, (s, e) in enumerate(zip(starts, ends, strict=True)):
                    stream.write("\t".join([document.text[s:e], *(column[n] for column in columns)]) + "\n")
                stream.write("\n")
            every = sum(len(document.file.layers.get(layer.name, ())) for layer in tagged)
            report.lose(
                "spans that are nested, discontinuous, or not on tokens of one sentence", document.id, every - written
            )
            rest = sum(1 for _ in document.of_kind("relation", "chain"))
            report.lose("relations and chains", document.id, rest)
            said = sum(len(a.attributes) + len(a.arguments) for _, a in document.of_kind("span", "event"))
            report.lose("attributes and arguments", document.id, said)
            report.lose("notes", document.id, sum(bool(a.note) for _, a in document.of_kind("span", "event")))
            report.lose("white space between tokens", document.id)
            lose_provenance(document, report)


def _ranges(document: Outgoing, layer: str, starts: list[int], ends: list[int]) -> list[tuple[int, int, str]]:
    """Token ranges of the spans of one segment that lie in a sentence."""
    found = []
    for a in document.file.layers.get(layer, ()):
        if len(a.anchor) == 1 and (placed := token_range(starts, ends, a.hull)):
            found.append((*placed, a.label))
    return found
