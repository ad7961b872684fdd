"""JSON Schemas as types of ``msgspec``, which decodes bytes and holds them to the type in one go.

Only what the schemas of this program use is translated, and what cannot be told exactly is refused: a value that a type
takes holds to the schema. `glance` builds on that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Union

import msgspec

from krisc.jsontext import MAX_DEPTH

Json = dict[str, Any]
Shape = tuple[set[str], set[str]]  # the fields that an object must have, and those that it may have
Tag = tuple[str | None, str | None]  # field and value

_SAYS_NOTHING = frozenset({"$schema", "$id", "$comment", "$defs", "title", "description", "version"})
NO_TAG: Tag = (None, None)
NEVER: Json = {"not": {}}
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1  # integers beyond 64 bits are refused, whatever the schema says


class UntranslatableError(ValueError):
    """A schema that has no type: it must be held to by another validator."""


def types(schema: Json) -> Any:  # noqa: ANN401 - a union of types is no type
    """The type that takes what a JSON Schema (draft 2020-12) takes, and may refuse what is written in an odd way.

    A set stands for a list with ``uniqueItems``, so that items and keys that come twice are dropped in silence.

    Raises:
        UntranslatableError: a keyword, or a use of one, that has no translation; the message says which.
    """
    with reasons():
        return Translation(schema).of(schema, 1)


@contextmanager
def reasons() -> Iterator[None]:
    """Turns what a schema of an unforeseen build runs into, here or in ``msgspec``, to an `UntranslatableError`."""
    try:
        yield
    except UntranslatableError:
        raise
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError, re.error) as error:
        raise UntranslatableError(f"{type(error).__name__}: {error}") from None


class Translation:
    """The translation of one schema; equal parts at the same depth become one type."""

    def __init__(self, root: Json) -> None:
        self.root = root
        self.done: dict[tuple[str, int], Any] = {}

    def of(self, schema: Json, level: int) -> Any:  # noqa: ANN401 - as `types`
        """The type of a part of the schema whose brackets, if it has any, open at ``level`` (from 1)."""
        schema = self.resolved(schema)
        key = (json.dumps(schema), level)
        if key not in self.done:
            self.done[key] = self._translated(schema, level)
        return self.done[key]

    def resolved(self, schema: Json) -> Json:
        """A schema without what says nothing, or the one that it refers to."""
        rules = {name: rule for name, rule in schema.items() if name not in _SAYS_NOTHING}
        if "$ref" not in rules:
            return rules
        _only(rules, "$ref")
        steps = rules["$ref"].split("/")
        if len(steps) != 3 or steps[:2] != ["#", "$defs"] or "~" in steps[2] or "%" in steps[2]:
            raise UntranslatableError(f"$ref to {rules['$ref']}")
        return self.resolved(self.root["$defs"][steps[2]])

    def _translated(self, schema: Json, level: int) -> Any:  # noqa: ANN401 - as `types`
        if "enum" in schema or "const" in schema:
            return Literal[tuple(_strings(schema))]
        kind = schema.get("type")
        if kind in ("array", "object"):
            if level > MAX_DEPTH:
                raise UntranslatableError("values nested too deep, or in themselves")
            return self._array(schema, level) if kind == "array" else self._object(schema, level)
        if kind not in _SCALARS:
            raise UntranslatableError(f"values of type {kind}")
        return _SCALARS[kind](schema)

    def _array(self, schema: Json, level: int) -> Any:  # noqa: ANN401 - as `types`
        _only(schema, "type", "items", "minItems", "uniqueItems")
        least = schema.get("minItems", 0)
        items = self.resolved(schema["items"])
        if items == NEVER:
            if least:
                raise UntranslatableError("lists that cannot be")
            return Annotated[list[bool], msgspec.Meta(max_length=0)]
        inner = self.of(items, level + 1)
        if schema.get("uniqueItems", False):
            if items.get("type") != "string":
                raise UntranslatableError("uniqueItems of anything but strings")
            inner = set[inner]  # type: ignore[valid-type] # a set drops what is given twice, which is seen afterwards
        else:
            inner = list[inner]  # type: ignore[valid-type]
        return Annotated[inner, msgspec.Meta(min_length=least)] if least else inner

    def _object(self, schema: Json, level: int) -> Any:  # noqa: ANN401 - as `types`
        _only(schema, "type", "properties", "required", "additionalProperties", "anyOf", "allOf")
        if "anyOf" in schema:
            _only(schema, "type", "anyOf")
            return self._alternatives([self.resolved(one) for one in schema["anyOf"]], level)
        if isinstance(more := schema.get("additionalProperties"), dict):
            _only(schema, "type", "additionalProperties")
            return dict[str, self.of(more, level + 1)]  # type: ignore[misc] # a type made here
        if "allOf" in schema:
            return self._conditional(schema, level)
        return self._struct(schema, level)

    def _conditional(self, schema: Json, level: int) -> Any:  # noqa: ANN401 - as `types`
        """An object whose other fields depend on one, its label: a type for every label."""
        rules = [_condition(rule) for rule in schema["allOf"]]
        base = {name: rule for name, rule in schema.items() if name != "allOf"}
        [tag] = {name for name, _, _ in rules}
        cases: dict[str, list[Json]] = {}
        for value in self._tag_values(base, tag):
            narrowed = base
            for _, label, then in rules:
                narrowed = self._narrowed(narrowed, then) if label == value else narrowed
            cases[value] = [narrowed]
        return self._cases(tag, cases, level)

    def _alternatives(self, branches: list[Json], level: int) -> Any:  # noqa: ANN401 - as `types`
        """An object of one of several shapes, which one of its fields, a role, tells apart as far as it can."""
        tags = [name for name, rule in branches[0]["properties"].items() if "enum" in self.resolved(rule)]
        if not tags:
            raise UntranslatableError("anyOf with nothing to tell the shapes apart")
        cases: dict[str, list[Json]] = {}
        for branch in branches:
            for value in self._tag_values(branch, tags[0]):
                cases.setdefault(value, []).append(branch)
        return self._cases(tags[0], cases, level)

    def _tag_values(self, schema: Json, tag: str) -> list[str]:
        if tag not in schema["required"]:
            raise UntranslatableError(f"{tag!r} tells shapes apart and may be left out")
        return _strings(self.resolved(schema["properties"][tag]))

    def _narrowed(self, schema: Json, then: Json) -> Json:
        """An object's schema with what the ``then`` of a condition adds to it."""
        _only(then, "required", "properties")
        schema = self.resolved(schema)
        if schema.get("type") != "object":
            raise UntranslatableError("a condition on anything but an object")
        _closed(schema)
        properties = dict(schema.get("properties", {}))
        for name, rule in then.get("properties", {}).items():
            if rule == NEVER:
                properties.pop(name, None)
            elif name in properties:
                properties[name] = self._narrowed(properties[name], rule)
        required = dict.fromkeys([*schema.get("required", ()), *then.get("required", ())])
        return {**schema, "properties": properties, "required": list(required)}

    def _cases(self, tag: str, cases: Mapping[str, list[Json]], level: int) -> Any:  # noqa: ANN401 - as `types`
        """One type for every value of the field that tells them apart.

        A single struct would take an object without its tag, so one case has the field as any other.
        """
        if len(cases) == 1:
            [(value, shapes)] = cases.items()
            return self._shaped([_with(shape, tag, {"enum": [value]}) for shape in shapes], level)
        made = [
            self._shaped([_without(shape, tag) for shape in shapes], level, (tag, value))
            for value, shapes in cases.items()
        ]
        return Union[tuple(made)]  # noqa: UP007 - of types that are made here

    def _shaped(self, shapes: list[Json], level: int, tag: Tag = NO_TAG) -> type:
        """A struct of one of several shapes; where there are more than one, the fields that are there must tell."""
        if len(shapes) == 1:
            return self._struct(shapes[0], level, tag)
        properties: Json = {}
        for shape in shapes:
            _closed(shape)
            for name, rule in shape["properties"].items():
                if properties.setdefault(name, rule) != rule:
                    raise UntranslatableError(f"{name!r} of two kinds")
        always = set.intersection(*(set(shape["required"]) for shape in shapes))
        merged = {"additionalProperties": False, "properties": properties, "required": list(always)}
        allowed = [(set(shape["required"]), set(shape["properties"])) for shape in shapes]
        return self._struct(merged, level, tag, allowed)

    def _struct(self, schema: Json, level: int, tag: Tag = NO_TAG, allowed: Sequence[Shape] = ()) -> type:
        """A struct with the fields of a closed object, in the order of the schema, in which most files are written.

        ``allowed`` are the shapes that it may have, where its fields one by one do not say that.
        """
        _closed(schema)
        properties = {n: rule for n, rule in schema.get("properties", {}).items() if self.resolved(rule) != NEVER}
        required = set(schema.get("required", ()))
        if missing := required - set(properties):
            raise UntranslatableError(f"an object that must have {missing} and cannot")
        names = {field_of(name): name for name in properties}
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for field, name in names.items():
            inner = self.of(properties[name], level + 1)
            fields.append((field, inner) if name in required else (field, inner | msgspec.UnsetType, msgspec.UNSET))
        return msgspec.defstruct(
            "Object",
            fields,
            namespace={"__post_init__": _hook(names, allowed)} if allowed else None,
            rename=names,
            kw_only=True,
            forbid_unknown_fields=True,
            gc=False,
            tag=tag[1],
            tag_field=tag[0],
        )


