"""What totals of an evaluation are divided by: the last batch, another data set, batches instead of samples."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import metering, rounds, syntax
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors

_KNOWN = {  # samples for testing and for training
    "MNIST": (10_000, 60_000),
    "FashionMNIST": (10_000, 60_000),
    "KMNIST": (10_000, 60_000),
    "CIFAR10": (10_000, 50_000),
    "CIFAR100": (10_000, 50_000),
}
_SIZES = ("size", "len", "shape", "numel", "getitem")


@dataclass(frozen=True)
class Wrong:
    """A division by a wrong count: where, what to say, and the running sum."""

    node: ast.AST
    src: Source
    event: Event
    said: str
    why: str
    fix: str


def wrong_counts(p: Program) -> Iterator[Wrong]:
    """Totals of evaluation loops that are divided by a wrong count."""
    for event in p.once("augment"):
        if event.name != "Add" or not event.loops or not event.args or not isinstance(event.node, ast.AugAssign):
            continue
        loop = event.loops[-1]
        kind = kind_of(event.args[0])
        if not kind or not rounds.is_loader_loop(loop):
            continue
        if kind == "doubled":
            said = "a number of right answers is multiplied by the batch size: it is a count already, no mean"
            why = "the result is too large by the batch size (an accuracy above 1)"
            yield Wrong(
                event.node, event.src, event, said, why, "Add the count as it is, or use its mean times the size"
            )
            continue
        for node, src, what in metering.divisions(p, event, syntax.text(event.node.target)):
            right = node.right if isinstance(node, ast.BinOp) else getattr(node, "value", None)
            if right is None:
                continue
            right = _written_out(src, right)
            found = _judge(p, event, loop, kind, right, what, getattr(node, "lineno", 0))
            if found is None:
                found = _other_phase(p, event, right)
            if found is not None:
                yield Wrong(node, src, event, *found)


def _written_out(src: Source, right: ast.expr) -> ast.expr:
    """``len(val_set)`` for a variable that is this and nothing else."""
    if not isinstance(right, ast.Name):
        return right
    nodes = src.by_type()
    stores = [n for n in nodes.get(ast.Name, ()) if isinstance(n, ast.Name) and n.id == right.id]
    made = [
        n.value
        for n in nodes.get(ast.Assign, ())
        if isinstance(n, ast.Assign) and [syntax.text(t) for t in n.targets] == [right.id]
    ]
    once = len(made) == 1 and sum(isinstance(n.ctx, ast.Store) for n in stores) == 1
    return made[0] if once and syntax.text(made[0]).startswith("len(") else right


def _judge(
    p: Program, event: Event, loop: LoopRun, kind: str, right: ast.expr, what: str, line: int
) -> tuple[str, str, str] | None:
    text = syntax.text(right)
    names = {n.id for n in syntax.walk(right) if isinstance(n, ast.Name)}
    target = getattr(loop.node, "target", None)
    batch = {n.id for n in syntax.walk(target or right) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    after = line > (getattr(loop.node, "end_lineno", 0) or 0)
    sized = any(s in text for s in (".size(", "len(", ".shape", ".numel("))
    if after and sized and names & batch and kind in ("count", "total"):
        return (
            "a total over all batches is divided by the size of the last batch",
            "the result is too large by about the number of batches",
            "Count the samples in the loop, or divide by len(loader.dataset)",
        )
    parts = [n.attr for n in syntax.walk(right) if isinstance(n, ast.Attribute)]  # len(self.val_loader.dataset)
    own, other = rounds.loop_split(loop), split_of("_".join((*sorted(names), *parts)))
    if own and any(v is held for n in names for _, v, _ in p.assigned(n) for held in _looped(loop)):
        own = other = ""  # the very data of the loop, whatever it is called
    if after and kind in ("count", "total") and _of_all_rows(p, loop, right):
        return _SAMPLED
    stride = _stride(loop)
    bare = isinstance(right, ast.Constant) and getattr(rounds.base_of_loop(loop), "name", "") != "range"
    if kind == "total" and after and stride is not None and not bare and _is_number(p, right, stride):
        return (
            "a sum over all samples is divided by the batch size",
            "the result is too large by the number of batches",
            "Divide by the number of samples",
        )
    if own == "train" and other in ("val", "test") and sized and after:
        return (
            f"a total over the training data is divided by the number of {other} samples or batches",
            "the result is scaled by the ratio of the two sets",
            "Divide by the size of the set that the loop runs over",
        )
    if own in ("val", "test") and other == "train" and sized:
        return (
            f"a total over the {own} data is divided by the number of training samples or batches",
            "the result is scaled by the ratio of the two sets",
            "Divide by the size of the set that the loop runs over",
        )
    if kind == "total" and what == "batches":
        return (
            "a sum over samples is divided by the number of batches",
            "the result is too large by the batch size",
            "Divide by the number of samples: len(loader.dataset)",
        )
    if kind in ("count", "total") and isinstance(right, ast.BinOp) and isinstance(right.op, ast.Mult):
        left = metering.last_batch(rounds.base_of_loop(loop))
        found = {w for n in names for w in words(n)} | ({"batch"} if "batch_size" in text else set())
        if left and "len(" in text and found & {"loader", "dl", "dataloader"}:
            return (
                f"batches times batch size counts more samples than there are (the last batch has {left})",
                "the short last batch is counted as a full one, so the result is too small",
                "Divide by len(loader.dataset)",
            )
    return None


_SAMPLED = (
    "a total over the rows that the sampler picks is divided by the size of the whole data set",
    "len(loader.dataset) counts the rows of the other part too, so the result is too small",
    "Divide by the number of rows that are drawn: len(loader.sampler)",
)


def _of_all_rows(p: Program, loop: LoopRun, right: ast.expr) -> bool:
    """Whether ``len(loader.dataset)`` is asked of a loader whose sampler picks a part of the rows."""
    over = rounds.base_of_loop(loop)
    sampler = over.arg(4, "sampler") if over is not None and over.kind == "loader" else None
    picked = sampler.args[0] if sampler is not None and sampler.name == "SubsetRandomSampler" and sampler.args else None
    if over is None or picked is None or not over.args or not isinstance(right, ast.Call) or len(right.args) != 1:
        return False
    if syntax.text(right.func) != "len" or not any(v.kind == "slice" for v in ancestors(picked, limit=12)):
        return False  # only what is cut out of an order is surely a part
    asked = right.args[0]
    if isinstance(asked, ast.Attribute):
        return asked.attr == "dataset"
    named = p.assigned(asked.id) if isinstance(asked, ast.Name) else []
    return any(v is over.args[0] for _, v, _ in named)


def _looped(loop: LoopRun) -> list[Val]:
    """What a loop runs over: a loader and the data set in it."""
    over = rounds.base_of_loop(loop)
    return [over, *over.args[:1]] if over is not None else []


def last_indices(p: Program) -> Iterator[Wrong]:
    """Sums over batches that are divided by the index of the last batch."""
    for event in p.once("augment"):
        if event.name != "Add" or not event.loops or not event.args or not isinstance(event.node, ast.AugAssign):
            continue
        loop = event.loops[-1]
        if not rounds.is_loader_loop(loop):
            continue
        for node, src, _ in metering.divisions(p, event, syntax.text(event.node.target)):
            right = node.right if isinstance(node, ast.BinOp) else getattr(node, "value", None)
            found = _by_last_index(p, loop, right, node) if isinstance(right, ast.expr) else None
            if found is not None:
                yield Wrong(node, src, event, *found)


def _by_last_index(p: Program, loop: LoopRun, right: ast.expr, node: ast.AST) -> tuple[str, str, str] | None:
    """``total / i`` after ``for i, batch in enumerate(loader)``: the last index is one less than the batches."""
    frame, line = loop.node, getattr(node, "lineno", 0)
    if not isinstance(frame, ast.For) or not isinstance(right, ast.Name) or not isinstance(frame.target, ast.Tuple):
        return None
    counted, end = frame.iter, frame.end_lineno or 0
    while isinstance(counted, ast.Call) and syntax.text(counted.func).rsplit(".", 1)[-1] in ("tqdm", "trange", "list"):
        counted = counted.args[0] if counted.args else right
    plain = isinstance(counted, ast.Call) and syntax.text(counted.func) == "enumerate" and len(counted.args) == 1
    first = frame.target.elts[0]
    if not plain or getattr(counted, "keywords", []) or not isinstance(first, ast.Name) or first.id != right.id:
        return None
    written = [n for n in p.nodes(ast.Name) if n.id == right.id and isinstance(n.ctx, ast.Store)]
    if line <= end or any(frame.lineno < n.lineno <= line for n in written):
        return None
    return (
        "the sum over the batches is divided by the index of the last one, which is one less than their number",
        "enumerate() counts from zero, so the average is too large, and one batch alone is divided by zero",
        f"Divide by {right.id} + 1, or by len(loader)",
    )


def _stride(loop: LoopRun) -> int | None:
    """The batch size of a loop over ``range(0, n, batch_size)`` or over a loader."""
    over = rounds.base_of_loop(loop)
    if over is None:
        return None
    size = over.number(2) if over.name == "range" and len(over.args) == 3 else over.number(1, "batch_size")
    return size if type(size) is int and size > 1 else None


def _is_number(p: Program, node: ast.expr, number: int) -> bool:
    """Whether an expression is this number, written out or by a name."""
    if isinstance(node, ast.Constant):
        return bool(node.value == number)
    text = syntax.text(node)
    known = [v for n, v, _ in p.assigns if n == text]
    return "batch" in words(text.replace(".", "_")) and bool(known) and all(v.const == number for v in known)


def _other_phase(p: Program, event: Event, right: ast.expr) -> tuple[str, str, str] | None:
    """``total / sizes["train"]`` where the loop runs over the held-out data too."""
    key = right.slice if isinstance(right, ast.Subscript) else None
    said = split_of(key.value) if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
    if not said:
        return None
    runs = {rounds.loop_split(e.loops[-1]) for e in p.all("augment") if e.node is event.node and e.loops}
    others = {r for r in runs if r and (r == "train") != (said == "train")}
    if not others:
        return None
    return (
        f"a total over the {others.pop()} data is divided by the number of {said} samples or batches",
        "the result is scaled by the ratio of the two sets",
        "Divide by the size of the set that the loop runs over: sizes[phase]",
    )


def kind_of(val: Val) -> str:
    """``count`` of right answers, ``total`` of per-sample losses, or ``""``."""
    one = f.core(val)
    if one.name == "sum" and one.args:
        inner = f.core(one.args[0])
        if inner.name in ("pow", "square", "abs") and inner.args and len(one.args) == 1 and not one.kwargs:
            diff = f.core(inner.args[0])
            sides = [f.from_model(a) for a in diff.args[:2]] if diff.name == "sub" else []
            return "total" if sides.count(True) == 1 else ""
        return "count" if inner.name in ("compare", "eq", "and") else ""
    if one.name == "mul" and len(one.args) == 2:
        for loss, size in (one.args, one.args[::-1]):
            if f.loss_value(loss) is not None and f.core(size).name in _SIZES:
                return "total"
            if f.core(size).name in _SIZES and kind_of(loss) == "count":
                return "doubled"
    if f.loss_value(one, reduced=False) is not None and "reduction=sum" in one.tags:
        return "total"
    return ""


def full_counts(p: Program) -> Iterator[Wrong]:
    """Samples that are counted by the batch size in each round, though the last batch is not full."""
    for event in p.once("augment"):
        if event.name != "Add" or not event.loops or not event.args or not isinstance(event.node, ast.AugAssign):
            continue
        loop = event.loops[-1]
        over = rounds.base_of_loop(loop)
        if over is None or event.conds_in(loop) or not _is_batch_size(event.args[0], over, event.node.value):
            continue
        rest = _rest(over)
        if rest == 0 or not divides_a_count(p, event):
            continue
        left = f" (it has {rest} samples)" if rest else ""
        said = f"the last batch is smaller than batch_size{left}, but is counted as a full one"
        why = "the number of samples is overestimated, so the score is too low"
        yield Wrong(event.node, event.src, event, said, why, "Add the number of samples of the batch: len(y)")


def _is_batch_size(val: Val, over: Val, node: ast.expr) -> bool:
    """Whether a number is the batch size of what a loop runs over."""
    size = f.core(val)
    if size.name == "batch_size" and any(a is over for a in size.args):
        return True
    place = 2 if over.name == "range" else 1
    own = over.arg(place, "batch_size" if over.kind == "loader" else "")
    if own is None or isinstance(node, ast.Constant):
        return own is not None and type(own.const) is int and own.const > 1 and own.const == size.const
    same = own is size or (own.kind == size.kind == "const" and own.const == size.const)
    return same and type(own.const) in (int, type(None)) and own.const != 1


def _rest(over: Val) -> int | None:
    """How many samples the last batch has, 0 when it is full or nothing shows a short one, ``None`` when unknown."""
    if over.kind == "loader":
        drop, data = over.kwargs.get("drop_last"), over.args[0] if over.args else over
        train = data.arg(1, "train") if data.name in _KNOWN else None
        if drop is not None and drop.const is not False:
            return 0
        if train is not None and isinstance(train.const, bool):
            size = over.number(1, "batch_size")
            return _KNOWN[data.name][train.const] % size if type(size) is int and size > 0 else None
        return metering.last_batch(over)
    size, count = _size(over), None
    if over.name == "range" and len(over.args) == 3 and over.number(0) == 0:
        count = over.number(1)
    elif over.name in ("chunks", "split") and over.kind == "iter" and over.args[0].shape:
        count = over.args[0].shape[0]
    return count % size if size and type(count) is int and count > size else 0


def _size(over: Val) -> int | None:
    size = over.number(2 if over.name == "range" else 1)
    return size if type(size) is int and size > 0 else None


def divides_a_count(p: Program, event: Event) -> bool:
    """Whether what is counted up divides a number of right answers (or a sum of losses) of the same loop."""
    if not isinstance(event.node, ast.AugAssign):
        return False
    total = syntax.text(event.node.target)
    sums = [e for e in p.all("augment") if e.inside(event.loops[-1]) and e.args and kind_of(e.args[0])]
    gathered = {syntax.text(e.node.target) for e in sums if isinstance(e.node, ast.AugAssign)}
    places = {id(e.node) for e in sums}
    for made in p.made("div"):  # the sums may have been handed on since
        over, under = (list(_sides(a)) for a in made.args[:2]) if len(made.args) == 2 else ([], [])
        if any(o.node is event.node for o in under) and any(id(o.node) in places for o in over):
            return True
    for node in syntax.walk(event.src.tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            right, left = metering.bare(node.right), node.left
            if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
                left = left.left if not isinstance(left.left, ast.Constant) else left.right
            if syntax.text(right) == total and syntax.text(metering.bare(left)) in gathered:
                return _same_owner(event, node)
    return False


def _sides(val: Val) -> Iterator[Val]:
    """What a side of a division can be; ``100 * right`` is ``right``, ``max(count, 1)`` is ``count``."""
    for one in f.core(val).options():
        if one.name in ("mul", "max", "maximum", "clamp", "clip") and any(a.kind == "const" for a in one.args):
            one = next((a for a in one.args if a.kind != "const"), one)
        yield from f.core(one).options()


def _same_owner(event: Event, node: ast.AST) -> bool:
    """Whether a name (or an attribute of the same class) means the same thing at two places."""
    func = event.funcs[-1] if event.funcs else None
    if func is None or (isinstance(event.node, ast.AugAssign) and not isinstance(event.node.target, ast.Name)):
        return True
    line = getattr(node, "lineno", 0)
    return bool(func.node.lineno <= line <= (func.node.end_lineno or 0))
