"""Which measures follow from the counts of a layer, and how each is worked out from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from krisc import measures
from krisc.counting import CHAINS, CLOSED, CONLL
from krisc.layers import Layer
from krisc.measures import Numbers
from krisc.tallies import Cell, Column, Key

Cells = Mapping[Key, Mapping[Cell, int]]  # of every key: its cells and their columns
Step = Callable[[Numbers], Numbers]


@dataclass(frozen=True)
class Measure:
    """One measure of a layer.

    ``arrange`` takes counts, shape ``(..., columns)``, to the counts that ``formula`` takes. ``rests_on`` names the
    columns whose sum says how many annotations, tokens, items or chains it rests on, each with how often it counts.
    """

    name: str
    of: str
    arrange: Step
    formula: Step
    rests_on: Sequence[tuple[int, int]]

    def values(self, counts: Numbers) -> Numbers:
        """The measure of counts of shape ``(..., columns)``: shape ``(...)``."""
        return self.formula(self.arrange(counts))


# How the counts of spans, arguments and relations add up to measures with labels and without: the measure, the key it
# adds up, and the key of the credit where that is counted apart.
SUMS: dict[str, tuple[str, Key | None]] = {
    "spans, strict": ("span", None),
    "spans, boundary": ("span", ("credit", "boundary")),
    "spans, partial": ("span", ("credit", "partial")),
    "spans, type": ("span", ("credit", "type")),
    "relations, strict": ("relations, strict", None),
    "relations without label": ("relations without label", None),
    "arguments with role": ("arguments with role", None),
    "arguments without role": ("arguments without role", None),
}
EACH = ("spans, strict", "relations, strict", "arguments with role")  # shown for every label or role as well
ORDER = (*list(SUMS)[:4], "tokens, kappa", "tokens, alpha", *list(SUMS)[4:])


def measured(columns: Mapping[Column, int], layer: Layer) -> list[Measure]:
    """The measures of a layer in the order in which they are shown."""
    cells: dict[Key, dict[Cell, int]] = {}
    for (key, cell), number in columns.items():
        cells.setdefault(key, {})[cell] = number
    keys = sorted(_keys(cells, layer), key=lambda k: (ORDER.index(k[0]) if k[0] in ORDER else len(ORDER), k))
    return [measure for key in keys for measure in _measures(key, cells, layer)]


def _keys(cells: Cells, layer: Layer) -> Iterator[Key]:
    for name, (counted, _) in SUMS.items():
        named = [key[1] for key in cells if key[0] == counted]
        if named:
            yield (name,)
        if name in EACH:
            yield from ((name, one) for one in named if one in layer.labels or one in layer.roles)
    if ("tokens",) in cells:
        yield from (("tokens, kappa",), ("tokens, alpha",))
    yield from (key for key in cells if key[0] in CHAINS or key[0] in ("attribute", "fillers, overlapping"))


def _measures(key: Key, cells: Cells, layer: Layer) -> Iterator[Measure]:
    """The measures that are worked out of one key."""
    name, of = key[0], key[1] if len(key) > 1 else ""
    if name in CHAINS:
        yield _chains(name, of, [cells[key]], measures.chain_f1)
        if name == CONLL[-1]:
            yield _chains("CoNLL", of, [cells[one, of] for one in CONLL], measures.conll)
    elif name == "attribute":
        table = _pairs({cell: number for cell, number in cells[key].items() if not isinstance(cell, int)})
        rests_on = [(column, 1) for column in cells[key].values()]
        yield Measure("values agree", of, table, measures.observed, rests_on)
        if of in layer.attributes and layer.attributes[of].type in CLOSED:
            yield Measure("values, kappa", of, table, measures.kappa, rests_on)
    elif name.startswith("tokens"):
        values = {cell: number for cell, number in cells["tokens",].items() if not isinstance(cell, int)}
        if name == "tokens, alpha":
            yield Measure(name, of, _coincidences(values), measures.alpha, [(c, 1) for c in values.values()])
        else:
            rests_on = [(c, len(cell) * (len(cell) - 1) // 2) for cell, c in values.items()]
            yield Measure(name, of, _pairs(values), measures.kappa, rests_on)
    else:
        yield _f1(name, of, cells)


def _f1(name: str, of: str, cells: Cells) -> Measure:
    counted, credit = SUMS.get(name, (name, None))
    summed = [found for key, found in cells.items() if key[0] == counted and (not of or key[1] == of)]
    columns = [[found[cell] for found in summed if cell in found] for cell in range(3)]
    if credit:
        columns[0] = list(cells.get(credit, {}).values())

    def arrange(counts: Numbers) -> Numbers:
        return np.stack([counts[..., some].sum(axis=-1) for some in columns], axis=-1)

    return Measure(name, of, arrange, measures.f1, [(c, 1) for c in (*columns[1], *columns[2])])


def _chains(name: str, of: str, cells: Sequence[Mapping[Cell, int]], formula: Step) -> Measure:
    columns = np.array([[one[cell] for cell in range(4)] for one in cells])
    columns = columns[0] if len(cells) == 1 else columns

    def arrange(counts: Numbers) -> Numbers:
        found: Numbers = counts[..., columns]
        return found

    return Measure(name, of, arrange, formula, [(cells[0][1], 1), (cells[0][3], 1)])


def _pairs(cells: Mapping[tuple[str, ...], int]) -> Step:
    """Tables of what two annotators said, from what all said: every pair of them counts."""
    at = _places(cells)

    def arrange(counts: Numbers) -> Numbers:
        table = np.zeros((*counts.shape[:-1], len(at), len(at)))
        for values, column in cells.items():
            for one, other in combinations(values, 2):
                table[..., at[one], at[other]] += counts[..., column]
        return table

    return arrange


def _coincidences(cells: Mapping[tuple[str, ...], int]) -> Step:
    """Tables of coincidences, from what all annotators said."""
    at = _places(cells)

    def arrange(counts: Numbers) -> Numbers:
        table = np.zeros((*counts.shape[:-1], len(at), len(at)))
        for values, column in sorted(cells.items()):
            each = measures.coincidences([at[v] for v in values], len(at))
            for one, other in np.argwhere(each):
                table[..., one, other] += counts[..., column] * each[one, other]
        return table

    return arrange


def _places(cells: Mapping[tuple[str, ...], int]) -> dict[str, int]:
    return {name: number for number, name in enumerate(sorted({name for values in cells for name in values}))}


def why_undefined(measure: Measure) -> str:
    """Why a measure has no value."""
    if "kappa" in measure.name or "alpha" in measure.name:
        return "only one value occurs, so chance alone explains all agreement"
    if measure.name in ("MUC", "CoNLL"):
        return "no chain has two members"
    return "no pass has any"
