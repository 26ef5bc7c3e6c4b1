"""Operations that are right in form and wrong in effect: updates with oneself, sums that stall, misused ids."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
import xxhash
from torch import Tensor

from seedbed.doctor.observe.facts import maker
from seedbed.doctor.observe.recurrence import CELLS, recurrent
from seedbed.doctor.observe.site import here
from seedbed.doctor.observe.values import is_weight, plain

if TYPE_CHECKING:
    from seedbed.doctor.observe.tensors import Handler, TensorWatch

STALLS_AT = {torch.bfloat16: 256, torch.float16: 2048}
LONG_SUM = 12
WEIGHT = "weight"


def same_memory(one: Any, two: Any) -> bool:
    """Say whether two tensors are the same numbers in memory, not only equal ones."""
    if not plain(one) or not plain(two) or one.numel() < 2:
        return False
    return one.data_ptr() == two.data_ptr() and one.shape == two.shape and one.stride() == two.stride()


def self_update(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note an in-place update of a tensor by the very same tensor: an average or a buffer that is an alias."""
    if len(args) < 2 or (torch.is_grad_enabled() and getattr(args[0], "requires_grad", False)):
        return
    ones = args[0] if isinstance(args[0], list | tuple) else [args[0]]
    twos = args[1] if isinstance(args[1], list | tuple) else [args[1]]
    for one, two in zip(ones, twos, strict=False):
        if same_memory(one, two):
            watch.record.note("self-update", here(), shape=tuple(one.shape), owner=_owner(watch, one))
            return


def _owner(watch: TensorWatch, tensor: Tensor) -> str:
    """Return whose memory it is: a weight, its gradient, or neither."""
    place = tensor.data_ptr()
    for optimizer in watch.record.optimizers.values():
        for parameter in optimizer.params:
            if parameter.data_ptr() == place:
                return "weight"
            if parameter.grad is not None and plain(parameter.grad) and parameter.grad.data_ptr() == place:
                return "gradient"
    return ""


