"""The facts that every metadata format is made from, gathered in one place from the configuration and the figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from krisc.citing import Cited, apa, bibtex, cited, content_hash
from krisc.facts import Facts, FileFacts
from krisc.store import Corpus
from krisc.tables import Table, tables

MEDIA_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".md": "text/markdown",
    ".json": "application/json",
    ".toml": "application/toml",
    ".svg": "image/svg+xml",
    ".cff": "application/yaml",
}


@dataclass(frozen=True)
class Licence:
    """What a licence is of, and which it is; ``url`` is "" where it is words and no SPDX id."""

    of: str
    name: str

    @property
    def url(self) -> str:
        """The page of SPDX on it."""
        return f"https://spdx.org/licenses/{self.name}.html" if re.fullmatch(r"[A-Za-z0-9.+-]+", self.name) else ""


@dataclass(frozen=True)
class Described:
    """A release, as all metadata formats describe it.

    ``covered`` is a range of years in ISO 8601, or ""; ``content`` the one hash of all rows; ``uniform`` whether all
    texts have the licence of the annotations; ``files`` those written so far, ``declared`` the tables that have rows.
    """

    cited: Cited
    description: str
    keywords: tuple[str, ...]
    languages: tuple[str, ...]
    licences: tuple[Licence, ...]
    uniform: bool
    covered: str
    content: str
    bibtex: str
    apa: str
    files: Mapping[str, FileFacts]
    declared: Mapping[str, Table]
    program: str
    documents: int

    @property
    def identifier(self) -> str:
        """The hash of the rows as an identifier: what two releases with the same rows have in common."""
        return f"sha256:{self.content}"


def described(corpus: Corpus, facts: Facts) -> Described:
    """The facts of a release that is being written."""
    config = corpus.config
    of = cited(config)
    texts = [Licence(f"{number} text(s)", rights) for rights, number in sorted(facts.rights.items())]
    years = sorted(facts.years)
    declared = tables(corpus.layers)
    return Described(
        cited=of,
        description=config.description,
        keywords=config.citation.keywords,
        languages=tuple(sorted(facts.languages)),
        licences=(Licence("annotations", config.licences.annotations), *texts),
        uniform={one.name for one in texts} <= {config.licences.annotations},
        covered="/".join(dict.fromkeys((years[0], years[-1]))) if years else "",
        content=content_hash(facts),
        bibtex=bibtex(of),
        apa=apa(of),
        files=dict(facts.files),
        declared={name: declared[name] for name in facts.tables},
        program=facts.written_with.get("program", "krisc"),
        documents=facts.documents,
    )


def media_type(name: str) -> str:
    """The media type of a file of a release, by its ending."""
    return next((type_ for ending, type_ in MEDIA_TYPES.items() if name.endswith(ending)), "text/plain")
