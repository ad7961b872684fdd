"""The sentences of made documents: parsed once from ``sentences.txt``, which says how they are written."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ENTITIES = {
    "P": "PERSON",
    "O": "ORGANIZATION",
    "G": "GPE",
    "L": "LOCATION",
    "F": "FACILITY",
    "N": "NORP",
    "W": "WEAPON",
    "D": "DOCUMENT",
    "K": "TITLE",
    "X": "PERSON",
}
CAST = ("P", "O", "G", "L", "F")  # whose mentions stand in chains that the register knows
TIMES = ("date", "day", "clock", "dur", "set")
QUANTITIES = ("count", "money", "percent", "measure")
FILLERS = ("j", "n", "ku", "ar", "publisher")
_MARK = re.compile(r"\{(?:(\w+):)?(\w+)(?:@(\w+))?(?:=([^}]*))?\}|\[(SOURCE|CUE|CONTENT) |\]")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a sentence that words are put into.

    ``layer`` is the layer of what stands there, ``filler`` for words without annotation, ``open`` and ``close`` for the
    ends of a part of an attribution, whose role is ``type``; ``other`` is the mention it is another mention of.
    """

    layer: str
    type: str
    name: str = ""
    other: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Arguments, as pairs of role and the name of a mention: of the event of that name, or of a relation."""

    of: str
    arguments: tuple[tuple[str, str], ...]
    relation: bool


@dataclass(frozen=True)
class Sentence:
    """A sentence with its slots; ``cast`` counts the members of the cast that it asks for, by type."""

    kind: str
    parts: tuple[str | Slot, ...]
    links: tuple[Link, ...]
    cast: Counter[str]
    counts: Counter[str] = field(default_factory=Counter)


def _slot(match: re.Match[str]) -> Slot:
    name, type_, other, words, role = match.groups()
    if role:
        return Slot("open", role)
    if type_ is None:
        return Slot("close", "")
    layers = {**dict.fromkeys(ENTITIES, "entity"), **dict.fromkeys(TIMES, "time")}
    layers |= {**dict.fromkeys(QUANTITIES, "quantity"), **dict.fromkeys(FILLERS, "filler")}
    layer = layers.get(type_, "event")
    if layer == "event" and not (name and words and type_.isupper()):
        raise ValueError(f"no slot is called {match[0]}")
    return Slot(layer, type_, name or "", other or "", words or "")


def _links(text: str, names: set[str]) -> tuple[Link, ...]:
    found = []
    for one in filter(None, map(str.strip, text.split(";"))):
        of, *pairs = one.split()
        arguments = tuple((role, name) for role, _, name in (pair.partition("=") for pair in pairs))
        if unknown := {name for _, name in arguments} - names:
            raise ValueError(f"no mention is called {unknown}")
        found.append(Link(of, arguments, relation=of not in names))
    return tuple(found)


def parse(line: str) -> Sentence:
    """One line of ``sentences.txt``.

    Raises:
        ValueError: it names a slot or a mention that there is not.
    """
    kind, words, links = (part.strip() for part in re.split(r" \|(?: |$)", line))
    parts: list[str | Slot] = []
    at = 0
    for match in _MARK.finditer(words):
        parts += [words[at : match.start()], _slot(match)]
        at = match.end()
    parts.append(words[at:])
    slots = [part for part in parts if isinstance(part, Slot)]
    linked = _links(links, {slot.name for slot in slots if slot.name})
    counts = Counter(slot.layer for slot in slots if slot.layer in ("entity", "time", "quantity", "event"))
    counts["relation"] = sum(link.relation for link in linked)
    counts["attribution"] = any(slot.layer == "open" for slot in slots)
    cast = Counter(slot.type for slot in slots if slot.type in CAST and not slot.other)
    return Sentence(kind, tuple(part for part in parts if part != ""), linked, cast, counts)


def read_sentences() -> dict[str, list[Sentence]]:
    """The sentences by kind; two of one kind have the same annotations of each layer.

    Raises:
        ValueError: a line is malformed, or a kind is not even.
    """
    found: dict[str, list[Sentence]] = {}
    for line in Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            sentence = parse(line)
            found.setdefault(sentence.kind, []).append(sentence)
            if sentence.counts != found[sentence.kind][0].counts:
                raise ValueError(f"{line!r} has {dict(sentence.counts)}, others of its kind have not")
    return found
