"""A flake8 plug-in: the findings of ``seedbed check`` at warning or above, file by file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from seedbed.doctor.finding import Severity


class Plugin:
    """What flake8 calls for each file (entry point ``SB``)."""

    name = "seedbed"
    version = version("seedbed")

    def __init__(self, tree: ast.AST, filename: str = "") -> None:
        self.filename = filename

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Yield ``(line, column, text, type)`` for each finding."""
        from seedbed.doctor.static.engine import check_paths

        path = Path(self.filename)
        if not path.is_file():
            return
        for finding in check_paths([path]):
            if finding.severity >= Severity.WARNING:
                yield finding.line, max(0, finding.column - 1), f"{finding.code} {finding.message}", type(self)
