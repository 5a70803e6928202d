"""Recording and alert rules: valid, tested for firing and for silence, each alert with its runbook page."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stream.catalogue import BY_NAME
from tests.support import promql
from tests.support.monitoring import CONFIGURATION, need
from tests.support.promql import Expression, load

TESTS = sorted((CONFIGURATION / "prometheus/tests").glob("*.yml"))
COUNTS_ONLY = sorted((CONFIGURATION / "prometheus/counts-only").glob("*.yml"))
ALERTS = {rule["alert"]: rule for rule in promql.alerts()}
EXPRESSIONS = promql.of_rules()


def run(program: str, *arguments: str | Path) -> str:
    """Run promtool or amtool; its output is the message when it is not content."""
    done = subprocess.run([need(program), *arguments], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_promtool_accepts_the_configuration_and_every_rule() -> None:
    """Syntax, names, templates, and the rules that the configuration loads."""
    output = run("promtool", "check", "config", CONFIGURATION / "prometheus/prometheus.yml")
    assert f"{len(promql.RULES)} rule files found" in output
    run("promtool", "check", "rules", "--lint=all", *promql.RULES)


def test_the_rules_for_those_who_have_only_the_counts_are_valid_and_not_loaded_beside_the_others() -> None:
    """Whoever runs the detector would be told twice."""
    run("promtool", "check", "rules", "--lint=all", *COUNTS_ONLY)
    alerts = {rule["alert"] for path in COUNTS_ONLY for rule in promql.rules_of(path) if "alert" in rule}
    assert alerts
    assert not alerts & set(ALERTS)
    tested = [
        case for path in TESTS for test in load(path)["tests"] for case in test.get("alert_rule_test", ())
    ]
    for alert in alerts:
        expected = [bool(case["exp_alerts"]) for case in tested if case["alertname"] == alert]
        assert {True, False} == set(expected)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_promtool_test_passes(path: Path) -> None:
    """The rules do what their cases in grafana/prometheus/tests say."""
    run("promtool", "test", "rules", path)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tested_for_firing_and_for_silence(alert: str) -> None:
    """A rule that never fires is as useless as one that always does."""
    expected = [
        case["exp_alerts"]
        for path in TESTS
        for test in load(path)["tests"]
        for case in test.get("alert_rule_test", ())
        if case["alertname"] == alert
    ]
    assert [] in expected, "no case in which it is silent"
    assert any(expected), "no case in which it fires"


def test_every_recording_rule_is_tested_and_named_by_the_convention() -> None:
    """level:metric:operation, with a metric of the catalogue."""
    tested = {
        sample["labels"].partition("{")[0]
        for path in TESTS
        for test in load(path)["tests"]
        for case in test.get("promql_expr_test", ())
        for sample in case["exp_samples"]
    }
    for rule in promql.recordings():
        name = rule["record"]
        metric = re.fullmatch(r"[a-z_]+:(cx_[a-z_]+):[a-z0-9_]+", name)
        assert metric, name
        assert {metric[1], f"{metric[1]}_total"} & set(BY_NAME), name
        assert name in tested


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda expression: expression.where)
def test_a_rule_names_what_is_exported(expression: Expression) -> None:
    """Names and labels are those of the catalogue, or of another rule."""
    exported = promql.sample_names()
    recorded = {rule["record"] for rule in promql.recordings()}
    for selector in expression.selectors:
        assert selector.name in recorded or selector.labels <= exported[selector.name], selector


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_says_what_where_and_what_to_do(alert: str) -> None:
    """Severity, summary, description, and links to the dashboard and to a runbook page of its name."""
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert {"summary", "description", "runbook_url", "dashboard_url"} == set(rule["annotations"])
    assert rule["annotations"]["runbook_url"].endswith(f"/consoles/{alert}.md")
    assert "/d/cx-stream" in rule["annotations"]["dashboard_url"]


def test_runbook_pages_and_alerts_match_in_both_directions() -> None:
    """No alert without a page, no page without an alert, and the contents list them all."""
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (CONFIGURATION / "runbook").glob("*.md")}
    contents = pages.pop("README")
    assert set(ALERTS) == set(pages)
    for name, page in pages.items():
        assert page.startswith(f"# {name}\n")
        assert f"| [{name}]({name}.md) | {ALERTS[name]['labels']['severity']} |" in contents
        for section in ("**Meaning.**", "**Look at", "**Do.**", "**When it is wrong.**"):
            assert section in page, f"{name}: {section}"
        assert "{{" not in page, "Prometheus takes the pages for templates"


def test_amtool_accepts_the_alertmanager_configuration() -> None:
    """Syntax, receivers and matchers."""
    run("amtool", "check-config", CONFIGURATION / "alertmanager/alertmanager.yml")


@pytest.mark.parametrize(("severity", "receiver"), [("critical", "now"), ("warning", "today")])
def test_severity_decides_who_hears_of_it(severity: str, receiver: str) -> None:
    """What cannot wait goes to `now`."""
    path = CONFIGURATION / "alertmanager/alertmanager.yml"
    output = run("amtool", "config", "routes", "test", f"--config.file={path}", f"severity={severity}")
    assert receiver == output.strip()


def test_an_inhibition_names_alerts_that_exist() -> None:
    """A rule that is renamed must not silently end an inhibition."""
    document: dict[str, Any] = load(CONFIGURATION / "alertmanager/alertmanager.yml")
    text = str(document["inhibit_rules"])
    named = set(re.findall(r"Cx[A-Za-z]+", text))
    assert named
    assert named <= set(ALERTS)
