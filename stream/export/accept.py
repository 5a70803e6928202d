"""What a client accepts, from its request headers (RFC 9110, section 12.5)."""

from __future__ import annotations

from collections.abc import Iterator

_OPENMETRICS = "application/openmetrics-text"
_TEXT = ("text/plain", "text/*", "*/*")


def prefers_openmetrics(accept: str) -> bool:
    """Return whether an Accept header names OpenMetrics, and no plain text with more weight."""
    weights = dict(_weighted(accept))
    text = max((weights[name] for name in _TEXT if name in weights), default=0.0)
    return weights.get(_OPENMETRICS, 0.0) > 0 and weights[_OPENMETRICS] >= text


def takes_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip; an absent one does not."""
    weights = dict(_weighted(accept_encoding))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """Yield each member with its weight, the lightest first, so that a dict keeps a member's highest."""
    members = [_member(text) for text in header.split(",")]
    yield from sorted(members, key=lambda member: member[1])


def _member(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    weights = [value for key, _, value in (part.partition("=") for part in parameters) if key.strip() == "q"]
    try:
        return name, float(weights[0]) if weights else 1.0
    except ValueError:
        return name, 0.0
