"""Findings as people and programs read them: text with the span underlined, JSON, SARIF 2.1.0, GitHub annotations.

And agreement, and what became of a text's annotations when it was corrected, as pages of text.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from krisc import __version__
from krisc.findings import Finding, Place

if TYPE_CHECKING:
    from krisc.agreement import Agreement, Value
    from krisc.comparing import Difference, DocumentChange
    from krisc.duplicates import Alike
    from krisc.interchange.reanchor import Correction

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
WIDTH = 110


def people(findings: Sequence[Finding]) -> Iterator[str]:
    """Lines for a terminal, where click keeps the colours; an id is explained once, with its first finding."""
    explained: set[str] = set()
    for f in findings:
        colour = "yellow" if f.severity == "warning" else "red"
        head = f"{click.style(f.severity, fg=colour, bold=True)} {click.style(f.id, bold=True)}"
        yield f"{_where(f.place)}: {head}: {f.message}"
        yield from _excerpt(f.place, colour)
        yield f"  expected: {f.expected}"
        yield f"  mend:     {f.mend}"
        for place in f.related:
            yield f"  see also: {_where(place)}"
            yield from _excerpt(place, "cyan")
        if f.id not in explained:
            explained.add(f.id)
            yield click.style(f"  why:      {f.kind.explain}", dim=True)
        yield ""


def _where(place: Place) -> str:
    parts = [place.file, *(str(n) for n in (place.line, place.column) if n is not None)]
    return ":".join(parts)


def _excerpt(place: Place, colour: str) -> Iterator[str]:
    """The source line with the place underlined; long lines are cut around it. Columns are code points."""
    if place.line is None or place.column is None or not place.source:
        return
    start = place.column - 1
    same_line = place.end_line in (None, place.line) and place.end_column is not None
    end = max(start + 1, (place.end_column or 0) - 1) if same_line else len(place.source)
    first = max(0, start - WIDTH // 3)
    last = min(len(place.source), max(first + WIDTH, min(end, start + WIDTH)))
    shown = "".join(map(_harmless, place.source[first:last]))
    yield f"    | {'…' if first else ''}{shown}{'…' if last < len(place.source) else ''}"
    before = _columns(place.source[first:start]) + bool(first)
    marks = max(1, _columns(place.source[start : min(end, last)]))
    yield f"    | {' ' * before}{click.style('^' * marks, fg=colour)}"


def _harmless(character: str) -> str:
    """A character that a terminal may be given: no control characters, and none that turn the direction of writing."""
    if character == "\t":
        return " "
    turns = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return "\N{REPLACEMENT CHARACTER}" if turns or unicodedata.category(character) == "Cc" else character


def _columns(text: str) -> int:
    """Terminal columns: combining marks take none, wide characters two (Unicode UAX #11)."""
    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf"
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def _place_json(place: Place) -> dict[str, Any]:
    return {
        key: value
        for key in ("file", "line", "column", "end_line", "end_column", "pointer")
        if (value := getattr(place, key)) is not None
    }


def as_json(findings: Sequence[Finding]) -> str:
    """One JSON object: counts, and the findings with every field."""
    value = {
        "errors": sum(f.severity != "warning" for f in findings),
        "warnings": sum(f.severity == "warning" for f in findings),
        "findings": [
            {
                "id": f.id,
                "level": f.kind.level,
                "severity": f.severity,
                **_place_json(f.place),
                "document": f.document or None,
                "annotation": f.annotation or None,
                "found": f.message,
                "expected": f.expected,
                "mend": f.mend,
                "related": [_place_json(place) for place in f.related],
            }
            for f in findings
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=1)


def _region(place: Place) -> dict[str, Any]:
    if place.line is None:
        return {}
    region = {"startLine": place.line, "startColumn": place.column or 1}
    if place.end_line is not None and place.end_column is not None:
        region |= {"endLine": place.end_line, "endColumn": max(place.end_column, 1)}
    return {"region": region}


def _location(place: Place) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": quote(place.file)}, **_region(place)}}


def as_sarif(findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0 (OASIS), for code scanning; columns are counted in code points and say so."""
    kinds = {f.id: f.kind for f in findings}
    rules = [
        {
            "id": kind.id,
            "shortDescription": {"text": kind.title},
            "fullDescription": {"text": kind.explain},
            "help": {"text": kind.mend},
        }
        for kind in sorted(kinds.values(), key=lambda k: k.id)
    ]
    results = [
        {
            "ruleId": f.id,
            "level": "warning" if f.severity == "warning" else "error",
            "message": {"text": f"{f.message}. Expected: {f.expected}. Mend: {f.mend}."},
            "locations": [_location(f.place)],
            **({"relatedLocations": [_location(p) for p in f.related]} if f.related else {}),
        }
        for f in findings
    ]
    run = {
        "tool": {"driver": {"name": "krisc", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1)


def _escape(text: str, more: str = "") -> str:
    for mark, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), *((m, f"%{ord(m):02X}") for m in more)):
        text = text.replace(mark, code)
    return text


def as_github(findings: Sequence[Finding]) -> str:
    """Workflow commands, which GitHub shows beside the changed lines."""
    lines = []
    for f in findings:
        places = {"file": f.place.file, "line": f.place.line, "col": f.place.column, "title": f"{f.id}: {f.kind.title}"}
        shown = ",".join(f"{k}={_escape(str(v), ':,')}" for k, v in places.items() if v is not None)
        level = "warning" if f.severity == "warning" else "error"
        lines.append(f"::{level} {shown}::{_escape(f'{f.message} | expected: {f.expected} | mend: {f.mend}')}")
    return "\n".join(lines)


# The formats of `krisc validate --format`.
FORMATS: dict[str, Callable[[Sequence[Finding]], str]] = {
    "text": lambda findings: "\n".join(people(findings)),
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}


def agreement_text(agreement: Agreement, *, details: bool) -> str:
    """The agreement as a page of text.

    Args:
        agreement: what was measured.
        details: whether to add figures by document, confused labels and every disagreement.
    """
    lines = [
        f"{', '.join(agreement.annotators)} on {agreement.documents} document(s); intervals: {agreement.level:.0%}, "
        f"bootstrap of {agreement.resampled}, {agreement.resamples} samples"
    ]
    for name, layer in agreement.layers.items():
        lines += ["", f"{name} ({layer.documents} document(s), {len(layer.disagreements)} disagreement(s))"]
        lines += [_value_line(value) for value in layer.values if details or not (value.undefined and value.of)]
        if not details:
            continue
        for measure, by_document in layer.by_document.items() if agreement.documents > 1 else ():
            shown = ", ".join(f"{d} {'–' if v is None else format(v, '.3f')}" for d, v in by_document.items())
            lines.append(f"  by document, {measure}: {shown}")
        for one, row in layer.confusion.items():
            cells = ", ".join(f"{other} {number:g}" for other, number in row.items())
            lines.append(f"  labels: {one} → {cells}")
        for item in layer.disagreements:
            lines.append(f"  {item.document}: {item.context}")
            lines += [f"      {who}: {what or '(nothing)'}" for who, what in item.passes.items()]
    return "\n".join(lines)


def _value_line(value: Value) -> str:
    words = f"{value.measure} {value.of}".strip()
    if value.value is None:
        return f"  {words:44} undefined ({value.undefined})"
    interval = f"[{value.low:.3f}, {value.high:.3f}]" if value.low is not None else f"no interval: {value.no_interval}"
    return f"  {words:44} {value.value:6.3f}  {interval}  n={value.count}"


def correction_text(made: Correction) -> str:
    """What a corrected text does to the annotations of its document, file by file."""
    lines: list[str] = []
    for one in made.files:
        counts = f"{one.kept} where they were, {len(one.moved)} moved, {len(one.changed)} with other words"
        lines.append(f"{one.name}: {counts}, {len(one.report.aside)} without a certain place")
        lines += [
            f"  moved   {m.annotation}: {m.was.start}-{m.was.end} -> {m.now.start}-{m.now.end} {_short(m.was.quote)}"
            for m in one.moved
        ]
        lines += [
            f"  changed {m.annotation}: {_short(m.was.quote)} -> {_short(m.now.quote)} ({m.now.start}-{m.now.end})"
            for m in one.changed
        ]
        for kept in one.report.aside:
            a = kept["annotation"]
            words = " … ".join(s["quote"] for s in (*a.get("segments", ()), *a.get("trigger", ())))
            lines.append(f"  aside   {a['id']}: {a['label']} {_short(words)}: {kept['reason']}")
        lines += [f"  dropped {what}: {number}" for what, number in sorted(one.report.counts.items())]
    if made.decided:
        lines.append(f"{made.carried} of {made.decided} decision(s) go along")
    return "\n".join(lines)


def _short(words: str) -> str:
    """Words in quotation marks, on one line and not too long."""
    plain = json.dumps(words, ensure_ascii=False)
    return plain if len(plain) <= 60 else f'{plain[:57]}…"'


def alike_line(pair: Alike, *, as_json: bool) -> str:
    """Two documents with nearly the same text, and their Jaccard index: a line of a table, or of JSON Lines."""
    if as_json:
        return json.dumps({"one": pair.one, "other": pair.other, "jaccard": pair.jaccard}, ensure_ascii=False)
    return f"{pair.jaccard:.3f}  {pair.one}  {pair.other}"


def group_line(group: Sequence[str], *, as_json: bool) -> str:
    """Documents that hang together by such pairs: a line of a table, or of JSON Lines."""
    return json.dumps({"group": group}, ensure_ascii=False) if as_json else f"group  {'  '.join(group)}"


def difference_page(made: Difference) -> str:
    """A difference as a page for a browser: every change, and both versions of each text side by side."""
    import jinja2  # noqa: PLC0415 - only for this page

    template = resources.files("krisc").joinpath("templates", "difference.html.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(made=made, columns=lambda document: _sides(made, document))


def _sides(made: Difference, document: DocumentChange) -> list[list[tuple[str, str]]]:
    """Both texts of a document, cut where annotations that changed begin and end: words, and the kind of change."""
    columns = []
    for text, side in zip(made.texts[document.id], ("old", "new"), strict=True):
        marks = [(span, a.kind) for a in document.annotations for span in (a.old if side == "old" else a.new)]
        marks = [(span, kind) for span, kind in marks if span[1] <= len(text)]
        cuts = sorted({0, len(text), *(point for span, _ in marks for point in span)})
        pieces = []
        for start, end in pairwise(cuts):
            kinds = [kind for span, kind in marks if span[0] <= start and end <= span[1]]
            pieces.append((text[start:end], kinds[0] if kinds else ""))
        columns.append(pieces)
    return columns


def difference_text(made: Difference) -> str:
    """A difference as lines of text: the summary, then every document and every annotation that changed."""
    from krisc.changelog import summary  # noqa: PLC0415 - only for this text

    lines = [f"{made.old} to {made.new}", summary(made)]
    for one in made.documents:
        words = [one.kind]
        words += (
            [f"split {one.was_split} to {one.split}"] if one.kind == "changed" and one.split != one.was_split else []
        )
        words += ["text"] if one.text_changed else []
        words += [f"{key}: {old!r} to {new!r}" for key, (old, new) in one.metadata.items()]
        words += [f"{one.provenance} annotation(s) with another history"] if one.provenance else []
        lines.append(f"{one.id}: {', '.join(words)}")
        for a in one.annotations:
            parts = f" ({', '.join(a.what)})" if a.what else ""
            lines.append(f"  {a.kind}{parts} {a.layer}")
            lines += [f"    - {a.before}"] if a.before else []
            lines += [f"    + {a.after}"] if a.after else []
    return "\n".join(lines).rstrip() + "\n"
