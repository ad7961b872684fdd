"""The declared schema of a corpus: layers read from ``schema/layers/<layer>.toml``, the source of truth for all rules.

A layer has a kind (span, event, relation or chain), labels, roles, attributes and constraints. What follows from a
layer (JSON Schema, tables, checks, pages) is derived from these records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from krisc.findings import Finding, Place, nearest
from krisc.jsontext import escape

KINDS = ("span", "event", "relation", "chain")
ATTRIBUTE_TYPES = ("enum", "string", "boolean", "integer", "number", "timex3", "reference")


class Role(msgspec.Struct, frozen=True):
    """What may fill a role: annotations (``targets``, each a layer or ``layer/LABEL``) or words of the text."""

    definition: str
    targets: tuple[str, ...] = ()
    text: bool = False
    min: int = 0
    max: int | None = None


class RoleNarrowing(msgspec.Struct, frozen=True):
    """What a label asks of a role beyond the role itself."""

    targets: tuple[str, ...]


class Label(msgspec.Struct, frozen=True):
    """A label with its definition and examples; ``expected`` names roles that are seldom absent."""

    definition: str
    example: str
    counterexample: str
    hard: str
    expected: tuple[str, ...] = ()
    roles: dict[str, RoleNarrowing] = {}
    members: tuple[str, ...] = ()
    register: bool = False
    min_members: int = 1


class Attribute(msgspec.Struct, frozen=True):
    """A typed attribute; ``labels`` limits it to some labels of the layer."""

    type: str
    definition: str
    values: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    required: bool = False

    def applies_to(self, label: str) -> bool:
        """Whether annotations with this label may have the attribute."""
        return not self.labels or label in self.labels


class Constraints(msgspec.Struct, frozen=True):
    """Rules that hold for every annotation of a layer."""

    nesting: str = "free"
    units: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    inside_units: bool = False
    token_boundaries: bool = False
    tags: str = ""
    same_unit: bool = False
    one_trigger_one_event_of_a_label: bool = False


class Layer(msgspec.Struct, frozen=True):
    """One layer of annotation."""

    name: str
    title: str
    kind: str
    prefix: str
    order: int
    tradition: str
    description: str
    labels: dict[str, Label]
    roles: dict[str, Role] = {}
    attributes: dict[str, Attribute] = {}
    constraints: Constraints = Constraints()

    def role_targets(self, label: str, role: str) -> tuple[str, ...]:
        """What may fill ``role`` under ``label``: layers or ``layer/LABEL``."""
        narrowed = self.labels[label].roles.get(role) if label in self.labels else None
        return narrowed.targets if narrowed else self.roles[role].targets


Layers = Mapping[str, Layer]

# Names that a release uses itself: of columns of every layer's table, and of tables and of columns beside the layers.
# fmt: off
COLUMNS = frozenset({
    "document_id", "version", "origin", "id", "label", "start", "end", "text", "segments", "trigger", "arguments",
    "layer", "entity", "name", "members", "note", "annotators", "decided", "decision", "checked_by",
})
TABLES = frozenset({
    "documents", "tokens", "passes", "document_id", "version", "origin", "title", "publisher", "url", "published",
    "captured", "as_of", "composed_by", "claims_checked_by", "pages", "claims", "language", "rights", "incident",
    "sha256", "text", "annotator", "annotator_kind", "date", "guidelines", "unit_id", "unit", "index", "start", "end",
    "token_starts", "token_ends", "spans", "withheld",
})
# fmt: on


def allows(targets: Sequence[str], layer: str, label: str) -> bool:
    """Whether an annotation of ``layer`` with ``label`` is among ``targets``."""
    return layer in targets or f"{layer}/{label}" in targets


def unit_layer(layers: Layers) -> Layer | None:
    """The layer whose labels cut texts into units (sentences, headlines), if the schema has one."""
    return next((layer for layer in layers.values() if layer.constraints.units), None)


def inconsistencies(layers: Layers, files: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for every name in a layer file that nothing declares, and for every name that is taken.

    Args:
        layers: the layers by name.
        files: the file of each layer.
    """
    for layer in layers.values():
        for pointer, name, known in _names(layer, layers):
            if name not in known:
                data = {"name": name, "hint": nearest(name, known)}
                yield Finding("layer-inconsistent", Place(files[layer.name], pointer=pointer), data)
    tags: set[str] = set()
    for layer in layers.values():
        for pointer, name, taken in _taken(layer, tags):
            if taken:
                yield Finding("layer-name-taken", Place(files[layer.name], pointer=pointer), {"name": name})
        tags.add(layer.constraints.tags)


def _taken(layer: Layer, tags: set[str]) -> Iterator[tuple[str, str, bool]]:
    """Every name a layer gives to a table, a column or a key: where it stands, the name, and whether it is taken."""
    yield "/name", layer.name, layer.name in TABLES
    if layer.constraints.tags:
        yield "/constraints/tags", layer.constraints.tags, layer.constraints.tags in TABLES | tags
    keys = set(COLUMNS)
    for role in layer.roles:
        key = role.lower() if layer.kind == "relation" else role
        yield f"/roles/{escape(role)}", role, key in keys
        keys.add(key)
    yield from ((f"/attributes/{escape(name)}", name, name in keys) for name in layer.attributes)


def _names(layer: Layer, layers: Layers) -> Iterator[tuple[str, str, set[str]]]:
    """Every name a layer refers to: where it stands, the name, and the names that are declared."""
    anchored = [other for other in layers.values() if other.kind in ("span", "event")]  # what has words can be a target
    every = {other.name for other in anchored} | {
        f"{other.name}/{label}" for other in anchored for label in other.labels
    }
    labels, roles = set(layer.labels), set(layer.roles)
    for role, declared in layer.roles.items():
        yield from ((f"/roles/{escape(role)}/targets", target, every) for target in declared.targets)
    for label, one in layer.labels.items():
        at = f"/labels/{escape(label)}"
        yield from ((f"{at}/expected", role, roles) for role in one.expected)
        yield from ((f"{at}/members", target, every) for target in one.members)
        for role, narrowed in one.roles.items():
            yield f"{at}/roles", role, roles
            yield from ((f"{at}/roles/{escape(role)}/targets", target, every) for target in narrowed.targets)
    for name, attribute in layer.attributes.items():
        yield from ((f"/attributes/{escape(name)}/labels", label, labels) for label in attribute.labels)
        yield from ((f"/attributes/{escape(name)}/targets", target, every) for target in attribute.targets)
    yield from (("/constraints/units", label, labels) for label in layer.constraints.units)
    yield from (("/constraints/covers", label, labels) for label in layer.constraints.covers)
    yield from (("/constraints/claims", label, labels) for label in layer.constraints.claims)
