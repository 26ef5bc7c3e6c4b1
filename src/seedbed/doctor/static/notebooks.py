"""Notebooks as one script: their code cells joined, magics blanked."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from seedbed.errors import ConfigError

_MAGIC = re.compile(r"[%!]")
_SURE_MAGIC = re.compile(r"!|%%?[A-Za-z]")  # a line that goes on with "% (epoch, loss)" is none
_PYTHON = ("python", "ipython", "sage", "xpython", "pyspark")
_KERNELS = {"ir": "R", "julia": "Julia", "iruby": "Ruby", "bash": "Bash", "scala": "Scala"}
_NAMED = 3  # cells that are left out are told one by one up to so many


def join_cells(data: bytes, path: Path) -> tuple[str, list[tuple[int, int]], list[str]]:
    """The code of a notebook, the first line and number of each cell, and sentences about cells that were left out.

    Raises:
        ConfigError: It is no notebook, one of another language, or no cell of it is Python.
    """
    book = _load(data, path)
    _check_language(book, path)
    lines: list[str] = []
    starts: list[tuple[int, int]] = []
    broken: list[tuple[int, int]] = []
    for body in _code_cells(book, path):
        number = len(starts) + 1
        plain, wrong = _plain_lines(body)
        if wrong:
            broken.append((number, wrong))
        starts.append((len(lines) + 1, number))
        lines.extend(plain)
    if broken and len(broken) == len(starts):
        number, line = broken[0]
        raise ConfigError(f"{path} has no cell that is valid Python (cell {number} line {line}); correct the cells")
    return "\n".join(lines) + "\n", starts, _told(broken, len(starts), path)


def _told(broken: list[tuple[int, int]], cells: int, path: Path) -> list[str]:
    if len(broken) <= _NAMED:
        what = "is not valid Python; this cell was left out"
        return [f"{path}: cell {number} line {line} {what}" for number, line in broken]
    places = ", ".join(f"cell {number} line {line}" for number, line in broken[:_NAMED])
    return [f"{path}: {len(broken)} of {cells} cells are not valid Python ({places}, …); they were left out"]


def _load(data: bytes, path: Path) -> dict[str, Any]:
    import json  # scripts are checked far more often, and need none

    again = "save it again as .ipynb"
    if not data.strip():
        raise ConfigError(f"{path} is empty, not a notebook; {again}")
    try:
        book = json.loads(data.decode("utf-8-sig"))
    except UnicodeError as error:
        raise ConfigError(f"{path} is not written in UTF-8, as a notebook must be; {again}") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply to be a notebook; {again}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not a notebook, its JSON is broken ({error}); {again}") from error
    if not isinstance(book, dict):
        raise ConfigError(f"{path} is not a notebook, its JSON is no object with cells; {again}")
    return book


def _code_cells(book: dict[str, Any], path: Path) -> list[str]:
    again = "save it again as .ipynb"
    cells = book.get("cells")
    if "cells" not in book:  # as notebooks were before version 4
        sheets = book.get("worksheets")
        sheet = sheets[0] if isinstance(sheets, list) and sheets else None
        if not isinstance(sheet, dict) or "cells" not in sheet:
            raise ConfigError(f"{path} is not a notebook, it has no cells; {again}")
        cells = sheet["cells"]
    if not isinstance(cells, list):
        raise ConfigError(f"{path} is not a notebook, its cells are no list; {again}")
    found: list[str] = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        body = cell.get("source", cell.get("input", ""))
        parts: list[str] = [part for part in (body if isinstance(body, list) else [body]) if isinstance(part, str)]
        if len(parts) < (len(body) if isinstance(body, list) else 1):
            raise ConfigError(f"{path} is not a notebook, the source of code cell {len(found) + 1} is no text; {again}")
        found.append("".join(parts))
    return found


def _check_language(book: dict[str, Any], path: Path) -> None:
    meta = _part(book, "metadata")
    kernel = _part(meta, "kernelspec")
    named: list[object] = [kernel.get("language"), _part(meta, "language_info").get("name")]
    language = next((n for n in named if n and isinstance(n, str)), "")
    if not language:
        language = _KERNELS.get(re.split(r"[-_\d.]", str(kernel.get("name")).lower())[0], "")
    if language and not any(isinstance(n, str) and n.lower().startswith(_PYTHON) for n in named):
        raise ConfigError(f"{path} is a notebook in {language}; only notebooks in Python can be checked, leave it out")


def _part(data: dict[str, Any], key: str) -> dict[str, Any]:
    part = data.get(key)
    return part if isinstance(part, dict) else {}


def _plain_lines(text: str) -> tuple[list[str], int]:
    """Blank magics and shell lines; a cell that does not parse at all is left out, with the line that is wrong."""
    lines = text.split("\n")
    if lines and lines[0].lstrip().startswith("%%"):
        name = lines[0].strip().split()[0]
        if name not in ("%%time", "%%timeit", "%%capture", "%%prun"):
            return [""] * len(lines), 0
    wrong = 1
    for told in (_SURE_MAGIC, _MAGIC):
        plain = []
        for line in lines:
            head = line.lstrip()
            magic = told.match(head) or (head.endswith("?") and "#" not in head and "'" not in head)
            plain.append(f"{line[: len(line) - len(head)]}pass" if magic and head else line)
        try:
            ast.parse("\n".join(plain))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            wrong = getattr(error, "lineno", None) or 1
            continue
        return plain, 0
    return [""] * len(lines), wrong
