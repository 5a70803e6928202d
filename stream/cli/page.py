"""What a worker says over HTTP."""

import base64
import ssl
import urllib.error
import urllib.request
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from stream.errors import CxError

_TIMEOUT_S = 5.0
_UNAUTHORIZED = 401
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class WorkerUnreachable(CxError):  # noqa: N818  # the name says it
    """No worker answers at the address."""


class LoginError(CxError):
    """A worker's port asks who is there, and what was given is not enough, or cannot be used."""


class Login(NamedTuple):
    """How to get in where CX_WEB_CONFIG guards a port; `context` for https."""

    user: str = ""
    password: str = ""
    context: ssl.SSLContext | None = None

    def header(self, url: str) -> dict[str, str]:
        """What is sent with a request. Raises LoginError when the password would go out in clear."""
        if not self.user:
            return {}
        address = urlsplit(url)
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise LoginError(f"the password would go to {url} in clear: give an https:// address")
        told = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {told}"}


class Page:
    """A worker's HTTP port."""

    def __init__(self, url: str, login: Login | None = None) -> None:
        """Raises LoginError when a password would go out in clear."""
        self.url = url.rstrip("/")
        login = login or Login()
        self._header = login.header(self.url)
        # A worker is asked directly, whatever proxy the environment names.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=login.context)
        )

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
            request = urllib.request.Request(self.url + path)  # noqa: S310 - an address that the caller gave
            for name, value in self._header.items():
                request.add_unredirected_header(name, value)
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                body: bytes = answer.read()
                return body
        except (OSError, ValueError) as error:
            if isinstance(error, urllib.error.HTTPError) and error.code == _UNAUTHORIZED:
                raise LoginError(
                    f"the worker at {self.url} "
                    + (
                        "does not take this user and password"
                        if self._header
                        else "asks for a password: see --user and --password-file"
                    )
                ) from None
            raise WorkerUnreachable(f"no worker answers at {self.url}: {error}") from None
