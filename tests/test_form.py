"""JSON Schema findings in a person's words, whichever validator finds them."""

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
