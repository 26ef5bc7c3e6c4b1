"""The manifest of a checkpoint: JSON with a digest over its own bytes, so that a damaged manifest is noticed too."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedbed.errors import CheckpointError
from seedbed.rundir import dumps

FORMAT = 1
HEAD, MIDDLE, TAIL = b'{"manifest": ', b', "sha256": "', b'"}\n'


class NewerFormatError(CheckpointError):
    """The checkpoint is whole, but a later version of seedbed wrote it."""


def seal(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as a JSON file, a line an entry: an object of the manifest and the sha256 of its bytes."""
    lines = [f"{dumps(str(key))}: {dumps(value)}" for key, value in manifest.items()]
    body = "{{\n {}\n}}".format(",\n ".join(lines)).encode(errors="backslashreplace")
    return HEAD + body + MIDDLE + hashlib.sha256(body).hexdigest().encode() + TAIL


def unseal(data: bytes, path: Path) -> dict[str, Any]:
    """The manifest in a file's bytes.

    Raises:
        CheckpointError: A byte of it is wrong, or it has a format that this version does not know.
    """
    body = data[len(HEAD) : -64 - len(MIDDLE) - len(TAIL)]
    if data != HEAD + body + MIDDLE + hashlib.sha256(body).hexdigest().encode() + TAIL:
        raise CheckpointError(f"{path} is damaged: MANIFEST.json does not match its own digest")
    manifest = json.loads(body)
    if manifest["format"] > FORMAT:
        raise NewerFormatError(
            f"{path} has checkpoint format {manifest['format']}, written by seedbed {manifest.get('seedbed')}; this "
            f"is seedbed {version()}, which reads formats up to {FORMAT}: install the version that wrote it, or a later"
        )
    return dict(manifest)


@functools.cache
def version() -> str:
    """The version of seedbed that is installed."""
    try:
        return importlib.metadata.version("seedbed")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
