"""A new project folder from one of the templates. Imports nothing but the standard library."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from seedbed.errors import ConfigError

FOLDER = Path(__file__).parent / "template"
COMMON = "common"
PLACEHOLDER = "project-name"
# what a package cannot ship under its own name → the name in a project
RENAMED = {"gitignore": ".gitignore"}
LEFT_OUT = {"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
MODULES = ("numpy", "seedbed", "torch")


def list_templates() -> list[str]:
    """Names of the templates."""
    return sorted(path.name for path in FOLDER.iterdir() if (path / "config.json").is_file())


def new_project(target: Path, template: str = "image") -> list[Path]:
    """Make a project folder: config.json, model.py, data.py, train.py, tests, README.md and .gitignore.

    Args:
        target: The folder to make; its last part is the project's name.
        template: One of ``list_templates()``.

    Returns:
        The files written, sorted.

    Raises:
        ConfigError: The name cannot be used, the folder exists already, or cannot be written.
    """
    if template not in list_templates():
        raise ConfigError(f"there is no template {template!r}; choose one of {', '.join(list_templates())}")
    name = check_name(target)
    if target.exists() or target.is_symlink():
        raise ConfigError(f"{target} exists already, and nothing is overwritten; choose another name or remove it")
    written: list[Path] = []
    try:
        for source in (FOLDER / COMMON, FOLDER / template):
            written += copy_files(source, target, name)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ConfigError(f"{target} cannot be written: {error.strerror or error}; choose another place") from None
    return sorted(written)


def check_name(target: Path) -> str:
    """The project's name, from the last part of its path.

    Raises:
        ConfigError: It is no name that works as a folder, a run's name and beside Python's modules.
    """
    name = target.name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ConfigError(
            f"{str(target)!r} cannot be a project's name; begin with a letter or digit and use letters, digits, '-', "
            "'_' and '.'"
        )
    if name in MODULES:
        raise ConfigError(
            f"a folder called {name!r} would hide the package of that name in Python; choose another name"
        )
    return name


def copy_files(source: Path, target: Path, name: str) -> list[Path]:
    """Copy a template's files, with the project's name where they say ``project-name``."""
    written = []
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if not path.is_file() or LEFT_OUT & set(relative.parts):
            continue
        place = target / relative.with_name(RENAMED.get(relative.name, relative.name))
        place.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        place.write_text(text.replace(PLACEHOLDER, name), encoding="utf-8", newline="\n")
        written.append(place)
    return written
