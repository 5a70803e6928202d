"""Prometheus and Alertmanager on this machine, started as docker-compose.yml starts them.

The command lines come from docker-compose.yml and the configuration from grafana/, both as they are. Only
folders, listening addresses and the addresses in targets/ are those of the test.
"""

import json
import os
import shutil
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.ports import free_ports
from tests.support.processes import REPOSITORY, Process
from tests.support.wait import eventually

CONFIGURATION = REPOSITORY / "grafana"
COMPOSE = REPOSITORY / "docker-compose.yml"
_START_DEADLINE_S = 30


def need(program: str) -> str:
    """Return the path of a program, or skip the test loudly; where Kafka must be there (CI), fail."""
    found = shutil.which(program)
    if found is None:
        reason = f"NOT CHECKED: {program} is missing (Debian: prometheus, prometheus-alertmanager)"
        if os.environ.get("CX_TEST_REQUIRE_KAFKA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Prometheus:
    """A Prometheus with the configuration of grafana/prometheus, in `folder`."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: Sequence[str],
        alertmanagers: Sequence[str] = (),
        changed: Mapping[str, str] = {},
    ) -> None:
        """Start it on the given targets (`host:port`) and wait until it answers.

        `changed`: lengths of time that a test cannot wait for, by what stands in the configuration.
        """
        etc = folder / "etc"
        shutil.copytree(CONFIGURATION / "prometheus", etc)
        _change([etc / "prometheus.yml", etc / "rules/alerts.yml"], changed)
        _write_targets(etc / "targets/workers.yml", workers)
        _write_targets(etc / "targets/alertmanagers.yml", alertmanagers)
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        folders = {
            "/etc/prometheus/": f"{etc}/",
            "/etc/runbook": str(CONFIGURATION / "runbook"),
            "/prometheus": str(folder / "data"),
            "http://127.0.0.1:9090": self.url,
        }
        command = [*_command("prometheus", folders), f"--web.listen-address=127.0.0.1:{port}"]
        self.process = Process([need("prometheus"), *command], folder / "log")
        _wait_until_ready(self.process, f"{self.url}/-/ready")

    def get(self, path: str, **parameters: str) -> Any:
        """Return `data` of an answer of the HTTP API; AssertionError with the reason when it refuses."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}{query}", timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an instant query."""
        result = self.get("query", query=expression)["result"]
        assert isinstance(result, list)
        return result

    def page(self, path: str) -> str:
        """Return a page of its web server."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return str(answer.read().decode())


class Alertmanager:
    """An Alertmanager with the configuration of grafana/alertmanager, in `folder`."""

    def __init__(self, folder: Path, changed: Mapping[str, str] = {}) -> None:
        """Start it and wait until it answers. `changed`: as of Prometheus."""
        etc = folder / "etc"
        shutil.copytree(CONFIGURATION / "alertmanager", etc)
        _change([etc / "alertmanager.yml"], changed)
        (port,) = free_ports(1)
        self.address = f"127.0.0.1:{port}"
        folders = {
            "/etc/alertmanager": str(etc),
            "/alertmanager": str(folder / "data"),
        }
        command = [*_command("alertmanager", folders), f"--web.listen-address={self.address}"]
        self.process = Process([need("prometheus-alertmanager"), *command], folder / "log")
        _wait_until_ready(self.process, f"http://{self.address}/-/ready")

    def alerts(self, **state: str) -> list[dict[str, Any]]:
        """Return the alerts it knows; `inhibited="false"` and the like leave some out."""
        url = f"http://{self.address}/api/v2/alerts?{urllib.parse.urlencode(state)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            result = json.load(answer)
        assert isinstance(result, list)
        return result

    def post(self, alerts: Sequence[Mapping[str, Mapping[str, str]]]) -> None:
        """Hand it alerts, as Prometheus would."""
        request = urllib.request.Request(
            f"http://{self.address}/api/v2/alerts",
            json.dumps(list(alerts)).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10):
            pass


class Webhook:
    """Who is told: keeps what the Alertmanager posts, notification by notification."""

    def __init__(self) -> None:
        """Listen on a free port."""
        told = self.told = list[dict[str, Any]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://{}:{}/".format(*self._server.server_address[:2])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def alerts(self, alertname: str, status: str) -> list[dict[str, Any]]:
        """The alerts of a name and status (`firing`, `resolved`) of all notifications."""
        return [
            alert
            for notification in self.told
            for alert in notification["alerts"]
            if (alert["labels"]["alertname"], alert["status"]) == (alertname, status)
        ]

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def _change(files: Sequence[Path], changed: Mapping[str, str]) -> None:
    """Replace text in configuration files; each must stand in one of them."""
    missing = set(changed)
    for file in files:
        text = file.read_text(encoding="utf-8")
        for old, new in changed.items():
            missing -= {old} if old in text else set()
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    assert not missing


def compose() -> dict[str, Any]:
    """Return docker-compose.yml."""
    document = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def _command(service: str, replaced: Mapping[str, str]) -> list[str]:
    command: list[str] = []
    for argument in compose()["services"][service]["command"]:
        name, _, value = argument.partition("=")
        for old, new in replaced.items():
            if value.startswith(old):
                value = new + value.removeprefix(old)
                break
        command.append(f"{name}={value}")
    return command


def _write_targets(path: Path, addresses: Sequence[str]) -> None:
    path.write_text(yaml.safe_dump([{"targets": list(addresses)}]), encoding="utf-8")


def _wait_until_ready(process: Process, url: str) -> None:
    def ready() -> bool:
        process.check_alive()
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)

    try:
        eventually(ready, _START_DEADLINE_S, f"{url} answers")
    except BaseException:
        process.kill()
        raise
