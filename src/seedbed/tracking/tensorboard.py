"""TensorBoard files. The writer's own queue keeps the disk out of the training's way."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import nn

from seedbed.batch import map_tensors
from seedbed.errors import require
from seedbed.rundir import decode_number
from seedbed.seeding import capture_rng, restore_rng
from seedbed.tracking.lines import is_number
from seedbed.tracking.tracker import MediaKind, Tracker

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FLUSH_SECONDS = 5


class TensorBoard(Tracker):
    """Writes numbers and media of a run for TensorBoard.

    Scalars go by split: ``train/loss`` at each logged update, ``val/…`` and ``test/…`` at each evaluation,
    ``epoch/…`` for the means of an epoch. The writer opens with the first event; after a resume what was written
    beyond the checkpoint is marked as void.

    Args:
        folder: Where the files go, ``tensorboard`` in a run folder.
        settings: The resolved config; with it the end of the run writes hparams.

    Raises:
        MissingExtraError: The package ``tensorboard`` is not installed.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any] | None = None) -> None:
        require("tensorboard", "tensorboard", "writing TensorBoard files")
        self.folder = folder
        self.settings = settings
        self._writer: SummaryWriter | None = None

    def write(self, event: Mapping[str, Any]) -> None:
        """Write the event's numbers."""
        kind, step = event.get("event"), int(event.get("step", 0))
        if kind == "resume":
            self._open(purge_step=step + 1)
        elif kind == "step":
            self._scalars("train", _numbers(event), step)
        elif kind == "evaluate":
            self._scalars(str(event["split"]), event["metrics"], step)
        elif kind == "epoch":
            metrics = {k: v for k, v in (event.get("metrics") or {}).items() if not k.startswith("val_")}
            self._scalars("epoch", {"loss": event.get("loss"), "lr": event.get("lr"), **metrics}, step)
            self._scalars("epoch", {"seconds": event.get("seconds")}, step)
        elif kind in ("note", "speed", "finding", "signal"):
            text = str(event.get("text") or event.get("message") or event.get("reason") or "")
            self.writer.add_text(f"log/{kind}", text, step)
        elif kind == "end":
            if self.settings is not None:
                self.media("hparams", "hparams", (self.settings, event.get("metrics") or {}), step)
            self.writer.flush()

    def media(self, kind: MediaKind, name: str, value: Any, step: int) -> None:
        """Write a histogram, picture, text, mesh, graph, hparams, precision-recall curve, embedding or sound."""
        with _quiet():
            getattr(self, f"_{kind}")(name, value, step)

    def close(self) -> None:
        """Write what waits and close the files."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    @property
    def writer(self) -> SummaryWriter:
        """Torch's own writer, for everything that is not offered here."""
        return self._writer or self._open()

    def _open(self, purge_step: int | None = None) -> SummaryWriter:
        with _quiet():
            from torch.utils.tensorboard import SummaryWriter

            self.close()
            self._writer = SummaryWriter(str(self.folder), purge_step=purge_step, flush_secs=FLUSH_SECONDS)
        return self._writer

    def _scalars(self, section: str, values: Mapping[str, Any], step: int) -> None:
        for name, value in values.items():
            if value is not None and is_number(value):
                self.writer.add_scalar(f"{section}/{name}", decode_number(value), step)

    def _histogram(self, name: str, value: Any, step: int) -> None:
        values = torch.as_tensor(value).detach().float().flatten().cpu()
        finite = values[torch.isfinite(values)]
        if len(finite):
            self.writer.add_histogram(name, finite, step)

    def _image(self, name: str, value: Any, step: int) -> None:
        picture = _array(value)
        if picture.ndim == 2:
            layout = "HW"
        else:
            layout = "HWC" if picture.shape[-1] in (1, 3, 4) and picture.shape[0] not in (1, 3, 4) else "CHW"
        self.writer.add_image(name, picture, step, dataformats=layout)

    def _images(self, name: str, value: Any, step: int) -> None:
        self.writer.add_images(name, _array(value), step, dataformats="NCHW")

    def _text(self, name: str, value: Any, step: int) -> None:
        self.writer.add_text(name, str(value), step)

    def _mesh(self, name: str, value: Any, step: int) -> None:
        parts = {key: torch.as_tensor(_array(part))[None] for key, part in value.items() if part is not None}
        self.writer.add_mesh(name, parts["vertices"], parts.get("colors"), parts.get("faces"), global_step=step)

    def _graph(self, name: str, value: Any, step: int) -> None:
        model, inputs = value
        # a forward pass draws random numbers and moves BatchNorm's statistics: let a copy do it
        kept = capture_rng()
        try:
            with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
                self.writer.add_graph(_single(model), map_tensors(torch.clone, inputs))
        except Exception as error:
            sentence = str(error).strip().partition("\n")[0]
            self.writer.add_text("log/note", f"no graph: tracing the model failed with {sentence}", step)
        finally:
            restore_rng(kept)

    def _hparams(self, name: str, value: Any, step: int) -> None:
        from torch.utils.tensorboard.summary import hparams

        settings, metrics = value
        scores = {f"hparam/{k}": decode_number(v) for k, v in metrics.items() if is_number(v)}
        # add_hparams() would make a second run in a subfolder of its own; its three records do as well here
        records = hparams(flatten(settings), scores)
        file = cast(Any, self.writer).file_writer
        for record in records:
            file.add_summary(record, step)
        for key, score in scores.items():
            self.writer.add_scalar(key, score, step)

    def _pr_curve(self, name: str, value: Any, step: int) -> None:
        labels, scores = value
        self.writer.add_pr_curve(name, _array(labels), _array(scores), step)

    def _embedding(self, name: str, value: Any, step: int) -> None:
        vectors, labels = value
        metadata = None if labels is None else [str(label) for label in labels]
        self.writer.add_embedding(_array(vectors), metadata=metadata, global_step=step, tag=name)

    def _audio(self, name: str, value: Any, step: int) -> None:
        samples, rate = value
        sound = torch.as_tensor(_array(samples)).reshape(1, -1).float()
        self.writer.add_audio(name, sound, step, sample_rate=int(rate))


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, bool | float | str]:
    """A nested config in one level, ``optimizer.args.lr``, with values that hparams take."""
    flat: dict[str, bool | float | str] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{name}.")
        elif isinstance(value, bool | int | float | str):
            flat[name] = value
        else:
            flat[name] = "none" if value is None else json.dumps(value, default=str)
    return flat


def _numbers(event: Mapping[str, Any]) -> dict[str, Any]:
    skipped = ("event", "step", "epoch", "time", "scalars")
    return {**{k: v for k, v in event.items() if k not in skipped}, **(event.get("scalars") or {})}


def _array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return np.asarray(value.float() if value.dtype == torch.bfloat16 else value)
    return np.asarray(value)


def _single(model: nn.Module) -> nn.Module:
    return copy.deepcopy(model).eval()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Torch's writer uses what torch itself deprecates, and tensorboard talks about TensorFlow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
