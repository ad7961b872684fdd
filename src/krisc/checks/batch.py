"""What the checks of one file ask, asked of many files at once: which of them are beyond doubt without a finding.

A file that is in doubt may still be right, and is left to the checks of one file, which say what is wrong. Nothing here
is less strict than they are, together with the JSON Schema of gold: the tests of this module hold it to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from krisc import timex3
from krisc.checks.references import References
from krisc.checks.rules import rules_of
from krisc.checks.vectors import among, crossing, labelled, mixed, odd, overlapping, repeated, true, untrue
from krisc.columns import NOWHERE, Booleans, Filled, Flat, Integers, Part, numbered, registered, sizes
from krisc.lines import Line
from krisc.model import Annotator, RegisterEntry
from krisc.tables import DECIDED

ID = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"  # of an annotation


class Batch:
    """The gold of several documents under check.

    Args:
        line: the texts of the documents.
        table: their files, as Arrow read them.
        flat: their annotations.
        register: the entity register.
        annotators: those that are registered.
    """

    def __init__(
        self,
        line: Line,
        table: pa.Table,
        flat: Flat,
        register: Mapping[str, RegisterEntry],
        annotators: Mapping[str, Annotator],
    ) -> None:
        self.line, self.table, self.flat = line, table, flat
        self.register, self.annotators = register, annotators
        self.rules = rules_of(flat.layers)
        self.doubt = np.zeros(flat.files, bool)
        anchors = flat.anchors
        owners = [flat.owner, *(flat.owner[one.owner[one.words]] for one in flat.arguments.values())]
        self.owner: Integers = np.concatenate(owners)  # the file of every anchor
        self.base = line.base[self.owner]
        self.anchor = np.repeat(np.arange(len(anchors.counts)), anchors.counts)  # of every segment
        shift = self.base[self.anchor]
        self.starts, self.ends = anchors.starts + shift, anchors.ends + shift  # of every segment, on the line
        self.start, self.end = anchors.start + self.base, anchors.end + self.base  # of every anchor

    def sound(self, names: Sequence[str], hashes: Sequence[str]) -> Booleans:
        """Which documents have no finding, beyond doubt.

        Args:
            names: the id of each document.
            hashes: the SHA-256 of the bytes of its text.

        Returns:
            An array of shape ``(documents,)``.
        """
        self._files(names, hashes)
        for name, part in self.flat.parts.items():
            self._form(part)
            self._attributes(part)
            self._provenance(part)
            if name in self.flat.arguments:
                self._arguments(part, self.flat.arguments[name])
            if part.layer.kind == "chain":
                self._chains(part)
        self._segments()
        for part in self.flat.parts.values():
            self._apart(part)
            self._nesting(part)
        self.doubt |= References(self.flat, self.rules).doubt
        self._units()
        return ~self.doubt

    def _mark(self, files: Integers, wrong: Booleans) -> None:
        """Put files in doubt where something is wrong."""
        if wrong.any():
            self.doubt[files[wrong]] = True

    def _of(self, part: Part) -> Integers:
        """The file of each annotation of a layer."""
        return self.flat.owner[part.numbers]

    def _files(self, names: Sequence[str], hashes: Sequence[str]) -> None:
        """The fields of files, their layers, and that no id stands twice."""
        columns = {name: self.table.column(name).combine_chunks() for name in self.table.column_names}
        for name, wanted in (("document", names), ("sha256", hashes)):
            self.doubt |= untrue(pc.equal(columns[name], pa.array(wanted, pa.string())))
        self.doubt |= untrue(pc.not_equal(columns["guidelines"], ""))
        for name in ("guidelines", "$schema"):
            self.doubt |= true(pc.match_substring(columns[name], "\0"))
        self.doubt |= true(pc.or_(columns["annotator"].is_valid(), columns["date"].is_valid()))
        for part in self.flat.parts.values():
            self.doubt |= part.counts < 0
        if not self.flat.unique:
            self.doubt[:] = True

    def _form(self, part: Part) -> None:
        """The fields of annotations that all kinds have, and that lists are there."""
        files, fields = self._of(part), part.fields
        known = fields["id"].unique()
        if fields["id"].null_count or not pc.all(pc.match_substring_regex(known, ID), min_count=0).as_py():
            self._mark(files, untrue(pc.match_substring_regex(fields["id"], ID)))
        self._mark(files, part.codes < 0)
        for field in ("segments", "trigger", "members"):
            if field in fields:
                self._mark(files, sizes(fields[field]) < 1)
        if "arguments" in fields:
            self._mark(files, sizes(fields["arguments"]) < 0)
        for field in ("note", "decision"):
            self._mark(files, odd(fields[field]))

    def _attributes(self, part: Part) -> None:
        """Attributes are those of the label, and of their types."""
        files = self._of(part)
        for name, attribute in part.layer.attributes.items():
            values = part.attributes[name]
            there = true(values.is_valid())
            applies = np.array([*map(attribute.applies_to, part.layer.labels), False])[part.codes]
            self._mark(files, there & ~applies)
            if attribute.required:
                self._mark(files, applies & ~there)
            if attribute.type == "enum":
                self._mark(files, there & (numbered(values, attribute.values) < 0))
            elif attribute.type == "number":
                self._mark(files, ~np.isfinite(np.asarray(values.fill_null(0.0))))
            elif pa.types.is_string(values.type):
                self._mark(files, odd(values))
            if attribute.type == "timex3":
                self._times(part, values)

    def _times(self, part: Part, values: pa.Array) -> None:
        """Values that the grammar of times allows for their labels."""
        for code, label in enumerate(part.layer.labels):
            mine = np.flatnonzero(part.codes == code)
            held = values.take(pa.array(mine))
            wrong = [v for v in held.drop_null().unique().to_pylist() if not timex3.is_value(label, v)]
            if wrong:
                self._mark(self._of(part)[mine], numbered(held, wrong) >= 0)

    def _provenance(self, part: Part) -> None:
        """Who made an annotation is registered, and adjudication has its decision; what is signed off is in doubt."""
        files, fields = self._of(part), part.fields
        by = fields["by"]
        counts = sizes(by)
        self._mark(files, counts < 1)
        owner = np.repeat(np.arange(part.size), np.maximum(counts, 0))
        names = numbered(by.flatten(), list(self.annotators))
        self._mark(files[owner], names < 0)
        if (counts > 1).any():
            self._mark(files[owner], repeated(owner * len(self.annotators) + names))
        self._mark(files, sizes(fields["checked_by"]) > 0)
        decided = numbered(fields["decided"], DECIDED)
        self._mark(files, decided < 0)
        self._mark(files, (decided == DECIDED.index("adjudicated")) != true(fields["decision"].is_valid()))

    def _arguments(self, part: Part, filled: Filled) -> None:
        """Arguments are targets or words, as their roles allow, and none stands twice in an annotation."""
        files, roles = self.flat.owner[filled.owner], part.layer.roles.values()
        words, segments = true(filled.target.is_null()), filled.segments
        text = np.array([*(role.text for role in roles), False])[filled.roles]
        target = np.array([*(bool(role.targets) for role in roles), False])[filled.roles]
        self._mark(files, (filled.roles < 0) | ~np.where(words, text & (sizes(segments) > 0), target))
        self._mark(files, ~words & true(segments.is_valid()))
        self._roles(part, filled)
        fillers = np.stack((filled.roles, *self._identity(filled)))
        self._mark(files, repeated(np.vstack((filled.owner, fillers))))
        if part.layer.kind == "relation":
            sums = np.zeros(part.size, np.uint64)
            np.add.at(sums, filled.owner - part.first, mixed(fillers))
            self._mark(self._of(part), repeated(np.stack((self._of(part), part.codes, sums.view(np.int64)))))

    def _identity(self, filled: Filled) -> tuple[Integers, Integers]:
        """What tells apart what fills roles: the number of a target, the place of words; none is told apart in vain."""
        words = true(filled.target.is_null())
        number = filled.numbers
        return np.where(words, self.flat.anchors.start[number], number), np.where(
            words, self.flat.anchors.end[number], NOWHERE
        )

    def _roles(self, part: Part, filled: Filled) -> None:
        """Roles are filled as often as they declare, and those that a label expects are, if there is no note."""
        roles = part.layer.roles
        there = np.flatnonzero(filled.roles >= 0)
        cells = (filled.owner[there] - part.first) * len(roles) + filled.roles[there]
        counts = np.bincount(cells, minlength=part.size * len(roles)).reshape(part.size, len(roles))
        unnoted = true(part.fields["note"].is_null())
        for number, (name, role) in enumerate(roles.items()):
            mine = counts[:, number]
            expected = [name in label.expected for label in part.layer.labels.values()]
            wrong = (mine < role.min) | ((mine == 0) & unnoted & np.array([*expected, False])[part.codes])
            if role.max is not None:
                wrong |= mine > role.max
            self._mark(self._of(part), wrong)

    def _chains(self, part: Part) -> None:
        """Chains are long enough, share no member with one of their label, and have their entity and its type."""
        files, members = self._of(part), self.flat.members[part.layer.name]
        least = [label.min_members for label in part.layer.labels.values()]
        self._mark(files, members.counts < np.array([*least, 1])[part.codes])
        within = members.owner - part.first
        self._mark(files[within], (members.numbers < 0) | repeated(np.stack((part.codes[within], members.numbers))))
        entity = part.fields["entity"]
        named = true(entity.is_valid())
        asked = [label.register for label in part.layer.labels.values()]
        number = registered(entity, self.register)
        self._mark(files, (named != np.array([*asked, False])[part.codes]) | (named & (number < 0)))
        types = pa.array([*(one.type for one in self.register.values()), ""], pa.string())
        wanted = types.take(pa.array(np.where(number < 0, len(self.register), number)[within]))
        found = self.flat.labels.take(pa.array(np.maximum(members.numbers, 0)))
        self._mark(files[within], named[within] & untrue(pc.equal(wanted, found)))

    def _segments(self) -> None:
        """Segments are in the text and read as their quotes, are tidy, and in order; some must fall on tokens."""
        anchors, files = self.flat.anchors, self.owner[self.anchor]
        length = self.line.lengths[files]
        outside = (anchors.starts < 0) | (anchors.starts >= anchors.ends) | (anchors.ends > length)
        self._mark(files, outside)
        if outside.any():  # what follows looks at something that is there
            self.starts = np.where(outside, self.base[self.anchor], self.starts)
            self.ends = np.where(outside, self.starts + (length > 0), self.ends)
        self._mark(files, untrue(pc.equal(self.line.words(self.starts, self.ends), anchors.quotes)))
        blank = self.line.blank
        self._mark(files, blank[self.starts] | blank[np.maximum(self.ends - 1, 0)])
        same = self.anchor[1:] == self.anchor[:-1]
        self._mark(files[1:], same & (self.starts[1:] < self.ends[:-1]))
        starts, ends = self.line.tokens
        edge = among(starts, self.starts) & among(ends, self.ends)
        self._mark(files, self._bound("token_boundaries")[self.anchor] & ~edge)
        for part in self.flat.parts.values():
            if part.layer.constraints.units:
                units = np.zeros(len(anchors.counts), bool)
                units[part.numbers] = labelled(part, part.layer.constraints.units)
                self._mark(files, units[self.anchor] & ~edge)

    def _bound(self, rule: str) -> Booleans:
        """Of each anchor, whether the constraints of its layer have a rule; words are of the layer that they fill."""
        parts = self.flat.parts.values()
        own = [np.full(part.size, getattr(part.layer.constraints, rule)) for part in parts]
        words = [
            np.full(len(one.words), getattr(one.part.layer.constraints, rule)) for one in self.flat.arguments.values()
        ]
        bound: Booleans = np.concatenate([*own, *words]).astype(bool)
        return bound

    def _apart(self, part: Part) -> None:
        """No two spans or events of a label stand on the same words."""
        if part.layer.kind in ("span", "event"):
            files = self._of(part)
            rows = (part.codes, self.start[part.numbers], self.end[part.numbers])
            self._mark(files, repeated(np.stack((files, *rows))))

    def _nesting(self, part: Part) -> None:
        """Spans of a nested layer do not cross, those of a flat one do not overlap, and neither do units."""
        rules, files = part.layer.constraints, self._of(part)
        start, end = self.start[part.numbers], self.end[part.numbers]
        if rules.nesting == "nested":
            self._mark(files, crossing(start, end))
        elif rules.nesting == "flat":
            self._mark(files, overlapping(start, end))
        if rules.units:
            mine = np.flatnonzero(labelled(part, rules.units))
            self._mark(files[mine], overlapping(start[mine], end[mine]))
        if rules.covers:
            mine = np.flatnonzero(labelled(part, rules.covers))
            change = np.zeros(len(self.line.blank) + 1, np.int64)
            np.add.at(change, np.clip(start[mine], 0, len(change) - 1), 1)
            np.add.at(change, np.clip(end[mine], 0, len(change) - 1), -1)
            bare = np.flatnonzero((np.cumsum(change[:-1]) <= 0) & ~self.line.blank)
            self.doubt[np.searchsorted(self.line.base, bare, side="right") - 1] = True

    def _units(self) -> None:
        """Where layers say so, words lie in one unit, and arguments of a relation in the same."""
        layer = self.rules.unit_layer
        if layer is None:
            return
        part = self.flat.parts[layer.layer.name]
        mine = part.first + np.flatnonzero(labelled(part, layer.layer.constraints.units))
        order = np.lexsort((self.end[mine], self.start[mine]))
        start, end, files = self.start[mine][order], self.end[mine][order], self.flat.owner[mine][order]
        cut = np.zeros(self.flat.files, bool)  # whether a document has units
        cut[files] = True

        def holding(starts: Integers, ends: Integers, owner: Integers) -> Integers:
            at = np.searchsorted(start, starts, side="right") - 1
            if not len(start):
                return np.full(len(starts), NOWHERE)
            held: Integers = np.where((at >= 0) & (ends <= end[at]) & (files[at] == owner), at, NOWHERE)
            return held

        owner = self.owner[self.anchor]
        bound = self._bound("inside_units")[self.anchor] & cut[owner]
        self._mark(owner, bound & (holding(self.starts, self.ends, owner) < 0))
        for name, filled in self.flat.arguments.items():
            one = self.flat.parts[name]
            if one.layer.constraints.same_unit:
                there = np.flatnonzero(true(filled.target.is_valid()) & (filled.numbers >= 0))
                number = filled.numbers[there]
                held = holding(self.start[number], self.end[number], self.owner[number])
                low, high = np.full(one.size, len(start)), np.full(one.size, NOWHERE - 1)
                np.minimum.at(low, filled.owner[there] - one.first, held)
                np.maximum.at(high, filled.owner[there] - one.first, held)
                self._mark(self._of(one), (low < high) & cut[self._of(one)])
