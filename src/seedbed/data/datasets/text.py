"""Characters of a text file, for language modelling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from seedbed.data.samples import TensorSamples
from seedbed.data.source import Source
from seedbed.errors import ConfigError, DataError


def Text(
    *,
    path: str,
    context: int = 64,
    stride: int | None = None,
    val_share: float = 0.1,
    test_share: float = 0.0,
    encoding: str = "utf-8",
) -> Source:
    """Windows of ``context`` characters; the target is the same window one character later.

    The validation part is the end of the text before the test part, which is the very end; no window reaches into
    another part. The vocabulary is every character of the file, sorted.

    Args:
        path: Text file.
        context: Characters per window.
        stride: Characters from one training window to the next; ``context`` if absent, so that each character is
            seen once an epoch. Validation and test windows never overlap.
        val_share: Share of the text for validation; 0 for none.
        test_share: Share of the text for the test; 0 for none.
        encoding: Of the file.
    """
    if context < 1 or (stride is not None and stride < 1):
        raise ConfigError(f"context is {context} and stride {stride}; both must be at least 1")
    if not (0 <= val_share < 1 and 0 <= test_share < 1 and val_share + test_share < 1):
        raise ConfigError(f"val_share={val_share} and test_share={test_share} must leave something to train on")
    text = read_text(path, encoding)
    vocabulary = sorted(set(text))
    table = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    codes = np.searchsorted(np.asarray([ord(c) for c in vocabulary], dtype=np.uint32), table)
    tokens = torch.from_numpy(codes.astype(np.int64))
    edges = [round(len(tokens) * (1 - val_share - test_share)), round(len(tokens) * (1 - test_share))]
    name = Path(path).name
    train = windows(tokens, 0, edges[0], context, stride or context, name)
    val = windows(tokens, edges[0], edges[1], context, context, name) if val_share else None
    test = windows(tokens, edges[1], len(tokens), context, context, name) if test_share else None
    info = {
        "task": "language",
        "num_classes": len(vocabulary),
        "vocabulary": vocabulary,
        "input_shape": [context],
        "num_tokens": len(tokens),
    }
    return Source(name=name, train=train, val=val, test=test, info=info)


def windows(tokens: torch.Tensor, start: int, stop: int, context: int, stride: int, name: str) -> TensorSamples:
    """Windows inside ``tokens[start:stop]``; they are views, so overlapping ones cost no memory. ids are positions."""
    part = tokens[start:stop]
    if len(part) < context + 1:
        raise DataError(
            f"{name}: a part of {len(part)} characters has no window of {context} + 1; use a smaller context"
        )
    views = part.unfold(0, context + 1, stride)
    ids = start + stride * np.arange(len(views), dtype=np.int64)
    return TensorSamples(views[:, :-1], views[:, 1:], ids, name=name)


def read_text(path: str, encoding: str = "utf-8") -> str:
    """The file's text, line ends as ``\\n``.

    Raises:
        DataError: It is missing, empty, or not in this encoding.
    """
    try:
        text = Path(path).expanduser().read_text(encoding=encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not {encoding} text (byte {error.start}); say encoding='latin-1' or convert it"
        ) from error
    except LookupError as error:
        raise ConfigError(f"encoding {encoding!r} is unknown; try 'utf-8'") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    if not text:
        raise DataError(f"{path} is empty")
    return text
