"""The table name → metric, and metrics by name."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from seedbed.errors import ConfigError
from seedbed.objectives.metrics.counts import Accuracy, ConfusionMatrix, ExactMatch, PrecisionRecallF1, TopK
from seedbed.objectives.metrics.means import FunctionMean, Perplexity, function_name
from seedbed.objectives.metrics.ranking import AUROC
from seedbed.objectives.metrics.values import R2, MeanError
from seedbed.objectives.metrics.view import Kind, Metric, View

MetricSpec = str | Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A metric's constructor and the kinds of outputs that it is for."""

    make: Callable[[View], Metric]
    kinds: tuple[Kind, ...]


DECISIONS: tuple[Kind, ...] = ("classes", "binary", "labels")
KIND_NAMES: dict[Kind, str] = {
    "classes": "one class a sample",
    "binary": "one yes or no a sample",
    "labels": "several labels a sample",
    "values": "real values",
}

METRICS: dict[str, Entry] = {
    "accuracy": Entry(Accuracy, DECISIONS),
    "exact_match": Entry(ExactMatch, ("labels",)),
    "auroc": Entry(AUROC, DECISIONS),
    "confusion_matrix": Entry(ConfusionMatrix, ("classes", "binary")),
    "perplexity": Entry(Perplexity, ("classes",)),
    "mae": Entry(functools.partial(MeanError, error="mae"), ("values",)),
    "mse": Entry(functools.partial(MeanError, error="mse"), ("values",)),
    "rmse": Entry(functools.partial(MeanError, error="rmse"), ("values",)),
    "r2": Entry(R2, ("values",)),
    **{f"top{k}": Entry(functools.partial(TopK, k=k), ("classes",)) for k in (2, 3, 5, 10)},
}
for _score in ("precision", "recall", "f1"):
    METRICS[_score] = Entry(functools.partial(PrecisionRecallF1, score=_score), DECISIONS)
    for _average in ("macro", "micro", "weighted", "per_class"):
        _make = functools.partial(PrecisionRecallF1, score=_score, average=_average)
        METRICS[f"{_score}_{_average}"] = Entry(_make, DECISIONS)


def find_metric(name: str, kind: Kind | None, task: str) -> Entry:
    """The metric called ``name`` for outputs of ``kind``; ``topK`` goes for any K.

    Raises:
        ConfigError: There is none of that name, or it is not for such outputs.
    """
    match = re.fullmatch(r"top[_-]?([1-9]\d{0,5})", name)
    entry = Entry(functools.partial(TopK, k=int(match[1])), ("classes",)) if match else METRICS.get(name)
    if entry is None:
        near = difflib.get_close_matches(name, METRICS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"{task}: there is no metric {name!r}; {hint}Known are {', '.join(known_metrics(kind))}")
    if kind is None:
        raise ConfigError(
            f"{task} does not know what its outputs are, so it cannot compute the metric {name!r}; "
            "give a function fn(output, target), or use an objective such as Classification or Regression"
        )
    if kind not in entry.kinds:
        raise ConfigError(
            f"{task}: the metric {name!r} is for {' or '.join(KIND_NAMES[k] for k in entry.kinds)}, not for "
            f"{KIND_NAMES[kind]}; there are {', '.join(known_metrics(kind))}"
        )
    return entry


def known_metrics(kind: Kind | None) -> list[str]:
    """Names of the metrics for outputs of ``kind``, all for None."""
    return [name for name, entry in METRICS.items() if kind is None or kind in entry.kinds]


def check_specs(specs: Sequence[MetricSpec], kind: Kind | None, task: str) -> None:
    """Refuse metrics that don't exist, don't fit, or share a name.

    Raises:
        ConfigError: The first that is wrong.
    """
    if isinstance(specs, str):
        raise ConfigError(f"{task}: metrics must be a list, not {specs!r}; write [{specs!r}]")
    seen: set[str] = set()
    for spec in specs:
        if isinstance(spec, str):
            find_metric(spec, kind, task)
        elif not callable(spec):
            raise ConfigError(f"{task}: a metric is a name or a function, not {spec!r}")
        name = spec if isinstance(spec, str) else function_name(spec)
        if name in seen:
            raise ConfigError(f"{task}: two metrics are called {name!r}; drop or rename one")
        seen.add(name)


def make_metrics(specs: Sequence[MetricSpec], view: View | None, task: str) -> dict[str, Metric]:
    """Fresh metrics by name, in the order of ``specs``."""
    made: dict[str, Metric] = {}
    for spec in specs:
        if isinstance(spec, str):
            assert view is not None
            made[spec] = find_metric(spec, view.kind, task).make(view)
        else:
            made[function_name(spec)] = FunctionMean(spec, function_name(spec))
    return made
