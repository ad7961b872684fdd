"""Takes a corrected text and puts all annotations of its document on it: gold, passes and decisions.

The two texts are aligned word by word. A span goes along when all its words stand in one stretch that both texts have,
or when its words were changed and what stands on both sides of it was not; and when the words around it do not occur
more or less often than before, so that no other place can be meant. All else is listed and never placed on a guess.
"""

from __future__ import annotations

import difflib
import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

import msgspec
from msgspec.structs import replace

from krisc import decisions, reviews
from krisc.adjudication import adjudicate
from krisc.canonical import dumps
from krisc.document import Document
from krisc.files import sha256, write_atomically
from krisc.findings import Finding, KriscError, Place, nearest
from krisc.interchange.base import Report
from krisc.interchange.doctor import follow
from krisc.model import Annotation, AnnotationFile, Argument, Segment
from krisc.reading import decode_file, read_bytes
from krisc.sharded import in_shard
from krisc.store import Corpus
from krisc.text import occurrences

WIDTHS = (0, 10, 20, 40, 80, 160)  # code points of context on each side that are tried
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Stretch:
    """What both texts have: where it stands in the old one and in the new one, and how long it is, in code points."""

    old: int
    new: int
    length: int


@dataclass(frozen=True)
class Moved:
    """A span that other offsets or other words have now: its annotation, and what it was and is."""

    annotation: str
    was: Segment
    now: Segment


@dataclass
class Reanchored:
    """One file on the corrected text: what moved, what has other words, and what was put aside."""

    name: str
    file: AnnotationFile
    kept: int = 0
    moved: list[Moved] = field(default_factory=list)
    changed: list[Moved] = field(default_factory=list)
    report: Report = field(default_factory=Report)


@dataclass
class Correction:
    """A document on its corrected text: every file, and how many decisions went along."""

    document: str
    files: list[Reanchored]
    decided: int = 0
    carried: int = 0
    reviewed: tuple[reviews.Review, ...] = ()

    @property
    def aside(self) -> int:
        """How many annotations could not be placed with certainty, or refer to one that could not."""
        return sum(len(one.report.aside) for one in self.files)


class _UncertainError(Exception):
    """A segment has no certain place in the corrected text."""


