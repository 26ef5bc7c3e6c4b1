"""Any ``torch.optim`` optimizer over given groups, in its fastest form that computes what the class documents."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from seedbed.errors import ConfigError

# devices on which the fused kernel of each class is known to be whole
FUSED_DEVICES: dict[type[torch.optim.Optimizer], frozenset[str]] = {
    torch.optim.Adam: frozenset({"cpu", "cuda"}),
    torch.optim.AdamW: frozenset({"cpu", "cuda"}),
    torch.optim.SGD: frozenset({"cpu", "cuda"}),
    torch.optim.Adagrad: frozenset({"cpu"}),
}
# a rate that works for SGD depends on everything; torch's default is there only so that the call succeeds
RATE_REQUIRED = (torch.optim.SGD,)
# the only ones of torch that take sparse gradients
TAKES_SPARSE = (torch.optim.SGD, torch.optim.SparseAdam, torch.optim.Adagrad)
FORM_OPTIONS = ("fused", "foreach", "capturable", "differentiable")


def build_optimizer(
    cls: type[torch.optim.Optimizer],
    groups: Sequence[Mapping[str, Any]],
    args: Mapping[str, Any] | None = None,
    *,
    sparse: bool = False,
) -> torch.optim.Optimizer:
    """An optimizer of class ``cls`` over ``groups``.

    Fused kernels are the default where class, device and number format have them; ``args`` with ``fused``,
    ``foreach``, ``capturable`` or ``differentiable`` decide otherwise. Every group gets ``initial_lr``, the rate
    that schedules multiply.

    Args:
        cls: Any optimizer class whose ``step()`` needs no closure.
        groups: What ``groups.parameter_groups`` returns, or any list of torch's parameter groups.
        args: Keyword arguments of ``cls``.
        sparse: Whether some gradients are sparse (see ``groups.has_sparse_gradients``).

    Raises:
        ConfigError: The class needs a closure or a rate, an option is unknown, or the class refuses its arguments.
    """
    name, options = cls.__name__, {key: _plain(value) for key, value in (args or {}).items()}
    check_optimizer(cls, options, groups)
    _check_sparse(cls, sparse)
    if can_fuse(cls, groups, options, sparse=sparse):
        options["fused"] = True
    try:
        optimizer = cls([dict(group) for group in groups], **options)
    except (TypeError, ValueError, RuntimeError, AssertionError, LookupError, AttributeError) as error:
        raise ConfigError(f"optimizer {name} refuses its arguments {dict(args or {})}: {error}") from error
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return optimizer


def default_option(cls: type[torch.optim.Optimizer], option: str) -> float | None:
    """The number that ``cls`` takes for ``option`` if nobody says; None if it has no such option or no default."""
    parameter = inspect.signature(cls).parameters.get(option)
    if parameter is None or not isinstance(parameter.default, int | float):
        return None
    return float(parameter.default)


def check_optimizer(
    cls: type[torch.optim.Optimizer], args: Mapping[str, Any], groups: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Refuse what can't work, before anything is built.

    Raises:
        ConfigError: One sentence on what to change.
    """
    name = cls.__name__
    closure = inspect.signature(cls.step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise ConfigError(
            f"optimizer {name} evaluates the loss several times per update (its step() needs a closure), which the "
            "loop does not do; take another optimizer, or call it in your own trainer.train_step"
        )
    known = inspect.signature(cls).parameters
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())
    for key in args:
        if key not in known and not open_ended:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(list(known)[1:])}"
            raise ConfigError(f"optimizer {name} has no option {key!r}; {hint}")
    for group in groups:
        if group.get("weight_decay") and "weight_decay" not in known and not open_ended:
            raise ConfigError(f"optimizer {name} has no weight decay, but group {group.get('name')!r} asks for it")
    rate = known.get("lr")
    required = cls in RATE_REQUIRED or (rate is not None and rate.default is inspect.Parameter.empty)
    if required and "lr" not in args and not all("lr" in group for group in groups or ({},)):
        raise ConfigError(f"optimizer {name} needs a learning rate; give optimizer.args.lr, for example 0.1")


def _check_sparse(cls: type[torch.optim.Optimizer], sparse: bool) -> None:
    if cls is torch.optim.SparseAdam and not sparse:
        raise ConfigError(
            "optimizer SparseAdam takes sparse gradients only, and no embedding of the model makes them; take Adam, "
            "or give the embedding sparse=True"
        )
    if sparse and cls.__module__.startswith("torch.optim") and cls not in TAKES_SPARSE:
        names = ", ".join(known.__name__ for known in TAKES_SPARSE)
        raise ConfigError(
            f"optimizer {cls.__name__} does not take the sparse gradients of the model's embedding; take one of "
            f"{names}, or give the embedding sparse=False"
        )


def can_fuse(
    cls: type[torch.optim.Optimizer],
    groups: Sequence[Mapping[str, Any]],
    args: Mapping[str, Any] | None = None,
    *,
    sparse: bool = False,
) -> bool:
    """Whether ``build_optimizer`` chooses the fused kernel."""
    devices = FUSED_DEVICES.get(cls)
    if devices is None or sparse or any(args.get(option) is not None for option in FORM_OPTIONS if args):
        return False
    parameters = [item[1] if isinstance(item, tuple) else item for group in groups for item in group["params"]]
    return all(_is_plain_float(parameter) and parameter.device.type in devices for parameter in parameters)


def _is_plain_float(parameter: Tensor) -> bool:
    return parameter.is_floating_point() and parameter.layout is torch.strided


def _plain(value: Any) -> Any:
    """JSON's lists are the tuples that torch documents (``betas``)."""
    return tuple(value) if isinstance(value, list) else value
