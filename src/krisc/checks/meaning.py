"""Checks of the level ``meaning``: whether the annotations of a file hold to what the layers declare.

The file has passed the level ``reference``: ids are unique, targets are there, and segments are right and in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain, repeat
from operator import lt
from typing import TypeVar

from krisc import timex3
from krisc.checks.columns import Columns, Part
from krisc.checks.context import Context, Item
from krisc.findings import Finding, Place
from krisc.layers import allows
from krisc.spans import Containers, Stretch, crossing, nest, overlapping, side_by_side, token_range

Pairs = Callable[[Sequence[Stretch]], Iterator[tuple[int, int]]]
Node = TypeVar("Node", str, int)


def every_layer_is_there(ctx: Context) -> Iterator[Finding]:
    """A document says of every layer that it was annotated, be it with an empty list."""
    for name, layer in ctx.layers.items():
        if name not in ctx.file.layers:
            data = {"layer": name, "title": layer.title}
            yield Finding("layer-missing", Place(ctx.name, pointer="/layers"), data, ctx.document.record.id)


def spans_nest(ctx: Context) -> Iterator[Finding]:
    """Spans of a nested layer never cross; spans of a flat layer never overlap."""
    for part in ctx.parts:
        nesting = part.layer.constraints.nesting
        if nesting == "nested" and not (part.first and nest(part.first, part.last)):
            yield from _pairs(ctx, part, crossing, "spans-cross")
        elif nesting == "flat" and not (part.first and side_by_side(part.first, part.last)):
            yield from _pairs(ctx, part, overlapping, "spans-overlap")


def _pairs(ctx: Context, part: Part, pairs: Pairs, kind: str) -> Iterator[Finding]:
    """A finding for each pair of annotations of a layer that do not go together."""
    items = [item for item in ctx.in_layer(part) if item.annotation.anchor]
    for one, other in pairs([item.annotation.hull for item in items]):
        yield ctx.finding(kind, items[other], "/segments/0", other=items[one])


def units_do_not_overlap(ctx: Context) -> Iterator[Finding]:
    """Sentences, headlines and other units stand side by side."""
    for part in ctx.parts:
        units = part.layer.constraints.units
        if not units or (part.first and Containers(part.hulls(part.rules.units)).apart):
            continue
        items = [item for item in ctx.in_layer(part) if item.annotation.label in units]
        for one, other in overlapping([item.annotation.hull for item in items]):
            yield ctx.finding("units-overlap", items[other], "/segments/0", other=items[one])


def text_is_covered(ctx: Context) -> Iterator[Finding]:
    """Every character that is not white space belongs to a label that the layer says must cover the text."""
    for name, layer in ctx.layers.items():
        covers = layer.constraints.covers
        if not covers or name not in ctx.file.layers:
            continue
        covered = sorted(hull for part in ctx.parts if part.layer is layer for hull in part.hulls(part.rules.covers))
        for start, end in _gaps(ctx.text, covered):
            quote = ctx.text[start:end]
            data = {"quote": quote if len(quote) < 60 else f"{quote[:57]}...", "labels": ", ".join(covers)}
            place = Place(ctx.name, pointer=f"/layers/{name}")
            related = (Place(ctx.raw_name, start=start, end=end),)
            yield Finding("text-uncovered", place, data, ctx.document.record.id, related=related)


def _gaps(text: str, covered: list[Stretch]) -> Iterator[Stretch]:
    """Words between stretches, which are in text order."""
    between = zip([0, *(end for _, end in covered)], [*(start for start, _ in covered), len(text)], strict=True)
    if not "".join([text[start:end] for start, end in between]).strip():
        return
    at = 0
    for start, end in [*covered, (len(text), len(text))]:
        gap = text[at:start]
        if stripped := gap.strip():
            first = at + gap.index(stripped)
            yield first, first + len(stripped)
        at = max(at, end)


def spans_are_tidy(ctx: Context) -> Iterator[Finding]:
    """Segments neither begin nor end with white space."""
    if not [s for s in ctx.columns.segments if s.quote != s.quote.strip()]:
        return
    for item, where, number, segment in ctx.segments:
        if segment.quote[0].isspace() or segment.quote[-1].isspace():
            span = (segment.start, segment.end)
            yield ctx.at_text("span-white-space", item, f"{where}/{number}", span, quote=segment.quote)


def spans_stay_in_units(ctx: Context) -> Iterator[Finding]:
    """Where the layer says so, an annotation's words lie in one unit (sentence, headline, byline)."""
    bound = [part for part in ctx.parts if part.layer.constraints.inside_units] if ctx.units else []
    starts = chain.from_iterable([part.starts for part in bound])
    if ctx.containers.hold(starts, chain.from_iterable([part.ends for part in bound])):
        return
    for item, where, number, segment in ctx.segments:
        span = (segment.start, segment.end)
        if item.layer.constraints.inside_units and ctx.containers.holding(span) is None:
            yield ctx.at_text("unit-boundary", item, f"{where}/{number}", span, quote=segment.quote)


