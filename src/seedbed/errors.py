"""Every error that seedbed raises on purpose.

    SeedbedError                the message is one clear sentence for a person; the CLI prints it without a traceback
    ├── ConfigError             the config, the command line or an argument is wrong            (exit 2)
    ├── DataError               data is missing, damaged or does not fit                        (exit 1)
    ├── CheckpointError         no checkpoint can be read or written                            (exit 1)
    ├── TrainingError           the training itself failed (a loss that is not finite, …)       (exit 1)
    └── MissingExtraError       an optional dependency is absent; the message has the install line (exit 2)

A message says what is wrong with the value in it, where it came from (file and key), and what to do next.
"""

from __future__ import annotations

from types import ModuleType


class SeedbedError(Exception):
    """Base of all errors that a user can cause or must know about."""

    exit_code = 1


class ConfigError(SeedbedError):
    """The config, the command line or an argument is wrong."""

    exit_code = 2


class DataError(SeedbedError):
    """Data is missing, damaged or does not fit what was asked for."""


class CheckpointError(SeedbedError):
    """No checkpoint can be read, verified or written."""


class TrainingError(SeedbedError):
    """The training itself failed, for example with a loss that is not finite."""


class MissingExtraError(SeedbedError):
    """An optional dependency is absent."""

    exit_code = 2


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency or say how to install it.

    Args:
        module: Dotted name of the module to import, ``"tensorboard"``.
        extra: The extra of this package that brings it, ``"tensorboard"``.
        purpose: What needs it, in a few words: ``"writing TensorBoard files"``.

    Raises:
        MissingExtraError: The module is not installed; the message has the install line.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{purpose} needs the package {module.split('.')[0]!r}, which cannot be imported ({error}); "
            f'install it with: pip install "seedbed[{extra}]"'
        ) from error
