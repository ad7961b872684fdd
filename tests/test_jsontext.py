"""Strict JSON: what the standard library accepts in silence is found, and every value has its place."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.jsontext import MAX_DEPTH, JsonError, duplicate_keys, escape, escapes_by_number, loads, positions

STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
KEYS = st.sampled_from(["", "a", "0", "~", "/", "~1", "a/b", '"', "\\", "{", ",", "ە\u200c", "😀"]) | STRINGS
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STRINGS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@st.composite
def written(draw):
    """A value and one of the texts that it can be written as."""
    value = draw(VALUES)
    text = json.dumps(
        value,
        indent=draw(st.sampled_from([None, 0, 1, "\t"])),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", " : ")])),
    )
    return value, draw(st.sampled_from(["", " ", "\r\n\t"])) + text + draw(st.sampled_from(["", "\n"]))


@settings(deadline=None)
@given(written())
def test_strict_json_is_read_as_the_standard_library_reads_it(both):
    value, text = both
    assert loads(text) == value == json.loads(text)


@pytest.mark.parametrize(
    ("text", "finding", "offset"),
    [
        ("", "json-syntax", 0),
        (" \n", "json-syntax", 2),
        ('{"a": 1', "json-syntax", 7),
        ('{"a": [1, 2}', "json-syntax", 11),
        ('["Erbil', "json-syntax", 1),
        ("[1] [2]", "json-syntax", 4),
        ("[1,]", "json-syntax", 2),
        ('{"a": 1 , }', "json-syntax", 8),
        ("[1 2]", "json-syntax", 3),
        ("[,]", "json-syntax", 1),
        ("]", "json-syntax", 0),
        ("{'a': 1}", "json-syntax", 1),
        ('["a\tb"]', "json-syntax", 3),
        (r'["\x41"]', "json-syntax", 2),
        ("[1]\u00a0", "json-syntax", 3),
        ("\ufeff[]", "json-syntax", 0),
        ("[NaN]", "json-not-a-number", 1),
        ('["NaN", "-Infinity", -Infinity]', "json-not-a-number", 21),
        ('{"Infinity": [1, Infinity, NaN]}', "json-not-a-number", 17),
        (r'["\u0000"]', "nul-character", 2),
        (r'{"a\u0000": 1}', "nul-character", 3),
        (r'["\ud83d"]', "json-lone-surrogate", 2),  # high alone
        (r'["\ude00"]', "json-lone-surrogate", 2),  # low alone
        (r'["\ude00\ud83d"]', "json-lone-surrogate", 2),  # in the wrong order
        (r'["\ud83d", "\ude00"]', "json-lone-surrogate", 2),  # in two strings
        (r'["\ud83d\n\ude00"]', "json-lone-surrogate", 2),
        (r'["\ud83d\ud83d\ude00"]', "json-lone-surrogate", 2),
        (r'["\ud83d\ude00\ude00"]', "json-lone-surrogate", 14),
        (r'{"\uD83D": 1}', "json-lone-surrogate", 2),
        ("[" * 33 + "]" * 33, "json-too-deep", 32),
        ('{"a":' * 40 + "1" + "}" * 40, "json-too-deep", 160),
        ("[" * 100_000, "json-too-deep", 32),
    ],
)
def test_what_is_refused(text, finding, offset):
    with pytest.raises(JsonError) as caught:
        loads(text)
    assert (caught.value.finding, caught.value.offset) == (finding, offset)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5000])
def test_numbers_that_python_cannot_hold_are_refused_where_they_stand(number):
    with pytest.raises(JsonError) as caught:
        loads(f"[1, {number}]")
    assert caught.value.offset == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00\uD83D\uDE00"', "😀😀"),
        (r'"\\ud83d \\u0000"', r"\ud83d \u0000"),  # escaped backslashes and no escapes of characters
        (r'"\\\\u0000"', r"\\u0000"),
        ('"NaN"', "NaN"),
        ("1E2", 100.0),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)),
        ("[" + "[]," * 100 + "[]]", [[]] * 101),  # many brackets, little depth
        ('["' + "[" * 100 + r'\""]', ["[" * 100 + '"']),  # brackets in strings have no depth
    ],
)
def test_what_is_accepted(text, value):
    assert loads(text) == value


@pytest.mark.parametrize(
    ("text", "offset", "key"),
    [
        ('{"a": 1, "a": 2}', 9, "a"),
        ('  {"a": 1, "b": 2, "a": 1}', 19, "a"),
        ('{"x": {"a": 1, "a": 2}}', 15, "a"),
        ('{"x": [{"a": 1}, {"b": 1, "b": 2}]}', 26, "b"),
        (r'{"a": 1, "\u0061": 2}', 9, "a"),
        ('{"": 1, "": 2}', 8, ""),
        ('{"": {"": 1, "": 2}}', 13, ""),
        ('{"a": {"b": 1}, "a": {"b": 1}}', 16, "a"),  # the inner keys are not to blame
        ('{"a": {"x": 1}, "b": {"x": 1}, "a": 1}', 31, "a"),
        ('{"a/b": 1, "a/b": 2}', 11, "a/b"),  # the key as its author wrote it
        ('{"~": 1, "~": 2}', 9, "~"),
        ('{"a": 1, "a": 2} trailing', 9, "a"),
    ],
)
def test_duplicate_keys(text, offset, key):
    with pytest.raises(JsonError) as caught:
        loads(text)
    error = caught.value
    assert (error.finding, error.offset, error.found) == ("json-duplicate-key", offset, key)


def test_every_duplicate_key_is_named_once():
    text = '{"a": {"x": 1}, "a": {"x": 1, "y": 1, "y": 1}, "a": 1}'
    assert list(duplicate_keys(text)) == [(16, "a"), (38, "y"), (47, "a")]


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": 1}]',
        '{"a": {"a": {"a": 1}}}',
        '{"x": {"a": 1}, "y": {"a": 1}}',
        '{"a": "a", "b": "a"}',
        '{"a": {"b": 1}, "a/b": 1, "a~1b": 1}',
        '{"A": 1, "a": 1}',
    ],
)
def test_the_same_key_in_another_object_is_no_duplicate(text):
    assert loads(text) == json.loads(text)


@settings(deadline=None)
@given(st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=6), st.booleans())
def test_the_first_key_that_comes_again_is_found(pairs, nested):
    text, keys, first = '{"inner": [{' if nested else "{", set(), None
    for number, (key, value) in enumerate(pairs):
        text += ", " if number else ""
        first = len(text) if first is None and key in keys else first
        keys.add(key)
        text += f"{json.dumps(key)}: {json.dumps(value)}"
    text += "}]}" if nested else "}"
    if first is None:
        assert loads(text) == json.loads(text)
    else:
        with pytest.raises(JsonError) as caught:
            loads(text)
        assert (caught.value.finding, caught.value.offset) == ("json-duplicate-key", first)


def test_positions():
    text = '{"a": [1, "ە😀"], "b/c": {"~": null, "": true}}'
    assert {pointer: text[start:end] for pointer, (start, end) in positions(text).items()} == {
        "": "{",
        "/a": "[",
        "/a/0": "1",
        "/a/1": '"ە😀"',
        "/b~1c": "{",
        "/b~1c/~0": "null",
        "/b~1c/": "true",
    }


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_value_has_no_position(text):
    assert positions(text) == {}


def pointers(value, at=""):
    yield at, value
    if isinstance(value, dict):
        for key, one in value.items():
            yield from pointers(one, f"{at}/{escape(key)}")
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from pointers(one, f"{at}/{number}")


@settings(deadline=None)
@given(written())
def test_every_value_stands_at_its_position(both):
    value, text = both
    found = positions(text)
    every = dict(pointers(value))
    assert set(found) == set(every)
    for pointer, (start, end) in found.items():
        one = every[pointer]
        if isinstance(one, dict | list):
            assert text[start:end] == ("{" if isinstance(one, dict) else "[")
        else:
            assert json.loads(text[start:end]) == one


@settings(deadline=None)
@given(st.text(r'a"/n\\' + "\x01ە", max_size=12), st.booleans())
def test_escapes_by_number_are_seen(text, ascii_only):
    written = json.dumps(text, ensure_ascii=ascii_only)
    expected = "\x01" in text or (ascii_only and "ە" in text)
    assert escapes_by_number(written) == escapes_by_number(written.encode()) == expected


def test_names_in_pointers_are_escaped():
    assert escape("a/b~c~1") == "a~1b~0c~01"
