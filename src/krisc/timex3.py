"""The grammar of TIMEX3 values, a label at a time.

Source: Saurí et al. (2006), TimeML Annotation Guidelines 1.2.1, section 2.2, on ISO 8601.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from functools import lru_cache

_YEAR = r"(?P<year>\d{4}|\d{3}X|\d{2}XX|XXXX|\d{2,3})"
_PART = r"(?:MO|MI|AF|EV|NI|DT)"
_DATE = re.compile(
    rf"(?:BC)?{_YEAR}"
    r"(?:-(?P<month>\d{2}|XX)(?:-(?P<day>\d{2}|XX))?"
    r"|-W(?P<week>\d{2}|XX)(?:-(?:(?P<weekday>[1-7X])|WE))?"
    r"|-(?:SP|SU|FA|WI|H[12X]|Q[1-4X]))?",
    re.ASCII,
)
_CLOCK = r"(?:(?:[01]\d|2[0-3]|XX)(?::(?:[0-5]\d|XX)(?::[0-5]\d(?:\.\d+)?)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?|24:00)"
_TIME_OF_DAY = re.compile(rf"(?P<date>[^T]*)T(?:{_CLOCK}|{_PART})", re.ASCII)
_AMOUNT = r"(?:\d+(?:\.\d+)?|X+)"
_DATE_UNITS = "".join(
    f"(?:{_AMOUNT}{unit})?" for unit in ("ML", "CE", "DE", "Y", "Q", "M", "W", "WE", "D", "(?:SP|SU|FA|WI)")
)
_TIME_UNITS = "".join(f"(?:{_AMOUNT}{unit})?" for unit in ("H", "M", "S", _PART))
_DURATION = re.compile(rf"P(?=[\dXT]){_DATE_UNITS}(?:T(?=[\dX]){_TIME_UNITS})?", re.ASCII)
REFERENCES = ("PAST_REF", "PRESENT_REF", "FUTURE_REF")


def _is_date(value: str) -> bool:
    match = _DATE.fullmatch(value)
    if not match:
        return False
    year, month, day, week = match["year"], match["month"], match["day"], match["week"]
    if len(year) < 4 and value != year:  # decades (199) and centuries (20) stand alone
        return False
    if week and week.isdigit() and not 1 <= int(week) <= 53:
        return False
    if month and month != "XX" and not 1 <= int(month) <= 12:
        return False
    if not day or day == "XX":
        return True
    known = int(year) if year.isdigit() and int(year) else 2000  # in an unknown year, February may have 29 days
    days = 31 if month == "XX" else calendar.monthrange(known, int(month))[1]
    return 1 <= int(day) <= days


def _is_time(value: str) -> bool:
    match = _TIME_OF_DAY.fullmatch(value)
    return match is not None and (match["date"] == "" or _is_date(match["date"]))


def _is_duration(value: str) -> bool:
    return _DURATION.fullmatch(value) is not None


# What each TIMEX3 type may have as its value.
GRAMMAR: dict[str, tuple[Callable[[str], bool], str]] = {
    "DATE": (
        lambda v: v in REFERENCES or _is_date(v),
        "a date such as 2023-12-20, 2023-W51, 2014-SU, 199X or PRESENT_REF",
    ),
    "TIME": (lambda v: v in REFERENCES or _is_time(v), "a time of day such as 2023-12-20T10:30 or 2023-12-19TNI"),
    "DURATION": (_is_duration, "a duration such as P3M, P2D, PT36H or PXY"),
    "SET": (lambda v: _is_date(v) or _is_time(v) or _is_duration(v), "a pattern such as XXXX-WXX-5 or P1D"),
}


def expected(label: str) -> str:
    """What a value of this TIMEX3 type looks like, in words."""
    return GRAMMAR[label][1] if label in GRAMMAR else f"one of the TIMEX3 types {', '.join(GRAMMAR)}"


@lru_cache(maxsize=4096)  # few values stand in most texts
def is_value(label: str, value: str) -> bool:
    """Whether ``value`` is a TIMEX3 value that an expression of type ``label`` may have."""
    return label in GRAMMAR and GRAMMAR[label][0](value)
