"""From passes to gold: what all agree on is taken, the rest becomes conflicts that somebody decides, one by one.

A conflict is known by what its options say, so a decision holds as long as they do, whatever else changes; a decision
whose conflict is gone is kept as ``superseded``. The gold is worked out from passes, decisions and reviews alone, so
it can be worked out again at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, product
from string import ascii_uppercase
from typing import cast

import msgspec

from krisc import author
from krisc.decisions import Conflict, Decisions, path_of, read_decisions
from krisc.document import Document
from krisc.findings import Finding, KriscError, Place
from krisc.layers import Layer, Layers
from krisc.matching import Group, anchor, content, context, groups
from krisc.model import Annotation, AnnotationFile
from krisc.reviews import Review, carried_out, read_reviews, told_lapsed
from krisc.store import Corpus


@dataclass
class Adjudicated:
    """What passes and decisions come to: the decisions file as it should be, and the gold when nothing is open.

    ``gold`` has what people reviewed since. ``findings`` are about decisions that cannot be carried out and conflicts
    that nobody has decided; ``lapsed`` are the lines of reviews that cannot be carried out any more.
    """

    decisions: Decisions
    gold: AnnotationFile
    agreed: int = 0
    single: int = 0
    findings: list[Finding] = field(default_factory=list)
    lapsed: list[int] = field(default_factory=list)


def adjudicate(
    corpus: Corpus, document: Document, given: Decisions | None = None, reviewed: Sequence[Review] | None = None
) -> Adjudicated:
    """Merge the passes over a document by the decisions that there are, and carry out the reviews.

    Args:
        corpus: the corpus.
        document: a document with two or more passes by the newest guidelines, all without errors.
        given: the decisions; without them, those of the document's decisions file.
        reviewed: the reviews; without them, those of the document's file.

    Raises:
        KriscError: the decisions or the reviews are malformed.
    """
    name = document.record.id
    made = _Merge(corpus, document, given or read_decisions(corpus, name)).run()
    made.gold, made.lapsed = carried_out(made.gold, read_reviews(corpus, name) if reviewed is None else reviewed)
    return made


class _Merge:
    def __init__(self, corpus: Corpus, document: Document, old: Decisions | None) -> None:
        self.corpus, self.document = corpus, document
        self.layers: Layers = corpus.layers
        self.passes = document.current
        self.letters = dict(zip(_letters(), (one.annotator for one in self.passes), strict=False))
        self.old = {c.id: c for c in (*old.superseded, *old.conflicts)} if old else {}
        self.file = corpus.name(path_of(corpus, document.record.id))
        self.found = groups(self.passes, self.layers)
        self.names: list[dict[str, str]] = [{} for _ in self.passes]  # of each pass: annotation to group
        self.by_id = [{a.id: a for listed in one.layers.values() for a in listed} for one in self.passes]
        self.words: list[dict[str, str]] = [  # of each pass: annotation to what it stands on
            {id_: f"{a.label} {anchor(a.anchor)}" for id_, a in known.items()} for known in self.by_id
        ]
        for group in (g for listed in self.found.values() for g in listed):
            for number, option in enumerate(group.options):
                if option is not None:
                    self.names[number][option.id] = group.name
        self.given: set[str] = set()  # names that annotations of the gold have
        self.taken = {g.name for listed in self.found.values() for g in listed}
        self.conflicts: list[Conflict] = []
        self.findings: list[Finding] = []
        self.became: list[dict[str, str]] = [{} for _ in self.passes]  # of each pass: annotation to gold id
        self.kept: dict[str, list[tuple[int, Annotation, str, dict[str, object]]]] = {}
        self.made: dict[str, list[Annotation]] = {}

    def run(self) -> Adjudicated:
        """Group by group, what becomes of it; then the references between what was kept."""
        agreed = single = 0
        for name, listed in self.found.items():
            layer = self.layers[name]
            present = [n for n, one in enumerate(self.passes) if name in one.layers]
            self.kept[name], self.made[name] = [], []
            for group in listed:
                if len(present) == 1:
                    single += 1
                    self._keep(group, present[0], {"by": (self.passes[present[0]].annotator,), "decided": "single"})
                elif group.agreed:
                    agreed += 1
                    by = tuple(self.passes[n].annotator for n in present)
                    self._keep(group, present[0], {"by": by, "decided": "agreed"})
                else:
                    self._decide(group, layer)
        gold = AnnotationFile(
            document=self.document.record.id,
            sha256=self.document.record.sha256,
            guidelines=self.passes[0].guidelines,
            layers={name: tuple(self._gold_layer(name)) for name in self.kept},
            schema="../../schema/gold.schema.json",
        )
        now = {c.id for c in self.conflicts}
        gone = tuple(c for c in self.old.values() if c.id not in now and c.decide)
        decisions = Decisions(self.document.record.id, self.letters, tuple(self.conflicts), gone)
        return Adjudicated(decisions, gold, agreed, single, self.findings)

    def _keep(self, group: Group, number: int, credit: dict[str, object], same: Sequence[int] = ()) -> None:
        """Take the option of a pass that has one, as passes in ``same`` have it too; references to theirs go to it.

        Of several options that are taken, the first is what the rest becomes.
        """
        option = cast("Annotation", group.options[number])
        name = self._fresh(group.name) if group.name in self.given else group.name
        self.given.add(name)
        self.kept[group.layer].append((number, option, name, credit))
        for other, one in enumerate(group.options):
            if one is not None and (other == number or other in same):
                self.became[other][one.id] = name
            elif one is not None:
                self.became[other].setdefault(one.id, name)

    def _fresh(self, name: str) -> str:
        number = 2
        while f"{name}.{number}" in self.taken:
            number += 1
        self.taken.add(f"{name}.{number}")
        return f"{name}.{number}"

    def _decide(self, group: Group, layer: Layer) -> None:
        """Put a conflict on the list, and carry out its decision if it has one."""
        conflict = self._conflict(group, layer)
        self.conflicts.append(conflict)
        place = Place(self.file, pointer=f"/conflicts/{len(self.conflicts) - 1}/decide")
        data: dict[str, object] = {"name": conflict.id, "layer": layer.name, "context": conflict.context}
        if not conflict.decide:
            self.findings.append(Finding("conflict-unresolved", place, data, self.document.record.id))
            return
        try:
            self._carry_out(conflict, group, layer)
        except ValueError as error:
            data["problem"] = str(error)
            self.findings.append(Finding("decision-incomplete", place, data, self.document.record.id))

    def _said(self, group: Group, layer: Layer) -> dict[str, object]:
        """What each option says, by the letter of its pass; ids and notes are no part of it."""
        return {
            letter: _stable(content(option, layer, self.words[number]))
            for number, (letter, option) in enumerate(zip(self.letters, group.options, strict=True))
            if option is not None
        }

    def _conflict(self, group: Group, layer: Layer) -> Conflict:
        said = self._said(group, layer)
        digest = hashlib.sha256(json.dumps([layer.name, said]).encode()).hexdigest()
        id_ = f"{layer.name}-{digest[:10]}"
        if again := sum(c.id.startswith(id_) for c in self.conflicts):
            id_ = f"{id_}.{again + 1}"
        options = {
            letter: author.line(self._renamed(option, number, layer, self.names[number]), layer, self.document.text)
            for number, (letter, option) in enumerate(zip(self.letters, group.options, strict=True))
            if option is not None
        }
        known = self.old.get(id_)
        number, first = next((n, a) for n, a in enumerate(group.options) if a is not None)
        shown = context(self.document.text, first, self.by_id[number])
        fresh = Conflict(id_, layer.name, shown, options)
        if known is None:
            return fresh
        return msgspec.structs.replace(fresh, decide=known.decide, new=known.new, by=known.by, reason=known.reason)

    def _carry_out(self, conflict: Conflict, group: Group, layer: Layer) -> None:
        """Keep what a decision keeps.

        Raises:
            ValueError: the decision is not complete, in words.
        """
        if not conflict.by or not conflict.reason:
            raise ValueError("it does not say who decided (by) and why (reason)")
        if conflict.by not in self.corpus.annotators:
            raise ValueError(f"{conflict.by} is not in annotations/annotators.toml")
        words = f"{conflict.id}: {conflict.decide}, by {conflict.by}: {conflict.reason}"
        credit: dict[str, object] = {"decided": "adjudicated", "decision": words}
        if conflict.decide == "new":
            self._new(conflict, group, layer, {**credit, "by": (conflict.by,)})
            return
        letters = {"both": list(conflict.options), "neither": []}.get(conflict.decide, conflict.decide.split("+"))
        if absent := [letter for letter in letters if letter not in conflict.options]:
            raise ValueError(f"there is no option {', '.join(absent)}")
        said, numbers = self._said(group, layer), {letter: n for n, letter in enumerate(self.letters)}
        taken: list[object] = []
        for letter in letters:
            if said[letter] not in taken:  # what several passes say alike stands in the gold once
                taken.append(said[letter])
                same = [other for other in said if said[other] == said[letter]]
                by = tuple(self.letters[other] for other in same)
                self._keep(group, numbers[letter], {**credit, "by": by}, [numbers[other] for other in same])
        if not letters:
            for number, option in enumerate(group.options):
                if option is not None:
                    self.became[number][option.id] = ""

    def _new(self, conflict: Conflict, group: Group, layer: Layer, credit: dict[str, object]) -> None:
        """Take annotations that the decision itself brings; their references are to ids of the gold."""
        parsed = author.parse(f"[{layer.name}]\n{conflict.new}", self.file, self.document.text, self.layers)
        if parsed.findings:
            raise ValueError(f"new cannot be read: {parsed.findings[0].message}")
        listed = parsed.layers[layer.name]
        if not listed:
            raise ValueError("new holds no annotation")
        for number, a in enumerate(listed):
            name = group.name if not number else self._fresh(group.name)
            self.made[layer.name].append(msgspec.structs.replace(a, id=name, **credit))
        for number, option in enumerate(group.options):
            if option is not None:
                self.became[number][option.id] = group.name

    def _gold_layer(self, name: str) -> Iterator[Annotation]:
        layer = self.layers[name]
        for number, option, id_, credit in self.kept[name]:
            renamed = self._renamed(option, number, layer, self.became[number])
            if layer.kind != "chain" or renamed.members:
                yield msgspec.structs.replace(renamed, id=id_, **credit)
        yield from self.made[name]

    def _renamed(self, a: Annotation, number: int, layer: Layer, names: Mapping[str, str]) -> Annotation:
        """The annotation with its references by other names; a reference to what was left out is left out too."""
        arguments = [
            msgspec.structs.replace(g, target=names[g.target]) if g.target else g
            for g in a.arguments
            if not g.target or names.get(g.target)
        ]
        attributes = {
            key: names[str(value)] if layer.attributes[key].type == "reference" and str(value) in names else value
            for key, value in a.attributes.items()
        }
        members = [names[m] for m in a.members if names.get(m)]
        return msgspec.structs.replace(
            a,
            id=self.names[number][a.id],
            arguments=tuple(dict.fromkeys(arguments)),
            attributes={key: value for key, value in attributes.items() if value != ""},
            members=tuple(dict.fromkeys(members)),
        )


def _letters() -> Iterator[str]:
    """A to Z, then AA to ZZ: more than there are passes over a document."""
    return map("".join, chain(product(ascii_uppercase), product(ascii_uppercase, repeat=2)))


def _stable(value: object) -> object:
    """A value that has sets in it as one that JSON writes the same every time."""
    if isinstance(value, frozenset):
        return sorted((_stable(one) for one in value), key=json.dumps)
    return [_stable(one) for one in value] if isinstance(value, tuple) else value


def annotators_of(corpus: Corpus, document: Document) -> set[str]:
    """Ids of those who made the passes over a document, the decisions between them, and corrections since."""
    decisions = read_decisions(corpus, document.record.id)
    deciders = {c.by for c in (*decisions.conflicts, *decisions.superseded)} if decisions else set()
    reviewers = {one.by for one in read_reviews(corpus, document.record.id)}
    return deciders | reviewers | {one.annotator for one in document.current}


def outdated(corpus: Corpus, document: Document) -> Iterator[Finding]:
    """Findings about the adjudication of a document with two or more passes: open conflicts, or gold of another making.

    A malformed decisions file gives its findings.
    """
    try:
        result = adjudicate(corpus, document)
    except KriscError as error:
        yield from error.findings
        return
    yield from result.findings
    if not result.findings and document.gold is not None:
        name = document.record.id
        yield from told_lapsed(corpus, name, read_reviews(corpus, name), result.lapsed)
        if _by_id(result.gold) != _by_id(document.gold):
            place = Place(corpus.name(corpus.gold_path(name)))
            yield Finding("gold-outdated", place, {"name": name}, name)


def _by_id(file: AnnotationFile) -> dict[str, dict[str, Annotation]]:
    return {
        name: {a.id: msgspec.structs.replace(a, members=tuple(sorted(a.members))) for a in listed}
        for name, listed in file.layers.items()
    }
