"""Training from Python, with objects instead of names: ``fit``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from torch import nn

from seedbed.build import assemble
from seedbed.config.check import check_tree
from seedbed.config.components import Resolver
from seedbed.config.schema import Config, Trainer
from seedbed.config.tree import Tree
from seedbed.data.datasets.adapt import as_source
from seedbed.data.options import LoaderOptions
from seedbed.errors import ConfigError
from seedbed.locate import as_recorded, choose_run_dir
from seedbed.loop import Step, custom_step, train_step
from seedbed.objectives.functional import from_callable, from_name
from seedbed.parts import Parts, resolve_optimizer, schedule_of
from seedbed.result import Options, Result
from seedbed.run import execute
from seedbed.state import Objective
from seedbed.tables import TABLES

OptimizerSpec = dict[str, Any]  # what the config's optimizer section holds


def SGD(lr: float, **args: Any) -> OptimizerSpec:
    """Stochastic gradient descent for ``fit``: ``torch.optim.SGD``'s own arguments."""
    return {"type": "SGD", "args": {"lr": lr, **args}}


def Adam(lr: float = 1e-3, **args: Any) -> OptimizerSpec:
    """Adam for ``fit``: ``torch.optim.Adam``'s own arguments."""
    return {"type": "Adam", "args": {"lr": lr, **args}}


def AdamW(lr: float = 1e-3, **args: Any) -> OptimizerSpec:
    """AdamW for ``fit``: ``torch.optim.AdamW``'s own arguments; norms and biases get no weight decay."""
    return {"type": "AdamW", "args": {"lr": lr, **args}}


def fit(
    model: nn.Module,
    data: Any,
    *,
    loss: str | Callable[..., Any] | Objective = "cross_entropy",
    metrics: Sequence[Any] | None = None,
    optimizer: OptimizerSpec | str = "AdamW",
    lr_scheduler: dict[str, Any] | str | None = None,
    ema: float | dict[str, Any] | None = None,
    step: Callable[..., Step] | None = None,
    seed: int = 0,
    name: str = "fit",
    out: str | Path | None = None,
    resume: str = "auto",
    console: str = "auto",
    **settings: Any,
) -> Result:
    """Train a model of your own on data of your own; it is trained in place and ends with the last weights.

    Args:
        model: Any module. Its present weights are the initial ones.
        data: A pair ``(inputs, targets)`` of tensors or arrays, a data set, a loader, a ``Source``, or a dict with the
            keys train, val and test of any of these.
        loss: A name ("cross_entropy", "mse", …), a function ``loss(output, target)``, or an objective.
        metrics: Names ("accuracy", "f1", …) or functions ``metric(output, target)``.
        optimizer: ``sb.AdamW(lr=1e-3)``, or a name.
        lr_scheduler: A name ("cosine") or ``{"type": …, "args": {…}}``.
        ema: Decay of a moving average of the weights.
        step: Your own update, ``step(state, batch) -> sb.Step``.
        seed: Root of all randomness.
        name: Name of the run, whose folder is ``runs/<name>/<id>``.
        out: The run is exactly this folder; given again after a stop, the run goes on.
        resume: "auto" or "never".
        console: auto, rich, plain, notebook or silent.
        settings: Anything of the config's trainer section (epochs, precision, clip_norm, early_stop, …), of the data
            loader (batch_size, val, normalize, num_workers, …), or a whole section as a dict (evaluate, checkpoint,
            tracking).

    Raises:
        ConfigError, DataError: Something does not fit; the message says what to do.

    Example:
        >>> import torch, seedbed as sb, tempfile
        >>> x = torch.randn(64, 4); y = (x[:, 0] > 0).long()
        >>> result = sb.fit(torch.nn.Linear(4, 2), (x, y), epochs=2, console="silent", out=tempfile.mkdtemp())
        >>> result.status
        'finished'
    """
    loader, rest = split_settings(settings)
    sections = {"optimizer": as_part(optimizer), "lr_scheduler": as_part(lr_scheduler), "ema": as_ema(ema)}
    tree = {"name": name, "seed": seed, **describe(model, data, loss, loader), **sections, **rest}
    config = check_tree(Tree(tree, {}, "fit"))
    parts = make_parts(config, model, data, loss, metrics, step, LoaderOptions(**loader))
    resolved = config.model_dump(mode="json")
    options = Options(out=None if out is None else Path(out), resume=resume, console=console, command=["seedbed.fit"])
    run = choose_run_dir(name, resolved, options)
    config = as_recorded(config, run)
    with assemble(config, parts, resolved=resolved, project=Path.cwd()) as training:
        return execute(training, run, options)


def describe(model: nn.Module, data: Any, loss: Any, loader: dict[str, Any]) -> dict[str, Any]:
    """What the config says of objects: their classes, which it cannot build again, and the loader's plain options."""
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return {
        "model": {"type": f"python:{type(model).__module__}.{type(model).__qualname__}"},
        "data": {"type": f"python:{type(data).__name__}", "args": {k: v for k, v in loader.items() if is_plain(v)}},
        "objective": {"type": f"python:{name}"},
    }


def make_parts(
    config: Config,
    model: nn.Module,
    data: Any,
    loss: str | Callable[..., Any] | Objective,
    metrics: Sequence[Any] | None,
    step: Callable[..., Step] | None,
    loader: LoaderOptions,
) -> Parts:
    """The parts of a training that somebody hands over as objects."""
    assert not isinstance(config.optimizer, dict)
    resolver = Resolver(TABLES, None, ())
    return Parts(
        make_model=lambda: model,
        source=as_source(data),
        loader=loader,
        objective=as_objective(loss, metrics),
        optimizers={"main": resolve_optimizer(resolver, config.optimizer.type)},
        make_schedule=schedule_of(resolver, config),
        step=train_step if step is None else custom_step(step),
    )


def as_objective(loss: str | Callable[..., Any] | Objective, metrics: Sequence[Any] | None) -> Objective:
    """The objective that a name, a function or an object means."""
    if isinstance(loss, str):
        return from_name(loss, metrics)
    if isinstance(loss, nn.Module) and callable(getattr(loss, "metrics", None)) and hasattr(loss, "weight"):
        if metrics is not None:
            raise ConfigError(f"{type(loss).__name__} brings its own metrics; leave out metrics=")
        return loss  # type: ignore[return-value]
    return from_callable(loss, metrics or ())


def split_settings(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the loader, and the rest of the config with the trainer's options in their section."""
    loader_names = {field.name for field in fields(LoaderOptions)}
    loader, rest = {}, {}
    trainer: dict[str, Any] = dict(settings.pop("trainer", {}))
    for key, value in settings.items():
        if key in loader_names:
            loader[key] = value
        elif key in Trainer.model_fields:
            trainer[key] = value
        else:
            rest[key] = value
    return loader, {**rest, **({"trainer": trainer} if trainer else {})}


def name_of(value: Any) -> str:
    """A name for messages: of a function its own, of an object its class."""
    return value if isinstance(value, str) else getattr(value, "__name__", type(value).__name__)


def as_part(value: dict[str, Any] | str | None) -> dict[str, Any] | None:
    """``{type, args}`` of a name or of itself."""
    return {"type": value} if isinstance(value, str) else value


def as_ema(value: float | dict[str, Any] | None) -> dict[str, Any] | None:
    """The section of a decay, or itself."""
    return {"decay": value} if isinstance(value, int | float) else value


def is_plain(value: Any) -> bool:
    """Whether a value can stand in a config."""
    return value is None or isinstance(value, str | int | float | bool)
