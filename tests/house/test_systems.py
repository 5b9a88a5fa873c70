"""Systems: the contract lists them, and each has one place in every room."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

from tidings.dialects import load
from tidings.gateway import doors
from tidings.v1 import event_pb2, event_system_pb2, selection_pb2
from tidings.v1.systems import SYSTEMS

OWN = "tidings"
"""The system that only the native door shows, and that nobody publishes for."""


def test_the_list_is_that_of_the_contract() -> None:
    bodies = event_pb2.Event.DESCRIPTOR.oneofs_by_name["body"].fields
    assert tuple(body.name for body in bodies) == SYSTEMS
    numbers = event_system_pb2.EventSystem.items()
    assert [name for name, number in numbers if number] == [
        f"EVENT_SYSTEM_{system.upper()}" for system in SYSTEMS
    ]
    assert tuple(field.name for field in selection_pb2.Selection.DESCRIPTOR.fields) == SYSTEMS


def test_each_has_a_dialect_a_door_and_a_page(root: Path) -> None:
    assert sorted(load()) == sorted(SYSTEMS)
    rooms = {module.name for module in pkgutil.iter_modules(doors.__path__)}
    assert rooms == {*SYSTEMS, "native"} - {OWN}
    assert all(
        hasattr(importlib.import_module(f"{doors.__name__}.{room}"), "Door") for room in rooms
    )
    pages = {path.stem.replace("-", "_") for path in (root / "docs/doors").glob("*.md")}
    assert pages == rooms


def test_each_has_its_facts_in_the_console(root: Path) -> None:
    folder = root / "gateway/console/systems"
    bodies = event_pb2.Event.DESCRIPTOR.oneofs_by_name["body"].fields
    told = {
        path.stem: re.findall(r'^    (?:name|field): "(\w+)",$', path.read_text(), re.MULTILINE)
        for path in folder.glob("*.js")
    }
    assert {name: fields for name, fields in told.items() if fields} == {
        body.name: [body.name, body.json_name] for body in bodies
    }
    listed = (folder / "systems.js").read_text()
    assert [name for name in SYSTEMS if f'from "./{name}.js";' not in listed] == []


def test_no_shared_code_names_the_newest(root: Path) -> None:
    """It has no RPC and no setting of its own, so that whatever names it is its place."""
    name = re.compile("(?<!docker_)(?<!docker)cloud_?event", re.IGNORECASE)
    naming = {
        path.relative_to(root).as_posix()
        for room in ("service", "gateway", "protos")
        for path in (root / room).rglob("*")
        if path.suffix in {".py", ".proto"} and name.search(path.read_text())
    }
    own = (
        "service/tidings/dialects/cloud_event",
        "gateway/tidings/gateway/doors/cloud_event/",
        # which prints every system's events as CloudEvents: there it is a form, and no system
        "gateway/tidings/gateway/doors/native/",
        "service/tidings/app/commands/output.py",
        "service/tidings/app/commands/asking_options.py",
        # an hour of every system
        "service/tidings/app/demo/",
        # what can be recorded: one server streams them, and tables of sources name it
        "service/tidings/sources/cloud_events.py",
        "service/tidings/app/source_settings.py",
        "service/tidings/app/commands/options.py",
    )
    shared = {path for path in naming if not path.startswith((*own, "protos/tidings/v1/cloud"))}
    assert shared == {
        f"protos/tidings/v1/{name}.proto" for name in ("event", "event_system", "selection")
    }


def test_the_guide_names_every_place(root: Path) -> None:
    guide = (root / "docs/adding-a-system.md").read_text()
    for path in re.findall(r"`((?:protos|service|gateway|docs|tests)/[^`]*)`", guide):
        assert (root / path).exists(), path
    for name in ("event.proto", "selection.proto", "event_system.proto"):
        assert f"`{name}`" in guide
