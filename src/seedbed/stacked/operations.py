"""The operations that a stack makes by one kernel: those of the usual small models. Everything else goes by ``vmap``.

Each takes what torch's function of that name takes, where some tensors are ``Stacked``; it runs with their first
dimension in sight, and gives ``NotImplemented`` for arguments that it does not know.

Shapes: n member, B sample, F features, O outputs, C channels, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.stacked.tensor import QUICK, Quick, Stacked, mark

IGNORED = -100  # torch's class number of elements that don't count
GENERATORS: list[torch.Generator] = []


@contextmanager
def drawing(generators: Sequence[torch.Generator]) -> Iterator[None]:
    """Inside, each member's dropout draws from its own generator."""
    GENERATORS[:] = generators
    try:
        yield
    finally:
        GENERATORS.clear()


def are_stacked(*tensors: Any) -> bool:
    """Whether all of these are."""
    return all(isinstance(tensor, Stacked) for tensor in tensors)


# ---- what a member's tensor is like ----------------------------------------------------------------------------


def size(x: Tensor, dim: int | None = None) -> Any:
    """``x.size()`` of a member."""
    shape = x.shape[1:]
    return shape if dim is None else shape[dim]


QUICK[Tensor.shape.__get__] = QUICK[Tensor.size] = size  # type: ignore[attr-defined]
QUICK[Tensor.ndim.__get__] = QUICK[Tensor.dim] = lambda x: x.ndim - 1  # type: ignore[attr-defined]
QUICK[Tensor.__len__] = lambda x: x.shape[1]
QUICK[Tensor.numel] = lambda x: x[0].numel()
for _getter in ("dtype", "device", "layout", "is_cuda", "requires_grad", "is_sparse", "is_meta", "is_quantized"):
    QUICK[getattr(Tensor, _getter).__get__] = getattr(Tensor, _getter).__get__
for method in (Tensor.is_floating_point, Tensor.is_complex, Tensor.element_size):
    QUICK[method] = method


# ---- element by element ----------------------------------------------------------------------------------------


def elementwise(function: Callable[..., Tensor]) -> Quick:
    """A function of each element alone."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Stacked) or any(isinstance(value, Tensor) for value in (*args, *kwargs.values())):
            return NotImplemented
        return mark(function(x, *args, **kwargs))

    return call


def pairwise(function: Callable[..., Tensor]) -> Quick:
    """A function of two tensors' elements, where these have as many dimensions, or one is a number."""

    def call(x: Any, y: Any, **kwargs: Any) -> Any:
        if kwargs or not (isinstance(x, Stacked) or isinstance(y, Stacked)):
            return NotImplemented
        same = are_stacked(x, y) and x.ndim == y.ndim
        if not same and not isinstance(x, int | float) and not isinstance(y, int | float):
            return NotImplemented
        return mark(function(x, y))

    return call


ONE: tuple[Callable[..., Tensor], ...] = (
    *(F.relu, F.gelu, F.silu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.softplus, F.hardswish, F.relu6, F.mish),
    *(torch.relu, torch.tanh, torch.sigmoid, torch.exp, torch.log, torch.sqrt, torch.square, torch.abs, torch.sin),
    *(Tensor.relu, Tensor.tanh, Tensor.sigmoid, Tensor.exp, Tensor.log, Tensor.sqrt, Tensor.square, Tensor.abs),
    *(Tensor.float, Tensor.long, Tensor.double, Tensor.detach, Tensor.neg, Tensor.contiguous, Tensor.clone),
)
TWO: tuple[Callable[..., Tensor], ...] = (
    *(Tensor.add, Tensor.sub, Tensor.mul, Tensor.div, torch.add, torch.sub, torch.mul, torch.div),
    *(Tensor.__add__, Tensor.__sub__, Tensor.__mul__, Tensor.__truediv__, Tensor.__radd__, Tensor.__rmul__),
    *(Tensor.__pow__, Tensor.pow, torch.pow, Tensor.__rsub__),
)
QUICK |= {function: elementwise(function) for function in ONE} | {function: pairwise(function) for function in TWO}


