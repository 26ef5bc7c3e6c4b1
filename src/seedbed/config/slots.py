"""The places in a config that a part can fill, and what kind of object each takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from seedbed.errors import ConfigError


class UnresolvedError(ConfigError):
    """A name that leads to nothing usable: what is wrong and what to do, without the place."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(f"{what} — {advice}" if advice else what)
        self.what = what
        self.advice = advice


@dataclass(frozen=True)
class Slot:
    """What may fill a place in the config.

    Args:
        kind: ``module``, ``optimizer``, ``schedule``, ``loss``, ``function`` or ``callable``.
        files: Project files that are searched for a bare name, in order.
        prefixes: Where a dotted path may lead, besides the project and what its owner allows.
        nested: Slot of the parts inside its arguments.
    """

    kind: str
    files: tuple[str, ...]
    prefixes: tuple[str, ...] = ()
    nested: str = ""


# Never the whole of torch (torch.hub.load runs code) or of seedbed; only the packages that hold parts of the kind.
SLOTS: dict[str, Slot] = {
    "model": Slot(
        "module",
        ("model.py", "models.py", "model/model.py", "model/__init__.py", "models/__init__.py", "net.py", "network.py"),
        ("torch.nn.", "torchvision.models.", "timm.", "seedbed.models."),
        "model",
    ),
    "data": Slot(
        "callable",
        (
            "data.py",
            "dataset.py",
            "datasets.py",
            "data_loader/data_loaders.py",
            "data/data.py",
            "data_loader.py",
            "dataloader.py",
            "data/__init__.py",
        ),
        ("seedbed.data.",),
        "data",
    ),
    "objective": Slot(
        "callable",
        ("objective.py", "objectives.py", "loss.py", "losses.py", "model/loss.py"),
        ("seedbed.objectives.",),
        "loss",
    ),
    "loss": Slot(
        "loss",
        ("loss.py", "losses.py", "model/loss.py", "objective.py", "objectives.py"),
        ("torch.nn.", "timm.loss.", "seedbed.objectives."),
        "model",
    ),
    "metric": Slot(
        "callable",
        ("metric.py", "metrics.py", "model/metric.py", "model/metrics.py"),
        ("seedbed.objectives.",),
        "metric",
    ),
    "optimizer": Slot(
        "optimizer",
        ("optimizer.py", "optimizers.py", "optim.py"),
        ("torch.optim.", "timm.optim.", "seedbed.optim."),
        "optimizer",
    ),
    "lr_scheduler": Slot(
        "schedule",
        ("lr_scheduler.py", "schedule.py", "schedules.py", "scheduler.py"),
        ("torch.optim.", "seedbed.optim."),
    ),
    "transform": Slot(
        "callable", ("transform.py", "transforms.py", "data.py"), ("torch.nn.", "seedbed.data."), "transform"
    ),
    "sampler": Slot("callable", ("sampler.py", "samplers.py", "data.py"), ("seedbed.data.",), "sampler"),
    "collate": Slot("callable", ("collate.py", "data.py"), ("seedbed.data.",), "collate"),
    "train_step": Slot("function", ("train_step.py", "step.py", "steps.py", "train.py", "model.py"), ()),
}
# Names of arguments that hold parts, and the slot of these.
NESTED = {
    "transform": "transform",
    "transforms": "transform",
    "batch_transform": "transform",
    "batch_transforms": "transform",
    "sampler": "sampler",
    "collate": "collate",
    "collate_fn": "collate",
    "loss": "loss",
    "metrics": "metric",
    "model": "model",
}


def find_nested(
    args: Mapping[str, Any], slot: str, named: Collection[str] = ()
) -> list[tuple[tuple[str | int, ...], dict[str, Any], str]]:
    """Parts inside arguments: path, part, slot.

    Args:
        args: The arguments.
        slot: Slot of the part that takes them.
        named: Arguments in which a bare text is the name of a part.
    """
    found: list[tuple[tuple[str | int, ...], dict[str, Any], str]] = []
    for name, value in args.items():
        for index, item in enumerate(value) if isinstance(value, list) else ((None, value),):
            inner = nested_slot(name, item, slot, name in named)
            if inner:
                keys = (name,) if index is None else (name, index)
                found.append((keys, item if isinstance(item, dict) else {"type": item}, inner))
    return found


def nested_slot(name: str, value: Any, slot: str, named: bool = False) -> str:
    """Slot of a part inside arguments, empty if the value is not a part.

    A mapping with both ``type`` and ``args`` always is one; one with ``type`` alone only under a name that is known to
    hold parts, a bare text only where the argument takes nothing but parts.
    """
    inner = NESTED.get(name, "")
    if isinstance(value, str):
        return inner if named or inner == "transform" else ""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str) or not set(value) <= {"type", "args"}:
        return ""
    if not isinstance(value.get("args", {}), dict):
        return ""
    return inner or (SLOTS[slot].nested if "args" in value else "")


def check_kind(found: Any, name: str, slot: str, may_be_function: bool) -> Callable[..., Any]:
    """The object itself if it fits its slot."""
    kind = SLOTS[slot].kind
    is_class = inspect.isclass(found)
    if not is_class and not may_be_function:
        raise UnresolvedError(f"{name!r} is a {type(found).__name__}, where {_describe_kind(kind)} is expected")
    if kind == "function":
        fits = callable(found) and not is_class
    elif kind == "callable":
        fits = callable(found)
    else:
        import torch

        bases: dict[str, type] = {
            "module": torch.nn.Module,
            "loss": torch.nn.Module,
            "optimizer": torch.optim.Optimizer,
            "schedule": torch.optim.lr_scheduler.LRScheduler,
        }
        fits = issubclass(found, bases[kind]) if is_class else callable(found) and kind != "optimizer"
    if not fits:
        raise UnresolvedError(f"{name!r} is {_describe(found)}, where {_describe_kind(kind)} is expected")
    result: Callable[..., Any] = found
    return result


def _describe(found: Any) -> str:
    return f"the class {found.__name__}" if inspect.isclass(found) else f"a {type(found).__name__}"


def _describe_kind(kind: str) -> str:
    return {
        "module": "a subclass of torch.nn.Module",
        "optimizer": "a subclass of torch.optim.Optimizer",
        "schedule": "a learning-rate schedule",
        "loss": "a loss function or a torch.nn.Module",
        "function": "a function",
        "callable": "a class or function",
    }[kind]


def is_module_instance(found: Any) -> bool:
    """Whether this is a module object made at the top of the user's file (``criterion = nn.CrossEntropyLoss()``)."""
    import torch

    return isinstance(found, torch.nn.Module)
