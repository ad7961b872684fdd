"""CoNLL-U with SpaceAfter and SpacesAfter, and the Entity attribute of CorefUD 1.x; read by the ``conllu`` package.

Source: https://universaldependencies.org/format.html and Nedoluzhko et al. (2022), CorefUD 1.0. A mention is an opening
bracket ``(eid-etype-head-other`` at its first word and ``eid)`` at its last; mentions with one eid are one chain. What
the format has no field for stands in ``other``, as pairs ``key:value``. Reserved characters are percent-encoded.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from msgspec.structs import replace

from krisc.interchange.base import (
    Incoming,
    InterchangeError,
    Outgoing,
    Report,
    files_in,
    library,
    lose_provenance,
    quoted,
)
from krisc.interchange.cutting import Unit, anchors, cut
from krisc.interchange.features import Collector, features
from krisc.layers import Layer, unit_layer
from krisc.model import Annotation
from krisc.reading import read_text
from krisc.store import Corpus

FIELDS = ("eid", "etype", "head", "other")
CHAIN = "chain."
COLUMNS = {
    "lemma": "lemmas of tokens",
    "upos": "parts of speech of tokens",
    "xpos": "language's own parts of speech of tokens",
    "feats": "morphology of tokens",
    "deprel": "dependencies of tokens",
    "deps": "enhanced dependencies of tokens",
}
READ = frozenset({"Entity", "SpaceAfter", "SpacesAfter", "SpacesBefore"})  # of MISC
UNIT, NO_UNIT = "unit", "none"
_BRACKET = re.compile(r"\(([^()]+)(\))?|([^()]+)\)")
_PART = re.compile(r"(.+)\[(\d+)/(\d+)\]")
_SPACES = {"\\s": " ", "\\t": "\t", "\\r": "\r", "\\n": "\n", "\\p": "|", "\\\\": "\\"}
_ESCAPES = {" ": "\\s", "\t": "\\t", "\r": "\\r", "\n": "\\n", "|": "\\p", "\\": "\\\\"}
# The package strips white space off lines, so what is neither space, tab nor line end is hidden from it.
_WHITE = "\x0b\x0c\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_HIDDEN = {c: chr(0xF0000 + ord(c)) for c in _WHITE}
_HIDE, _SHOW = str.maketrans(_HIDDEN), str.maketrans({hidden: c for c, hidden in _HIDDEN.items()})


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """The documents of a file, or of every .conllu file of a folder; a file without ``newdoc`` is one document."""
    conllu = library("conllu", "conllu")
    for file in files_in(path, ".conllu"):
        text = read_text(file, file.parent)
        document = _Document(file.stem)
        number = 1
        try:
            for sentence in conllu.parse_incr(io.StringIO(text.translate(_HIDE))):
                new = next((key for key in sentence.metadata if re.fullmatch(r"newdoc( id)?", key)), None)
                if new is not None:
                    if document.text:
                        yield document.finish(report)
                        number += 1
                    document = _Document(sentence.metadata[new] or f"{file.stem}-{number}", document.keys)
                document.sentence(sentence, report)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, conllu.exceptions.ParseException) as error:
            raise InterchangeError(str(file), 0, f"no CoNLL-U: {error!r}"[:160]) from None
        if document.text:
            yield document.finish(report)


@dataclass
class _Mention:
    eid: str
    values: dict[str, str]
    stretches: list[tuple[int, int]] = field(default_factory=list)


class _Document:
    """Puts a text and its mentions together, sentence by sentence."""

    def __init__(self, name: str, keys: tuple[str, ...] = FIELDS) -> None:
        self.name, self.keys, self.text = name, keys, ""
        self.units: list[tuple[str, int, int]] = []
        self.mentions: list[_Mention] = []
        self.open: dict[str, list[tuple[_Mention, int]]] = {}  # by eid and part: mention and start
        self.parts: dict[str, list[_Mention]] = {}  # by eid: discontinuous mentions that are not whole yet

    def sentence(self, sentence: Any, report: Report) -> None:  # noqa: ANN401 - the package has no types
        about = sentence.metadata
        if given := about.get("global.Entity"):
            self.keys = tuple(given.split("-"))
        if "newpar" in about or "newpar id" in about:
            self.text = re.sub(r"(?<=\S) $", "\n", self.text)
        start, end, skip = len(self.text), len(self.text), 0
        first = True
        for token in sentence:
            misc = {key: (value or "").translate(_SHOW) for key, value in (token["misc"] or {}).items()}
            id_ = token["id"]
            if isinstance(id_, tuple) and id_[1] == ".":
                report.lose("mentions of empty nodes", self.name, str(misc.get("Entity", "")).count("("))
                continue
            if first:
                self.text += _unescape(misc.get("SpacesBefore", ""))
                start, first = len(self.text), False
            self._unread(token, misc, report)
            word = isinstance(id_, int)
            if not word or id_ > skip:
                at = len(self.text)
                self.text += token["form"].translate(_SHOW)
                end = len(self.text)
                after = " " if misc.get("SpaceAfter") != "No" else ""
                self.text += _unescape(misc["SpacesAfter"]) if misc.get("SpacesAfter") else after
                if not word:
                    skip = id_[2]
            if entity := misc.get("Entity"):
                self._brackets(str(entity), at, end)
        if end > start and about.get(UNIT) != NO_UNIT:
            self.units.append((about.get(UNIT) or "SENTENCE", start, end))

    def _unread(self, token: Any, misc: Mapping[str, str], report: Report) -> None:  # noqa: ANN401 - no types
        """Count what of a token has no place in a corpus: its other columns, and other attributes of MISC."""
        for column, what in COLUMNS.items():
            report.lose(what, self.name, token[column] not in (None, "_"))
        for key in misc:
            report.lose(f"{key} of MISC", self.name, key not in READ)

    def _brackets(self, entity: str, start: int, end: int) -> None:
        for match in _BRACKET.finditer(entity):
            if match[1]:
                given = match[1].split("-", len(self.keys) - 1)
                values = dict(zip(self.keys, given, strict=False))
                key = values.get("eid", "")
                mention = self._mention(key, values)
                self.open.setdefault(key, []).append((mention, start))
            if match[2] or match[3]:
                key = match[3] or key
                mention, begin = self.open[key].pop()
                mention.stretches.append((begin, end))

    def _mention(self, key: str, values: dict[str, str]) -> _Mention:
        part = _PART.fullmatch(key)
        eid = part[1] if part else key
        waiting = self.parts.setdefault(eid, [])
        if part and part[2] != "1" and waiting:
            return waiting.pop() if part[2] == part[3] else waiting[-1]
        mention = _Mention(eid, values)
        self.mentions.append(mention)
        if part and part[3] != "1":
            waiting.append(mention)
        return mention

    def finish(self, report: Report) -> Incoming:
        into = Collector()
        for n, (label, start, end) in enumerate(self.units, start=1):
            into.add("structure", Annotation(f"S{n}", label, segments=quoted(self.text, [(start, end)])))
        members: dict[str, list[str]] = {}
        about: dict[str, dict[str, str]] = {}
        for n, mention in enumerate(self.mentions, start=1):
            if not mention.stretches:
                report.lose("mentions that do not end", f"{self.name} {mention.eid}")
                continue
            said, chain = _fields(mention.values, self.keys)
            layer, a = into.annotation(f"T{n}", unquote(mention.values.get("etype", "")) or "Mention", said)
            into.add(layer or "mention", replace(a, segments=quoted(self.text, sorted(mention.stretches))))
            members.setdefault(mention.eid, []).append(a.id)
            about.setdefault(mention.eid, {}).update(chain)
        for eid, listed in members.items():
            chain = about[eid]
            if chain or len(listed) > 1:
                layer, a = into.annotation(f"C-{eid}", chain.pop("label", "Coreference"), chain)
                into.add(layer or "coreference", replace(a, members=tuple(listed)))
        return into.document(self.name, self.text)


def _fields(values: dict[str, str], keys: tuple[str, ...]) -> tuple[dict[str, object], dict[str, str]]:
    """What is said of a mention, and of its chain."""
    said: dict[str, object] = {}
    chain: dict[str, str] = {}
    for key in keys:
        given = values.get(key, "")
        if key in ("eid", "etype", "head", "minspan") or not given:
            continue
        for pair in given.split(",") if key == "other" else ():
            name, _, value = pair.partition(":")
            name, value = unquote(name), unquote(value)
            if name.startswith(CHAIN):
                chain[name.removeprefix(CHAIN)] = value
            elif name:
                said[name] = value
        if key != "other":
            said[key] = unquote(given)
    return said, chain


def _unescape(spaces: str) -> str:
    return re.sub(r"\\[strnp\\]", lambda m: _SPACES[m[0]], spaces)


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """One file: tokens and sentences, and spans and triggers as mentions. There is no syntax in it."""
    units = unit_layer(corpus.layers)
    with out.open("w", encoding="utf-8", newline="") as stream:
        for document in documents:
            entity = _entities(document, units, report)
            stream.write(f"# newdoc id = {document.id}\n# global.Entity = {'-'.join(FIELDS)}\n")
            parts = cut(document, units)
            for number, part in enumerate(parts, start=1):
                follows = parts[number].start if number < len(parts) else len(document.text)
                before = document.text[: part.start] if number == 1 else ""
                stream.write(_sentence(document, part, number, entity, before, follows))
            report.lose("documents without a word", document.id, not parts)
            _lose_structure(document, units, parts, report)
            arguments = sum(len(a.arguments) for _, a in document.of_kind("event"))
            report.lose("arguments of events", document.id, arguments)
            report.lose("relations", document.id, sum(1 for _ in document.of_kind("relation")))
            lose_provenance(document, report)


def _lose_structure(document: Outgoing, units: Layer | None, parts: list[Unit], report: Report) -> None:
    if units is None:
        return
    held = {part.unit.id for part in parts if part.unit}
    for a in document.file.layers.get(units.name, ()):
        where = f"{document.id} {a.id}"
        report.lose("spans of structure that are no sentence", where, a.id not in held)
        report.lose("attributes and notes of sentences", where, a.id in held and bool(a.attributes or a.note))


def _entities(document: Outgoing, units: Layer | None, report: Report) -> dict[int, list[str]]:
    """The brackets at every offset: closing ones at the end of a token, opening ones at the start of one."""
    chains: dict[str, tuple[Layer, Annotation]] = {}
    for layer, a in document.of_kind("chain"):
        for m in a.members:
            where = f"{document.id} {a.id}"
            report.lose("members that are in another chain too", where, m in chains)
            chains.setdefault(m, (layer, a))
    listed = sorted(anchors(document, units), key=lambda x: (x[1].hull[0], -x[1].hull[1]))
    eids = _eids(chains)
    told: set[str] = set()
    opened: dict[str, list[tuple[int, int]]] = {}
    opening: dict[int, list[str]] = {}
    closing: dict[int, list[str]] = {}
    for n, (layer, a) in enumerate(listed, start=1):
        eid = eids[chains[a.id][1].id] if a.id in chains else f"s{n}"
        if any(s < a.hull[0] < e < a.hull[1] for s, e in opened.get(eid, ())):
            report.lose("mentions of one chain that cross", f"{document.id} {a.id}")
            continue
        opened.setdefault(eid, []).append(a.hull)
        said: dict[str, Any] = dict(features(document, layer, a))
        if a.id in chains and eid not in told:
            told.add(eid)
            about = {"label": chains[a.id][1].label, **features(document, *chains[a.id])}
            said |= {f"{CHAIN}{key}": value for key, value in about.items()}
        other = ",".join(f"{_safe(k)}:{_safe(v)}" for k, v in said.items())
        for part, s in enumerate(a.anchor, start=1):
            key = f"{eid}[{part}/{len(a.anchor)}]" if len(a.anchor) > 1 else eid
            opening.setdefault(s.start, []).append(
                f"({'-'.join((key, _safe(a.label), '1', other if part == 1 else ''))}"
            )
            closing.setdefault(s.end, []).append(f"{key})")
    return {**{-p: found for p, found in closing.items()}, **opening}


def _eids(chains: dict[str, tuple[Layer, Annotation]]) -> dict[str, str]:
    """A number for every chain."""
    return {id_: f"c{n}" for n, id_ in enumerate(dict.fromkeys(a.id for _, a in chains.values()), start=1)}


def _safe(value: object) -> str:
    plain = str(value).lower() if isinstance(value, bool) else str(value)
    return re.sub(r"[%\-()|=,:\s\x1c-\x1f]", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), plain)


def _sentence(
    document: Outgoing, part: Unit, number: int, entity: dict[int, list[str]], before: str, follows: int
) -> str:
    """A sentence: closing brackets stand before opening ones, and what opens and closes at one word after them."""
    label = part.unit.label if part.unit else NO_UNIT
    words = " ".join(document.text[part.start : part.end].split())
    lines = [f"# sent_id = {document.id}-{number}", f"# {UNIT} = {label}", f"# text = {words}"]
    for n, (start, end) in enumerate(part.tokens, start=1):
        misc = {}
        if n == 1 and before:
            misc["SpacesBefore"] = "".join(_ESCAPES.get(c, c) for c in before)
        after = part.tokens[n][0] if n < len(part.tokens) else follows
        gap = document.text[end:after]
        if not gap:
            misc["SpaceAfter"] = "No"
        elif gap != " ":
            misc["SpacesAfter"] = "".join(_ESCAPES.get(c, c) for c in gap)
        if brackets := _at(entity.get(start, []), entity.get(-end, [])):
            misc["Entity"] = brackets
        told = "|".join(f"{key}={value}" for key, value in sorted(misc.items())) or "_"
        cells = [str(n), document.text[start:end], *["_"] * 7, told]
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n\n"


def _at(opening: list[str], closing: list[str]) -> str:
    """The brackets of one word: closing, opening, and whole ones last."""
    ends = Counter(closing)
    starts, whole = [], []
    for one in reversed(opening):  # the shortest of those that begin here may end here
        key = f"{one[1:].split('-', 1)[0]})"
        if ends[key]:
            ends[key] -= 1
            whole.append(f"{one})")
        else:
            starts.append(one)
    return "".join([*ends.elements(), *reversed(starts), *reversed(whole)])
