"""The rules on one annotation file written plainly, item by item: what the quick ones of `krisc.checks` must come to."""

from collections import Counter
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from krisc import timex3
from krisc.checks import reference
from krisc.checks.reference import _mismatch, _nearest_id
from krisc.findings import Finding, Place, nearest
from krisc.layers import allows, unit_layer
from krisc.spans import contains, crossing, overlapping, token_range


def check(ctx):
    """The findings of a file, level by level."""
    findings = []
    for rules in (REFERENCE, MEANING):
        findings += [finding for rule in rules for finding in rule(ctx)]
        if any(f.severity == "error" for f in findings):
            break
    return findings


def in_layer(ctx, name):
    return [item for item in ctx.items if item.layer.name == name]


def units(ctx):
    layer = unit_layer(ctx.layers)
    listed = ctx.file.layers.get(layer.name, ()) if layer else ()
    return sorted(a.hull for a in listed if a.label in layer.constraints.units)


def holding(ctx, inner):
    before = [unit for unit in units(ctx) if unit[0] <= inner[0]]
    return before[-1] if before and contains(before[-1], inner) else None


def ids_are_unique(ctx):
    for item in ctx.items:
        first = ctx.by_id[item.annotation.id]
        if first is not item:
            yield ctx.finding("id-duplicate", item, "/id", other=first)


def quotes_match(ctx):
    text, length = ctx.text, len(ctx.text)
    for item, where, number, segment in ctx.segments:
        start, end = segment.start, segment.end
        if not (0 <= start < end <= length and text[start:end] == segment.quote):
            yield _mismatch(ctx, item, f"{where}/{number}", segment)


def segments_are_ordered(ctx):
    for (_, _, _, before), (item, where, number, segment) in pairwise(ctx.segments):
        if number and segment.start < before.end:  # number 0 begins another list
            yield ctx.finding("segments-unordered", item, f"{where}/{number}", number=number + 1)


def _targets(ctx, item):
    a = item.annotation
    yield from (
        (f"/arguments/{n}/target", argument.target) for n, argument in enumerate(a.arguments) if argument.target
    )
    yield from ((f"/members/{n}", member) for n, member in enumerate(a.members))
    for name, attribute in item.layer.attributes.items():
        value = a.attributes.get(name)
        if attribute.type == "reference" and isinstance(value, str) and value not in attribute.keywords:
            yield f"/attributes/{name}", value


def targets_exist(ctx):
    for item in ctx.items:
        for rest, target in _targets(ctx, item):
            if target == item.annotation.id:
                yield ctx.finding("target-self", item, rest, target=target)
            elif target not in ctx.by_id:
                yield ctx.finding("target-dangling", item, rest, target=target, hint=_nearest_id(ctx, target))


def register_entries_exist(ctx):
    for item in ctx.items:
        entity = item.annotation.entity
        if entity and entity not in ctx.register:
            yield ctx.finding("register-dangling", item, "/entity", target=entity, hint=nearest(entity, ctx.register))


def provenance_holds(ctx):
    for item in ctx.items:
        a = item.annotation
        for field, names in (("by", a.by), ("checked_by", a.checked_by)):
            for n, name in enumerate(names):
                if name not in ctx.annotators:
                    yield ctx.finding(
                        "annotator-unknown", item, f"/{field}/{n}", name=name, hint=nearest(name, ctx.annotators)
                    )
                elif field == "checked_by" and ctx.annotators[name].kind != "person":
                    yield ctx.finding("checker-not-a-person", item, f"/checked_by/{n}", name=name)
        if (a.decided == "adjudicated") != bool(a.decision):
            yield ctx.finding("decision-mismatch", item, "", decided=a.decided, decision=a.decision or "none")
    name = ctx.file.annotator
    if name and name not in ctx.annotators:
        data = {"annotation": "the pass", "name": name, "hint": nearest(name, ctx.annotators)}
        yield Finding("annotator-unknown", Place(ctx.name, pointer="/annotator"), data, ctx.document.record.id)


def nothing_stands_twice(ctx):
    seen = {}
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


def every_layer_is_there(ctx):
    for name, layer in ctx.layers.items():
        if name not in ctx.file.layers:
            data = {"layer": name, "title": layer.title}
            yield Finding("layer-missing", Place(ctx.name, pointer="/layers"), data, ctx.document.record.id)


def spans_nest(ctx):
    for name, layer in ctx.layers.items():
        pairs, kind = {"nested": (crossing, "spans-cross"), "flat": (overlapping, "spans-overlap")}.get(
            layer.constraints.nesting, (None, "")
        )
        if pairs is None:
            continue
        items = [item for item in in_layer(ctx, name) if item.annotation.anchor]
        for one, other in pairs([item.annotation.hull for item in items]):
            yield ctx.finding(kind, items[other], "/segments/0", other=items[one])


