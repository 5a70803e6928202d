"""Numbers as prometheus_client spells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.utils import floatToGoString

from stream.export.numbers import number_text


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("0.0", 0),
        ("3.0", 3),
        ("-19.05", -19.05),
        ("1e-05", 0.00001),
        ("999999.0", 999_999),
        ("1e+06", 1_000_000),
        ("1.5e+06", 1_500_000),
        ("-1000000.0", -1_000_000),
        ("+Inf", float("inf")),
        ("-Inf", float("-inf")),
        ("NaN", float("nan")),
    ],
)
def test_numbers_are_spelled_as_go_does(expected: str, value: float) -> None:
    """Exponents from a million on, for positive numbers."""
    assert expected == number_text(value)


@given(st.floats() | st.integers(-(10**15), 10**15))
def test_every_number_is_spelled_as_prometheus_client_does(value: float) -> None:
    """The short way is only short."""
    assert floatToGoString(value) == number_text(value)  # type: ignore[no-untyped-call]
