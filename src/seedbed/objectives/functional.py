"""Objectives from plain functions: the user's own loss, and torch's losses by object or by name."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError
from seedbed.objectives.binary import Binary, MultiLabel
from seedbed.objectives.classification import Classification
from seedbed.objectives.hinge import MultiClassHinge
from seedbed.objectives.language import LanguageModeling
from seedbed.objectives.metrics.means import function_name
from seedbed.objectives.metrics.table import MetricSpec
from seedbed.objectives.metrics.view import View
from seedbed.objectives.regression import Regression
from seedbed.objectives.task import Task


class Functional(Task):
    """A loss function ``loss(output, target)`` that gives the mean over a batch's samples.

    Outputs and targets are whatever the function takes. The mean is taken to be over samples: a function whose mean is
    over something else (tokens, weights) is not exact over unequal batches; write a ``Task`` for it.

    Args:
        loss: A function, or an ``nn.Module`` (whose tensors follow the device).
        metrics: Functions ``fn(output, target)``, each the mean over a batch, called by their ``__name__``.
    """

    def __init__(self, *, loss: Callable[[Any, Any], Any], metrics: Sequence[Callable[..., Any]] = ()) -> None:
        check_loss(loss)
        super().__init__(metrics, None)
        self.loss = loss

    def measure(self, outputs: Any, batch: Batch) -> Tensor:
        value = self.loss(outputs, batch.targets)
        if not isinstance(value, Tensor) or value.numel() != 1:
            name = function_name(self.loss)
            found = (
                f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
            )
            raise ConfigError(f"the loss {name} gave {found}; it must give one tensor element, the mean over the batch")
        return value.reshape(())

    def weight(self, batch: Batch) -> int:
        return batch.num_samples

    def view(self) -> View | None:
        return None

    def predictions(self, outputs: Any) -> dict[str, Any]:
        """``output``, as the model gave it."""
        return {"output": outputs}


def check_loss(loss: Any) -> None:
    """Refuse what is no loss function, or one that gives no mean.

    Raises:
        ConfigError: With the cure.
    """
    if isinstance(loss, type):
        raise ConfigError(f"the loss is the class {loss.__name__}, not an object of it; write {loss.__name__}()")
    if not callable(loss):
        raise ConfigError(f"the loss must be a function loss(output, target), not {loss!r}")
    options = (
        loss.keywords if isinstance(loss, functools.partial) else vars(loss) if isinstance(loss, nn.Module) else {}
    )
    reduction = options.get("reduction", "mean")
    if reduction in ("sum", "none"):
        raise ConfigError(
            f"the loss {function_name(loss)} has reduction={reduction!r}, so its size would go with the batch's; "
            "use reduction='mean' (and scale the learning rate if you relied on the sum)"
        )


def from_callable(loss: Callable[[Any, Any], Any], metrics: Sequence[MetricSpec] = ()) -> Task:
    """The objective for a loss function or an ``nn.Module`` loss.

    Torch's own losses become the objective that is exact for them (class weights, ignored elements) and knows its
    metrics by name; any other function becomes a ``Functional``, whose metrics are functions.

    Raises:
        ConfigError: It is no function, or its reduction is not the mean.
    """
    if isinstance(loss, Task):
        return loss
    check_loss(loss)
    if type(loss) is nn.CrossEntropyLoss:
        return Classification(
            metrics=metrics,
            label_smoothing=loss.label_smoothing,
            class_weights=None if loss.weight is None else loss.weight.tolist(),
            ignore_index=loss.ignore_index,
        )
    if type(loss) is nn.NLLLoss:
        weights = None if loss.weight is None else loss.weight.tolist()
        return Classification(loss="nll", metrics=metrics, class_weights=weights, ignore_index=loss.ignore_index)
    if loss in (F.cross_entropy, F.nll_loss):
        return Classification(loss="nll" if loss is F.nll_loss else "cross_entropy", metrics=metrics, ignore_index=-100)
    if type(loss) is nn.MSELoss or loss is F.mse_loss:
        return Regression(loss="mse", metrics=metrics)
    if type(loss) is nn.L1Loss or loss is F.l1_loss:
        return Regression(loss="l1", metrics=metrics)
    if type(loss) is nn.HuberLoss:
        return Regression(loss="huber", delta=loss.delta, metrics=metrics)
    return Functional(loss=loss, metrics=metrics)  # type: ignore[arg-type]  # names are refused there, with the cure


LOSSES: dict[str, Callable[..., Task]] = {
    "cross_entropy": functools.partial(Classification, loss="cross_entropy"),
    "nll": functools.partial(Classification, loss="nll"),
    "hinge": MultiClassHinge,
    "bce": Binary,
    "multilabel_bce": MultiLabel,
    "mse": functools.partial(Regression, loss="mse"),
    "l1": functools.partial(Regression, loss="l1"),
    "huber": functools.partial(Regression, loss="huber"),
    "gaussian_nll": functools.partial(Regression, loss="gaussian_nll"),
    "language_modeling": LanguageModeling,
}


def from_name(loss: str, metrics: Sequence[MetricSpec] | None = None) -> Task:
    """The objective for a loss by its name in ``LOSSES``; its own default metrics if none are given.

    Raises:
        ConfigError: There is none of that name.
    """
    if loss not in LOSSES:
        near = difflib.get_close_matches(loss, LOSSES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"there is no loss {loss!r}; {hint}Known are {', '.join(LOSSES)}; or give a function")
    return LOSSES[loss]() if metrics is None else LOSSES[loss](metrics=metrics)
