"""Weights by name from whatever holds some: a run, a checkpoint of ours, a safetensors file, somebody's ``.pth``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from seedbed.checkpoint.store import Checkpoint, list_checkpoints, load, load_newest, parse_name
from seedbed.errors import CheckpointError

STATE_KEYS = ("state_dict", "model_state_dict", "model", "net")


def load_best(run: Path) -> tuple[dict[str, Any], Checkpoint]:
    """The state that validated best in a run; its newest valid one if none is known to be best, or that is damaged.

    Raises:
        CheckpointError: The run has no valid checkpoint.
    """
    root = run / "checkpoints"
    newest = load_newest(root)
    if newest is None:
        raise CheckpointError(f"{run} has no checkpoint yet; train it for at least one epoch")
    state, checkpoint, _ = newest
    best_step = state["progress"]["best_step"]
    for path in reversed(list_checkpoints(root)):
        key = parse_name(path.name)
        if best_step and key is not None and key[0] == best_step != checkpoint.step:
            try:
                return load(path)
            except CheckpointError:
                break
    return state, checkpoint


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors at ``path``: a run folder (its best weights), a checkpoint folder, a .safetensors file, a .pth file.

    Raises:
        CheckpointError: There is nothing that can be read safely.
    """
    if path.is_dir():
        if (path / "MANIFEST.json").is_file():
            return dict(load(path)[0]["model"])
        if (path / "checkpoints").is_dir():
            return dict(load_best(path)[0]["model"])
        raise CheckpointError(f"{path} is neither a run folder nor a checkpoint folder")
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist; init.checkpoint takes a run, a checkpoint or a weights file")
    if path.suffix == ".safetensors":
        import safetensors.torch

        try:
            return dict(safetensors.torch.load_file(path))
        except Exception as error:
            raise CheckpointError(f"{path} cannot be read as safetensors: {error}") from None
    from seedbed.checkpoint.foreign import read_foreign

    content: Any = read_foreign(path)
    for key in STATE_KEYS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        found = json.dumps(sorted(map(str, content))[:8]) if isinstance(content, dict) else type(content).__name__
        raise CheckpointError(f"{path} holds no weights by name; it holds {found}")
    return tensors