def field_of(name: str) -> str:
    """The attribute of a struct that holds a field; the field's own name need not be one of Python."""
    return f"x{name.encode().hex()}"


def _hook(names: Mapping[str, str], allowed: Sequence[Shape]) -> Callable[[Any], None]:
    """What ``msgspec`` runs on a decoded object whose fields must be those of one shape."""

    def hook(self: Any) -> None:  # noqa: ANN401 - a struct made here
        given = {name for field, name in names.items() if getattr(self, field) is not msgspec.UNSET}
        if not any(needs <= given <= may for needs, may in allowed):
            raise ValueError

    return hook


def _only(schema: Json, *keywords: str) -> None:
    if more := set(schema) - set(keywords):
        raise UntranslatableError(f"{', '.join(sorted(more))} of {schema.get('type', 'a value')}")


def _closed(schema: Json) -> None:
    _only(schema, "type", "properties", "required", "additionalProperties")
    if schema.get("type", "object") != "object" or schema.get("additionalProperties") is not False:
        raise UntranslatableError("objects with any fields")


def _with(schema: Json, name: str, rule: Json) -> Json:
    return {**schema, "properties": {**schema["properties"], name: rule}}


def _without(schema: Json, name: str) -> Json:
    properties = {n: rule for n, rule in schema["properties"].items() if n != name}
    return {**schema, "properties": properties, "required": [n for n in schema["required"] if n != name]}


