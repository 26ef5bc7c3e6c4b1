"""A config file (JSON, YAML, TOML) plus ``a.b=c`` overrides → plain tree that remembers where each value came from."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from seedbed.config.syntax import JsonReader, read_text
from seedbed.config.tree import OVERRIDE, Keys, Origin, Tree, find_nearest, format_keys, name_kind, show_value
from seedbed.errors import ConfigError

SYNTAX = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}
MAX_BYTES = 5_000_000


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
        return Tree(_plain(source, (), "config"), {}, "config")
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
    origins = {keys: Origin(str(path), line) for keys, line in lines.items() if keys}
    return Tree(_plain(values, (), str(path)), origins, str(path))


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


def _plain(value: Any, keys: Keys, source: str) -> Any:
    """The value with tuples as lists and paths as text; anything that JSON does not have is an error."""
    where = f"{source}: {format_keys(keys)}" if keys else source
    if len(keys) > 100:
        raise ConfigError(f"{source}: values are nested more than 100 deep")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{where}: a key must be text, not {show_value(key)}")
        return {_plain(key, keys, source): _plain(item, (*keys, key), source) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, (*keys, index), source) for index, item in enumerate(value)]
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise ConfigError(f"{where}: the text {value!r} holds half of a surrogate pair, which no file can store")
        return str(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if value.bit_length() > 13_000:
            raise ConfigError(f"{where}: a number has more than 4000 digits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ConfigError(f"{where}: {value} is not a finite number; use null or a finite one")
        return float(value)
    if isinstance(value, date | datetime | time):
        raise ConfigError(f"{where}: a date or time is not a config value; put it in quotes to make it text")
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return _plain(value.tolist(), keys, source)
    raise ConfigError(
        f"{where}: {type(value).__name__} is not a config value; "
        "a config holds mappings, lists, text, numbers, booleans and null"
    )


def parse_override(text: str) -> tuple[Keys, Any]:
    """``a.b.0=value`` → path and value; the value is read as JSON if it is JSON, else it is text.

    A key that holds a dot goes in double quotes: ``init.rename."module."=``.

    Raises:
        ConfigError: There is no ``=``, or a key is empty.
    """
    keys, rest = _parse_keys(text)
    if not rest.startswith("="):
        raise ConfigError(f"override {text!r} has no '='; write key.path=value, for example trainer.epochs=5")
    raw = rest[1:]
    source = f"override {text!r}"
    try:
        value = JsonReader(raw, source).read()
    except ConfigError as error:
        if "second time" in str(error) or "not allowed" in str(error) or "too large" in str(error):
            raise
        value = raw
    return keys, _plain(value, keys, source)


def _parse_keys(text: str) -> tuple[Keys, str]:
    keys: list[str | int] = []
    rest = text
    while True:
        if rest.startswith('"'):
            end = rest.find('"', 1)
            if end < 0:
                raise ConfigError(f"override {text!r} has a double quote without its partner")
            key, rest = rest[1:end], rest[end + 1 :]
        else:
            end = next((index for index, char in enumerate(rest) if char in ".="), len(rest))
            key, rest = rest[:end].strip(), rest[end:]
            if not key:
                raise ConfigError(f"override {text!r} has an empty key; write key.path=value, like trainer.epochs=5")
        keys.append(key)
        if not rest.startswith("."):
            return tuple(keys), rest
        rest = rest[1:]


def apply_overrides(tree: Tree, overrides: Sequence[str]) -> Tree:
    """A copy of the tree with the overrides set, in order.

    Raises:
        ConfigError: An override is malformed, goes below a scalar, or past the end of a list.
    """
    result = Tree(_copy(tree.values), dict(tree.origins), tree.source, dict(tree.moved))
    for text in overrides:
        keys, value = parse_override(text)
        _set(result, keys, value, text)
    return result


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _set(tree: Tree, keys: Keys, value: Any, text: str) -> None:
    """Set one value; missing mappings on the way are made, a list grows by one at its end."""
    node: Any = tree.values
    done: Keys = ()
    rest = list(keys)
    while rest:
        key: str | int = rest.pop(0)
        if isinstance(node, dict) and "_target_" in node and key not in node:
            # A part in Hydra's form: its arguments lie beside `_target_`, where ours lie under `args`.
            if key == "args" and rest:
                continue
            key = "_target_" if key == "type" else key
        if isinstance(node, list):
            key = _index(node, str(key), done, text)
            if key == len(node):
                node.append(None)
        elif not isinstance(node, dict):
            raise ConfigError(
                f"override {text!r}: {format_keys(done)} is {show_value(node)} "
                f"({tree.origin(done)}), so nothing can be set below it"
            )
        done = (*done, key)
        if not rest:
            node[key] = value
            break
        child = node[int(key)] if isinstance(node, list) else node.get(str(key))
        if child is None:
            child = [] if str(rest[0]) == "0" else {}
            node[int(key) if isinstance(node, list) else str(key)] = child
            _mark(tree, done)
        node = child
    _mark(tree, done)


def _index(node: list[Any], key: str, done: Keys, text: str) -> int:
    if not key.isdecimal() or int(key) > len(node):
        raise ConfigError(
            f"override {text!r}: {format_keys(done)} is a list of {len(node)}; "
            f"its items are numbered from 0, and {len(node)} appends one"
        )
    return int(key)


def _mark(tree: Tree, done: Keys) -> None:
    """The value at this path, and everything in it, comes from the override now."""
    written = tree.written(done)
    for known in [known for known in tree.origins if known[: len(written)] == written]:
        del tree.origins[known]
    tree.origins[written] = OVERRIDE
