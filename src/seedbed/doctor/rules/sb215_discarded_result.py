"""The result is thrown away: this call does not work in place.

## What it does

Finds calls whose result is thrown away although they do not work in place, like `x.clamp(0, 1)` or
`x.to(device)`.

## Why is this bad

The tensor stays as it was. Nothing is raised.

## Example

```python
x = torch.randn(8, 4)
x.clamp(0, 1)
```

## Use instead

```python
x = torch.randn(8, 4)
x = x.clamp(0, 1)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import proofs, syntax
from seedbed.doctor.static.naming import is_model, words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _sums(p)
    calls: dict[int, Event] = {}
    for event in p.once("discard"):
        node = getattr(event.node, "value", None)
        val = event.result
        if not isinstance(node, ast.Call) or val is None or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        if (event.src.cell_starts and _last_of_cell(event)) or any(k.arg in ("inplace", "out") for k in node.keywords):
            continue
        if not calls:
            for one in p.all("call"):
                calls.setdefault(id(one.node), one)
        made = calls.get(id(node))
        if made is None or not _is_lost(p, made, node, name):
            continue
        if _is_fresh(node.func.value) or _shown_beside(event, node):
            continue
        recv = made.recv
        subject = node.func.value if recv is not None and name not in _ORDERS else node.args[0]
        subject_text = syntax.text(subject)
        yield p.report(
            "SB215",
            event,
            f"the result of {name}() is thrown away: it returns a new tensor and does not change "
            f"{subject_text} in place",
            why=f"{subject_text} is the same as before this line: the operation is out-of-place and has no effect",
            fix=f"Write {subject_text} = {syntax.text(node)}",
        )


def _is_fresh(owner: ast.expr) -> bool:
    """Whether nothing holds the tensor that the method is called on: ``torch.zeros(1).to(device)``, a warm-up."""
    return isinstance(owner, ast.Call) and syntax.text(owner.func).rpartition(".")[2] in _CREATED


def _shown_beside(event: Event, node: ast.Call) -> bool:
    """Whether the same call in place stands a few statements on: a lesson that shows both, with what they print."""
    if not isinstance(node.func, ast.Attribute):
        return False
    wanted = syntax.text(node).replace(f".{node.func.attr}(", f".{node.func.attr}_(", 1)
    for block in syntax.walk(event.src.tree):
        body = getattr(block, "body", None)
        if not isinstance(body, list) or event.node not in body:
            continue
        at = body.index(event.node)
        near = [syntax.text(s) for s in body[at + 1 : at + 5]]
        subject = syntax.text(node.func.value)
        return f"print({subject})" in near[:2] and wanted in near
    return False


_CREATED = frozenset(["zeros", "ones", "empty", "rand", "randn", "arange", "full", "eye"])  # they are given sizes


def _sums(p: Program) -> Iterator[Finding]:
    """``x + y`` as a statement: the sum is worked out and dropped."""
    for event in p.once("discard"):
        node, val = getattr(event.node, "value", None), event.result
        if not isinstance(node, ast.BinOp) or isinstance(node.op, _PIPES) or val is None or val.kind != "tensor":
            continue
        if (event.src.cell_starts and _last_of_cell(event)) or _expects_error(event.src, event.line):
            continue
        if not any(proofs.is_tensor(p, a) or _of_math(a) for a in val.args):
            continue
        text = syntax.text(node)
        yield p.report(
            "SB215",
            event,
            f"the result of {text} is thrown away: an expression does not change its parts",
            why=f"{syntax.text(node.left)} is the same as before this line",
            fix=f"Write {syntax.text(node.left)} = {text}",
        )


_PIPES = (ast.BitOr, ast.RShift, ast.LShift)  # what libraries use to chain their objects


def _of_math(val: Val) -> bool:
    """Whether it is a number that a function of ``math`` gives."""
    return isinstance(val.node, ast.Call) and syntax.text(val.node.func).startswith("math.")


def _expects_error(src: Source, line: int) -> bool:
    """Whether a line is there for the error or warning that it gives: ``with pytest.raises(...):`` or ``try:``."""
    for node in src.by_type().get(ast.With, ()):
        if isinstance(node, ast.With) and node.lineno <= line <= (node.end_lineno or 0):
            said = " ".join(syntax.text(i.context_expr) for i in node.items).lower()
            if "raises" in said or "warns" in said or "profile" in said:
                return True
    for node in src.by_type().get(ast.Try, ()):
        if not isinstance(node, ast.Try) or not node.lineno <= line <= (node.body[-1].end_lineno or 0):
            continue
        caught = [h for h in node.handlers if not isinstance(h.body[-1], ast.Raise)]
        if caught and len(node.body) <= 3 and not isinstance(node.body[0], (ast.For, ast.While)):
            return True
    return False


_FRAMES = frozenset(["sample", "dropna", "fillna", "drop", "drop_duplicates", "sort_values", "reset_index", "astype"])
_ORDERS = frozenset(["permutation", "permuted"])  # they give back a shuffled copy


def _is_lost(p: Program, made: Event, node: ast.Call, name: str) -> bool:
    """Whether the thrown-away result was the point of the call."""
    recv = made.recv
    if name in _ORDERS and made.args and made.args[0].kind in ("tensor", "list"):
        return recv is not None or made.name.startswith(("numpy.random", "random."))
    if recv is not None and "pandas" in recv.tags and recv.kind == "tensor" and name in _FRAMES:
        return True
    if name not in _PURE or _is_another_kind(made, node, name) or _expects_error(made.src, made.line):
        return False
    if made.name.startswith(("torch.", "numpy.")):
        return _lost_by_function(p, made, node, name)
    if recv is None or name in _IN_PLACE_ELSEWHERE:
        return recv is not None and name in ("sort", "add", "log") and proofs.is_torch(p, recv)
    if any(o.kind in ("module", "object") for o in recv.options()) or recv.tags & {"module", "moded"}:
        return False
    if proofs.is_tensor(p, recv):
        return True
    if recv.kind not in ("unknown", "method") or is_model(recv.var) or (name == "squeeze" and recv.kind == "method"):
        return False
    if name in proofs.ONLY_TENSORS:
        return True
    last = words(recv.var or recv.name)[-1:]
    return name in _BY_NAME and bool(set(last) & _TENSORS)


def _lost_by_function(p: Program, made: Event, node: ast.Call, name: str) -> bool:
    """Whether a function of torch or numpy was called for its result: it has no argument that it writes to."""
    home = made.name.rpartition(".")[0]
    if home not in ("torch", "torch.nn.functional", "torch.special", "torch.linalg", "numpy") or not node.args:
        return False
    if name in ("to", "cuda", "cpu", "type", "apply", "copy", "shuffle") or not made.args:
        return False
    if home == "numpy" and len(node.args) > (1 if name in _ONE else 2 if name in _TWO else 9):
        return False  # the last one is where numpy writes the result
    return made.args[0].kind in ("tensor", "unknown", "phi", "method")


def _is_another_kind(made: Event, node: ast.Call, name: str) -> bool:
    """Whether the call shows that its receiver is no tensor: a list, a mapping with its own ``to``, a logger."""
    if name in ("to", "cuda", "cpu", "float", "half", "double", "type") and isinstance(node.func, ast.Attribute):
        last = words(syntax.text(node.func.value).rsplit(".", 1)[-1])
        if last[-1:] and last[-1] in ("module", "submodule", "layer", "block", "model"):
            return True
    if name in _UNARY and made.recv is not None and (node.args or node.keywords):
        return True
    if name == "sort" and (
        any(k.arg in ("key", "reverse") for k in node.keywords)
        or (made.recv is not None and any(o.name == "tolist" for o in made.recv.options()))
    ):
        return True
    return name == "to" and isinstance(node.func, ast.Attribute) and _is_mapping(made.src, syntax.text(node.func.value))


def _is_mapping(src: Source, subject: str) -> bool:
    """Whether the program unpacks ``subject`` with ``**`` or asks it for a key: then it is no tensor."""
    for node in syntax.walk(src.tree):
        if isinstance(node, ast.Call) and any(k.arg is None and syntax.text(k.value) == subject for k in node.keywords):
            return True
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
            and syntax.text(node.value) == subject
        ):
            return True
    return False


_UNARY = frozenset(["log", "exp", "sqrt", "abs", "neg", "sigmoid", "tanh", "floor", "ceil", "relu", "t", "contiguous"])
_PURE = frozenset(
    [
        "clamp",
        "clip",
        "to",
        "cuda",
        "cpu",
        "float",
        "half",
        "double",
        "long",
        "int",
        "bool",
        "bfloat16",
        "detach",
        "clone",
        "squeeze",
        "unsqueeze",
        "view",
        "reshape",
        "permute",
        "transpose",
        "flatten",
        "masked_fill",
        "add",
        "sub",
        "mul",
        "div",
        "relu",
        "softmax",
        "log_softmax",
        "sigmoid",
        "tanh",
        "normalize",
        "abs",
        "exp",
        "log",
        "sqrt",
        "pow",
        "neg",
        "round",
        "floor",
        "ceil",
        "fill",
        "scatter",
        "index_fill",
        "index_copy",
        "masked_scatter",
        "type",
        "type_as",
        "contiguous",
        "expand",
        "repeat",
        "flip",
        "roll",
        "sort",
        "where",
        "nan_to_num",
        "t",
        "triu",
        "tril",
        "cat",
        "stack",
        "dropout",
        "layer_norm",
        "mean",
        "sum",
        "astype",
        "swapaxes",
        "moveaxis",
        "clamp_min",
        "clamp_max",
        "erfinv",
        "gather",
        "index_add",
        "scatter_add",
        "logical_not",
        "unflatten",
        "narrow",
        "movedim",
    ]
)
# Methods of sets, lists, loggers and arrays that do change their owner.
_IN_PLACE_ELSEWHERE = frozenset(["add", "sort", "fill", "log", "replace", "copy", "apply", "update"])
_ONE = frozenset(["sqrt", "exp", "log", "abs", "tanh", "floor", "ceil"])
_TWO = frozenset(["add", "sub", "mul", "div", "pow"])
# Without a proof these count where the name says what it holds; a batch, data or inputs can be an object that moves
# itself.
_BY_NAME = frozenset(
    [
        "to",
        "cuda",
        "cpu",
        "float",
        "half",
        "double",
        "long",
        "detach",
        "view",
        "reshape",
        "permute",
        "transpose",
        "flatten",
        "sub",
        "mul",
        "div",
        "relu",
        "sigmoid",
        "tanh",
        "abs",
        "exp",
        "sqrt",
        "pow",
        "neg",
        "expand",
    ]
)
_TENSORS = frozenset(
    [
        "x",
        "y",
        "xb",
        "yb",
        "xs",
        "ys",
        "image",
        "images",
        "img",
        "imgs",
        "label",
        "labels",
        "target",
        "targets",
        "tensor",
        "logits",
        "pred",
        "preds",
        "loss",
        "grad",
        "noise",
        "emb",
        "embedding",
    ]
)


def _last_of_cell(event: Event) -> bool:
    end = getattr(event.node, "end_lineno", event.line)
    starts = event.src.cell_starts
    text = event.src.lines
    line = end + 1
    while line <= len(text) and not text[line - 1].strip() and line not in starts:
        line += 1
    return line in starts or line > len(text)
