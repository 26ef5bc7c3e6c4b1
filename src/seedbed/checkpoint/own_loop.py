"""Checkpoints for a loop of your own: the same files and the same safety, one call each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from seedbed.checkpoint.keep import prune, remove_leftovers
from seedbed.checkpoint.store import load_newest
from seedbed.checkpoint.store import save as save_state
from seedbed.errors import CheckpointError
from seedbed.seeding import capture_rng, restore_rng


def save(folder: str | os.PathLike[str], *, step: int, keep_last: int = 2, **parts: Any) -> Path:
    """Write a checkpoint of your training, whole or not at all, and remove old ones.

    Args:
        folder: Where the checkpoints are; each gets a folder of its own, ``step-00000100``.
        step: Number of updates made; the newest checkpoint is the one with the highest step.
        keep_last: How many of the newest stay.
        parts: Anything with ``state_dict()`` (model, optimizer, schedule, scaler, EMA), tensors, or plain data. The
            weights of ``model`` go to ``model.safetensors`` under their own names. The state of every random generator
            is saved too.

    Returns:
        The checkpoint's folder.

    Raises:
        CheckpointError: A part holds something that is neither a tensor nor plain data.

    Example:
        >>> import torch, tempfile, seedbed as sb
        >>> model = torch.nn.Linear(2, 1)
        >>> folder = tempfile.mkdtemp()
        >>> sb.save(folder, step=3, model=model, epoch=1).name
        'step-00000003'
        >>> sb.load(folder, model=model)["epoch"]
        1
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    remove_leftovers(root)
    state = {name: part.state_dict() if hasattr(part, "state_dict") else part for name, part in parts.items()}
    kinds = {name: hasattr(part, "state_dict") for name, part in parts.items()}
    model = state.pop("model", {})
    content = {"model": model, "parts": state, "kinds": kinds, "rng": capture_rng()}
    checkpoint = save_state(root, content, step, {"reason": "own loop"})
    prune(checkpoint, keep_last=keep_last, best_step=None)
    return checkpoint.path


def load(folder: str | os.PathLike[str], *, restore_random: bool = True, **parts: Any) -> dict[str, Any]:
    """Put the newest valid checkpoint back.

    Args:
        folder: What ``save`` was given.
        restore_random: Put the random generators back as well, so that the training goes on bit for bit.
        parts: The objects to load into, under the names that ``save`` was given.

    Returns:
        "step" and everything that was saved as plain data or tensors; empty if there is no checkpoint yet.

    Raises:
        CheckpointError: No checkpoint is valid, or a part was not saved or does not fit.
    """
    found = load_newest(Path(folder))
    if found is None:
        return {}
    content, checkpoint, _ = found
    saved = {**content["parts"], **({"model": content["model"]} if "model" in content["kinds"] else {})}
    for name, part in parts.items():
        if name not in saved:
            raise CheckpointError(f"{checkpoint.path} holds no {name!r}; it holds {', '.join(saved) or 'nothing'}")
        try:
            part.load_state_dict(saved[name])
        except (RuntimeError, ValueError, KeyError) as error:
            raise CheckpointError(f"{checkpoint.path}: {name!r} does not fit: {error}") from error
    if restore_random:
        restore_rng(content["rng"])
    plain = {name: value for name, value in saved.items() if not content["kinds"][name]}
    return {"step": checkpoint.step, **plain}
