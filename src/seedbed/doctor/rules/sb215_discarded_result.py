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
from seedbed.doctor.static.naming import is_model, words
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("discard"):
        node = getattr(event.node, "value", None)
        val = event.result
        if not isinstance(node, ast.Call) or val is None or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        if (event.src.cells and _last_of_cell(event)) or any(k.arg in ("inplace", "out") for k in node.keywords):
            continue
        made = [e for e in p.all("call") if e.node is node]
        if not made:
            continue
        recv = made[0].recv
        if not _is_lost(made[0], node, name):
            continue
        subject_text = ast.unparse(node.func.value) if recv is not None else ast.unparse(node.args[0])
        yield p.report(
            "SB215",
            event,
            f"the result of {name}() is thrown away: it returns a new tensor and does not change "
            f"{subject_text} in place",
            why=f"{subject_text} is the same as before this line",
            fix=f"Write {subject_text} = {ast.unparse(node)}",
        )


def _is_lost(made: Event, node: ast.Call, name: str) -> bool:
    """Whether the thrown-away result was the point of the call."""
    recv = made.recv
    if made.name.startswith(("torch.", "numpy.")):
        if name not in _PURE or name in ("to", "cuda", "cpu", "type", "apply", "copy", "shuffle") or not node.args:
            return False
        subject = made.args[0] if made.args else None
        if subject is None or subject.kind not in ("tensor", "unknown", "phi", "method"):
            return False
    elif recv is None or name not in _PURE:
        return False
    elif recv.kind in ("tensor", "phi"):
        if any(o.kind in ("module", "object") for o in recv.options()):
            return False
    elif recv.kind in ("unknown", "method"):
        tensor_like = set(words(recv.var or recv.name)) & _TENSORS
        if (
            name
            in (
                "to",
                "cuda",
                "cpu",
                "float",
                "half",
                "double",
                "type",
                "abs",
                "sum",
                "mean",
                "add",
                "div",
                "norm",
                "sort",
                "replace",
                "copy",
                "round",
                "apply",
                "requires_grad",
            )
            and not tensor_like
        ):
            return False
        if is_model(recv.var) or recv.tags & {"module", "moded"}:
            return False
    else:
        return False
    return True


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
_TENSORS = frozenset(
    [
        "x",
        "y",
        "xb",
        "yb",
        "xs",
        "ys",
        "input",
        "inputs",
        "image",
        "images",
        "img",
        "imgs",
        "label",
        "labels",
        "target",
        "targets",
        "batch",
        "data",
        "mask",
        "tensor",
        "logits",
        "out",
        "output",
        "outputs",
        "pred",
        "preds",
        "features",
        "loss",
        "weight",
        "weights",
        "hidden",
        "h",
        "z",
        "noise",
        "src",
        "tgt",
        "emb",
        "embedding",
        "state",
        "grad",
    ]
)


def _last_of_cell(event: Event) -> bool:
    end = getattr(event.node, "end_lineno", event.line)
    starts = [start for start, _ in event.src.cells]
    text = event.src.text.splitlines()
    line = end + 1
    while line <= len(text) and not text[line - 1].strip() and line not in starts:
        line += 1
    return line in starts or line > len(text)
