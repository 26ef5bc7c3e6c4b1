"""Activations and norms by name, and the checks of shape that several models share."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Literal

from torch import Tensor, nn

from seedbed.errors import ConfigError, DataError

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "identity": nn.Identity,
}

Norm = Literal["none", "batch", "layer"]


def make_activation(name: str) -> nn.Module:
    """The activation called ``name``.

    Raises:
        ConfigError: There is none of that name.
    """
    if name not in ACTIVATIONS:
        near = difflib.get_close_matches(name, ACTIVATIONS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"there is no activation {name!r}; {hint}Known are {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]()


def make_norm(name: Norm, features: int) -> nn.Module | None:
    """A norm over ``features`` features of a (B, features) tensor, or None for ``none``."""
    if name == "none":
        return None
    if name == "batch":
        return nn.BatchNorm1d(features)
    if name == "layer":
        return nn.LayerNorm(features)
    raise ConfigError(f"there is no norm {name!r}; known are none, batch, layer")


def flatten_features(x: Tensor, features: int, model: str) -> Tensor:
    """(B, …) → (B, features).

    Raises:
        DataError: A sample does not have ``features`` numbers.
    """
    flat = x if x.ndim == 2 else x.flatten(1) if x.ndim > 2 else x.reshape(-1, 1)
    found = flat.size(1)
    if found != features:
        raise DataError(
            f"{model} was made for {features} features, but a sample of shape {tuple(x.shape[1:])} has {found}; "
            f"set in_features={found}, or check the transforms"
        )
    return flat


def squeeze_last(y: Tensor, squeeze: bool) -> Tensor:
    """(B, 1) → (B,) where ``squeeze`` asks for it, so that one value a sample fits targets of shape (B,)."""
    return y.squeeze(-1) if squeeze else y


def check_squeeze(squeeze: bool, out_features: int, model: str) -> None:
    """Refuse ``squeeze`` for more than one output.

    Raises:
        ConfigError: ``squeeze`` with ``out_features`` other than 1.
    """
    if squeeze and out_features != 1:
        raise ConfigError(f"{model}: squeeze=true drops the one output's dimension, but out_features is {out_features}")


def check_positive(model: str, **sizes: int | Sequence[int]) -> None:
    """Refuse sizes below 1 by name.

    Raises:
        ConfigError: A size is smaller than 1.
    """
    for name, size in sizes.items():
        for value in [size] if isinstance(size, int) else size:
            if value < 1:
                raise ConfigError(f"{model}: {name} must be at least 1, not {value}")


def check_dropout(model: str, dropout: float) -> None:
    """Refuse a dropout outside of [0, 1).

    Raises:
        ConfigError: It is no probability, or it would drop everything.
    """
    if not 0 <= dropout < 1:
        raise ConfigError(f"{model}: dropout must be at least 0 and below 1, not {dropout}")
