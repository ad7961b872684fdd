"""A sample of gold that somebody judges who sees neither passes nor decisions: how many of its annotations are wrong.

Some items are planted: an annotation of the gold into which the program put an error. How many of them the reader finds
says what the reader's verdicts are worth.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from krisc.facts import Judged, JudgedLayer
from krisc.findings import Finding, KriscError, Place
from krisc.form import Form
from krisc.layers import Layer
from krisc.matching import context
from krisc.model import Annotation, AnnotationFile, Segment
from krisc.reading import read_json, read_text
from krisc.schemas import fixed
from krisc.store import Corpus, Document, write_atomically

_VERDICT = re.compile(r"(\d+)\s+(right|wrong|unsure)\b[:\s]*(.*)")


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One annotation to be judged, as it is shown; ``planted`` says which error the program put in."""

    document: str
    annotation: str
    layer: str
    shown: str
    planted: str = ""
    verdict: str = ""
    note: str = ""


class Judgement(msgspec.Struct, frozen=True, omit_defaults=True):
    """``annotations/judgements/<reader>.json``: a sample of gold and what a reader says of it."""

    by: str
    date: str
    seed: int
    items: tuple[Item, ...]


def judgement_paths(corpus: Corpus) -> list[Path]:
    """Where judgements lie."""
    return sorted((corpus.annotations / "judgements").glob("*.json"))


def read_judgement(corpus: Corpus, path: Path) -> Judgement:
    """One judgement.

    Raises:
        KriscError: every finding about the file's form.
    """
    return msgspec.convert(read_json(path, corpus.root, Form(fixed("judgements"))), Judgement)


def summary(corpus: Corpus) -> Judged | None:
    """All judgements of the corpus in figures; None when nobody has judged.

    Raises:
        KriscError: a judgement is malformed.
    """
    read = [read_judgement(corpus, path) for path in judgement_paths(corpus)]
    items = [item for one in read for item in one.items if item.verdict]
    if not items:
        return None
    made = Judged(readers=sorted({one.by for one in read}), layers={name: JudgedLayer() for name in corpus.layers})
    for item in items:
        if item.planted:
            made.planted += 1
            made.found += item.verdict == "wrong"
            continue
        for counted in (made, made.layers.setdefault(item.layer, JudgedLayer())):
            counted.judged += 1
            counted.wrong += item.verdict == "wrong"
            counted.unsure += item.verdict == "unsure"
    if made.judged:
        from scipy.stats import binomtest  # noqa: PLC0415 - takes long to import

        interval = binomtest(made.wrong, made.judged).proportion_ci(0.95, method="wilson")
        made.error_rate = round(made.wrong / made.judged, 4)
        made.low, made.high = round(float(interval.low), 4), round(float(interval.high), 4)
    return made


def sample(corpus: Corpus, by: str, date: str, size: int, planted: int, seed: int) -> Judgement:
    """Draw a sample of the gold, every annotation as likely as any other, and plant errors in more of it.

    Args:
        corpus: the corpus, whose gold has no errors of form.
        by: id of the annotator who is going to judge.
        date: the day, ``YYYY-MM-DD``.
        size: annotations to judge; all when there are fewer.
        planted: further annotations that get an error.
        seed: seed of the draw.
    """
    every: list[tuple[str, str, str]] = []
    for entry in corpus.index:
        file = corpus.read_annotations(corpus.gold_path(entry.id))
        every += [(entry.id, name, a.id) for name, listed in file.layers.items() for a in listed]
    rng = random.Random(seed)  # noqa: S311 - no secret; the sequence is the same on every system
    drawn = rng.sample(every, min(len(every), size + planted))
    wanted: dict[str, list[tuple[str, str, bool]]] = {}
    for number, (document, layer, annotation) in enumerate(drawn):
        wanted.setdefault(document, []).append((layer, annotation, number >= size))
    items: list[Item] = []
    for entry in corpus.index:
        if entry.id in wanted:
            read, findings = corpus.read_document(entry)
            if read is None or findings or read.gold is None:
                raise KriscError(findings)
            items += [_item(corpus, read, read.gold, *one, rng) for one in wanted[entry.id]]
    rng.shuffle(items)
    return Judgement(by, date, seed, tuple(items))


def _item(
    corpus: Corpus, document: Document, gold: AnnotationFile, name: str, id_: str, plant: bool, rng: random.Random
) -> Item:
    layer = corpus.layers[name]
    by_id = {a.id: a for listed in gold.layers.values() for a in listed}
    a, error = by_id[id_], ""
    if plant:
        a, error = _planted(a, layer, document, by_id, rng)
    return Item(document.record.id, id_, name, shown(a, layer, document.text, by_id), error)


