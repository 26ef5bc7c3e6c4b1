"""JSON, YAML and TOML text → plain values with the line of each; stricter than the standard readers.

Duplicate keys, numbers that are not finite, and values that JSON does not have are errors with line and column.
In YAML the plain scalars are those of its 1.2 core schema: ``1e-3`` is a number, ``off`` and ``no`` are text.
"""

from __future__ import annotations

import bisect
import json
import math
import re
import tomllib
from collections.abc import Callable
from json import decoder
from typing import Any

import yaml

from seedbed.config.tree import Keys
from seedbed.errors import ConfigError

SCAN_STRING: Callable[[str, int, bool], tuple[str, int]] = vars(decoder)["scanstring"]
MAX_DEPTH = 100
MAX_VALUES = 50_000
INTEGER = re.compile(r"[-+]?[0-9][0-9_]*")
FLOAT = re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")
JSON_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
BLANKS = re.compile(r"[ \t\n\r]*")


class JsonReader:
    """One JSON text; ``lines`` maps the path of every value to its line."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.lines: dict[Keys, int] = {}
        self._line_ends = [match.start() for match in re.finditer("\n", text)]

    def read(self) -> Any:
        """The value of the text. Raises ConfigError with line and column."""
        value, end = self._read_value(self._skip(0), ())
        if end < len(self.text):
            raise self._error(f"there is text after the end of the value: {self.text[end : end + 10]!r}", end)
        return value

    def _error(self, what: str, index: int) -> ConfigError:
        column = index - self.text.rfind("\n", 0, index)
        return ConfigError(f"{self.source}:{self._line(index)}:{column}: {what}")

    def _line(self, index: int) -> int:
        return bisect.bisect_left(self._line_ends, index) + 1

    def _skip(self, index: int) -> int:
        match = BLANKS.match(self.text, index)
        end = match.end() if match else index
        if self.text[end : end + 1] in {"/", "#"} and self.text[end : end + 1]:
            raise self._error("JSON has no comments; remove it, or write the config as YAML or TOML", end)
        return end

    def _read_value(self, index: int, keys: Keys) -> tuple[Any, int]:
        if len(keys) > MAX_DEPTH:
            raise self._error(f"values are nested more than {MAX_DEPTH} deep", index)
        self.lines[keys] = self._line(index)
        start = self.text[index : index + 1]
        if start == "{":
            return self._read_object(index, keys)
        if start == "[":
            return self._read_array(index, keys)
        if start == '"':
            return self._read_text(index)
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, index):
                return value, self._skip(index + len(word))
        return self._read_number(index)

    def _read_text(self, index: int) -> tuple[str, int]:
        try:
            value, end = SCAN_STRING(self.text, index + 1, True)
        except json.JSONDecodeError as error:
            raise self._error(f"bad text: {error.msg[0].lower()}{error.msg[1:]}", error.pos) from None
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise self._error("text holds half of a surrogate pair, which no file can store", index)
        return value, self._skip(end)

    def _read_number(self, index: int) -> tuple[int | float, int]:
        match = JSON_NUMBER.match(self.text, index)
        if match is None:
            found = self.text[index : index + 12].split("\n")[0]
            raise self._error(_explain_json(found), index)
        if match[2] is None and match[3] is None:
            if len(match[0]) > 4000:
                raise self._error("a number has more than 4000 digits", index)
            return int(match[0]), self._skip(match.end())
        value = float(match[0])
        if not math.isfinite(value):
            raise self._error(f"the number {match[0]} is too large for a float", index)
        return value, self._skip(match.end())

    def _read_object(self, index: int, keys: Keys) -> tuple[dict[str, Any], int]:
        result: dict[str, Any] = {}
        index = self._skip(index + 1)
        if self.text[index : index + 1] == "}":
            return result, self._skip(index + 1)
        while True:
            if self.text[index : index + 1] != '"':
                raise self._error(self._expected("a key in double quotes", index), index)
            start = index
            key, index = self._read_text(index)
            if key in result:
                first = self.lines[(*keys, key)]
                raise self._error(f"the key {key!r} is here a second time (first on line {first}); remove one", start)
            if self.text[index : index + 1] != ":":
                raise self._error(self._expected(f"':' after the key {key!r}", index), index)
            result[key], index = self._read_value(self._skip(index + 1), (*keys, key))
            mark = self.text[index : index + 1]
            if mark == "}":
                return result, self._skip(index + 1)
            if mark != ",":
                raise self._error(self._expected("',' or '}'", index), index)
            index = self._skip(index + 1)

    def _read_array(self, index: int, keys: Keys) -> tuple[list[Any], int]:
        result: list[Any] = []
        index = self._skip(index + 1)
        if self.text[index : index + 1] == "]":
            return result, self._skip(index + 1)
        while True:
            value, index = self._read_value(index, (*keys, len(result)))
            result.append(value)
            mark = self.text[index : index + 1]
            if mark == "]":
                return result, self._skip(index + 1)
            if mark != ",":
                raise self._error(self._expected("',' or ']'", index), index)
            index = self._skip(index + 1)

    def _expected(self, what: str, index: int) -> str:
        if index >= len(self.text):
            return f"the text ends where {what} should be"
        found = self.text[index]
        hint = "; remove the comma before it" if found in "}]" else ""
        return f"expected {what}, found {found!r}{hint}"


def _explain_json(found: str) -> str:
    if not found:
        return "the text ends where a value should be"
    if re.match(r"[-+]?(NaN|Infinity|nan|inf)", found):
        return "NaN and Infinity are not allowed; use null or a finite number"
    if found[0] in "}]":
        return f"expected a value, found {found[0]!r}; remove the comma before it"
    for wrong, right in (("True", "true"), ("False", "false"), ("None", "null")):
        if found.startswith(wrong):
            return f"{wrong} is Python; JSON writes {right}"
    if found[0] == "'":
        return "JSON text goes in double quotes, not single ones"
    return f"expected a value, found {found!r}"


class YamlReader:
    """One YAML text; ``lines`` maps the path of every value to its line."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.lines: dict[Keys, int] = {}
        self._open: list[yaml.Node] = []

    def read(self) -> Any:
        """The value of the text. Raises ConfigError with line and column."""
        try:
            node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.reader.ReaderError as error:
            raise ConfigError(
                f"{self.source}: the character {error.character!r} is not allowed in YAML; remove it"
            ) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            raise ConfigError(f"{self.source}{place}: not valid YAML: {_explain_yaml(error)}") from None
        except (RecursionError, ValueError):
            raise ConfigError(f"{self.source}: values are nested too deep") from None
        return None if node is None else self._read_node(node, ())

    def _error(self, what: str, node: yaml.Node) -> ConfigError:
        mark = node.start_mark
        return ConfigError(f"{self.source}:{mark.line + 1}:{mark.column + 1}: {what}")

    def _read_node(self, node: yaml.Node, keys: Keys) -> Any:
        if any(node is parent for parent in self._open):
            raise self._error("an alias contains itself", node)
        if len(keys) > MAX_DEPTH or len(self.lines) > MAX_VALUES:
            raise self._error("values are nested too deep, or aliases multiply them without end", node)
        self.lines[keys] = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return self._read_scalar(node)
        if node.tag not in {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}:
            raise self._error(f"the tag {_shorten_tag(node.tag)!r} is not allowed; a config is plain data", node)
        self._open.append(node)
        if isinstance(node, yaml.SequenceNode):
            result: Any = [self._read_node(item, (*keys, index)) for index, item in enumerate(node.value)]
        else:
            result = self._read_mapping(node, keys)
        self._open.pop()
        return result

    def _read_mapping(self, node: yaml.Node, keys: Keys) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in sources:
                    if not isinstance(source, yaml.MappingNode):
                        raise self._error("'<<' merges mappings only", value_node)
                    merged = {**self._read_node(source, keys), **merged}
                continue
            key = self._read_scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else key_node
            if not isinstance(key, str):
                raise self._error('a key must be text; put it in quotes ("1": …)', key_node)
            if key in result:
                raise self._error(f"the key {key!r} is here a second time in this mapping; remove one", key_node)
            result[key] = self._read_node(value_node, (*keys, key))
            self.lines[(*keys, key)] = key_node.start_mark.line + 1
        return {**merged, **result}

    def _read_scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        if node.tag not in PLAIN_TAGS:
            raise self._error(f"the tag {_shorten_tag(node.tag)!r} is not allowed; a config is plain data", node)
        if node.style is not None:
            return text
        value = read_plain_scalar(text)
        if isinstance(value, float) and not math.isfinite(value):
            raise self._error(f"{text} is not finite; use null or a finite number", node)
        return value


PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")
)


def read_plain_scalar(text: str) -> Any:
    """The value of an unquoted YAML scalar under the 1.2 core schema (``1_000`` is read as a number too)."""
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in {"true", "True", "TRUE"}:
        return True
    if text in {"false", "False", "FALSE"}:
        return False
    if INTEGER.fullmatch(text) and len(text) <= 4000:
        return int(text.rstrip("_").replace("_", ""))
    if re.fullmatch(r"0x[0-9a-fA-F]+|0o[0-7]+", text):
        return int(text, 0)
    if FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if NOT_FINITE.fullmatch(text):
        return math.nan if "n" in text.lower().replace("inf", "") else math.inf
    return text


def _explain_yaml(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "unreadable"
    if "\\t" in problem or "'\\t'" in problem:
        return "a tab cannot indent; use spaces"
    if "mapping values are not allowed" in problem:
        return "a ':' here does not fit; check the indentation, or put the text in quotes"
    if "expected a single document" in (error.context or ""):
        return "there is more than one document ('---'); a config is one"
    return problem


def _shorten_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def read_toml(text: str, source: str) -> Any:
    """The value of a TOML text; its reader gives no lines. Raises ConfigError with line and column."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at ")
        found = re.match(r"line (\d+), column (\d+)", place)
        where = f":{found[1]}:{found[2]}" if found else ""
        raise ConfigError(f"{source}{where}: not valid TOML: {what[0].lower()}{what[1:]}") from None
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{source}: not valid TOML: {error}") from None


def read_text(text: str, syntax: str, source: str) -> tuple[Any, dict[Keys, int]]:
    """Plain value of a text and the line of each value in it (none for TOML).

    Args:
        text: The whole text.
        syntax: ``json``, ``yaml`` or ``toml``.
        source: Name of the text in messages.

    Raises:
        ConfigError: The text is not valid; with line and column.
    """
    if syntax == "toml":
        return read_toml(text, source), {}
    reader = JsonReader(text, source) if syntax == "json" else YamlReader(text, source)
    return reader.read(), reader.lines
