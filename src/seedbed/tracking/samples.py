"""What a run shows besides its numbers, and when: graph and config at the start, weights and samples after epochs.

Showing changes nothing: forward passes run in eval mode on their own random numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

import torch
from torch import Tensor

from seedbed.batch import Batch, map_tensors
from seedbed.config.schema import TensorBoard as Settings
from seedbed.errors import ConfigError
from seedbed.evaluate import evaluation_mode
from seedbed.rundir import dumps
from seedbed.seeding import forked_rng
from seedbed.state import TrainState
from seedbed.tracking.media import as_code, write_histograms, write_pictures
from seedbed.tracking.tracker import MediaKind, Tracker

MOST = 16


def first_samples(batch: Batch, count: int = MOST) -> Batch:
    """The first samples of a batch: keep them for the whole run, so that the pictures can be compared."""

    def cut(tensor: Tensor) -> Tensor:
        return tensor[:count].clone()

    return Batch(map_tensors(cut, batch.inputs), map_tensors(cut, batch.targets), batch.indices[:count])


def write_start(
    tracker: Tracker, settings: Settings, state: TrainState, samples: Batch | None, config: Mapping[str, Any]
) -> None:
    """The config as text and, if ``settings`` ask for it, the model's graph on ``samples``."""
    tracker.media("text", "config", as_code(dumps(config, indent=2)), state.step)
    if settings.graph and samples is not None:
        inputs = samples.to(state.device).inputs
        with forked_rng():
            tracker.media("graph", "model", (state.model, inputs), state.step)


def write_epoch(
    tracker: Tracker,
    settings: Settings,
    state: TrainState,
    samples: Batch | None,
    epoch: int,
    info: Mapping[str, Any] | None = None,
) -> None:
    """Histograms of weights and gradients, and the samples with prediction and truth, as often as ``settings`` say.

    Args:
        tracker: Whom to show it.
        settings: The config's ``tracking.tensorboard`` section.
        state: The training state; it is left as it is.
        samples: A few samples, the same after every epoch.
        epoch: How many epochs are done.
        info: What is known of the data: ``class_names``, ``vocabulary``.
    """
    every = settings.histograms_every_epochs
    if every is not None and epoch % every == 0:
        write_histograms(tracker, state.model, state.step)
    every = settings.images_every_epochs
    if every is not None and epoch % every == 0 and samples is not None:
        write_samples(tracker, state, samples, info or {})


def write_media(tracker: Tracker, media: Mapping[str, tuple[str, Any]], step: int) -> None:
    """What an update of the user's own wants to show, by name: a kind and a value, or a function that makes it.

    Raises:
        ConfigError: There is no such kind.
    """
    with forked_rng(), torch.no_grad():
        for name, (kind, value) in media.items():
            if kind not in get_args(MediaKind):
                kinds = ", ".join(get_args(MediaKind))
                raise ConfigError(f"Step.media[{name!r}] is of the kind {kind!r}; choose one of {kinds}")
            tracker.media(cast("MediaKind", kind), name, value() if callable(value) else value, step)


def write_samples(tracker: Tracker, state: TrainState, samples: Batch, info: Mapping[str, Any]) -> None:
    """Samples with prediction and truth: pictures as one labelled grid, token sequences as text; else nothing."""
    inputs = samples.inputs
    pictures, texts = is_picture(inputs), info.get("vocabulary") is not None and is_tokens(inputs)
    if not (pictures or texts):
        return
    batch = samples.to(state.device)
    with forked_rng(), evaluation_mode(state.model), state.autocast():
        outputs = state.objective(state.model, batch).outputs
    if pictures:
        truth = captions(samples.targets)
        predicted = captions(predictions(outputs, samples.targets))
        if truth is not None and predicted is not None and len(truth) == len(predicted) == len(inputs):
            write_pictures(tracker, inputs, truth, predicted, state.step, classes=info.get("class_names"))
    elif isinstance(outputs, Tensor) and outputs.ndim == 3:
        text = token_text(inputs, outputs.argmax(-1).cpu(), info["vocabulary"])
        tracker.media("text", "samples/text", text, state.step)


def is_picture(inputs: Any) -> bool:
    """Whether inputs are pictures: N×C×H×W with one or three channels."""
    return isinstance(inputs, Tensor) and inputs.ndim == 4 and inputs.shape[1] in (1, 3) and min(inputs.shape[2:]) >= 4


def is_tokens(inputs: Any) -> bool:
    """Whether inputs are token numbers: N×L integers."""
    return isinstance(inputs, Tensor) and inputs.ndim == 2 and not inputs.is_floating_point()


def predictions(outputs: Any, targets: Any) -> Tensor | None:
    """What the model says, in the form of the targets: a class number or a value for each sample."""
    if not isinstance(outputs, Tensor) or not isinstance(targets, Tensor):
        return None
    outputs = outputs.detach().float().cpu()
    if targets.is_floating_point():
        return outputs.reshape(len(outputs), -1)[:, 0] if outputs.numel() == len(outputs) else None
    return outputs.argmax(1) if outputs.ndim == 2 and outputs.shape[1] > 1 else None


def captions(values: Tensor | Any | None) -> list[Any] | None:
    """A caption's content for each sample: class numbers as they are, other numbers in short."""
    if not isinstance(values, Tensor) or values.numel() != len(values):
        return None
    flat = values.reshape(-1).tolist()
    return [f"{value:.3g}" for value in flat] if values.is_floating_point() else flat


def token_text(inputs: Tensor, predicted: Tensor, vocabulary: Sequence[str], count: int = 4) -> str:
    """Inputs and the most likely next tokens, as Markdown that keeps lines."""
    parts = []
    for number in range(min(count, len(inputs))):
        given, said = (
            "".join(str(vocabulary[int(token)]) if 0 <= int(token) < len(vocabulary) else "?" for token in row)
            for row in (inputs[number], predicted[number])
        )
        parts.append(f"**given**\n\n{as_code(given)}\n\n**next, at each place**\n\n{as_code(said)}")
    return "\n\n---\n\n".join(parts)
