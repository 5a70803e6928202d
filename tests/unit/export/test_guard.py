"""In front of the metrics port: who gets in, over which connection, and at what cost to the others."""

import asyncio
import base64
import ssl
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path

import bcrypt
import pytest
from aiohttp import ClientConnectorError, ClientOSError, ClientSession, ServerDisconnectedError

from stream.export import guard as guards
from stream.export.guard import BusyError, Passwords
from stream.export.http import start_http
from stream.export.service import ServiceMetrics
from stream.settings import Settings
from tests.support.certificates import Authority
from tests.unit.export.test_http import FakeSource

PASSWORD = "öpen:sesame"  # noqa: S105 - of this test
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users:\n  prometheus: {HASH}\n"
PATHS = ("/", "/metrics", "/healthz", "/readyz", "/api/scores", "/nothing")


class Port:
    """A started port behind a file of CX_WEB_CONFIG."""

    def __init__(self, web_config: Path, port: int) -> None:
        self.web_config = web_config
        self._address = f"127.0.0.1:{port}"

    async def get(self, path: str, *, tls: ssl.SSLContext | None = None, header: str = "") -> tuple[int, str]:
        """Status and challenge of an answer, over a connection of its own."""
        url = f"{'http' if tls is None else 'https'}://{self._address}{path}"
        headers = {"Authorization": header} if header else {}
        async with (
            ClientSession() as session,
            session.get(url, ssl=tls or True, headers=headers) as answer,
        ):
            await answer.read()
            assert answer.headers["Server"] == "cx-stream"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            return answer.status, answer.headers.get("WWW-Authenticate", "")


def play(folder: Path, text: str, scene: Callable[[Port], Coroutine[None, None, None]]) -> None:
    """Start a port and play a scene."""
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")

    async def start() -> None:
        settings = Settings.from_env({"CX_METRICS_PORT": "0", "CX_WEB_CONFIG": str(path)})
        runner = await start_http(settings, FakeSource(), ServiceMetrics())
        try:
            await scene(Port(path, runner.addresses[0][1]))
        finally:
            await runner.cleanup()

    asyncio.run(start())


