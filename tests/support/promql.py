"""What the PromQL of this repository names: a reader good enough for expressions we write ourselves."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from stream.catalogue import BY_NAME, Kind
from tests.support.processes import REPOSITORY

DASHBOARDS = sorted((REPOSITORY / "grafana/dashboards").glob("*.json"))
RULES = sorted((REPOSITORY / "grafana/prometheus/rules").glob("*.yml"))

# What a person has chosen in the dashboard's variables.
CHOSEN = {
    "tenant": "acme",
    "level": "interaction",
    "window": "1h",
    "view": "channel",
    "__rate_interval": "1m",
}

_SELECTOR = re.compile(r"\b((?:[a-z_]+:)?cx_[a-z_]+(?::[a-z0-9_]+)?)(\{[^}]*\})?")


class Selector(NamedTuple):
    """A metric name with its matchers, as written."""

    name: str
    matchers: str

    def __str__(self) -> str:
        return self.name + self.matchers

    @property
    def labels(self) -> set[str]:
        """The labels that are matched on."""
        return set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", self.matchers))


class Expression(NamedTuple):
    """PromQL and where it stands."""

    where: str
    text: str

    @property
    def selectors(self) -> list[Selector]:
        """Every selector of ours in it."""
        return [Selector(name, matchers) for name, matchers in _SELECTOR.findall(self.text)]

    def chosen(self) -> "Expression":
        """The expression with the dashboard's variables filled in."""
        text = re.sub(r"\$(\w+)", lambda match: CHOSEN[match[1]], self.text)
        return Expression(self.where, text)


def load(path: Path) -> Any:
    """Return a JSON or YAML file."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every panel that is no row."""
    yield from (panel for panel in dashboard["panels"] if panel["type"] != "row")


def of_dashboards() -> list[Expression]:
    """Return every query of every panel."""
    return [
        Expression(f"{path.stem} / {panel['title']} / {target['refId']}", target["expr"])
        for path in DASHBOARDS
        for panel in panels(load(path))
        for target in panel["targets"]
    ]


def rules() -> list[dict[str, Any]]:
    """Return every rule of every group."""
    return [rule for path in RULES for rule in rules_of(path)]


def rules_of(path: Path) -> list[dict[str, Any]]:
    """Return every rule of a file."""
    return [rule for group in load(path)["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """Return the alerting rules."""
    return [rule for rule in rules() if "alert" in rule]


def recordings() -> list[dict[str, Any]]:
    """Return the recording rules."""
    return [rule for rule in rules() if "record" in rule]


def of_rules() -> list[Expression]:
    """Return the expression of every rule."""
    return [Expression(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]


def sample_names() -> dict[str, set[str]]:
    """Return every sample name that the service exports today, with its labels."""
    names: dict[str, set[str]] = {}
    for family in BY_NAME.values():
        if family.available and family.kind is Kind.HISTOGRAM:
            names |= {f"{family.name}_{end}": set(family.labels) for end in ("count", "sum")}
            names[f"{family.name}_bucket"] = {*family.labels, "le"}
        elif family.available:
            names[family.name] = set(family.labels)
    return names
