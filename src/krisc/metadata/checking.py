"""Whether the metadata of a release says what its figures say: its version, the hash of its rows, those of files."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from krisc.citing import content_hash
from krisc.facts import Facts
from krisc.findings import Finding, Place

Json = dict[str, Any]
# What each says: its version, the identifiers among which is the hash of the rows, and the SHA-256 of files.
Said = tuple[str, list[str], dict[str, str]]


def _croissant(value: Json) -> Said:
    files = {one["@id"]: one["sha256"] for one in value["distribution"] if "sha256" in one}
    return value["version"], value["identifier"], files


def _crate(value: Json) -> Said:
    [root] = [one for one in value["@graph"] if one["@id"] == "./"]
    files = {unquote(one["@id"]): one["sha256"] for one in value["@graph"] if "sha256" in one}
    return root["version"], [root["identifier"]], files


def _datapackage(value: Json) -> Said:
    files = {one["path"]: one["hash"].removeprefix("sha256:") for one in value["resources"]}
    return value["version"], [value["id"]], files


def _datacite(value: Json) -> Said:
    return value["version"], [one["alternateIdentifier"] for one in value["alternateIdentifiers"]], {}


def _zenodo(value: Json) -> Said:
    return value["version"], value["notes"].split(), {}


FILES: dict[str, Callable[[Json], Said]] = {
    "croissant.json": _croissant,
    "ro-crate-metadata.json": _crate,
    "datapackage.json": _datapackage,
    "datacite.json": _datacite,
    ".zenodo.json": _zenodo,
}


def metadata_findings(folder: Path, facts: Facts, broken: Collection[str]) -> Iterator[Finding]:
    """Findings about metadata that disagrees with the figures; files that are broken or not of the release are let be.

    Args:
        folder: the release.
        facts: its figures.
        broken: files that are known not to be what was released.
    """
    identifier = f"sha256:{content_hash(facts)}"
    for name, read in FILES.items():
        if name not in facts.files or name in broken:
            continue
        place = Place(name)
        try:
            version, identifiers, files = read(json.loads((folder / name).read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError):
            yield Finding(
                "figure-wrong", place, {"what": "what it says", "told": "nothing readable", "found": "a release"}
            )
            continue
        if version != facts.version:
            yield Finding("version-mixed", place, {"what": name, "found": version, "wanted": facts.version})
        if identifier not in identifiers:
            told: dict[str, object] = {"what": "the hash of all rows", "told": "another", "found": identifier[:23]}
            yield Finding("figure-wrong", place, told)
        for file, digest in files.items():
            known = facts.files[file].sha256 if file in facts.files else "none"
            if digest != known:
                told = {"what": f"SHA-256 of {file}", "told": digest[:16], "found": known[:16]}
                yield Finding("figure-wrong", place, told)
