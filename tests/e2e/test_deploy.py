"""What is in deploy/ is right by the tools of those that it is for, and names what there is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # a stub package for one file
from packaging.requirements import Requirement

from tests.certificates import Authority
from tests.e2e.proxies import CADDY, TOOLS
from tidings.app.settings import fields, variable_of

pytestmark = pytest.mark.clients

CONTAINERFILE = "deploy/container/Containerfile"
UNIT = "deploy/systemd/tidings.service"
UNITS = ("tidings.service", "tidings-backup.service")
COMPOSE = ("alone", "cluster", "watched")


def quietly(*command: str | Path, given: str | None = None, **more: Any) -> str:
    """Run a tool that says nothing but what is wrong, or what is asked for."""
    done = subprocess.run(
        [str(word) for word in command],
        input=given, capture_output=True, text=True, check=False, **more,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said: str = done.stdout
    return said


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Path:
    """A unit, with a program that is there, and its timer beside it."""
    text = (root / "deploy/systemd" / request.param).read_text()
    assert "ExecStart=/usr/local/bin/tidings " in text
    program = Path(sys.executable).with_name("tidings")
    copied = tmp_path / str(request.param)
    copied.write_text(text.replace("/usr/local/bin/tidings", str(program)))
    timer = (root / "deploy/systemd" / request.param).with_suffix(".timer")
    if timer.exists():
        (tmp_path / timer.name).write_text(timer.read_text())
    return copied


def test_systemd_finds_nothing_wrong_with_the_units(unit: Path) -> None:
    units = sorted(unit.parent.glob(f"{unit.stem}.*"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_unit_exposes_next_to_nothing(unit: Path) -> None:
    """Of 10: 1.5, which systemd calls OK; what is left is the network, which it is there for."""
    quietly("systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", unit)


def test_what_the_unit_starts_takes_its_settings(root: Path, tmp_path: Path) -> None:
    (command,) = re.findall(r"^ExecStart=\S+ (.*)$", (root / UNIT).read_text(), re.MULTILINE)
    for config in (root / "deploy").rglob("tidings.toml"):
        words = command.replace("/etc/tidings/tidings.toml", str(config)).split()
        printed = quietly(sys.executable, "-m", "tidings.app", *words, "--print-config")
        assert tomllib.loads(printed)["log"]["format"] == "json", config


def test_hadolint_finds_nothing_wrong_with_the_container_file(root: Path) -> None:
    quietly(TOOLS / "hadolint", root / CONTAINERFILE)


def test_the_container_file_names_what_there_is(root: Path) -> None:
    text = (root / CONTAINERFILE).read_text()
    names = set(re.findall(r"\b(TIDINGS_[A-Z_]+)=", text)) - {"TIDINGS_INSECURE"}
    assert names <= {variable_of(field) for field in fields()}
    assert "USER 65532" in text
    assert text.count("--require-hashes") == 3
    runtime = (root / "deploy/container/runtime.txt").read_text()
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["nats"]]
    pinned = set(re.findall(r"^([a-z0-9-]+)==", runtime, re.MULTILINE))
    assert {Requirement(each).name for each in wanted} <= pinned
    locked = (root / "constraints.txt").read_text()
    assert [
        each for each in re.findall(r"^\S+==\S+", runtime, re.MULTILINE) if each not in locked
    ] == []


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_files_are_what_the_specification_says(root: Path, name: str) -> None:
    file = root / f"deploy/compose/{name}.yml"
    made = yaml.safe_load(file.read_text())
    program = (
        "import sys; from compose_spec import PyCompose;"
        "PyCompose.from_json(sys.stdin.read()).to_spec()"
    )
    quietly(TOOLS / "python", "-c", program, given=json.dumps(made))
    known = {variable_of(field) for field in fields()}
    for service in made["services"].values():
        names = {each for each in service.get("environment", {}) if each.startswith("TIDINGS_")}
        assert names <= known
        if "build" in service:
            build = service["build"]
            assert (file.parent / build["context"] / build["dockerfile"]).is_file()
        for each in service.get("configs", ()):
            assert (each if isinstance(each, str) else each["source"]) in made["configs"]
    for config in made.get("configs", {}).values():
        assert (file.parent / config["file"]).is_file()


def test_kubernetes_takes_the_manifests(root: Path) -> None:
    folder = root / "deploy/kubernetes"
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    others = {"kustomization.yaml", "servicemonitor.yaml"}  # whose schemas are not Kubernetes' own
    assert {each.name for each in folder.glob("*.yaml")} - others < {*kustomization["resources"]}
    for name in sorted({*kustomization["resources"]} - others):
        quietly(TOOLS / "kubernetes-validate", "--strict", "--quiet", folder / name)
    (generated,) = kustomization["configMapGenerator"]
    assert all((folder / each).is_file() for each in generated["files"])
    pod = yaml.safe_load((folder / "statefulset.yaml").read_text())["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    for name, *path in (
        ("service.yaml", "selector"),
        ("networkpolicy.yaml", "podSelector", "matchLabels"),
    ):
        selector = yaml.safe_load((folder / name).read_text())["spec"]
        for key in path:
            selector = selector[key]
        assert selector.items() <= labels


def test_a_backup_in_kubernetes_is_of_the_log_that_is_there(root: Path) -> None:
    folder = root / "deploy/kubernetes/backup"
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert kustomization["kind"] == "Component"
    for name in kustomization["resources"]:
        quietly(TOOLS / "kubernetes-validate", "--strict", "--quiet", folder / name)
    job = yaml.safe_load((folder / "cronjob.yaml").read_text())["spec"]["jobTemplate"]
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {each["name"] for each in container["env"]} <= {variable_of(f) for f in fields()}
    service = yaml.safe_load((folder.parent / "service.yaml").read_text())
    address = container["args"][container["args"].index("--upstream") + 1]
    assert address == f"{service['metadata']['name']}:4651"
    volume = yaml.safe_load((folder / "volume.yaml").read_text())
    claims = [each.get("persistentVolumeClaim", {}).get("claimName") for each in pod["volumes"]]
    assert volume["metadata"]["name"] in claims


def test_kustomize_makes_of_the_base_and_its_component_what_kubernetes_takes(
    root: Path, tmp_path: Path, go_client: Callable[[str], Path]
) -> None:
    base = os.path.relpath(root / "deploy/kubernetes", tmp_path)
    overlay = {
        "resources": [base],
        "components": [f"{base}/backup"],
        "namespace": "events",
        "images": [{"name": "tidings", "newTag": "7"}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    made = list(yaml.safe_load_all(quietly(go_client("kustomizebuild"), tmp_path)))
    assert {each["metadata"]["namespace"] for each in made} == {"events"}
    named = {each["kind"]: each for each in made}
    kinds = {
        *("ConfigMap", "CronJob", "NetworkPolicy", "PersistentVolumeClaim"),
        *("Service", "ServiceMonitor", "StatefulSet"),
    }
    assert (set(named), len(made)) == (kinds, len(kinds))
    for kind in kinds - {"ServiceMonitor"}:  # whose schema is not Kubernetes' own
        manifest = tmp_path / f"{kind}.made"
        manifest.write_text(yaml.safe_dump(named[kind]))
        quietly(TOOLS / "kubernetes-validate", "--strict", "--quiet", manifest)
    pod = named["StatefulSet"]["spec"]["template"]["spec"]
    (mounted,) = (each["configMap"]["name"] for each in pod["volumes"] if "configMap" in each)
    assert mounted == named["ConfigMap"]["metadata"]["name"] != "tidings", "a new one is a new pod"
    job = named["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    images = {each["image"] for within in (pod, job) for each in within["containers"]}
    assert images == {"tidings:7"}


def test_envoy_and_caddy_take_their_files(root: Path, tmp_path: Path, envoy_program: Path) -> None:
    pair = Authority(tmp_path, "ca").issue("tidings.example")
    for name, at, command in (
        ("envoy.yaml", "/etc/envoy", (envoy_program, "--mode", "validate", "-l", "error", "-c")),
        ("Caddyfile", "/etc/caddy", (CADDY, "validate", "--adapter", "caddyfile", "--config")),
    ):
        text = (root / "deploy/proxies" / name).read_text()
        text = text.replace(f"{at}/server.pem", str(pair.cert))
        config = tmp_path / name
        config.write_text(text.replace(f"{at}/server.key", str(pair.key)))
        quietly(*command, config)
