"""The course of a learning rate as its formula says: rising where it should fall, turned over, cut far too often."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Event, LoopRun, Place, Program
from seedbed.doctor.static.values import Val, ancestors

Problem = tuple[str, str, str]


def formula(nodes: list[ast.AST], context: str) -> Problem | None:
    """What is wrong with a formula for a rate or its factor; ``context`` holds the names around it."""
    parts = [n for top in nodes for n in ast.walk(top)]
    whole = f"{' '.join(syntax.text(n) for n in nodes)} {context}".lower()
    partly = any(isinstance(n, (ast.If, ast.IfExp)) for n in parts) or "warm" in whole or "min" in whole
    for n in parts:
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub) and not partly and _one(n.left) and _wave(n.right):
            return (
                f"{syntax.text(n)} rises from 0 to 2: the learning rate starts at zero and grows over the run",
                "a cosine decay is 0.5 * (1 + cos(pi * progress)); with a minus it goes the other way round",
                f"Write 1 + {syntax.text(n.right)}",
            )
        if isinstance(n, ast.Call) and (found := _turned(n, context)):
            return found
    return None


def _one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (1, 1.0)


def _wave(node: ast.expr) -> bool:
    """``cos(pi * progress)`` where the progress is a quotient or has a name of its own."""
    if not isinstance(node, ast.Call) or syntax.text(node.func).rsplit(".", 1)[-1] != "cos" or not node.args:
        return False
    text = syntax.text(node.args[0])
    return "pi" in text and ("/" in text or any(w in text for w in ("progress", "frac", "ratio", "pct")))


def _turned(call: ast.Call, context: str) -> Problem | None:
    """``min(1, warmup / step)``: one through the whole warm-up, then falling."""
    if syntax.text(call.func).rsplit(".", 1)[-1] not in ("min", "minimum") or len(call.args) != 2:
        return None
    ratio = next((a for a in call.args if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Div)), None)
    if ratio is None or not any(_one(a) for a in call.args):
        return None
    above, below = syntax.text(ratio.left).lower(), syntax.text(ratio.right).lower()
    fixed = "warm" in above or ("warm" in context.lower() and any(w in above for w in ("steps", "total", "iters")))
    if not fixed or "warm" in below or isinstance(ratio.right, ast.Constant):
        return None
    return (
        f"the warm-up is turned over: {syntax.text(ratio)} is above 1 at first and falls afterwards",
        "the rate is at its full height during the whole warm-up and decreases after it, instead of rising to it",
        f"Write min(1.0, {syntax.text(ratio.right)} / {syntax.text(ratio.left)})",
    )


def turned_warm_up(p: Program, made: Val) -> Problem | None:
    """A warm-up that goes down, or that is longer than the whole run because two numbers were exchanged."""
    if made.name == "LinearLR":
        low, high = made.kwargs.get("start_factor") or made.arg(1), made.kwargs.get("end_factor") or made.arg(2)
        start = low.const if low is not None and low.kind == "const" else None
        end = high.const if high is not None and high.kind == "const" else None
        if isinstance(start, (int, float)) and isinstance(end, (int, float)) and start > end and _leads(p, made):
            return (
                f"start_factor={start:g} and end_factor={end:g} are exchanged: the warm-up goes down",
                "the learning rate falls during the warm-up and then jumps up to its full height",
                f"Use start_factor={end:g}, end_factor={start:g}",
            )
    if made.name.endswith("schedule_with_warmup"):
        warm, total = made.number(1, "num_warmup_steps"), made.number(2, "num_training_steps")
        if isinstance(warm, (int, float)) and isinstance(total, (int, float)) and warm >= total > 0:
            return (
                f"num_warmup_steps={warm:g} and num_training_steps={total:g} are exchanged: the warm-up is longer than "
                "the whole training",
                "the learning rate is still rising when the run ends, or it is zero after the first steps",
                "Give the warm-up steps first and the number of all steps second (or use their names)",
            )
    return None


def _leads(p: Program, made: Val) -> bool:
    """Whether a schedule is the warm-up: it is called so, or it is the first one of a SequentialLR with a second."""
    if "warm" in made.var.lower():
        return True
    for event in p.makers("SequentialLR"):
        given = event.result.arg(1, "schedulers") if event.result is not None else None
        items = given.items or [] if given is not None else []
        if len(items) == 2 and items[0] is made and items[1].name.startswith(("Cosine", "Exponential", "Poly", "Step")):
            return True
    return False


def by_hand(p: Program) -> Iterator[tuple[Event | Val, Problem]]:
    """Rates that are set into the groups, each with what is wrong with its formula."""
    seen: set[int] = set()
    for event in p.all("setitem"):
        if not q.is_rate(event) or not event.loops or not event.args:
            continue
        for val in ancestors(event.args[-1], limit=30):
            if val.name not in ("mul", "min", "sub", "add", "div", "minimum", "cos") or val.node is None:
                continue
            if id(val.node) in seen or not isinstance(val.node, (ast.BinOp, ast.Call)):
                continue
            seen.add(id(val.node))
            names = " ".join((*(f.name for f in event.funcs), *(_owner(f) for f in event.funcs)))
            problem = formula([val.node], names)
            if problem is not None:
                yield val if val.src is not None else event, problem
                return


def _owner(func: object) -> str:
    return str(getattr(getattr(func, "owner", None), "name", ""))


def cut_per_batch(p: Program) -> Iterator[tuple[Event | Place, Problem]]:
    """A rate that is multiplied by a fixed factor in every batch, without a condition."""
    seen: set[int] = set()
    for event in p.all("setitem"):
        if not q.is_rate(event) or id(event.node) in seen or not event.args:
            continue
        val = event.args[-1]
        if val.name != "mul" or not any(a.kind == "const" and isinstance(a.const, float) for a in val.args):
            continue
        factor = next(a.const for a in val.args if a.kind == "const" and isinstance(a.const, float))
        loop = next((r for r in reversed(event.loops) if rounds.is_loader_loop(r)), None)
        if loop is None or loop.outer is None or not 0 < factor <= 0.98 or event.conds_in(loop):
            continue
        old = any(v.const == "lr" for a in val.args for v in ancestors(a, limit=8))
        if not old or not any(s.inside(loop) for s in p.all("step")):
            continue
        count = _total(loop)
        if count is not None and factor**count > 1e-4:
            continue
        seen.add(id(event.node))
        yield (
            q.site(event, loop),
            (
                f"the learning rate is multiplied by {factor:g} in every batch, not once per epoch"
                + (f": {count} times in all" if count is not None else ""),
                f"after 200 batches only {factor**200:.0e} of it is left, and training stands still",
                "Move the decay out of the batch loop, so that it runs once per epoch",
            ),
        )


def _total(loop: LoopRun) -> int | None:
    """How many rounds the loops have together, as far as all of them are written down."""
    count = 1
    at: LoopRun | None = loop
    while at is not None:
        number = _length(at.over)
        if number is None:
            return None
        count *= number
        at = at.outer
    return count


def _length(over: Val | None) -> int | None:
    if over is None:
        return None
    if over.name in ("enumerate", "tqdm", "list") and over.args:
        return _length(over.args[0])
    if over.name == "range" and over.args and all(type(a.const) is int for a in over.args):
        return len(range(*(a.const for a in over.args)))
    if over.name == "split" and len(over.args) > 1 and type(over.args[1].const) is int and over.args[1].const > 0:
        shape = over.args[0].shape
        size = shape[0] if shape else None
        return -(-size // over.args[1].const) if size is not None else None
    return None


def ramp_on_itself(p: Program) -> Iterator[tuple[Event | Place, Problem]]:
    """``group["lr"] *= step / warmup``: a factor that moves with the run, on a rate that holds the earlier ones."""
    seen: set[int] = set()
    for event in p.all("setitem"):
        if not q.is_rate(event) or id(event.node) in seen or not event.args or event.recv is None:
            continue
        old, factor = _of_itself(event.args[-1])
        loop = event.loops[-1] if event.loops and _over_groups(event.loops[-1].over) else None
        if old is None or factor is None or len(event.loops) < (1 if loop is None else 2):
            continue
        if not _one_group(old.args[0], event.recv):
            continue  # the first rate, kept in a list, was read from a group too
        moving = _moves(factor, loop)
        if not moving or _is_reset(p, event) or not any(s.inside(event.loops[0]) for s in p.all("step")):
            continue
        seen.add(id(event.node))
        said = (
            syntax.text(factor.node) if isinstance(factor.node, (ast.BinOp, ast.Call)) else factor.var or "the factor"
        )
        yield (
            event,
            (
                f"the learning rate is multiplied by {said} again and again: the factors compound",
                "the current rate already holds the factors of all earlier steps, so instead of following the "
                f"{moving} it shrinks towards zero",
                'Multiply the base rate, which stays the same: group["lr"] = base_lr * factor',
            ),
        )


def _over_groups(over: Val | None) -> bool:
    """Whether a loop runs over the groups of an optimizer, alone or beside something else."""
    if over is not None and over.name in ("zip", "enumerate"):
        return any(_over_groups(a) for a in over.args)
    return over is not None and over.kind == "groups"


def _one_group(one: Val, other: Val) -> bool:
    """Whether two values are one group of an optimizer: of one turn of a loop, or picked by its number."""
    if one.kind == "group":
        return one is other
    picked = [v.name == "getitem" and len(v.args) == 2 and v.args[0].kind == "groups" for v in (one, other)]
    if not all(picked) or not f.same(one.args[1], other.args[1]):
        return False
    return [id(v) for v in one.args[0].args] == [id(v) for v in other.args[0].args]


def _of_itself(val: Val) -> tuple[Val | None, Val | None]:
    """The old rate of the same group and the factor, in ``group["lr"] * factor``."""
    if val.name != "mul" or len(val.args) != 2:
        return None, None
    for old, factor in (val.args, val.args[::-1]):
        if old.name == "getitem" and len(old.args) == 2 and old.args[1].const == "lr":
            return old, factor
    return None, None


def _moves(val: Val, loop: LoopRun | None, depth: int = 0) -> str:
    """What a factor draws over the run if it is a straight ramp of a counter by a fixed number, or half a cosine."""
    options = [o for o in val.options() if o.kind != "const"]
    if depth > 6 or not options:
        return ""
    if len(options) > 1:  # a ramp first, and half a cosine after it
        kinds = [_moves(o, loop, depth + 1) for o in options]
        return " and the ".join(dict.fromkeys(kinds)) if all(kinds) else ""
    one = options[0]
    if one.name in ("min", "minimum", "max", "maximum", "float", "mul", "add", "sub"):
        found = [m for a in one.args if (m := _moves(a, loop, depth + 1))]
        still = [a for a in one.args if not _moves(a, loop, depth + 1)]
        return found[0] if len(found) == 1 and all(a.kind == "const" for a in still) else ""
    if one.name == "cos":
        return "cosine" if _counter(one, loop) else ""
    if one.name == "div" and len(one.args) == 2 and _counter(one.args[0], loop):
        return "ramp" if not _counter(one.args[1], loop) and _plain(one.args[1]) else ""
    return ""


def _counter(val: Val, loop: LoopRun | None) -> bool:
    """Whether a value moves with a counter of the run, other than one of the loop over the groups."""
    target = getattr(loop.node, "target", None) if loop is not None else None
    own = {id(n) for n in ast.walk(target)} if target is not None else set()
    counts = [v for v in _reckoned(val) if v.kind == "number" and v.name in ("int", "running")]
    return bool(counts) and not any(id(c.node) in own for c in counts)


def _reckoned(val: Val) -> list[Val]:
    """A number and what it was reckoned from; how long something is says nothing about the run."""
    found: list[Val] = []
    stack, seen = [val], set[int]()
    while stack and len(found) < 60:
        one = stack.pop()
        if id(one) not in seen:
            seen.add(id(one))
            found.append(one)
            stack += [] if one.name in ("len", "size", "shape") else one.inputs()
    return found


def _plain(val: Val) -> bool:
    """Whether a divisor is a number that is written down, or a product of such."""
    return all(o.kind == "const" or (o.kind == "number" and o.name == "len") for o in val.options()) or (
        val.name in ("mul", "add", "sub", "max", "min") and all(_plain(a) for a in val.args)
    )


def _is_reset(p: Program, event: Event) -> bool:
    """Whether the same loop also sets the rate from something else, or a schedule does."""
    for other in p.all("setitem"):
        if q.is_rate(other) and other.node is not event.node and other.inside(event.loops[0]):
            return True
    return any(e.inside(event.loops[0]) for e in p.all("schedule"))
