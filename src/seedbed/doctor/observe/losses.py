"""What the loss functions are given: ranges, sums, shapes, and how their input was made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.doctor.observe.facts import LossCall, is_plain, maker
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.site import Site, here

NAMES = (
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "mse_loss",
    "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "gaussian_nll_loss", "ctc_loss",
    "cosine_embedding_loss", "margin_ranking_loss", "hinge_embedding_loss", "soft_margin_loss",
    "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "triplet_margin_loss",
)  # fmt: skip
OPTIONS = ("ignore_index", "blank", "log_target", "log_input", "pos_weight", "weight", "label_smoothing")
MAX_CALLS = 3000
CLOSE_CALLS = 4
FULL_CALLS = 40
SMALL = 1 << 16
MAX_HELD = 1 << 23


class LossWatch:
    """Wraps the functions of ``torch.nn.functional`` that are losses.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.record = recorder.record
        self.counts: dict[tuple[str, int], int] = {}
        self.inside = False
        self.held = 0

    def wanted(self, name: str, site: Site | None) -> bool:
        """Say whether a call is measured: the first ones of a line, then fewer and fewer."""
        if len(self.record.losses) >= MAX_CALLS:
            return False
        key = (name, site.line if site else 0)
        times = self.counts[key] = self.counts.get(key, 0) + 1
        return times <= CLOSE_CALLS or times % (2 if times <= FULL_CALLS else 20) == 0

    def called(self, name: str, site: Site | None, bound: dict[str, Any], out: Any) -> None:
        """Write down one call."""
        given = bound.get("input", bound.get("input1", bound.get("anchor", bound.get("log_probs"))))
        target = bound.get("target", bound.get("targets", bound.get("positive")))
        if not isinstance(given, Tensor) or not is_plain(given):
            return
        training = given.requires_grad and torch.is_grad_enabled()
        call = LossCall(name, site, self.record.steps, dict, training)
        held = target.detach() if isinstance(target, Tensor) and is_plain(target) else None
        seen, lengths = form(given, target, bound), _lengths(bound)
        size = given.numel() + (0 if held is None else held.numel())
        if size <= SMALL and self.held + size <= MAX_HELD:
            self.held += size
            kept = None if held is None else held.clone()
            call.look = partial(measure, name, seen, given.detach().clone(), kept, lengths)
        else:
            measured = measure(name, seen, given.detach(), held, lengths)
            call.look = lambda: measured
        if isinstance(out, Tensor) and is_plain(out):
            if out.numel() == 1:
                call.value = out.item()
            if out.requires_grad and out.grad_fn is not None:
                out.register_hook(_marker(call))
        self.record.losses.append(call)
        if isinstance(target, Tensor):
            self.recorder.pairs.loss_seen(given, target, call)


def _marker(call: LossCall) -> Callable[[Tensor], None]:
    def mark(gradient: Tensor) -> None:
        call.reached = True

    return mark


def form(given: Tensor, target: Any, bound: dict[str, Any]) -> dict[str, Any]:
    """Return what only the live tensors tell: shapes and how they were made."""
    seen: dict[str, Any] = {
        "shape": tuple(given.shape),
        "maker": maker(given)[0],
        "reduction": bound.get("reduction", "mean"),
        "input_grad": given.requires_grad,
        "last_axis": given.ndim > 2 and _is_linear_output(given),
    }
    if isinstance(target, Tensor):
        seen["target_grad"], seen["target_maker"] = target.requires_grad, maker(target)[0]
    for key in OPTIONS:
        value = bound.get(key)
        if isinstance(value, Tensor):
            seen[key] = value.detach().float().flatten()[:1000].tolist()
        elif value is not None:
            seen[key] = value
    return seen


def _lengths(bound: dict[str, Any]) -> list[int]:
    lengths = bound.get("target_lengths")
    return lengths.tolist() if isinstance(lengths, Tensor) else list(lengths or ())


