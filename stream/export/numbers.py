"""How numbers are spelled in the exposition formats: as Go spells them."""

from __future__ import annotations

from prometheus_client.utils import floatToGoString


def number_text(value: float) -> str:
    """Return a number as ``prometheus_client`` writes it: ``3.0``, ``1.5e+06``, ``NaN``."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]
