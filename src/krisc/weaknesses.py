"""What a release says against itself: labels on which its passes agree least, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from krisc.facts import Facts
from krisc.pages import markdown_table

BY_LABEL = {"spans, strict": "strict F1", "relations, strict": "strict F1", "arguments with role": "F1 of a role"}
UNEXPLAINED = "nobody has looked into it"


def weak_labels(facts: Facts, below: float, least: int, why: Mapping[str, str] | None = None) -> str:
    """The labels and roles on which the passes agree least, as a table; "" when there are none.

    Args:
        facts: the figures of the release.
        below: those with less agreement than this are told.
        least: and with at least so many instances in both passes together.
        why: the reason by ``layer/LABEL`` or ``layer/Role``, as a person or a model who read the differences gives it.
    """
    rows = [
        (name, v.of, BY_LABEL[v.measure], f"{v.value:.2f}", _interval(v.low, v.high), v.count, reason)
        for name in facts.layers
        for v in (facts.agreement.layers[name].values if facts.agreement and name in facts.agreement.layers else [])
        if v.measure in BY_LABEL and v.of and v.value is not None and v.value < below and v.count >= least
        for reason in [(why or {}).get(f"{name}/{v.of}", UNEXPLAINED)]
    ]
    rows.sort(key=lambda row: row[3])
    heads = ("layer", "label or role", "measure", "agreement", "interval", "in both passes", "why")
    return markdown_table(rows, *heads) if rows else ""


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.2f} to {high:.2f}"


def gaps(facts: Facts, few: int) -> str:
    """What the release lacks, as a list: labels in no document of a split, rare labels, years, dates of pages.

    Args:
        facts: the figures of the release.
        few: labels with fewer instances are told as rare.
    """
    return "\n".join(f"- {line}" for line in _gaps(facts, few))


def _gaps(facts: Facts, few: int) -> Iterator[str]:
    labels = [(f"{name} {label}", layer, label) for name, layer in facts.layers.items() for label in layer.labels]
    for split in facts.splits:
        absent = [words for words, layer, label in labels if not layer.by_split.get(label, {}).get(split)]
        if absent:
            yield f"Labels that no document of {split} has: {', '.join(absent)}."
    rare = [f"{words} ({layer.labels[label]})" for words, layer, label in labels if layer.labels[label] < few]
    if rare:
        yield f"Labels with fewer than {few} instances: {', '.join(rare)}."
    years = sorted(map(int, facts.years))
    missing = [str(year) for year in range(years[0], years[-1]) if str(year) not in facts.years] if years else []
    if missing:
        yield f"Years without a document: {', '.join(missing)}."
    if facts.composed and facts.composed.undated:
        yield f"Pages read whose date is not known: {facts.composed.undated:,} of {facts.composed.pages:,}."