def spans_fall_on_tokens(ctx: Context) -> Iterator[Finding]:
    """Units, and segments where the layer says so, begin and end where tokens do, so that they can be tagged."""
    starts, ends = ctx.tokens
    if _on_edges(ctx.parts, starts, ends):
        return
    for item, where, number, segment in ctx.segments:
        rules = item.layer.constraints
        if not rules.token_boundaries and item.annotation.label not in rules.units:
            continue
        span = (segment.start, segment.end)
        if token_range(starts, ends, span) is None and segment.quote == segment.quote.strip():
            around = [ctx.text[s:e] for s, e in zip(starts, ends, strict=True) if s < span[1] and span[0] < e]
            data = {"quote": segment.quote, "tokens": " | ".join(around)}
            yield ctx.at_text("token-boundary", item, f"{where}/{number}", span, **data)


def _on_edges(parts: Sequence[Part], starts: Sequence[int], ends: Sequence[int]) -> bool:
    """Whether segments begin and end where tokens do; of a layer with units, perhaps more are asked than must."""
    first: set[int] = set()
    last: set[int] = set()
    for part in parts:
        rules = part.layer.constraints
        if rules.token_boundaries or (rules.units and part.first is not part.starts):
            first.update(part.starts)
            last.update(part.ends)
        elif rules.units:
            units = part.hulls(part.rules.units)
            first.update([start for start, _ in units])
            last.update([end for _, end in units])
    first.difference_update(starts)
    last.difference_update(ends)
    return not first and not last


def targets_fit(ctx: Context) -> Iterator[Finding]:
    """What fills a role, a chain or a reference is of a layer and label that it allows."""
    if _fit(ctx):
        return
    for item in ctx.items:
        a, layer = item.annotation, item.layer
        asked = [
            (f"/arguments/{n}", argument.role, argument.target, layer.role_targets(a.label, argument.role))
            for n, argument in enumerate(a.arguments)
            if argument.target
        ]
        asked += [
            (f"/members/{n}", "member", member, layer.labels[a.label].members) for n, member in enumerate(a.members)
        ]
        for name, attribute in layer.attributes.items():
            value = a.attributes.get(name)
            if attribute.type == "reference" and isinstance(value, str) and value not in attribute.keywords:
                asked.append((f"/attributes/{name}", name, value, attribute.targets))
        for rest, role, target, targets in asked:
            other = ctx.by_id[target]
            if not allows(targets, other.layer.name, other.annotation.label):
                found = f"{other.layer.name}/{other.annotation.label}"
                yield ctx.finding(
                    "target-type",
                    item,
                    rest,
                    role=role,
                    found=found,
                    target=target,
                    wanted=", ".join(targets),
                    other=other,
                )


def _fit(ctx: Context) -> bool:
    """Whether all that is referred to is what may stand there; the same few uses come again and again."""
    file = ctx.columns
    kinds = [*chain.from_iterable([part.kinds for part in file.parts]), None]  # None is NOWHERE
    owners, targets = map(kinds.__getitem__, file.owners), map(kinds.__getitem__, file.targets)
    return ctx.rules.allow(zip(owners, file.names, targets, strict=True))


def roles_are_filled(ctx: Context) -> Iterator[Finding]:
    """A role is filled as often as it declares, and roles that a label expects are seldom absent."""
    for part in ctx.parts:
        if not part.layer.roles:
            continue
        rules, at = part.rules, 0
        for index, (kind, a) in enumerate(zip(part.kinds, part.listed, strict=True)):
            roles = part.roles[at : (at := at + len(a.arguments))]
            there = (rules.needed if a.note else rules.wanted[kind]).issubset(roles)
            if not there or rules.counted or (rules.limited and len(set(roles)) < len(roles)):
                yield from _filled(ctx, Item(part.layer, index, a), Counter(roles))


def _filled(ctx: Context, item: Item, counts: Mapping[str, int]) -> Iterator[Finding]:
    """What is wrong with how often the roles of an annotation are filled."""
    for name, role in item.layer.roles.items():
        if counts[name] < role.min:
            yield ctx.finding("role-missing", item, "/arguments", role=name, count=counts[name], wanted=role.min)
        if role.max is not None and counts[name] > role.max:
            yield ctx.finding("role-repeated", item, "/arguments", role=name, count=counts[name], wanted=role.max)
    for name in item.layer.labels[item.annotation.label].expected:
        if not counts[name] and not item.annotation.note:
            yield ctx.finding("role-expected", item, "/arguments", role=name)


