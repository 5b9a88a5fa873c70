"""Files of deploy/: a server is unprivileged, watched, and has its log on a volume."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # a stub package for one file


@pytest.fixture
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture
def pod(deploy: Path) -> dict[str, Any]:
    """Return the pod of the StatefulSet."""
    made = yaml.safe_load((deploy / "kubernetes" / "statefulset.yaml").read_text())
    found: dict[str, Any] = made["spec"]["template"]["spec"]
    return found


def test_a_pod_is_unprivileged_and_writes_to_its_volume_only(
    pod: dict[str, Any], deploy: Path
) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert not pod["enableServiceLinks"]
    (container,) = pod["containers"]
    within = container["securityContext"]
    assert within["readOnlyRootFilesystem"]
    assert not within["allowPrivilegeEscalation"]
    assert within["capabilities"] == {"drop": ["ALL"]}
    made = yaml.safe_load((deploy / "kubernetes" / "statefulset.yaml").read_text())
    (claim,) = made["spec"]["volumeClaimTemplates"]
    places = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert places[claim["metadata"]["name"]] == "/var/lib/tidings"


def test_a_pod_has_probes_and_is_scraped(pod: dict[str, Any], deploy: Path) -> None:
    (container,) = pod["containers"]
    asked = {
        name: container[f"{name}Probe"]["httpGet"]["path"]
        for name in ("startup", "liveness", "readiness")
    }
    assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    ports = {each["name"] for each in container["ports"]}
    monitor = yaml.safe_load((deploy / "kubernetes" / "servicemonitor.yaml").read_text())
    scraped = {each["port"] for each in monitor["spec"]["endpoints"]}
    policy = yaml.safe_load((deploy / "kubernetes" / "networkpolicy.yaml").read_text())
    reached = {
        each["port"]: "from" in rule for rule in policy["spec"]["ingress"] for each in rule["ports"]
    }
    assert scraped == {"metrics"} <= ports
    assert reached == {"http": False, "grpc": False, "metrics": True}


def test_a_container_is_unprivileged_and_has_a_readiness_probe(deploy: Path) -> None:
    text = (deploy / "container" / "Containerfile").read_text()
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(images) == 2
    assert all("-slim-" in image for image in images)
    final = text.rpartition("\nFROM ")[2]
    assert "\nUSER 65532:65532\n" in final
    assert re.search(r"^HEALTHCHECK ", final, re.MULTILINE), "tests/e2e/test_health.py runs it"


@pytest.mark.parametrize("name", ["alone", "cluster", "watched"])
def test_in_compose_files_nothing_but_volumes_can_be_written_to(deploy: Path, name: str) -> None:
    made = yaml.safe_load((deploy / "compose" / f"{name}.yml").read_text())
    servers = [each for name, each in made["services"].items() if name.startswith("tidings")]
    assert servers
    for each in servers:
        if "extends" in each:  # what the test of that file looks at
            assert each["extends"] == {"file": "alone.yml", "service": "tidings"}
        else:
            assert (each["read_only"], each["cap_drop"]) == (True, ["ALL"])


def test_prometheus_scrapes_a_host_name_that_is_served(deploy: Path) -> None:
    compose = deploy / "compose"
    scraping = yaml.safe_load((compose / "prometheus.yml").read_text())["scrape_configs"]
    targets = [
        each for job in scraping for made in job["static_configs"] for each in made["targets"]
    ]
    served = yaml.safe_load((compose / "alone.yml").read_text())["services"]["tidings"]
    assert targets == [f"{served['environment']['TIDINGS_HTTP_ALLOW_HOST']}:4652"]


def test_systemd_watches_a_server_and_restarts_it(deploy: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as documented
    unit.read(deploy / "systemd" / "tidings.service")
    service = unit["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "on-failure")
    assert int(service["WatchdogSec"]) > 0
    assert service["DynamicUser"] == service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
