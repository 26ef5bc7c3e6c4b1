"""Weights that don't train, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from torch import nn

from seedbed.errors import ConfigError


def freeze(model: nn.Module, patterns: Sequence[str]) -> tuple[nn.Module, ...]:
    """Stop the matching parameters from training.

    Args:
        model: Changed in place.
        patterns: Over parameter names (``features.*``, ``*.bias``); a module's name stands for all in it.

    Returns:
        The modules to keep in eval mode while the rest trains (``frozen_modules``).

    Raises:
        ConfigError: A pattern matches nothing, or nothing is left to train.
    """
    for parameter in find_parameters(model, patterns).values():
        parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ConfigError(f"freeze: {', '.join(patterns)} leaves no parameter to train; match fewer names")
    return frozen_modules(model)


def unfreeze(model: nn.Module, patterns: Sequence[str] = ("*",)) -> tuple[nn.Module, ...]:
    """Let the matching parameters train again; returns the modules that are still frozen.

    Raises:
        ConfigError: A pattern matches nothing.
    """
    for parameter in find_parameters(model, patterns).values():
        parameter.requires_grad_(True)
    return frozen_modules(model)


def frozen_modules(model: nn.Module) -> tuple[nn.Module, ...]:
    """The largest modules that have parameters, none of which trains.

    In eval mode their BatchNorm statistics stay and their dropout is off; so a frozen part is really frozen.
    """
    return tuple(find_frozen(model))


def find_frozen(module: nn.Module) -> Iterator[nn.Module]:
    """``module`` if all of it is frozen, else what is frozen in its children."""
    trains = [parameter.requires_grad for parameter in module.parameters()]
    if trains and not any(trains):
        yield module
    elif trains:
        for child in module.children():
            yield from find_frozen(child)


def find_parameters(model: nn.Module, patterns: Sequence[str]) -> dict[str, nn.Parameter]:
    """Parameters whose name, or a module that holds them, matches one of ``patterns``.

    Raises:
        ConfigError: A pattern matches nothing; the message has the nearest names.
    """
    parameters = dict(model.named_parameters(remove_duplicate=False))
    found: dict[str, nn.Parameter] = {}
    for pattern in patterns:
        names = [name for name in parameters if fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")]
        if not names:
            raise ConfigError(f"no parameter matches {pattern!r}; {nearest(pattern, parameters)}")
        found.update((name, parameters[name]) for name in names)
    return found


def nearest(pattern: str, names: dict[str, nn.Parameter]) -> str:
    """What the pattern may have meant."""
    prefixes = [name.rsplit(".", depth)[0] for name in names for depth in range(name.count(".") + 1)]
    candidates = list(dict.fromkeys([*names, *prefixes]))
    near = difflib.get_close_matches(pattern.strip("*."), candidates, n=3, cutoff=0.5)
    if near:
        return f"the nearest names are {', '.join(near)}"
    roots = list(dict.fromkeys(name.split(".")[0] for name in names))
    return f"the model has {', '.join(roots)}"
