"""Questions about running sums and means of measured values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import restarts, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.queries import chain
from seedbed.doctor.static.rounds import base_of_loop, is_loader_loop
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val


def is_running(val: Val) -> bool:
    """Whether a value is a sum that goes on (``total += …``)."""
    return val.name in ("add", "Add", "phi", "part") and val.kind != "const"


def running_means(p: Program) -> list[tuple[str, Event, LoopRun, str]]:
    """Running sums in batch loops: ``count`` (of right answers) or ``mean`` (of batch means), where, and the name."""
    if "running" in p.cache:
        cached: list[tuple[str, Event, LoopRun, str]] = p.cache["running"]
        return cached
    found = []
    for event in p.once("augment"):
        if event.name != "Add" or not event.loops or not event.args or not isinstance(event.node, ast.AugAssign):
            continue
        loop = event.loops[-1]
        if not is_loader_loop(loop):
            continue
        kind = _running_kind(event.args[0])
        if kind:
            found.append((kind, event, loop, syntax.text(event.node.target)))
    p.cache["running"] = found
    return found


_SAME = frozenset(
    ["item", "float", "float_builtin", "int_builtin", "detach", "cpu", "data", "numpy", "to", "forward"]
)  # fmt: skip


def _running_kind(val: Val) -> str:
    """``count`` for a number of right answers, ``mean`` for the mean of a batch."""
    current = val
    for _ in range(12):
        if current.kind == "phi" or (current.name in _SAME and current.args):
            current = current.args[0]
        elif current.name == "mul" and len(current.args) == 2 and any(a.kind == "const" for a in current.args):
            current = next((a for a in current.args if a.kind != "const"), current.args[0])
        elif current.name == "sum" and current.args:
            return "count" if any(v.name in ("compare", "eq") for v in chain(current.args[0])[:4]) else ""
        elif current.name == "mean" and current.args:
            return "mean"
        elif current.name == "loss":
            known = any(t.endswith("Loss") for t in current.tags)
            summed = any(t.startswith("reduction=") and t != "reduction=mean" for t in current.tags)
            return "mean" if known and not summed else ""
        else:
            return ""
    return ""


def divisions(p: Program, event: Event, name: str) -> list[tuple[ast.AST, Source, str]]:
    """Divisions of a running sum after its loop: the node and what it is divided by (batches, samples, running).

    A sum that got a fresh start in between is another one.
    """
    found: list[tuple[ast.AST, Source, str]] = []
    home = home_of(event, name)
    for node in syntax.walk(home):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left, right = node.left, node.right
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
            left, right = node.target, node.value
        else:
            continue
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
            left = left.left if not isinstance(left.left, ast.Constant) else left.right
        if syntax.text(bare(left)) != name:
            continue
        if node.lineno < event.line and (not isinstance(home, ast.ClassDef) or _holds(event, node)):
            continue
        line = _line_in(event, home, node)
        if line is not None and restarts.begun_anew(home, name, line, node):
            continue
        what = _divisor(p, right)
        found.append((node, event.src, "rounds" if what != "batches" and _of_rounds(p, event, right) else what))
    return found


def _of_rounds(p: Program, event: Event, right: ast.expr) -> bool:
    """Whether a divisor is the length of the very thing that the loop of a sum runs over, one by one."""
    loop = event.loops[-1]
    base = base_of_loop(loop)
    if isinstance(right, ast.Name | ast.Attribute):
        held = [v for v in _held(p, syntax.text(right)) if v.name == "len" and v.args]
        return base is not None and bool(held) and all(v.args[0] is base for v in held)
    if not isinstance(right, ast.Call) or syntax.text(right.func) != "len" or not isinstance(loop.node, ast.For):
        return False
    over: ast.expr = loop.node.iter
    while isinstance(over, ast.Call) and over.args and syntax.text(over.func).rsplit(".", 1)[-1] in _BESIDE:
        over = over.args[0]
    return bool(right.args) and syntax.text(over) == syntax.text(right.args[0])


_BESIDE = frozenset(("enumerate", "tqdm", "trange", "track", "iter", "list", "reversed"))


def _holds(event: Event, node: ast.AST) -> bool:
    """Whether a place is in the function that an event happens in."""
    return bool(event.funcs) and any(n is node for n in syntax.walk(event.funcs[-1].node))


def _line_in(event: Event, home: ast.AST, node: ast.AST) -> int | None:
    """The line of an event, or of the call that leads to it, in the function that a place is in."""
    around = [f for f in syntax.walk(home) if isinstance(f, ast.FunctionDef) and node in syntax.walk(f)]
    inner = max(around, key=lambda f: f.lineno, default=None)
    if (event.funcs[-1].node if event.funcs else None) is inner:
        return event.line
    inside = {id(n) for n in syntax.walk(inner if inner is not None else home)}
    return next((site.lineno for site, _ in event.sites if id(site) in inside and isinstance(site, ast.Call)), None)


def home_of(event: Event, name: str) -> ast.AST:
    """Where a name that is used at an event lives: the function, the class of ``self.name``, or the module."""
    tree = event.src.tree
    if not event.funcs:
        return tree
    func = event.funcs[-1]
    owners = [f.owner for f in event.funcs if f.owner is not None and func.node in syntax.walk(f.owner.node)]
    if name.startswith("self.") and owners:  # the method may have a function of its own
        cls: ast.AST = owners[-1].node
        return cls
    node: ast.AST = func.node
    while isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        said = [n for n in syntax.walk(node) if isinstance(n, (ast.Global, ast.Nonlocal)) and name in n.names]
        if not said:
            return node
        if isinstance(said[0], ast.Global):
            return tree
        inner = node
        around = [f for f in syntax.walk(tree) if isinstance(f, ast.FunctionDef) and inner in syntax.walk(f)]
        node = max((f for f in around if f is not inner), key=lambda f: f.lineno, default=tree)
    return node


def bare(node: ast.expr) -> ast.expr:
    """``total`` for ``total.double()``, ``total.item()`` and ``float(total)``."""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("double", "float", "item", "cpu"):
            node = node.func.value
        elif isinstance(node.func, ast.Name) and node.func.id in ("float", "int") and len(node.args) == 1:
            node = node.args[0]
        else:
            break
    return node


def _divisor(p: Program, node: ast.expr) -> str:
    text = syntax.text(node)
    if isinstance(node, ast.Call) and text.startswith("len("):
        inner = text[4:-1]
        found = set(words(inner.replace(".", "_").replace("[", "_")))
        if inner.endswith((".dataset", ".sampler")):  # of the sampler: the samples of a pass
            return "samples"
        if found & {"loader", "dl", "dataloader", "batches"}:
            return "batches"
        if found & {
            "dataset",
            "set",
            "ds",
            "data",
            "trainset",
            "testset",
            "valset",
        }:
            return "samples"
        loaders = _held(p, inner)
        if any(v.kind == "loader" for v in loaders) or found & {"loader", "dl", "dataloader", "batches"}:
            return "batches"
        if any(v.kind in ("dataset", "tensor") for v in loaders):
            return "samples"
        return ""
    if isinstance(node, ast.Subscript):  # sizes[phase]
        tables = [v for n, v, _ in p.assigns if n == syntax.text(node.value) and v.kind == "dict" and v.attrs]
        kinds = {o.args[0].kind if o.name == "len" and o.args else "" for v in tables[-1:] for o in v.attrs.values()}
        return {"loader": "batches", "dataset": "samples"}.get(kinds.pop(), "") if len(kinds) == 1 else ""
    if isinstance(node, (ast.Name, ast.Attribute)):
        found = set(words(text.replace(".", "_")))
        named = _held(p, text)
        if any(v.name == "len" and v.args and v.args[0].kind == "loader" for v in named):
            return "batches"
        if any(v.name == "len" and v.args and v.args[0].kind in ("dataset",) for v in named):
            return "samples"
        return "running" if found else ""
    return ""


def _held(p: Program, text: str) -> list[Val]:
    """What a variable or an attribute gets."""
    if "." not in text:
        return [v for n, v, _ in p.assigns if n == text]
    return [e.args[0] for e in p.all("attribute") if e.args and syntax.text(e.node) == text]


def divided_by_batches(p: Program, event: Event, over: Val | None) -> bool:
    """Whether a running sum is divided by the number of batches."""
    if not isinstance(event.node, ast.AugAssign):
        return False
    target = syntax.text(event.node.target)
    kinds = [what for _, _, what in divisions(p, event, target)]
    if "batches" in kinds:
        return True
    if "running" in kinds:  # a counter that goes up by one per batch
        loop = event.loops[-1]
        ones = [e for e in p.all("augment") if e.loops and e.loops[-1] is loop and e.args and e.args[0].const == 1]
        return bool(ones)
    return False


def last_batch(loader: Val | None) -> int | None:
    """How many samples the last batch has more than full batches: 0 when it is full, ``None`` when unknown."""
    if loader is None or loader.kind != "loader" or not loader.args:
        return None
    size = loader.number(1, "batch_size")
    drop = loader.kwargs.get("drop_last")
    count = dataset_size(loader.args[0])
    if not isinstance(size, int) or count is None or size <= 0 or (drop is not None and drop.const is True):
        return None
    return count % size if count > size else 0


def one_batch(loader: Val | None) -> bool:
    """Whether a loader gives all of its samples in one batch: then the last batch is the whole set."""
    if loader is None or loader.kind != "loader" or not loader.args:
        return False
    data, size = loader.args[0], loader.arg(1, "batch_size")
    if size is None:
        return False
    if size.name == "len" and size.args:
        return size.args[0] is data or any(o is size.args[0] for o in data.options())
    count = dataset_size(data)
    return count is not None and type(size.const) is int and size.const >= count


_ONE_GRAPH = frozenset([
    "Planetoid", "CitationFull", "CoraFull", "Coauthor", "Amazon", "KarateClub", "WebKB", "WikipediaNetwork",
    "WikiCS", "Reddit", "Reddit2", "Flickr", "PolBlogs", "NELL", "HeterophilousGraphDataset",
])  # fmt: skip


def dataset_size(data: Val) -> int | None:
    """The number of samples, when it is known."""
    for one in data.options():
        if one.name in _ONE_GRAPH and one.kind in ("tensor", "dataset", "unknown", "object") and one.owner is None:
            return 1  # torch_geometric: one graph, whose nodes are told apart by masks
        if one.name == "TensorDataset" and one.args and one.args[0].shape:
            return one.args[0].shape[0]
        call = one.attrs.get("__call__") if one.name == "random_split" else None
        if call is not None and len(call.args) > 1 and isinstance(one.place, int):
            sizes = [i.const for i in call.args[1].items or []]
            size = sizes[one.place] if one.place < len(sizes) else None
            return size if type(size) is int else None
    return None


def measured_values(val: Val | None) -> Iterator[Val]:
    """Accuracies and losses of one batch that went into a printed or returned value."""
    if val is None:
        return
    stack: list[Val] = [val]
    seen: set[int] = set()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if (
            one.name in ("mean", "sum")
            and one.kind == "tensor"
            and one.args
            and any(v.name in ("compare", "eq") for v in chain(one.args[0])[:4])
        ):
            yield one
            continue
        if one.kind == "tensor" and one.name == "loss" and not one.grad:
            yield one
            continue
        if one.name in ("add", "Add") or one.kind in ("list", "dict", "loader", "module"):
            continue
        stack.extend(one.inputs())