def convert(x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """``x.to(…)``."""
    return NotImplemented if any(isinstance(value, Tensor) for value in args) else mark(x.to(*args, **kwargs))


QUICK[Tensor.to] = convert


# ---- shape -----------------------------------------------------------------------------------------------------


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """``x.flatten(start, end)`` of a member."""
    start, end = (dim + 1 if dim >= 0 else dim for dim in (start_dim, end_dim))
    return NotImplemented if x.ndim < 2 else mark(x.flatten(start, end))


def reshape(x: Any, *shape: Any) -> Any:
    """``x.reshape(shape)`` or ``x.view(shape)`` of a member."""
    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], list | tuple | torch.Size) else shape
    if not all(isinstance(size, int) for size in sizes):
        return NotImplemented
    return mark(x.reshape(x.shape[0], *sizes))


QUICK[torch.flatten] = QUICK[Tensor.flatten] = flatten
QUICK[Tensor.reshape] = QUICK[Tensor.view] = QUICK[torch.reshape] = reshape


# ---- layers ----------------------------------------------------------------------------------------------------


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """Inputs (n, B, …, F), weights (n, O, F), biases (n, O)."""
    if not are_stacked(x, weight) or x.ndim < 3 or not (bias is None or are_stacked(bias)):
        return NotImplemented
    rows = x if x.ndim == 3 else x.flatten(1, -2)
    # weights times inputs, not the other way round: so the weights' gradients come out in the weights' own layout
    turned = rows.transpose(1, 2)
    columns = torch.bmm(weight, turned) if bias is None else torch.baddbmm(bias.unsqueeze(2), weight, turned)
    result = columns.transpose(1, 2)
    return mark(result if x.ndim == 3 else result.reshape(*x.shape[:-1], -1))


def embedding(ids: Any, weight: Any, *args: Any, **kwargs: Any) -> Any:
    """Numbers (n, B, …) in a table of rows (n, V, F): one table of n·V rows."""
    if not are_stacked(ids, weight) or any(args) or any(kwargs.values()):
        return NotImplemented
    n, rows = weight.shape[:2]
    first = torch.arange(0, n * rows, rows, device=ids.device).view(n, *(1,) * (ids.ndim - 1))
    return mark(F.embedding(ids + first, weight.flatten(0, 1)))


