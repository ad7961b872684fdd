"""The words that made documents are filled with: names, fillers, times and quantities, with what they stand for."""

from __future__ import annotations

import datetime
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
GIVEN, SYLLABLES, TAILS, ADJECTIVES, NOUNS, SORANI, ARABIC = (
    str(_WORDS[name]).split() for name in ("given", "syllables", "tails", "adjectives", "nouns", "sorani", "arabic")
)
TOWN_TAILS, LANDS, BUILDINGS = (_WORDS[name] for name in ("town_tails", "lands", "buildings"))
GROUPS, WEAPONS, DOCUMENTS, TITLES, PUBLISHERS = (
    _WORDS[name] for name in ("groups", "weapons", "documents", "titles", "publishers")
)
BODIES: dict[str, str] = _WORDS["bodies"]
MONTHS = [  # whatever the locale
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
FIRST = datetime.date(2014, 1, 1)
DAYS = 4000
COMPOUNDS = 6000
BACK = 365  # days before its publication that a document may speak of


@dataclass(frozen=True, slots=True)
class Entity:
    """An entry of the made register: how texts call it, the full name first."""

    id: str
    type: str
    names: tuple[str, ...]
    attributes: dict[str, str]

    def line(self) -> dict[str, Any]:
        """The entry's line in ``entities.jsonl``."""
        line: dict[str, Any] = {"id": self.id, "type": self.type, "name": self.names[0]}
        if self.names[1:]:
            line["aliases"] = list(self.names[1:])
        return {**line, "sources": ["made by the bench"]}


def nouns() -> list[str]:
    """The nouns, and as often one of thousands of compounds that are seldom each, as words of real texts are."""
    rng = random.Random("nouns")
    compounds = sorted({rng.choice(NOUNS) + rng.choice(NOUNS) for _ in range(COMPOUNDS)})
    return NOUNS * (len(compounds) // len(NOUNS)) + compounds


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(SYLLABLES, k=rng.choice((1, 2, 2, 3)))).capitalize() + rng.choice(TAILS)


def _names(type_: str, rng: random.Random) -> tuple[tuple[str, ...], dict[str, str]]:
    word = _word(rng)
    if type_ == "P":
        return (f"{rng.choice(GIVEN)} {word}", word), {}
    if type_ == "O":
        body = rng.choice(list(BODIES))
        return (f"{word} {body}", word), {"subtype": BODIES[body]}
    if type_ == "G":
        return (word + rng.choice(TOWN_TAILS),), {}
    return (f"{word} {rng.choice(LANDS if type_ == 'L' else BUILDINGS)}",), {}


def register(labels: dict[str, str], sizes: dict[str, int]) -> dict[str, list[Entity]]:
    """The made register by type, each name once; the same whatever is made with it."""
    rng = random.Random("register")
    taken: set[str] = set()
    found: dict[str, list[Entity]] = {type_: [] for type_ in sizes}
    for type_, size in sizes.items():
        while len(found[type_]) < size:
            names, more = _names(type_, rng)
            if not taken & set(names):
                taken |= set(names)
                name = f"{labels[type_].lower()}-{len(found[type_]):03d}"
                found[type_].append(Entity(name, labels[type_], names, {"mention": "name", **more}))
    return found


def calendar() -> list[tuple[str, tuple[str, str], str]]:
    """Every day there is in made documents: its ISO form, how texts write it, and its weekday."""
    days = []
    for n in range(DAYS):
        day = FIRST + datetime.timedelta(days=n)
        month = MONTHS[day.month - 1]
        forms = (f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}")
        days.append((day.isoformat(), forms, WEEKDAYS[day.weekday()]))
    return days


def times() -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Times that stand for the same in every document, by kind, with their attributes."""
    clocks = [
        (f"{hour % 12 or 12}:{minute:02d} {'a.m.' if hour < 12 else 'p.m.'}", {"value": f"T{hour:02d}:{minute:02d}"})
        for hour in range(24)
        for minute in range(0, 60, 5)
    ]
    numbers = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    units = {"minutes": "PT{}M", "hours": "PT{}H", "days": "P{}D", "weeks": "P{}W", "months": "P{}M", "years": "P{}Y"}
    durations = [
        (f"{number} {unit}", {"value": value.format(n)})
        for n, number in enumerate(numbers, start=2)
        for unit, value in units.items()
    ]
    sets = [(f"every {day}", {"value": f"XXXX-WXX-{n}"}) for n, day in enumerate(WEEKDAYS, start=1)]
    sets += [("every day", {"value": "P1D"}), ("twice a month", {"value": "P1M"}), ("each year", {"value": "P1Y"})]
    return {"clock": clocks, "dur": durations, "set": sets}


def quantities() -> dict[str, list[tuple[str, int | float, str]]]:
    """Quantities by kind: the words, the value, and the unit, which the sentence gives where it is empty."""
    rng = random.Random("quantities")
    counts = [(f"{n:,}", n, "") for n in [*range(2, 120), *(rng.randrange(120, 90_000) for _ in range(200))]]
    money: list[tuple[str, int | float, str]] = [
        (f"{n / 10} million dinars", n * 100_000, "IQD") for n in range(11, 400, 3)
    ]
    money += [(f"${n:,}", n, "USD") for n in range(150, 20_000, 350)]
    percents = [(f"{n / 10} percent", n / 10, "percent") for n in range(5, 1000, 7)]
    measures: list[tuple[str, int | float, str]] = [(f"{n} kilometres", n, "km") for n in range(2, 300)]
    measures += [(f"{n / 2} m", n / 2, "m") for n in range(3, 200)]
    return {"count": counts, "money": money, "percent": percents, "measure": measures}
