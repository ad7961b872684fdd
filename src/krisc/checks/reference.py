"""Checks of the level ``reference``: whether what an annotation file names exists, and is what the file says it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain, pairwise
from operator import eq
from pathlib import PurePosixPath

from krisc.checks.columns import NOWHERE, Columns, Part
from krisc.checks.context import Context, Item
from krisc.files import sha256
from krisc.findings import Finding, Place, nearest
from krisc.model import Segment
from krisc.text import explain_offsets, occurrences


def file_matches_document(ctx: Context) -> Iterator[Finding]:
    """The file says which document it annotates: the one it is named for, with the text it was made on."""
    document = ctx.document.record.id
    if ctx.file.document != document:
        data = {"found": ctx.file.document, "wanted": document}
        yield Finding("annotation-misplaced", Place(ctx.name, pointer="/document"), data, document)
    folder = PurePosixPath(ctx.name).parent.name if ctx.file.annotator else ""
    if ctx.file.annotator != folder:
        data = {"found": ctx.file.annotator, "wanted": folder}
        yield Finding("pass-misplaced", Place(ctx.name, pointer="/annotator"), data, document)
    true = sha256(ctx.document.data)
    if ctx.file.sha256 != true:
        data = {"found": ctx.file.sha256[:12], "wanted": true[:12], "file": ctx.raw_name}
        yield Finding("annotation-hash-mismatch", Place(ctx.name, pointer="/sha256"), data, document)


def ids_are_unique(ctx: Context) -> Iterator[Finding]:
    """No two annotations of a file share an id."""
    if len(ctx.columns.place) == len(ctx.columns.annotations):
        return
    for item in ctx.items:
        first = ctx.by_id[item.annotation.id]
        if first is not item:
            yield ctx.finding("id-duplicate", item, "/id", other=first)


def quotes_match(ctx: Context) -> Iterator[Finding]:
    """Every segment has offsets inside the text, and the text there reads as its quote."""
    text, length = ctx.text, len(ctx.text)
    if _quoted(text, ctx.columns):
        return
    for item, where, number, segment in ctx.segments:
        start, end = segment.start, segment.end
        if not (0 <= start < end <= length and text[start:end] == segment.quote):
            yield _mismatch(ctx, item, f"{where}/{number}", segment)


def _quoted(text: str, file: Columns) -> bool:
    """Whether all segments are right. A quote that is not empty has its start before its end."""
    for part in file.parts:
        if part.starts and (min(part.starts) < 0 or max(part.ends) > len(text)):
            return False
    return not [s for s in file.segments if not s.quote or s.quote != text[s.start : s.end]]


def _mismatch(ctx: Context, item: Item, rest: str, segment: Segment) -> Finding:
    """What is wrong with a segment, and what would explain it."""
    start, end, length = segment.start, segment.end, len(ctx.text)
    explained = explain_offsets(ctx.text, start, end, segment.quote)
    hint = ""
    if explained:
        hint = f"; the offsets are right for {explained[0]}, in code points they are {explained[1]}–{explained[2]}"
    elif places := occurrences(ctx.text, segment.quote):
        shown = ", ".join(f"{p}–{p + len(segment.quote)}" for p in places[:5])
        hint = f"; the quote stands at {shown}"
    data: dict[str, object] = {"start": start, "end": end, "length": length, "quote": segment.quote, "hint": hint}
    if end <= start:
        return ctx.finding("offset-inverted", item, rest, **data)
    if end > length:
        return ctx.at_text("offset-out-of-range", item, rest, (length, length), **data)
    data["found"] = ctx.text[start:end]
    return ctx.at_text("quote-mismatch", item, rest, (start, end), **data)


def segments_are_ordered(ctx: Context) -> Iterator[Finding]:
    """The segments of one span stand in text order and do not overlap."""
    if all(before.end <= after.start for one in ctx.columns.several for before, after in pairwise(one)):
        return
    for (_, _, _, before), (item, where, number, segment) in pairwise(ctx.segments):
        if number and segment.start < before.end:  # number 0 begins another list
            yield ctx.finding("segments-unordered", item, f"{where}/{number}", number=number + 1)


def targets_exist(ctx: Context) -> Iterator[Finding]:
    """Arguments, members and references name annotations of the same file, and never the annotation itself."""
    if _there(ctx.columns):
        return
    for item in ctx.items:
        for rest, target in _targets(item):
            if target == item.annotation.id:
                yield ctx.finding("target-self", item, rest, target=target)
            elif target not in ctx.by_id:
                yield ctx.finding("target-dangling", item, rest, target=target, hint=_nearest_id(ctx, target))


def _there(file: Columns) -> bool:
    """Whether all targets, members and references are places in the file, other than that of what names them."""
    unique = len(file.place) == len(file.annotations)
    return unique and file.targets.count(NOWHERE) == file.words and not any(map(eq, file.owners, file.targets))


def _targets(item: Item) -> Iterator[tuple[str, str]]:
    """Every id an annotation refers to, with the JSON pointer of the reference from the annotation."""
    a = item.annotation
    yield from ((f"/arguments/{n}/target", g.target) for n, g in enumerate(a.arguments) if g.target)
    yield from ((f"/members/{n}", member) for n, member in enumerate(a.members))
    for name, attribute in item.layer.attributes.items():
        value = a.attributes.get(name)
        if attribute.type == "reference" and isinstance(value, str) and value not in attribute.keywords:
            yield f"/attributes/{name}", value


def _nearest_id(ctx: Context, target: str) -> str:
    prefix = target.rstrip("0123456789")
    known = [name for name in ctx.by_id if prefix and name.startswith(prefix)]
    known = known or get_close_matches(target, ctx.by_id, n=3)
    return nearest(target, known[:20]) if known else f"no id of the file is like {target}"


def register_entries_exist(ctx: Context) -> Iterator[Finding]:
    """Chains name entries of the entity register."""
    for part in ctx.parts:
        for index, a in enumerate(part.listed if part.layer.kind == "chain" else ()):
            if a.entity and a.entity not in ctx.register:
                item, hint = Item(part.layer, index, a), nearest(a.entity, ctx.register)
                yield ctx.finding("register-dangling", item, "/entity", target=a.entity, hint=hint)


def provenance_holds(ctx: Context) -> Iterator[Finding]:
    """Annotators are registered, only people sign off, and an adjudicated annotation names its decision."""
    for item in () if _accounted(ctx) else ctx.items:
        a = item.annotation
        for field, names in (("by", a.by), ("checked_by", a.checked_by)):
            for n, name in enumerate(names):
                if name not in ctx.annotators:
                    hint = nearest(name, ctx.annotators)
                    yield ctx.finding("annotator-unknown", item, f"/{field}/{n}", name=name, hint=hint)
                elif field == "checked_by" and ctx.annotators[name].kind != "person":
                    yield ctx.finding("checker-not-a-person", item, f"/checked_by/{n}", name=name)
        if (a.decided == "adjudicated") != bool(a.decision):
            yield ctx.finding("decision-mismatch", item, "", decided=a.decided, decision=a.decision or "none")
    name = ctx.file.annotator
    if name and name not in ctx.annotators:
        data = {"annotation": "the pass", "name": name, "hint": nearest(name, ctx.annotators)}
        yield Finding("annotator-unknown", Place(ctx.name, pointer="/annotator"), data, ctx.document.record.id)


def _accounted(ctx: Context) -> bool:
    """Whether all is right with where annotations come from; the same few names stand in most of them."""
    annotations = ctx.columns.annotations
    names = set(chain.from_iterable([a.by for a in annotations]))
    told = [a for a in annotations if a.checked_by or a.decision or a.decided == "adjudicated"]
    checkers = set(chain.from_iterable([a.checked_by for a in told]))
    return (
        ctx.annotators.keys() >= names | checkers
        and all(ctx.annotators[name].kind == "person" for name in checkers)
        and not [a for a in told if (a.decided == "adjudicated") is (not a.decision)]
    )


def nothing_stands_twice(ctx: Context) -> Iterator[Finding]:
    """No argument twice in an event or relation; no relation twice; no span twice with one label."""
    if all(map(_distinct, ctx.parts)):
        return
    seen: dict[object, Item] = {}
    for item in ctx.items:
        a = item.annotation
        for argument, count in Counter(a.arguments).items():
            if count > 1:
                n = len(a.arguments) - 1 - a.arguments[::-1].index(argument)
                yield ctx.finding("argument-duplicate", item, f"/arguments/{n}", role=argument.role)
        key = (item.layer.name, a.label, a.anchor, frozenset(a.arguments), a.members)
        first = seen.setdefault(key, item)
        if first is not item:
            yield ctx.finding("annotation-duplicate", item, "", other=first)


def _distinct(part: Part) -> bool:
    """Whether a part of what the annotations of a layer are tells them all apart, and the arguments of each."""
    if part.layer.kind == "span":
        return part.apart
    if part.layer.kind == "chain":
        return len(set(zip(part.kinds, [a.members for a in part.listed], strict=True))) == len(part.kinds)
    fillers = [frozenset(a.arguments) for a in part.listed]
    if sum(map(len, fillers)) < len(part.roles):
        return False
    return part.apart if part.first else len(set(zip(part.kinds, fillers, strict=True))) == len(part.kinds)
