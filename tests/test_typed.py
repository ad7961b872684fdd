"""JSON Schemas as types: what a type takes holds to the schema, and what has no exact translation is refused."""

import json
import re
from typing import Annotated, Literal

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from krisc.schemas import fixed
from krisc.typed import UntranslatableError, python_pattern, types

OBJECT = {"type": "object", "additionalProperties": False}
TEXT = {"type": "string"}


def takes(schema, value):
    try:
        msgspec.json.decode(json.dumps(value), type=types(schema))
    except msgspec.ValidationError:
        return False
    return True


def labelled(then, label="A", **fields):
    """Objects with a label, A or B, and a rule about one of them."""
    condition = {"if": {"required": ["label"], "properties": {"label": {"const": label}}}, "then": then}
    properties = {"label": {"enum": ["A", "B"]}, **fields}
    return {**OBJECT, "required": ["label"], "properties": properties, "allOf": [condition]}


def roles(*shapes):
    return {"type": "object", "anyOf": [{"additionalProperties": False, **shape} for shape in shapes]}


TARGET = {"required": ["role", "target"], "properties": {"role": {"enum": ["Who", "Where"]}, "target": TEXT}}
WORDS = {"required": ["role", "words"], "properties": {"role": {"enum": ["What", "Where"]}, "words": TEXT}}
ONE_ROLE = [
    {"required": ["role", name], "properties": {"role": {"enum": ["Where"]}, name: TEXT}}
    for name in ("target", "words")
]
ATTRIBUTES = {**OBJECT, "properties": {"x": TEXT, "y": {"type": "boolean"}}}
NEVER = {"not": {}}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (TEXT, ["", "ەرد", "😀"], [1, None, True, ["a"], {}]),
        ({"type": "string", "minLength": 1}, ["a", "😀"], [""]),
        ({"type": "string", "maxLength": 2}, ["", "😀😀"], ["abc"]),
        ({"type": "string", "pattern": "^[a-z]+$"}, ["a"], ["", "a\n", "\na", "a b"]),
        ({"type": "string", "pattern": "^https?://"}, ["https://a\n"], [" http://a", "ftp://a"]),
        ({"type": "string", "pattern": "^[a-z]*$", "not": {"type": "string", "pattern": r"\s"}}, ["a"], ["a b", "a\n"]),
        ({"type": "boolean"}, [True, False], [0, 1, "true", None]),
        ({"type": "integer"}, [0, -(2**63), 2**63 - 1], [True, "1", None, 2**63, -(2**63) - 1, 10**30, 1.5]),
        ({"type": "integer", "minimum": 1, "maximum": 9}, [1, 9], [0, 10, -1, 10**30]),
        ({"type": "integer", "minimum": -(10**30)}, [-(2**63)], [-(2**63) - 1]),
        ({"type": "number"}, [0, 1.5, -1e300, 2**63 - 1], [True, "1", None, 2**63, -(10**30), 10**30]),
        ({"enum": ["a", "ب"]}, ["a", "ب"], ["b", "", 1, ["a"]]),
        ({"const": "a"}, ["a"], ["b"]),
        ({"type": "array", "items": TEXT}, [[], ["a", "a"]], [{}, "a", [1], [None]]),
        ({"type": "array", "items": TEXT, "minItems": 1}, [["a"]], [[]]),
        ({"type": "array", "items": NEVER}, [[]], [[1], [True]]),
        ({"type": "object", "additionalProperties": TEXT}, [{}, {"a": "b"}], [{"a": 1}, []]),
        (OBJECT, [{}], [{"a": 1}, [], None]),
        ({**OBJECT, "properties": {"a": TEXT, "no": NEVER}}, [{}, {"a": ""}], [{"no": 1}, {"a": None}]),
        ({**OBJECT, "properties": {"a": TEXT}, "required": ["a"]}, [{"a": ""}], [{}]),
        ({**OBJECT, "properties": {"": TEXT, "ە": TEXT, "__init__": TEXT, "x": TEXT}}, [{"": "", "ە": ""}], [{"y": 1}]),
        ({"$ref": "#/$defs/a", "title": "A", "$defs": {"a": TEXT}}, ["a"], [1]),
        (roles(TARGET), [{"role": "Who", "target": ""}], [{"role": "What", "target": ""}, {"target": ""}, {}]),
        (
            roles(TARGET, WORDS),
            [
                {"role": "Who", "target": ""},
                {"words": "", "role": "What"},
                *({"role": "Where", n: ""} for n in ("target", "words")),
            ],
            [
                {"role": "Who", "words": ""},
                {"role": "Where"},
                {"role": "Where", "target": "", "words": ""},
                {"target": ""},
            ],
        ),
        (
            roles(*ONE_ROLE),
            [{"role": "Where", "target": ""}, {"role": "Where", "words": ""}],
            [
                {"role": "Where"},
                {"target": ""},
                {"role": "Where", "target": "", "words": ""},
                {"role": "Who", "words": ""},
            ],
        ),
        (
            labelled({"required": ["a"], "properties": {"a": {"required": ["x"]}}}, a=ATTRIBUTES),
            [{"label": "A", "a": {"x": ""}}, {"label": "B"}, {"a": {"y": True}, "label": "B"}],
            [
                {"label": "A"},
                {"label": "A", "a": {}},
                {"a": {"x": ""}},
                {"label": "C"},
                {},
                {"label": "B", "a": {"z": 1}},
            ],
        ),
        (
            labelled({"properties": {"a": {"properties": {"x": NEVER}}}}, a=ATTRIBUTES),
            [{"label": "A"}, {"label": "A", "a": {"y": True}}, {"label": "B", "a": {"x": "", "y": True}}],
            [{"label": "A", "a": {"x": ""}}, {"label": "B", "a": {"x": 1}}],
        ),
        (labelled({"properties": {"a": NEVER}}, a=TEXT), [{"label": "B", "a": ""}], [{"label": "A", "a": ""}]),
        (labelled({"required": ["label"]}, "Z"), [{"label": "B"}], [{"label": "Z"}]),  # a rule about no label there is
        (
            {**labelled({"required": ["a"]}, a=TEXT), "properties": {"label": {"enum": ["A"]}, "a": TEXT}},
            [{"label": "A", "a": ""}],
            [{"a": ""}, {"label": "A"}],  # one label alone must be given too
        ),
    ],
)
def test_what_a_type_takes_and_what_it_does_not(schema, good, bad):
    validator = jsonschema_rs.validator_for(schema)
    for value in good:
        assert validator.is_valid(value)
        assert takes(schema, value), value
    for value in bad:
        if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) < 2**63:  # 64 bits: our own rule
            assert not validator.is_valid(value)
        assert not takes(schema, value), value


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "type None"),
        (True, "AttributeError"),
        ({"type": "null"}, "type null"),
        ({"type": ["string", "integer"]}, "type"),
        ({"type": "string", "format": "date"}, "format"),
        ({"type": "string", "not": {"enum": ["a"]}}, "not"),
        ({"type": "string", "not": {"type": "string", "pattern": r"\s"}}, "not"),
        ({"type": "string", "pattern": "^a b$", "not": {"type": "string", "pattern": r"\s"}}, "not"),
        ({"type": "string", "pattern": "a$|b", "not": {"type": "string", "pattern": r"\s"}}, "not"),
        ({"type": "string", "minLength": "1"}, "TypeError"),
        ({"type": "string", "maxLength": -1}, "ValueError"),
        ({"type": "integer", "multipleOf": 2}, "multipleOf"),
        ({"type": "integer", "minimum": 0.5}, "limits"),
        ({"type": "integer", "minimum": 2**64}, "cannot be"),
        ({"type": "number", "minimum": 0}, "minimum"),
        ({"enum": ["a", 1]}, "enum"),
        ({"enum": []}, "enum"),
        ({"enum": ["a"], "type": "string"}, "type"),
        ({"enum": ["a"], "const": "a"}, "enum"),
        ({"type": "array"}, "items"),
        ({"type": "array", "items": NEVER, "minItems": 1}, "cannot be"),
        ({"type": "array", "items": TEXT, "contains": TEXT}, "contains"),
        ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, "uniqueItems"),
        ({"type": "array", "items": {**OBJECT}, "uniqueItems": True}, "uniqueItems"),
        ({"type": "object"}, "any fields"),
        ({"type": "object", "additionalProperties": True}, "any fields"),
        ({"type": "object", "additionalProperties": TEXT, "properties": {"a": TEXT}}, "properties"),
        ({"type": "object", "additionalProperties": TEXT, "minProperties": 1}, "minProperties"),
        ({**OBJECT, "patternProperties": {}}, "patternProperties"),
        ({**OBJECT, "required": ["a"]}, "cannot"),
        ({**OBJECT, "properties": {"a": NEVER}, "required": ["a"]}, "cannot"),
        ({**OBJECT, "properties": {'"': TEXT}}, "ValueError"),  # written without escaping, so it must not be
        ({"anyOf": [TEXT, {"type": "integer"}]}, "type None"),
        ({"type": "object", "anyOf": [TEXT]}, "KeyError"),
        ({"type": "object", "anyOf": []}, "IndexError|KeyError"),
        (roles({"properties": {"a": TEXT}}), "tell the shapes apart"),
        (roles({"required": [], "properties": {"role": {"enum": ["a"]}}}), "left out"),
        (roles(TARGET, {**WORDS, "properties": {**WORDS["properties"], "target": NEVER}}), "two kinds"),
        (roles({**TARGET, "type": "string"}), "any fields"),
        (labelled({"minProperties": 1}), "minProperties"),
        (labelled({"properties": {"a": {"minLength": 1}}}, a=TEXT), "minLength|condition"),
        (labelled({"properties": {"a": {"required": ["x"]}}}, a={"type": "object"}), "any fields"),
        (labelled({"properties": {"a": {"required": ["z"]}}}, a=ATTRIBUTES), "cannot"),
        ({**labelled({}), "required": []}, "left out"),
        ({**labelled({}), "allOf": [{"if": {}, "then": {}}]}, "KeyError"),
        ({**labelled({}), "allOf": [{"if": {"properties": {"label": {"const": "A"}}}, "then": {}}]}, "condition"),
        ({**labelled({}), "allOf": [{"if": {}, "then": {}, "else": {}}]}, "else"),
        ({"$ref": "other.json"}, "ref"),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": TEXT}}, "ref"),
        ({"$ref": "#/$defs/a"}, "KeyError"),
        ({"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": TEXT}}, "minLength"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "Recursion"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}}, "too deep"),
    ],
)
def test_what_has_no_translation_is_refused_with_a_reason(schema, words):
    with pytest.raises(UntranslatableError, match=words):
        types(schema)


