"""JSON Schema findings in a person's words, whichever validator finds them."""

import json

import pytest

from krisc.form import Form

EITHER = {
    "anyOf": [
        {
            "required": ["role", "target"],
            "properties": {"role": {"enum": ["Who", "Whom"]}, "target": {"type": "string"}},
        },
        {"required": ["role", "segments"], "properties": {"role": {"enum": ["Words"]}, "segments": {"type": "array"}}},
    ]
}


@pytest.mark.parametrize(
    ("value", "id_", "words"),
    [
        ({"role": "Who"}, "schema-violation", "no 'target'"),
        ({"role": "Words"}, "schema-violation", "no 'segments'"),
        ({"role": "Woh", "target": "a"}, "unknown-role", "Woh"),
        ({"role": "Who", "target": 1}, "schema-violation", "found 1"),
    ],
)
def test_of_alternatives_the_nearest_is_explained(value, id_, words):
    [finding] = Form(EITHER).findings(value, "file.json")
    assert finding.id == id_
    assert words in finding.message


def test_when_the_validators_disagree_the_stricter_verdict_stands():
    form = Form({"type": "string"})
    form.explainer = Form({}).explainer
    [finding] = form.findings(7, "file.json")
    assert finding.id == "schema-violation"
    assert finding.place.pointer == ""


def test_bytes_are_accepted_when_nothing_is_found_in_them():
    form = Form({"type": "object", "additionalProperties": False, "properties": {"a": {"type": "string"}}})
    assert form.accepts(b'{"a": "b"}')
    assert not form.accepts(b'{"a": "b", "a": "b"}')
    assert not form.accepts(b'{"a": 1}')
    assert [finding.id for finding in form.findings({"a": 1}, "file.json")] == ["schema-violation"]


def test_of_a_schema_without_a_type_no_bytes_are_accepted_and_values_are_held_to_it_all_the_same():
    form = Form(EITHER)
    value = {"role": "Who", "target": "a"}
    assert not form.accepts(json.dumps(value).encode())
    assert list(form.findings(value, "file.json")) == []
