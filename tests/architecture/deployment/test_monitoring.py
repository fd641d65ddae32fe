"""Alerts and the dashboard ask for metrics that exist, from processes that exist."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from tests.architecture.deployment.cluster import ROOT
from tests.architecture.deployment.compose import compose

PROMETHEUS = ROOT / "deploy/prometheus"
PROMTOOL = shutil.which("promtool")
METRIC = re.compile(r"\b((?:stitch|http|db)_[a-z_]+?)(?:_bucket|_count|_sum)?\b(?![a-z_])")
DECLARED = re.compile(r"(Counter|Gauge|Histogram)\(\s*\"([a-z_]+)\"")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "deploy/grafana/stitch.json").read_text())[
        "panels"
    ]
    return found


def expressions() -> dict[str, str]:
    """By the title of the panel or the name of the alert."""
    shown = {
        f"{panel['title']}, {target['refId']}": target["expr"]
        for panel in panels()
        for target in panel["targets"]
    }
    return shown | {rule["alert"]: rule["expr"] for rule in rules()}


def declared_metrics() -> set[str]:
    sources = [*(ROOT / "libs").glob("*/src/**/*.py"), *(ROOT / "services").glob("*/src/**/*.py")]
    found = [pair for path in sources for pair in DECLARED.findall(path.read_text())]
    # The client library appends _total to counters.
    return {
        name if kind != "Counter" or name.endswith("_total") else f"{name}_total"
        for kind, name in found
    }


@pytest.mark.parametrize("name", expressions())
def test_what_is_asked_for_is_measured(name: str) -> None:
    expression = expressions()[name]

    asked = {*METRIC.findall(expression)}

    assert asked <= declared_metrics()
    assert asked or expression == "up == 0"


def test_an_alert_says_what_is_wrong_and_who_should_know() -> None:
    assert rules()
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


def test_prometheus_asks_every_process_of_compose() -> None:
    (job,) = yaml.safe_load((PROMETHEUS / "compose.yml").read_text())["scrape_configs"]
    (targets,) = (config["targets"] for config in job["static_configs"])

    processes = {
        n for n, s in compose()["services"].items() if "build" in s and s["restart"] != "no"
    }

    assert {*targets} == {f"{name}:9000" for name in processes}


@pytest.mark.parametrize("name", ["compose.yml", "kubernetes.yml"])
def test_prometheus_knows_the_alerts(name: str) -> None:
    assert yaml.safe_load((PROMETHEUS / name).read_text())["rule_files"] == ["alerts.yml"]


def test_every_panel_has_a_place_and_a_source() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    (source,) = yaml.safe_load((ROOT / "deploy/grafana/datasources.yml").read_text())["datasources"]

    assert len(set(places)) == len(places)
    assert {panel["datasource"]["uid"] for panel in panels()} == {source["uid"]}


@pytest.mark.skipif(not PROMTOOL, reason="promtool is not on this machine")
@pytest.mark.parametrize("name", ["compose.yml", "kubernetes.yml"])
def test_promtool_finds_nothing(name: str) -> None:
    subprocess.run([str(PROMTOOL), "check", "config", PROMETHEUS / name], check=True)