@pytest.mark.parametrize("levels", [31, 32, 33])
def test_values_that_are_nested_too_deep_have_no_type(levels):
    schema = TEXT
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    if levels <= 32:
        types(schema)
    else:
        with pytest.raises(UntranslatableError, match="too deep"):
            types(schema)


def patterns(schema):
    if isinstance(schema, dict):
        for name, rule in schema.items():
            if name == "pattern" and isinstance(rule, str):
                yield rule
            elif name != "not":
                yield from patterns(rule)
    elif isinstance(schema, list):
        for rule in schema:
            yield from patterns(rule)


@given(st.data())
def test_patterns_mean_what_they_mean_to_the_validator(data):
    names = ("documents", "entities", "sources", "judgements", "retractions")
    pattern = data.draw(st.sampled_from(sorted({one for name in names for one in patterns(fixed(name))})))
    near = st.from_regex(pattern) | st.text("aA0-_./:Q \n\r\u2028é😀", max_size=12)
    text = data.draw(
        st.tuples(st.sampled_from(["", "\n", " "]), near, st.sampled_from(["", "\n", "\u2028", "\r"])).map("".join)
    )
    assert bool(re.search(python_pattern(pattern), text)) == jsonschema_rs.is_valid({"pattern": pattern}, text)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s",
        r"\d",
        ".",
        "[^a]",
        "[]a]",
        "[a&&b]",
        "[a--b]",
        "(?i)a",
        "(?=a)",
        "a++",
        "a{,2}",
        r"\n",
        r"[\w]",
        "ە",
        "a\n",
        "{",
    ],
)
def test_patterns_that_may_mean_something_else_elsewhere_are_refused(pattern):
    with pytest.raises(UntranslatableError, match="pattern"):
        types({"type": "string", "pattern": pattern})


