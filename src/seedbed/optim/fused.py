"""The fused kernels of Adam, AdamW and SGD called directly, without what ``torch.optim`` does around them.

The kernel is the same one, over the optimizer's own state tensors, so every bit is; what is left out is Python:
profiler scopes, hook searches, grouping by device, one addition per parameter to count the steps. Where anything is
out of the ordinary, ``optimizer.step()`` is called instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

ADAM_KERNELS: dict[type[torch.optim.Optimizer], str] = {
    torch.optim.Adam: "_fused_adam_",
    torch.optim.AdamW: "_fused_adamw_",
}
# without autograd's layer of the dispatcher, which has nothing to do here, or at least without graphs
KERNELS_ONLY: Callable[[], AbstractContextManager[Any]] = getattr(torch._C, "_AutoDispatchBelowAutograd", torch.no_grad)
OPTIMIZER_MODULE = sys.modules[torch.optim.Optimizer.__module__]
# an optimizer whose step somebody has replaced is not called around
STEPS: dict[type[torch.optim.Optimizer], Any] = {
    cls: cls.step for cls in (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)
}


@dataclass(slots=True)
class Plan:
    """One parameter group, ready for its kernel.

    ``idle`` parameters have no gradient; ``first`` and ``second`` are the moments (SGD: its momentum buffers, which
    are ``fresh`` before the first update); ``steps`` are views of ``counter``, which on the CPU is an array, as numpy
    adds to it in a tenth of the time; ``rate`` is where the kernel reads the learning rate, if not from the group.
    """

    group: dict[str, Any]
    num_parameters: int
    parameters: list[Tensor]
    idle: list[Tensor]
    first: list[Tensor]
    second: list[Tensor]
    steps: list[Tensor]
    counter: Tensor | npt.NDArray[np.floating[Any]] | None = None
    fresh: bool = False
    rate: Tensor | None = None

    @property
    def lr(self) -> float | Tensor:
        """What the kernel takes for the learning rate."""
        rate: float = self.group["lr"]
        return rate if self.rate is None else self.rate


class FusedUpdate:
    """``optimizer.step()``, by the kernel alone where that is the same.

    Args:
        optimizer: Any optimizer; state dicts, parameter groups and rates are used as they stand at each call.
        rates_on_device: The kernels read the learning rates from memory on the device, which ``write_rates`` fills. On
            a GPU these are float32, so the last bits are others.

    ``by_kernel`` says whether the last update was made by the kernels alone.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, *, rates_on_device: bool = False) -> None:
        self.optimizer = optimizer
        self.by_kernel = False
        self._rates = [make_rate(group) for group in optimizer.param_groups] if rates_on_device else None
        self._written: list[float | None] = [None] * len(optimizer.param_groups)
        cls = type(optimizer)
        self._step = cls.step if is_own_step(cls) else None
        self._kernel: Callable[..., Any] | None = getattr(torch, ADAM_KERNELS.get(cls, "_fused_sgd_"), None)
        self._call = self._sgd if cls is torch.optim.SGD else self._adam
        self._make_plan = plan_sgd if cls is torch.optim.SGD else plan_adam
        self._plans: list[Plan] = []
        self._state: Any = None
        self._groups: Any = None

    def usable(self) -> bool:
        """Whether the kernel may be called for this optimizer as it is now."""
        optimizer = self.optimizer
        return (
            self._step is not None
            and self._kernel is not None
            and type(optimizer).step is self._step
            and "step" not in optimizer.__dict__
            and not any(hooks_of(optimizer))
        )

    def __call__(self) -> None:
        """Make the update."""
        gradients = self._gradients() if self.usable() else None
        self.by_kernel = gradients is not None
        if gradients is None:
            self.optimizer.step()
            return
        with KERNELS_ONLY():
            for plan, grads in zip(self._plans, gradients, strict=True):
                if grads:
                    self._call(plan, grads)

    @torch.no_grad()
    def write_rates(self) -> None:
        """Put the groups' learning rates where the kernels read them."""
        for place, (group, rate) in enumerate(zip(self.optimizer.param_groups, self._rates or (), strict=False)):
            if self._written[place] != group["lr"]:
                rate.fill_(group["lr"])
                self._written[place] = group["lr"]

    def _gradients(self) -> list[list[Tensor]] | None:
        """The gradients of every plan's parameters, after new plans if the old ones don't fit; None if none do."""
        optimizer = self.optimizer
        if optimizer.state is self._state and optimizer.param_groups is self._groups:
            found = collect(self._plans, optimizer.param_groups)
            if found is not None:
                return found
        self._state, self._groups = optimizer.state, optimizer.param_groups
        self._plans = []
        for group in optimizer.param_groups:
            plan = self._make_plan(optimizer, group) if is_simple(group) else None
            if plan is None:
                return None
            plan.rate = None if self._rates is None else self._rates[len(self._plans)]
            self._plans.append(plan)
        return collect(self._plans, optimizer.param_groups)

    def _adam(self, plan: Plan, grads: list[Tensor]) -> None:
        group = plan.group
        assert plan.counter is not None
        assert self._kernel is not None
        plan.counter += 1
        beta1, beta2 = group["betas"]
        self._kernel(
            plan.parameters,
            grads,
            plan.first,
            plan.second,
            [],
            plan.steps,
            lr=plan.lr,
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=group["maximize"],
            grad_scale=None,
            found_inf=None,
        )

    def _sgd(self, plan: Plan, grads: list[Tensor]) -> None:
        group = plan.group
        assert self._kernel is not None
        self._kernel(
            plan.parameters,
            grads,
            plan.first,
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            lr=plan.lr,
            dampening=group["dampening"],
            nesterov=group["nesterov"],
            maximize=group["maximize"],
            is_first_step=plan.fresh,
            grad_scale=None,
            found_inf=None,
        )
        if plan.fresh:  # the kernel has filled the buffers
            for parameter, buffer in zip(plan.parameters, plan.first, strict=True):
                self.optimizer.state[parameter]["momentum_buffer"] = buffer
            plan.fresh = False


