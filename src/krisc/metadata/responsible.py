"""The responsible-AI properties of Croissant: those that are computed, and what the corpus's makers say of it.

Their words stand in a template that anybody can read; what this module adds is counting and cutting it into properties.
"""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources

import jinja2

from krisc.config import Config
from krisc.facts import Facts
from krisc.tables import DECIDED

TEMPLATE = "responsible.txt.jinja"


def responsible(config: Config, facts: Facts) -> dict[str, str | list[str]]:
    """The properties by their names in the vocabulary, without those of which nothing is known."""
    said = config.responsible
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: re.sub(r"\s*\n\s*", " ", value) if isinstance(value, str) else value,
        autoescape=False,  # noqa: S701 - plain text, which becomes JSON
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    documents = Counter(path.rpartition("/")[2] for path in facts.passes)
    text = environment.from_string(
        resources.files("krisc").joinpath("templates", TEMPLATE).read_text(encoding="utf-8")
    ).render(
        facts=facts,
        said=said,
        passes_per_document=dict(sorted(Counter(documents.values()).items())),
        decided={way: sum(one.decided.get(way, 0) for one in facts.layers.values()) for way in DECIDED},
    )
    made = properties(text)
    if said.impact:
        made["dataSocialImpact"] = _oneline(said.impact)
    made["dataReleaseMaintenancePlan"] = _oneline(f"{said.maintenance} {made['dataReleaseMaintenancePlan']}")
    return made


def properties(text: str) -> dict[str, str | list[str]]:
    """A rendered template as properties; repeated texts of one property are there once."""
    made: dict[str, str | list[str]] = {}
    for part in re.split(r"^(?=\[\w+\*?\]$)", text, flags=re.MULTILINE):
        head, _, body = part.strip().partition("\n")
        if not body.strip():
            continue
        name = head.strip("[]*")
        if head.endswith("*]"):
            made[name] = list(
                dict.fromkeys(_oneline(one) for one in re.split(r"^- ", body, flags=re.MULTILINE) if one.strip())
            )
        else:
            made[name] = _oneline(body)
    return made


def _oneline(text: str) -> str:
    """The text in one line, with a space before nothing but words: blanks of a template are not kept."""
    return re.sub(r" (?=[,.;)])", "", " ".join(text.split()))
