"""The wrappers that tell the step ledger what happens: optimizers, backward, schedules, scaling, clipping."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.doctor.observe.gradients import after_clipping, before_clipping
from seedbed.doctor.observe.site import here
from seedbed.doctor.observe.steps import StepLedger


def install(ledger: StepLedger, patches: Any) -> None:
    """Put the ledger's wrappers in place."""
    guard = ledger.recorder.guard
    _wrap_optimizers(ledger, patches)
    _wrap_backward(ledger, patches)
    _wrap_schedulers(ledger, patches)
    _wrap_scaler(ledger, patches)

    def clipping(original: Callable[..., Any]) -> Callable[..., Any]:
        def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
            if inspect.isgenerator(parameters) or isinstance(parameters, filter | map):
                parameters = list(parameters)
            optimizers = ledger.record.optimizers.values()
            guard.run(lambda: before_clipping(optimizers))
            out = original(parameters, *args, **kwargs)
            guard.run(lambda: after_clipping(optimizers))
            limit = args[0] if args else kwargs.get("max_norm", kwargs.get("clip_value", 0.0))
            guard.run(ledger.clipped, parameters, float(limit), out)
            return out

        return clip

    for name in ("clip_grad_norm_", "clip_grad_value_"):
        patches.replace(nn.utils, name, clipping, hot=True)
        patches.replace(nn.utils.clip_grad, name, clipping, hot=True)


def _wrap_optimizers(ledger: StepLedger, patches: Any) -> None:
    guard = ledger.recorder.guard

    def init(original: Callable[..., Any]) -> Callable[..., Any]:
        def build(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            guard.run(lambda: ledger.optimizer_built(self, here()))

        return build

    def zero(original: Callable[..., Any]) -> Callable[..., Any]:
        def zero_grad(self: Any, *args: Any, **kwargs: Any) -> Any:
            out = original(self, *args, **kwargs)
            if ledger.recorder.detailed and ledger.recorder.close:
                held = (
                    list(self.parameters())
                    if isinstance(self, nn.Module)
                    else [p for group in self.param_groups for p in group["params"]]
                )
                guard.run(ledger.zeroed, held)
            return out

        return zero_grad

    patches.replace(torch.optim.Optimizer, "__init__", init)
    patches.replace(torch.optim.Optimizer, "zero_grad", zero, hot=True)
    patches.replace(nn.Module, "zero_grad", zero, hot=True)


def _wrap_backward(ledger: StepLedger, patches: Any) -> None:
    guard = ledger.recorder.guard

    def method(original: Callable[..., Any]) -> Callable[..., Any]:
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            if torch.compiler.is_compiling() or ledger.recorder.in_backward:
                return original(tensors, *args, **kwargs)
            retain = bool(kwargs.get("retain_graph") or (len(args) > 1 and args[1] is True))
            first = tensors[0] if isinstance(tensors, list | tuple) and tensors else tensors
            fact = guard.run(ledger.before_backward, first, retain)
            ledger.recorder.in_backward = True
            try:
                out = original(tensors, *args, **kwargs)
            finally:
                ledger.recorder.in_backward = False
            guard.run(ledger.after_backward, fact, first)
            return out

        return backward

    def grad(original: Callable[..., Any]) -> Callable[..., Any]:
        def grad_of(*args: Any, **kwargs: Any) -> Any:
            ledger.record.grad_calls += not guard.busy
            hub = ledger.recorder
            before = hub.in_grad, hub.asked_shapes
            hub.in_grad, hub.asked_shapes = True, guard.run(shapes_asked_of, args, kwargs) or set()
            try:
                return original(*args, **kwargs)
            finally:
                hub.in_grad, hub.asked_shapes = before

        return grad_of

    patches.replace(torch.Tensor, "backward", method, hot=True)
    patches.replace(torch.autograd, "backward", method, hot=True)
    patches.replace(torch.autograd, "grad", grad, hot=True)


def shapes_asked_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> set[tuple[int, ...]]:
    """The shapes of what ``torch.autograd.grad`` derives by, if that is no weight and nobody derives further."""
    inputs = args[1] if len(args) > 1 else kwargs.get("inputs", ())
    further = args[4] if len(args) > 4 else kwargs.get("create_graph")
    tensors = [inputs] if isinstance(inputs, Tensor) else [t for t in inputs if isinstance(t, Tensor)]
    if further or any(isinstance(t, nn.Parameter) for t in tensors):
        return set()
    return {tuple(t.shape) for t in tensors}


def _wrap_schedulers(ledger: StepLedger, patches: Any) -> None:
    from torch.optim import lr_scheduler

    guard = ledger.recorder.guard

    def init(original: Callable[..., Any]) -> Callable[..., Any]:
        def build(self: Any, optimizer: Any, *args: Any, **kwargs: Any) -> None:
            ledger.scheduler_depth += 1
            try:
                original(self, optimizer, *args, **kwargs)
            finally:
                ledger.scheduler_depth -= 1
            if ledger.scheduler_depth == 0:
                guard.run(lambda: ledger.scheduler_built(self, self.optimizer, here()))

        return build

    def stepped(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(self: Any, *args: Any, **kwargs: Any) -> Any:
            ledger.scheduler_depth += 1
            try:
                out = original(self, *args, **kwargs)
            finally:
                ledger.scheduler_depth -= 1
            if ledger.scheduler_depth == 0:
                guard.run(ledger.scheduler_stepped, self, args, kwargs)
            return out

        return step

    classes = [c for c in vars(lr_scheduler).values() if isinstance(c, type) and c.__module__ == lr_scheduler.__name__]
    for owner in classes:
        if issubclass(owner, lr_scheduler.LRScheduler):
            if "__init__" in vars(owner):
                patches.replace(owner, "__init__", init)
            if "step" in vars(owner):
                patches.replace(owner, "step", stepped)


def _wrap_scaler(ledger: StepLedger, patches: Any) -> None:
    guard = ledger.recorder.guard
    owner = torch.amp.GradScaler

    def named(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(self: Any, *args: Any, **kwargs: Any) -> Any:
                guard.run(ledger.scaler_called, name, args)
                inside = name == "step"
                ledger.in_scaler_step = ledger.in_scaler_step or inside
                try:
                    return original(self, *args, **kwargs)
                finally:
                    if inside:
                        ledger.in_scaler_step = False

            return call

        return make

    for name in ("scale", "unscale_", "step", "update"):
        patches.replace(owner, name, named(name))
