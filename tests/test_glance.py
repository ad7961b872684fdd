"""Bytes that are accepted at a glance are those in which a closer look finds nothing, and real files are among them."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc import jsontext
from krisc.findings import KriscError
from krisc.form import Form
from krisc.glance import Glance
from krisc.layers import Attribute, Label, Layer, Role
from krisc.reading import decode_file, parse_json
from krisc.schemas import annotation_schema, fixed
from krisc.store import Corpus
from krisc.typed import UntranslatableError

# A small schema of annotations with all that layers can ask for.
_LABEL = Label("what it is", "an [example]", "no example", "a [hard] case")
_ATTRIBUTES = {
    "kind": Attribute("enum", "a kind", values=("a", "b", "با"), required=True),
    "words": Attribute("string", "words", labels=("ONE",), required=True),
    "sure": Attribute("boolean", "whether", labels=("TWO",)),
    "count": Attribute("integer", "how many"),
    "share": Attribute("number", "how much"),
}
_ROLES = {
    "Who": Role("who", targets=("span",)),
    "What": Role("what", text=True),
    "Where": Role("where", targets=("span",), text=True),
}


def _layer(name: str, kind: str, *labels: str, **more: object) -> Layer:
    return Layer(name, name, kind, name[:3], 1, "", "", dict.fromkeys(labels, _LABEL), **more)  # type: ignore[arg-type]


LAYERS = {
    layer.name: layer
    for layer in (
        _layer("span", "span", "ONE", "TWO", "THREE", attributes=_ATTRIBUTES),
        _layer("lone", "span", "ONLY", attributes={"kind": _ATTRIBUTES["kind"]}),
        _layer("bare", "span", "PLAIN", "OTHER"),
        _layer("event", "event", "MEET", "GO", roles=_ROLES, attributes={"count": _ATTRIBUTES["count"]}),
        _layer("quiet", "event", "RAIN"),
        _layer("relation", "relation", "IN", roles={"Where": _ROLES["Where"]}),
        Layer(
            "chain",
            "chain",
            "chain",
            "cha",
            1,
            "",
            "",
            {"REAL": Label("in the register", "", "", "", register=True), "GENERIC": _LABEL},
        ),
    )
}
FORMS = {
    **{kind: Form(annotation_schema(LAYERS, "urn:test", "1", kind=kind)) for kind in ("gold", "pass", "draft")},
    **{name: Form(fixed(name)) for name in ("documents", "entities", "sources", "judgements", "retractions", "splits")},
}


def closer_look(form: Form, data: bytes) -> bool:
    """Whether nothing is found in the bytes, as a file is read."""
    try:
        value = parse_json(decode_file(data, "file"), "file")
    except KriscError:
        return False
    return form.screen.is_valid(value)  # if so, `findings` has none


@dataclass
class Members:
    """An object of JSON as it is written: its keys may come twice."""

    pairs: list[tuple[str, object]]


def tree(value: object) -> object:
    """A JSON value with `Members` for objects."""
    if isinstance(value, dict):
        return Members([(key, tree(one)) for key, one in value.items()])
    return [tree(one) for one in value] if isinstance(value, list) else value


class Written(str):
    """A scalar as it is to be written."""


# ---- making values that hold to a schema, from the schema, by other means than those that are tested ----

TEXTS = [
    "",
    "a",
    "ab",
    'say "ڕۆژ"',
    "\\",
    "\\u0022",
    "a\r\n\tb",
    "😀",
    "e\u0301",
    "12:30",
    ',"id":"x"',
    "\u2028",
    "a" * 3000,
]
SHORT = [
    "a",
    "A-b_.9",
    "b",
    "0" * 64,
    "2020-01-02",
    "2020-01",
    "2020",
    "Q42",
    "en",
    "en-GB",
    "1.0.0",
    "https://a/\n",
    "",
]
NUMBERS = [0, 1, 7, 10**6, 2**53 + 1, 2**63 - 1, -1, -(2**63)]


def value_of(schema: dict, root: dict, random: Random) -> object:
    """A value that holds to the schema, as a tree."""
    if "$ref" in schema:
        return value_of(root["$defs"][schema["$ref"].rpartition("/")[2]], root, random)
    if "enum" in schema:
        return random.choice(schema["enum"])
    if schema["type"] == "object":
        return object_of(schema, root, random)
    if schema["type"] == "array":
        items, least = schema["items"], schema.get("minItems", 0)
        number = 0 if items == {"not": {}} else random.randint(least, least + 2)
        made = [value_of(items, root, random) for _ in range(number)]
        return list(dict.fromkeys(made)) if schema.get("uniqueItems") else made
    if schema["type"] == "string":
        texts = SHORT if "pattern" in schema else TEXTS
        pattern = schema.get("pattern", "").replace("$", r"\Z")
        return random.choice([t for t in texts if len(t) >= schema.get("minLength", 0) and re.search(pattern, t)])
    if schema["type"] == "boolean":
        return random.random() < 0.5
    numbers = [number for number in NUMBERS if number >= schema.get("minimum", number)]
    return random.choice([*numbers, *([1.5, -1e300, 1e-9] if schema["type"] == "number" else [])])


def object_of(schema: dict, root: dict, random: Random) -> Members:
    if "anyOf" in schema:
        return object_of(random.choice(schema["anyOf"]), root, random)
    if schema["additionalProperties"] is not False:
        keys = random.sample(TEXTS, 3)
        return Members([(key, value_of(schema["additionalProperties"], root, random)) for key in keys])
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    given: dict[str, object] = {}
    for rule in schema.get("allOf", ()):
        [(tag, value)] = rule["if"]["properties"].items()
        given.setdefault(tag, value_of(properties[tag], root, random))
        if given[tag] == value["const"]:
            properties, required = narrowed(properties, required, rule["then"])
    for name, rule in properties.items():
        if name not in given and (name in required or random.random() < 0.4):
            given[name] = value_of(rule, root, random)
    pairs = list(given.items())
    if random.random() < 0.5:
        random.shuffle(pairs)
    return Members(pairs)


def narrowed(properties: dict, required: set, then: dict) -> tuple[dict, set]:
    properties = dict(properties)
    for name, rule in then.get("properties", {}).items():
        if rule == {"not": {}}:
            del properties[name]
        else:
            inner = narrowed(properties[name]["properties"], set(properties[name].get("required", ())), rule)
            properties[name] = {**properties[name], "properties": inner[0], "required": sorted(inner[1])}
    return properties, required | set(then.get("required", ()))


# ---- writing them ----


def written(value: object, random: Random | None = None) -> str:
    """JSON text of a tree; with ``random``, with white space and escapes where they may be."""

    def gap() -> str:
        return random.choice(["", "", "", " ", "\n", "\r\n\t"]) if random else ""

    if isinstance(value, Members):
        pairs = [f"{gap()}{written(k, random)}{gap()}:{gap()}{written(v, random)}{gap()}" for k, v in value.pairs]
        return "{" + (",".join(pairs) or gap()) + "}"
    if isinstance(value, list):
        return "[" + (",".join(f"{gap()}{written(one, random)}{gap()}" for one in value) or gap()) + "]"
    if isinstance(value, Written):
        return str(value)
    return json.dumps(value, ensure_ascii=bool(random) and random.random() < 0.1)


# ---- damaging them ----

ODD = [
    *map(
        Written,
        ("1.0", "1e2", "-0", "1e400", "NaN", "Infinity", "9" * 30, "-9223372036854775809", "18446744073709551617"),
    ),
    *map(
        Written,
        ("01", "1.", "nul", "'a'", '"\\u0000"', '"\\u0022"', '"\\ud800"', '"\\ude00"', '"\\u0041"', '"\\/"', '"a\nb"'),
    ),
    *map(Written, ('"\\"', "[" * 40 + "]" * 40, "[" * 5000, '{"a":{"a":1}}', '"\0"', "")),
    *(0, 1, -1, 2**63 - 1, 1.5, True, False, None, "", "a", "a b", "a\n", "\\u0022", [], {}),
]


def nodes(value: object) -> list[Members | list]:
    """Every object and list of a tree."""
    inner = [v for _, v in value.pairs] if isinstance(value, Members) else value if isinstance(value, list) else []
    own: list[Members | list] = [value] if isinstance(value, Members | list) else []
    return [*own, *(node for one in inner for node in nodes(one))]


def words_of(schema: object) -> set[str]:
    """The names and the values that a schema speaks of, which look right in a wrong place."""
    if isinstance(schema, dict):
        return {
            w
            for key, rule in schema.items()
            for w in ({key} if key not in ("description", "$comment") else set()) | words_of(rule)
        }
    if isinstance(schema, list):
        return {w for one in schema for w in words_of(one)}
    return {schema} if isinstance(schema, str) and len(schema) < 20 else set()


WORDS = {name: sorted(words_of(form.schema)) for name, form in FORMS.items()}


def damage(random: Random, root: object, words: list[str]) -> None:
    """One change somewhere in a tree."""
    places = nodes(root)
    if not places:
        return
    place = random.choice(places)
    members = isinstance(place, Members)
    items: list = place.pairs if isinstance(place, Members) else place
    kinds = ["twice", "twice", "delete", "move", "value", "value", "rename", "insert", "graft"] if items else ["insert"]
    kind = random.choice(kinds)
    other = tree(random.choice(ODD)) if random.random() < 0.7 else random.choice(words)
    at = random.randrange(len(items) or 1)
    if kind == "twice":
        again = (items[at][0], other) if members and random.random() < 0.5 else items[at]
        items.insert(random.randint(0, len(items)), again)
    elif kind == "delete":
        del items[at]
    elif kind == "move":
        items.insert(random.randrange(len(items)), items.pop(at))
    elif kind == "value":
        items[at] = (items[at][0], other) if members else other
    elif kind == "rename" and members:
        items[at] = (random.choice(words), items[at][1])
    elif kind == "insert":
        items.insert(at, (random.choice(words), other) if members else other)
    elif kind == "graft":  # what stands elsewhere, and is right there
        found = random.choice(places)
        taken = found.pairs if isinstance(found, Members) else found
        fits = [deepcopy(one) for one in taken if isinstance(one, tuple) == members]
        if fits:
            items.insert(at, random.choice(fits))


def spoil(random: Random, data: bytes) -> bytes:
    """One change of bytes."""
    at = random.randint(0, len(data))
    some = random.choice(
        [b"", b'"', b"\\", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x0c", b",", b"0", b" "]
    )
    return data[:at] + some + data[at + random.randint(0, 2) :]


NAMES = st.sampled_from(sorted(FORMS))
RANDOM = st.randoms(use_true_random=True)  # seeds alone: drawing every choice takes a hundred times as long
DOUBTS = re.compile(rb"\\u0022|\\u0000|\d[.eE]")  # for what is right, and not accepted


def hold_against_each_other(form: Form, data: bytes) -> bool:
    """Whether nothing is found in the bytes; what is accepted must be right, and what is right accepted, doubts apart."""
    accepted, right = form.accepts(data), closer_look(form, data)
    assert right or not accepted
    assert accepted or not right or DOUBTS.search(data)
    return right


@given(NAMES, RANDOM)
def test_what_holds_is_accepted_however_it_is_written(name, random):
    form = FORMS[name]
    for _ in range(10):
        value = value_of(form.schema, form.schema, random)
        assert form.accepts(written(value).encode())
        assert hold_against_each_other(form, written(value, random).encode())


@settings(max_examples=500)
@given(NAMES, RANDOM)
def test_nothing_is_found_in_what_is_accepted(name, random):
    form = FORMS[name]
    value = value_of(form.schema, form.schema, random)
    for changes in (1, 1, 1, 2, 2, 3):
        changed = deepcopy(value)
        for _ in range(changes):
            damage(random, changed, WORDS[name])
        data = written(changed, random).encode("utf-8", "surrogatepass")
        hold_against_each_other(form, data)
        hold_against_each_other(form, spoil(random, data))


@pytest.fixture(scope="module")
def corpus(repository) -> Corpus:
    return Corpus(repository)


def test_every_file_of_the_repository_is_accepted(corpus):
    forms = corpus.forms
    for kind, folder in (("gold", "annotations/gold"), ("pass", "annotations/passes")):
        paths = sorted((corpus.root / folder).rglob("*.json"))
        assert paths
        assert [path for path in paths if not forms[kind].accepts(path.read_bytes())] == []
    sources = Form(fixed("sources"))
    assert all(sources.accepts(path.read_bytes()) for path in sorted((corpus.dataset / "sources").glob("*.json")))
    for name in ("documents", "entities"):
        form = Form(fixed(name))
        lines = (corpus.dataset / f"{name}.jsonl").read_bytes().splitlines(keepends=True)
        assert lines
        assert all(map(form.accepts, lines))
    assert Form(fixed("splits")).accepts((corpus.dataset / "splits.json").read_bytes())


@given(st.data(), RANDOM)
def test_nothing_is_found_in_a_real_file_that_is_accepted_with_damage(corpus, data, random):
    path = data.draw(st.sampled_from(sorted(corpus.root.glob("annotations/gold/*.json"))))
    form, value = corpus.forms["gold"], json.loads(path.read_bytes())
    layers = {name: random.sample(layer, min(3, len(layer))) for name, layer in value["layers"].items()}
    words = sorted(words_of(form.schema))
    for changes in (1, 1, 2):
        cut = tree({**value, "layers": layers})
        for _ in range(changes):
            damage(random, cut, words)
        hold_against_each_other(form, written(cut).encode("utf-8", "surrogatepass"))


# ---- examples ----

SPAN = {"id": "a", "label": "ONE", "segments": [{"start": 0, "end": 1, "quote": "x"}], "by": ["r"], "decided": "single"}
SPAN["attributes"] = {"kind": "a", "words": "w"}


def gold(**layers: list) -> str:
    file = {"document": "d", "sha256": "0" * 64, "guidelines": "1", "layers": layers}
    return json.dumps(file, ensure_ascii=False)


RIGHT = gold(span=[SPAN])


def test_an_example_is_accepted_as_it_is():
    assert FORMS["gold"].accepts(RIGHT.encode())
    assert FORMS["gold"].accepts(f" \r\n{RIGHT}\t\n".encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"id": "a"', '"id": "a", "id": "a"'),
        ('"id": "a"', '"id": "b", "id": "a"'),
        ('"label": "ONE"', '"label": "ONE", "label": "ONE"'),
        ('"label": "ONE"', '"label": "TWO", "label": "ONE"'),
        ('"start": 0', '"start": 0, "start": 0'),
        ('"words": "w"', '"words": "w", "words": "w"'),
        ('"span": [', '"span": [], "span": ['),
        ('"by": ["r"]', '"by": ["r", "r"]'),
        ('"by": ["r"]', '"by": ["r", "\\u0072"]'),
        ('"by": ["r"]', '"by": []'),
        ('"by": ["r"]', '"by": [""]'),
        ('"quote": "x"', r'"quote": "x", "quote": "\u0022\u0022\u0022\u0022"'),  # as many as went with the first
        ('"quote": "x"', '"quote": "\\u0000"'),
        ('"quote": "x"', '"quote": "\\ud83d"'),
        ('"quote": "x"', '"quote": ""'),
        ('"quote": "x"', '"quote": "a\tb"'),
        ('"id": "a"', '"id": "a\\n"'),
        ('"id": "a"', '"id": "a\\nb"'),
        ('"id": "a"', '"id": ""'),
        ('"id": "a"', '"id": "-a"'),
        ('"id": "a"', '"id": 1'),
        ('"id": "a", ', ""),
        ('"start": 0', '"start": -1'),
        ('"start": 0', '"start": true'),
        ('"start": 0', '"start": 9223372036854775808'),
        ('"start": 0', '"start": 0.5'),
        ('"label": "ONE"', '"label": "TWO"'),  # which may not have `words`
        (', "words": "w"', ""),
        ('"words": "w"', '"words": "w", "sure": true'),
        ('"words": "w"', '"words": "w", "count": 99999999999999999999'),
        ('"words": "w"', '"words": "w", "share": 99999999999999999999'),
        ('"words": "w"', '"words": "w", "share": 1e999'),
        ('"words": "w"', '"words": "w", "share": NaN'),
        ('"kind": "a"', '"kind": null'),
        ('"decided": "single"', '"decided": "single", "deep": ' + "[" * 100_000),
        ('"id": "a"', '"deep": ' + "[" * 100_000),  # passed over on the way to the label
        ('"0000', '"000'),
        ('"d"', '"d", "more": 1'),
    ],
)
def test_what_is_wrong_is_not_accepted(old, new):
    text = RIGHT.replace(old, new, 1)
    assert text != RIGHT
    assert not FORMS["gold"].accepts(text.encode())
    assert not closer_look(FORMS["gold"], text.encode())


def test_a_key_that_comes_twice_does_not_make_up_for_one_that_is_not_there():
    """A struct with a tag of its own would put the label back, with just as many quotation marks."""
    lone = {**SPAN, "label": "ONLY", "attributes": {"kind": "a"}}
    text = gold(lone=[lone])
    assert FORMS["gold"].accepts(text.encode())
    for name in ("lone", "span"):
        wrong = text.replace('"lone"', f'"{name}"').replace(', "label": "ONLY"', ', "by": ["ab"]')
        assert not FORMS["gold"].accepts(wrong.encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"\xef\xbb\xbf", b""), (b"", b"\0"), (b"\0", b""), (b"", b"{}"), (b"", b"\x0c"), (b"\xa0", b"")],
)
def test_only_white_space_may_stand_around_the_value(before, after):
    assert not FORMS["gold"].accepts(before + RIGHT.encode() + after)


@pytest.mark.parametrize("byte", [b"\xff", b"\xc0\xa2", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\0", b"\x1f"])
def test_bytes_that_are_no_text_are_not_accepted(byte):
    for place in (b'"quote": "', b'"words": "', b'"document": "', b'"', b'"id": "', b'"label": "', b'"decided": "'):
        assert not FORMS["gold"].accepts(RIGHT.encode().replace(place, place + byte, 1))


@pytest.mark.parametrize("data", [b"", b" ", b"null", b"[]", b'"a"', RIGHT.encode()[:-1], RIGHT.encode("utf-16")])
def test_what_is_no_file_of_annotations_is_not_accepted(data):
    assert not FORMS["gold"].accepts(data)


def test_escapes_are_accepted_but_for_those_that_leave_a_doubt():
    for text, accepted in (
        (r"\u06d5", True),
        (r"\ud83d\ude00", True),
        (r"\\u0041", True),
        (r"a\"b\/", True),
        (r"\\u0022", True),
    ):
        assert FORMS["gold"].accepts(RIGHT.replace('"x"', f'"{text}"').encode()) is accepted
    in_doubt = RIGHT.replace('"x"', r'"\u0022"').encode()
    assert closer_look(FORMS["gold"], in_doubt)
    assert not FORMS["gold"].accepts(in_doubt)


def test_without_a_type_nothing_is_accepted():
    form = Form({"type": "null"})
    assert not form.accepts(b"null")
    assert list(form.findings(None, "file.json")) == []


def test_ids_are_held_to_their_pattern_wherever_lists_stand():
    ids = {"type": "object", "additionalProperties": False, "required": ["id"]}
    ids["properties"] = {"id": {"type": "string", "pattern": "^[a-z]+$"}}
    many = {"type": "array", "items": ids}
    box = {"type": "object", "additionalProperties": False, "properties": {"one": ids, "many": many}}
    form = Form({**box, "properties": {**box["properties"], "boxes": {"type": "array", "items": box}, "box": box}})
    one = {"id": "a"}
    for shape in (
        {"one": one},
        {"many": [one, one]},
        {"box": {"many": [one], "one": one}},
        {"boxes": [{"many": [one]}, {"one": one}]},
    ):
        text = json.dumps(shape)
        assert form.accepts(text.encode())
        for wrong in ("", "A", r"a\n", r"\na", r"a\nb", "a b", "é"):
            spoilt = text[: text.rindex('"a"')] + f'"{wrong}"' + text[text.rindex('"a"') + 3 :]
            assert not form.accepts(spoilt.encode())


def test_a_pattern_that_is_none_by_itself_is_refused_before_it_is_joined():
    items = {"type": "object", "additionalProperties": False, "required": ["id"]}
    items["properties"] = {"id": {"type": "string", "pattern": "^a)(b$"}}
    with pytest.raises(UntranslatableError):
        Glance({"type": "array", "items": items})


def test_the_limit_of_depth_is_that_of_the_parser():
    schema: dict = {"type": "string"}
    for _ in range(jsontext.MAX_DEPTH):
        schema = {"type": "array", "items": schema}
    text = "[" * jsontext.MAX_DEPTH + '"a"' + "]" * jsontext.MAX_DEPTH
    assert Form(schema).accepts(text.encode())
    assert closer_look(Form(schema), text.encode())
    assert not Form({"type": "array", "items": schema}).accepts(f"[{text}]".encode())
