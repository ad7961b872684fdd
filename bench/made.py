"""Made corpora of any size, over the layers of this repository, for measuring.

Document n of a seed is the same in every corpus. It has some 300 words with 45 spans, 12 events, 15 chains, 10
relations and 3 attributions, and every character that programs miscount: astral ones, combining marks, joiners,
Sorani and Arabic script, sometimes CRLF. It says nothing about anything.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec
from sentences import CAST, ENTITIES, Sentence, Slot, read_sentences
from words import (
    ADJECTIVES,
    ARABIC,
    BACK,
    DAYS,
    DOCUMENTS,
    GROUPS,
    PUBLISHERS,
    SORANI,
    TITLES,
    WEAPONS,
    Entity,
    calendar,
    nouns,
    quantities,
    register,
    times,
)

REGISTER = {"P": 240, "O": 80, "G": 80, "L": 30, "F": 30}
CHAINS = 12  # of entities, beside the three of events
# The sentences of every document by kind, so that it has the same number of annotations whatever is drawn.
PLAN = ("first",) * 3 + ("again",) * 3 + ("number",) * 4 + ("moment",) * 2 + ("said",) * 3
PARAGRAPHS = ((0, 3), (3, 6), (6, 9), (9, 12), (12, 15))
PREFIXES = {
    "structure": "s",
    "entity": "e",
    "time": "t",
    "quantity": "q",
    "event": "v",
    "relation": "r",
    "coreference": "c",
    "attribution": "a",
}
PASSES = ("one", "two")
GUIDELINES = "1.0"
PRONOUNS = ("he", "she", "they")
FLAVOURS = [
    {"polarity": polarity, "modality": modality, "genericity": "specific"}
    for polarity, modality in (
        *[("positive", "asserted")] * 12,
        ("positive", "planned"),
        ("positive", "possible"),
        ("negative", "asserted"),
        ("positive", "denied"),
    )
]

Annotation = dict[str, Any]
Named = tuple[str, Any]  # the id of a mention, and what else others need of it
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """A made document: its line in ``documents.jsonl``, its text, and the values of its annotation files."""

    record: dict[str, Any]
    text: str
    gold: dict[str, Any]
    passes: tuple[dict[str, Any], ...]

    def line(self) -> bytes:
        """The document as a line of a shard, without its line end."""
        value: dict[str, Any] = {"document": self.record, "text": self.text, "gold": self.gold}
        if self.passes:
            value["passes"] = self.passes
        return msgspec.json.encode(value)


class _World:
    """What all documents draw from, prepared once."""

    def __init__(self) -> None:
        self.sentences = read_sentences()
        self.again: dict[str, list[Sentence]] = {}
        for one in (s for kind, listed in self.sentences.items() if kind.startswith("again ") for s in listed):
            self.again.setdefault(one.kind.removeprefix("again "), []).append(one)
        self.stories = sorted(self.again)
        self.register = register(ENTITIES, REGISTER)
        self.days, self.times, self.quantities = calendar(), times(), quantities()
        self.fillers: dict[str, Sequence[str]] = {"j": ADJECTIVES, "n": nouns()}
        self.fillers["ku"] = tuple(" ".join(SORANI[n : n + 3]) for n in range(len(SORANI) - 2))
        self.fillers["ar"] = tuple(" ".join(ARABIC[n : n + 3]) for n in range(len(ARABIC) - 2))
        nominal, name = {"mention": "nominal"}, {"mention": "name"}
        self.outside = {"N": (GROUPS, name), "W": (WEAPONS, nominal), "D": (DOCUMENTS, nominal), "K": (TITLES, nominal)}


world = cache(_World)


class _Maker:
    """Writes one document, sentence by sentence."""

    def __init__(self, number: int, seed: int, credit: dict[str, Any]) -> None:
        self.rng = random.Random(f"{seed}/{number}")
        self.random = self.rng.random
        self.world = world()
        self.credit = credit
        self.parts: list[str] = []
        self.at = 0
        self.layers: dict[str, list[Annotation]] = {name: [] for name in PREFIXES}
        self.day = BACK + int(self.random() * (DAYS - BACK))
        self.publisher: str = self.pick(PUBLISHERS)
        self.fillers = {**self.world.fillers, "publisher": (self.publisher,)}
        self.writers = {"entity": self.mention, "time": self.time, "quantity": self.quantity, "event": self.event}
        self.cast: dict[str, list[tuple[Entity, list[str]]]] = {}
        self.next = dict.fromkeys(CAST, 0)

    def pick(self, listed: Sequence[T]) -> T:
        """Any one of a list."""
        return listed[int(self.random() * len(listed))]

    def put(self, words: str) -> None:
        """Write words."""
        self.parts.append(words)
        self.at += len(words)

    def add(self, layer: str, label: str, **more: object) -> Annotation:
        """An annotation of a layer."""
        listed = self.layers[layer]
        one = {"id": f"{PREFIXES[layer]}{len(listed)}", "label": label, **more, **self.credit}
        listed.append(one)
        return one

    def span(self, layer: str, label: str, words: str, key: str = "segments", **more: object) -> Annotation:
        """Words with an annotation, written and annotated."""
        start = self.at
        self.parts.append(words)
        self.at = end = start + len(words)
        listed = self.layers[layer]
        segments = [{"start": start, "end": end, "quote": words}]
        one = {"id": f"{PREFIXES[layer]}{len(listed)}", "label": label, key: segments, **more, **self.credit}
        listed.append(one)
        return one

    def plan(self) -> tuple[list[Sentence], list[tuple[Sentence, int]]]:
        """The sentences of the document, and those of the text with the number of their story, or -1, shuffled."""
        sentences, rng = self.world.sentences, self.rng
        stories = rng.sample(self.world.stories, 3)
        body: list[tuple[Sentence, int]] = []
        seen = {"first": 0, "again": 0}
        for kind in PLAN:
            if kind in seen:
                story = seen[kind]
                seen[kind] += 1
                body.append((self.pick(sentences[f"{kind} {stories[story]}"]), story))
            else:
                body.append((self.pick(sentences[kind]), -1))
        rng.shuffle(body)
        head = [self.pick(sentences[kind]) for kind in ("chrome", "headline", "byline")]
        return head, body

    def meet(self, sentences: list[Sentence]) -> None:
        """Choose the cast: twelve of the register, of types that the sentences ask for, so that each is mentioned."""
        asked = dict.fromkeys(CAST, 0)
        for sentence in sentences:
            for type_, number in sentence.cast.items():
                asked[type_] += number
        sizes = {type_: 1 for type_, number in asked.items() if number}
        for _ in range(CHAINS - len(sizes)):
            sizes[max(sizes, key=lambda type_: asked[type_] / sizes[type_])] += 1
        for type_, size in sizes.items():
            self.cast[type_] = [(entity, []) for entity in self.rng.sample(self.world.register[type_], size)]

    def mention(self, slot: Slot, named: dict[str, Named]) -> Named:
        """An entity: somebody of the cast by turns, the same one as another mention, or somebody outside the cast."""
        label = ENTITIES[slot.type]
        if slot.other:
            entity, members = named[slot.other][1]
            kind = "pronoun" if slot.words in PRONOUNS else "nominal"
            id_ = self.span("entity", label, slot.words, attributes={**entity.attributes, "mention": kind})["id"]
        elif slot.type in self.cast:
            listed = self.cast[slot.type]
            entity, members = listed[self.next[slot.type] % len(listed)]
            self.next[slot.type] += 1
            words = entity.names[0 if not members or self.random() < 0.5 else -1]
            id_ = self.span("entity", label, words, attributes=entity.attributes)["id"]
        else:
            pool, attributes = self.world.outside.get(slot.type, ((slot.words,), {"mention": "nominal"}))
            return self.span("entity", label, self.pick(pool), attributes=attributes)["id"], None
        members.append(id_)
        return id_, (entity, members)

    def time(self, slot: Slot, _: object) -> Named:
        """A time, worked out against the day of publication where it is relative."""
        if slot.type == "date":
            iso, forms, _ = self.world.days[self.day - int(self.random() * BACK)]
            return self.span("time", "DATE", self.pick(forms), attributes={"value": iso})["id"], None
        if slot.type == "day":
            iso, _, weekday = self.world.days[self.day - 1 - int(self.random() * 6)]
            attributes = {"value": iso, "anchor": "publication"}
            return self.span("time", "DATE", weekday, attributes=attributes)["id"], None
        label = {"clock": "TIME", "dur": "DURATION", "set": "SET"}[slot.type]
        words, attributes = self.pick(self.world.times[slot.type])
        return self.span("time", label, words, attributes=attributes)["id"], None

    def quantity(self, slot: Slot, _: object) -> Named:
        """A quantity."""
        words, value, unit = self.pick(self.world.quantities[slot.type])
        attributes = {"value": value, "unit": unit or slot.words}
        return self.span("quantity", slot.type.upper(), words, attributes=attributes)["id"], None

    def event(self, slot: Slot, _: object) -> Named:
        """An event, whose arguments are not known yet."""
        more = {"arguments": [], "attributes": self.pick(FLAVOURS)}
        one = self.span("event", slot.type, slot.words, key="trigger", **more)
        return one["id"], one

    def sentence(self, sentence: Sentence, label: str, **more: object) -> dict[str, Named]:
        """Write a sentence with all its annotations; returns its mentions by their names."""
        named: dict[str, Named] = {}
        parts: list[Annotation] = []
        start, first, opened = self.at, len(self.parts), (0, 0)
        for part in sentence.parts:
            if isinstance(part, str):
                self.parts.append(part)
                self.at += len(part)
            elif part.layer == "filler":
                pool = self.fillers[part.type]
                words = pool[int(self.random() * len(pool))]
                self.parts.append(words)
                self.at += len(words)
            elif part.layer == "open":
                opened = (self.at, len(self.parts))
                parts.append({"role": part.type})
            elif part.layer == "close":
                quote = "".join(self.parts[opened[1] :])
                parts[-1]["segments"] = [{"start": opened[0], "end": self.at, "quote": quote}]
            else:
                named[part.name] = self.writers[part.layer](part, named)
        self.link(sentence, named)
        if parts:
            self.add("attribution", "ATTRIBUTION", arguments=parts)
        quote = "".join(self.parts[first:])
        self.add("structure", label, segments=[{"start": start, "end": self.at, "quote": quote}], **more)
        return named

    def link(self, sentence: Sentence, named: dict[str, Named]) -> None:
        """Fill the arguments of the sentence's events, and add its relations."""
        for link in sentence.links:
            arguments = [{"role": role, "target": named[name][0]} for role, name in link.arguments]
            if link.relation:
                self.add("relation", link.of, arguments=arguments)
            else:
                named[link.of][1]["arguments"] = arguments

    def make(self) -> str:
        """Write the document; returns its title."""
        head, body = self.plan()
        self.meet([*head, *(sentence for sentence, _ in body)])
        line_end = "\r\n" if self.random() < 1 / 16 else "\n"
        for sentence in head:
            more = {"attributes": {"repeat": False}} if sentence.kind == "headline" else {}
            self.sentence(sentence, sentence.kind.upper(), **more)
            self.put(line_end * 2)
        stories: dict[int, list[str]] = {0: [], 1: [], 2: []}
        for first, last in PARAGRAPHS:
            start, began = self.at, len(self.parts)
            for sentence, story in body[first:last]:
                if self.at > start:
                    self.put(" ")
                named = self.sentence(sentence, "SENTENCE")
                if story >= 0:
                    stories[story].append(named["v"][0])
            quote = "".join(self.parts[began:])
            self.add("structure", "PARAGRAPH", segments=[{"start": start, "end": self.at, "quote": quote}])
            self.put(line_end * 2 if last < len(body) else line_end)
        for entity, members in (one for listed in self.cast.values() for one in listed):
            self.add("coreference", "ENTITY", members=members, entity=entity.id)
        for members in stories.values():
            self.add("coreference", "EVENT", members=members)
        return str(self.layers["structure"][1]["segments"][0]["quote"])


