"""Logging in to a real Kafka: SCRAM-SHA-512 and PLAIN over TLS, mTLS; who is refused, and in what words."""

import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import bcrypt
import pytest
import yaml

from stream.client import Publisher
from stream.settings import Settings
from tests.support import processes
from tests.support.certificates import Authority
from tests.support.events import event, written
from tests.support.monitoring import need
from tests.support.own import own_service
from tests.support.ports import free_ports
from tests.support.processes import Process, Worker
from tests.support.secure_kafka import PLAIN_PASSWORD, SCRAM_PASSWORD, USER, SecureBroker
from tests.support.truth import wait_until_taken
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
WRONG = "wr0ng-Secret-77b1"
_RECOVERY_S = 20
_SECOND_TRY_S = 9


@pytest.fixture
def env(secure: SecureBroker, tmp_path: Path) -> dict[str, str]:
    """Settings that lack a login."""
    return own_service(secure.sasl, tmp_path) | {"CX_BROKER_CA_FILE": str(secure.authority.file)}


def scram(password: str = SCRAM_PASSWORD) -> dict[str, str]:
    """Log in with SCRAM-SHA-512."""
    return {
        "CX_BROKER_USERNAME": USER,
        "CX_BROKER_PASSWORD": password,
        "CX_BROKER_MECHANISM": "SCRAM-SHA-512",
    }


def login(secure: SecureBroker, way: str) -> dict[str, str]:
    """Settings of a way to log in."""
    if way == "scram":
        return scram()
    if way == "plain":
        return {"CX_BROKER_USERNAME": USER, "CX_BROKER_PASSWORD": PLAIN_PASSWORD}
    chain, key = secure.authority.issue("cx")
    return {
        "CX_BROKER": f"kafka://{secure.mtls}",
        "CX_BROKER_CERT_FILE": str(chain),
        "CX_BROKER_KEY_FILE": str(key),
    }


