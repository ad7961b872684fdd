"""``ro-crate-metadata.json``: the release as a Research Object Crate 1.1, with how it was made.

Specification: w3id.org/ro/crate/1.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from krisc.facts import Facts
from krisc.metadata.described import Described, media_type

VERSION = "https://w3id.org/ro/crate/1.1"
# These are written after the crate, and hold what it would have to hold of itself.
LATER = {"release.json": "Every figure and hash of the release.", "SHA256SUMS": "The SHA-256 of every file."}
Json = dict[str, Any]


def crate(of: Described, facts: Facts) -> Json:
    """The crate: the folder, every file in it, who made it, under which licences, and by which program."""
    names = [*of.files, *LATER]
    authors = [{"@id": f"#author-{number}"} for number, _ in enumerate(of.cited.authors, 1)]
    licences = list(_licences(of))
    root: Json = {
        "@id": "./",
        "@type": "Dataset",
        "name": of.cited.title,
        "description": of.description,
        "version": of.cited.version,
        "datePublished": of.cited.released,
        "identifier": of.identifier,
        "keywords": ", ".join(of.keywords),
        "inLanguage": list(of.languages),
        "license": [{"@id": one["@id"]} for one in licences],
        "author": authors,
        "creditText": of.apa,
        "mentions": {"@id": "#compilation"},
        "hasPart": [{"@id": quote(name)} for name in names],
    }
    if of.covered:
        root["temporalCoverage"] = of.covered
    if of.cited.address:
        root["url"] = of.cited.address
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": VERSION},
        "about": {"@id": "./"},
    }
    people = [
        {"@id": one["@id"], "@type": "Organization", "name": name}
        for one, name in zip(authors, of.cited.authors, strict=True)
    ]
    graph = [descriptor, root, *_files(of, names), *people, *licences, *_making(of, facts)]
    return {"@context": f"{VERSION}/context", "@graph": graph}


def _files(of: Described, names: list[str]) -> Iterator[Json]:
    for name in names:
        made = {"@id": quote(name), "@type": "File", "name": name, "encodingFormat": media_type(name)}
        if name in of.files:
            made |= {"contentSize": str(of.files[name].bytes), "sha256": of.files[name].sha256}
        table = of.declared.get(name.partition("/")[0])
        if table or name in LATER:
            made["description"] = table.description if table else LATER[name]
        yield made


def _licences(of: Described) -> Iterator[Json]:
    """Each licence once, with what it is of; one that is words only has an id in the crate."""
    seen: dict[str, Json] = {}
    for number, one in enumerate(of.licences, 1):
        made = seen.setdefault(
            one.name,
            {"@id": one.url or f"#rights-{number}", "@type": "CreativeWork", "name": one.name, "description": ""},
        )
        made["description"] = ", ".join(filter(None, (made["description"], one.of)))
    yield from seen.values()


def _making(of: Described, facts: Facts) -> Iterator[Json]:
    """The compilation as an action, and the program that did it; its inputs, with hashes, are in release.json."""
    yield {
        "@id": "#compilation",
        "@type": "CreateAction",
        "name": f"Compilation of {of.cited.name} {of.cited.version}",
        "description": f"From {len(facts.inputs)} authored files, whose hashes stand in release.json under inputs.",
        "instrument": {"@id": "#program"},
        "result": {"@id": "./"},
    }
    name, _, version = of.program.partition(" ")
    yield {
        "@id": "#program",
        "@type": "SoftwareApplication",
        "name": name,
        "version": version,
        "softwareRequirements": facts.written_with["parquet"],
    }