class Alignment:
    """Which code points of an old text are which of a new one."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new
        self.stretches = list(_stretches(old, new))
        self.starts = [s.old for s in self.stretches]

    def place(self, segment: Segment) -> Segment | None:
        """Where a segment of the old text stands in the new one; None when that is not certain."""
        stretch = self._holding(segment.start, segment.end)
        if stretch:
            start = segment.start - stretch.old + stretch.new
            end = start + segment.end - segment.start
            return self._segment(start, end) if self._only(segment, stretch) else None
        before = self._holding(segment.start - 1, segment.start)
        after = self._holding(segment.end, segment.end + 1)
        if not (before or segment.start == 0) or not (after or segment.end == len(self.old)):
            return None
        start = segment.start - before.old + before.new if before else 0
        end = segment.end - after.old + after.new if after else len(self.new)
        sides = [Segment(p, p + 1, self.old[p]) for p in (segment.start - 1, segment.end) if 0 <= p < len(self.old)]
        known = [self._only(side, one) for side, one in zip(sides, [x for x in (before, after) if x], strict=True)]
        words = self.new[start:end]
        return self._segment(start, end) if start < end and all(known) and words == words.strip() else None

    def _segment(self, start: int, end: int) -> Segment:
        return Segment(start, end, self.new[start:end])

    def _holding(self, start: int, end: int) -> Stretch | None:
        n = bisect_right(self.starts, start) - 1
        found = self.stretches[n] if n >= 0 else None
        return found if found and end <= found.old + found.length and start >= 0 else None

    def _only(self, segment: Segment, stretch: Stretch) -> bool:
        """Whether some words around a segment, within its stretch, stand as often in the new text as in the old."""
        first, last = stretch.old, stretch.old + stretch.length
        tried = ""
        for width in WIDTHS:
            around = self.old[max(first, segment.start - width) : min(last, segment.end + width)]
            if around == tried:
                break
            tried = around
            if len(occurrences(self.old, around)) == len(occurrences(self.new, around)):
                return True
        return False


def _stretches(old: str, new: str) -> Sequence[Stretch]:
    """The stretches that two texts share, word by word, those that touch in both made one."""
    ones, others = _WORD.findall(old), _WORD.findall(new)
    at, to = _starts(ones), _starts(others)
    most = min(len(ones), len(others))
    head = next((n for n in range(most) if ones[n] != others[n]), most)
    tail = next((n for n in range(most - head) if ones[-n - 1] != others[-n - 1]), most - head)
    inner = ones[head : len(ones) - tail], others[head : len(others) - tail]
    blocks = [(0, 0, head)]  # most corrections are few, so that little is left to compare
    blocks += [
        (head + block.a, head + block.b, block.size)
        for block in difflib.SequenceMatcher(None, *inner, autojunk=False).get_matching_blocks()
    ]
    blocks.append((len(ones) - tail, len(others) - tail, tail))
    found: list[Stretch] = []
    for a, b, size in blocks:
        stretch = Stretch(at[a], to[b], at[a + size] - at[a])
        last = found[-1] if found else None
        if last and (last.old + last.length, last.new + last.length) == (stretch.old, stretch.new):
            found[-1] = Stretch(last.old, last.new, last.length + stretch.length)
        elif stretch.length:
            found.append(stretch)
    return found


def _starts(words: Sequence[str]) -> list[int]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return starts


def reanchor(corpus: Corpus, document: str, corrected: Path, *, write: bool = False, aside: bool = False) -> Correction:
    """Put the annotations of a document on a corrected text.

    Args:
        corpus: the corpus, whose files agree with the text that stands there.
        document: id of the document.
        corrected: the corrected text.
        write: whether the corpus is changed: text, hash, gold, passes and decisions.
        aside: whether annotations that cannot be placed may be taken out; they are kept whole in
            ``annotations/aside/<document>.json``. Without it nothing is written as long as there is one.

    Raises:
        KriscError: there is no such document, it stands in a shard, a file is malformed or does not agree with the
            text, or, with ``write``, ``reanchor-uncertain``.
    """
    entry = corpus.index.get(document)
    if entry is None:
        data = {"name": document, "hint": nearest(document, list(islice(corpus.index.ids(), 20)))}
        raise KriscError([Finding("annotation-unlisted", Place(str(corrected)), data)])
    if entry.whole:
        raise KriscError([in_shard(entry, entry.place("/id"))])
    was, findings = corpus.read_document(entry)
    if was is None or findings:
        raise KriscError(findings)
    if was.record.sha256 != sha256(was.data):
        data = {"found": was.record.sha256, "wanted": sha256(was.data), "file": f"dataset/raw/{document}.txt"}
        place = Place("dataset/documents.jsonl", pointer="/sha256", record=was.line)
        raise KriscError([Finding("text-hash-mismatch", place, data, document)])
    raw = read_bytes(corrected, str(corrected))
    alignment = Alignment(was.text, decode_file(raw, str(corrected)))
    paths = [p for p in (corpus.gold_path(document), *corpus.pass_paths(document)) if p.is_file()]
    files = [_file(corpus, path, alignment, sha256(raw)) for path in paths]
    made = Correction(document, files)
    scratch = Reanchored("", AnnotationFile(document, "", "", {}))
    known = reviews.read_reviews(corpus, document)
    made.reviewed = reviews.on_new_text(known, lambda a: _placed(a, alignment, scratch))
    carried = None
    if len(was.passes) > 1 and decisions.read_decisions(corpus, document):
        now = Document(replace(was.record, sha256=sha256(raw)), was.line, raw, alignment.new, *_parts(files))
        carried = _carried(corpus, now, adjudicate(corpus, was).decisions, made)
    if write:
        _write(corpus, made, raw, carried, aside=aside)
    return made


def _parts(files: Sequence[Reanchored]) -> tuple[AnnotationFile | None, tuple[AnnotationFile, ...]]:
    gold = next((one.file for one in files if not one.file.annotator), None)
    return gold, tuple(one.file for one in files if one.file.annotator)


def _file(corpus: Corpus, path: Path, alignment: Alignment, digest: str) -> Reanchored:
    """One annotation file on the new text."""
    file = corpus.read_annotations(path)
    made = Reanchored(corpus.name(path), file)
    layers: dict[str, list[Annotation]] = {}
    gone: set[str] = set()
    for name, listed in file.layers.items():
        layers[name] = []
        for a in listed:
            placed = _placed(a, alignment, made)
            if placed is None:
                gone.add(a.id)
                made.report.put_aside(file.document, a, "its place in the corrected text is not certain")
            else:
                layers[name].append(placed)
    follow(file.document, layers, gone, made.report)
    made.file = replace(file, sha256=digest, layers={name: tuple(listed) for name, listed in layers.items()})
    return made


def _placed(a: Annotation, alignment: Alignment, made: Reanchored) -> Annotation | None:
    moves: list[Moved] = []

    def one(segment: Segment) -> Segment:
        if alignment.old[segment.start : segment.end] != segment.quote:
            place = Place(made.name)
            data: dict[str, object] = {
                **{"annotation": a.id, "start": segment.start, "end": segment.end, "quote": segment.quote},
                **{"found": alignment.old[segment.start : segment.end], "hint": ""},
            }
            raise KriscError([Finding("quote-mismatch", place, data, made.file.document, a.id)])
        now = alignment.place(segment)
        if now is None:
            raise _UncertainError
        moves.append(Moved(a.id, segment, now))
        return now

    def every(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        found = tuple(map(one, segments))
        if any(x.end > y.start for x, y in pairwise(found)):
            raise _UncertainError
        return found

    try:
        placed = replace(
            a,
            segments=every(a.segments),
            trigger=every(a.trigger),
            arguments=tuple(Argument(g.role, g.target, every(g.segments)) for g in a.arguments),
        )
    except _UncertainError:
        return None
    made.changed += [m for m in moves if m.was.quote != m.now.quote]
    made.moved += [m for m in moves if m.was.quote == m.now.quote and m.was.start != m.now.start]
    made.kept += sum(m.was == m.now for m in moves)
    if any(m.was.quote != m.now.quote for m in moves):
        placed = replace(placed, checked_by=())  # who signed it off has not seen these words
    return placed


def _carried(corpus: Corpus, now: Document, old: decisions.Decisions, made: Correction) -> decisions.Decisions:
    """The decisions on the new text: a conflict is known by what its options say, and those have other offsets now.

    Conflicts keep their order, so each has its successor where there are as many of the same kind.
    """
    fresh = adjudicate(corpus, now).decisions
    kept = fresh

    def kind(conflict: decisions.Conflict) -> tuple[str, tuple[str, ...]]:
        return conflict.layer, tuple(conflict.options)

    made.decided = sum(bool(c.decide) for c in old.conflicts)
    if list(map(kind, old.conflicts)) == list(map(kind, fresh.conflicts)):
        conflicts = tuple(
            replace(c, decide=b.decide, new=b.new, by=b.by, reason=b.reason)
            for c, b in zip(fresh.conflicts, old.conflicts, strict=True)
        )
        kept = replace(fresh, conflicts=conflicts, superseded=old.superseded)
    made.carried = sum(bool(c.decide) for c in kept.conflicts)
    result = adjudicate(corpus, now, kept, made.reviewed)
    gold = next((one for one in made.files if not one.file.annotator), None)
    if gold and not result.findings:  # the gold names its decisions, and those have other ids now
        gold.file = result.gold
    return result.decisions


def _write(corpus: Corpus, made: Correction, raw: bytes, carried: decisions.Decisions | None, *, aside: bool) -> None:
    """Write every file, or none: what was written is put back when one cannot be."""
    if made.aside and not aside:
        data: dict[str, object] = {"count": made.aside, "name": made.document}
        raise KriscError([Finding("reanchor-uncertain", Place(f"dataset/raw/{made.document}.txt"), data)])
    listing = corpus.dataset / "documents.jsonl"
    files: dict[Path, bytes] = {corpus.root / one.name: dumps(one.file, corpus.layers).encode() for one in made.files}
    if made.aside:
        path = corpus.annotations / "aside" / f"{made.document}.json"
        files[path] = _aside(path, made)
    if carried:
        files[decisions.path_of(corpus, made.document)] = decisions.dumps(carried).encode()
    if made.reviewed:
        files[reviews.path_of(corpus, made.document)] = reviews.dumps(made.reviewed).encode()
    files[corpus.raw_path(made.document)] = raw
    files[listing] = _listed(listing.read_bytes(), made.document, sha256(raw))
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    try:
        for path, content in files.items():
            write_atomically(path, content)
    except KriscError:
        for path, old in before.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                write_atomically(path, old)
        raise


def _aside(path: Path, made: Correction) -> bytes:
    """What was put aside, whole, after what was put aside before."""
    before = json.loads(path.read_bytes()) if path.exists() else []
    listed = [{"file": one.name, **kept} for one in made.files for kept in one.report.aside]
    return (json.dumps([*before, *listed], ensure_ascii=False, indent=1) + "\n").encode()


def _listed(data: bytes, document: str, digest: str) -> bytes:
    """The document list with another hash for one document, and nothing else changed."""
    lines = []
    for line in data.decode().split("\n"):
        record: Mapping[str, object] = msgspec.json.decode(line) if line.strip() else {}
        same = record.get("id") != document
        lines.append(line if same else re.sub(r'("sha256"\s*:\s*")[0-9a-f]{64}"', rf'\g<1>{digest}"', line))
    return "\n".join(lines).encode()
