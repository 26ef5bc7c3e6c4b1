"""Files as the reader sees them: scripts, and notebooks with their code cells joined."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from seedbed.doctor.static import plain_form, stacks, synonyms, syntax
from seedbed.doctor.static.asking import Silence
from seedbed.doctor.static.plainly import plainly
from seedbed.errors import ConfigError

_ALLOW = re.compile(r"#\s*seedbed:\s*allow\s*=\s*([\w\-, ]+)", re.IGNORECASE)


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
    allows: dict[int, set[str]] = field(default_factory=dict)
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

    def shows(self, node: ast.AST) -> bool:
        """Whether a notebook shows what an expression gives: it is the last line of its cell, outside of any block."""
        end = getattr(node, "end_lineno", 0) or 0
        if not self.cells or self.line_text(end).rstrip().endswith(";"):
            return False
        after = next((start for start, _ in self.cells if start > end), None)
        last = [s for s in self.tree.body if after is None or s.lineno < after][-1:]
        return bool(last) and isinstance(last[0], ast.Expr) and last[0].value is node

    def line_text(self, line: int) -> str:
        """The source line, ``""`` when out of range."""
        lines = self.text.splitlines()
        return lines[line - 1] if 0 < line <= len(lines) else ""


def read_source(path: Path) -> Source:
    """Read and parse a script or notebook.

    Raises:
        ConfigError: The file cannot be read or parsed; the message names the line.
    """
    cells: list[tuple[int, int]] = []
    try:
        if path.suffix == ".ipynb":
            text, cells = _join_cells(path.read_text(encoding="utf-8"), path)
        else:
            with tokenize.open(path) as handle:
                text = handle.read()
    except (OSError, SyntaxError, UnicodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}; give a Python file, a notebook or a folder") from error
    return parse(text, path, cells)


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
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        place = f"{path}:{line}" if line else str(path)
        what = getattr(error, "msg", None) or str(error)
        raise ConfigError(f"{place} is not valid Python ({what}); correct it and check again") from error
    tree = stacks.rewrite(plainly(synonyms.say(tree, text), text), text)
    source = Source(path, text, tree, cells or [], path.stem)
    if "seedbed:" in text:
        source.allows = _allowed(text)
    return source


def _join_cells(raw: str, path: Path) -> tuple[str, list[tuple[int, int]]]:
    try:
        book = json.loads(raw)
        cells = book["cells"] if "cells" in book else book["worksheets"][0]["cells"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ConfigError(f"{path} is not a notebook ({error}); save it again as .ipynb") from error
    lines: list[str] = []
    starts: list[tuple[int, int]] = []
    number = 0
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        number += 1
        body = cell.get("source", cell.get("input", ""))
        text = "".join(body) if isinstance(body, list) else str(body)
        starts.append((len(lines) + 1, number))
        lines.extend(_plain_lines(text))
    return "\n".join(lines) + "\n", starts


def _plain_lines(text: str) -> list[str]:
    """Blank magics and shell lines; a cell that does not parse at all is left out."""
    lines = text.split("\n")
    if lines and lines[0].lstrip().startswith("%%"):
        name = lines[0].strip().split()[0]
        if name not in ("%%time", "%%timeit", "%%capture", "%%prun"):
            return [""] * len(lines)
    for told in (_SURE_MAGIC, _MAGIC):
        plain = []
        for line in lines:
            head = line.lstrip()
            magic = told.match(head) or (head.endswith("?") and "#" not in head and "'" not in head)
            plain.append(f"{line[: len(line) - len(head)]}pass" if magic and head else line)
        try:
            ast.parse("\n".join(plain))
        except (SyntaxError, ValueError):
            continue
        return plain
    return plain if "await " in "\n".join(plain) else [""] * len(plain)


_MAGIC = re.compile(r"[%!]")
_SURE_MAGIC = re.compile(r"!|%%?[A-Za-z]")  # a line that goes on with "% (epoch, loss)" is none


def _allowed(text: str) -> dict[int, set[str]]:
    allows: dict[int, set[str]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and (match := _ALLOW.search(token.string)):
                codes = {c.strip() for c in match[1].split(",") if c.strip()}
                allows.setdefault(token.start[0], set()).update(codes)
    except (tokenize.TokenError, SyntaxError):
        pass
    return allows
