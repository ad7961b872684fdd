"""One document with all that is known of it, which lives as long as the document is worked on."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from krisc.model import AnnotationFile, DocumentRecord, Sources
from krisc.spans import Stretch
from krisc.tokens import token_arrays

if TYPE_CHECKING:
    from krisc.index import Entry
    from krisc.tokens import Offsets


@dataclass(frozen=True)
class Parts:
    """The bytes of what is known of a document; annotations and sources with the name of their file."""

    record: bytes
    text_name: str
    text: bytes
    gold: tuple[str, bytes] | None
    passes: tuple[tuple[str, bytes], ...]
    sources: tuple[str, bytes] | None


@dataclass(frozen=True)
class Opened:
    """A document whose metadata and text are read, and whose annotation is not."""

    entry: Entry
    parts: Parts
    record: DocumentRecord
    text: str


@dataclass(frozen=True)
class Document:
    """One document with all that is known of it.

    ``line`` is that of its metadata; ``names`` are the files of its passes.
    """

    record: DocumentRecord
    line: int
    data: bytes
    text: str
    gold: AnnotationFile | None
    passes: tuple[AnnotationFile, ...]
    sources: Sources | None = None
    names: tuple[str, ...] = ()

    @cached_property
    def current(self) -> tuple[AnnotationFile, ...]:
        """The passes by the newest version of the guidelines that any pass had: those that are compared and merged."""
        newest = max((version_key(one.guidelines) for one in self.passes), default=())
        return tuple(one for one in self.passes if version_key(one.guidelines) == newest)

    @cached_property
    def token_arrays(self) -> Offsets:
        """Starts and ends of the tokens of the whole text, in code points, as arrays."""
        return token_arrays(self.text)

    @cached_property
    def tokens(self) -> tuple[list[int], list[int]]:
        """The same as lists."""
        starts, ends = self.token_arrays
        return starts.tolist(), ends.tolist()

    def tokens_in(self, unit: Stretch) -> tuple[int, int]:
        """The tokens of a unit as a half-open range of their numbers; units fall on token boundaries."""
        return bisect_left(self.tokens[0], unit[0]), bisect_left(self.tokens[0], unit[1])


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """What versions are ordered by: number by number, so that 0.10 comes after 0.9; words come before numbers."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in version.split("."))