def test_every_fixed_schema_of_a_json_file_has_a_type():
    for name in ("documents", "entities", "sources", "judgements", "retractions", "splits"):
        types(fixed(name))


class One(msgspec.Struct, tag="one", tag_field="label", forbid_unknown_fields=True, kw_only=True, rename={"a": "$a"}):
    a: str | msgspec.UnsetType = msgspec.UNSET


class Two(msgspec.Struct, tag="two", tag_field="label", forbid_unknown_fields=True):
    b: str


class Unlucky(msgspec.Struct):
    def __post_init__(self):
        raise ValueError


SMALL = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


def test_what_is_relied_upon_msgspec_drops_what_comes_twice_and_adds_nothing():
    decode, encode = msgspec.json.decode, msgspec.json.encode
    assert encode(decode(b'{"label": "one", "$a": "x", "label": "one", "$a": "y"}', type=One | Two)) == (
        b'{"label":"one","$a":"y"}'
    )
    assert encode(decode(b'{"$a": "x", "label": "one"}', type=One | Two)) == b'{"label":"one","$a":"x"}'
    assert encode(decode(b'{"label": "one"}', type=One | Two)) == b'{"label":"one"}'
    assert encode(decode(b"{}", type=One)) == b'{"label":"one"}'  # which is why one label alone is no tag
    assert encode(decode(b'["a", "a"]', type=set[str])) == b'["a"]'
    assert encode(decode(b'{"a": "b", "a": "c"}', type=dict[str, str])) == b'{"a":"c"}'


