"""How numbers are spelled in the exposition formats: as Go spells them."""

from __future__ import annotations

from prometheus_client.utils import floatToGoString


def number_text(value: float) -> str:
    """Return a number as ``prometheus_client`` writes it: ``3.0``, ``1.5e+06``, ``NaN``."""
    if -1e6 < value < 1e6:  # Go writes larger ones with an exponent
        return repr(float(value))
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]
