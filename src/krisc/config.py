"""What ``dataset/corpus.toml`` declares of a corpus: its name, how it is cited, split, balanced and counted."""

from __future__ import annotations

import msgspec


class Licences(msgspec.Struct, frozen=True):
    """SPDX ids, or words where there is none."""

    annotations: str
    texts: str
    code: str


class Citation(msgspec.Struct, frozen=True):
    """How the corpus wants to be cited; ``released`` is the date of the release."""

    authors: tuple[str, ...]
    released: str
    keywords: tuple[str, ...]
    doi: str = ""


class Expected(msgspec.Struct, frozen=True):
    """Counts a release must reach (``min``) and those above which it warns (``max``)."""

    min: int | None = None
    max: int | None = None


class Balance(msgspec.Struct, frozen=True):
    """What ``krisc split`` balances: the labels of ``layers``; those with ``minimum`` instances occur in ``splits``."""

    layers: tuple[str, ...]
    minimum: int
    splits: tuple[str, ...]


class Responsible(msgspec.Struct, frozen=True):
    """What only its makers can say of a corpus, in sentences: what it is for and not for, and what to be careful of."""

    uses: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    biases: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    impact: str = ""
    maintenance: str = ""


class Config(msgspec.Struct, frozen=True):
    """``dataset/corpus.toml``: the identity of the corpus."""

    name: str
    title: str
    version: str
    description: str
    guidelines: str
    homepage: str
    languages: tuple[str, ...]
    licences: Licences
    citation: Citation
    splits: dict[str, float]
    expected: dict[str, Expected] = {}
    seed: int = 0
    near_duplicates: float | None = None
    balance: Balance | None = None
    plots: bool = False
    responsible: Responsible = Responsible()
