"""A flake8 plug-in: the findings of ``seedbed check`` at warning or above, file by file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from seedbed.doctor.finding import Severity
from seedbed.errors import ConfigError


class Plugin:
    """What flake8 calls for each file (entry point ``SB``).

    Args:
        tree: The parsed file; flake8 gives it, and it marks the plug-in as one that looks at whole files.
        filename: Path of the file, ``"stdin"`` or what ``--stdin-display-name`` says for text from an editor.
        lines: The text as flake8 has it, which may be newer than the file.
    """

    name = "seedbed"
    version = version("seedbed")

    def __init__(self, tree: ast.AST, filename: str = "", lines: Sequence[str] = ()) -> None:
        self.path = Path(filename or "stdin.py")
        self.text = "".join(lines)

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Yield ``(line, column, text, type)`` for each finding; column counts from 0."""
        from seedbed.doctor.static.engine import check_text

        try:
            found = check_text(self.text, self.path) if "torch" in self.text else []
        except ConfigError:
            return  # flake8 tells about the syntax itself
        for finding in found:
            if finding.severity >= Severity.WARNING and finding.file == str(self.path):
                yield finding.line, max(0, finding.column - 1), f"{finding.code} {finding.message}", type(self)
