"""Checks of the level ``meaning``: whether the annotations of a file hold to what the layers declare."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from krisc import timex3
from krisc.checks.context import Context, Item
from krisc.findings import Finding, Place
from krisc.layers import allows
from krisc.spans import Stretch, crossing, overlapping, token_ranges


def every_layer_is_there(ctx: Context) -> Iterator[Finding]:
    """A document says of every layer that it was annotated, be it with an empty list."""
    for name, layer in ctx.layers.items():
        if name not in ctx.file.layers:
            data = {"layer": name, "title": layer.title}
            yield Finding("layer-missing", Place(ctx.name, pointer="/layers"), data, ctx.document.record.id)


def spans_nest(ctx: Context) -> Iterator[Finding]:
    """Spans of a nested layer never cross; spans of a flat layer never overlap."""
    for name, layer in ctx.layers.items():
        pairs, kind = {"nested": (crossing, "spans-cross"), "flat": (overlapping, "spans-overlap")}.get(
            layer.constraints.nesting, (None, "")
        )
        if pairs is None:
            continue
        items = [item for item in ctx.in_layer(name) if item.annotation.anchor]
        for one, other in pairs([item.annotation.hull for item in items]):
            yield ctx.finding(kind, items[other], "/segments/0", other=items[one])


def units_do_not_overlap(ctx: Context) -> Iterator[Finding]:
    """Sentences, headlines and other units stand side by side."""
    for layer in ctx.layers.values():
        items = [i for i in ctx.in_layer(layer.name) if i.annotation.label in layer.constraints.units]
        for one, other in overlapping([item.annotation.hull for item in items]):
            yield ctx.finding("units-overlap", items[other], "/segments/0", other=items[one])


def text_is_covered(ctx: Context) -> Iterator[Finding]:
    """Every character that is not white space belongs to a label that the layer says must cover the text."""
    for layer in ctx.layers.values():
        if not layer.constraints.covers or layer.name not in ctx.file.layers:
            continue
        covered = [
            i.annotation.hull for i in ctx.in_layer(layer.name) if i.annotation.label in layer.constraints.covers
        ]
        for start, end in _gaps(ctx.text, sorted(covered)):
            quote = ctx.text[start:end]
            data = {
                "quote": quote if len(quote) < 60 else f"{quote[:57]}...",
                "labels": ", ".join(layer.constraints.covers),
            }
            place = Place(ctx.name, pointer=f"/layers/{layer.name}")
            related = (Place(ctx.raw_name, start=start, end=end),)
            yield Finding("text-uncovered", place, data, ctx.document.record.id, related=related)


def _gaps(text: str, covered: list[Stretch]) -> Iterator[Stretch]:
    at = 0
    for start, end in [*covered, (len(text), len(text))]:
        gap = text[at:start]
        if stripped := gap.strip():
            first = at + gap.index(stripped)
            yield first, first + len(stripped)
        at = max(at, end)


def spans_are_tidy(ctx: Context) -> Iterator[Finding]:
    """Segments neither begin nor end with white space."""
    for item, where, number, segment in ctx.segments:
        if segment.quote[0].isspace() or segment.quote[-1].isspace():
            span = (segment.start, segment.end)
            yield ctx.at_text("span-white-space", item, f"{where}/{number}", span, quote=segment.quote)


def spans_stay_in_units(ctx: Context) -> Iterator[Finding]:
    """Where the layer says so, an annotation's words lie in one unit (sentence, headline, byline)."""
    if not ctx.units:
        return
    for item, where, number, segment in ctx.segments:
        span = (segment.start, segment.end)
        if item.layer.constraints.inside_units and ctx.containers.holding(span) is None:
            yield ctx.at_text("unit-boundary", item, f"{where}/{number}", span, quote=segment.quote)


