"""Declared layers: what may fill a role, and names that nothing declares."""

from pathlib import Path

import pytest

from krisc.findings import KriscError
from krisc.layers import (
    COLUMNS,
    TABLES,
    Attribute,
    Constraints,
    Label,
    Layer,
    Role,
    RoleNarrowing,
    allows,
    inconsistencies,
    unit_layer,
)
from krisc.store import Corpus
from krisc.tables import tables


def label(**more):
    return Label("A label.", "[x]", "[y]", "[z]", **more)


def layer(name, kind="span", labels=None, **more):
    return Layer(name, name.title(), kind, name[:3], 1, "none", "A layer.", labels or {"X": label()}, **more)


ENTITY = layer("entity", labels={"PERSON": label(), "PLACE": label()})
CHAIN = layer("chain", "chain", labels={"SAME": label(members=("entity",))})
MEET = {"MEET": label()}


def found(*layers):
    named = {one.name: one for one in (*layers, ENTITY, CHAIN)}
    files = {name: f"schema/layers/{name}.toml" for name in named}
    return [(f.place.file, f.place.pointer, f.data["name"]) for f in inconsistencies(named, files)]


def role(*targets):
    return Role("A role.", targets=targets)


def event(labels=None, roles=None, **more):
    return layer("event", "event", labels=labels or MEET, roles=roles or {"Who": role("entity")}, **more)


def test_consistent_layers():
    narrowed = {"MEET": label(roles={"Who": RoleNarrowing(("entity/PERSON",))}, expected=("Who",))}
    roles = {"Who": role("entity", "event"), "Where": role("entity/PLACE")}
    attributes = {"anchor": Attribute("reference", "An attribute.", targets=("entity",), labels=("MEET",))}
    assert found(event(narrowed, roles, attributes=attributes)) == []


@pytest.mark.parametrize(
    ("one", "pointer", "name"),
    [
        (event(roles={"Who": role("entitty")}), "/roles/Who/targets", "entitty"),
        (event(roles={"Who": role("entity/PERSN")}), "/roles/Who/targets", "entity/PERSN"),
        (event(roles={"Who": role("chain")}), "/roles/Who/targets", "chain"),  # a chain has no words of its own
        (event(roles={"a/b~c": role("x")}), "/roles/a~1b~0c/targets", "x"),
        (event({"MEET": label(expected=("Whom",))}), "/labels/MEET/expected", "Whom"),
        (event({"MEET": label(members=("entitty",))}), "/labels/MEET/members", "entitty"),
        (event({"MEET": label(roles={"Whom": RoleNarrowing(("entity",))})}), "/labels/MEET/roles", "Whom"),
        (
            event({"MEET": label(roles={"Who": RoleNarrowing(("entity/X",))})}),
            "/labels/MEET/roles/Who/targets",
            "entity/X",
        ),
        (event(attributes={"a": Attribute("string", "?", labels=("MET",))}), "/attributes/a/labels", "MET"),
        (event(attributes={"a": Attribute("reference", "?", targets=("x",))}), "/attributes/a/targets", "x"),
        (event(constraints=Constraints(units=("SENTENCE",))), "/constraints/units", "SENTENCE"),
        (event(constraints=Constraints(covers=("CHROME",))), "/constraints/covers", "CHROME"),
    ],
)
def test_a_name_that_nothing_declares(one, pointer, name):
    assert found(one) == [("schema/layers/event.toml", pointer, name)]


def test_every_wrong_name_is_reported_with_the_names_there_are():
    layers = {"entity": ENTITY, "event": event(roles={"Who": role("entty"), "Where": role("nowhere")})}
    findings = list(inconsistencies(layers, {"event": "event.toml"}))
    assert [f.data["name"] for f in findings] == ["entty", "nowhere"]
    assert findings[0].data["hint"].startswith("did you mean entity?")
    assert all("entity/PLACE" in f.data["hint"] for f in findings)


def test_a_label_narrows_what_may_fill_a_role():
    one = event(
        {"MEET": label(roles={"Who": RoleNarrowing(("entity/PERSON",))}), "DIE": label()},
        {"Who": role("entity"), "Where": role("entity/PLACE")},
    )
    assert one.role_targets("MEET", "Who") == ("entity/PERSON",)
    assert one.role_targets("MEET", "Where") == ("entity/PLACE",)
    assert one.role_targets("DIE", "Who") == ("entity",)
    assert one.role_targets("UNKNOWN", "Who") == ("entity",)


