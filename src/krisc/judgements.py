"""The files of judgements: samples of gold, what a reader saw of each annotation, and what the reader says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from krisc.form import Form
from krisc.layers import Layer
from krisc.matching import context
from krisc.model import Annotation, Segment
from krisc.reading import read_json
from krisc.schemas import fixed
from krisc.store import Corpus


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


def judgement_path(corpus: Corpus, by: str) -> Path:
    """Where a reader's judgement lies."""
    return corpus.annotations / "judgements" / f"{by}.json"


def read_judgement(corpus: Corpus, path: Path) -> Judgement:
    """One judgement.

    Raises:
        KriscError: every finding about the file's form.
    """
    return msgspec.convert(read_json(path, corpus.root, Form(fixed("judgements"))), Judgement)


def shown(a: Annotation, layer: Layer, text: str, by_id: Mapping[str, Annotation]) -> str:
    """An annotation in words, without names that say who made it: label, words, fillers of roles, attributes."""

    def words(segments: Sequence[Segment]) -> str:
        return "«" + " … ".join(" ".join(s.quote.split()) for s in segments) + "»"

    def told(target: str) -> str:
        other = by_id.get(target)
        if other is None:  # the gold has an error that krisc validate tells of
            return target
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
