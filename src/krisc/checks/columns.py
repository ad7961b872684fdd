"""An annotation file as columns, which are quick to look over: most files are as they should be.

The file has the form that its layers ask for: fields by the kind of the layer, and labels and roles that exist.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, repeat

from krisc.checks.rules import MEMBER, LayerRules, Rules
from krisc.model import Annotation, AnnotationFile, Argument, Segment
from krisc.spans import Stretch

NOWHERE = -1  # the place of what is not in the file


class Part:
    """The annotations of one layer.

    ``begin`` is the place of the first one among the annotations of the file; ``kinds`` are labels as layer/LABEL.
    ``roles`` are those of all arguments. ``starts`` and ``ends`` are of the segments of annotations and then of
    arguments; ``first`` and ``last`` are the first and last offset of each annotation, when its segments are in order,
    and empty when one has no segment.
    """

    __slots__ = ("begin", "ends", "first", "kinds", "last", "layer", "listed", "roles", "rules", "starts")

    def __init__(self, rules: LayerRules, listed: tuple[Annotation, ...], begin: int) -> None:
        self.rules, self.layer, self.listed, self.begin = rules, rules.layer, listed, begin
        self.kinds = list(map(rules.kinds.get, [a.label for a in listed]))
        self.roles: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.first: list[int] = []
        self.last: list[int] = []

    @property
    def apart(self) -> bool:
        """Whether labels, first and last offsets tell all annotations apart; often the first do."""
        return len(set(self.first)) == len(self.kinds) or len(
            set(zip(self.kinds, self.first, self.last, strict=False))
        ) == len(self.kinds)

    def hulls(self, kinds: Collection[str]) -> list[Stretch]:
        """First and last offset of the annotations of some kinds."""
        if not self.first:
            return [a.hull for a, kind in zip(self.listed, self.kinds, strict=True) if kind in kinds]
        places = zip(self.kinds, self.first, self.last, strict=True)
        return [(start, end) for kind, start, end in places if kind in kinds]


class Columns:
    """A file, layer after layer.

    ``place`` is the place of each annotation by its id (of duplicates, of one). ``owners``, ``names`` and ``targets``
    are all references: the place of what refers, by which name, and the place of what it refers to. First come
    arguments by their roles (``words`` of them are words of the text and go NOWHERE), of which there are ``filled``,
    then members of chains, then attributes. ``several`` are lists with more than one segment.
    """

    def __init__(self, rules: Rules, file: AnnotationFile) -> None:
        self.parts: list[Part] = []
        self.annotations: list[Annotation] = []
        self.segments: list[Segment] = []
        self.several: list[Sequence[Segment]] = []
        self.owners: list[int] = []
        self.names: list[str] = []
        ids: list[str] = []
        for name, one in rules.layers.items():
            if listed := file.layers.get(name):
                part = Part(one, listed, len(self.annotations))
                self.parts.append(part)
                self.annotations += listed
                kind = part.layer.kind
                if kind == "span":
                    self._anchors(part, [a.segments for a in listed])
                elif kind == "event":
                    self._anchors(part, [a.trigger for a in listed])
                if kind in ("event", "relation"):
                    ids += self._arguments(part, [a.arguments for a in listed])
        self.filled, self.words = len(ids), ids.count("")
        for part in self.parts:
            if part.layer.kind == "chain":
                ids += self._members(part, [a.members for a in part.listed])
            if part.rules.references:
                ids += self._attributes(part)
        self.place = dict(zip([a.id for a in self.annotations], range(len(self.annotations)), strict=True))
        self.targets = list(map(self.place.get, ids, repeat(NOWHERE)))

    def _anchors(self, part: Part, lists: list[tuple[Segment, ...]]) -> None:
        """The segments that annotations stand on; mostly one each."""
        segments = list(chain.from_iterable(lists))
        part.starts, part.ends = [s.start for s in segments], [s.end for s in segments]
        self.segments += segments
        if len(segments) == len(lists) and all(lists):
            part.first, part.last = part.starts, part.ends
            return
        self.several += lists
        if all(lists):
            part.first, part.last = [one[0].start for one in lists], [one[-1].end for one in lists]

    def _arguments(self, part: Part, lists: list[tuple[Argument, ...]]) -> list[str]:
        arguments = list(chain.from_iterable(lists))
        part.roles = [g.role for g in arguments]
        self.owners += _owners(part, lists)
        self.names += part.roles
        if words := [g.segments for g in arguments if g.segments]:
            segments = list(chain.from_iterable(words))
            part.starts = part.starts + [s.start for s in segments]
            part.ends = part.ends + [s.end for s in segments]
            self.segments += segments
            if len(segments) > len(words):
                self.several += words
        return [g.target for g in arguments]

    def _members(self, part: Part, lists: list[tuple[str, ...]]) -> list[str]:
        members = list(chain.from_iterable(lists))
        self.owners += _owners(part, lists)
        self.names += repeat(MEMBER, len(members))
        return members

    def _attributes(self, part: Part) -> Iterable[str]:
        """Attributes that refer to annotations, and not by a keyword."""
        for own, a in enumerate(part.listed, start=part.begin):
            for name, attribute in part.rules.references.items():
                value = a.attributes.get(name)
                if isinstance(value, str) and value not in attribute.keywords:
                    self.owners.append(own)
                    self.names.append(name)
                    yield value


def _owners(part: Part, lists: Sequence[Collection[object]]) -> Iterable[int]:
    """The place of an annotation for each thing that it has."""
    return chain.from_iterable(map(repeat, range(part.begin, part.begin + len(lists)), map(len, lists)))
