"""What a worker says over HTTP."""

import urllib.error
import urllib.request
from typing import Any

import orjson

from stream.errors import CxError

_TIMEOUT_S = 5.0
# A worker is asked directly, whatever proxy the environment names.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class WorkerUnreachable(CxError):  # noqa: N818  # the name says it
    """No worker answers at the address."""


class Page:
    """A worker's HTTP port."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def is_ready(self) -> bool:
        """Tell whether the worker answers and is ready."""
        try:
            self._get("/readyz")
        except WorkerUnreachable:
            return False
        return True

    def scores(self, query: str = "") -> dict[str, Any]:
        """Return the document of `/api/scores`. Raises WorkerUnreachable."""
        document = orjson.loads(self._get(f"/api/scores{query}"))
        assert isinstance(document, dict)
        return document

    def metrics(self) -> list[str]:
        """Return the lines of `/metrics`. Raises WorkerUnreachable."""
        return self._get("/metrics").decode().splitlines()

    def _get(self, path: str) -> bytes:
        try:
            with _OPENER.open(self.url + path, timeout=_TIMEOUT_S) as answer:
                body: bytes = answer.read()
                return body
        except (OSError, ValueError, urllib.error.HTTPError) as error:
            raise WorkerUnreachable(f"no worker answers at {self.url}: {error}") from None
