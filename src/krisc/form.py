"""Holds values to their JSON Schema, and says in a person's words what breaks it.

``jsonschema-rs`` screens, ``jsonschema`` explains the files that fail. Bytes that are seen to be right at a glance need
neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, ValidationError, validators

from krisc.findings import Finding, Place, nearest
from krisc.glance import Glance
from krisc.jsontext import escape
from krisc.typed import UntranslatableError

Json = dict[str, Any]


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    """``pattern`` as ECMA 262 has it, where $ is the very end; Python's $ also matches before a last line end."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Explainer: Any = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


class Form:
    """One schema, compiled thrice: to accept bytes at a glance, to screen values, and to explain slowly."""

    def __init__(self, schema: Json) -> None:
        self.schema = schema
        self.screen = jsonschema_rs.validator_for(schema)
        self.explainer = _Explainer(schema)

    @cached_property
    def _glance(self) -> Glance | None:
        try:
            return Glance(self.schema)
        except UntranslatableError:
            return None

    def accepts(self, data: bytes) -> bool:
        """Whether the bytes are strict JSON and hold to the schema, beyond doubt.

        False is no verdict: they must then be decoded, parsed with `jsontext` and given to `findings`.
        """
        return self._glance is not None and self._glance.accepts(data)

    def findings(self, value: object, file: str, record: int | None = None) -> Iterator[Finding]:
        """Yield what breaks the schema; nothing when the value holds."""
        if self.screen.is_valid(value):
            return
        told: list[Finding] = []
        for error in sorted(self.explainer.iter_errors(value), key=lambda e: [str(p) for p in e.absolute_path]):
            for leaf in _leaves(error):
                for finding in _explain(leaf, file, record, value):
                    if finding not in told:
                        told.append(finding)
                        yield finding
        if not told:  # the two validators disagree: the stricter verdict stands
            first = next(iter(self.screen.iter_errors(value)))
            data = {"found": first.message, "wanted": "a value that the schema accepts", "hint": ""}
            yield Finding("schema-violation", Place(file, pointer=_pointer(first.instance_path), record=record), data)


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Of an error in alternatives, the errors of the alternative that comes nearest."""
    if error.validator in ("anyOf", "oneOf") and error.context:
        branches: dict[object, list[ValidationError]] = {}
        for inner in error.context or ():
            branches.setdefault(inner.relative_schema_path[0], []).append(inner)
        best = min(branches.values(), key=lambda b: (any(e.validator == "enum" for e in b), len(b)))
        for inner in best:
            yield from _leaves(inner)
    else:
        yield error


def _pointer(path: Iterable[object]) -> str:
    return "".join(f"/{escape(str(part))}" for part in path)


# An unknown value here is not just a broken schema: the finding has a name of its own.
_NAMED_ENUMS = {"label": "unknown-label", "role": "unknown-role"}
_NAMED_FIELDS = {"layers": "unknown-layer", "attributes": "unknown-attribute"}


def _explain(error: ValidationError, file: str, record: int | None, value: object) -> Iterator[Finding]:
    """What an error says; several unknown fields of one object are one error of the validator's."""
    if error.validator == "additionalProperties" and isinstance(error.schema, Mapping):
        known = list(error.schema.get("properties", {}))
        path = list(error.absolute_path)
        last = str(path[-1]) if path else ""
        instance: Any = error.instance
        for name in (key for key in instance if key not in known):
            place = Place(file, pointer=f"{_pointer(path)}/{escape(name)}", record=record)
            data = {"name": name, "hint": nearest(name, known)}
            kind = _NAMED_FIELDS.get(last, "unknown-field")
            yield Finding(kind, place, data, annotation=_annotation_at(value, path))
        return
    yield _explain_one(error, file, record, value)


def _explain_one(error: ValidationError, file: str, record: int | None, value: object) -> Finding:
    path = list(error.absolute_path)
    place = Place(file, pointer=_pointer(path), record=record)
    annotation = _annotation_at(value, path)
    last = str(path[-1]) if path else ""
    limit: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    if error.validator == "enum" and last in _NAMED_ENUMS:
        data = {"name": instance, "hint": nearest(str(instance), map(str, limit))}
        return Finding(_NAMED_ENUMS[last], place, data, annotation=annotation)
    if error.validator == "not" and limit == {}:
        return Finding("attribute-not-for-label", place, {"name": last}, annotation=annotation)
    if error.validator == "required" and "quote" in limit and "quote" in instance:
        return Finding("segment-unplaced", place, {"quote": str(instance["quote"])}, annotation=annotation)
    if last == "id" and schema.get("title") == "document id" and error.validator != "type":
        return Finding("document-id-unsafe", place, {"name": instance})
    return Finding("schema-violation", place, _words(str(error.validator), limit, instance), annotation=annotation)


def _annotation_at(value: object, path: list[Any]) -> str:
    """The id of the annotation that a path leads into, if it leads into one."""
    if len(path) < 3 or path[0] != "layers" or not isinstance(value, Mapping):
        return ""
    one = value["layers"][path[1]][path[2]]
    return str(one.get("id", "")) if isinstance(one, Mapping) else ""


_TYPES = {
    "object": "an object",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "string": "a string",
}


def _words(validator: str, limit: Any, instance: Any) -> dict[str, object]:  # noqa: ANN401 - any JSON value
    """What was found and what was wanted, in a person's words."""
    if validator == "required":
        missing = [name for name in limit if name not in instance]
        return {"found": f"no {' and no '.join(map(repr, missing))}", "wanted": f"{', '.join(missing)} to be given"}
    found = json.dumps(instance, ensure_ascii=False)
    wanted = {
        "type": f"{_TYPES.get(str(limit), limit)}",
        "enum": f"one of {', '.join(map(str, limit))}" if isinstance(limit, list) else "",
        "pattern": f"a string of the form {limit}",
        "minLength": f"at least {limit} character(s)",
        "maxLength": f"at most {limit} characters",
        "minItems": f"at least {limit} item(s)",
        "minProperties": f"at least {limit} name(s)",
        "minimum": f"{limit} or more",
        "exclusiveMinimum": f"more than {limit}",
        "maximum": f"{limit} or less",
        "uniqueItems": "no item twice",
        "const": f"{limit}",
    }.get(validator, f"a value that fits {validator}: {limit}")
    return {"found": found if len(found) <= 80 else f"{found[:77]}...", "wanted": wanted}
