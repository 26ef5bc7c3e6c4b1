"""A config file (JSON, YAML, TOML) plus overrides → ``LoadedConfig``: read, converted, checked, with origins.

``load_config`` is the one entry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbed.config.check import validate
from seedbed.config.dialects import convert_dialect, split_overrides
from seedbed.config.overrides import apply_overrides
from seedbed.config.schema import Config
from seedbed.config.syntax import read_text
from seedbed.config.tree import (
    DEFAULT,
    Origin,
    Problem,
    Tree,
    find_nearest,
    format_keys,
    iterate_leaves,
    make_plain,
    name_kind,
    raise_problems,
)
from seedbed.errors import ConfigError

SYNTAX = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}
MAX_BYTES = 5_000_000
Verify = Callable[[Tree], Iterable[Problem]]


@dataclass(frozen=True)
class LoadedConfig:
    """A checked config with its history.

    Args:
        config: The checked values, defaults filled in.
        tree: The values that were given, in our form, with their origins.
        origins: Path of every value in the config (``optimizer.args.lr``) to where it came from.
        project: Folder of the config file; the user's own modules are there. None for a mapping.
        notes: What was converted or ignored, one sentence each, to be shown to the user.
        run_root: Folder for runs that a pytorch-template file asked for (``trainer.save_dir``), else None.
    """

    config: Config
    tree: Tree
    origins: dict[str, Origin]
    project: Path | None
    notes: list[str] = field(default_factory=list)
    run_root: Path | None = None


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any] | None,
    overrides: Sequence[str] = (),
    *,
    project: str | os.PathLike[str] | None = None,
    verify: Verify | None = None,
) -> LoadedConfig:
    """Read, override, convert and check a config.

    Args:
        source: Path of a JSON, YAML or TOML file, a mapping, or None for overrides alone.
        overrides: ``key.path=value`` texts, applied in order.
        project: Folder of the user's modules, if not that of the file.
        verify: Finds more mistakes in the tree (the arguments of parts, say); they are reported with all others.

    Raises:
        ConfigError: The config is wrong; the message lists every mistake with file, key path and what to do.
    """
    tree = load_tree(source)
    first, last = split_overrides(tree, overrides)
    converted = convert_dialect(apply_overrides(tree, first))
    tree = apply_overrides(converted.tree, last)
    config, problems = validate(tree)
    problems = [*converted.problems, *problems]
    if verify is not None:
        problems += verify(tree)
    raise_problems(tree, problems)
    assert config is not None, "a config without problems exists"
    folder = Path(project) if project is not None else None
    if folder is None and isinstance(source, str | os.PathLike):
        folder = Path(source).parent
    return LoadedConfig(
        config=config,
        tree=tree,
        origins=find_origins(tree, config),
        project=folder.resolve() if folder is not None else None,
        notes=converted.notes,
        run_root=Path(converted.run_root) if converted.run_root else None,
    )


def find_origins(tree: Tree, config: Config) -> dict[str, Origin]:
    """Where each value of the config came from, by its path; ``default`` for what nobody gave."""
    given = {
        keys for leaf, _ in iterate_leaves(tree.values) for keys in (leaf[:end] for end in range(1, len(leaf) + 1))
    }
    return {
        format_keys(keys): tree.origin(keys) if keys in given else DEFAULT
        for keys, _ in iterate_leaves(config.model_dump())
    }


def load_tree(source: str | os.PathLike[str] | Mapping[str, Any] | None) -> Tree:
    """Read a config into a plain tree.

    Args:
        source: Path of a file, a mapping of values, or None for an empty tree.

    Raises:
        ConfigError: The file cannot be read, or holds something that a config cannot hold.
    """
    if source is None:
        return Tree({}, {}, "config")
    if isinstance(source, Mapping):
        return Tree(make_plain(source, (), "config"), {}, "config")
    path = Path(source)
    syntax = SYNTAX.get(path.suffix.lower())
    if syntax is None and not path.is_dir():
        raise ConfigError(f"{path}: a config file ends in .json, .yaml, .yml or .toml, not in {path.suffix!r}")
    text = _read_file(path)
    if not text.strip():
        raise ConfigError(f"{path}: the file is empty; a config needs at least model, data and objective")
    values, lines = read_text(text, syntax or "json", str(path))
    if values is None:
        raise ConfigError(f"{path}: the file holds no values; a config needs at least model, data and objective")
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: the file holds {name_kind(values)} at the top; a config is a mapping of sections")
    if isinstance(values.get("$schema"), str):  # for editors only
        del values["$schema"]
    origins = {keys: Origin(str(path), line) for keys, line in lines.items() if keys}
    return Tree(make_plain(values, (), str(path)), origins, str(path))


def _read_file(path: Path) -> str:
    try:
        if path.is_dir():
            inside = next((name for name in sorted(os.listdir(path)) if Path(name).suffix.lower() in SYNTAX), None)
            advice = f"; name the file, for example {path / inside}" if inside else ""
            raise ConfigError(f"{path}: this is a folder, not a config file{advice}")
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: the file has {path.stat().st_size:,} bytes, too many for a config; is it one?")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file{_suggest_file(path)}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{path}: the file cannot be read: {reason.lower()}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte {data[error.start]:#04x} at position {error.start}"
        raise ConfigError(f"{path}: the file is not UTF-8 text ({byte}); save it as UTF-8") from None


def _suggest_file(path: Path) -> str:
    try:
        names = [name for name in os.listdir(path.parent) if Path(name).suffix.lower() in SYNTAX]
    except OSError:
        return ""
    near = find_nearest(path.name, names)
    return f"; did you mean {path.parent / near}?" if near else ""
