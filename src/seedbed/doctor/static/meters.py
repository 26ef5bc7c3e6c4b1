"""Objects and lists that gather a measure, and whether they are emptied between two readings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors

Found = tuple[Val | Event | tuple[ast.AST, Any], str, Event]


def unreset(p: Program) -> Iterator[Found]:
    """Where a measure goes on from earlier rounds: the place, its name, and where it grows."""
    yield from _objects(p)
    yield from _lists(p)
    yield from _windows(p)
    yield from _attributes(p)


def _objects(p: Program) -> Iterator[Found]:
    """Meters of the program's own classes that are made once, fed in batches, and read once per epoch."""
    for me, events in _used(p):
        feeds = [e for e in events if e.loops and _grows(_body(e)) and _is_measure(e)]
        reads = [e for e in events if e.loops and _averages(_body(e)) and not _grows(_body(e))]
        resets = [e for e in events if e.loops and _empties(_body(e))]
        if not feeds or not reads or resets or _touched(p, me):
            continue
        for read in reads:
            feed = next((f for f in feeds if _between(f, read, me)), None)
            if feed is not None:
                has_reset = any(_empties(m.owner.node) for m in _methods(me) if m.name != "__init__")
                start = (feed.loops[-1].node, feed.src) if has_reset and not _same_loop(feed, read) else me
                yield read if _same_loop(feed, read) else start, me.var or me.name, feed
                break


def _used(p: Program) -> list[tuple[Val, list[Event]]]:
    """The objects of the program's own classes that are made once, each with the calls of its methods."""
    calls: dict[int, tuple[Val, list[Event]]] = {}
    for event in p.all("invoke"):
        me = event.args[0] if event.args else None
        func = event.recv.owner if event.recv is not None else None
        if me is not None and me.kind == "instance" and getattr(func, "owner", None) is not None and not me.loops:
            calls.setdefault(id(me), (me, []))[1].append(event)
    return list(calls.values())


def carried(p: Program) -> Iterator[Found]:
    """A meter that is read after the loop of one phase, and goes on in that of the next one without a reset."""
    for me, events in _used(p):
        again = mixed([(_role(_body(e)), e) for e in events])
        if again is not None and not _touched(p, me):
            yield (again.loops[-1].node, again.src), me.var or me.name, again


def _role(body: Any) -> str:
    return "reset" if _empties(body) else "update" if _grows(body) else "compute" if _averages(body) else ""


def mixed(steps: list[tuple[str, Event]]) -> Event | None:
    """The update that goes on where the loop of another phase has stopped, when both are read and nothing resets."""
    first: Event | None = None  # what was fed since the last reset
    again: Event | None = None
    read = False
    for role, event in steps:
        if role == "reset":
            first, again, read = None, None, False
        elif role == "update" and event.loops:
            if first is None:
                first = event if any(f.from_model(a) for a in event.args) else None
            elif read and _apart(first, event):
                again = event
        elif role == "compute":
            if again is not None:
                return again
            read = read or first is not None
    return None


def _apart(one: Event, two: Event) -> bool:
    """Whether two calls stand in loops over different data, one after the other in the same round."""
    a, b = one.loops[-1], two.loops[-1]
    splits = {rounds.loop_split(a), rounds.loop_split(b)}
    return (
        a.node is not b.node
        and not one.inside(b)
        and not two.inside(a)
        and one.rounds[:-1] == two.rounds[:-1]
        and (one.grad != two.grad or ("train" in splits and len(splits) > 1))
    )


def _is_measure(event: Event) -> bool:
    """Whether a loss or a count of right answers is put in."""
    given = event.args[1:]
    if len(given) == 2 and any(_decided(v) for a in given for v in ancestors(a, limit=200)):
        return any(a.kind == "tensor" and not f.from_model(a) for a in given)  # predictions beside labels
    return any(
        v.name in ("loss", "eq") or (v.name == "compare" and "Eq" in v.tags)
        for a in given
        for v in ancestors(a, limit=200)
    )


def _decided(val: Val) -> bool:
    """Whether a value is a class or a yes or no that was read off the output of a model."""
    return val.name in ("argmax", "compare") and bool(val.args) and f.from_model(val.args[0])


