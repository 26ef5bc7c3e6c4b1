"""Which layers a loop over ``named_parameters()`` freezes: worked out on the names that there are."""

from __future__ import annotations

import ast

from seedbed.doctor.static import choosing, ownership, syntax
from seedbed.doctor.static.program import Event, Program


def by_name(p: Program) -> set[int]:
    """Ids of the layers whose weight a loop over names has switched off, or may have."""
    if "off_by_name" not in p.cache:
        found: set[int] = set()
        for event in p.all("attribute", "requires_grad_", "requires_grad"):
            if event.recv is None or (event.kind == "attribute" and event.name != "requires_grad"):
                continue
            loop = next((r.node for r in reversed(event.loops) if isinstance(r.node, ast.For)), None)
            if loop is None or "named_parameters(" not in syntax.text(loop.iter):
                continue
            for root in ownership.modules_of(event.recv):
                for one in choosing.parameters(root):
                    _note(p, event, loop, one, found)
        p.cache["off_by_name"] = found
    result: set[int] = p.cache["off_by_name"]
    return result


def _note(p: Program, event: Event, loop: ast.For, one: choosing.Parameter, found: set[int]) -> None:
    if one.module is None or not one.name.rsplit(".", 1)[-1].startswith("weight"):
        return
    names = [n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)]
    path = choosing.way(loop.body, event.node)
    if path is None:
        return
    taken = choosing.satisfied(p, path, names, one)
    if taken is False:
        return
    flag = _flag(event, loop)
    on = choosing.satisfied(p, [(flag, True)], names, one) if isinstance(flag, ast.expr) else flag
    if taken and on:
        found.discard(id(one.module))
    else:
        found.add(id(one.module))


def _flag(event: Event, loop: ast.For) -> ast.expr | bool | None:
    """What the switch is set to: an expression, or whether it is on."""
    if event.kind != "attribute":
        return bool(event.args[0].const) if event.args and event.args[0].kind == "const" else not event.args or None
    for node in syntax.walk(loop):
        if isinstance(node, ast.Assign) and event.node in node.targets:
            return node.value
    return None
