"""Who may read the metrics port: TLS and users of CX_WEB_CONFIG, on every path, /healthz too.

    connection ─▶ TLS (certificate as it is on disk now) ─▶ request ─▶ user and password? ─▶ route
                                                                │ no: 401

Renewed certificates and changed users hold from the next connection or request on, as with the Prometheus
exporters; a file that cannot be used any more changes nothing but the log.

A bcrypt check takes tens of milliseconds by design, so it runs in one thread of its own, and what passed is
remembered. Whoever tries passwords waits in line with others who do; who is known does not.
"""

import asyncio
import base64
import logging
import secrets
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Final

import bcrypt
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from stream.export import webconfig
from stream.export.webconfig import WebConfig
from stream.settings import SettingsError

log = logging.getLogger(__name__)

_REMEMBERED: Final = 100
_MAX_WAITING: Final = 20
_CHALLENGE: Final = {hdrs.WWW_AUTHENTICATE: 'Basic realm="cx-stream", charset="UTF-8"'}


class Guard:
    """What stands in front of the routes. Without a file everybody may read."""

    def __init__(self, path: Path | None) -> None:
        """Read the file of CX_WEB_CONFIG. Raises SettingsError."""
        self._path = path
        self._config = WebConfig() if path is None else webconfig.read(path)
        self._stamp = self._stamped()
        self._context = self._new_context()
        self._passwords = Passwords(self._config.basic_auth_users or {})

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """For the listening socket; None: plain HTTP."""
        return self._context

    def close(self) -> None:
        """End the thread."""
        self._passwords.close()

    @property
    def middleware(self) -> Middleware:
        """Lets a request through, or answers 401; 503 while too many passwords wait to be checked."""

        @web.middleware
        async def ask(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._renew()
            if not self._passwords.users:
                return await handler(request)
            try:
                may = await self._passwords.match(request.headers.get(hdrs.AUTHORIZATION, ""))
            except BusyError:
                return web.Response(status=503, text="too many passwords to check\n")
            if not may:
                return web.Response(status=401, text="Unauthorized\n", headers=_CHALLENGE)
            return await handler(request)

        return ask

    def _new_context(self) -> ssl.SSLContext | None:
        tls = self._config.tls_server_config
        if self._path is None or tls is None:
            return None
        context = webconfig.ssl_context(self._path, tls)
        # Called in every handshake, with a server name or without one.
        context.sni_callback = self._hand_certificate
        return context

    def _hand_certificate(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        self._renew()
        if self._context is not None:
            connection.context = self._context

    def _renew(self) -> None:
        """Take what changed on disk."""
        stamp = self._stamped()
        if self._path is None or stamp == self._stamp:
            return
        self._stamp = stamp
        former = self._config
        try:
            self._config = webconfig.read(self._path)
            if self._config.tls_server_config != former.tls_server_config:
                raise SettingsError("tls_server_config changed, which takes a restart")  # noqa: TRY301 - one way out
            if former.basic_auth_users and not self._config.basic_auth_users:
                # Also what a file looks like that is just being written: never open the door by that.
                raise SettingsError("all users are gone, which takes a restart")  # noqa: TRY301 - as above
            self._context = self._new_context()
        except SettingsError as error:
            self._config = former
            log.warning("what changed around CX_WEB_CONFIG is not in force: %s", error)
        else:
            self._passwords.users = self._config.basic_auth_users or {}
            log.info("certificates and users of the metrics port were read again")

    def _stamped(self) -> tuple[tuple[int, int, int] | None, ...]:
        """What tells that a file is another one now."""
        if self._path is None:
            return ()
        tls = self._config.tls_server_config
        names = () if tls is None else tls.files
        return tuple(_stamp(path) for path in (self._path, *(self._path.parent / name for name in names)))


class BusyError(Exception):
    """Too many passwords wait to be checked."""


class Passwords:
    """Checks passwords against bcrypt hashes, in a thread; remembers the last that matched."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self.users = users
        """Hash by name; may be replaced at any time."""
        self._key = secrets.token_bytes(32)
        self._matched: OrderedDict[bytes, None] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "cx-passwords")
        self._waiting = 0

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def match(self, header: str) -> bool:
        """Whether an Authorization header has a user's name and password. Raises BusyError."""
        login = _decode(header)
        if login is None:
            return False
        name, password = login
        hashed = self.users.get(name)
        remembered = self._remembered_as(name, password, hashed or "")
        if remembered in self._matched:
            self._matched.move_to_end(remembered)
            return True
        # An unknown name takes as long as a known one: which names there are is nobody's business.
        matches = await self._check(password, hashed or next(iter(self.users.values())))
        if hashed is None or not matches:
            return False
        self._matched[remembered] = None
        if len(self._matched) > _REMEMBERED:
            self._matched.popitem(last=False)
        return True

    async def _check(self, password: str, hashed: str) -> bool:
        if self._waiting >= _MAX_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _matches, password, hashed)
        finally:
            self._waiting -= 1

    def _remembered_as(self, name: str, password: str, hashed: str) -> bytes:
        """A keyed hash: the password itself is not kept, and a changed hash makes it unknown."""
        digest = blake2b(key=self._key)
        for part in (name, hashed, password):
            text = part.encode("utf-8", "surrogatepass")
            digest.update(len(text).to_bytes(8) + text)
        return digest.digest()


def _decode(header: str) -> tuple[str, str] | None:
    """Name and password of `Basic …`; None when it is anything else."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


def _matches(password: str, hashed: str) -> bool:
    try:
        return bcrypt.checkpw(password.encode(), hashed.encode())
    except ValueError:
        return False  # longer than the 72 bytes that bcrypt reads


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
