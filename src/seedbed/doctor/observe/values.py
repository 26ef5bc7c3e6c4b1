"""Operations whose mistakes show in their values: bytes that wrap, ratios that are one, noise that stays on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard

import torch
from torch import Tensor

from seedbed.doctor.observe.facts import is_plain
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.shapes import trailing_padding
from seedbed.doctor.observe.site import here

if TYPE_CHECKING:
    from seedbed.doctor.observe.tensors import TensorWatch


def plain(value: Any) -> TypeGuard[Tensor]:
    """Say whether a value is a tensor whose numbers may be read here."""
    return isinstance(value, Tensor) and is_plain(value)


def is_weight(node: Any) -> bool:
    """Say whether a factor of a product is a weight itself, seen through views: then the product is a linear layer."""
    for _ in range(6):
        if node is None:
            return False
        name = node.name().split("Backward")[0]
        if "AccumulateGrad" in name:
            return True
        if name not in ("T", "Transpose", "Expand", "View", "UnsafeView", "Unsqueeze", "Permute", "ReshapeAlias"):
            return False
        node = node.next_functions[0][0] if node.next_functions else None
    return False


def is_scaled(node: Any) -> bool:
    """Say whether a factor of attention scores was scaled or normalised before, or is a weight and no query at all."""
    if is_weight(node):
        return True
    for _ in range(8):
        if node is None:
            return False
        name = node.name().split("Backward")[0]
        if name in ("Mul", "Div", "NativeLayerNorm", "LinalgVectorNorm", "Norm"):
            return True
        if name in ("Addmm", "Mm", "AccumulateGrad"):
            return False
        node = node.next_functions[0][0] if node.next_functions else None
    return False


def wrapped(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note a subtraction of bytes whose result is larger than what was subtracted from."""
    left = args[0] if args else None
    if not plain(out) or not plain(left) or out.dtype != torch.uint8 or left.dtype != torch.uint8 or not out.numel():
        return
    if out.shape == left.shape and bool((out > left).any()):
        share = float((out > left).float().mean())
        watch.record.note("wrapped-bytes", here(), share=share, shape=tuple(out.shape))


def exp_of(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note whether the exponential of a difference that is trained is exactly one everywhere."""
    given = args[0] if args else None
    if not plain(given) or not plain(out) or not given.requires_grad or given.grad_fn is None or given.ndim != 1:
        return
    if given.grad_fn.name().startswith("Sub") and given.numel() > 1:
        one = bool((out.detach() == 1).all())
        watch.record.note("ratio-one" if one else "ratio", here(), samples=given.numel())


def attention_noise(watch: TensorWatch, kwargs: dict[str, Any], args: tuple[Any, ...]) -> None:
    """Note attention that drops weights while its model is in evaluation mode."""
    rate = kwargs.get("dropout_p", args[4] if len(args) > 4 else 0.0)
    stack = watch.recorder.modules.stack
    if rate and stack and not stack[0].training and not any(m.training for m in stack):
        watch.record.note("attention-dropout", here(), rate=float(rate))


def dropout(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note dropout that runs while its model is in evaluation mode."""
    training = kwargs.get("training", args[2] if len(args) > 2 else True)
    rate = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
    stack = watch.recorder.modules.stack
    if training and rate and stack and not stack[0].training and not any(m.training for m in stack):
        watch.record.note("functional-dropout", here(), rate=float(rate))


def batch_norm(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note batch statistics that are used while the model is in evaluation mode."""
    training = kwargs.get("training", args[5] if len(args) > 5 else False)
    mean = kwargs.get("running_mean", args[1] if len(args) > 1 else None)
    stack = watch.recorder.modules.stack
    if training and mean is not None and stack and not any(m.training for m in stack):
        watch.record.note("functional-norm", here(), shape=tuple(args[0].shape))


def log_of(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note a logarithm of zero or less that is trained."""
    given = args[0] if args else None
    if plain(given) and given.requires_grad and given.numel() and bool((given.detach() <= 0).any()):
        watch.record.note("log-of-zero", here(), low=float(given.detach().min()))


def sqrt_of(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note a root of zero that is trained."""
    given = args[0] if args else None
    if plain(given) and given.requires_grad and given.numel() and bool((given.detach() == 0).any()):
        watch.record.note("root-of-zero", here(), low=0.0)


def hook_added(hub: Hub, module: Any, hook: Any) -> None:
    """Note a hook that hangs on one module for the third time or more."""
    code = getattr(hook, "__code__", None)
    hooks = [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]
    times = sum(getattr(other, "__code__", None) is code for other in hooks)
    if code is not None and times >= 3 and hub.record.steps:
        hub.record.note("hook-again", here(), times=times, name=code.co_name, kind=type(module).__name__)


def install(hub: Hub, patches: Any) -> None:
    """Wrap the registration of forward hooks."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def register(self: Any, hook: Any, *args: Any, **kwargs: Any) -> Any:
            out = original(self, hook, *args, **kwargs)
            hub.guard.run(hook_added, hub, self, hook)
            return out

        return register

    patches.replace(torch.nn.Module, "register_forward_hook", make)
    patches.replace(torch.nn.Module, "register_forward_pre_hook", make)


def multihead(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note a mask of the keys that hides the real tokens, or one of zeros and ones."""
    mask = kwargs.get("key_padding_mask")
    tokens = watch.recorder.pairs.tokens
    if plain(mask) and mask.is_floating_point() and bool(mask.isneginf().any()):
        mask = mask.isneginf()  # as the layers of torch hand it on
    if plain(mask) and mask.dtype == torch.bool and mask.ndim == 2:
        for ids in tokens.values():
            if ids.shape != mask.shape:
                continue
            padded = trailing_padding(ids)
            if padded is not None and bool(padded.any()) and torch.equal(mask, ~padded):
                watch.record.note("inverted-mask", here(), masked=float(mask.float().mean()))
    elif plain(mask) and mask.is_floating_point() and sorted(mask.detach().unique().tolist()) == [0.0, 1.0]:
        watch.record.note("float-mask", here(), values=(0.0, 1.0), shape=tuple(mask.shape))


def embedding(watch: TensorWatch, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Keep the newest tokens of each vocabulary."""
    given = args[0] if args else kwargs.get("input")
    weight = args[1] if len(args) > 1 else kwargs.get("weight")
    if plain(given) and given.ndim == 2 and isinstance(weight, Tensor):
        watch.recorder.pairs.tokens[weight.shape[0]] = given.detach()
