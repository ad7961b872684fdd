"""What a check says: findings, and the catalogue (``findings.toml``) that holds their words.

The first module of the flow: everything else may raise or yield findings, only the command line prints them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

LEVELS = ("form", "reference", "meaning", "release")


@dataclass(frozen=True, slots=True)
class Kind:
    """One entry of the catalogue: what is the same for all findings with this id."""

    id: str
    level: str
    severity: str
    title: str
    message: str
    expected: str
    mend: str
    explain: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is: a file, and in it a JSON pointer or a stretch ``[start, end)`` of code points.

    ``line`` and ``column`` count from 1, in code points; they are filled in when the place is shown. ``record`` is the
    line of a JSON Lines file that the pointer starts from.
    """

    file: str
    pointer: str | None = None
    start: int | None = None
    end: int | None = None
    record: int | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: which kind, where, and the facts that fill the kind's sentences."""

    id: str
    place: Place
    data: Mapping[str, object] = field(default_factory=dict)
    document: str = ""
    annotation: str = ""
    related: tuple[Place, ...] = ()

    @property
    def kind(self) -> Kind:
        """The catalogue entry of this finding."""
        return catalogue()[self.id]

    @property
    def severity(self) -> str:
        """``error`` (blocks compiling) or ``warning``."""
        return self.kind.severity

    @property
    def message(self) -> str:
        """What was found."""
        return self.kind.message.format_map(self.data)

    @property
    def expected(self) -> str:
        """What was expected."""
        return self.kind.expected.format_map(self.data)

    @property
    def mend(self) -> str:
        """How to mend it."""
        return self.kind.mend.format_map(self.data)


class KriscError(Exception):
    """Input that cannot be worked with; carries the findings that say why."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{f.id}: {f.message}" for f in self.findings))

    def __reduce__(self) -> tuple[type[KriscError], tuple[tuple[Finding, ...]]]:
        """It travels between processes as its findings; by default it would be made anew from its words."""
        return type(self), (self.findings,)


@cache
def catalogue() -> dict[str, Kind]:
    """All kinds of finding by id, in the order of ``findings.toml``."""
    data = tomllib.loads(resources.files("krisc").joinpath("findings.toml").read_text(encoding="utf-8"))
    return {name: Kind(id=name, **entry) for name, entry in data.items()}


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the nearest known one, and all there are.

    Returns a sentence part such as ``did you mean PERSON? known: GPE, PERSON``.
    """
    import difflib  # noqa: PLC0415 - only needed when something is wrong

    names = sorted(known)
    folded = {n.casefold(): n for n in names}
    match = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    hint = f"did you mean {folded[match[0]]}? " if match else ""
    return f"{hint}known: {', '.join(names) or 'none'}"