def _between(feed: Event, read: Event, me: Val) -> bool:
    """Whether a meter is read again and again while it is fed, once for many values."""
    if read.seq < feed.seq or read.loops[0].node is not feed.loops[0].node:
        return False
    if len(read.loops) < len(feed.loops) and feed.loops[: len(read.loops)] == read.loops:
        return rounds.repeats(read.loops[-1])
    has_reset = any(_empties(m.owner.node) for m in _methods(me) if m.name != "__init__")
    return has_reset and _same_loop(feed, read) and bool(read.conds_in(read.loops[-1]))


def _same_loop(feed: Event, read: Event) -> bool:
    return feed.loops[-1].node is read.loops[-1].node


def _methods(me: Val) -> list[Val]:
    return [v for v in me.owner.scope.vars.values() if v.kind == "func"] if me.owner is not None else []


def _body(event: Event) -> Any:
    return event.recv.owner.node if event.recv is not None else None


def _own(node: ast.AST) -> str:
    """``x`` for ``self.x``."""
    return node.attr if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""


def _grows(func: Any) -> bool:
    for n in syntax.walk(func):
        if isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Add) and _own(n.target):
            return True
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "append":
            return bool(_own(n.func.value))
    return False


def _averages(func: Any) -> bool:
    """Whether a method returns something divided, or a mean."""
    for n in syntax.walk(func):
        if isinstance(n, ast.Return) and n.value is not None:
            text = syntax.text(n.value)
            if any(isinstance(x, ast.BinOp) and isinstance(x.op, ast.Div) for x in syntax.walk(n.value)):
                return True
            names = {x.id for x in syntax.walk(n.value) if isinstance(x, ast.Name)}
            if names & _quotients(func):
                return True
            if "mean(" in text or "average(" in text:
                return True
    return False


def _quotients(func: Any) -> set[str]:
    """Names in a method that stand for something divided."""
    return {
        t.id
        for n in syntax.walk(func)
        if isinstance(n, ast.Assign)
        and any(isinstance(x, ast.BinOp) and isinstance(x.op, ast.Div) for x in syntax.walk(n.value))
        for t in n.targets
        if isinstance(t, ast.Name)
    }


_ZEROS = frozenset(["zeros", "zeros_like", "defaultdict", "deque", "new_zeros", "tensor"])


def _empties(func: Any) -> bool:
    """Whether a method sets what is gathered back to its start."""
    if func is None or func.name == "__init__":
        return False
    for n in syntax.walk(func):
        if isinstance(n, ast.Assign):
            values = n.value.elts if isinstance(n.value, ast.Tuple) else [n.value]
            targets = [e for t in n.targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
            if any(_own(t) for t in targets) and all(
                (isinstance(v, ast.Constant) and v.value == 0)
                or (isinstance(v, (ast.List, ast.Dict)) and not getattr(v, "elts", getattr(v, "keys", None)))
                or (isinstance(v, ast.Call) and (not v.args or syntax.text(v.func).rsplit(".", 1)[-1] in _ZEROS))
                for v in values
            ):
                return True
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in ("clear", "zero_", "reset"):
            return True
    return False


def _touched(p: Program, me: Val) -> bool:
    """Whether the program empties the object from outside, or makes it anew."""
    return any(
        e.recv is me and e.loops and not any(f.owner is me.owner for f in e.funcs) for e in p.all("attribute")
    ) or any(n == me.var and v is not me and e.loops for n, v, e in p.assigns)


_MEANS = ("sum", "mean", "fmean", "average")


def _lists(p: Program) -> Iterator[Found]:
    """A list that grows in the batch loop and is averaged as a whole in every epoch."""
    seen: set[int] = set()
    for event in p.all("keep"):
        box = event.recv
        if box is None or box.kind != "list" or len(event.loops) < 2 or id(box) in seen or not box.var or box.loops:
            continue
        epoch, batch = event.loops[-2], event.loops[-1]
        if any(e.args and e.args[-1] is box for e in p.all("attribute")):
            continue
        if not rounds.repeats(epoch) or not rounds.is_loader_loop(batch) or "bounded" in box.tags:
            continue
        seen.add(id(box))
        for read in p.calls(*_MEANS):
            if read.loop is not epoch or not read.args or read.args[0] is not box or read.seq < event.seq:
                continue
            if not _changed_in(p, epoch, box):
                yield box, box.var, event
            break


def _changed_in(p: Program, loop: LoopRun, box: Val) -> bool:
    return any(n == box.var and e.inside(loop) for n, v, e in p.assigns if v is not box) or any(
        e.recv is box and e.inside(loop) for e in p.calls("clear", "pop", "popleft")
    )


def _windows(p: Program) -> Iterator[Found]:
    """``if step % k == 0: print(total / k)`` where the total goes on growing."""
    for at, name, growing in q.in_file(p, "windows", lambda: list(_window_means(p))):
        events = [e for e in p.all("augment") if e.node is growing]
        if events:
            yield (at, p.source), name, events[0]


def _window_means(p: Program) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    """Divisions by the length of a window of a sum that nothing sets back, and where the sum grows."""
    for loop in q.nodes(p, ast.For, ast.While):
        grown = {
            n.target.id: n
            for n in syntax.walk(loop)
            if isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Add) and isinstance(n.target, ast.Name)
        }
        stored = grown and {
            t.id
            for n in syntax.walk(loop)
            if isinstance(n, ast.Assign)
            for whole in n.targets
            for t in syntax.walk(whole)
            if isinstance(t, ast.Name)
        }
        for branch in syntax.walk(loop) if grown else ():
            every = _modulus(branch.test) if isinstance(branch, ast.If) else ""
            for n in syntax.walk(branch) if every else ():
                if not isinstance(n, ast.BinOp) or not isinstance(n.op, ast.Div) or not isinstance(n.left, ast.Name):
                    continue
                name = n.left.id
                if name not in grown or name in stored or syntax.text(n.right) != every:
                    continue
                yield n, name, grown[name]


