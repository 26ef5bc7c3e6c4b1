"""An exception from a model, a loss or an operation, as one sentence: what failed, where, and what to do."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import torch

from seedbed.errors import TrainingError

PACKAGE = Path(__file__).parent


def explain_failure(error: Exception, step: int, log: Path) -> TrainingError:
    """The error to show; the whole traceback goes to ``log``.

    Args:
        error: What was raised in an update or an evaluation.
        step: The update that was being made.
        log: Where to write the traceback.
    """
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    where = f"step {step}, {locate(error)}"
    operation = re.match(r"(\S+) does not have a deterministic implementation", text)
    if operation:
        message = (
            f"{where}: the operation {operation[1]} has no deterministic form here, so the run could not be "
            "reproduced. Replace it, or give up bitwise reproducibility for this run with trainer.deterministic=false"
        )
    elif isinstance(error, torch.cuda.OutOfMemoryError) or "out of memory" in text.lower():
        message = f"{where}: out of memory. Lower data.args.batch_size and raise trainer.accumulate by the same factor"
    else:
        message = f"{where}: {type(error).__name__}: {text}"
    try:
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        message += f" (the traceback is in {log})"
    except OSError:
        pass
    return TrainingError(message)


def locate(error: Exception) -> str:
    """The innermost line outside of torch and this package that led to the error, else where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    torch_folder = Path(torch.__file__).parent
    for frame in reversed(frames):
        path = Path(frame.filename)
        if torch_folder not in path.parents and PACKAGE not in path.parents and path.is_file():
            return f"{frame.filename}:{frame.lineno} in {frame.name}"
    for frame in reversed(frames):
        if PACKAGE in Path(frame.filename).parents:
            return f"{Path(frame.filename).relative_to(PACKAGE)}:{frame.lineno} in {frame.name}"
    return "outside of any file"