def make(number: int, seed: int = 0, passes: int = 0) -> Made:
    """Document ``number`` of a seed, with gold alone or with as many passes (2 at most), which agree in everything."""
    names = PASSES[:passes]
    credit = {"by": names or PASSES[:1], "decided": "agreed" if passes > 1 else "single"}
    maker = _Maker(number, seed, credit)
    title = maker.make()
    text = "".join(maker.parts)
    name, digest = f"made-{number:07d}", hashlib.sha256(text.encode()).hexdigest()
    published = maker.world.days[maker.day][0]
    record = {
        "id": name,
        "title": title,
        "publisher": maker.publisher,
        "url": "",
        "published": published,
        "captured": published,
        "language": "en",
        "origin": "constructed",
        "rights": "CC0-1.0",
        "incident": f"made-{number - number % 2:07d}" if number % 10 < 2 else name,
        "sources": [],
        "sha256": digest,
    }
    file = {"document": name, "sha256": digest, "guidelines": GUIDELINES}
    gold = {"$schema": "../../schema/gold.schema.json", **file, "layers": maker.layers}
    return Made(record, text, gold, tuple(_pass(one, file, maker.layers, published) for one in names))


def _pass(annotator: str, file: dict[str, Any], layers: dict[str, list[Annotation]], date: str) -> dict[str, Any]:
    """The value of a pass file with what the gold has."""
    kept = {
        layer: [{key: value for key, value in one.items() if key not in ("by", "decided")} for one in listed]
        for layer, listed in layers.items()
    }
    start = {"$schema": "../../../schema/pass.schema.json", "document": file["document"], "sha256": file["sha256"]}
    return {**start, "annotator": annotator, "date": date, "guidelines": file["guidelines"], "layers": kept}