@given(st.text())
def test_what_is_relied_upon_msgspec_writes_a_quotation_mark_as_one_byte(text):
    try:
        written = msgspec.json.encode(text)
    except UnicodeEncodeError:
        assert re.search("[\ud800-\udfff]", text)
        return
    assert written.count(b'"') == text.count('"') + 2
    assert msgspec.json.encode({text: 1}).count(b'"') == text.count('"') + 2


@pytest.mark.parametrize(
    ("data", "type_"),
    [
        (b'{"label": "one", "c": "x"}', One | Two),
        (b'{"label": "three"}', One | Two),
        (b'{"$a": "x"}', One | Two),
        (b'{"label": "one", "b": "x"}', One | Two),
        (b'{"label": "one", "label": "two"}', One | Two),
        (b'{"label": "one", "$a": null}', One | Two),
        (b'{"label": "two"}', One | Two),
        (b"{}", Unlucky),
        (b"9223372036854775808", SMALL),
        (b"-9223372036854775809", SMALL),
        (b"18446744073709551617", SMALL),
        (b"18446744073709551617", SMALL | float),
        (b"1" * 5000, SMALL | float),
        (b"true", SMALL),
        (b'"1"', SMALL),
        (b"1", bool),
        (b"1e999", SMALL | float),
        (b"NaN", SMALL | float),
        (b"-Infinity", SMALL | float),
        (b'"NaN"', SMALL | float),
        (b"01", SMALL),
        (b"1.", SMALL | float),
        (b"\xef\xbb\xbf1", int),
        (b"1 2", int),
        (b"1\x0c", int),
        (b"", int),
        (b"[1,]", list[int]),
        (b'"b\n"', Annotated[str, msgspec.Meta(pattern=r"^b\Z")]),
        (b'""', Annotated[str, msgspec.Meta(min_length=1)]),
        (b"[]", Annotated[set[str], msgspec.Meta(min_length=1)]),
        (b'"c"', Literal["a", "b"]),
        (b'"a\tb"', str),
        (b'"a\x00b"', str),
        (rb'"\x41"', str),
        (rb'"\ud83d"', str),
        (rb'"\ude00"', str),
        (rb'"\ud83d\ud83d"', str),
        (rb'"\ud83d\n"', str),
        (b'"\xff"', str),
        (b'"\xed\xa0\xbd"', str),
        (b'{"\xff": 1}', dict[str, int]),
    ],
)
def test_what_is_relied_upon_msgspec_refuses(data, type_):
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        msgspec.json.decode(data, type=type_)


def test_what_is_relied_upon_msgspec_searches_for_a_pattern_and_gives_up_on_depth():
    assert msgspec.json.decode(b'"abc"', type=Annotated[str, msgspec.Meta(pattern="b")]) == "abc"
    with pytest.raises(RecursionError):
        msgspec.json.decode(b'{"c": ' + b"[" * 100_000, type=One | Two)
