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
from krisc.interchange.brat import CONF, REGISTER, SYMMETRIC
from krisc.layers import Layer, Layers
from krisc.model import Annotation
from krisc.store import Corpus

SECTIONS = {"span": "entities", "event": "events", "relation": "relations", "chain": "relations"}


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
    """The brat type of every label: the label, or with its layer where two layers of a section have one."""
    names: dict[tuple[str, str], str] = {}
    for layer in layers.values():
        same = [other for other in layers.values() if SECTIONS[other.kind] == SECTIONS[layer.kind]]
        for label in layer.labels:
            clash = sum(label in other.labels for other in same) > 1
            made = plain = f"{layer.name}--{storable(label)}" if clash else storable(label)
            taken = {name for (other, _), name in names.items() if layers[other] in same}
            number = 1
            while made in taken:
                number += 1
                made = f"{plain}-{number}"
            names[layer.name, label] = made
    return names


def storable(name: str) -> str:
    """A name as brat stores one: ASCII letters, digits, hyphens and underscores."""
    return re.sub(r"[^\w-]", "_", name, flags=re.ASCII)


def _conf(layers: Layers, names: dict[tuple[str, str], str]) -> str:
    """The types of every section; comments say to which layer they belong, and what brat cannot call them."""
    lines = []
    for section, kinds in (("entities", ["span"]), ("relations", ["relation", "chain"]), ("events", ["event"])):
        lines.append(f"[{section}]")
        for layer in (one for one in layers.values() if one.kind in kinds):
            lines.append(f"# layer: {layer.name}")
            for label in layer.labels:
                name = names[layer.name, label]
                if name not in (label, f"{layer.name}--{label}"):
                    lines.append(f"# label: {label}")
                lines.append(f"{name}{_roles(layer)}")
        if section == "relations":
            lines.append("<OVERLAP>\tArg1:<ANY>, Arg2:<ANY>, <OVL-TYPE>:<ANY>")
    lines.append("[attributes]")
    values: dict[str, dict[str, None]] = {}  # in order; two layers may have an attribute of one name
    for layer in layers.values():
        for name, attribute in layer.attributes.items():
            values.setdefault(storable(name), {}).update(dict.fromkeys(attribute.values))
    for name, listed in values.items():
        lines.append(f"{name}\tArg:<ANY>" + (f", Value:{'|'.join(listed)}" if listed else ""))
    return "\n".join(lines) + "\n"


def _roles(layer: Layer) -> str:
    if layer.kind == "chain":
        return f"\tArg1:<ANY>, Arg2:<ANY>, {SYMMETRIC}"
    if layer.kind == "relation":  # brat has two arguments, no more and no less
        return "\t" + ", ".join(f"{storable(role)}:<ANY>" for role in list(layer.roles)[:2])
    roles = ", ".join(f"{storable(role)}*:<ANY>" for role in layer.roles)
    return f"\t{roles}" if roles and layer.kind == "event" else ""


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
            roles = {self._named(g.role, a) for g in a.arguments}
            where = f"{self.document.id} {a.id}"
            if not all(g.target in self.ids for g in a.arguments):
                self.report.lose("relations whose fillers are words and no annotations", where)
            elif len(a.arguments) != 2 or len(roles) != 2:
                self.report.lose("relations of other than two annotations in two roles", where)
            else:
                self.ids[a.id] = self._next("R")
                words = "".join(f" {storable(g.role)}:{self.ids[g.target]}" for g in a.arguments)
                self.made.append(f"{self.ids[a.id]}\t{self.names[layer.name, a.label]}{words}")
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

    def _named(self, name: str, a: Annotation) -> str:
        """A role or attribute as brat can call it."""
        made = storable(name)
        self.report.lose("letters of names that brat cannot have", f"{self.document.id} {a.id} {name}", made != name)
        return made

    def _arguments(self, layer: Layer, a: Annotation) -> str:
        used: set[str] = set()
        words = []
        for g in a.arguments:
            if g.target not in self.ids:
                self.report.lose("arguments that are words and no annotations", f"{self.document.id} {a.id}")
                continue
            role = plain = self._named(g.role, a)
            number = 1
            while role in used or (role != plain and role in layer.roles):
                number += 1
                role = f"{plain}{number}"
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
            self.made.append(f"{self._next('A')}\t{self._named(name, a)} {self.ids[a.id]} {words}")
        if a.note:
            if re.search(r"[\t\r\n]", a.note):
                self.report.lose("line ends and tabs in notes", where)
            self.made.append(f"{self._next('#')}\tAnnotatorNotes {self.ids[a.id]}\t{' '.join(a.note.split())}")


def _places(a: Annotation) -> list[tuple[int, int]]:
    """The offsets of an annotation's own segments."""
    return [(s.start, s.end) for s in a.anchor]
