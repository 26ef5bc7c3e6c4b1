"""Config → parts: read a config, check everything in it, and resolve what it names.

The tables of short names are in ``seedbed.tables``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import lr_scheduler

from seedbed.config.components import Resolver
from seedbed.config.load import LoadedConfig, load_config
from seedbed.config.schema import Config
from seedbed.config.schema import Optimizer as OptimizerConfig
from seedbed.config.signatures import read_parameters, split_arguments
from seedbed.config.tree import Keys, Problem, Tree
from seedbed.data.datasets.adapt import as_source
from seedbed.data.options import LoaderOptions
from seedbed.data.source import Source
from seedbed.errors import ConfigError
from seedbed.loop import custom_step, train_step
from seedbed.objectives.functional import Functional, from_callable
from seedbed.objectives.metrics.table import METRICS
from seedbed.optim.plateau import Plateau
from seedbed.optim.schedules import FactorSchedule
from seedbed.optim.torch_schedule import TorchSchedule
from seedbed.state import Objective, Schedule, TrainStep
from seedbed.tables import TABLES

MakeSchedule = Callable[[torch.optim.Optimizer, "int | None", "int | None"], Schedule]


@dataclass(kw_only=True)
class Parts:
    """What a training is made of, before it is put together.

    ``make_schedule(optimizer, total_steps, steps_per_epoch)`` is None for a constant rate.
    """

    make_model: Callable[[], nn.Module]
    source: Source
    loader: LoaderOptions
    objective: Objective
    optimizers: dict[str, type[torch.optim.Optimizer]]
    make_schedule: MakeSchedule | None = None
    step: TrainStep = train_step


def load(
    source: str | Path | dict[str, Any],
    overrides: Sequence[str] = (),
    *,
    allow: Sequence[str] = (),
    project: Path | None = None,
) -> LoadedConfig:
    """Read a config and check everything in it, the arguments of its parts included; all mistakes at once.

    Args:
        source: A file, or the config itself.
        overrides: ``key.path=value`` strings.
        allow: More prefixes that dotted paths may have.
        project: Folder of the user's modules, if it is not the file's.

    Raises:
        ConfigError: With every mistake, where it is, and what to do.
    """
    folder = project if project is not None else (None if isinstance(source, dict) else Path(source).parent)
    resolver = Resolver(TABLES, folder, allow)
    return load_config(source, list(overrides), project=project, verify=lambda tree: find_problems(resolver, tree))


def find_problems(resolver: Resolver, tree: Tree) -> list[Problem]:
    """All mistakes in the parts that a tree names."""
    problems: list[Problem] = []

    def check(keys: Keys, slot: str, given: Sequence[str] = (), also: type | None = None) -> None:
        part: Any = tree.values
        for key in keys:
            part = part.get(key) if isinstance(part, dict) else None
        if isinstance(part, dict):
            inner = {key: value for key, value in part.items() if key in {"type", "args"}}
            found = resolver.check(inner, slot, given=given, also=also)
            problems.extend(problem.under(*keys) for problem in found)

    check(("model",), "model")
    check(("data",), "data", also=LoaderOptions)
    check(("objective",), "objective")
    trainer = tree.values.get("trainer")
    if isinstance(trainer, dict) and isinstance(trainer.get("train_step"), str):
        found = resolver.check({"type": trainer["train_step"]}, "train_step")
        problems.extend(Problem(("trainer", "train_step"), problem.what, problem.advice) for problem in found)
    check(("lr_scheduler",), "lr_scheduler", given=("optimizer", "total_steps", "steps_per_epoch"))
    optimizer = tree.values.get("optimizer")
    if isinstance(optimizer, dict):
        names = [()] if "type" in optimizer else [(name,) for name in optimizer]
        for name in names:
            check(("optimizer", *name), "optimizer", given=("params",))
    return problems


def make_parts(loaded: LoadedConfig, *, allow: Sequence[str] = ()) -> Parts:
    """Resolve and build what a config names.

    Raises:
        ConfigError, DataError: A part cannot be found or built.
    """
    config, resolver = loaded.config, Resolver(TABLES, loaded.project, allow)
    step: TrainStep = train_step
    if config.trainer.train_step is not None:
        step = custom_step(resolver.resolve(config.trainer.train_step, "train_step"))
    source, loader = make_source(resolver, config)
    return Parts(
        make_model=lambda: make_model(resolver, config),
        source=source,
        loader=loader,
        objective=make_objective(resolver, config),
        optimizers={
            name: resolve_optimizer(resolver, settings.type) for name, settings in optimizer_configs(config).items()
        },
        make_schedule=schedule_of(resolver, config),
        step=step,
    )


def make_model(resolver: Resolver, config: Config) -> nn.Module:
    """The model that a config names, with the weights that its constructor draws."""
    model: nn.Module = resolver.instantiate(config.model.model_dump(), "model")
    return model


def make_source(resolver: Resolver, config: Config) -> tuple[Source, LoaderOptions]:
    """The data that a config names, and how they become batches."""
    made = resolver.instantiate(config.data.model_dump(), "data", also=LoaderOptions)
    _, options = split_arguments(resolver.resolve(config.data.type, "data"), config.data.args, LoaderOptions)
    built = {name: resolver.build_nested(name, value, "data") for name, value in options.items()}
    return as_source(made, name=config.data.type), LoaderOptions(**built)


def make_objective(resolver: Resolver, config: Config) -> Objective:
    """The objective that a config names: one of ours, one of the project's, or one made of plain functions."""
    part = config.objective.model_dump()
    args: dict[str, Any] = part["args"]
    metrics = [resolve_metric(resolver, metric) for metric in args.get("metrics") or []]
    found = resolver.resolve(part["type"], "objective")
    if found is Functional:
        functional: Objective = resolver.instantiate(part, "objective")
        return functional
    if "metrics" in args:
        args["metrics"] = metrics
    if not inspect.isclass(found):
        args.pop("metrics", None)
        return from_callable(found if not args else resolver.instantiate(part, "objective"), metrics)
    made = resolver.instantiate(part, "objective")
    if hasattr(made, "weight") and hasattr(made, "metrics") and callable(getattr(made, "metrics", None)):
        objective: Objective = made
        return objective
    return from_callable(made, metrics)


