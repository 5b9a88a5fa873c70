"""`tidings doctor`: what is wrong with this installation, and which command repairs it."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from dataclasses import asdict

from tidings.app.doctor.checks import examine
from tidings.app.doctor.finding import Finding, Level, problem
from tidings.app.load_settings import config_file_of
from tidings.app.settings import Settings
from tidings.app.terminal import say, visible

_MARKS = {Level.OK: "ok      ", Level.WARNING: "warning ", Level.PROBLEM: "PROBLEM "}


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what each check finds; status 1 when there is a problem, 0 with warnings alone."""
    findings = examine(arguments.part, settings, config_file_of(arguments), os.environ)
    return _print(findings, arguments.output)


def without_settings(reason: str, arguments: argparse.Namespace) -> int:
    """Print what is wrong with the settings, without which nothing else can be checked."""
    cure = f"$EDITOR {config_file_of(arguments) or '~/.profile'}  # then: tidings doctor"
    return _print([problem("settings", reason, cure)], arguments.output)


def _print(findings: Iterable[Finding], form: str) -> int:
    status = 0
    for finding in findings:
        if finding.level is Level.PROBLEM:
            status = 1
        if form == "json":
            say(json.dumps(asdict(finding)))
            continue
        say(f"{_MARKS[finding.level]} {finding.check}: {visible(finding.text)}")
        if finding.cure:
            say(f"         mend: {visible(finding.cure)}")
    return status
