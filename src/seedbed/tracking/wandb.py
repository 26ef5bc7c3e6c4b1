"""Weights & Biases, from a thread of its own: the training only puts events into a queue."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from seedbed.errors import require
from seedbed.rundir import decode_number
from seedbed.tracking.lines import is_number
from seedbed.tracking.tracker import MediaKind, Tracker

CAPACITY = 10_000
PATIENCE = 60.0


class WandB(Tracker):
    """Writes a run for Weights & Biases; offline unless told otherwise (``wandb sync`` uploads later).

    Whatever goes wrong in the thread is raised by the next call here.

    Args:
        folder: Where the files go, ``wandb`` in a run folder.
        settings: The resolved config.
        project: Project name.
        name: Name of the run.
        mode: "offline" or "online".

    Raises:
        MissingExtraError: The package ``wandb`` is not installed.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        project: str = "seedbed",
        name: str | None = None,
        mode: Literal["offline", "online"] = "offline",
    ) -> None:
        self._wandb = require("wandb", "wandb", "writing to Weights & Biases")
        self.folder, self.project, self.name, self.mode = folder, project, name, mode
        self.settings = dict(settings or {})
        self._queue: queue.Queue[tuple[str, Any, int] | None] = queue.Queue(CAPACITY)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="wandb", daemon=True)
        self._thread.start()

    def write(self, event: Mapping[str, Any]) -> None:
        """Queue the event's numbers."""
        kind, step = event.get("event"), int(event.get("step", 0))
        if kind == "step":
            skipped = ("event", "step", "epoch", "time", "scalars")
            values = {k: v for k, v in event.items() if k not in skipped} | dict(event.get("scalars") or {})
            self._put("log", _named("train", values), step)
        elif kind == "evaluate":
            self._put("log", _named(str(event["split"]), event["metrics"]), step)
        elif kind == "epoch":
            metrics = {k: v for k, v in (event.get("metrics") or {}).items() if not k.startswith("val_")}
            values = {"loss": event.get("loss"), "seconds": event.get("seconds"), **metrics}
            self._put("log", {**_named("epoch", values), "epoch": event.get("epoch")}, step)
        elif kind == "end":
            summary = {k: decode_number(v) for k, v in (event.get("metrics") or {}).items() if is_number(v)}
            self._put("summary", {**summary, "status": event.get("status")}, step)

    def media(self, kind: MediaKind, name: str, value: Any, step: int) -> None:
        """Queue a histogram, picture or text; other kinds are not sent."""
        if kind == "histogram":
            self._put("histogram", (name, torch.as_tensor(value).detach().float().cpu().numpy().copy()), step)
        elif kind == "image":
            self._put("image", (name, torch.as_tensor(value).detach().cpu().numpy().copy()), step)
        elif kind == "text":
            self._put("text", (name, str(value)), step)

    def close(self) -> None:
        """Wait until everything is written, but no longer than a minute."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                raise TimeoutError(f"it did not finish within {PATIENCE:.0f} seconds")
        self._raise()

    def _put(self, what: str, value: Any, step: int) -> None:
        self._raise()
        try:
            self._queue.put_nowait((what, value, step))
        except queue.Full:
            raise RuntimeError(f"{CAPACITY} events wait to be written; is the disk or the network stuck?") from None

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _work(self) -> None:
        try:
            run = self._open()
            while (item := self._queue.get()) is not None:
                self._send(run, *item)
            run.finish()
        except Exception as error:
            self._error = error

    def _open(self) -> Any:
        self.folder.mkdir(parents=True, exist_ok=True)
        wandb = self._wandb
        # wandb makes a folder "wandb" below the one that it is given
        root = self.folder.parent if self.folder.name == "wandb" else self.folder
        return wandb.init(
            project=self.project,
            name=self.name,
            dir=os.fspath(root),
            mode=self.mode,
            config=self.settings,
            reinit="create_new",
            settings=wandb.Settings(silent=True, console="off", disable_git=True, save_code=False),
        )

    def _send(self, run: Any, what: str, value: Any, step: int) -> None:
        if what == "log":
            run.log(value, step=step)
        elif what == "summary":
            run.summary.update(value)
        else:
            name, content = value
            if what == "histogram":
                finite = content[np.isfinite(content)]
                if finite.size:
                    run.log({name: self._wandb.Histogram(finite)}, step=step)
            elif what == "image":
                picture = np.moveaxis(content, 0, -1) if content.ndim == 3 and content.shape[0] in (1, 3) else content
                run.log({name: self._wandb.Image(picture)}, step=step)
            else:
                run.log({name: self._wandb.Html(f"<pre>{_escape(content)}</pre>")}, step=step)


def _named(section: str, values: Mapping[str, Any]) -> dict[str, float]:
    return {f"{section}/{k}": decode_number(v) for k, v in values.items() if v is not None and is_number(v)}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
