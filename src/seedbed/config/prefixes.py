"""Under which prefixes a dotted path may lead: the built-in ones, and what the project's owner allows."""

from __future__ import annotations

import builtins
import importlib
import sys
import tomllib
from pathlib import Path
from types import ModuleType

from seedbed.config.projects import locate_error
from seedbed.config.slots import UnresolvedError
from seedbed.errors import ConfigError, require

EXTRAS = {"torchvision": "vision", "timm": "vision"}


def read_allowed(folder: Path) -> list[str]:
    """Prefixes that the project's own pyproject.toml allows: ``[tool.seedbed] allow = ["monai."]``.

    Raises:
        ConfigError: The file is not valid, or the list is not one of texts.
    """
    path = folder / "pyproject.toml"
    try:
        section = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("seedbed", {})
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not valid: {error}") from None
    allow = section.get("allow", []) if isinstance(section, dict) else []
    if not isinstance(allow, list) or not all(isinstance(one, str) for one in allow):
        raise ConfigError(f'{path}: [tool.seedbed] allow must be a list of text, like ["monai."]')
    return allow


def check_prefix(prefix: str) -> None:
    """Refuse prefixes that would open the whole language.

    Raises:
        ConfigError: The prefix is empty, malformed, or stands for the standard library or all of torch.
    """
    parts = prefix.removesuffix(".").split(".")
    if not all(part.isidentifier() and not part.startswith("_") for part in parts):
        raise ConfigError(f"allowed prefix {prefix!r} is not a dotted name; write it like 'monai.'")
    if parts[0] in sys.stdlib_module_names or hasattr(builtins, parts[0]) or parts in (["torch"], ["torch", "hub"]):
        raise ConfigError(f"the prefix {prefix!r} cannot be allowed: it holds functions that run any code")


def advise_prefix(package: str) -> str:
    """What to do about a dotted path into ``package`` that may not stand in a config."""
    try:
        check_prefix(package)
    except ConfigError:
        return "wrap it in a class or function of your project"
    return (
        "wrap it in a class or function of your project; or, if you trust all of it, "
        f'allow it in the project\'s pyproject.toml: [tool.seedbed] allow = ["{package}."]'
    )


def import_longest(parts: list[str], prefix: str) -> ModuleType:
    """The deepest module on the way that exists; none above the prefix is tried."""
    root = prefix[:-1].split(".")
    for end in range(len(parts), len(root) - 1, -1):
        name = ".".join(parts[:end])
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name + ".").startswith(error.name + "."):
                raise ConfigError(f"{name} cannot be imported: {locate_error(error, None)}") from None
        except Exception as error:
            raise ConfigError(f"{name} cannot be imported: {locate_error(error, None)}") from None
    if root[0] in EXTRAS:
        require(root[0], EXTRAS[root[0]], f"the type {'.'.join(parts)}")
    raise UnresolvedError(f"there is no package {root[0]!r} here", f"install it: pip install {root[0]}")
