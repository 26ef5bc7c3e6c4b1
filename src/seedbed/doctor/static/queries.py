"""Questions that many rules ask of a program."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.program import Cond, Event, LoopRun, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

T = TypeVar("T")


def doubtful(p: Program) -> Severity | None:
    """A hint for what is only suspect where nobody sees it trained: a part of a library, a gradient that is shown."""
    by_hand = ("augment", "inplace", "setitem")  # without gradients: it may be an update
    moved = p.all("step", "scaler_step", "manual") or any(not e.grad for e in p.all(*by_hand))
    return None if p.complete and p.trains and moved else Severity.HINT


def same(a: Val | None, b: Val | None) -> bool:
    """Whether two values can be the same object."""
    if a is None or b is None:
        return False
    left = {id(v) for v in a.options()}
    return any(id(v) in left for v in b.options())


def alike(a: Val | None, b: Val | None) -> bool:
    """Whether two values can be the same object, or were made by the same call (in another round or reading of it)."""
    if a is None or b is None:
        return False
    left = {id(v) for v in a.options()} | {id(v.node) for v in a.options() if v.node is not None}
    return any(id(v) in left or id(v.node) in left for v in b.options())


def flat(vals: Iterable[Val]) -> Iterator[Val]:
    """Values and, of lists, everything in them."""
    for val in vals:
        yield val
        if val.items:
            yield from flat(val.items)


def unlike(names: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether no word of ``names`` is among ``wanted``."""
    return not (set(names) & set(wanted))


def same_branch(a: Event, b: Event) -> bool:
    """Whether two events are not in different arms of one branch."""
    arms = {id(c[0]): c[1] for c in a.conds}
    return all(arms.get(id(c[0]), c[1]) == c[1] for c in b.conds)


def ordered(p: Program, *events: Event) -> bool:
    """Whether the order of events is known: methods of a class that nobody uses are read one by one, in any order."""
    return p.complete or len({id(e.funcs[0].node) if e.funcs else 0 for e in events}) == 1


def in_arm(event: Event, branch: Cond) -> bool:
    """Whether an event stands in this arm of a branch."""
    return any(c[0] is branch[0] and c[1] == branch[1] for c in event.conds)


def place(val: Val) -> tuple[str, int, str]:
    """A related line for a finding."""
    return (str(val.src.path) if val.src is not None else "", val.line, val.var or val.name)


def is_counter(val: Val) -> bool:
    """Whether a value is the running number of a loop."""
    return any("counter" in o.tags or o.name == "int" for o in val.options())


def nodes(p: Program, *types: type) -> Iterator[Any]:
    """Syntax nodes of the program's own file."""
    return p.nodes(*types)


def everywhere(p: Program, *types: type) -> list[Any]:
    """Syntax nodes of its own file and of all files of which something has happened: whether a name is read at all."""
    if "files" not in p.cache:
        found = {id(s): s for s in (*(e.src for e in p.events), *(c.src for c in p.classes)) if s is not p.source}
        p.cache["files"] = [s for s in found.values() if s is not None]
    others: list[Source] = p.cache["files"]
    return [*p.nodes(*types), *(n for s in others for kind in types for n in s.by_type().get(kind, ()))]


def in_file(p: Program, key: str, find: Callable[[], T]) -> T:
    """What ``find`` works out from the program's own file alone; done once for a file, not for each program in it."""
    notes, cache = p.source.notes, p.cache
    if key not in notes:
        before, cache.asked = cache.asked, set()
        notes[key] = find(), frozenset(cache.asked)
        cache.asked = before
    found, asked = notes[key]
    cache.asked |= asked  # as if it had been worked out for this program
    done: T = found
    return done


def reaches_val(outer: Val | None, inner: Val) -> bool:
    """Whether ``inner`` is among the things that ``outer`` was made from, also through its items."""
    return outer is not None and any(a is inner for o in outer.options() for a in ancestors(o))


def sets_gradients(p: Program) -> bool:
    """Whether gradients are put into ``.grad`` by hand."""
    return any(e.name in ("grad", "_grad") for e in p.all("attribute"))


def gives_gradients(p: Program) -> bool:
    """Whether some ``.grad`` gets a gradient by hand, and not only ``None``."""
    return any(e.name in ("grad", "_grad") and bool(e.args) and not e.args[-1].is_none for e in p.all("attribute"))


def is_rate(event: Event) -> bool:
    """Whether an item assignment sets a learning rate of a parameter group."""
    return bool(event.args) and event.args[0].const == "lr" and event.recv is not None and event.recv.name != "defaults"


def spot(val: Val, event: Event) -> Val | Event:
    """Where an operation is written: the layer's construction, or the call."""
    owner = val.owner
    if owner is not None and getattr(owner, "kind", "") == "module" and owner.line and owner.owner is None:
        found: Val = owner
        return found
    return val if val.line else event


