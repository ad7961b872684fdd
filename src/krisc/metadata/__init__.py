"""Metadata of a release for machines, in the formats that catalogues and archives read, all from the same facts.

``described`` gathers the facts; each format is a function of them. schema.org's Dataset has no file of its own: it is
what ``croissant.json`` says, which is schema.org in JSON-LD.
"""

from __future__ import annotations

import json
from typing import Any

from krisc.facts import Facts
from krisc.metadata.crate import crate
from krisc.metadata.croissant import croissant as _croissant
from krisc.metadata.datapackage import datapackage
from krisc.metadata.described import described
from krisc.metadata.records import datacite as _datacite
from krisc.metadata.records import zenodo as _zenodo
from krisc.store import Corpus


def croissant(corpus: Corpus, facts: Facts) -> str:
    """``croissant.json``."""
    return _written(_croissant(described(corpus, facts), corpus.config, facts))


def datacite(corpus: Corpus, facts: Facts) -> str:
    """``datacite.json``."""
    return _written(_datacite(described(corpus, facts)))


def zenodo(corpus: Corpus, facts: Facts) -> str:
    """``.zenodo.json``."""
    return _written(_zenodo(described(corpus, facts)))


def frictionless(corpus: Corpus, facts: Facts) -> str:
    """``datapackage.json``."""
    return _written(datapackage(described(corpus, facts), facts))


def ro_crate(corpus: Corpus, facts: Facts) -> str:
    """``ro-crate-metadata.json``; it lists every file, so it is made last."""
    return _written(crate(described(corpus, facts), facts))


def _written(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
