"""A sample of gold that somebody judges who sees neither passes nor decisions: how many of its annotations are wrong.

Some items are planted: an annotation of the gold into which the program put an error. How many of them the reader finds
says what the reader's verdicts are worth.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import msgspec
from msgspec.structs import replace

from krisc.document import Document
from krisc.facts import Judged, JudgedLayer
from krisc.files import write_atomically
from krisc.findings import Finding, KriscError, Place
from krisc.index import Entry
from krisc.judgements import Item, Judgement, judgement_path, judgement_paths, read_judgement, shown
from krisc.layers import Layer
from krisc.matching import anchor
from krisc.model import Annotation, AnnotationFile, Segment
from krisc.reading import read_text
from krisc.store import Corpus

_VERDICT = re.compile(r"(\d+)\s+(right|wrong|unsure)\b[:\s]*(.*)")


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
        planted: further annotations that get an error; those in which none can be put are left out.
        seed: seed of the draw.

    Raises:
        KriscError: a document has errors of form, or ``judgement-exists``: the reader's verdicts would be lost.
    """
    path = judgement_path(corpus, by)
    if path.exists() and any(item.verdict for item in read_judgement(corpus, path).items):
        raise KriscError([Finding("judgement-exists", Place(corpus.name(path)), {"name": by})])
    every: list[tuple[str, str, str]] = []
    for entry in corpus.index:
        file = _gold(corpus, entry)
        if file is None:
            continue
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
            made = [_item(corpus, read, read.gold, *one, rng) for one in wanted[entry.id]]
            items += [item for item in made if item]
    rng.shuffle(items)
    return Judgement(by, date, seed, tuple(items))


def _gold(corpus: Corpus, entry: Entry) -> AnnotationFile | None:
    if entry.whole:
        document, findings = corpus.read_document(entry)
        if document is None or findings:
            raise KriscError(findings)
        return document.gold
    path = corpus.gold_path(entry.id)
    return corpus.read_annotations(path) if path.exists() else None


def _item(
    corpus: Corpus, document: Document, gold: AnnotationFile, name: str, id_: str, plant: bool, rng: random.Random
) -> Item | None:
    """The item of an annotation; None when an error is to be put in and none can."""
    layer = corpus.layers[name]
    by_id = {a.id: a for listed in gold.layers.values() for a in listed}
    a, error = by_id[id_], ""
    if plant:
        planted = _planted(a, layer, document, gold, rng)
        if planted is None:
            return None
        a, error = planted
    return Item(document.record.id, id_, name, shown(a, layer, document.text, by_id), error)


Planted = tuple[Annotation, str]


def _planted(
    a: Annotation, layer: Layer, document: Document, gold: AnnotationFile, rng: random.Random
) -> Planted | None:
    """The annotation with one error, and which: another label, other words or role, roles exchanged, a member more."""
    moved = _moved(a, document)
    labels = _other_labels(a, layer, gold)
    ways = ["label"] if labels else []
    ways += ["words"] if moved else []
    ways += ["role"] if layer.kind == "event" and a.arguments and len(layer.roles) > 1 else []
    ways += ["exchange"] if layer.kind == "relation" and sum(bool(g.target) for g in a.arguments) == 2 else []
    if layer.kind == "chain":
        return _joined(a, gold, rng)
    if not ways:
        return None
    way = rng.choice(ways)
    if way == "exchange":
        roles = [g.role for g in a.arguments][::-1]
        arguments = tuple(replace(g, role=role) for g, role in zip(a.arguments, roles, strict=True))
        return replace(a, arguments=arguments), "the fillers of the roles were exchanged"
    if way == "label":
        label = rng.choice(labels)
        return replace(a, label=label), f"label {a.label} became {label}"
    if way == "role":
        n = rng.randrange(len(a.arguments))
        role = rng.choice([one for one in layer.roles if one != a.arguments[n].role])
        arguments = tuple(replace(g, role=role) if i == n else g for i, g in enumerate(a.arguments))
        return replace(a, arguments=arguments), f"role {a.arguments[n].role} became {role}"
    return moved


def _other_labels(a: Annotation, layer: Layer, gold: AnnotationFile) -> list[str]:
    """Labels that would be wrong here: none that the gold has on the same words, as a paragraph of one sentence has."""
    here = anchor(a.anchor)
    right = {b.label for b in gold.layers[layer.name] if b is a or (here and anchor(b.anchor) == here)}
    return [one for one in layer.labels if one not in right]


def _joined(a: Annotation, gold: AnnotationFile, rng: random.Random) -> Planted | None:
    """The chain with one member more that is not its own."""
    by_id = {b.id: b for listed in gold.layers.values() for b in listed}
    others = sorted(i for i, one in by_id.items() if one.anchor and i not in a.members)
    if not others:
        return None
    more = rng.choice(others)
    return replace(a, members=(*a.members, more)), f"member {by_id[more].anchor[0].quote!r} was added"


def _moved(a: Annotation, document: Document) -> Planted | None:
    """The annotation with one more token, or with a letter less where no token follows; None if that leaves nothing."""
    old = a.anchor if len(a.anchor) == 1 else next((g.segments for g in a.arguments if g.segments), ())
    if not old:
        return None
    starts, ends = document.tokens
    start, end = old[0].start, old[-1].end
    later = next((e for s, e in zip(starts, ends, strict=True) if s >= end), end - 1)
    moved = Segment(start, later, document.text[start:later])
    if not moved.quote.strip():
        return None
    told = f"the words became {moved.quote!r}"
    if a.segments:
        return replace(a, segments=(moved,)), told
    if a.trigger and a.anchor == old:
        return replace(a, trigger=(moved,)), told
    changed = [replace(g, segments=(moved,)) if g.segments == old else g for g in a.arguments]
    return replace(a, arguments=tuple(changed)), told


def sheet(judgement: Judgement) -> str:
    """What the reader is given: the items by number, and nothing of what is planted."""
    return "".join(f"{n} {item.document}: {item.shown}\n" for n, item in enumerate(judgement.items, start=1))


def with_verdicts(judgement: Judgement, path: Path) -> Judgement:
    """The judgement with a reader's verdicts, one a line: ``12 wrong: it is a LOCATION``.

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
    path = judgement_path(corpus, judgement.by)
    write_atomically(path, words.encode())
    return path
