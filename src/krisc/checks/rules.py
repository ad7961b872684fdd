"""What the layers alone say about annotations, worked out once for all files of a corpus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from krisc.layers import Attribute, Layer, Layers, allows, unit_layer

Kinds = frozenset[str]  # labels as layer/LABEL
Use = tuple[str | None, str, str | None]  # what refers, as layer/LABEL, by which role or attribute, and to what
MEMBER = ""  # stands for the role by which a chain refers to its members


@dataclass(frozen=True, slots=True)
class LayerRules:
    """The rules of one layer."""

    layer: Layer
    kinds: dict[str, str]  # every label as layer/LABEL
    units: Kinds
    covers: Kinds
    needed: frozenset[str]  # roles that must be filled
    wanted: dict[str | None, frozenset[str]]  # of each kind, those and the roles that are seldom absent
    limited: bool  # some role may be filled only so often
    counted: bool  # of some role, one filler is too few or too many
    least: dict[str | None, int]  # of each kind, how many members a chain must have
    references: dict[str, Attribute]  # attributes that refer to annotations
    times: tuple[str, ...]  # attributes that are TIMEX3 values


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of all layers by name.

    ``labels`` are layer and label of every layer/LABEL. ``fit`` has the uses that were found to be allowed, so that the
    next file need not ask again; it grows with what is used, up to all labels by all roles by all labels.
    """

    layers: dict[str, LayerRules]
    labels: dict[str, tuple[Layer, str]]
    unit_layer: LayerRules | None
    fit: set[Use] = field(default_factory=set)

    def allow(self, uses: Iterable[Use]) -> bool:
        """Whether all uses are allowed; words of the text, where the target is None, are."""
        new = set(uses) - self.fit
        if not all(target is None or self._allowed(source, role, target) for source, role, target in new):
            return False
        self.fit.update(new)
        return True

    def _allowed(self, source: str | None, name: str, target: str) -> bool:
        if source is None:
            return False
        (layer, label), (other, found) = self.labels[source], self.labels[target]
        if name == MEMBER:
            targets = layer.labels[label].members
        elif name in layer.roles:
            targets = layer.role_targets(label, name)
        else:
            targets = layer.attributes[name].targets
        return allows(targets, other.name, found)


def rules_of(layers: Layers) -> Rules:
    """The rules of the layers; worked out again only for other layers."""
    return _worked_out(_Same(layers))


class _Same:
    """Layers as a key: they are the same only when they are one object, which lives as long as the key."""

    __slots__ = ("layers",)

    def __init__(self, layers: Layers) -> None:
        self.layers = layers

    def __hash__(self) -> int:
        return id(self.layers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.layers is self.layers


@lru_cache(maxsize=8)
def _worked_out(same: _Same) -> Rules:
    layers = {name: _rules(layer) for name, layer in same.layers.items()}
    labels = {kind: (one.layer, label) for one in layers.values() for label, kind in one.kinds.items()}
    units = unit_layer(same.layers)
    return Rules(layers, labels, layers[units.name] if units else None)


def _rules(layer: Layer) -> LayerRules:
    roles, constraints = layer.roles.values(), layer.constraints
    kinds = {label: f"{layer.name}/{label}" for label in layer.labels}
    needed = frozenset(name for name, role in layer.roles.items() if role.min)
    return LayerRules(
        layer=layer,
        kinds=kinds,
        units=frozenset(kinds[label] for label in constraints.units if label in kinds),
        covers=frozenset(kinds[label] for label in constraints.covers if label in kinds),
        needed=needed,
        wanted={kinds[label]: needed.union(one.expected) for label, one in layer.labels.items()},
        limited=any(role.max is not None for role in roles),
        counted=any(role.min > 1 or role.max == 0 for role in roles),
        least={kinds[label]: one.min_members for label, one in layer.labels.items()},
        references={name: one for name, one in layer.attributes.items() if one.type == "reference"},
        times=tuple(name for name, one in layer.attributes.items() if one.type == "timex3"),
    )
