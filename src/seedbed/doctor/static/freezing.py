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


def surely(p: Program) -> dict[int, Event]:
    """Layers whose weight and bias a loop over names has certainly switched off, and nothing has switched on again."""
    if "surely_off" in p.cache:
        known: dict[int, Event] = p.cache["surely_off"]
        return known
    found: dict[int, Event] = {}
    for event in p.all("attribute", "requires_grad_", "requires_grad"):
        if event.recv is None or (event.kind == "attribute" and event.name != "requires_grad"):
            continue
        if event.recv.name in ownership.COMPUTED:
            continue
        loop = next((r.node for r in reversed(event.loops) if isinstance(r.node, ast.For)), None)
        named = loop is not None and "named_parameters(" in syntax.text(loop.iter)
        roots = ownership.modules_of(event.recv)
        if not roots:
            p.cache["surely_off"] = {}
            return {}
        for one in (c for root in roots for c in choosing.parameters(root)):
            if one.module is None or one.module.seq > event.clock:
                continue
            if named and loop is not None and _off(p, event, loop, one) is True:
                found.setdefault(id(one.module), event)
            elif not named or (loop is not None and _off(p, event, loop, one) is not None):
                found.pop(id(one.module), None)
    p.cache["surely_off"] = found
    return found


def _off(p: Program, event: Event, loop: ast.For, one: choosing.Parameter) -> bool | None:
    """Whether a round of the loop switches a parameter off (``True``) or on, ``None`` where it leaves it alone."""
    names = [n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)]
    path = choosing.way(loop.body, event.node)
    taken = choosing.satisfied(p, path, names, one) if path is not None else None
    if taken is False:
        return None
    flag = _flag(event, loop)
    on = choosing.satisfied(p, [(flag, True)], names, one) if isinstance(flag, ast.expr) else flag
    return bool(taken and on is False)


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
