"""Overrides: ``a.b=c`` texts set into a tree, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedbed.config.syntax import JsonReader
from seedbed.config.tree import OVERRIDE, Keys, Tree, format_keys, make_plain, show_value
from seedbed.errors import ConfigError


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
    return keys, make_plain(value, keys, source)


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