def units_do_not_overlap(ctx):
    for layer in ctx.layers.values():
        items = [i for i in in_layer(ctx, layer.name) if i.annotation.label in layer.constraints.units]
        for one, other in overlapping([item.annotation.hull for item in items]):
            yield ctx.finding("units-overlap", items[other], "/segments/0", other=items[one])


def text_is_covered(ctx):
    for layer in ctx.layers.values():
        if not layer.constraints.covers or layer.name not in ctx.file.layers:
            continue
        covered = [
            i.annotation.hull for i in in_layer(ctx, layer.name) if i.annotation.label in layer.constraints.covers
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


def _gaps(text, covered):
    at = 0
    for start, end in [*covered, (len(text), len(text))]:
        gap = text[at:start]
        if stripped := gap.strip():
            first = at + gap.index(stripped)
            yield first, first + len(stripped)
        at = max(at, end)


def spans_are_tidy(ctx):
    for item, where, number, segment in ctx.segments:
        if segment.quote[0].isspace() or segment.quote[-1].isspace():
            span = (segment.start, segment.end)
            yield ctx.at_text("span-white-space", item, f"{where}/{number}", span, quote=segment.quote)


def spans_stay_in_units(ctx):
    if not units(ctx):
        return
    for item, where, number, segment in ctx.segments:
        span = (segment.start, segment.end)
        if item.layer.constraints.inside_units and holding(ctx, span) is None:
            yield ctx.at_text("unit-boundary", item, f"{where}/{number}", span, quote=segment.quote)


def spans_fall_on_tokens(ctx):
    starts, ends = ctx.tokens
    for item, where, number, segment in ctx.segments:
        rules = item.layer.constraints
        if not rules.token_boundaries and item.annotation.label not in rules.units:
            continue
        span = (segment.start, segment.end)
        if token_range(starts, ends, span) is None and segment.quote == segment.quote.strip():
            around = [ctx.text[s:e] for s, e in zip(starts, ends, strict=True) if s < span[1] and span[0] < e]
            data = {"quote": segment.quote, "tokens": " | ".join(around)}
            yield ctx.at_text("token-boundary", item, f"{where}/{number}", span, **data)


def targets_fit(ctx):
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


def roles_are_filled(ctx):
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


def triggers_are_not_shared(ctx):
    seen = {}
    for item in ctx.items:
        a = item.annotation
        if item.layer.constraints.one_trigger_one_event_of_a_label and a.trigger:
            first = seen.setdefault((item.layer.name, a.label, a.trigger), item)
            if first is not item:
                yield ctx.finding("trigger-shared", item, "/trigger/0", other=first)


def arguments_make_no_circle(ctx):
    graph = {
        item.annotation.id: [argument.target for argument in item.annotation.arguments if argument.target]
        for item in ctx.items
        if item.annotation.arguments
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        yield ctx.finding("argument-circle", ctx.by_id[circle[0]], "/arguments", path=" → ".join(circle))


def relations_stay_in_a_unit(ctx):
    if not units(ctx):
        return
    for item in ctx.items:
        if item.layer.constraints.same_unit:
            hulls = [ctx.by_id[g.target].annotation.hull for g in item.annotation.arguments if g.target]
            if len({holding(ctx, hull) for hull in hulls}) > 1:
                yield ctx.finding("relation-other-unit", item, "/arguments")


def times_follow_the_grammar(ctx):
    for item in ctx.items:
        for name, attribute in item.layer.attributes.items():
            value = item.annotation.attributes.get(name)
            label = item.annotation.label
            if attribute.type == "timex3" and isinstance(value, str) and not timex3.is_value(label, value):
                wanted = timex3.expected(label)
                yield ctx.finding("timex3-value", item, f"/attributes/{name}", value=value, wanted=wanted)


def chains_hold_together(ctx):
    seen = {}
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


REFERENCE = (
    reference.file_matches_document,
    ids_are_unique,
    quotes_match,
    segments_are_ordered,
    targets_exist,
    register_entries_exist,
    provenance_holds,
    nothing_stands_twice,
)
MEANING = (
    every_layer_is_there,
    spans_nest,
    units_do_not_overlap,
    text_is_covered,
    spans_are_tidy,
    spans_stay_in_units,
    spans_fall_on_tokens,
    targets_fit,
    roles_are_filled,
    triggers_are_not_shared,
    arguments_make_no_circle,
    relations_stay_in_a_unit,
    times_follow_the_grammar,
    chains_hold_together,
)
