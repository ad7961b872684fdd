"""brat stand-off: ``<document>.txt`` and ``<document>.ann`` in a folder, with ``annotation.conf``.

Source: https://brat.nlplab.org/standoff.html and https://brat.nlplab.org/configuration.html. Offsets are Unicode code
points. Comments in annotation.conf say to which layer a type belongs, and which label it is where brat cannot call it
so. Writing stands in ``brat_writing``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from msgspec.structs import replace

from krisc.interchange.base import Incoming, InterchangeError, Outgoing, Report, annotated_text, files_in, quoted
from krisc.model import Annotation, Argument, Segment, Value
from krisc.reading import read_text
from krisc.store import Corpus

CONF = "annotation.conf"
DEFAULT = {"entities": "entity", "events": "event", "relations": "relation", "equivs": "coreference"}
_LAYER = re.compile(r"#\s*layer:\s*([a-z][a-z0-9_]*)\s*$")
_LABEL = re.compile(r"#\s*label:\s*(\S.*?)\s*$")
REGISTER = "Register"
SYMMETRIC = "<REL-TYPE>:symmetric-transitive"  # what brat calls the types of ``*`` lines
UNITS = (("utf-32-le", 4), ("utf-16-le", 2), ("utf-8", 1))  # encodings, and bytes of what is counted


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """The documents of a folder, and of its folders: every .txt that has a .ann beside it."""
    root = path if path.is_dir() else path.parent
    texts = files_in(path, ".txt") if path.is_dir() else [path.with_suffix(".txt")]
    for text in texts:
        listed = text.with_suffix(".ann")
        if not listed.exists():
            report.lose("texts without an .ann file", str(text.relative_to(root)))
            continue
        conf = next((p / CONF for p in (text.parent, root) if (p / CONF).exists()), None)
        name = text.relative_to(root).with_suffix("").as_posix()
        document = _Document(name, annotated_text(text, root), read_text(listed, root), _types(conf), str(listed))
        yield document.read(report)


Types = dict[str, dict[str, tuple[str, str]]]  # by section and type: layer and label


def _types(conf: Path | None) -> Types:
    """By section, the layer and label of every type that annotation.conf tells of."""
    found: Types = {}
    section, layer, named = "", "", ""
    for raw in read_text(conf, conf.parent).splitlines() if conf else ():
        if match := re.fullmatch(r"\[(\w+)\]\s*", raw):
            section, layer, named = match[1], "", ""
        elif match := _LAYER.match(raw):
            layer = match[1]
        elif match := _LABEL.match(raw):
            named = match[1]
        elif raw.strip() and not raw.lstrip().startswith(("#", "<")):
            type_ = raw.split("\t")[0].split()[0].lstrip("!") if raw.split() else ""
            label = named or (type_.removeprefix(f"{layer}--") if layer else type_)
            kind = "equivs" if SYMMETRIC in raw and section == "relations" else section
            found.setdefault(kind, {})[type_] = (layer or DEFAULT.get(kind, "entity"), label)
            named = ""
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
        self._once(lines)
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
            layers.setdefault(layer, []).append(replace(a, arguments=self._resolved(a.arguments)))
        return Incoming(self.name, self.text, layers, register=self.register)

    def _once(self, lines: list[tuple[int, str]]) -> None:
        """Make sure that every id that others may refer to is given once."""
        seen: set[str] = set()
        for number, raw in lines:
            id_ = raw.partition("\t")[0]
            if raw[0] in "TER" and id_ in seen:
                raise InterchangeError(self.file, number, f"the id {id_[:20]!r} a second time")
            seen.add(id_)

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
            self.found[id_] = (layer, Annotation(id_, label, arguments=arguments))
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
            self._register(rest, report)
        elif kind == "#":
            head, _, note = rest.partition("\t")
            self._note(head.split()[1], note, report)
        else:
            raise ValueError(kind)

    def _span(self, id_: str, head: str, words: str = "") -> None:
        type_, _, offsets = head.partition(" ")
        stretches = [(int(start), int(end)) for start, end in (pair.split() for pair in offsets.split(";"))]
        joined: list[tuple[int, int]] = []
        for start, end in stretches:
            between = self.text[joined[-1][1] : start] if joined else "x"
            if joined and between.isspace() and "\n" in between:  # brat cuts a span at the end of a line
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        segments = quoted(self.text, joined)
        said = " ".join(self.text[s:e] for s, e in stretches)
        if words and " ".join(said.split()) != " ".join(words.split()):  # for the offset doctor
            parts = _parts(words, [end - start for start, end in stretches])
            segments = tuple(Segment(*stretch, part) for stretch, part in zip(stretches, parts, strict=True))
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
        plain = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        self._say(self.found[target][1], name, plain, report)

    def _say(self, a: Annotation, name: str, value: Value, report: Report) -> None:
        """Give an annotation an attribute, which has one value."""
        second = a.attributes.setdefault(name, value) != value
        report.lose("further values of an attribute", f"{self.name} {a.id} {name} {value}", second)

    def _register(self, rest: str, report: Report) -> None:
        """A normalisation: the entity that a chain with this member refers to, or an attribute of the annotation."""
        head, _, words = rest.partition("\t")
        _, target, reference = head.split()
        source, _, key = reference.partition(":")
        if (found := self.found.get(self._target(target))) is None:
            report.lose("normalisations of what is not there", f"{self.name} {target} {reference}")
            return
        _, a = found
        own = source == REGISTER
        chains = [(id_, *one) for id_, one in self.found.items() if own and a.id in one[1].members]
        if not chains:
            self._say(a, f"{source.lower()}_id", key, report)
            if words and words != " ".join(s.quote for s in self.spans.get(target, ("", ()))[1]):
                self._say(a, f"{source.lower()}_name", words, report)
            return
        for id_, layer, chain in chains:
            self.found[id_] = (layer, replace(chain, entity=key))
            self.register[key] = (self.spans[a.id][0] if a.id in self.spans else found[0], words or key)

    def _note(self, target: str, note: str, report: Report) -> None:
        if (found := self.found.get(self._target(target))) is None:
            report.lose("notes on what is not there", f"{self.name} {target}")
            return
        layer, a = found
        joined = f"{a.note}; {note}" if a.note else note
        self.found[self._target(target)] = (layer, replace(a, note=joined))


def _parts(words: str, lengths: list[int]) -> list[str]:
    """The words of every fragment, by lengths in whichever units they were counted; all words, where none fit."""
    for inclusive, (encoding, size) in product((0, 1), UNITS):
        data, at, parts = words.encode(encoding), 0, []
        for length in lengths:
            end = at + (length + inclusive) * size
            parts.append(data[at:end].decode(encoding, errors="replace"))
            at = end + size
        if " ".join(parts) == words:
            return parts
    return [words] * len(lengths)


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """Write a folder that brat opens as a collection."""
    from krisc.interchange.brat_writing import write_folder  # noqa: PLC0415 - it imports this module

    write_folder(corpus, documents, out, report)