@pytest.mark.parametrize(
    ("targets", "allowed"),
    [
        (("entity",), True),
        (("entity/PERSON",), True),
        (("entity/PLACE", "entity/PERSON"), True),
        (("entity/PLACE",), False),
        (("event",), False),
        (("PERSON",), False),
        ((), False),
    ],
)
def test_what_is_among_targets(targets, allowed):
    assert allows(targets, "entity", "PERSON") is allowed


def test_an_attribute_of_some_labels():
    assert Attribute("string", "?").applies_to("PERSON")
    assert Attribute("string", "?", labels=("PERSON",)).applies_to("PERSON")
    assert not Attribute("string", "?", labels=("PLACE",)).applies_to("PERSON")


def test_the_layer_of_units():
    units = layer("structure", labels={"SENTENCE": label()}, constraints=Constraints(units=("SENTENCE",)))
    assert unit_layer({"entity": ENTITY, "structure": units}) is units
    assert unit_layer({"entity": ENTITY}) is None


def test_layers_come_in_their_declared_order():
    corpus = Corpus(Path(__file__).parents[1])
    assert [one.order for one in corpus.layers.values()] == sorted(one.order for one in corpus.layers.values())
    assert all(name == one.name for name, one in corpus.layers.items())


def test_a_layer_file_that_names_nothing_declared_stops_the_corpus(starter):
    path = starter / "schema/layers/relation.toml"
    path.write_text(path.read_text().replace('targets = ["entity"]', 'targets = ["entitty"]', 1))
    with pytest.raises(KriscError) as caught:
        _ = Corpus(starter).layers
    assert [f.id for f in caught.value.findings] == ["layer-inconsistent"]


def test_two_layer_files_of_one_name_are_not_taken_for_one(starter):
    folder = starter / "schema/layers"
    (folder / "person.toml").write_bytes((folder / "entity.toml").read_bytes())
    with pytest.raises(KriscError):
        _ = Corpus(starter).layers


@pytest.mark.parametrize("name", ["id", "label", "start", "text", "segments", "note", "decided", "document_id"])
def test_an_attribute_does_not_take_the_name_of_a_column(starter, name):
    path = starter / "schema/layers/entity.toml"
    path.write_text(path.read_text().replace("[attributes.mention]", f"[attributes.{name}]"))
    with pytest.raises(KriscError):
        _ = Corpus(starter).layers


@pytest.mark.parametrize("name", ["Id", "Label", "Note", "TAIL"])
def test_a_role_of_a_relation_does_not_take_the_name_of_a_column(starter, name):
    path = starter / "schema/layers/relation.toml"
    path.write_text(path.read_text() + f'[roles.{name}]\ntargets = ["entity"]\ndefinition = "?"\n')
    with pytest.raises(KriscError):
        _ = Corpus(starter).layers


@pytest.mark.parametrize("name", ["documents", "tokens", "passes"])
def test_a_layer_does_not_take_the_name_of_a_table(starter, name):
    path = starter / "schema/layers/coreference.toml"
    path.write_text(path.read_text().replace('name = "coreference"', f'name = "{name}"'))
    with pytest.raises(KriscError):
        _ = Corpus(starter).layers


def test_every_name_a_release_uses_itself_is_reserved():
    """No column or table is forgotten: what a release has without any attribute, tag or relation is reserved."""
    plain = [layer("span_"), layer("event_", "event"), layer("relation_", "relation"), layer("chain_", "chain")]
    units = layer("units", constraints=Constraints(units=("X",), tags="unit_tags"))
    named = {one.name: one for one in (*plain, units)}
    made = tables(named)
    assert set(made) - set(named) <= TABLES
    for name, table in made.items():
        columns = {column.name for column in table.columns}
        assert columns - set(named) - {"unit_tags"} <= (COLUMNS if name in named else TABLES | {"tokens"})


def test_two_layers_do_not_tag_one_column():
    one, two = (layer(name, constraints=Constraints(tags="tags")) for name in ("one", "two"))
    assert found(one, two) == [("schema/layers/two.toml", "/constraints/tags", "tags")]


def test_a_role_and_an_attribute_of_one_name():
    attributes = {"Who": Attribute("string", "An attribute.")}
    assert found(event(attributes=attributes)) == [("schema/layers/event.toml", "/attributes/Who", "Who")]