def _planted(
    a: Annotation, layer: Layer, document: Document, by_id: Mapping[str, Annotation], rng: random.Random
) -> tuple[Annotation, str]:
    """The annotation with one error, and which: another label, other words or role, roles exchanged, a member more."""
    ways = ["label"] if len(layer.labels) > 1 else []
    ways += ["words"] if len(a.anchor) == 1 or any(g.segments for g in a.arguments) else []
    ways += ["role"] if layer.kind == "event" and a.arguments and len(layer.roles) > 1 else []
    ways += ["exchange"] if layer.kind == "relation" and sum(bool(g.target) for g in a.arguments) == 2 else []
    way = "member" if layer.kind == "chain" else rng.choice(ways)
    if way == "exchange":
        roles = [g.role for g in a.arguments][::-1]
        arguments = tuple(replace(g, role=role) for g, role in zip(a.arguments, roles, strict=True))
        return replace(a, arguments=arguments), "the fillers of the roles were exchanged"
    if way == "label":
        label = rng.choice([one for one in layer.labels if one != a.label])
        return replace(a, label=label), f"label {a.label} became {label}"
    if way == "role":
        n = rng.randrange(len(a.arguments))
        role = rng.choice([one for one in layer.roles if one != a.arguments[n].role])
        arguments = tuple(replace(g, role=role) if i == n else g for i, g in enumerate(a.arguments))
        return replace(a, arguments=arguments), f"role {a.arguments[n].role} became {role}"
    if way == "member":
        others = sorted(i for i, one in by_id.items() if one.anchor and i not in a.members)
        more = rng.choice(others)
        return replace(a, members=(*a.members, more)), f"member {by_id[more].anchor[0].quote!r} was added"
    return _moved(a, document)


def _moved(a: Annotation, document: Document) -> tuple[Annotation, str]:
    """The annotation with one more token, or attributed words with one less."""
    starts, ends = document.tokens
    anchor = a.anchor or next(g.segments for g in a.arguments if g.segments)
    later = next((e for s, e in zip(starts, ends, strict=True) if s >= anchor[-1].end), anchor[-1].end - 1)
    moved = Segment(anchor[0].start, later, document.text[anchor[0].start : later])
    told = f"the words became {moved.quote!r}"
    if a.segments:
        return replace(a, segments=(moved,)), told
    if a.trigger:
        return replace(a, trigger=(moved,)), told
    changed = [replace(g, segments=(moved,)) if g.segments == anchor else g for g in a.arguments]
    return replace(a, arguments=tuple(changed)), told


def shown(a: Annotation, layer: Layer, text: str, by_id: Mapping[str, Annotation]) -> str:
    """An annotation in words, without names that say who made it: label, words, fillers of roles, attributes."""

    def words(segments: Sequence[Segment]) -> str:
        return "«" + " … ".join(" ".join(s.quote.split()) for s in segments) + "»"

    def told(target: str) -> str:
        other = by_id[target]
        return f"{other.label} {words(other.anchor)}" if other.anchor else other.label

    parts = [f"{layer.name} {a.label}"]
    parts += [words(a.anchor)] if a.anchor else []
    parts += [f"{g.role}={told(g.target) if g.target else words(g.segments)}" for g in a.arguments]
    parts += [f"members={' + '.join(told(m) for m in a.members)}"] if a.members else []
    parts += [f"entity={a.entity}"] if a.entity else []
    for name, value in a.attributes.items():
        parts.append(f"{name}={told(str(value)) if str(value) in by_id else value}")
    around = context(text, a, by_id)
    return "; ".join(parts) + (f"  |  {around}" if a.anchor and around else "")


def sheet(judgement: Judgement) -> str:
    """What the reader is given: the items by number, and nothing of what is planted."""
    return "".join(f"{n} {item.document}: {item.shown}\n" for n, item in enumerate(judgement.items, start=1))


def with_verdicts(judgement: Judgement, path: Path) -> Judgement:
    """The judgement with a reader's verdicts, one a line: ``12 wrong: the article belongs to it``.

    Raises:
        KriscError: ``verdict-unreadable`` for every line that is none, and for every item without one.
    """
    given: dict[int, tuple[str, str]] = {}
    findings: list[Finding] = []
    for line, words in enumerate(read_text(path, path.parent).splitlines(), start=1):
        match = _VERDICT.fullmatch(words.strip())
        number = int(match[1]) if match else 0
        if match and 1 <= number <= len(judgement.items) and number not in given:
            given[number] = (match[2], match[3].strip())
        elif words.strip():
            findings.append(Finding("verdict-unreadable", Place(str(path), line=line, column=1), {"found": words[:60]}))
    for number in range(1, len(judgement.items) + 1):
        if number not in given:
            place = Place(str(path))
            findings.append(Finding("verdict-unreadable", place, {"found": f"nothing about item {number}"}))
    if findings:
        raise KriscError(findings)
    items = [replace(item, verdict=given[n][0], note=given[n][1]) for n, item in enumerate(judgement.items, start=1)]
    return replace(judgement, items=tuple(items))


def write_judgement(corpus: Corpus, judgement: Judgement) -> Path:
    """Write a judgement to ``annotations/judgements/<reader>.json``, one item a line; returns where."""
    head = {"by": judgement.by, "date": judgement.date, "seed": judgement.seed}
    lines = [msgspec.json.encode(item).decode() for item in judgement.items]
    words = msgspec.json.encode(head).decode()[:-1] + ',"items":[\n' + ",\n".join(lines) + "\n]}\n"
    path = corpus.annotations / "judgements" / f"{judgement.by}.json"
    write_atomically(path, words.encode())
    return path
