"""docker-compose.yml, which cannot be run everywhere: its schema, and that its parts fit one another."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from stream.settings import Settings
from tests.support.monitoring import COMPOSE, CONFIGURATION, compose
from tests.support.processes import REPOSITORY
from tests.support.promql import DASHBOARDS, load

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
ALWAYS = {name: service for name, service in SERVICES.items() if "profiles" not in service}


def test_the_file_follows_the_compose_schema() -> None:
    """check-jsonschema carries the schema of the Compose specification."""
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout


def test_the_schema_notices_a_mistake(tmp_path: Any) -> None:
    """The guard above has been seen to fail: a misspelt key is refused."""
    document = compose()
    document["services"]["kafka"]["healthchek"] = document["services"]["kafka"].pop("healthcheck")
    path = tmp_path / "docker-compose.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    assert 1 == subprocess.run(command, capture_output=True, check=False).returncode


def test_the_whole_chain_is_there() -> None:
    """From Kafka to the picture."""
    assert {"kafka", "worker", "prometheus", "alertmanager", "grafana"} == set(ALWAYS)


@pytest.mark.parametrize("name", ALWAYS)
def test_a_service_is_pinned_checked_and_kept_to_this_machine(name: str) -> None:
    """An exact version, a health check, ports on loopback only, no rights it does not need."""
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", service["image"])
    assert service["healthcheck"]["test"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert ["ALL"] == service["cap_drop"]
    for needed, how in service.get("depends_on", {}).items():
        assert needed in SERVICES
        assert "service_healthy" == how["condition"]


@pytest.mark.parametrize("name", SERVICES)
def test_mounted_folders_exist_and_hold_no_other_mount(name: str) -> None:
    """Docker makes a missing folder silently, and cannot mount into one that is read-only."""
    inside = []
    for volume in SERVICES[name].get("volumes", ()):
        source, target = volume.split(":")[:2]
        inside.append(target)
        if source.startswith("."):
            assert (REPOSITORY / source).is_dir()
            assert volume.endswith(":ro")
        else:
            assert source in compose()["volumes"]
    assert not [(a, b) for a in inside for b in inside if a != b and b.startswith(f"{a}/")]


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "build" in service])
def test_settings_of_our_containers_are_settings(name: str) -> None:
    """The worker refuses unknown ones; so does this."""
    settings = Settings.from_env(SERVICES[name]["environment"])
    assert "kafka:19092" == settings.bootstrap


def test_the_image_carries_the_version_of_the_package() -> None:
    """`docker compose build` names what it makes."""
    from stream import __version__  # noqa: PLC0415 - one test's own

    assert f"cx-stream:{__version__}" == SERVICES["worker"]["image"]


def test_the_dockerfile_copies_what_the_context_lets_through() -> None:
    """What .dockerignore leaves out cannot be copied."""
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    context = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert f"!{source}" in context
            assert (REPOSITORY / source).exists()
    assert 2 == len(re.findall(r"^FROM python:3\.\d+\.\d+-slim-\w+", dockerfile, re.MULTILINE))


def test_grafana_finds_its_dashboards_and_its_data_source() -> None:
    """Provisioning files, mounts and dashboards agree."""
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    assert "/etc/grafana/provisioning" == mounts["./grafana/provisioning"]
    (provider,) = load(CONFIGURATION / "provisioning/dashboards/cx-stream.yml")["providers"]
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home in {f"{provider['options']['path']}/{path.name}" for path in DASHBOARDS}
    (source,) = load(CONFIGURATION / "provisioning/datasources/prometheus.yml")["datasources"]
    assert "http://prometheus:9090" == source["url"]
    interval = load(CONFIGURATION / "prometheus/prometheus.yml")["global"]["scrape_interval"]
    assert interval == source["jsonData"]["timeInterval"]


def test_prometheus_finds_the_workers_and_the_alertmanager() -> None:
    """By the names and ports of the services."""
    document = load(CONFIGURATION / "prometheus/prometheus.yml")
    (found,) = document["scrape_configs"][0]["dns_sd_configs"]
    assert set(found["names"]) <= set(SERVICES)
    assert SERVICES["worker"]["ports"][0].endswith(f":{found['port']}")
    (targets,) = load(CONFIGURATION / "prometheus/targets/alertmanagers.yml")
    assert ["alertmanager:9093"] == targets["targets"]