def make_rate(group: dict[str, Any]) -> Tensor:
    """Memory for a group's learning rate, of the type that the kernel of its device reads."""
    device = group["params"][0].device if group["params"] else torch.device("cpu")
    return torch.zeros((), dtype=torch.float64 if device.type == "cpu" else torch.float32, device=device)


def is_own_step(cls: type[torch.optim.Optimizer]) -> bool:
    """Whether the class's ``step`` is what torch defines, bare or in the profiler's scope that torch puts around it."""
    own, step = STEPS.get(cls), cls.step
    return own is not None and (step is own or (hasattr(step, "hooked") and vars(step).get("__wrapped__") is own))


def hooks_of(optimizer: torch.optim.Optimizer) -> tuple[Any, ...]:
    """Everything that wants to be called around ``optimizer.step()``; something true if that can't be told."""
    return (
        getattr(optimizer, "_optimizer_step_pre_hooks", True),
        getattr(optimizer, "_optimizer_step_post_hooks", True),
        getattr(OPTIMIZER_MODULE, "_global_optimizer_pre_hooks", True),
        getattr(OPTIMIZER_MODULE, "_global_optimizer_post_hooks", True),
    )


def collect(plans: Sequence[Plan], groups: Sequence[dict[str, Any]]) -> list[list[Tensor]] | None:
    """The gradients of each plan's parameters; None if a plan does not fit what there is now."""
    if len(plans) != len(groups):
        return None
    found = []
    for plan, group in zip(plans, groups, strict=True):
        if plan.group is not group or plan.num_parameters != len(group["params"]) or isinstance(group["lr"], Tensor):
            return None
        grads = []
        for parameter in plan.parameters:
            grad = parameter.grad
            if grad is None:
                return None
            grads.append(grad)
        for parameter in plan.idle:
            if parameter.grad is not None:
                return None
        found.append(grads)
    return found


def is_simple(group: dict[str, Any]) -> bool:
    """Whether a group asks for the fused kernel and nothing that goes beyond it."""
    if not group.get("fused") or group.get("amsgrad") or group.get("differentiable") or group.get("capturable"):
        return False
    if any(isinstance(value, Tensor) for value in (group["lr"], *group.get("betas", ()))):
        return False
    active = [parameter for parameter in group["params"] if parameter.grad is not None]
    kinds = {(parameter.device, parameter.dtype, parameter.grad.dtype) for parameter in active}
    return len(kinds) <= 1 and not any(parameter.grad.is_sparse for parameter in active)


def plan_adam(optimizer: torch.optim.Optimizer, group: dict[str, Any]) -> Plan | None:
    """The plan of a group of Adam or AdamW; None if its state is not what is known here.

    The counters of steps become views of one tensor, so that one addition counts them all.
    """
    active = [parameter for parameter in group["params"] if parameter.grad is not None]
    idle = [parameter for parameter in group["params"] if parameter.grad is None]
    try:
        optimizer._init_group(group, [], [], [], [], [], [])  # type: ignore[attr-defined]
        states = [optimizer.state[parameter] for parameter in active]
        steps = [state["step"] for state in states]
        first, second = [state["exp_avg"] for state in states], [state["exp_avg_sq"] for state in states]
    except (AttributeError, TypeError, ValueError, KeyError):
        return None
    counter = torch.stack(steps) if steps else torch.zeros(0)
    views = list(counter.unbind())
    for state, view in zip(states, views, strict=True):
        state["step"] = view
    count = counter.numpy() if counter.device.type == "cpu" else counter
    return Plan(group, len(group["params"]), active, idle, first, second, views, count)


def plan_sgd(optimizer: torch.optim.Optimizer, group: dict[str, Any]) -> Plan | None:
    """The plan of a group of SGD; None if only some of its parameters have momentum buffers yet."""
    active = [parameter for parameter in group["params"] if parameter.grad is not None]
    idle = [parameter for parameter in group["params"] if parameter.grad is None]
    plan = Plan(group, len(group["params"]), active, idle, [], [], [])
    if group["momentum"] == 0:
        return plan
    buffers = [optimizer.state[parameter].get("momentum_buffer") for parameter in active]
    if active and all(buffer is None for buffer in buffers):
        buffers = [torch.empty_like(parameter.grad) for parameter in active]
        plan.fresh = True
    plan.first = [buffer for buffer in buffers if buffer is not None]
    return plan if len(plan.first) == len(active) else None
