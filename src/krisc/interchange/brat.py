"""brat stand-off: ``<document>.txt`` and ``<document>.ann`` in a folder, with ``annotation.conf``.

Source: https://brat.nlplab.org/standoff.html and https://brat.nlplab.org/configuration.html. Offsets are Unicode code
points. Where several layers are written, comments in annotation.conf say to which layer a type belongs. Writing stands
in ``brat_writing``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, quoted
from krisc.model import Annotation, Argument, Segment, Value
from krisc.reading import read_text
from krisc.store import Corpus

CONF = "annotation.conf"
DEFAULT = {"entities": "entity", "events": "event", "relations": "relation", "equivs": "coreference"}
_LAYER = re.compile(r"#\s*layer:\s*([a-z][a-z0-9_]*)\s*$")
REGISTER = "Register"


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """The documents of a folder, and of its folders: every .txt that has a .ann beside it."""
    root = path if path.is_dir() else path.parent
    texts = sorted(root.rglob("*.txt")) if path.is_dir() else [path.with_suffix(".txt")]
    for text in texts:
        listed = text.with_suffix(".ann")
        if not listed.exists():
            report.lose("texts without an .ann file", str(text.relative_to(root)))
            continue
        conf = next((p / CONF for p in (text.parent, root) if (p / CONF).exists()), None)
        name = text.relative_to(root).with_suffix("").as_posix()
        yield _Document(name, read_text(text, root), read_text(listed, root), _types(conf), str(listed)).read(report)


Types = dict[str, dict[str, tuple[str, str]]]  # by section and type: layer and label


def _types(conf: Path | None) -> Types:
    """By section, the layer and label of every type that annotation.conf tells of."""
    found: Types = {}
    section, layer = "", ""
    for raw in read_text(conf, conf.parent).splitlines() if conf else ():
        if match := re.fullmatch(r"\[(\w+)\]\s*", raw):
            section, layer = match[1], ""
        elif match := _LAYER.match(raw):
            layer = match[1]
        elif raw.strip() and not raw.lstrip().startswith(("#", "<")):
            type_ = raw.split("\t")[0].split()[0].lstrip("!") if raw.split() else ""
            label = type_.removeprefix(f"{layer}--") if layer else type_
            found.setdefault(section, {})[type_] = (layer or DEFAULT.get(section, "entity"), label)
    return found


class _Document:
    def __init__(
        self, name: str, text: str, listed: str, types: dict[str, dict[str, tuple[str, str]]], file: str
    ) -> None:
        self.name, self.text, self.listed, self.types, self.file = name, text, listed, types, file
        self.found: dict[str, tuple[str, Annotation]] = {}  # by id in the file: layer and annotation
        self.spans: dict[str, tuple[str, tuple[Segment, ...]]] = {}  # every T: type and segments
        self.triggers: set[str] = set()
        self.trigger_of: dict[str, str] = {}
        self.equivs = 0
        self.register: dict[str, tuple[str, str]] = {}

    def read(self, report: Report) -> Incoming:
        """Read the lines: first what stands by itself, then what refers to it."""
        lines = [(n, raw) for n, raw in enumerate(self.listed.split("\n"), start=1) if raw.strip()]
        order = {"T": 0, "E": 1, "R": 2, "*": 2}
        for number, raw in sorted(lines, key=lambda one: (order.get(one[1][0], 3), one[0])):
            try:
                self._line(raw.rstrip("\r"), report)
            except (ValueError, IndexError, KeyError):
                raise InterchangeError(self.file, number, f"a line that is not stand-off: {raw[:60]!r}") from None
        for id_, (type_, segments) in self.spans.items():
            if id_ not in self.triggers:
                layer, label = self._type("entities", type_)
                attributes = self.found[id_][1].attributes if id_ in self.found else {}
                note = self.found[id_][1].note if id_ in self.found else ""
                a = Annotation(id_, label, segments=segments, attributes=attributes, note=note)
                self.found[id_] = (layer, a)
            else:
                self.found.pop(id_, None)
        layers: dict[str, list[Annotation]] = {}
        for layer, a in self.found.values():
            layers.setdefault(layer, []).append(a)
        return Incoming(self.name, self.text, layers, register=self.register)

    def _type(self, section: str, type_: str) -> tuple[str, str]:
        return self.types.get(section, {}).get(type_) or (DEFAULT[section], type_)

    def _line(self, raw: str, report: Report) -> None:
        id_, _, rest = raw.partition("\t")
        kind = id_[0]
        if kind == "T":
            self._span(id_, *rest.split("\t", 1))
        elif kind == "E":
            self._event(id_, rest)
        elif kind == "R":
            type_, *words = rest.split()
            layer, label = self._type("relations", type_)
            arguments = tuple(Argument(role, target) for role, target in (word.split(":", 1) for word in words))
            self.found[id_] = (layer, Annotation(id_, label, arguments=self._resolved(arguments)))
        elif kind == "*":
            type_, *members = rest.split()
            self.equivs += 1
            layer, label = self._type("equivs", type_)
            own = f"C{self.equivs}"
            resolved = tuple(self._target(m) for m in members)
            self.found[own] = (layer, Annotation(own, label, members=resolved))
        elif kind in "AM":
            name, target, *value = rest.split()
            self._attribute(self._target(target), name, " ".join(value) if value else True, report)
        elif kind == "N":
            self._register(rest)
        elif kind == "#":
            head, _, note = rest.partition("\t")
            self._note(head.split()[1], note, report)
        else:
            raise ValueError(kind)

    def _span(self, id_: str, head: str, words: str = "") -> None:
        type_, _, offsets = head.partition(" ")
        stretches = [tuple(map(int, pair.split())) for pair in offsets.split(";")]
        joined: list[tuple[int, int]] = []
        for start, end in stretches:
            between = self.text[joined[-1][1] : start] if joined else "x"
            if joined and between.isspace() and "\n" in between:  # brat cuts a span at the end of a line
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        segments = quoted(self.text, joined)
        said = " ".join(self.text[s:e] for s, e in stretches)
        if words and " ".join(said.split()) != " ".join(words.split()):
            segments = tuple(Segment(s.start, s.end, words) for s in segments[:1]) if len(segments) == 1 else segments
        self.spans[id_] = (type_, segments)
        self.found[id_] = ("", Annotation(id_, type_))

    def _event(self, id_: str, rest: str) -> None:
        head, *words = rest.split()
        type_, trigger = head.split(":")
        layer, label = self._type("events", type_)
        roles = [word.split(":", 1) for word in words]
        known = {role for role, _ in roles}
        arguments = []
        for role, target in roles:
            plain = role.rstrip("0123456789")
            arguments.append(Argument(plain if plain != role and plain in known else role, target))
        self.triggers.add(trigger)
        self.trigger_of[trigger] = id_
        self.found[id_] = (layer, Annotation(id_, label, trigger=self.spans[trigger][1], arguments=tuple(arguments)))

    def _target(self, id_: str) -> str:
        """What a reference means: a trigger stands for its event."""
        return self.trigger_of.get(id_, id_)

    def _resolved(self, arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
        return tuple(Argument(g.role, self._target(g.target)) for g in arguments)

    def _attribute(self, target: str, name: str, value: Value, report: Report) -> None:
        if target not in self.found:
            report.lose("attributes of what is not there", f"{self.name} {name}")
            return
        layer, a = self.found[target]
        a.attributes[name] = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        self.found[target] = (layer, a)

    def _register(self, rest: str) -> None:
        """A normalisation: the entity that a chain with this member refers to, or an attribute of the annotation."""
        head, _, words = rest.partition("\t")
        _, target, reference = head.split()
        source, _, key = reference.partition(":")
        layer, a = self.found[self._target(target)]
        if source != REGISTER:
            a.attributes[f"{source.lower()}_id"] = key
            return
        for id_, (chain_layer, chain) in list(self.found.items()):
            if a.id in chain.members:
                entity = Annotation(id_, chain.label, members=chain.members, entity=key, attributes=chain.attributes)
                self.found[id_] = (chain_layer, entity)
                self.register[key] = (self.spans[a.id][0] if a.id in self.spans else layer, words or key)

    def _note(self, target: str, note: str, report: Report) -> None:
        if (found := self.found.get(self._target(target))) is None:
            report.lose("notes on what is not there", f"{self.name} {target}")
            return
        layer, a = found
        joined = f"{a.note}; {note}" if a.note else note
        kept = {f: getattr(a, f) for f in a.__struct_fields__} | {"note": joined}
        self.found[self._target(target)] = (layer, Annotation(**kept))


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """Write a folder that brat opens as a collection."""
    from krisc.interchange.brat_writing import write_folder  # noqa: PLC0415 - it imports this module

    write_folder(corpus, documents, out, report)
