"""`cx scores` asks workers over HTTP."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from stream.cli.main import main

_SCORE = {
    "tenant": "acme",
    "level": "interaction",
    "by": "total",
    "channel": "",
    "touchpoint": "",
    "segment": "",
    "window": "1h",
    "metric": "nps",
    "score": 30.0,
    "interval": [14.05, 44.2],
    "n": 100,
    "low_confidence": False,
    "hidden": False,
}


class _Worker(BaseHTTPRequestHandler):
    """Answers every path with the same scores, and keeps what it was asked for."""

    asked: list[str]
    logins: list[str | None]
    document: dict[str, Any]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.logins.append(self.headers.get("Authorization"))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(orjson.dumps(self.document))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def worker() -> Iterator[tuple[int, type[_Worker]]]:
    """Port of a worker, and what it answers and was asked."""
    handler = type(
        "Worker",
        (_Worker,),
        {"asked": [], "logins": [], "document": {"ready": True, "reason": "", "scores": [_SCORE]}},
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, handler
    server.shutdown()
    server.server_close()


def test_scores_are_a_table(worker: tuple[int, type[_Worker]]) -> None:
    """From the worker that these settings would start."""
    result = CliRunner().invoke(main, ["scores"], env={"CX_METRICS_PORT": str(worker[0])})

    assert result.exit_code == 0
    assert [
        "acme",
        "interaction",
        "total",
        "1h",
        "nps",
        "30",
        "14.05",
        "44.2",
        "100",
    ] == result.stdout.splitlines()[1].split()


def test_several_workers_are_put_together_and_asked_for_a_part(worker: tuple[int, type[_Worker]]) -> None:
    """Each tells its own series."""
    url = f"http://127.0.0.1:{worker[0]}"
    args = [
        "scores",
        "--url",
        url,
        "--url",
        f"{url}/",
        "--window",
        "1h",
        "--view",
        "total",
        "--format",
        "json",
    ]
    result = CliRunner().invoke(main, args)

    assert orjson.loads(result.stdout) == [_SCORE, _SCORE]
    assert worker[1].asked == ["/api/scores?window=1h&view=total"] * 2


def test_a_worker_that_is_not_ready_is_told(worker: tuple[int, type[_Worker]]) -> None:
    """What is shown may not be all."""
    worker[1].document = {"ready": False, "reason": "recovering", "scores": []}

    assert (
        "recovering" in CliRunner().invoke(main, ["scores", "--url", f"http://127.0.0.1:{worker[0]}"]).stderr
    )


def test_without_a_worker_it_is_a_usage_error() -> None:
    """Status 2, in a line."""
    result = CliRunner().invoke(main, ["scores", "--url", "http://127.0.0.1:1"])

    assert (2, "cx: no worker answers at http://127.0.0.1:1") == (
        result.exit_code,
        result.stderr.partition(": <")[0],
    )


def _asked(tmp_path: Path, url: str, *more: str) -> Result:
    password = tmp_path / "password"
    password.write_text("s0-Secret\n", encoding="utf-8")
    command = ["scores", "--url", url, "--user", "prometheus", "--password-file", str(password), *more]
    return CliRunner().invoke(main, command)


def test_a_password_is_sent_to_the_worker_that_asks(
    tmp_path: Path, worker: tuple[int, type[_Worker]]
) -> None:
    """As the exporters want it, without the line's end."""
    assert _asked(tmp_path, f"http://127.0.0.1:{worker[0]}").exit_code == 0
    assert worker[1].logins == ["Basic " + b64encode(b"prometheus:s0-Secret").decode()]


def test_a_password_is_not_sent_in_clear(tmp_path: Path) -> None:
    """But to this machine itself; the error does not tell it."""
    result = _asked(tmp_path, "http://192.0.2.1:8000")

    assert (2, True) == (result.exit_code, "in clear: give an https:// address" in result.stderr)
    assert "Secret" not in result.output


def test_half_of_a_login_is_a_usage_error(tmp_path: Path) -> None:
    """A user without a password, a certificate without its key."""
    certificate = tmp_path / "c.crt"
    certificate.touch()

    for half in (["--user", "prometheus"], ["--cert-file", str(certificate)]):
        assert CliRunner().invoke(main, ["scores", *half]).exit_code == 2
