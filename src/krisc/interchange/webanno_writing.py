"""Writes WebAnno TSV 3.3, so that INCEpTION reads it into layers of the same names.

A sentence goes on to the next one, so that the white space between them is kept. A chain is named by the relation of
its links, a link by the type of what it stands for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from krisc.interchange.base import Outgoing, Report, Utf16, lose_provenance
from krisc.interchange.cutting import Unit, cut
from krisc.interchange.graph import type_names
from krisc.layers import Layer, Layers, unit_layer
from krisc.model import Annotation
from krisc.store import Corpus

FIRST_LINE = "#FORMAT=WebAnno TSV 3"
GENERIC = "uima.tcas.Annotation"
ROLE = "ROLE_"
OWN = "webanno.custom."
_RESERVED = re.compile(r"->|[\\\[\]|_;*\t\n\r]")
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A folder with a file for every document."""
    out.mkdir()
    header = _header(corpus.layers)
    for document in documents:
        text = header + _Writer(document, corpus.layers, report).body()
        (out / f"{document.id}.tsv").write_text(text, encoding="utf-8", newline="")
        lose_provenance(document, report)


def _ordered(layers: Layers) -> list[Layer]:
    """Layers as the header has them: spans and events, chains, relations."""
    order = {"span": 0, "event": 0, "chain": 1, "relation": 2}
    return sorted(layers.values(), key=lambda layer: order[layer.kind])


def _features(layer: Layer) -> list[str]:
    return ["label", *layer.attributes, "note"]


def _header(layers: Layers) -> str:
    lines = [f"{FIRST_LINE}.3"]
    for layer in _ordered(layers):
        type_ = OWN + layer.name.capitalize()
        features = "|".join(_features(layer))
        if layer.kind == "chain":
            lines.append(f"#T_CH={type_}Link|referenceType|referenceRelation")
        elif layer.kind == "relation":
            lines.append(f"#T_RL={type_}|{features}|BT_{GENERIC}")
        else:
            slot = f"|{ROLE}{type_}:arguments_{type_}ArgumentsLink|{GENERIC}" if layer.kind == "event" else ""
            lines.append(f"#T_SP={type_}|{features}{slot}")
    return "\n".join(lines) + "\n\n\n"