def _condition(rule: Json) -> tuple[str, str, Json]:
    """Of ``if the field is the value, then``: field, value and what follows."""
    _only(rule, "if", "then")
    [(name, value)] = rule["if"]["properties"].items()
    if rule["if"] != {"required": [name], "properties": {name: {"const": value["const"]}}}:
        raise UntranslatableError("a condition on more than one field's value")
    return name, value["const"], rule["then"]


def _strings(schema: Json) -> list[str]:
    """The values of an enum or a constant."""
    _only(schema, "enum", "const")
    values = schema["enum"] if "enum" in schema else [schema["const"]]
    if len(schema) != 1 or not values or not all(isinstance(value, str) for value in values):
        raise UntranslatableError("an enum of anything but strings")
    return list(values)


def _string(schema: Json) -> Any:  # noqa: ANN401 - as `types`
    _only(schema, "type", "minLength", "maxLength", "pattern", "not")
    pattern = schema.get("pattern")
    if "not" in schema and not (schema["not"] == _NO_BLANK and pattern and WHOLE.fullmatch(pattern)):
        raise UntranslatableError("not")
    limits: dict[str, Any] = {
        "min_length": schema.get("minLength") or None,
        "max_length": schema.get("maxLength"),
        "pattern": None if pattern is None else python_pattern(pattern),
    }
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return Annotated[str, msgspec.Meta(**given)] if given else str


def _integer(schema: Json) -> Any:  # noqa: ANN401 - as `types`
    _only(schema, "type", "minimum", "maximum")
    limits = schema.get("minimum", _LOWEST), schema.get("maximum", _HIGHEST)
    if not all(type(limit) is int for limit in limits):
        raise UntranslatableError("limits of whole numbers that are none")
    low, high = max(limits[0], _LOWEST), min(limits[1], _HIGHEST)
    if low > high:
        raise UntranslatableError("whole numbers that cannot be")
    return Annotated[int, msgspec.Meta(ge=low, le=high)]


def _number(schema: Json) -> Any:  # noqa: ANN401 - as `types`
    _only(schema, "type")
    return _integer(schema) | float  # and not float alone, which takes whole numbers of any length


def _boolean(schema: Json) -> type:
    _only(schema, "type")
    return bool


_SCALARS: dict[object, Callable[[Json], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}

# What ECMA 262, Rust and Python read alike, but for $: pieces of plain characters, escaped punctuation and classes of
# characters, each perhaps repeated; no look-around, no classes by name, no flags, and nothing about line ends.
_PIECE = re.compile(
    r"""(?: [A-Za-z0-9_/:, -] | \\[.+*?()[\]{}|^$/\\-] | \[(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|[_./:+ ])+-?\] | \) )
        (?: [?*+] | \{[0-9]+(?:,[0-9]*)?\} )?
        | \((?!\?) | \| | \^ | (?P<end>\$)""",
    re.VERBOSE,
)
# Such a pattern about the whole string: one that takes no blank and no line end, and has no alternatives.
WHOLE = re.compile(r"\^[^ |\\^$]*\$")
_NO_BLANK = {"type": "string", "pattern": r"\s"}


def python_pattern(pattern: str) -> str:
    """A pattern of ECMA 262, where $ is the very end, as one of Python, where $ also matches before a last line end."""
    at, out = 0, ""
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            raise UntranslatableError(f"the pattern {pattern}")
        out += r"\Z" if piece["end"] else piece[0]
        at = piece.end()
    return out
