"""The few functions that pytorch-template's own modules take from here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def ensure_dir(dirname: str | os.PathLike[str]) -> None:
    """Make a folder and its parents where they don't exist."""
    Path(dirname).mkdir(parents=True, exist_ok=True)


def read_json(fname: str | os.PathLike[str]) -> Any:
    """The values of a JSON file."""
    return json.loads(Path(fname).read_text(encoding="utf-8"))


def write_json(content: Any, fname: str | os.PathLike[str]) -> None:
    """Write values as JSON."""
    Path(fname).write_text(json.dumps(content, indent=4), encoding="utf-8")


def inf_loop(data_loader: Iterable[Any]) -> Iterator[Any]:
    """The batches of a loader, again and again."""
    while True:
        yield from data_loader
