"""Renames what data calls its layers, labels, roles, attributes and values, by a file that a person wrote.

A key may be narrowed down: a label by its layer (``entity/PER``), a role or an attribute by its label (``Meet/Arg1``).
An empty name leaves a thing out, which is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from krisc.form import Form
from krisc.interchange.base import Incoming, Report
from krisc.model import Annotation, Argument, Value
from krisc.reading import read_toml
from krisc.schemas import fixed


class Names(msgspec.Struct):
    """A mapping file: old names to new ones; ``values`` by the new name of their attribute."""

    layers: dict[str, str] = {}
    labels: dict[str, str] = {}
    roles: dict[str, str] = {}
    attributes: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}


class Renaming:
    """Applies a mapping file, document by document, and remembers which of its entries were of use."""

    def __init__(self, path: Path) -> None:
        self.names = msgspec.convert(read_toml(path, path.parent, Form(fixed("mapping"))), Names)
        self.used: set[tuple[str, str]] = set()

    def apply(self, incoming: Incoming, report: Report) -> None:
        """Rename in place; what refers to an annotation that is left out is seen to later."""
        renamed: dict[str, list[Annotation]] = {}
        for layer, listed in incoming.layers.items():
            home = self._name("layers", self.names.layers, layer)
            for a in listed:
                label = self._name("labels", self.names.labels, a.label, layer)
                where = f"{incoming.name} {a.id}"
                if not home or not label:
                    report.lose(f"annotations that the mapping leaves out: {layer}/{a.label}", where)
                    continue
                to, _, plain = label.rpartition("/")
                made = replace(
                    a, label=plain, arguments=self._arguments(a, where, report), attributes=self._said(a, where, report)
                )
                renamed.setdefault(to or home, []).append(made)
        incoming.layers = renamed

    def unused(self, report: Report) -> None:
        """Tell of entries that nothing in the data has, which may be slips."""
        tables = {"layers": self.names.layers, "labels": self.names.labels, "roles": self.names.roles}
        tables |= {"attributes": self.names.attributes} | {f"values.{k}": v for k, v in self.names.values.items()}
        for table, entries in tables.items():
            for key in entries:
                if (table, key) not in self.used:
                    report.lose("entries of the mapping that nothing in the data has", f"{table} {key}")

    def _name(self, table: str, names: Mapping[str, str], name: str, within: str = "") -> str:
        for key in (f"{within}/{name}", name):
            if key in names:
                self.used.add((table, key))
                return names[key]
        return name

    def _arguments(self, a: Annotation, where: str, report: Report) -> tuple[Argument, ...]:
        made = [(self._name("roles", self.names.roles, g.role, a.label), g) for g in a.arguments]
        report.lose("arguments that the mapping leaves out", where, sum(not role for role, _ in made))
        return tuple(replace(g, role=role) for role, g in made if role)

    def _said(self, a: Annotation, where: str, report: Report) -> dict[str, Value]:
        made: dict[str, Value] = {}
        for name, value in a.attributes.items():
            to = self._name("attributes", self.names.attributes, name, a.label)
            report.lose("attributes that the mapping leaves out", where, not to)
            known = self.names.values.get(to, {})
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if to:
                made[to] = self._name(f"values.{to}", known, text) if text in known else value
        return made
