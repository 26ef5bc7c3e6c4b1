"""Methods of known words: a plan such as ``"fc:64 relu fc:3"`` is taken apart as the program does it."""

from __future__ import annotations

import ast
from typing import Any

from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const, unknown

_LONGEST = 400  # letters: what is longer is text to learn from, not a plan
_MOST = 16  # words
_SPLITS = frozenset(["split", "rsplit", "splitlines", "partition", "rpartition"])
_ASKS = frozenset(["startswith", "endswith", "isdigit", "isalpha", "isnumeric", "isupper", "islower", "find", "count"])
_CHANGES = frozenset(
    ["strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace", "removeprefix", "removesuffix"]
)
_KNOWN = _SPLITS | _ASKS | _CHANGES


def method(run: Machine, text: Val, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """``"word".name(...)``: worked out where all of it is known, short, and gives few parts."""
    whole = all(a.kind == "const" for a in (*args, *kwargs.values()))
    if name in _KNOWN and whole and len(text.const) <= _LONGEST:
        try:
            found: Any = getattr(text.const, name)(*(a.const for a in args), **{k: v.const for k, v in kwargs.items()})
        except (TypeError, ValueError):
            found = None
        if isinstance(found, (list, tuple)) and len(found) <= _MOST:
            made = Val(type(found).__name__, name, node, run.src)
            made.items, made.args = [_made_of(run, word, "str", node, text) for word in found], (text,)
            return made
        if isinstance(found, (str, int)):
            return _made_of(run, found, name if isinstance(found, str) else type(found).__name__, node, text)
    return unknown(name, node, run.src, text, *args)


def _made_of(run: Machine, value: object, name: str, node: ast.AST, text: Val) -> Val:
    """A constant that remembers the text it was taken from, and how."""
    made = const(value, node, run.src)
    made.name, made.args = name, (text,)
    return made
