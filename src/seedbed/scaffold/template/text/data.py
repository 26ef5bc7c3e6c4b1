"""The data: the characters of a text file."""

from __future__ import annotations

from pathlib import Path

from seedbed.data.datasets.text import Text


def load_text(*, file: str = "data/text.txt", context: int = 48, stride: int = 12):
    """Windows of ``context`` characters; the last tenth of the text is for validation.

    ``text.txt`` is the first chapter of Herman Melville's Moby-Dick (1851, public domain).
    """
    return Text(path=str(Path(__file__).parent / file), context=context, stride=stride)
