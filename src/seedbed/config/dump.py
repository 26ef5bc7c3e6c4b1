"""Plain values → JSON, YAML or TOML text that reads back as the same values."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from seedbed.config.syntax import read_plain_scalar
from seedbed.config.tree import Keys, format_keys
from seedbed.errors import ConfigError

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def dump(values: dict[str, Any], syntax: str) -> str:
    """The values as text that ends in a newline.

    Args:
        values: Mapping of plain values.
        syntax: ``json``, ``yaml`` or ``toml``.

    Raises:
        ConfigError: TOML has no null and there is one, or the syntax is unknown.
    """
    if syntax == "json":
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    if syntax == "yaml":
        return yaml.dump(values, Dumper=_YamlDumper, sort_keys=False, allow_unicode=True, width=120)
    if syntax == "toml":
        return "\n".join(_write_table(values, ())).strip("\n") + "\n"
    raise ConfigError(f"unknown form {syntax!r}; use json, yaml or toml")


class _YamlDumper(yaml.SafeDumper):
    """Quotes every text that would read back as something else, here or in a YAML 1.1 reader."""

    def ignore_aliases(self, data: Any) -> bool:
        """Values that occur twice are written twice; an anchor would only puzzle."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = isinstance(read_plain_scalar(text), str) and re.fullmatch(r"[\w./*-][\w ./*-]*", text, re.ASCII)
    style = None if plain and not text.endswith(" ") else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    # With a point (1.0e-05), so that a YAML 1.1 reader takes it for a number too.
    text = repr(value) if "." in repr(value) else repr(value).replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_YamlDumper.add_representer(str, _represent_text)
_YamlDumper.add_representer(float, _represent_float)


def _write_table(values: dict[str, Any], keys: Keys) -> list[str]:
    """One TOML table: its own values first, then the tables in it."""
    plain = {key: value for key, value in values.items() if not isinstance(value, dict) or not value}
    lines = [f"{_write_key(key)} = {_write_value(value, (*keys, key))}" for key, value in plain.items()]
    for key, value in values.items():
        if key not in plain:
            inner = (*keys, key)
            lines += ["", f"[{'.'.join(_write_key(str(part)) for part in inner)}]", *_write_table(value, inner)]
    return lines


def _write_key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _write_text(key)


def _write_text(text: str) -> str:
    """TOML text: as JSON, with the control characters escaped that only TOML wants escaped."""
    escaped = json.dumps(text, ensure_ascii=False)
    return "".join(f"\\u{ord(char):04x}" if char == "\x7f" else char for char in escaped)


def _write_value(value: Any, keys: Keys) -> str:
    if value is None:
        raise ConfigError(f"{format_keys(keys)} is null, which TOML does not have; write JSON or YAML")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _write_text(value)
    if isinstance(value, list):
        return "[" + ", ".join(_write_value(item, (*keys, index)) for index, item in enumerate(value)) + "]"
    if isinstance(value, dict):
        inner = (f"{_write_key(key)} = {_write_value(item, (*keys, key))}" for key, item in value.items())
        return "{" + ", ".join(inner) + "}"
    return repr(value)
