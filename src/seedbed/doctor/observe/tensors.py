"""Single tensor operations in the first steps and around evaluations: shapes that broadcast, axes, masks, views."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from seedbed.doctor.observe.effects import HANDLERS as EFFECTS
from seedbed.doctor.observe.facts import ForwardFact, RootFact, is_plain, maker
from seedbed.doctor.observe.hardness import DECISIONS, Hardness
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.loose import LooseEnds
from seedbed.doctor.observe.recurrence import StateWatch
from seedbed.doctor.observe.shapes import mixes_axes
from seedbed.doctor.observe.site import Site, here
from seedbed.doctor.observe.values import (
    attention_noise,
    batch_norm,
    dropout,
    embedding,
    exp_of,
    is_scaled,
    log_of,
    multihead,
    plain,
    sqrt_of,
    wrapped,
)

Handler = Callable[["TensorWatch", Any, tuple[Any, ...], dict[str, Any]], None]
SQUASHED = ("Softmax", "Sigmoid", "LogSoftmax")


class FunctionWatch(TorchFunctionMode):
    """The mode itself: runs the operation, then hands it to the watch."""

    def __init__(self, watch: TensorWatch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **kwargs) if kwargs else func(*args)
        watch = self.watch
        known = watch.table.get(func)
        if known is None:
            name = getattr(func, "__name__", "")
            known = watch.table[func] = (name, HANDLERS.get(name, ()), name in DECISIONS)
        name, handlers, decides = known
        if handlers:
            watch.recorder.guard.run_each(handlers, watch, out, args, kwargs or {})
        if watch.loose.ends:
            watch.recorder.guard.run(watch.loose.take, args, kwargs or {})
        if decides or watch.hardness.known:
            watch.recorder.guard.run(watch.hardness.seen, watch, name, out, args)
        return out


class TensorWatch:
    """Switches the mode on and off and holds what the handlers remember.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.record = recorder.record
        self.mode: FunctionWatch | None = None
        self.table: dict[Any, tuple[str, tuple[Handler, ...], bool]] = {}
        self.outputs: dict[int, tuple[weakref.ref[Tensor], ForwardFact]] = {}
        self.loose = LooseEnds()
        self.masked: dict[int, tuple[weakref.ref[Tensor], float]] = {}
        self.heads: dict[int, tuple[weakref.ref[Tensor], Any]] = {}
        self.sums: dict[int, tuple[weakref.ref[Tensor], int]] = {}
        self.draws: dict[Site, tuple[int, set[int]]] = {}
        self.lookups: dict[int, tuple[int, int]] = {}
        self.states = StateWatch()
        self.hardness = Hardness()

    def switch(self, on: bool) -> None:
        """Turn the mode on or off; when a mode of the script lies above ours, it stays as it is."""
        if on and self.mode is None:
            if not isinstance(torch.overrides._get_current_function_mode(), FunctionWatch | None):
                return
            self.mode = FunctionWatch(self)
            self.mode.__enter__()  # type: ignore[no-untyped-call]
        elif not on and self.mode is not None and torch.overrides._get_current_function_mode() is self.mode:
            self.mode.__exit__(None, None, None)  # type: ignore[no-untyped-call]
            self.mode = None

    def remove(self) -> None:
        """Turn the mode off for good, also from below modes that were entered after it and are still open."""
        above = []
        while self.mode is not None and (top := torch.overrides._get_current_function_mode()) is not None:
            torch.overrides._pop_mode()
            if top is self.mode:
                break
            above.append(top)
        for mode in reversed(above):
            torch.overrides._push_mode(mode)
        self.mode = None

    def pause(self) -> bool:
        """Turn the mode off for a while where nothing is looked for; say whether it was on."""
        if self.mode is None:
            return False
        self.switch(False)
        return self.mode is None

    def remember_output(self, tensor: Tensor, fact: ForwardFact) -> None:
        """Know a module's output again when it is compared, rounded or indexed."""
        if len(self.outputs) > 128:
            self.outputs.clear()
        self.outputs[id(tensor)] = (weakref.ref(tensor), fact)

    def give(self, tensors: list[Tensor], root: RootFact) -> None:
        """Look out for who reads each of several outputs of a module."""
        if self.mode is not None:
            self.loose.give(tensors, root)

    def output_of(self, tensor: Any) -> ForwardFact | None:
        """Return the forward call whose output this very tensor (or its base) is."""
        if not isinstance(tensor, Tensor):
            return None
        for candidate in (tensor, tensor._base):
            known = self.outputs.get(id(candidate))
            if known is not None and known[0]() is candidate:
                return known[1]
        return None


