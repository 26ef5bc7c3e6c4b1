"""The sections of a config, one frozen model each, one sentence under every field. No torch here.

Relations between fields are checked in one place, ``Config.check_relations``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values don't change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Component(Section):
    """A part to build: what it is and with which arguments."""

    type: str
    """Short name, a name in the project's own modules, or a dotted path under an allowed prefix."""
    args: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments, checked against the callable's signature."""


class ParameterGroup(Section):
    """Parameters that get options of their own."""

    match: str
    """Pattern over parameter names (`head.*`, `*.bias`); the first group that matches wins."""
    lr: float | None = Field(default=None, ge=0)
    """Learning rate of this group; the optimizer's if absent."""
    weight_decay: float | None = Field(default=None, ge=0)
    """Weight decay of this group; the optimizer's if absent."""


class Optimizer(Component):
    """The optimizer: any of `torch.optim`, by its class name."""

    params: str = "*"
    """Pattern over parameter names: which parameters this optimizer trains (several optimizers share a model so)."""
    groups: list[ParameterGroup] = Field(default_factory=list)
    """Groups with options of their own."""
    decay_all: bool = False
    """Apply weight decay to norms and biases too; by default it spares every parameter with fewer than 2 dimensions."""


class Schedule(Component):
    """How the learning rate goes: a schedule of ours or any of `torch.optim.lr_scheduler`."""

    interval: Literal["step", "epoch"] | None = None
    """Unit of the schedule's arguments; each schedule's own default if absent."""
    optimizer: str | None = None
    """Which optimizer it drives, where there are several; all if absent."""


class Initialization(Section):
    """What the weights are before the first step."""

    scheme: Literal["default", "kaiming", "xavier", "orthogonal", "trunc_normal"] = "default"
    """Initialisation of linear and convolution weights; `default` leaves what the model's constructor made."""
    checkpoint: str | None = None
    """Run folder, checkpoint folder or weights file to start from."""
    strict: bool = True
    """Whether a missing, unexpected or mismatched tensor is an error; if not, it is reported and skipped."""
    rename: dict[str, str] = Field(default_factory=dict)
    """Prefixes to replace in the checkpoint's names, old to new, before matching."""


class Freeze(Section):
    """Weights that don't train."""

    match: list[str]
    """Patterns over parameter names."""
    until_epoch: int | None = Field(default=None, ge=1)
    """Unfreeze when this many epochs are done; never if absent."""


class EMA(Section):
    """An exponential moving average of the weights, buffers included."""

    decay: float = Field(default=0.999, gt=0, lt=1)
    """Share of the old average that each update keeps (the upper bound where `power` is set)."""
    power: float | None = Field(default=None, gt=0, le=1)
    """Warm-up: the decay at update s is min(decay, 1 - (1 + s)^-power)."""
    start_step: int = Field(default=0, ge=0)
    """Until then the average is a copy of the weights."""


class Evaluate(Section):
    """When and on which weights to evaluate."""

    every_epochs: int | None = Field(default=1, ge=1)
    """Evaluate after every so many epochs; never by epochs if null."""
    every_steps: int | None = Field(default=None, ge=1)
    """Evaluate after every so many updates."""
    weights: Literal["auto", "raw", "ema"] = "auto"
    """Weights to evaluate: `auto` is the average where there is one, else the raw weights."""
    train_metrics: bool = False
    """Compute the objective's metrics over the training batches too (in train mode, while the weights move)."""
    test: bool = True
    """Evaluate the test split once, at the end, with the best weights."""


class Checkpoint(Section):
    """When to save and what to keep."""

    every_epochs: int | None = Field(default=1, ge=1)
    """Save after every so many epochs."""
    every_steps: int | None = Field(default=None, ge=1)
    """Save after every so many updates."""
    keep_last: int = Field(default=2, ge=1)
    """How many of the newest checkpoints stay; the best one stays as well."""
    keep_every_epochs: int | None = Field(default=None, ge=1)
    """Keep each checkpoint whose epoch is a multiple of this, forever."""


class Trainer(Section):
    """The loop."""

    epochs: int | None = Field(default=10, ge=1)
    """Passes over the training data."""
    steps: int | None = Field(default=None, ge=1)
    """Number of updates; ends the training before `epochs` if it is reached first."""
    steps_per_epoch: int | None = Field(default=None, ge=1)
    """Updates that make up an epoch, if not all of the data (pytorch-template's `len_epoch`)."""
    accumulate: int = Field(default=1, ge=1)
    """Batches per update; the update is exactly that of the one large batch."""
    speed: Literal["exact", "auto"] = "exact"
    """`exact` keeps the plain update's numbers; `auto` measures before the first update which of precision, memory
    layout, threads, compiling and CUDA graphs pays, where none is given here, and records what it chose."""
    precision: Literal["fp32", "bf16", "fp16"] | None = None
    """Number format of the forward pass, fp32 if absent; fp16 uses a loss scaler."""
    clip_norm: float | None = Field(default=None, gt=0)
    """Largest global gradient norm."""
    clip_value: float | None = Field(default=None, gt=0)
    """Largest absolute value of a gradient element."""
    monitor: str = "auto"
    """`max KEY` or `min KEY` says what is best, `off` turns it off; `auto` is `min val_loss` where there is one."""
    early_stop: int | None = Field(default=None, ge=0)
    """Stop after more than so many evaluations in a row without improvement."""
    non_finite: Literal["stop", "skip", "rewind"] = "stop"
    """What to do when a loss is not finite: stop, skip the update, or go back to the last checkpoint and skip it."""
    time_limit: float | None = Field(default=None, gt=0)
    """Save and stop after so many seconds."""
    overfit_batches: int | None = Field(default=None, ge=1)
    """Train and evaluate on only the first so many batches: a model that can't learn these has a mistake."""
    device: str = "auto"
    """`cpu`, `cuda`, `cuda:1`, `mps`; `auto` takes an accelerator where there is one."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads of torch; part of the numeric fingerprint. A fixed number that suits the model size if absent."""
    deterministic: bool = True
    """Only deterministic algorithms; an operation that has none is an error that names it."""
    compile: Literal["off", "model", "step"] | None = None
    """What torch.compile gets: nothing (if absent too), the model, or forward, loss, backward and clipping as one."""
    channels_last: bool | None = None
    """Lay out images and convolution weights as channels-last; if absent, on a CPU where the model takes them so and
    gains by it."""
    cuda_graphs: bool | None = None
    """Record the whole update once as a CUDA graph and replay it; not if absent."""
    recorded: bool | None = None
    """Replay forward and backward from a record, with the same bits; if absent, on a CPU where that is sure."""
    train_step: str | None = None
    """Name of your own update function `(state, batch) -> Step` in the project's modules."""

    @field_validator("compile", mode="before")
    @classmethod
    def read_compile(cls, value: Any) -> Any:
        """true is the model, false is off."""
        return {True: "model", False: "off"}[value] if isinstance(value, bool) else value


