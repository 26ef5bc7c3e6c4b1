"""Initial weights by name of the scheme, for any model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from seedbed.errors import ConfigError
from seedbed.seeding import torch_generator

Scheme = Literal["default", "kaiming", "xavier", "orthogonal", "trunc_normal"]
SCHEMES = ("default", "kaiming", "xavier", "orthogonal", "trunc_normal")

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@torch.no_grad()
def initialize(model: nn.Module, scheme: Scheme, generator: torch.Generator | int) -> list[str]:
    """Give linear, convolution, recurrent and attention weights new values; their biases become 0.

    Embeddings are drawn from a normal distribution with standard deviation 0.02. Norms, and parameters that a model
    owns itself, stay as they are. The numbers are drawn on the generator's device and copied, so they don't depend on
    where the model is.

    - ``kaiming``: normal, variance 2 / fan-in (He et al. 2015), keeps the variance through ReLU
    - ``xavier``: uniform, variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010)
    - ``orthogonal``: orthonormal rows or columns (Saxe et al. 2013)
    - ``trunc_normal``: normal with standard deviation 0.02, cut at two standard deviations
    - ``default``: nothing changes

    Args:
        model: Changed in place.
        scheme: One of the above.
        generator: Where the numbers come from; or a key, from which every parameter gets its own stream by its name,
            so that a new layer does not change the others.

    Returns:
        Names of the parameters that were set.

    Raises:
        ConfigError: There is no such scheme.
    """
    if scheme not in SCHEMES:
        raise ConfigError(f"there is no initialisation {scheme!r}; known are {', '.join(SCHEMES)}")
    if scheme == "default":
        return []
    done: list[str] = []
    for name, parameter, kind, parts in find_weights(model):
        if kind == "bias":
            parameter.zero_()
        else:
            source = torch_generator(generator, "init", name) if isinstance(generator, int) else generator
            fresh = torch.empty(parameter.shape, device=source.device)
            # the gates of a recurrent layer and the projections of attention are matrices of their own
            for part in fresh.chunk(parts):
                fill(part, "embedding" if kind == "embedding" else scheme, source)
            parameter.copy_(fresh)
        done.append(name)
    return done


def find_weights(model: nn.Module) -> Iterator[tuple[str, nn.Parameter, str, int]]:
    """Name, parameter, kind (``weight``, ``bias``, ``embedding``) and number of matrices stacked in it."""
    seen: set[nn.Parameter] = set()
    for prefix, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            full = f"{prefix}.{name}" if prefix else name
            found = classify(module, name)
            if found is not None and parameter not in seen:
                seen.add(parameter)
                yield full, parameter, *found


def classify(module: nn.Module, name: str) -> tuple[str, int] | None:
    """Kind and number of stacked matrices of ``module``'s parameter ``name``; None for what stays as it is."""
    if isinstance(module, nn.Embedding):
        return "embedding", 1
    if isinstance(module, (nn.Linear, nn.Bilinear, *CONVOLUTIONS)):
        return ("bias", 1) if name == "bias" else ("weight", 1)
    if isinstance(module, nn.RNNBase):
        gates = {"LSTM": 4, "GRU": 3}.get(module.mode, 1)
        return ("bias", 1) if name.startswith("bias") else ("weight", 1 if name.startswith("weight_hr") else gates)
    if isinstance(module, nn.MultiheadAttention):
        return ("bias", 1) if "bias" in name else ("weight", 3 if name == "in_proj_weight" else 1)
    return None


def fill(weight: Tensor, scheme: str, generator: torch.Generator) -> None:
    """Draw one matrix or kernel in place."""
    if scheme == "kaiming":
        nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
    elif scheme == "xavier":
        nn.init.xavier_uniform_(weight, generator=generator)
    elif scheme == "orthogonal":
        nn.init.orthogonal_(weight, generator=generator)
    elif scheme == "trunc_normal":
        nn.init.trunc_normal_(weight, std=0.02, a=-0.04, b=0.04, generator=generator)
    else:
        nn.init.normal_(weight, std=0.02, generator=generator)