@torch.no_grad()
def measure(
    name: str, seen: dict[str, Any], given: Tensor, target: Tensor | None, lengths: list[int]
) -> dict[str, Any]:
    """Return the numbers that decide whether a loss was fed what it expects, added to those in ``seen``."""
    values = given.float()
    if values.numel() == 0:
        return seen
    low, high = _ends(values)
    seen.update(low=low, high=high, zeros=1.0 - int(values.count_nonzero()) / values.numel())
    axis = 1 if given.ndim > 1 else 0
    if name in ("cross_entropy", "nll_loss", "kl_div", "ctc_loss"):
        axis = axis if name in ("cross_entropy", "nll_loss") else -1
        seen["sum_low"], seen["sum_high"] = _ends(values.sum(axis))
        seen["lse_low"], seen["lse_high"] = _ends(values.logsumexp(axis))
        seen["classes"] = given.shape[axis]
    if name == "ctc_loss" and target is not None:
        seen["blanks"] = _blanks(target, lengths, int(seen.get("blank", 0)))
    if target is not None:
        _measure_target(name, seen, target)
    return seen


def _blanks(target: Tensor, sizes: list[int], blank: int) -> float:
    """Return the share of the target symbols that are the blank, padding behind the lengths left out."""
    if target.ndim == 2 and len(sizes) == target.shape[0]:
        real = torch.cat([row[:size] for row, size in zip(target, sizes, strict=True)])
    else:
        real = target.flatten()
    return float((real == blank).float().mean()) if real.numel() else 0.0


def _ends(values: Tensor) -> tuple[float, float]:
    low, high = values.aminmax()
    return float(low), float(high)


def _is_linear_output(given: Tensor) -> bool:
    """Say whether a tensor is the output of a linear layer with no axis moved: its classes are on the last axis."""
    node = given.grad_fn
    for _ in range(6):
        if node is None:
            return False
        name = node.name().split("Backward")[0]
        if name in ("Addmm", "Mm"):
            return True
        if name not in ("View", "UnsafeView", "_UnsafeView", "ReshapeAlias", "Alias", "Add"):
            return False
        node = node.next_functions[0][0]
    return False


def _measure_target(name: str, seen: dict[str, Any], target: Tensor) -> None:
    seen["target_shape"] = tuple(target.shape)
    seen["target_float"] = target.is_floating_point()
    if target.numel() == 0:
        return
    numbers = target.detach().float()
    seen["target_low"], seen["target_high"] = _ends(numbers)
    if not target.is_floating_point() or name.startswith("binary"):
        flat = target.detach().flatten()
        if flat.numel() < 1_000_000:
            kinds, counts = flat.unique(return_counts=True)
            if kinds.numel() <= 512:
                pairs = zip(kinds.tolist(), counts.tolist(), strict=True)
                seen["counts"] = {float(k): int(n) for k, n in pairs}
    if target.is_floating_point() and name in ("cross_entropy", "kl_div") and target.ndim == len(seen["shape"]):
        total = numbers.sum(1 if name == "cross_entropy" and target.ndim > 1 else -1)
        seen["target_sum_low"], seen["target_sum_high"] = _ends(total)


def install(watch: LossWatch, patches: Any) -> None:
    """Wrap the loss functions."""
    guard, recorder = watch.recorder.guard, watch.recorder

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        name = original.__name__
        parameters = inspect.signature(original).parameters
        names = tuple(parameters)
        defaults = {key: item.default for key, item in parameters.items() if item.default is not item.empty}

        def bind(args: Any, kwargs: Any, out: Any) -> None:
            site = here()
            if watch.wanted(name, site):
                watch.called(name, site, {**defaults, **dict(zip(names, args, strict=False)), **kwargs}, out)

        def loss(*args: Any, **kwargs: Any) -> Any:
            if not recorder.detailed or watch.inside or torch.compiler.is_compiling():
                return original(*args, **kwargs)
            watch.inside = True  # a mode calls the function a second time from within
            try:
                out = original(*args, **kwargs)
            finally:
                watch.inside = False
            guard.run(bind, args, kwargs, out)
            return out

        return loss

    for name in NAMES:
        if hasattr(F, name):
            patches.replace(F, name, make, hot=True)
