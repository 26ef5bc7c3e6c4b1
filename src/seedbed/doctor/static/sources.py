"""Data that is made or read twice: once for training and once for evaluation, from the same seed or file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_SEEDS = frozenset(["manual_seed", "default_rng", "RandomState", "seed", "Random", "SeedSequence", "PCG64"])
_READS = frozenset(["load", "read_csv", "read_parquet", "read_json", "loadtxt", "genfromtxt", "read_pickle", "open"])


def twins(p: Program) -> Iterator[tuple[Event, Event, str]]:
    """Pairs of calls, for training and for evaluation, that give the same samples, and why."""
    if len(p.all("invoke", "make")) < 2 and not p.first_calls(*_READS):
        return
    roles = _roles(p)
    calls = [e for e in p.all("invoke", "make") if id(e.node) in roles and not e.loops]
    for index, one in enumerate(calls):
        for two in calls[index + 1 :]:
            if one.name != two.name or one.kind != two.kind or one.node is two.node:
                continue
            if {roles[id(one.node)], roles[id(two.node)]} not in ({"train", "val"}, {"train", "test"}):
                continue
            seed = _same_seed(one, two)
            if seed is not None:
                late = two if roles[id(two.node)] != "train" else one
                yield late, one if late is two else two, f"both are drawn with seed {seed}"
    yield from _files(p, roles)


def _files(p: Program, roles: dict[int, str]) -> Iterator[tuple[Event, Event, str]]:
    read: dict[object, list[Event]] = {}
    for event in p.first_calls(*_READS):
        path = event.args[0].const if event.args else None
        if event.recv is None and event.name.rsplit(".", 1)[-1] in _READS and isinstance(path, str):
            read.setdefault(path, []).append(event)
    for path, events in read.items():
        parts = {roles.get(id(e.node), ""): e for e in events}
        other = parts.get("test") or parts.get("val")
        if "train" in parts and other is not None and split_of(str(path).rsplit("/", 1)[-1].split(".")[0]):
            yield other, parts["train"], f"both are read from {path!r}"


def _roles(p: Program) -> dict[int, str]:
    """By id of a call: the split that the name says to which its result is assigned."""
    known: dict[int, str] | None = p.source.notes.get("roles")
    if known is not None:
        return known
    found = p.source.notes["roles"] = dict[int, str]()
    for node in q.nodes(p, ast.Assign):
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for left, right in pairs:
                names = {split_of(n) for t in syntax.walk(left) if (n := _name(t))} - {""}
                if len(names) == 1:
                    role = names.pop()
                    for part in syntax.walk(right):
                        if isinstance(part, ast.Call):
                            found[id(part)] = role
    return found


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _same_seed(one: Event, two: Event) -> object:
    """The seed that both calls use, ``None`` when it differs or is not known."""
    func, shift = _function(one)
    if func is None:
        return None
    given = [_bound(func, e, shift) for e in (one, two)]
    seeds = [n for n in syntax.walk(func) if isinstance(n, ast.Call) and _name(n.func) in _SEEDS and n.args]
    if not seeds or not _draws(func):
        return None
    for name in given[0].keys() | given[1].keys():
        a, b = given[0].get(name), given[1].get(name)
        if a is None or b is None or a.kind != "const" or b.kind != "const":
            return None
        if a.const != b.const and not (isinstance(a.const, (int, bool)) and isinstance(b.const, (int, bool))):
            return None
    if _draws_beside(func, seeds):
        return None  # the seeded generator makes a part of the samples only
    values = [_value(seeds[0].args[0], g) for g in given]
    if None in values or values[0] != values[1]:
        return None
    if any("seed" in n.lower() and given[0][n].const != given[1][n].const for n in given[0].keys() & given[1].keys()):
        return None  # what is drawn alike here is not the samples
    uses = {n.id for s in seeds for n in syntax.walk(s) if isinstance(n, ast.Name)}
    if any(given[0][n].const != given[1][n].const for n in uses & given[0].keys() & given[1].keys()):
        return None
    return values[0]


def _function(event: Event) -> tuple[Any, int]:
    """The function that makes the data, and how many arguments Python fills in."""
    owner = event.result.owner if event.kind == "make" and event.result is not None else event.recv
    if event.kind == "make":
        method = owner.method("__init__") if owner is not None and hasattr(owner, "method") else None
        return (method.node, 1) if method is not None else (None, 0)
    func = owner.owner if isinstance(owner, Val) else None
    return (func.node, 0) if func is not None and isinstance(func.node, ast.FunctionDef) else (None, 0)


def _bound(func: Any, event: Event, shift: int) -> dict[str, Val]:
    names = [a.arg for a in [*func.args.posonlyargs, *func.args.args]][shift:]
    found = dict(zip(names, event.args, strict=False))
    found.update(event.kwargs)
    defaults = func.args.defaults
    for name, node in zip(names[len(names) - len(defaults) :], defaults, strict=False):
        if name not in found and isinstance(node, ast.Constant):
            val = Val("const", "default", node)
            val.const = node.value
            found[name] = val
    return found


def _value(node: ast.expr, given: dict[str, Val]) -> object:
    if isinstance(node, ast.Constant):
        value: object = node.value
        return value
    if isinstance(node, ast.Name) and node.id in given:
        known: object = given[node.id].const
        return known
    return None


_DRAWS = frozenset(
    ["rand", "randn", "normal", "uniform", "randint", "integers", "choice", "standard_normal", "random", "gauss",
     "randperm", "shuffle", "permutation", "bernoulli", "multinomial", "poisson", "exponential"]
)  # fmt: skip
_GLOBAL = ("torch", "np.random", "numpy.random", "random", "torch.random", "torch.cuda")


def _draws(func: Any) -> bool:
    return any(isinstance(n, ast.Call) and _name(n.func) in _DRAWS for n in syntax.walk(func))


def _draws_beside(func: Any, seeds: list[ast.Call]) -> bool:
    """Whether something is drawn from the global state, while only a generator of its own is seeded."""
    owned = ("default_rng", "RandomState", "Random", "SeedSequence", "PCG64")
    if any(_name(s.func) not in owned and not _of_generator(func, s) for s in seeds):
        return False
    for node in syntax.walk(func):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _DRAWS:
            given = any(k.arg in ("generator", "rng", "random_state", "out") for k in node.keywords)
            if syntax.text(node.func.value) in _GLOBAL and not given:
                return True
    return False


def _of_generator(func: Any, seed: ast.Call) -> bool:
    """Whether a seeding call is that of a generator object: ``Generator().manual_seed(0)``, ``g.manual_seed(0)``."""
    base = seed.func.value if isinstance(seed.func, ast.Attribute) else None
    if isinstance(base, ast.Call):
        return _name(base.func) == "Generator"
    made = (n for n in syntax.walk(func) if isinstance(n, ast.Assign) and base is not None)
    return isinstance(base, ast.Name) and any(
        isinstance(n.value, ast.Call)
        and _name(n.value.func) == "Generator"
        and any(syntax.text(t) == base.id for t in n.targets)
        for n in made
    )
