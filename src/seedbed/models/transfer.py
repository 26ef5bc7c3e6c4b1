"""Start a model from the tensors of a checkpoint, with a report of what fitted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seedbed.errors import CheckpointError, ConfigError

COMPILED = re.compile(r"(?:^|(?<=\.))_orig_mod\.")
PARALLEL = re.compile(r"^(?:module\.)+")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A tensor whose shape in the checkpoint (``have``) is not the model's (``want``)."""

    name: str
    have: tuple[int, ...]
    want: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What became of every tensor: ``skipped`` are in the checkpoint alone, ``new`` in the model alone."""

    loaded: tuple[str, ...]
    skipped: tuple[str, ...]
    mismatched: tuple[Mismatch, ...]
    new: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether everything fitted."""
        return not (self.skipped or self.mismatched or self.new)

    def __str__(self) -> str:
        """One line: how many of each, with the names of what did not fit."""
        parts = [f"{len(self.loaded)} loaded"]
        mismatched = [f"{m.name} {m.have} instead of {m.want}" for m in self.mismatched]
        for names, what in (
            (mismatched, "of another shape"),
            (self.skipped, "in the checkpoint only"),
            (self.new, "in the model only"),
        ):
            if names:
                parts.append(f"{len(names)} {what} ({', '.join(names)})")
        return "; ".join(parts)


@torch.no_grad()
def transfer(
    model: nn.Module, tensors: Mapping[str, Tensor], *, strict: bool = True, rename: Mapping[str, str] | None = None
) -> TransferReport:
    """Copy ``tensors`` into ``model``, parameters and buffers alike, by name.

    The prefixes that wrappers add (``module.``, ``_orig_mod.``) are ignored on both sides. Numbers are converted to the
    model's type and device.

    Args:
        model: Changed in place, and only if nothing is raised.
        tensors: By the checkpoint's names.
        strict: Whether a tensor that does not fit is an error; if not, it is left out and reported.
        rename: Prefixes to replace in the checkpoint's names, old to new, the longest first; ``""`` is every name.

    Raises:
        CheckpointError: Something does not fit and ``strict`` is set, or nothing fits at all.
        ConfigError: A prefix in ``rename`` is that of no tensor.
    """
    own = {plain_name(name): tensor for name, tensor in model.state_dict().items() if isinstance(tensor, Tensor)}
    given = rename_all(tensors, rename or {})
    fits = {name: tensor for name, tensor in given.items() if name in own and own[name].shape == tensor.shape}
    # tensors that share memory are often stored once: loading one of their names loads them all
    reached = {own[name].data_ptr() for name in fits if own[name].numel()}
    report = TransferReport(
        loaded=tuple(fits),
        skipped=tuple(name for name in given if name not in own),
        mismatched=tuple(
            Mismatch(name, tuple(tensor.shape), tuple(own[name].shape))
            for name, tensor in given.items()
            if name in own and name not in fits
        ),
        new=tuple(name for name in own if name not in given and own[name].data_ptr() not in reached),
    )
    if strict and not report.complete:
        raise CheckpointError(
            f"the checkpoint does not fit the model: {report}; rename prefixes, or set strict=false to leave these out"
        )
    if not fits:
        raise CheckpointError(f"no tensor of the checkpoint fits the model: {report}; rename prefixes")
    for name, tensor in fits.items():
        own[name].copy_(tensor)
    return report


def plain_name(name: str) -> str:
    """``name`` without what ``DataParallel`` and ``torch.compile`` put in it."""
    return PARALLEL.sub("", COMPILED.sub("", name))


def rename_all(tensors: Mapping[str, Tensor], rename: Mapping[str, str]) -> dict[str, Tensor]:
    """Make names plain, then replace the longest prefix that matches; a prefix ends at a dot or at the name's end.

    Raises:
        ConfigError: A prefix matches no name.
        CheckpointError: Two names become the same.
    """
    used: set[str] = set()
    renamed: dict[str, Tensor] = {}
    for wrapped, tensor in tensors.items():
        name = new = plain_name(wrapped)
        for old in sorted(rename, key=len, reverse=True):
            prefix, target = old.rstrip("."), rename[old].rstrip(".")
            if not prefix or name == prefix or name.startswith(f"{prefix}."):
                new = f"{target}.{name[len(prefix) :].lstrip('.')}".strip(".")
                used.add(old)
                break
        if new in renamed:
            raise CheckpointError(f"two tensors of the checkpoint would be called {new!r}; change rename")
        renamed[new] = tensor
    for old in rename:
        if old not in used:
            roots = ", ".join(dict.fromkeys(plain_name(name).split(".")[0] for name in tensors))
            raise ConfigError(f"rename: no tensor of the checkpoint starts with {old!r}; its names start with {roots}")
    return renamed
