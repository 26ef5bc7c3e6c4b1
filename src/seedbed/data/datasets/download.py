"""Files by checksummed download: several mirrors, an interrupted one continued, a clear message offline."""

from __future__ import annotations

import logging
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

from seedbed.errors import DataError, require

TIMEOUT = 20.0  # seconds without a byte
CHUNK = 1 << 16


def cache_folder() -> Path:
    """Where downloads are kept: ``$SEEDBED_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("SEEDBED_CACHE")
    if chosen:
        return Path(chosen)
    pooch = require("pooch", "data", "downloading data")
    return Path(pooch.os_cache("seedbed"))


def fetch_file(name: str, mirrors: Sequence[str], sha256: str, folder: Path, advice: str) -> Path:
    """The file ``name`` in ``folder``, downloaded unless it is there with the right checksum.

    Args:
        name: File name, appended to each mirror.
        mirrors: Addresses of folders, tried in order.
        sha256: Checksum of the file.
        folder: Where the file is kept.
        advice: What to do without a network, for the error message.

    Raises:
        DataError: No mirror gave the file; the message has each one's reason.
        MissingExtraError: pooch is not installed.
    """
    pooch = require("pooch", "data", "downloading data")
    pooch.get_logger().setLevel(logging.WARNING)
    reasons = []
    for mirror in mirrors:
        url = mirror.rstrip("/") + "/" + name
        part = folder / f"{name}.part"
        # a rest from an interrupted download may be spoilt, so a mismatch after a continuation gets one fresh start
        for continued in (part.exists(), False):
            try:
                path = pooch.retrieve(url, f"sha256:{sha256}", fname=name, path=folder, downloader=_Resuming(part))
                return Path(path)
            except ValueError:
                part.unlink(missing_ok=True)
                reasons.append(f"{url}: wrong checksum")
                if not continued:
                    break
            except (OSError, HTTPException) as error:
                reason = getattr(error, "reason", None) or error
                reasons.append(f"{url}: {type(error).__name__}: {reason}")
                break
    raise DataError(f"cannot download {name} ({'; '.join(reasons)}). {advice}")


class _Resuming:
    """Downloads to a ``.part`` file and goes on where it ends; in the form in which pooch calls a downloader."""

    def __init__(self, part: Path) -> None:
        self.part = part

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        self.part.parent.mkdir(parents=True, exist_ok=True)
        have = self.part.stat().st_size if self.part.exists() else 0
        request = urllib.request.Request(url, headers={"User-Agent": "seedbed"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            self._receive(request)
        except urllib.error.HTTPError as error:
            if error.code != 416:
                raise
            # 416: the part is already as long as the file; its checksum decides
        with self.part.open("rb") as part:
            if hasattr(output_file, "write"):
                shutil.copyfileobj(part, output_file)
            else:
                shutil.copyfile(self.part, output_file)
        self.part.unlink()

    def _receive(self, request: urllib.request.Request) -> None:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            with self.part.open("ab" if response.status == 206 else "wb") as part:
                while chunk := response.read(CHUNK):
                    part.write(chunk)
            left = response.length  # what the server announced and did not send
            if left:
                raise ConnectionError(f"the connection ended {left} bytes early")
