"""Writes brat stand-off: a folder that brat opens as a collection, with ``annotation.conf`` from the layers.

Source: https://brat.nlplab.org/standoff.html and https://brat.nlplab.org/configuration.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from krisc.interchange.base import Outgoing, Report, lose_provenance
from krisc.interchange.brat import CONF, REGISTER
from krisc.layers import Layer, Layers
from krisc.model import Annotation
from krisc.store import Corpus

SECTIONS = {"span": "entities", "event": "events", "relation": "relations", "chain": "equivs"}


def write_folder(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """Write a folder that brat opens as a collection."""
    out.mkdir()
    names = _names(corpus.layers)
    (out / CONF).write_text(_conf(corpus.layers, names), encoding="utf-8", newline="")
    for document in documents:
        lines = _Writer(document, names, report).lines()
        (out / f"{document.id}.txt").write_text(document.text, encoding="utf-8", newline="")
        (out / f"{document.id}.ann").write_text("".join(f"{x}\n" for x in lines), encoding="utf-8", newline="")
        lose_provenance(document, report)


def _names(layers: Layers) -> dict[tuple[str, str], str]:
    """The brat type of every label: the label, or with its layer where two layers of a kind have one."""
    names: dict[tuple[str, str], str] = {}
    for layer in layers.values():
        same = [other for other in layers.values() if SECTIONS[other.kind] == SECTIONS[layer.kind]]
        for label in layer.labels:
            clash = sum(label in other.labels for other in same) > 1
            plain = re.sub(r"[^\w-]", "_", label, flags=re.ASCII)
            names[layer.name, label] = f"{layer.name}--{plain}" if clash else plain
    return names


def _conf(layers: Layers, names: dict[tuple[str, str], str]) -> str:
    lines = []
    for kind, section in (("span", "entities"), ("relation", "relations"), ("event", "events")):
        lines.append(f"[{section}]")
        for layer in (one for one in layers.values() if one.kind == kind):
            lines.append(f"# layer: {layer.name}")
            lines += [f"{names[layer.name, label]}{_roles(layer, kind)}" for label in layer.labels]
        if kind == "relation":
            lines.append("<OVERLAP>\tArg1:<ANY>, Arg2:<ANY>, <OVL-TYPE>:<ANY>")
    lines.append("[equivs]")
    for layer in (one for one in layers.values() if one.kind == "chain"):
        lines += [f"# layer: {layer.name}", *(names[layer.name, label] for label in layer.labels)]
    lines.append("[attributes]")
    for layer in layers.values():
        for name, attribute in layer.attributes.items():
            values = f", Value:{'|'.join(attribute.values)}" if attribute.type == "enum" else ""
            lines.append(f"{name}\tArg:<ANY>{values}")
    return "\n".join(lines) + "\n"


def _roles(layer: Layer, kind: str) -> str:
    if kind == "span":
        return ""
    mark = "*" if kind == "event" else ""
    return "\t" + ", ".join(f"{role}{mark}:<ANY>" for role in layer.roles)


class _Writer:
    """The lines of one document."""

    def __init__(self, document: Outgoing, names: dict[tuple[str, str], str], report: Report) -> None:
        self.document, self.names, self.report = document, names, report
        self.ids: dict[str, str] = {}
        self.made: list[str] = []
        self.numbers = dict.fromkeys("TERAN#", 0)

    def _next(self, kind: str) -> str:
        self.numbers[kind] += 1
        return f"{kind}{self.numbers[kind]}"

    def lines(self) -> list[str]:
        """Spans first, then events, relations, chains, and what is said of them."""
        for layer, a in self.document.of_kind("span"):
            self.ids[a.id] = self._anchor(layer, a)
        for _, a in self.document.of_kind("event"):
            self.ids[a.id] = self._next("E")
        for layer, a in self.document.of_kind("event"):
            trigger = self._anchor(layer, a)
            self.made.append(
                f"{self.ids[a.id]}\t{self.names[layer.name, a.label]}:{trigger}{self._arguments(layer, a)}"
            )
        for layer, a in self.document.of_kind("relation"):
            if all(g.target in self.ids for g in a.arguments) and a.arguments:
                self.ids[a.id] = self._next("R")
                words = "".join(f" {g.role}:{self.ids[g.target]}" for g in a.arguments)
                self.made.append(f"{self.ids[a.id]}\t{self.names[layer.name, a.label]}{words}")
            else:
                self.report.lose("relations whose fillers are words and no annotations", f"{self.document.id} {a.id}")
        for layer, a in self.document.of_kind("chain"):
            self._chain(layer, a)
        for layer, a in self.document.of_kind("span", "event", "relation"):
            if a.id in self.ids:
                self._said(layer, a)
        return self.made

    def _anchor(self, layer: Layer, a: Annotation) -> str:
        """The text-bound line of a span or trigger; brat wants a fragment for every line of text."""
        fragments = []
        for s in a.anchor:
            at = s.start
            for part in re.split(r"(\s*\n\s*)", s.quote):
                if part.strip():
                    fragments.append((at, at + len(part)))
                at += len(part)
        if any("\n" in self.document.text[e:s] for (_, e), (s, _) in pairwise(_places(a))):
            self.report.lose("segments that only the end of a line separates", f"{self.document.id} {a.id}")
        id_ = self._next("T")
        places = ";".join(f"{s} {e}" for s, e in fragments)
        words = " ".join(self.document.text[s:e] for s, e in fragments).replace("\t", " ").replace("\r", " ")
        self.made.append(f"{id_}\t{self.names[layer.name, a.label]} {places}\t{words}")
        return id_

    def _arguments(self, layer: Layer, a: Annotation) -> str:
        used: set[str] = set()
        words = []
        for g in a.arguments:
            if g.target not in self.ids:
                self.report.lose("arguments that are words and no annotations", f"{self.document.id} {a.id}")
                continue
            role, number = g.role, 1
            while role in used or (role != g.role and role in layer.roles):
                number += 1
                role = f"{g.role}{number}"
            used.add(role)
            words.append(f" {role}:{self.ids[g.target]}")
        return "".join(words)

    def _chain(self, layer: Layer, a: Annotation) -> None:
        where = f"{self.document.id} {a.id}"
        members = [self.ids[m] for m in a.members]
        if len(members) < 2:
            self.report.lose("chains with one member", where)
            return
        self.made.append(f"*\t{self.names[layer.name, a.label]} {' '.join(members)}")
        if a.entity:
            words = self.document.names.get(a.entity, a.entity)
            self.made.append(f"{self._next('N')}\tReference {members[0]} {REGISTER}:{a.entity}\t{words}")
        self.report.lose("notes on chains", where, bool(a.note))
        self.report.lose("attributes of chains", where, len(a.attributes))

    def _said(self, layer: Layer, a: Annotation) -> None:
        where = f"{self.document.id} {a.id}"
        for name, value in a.attributes.items():
            words = json.dumps(value) if isinstance(value, bool) else str(value)
            if layer.attributes[name].type == "reference":
                words = self.ids.get(words, words)
            if re.search(r"\s", words):
                self.report.lose("attribute values with white space", f"{where} {name}")
                continue
            if not isinstance(value, str | bool):
                self.report.lose("that a value is a number and no string", f"{where} {name}")
            self.made.append(f"{self._next('A')}\t{name} {self.ids[a.id]} {words}")
        if a.note:
            if re.search(r"[\t\r\n]", a.note):
                self.report.lose("line ends and tabs in notes", where)
            self.made.append(f"{self._next('#')}\tAnnotatorNotes {self.ids[a.id]}\t{' '.join(a.note.split())}")


def _places(a: Annotation) -> list[tuple[int, int]]:
    """The offsets of an annotation's own segments."""
    return [(s.start, s.end) for s in a.anchor]