def has_unlike_heads(p: Program) -> bool:
    """Whether a table of modules is built in a comprehension: its members may differ, but are read as one."""
    for node in nodes(p, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "ModuleDict" and node.args and isinstance(node.args[0], ast.DictComp):
            return True
    return False


def seen_through(val: Val) -> list[Val]:
    """The transparent operations on top of what really made ``val``."""
    found: list[Val] = []
    current = val
    while current.kind == "tensor" and current.name in TRANSPARENT and current.args and len(found) < 30:
        found.append(current)
        current = current.args[0]
    return found


def site(event: Event, loop: LoopRun | None = None) -> tuple[ast.AST, Source] | Event:
    """The place outside helper functions from which an event was caused (inside ``loop`` if given, else its first)."""
    if loop is None and event.loops and event.loops[0].line:
        loop = event.loops[0]  # the call of the whole program says nothing
    for node, src in event.sites:
        if loop is None or (
            src is loop.src and loop.line <= getattr(node, "lineno", 0) <= (getattr(loop.node, "end_lineno", 0) or 0)
        ):
            return node, src
    return event


def decided(event: Event, option: Val | None) -> tuple[ast.AST, Source] | Event:
    """Where an option of a call was decided: for the default of a helper function, at the call of that helper."""
    if option is None or option.node is None or option.kind != "const":
        return event
    for func, place_ in zip(event.funcs, event.sites, strict=False):
        given = getattr(func.node, "args", None)
        if given is None:
            continue
        low, high = getattr(func.node, "lineno", 0), getattr(func.node, "end_lineno", 0)
        own = given.kwarg is not None and option.src is func.src and low <= option.line <= high
        if own or any(option.node is d for d in (*given.defaults, *given.kw_defaults)):
            return place_  # a default of a helper, which the caller could have given otherwise
    return event


def spelled(event: Event, val: Val | None) -> Event | Val:
    """Where a number is written: in a default or a table of settings, when it does not stand in the call itself."""
    last = getattr(event.node, "end_lineno", 0) or event.line
    plain = val is not None and val.kind == "const" and isinstance(val.node, ast.Constant) and val.src is event.src
    return val if val is not None and plain and not event.line <= val.line <= last else event


def origin(event: Event, val: Val) -> Event | Val:
    """Where a value that an attribute gets was really made: in a helper function that the assignment calls."""
    body = event.funcs[-1].node if event.funcs else None
    if body is None or val.src is not event.src or not val.line:
        return event
    if getattr(body, "lineno", 0) <= val.line <= (getattr(body, "end_lineno", 0) or 0):
        return event
    calls = any(
        isinstance(n, ast.Assign) and isinstance(n.value, ast.Call) and any(t is event.node for t in n.targets)
        for n in ast.walk(body)
    )
    return val if calls else event


def beside(event: Event, other: Event) -> tuple[ast.AST, Source] | Event:
    """The call that caused ``event``, in the function in which ``other`` stands."""
    depth = 0
    for a, b in zip(event.sites, other.sites, strict=False):
        if a[0] is not b[0]:
            break
        depth += 1
    return event.sites[depth] if len(event.sites) > depth else event


def handed_on(p: Program, event: Event) -> Event | Val:
    """Where a bound method that a loop calls was handed over (``hooks.append(scheduler.step)``), or the event."""
    func = event.node.func if isinstance(event.node, ast.Call) else None
    if event.recv is None or (isinstance(func, ast.Attribute) and func.attr == "step"):
        return event
    held = list(event.recv.options())
    steps = [v for v in p.of_kind("method") if v.name == "step" and v.args and v.node is not func]
    return next((v for v in steps if any(v.args[0] is h for h in held)), event)


def chain(val: Val, most: int = 60) -> list[Val]:
    """A value and what it was made from through transparent operations; ``most`` of them."""
    found: list[Val] = []
    stack = [val]
    while stack and len(found) < most:
        one = stack.pop()
        found.append(one)
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.kind in ("tensor", "number") and one.args and one.name not in ("compare", "len", "int"):
            stack.append(one.args[0])
    return found


def everything(p: Program) -> list[Val]:
    """Every value of the program that an event knows, or that one of those is made from."""
    return p.values()


def users(p: Program, val: Val) -> list[Val]:
    """Values made directly from ``val``."""
    return p.users(val)


_SHARED = frozenset(
    (
        "data",
        "detach",
        "view",
        "reshape",
        "view_as",
        "flatten",
        "getitem",
        "squeeze",
        "unsqueeze",
        "T",
        "t",
        "numpy",
        "ravel",
    )
)


def memory(val: Val) -> list[Val]:
    """The tensors whose memory ``val`` is: views, ``.data`` and in-place results are seen through, copies are not."""
    found: list[Val] = []
    stack, count = [val], 0
    while stack and count < 60:
        one = stack.pop()
        count += 1
        inplace = one.name.endswith("_") and not one.name.endswith("__") and one.kind in ("tensor", "unknown")
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.kind in ("tensor", "unknown") and (one.name in _SHARED or inplace) and one.args:
            stack.append(one.args[0])
        else:
            found.append(one)
    return found
