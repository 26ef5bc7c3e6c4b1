"""Which files are read, what is in them, and what is said about those that cannot be read."""

from __future__ import annotations

import io
import os
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seedbed.errors import ConfigError

_SKIP = {
    ".git",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".ipynb_checkpoints",
    ".tox",
    ".mypy_cache",
    "site-packages",
    "build",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Problem:
    """What a reader has to say about a file, beside its findings.

    Args:
        path: The file.
        text: One sentence, which names the file.
        kind: ``"file"``: it was not read; ``"part"``: a part of it was not read; ``"note"``: all of it was read.
        named: Whether the user named the file itself, not only a folder that it is in.
    """

    path: Path
    text: str
    kind: Literal["file", "part", "note"] = "file"
    named: bool = False

    def __str__(self) -> str:
        return self.text


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The Python files and notebooks under ``paths``.

    Raises:
        ConfigError: A path does not exist or is neither a folder, a Python file nor a notebook.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            for base, folders, names in os.walk(path):
                folders[:] = sorted(f for f in folders if f not in _SKIP and not f.endswith(".egg-info"))
                found += [Path(base) / n for n in sorted(names) if n.endswith((".py", ".ipynb"))]
        elif path.is_file() or path.is_symlink():  # a link to nothing is said to be one when it is read
            if path.suffix not in (".py", ".ipynb", ".pyw"):
                raise ConfigError(f"{path} is neither a Python file nor a notebook; give .py, .ipynb or a folder")
            found.append(path)
        else:
            raise ConfigError(f"{path} does not exist; give a Python file, a notebook or a folder")
    return list(dict.fromkeys(found))


def read_bytes(path: Path) -> bytes:
    """What is in a file.

    Raises:
        ConfigError: It cannot be read; the message says why.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        if path.is_symlink() and not path.exists():
            raise ConfigError(_dead_link(path)) from error
        raise ConfigError(f"cannot read {path}: {error.strerror or error}; give a file that you may read") from error


def read_text(path: Path) -> str:
    """The text of a Python file, in the encoding that its first lines name.

    Raises:
        ConfigError: It cannot be read, or is not in the encoding that it should be in.
    """
    data = read_bytes(path)
    if data.startswith(_UTF16):
        raise ConfigError(f"{path} is written in UTF-16, which Python does not read; save it as UTF-8")
    encoding = ""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except UnicodeDecodeError as error:
        if encoding not in ("", "utf-8", "utf-8-sig"):
            what = f"is not written in {encoding}, as its first lines say; correct the coding line or save it again"
            raise ConfigError(f"{path} {what}") from error
    except SyntaxError as error:  # an encoding that does not exist, or a first line that is not UTF-8
        if "missing encoding" not in str(error):
            what = f"has a coding line that Python cannot follow ({error}); correct it, or remove it and save as UTF-8"
            raise ConfigError(f"{path} {what}") from error
    wrong = _not_utf8(data)
    what = "save the file as UTF-8, or name its encoding in the first line: # -*- coding: latin-1 -*-"
    raise ConfigError(f"{path}:{wrong} is not written in UTF-8; {what}")


def may_use(data: bytes, word: bytes) -> bool:
    """Whether a word stands in a file; one in UTF-16, which is not read, may hold it too."""
    return word in (data.replace(b"\0", b"") if data.startswith(_UTF16) else data)


def _not_utf8(data: bytes) -> int:
    """The first line that is not UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


def _dead_link(path: Path) -> str:
    return f"{path} is a link to {os.readlink(path)}, which does not exist; restore that file or remove the link"
