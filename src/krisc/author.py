"""The authoring form: a compact text in which an annotator names every span by its quote and never counts.

``parse`` turns it into an annotation file with offsets, ``write`` turns one back, and the round trip is exact. The form
is described in docs/authoring.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from krisc.findings import Finding, Place, nearest
from krisc.jsontext import JsonError, loads
from krisc.layers import Attribute, Layer, Layers
from krisc.model import Annotation, AnnotationFile, Argument, Segment, Value
from krisc.placing import Wanted, place
from krisc.text import occurrences

_HEADER = re.compile(r"@(\w+)(?:\s+(\S.*?))?\s*$")
_SECTION = re.compile(r"\[(\w+)\]\s*(?:#.*)?$")
_STRING = r'"(?:[^"\\]|\\.)*"'
_QUOTE = re.compile(
    rf"(?:(?P<before>{_STRING})<)?(?P<quote>{_STRING})(?:>(?P<after>{_STRING}))?(?:#(?P<n>[1-9][0-9]*))?"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SPACE = re.compile(r"[ \t]+")
_TO = re.compile(r'to(?=[ \t]*")')
HEADERS = ("document", "annotator", "date", "guidelines")


class _LineError(Exception):
    """A line that does not parse: the column (from 1) and what is wrong, or a finished finding."""

    def __init__(self, column: int, found: str = "", finding: Finding | None = None) -> None:
        super().__init__(found)
        self.column = column
        self.found = found
        self.finding = finding


@dataclass
class Parsed:
    """What an authoring file holds: its header, its annotations by layer, and the findings about its lines."""

    header: dict[str, str] = field(default_factory=dict)
    layers: dict[str, list[Annotation]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class _Line:
    """Reads one line from left to right."""

    def __init__(self, text: str, name: str, number: int) -> None:
        self.text = text
        self.at = 0
        self.name = name
        self.number = number

    def place(self, start: int, end: int) -> Place:
        return Place(self.name, line=self.number, column=start + 1, end_line=self.number, end_column=end + 1)

    def skip(self) -> None:
        if match := _SPACE.match(self.text, self.at):
            self.at = match.end()

    def done(self) -> bool:
        self.skip()
        return self.at >= len(self.text)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip()
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def accept(self, word: str) -> bool:
        self.skip()
        if self.text.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def name_of(self, what: str) -> str:
        if match := self.take(_NAME):
            return match[0]
        raise _LineError(self.at + 1, f"there is no {what} here")


def parse(source: str, name: str, text: str, layers: Layers) -> Parsed:
    """Read an authoring file.

    Args:
        source: the authoring file.
        name: its name, for findings.
        text: the raw text of the document it annotates.
        layers: the layers by name.

    Returns:
        The annotations that could be placed, and a finding for every line that could not.
    """
    parsed = Parsed()
    placed: dict[str, tuple[int, int]] = {}
    ids: set[str] = set()
    layer: Layer | None = None
    lines = source.split("\n")
    for number, raw in enumerate(lines, start=1):
        line = _Line(raw.rstrip("\r"), name, number)
        if line.done() or line.text.lstrip().startswith("#"):
            continue
        try:
            if match := line.take(_HEADER):
                _header(parsed, match, line)
            elif match := line.take(_SECTION):
                layer = _section(parsed, match, layers)
            elif layer is None:
                raise _LineError(1, "an annotation stands before the first [layer]")
            else:
                annotation = _annotation(line, layer, text, placed)
                if annotation.id in ids:
                    where = line.place(*_name_at(line.text, annotation.id))
                    data = {"annotation": annotation.id, "label": annotation.label, "other": annotation.id}
                    raise _LineError(1, finding=Finding("id-duplicate", where, data, annotation=annotation.id))
                ids.add(annotation.id)
                if annotation.anchor:
                    placed[annotation.id] = annotation.hull
                parsed.layers[layer.name].append(annotation)
        except _LineError as error:
            column = error.column
            fallback = Finding("author-syntax", line.place(column - 1, len(line.text)), {"found": error.found})
            parsed.findings.append(error.finding or fallback)
    return parsed


def _name_at(text: str, name: str) -> tuple[int, int]:
    """Where the short name stands in a line: the second word."""
    start = len(text) - len(text.lstrip())
    start = text.index(name, start + len(text.split(maxsplit=1)[0]))
    return start, start + len(name)


def _header(parsed: Parsed, match: re.Match[str], line: _Line) -> None:
    if match[1] not in HEADERS:
        raise _LineError(1, f"there is no header @{match[1]}; {nearest(match[1], HEADERS)}")
    if match[1] in parsed.header:
        raise _LineError(1, f"@{match[1]} stands twice")
    if match[2] is None:
        raise _LineError(1, f"@{match[1]} has no value")
    parsed.header[match[1]] = match[2]


def _section(parsed: Parsed, match: re.Match[str], layers: Layers) -> Layer:
    if match[1] not in layers:
        raise _LineError(1, f"there is no layer {match[1]}; {nearest(match[1], layers)}")
    if match[1] in parsed.layers:
        raise _LineError(1, f"the layer {match[1]} stands twice")
    parsed.layers[match[1]] = []
    return layers[match[1]]


def _annotation(line: _Line, layer: Layer, text: str, placed: dict[str, tuple[int, int]]) -> Annotation:
    start = line.at
    label = line.name_of("label")
    if label not in layer.labels:
        data = {"name": label, "hint": nearest(label, layer.labels)}
        raise _LineError(start + 1, finding=Finding("unknown-label", line.place(start, line.at), data))
    id_ = line.name_of("short name")
    values: dict[str, Any] = {"id": id_, "label": label}
    if layer.kind in ("span", "event"):
        values["segments" if layer.kind == "span" else "trigger"] = _segments(line, text, placed, id_)
    arguments: list[Argument] = []
    attributes: dict[str, Value] = {}
    while not line.done():
        if line.accept("//"):
            line.skip()
            note = line.text[line.at :].rstrip()
            values["note"] = _string(note, line.at + 1) if _WHOLE_STRING.fullmatch(note) else note
            break
        key_at = line.at
        key = line.name_of("role or attribute")
        if not line.accept("="):
            raise _LineError(line.at + 1, f"an = belongs after {key}")
        if key in attributes or (key in values and key not in layer.roles):
            raise _LineError(key_at + 1, f"{key} stands twice")
        if key in layer.roles:
            arguments.append(_argument(line, layer, key, text, placed, id_))
        elif key in layer.attributes:
            attributes[key] = _value(line, layer.attributes[key], key)
        elif layer.kind == "chain" and key == "members":
            values["members"] = tuple(_members(line))
        elif layer.kind == "chain" and key == "entity":
            values["entity"] = line.name_of("entity")
        else:
            known = [*layer.roles, *layer.attributes, *(["members", "entity"] if layer.kind == "chain" else [])]
            raise _LineError(key_at + 1, f"there is no role or attribute {key}; {nearest(key, known)}")
    return Annotation(**values, arguments=tuple(arguments), attributes=attributes)


def _members(line: _Line) -> Iterator[str]:
    yield line.name_of("member")
    while line.accept(","):
        yield line.name_of("member")


def _argument(
    line: _Line, layer: Layer, role: str, text: str, placed: dict[str, tuple[int, int]], id_: str
) -> Argument:
    line.skip()
    declared = layer.roles[role]
    targets = ", ".join(declared.targets)
    if line.text[line.at : line.at + 1] == '"':
        if not declared.text:
            raise _LineError(
                line.at + 1, f"{role} is filled by the short name of an annotation ({targets}), not by words"
            )
        return Argument(role, segments=_segments(line, text, placed, id_))
    if not targets:
        raise _LineError(line.at + 1, f"{role} is filled by words in quotation marks")
    return Argument(role, target=line.name_of(f"{role} ({targets})"))


_WORD = re.compile(r'[^\s"]\S*')
_WHOLE_STRING = re.compile(_STRING)


def _string(literal: str, column: int, *, strict: bool = True) -> str:
    """The string that a JSON string stands for; ``strict`` refuses control characters that are not escaped."""
    try:
        value = str(json.loads(literal, strict=strict))
        value.encode()
    except ValueError:
        raise _LineError(column, f"{literal} is no JSON string: look at its backslashes") from None
    return value


def _value(line: _Line, attribute: Attribute, key: str) -> Value:
    """An attribute's value: a JSON string, or a bare word read by the attribute's type."""
    wanted = _PLAIN.get(attribute.type)
    if match := line.take(_WHOLE_STRING):
        if wanted:
            raise _LineError(match.start() + 1, f"{key} takes {wanted[1]}, without quotation marks")
        return _string(match[0], match.start() + 1)
    match = line.take(_WORD)
    if match is None:
        raise _LineError(line.at + 1, f"{key} has no value")
    if wanted is None:
        return match[0]
    try:
        value = loads(match[0])
    except JsonError:
        value = None
    if type(value) not in wanted[0]:
        raise _LineError(match.start() + 1, f"{match[0]} is not {wanted[1]}")
    return value  # type: ignore[no-any-return] # checked above


# What an attribute that is no string may be, in Python and in words.
_PLAIN: dict[str, tuple[tuple[type, ...], str]] = {
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "an integer"),
    "number": ((int, float), "a number"),
}


def _segments(line: _Line, text: str, placed: dict[str, tuple[int, int]], id_: str) -> tuple[Segment, ...]:
    """One or more quotes joined by +, and, after them, the annotation to look in: ``in s4``."""
    wanted: list[tuple[Wanted, Place]] = []
    while True:
        match = line.take(_QUOTE)
        if match is None:
            raise _LineError(line.at + 1, 'a quote in "straight quotation marks" belongs here')
        strings: dict[str, Any] = {
            k: _string(v, match.start(k) + 1, strict=False) for k in ("quote", "before", "after") if (v := match[k])
        }
        number = int(match["n"]) if match["n"] else None
        to, end = "", line.at
        if line.take(_TO):
            last = line.take(_WHOLE_STRING)
            if last is None:
                raise _LineError(line.at + 1, "the last words, in quotation marks, belong after to")
            to, end = _string(last[0], last.start() + 1, strict=False), line.at
        wanted.append((Wanted(**strings, occurrence=number, to=to), line.place(match.start(), end)))
        if not line.accept("+"):
            break
    within = None
    if line.take(re.compile(r"in(?=\s)")):
        where = line.name_of("span to look in")
        if where not in placed:
            raise _LineError(line.at - len(where) + 1, f"no span {where} stands above")
        within = placed[where]
    segments = [place(text, replace(one, within=within), at) for one, at in wanted]
    for segment in segments:
        if isinstance(segment, Finding):
            raise _LineError(1, finding=replace(segment, annotation=id_))
    return tuple(s for s in segments if isinstance(s, Segment))


def write(file: AnnotationFile, text: str, layers: Layers) -> str:
    """An annotation file in the authoring form; ``parse`` gives the same annotations back.

    What the form does not carry (by, decided, decision, checked_by) belongs to gold alone and is not in a pass.
    """
    head = {"document": file.document, "annotator": file.annotator, "date": file.date, "guidelines": file.guidelines}
    parts = ["\n".join(f"@{key} {value}" for key, value in head.items() if value)]
    for name, layer in layers.items():
        if name in file.layers:
            parts.append("\n".join([f"[{name}]", *(line(a, layer, text) for a in file.layers[name])]))
    return "\n\n".join(parts) + "\n"


def line(a: Annotation, layer: Layer, text: str) -> str:
    """One annotation in the authoring form: one line."""
    words = [a.label, a.id]
    if a.anchor:
        words.append(_quotes(a.anchor, text))
    for argument in a.arguments:
        words.append(f"{argument.role}={argument.target or _quotes(argument.segments, text)}")
    if a.members:
        words.append(f"members={','.join(a.members)}")
    if a.entity:
        words.append(f"entity={a.entity}")
    for name in [n for n in layer.attributes if n in a.attributes]:
        value = a.attributes[name]
        bare = isinstance(value, str) and _WORD.fullmatch(value) and not value.startswith("//")
        words.append(f"{name}={value if bare else json.dumps(value, ensure_ascii=False)}")
    if a.note:
        plain = a.note == a.note.strip() and not re.search(r"[\r\n]", a.note) and not _WHOLE_STRING.fullmatch(a.note)
        words.append(f"// {a.note if plain else json.dumps(a.note, ensure_ascii=False)}")
    return " ".join(words)


def _quotes(segments: tuple[Segment, ...], text: str) -> str:
    parts = []
    for segment in segments:
        places = occurrences(text, segment.quote)
        number = f"#{places.index(segment.start) + 1}" if len(places) > 1 else ""
        parts.append(json.dumps(segment.quote, ensure_ascii=False) + number)
    return " + ".join(parts)
