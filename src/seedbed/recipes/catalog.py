"""Find recipes by name. Reads files only; no torch.

A recipe is ``recipes/<name>/config.json``; a folder with more configs has variants, ``mnist1d:gru`` is
``recipes/mnist1d/gru.json``.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from seedbed.errors import ConfigError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """A recipe's name, its config, and what its ``result.json`` says was measured."""

    name: str
    config: Path
    shows: str
    result: str


def list_recipes() -> list[Recipe]:
    """All recipes and their variants, by name."""
    found = []
    for folder in sorted(path for path in FOLDER.iterdir() if (path / "config.json").is_file()):
        measured = json.loads((folder / "result.json").read_text()) if (folder / "result.json").is_file() else {}
        for config in sorted(folder.glob("*.json"), key=lambda path: (path.stem != "config", path.stem)):
            if config.stem == "result":
                continue
            name = folder.name if config.stem == "config" else f"{folder.name}:{config.stem}"
            entry = measured.get(config.stem, {})
            found.append(Recipe(name, config, entry.get("shows", ""), entry.get("result", "not measured")))
    return found


def find_recipe(name: str) -> Path:
    """The config of a recipe.

    Raises:
        ConfigError: There is no such recipe, and no such file either.
    """
    recipes = {recipe.name: recipe.config for recipe in list_recipes()}
    if name in recipes:
        return recipes[name]
    near = difflib.get_close_matches(name, recipes, n=1)
    hint = f"did you mean {near[0]!r}" if near else f"the recipes are {', '.join(recipes)}"
    raise ConfigError(f"{name!r} is neither a recipe nor a config file; {hint}; a config is given with -c FILE")