class TensorBoard(Section):
    """What goes to TensorBoard besides the scalars."""

    graph: bool = True
    """The model's graph, once."""
    histograms_every_epochs: int | None = Field(default=1, ge=1)
    """Histograms of weights and gradients after every so many epochs."""
    images_every_epochs: int | None = Field(default=1, ge=1)
    """Sample inputs with prediction and truth after every so many epochs, where inputs are images."""
    hparams: bool = True
    """The config and final metrics as hparams."""


class WandB(Section):
    """Weights & Biases."""

    project: str = "seedbed"
    """Project name."""
    mode: Literal["offline", "online"] = "offline"
    """Offline writes files that `wandb sync` uploads later."""


class Tracking(Section):
    """What is logged and where. Logging never changes the weights."""

    log_every: int = Field(default=50, ge=1)
    """Log the step's loss and rate after every so many updates."""
    gradients: bool = False
    """Log the gradient norm and the update-to-weight ratio per parameter group with each logged step."""
    tensorboard: bool | TensorBoard = False
    """Write TensorBoard files."""
    wandb: bool | WandB = False
    """Write to Weights & Biases."""


class Config(Section):
    """One training."""

    name: str = "run"
    """Name of the run; its folder is `runs/<name>/<id>`."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Root of all randomness."""
    model: Component
    """The model."""
    data: Component
    """The data: a source and its loader options."""
    objective: Component
    """Loss and metrics."""
    optimizer: Optimizer | dict[str, Optimizer] = Field(default_factory=lambda: Optimizer(type="AdamW"))
    """The optimizer, or several by name for a custom `train_step`."""
    lr_scheduler: Schedule | None = None
    """The learning-rate schedule; constant if absent."""
    init: Initialization = Field(default_factory=Initialization)
    """Initial weights."""
    freeze: list[Freeze] = Field(default_factory=list)
    """Weights that don't train."""
    ema: EMA | None = None
    """Moving average of the weights."""
    trainer: Trainer = Field(default_factory=Trainer)
    """The loop."""
    evaluate: Evaluate = Field(default_factory=Evaluate)
    """Evaluation."""
    checkpoint: Checkpoint = Field(default_factory=Checkpoint)
    """Saving."""
    tracking: Tracking = Field(default_factory=Tracking)
    """Logging."""
    allow: list[str] = Field(default_factory=list)
    """Codes of findings that are accepted in this run."""

    @field_validator("name")
    @classmethod
    def check_name(cls, name: str) -> str:
        """Refuse what cannot be the name of a folder."""
        if not name or name in {".", ".."} or any(c in name for c in '/\\:*?"<>|\0') or name != name.strip():
            raise ValueError(f"{name!r} cannot be a folder name; use letters, digits, '-', '_' and '.'")
        return name

    @model_validator(mode="after")
    def check_relations(self) -> Config:
        """All relations between fields; each line of the error starts with the key that it is about."""
        trainer = self.trainer
        wrong = []
        if trainer.epochs is None and trainer.steps is None:
            wrong.append("trainer.epochs is null and so is trainer.steps; give one of them")
        if trainer.monitor not in {"auto", "off"}:
            mode, _, key = trainer.monitor.partition(" ")
            if mode not in {"min", "max"} or not key.strip():
                wrong.append(f"trainer.monitor is {trainer.monitor!r}; write 'min KEY', 'max KEY', 'auto' or 'off'")
        if trainer.early_stop is not None and trainer.monitor == "off":
            wrong.append("trainer.early_stop needs trainer.monitor, which is 'off'; write 'min val_loss', say")
        if self.evaluate.weights == "ema" and self.ema is None:
            wrong.append('evaluate.weights is \'ema\' but there is no ema section; add "ema": {"decay": 0.999}')
        if isinstance(self.optimizer, dict) and trainer.train_step is None:
            wrong.append("optimizer holds several, which need trainer.train_step, your own update function")
        if trainer.train_step is not None and trainer.accumulate != 1:
            wrong.append("trainer.accumulate must be 1 with a custom trainer.train_step, which makes its own update")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self