def resolve_metric(resolver: Resolver, metric: Any) -> Any:
    """A metric by one of our names as it is; any other name is looked for in the project."""
    if not isinstance(metric, str) or metric in METRICS or resolver.project is None:
        return metric
    try:
        return resolver.resolve(metric, "metric")
    except ConfigError:
        return metric  # the objective knows names like "top7", and refuses what nobody knows with its own list


def resolve_optimizer(resolver: Resolver, name: str) -> type[torch.optim.Optimizer]:
    """An optimizer class by name."""
    found = resolver.resolve(name, "optimizer")
    assert inspect.isclass(found), found
    assert issubclass(found, torch.optim.Optimizer), found
    return found


def optimizer_configs(config: Config) -> dict[str, OptimizerConfig]:
    """The optimizers by name; a single one is called "main"."""
    return config.optimizer if isinstance(config.optimizer, dict) else {"main": config.optimizer}


def schedule_of(resolver: Resolver, config: Config) -> MakeSchedule | None:
    """What makes the schedule of an optimizer once the horizon is known."""
    section = config.lr_scheduler
    if section is None:
        return None
    found = resolver.resolve(section.type, "lr_scheduler")
    interval = {} if section.interval is None else {"interval": section.interval}
    if found is Plateau:
        return lambda optimizer, total, per_epoch: Plateau(optimizer, **section.args)
    if inspect.isclass(found) and issubclass(found, lr_scheduler.LRScheduler):
        return lambda optimizer, total, per_epoch: TorchSchedule(
            optimizer, found, section.args, interval=section.interval or "epoch", steps_per_epoch=per_epoch
        )
    takes_interval = "interval" in (read_parameters(found) or {})
    options = {**section.args, **(interval if takes_interval else {})}
    make_factor: Callable[..., Any] = found
    return lambda optimizer, total, per_epoch: FactorSchedule(optimizer, make_factor(total, per_epoch, **options))