def spans_fall_on_tokens(ctx: Context) -> Iterator[Finding]:
    """Units, and segments where the layer says so, begin and end where tokens do, so that they can be tagged."""
    held = [
        (item, f"{where}/{number}", segment)
        for item, where, number, segment in ctx.segments
        if item.layer.constraints.token_boundaries or item.annotation.label in item.layer.constraints.units
    ]
    spans = [(segment.start, segment.end) for _, _, segment in held]
    _, _, exact = token_ranges(*ctx.document.token_arrays, spans)
    for (item, rest, segment), span, fits in zip(held, spans, exact.tolist(), strict=True):
        if not fits and segment.quote == segment.quote.strip():
            around = [ctx.text[s:e] for s, e in zip(*ctx.tokens, strict=True) if s < span[1] and span[0] < e]
            data = {"quote": segment.quote, "tokens": " | ".join(around)}
            yield ctx.at_text("token-boundary", item, rest, span, **data)


def targets_fit(ctx: Context) -> Iterator[Finding]:
    """What fills a role, a chain or a reference is of a layer and label that it allows."""
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


def roles_are_filled(ctx: Context) -> Iterator[Finding]:
    """A role is filled as often as it declares, and roles that a label expects are seldom absent."""
    for item in ctx.items:
        a = item.annotation
        counts = {role: sum(argument.role == role for argument in a.arguments) for role in item.layer.roles}
        for name, role in item.layer.roles.items():
            if counts[name] < role.min:
                yield ctx.finding("role-missing", item, "/arguments", role=name, count=counts[name], wanted=role.min)
            if role.max is not None and counts[name] > role.max:
                yield ctx.finding("role-repeated", item, "/arguments", role=name, count=counts[name], wanted=role.max)
        for name in item.layer.labels[a.label].expected:
            if not counts[name] and not a.note:
                yield ctx.finding("role-expected", item, "/arguments", role=name)


def triggers_are_not_shared(ctx: Context) -> Iterator[Finding]:
    """Where the layer says so, one trigger stands for one event of a label."""
    seen: dict[object, Item] = {}
    for item in ctx.items:
        a = item.annotation
        if item.layer.constraints.one_trigger_one_event_of_a_label and a.trigger:
            first = seen.setdefault((item.layer.name, a.label, a.trigger), item)
            if first is not item:
                yield ctx.finding("trigger-shared", item, "/trigger/0", other=first)


def arguments_make_no_circle(ctx: Context) -> Iterator[Finding]:
    """An event is not, through its arguments, an argument of itself. Names the first circle of the file."""
    graph = {
        item.annotation.id: [argument.target for argument in item.annotation.arguments if argument.target]
        for item in ctx.items
        if item.annotation.arguments
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        yield ctx.finding("argument-circle", ctx.by_id[circle[0]], "/arguments", path=" → ".join(circle))


def relations_stay_in_a_unit(ctx: Context) -> Iterator[Finding]:
    """Where the layer says so, the arguments of a relation stand in one unit."""
    if not ctx.units:
        return
    for item in ctx.items:
        if item.layer.constraints.same_unit:
            hulls = [ctx.by_id[g.target].annotation.hull for g in item.annotation.arguments if g.target]
            if len({ctx.containers.holding(hull) for hull in hulls}) > 1:
                yield ctx.finding("relation-other-unit", item, "/arguments")


def times_follow_the_grammar(ctx: Context) -> Iterator[Finding]:
    """Attributes of the type timex3 are values that TIMEX3 allows for the label."""
    for item in ctx.items:
        for name, attribute in item.layer.attributes.items():
            value = item.annotation.attributes.get(name)
            label = item.annotation.label
            if attribute.type == "timex3" and isinstance(value, str) and not timex3.is_value(label, value):
                wanted = timex3.expected(label)
                yield ctx.finding("timex3-value", item, f"/attributes/{name}", value=value, wanted=wanted)


def chains_hold_together(ctx: Context) -> Iterator[Finding]:
    """A mention is in one chain of a label, chains are long enough, and members have the register's type."""
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
