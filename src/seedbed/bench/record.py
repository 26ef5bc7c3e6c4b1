"""What a benchmark leaves: one plain object, always with the same keys, from which every table is made.

``schema``, ``kind`` ("workloads", "config", "growth", "gpu"), ``about`` (machine, versions, settings, command, when),
``notes`` (what could not be measured or compared, and why), and the measurements of that kind.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from seedbed.errors import DataError
from seedbed.provenance import hardware
from seedbed.rundir import to_json

BUSY = " (other work was running: wall-clock figures are rough, processor seconds are the steadier ones)"
SCHEMA = "seedbed-bench/1"
# name on the page: the package that is installed
PEERS = {
    "accelerate": "accelerate",
    "ignite": "pytorch-ignite",
    "skorch": "skorch",
    "transformers": "transformers",
    "keras": "keras",
    "lightning": "lightning",
}


def about(command: Sequence[str], **settings: Any) -> dict[str, Any]:
    """The facts without which a measurement means nothing: machine, versions, settings, load, command, time."""
    found, installed = hardware(), {name: version_of(package) for name, package in PEERS.items()}
    return {
        "when": time.strftime("%Y-%m-%d"),
        "command": shlex.join(command),
        "settings": settings,
        "hardware": {
            "processor": found["processor"],
            "cores": found["cores"],
            "memory_bytes": found["memory_bytes"],
            "gpus": list(found["gpus"]),
        },
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": {"seedbed": version_of("seedbed"), "python": platform.python_version(), "torch": torch.__version__},
        "peers": {name: version for name, version in installed.items() if version is not None},
        "absent": [name for name, version in installed.items() if version is None],
    }


def version_of(package: str) -> str | None:
    """The installed version of a package; None if it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe(about: dict[str, Any]) -> list[str]:
    """``about`` as lines of a page."""
    machine, versions = about["hardware"], {**about["versions"], **about["peers"]}
    absent = f"; not installed, so left out: {', '.join(about['absent'])}" if about["absent"] else ""
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in about["settings"].items())
    memory = f"{(machine['memory_bytes'] or 0) / 1e9:.0f} GB"
    load = "unknown" if about["load"] is None else f"{about['load']:.1f}"
    busy = about["load"] is not None and about["load"] > 0.5
    return [
        f"- Machine: {machine['processor']}, {machine['cores']} cores, {memory}, "
        f"GPU: {', '.join(machine['gpus']) or 'none'}; load when it began: {load}" + (BUSY if busy else ""),
        f"- Versions: {', '.join(f'{name} {version}' for name, version in versions.items())}{absent}",
        f"- Settings: {settings}; OMP_NUM_THREADS {about['threads'] or 'not set'}; measured on {about['when']}",
        f"- Command: `{about['command']}`",
    ]


def write(data: dict[str, Any], path: Path) -> None:
    """Write a record."""
    path.write_bytes(to_json(data, indent=1) + b"\n")


def read(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises:
        DataError: The file is missing or not a record of this version.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise DataError(f"{path} is not a record of `seedbed bench` ({SCHEMA})")
    return data