def user(name: str = "prometheus", password: str = PASSWORD) -> str:
    """A user's login, as a header says it."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_every_path_asks_for_a_password(tmp_path: Path) -> None:
    """Those of health too, as with the exporters; the right password opens them all."""

    async def scene(port: Port) -> None:
        for path in PATHS:
            assert await port.get(path) == (401, 'Basic realm="cx-stream", charset="UTF-8"')
            status, _ = await port.get(path, header=user())
            assert status == (404 if path == "/nothing" else 200)

    play(tmp_path, USERS, scene)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 6_000,
        "Basic //8=",
        "Bearer cHJvbWV0aGV1czpvcGVu",
        user("prometheus", "wrong"),
        user("nobody"),
        user("prometheus", PASSWORD + "\0"),
        user("prometheus", PASSWORD + "x" * 100),
    ],
)
def test_anything_but_a_known_name_and_its_password_is_401(tmp_path: Path, header: str) -> None:
    """Never a 500."""

    async def scene(port: Port) -> None:
        status, _ = await port.get("/metrics", header=header)
        assert status == 401

    play(tmp_path, USERS, scene)


def test_a_changed_file_holds_from_the_next_request_on(tmp_path: Path) -> None:
    """The former password is of no use at once, although it was remembered; nonsense changes nothing."""
    other = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()

    async def scene(port: Port) -> None:
        assert (await port.get("/metrics", header=user()))[0] == 200
        port.web_config.write_text(USERS.replace(HASH, other) + "# changed\n", encoding="utf-8")
        assert (await port.get("/metrics", header=user()))[0] == 401
        assert (await port.get("/metrics", header=user("prometheus", "other")))[0] == 200
        for broken in ("", "nonsense: 1\n", "basic_auth_users: {}\n"):
            port.web_config.write_text(broken, encoding="utf-8")
            assert (await port.get("/metrics"))[0] == 401
            assert (await port.get("/metrics", header=user("prometheus", "other")))[0] == 200

    play(tmp_path, USERS, scene)


def test_plain_http_does_not_reach_a_port_with_tls(tmp_path: Path) -> None:
    """And over TLS nothing older than 1.2."""
    authority = Authority(tmp_path)
    authority.issue("server")
    modern, old = ssl.create_default_context(cafile=authority.file), ssl.create_default_context()
    old.load_verify_locations(authority.file)
    old.maximum_version = ssl.TLSVersion.TLSv1_2

    async def scene(port: Port) -> None:
        assert (await port.get("/metrics", tls=modern))[0] == 200
        with pytest.raises((ServerDisconnectedError, ClientOSError)):
            await port.get("/metrics")
        with pytest.raises(ClientConnectorError):
            await port.get("/metrics", tls=old)
        with pytest.raises(ClientConnectorError, match="certificate verify failed"):
            await port.get("/metrics", tls=ssl.create_default_context())

    text = "tls_server_config: {cert_file: server.crt, key_file: server.key, min_version: TLS13}\n"
    play(tmp_path, text, scene)


@pytest.mark.parametrize(
    ("kind", "without"), [("RequireAndVerifyClientCert", False), ("VerifyClientCertIfGiven", True)]
)
def test_certificates_of_clients_are_verified(tmp_path: Path, kind: str, without: bool) -> None:
    """One of another authority is refused in both ways; none at all in the strict one."""
    authority, stranger = Authority(tmp_path), Authority(tmp_path / "stranger")
    authority.issue("server")

    def client(shown: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=authority.file)
        # In TLS 1.3 the refusal comes after the handshake, as some error or other.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if shown:
            context.load_cert_chain(*shown)
        return context

    async def scene(port: Port) -> None:
        assert (await port.get("/metrics", tls=client(authority.issue("prometheus"))))[0] == 200
        with pytest.raises(OSError):  # noqa: PT011 - refused, in whatever words of TLS
            await port.get("/metrics", tls=client(stranger.issue("prometheus")))
        if without:
            assert (await port.get("/metrics", tls=client()))[0] == 200
        else:
            with pytest.raises(OSError):  # noqa: PT011 - as above
                await port.get("/metrics", tls=client())

    text = (
        f"{{cert_file: server.crt, key_file: server.key, client_ca_file: ca.pem, client_auth_type: {kind}}}"
    )
    play(tmp_path, f"tls_server_config: {text}\n", scene)


def test_a_renewed_certificate_is_shown_to_the_next_connection(tmp_path: Path) -> None:
    """Without a restart, and although nobody who knows only the new authority has come through before."""
    former = Authority(tmp_path)
    former.issue("server")
    before = ssl.create_default_context(cafile=former.file)

    async def scene(port: Port) -> None:
        assert (await port.get("/metrics", tls=before))[0] == 200
        renewed = Authority(tmp_path)
        renewed.issue("server")
        after = ssl.create_default_context(cafile=renewed.file)
        assert (await port.get("/metrics", tls=after))[0] == 200
        with pytest.raises(ClientConnectorError):
            await port.get("/metrics", tls=before)
        (tmp_path / "server.crt").write_text("nonsense", encoding="utf-8")
        assert (await port.get("/metrics", tls=after))[0] == 200

    play(tmp_path, "tls_server_config: {cert_file: server.crt, key_file: server.key}\n", scene)


def test_who_tries_passwords_keeps_nobody_waiting_who_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """One check at a time, in a thread; some wait in line, the rest is sent away; a match is remembered."""
    go, threads = threading.Event(), set()

    def slow(password: str, _hashed: str) -> bool:
        threads.add(threading.current_thread().name)
        if password == "guess":  # noqa: S105 - of this test
            go.wait(30)
        return password == "right"  # noqa: S105 - as above

    monkeypatch.setattr(guards, "_matches", slow)

    async def scene() -> None:
        passwords = Passwords({"a": HASH})
        right, guess = (user("a", each) for each in ("right", "guess"))
        assert await passwords.match(right)
        guesses = [asyncio.create_task(passwords.match(guess)) for _ in range(20)]
        await asyncio.sleep(0)
        assert await passwords.match(right)
        with pytest.raises(BusyError):
            await passwords.match(guess)
        go.set()
        assert not any(await asyncio.gather(*guesses))
        assert await passwords.match(right)
        passwords.close()

    asyncio.run(scene())
    assert {"cx-passwords_0"} == threads


def test_a_crowd_is_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 503, not with a longer queue."""
    monkeypatch.setattr(guards, "_MAX_WAITING", 0)

    async def scene(port: Port) -> None:
        assert await port.get("/metrics", header=user()) == (503, "")
        assert (await port.get("/metrics"))[0] == 401

    play(tmp_path, USERS, scene)


def test_what_is_remembered_is_bounded_and_no_password() -> None:
    """The last hundred, as keyed hashes."""

    async def scene() -> None:
        users = {f"u{number}": HASH for number in range(120)}
        passwords = Passwords(users)
        for name in users:
            assert await passwords.match(user(name))
        assert len(passwords._matched) == 100
        assert not any(PASSWORD.encode() in remembered for remembered in passwords._matched)
        passwords.close()

    asyncio.run(scene())


def test_an_unknown_name_costs_a_check_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of an answer does not tell which names there are."""
    checked = []

    def note(password: str, hashed: str) -> bool:
        checked.append((password, hashed))
        return True

    monkeypatch.setattr(guards, "_matches", note)

    async def scene() -> None:
        passwords = Passwords({"a": HASH})
        assert not await passwords.match(user("nobody", "x"))
        passwords.close()

    asyncio.run(scene())
    assert [("x", HASH)] == checked