def _axis(args: tuple[Any, ...], kwargs: dict[str, Any], ndim: int, default: Any = None) -> int | None:
    dim = kwargs.get("dim", args[1] if len(args) > 1 else default)
    if not isinstance(dim, int) or isinstance(dim, bool) or ndim == 0:
        return None
    return dim % ndim


def _softmax(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    given = args[0] if args else kwargs.get("input")
    if not plain(given) or not plain(out):
        return
    axis = _axis(args, kwargs, given.ndim)
    if axis is None:
        if given.ndim == 3:  # PyTorch takes the first axis: of two axes it takes the last, of one there is no other
            watch.record.note("softmax-first-axis", here())
        return
    shape = tuple(given.shape)
    name = maker(given)[0]
    site = here()
    inside = bool(watch.recorder.modules.stack)
    if given.requires_grad and name in ("Softmax", "LogSoftmax") and shape[axis] > 1:
        watch.record.note("softmax-twice", site, shape=shape, before=name)
    if shape[axis] == 1 and given.requires_grad:
        watch.record.note("softmax-single", site, shape=shape, dim=axis)
    if len(shape) == 2 and axis == 0 and min(shape) > 1 and (given.requires_grad or inside):
        fact = next(iter(watch.recorder.modules.open), None)
        batch = fact.batch if fact is not None else watch.recorder.batch_now
        watch.record.note("softmax-dim0", site, shape=shape, batch=batch)
    maps = len(shape) == 4 and axis == 1 and name.startswith(("Conv", "Mkldnn", "Upsample"))  # classes of pixels
    if len(shape) >= 3 and axis != len(shape) - 1 and shape[-1] == shape[-2] and shape[-1] > 1 and not maps:
        watch.record.note("softmax-attention-axis", site, shape=shape, dim=axis)
    if given.requires_grad:
        _masked_scores(watch, given, shape, axis, site)
        if axis == len(shape) - 1:
            watch.heads[id(out)] = (weakref.ref(out), site)


def _masked_scores(watch: TensorWatch, given: Tensor, shape: tuple[int, ...], axis: int, site: Any) -> None:
    known = watch.masked.get(id(given))
    if known is not None and known[0]() is given:
        watch.record.note("masked-with-small-value", site, value=known[1], shape=shape)
    node = given.grad_fn
    scaled = False
    width = None
    for _ in range(8):
        if node is None:
            return
        name = node.name().split("Backward")[0]
        if name in ("Bmm", "Mm"):
            left = getattr(node, "_saved_self", None)
            width = left.shape[-1] if isinstance(left, Tensor) else None
            break
        scaled = scaled or name in ("Div", "Mul")
        if name not in ("MaskedFill", "Add", "UnsafeView", "View", "Div", "Mul", "Where", "Transpose"):
            return
        node = node.next_functions[0][0]
    if node is None or scaled or width is None or len(shape) < 3:
        return
    for parent, _ in node.next_functions[:2]:
        scaled = scaled or is_scaled(parent)
    if not scaled and width >= 4 and shape[-1] > 1:
        spread = float(given.detach()[torch.isfinite(given.detach()) & (given.detach() > -1e4)].float().std())
        watch.record.note("unscaled-scores", site, width=width, spread=spread, shape=shape)


def _moves_channels(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """(…, H, W, 3) seen as (…, 3, H, W), or back: an image whose channels only a permute can move."""
    if len(before) != len(after) or len(before) < 3 or before[:-3] != after[:-3]:
        return False
    front, back = (before[-1], *before[-3:-1]) == after[-3:], (*before[-2:], before[-3]) == after[-3:]
    return min(before[-3:]) in (3, 4) and before != after and (front or back)


def _view(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    given = args[0] if args else None
    if not plain(given) or not plain(out) or given.ndim < 2 or out.ndim < 1:
        return
    before, after = tuple(given.shape), tuple(out.shape)
    inside = given.requires_grad or bool(watch.recorder.modules.stack)
    if not inside and not _moves_channels(before, after):
        return
    if before == after:
        return
    batch = watch.recorder.batch_now
    reason = mixes_axes(before, after, batch)
    if reason:
        watch.record.note("view-mixes", here(), before=before, after=after, reason=reason, batch=batch)


def _pairwise(kind: str) -> Handler:
    def handler(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if len(args) < 2 or not plain(args[0]) or not plain(args[1]):
            return
        left, right = args[0], args[1]
        one, two = tuple(left.shape), tuple(right.shape)
        if len(one) == 1 and len(two) == 2:
            one, two = two, one
        if len(one) != 2 or len(two) != 1 or one[1] != 1 or one[0] != two[0] or one[0] < 2:
            return
        if left.untyped_storage().data_ptr() == right.untyped_storage().data_ptr():
            return
        if not watch.outputs and not (left.requires_grad or right.requires_grad):
            return  # before the first prediction: coordinates of a grid, say
        watch.record.note(
            f"broadcast-{kind}", here(), left=tuple(left.shape), right=tuple(right.shape),
            out=tuple(out.shape) if isinstance(out, Tensor) else (), grad=left.requires_grad or right.requires_grad,
        )  # fmt: skip

    return handler


def _minus(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    _pairwise("loss")(watch, out, args, kwargs)
    wrapped(watch, out, args, kwargs)


def _metadata(node: Any) -> dict[str, Any]:
    """The dict that every node of the autograd graph carries for such notes."""
    return node.metadata  # type: ignore[no-any-return]


def _sum_up(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    _pairwise("loss")(watch, out, args, kwargs)
    if not plain(out) or out.numel() != 1 or out.grad_fn is None:
        return
    site = here()
    if site is None:
        return
    length, last = 1, watch.record.steps
    for parent, _ in out.grad_fn.next_functions:
        mark = None if parent is None else _metadata(parent).get("seedbed")
        if mark is not None and mark[0] == site:
            length = mark[1] + (mark[2] != last)
    _metadata(out.grad_fn)["seedbed"] = (site, length, last)
    if length >= 3:
        watch.record.note("growing-sum", site, length=length)


def _threshold(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if len(args) < 2:
        return
    fact = watch.output_of(args[0])
    value = args[1]
    if fact is not None and isinstance(value, int | float) and not isinstance(value, bool):
        data = args[0].detach().float()
        watch.record.note(
            "threshold", here(), value=float(value), low=float(data.min()), high=float(data.max()),
            root=fact.root, maker=maker(args[0])[0],
        )  # fmt: skip


def _round(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    fact = watch.output_of(args[0]) if args else None
    if fact is not None:
        data = args[0].detach().float()
        watch.record.note(
            "threshold", here(), value=0.5, low=float(data.min()), high=float(data.max()), root=fact.root, maker=""
        )


def _argmax(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    fact = watch.output_of(args[0]) if args else None
    if fact is None or args[0].ndim != 2:
        return
    axis = _axis(args, kwargs, 2)
    if axis == 0 and fact.batch == args[0].shape[0] and args[0].shape[1] > 1:
        watch.record.note("argmax-dim0", here(), shape=tuple(args[0].shape))


def _sigmoid(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    given = args[0] if args else None
    if plain(given) and given.requires_grad and maker(given)[0] in ("Sigmoid", "Softmax"):
        watch.record.note("sigmoid-twice", here(), shape=tuple(given.shape), before=maker(given)[0])


def _masked_fill(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if not plain(out) or not out.is_floating_point():
        return
    value = kwargs.get("value", args[2] if len(args) > 2 else None)
    if isinstance(value, Tensor) and value.numel() == 1:
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    mask = args[1] if len(args) > 1 else kwargs.get("mask")
    if abs(float(value)) < 1.0 and isinstance(mask, Tensor) and bool(mask.any()):
        _remember_mask(watch, out, float(value))
    if args and _unmasked_weights(args[0]) and isinstance(mask, Tensor) and bool(mask.any()):
        watch.record.note("mask-after-softmax", here(), value=float(value), shape=tuple(out.shape))


def _unmasked_weights(tensor: Any) -> bool:
    """Say whether a tensor is the output of a softmax over the last axis whose scores were not masked before."""
    node: Any = tensor.grad_fn if plain(tensor) and maker(tensor, 1)[0] == "Softmax" else None
    parent = node.next_functions[0][0] if node is not None and node._saved_dim >= tensor.ndim - 1 else None
    return parent is not None and parent.name().split("Backward")[0] not in ("MaskedFill", "Where", "Add")


def _remember_mask(watch: TensorWatch, out: Tensor, value: float) -> None:
    if len(watch.masked) > 128:
        watch.masked.clear()
    watch.masked[id(out)] = (weakref.ref(out), value)


def _where(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if len(args) == 3 and plain(out) and plain(args[0]) and args[0].dtype == torch.bool:
        for value in args[1:]:
            number = float(value) if isinstance(value, Tensor) and value.numel() == 1 else value
            if isinstance(number, int | float) and abs(float(number)) < 1.0:
                _remember_mask(watch, out, float(number))


def _multiply(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    _pairwise("loss")(watch, out, args, kwargs)
    if len(args) < 2 or not plain(args[0]) or not plain(args[1]) or not plain(out) or out.ndim < 2:
        return
    for mask, scores in ((args[0], args[1]), (args[1], args[0])):
        if mask.requires_grad or not scores.requires_grad or mask.ndim < 2 or mask.numel() > 1_000_000:
            continue
        kinds = mask.detach().unique()
        if kinds.numel() == 2 and sorted(kinds.float().tolist()) == [0.0, 1.0]:
            if maker(scores, 1)[0] in ("Bmm", "Mm", "Div", "UnsafeView"):
                _remember_mask(watch, out, 0.0)
            elif _unmasked_weights(scores) and scores.shape[-1] == scores.shape[-2]:
                watch.record.note("mask-after-softmax", here(), value=0.0, shape=tuple(out.shape))


def _index(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    index = args[1] if len(args) == 2 else None
    if not isinstance(index, Tensor) or index.dtype != torch.int64 or index.ndim != 1 or index.numel() <= 3:
        return
    if plain(args[0]) and is_plain(index) and plain(out) and args[0].ndim:
        watch.recorder.pairs.indexed(args[0], index, out, here())


def _attention(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    attention_noise(watch, kwargs, args)
    mask = kwargs.get("attn_mask", args[3] if len(args) > 3 else None)
    if plain(mask) and mask.is_floating_point():
        kinds = mask.detach().unique()
        if kinds.numel() == 2 and sorted(kinds.tolist()) == [0.0, 1.0]:
            watch.record.note("float-mask", here(), values=(0.0, 1.0), shape=tuple(mask.shape))


OWN: dict[str, Handler] = {
    "softmax": _softmax, "log_softmax": _softmax, "view": _view, "reshape": _view,
    "sub": _minus, "__sub__": _minus, "__rsub__": _pairwise("loss"), "rsub": _pairwise("loss"),
    "eq": _pairwise("metric"), "__eq__": _pairwise("metric"), "ne": _pairwise("metric"),
    "add": _sum_up, "__add__": _sum_up, "__radd__": _sum_up, "__iadd__": _sum_up, "add_": _sum_up,
    "gt": _threshold, "__gt__": _threshold, "ge": _threshold, "__ge__": _threshold, "lt": _threshold,
    "__lt__": _threshold, "round": _round, "argmax": _argmax, "max": _argmax, "sigmoid": _sigmoid,
    "masked_fill": _masked_fill, "masked_fill_": _masked_fill, "where": _where, "mul": _multiply,
    "__mul__": _multiply, "__rmul__": _multiply, "__getitem__": _index, "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": multihead, "embedding": embedding, "log": log_of, "sqrt": sqrt_of,
    "dropout": dropout, "dropout2d": dropout, "dropout1d": dropout, "alphadropout": dropout,
    "batch_norm": batch_norm, "exp": exp_of, "index_select": _index,
}  # fmt: skip

HANDLERS: dict[str, tuple[Handler, ...]] = {
    name: (*((OWN[name],) if name in OWN else ()), *EFFECTS.get(name, ())) for name in {*OWN, *EFFECTS}
}
