"""Seedbed's services, and how to do without one for a while, to see what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import seedbed.build as build
import seedbed.closing as closing
import seedbed.monitor as monitor
import seedbed.opening as opening
import seedbed.session as session
from seedbed.build import Training
from seedbed.doctor.monitors.course import Course
from seedbed.session import Session
from seedbed.state import TrainState
from seedbed.tracking.trace import Trace
from seedbed.tracking.tracker import Trackers

Switch = tuple[Any, str, Any]  # whose attribute, its name, what stands there instead


def nothing(*args: Any, **options: Any) -> None:
    """Do nothing, in the place of something."""


def found_nothing(*args: Any, **options: Any) -> list[Any]:
    """Find nothing."""
    return []


def no_facts(*args: Any, **options: Any) -> dict[str, Any]:
    """Know nothing."""
    return {}


def state_without_metrics(*args: Any, **options: Any) -> TrainState:
    """A training state whose objective knows no metrics but the loss."""
    state = PLAIN_STATE(*args, **options)
    state.epoch_metrics = {}
    vars(state.objective)["metrics"] = no_facts
    return state


def monitor_of_what_is_there(text: str, keys: Any, early_stop: int | None) -> Any:
    """The monitor that was asked for, or that of the loss where its metric is left out."""
    return PLAIN_MONITOR(text if text == "off" or text.rpartition(" ")[2] in keys else "auto", keys, early_stop)


def same_model(session: Session, model: Any, weights: str) -> Any:
    """The last weights, in the place of the best ones, which nobody has saved."""
    return model


PLAIN_STATE, PLAIN_MONITOR = build.make_state, monitor.make_monitor

# service: (what it does, what is replaced to leave it out)
SERVICES: dict[str, tuple[str, list[Switch]]] = {
    "digests": ("the chain of digests of what each update saw and gave", [(Trace, "add", nothing)]),
    "tracking": (
        "the event log, the console and other trackers",
        [(Session, "write", nothing), (session, "step_event", no_facts), (Trackers, "tick", nothing)],
    ),
    "monitors": (
        "the look at every loss for what goes wrong",
        [(Course, name, found_nothing) for name in ("step", "logged", "epoch")],
    ),
    "manifest": (
        "git, packages, hardware and the digest of the training data, once a run",
        [(Training, "manifest", no_facts), (build, "digest", lambda samples: "none")],
    ),
    "probes": ("the look for silent mistakes before the first update, once a run", [(opening, "probe", nothing)]),
    "metrics": (
        "metrics besides the loss, in training and validation",
        [(build, "make_state", state_without_metrics), (build, "make_monitor", monitor_of_what_is_there)],
    ),
    "validation": (
        "passes over the validation and test data",
        [(Session, "evaluate", no_facts), (closing, "test_best", no_facts)],
    ),
    "checkpoints": (
        "saving, reading back and verifying",
        [(Session, "save", nothing), (closing, "copy_best", same_model), (closing, "check_saved", nothing)],
    ),
}


@contextmanager
def without(services: Sequence[str]) -> Iterator[None]:
    """Do without some services inside; a run that is made then lacks their files."""
    with ExitStack() as stack:
        for service in services:
            for owner, name, replacement in SERVICES[service][1]:
                stack.enter_context(replaced(owner, name, replacement))
        yield


@contextmanager
def replaced(owner: Any, name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Put something else in the place of a function or a method."""
    before = owner.__dict__[name]
    setattr(owner, name, replacement)
    try:
        yield
    finally:
        setattr(owner, name, before)