def triggers_are_not_shared(ctx: Context) -> Iterator[Finding]:
    """Where the layer says so, one trigger stands for one event of a label."""
    bound = [part for part in ctx.parts if part.layer.constraints.one_trigger_one_event_of_a_label]
    seen: dict[object, Item] = {}
    for item in (item for part in bound if not part.apart for item in ctx.in_layer(part)):
        a = item.annotation
        if a.trigger:
            first = seen.setdefault((item.layer.name, a.label, a.trigger), item)
            if first is not item:
                yield ctx.finding("trigger-shared", item, "/trigger/0", other=first)


def arguments_make_no_circle(ctx: Context) -> Iterator[Finding]:
    """An event is not, through its arguments, an argument of itself. Names the first circle of the file."""
    if not _circle(_inner(ctx.columns)):
        return
    graph = {
        item.annotation.id: [argument.target for argument in item.annotation.arguments if argument.target]
        for item in ctx.items
        if item.annotation.arguments
    }
    circle = _circle(graph)
    yield ctx.finding("argument-circle", ctx.by_id[circle[0]], "/arguments", path=" → ".join(circle))


def _inner(file: Columns) -> dict[int, list[int]]:
    """The arguments of what is an argument itself, as far as they have arguments: all that can be in a circle."""
    owners, targets = file.owners[: file.filled], file.targets[: file.filled]
    inner = {*owners}.intersection(targets)
    graph: dict[int, list[int]] = {}
    for owner, target in zip(owners, targets, strict=True) if inner else ():
        if target in inner and owner in inner:
            graph.setdefault(owner, []).append(target)
    return graph


def _circle(graph: Mapping[Node, Sequence[Node]]) -> list[Node]:
    """The first circle in a graph, beginning and ending with the same node; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[Node] = error.args[1]
        return circle[::-1]
    return []


def relations_stay_in_a_unit(ctx: Context) -> Iterator[Finding]:
    """Where the layer says so, the arguments of a relation stand in one unit."""
    for part in ctx.parts if ctx.units else ():
        for index, a in enumerate(part.listed if part.layer.constraints.same_unit else ()):
            held = {ctx.containers.holding(ctx.hull(g.target)) for g in a.arguments if g.target}
            if len(held) > 1:
                yield ctx.finding("relation-other-unit", Item(part.layer, index, a), "/arguments")


def times_follow_the_grammar(ctx: Context) -> Iterator[Finding]:
    """Attributes of the type timex3 are values that TIMEX3 allows for the label."""
    for part in ctx.parts:
        for index, a in enumerate(part.listed if part.rules.times else ()):
            for name in part.rules.times:
                value = a.attributes.get(name)
                if isinstance(value, str) and not timex3.is_value(a.label, value):
                    item, wanted = Item(part.layer, index, a), timex3.expected(a.label)
                    yield ctx.finding("timex3-value", item, f"/attributes/{name}", value=value, wanted=wanted)


def chains_hold_together(ctx: Context) -> Iterator[Finding]:
    """A mention is in one chain of a label, chains are long enough, and members have the register's type."""
    if all(_hold(ctx, part) for part in ctx.parts if part.layer.kind == "chain"):
        return
    seen: dict[tuple[str, str, str], Item] = {}
    for item in ctx.items:
        a = item.annotation
        if not a.members:
            continue
        for n, member in enumerate(a.members):
            first = seen.setdefault((item.layer.name, a.label, member), item)
            if first is not item:
                yield ctx.finding("chain-shared-member", item, f"/members/{n}", member=member, other=first)
        wanted = item.layer.labels[a.label].min_members
        if len(a.members) < wanted:
            yield ctx.finding("chain-short", item, "/members", count=len(a.members), wanted=wanted)
        if a.entity:
            type_ = ctx.register[a.entity].type
            for n, member in enumerate(a.members):
                found = ctx.by_id[member].annotation.label
                if found != type_:
                    data = {"member": member, "found": found, "wanted": type_, "entity": a.entity}
                    yield ctx.finding("chain-type", item, f"/members/{n}", **data)


def _hold(ctx: Context, part: Part) -> bool:
    """Whether no two chains of a layer share a member, none is short, and all members have the type they should."""
    chains = [a.members for a in part.listed]
    members = list(chain.from_iterable(chains))
    sizes = list(map(len, chains))
    if len(set(members)) < len(members) or any(map(lt, sizes, [part.rules.least[kind] for kind in part.kinds])):
        return False
    register, annotations, place = ctx.register, ctx.columns.annotations, ctx.columns.place
    types = chain.from_iterable(map(repeat, [register[a.entity].type if a.entity else "" for a in part.listed], sizes))
    labels = [annotations[place[member]].label for member in members]
    return not [1 for wanted, found in zip(types, labels, strict=True) if wanted not in ("", found)]