def convolution(function: Callable[..., Tensor]) -> Quick:
    """A convolution of (n, B, C, …) as one with n groups over (B, n·C, …)."""

    def call(
        x: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        if not are_stacked(x, weight) or x.ndim != weight.ndim or not (bias is None or are_stacked(bias)):
            return NotImplemented
        n, num_samples = x.shape[:2]
        channels = x.transpose(0, 1).flatten(1, 2)
        biases = None if bias is None else bias.flatten()
        result = function(channels, weight.flatten(0, 1), biases, stride, padding, dilation, n * groups)
        return mark(result.view(num_samples, n, -1, *result.shape[2:]).transpose(0, 1))

    return call


def by_sample(function: Callable[..., Any]) -> Quick:
    """A function of each sample alone, such as pooling: the members are so many samples more."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Stacked) or x.ndim < 4 or kwargs.get("return_indices"):
            return NotImplemented
        result = function(x.flatten(0, 1), *args, **kwargs)
        return mark(result.view(*x.shape[:2], *result.shape[1:])) if isinstance(result, Tensor) else NotImplemented

    return call


def layer_norm(x: Any, shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Over the last dimensions; weights and biases (n, F)."""
    if not are_stacked(x) or not all(part is None or are_stacked(part) for part in (weight, bias)):
        return NotImplemented
    result = F.layer_norm(x, list(shape), None, None, eps)
    middle = (1,) * (x.ndim - 1 - len(shape))
    if weight is not None:
        result = result * weight.view(weight.shape[0], *middle, *weight.shape[1:])
    return mark(result if bias is None else result + bias.view(bias.shape[0], *middle, *bias.shape[1:]))


def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Inputs (n, B, C, …), statistics and weights (n, C): one normalisation of n·C channels, each by itself."""
    parts = (running_mean, running_var, weight, bias)
    if not are_stacked(x, *(part for part in parts if part is not None)) or x.ndim < 3:
        return NotImplemented
    n, num_samples = x.shape[:2]
    mean, variance, scale, shift = (None if part is None else part.flatten() for part in parts)  # views, written to
    channels = x.transpose(0, 1).flatten(1, 2)
    result = F.batch_norm(channels, mean, variance, scale, shift, training, momentum, eps)
    return mark(result.view(num_samples, n, *x.shape[2:]).transpose(0, 1))


def add_number(x: Any, number: Any, **kwargs: Any) -> Any:
    """``x.add_(number)`` of a member."""
    return NotImplemented if kwargs or not isinstance(number, int | float) else x.add_(number)


def dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Each member's mask from its own generator: on the CPU the very numbers that it would draw alone.

    Raises:
        RuntimeError: The numbers that a member draws alone cannot be drawn here.
    """
    if not training or p == 0:
        return x
    if x.device.type != "cpu" or len(GENERATORS) != len(x):
        raise RuntimeError("dropout on an accelerator draws numbers that a stack cannot draw again")
    noise = torch.empty(x.shape, dtype=x.dtype)
    for mask, generator in zip(noise.unbind(), GENERATORS, strict=True):
        mask.bernoulli_(1 - p, generator=generator)
    return mark(x * noise.div_(1 - p))


QUICK[F.linear] = linear
QUICK[F.embedding] = embedding
QUICK[F.layer_norm] = layer_norm
QUICK[F.batch_norm] = batch_norm
QUICK[Tensor.add_] = add_number
QUICK[F.dropout] = dropout
CONVOLUTIONS: tuple[Callable[..., Tensor], ...] = (torch.conv1d, torch.conv2d, F.conv1d, F.conv2d)
POOLINGS: tuple[Callable[..., Any], ...] = (
    *(F.max_pool1d, F.max_pool2d, F.avg_pool1d, F.avg_pool2d, F.adaptive_avg_pool2d),
)
QUICK |= {function: convolution(function) for function in CONVOLUTIONS}
QUICK |= {function: by_sample(function) for function in POOLINGS}


# ---- losses ----------------------------------------------------------------------------------------------------


def cross_entropy(
    scores: Any,
    targets: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = IGNORED,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Scores (n, B, K), class numbers (n, B): one mean a member, over the elements that count."""
    known = weight is None and size_average is None and reduce is None and reduction == "mean"
    if not known or not are_stacked(scores, targets) or scores.ndim != 3 or targets.ndim != 2:
        return NotImplemented
    rows, classes = scores.flatten(0, 1), targets.flatten()
    losses = F.cross_entropy(
        rows, classes, ignore_index=ignore_index, reduction="none", label_smoothing=label_smoothing
    )
    return mark(losses.view(targets.shape).sum(1) / (targets != ignore_index).sum(1))


def elementwise_loss(function: Callable[..., Tensor]) -> Quick:
    """A mean over elements of outputs and targets of one shape."""

    def call(outputs: Any, targets: Any, **kwargs: Any) -> Any:
        options = {name: value for name, value in kwargs.items() if value is not None}
        if options.pop("reduction", "mean") != "mean" or options.keys() - {"delta", "beta"}:
            return NotImplemented
        if not are_stacked(outputs, targets) or outputs.shape != targets.shape or outputs.ndim < 2:
            return NotImplemented
        return mark(function(outputs, targets, reduction="none", **options).flatten(1).mean(1))

    return call


QUICK[F.cross_entropy] = cross_entropy
LOSSES: tuple[Callable[..., Tensor], ...] = (
    *(F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.binary_cross_entropy_with_logits),
)
QUICK |= {function: elementwise_loss(function) for function in LOSSES}
