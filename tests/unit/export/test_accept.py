"""What clients accept."""

import pytest

from stream.export.accept import prefers_openmetrics, takes_gzip

_PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("expected", "header"),
    [
        (False, ""),
        (False, "*/*"),
        (False, "text/plain"),
        (False, "text/html,application/xhtml+xml,*/*;q=0.8"),
        (True, "application/openmetrics-text"),
        (True, "application/openmetrics-text; version=1.0.0, text/plain;q=0.5"),
        (True, "text/plain;q=0.5, application/openmetrics-text;q=0.9"),
        (True, "text/plain, application/openmetrics-text"),
        (True, _PROMETHEUS),
        (False, "application/openmetrics-text;q=0.3, text/plain;q=0.9"),
        (False, "application/openmetrics-text;q=0"),
        (False, "application/openmetrics-text;q=much"),
        (False, ";;,,q=;="),
    ],
)
def test_openmetrics_is_sent_to_those_who_prefer_it(expected: bool, header: str) -> None:
    """Text is what everybody reads; OpenMetrics goes to who names it with no less weight."""
    assert expected is prefers_openmetrics(header)


@pytest.mark.parametrize(
    ("expected", "header"),
    [
        (False, ""),
        (True, "gzip"),
        (True, "deflate, GZIP;q=0.5"),
        (True, "*"),
        (False, "gzip;q=0"),
        (False, "*, gzip;q=0"),
        (False, "identity"),
        (False, "br"),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(expected: bool, header: str) -> None:
    """A weight of 0 is a refusal."""
    assert expected is takes_gzip(header)
