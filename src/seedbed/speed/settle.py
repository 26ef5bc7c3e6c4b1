"""From the config's wishes to the update of a training, and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from seedbed.batch import Batch, Cursor
from seedbed.config.schema import Config
from seedbed.data.loader import Data
from seedbed.speed.choose import Numerics, choose_step
from seedbed.speed.images import prefers_channels_last, why_not_channels_last
from seedbed.speed.probe import probe
from seedbed.state import Job

CHOICES = ("precision", "channels_last", "threads", "compile", "cuda_graphs")
PROBE_BATCHES = 4


@dataclass(kw_only=True)
class Settled:
    """How a training computes.

    ``config`` is the training's config with what was chosen filled in, so that training it again chooses nothing;
    ``numerics`` is what came of it; ``measured`` what the probe saw, None where nothing was probed; ``refusals`` a
    sentence for every wish that could not be fulfilled.
    """

    config: Config
    numerics: Numerics
    measured: dict[str, Any] | None = None
    refusals: list[str] = field(default_factory=list)

    def fingerprint(self) -> dict[str, Any]:
        """What changes floating-point results, threads excepted, which torch itself tells."""
        return {name: getattr(self.numerics, name) for name in CHOICES if name != "threads"}

    def notes(self) -> list[str]:
        """What was decided by default and is not what torch does by itself."""
        decided = self.numerics.channels_last and self.config.trainer.channels_last is None
        return ["images are laid out as channels-last; trainer.channels_last=false leaves them"] if decided else []

    def sentence(self) -> str:
        """What the probe chose, for a person."""
        assert self.measured is not None
        kept = {key: value for key, value in self.measured["chosen"].items() if value not in (False, "off")}
        parts = [f"{key} {value}" if value is not True else key for key, value in kept.items()]
        return f"measured for {self.measured['seconds']:.1f} s, chose {', '.join(parts)}"


def settle(
    config: Config, job: Job, data: Data, *, threads: int, most_threads: int, plain_layout: bool = False
) -> Settled:
    """Choose, measure where the config asks for it, and give the job its update.

    Args:
        config: Its trainer section says what is wanted.
        job: A training before its first update, with its plain update.
        data: Its data; fitted first where a batch is needed.
        threads: CPU threads without a probe.
        most_threads: Threads that torch was given.
        plain_layout: Leave images as they come, unless the config says otherwise.
    """
    trainer, plain, state = config.trainer, job.train_step, job.state
    numerics = Numerics(
        precision=trainer.precision or "fp32",
        channels_last=bool(trainer.channels_last),
        threads=threads,
        compile=trainer.compile or "off",
        cuda_graphs=bool(trainer.cuda_graphs),
    )
    settled = Settled(config=config, numerics=numerics)

    def take() -> Batch:
        data.fit()
        return job.batches.take(Cursor(), 1)[0][0]

    if numerics.channels_last and (reason := why_not_channels_last(state, take())) is not None:
        numerics = replace(numerics, channels_last=False)
        settled.refusals.append(f"trainer.channels_last is left out: {reason}")
    undecided = [name for name in CHOICES if getattr(trainer, name) is None]
    if trainer.speed == "auto" and undecided:
        data.fit()
        probed = probe(
            plain,
            state,
            take_some(job),
            numerics,
            undecided=undecided,
            most_threads=most_threads,
            planned=job.total_steps,
            accumulate=job.accumulate,
        )
        numerics, settled.measured = probed.numerics, probed.to_json()
        settled.config = fill(config, numerics)
    elif trainer.channels_last is None and not plain_layout:
        numerics = replace(numerics, channels_last=prefers_channels_last(job))
    data.train.pipeline.channels_last = numerics.channels_last
    numerics.apply(state)
    chosen = choose_step(plain, state, numerics, take, accumulate=job.accumulate, record=trainer.recorded)
    job.train_step = chosen.step
    settled.refusals += chosen.refusals
    settled.numerics = replace(numerics, compile=chosen.compile, cuda_graphs=chosen.cuda_graphs)
    return settled


def take_some(job: Job) -> list[Batch]:
    """The first batches of the training, all of one size."""
    cursor, batches = Cursor(), list[Batch]()
    while len(batches) < PROBE_BATCHES and cursor.epoch == 0:
        taken, cursor = job.batches.take(cursor, 1)
        batches += [batch for batch in taken if not batches or batch.num_samples == batches[0].num_samples]
    return batches


def fill(config: Config, numerics: Numerics) -> Config:
    """The config with every choice written out that it left open; what it asks for stays, fulfilled or not."""
    open_ones = {name: getattr(numerics, name) for name in CHOICES if getattr(config.trainer, name) is None}
    return config.model_copy(update={"trainer": config.trainer.model_copy(update=open_ones)})
