"""Config → Job: the one place where parts are put together.

The tables of short names are in ``seedbed.tables``. ``build`` resolves the parts that a config names; ``assemble`` puts
parts together, wherever they come from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import torch
from torch import nn

from seedbed.batch import Batch
from seedbed.config.schema import Config
from seedbed.config.schema import Optimizer as OptimizerConfig
from seedbed.data.loader import LoaderOptions
from seedbed.data.prepare import Data, prepare
from seedbed.data.source import Source
from seedbed.loop import train_step
from seedbed.models.freeze import freeze
from seedbed.models.init import initialize
from seedbed.monitor import Monitor, make_monitor
from seedbed.numerics import choose_device, choose_threads, pinned_numerics
from seedbed.optim.ema import EMA
from seedbed.optim.groups import describe, has_sparse_gradients, parameter_groups
from seedbed.optim.optimizers import build_optimizer, default_option
from seedbed.provenance import collect, numeric_fingerprint
from seedbed.seeding import forked_rng, seed_everything, stream_key
from seedbed.state import Batches, Job, Objective, Schedule, TrainState, TrainStep
from seedbed.virtual_epochs import VirtualEpochs

MakeSchedule = Callable[[torch.optim.Optimizer, int | None, int | None], Schedule]


@dataclass(kw_only=True)
class Parts:
    """What a training is made of, before it is put together."""

    make_model: Callable[[], nn.Module]
    source: Source
    loader: LoaderOptions
    objective: Objective
    optimizers: dict[str, type[torch.optim.Optimizer]]
    make_schedule: MakeSchedule | None = None
    step: TrainStep = train_step


@dataclass(kw_only=True)
class Training:
    """A job that is ready to run, and what the run folder says about it. Closes its workers when left."""

    config: Config
    resolved: dict[str, Any]
    job: Job
    data: Data
    monitor: Monitor | None
    fingerprint: dict[str, Any]
    notes: list[str]
    project: Any = None
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.job.batches.close()
        self.stack.close()

    @property
    def validation(self) -> Iterable[Batch] | None:
        """The data to evaluate on while training."""
        return self.data.val

    @property
    def test(self) -> Iterable[Batch] | None:
        """The data that is looked at once, at the end."""
        return self.data.test

    def set_epoch(self, epoch: int) -> None:
        """Freeze and unfreeze what is due when ``epoch`` epochs are done; a pure function of ``epoch``."""
        apply_freezing(self.job.state, self.config, epoch)

    def manifest(self, command: list[str]) -> dict[str, Any]:
        """What made this run."""
        return {
            **collect(self.project, command, self.config.seed, self.fingerprint),
            "data": {"digest": self.data.digest, "info": self.data.info},
        }

    def describe(self) -> dict[str, Any]:
        """The facts that the first event tells."""
        parameters = list(self.job.state.model.parameters())
        return {
            "name": self.config.name,
            "seed": self.config.seed,
            "device": str(self.job.state.device),
            "threads": torch.get_num_threads(),
            "parameters": sum(p.numel() for p in parameters),
            "trainable": sum(p.numel() for p in parameters if p.requires_grad),
            "train_samples": self.data.num_train,
            "epochs": self.job.total_epochs,
            "total_steps": self.job.total_steps,
            "notes": self.notes,
        }


def assemble(config: Config, parts: Parts, *, resolved: dict[str, Any], project: Any = None) -> Training:
    """Put a training together. Everything that is drawn here comes from the config's seed.

    Raises:
        ConfigError, DataError: The parts don't fit each other.
    """
    trainer, notes = config.trainer, list[str]()
    device = choose_device(trainer.device)
    with ExitStack() as stack:
        stack.enter_context(forked_rng(stream_key(config.seed, "init")))
        stack.enter_context(pinned_numerics(device, deterministic=trainer.deterministic))
        model = parts.make_model()
        data = prepare(parts.source, parts.loader, seed=config.seed, device=device)
        threads = trainer.threads or choose_threads(sum(p.numel() for p in model.parameters()), parts.loader.batch_size)
        torch.set_num_threads(threads)
        state = make_state(config, parts, model, data, device, notes)
        batches: Batches = data.train
        if trainer.steps_per_epoch is not None:
            batches = VirtualEpochs(batches, trainer.steps_per_epoch * trainer.accumulate)
        steps_per_epoch = count_steps(batches.batches_per_epoch, trainer.accumulate)
        job = Job(
            state=state,
            batches=batches,
            train_step=parts.step,
            total_steps=horizon(config, steps_per_epoch),
            total_epochs=trainer.epochs,
            accumulate=trainer.accumulate,
        )
        if parts.make_schedule is not None:
            chosen = config.lr_scheduler.optimizer if config.lr_scheduler else None
            for name, optimizer in state.optimizers.items():
                if chosen in {None, name}:
                    state.schedules[name] = parts.make_schedule(optimizer, job.total_steps, steps_per_epoch)
        fingerprint = numeric_fingerprint(device, numeric_choices(config, state))
        seed_everything(stream_key(config.seed, "train"))
        return Training(
            config=config,
            resolved=resolved,
            job=job,
            data=data,
            monitor=make_monitor(trainer.monitor, metric_keys(config, state, data), trainer.early_stop),
            fingerprint=fingerprint,
            notes=notes,
            project=project,
            stack=stack.pop_all(),
        )


def make_state(
    config: Config, parts: Parts, model: nn.Module, data: Data, device: torch.device, notes: list[str]
) -> TrainState:
    """The training state before the first update."""
    trainer, objective = config.trainer, parts.objective
    if config.init.scheme != "default":
        initialize(model, config.init.scheme, key=stream_key(config.seed, "init", "scheme"))
    model.to(device)
    if isinstance(objective, nn.Module):
        objective.to(device)
    if trainer.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = TrainState(
        model=model,
        objective=objective,
        optimizers={},
        device=device,
        normalizer=data.normalizer,
        precision=trainer.precision,
        clip_norm=trainer.clip_norm,
        clip_value=trainer.clip_value,
        non_finite=trainer.non_finite,
        scaler=torch.amp.GradScaler(device.type) if trainer.precision == "fp16" else None,
    )
    for rule in config.freeze:
        if rule.until_epoch is None:
            freeze(model, rule.match)
    for name, settings in optimizer_configs(config).items():
        state.optimizers[name] = make_optimizer(model, parts.optimizers[name], settings, notes)
    apply_freezing(state, config, 0)
    if config.ema is not None:
        state.ema = EMA(model, decay=config.ema.decay, power=config.ema.power, start_step=config.ema.start_step)
    if config.evaluate.train_metrics:
        state.epoch_metrics = objective.metrics()
    if trainer.compile:
        model.compile()
    return state


def make_optimizer(
    model: nn.Module, cls: type[torch.optim.Optimizer], settings: OptimizerConfig, notes: list[str]
) -> torch.optim.Optimizer:
    """One optimizer over the parameters that its settings name; says in ``notes`` what gets no weight decay."""
    args = dict(settings.args)
    groups = parameter_groups(
        model,
        params=settings.params,
        lr=args.get("lr"),
        weight_decay=args.get("weight_decay", default_option(cls, "weight_decay")),
        groups=[group.model_dump(exclude_none=True) for group in settings.groups],
        decay_all=settings.decay_all,
    )
    notes.append(describe(groups))
    return build_optimizer(cls, groups, args, sparse=has_sparse_gradients(model))


def optimizer_configs(config: Config) -> dict[str, OptimizerConfig]:
    """The optimizers by name; a single one is called "main"."""
    return config.optimizer if isinstance(config.optimizer, dict) else {"main": config.optimizer}


def apply_freezing(state: TrainState, config: Config, epoch: int) -> None:
    """Freeze what the config freezes when ``epoch`` epochs are done, and train the rest."""
    frozen: list[nn.Module] = []
    for rule in config.freeze:
        if rule.until_epoch is None or epoch < rule.until_epoch:
            frozen += freeze(state.model, rule.match)
        else:
            freeze(state.model, rule.match, frozen=False)
    state.frozen = tuple(frozen)
    if state.model.training:
        state.train_mode()


def count_steps(batches_per_epoch: int | None, accumulate: int) -> int | None:
    """Updates in an epoch: the last window may be smaller."""
    return None if batches_per_epoch is None else math.ceil(batches_per_epoch / accumulate)


def horizon(config: Config, steps_per_epoch: int | None) -> int | None:
    """The total number of updates; None if the data don't say how long they are."""
    trainer = config.trainer
    if steps_per_epoch is None or trainer.epochs is None:
        return trainer.steps
    total = steps_per_epoch * trainer.epochs
    return total if trainer.steps is None else min(total, trainer.steps)


def numeric_choices(config: Config, state: TrainState) -> dict[str, Any]:
    """What this run chose that changes floating-point results."""
    trainer = config.trainer
    return {
        "precision": trainer.precision,
        "compile": trainer.compile,
        "channels_last": trainer.channels_last,
        **{
            f"optimizer.{name}": f"{type(o).__name__}{' fused' if o.defaults.get('fused') else ''}"
            for name, o in state.optimizers.items()
        },
    }


def metric_keys(config: Config, state: TrainState, data: Data) -> list[str]:
    """The names of the numbers that an evaluation of this run gives."""
    names = ["loss", *state.objective.metrics()]
    keys = ["loss", *state.epoch_metrics]
    return keys + ([f"val_{name}" for name in names] if data.val is not None else [])
