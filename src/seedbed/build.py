"""Parts → Job: the one place where a training is put together, wherever its parts come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from seedbed.batch import Batch
from seedbed.checkpoint.weights import read_weights
from seedbed.config.load import LoadedConfig
from seedbed.config.schema import Config
from seedbed.config.schema import Optimizer as OptimizerConfig
from seedbed.data.batches import TrainBatches
from seedbed.data.loader import Data, make_eval, prepare
from seedbed.data.options import LoaderOptions
from seedbed.data.samples import digest
from seedbed.data.stream import StreamBatches
from seedbed.eager import compiler
from seedbed.models.freeze import freeze, frozen_modules, unfreeze
from seedbed.models.init import initialize
from seedbed.models.transfer import transfer
from seedbed.monitor import Monitor, make_monitor
from seedbed.numerics import choose_device, choose_threads, estimate_work, pinned_numerics
from seedbed.optim.ema import EMA
from seedbed.optim.groups import describe, has_sparse_gradients, parameter_groups
from seedbed.optim.optimizers import build_optimizer, default_option
from seedbed.parts import Parts, make_parts, optimizer_configs
from seedbed.provenance import collect, numeric_fingerprint
from seedbed.seeding import forked_rng, seed_everything, stream_key, torch_generator
from seedbed.speed.settle import Settled, settle
from seedbed.state import Batches, Job, TrainState


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
    speed: Settled
    project: Path | None = None
    num_train: int | None = None
    data_digest: str = "none"
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.data.close()
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
            "project": None if self.project is None else str(self.project),
            "data": {"train_digest": self.data_digest, "info": self.data.info},
            "speed": self.speed.measured,
        }

    def describe(self) -> dict[str, Any]:
        """The facts that the first event tells."""
        parameters = list(self.job.state.model.parameters())
        return {
            "name": self.config.name,
            "seed": self.config.seed,
            "device": str(self.job.state.device),
            "threads": torch.get_num_threads(),
            "parameters": count_parameters(self.job.state.model),
            "trainable": sum(p.numel() for p in parameters if p.requires_grad),
            "train_samples": self.num_train,
            "epochs": self.job.total_epochs,
            "total_steps": self.job.total_steps,
            "notes": self.notes,
        }


def build(loaded: LoadedConfig, *, allow: Sequence[str] = (), plain_layout: bool = False) -> Training:
    """Put together what a checked config names.

    Args:
        loaded: What ``parts.load`` returned.
        allow: More prefixes that dotted paths may have.
        plain_layout: As for ``assemble``.
    """
    config = loaded.config
    training = assemble(
        config,
        make_parts(loaded, allow=allow),
        resolved=config.model_dump(mode="json"),
        project=loaded.project,
        plain_layout=plain_layout,
    )
    training.notes[:0] = loaded.notes
    return training


def assemble(
    config: Config,
    parts: Parts,
    *,
    resolved: dict[str, Any],
    project: Path | None = None,
    plain_layout: bool = False,
) -> Training:
    """Put a training together. Everything that is drawn here comes from the config's seed.

    ``plain_layout`` leaves images as they come, unless the config says otherwise; for trainings that are stacked.

    Raises:
        ConfigError, DataError: The parts don't fit each other.
    """
    trainer, notes = config.trainer, list[str]()
    device = choose_device(trainer.device)
    with ExitStack() as stack:
        stack.enter_context(forked_rng(stream_key(config.seed, "init")))
        stack.enter_context(compiler(wanted=trainer.compile in {"model", "step"}))
        stack.enter_context(pinned_numerics(device, deterministic=trainer.deterministic))
        model = parts.make_model()
        loader = loader_options(config, parts.loader)
        data = make_data(config, parts, loader, device)
        notes += describe_placement(data, device)
        most_threads = torch.get_num_threads()
        threads = trainer.threads or choose_threads(work_of(model, data, loader.batch_size or 32))
        torch.set_num_threads(threads)
        state = make_state(config, parts, model, data, device, notes)
        batches: Batches = data.train
        steps_per_epoch = count_steps(batches.batches_per_epoch, trainer.accumulate)
        job = Job(
            state=state,
            batches=batches,
            train_step=parts.step,
            total_steps=horizon(config, steps_per_epoch),
            total_epochs=trainer.epochs,
            accumulate=trainer.accumulate,
        )
        speed = settle(config, job, data, threads=threads, most_threads=most_threads, plain_layout=plain_layout)
        config, notes = speed.config, notes + speed.notes()
        add_schedules(state, config, parts, job.total_steps, steps_per_epoch)
        fingerprint = numeric_fingerprint(device, {**speed.fingerprint(), **optimizer_forms(state)})
        seed_everything(stream_key(config.seed, "train"))
        return Training(
            config=config,
            resolved={**resolved, "trainer": config.trainer.model_dump(mode="json")},
            job=job,
            data=data,
            monitor=make_monitor(trainer.monitor, metric_keys(config, state, data), trainer.early_stop),
            fingerprint=fingerprint,
            notes=notes,
            speed=speed,
            project=project,
            num_train=None if isinstance(data.train, StreamBatches) else len(data.train.samples),
            data_digest=digest(data.train.samples),
            stack=stack.pop_all(),
        )


def make_data(config: Config, parts: Parts, loader: LoaderOptions, device: torch.device) -> Data:
    """Training and evaluation data; where a few batches are to be overfitted, these are the evaluation data too."""
    data = prepare(parts.source, loader, seed=config.seed, device=device)
    if config.trainer.overfit_batches is not None and isinstance(data.train, TrainBatches):
        data.val = data.test = make_eval(
            data.train.samples, data.train.pipeline, loader, parts.source.hints, config.seed
        )
    return data


def add_schedules(
    state: TrainState, config: Config, parts: Parts, total_steps: int | None, steps_per_epoch: int | None
) -> None:
    """Give every optimizer that the config names its schedule."""
    if parts.make_schedule is None:
        return
    chosen = config.lr_scheduler.optimizer if config.lr_scheduler else None
    for name, optimizer in state.optimizers.items():
        if chosen in {None, name}:
            state.schedules[name] = parts.make_schedule(optimizer, total_steps, steps_per_epoch)


def make_state(
    config: Config, parts: Parts, model: nn.Module, data: Data, device: torch.device, notes: list[str]
) -> TrainState:
    """The training state before the first update."""
    trainer, objective = config.trainer, parts.objective
    if config.init.scheme != "default":
        initialize(model, config.init.scheme, torch_generator(config.seed, "init", "scheme"))
    if config.init.checkpoint is not None:
        tensors = read_weights(Path(config.init.checkpoint))
        notes.append(str(transfer(model, tensors, strict=config.init.strict, rename=config.init.rename)))
    model.to(device)
    if isinstance(objective, nn.Module):
        objective.to(device)
    if data.target_normalizer is not None and hasattr(objective, "report_in_units"):
        objective.report_in_units(data.target_normalizer.inverse)
    state = TrainState(
        model=model,
        objective=objective,
        optimizers={},
        device=device,
        normalizer=saved_normalizers(data),
        precision=trainer.precision or "fp32",
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
    return state


def describe_placement(data: Data, device: torch.device) -> list[str]:
    """Where the training data lie, if that is a question: on a device with memory of its own."""
    placement = data.train.placement() if isinstance(data.train, TrainBatches) and device.type != "cpu" else None
    where = {"finished": f"on {device}, finished", "raw": f"on {device}", "host": "on the host, copied batch by batch"}
    return [] if placement is None else [f"training data are {where[placement.kind]} ({placement.why})"]


def saved_normalizers(data: Data) -> nn.Module | None:
    """The fitted statistics as one module, to be saved with the weights; None if nothing is normalised."""
    parts = {"inputs": data.normalizer, "targets": data.target_normalizer}
    found = nn.ModuleDict({name: module for name, module in parts.items() if module is not None})
    return found if len(found) else None


def loader_options(config: Config, options: LoaderOptions) -> LoaderOptions:
    """The loader's options with what the trainer section says of the data."""
    trainer = config.trainer
    if trainer.steps_per_epoch is not None:
        options = replace(options, batches_per_epoch=trainer.steps_per_epoch * trainer.accumulate)
    if trainer.overfit_batches is not None:
        limit = trainer.overfit_batches * (options.batch_size or 32)
        options = replace(options, limit=limit, transforms=(), sample_transforms=())
    return options


