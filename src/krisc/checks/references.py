"""What annotations of many files refer to: whether it is there, and may stand there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from krisc.checks.rules import MEMBER, Rules, Use
from krisc.checks.vectors import true
from krisc.columns import Booleans, Flat, Integers, numbered


class References:
    """Arguments with targets, members, and attributes that refer.

    ``doubt`` says in which files one is not there, is what refers to it, is of a kind that may not stand there, or is
    part of a circle of arguments.
    """

    def __init__(self, flat: Flat, rules: Rules) -> None:
        self.flat, self.rules = flat, rules
        self.doubt: Booleans = np.zeros(flat.files, bool)
        self._all()

    def _mark(self, files: Integers, wrong: Booleans) -> None:
        if wrong.any():
            self.doubt[files[wrong]] = True

    def _all(self) -> None:
        parts, flat = self.flat.parts, self.flat
        kinds: list[str | None] = [f"{name}/{label}" for name, part in parts.items() for label in part.layer.labels]
        firsts = np.cumsum([0, *(len(part.layer.labels) for part in parts.values())])
        each = [np.where(p.codes < 0, len(kinds), p.codes + at) for p, at in zip(parts.values(), firsts, strict=False)]
        kind = np.concatenate([np.zeros(0, np.int64), *each])
        kinds.append(None)
        inner: list[Integers] = []
        for name, part in parts.items():
            if name in flat.arguments:
                filled = flat.arguments[name]
                mine = np.flatnonzero(true(filled.target.is_valid()))
                owner, target = filled.owner[mine], filled.numbers[mine]
                self._refer(owner, target, filled.roles[mine], list(part.layer.roles), kind, kinds)
                inner.append(np.stack((owner, target)))
            if name in flat.members:
                members = flat.members[name]
                self._refer(
                    members.owner, members.numbers, np.zeros(len(members.owner), np.int64), [MEMBER], kind, kinds
                )
            for named, attribute in self.rules.layers[name].references.items():
                values = part.attributes[named]
                other = numbered(values, attribute.keywords) < 0
                mine = np.flatnonzero(true(values.is_valid()) & other)
                owner = part.first + mine
                target = flat.find(values.take(pa.array(mine)), flat.owner[owner])
                self._refer(owner, target, np.zeros_like(owner), [named], kind, kinds)
        if inner:
            self._circles(np.concatenate(inner, axis=1))

    def _refer(
        self,
        owner: Integers,
        target: Integers,
        name: Integers,
        names: Sequence[str],
        kind: Integers,
        kinds: Sequence[str | None],
    ) -> None:
        """One sort of reference: what refers, to what, and by which of some names."""
        self._mark(self.flat.owner[owner], (target < 0) | (target == owner) | (name < 0))
        there = np.flatnonzero((target >= 0) & (name >= 0))
        width = len(kinds)
        keys = (name[there] * width + kind[owner[there]]) * width + kind[target[there]]
        for key in np.unique(keys).tolist():
            use: Use = (kinds[key // width % width], names[key // width // width], kinds[key % width])
            if use[2] is None or not self.rules.allow([use]):
                self._mark(self.flat.owner[owner[there]], keys == key)

    def _circles(self, edges: Integers) -> None:
        """No annotation is an argument of itself by way of others: what is not between others goes, again and again."""
        owner, target = edges
        while len(owner):
            kept = np.isin(target, owner) & np.isin(owner, target)
            if kept.all():
                self.doubt[self.flat.owner[owner]] = True
                return
            owner, target = owner[kept], target[kept]
