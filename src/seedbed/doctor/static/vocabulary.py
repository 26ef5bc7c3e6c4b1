"""Words that are numbered: what number a word has that is written down at the start of a vocabulary."""

from __future__ import annotations

import ast

from seedbed.doctor.static.values import Val, const


def leading(val: Val) -> list[str]:
    """The words that a list certainly begins with: ``["<pad>", "<unk>"] + sorted(counts)``."""
    if val.name == "add" and val.args and val.kind != "const":
        return leading(val.args[0])
    found: list[str] = []
    for item in (val.items or ()) if val.kind in ("list", "tuple") else ():
        if item.kind != "const" or not isinstance(item.const, str):
            break
        found.append(item.const)
    return found


def number(node: ast.DictComp, over: Val, table: Val) -> None:
    """Note in ``{word: i for i, word in enumerate(words)}`` the numbers that are known."""
    gen = node.generators[0]
    parts = gen.target.elts if isinstance(gen.target, ast.Tuple) else []
    names = [n.id for n in (*parts, node.value, node.key) if isinstance(n, ast.Name)]
    if len(names) != 4 or names[:2] != names[2:] or len(node.generators) != 1 or gen.ifs:
        return
    if over.kind != "iter" or over.name != "enumerate" or not over.args:
        return
    start = over.arg(1, "start")
    first = 0 if start is None else start.const
    if type(first) is not int:
        return
    for at, word in enumerate(leading(over.args[0])):
        table.attrs[word] = const(first + at, node, table.src)


def next_number(table: Val, given: Val) -> Val:
    """``table[word] = len(table)``: the next number, where all words so far are known."""
    if given.name != "len" or not given.args or given.args[0] is not table or "*" in table.attrs:
        return given
    return const(len(table.attrs), given.node, given.src)


def place_of(held: Val, word: Val) -> int | None:
    """``words.index(word)`` of a word that is written down."""
    known = leading(held)
    return known.index(word.const) if isinstance(word.const, str) and word.const in known else None
