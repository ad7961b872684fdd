"""WebAnno TSV 3, as WebAnno and INCEpTION write it: one token a line, a column for every feature of every layer.

Source: https://inception-project.github.io/releases/36.0/docs/user-guide.html#sect_webannotsv. Offsets are UTF-16 code
units. The text of a sentence stands before its tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from krisc.interchange.base import MAX_TEXT, Incoming, InterchangeError, Report, Utf16, files_in, quoted, too_long
from krisc.interchange.features import LAYER, Collector
from krisc.interchange.webanno_writing import FIRST_LINE, GENERIC, ROLE, write
from krisc.model import Annotation, Argument
from krisc.reading import read_text

__all__ = ["read", "write"]

LABELS = ("label", "value", "PosValue", "DependencyType", "type", "category", "identifier")
MAX_GAP = 1_000_000  # UTF-16 units between two sentences
_TOKEN = re.compile(r"\d+-\d+(\.\d+)?")
_SUFFIX = re.compile(r"(?<!\\)\[(\d+(?:_\d+)?)\]$")
_ARROW = re.compile(r"(.*)->(\d+)-(\d+)$", re.DOTALL)
_ESCAPED = re.compile(r"\\(->|.)", re.DOTALL)


@dataclass
class Declared:
    """A layer of the header: its kind (SP, CH, RL), its type, its features, and the first of its columns."""

    kind: str
    type: str
    features: list[str]
    first: int

    @property
    def columns(self) -> int:
        """How many columns it has; a layer without features has one, and so has what a relation starts from."""
        return max(1, len(self.features))

    @property
    def name(self) -> str:
        """The last part of its type, as a layer is called."""
        short = self.type.rpartition(".")[2]
        made = re.sub(r"[^a-z0-9_]", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", short).casefold())
        made = made.removesuffix("_link") if self.kind == "CH" else made
        return made if made[:1].isalpha() else f"type_{made}"

    def said(self, values: list[str]) -> tuple[str, dict[str, object]]:
        """The label and the other features of an annotation; the target of a slot is no feature."""
        said = {}
        for n, (feature, value) in enumerate(zip(self.features, values, strict=False)):
            plain = _value(value)
            slot = feature.startswith((ROLE, "BT_")) or (n and self.features[n - 1].startswith(ROLE))
            if plain is not None and not slot:
                said[feature] = plain
        key = next((x for x in LABELS if x in said), "")
        label = said.pop(key) if key else self.type.rpartition(".")[2]
        return label, {**said, LAYER: self.name}


@dataclass
class Found:
    """An annotation being put together from the lines it stands on; offsets in UTF-16 units."""

    layer: Declared
    values: list[str]
    begin: int
    end: int
    slots: list[tuple[str, str]] = field(default_factory=list)  # role, and reference to the target
    id: str = ""


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """A document a file: every .tsv of a folder, or one file."""
    for file in files_in(path, ".tsv"):
        text = read_text(file, file.parent)
        if not text.startswith(FIRST_LINE):
            raise InterchangeError(str(file), 1, f"the first line is not {FIRST_LINE}")
        reader = _Reader(file.stem)
        try:
            for line in text.split("\n"):
                reader.line(line)
            yield reader.document(report)
        except (ValueError, IndexError, KeyError, AttributeError, StopIteration) as error:
            raise InterchangeError(str(file), reader.number, f"no line of WebAnno TSV: {error!r}"[:160]) from None


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0  # of the line
        self.declared: list[Declared] = []
        self.units: list[str] = []  # the text, a UTF-16 code unit an item: after a surrogate pair an empty one
        self.waiting: list[str] = []  # lines of text whose sentence has no token yet
        self.sentences: list[tuple[int, int]] = []
        self.found: list[Found] = []
        self.by_id: dict[tuple[str, str], Found] = {}  # by type and disambiguation id
        self.at: dict[str, list[Found]] = {}  # by token
        self.relations: list[tuple[Declared, list[str], str, str]] = []
        self.chains: dict[tuple[str, str], dict[int, Found]] = {}  # by type and number: links by number

    def line(self, line: str) -> None:
        self.number += 1
        line = line.rstrip("\r")
        if line.startswith("#T_"):
            kind, _, rest = line[3:].partition("=")
            type_, *features = rest.split("|")
            if kind not in ("SP", "CH", "RL"):
                raise ValueError(kind)
            first = self.declared[-1].first + self.declared[-1].columns if self.declared else 3
            self.declared.append(Declared(kind, type_, [f for f in features if f], first))
        elif line.startswith("#Text="):
            self.waiting.append(_unescape(line.removeprefix("#Text=")))
        elif line and not line.startswith("#"):
            cells = line.split("\t")
            if not _TOKEN.fullmatch(cells[0]):
                raise ValueError(cells[0][:20])
            begin, end = (int(x) for x in cells[1].split("-"))
            if self.waiting:
                self._text(begin)
            for layer in self.declared:
                self._layer(layer, cells[layer.first : layer.first + layer.columns], cells[0], begin, end)

    def _text(self, begin: int) -> None:
        if begin > len(self.units) + MAX_GAP:
            raise ValueError(f"a sentence at {begin}")
        self.units += ["\n"] * (begin - len(self.units))
        text = "\n".join(self.waiting)
        if len(self.units) + len(text) > 2 * MAX_TEXT:  # in UTF-16 units
            raise ValueError(too_long(len(text)))
        for character in text:
            self.units += [character, ""] if character > "\uffff" else [character]
        self.sentences.append((begin, len(self.units)))
        self.waiting = []

    def _layer(self, layer: Declared, cells: list[str], token: str, begin: int, end: int) -> None:
        if all(cell in ("_", "") for cell in cells):
            return
        stacked = [_split(cell, "|") for cell in cells]
        for n in range(max(map(len, stacked))):
            values = [column[min(n, len(column) - 1)] for column in stacked]
            if layer.kind == "RL":
                self.relations.append((layer, values[:-1], values[-1], token))
            elif layer.kind == "CH":
                self._link(layer, values, begin, end)
            else:
                self._span(layer, values, token, begin, end)

    def _span(self, layer: Declared, values: list[str], token: str, begin: int, end: int) -> None:
        slots: list[tuple[str, str]] = []
        targets = {n + 1 for n, f in enumerate(layer.features) if f.startswith(ROLE)}
        own = [v for n, v in enumerate(values) if n not in targets]
        ids = [m[1] for m in map(_SUFFIX.search, own) if m]
        plain = [v if n in targets else _SUFFIX.sub("", v) for n, v in enumerate(values)]
        for n in targets:
            pairs = zip(_split(plain[n - 1], ";"), _split(plain[n], ";"), strict=False)
            slots += [(_value(role) or "slot", ref) for role, ref in pairs if ref not in ("*", "_")]
        found = self.by_id.get((layer.type, ids[0])) if ids else None
        if found is None:
            found = Found(layer, plain, begin, end, slots)
            self.found.append(found)
            if ids:
                self.by_id[layer.type, ids[0]] = found
        found.end = max(found.end, end)
        self.at.setdefault(token, []).append(found)

    def _link(self, layer: Declared, values: list[str], begin: int, end: int) -> None:
        """A link of a chain: its type with the chain's number, and what leads to the next, in either order."""
        arrow = next(v for v in values if _ARROW.match(v))
        relation, chain, number = _ARROW.fullmatch(arrow).groups()  # type: ignore[union-attr]
        type_ = next((_SUFFIX.sub("", v) for v in values if v != arrow), "*")
        links = self.chains.setdefault((layer.type, chain), {})
        link = links.setdefault(int(number), Found(layer, [type_, relation], begin, end))
        link.end = max(link.end, end)

    def _target(self, reference: str, type_: str) -> Found | None:
        """What a token and a disambiguation id refer to; a type narrows it down, unless it is the generic one."""
        match = _SUFFIX.search(reference)
        token, id_ = _SUFFIX.sub("", reference), match[1] if match else "0"
        if id_ != "0":
            of_type = self.by_id.get((type_, id_))
            return of_type or next((f for (_, known), f in self.by_id.items() if known == id_), None)
        standing = self.at.get(token, [])
        return next((f for f in standing if type_ in (f.layer.type, GENERIC)), None)

    def document(self, report: Report) -> Incoming:
        text = "".join(self.units)
        counted, into = Utf16(text), Collector()
        places = {id(f): (counted.point(f.begin), counted.point(f.end)) for f in self.found}
        for n, f in enumerate(self.found, start=1):
            f.id = f"T{n}"
        if not any(declared.name == "structure" for declared in self.declared):
            for n, (begin, end) in enumerate(self.sentences, start=1):
                segments = quoted(text, [(counted.point(begin), counted.point(end))])
                into.add("structure", Annotation(f"S{n}", "SENTENCE", segments=segments))
        for f in self.found:
            label, said = f.layer.said(f.values)
            layer, a = into.annotation(f.id, label, said)
            words = quoted(text, [places[id(f)]])
            slots = [n for n, name in enumerate(f.layer.features) if name.startswith(ROLE)]
            type_ = f.layer.features[slots[0] + 1] if slots else ""
            targets = [(role, self._target(ref, type_)) for role, ref in f.slots]
            report.lose("slots whose target is not there", self.name, sum(t is None for _, t in targets))
            arguments = tuple(Argument(role, t.id) for role, t in targets if t)
            into.add(layer, replace(a, trigger=words, arguments=arguments) if slots else replace(a, segments=words))
        self._add_relations(into, report)
        self._add_chains(into, text, counted, places)
        return into.document(self.name, text)

    def _add_relations(self, into: Collector, report: Report) -> None:
        for n, (declared, values, reference, token) in enumerate(self.relations, start=1):
            type_ = declared.features[-1].removeprefix("BT_")
            match = _SUFFIX.search(reference)
            source_id, _, target_id = (match[1] if match else "0_0").partition("_")
            source = self._target(f"{_SUFFIX.sub('', reference)}[{source_id}]", type_)
            target = self._target(f"{token}[{target_id or 0}]", type_)
            if source is None or target is None:
                report.lose("relations whose ends are not annotations", f"{self.name} {token}")
                continue
            label, said = declared.said([_SUFFIX.sub("", v) for v in values])
            layer, a = into.annotation(f"R{n}", label, said)
            into.add(layer, replace(a, arguments=(Argument("head", source.id), Argument("tail", target.id))))

    def _add_chains(self, into: Collector, text: str, counted: Utf16, places: dict[int, tuple[int, int]]) -> None:
        """A member is the annotation on a link's words of its type, or the only one there, or a mention of its own."""
        at: dict[tuple[int, int], list[tuple[str, str]]] = {}
        labels = {a.id: (f"{layer}--{a.label}", a.label) for layer, listed in into.layers.items() for a in listed}
        for f in self.found:
            for name in labels[f.id]:
                at.setdefault(places[id(f)], []).append((name, f.id))
        for (type_, number), links in self.chains.items():
            members, relations = [], set()
            for _, link in sorted(links.items()):
                kind, relation = (_value(v) or "" for v in link.values)
                place = counted.point(link.begin), counted.point(link.end)
                standing = at.get(place, [])
                named = {id_ for name, id_ in standing if name == kind} or {id_ for _, id_ in standing}
                if len(named) == 1:
                    members.append(named.pop())
                else:
                    members.append(f"M{number}-{len(members) + 1}-{type_.rpartition('.')[2]}")
                    into.add("mention", Annotation(members[-1], kind or "Mention", segments=quoted(text, [place])))
                relations.add(relation)
            label = relations.pop() if len(relations) == 1 else ""
            declared = next(iter(links.values())).layer
            layer, a = into.annotation(f"C{number}", label or "Coreference", {LAYER: declared.name})
            into.add(layer, replace(a, members=tuple(dict.fromkeys(members))))


def _split(cell: str, by: str) -> list[str]:
    """The parts of a cell, at separators that are not escaped."""
    parts, part, escaped = [], "", False
    for character in cell:
        if character == by and not escaped:
            parts.append(part)
            part = ""
        else:
            part += character
        escaped = character == "\\" and not escaped
    return [*parts, part]


def _value(value: str) -> str | None:
    """A feature value; None where there is none."""
    return None if value in ("*", "_", "") else _unescape(value)


def _unescape(value: str) -> str:
    return _ESCAPED.sub(lambda m: {"t": "\t", "n": "\n", "r": "\r"}.get(m[1], m[1]), value)