class _Writer:
    def __init__(self, document: Outgoing, layers: Layers, report: Report) -> None:
        self.document, self.layers, self.report = document, layers, report
        self.units = Utf16(document.text).units
        self.parts = cut(document, unit_layer(layers))
        self.tokens = [
            (f"{s}-{t}", start, end)
            for s, part in enumerate(self.parts, start=1)
            for t, (start, end) in enumerate(part.tokens, start=1)
        ]
        self.first = {start: n for n, (_, start, _) in enumerate(self.tokens)}
        self.last = {end: n for n, (_, _, end) in enumerate(self.tokens)}
        self.placed: dict[str, tuple[int, int]] = {}  # by annotation: first and last token
        self.cells: dict[tuple[int, str], list[list[str]]] = {}  # by token and layer: values of what stands there
        self.ids: dict[str, int] = {}

    def body(self) -> str:
        self._place()
        self._identify()
        for layer in _ordered(self.layers):
            for a in self.document.file.layers.get(layer.name, ()):
                {"chain": self._chain, "relation": self._relation}.get(layer.kind, self._span)(layer, a)
        lines: list[str] = []
        n = 0
        for s, part in enumerate(self.parts):
            ends = self.parts[s + 1].start if s + 1 < len(self.parts) else len(self.document.text)
            lines += self._text(part, ends)
            for _ in part.tokens:
                lines.append(self._line(n))
                n += 1
            lines.append("")
        self.report.lose("documents without a word", self.document.id, not self.parts)
        before = self.parts[0].start if self.parts else 0
        self.report.lose("white space before the first word", self.document.id, bool(before))
        return "\n".join(lines)

    def _text(self, part: Unit, ends: int) -> list[str]:
        return [f"#Text={_escape(line)}" for line in self.document.text[part.start : ends].split("\n")]

    def _line(self, n: int) -> str:
        name, start, end = self.tokens[n]
        cells = [name, f"{self.units(start)}-{self.units(end)}", _escape(self.document.text[start:end])]
        for layer in _ordered(self.layers):
            standing = self.cells.get((n, layer.name), [])
            columns = (
                2 if layer.kind == "chain" else len(_features(layer)) + {"event": 2, "relation": 1}.get(layer.kind, 0)
            )
            cells += ["|".join(values[c] for values in standing) or "_" for c in range(columns)]
        return "\t".join(cells)

    def _place(self) -> None:
        for _, a in self.document.of_kind("span", "event"):
            start, end = a.hull
            if len(a.anchor) > 1 or start not in self.first or end not in self.last:
                self.report.lose("discontinuous spans", f"{self.document.id} {a.id}")
            else:
                self.placed[a.id] = self.first[start], self.last[end]

    def _identify(self) -> None:
        """Number what stands on several tokens, shares one with another of its layer, or is referred to."""
        referred = {g.target for _, a in self.document.of_kind("event", "relation") for g in a.arguments}
        standing: Counter[tuple[str, int]] = Counter()
        for layer, a in self.document.of_kind("span", "event"):
            if a.id in self.placed:
                first, last = self.placed[a.id]
                standing.update((layer.name, n) for n in range(first, last + 1))
        for layer, a in self.document.of_kind("span", "event"):
            if a.id in self.placed:
                first, last = self.placed[a.id]
                shared = any(standing[layer.name, n] > 1 for n in range(first, last + 1))
                if last > first or shared or a.id in referred:
                    self.ids[a.id] = len(self.ids) + 1

    def _reference(self, id_: str) -> str:
        return f"{self.tokens[self.placed[id_][0]][0]}[{self.ids[id_]}]"

    def _values(self, layer: Layer, a: Annotation) -> list[str]:
        said = {**{k: _plain(v) for k, v in a.attributes.items()}, "label": a.label, "note": a.note}
        return [_escape(said[name]) if said.get(name) else "*" for name in _features(layer)]

    def _span(self, layer: Layer, a: Annotation) -> None:
        if a.id not in self.placed:
            return
        suffix = f"[{self.ids[a.id]}]" if a.id in self.ids else ""
        values = [f"{v}{suffix}" for v in self._values(layer, a)]
        if layer.kind == "event":
            kept = [g for g in a.arguments if g.target in self.placed]
            where = f"{self.document.id} {a.id}"
            self.report.lose(
                "arguments that are words and no annotations", where, sum(not g.target for g in a.arguments)
            )
            lost = sum(bool(g.target) for g in a.arguments) - len(kept)
            self.report.lose("arguments that are discontinuous", where, lost)
            values.append((";".join(_escape(g.role) for g in kept) or "*") + suffix)
            values.append(";".join(self._reference(g.target) for g in kept) or "*")
        first, last = self.placed[a.id]
        for n in range(first, last + 1):
            self.cells.setdefault((n, layer.name), []).append(values)

    def _chain(self, layer: Layer, a: Annotation) -> None:
        names, where = type_names(self.layers), f"{self.document.id} {a.id}"
        homes = {x.id: (home.name, x.label) for home, x in self.document.of_kind("span", "event")}
        kept = [m for m in a.members if m in self.placed]
        self.report.lose("members that are discontinuous", where, len(a.members) - len(kept))
        self.report.lose("links to the entity register", where, bool(a.entity))
        self.report.lose("attributes", where, len(a.attributes))
        self.report.lose("notes", where, bool(a.note))
        number = [x.id for x in self.document.file.layers[layer.name]].index(a.id) + 1
        for link, member in enumerate(kept, start=1):
            first, last = self.placed[member]
            values = [f"{_escape(names[homes[member]])}[{number}]", f"{_escape(a.label)}->{number}-{link}"]
            for n in range(first, last + 1):
                self.cells.setdefault((n, layer.name), []).append(values)

    def _relation(self, layer: Layer, a: Annotation) -> None:
        if [g.role for g in a.arguments] != list(layer.roles)[:2] or any(
            g.target not in self.placed for g in a.arguments
        ):
            what = "relations of other than two whole annotations in the first two roles"
            self.report.lose(what, f"{self.document.id} {a.id}")
            return
        source, target = (g.target for g in a.arguments)
        token = self.tokens[self.placed[source][0]][0]
        reference = f"{token}[{self.ids[source]}_{self.ids[target]}]"
        values = [*self._values(layer, a), reference]
        self.cells.setdefault((self.placed[target][0], layer.name), []).append(values)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _escape(value: str) -> str:
    return _RESERVED.sub(lambda m: _NAMED.get(m[0], f"\\{m[0]}"), value)