def _modulus(test: ast.AST) -> str:
    mods = [n for n in syntax.walk(test) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mod)]
    return syntax.text(mods[0].right) if len(mods) == 1 else ""


def _attributes(p: Program) -> Iterator[Found]:
    """``self.correct += ...`` in a method that runs in every epoch, while only ``__init__`` sets it to zero."""
    seen: set[str] = set()
    for event in p.all("augment"):
        target = getattr(event.node, "target", None)
        method = event.funcs[-1] if event.funcs else None
        if not isinstance(target, ast.Attribute) or method is None or method.owner is None or target.attr in seen:
            continue
        name = syntax.text(target)
        inner = [loop for loop in event.loops if _holds(method.node, loop.node)]
        outer = [loop for loop in event.loops if not _holds(method.node, loop.node)]
        if not name.startswith("self.") or not inner or not any(rounds.repeats(loop) for loop in outer):
            continue
        seen.add(target.attr)
        if _set_elsewhere(event, target.attr) or not _shown(method.node, name, inner[0].node):
            continue
        parts = [v for a in event.args for v in ancestors(a, limit=200)]
        if any(v.name in ("loss", "eq") or (v.name == "compare" and "Eq" in v.tags) for v in parts):
            yield (inner[0].node, event.src), name, event


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    return any(n is inner for n in syntax.walk(outer))


def _set_elsewhere(event: Event, attr: str) -> bool:
    """Whether anything but ``__init__`` gives the attribute a value."""
    for part in syntax.walk(event.src.tree):
        if not isinstance(part, ast.FunctionDef) or part.name == "__init__":
            continue
        for node in syntax.walk(part):
            targets = node.targets if isinstance(node, ast.Assign) else []
            flat = [t for top in targets for t in syntax.walk(top)]
            if any(isinstance(t, ast.Attribute) and t.attr == attr for t in flat):
                return True
    inside = {id(n) for f in syntax.walk(event.src.tree) if isinstance(f, ast.FunctionDef) for n in syntax.walk(f)}
    return any(
        isinstance(n, ast.Assign) and id(n) not in inside and f".{attr}" in " ".join(syntax.text(t) for t in n.targets)
        for n in syntax.walk(event.src.tree)
    )


def _shown(method: ast.AST, name: str, loop: ast.AST) -> bool:
    """Whether the method divides the sum after its loop: a mean over the epoch."""
    end = getattr(loop, "end_lineno", 0) or 0
    return any(
        isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div) and n.lineno > end and syntax.text(n.left) == name
        for n in syntax.walk(method)
    )
