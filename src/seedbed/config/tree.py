"""A plain tree of values that knows where each value came from, and the problems found in it."""

from __future__ import annotations

import difflib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

from seedbed.errors import ConfigError

Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Origin:
    """Where a value came from: a file and line, an override, or the default."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


DEFAULT = Origin("default")
OVERRIDE = Origin("override")


@dataclass
class Tree:
    """Plain values (mappings, lists, text, numbers, booleans, null) and the origin of each.

    Args:
        values: The values themselves.
        origins: Path of keys to origin; a path that is absent has the origin of its nearest ancestor.
        source: What the whole was read from, for messages.
        moved: Path in this tree to the path under which its author wrote it, where the two differ.
    """

    values: dict[str, Any]
    origins: dict[Keys, Origin] = field(default_factory=dict)
    source: str = "config"
    moved: dict[Keys, Keys] = field(default_factory=dict)

    def origin(self, keys: Keys) -> Origin:
        """Origin of the value at ``keys``: its own, else that of its nearest ancestor."""
        written = self.written(keys)
        for end in range(len(written), -1, -1):
            if written[:end] in self.origins:
                return self.origins[written[:end]]
        return Origin(self.source)

    def written(self, keys: Keys) -> Keys:
        """The path under which the author wrote the value that is at ``keys`` now."""
        for end in range(len(keys), 0, -1):
            if keys[:end] in self.moved:
                return self.moved[keys[:end]] + keys[end:]
        return keys

    def describe(self, problem: Problem) -> str:
        """One line: where, which key, what is wrong, what to do."""
        name = format_keys(self.written(problem.keys))
        line = f"{self.origin(problem.keys)}: {name + ': ' if name else ''}{problem.what}"
        return f"{line} — {problem.advice}" if problem.advice else line


@dataclass(frozen=True)
class Problem:
    """One mistake in a config: at which key, what is wrong, what to do about it."""

    keys: Keys
    what: str
    advice: str = ""

    def under(self, *prefix: str | int) -> Problem:
        """The same problem seen from further up: ``prefix`` goes before its keys."""
        return replace(self, keys=(*prefix, *self.keys))


def raise_problems(tree: Tree, problems: Iterable[Problem]) -> None:
    """Raise one error that lists all problems; do nothing if there are none.

    Raises:
        ConfigError: There is at least one problem.
    """
    in_order = sorted(problems, key=lambda problem: tree.origin(problem.keys).line or 0)
    lines = list(dict.fromkeys(tree.describe(problem) for problem in in_order))
    if len(lines) == 1:
        raise ConfigError(lines[0])
    if lines:
        raise ConfigError(f"{len(lines)} mistakes in the config:\n" + "\n".join(f"  {line}" for line in lines))


def format_keys(keys: Keys) -> str:
    """The path as it is written in an override: ``optimizer.args.lr``; a key that holds a dot is quoted."""
    return ".".join(
        key if isinstance(key, str) and key and not set(key) & set('."= \n') else _quote(key) for key in keys
    )


def _quote(key: str | int) -> str:
    return str(key) if isinstance(key, int) else json.dumps(key, ensure_ascii=False)


def iterate_leaves(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """All values that hold no other values, with their paths; an empty mapping or list counts as one."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from iterate_leaves(item, (*keys, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from iterate_leaves(item, (*keys, index))
    else:
        yield keys, value


def show_value(value: Any, limit: int = 60) -> str:
    """The value as JSON, shortened, for a message."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def name_kind(value: Any) -> str:
    """What a value is, in words: ``a list``, ``text``, ``a whole number``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    for kind, words in (
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (list, "a list"),
        (Mapping, "a mapping"),
    ):
        if isinstance(value, kind):
            return words
    return f"a {type(value).__name__}"


def find_nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that ``word`` was probably meant to be, if any."""
    by_lower = {name.lower(): name for name in known}
    near: Sequence[str] = difflib.get_close_matches(str(word).lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[near[0]] if near else None


def make_plain(value: Any, keys: Keys, source: str) -> Any:
    """The value with tuples as lists and paths as text; anything that JSON does not have is an error."""
    where = f"{source}: {format_keys(keys)}" if keys else source
    if len(keys) > 100:
        raise ConfigError(f"{source}: values are nested more than 100 deep")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{where}: a key must be text, not {show_value(key)}")
        return {make_plain(key, keys, source): make_plain(item, (*keys, key), source) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [make_plain(item, (*keys, index), source) for index, item in enumerate(value)]
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
        return make_plain(value.tolist(), keys, source)
    raise ConfigError(
        f"{where}: {type(value).__name__} is not a config value; "
        "a config holds mappings, lists, text, numbers, booleans and null"
    )