def contraction(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note attention weights that sum to one over the queries, not over the keys that they are contracted with."""
    weights = args[0] if args else None
    if not plain(weights) or weights.ndim < 3 or weights.shape[-1] == weights.shape[-2] or weights.shape[-2] < 2:
        return
    name, node = maker(weights, 3)
    if name != "Softmax" or not _of_products(node):
        return
    data = weights.detach()
    rows, columns = data.sum(-1), data.sum(-2)
    if float((rows - 1).abs().max()) > 0.05 and float((columns - 1).abs().max()) < 1e-3:
        watch.record.note("softmax-attention-axis", here(), shape=tuple(weights.shape), dim=weights.ndim - 2)


def _of_products(node: Any) -> bool:
    """Say whether a softmax is over scores that come from a product of two computed things (queries and keys)."""
    for _ in range(6):
        node = node.next_functions[0][0] if node is not None and node.next_functions else None
        if node is None:
            return False
        name = node.name().split("Backward")[0]
        if name == "Bmm":
            return not any(is_weight(parent) for parent, _ in node.next_functions)
        if name not in ("Div", "Mul", "MaskedFill", "Add", "UnsafeView", "View", "Where"):
            return False
    return False


def low_precision_sum(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note a running sum that is kept in a format of few digits: from some size on nothing is added any more."""
    if not plain(out) or out.dtype not in STALLS_AT or out.numel() != 1 or out.requires_grad or not args:
        return
    key = id(args[0])
    known = watch.sums.get(key)
    length = known[1] + 1 if known is not None and known[0]() is args[0] else 1
    if len(watch.sums) > 64:
        watch.sums.clear()
    watch.sums[id(out)] = (weakref.ref(out), length)
    if length >= LONG_SUM:
        kind = str(out.dtype).removeprefix("torch.")
        watch.record.note("low-precision-sum", here(), kind=kind, length=length, limit=STALLS_AT[out.dtype])


def drawn(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note a line of the training loop that draws the very same numbers at every step."""
    if not plain(out) or out.numel() < 8 or out.numel() > 1_000_000 or not torch.is_grad_enabled():
        return
    site = here()
    if site is None or (watch.record.num_backwards == 0 and watch.record.num_forwards == 0):
        return
    digest = xxhash.xxh3_64_intdigest(out.detach().float().cpu().contiguous().numpy().tobytes())
    last = watch.draws.get(site)
    step = watch.record.steps
    if last is None or last[0] != digest:
        watch.draws[site] = (digest, {step})
        return
    last[1].add(step)
    if len(last[1]) >= 3 and out.unique().numel() >= 4:
        span = max(last[1]) - min(last[1]) + 1
        watch.record.note("same-draw", site, steps=len(last[1]), span=span, shape=tuple(out.shape))


def table_lookup(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note ids equal to ``padding_idx`` where no padding can be: in single ids, or between real ones of a row."""
    given = args[0] if args else kwargs.get("input")
    weight = args[1] if len(args) > 1 else kwargs.get("weight")
    pad = args[2] if len(args) > 2 else kwargs.get("padding_idx")
    if not plain(given) or not isinstance(weight, Tensor) or not isinstance(pad, int) or pad < 0 or given.ndim > 2:
        return
    if given.is_floating_point() or not given.numel():
        return
    key = id(weight)
    known = watch.lookups.get(key)
    again = known is not None and known[0] == watch.record.num_forwards
    watch.lookups[key] = (watch.record.num_forwards, key)
    if again or not watch.recorder.modules.stack:
        return  # a decoder that reads its table step by step
    same = given.detach() == pad
    if given.ndim == 1:
        inner, runs, size = same, int(same.sum()), given.numel()
    else:
        real = ~same
        before, after = real.cumsum(1) > 0, real.flip(1).cumsum(1).flip(1) > 0
        inner, size = same & before & after, int((before & after).sum())
        runs = int((inner[:, 1:] & ~inner[:, :-1]).sum())
    watch.record.note(
        "padding-id", here(), table=key, pad=pad, inner=int(inner.sum()), runs=runs, size=size, ndim=given.ndim,
        rows=int(inner.any(-1).sum()), batch=given.shape[0],
    )  # fmt: skip


def masked_rows(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note rows that a boolean mask picks out of as many as the training batch has, in an evaluation."""
    mask = args[1] if len(args) == 2 else None
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool or mask.ndim != 1 or mask.numel() < 16:
        return
    given, early = args[0], torch.is_grad_enabled() and not watch.record.steps
    if early or not plain(mask) or not plain(given) or given.requires_grad:
        return
    site = here()
    if site is not None and any(word in site.text.lower() for word in ("test", "val")):
        watch.record.note("masked-rows", site, rows=mask.numel(), picked=int(mask.sum()))


def weight_value(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Follow what is computed from the values of a trained weight outside the graph (``.data``, ``.detach()``)."""
    given = args[0] if args else None
    if not plain(given) or given.requires_grad or not torch.is_grad_enabled() or not plain(out) or out.requires_grad:
        return
    if not given.is_floating_point() or given.numel() < 2 or given.is_inference():
        return
    place = given.data_ptr()
    for optimizer in watch.record.optimizers.values():
        if any(p.requires_grad and p.data_ptr() == place for p in optimizer.params):
            watch.hardness.mark(out, here(), WEIGHT)
            return


def masked_queries(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note self-attention scores that are masked for whole queries, while every other query sees every key."""
    given = args[0] if args else None
    if not plain(given) or given.ndim < 3 or given.shape[-1] != given.shape[-2] or given.numel() > 4_000_000:
        return
    dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
    if dim not in (-1, given.ndim - 1) or maker(given, 1)[0] not in ("MaskedFill", "Where", "Add"):
        return
    dead = given.detach() < -1e4
    rows = dead.all(-1)
    samples = rows.any(-1) & ~rows.all(-1)
    if not bool(samples.any()):
        return
    hidden = (dead | rows.unsqueeze(-1)).all(-2).any(-1)  # a key that no other query sees
    wrong = int((samples & ~hidden).sum())
    if wrong >= 0.9 * int(samples.sum()):
        watch.record.note("masked-queries", here(), samples=wrong, queries=int(rows.sum()), shape=tuple(given.shape))


def right_answers(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note how many predictions are right where predictions and labels are compared in an evaluation."""
    alike = plain(out) and len(args) == 2 and plain(args[0]) and plain(args[1]) and args[0].shape == args[1].shape
    if alike and out.ndim == 1 and out.numel() >= 8 and watch.record.steps and not torch.is_grad_enabled():
        watch.recorder.timeline.compared(out)


def _recurrent(name: str) -> Handler:
    def handler(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        recurrent(watch, name, out, args)

    return handler


HANDLERS: dict[str, tuple[Handler, ...]] = {
    "lerp_": (self_update,), "_foreach_lerp_": (self_update,), "_foreach_add_": (self_update,),
    "add_": (self_update, low_precision_sum), "__iadd__": (self_update, low_precision_sum),
    "add": (low_precision_sum,), "__add__": (low_precision_sum,),
    "softmax": (masked_queries,), "matmul": (contraction,), "bmm": (contraction,), "__matmul__": (contraction,),
    "randn": (drawn,), "rand": (drawn,), "randint": (drawn,), "randperm": (drawn,), "randn_like": (drawn,),
    "rand_like": (drawn,), "normal_": (drawn,), "uniform_": (drawn,),
    "eq": (right_answers,), "__eq__": (right_answers,),
    "embedding": (table_lookup,), "__getitem__": (masked_rows,),
    **dict.fromkeys(("abs", "norm", "pow", "__pow__", "square", "linalg_norm", "linalg_vector_norm"), (weight_value,)),
    **dict.fromkeys(("sum", "mul", "__mul__"), (weight_value,)),
    **{name: (_recurrent(name),) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu", *sorted(CELLS))},
}  # fmt: skip
