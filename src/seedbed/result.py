"""What the caller decides about a run, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line or the caller decides about a run, and the config does not."""

    out: Path | None = None
    """The run is exactly this folder; a new one below ``root`` if absent."""
    root: Path = Path("runs")
    """Where new run folders are made."""
    resume: str = "auto"
    """"auto" goes on with an unfinished run of the same config, "never" starts afresh; else a run or checkpoint."""
    console: str = "auto"
    """Who watches: auto, rich, plain, notebook or silent."""
    command: Sequence[str] = ()
    """The command line, for the manifest."""
    allow: Sequence[str] = ()
    """More prefixes that dotted paths in the config may have."""
    allow_inexact: bool = False
    """Resume even though the numeric fingerprint has changed."""
    stop_after: int | None = None
    """Stop, without saving, after so many updates."""
    probe: bool = True
    """Let the doctor look at the job before the first update; an error it finds ends the run."""
    extend: bool = False
    """Go on with a run under a changed config."""

    def __post_init__(self) -> None:
        """Take plain strings for paths."""
        object.__setattr__(self, "out", None if self.out is None else Path(self.out))
        object.__setattr__(self, "root", Path(self.root))


@dataclass(frozen=True)
class Result:
    """How a run ended.

    ``status`` is "finished", "early_stopped" or "interrupted"; ``metrics`` the last evaluation's and the test's;
    ``best`` the monitored metric's best value, with its epoch, step and checkpoint.
    """

    run: str
    status: str
    epoch: int
    step: int
    metrics: dict[str, Any]
    best: dict[str, Any] | None
    weights_sha256: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return asdict(self)