def work_of(model: nn.Module, data: Data, batch_size: int) -> int:
    """What a batch costs, from the shapes of model and data."""
    inputs = getattr(getattr(data.train, "samples", None), "inputs", None)
    if not isinstance(inputs, torch.Tensor):
        return estimate_work(model, batch_size)
    return estimate_work(model, batch_size, inputs.shape[1:], tokens=not inputs.is_floating_point())


def count_parameters(model: nn.Module) -> int:
    """Number of weights; layers that take their size from the first batch count nothing yet."""
    return sum(p.numel() for p in model.parameters() if not is_lazy(p))


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


def apply_freezing(state: TrainState, config: Config, epoch: int) -> None:
    """Freeze what the config freezes when ``epoch`` epochs are done, and train the rest."""
    for rule in config.freeze:
        if rule.until_epoch is not None and epoch >= rule.until_epoch:
            unfreeze(state.model, rule.match)
    for rule in config.freeze:
        if rule.until_epoch is None or epoch < rule.until_epoch:
            freeze(state.model, rule.match)
    state.frozen = frozen_modules(state.model) if config.freeze else ()
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


def optimizer_forms(state: TrainState) -> dict[str, str]:
    """The class of each optimizer and whether its kernels are fused: that changes floating-point results."""
    return {
        f"optimizer.{name}": f"{type(o).__name__}{' fused' if o.defaults.get('fused') else ''}"
        for name, o in state.optimizers.items()
    }


def metric_keys(config: Config, state: TrainState, data: Data) -> list[str]:
    """The names of the numbers that an evaluation of this run gives."""
    names = ["loss", *state.objective.metrics()]
    keys = ["loss", *state.epoch_metrics]
    return keys + ([f"val_{name}" for name in names] if data.val is not None else [])
