"""The text: a file that is named, else Moby-Dick from the data folder."""

from __future__ import annotations

import os
from pathlib import Path

from seedbed.data.datasets.text import Text
from seedbed.data.source import Source
from seedbed.errors import DataError


def load_corpus(*, path: str | None = None, context: int = 64, val_share: float = 0.05) -> Source:
    """Windows of a text file's characters, the end of the text for validation.

    Args:
        path: The file; ``$SEEDBED_DATA/text/moby-dick.txt`` if absent.
        context: Characters per window.
        val_share: Share of the text for validation.
    """
    if path is None:
        folder = os.environ.get("SEEDBED_DATA")
        default = Path(folder or ".") / "text" / "moby-dick.txt"
        if not folder or not default.is_file():
            where = f"{default} does not exist" if folder else "SEEDBED_DATA is not set"
            raise DataError(f"chargpt: {where}; give a text file: data.args.path=FILE")
        path = str(default)
    return Text(path=path, context=context, val_share=val_share)
