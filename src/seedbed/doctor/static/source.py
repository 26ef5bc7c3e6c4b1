"""Files as the reader sees them: scripts, and notebooks with their code cells joined."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from seedbed.doctor.allowing import Allowed, read_allowed
from seedbed.doctor.static import plain_form, stacks, synonyms, syntax
from seedbed.doctor.static.asking import Silence
from seedbed.doctor.static.files import read_bytes, read_text
from seedbed.doctor.static.notebooks import join_cells
from seedbed.doctor.static.plainly import plainly
from seedbed.errors import ConfigError

_LINE_END = re.compile(r"\r\n|\r|\n")
_CUT = re.compile(r"#\s?%%")  # how editors mark the cells of a script


@dataclass
class Source:
    """One parsed file.

    Args:
        path: Where it is.
        text: Its code; for a notebook the joined code cells, magics blanked.
        tree: The parsed module.
        cells: For a notebook: ``(first line, cell number)`` of each code cell.
    """

    path: Path
    text: str
    tree: ast.Module
    cells: list[tuple[int, int]] = field(default_factory=list)
    name: str = ""
    allowed: Allowed = field(default_factory=Allowed)
    left_out: list[str] = field(default_factory=list)  # a sentence about each cell of a notebook that is no Python
    silent: Silence = field(default_factory=Silence)
    _nodes: dict[type, list[ast.AST]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)  # what was worked out from its text and tree alone
    _said: dict[str, bool] = field(default_factory=dict)
    _mentioned: dict[str, bool] = field(default_factory=dict)

    def by_type(self) -> dict[type, list[ast.AST]]:
        """The nodes of its tree by their types."""
        if not self._nodes:
            for node in syntax.walk(self.tree):
                self._nodes.setdefault(type(node), []).append(node)
        return self._nodes

    @cached_property
    def place(self) -> Path:
        """Its resolved path."""
        return self.path.resolve()

    @cached_property
    def folder(self) -> Path:
        """The resolved folder that it is in."""
        return self.place.parent

    def says(self, word: str) -> bool:
        """Whether a word stands anywhere in its text."""
        if word not in self._said:
            self._said[word] = word in self.text
        return self._said[word]

    def mentions(self, *words: str) -> bool:
        """Whether one of these stands anywhere in its text, in any case: what a rule can't do without.

        A word that the plain form adds to a tree (an operator, ``.backward``) may be missing in the text.
        """
        return any(self._says(word) for word in words)

    def _says(self, word: str) -> bool:
        if word not in self._mentioned:
            self._mentioned[word] = word in self._lower
        return self._mentioned[word]

    @cached_property
    def _lower(self) -> str:
        return self.text.lower()

    def where(self, line: int) -> str:
        """``cell 3 line 5`` in a notebook, else ``""``."""
        place = ""
        for start, number in self.cells:
            if line >= start:
                place = f"cell {number} line {line - start + 1}"
        return place

    def comments_in_vain(self) -> list[str]:
        """A sentence about each comment that should keep a check quiet and does not."""
        said = []
        for line, why in self.allowed.notes:
            place = self.where(line)
            said.append(f"{self.path}: {place}: {why}" if place else f"{self.path}:{line}: {why}")
        return said

    @cached_property
    def cell_starts(self) -> list[int]:
        """The first lines of its cells: of a notebook, or of a script that is cut by lines ``# %%``."""
        if self.cells or "%%" not in self.text:
            return [start for start, _ in self.cells]
        return [number for number, line in enumerate(self.lines, 1) if _CUT.match(line)]

    def shows(self, node: ast.AST) -> bool:
        """Whether a notebook shows what an expression gives: it is the last line of its cell, outside of any block."""
        end = getattr(node, "end_lineno", 0) or 0
        if not self.cell_starts or self.line_text(end).rstrip().endswith(";"):
            return False
        after = next((start for start in self.cell_starts if start > end), None)
        last = [s for s in self.tree.body if after is None or s.lineno < after][-1:]
        return bool(last) and isinstance(last[0], ast.Expr) and last[0].value is node

    @cached_property
    def lines(self) -> list[str]:
        """Its lines as Python counts them: a form feed ends none, as it does for ``str.splitlines``."""
        return _LINE_END.split(self.text)

    def line_text(self, line: int) -> str:
        """The source line, ``""`` when out of range."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""


def read_source(path: Path) -> Source:
    """Read and parse a script or notebook.

    Raises:
        ConfigError: The file cannot be read or parsed; the message names the line.
    """
    if path.suffix != ".ipynb":
        return parse(read_text(path), path)
    text, cells, left_out = join_cells(read_bytes(path), path)
    source = parse(text, path, cells)
    source.left_out = left_out
    return source


def parse(text: str, path: Path, cells: list[tuple[int, int]] | None = None) -> Source:
    """Parse code that was read from ``path``.

    Raises:
        ConfigError: The code is not valid Python.
    """
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = plain_form.rewrite(ast.parse(text))
        tree = stacks.rewrite(plainly(synonyms.say(tree, text), text), text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, RecursionError | MemoryError) or "too many nested" in str(error):
            what = "an expression in it is nested too deeply to be read"
            raise ConfigError(f"{path}: {what}; split it into several statements and check again") from error
        if "\0" in text:
            line = text[: text.index("\0")].count("\n") + 1
            what = "holds a NUL byte, which no Python file may; remove it, or save the file as UTF-8"
            raise ConfigError(f"{path}:{line} {what}") from error
        place = f"{path}:{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else str(path)
        what = getattr(error, "msg", None) or str(error)
        raise ConfigError(f"{place} is not valid Python ({what}); correct it and check again") from error
    source = Source(path, text, tree, cells or [], path.stem)
    source.allowed = read_allowed(text)
    return source