def cx(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command with an event on stdin."""
    return processes.cx(env, *args, given=written(event("cx.interaction.v1")))


def test_topics_publisher_and_worker_log_in_each_way(
    secure: SecureBroker,
    env: dict[str, str],
    start_worker: Callable[[dict[str, str]], Worker],
    figure: Callable[[str], None],
) -> None:
    """One command by each way; a worker by each, the consumer group, changelogs and all."""
    for way in ("scram", "plain", "mtls"):
        mine = env | login(secure, way) | {"CX_METRICS_PORT": str(free_ports(1)[0])}
        made = cx(mine, "topics", "create")
        assert (0, b"") == (made.returncode, made.stderr)
        with Publisher(Settings.from_env(mine)) as publisher:
            publisher.publish(
                event(
                    "cx.interaction.v1", {"interaction_id": way}, time=datetime.now(UTC).isoformat(), id=way
                )
            )
        worker = start_worker(mine)
        worker.wait_until_ready()
        wait_until_taken([worker], 1)
        assert worker.stop() == 0
        recovery_s = max(map(float, re.findall(r"ready in ([0-9.]+) s", worker.log)))
        assert recovery_s < _RECOVERY_S, "TLS must not keep a partition waiting"
        figure(f"{way}: the slowest of 16 partitions recovered in {recovery_s} s")


@pytest.mark.parametrize("command", [("topics", "create"), ("publish", "-"), ("worker",)], ids=" ".join)
def test_a_wrong_password_is_one_clear_line(
    env: dict[str, str], command: tuple[str, ...], figure: Callable[[str], None]
) -> None:
    """It names the user and the settings to look at, never the password, and the status is not 0.

    And it comes at once: clients take a refusal for a broker that is not there yet.
    """
    started = time.monotonic()
    done = cx(env | scram(WRONG), *command)
    seconds = time.monotonic() - started
    figure(f"{' '.join(command)}: told after {seconds:.1f} s")

    (line,) = [line for line in done.stderr.decode().splitlines() if line.startswith("cx: ")]
    assert "refused the user cx with SCRAM-SHA-512. Check CX_BROKER_USERNAME, CX_BROKER_PASSWORD" in line
    assert done.returncode == 2
    assert WRONG.encode() not in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr
    assert seconds < _SECOND_TRY_S, "a second try would take that long by itself"


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("does not take SCRAM-SHA-256. Set CX_BROKER_MECHANISM", {"CX_BROKER_MECHANISM": "SCRAM-SHA-256"}),
        ("CERTIFICATE_VERIFY_FAILED", {"CX_BROKER_CA_FILE": "stranger"}),
        ("hung up. It may want TLS (CX_BROKER_CA_FILE), a certificate", {"CX_BROKER": "mtls"}),
        (
            "hung up. It may want TLS (CX_BROKER_CA_FILE)",
            {"CX_BROKER_CA_FILE": "", "CX_ALLOW_PLAINTEXT": "1"},
        ),
    ],
    ids=("mechanism", "authority", "certificate", "clear"),
)
def test_every_other_refusal_is_told_too(
    secure: SecureBroker, env: dict[str, str], tmp_path: Path, fault: str, change: dict[str, str]
) -> None:
    """An unknown mechanism, an authority we do not trust, a certificate that is missing, TLS that is."""
    named = {"stranger": str(Authority(tmp_path / "stranger").file), "mtls": f"kafka://{secure.mtls}"}
    user = {} if "mtls" in change.values() else scram()

    done = cx(env | user | {name: named.get(text, text) for name, text in change.items()}, "topics", "check")

    assert done.returncode == 2
    assert done.stderr.startswith(b"cx: ")
    assert fault in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_a_password_goes_out_in_clear_only_where_that_was_asked_for(
    secure: SecureBroker, env: dict[str, str]
) -> None:
    """Without the setting nothing is even connected; with it a listener without TLS is logged in to."""
    clear = env | scram() | {"CX_BROKER": f"kafka://{secure.sasl_in_clear}", "CX_BROKER_CA_FILE": ""}

    refused = cx(clear, "topics", "create")
    assert refused.returncode == 2
    assert b"in clear" in refused.stderr
    assert cx(clear | {"CX_ALLOW_PLAINTEXT": "1"}, "topics", "create").returncode == 0


def test_prometheus_scrapes_over_tls_with_a_password(
    secure: SecureBroker,
    env: dict[str, str],
    tmp_path: Path,
    start_worker: Callable[[dict[str, str]], Worker],
) -> None:
    """A real worker, a real Prometheus: `up` is 1 with the password and 0 with another one."""
    authority = Authority(tmp_path / "web")
    authority.issue("server")
    hashed = bcrypt.hashpw(b"scrape-Secret", bcrypt.gensalt(10)).decode()
    web_config = tmp_path / "web" / "web.yml"
    web_config.write_text(
        yaml.safe_dump(
            {
                "tls_server_config": {"cert_file": "server.crt", "key_file": "server.key"},
                "basic_auth_users": {"prometheus": hashed},
            }
        ),
        encoding="utf-8",
    )
    worker = start_worker(env | scram() | {"CX_WEB_CONFIG": str(web_config), "CX_METRICS_HOST": "0.0.0.0"})  # noqa: S104 - guarded
    url = f"https://127.0.0.1:{worker.port}/healthz"
    trust = ssl.create_default_context(cafile=authority.file)

    def asks() -> bool:
        worker.check_alive()
        try:
            urllib.request.urlopen(url, context=trust, timeout=5)
        except urllib.error.HTTPError as error:
            return error.code == 401
        return False

    eventually(asks, 60, "the worker asks for a password")
    assert _scraped(tmp_path, worker.port, authority.file) == {"right": "1", "wrong": "0"}
    _assert_scores_can_be_asked_for(env, tmp_path, worker.port, authority.file)
    assert "asks nobody" not in worker.log
    assert "Secret" not in worker.log


def _assert_scores_can_be_asked_for(env: dict[str, str], folder: Path, port: int, ca_file: Path) -> None:
    """`cx scores` gets in with the password, and says what it lacks without."""
    right, wrong = folder / "right", folder / "wrong"
    right.write_text("scrape-Secret\n", encoding="utf-8")
    wrong.write_text(WRONG, encoding="utf-8")
    ask = ("scores", "--url", f"https://127.0.0.1:{port}", "--ca-file", str(ca_file))
    user = ("--user", "prometheus", "--password-file")

    let_in = cx(env, *ask, *user, str(right))
    assert (0, b"") == (let_in.returncode, let_in.stderr)
    for without, said in (
        (ask, b"asks for a password: see --user and --password-file"),
        ((*ask, *user, str(wrong)), b"does not take this user and password"),
        ((*ask[:3], *user, str(right)), b"CERTIFICATE_VERIFY_FAILED"),
    ):
        refused = cx(env, *without)
        assert refused.returncode == 2
        assert said in refused.stderr
        assert refused.stderr.count(b"\n") == 1
        assert WRONG.encode() not in refused.stderr


def _scraped(folder: Path, port: int, ca_file: Path) -> dict[str, str]:
    """Let a Prometheus scrape with the right password and with another one; returns `up` of both."""
    jobs = [
        {
            "job_name": job,
            "scheme": "https",
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "tls_config": {"ca_file": str(ca_file)},
            "basic_auth": {"username": "prometheus", "password": password},
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
        }
        for job, password in (("right", "scrape-Secret"), ("wrong", "other"))
    ]
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": jobs}), encoding="utf-8")
    (own,) = free_ports(1)
    command = [
        need("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{own}",
    ]
    with Process(command, folder / "prometheus" / "log"):

        def up() -> dict[str, str]:
            address = f"http://127.0.0.1:{own}/api/v1/query?query=up"
            with urllib.request.urlopen(address, timeout=5) as answer:
                found = yaml.safe_load(answer.read())["data"]["result"]
            values = {sample["metric"]["job"]: sample["value"][1] for sample in found}
            assert values == {"right": "1", "wrong": "0"}, values
            return values

        return eventually(up, 30, "Prometheus has scraped")
