"""The seam between a run and whoever watches it: ``Tracker``, and the fan-out to several.

Events are plain mappings: ``{"event": kind, "step": updates made, "epoch": …, …}``. Kinds and what they carry:

    start     run, device, parameters, total_steps, epochs, …      resume  checkpoint
    step      loss, lr, samples_per_second, grad_norm?, scalars?
    evaluate  split ("val" or "test"), weights ("raw" or "ema"), metrics
    epoch     loss, lr, metrics, samples_per_second, seconds, best
    save      checkpoint, reason                                   signal  reason
    finding   code, severity, message                              note    text
    end       status, metrics, best, seconds
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from seedbed.state import StepRecord

MediaKind = Literal[
    "histogram", "image", "images", "text", "mesh", "graph", "hparams", "pr_curve", "embedding", "audio"
]


class Tracker(ABC):
    """Somebody who is told about a run."""

    @abstractmethod
    def write(self, event: Mapping[str, Any]) -> None:
        """Take one event."""

    def media(self, kind: MediaKind, name: str, value: Any, step: int) -> None:  # noqa: B027
        """Take something that is not a number; ignored by default.

        Args:
            kind: What ``value`` is: "histogram" a tensor; "image" a picture, H×W, C×H×W or H×W×3 uint8; "images"
                N×C×H×W; "text" Markdown; "mesh" a mapping with vertices (N, 3), faces (F, 3)?, colors (N, 3)?;
                "graph" (model, inputs); "hparams" (settings, metrics), two mappings; "pr_curve" (labels, scores),
                each (N,); "embedding" (vectors (N, D), labels); "audio" (samples (L,) in [-1, 1], rate in Hz).
            name: Name to show it under; slashes make sections.
            step: Number of updates made.
        """

    def tick(self, record: StepRecord, total_steps: int | None) -> None:  # noqa: B027
        """Take every update. Must cost less than a microsecond unless it shows something now."""

    def close(self) -> None:  # noqa: B027
        """Finish and let go of files and threads."""


class Trackers(Tracker):
    """Several trackers as one. One that fails is switched off with one note; the training goes on.

    Args:
        trackers: Whom to tell.
        say: Where the note goes; it may write an event to these trackers again.
    """

    def __init__(self, trackers: Sequence[Tracker], say: Callable[[str], None] = lambda text: None) -> None:
        self.trackers = list(trackers)
        self._say = say
        self._find_ticking()

    def _find_ticking(self) -> None:
        # most trackers don't want every update; calling an empty method for each of them would be the main cost
        self._ticking = [tracker for tracker in self.trackers if type(tracker).tick is not Tracker.tick]

    def write(self, event: Mapping[str, Any]) -> None:
        for tracker in list(self.trackers):
            try:
                tracker.write(event)
            except Exception as error:
                self._drop(tracker, error)

    def media(self, kind: MediaKind, name: str, value: Any, step: int) -> None:
        for tracker in list(self.trackers):
            try:
                tracker.media(kind, name, value, step)
            except Exception as error:
                self._drop(tracker, error)

    def tick(self, record: StepRecord, total_steps: int | None) -> None:
        for tracker in self._ticking:
            try:
                tracker.tick(record, total_steps)
            except Exception as error:
                self._drop(tracker, error)
                break

    def close(self) -> None:
        for tracker in list(self.trackers):
            try:
                tracker.close()
            except Exception as error:
                self._drop(tracker, error)

    def _drop(self, tracker: Tracker, error: Exception) -> None:
        if tracker not in self.trackers:
            return
        self.trackers.remove(tracker)
        self._find_ticking()
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self._say(f"{type(tracker).__name__} is switched off for the rest of this run, it failed with {reason}")
