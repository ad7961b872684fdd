"""The TIMEX3 values that each type of time expression may have."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.timex3 import GRAMMAR, expected, is_value

GUIDELINES = Path(__file__).parents[1] / "schema" / "guidelines.md"

VALID = {
    "DATE": """2023-12-20 2023-12 2023 2024-02-29 XXXX-02-29 199X 20XX XXXX 199 19 BC0044 XXXX-03-21 2023-XX-20
        2023-W50 2023-W01 2020-W53 2023-W50-3 2023-WXX-5 XXXX-WXX-X 2023-W50-WE 2014-SU 2014-SP 2014-FA 2014-WI
        2024-H1 2024-Q4 2024-QX PAST_REF PRESENT_REF FUTURE_REF""",
    "TIME": """2023-12-20T10:30 2023-12-20T10 2023-12-20T10:30:59 2023-12-20T00:00 2023-12-20T23:59 2023-12-20T24:00
        2023-12-20T10:30Z 2023-12-20T10:30+03:00 2023-12-19TNI 2023-12-20TMO TEV T10:30 XXXX-XX-XXT21:00
        2023-W50-5TMO PRESENT_REF""",
    "DURATION": """P3M PXY P1DE P2CE PT2H PT36H PT30M PT10S P1D P1W P2WE P1Y6M P1Y2M10DT2H30M P1DT12H P1.5Y PXXM PTXH
        P2Q P1SU P1WI P1FA PT1NI PTXMO""",
    "SET": """XXXX-WXX-5 P1D P1W P1M XXXX-03-21 XXXX-WXX-5TMO T10:30 XXXX-XX-XXT09 PT1H XXXX-SU""",
}

INVALID = {
    "DATE": """2023-13-01 2023-00-01 2023-02-30 2023-02-29 2023-04-31 2023-12-00 2023-12-32 20231220 2023-1-1 23-12-20
        XXXX-02-30 XXXX-04-31 2023-XX-99 XXXX-XX-00 0000-02-30 2023-W60 2023-W00 2023-W54 2023-W5 2023-W50-8 2023-W50-0
        2023-50-WE 2023-S 2014-su 2023-Q5 2023-H3 199-01 19-WI 199XX 19X 1XXX XX23 X P3M T10:30 2023-12-20T10:30
        2023-12-20TNI now present_ref 2023/12/20 2023-12-20- -2023 12023-01-01 ٢٠٢٣-١٢-٢٠ ２０２３ 2023–12–20""",
    "TIME": """2023-12-20T25:00 2023-12-20T24:30 2023-12-20T10:60 2023-12-20T10:30:60 2023-12-20T 2023-12-20 TXY T T1
        2023-13-20T10:30 2023-02-30TNI 2023-12-20TXX:99 2023-12-20T1030 2023-12-20TNIGHT 2023-12-20t10:30
        2023-12-20T10:30T11:00 P3M PT2H T١٠:٣٠""",
    "DURATION": """P PT P3 PT3 PX PTX 3M P3MT P1DT P-3M P3m p3m P3M2Y P1Y1Y P1.M P.5Y P3 PT3D P1H P1YM 2023
        2023-12-20 PRESENT_REF PXYZ P٣M P3M-P4M""",
    "SET": "P PT XXXX-WXX-8 XXXX-13 weekly EVERY PRESENT_REF R/P1D",
}

ODD = ["", " ", "2023-12-20\n", "P3M\n", "\n2023-12-20", " P3M", "P3M ", "2023-12-20\u200f", "2023-12-20T10:30\r\n"]


def pairs(table):
    return [(label, value) for label, values in table.items() for value in values.split()]


@pytest.mark.parametrize(("label", "value"), pairs(VALID))
def test_valid(label, value):
    assert is_value(label, value)


@pytest.mark.parametrize(("label", "value"), pairs(INVALID))
def test_invalid(label, value):
    assert not is_value(label, value)


@pytest.mark.parametrize("label", GRAMMAR)
@pytest.mark.parametrize("value", ODD)
def test_nothing_may_stand_around_a_value(label, value):
    assert not is_value(label, value)


def _table_of_the_guidelines():
    """Label and value of every row of the guidelines' table of expressions."""
    return re.findall(
        rf"^\|[^|]*\[[^|]*\| ({'|'.join(GRAMMAR)}) \| (\S+) \|", GUIDELINES.read_text(encoding="utf-8"), re.MULTILINE
    )


def test_the_guidelines_have_a_table_of_values():
    assert {label for label, _ in _table_of_the_guidelines()} == set(GRAMMAR)


@pytest.mark.parametrize(("label", "value"), _table_of_the_guidelines())
def test_values_of_the_guidelines_are_valid(label, value):
    assert is_value(label, value)


def test_an_unknown_type_has_no_values():
    assert not is_value("date", "2023-12-20")
    assert all(label in expected("date") for label in GRAMMAR)


@pytest.mark.parametrize("label", GRAMMAR)
def test_the_examples_in_the_messages_are_valid(label):
    examples = re.findall(r"\b[0-9PX][-0-9A-Z_:]+(?=\b)|PRESENT_REF", expected(label))
    assert examples
    assert all(is_value(label, example) for example in examples)


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(list(GRAMMAR)), st.text(max_size=20) | st.text("0123456789PTXYMWDHSEQ-:.+BCNI\n", max_size=20))
def test_any_text_is_a_value_or_not(label, value):
    assert is_value(label, value) in (True, False)


@settings(deadline=None)
@given(st.dates())
def test_every_day_week_and_month_is_a_date(day):
    year, week, weekday = day.isocalendar()
    for value in (day.isoformat(), day.isoformat()[:7], f"{year:04}-W{week:02}", f"{year:04}-W{week:02}-{weekday}"):
        assert is_value("DATE", value)


@settings(deadline=None)
@given(st.datetimes())
def test_every_minute_is_a_time(moment):
    assert is_value("TIME", moment.isoformat(timespec="minutes"))
    assert is_value("TIME", moment.isoformat(timespec="seconds"))


@pytest.mark.parametrize("value", ["P" + "1" * 20_000, "P" + "X" * 20_000, "P" + "1Y" * 10_000 + "!", "2" * 20_000])
def test_long_nonsense_is_refused_at_once(value):
    assert not any(is_value(label, value) for label in GRAMMAR)
