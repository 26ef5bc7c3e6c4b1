"""How fast ``seedbed check`` reads: ``python -m seedbed.bench.reading PATH…``; each run is a new, cold process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_CALL = "import sys; from pathlib import Path; from seedbed.doctor.static.engine import check_paths; \
check_paths([Path(p) for p in sys.argv[2:]], [], None, int(sys.argv[1]))"


def timed(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of wall clock and of CPU (children included) that a command takes."""
    began, used = time.perf_counter(), os.times()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    now = os.times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    return time.perf_counter() - began, cpu


def main(paths: Sequence[str]) -> None:
    """Print the time for an empty script (the start-up) and for ``paths``, in one process and on all cores."""
    import tempfile

    from seedbed.doctor.static.files import find_files
    from seedbed.doctor.static.spreading import usable_cores

    cores = usable_cores()
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text("import torch\n")
        rows = [("one empty script", ["1", str(empty)])]
        count = len(find_files([Path(p) for p in paths]))
        rows.append((f"{count} files, one process", ["1", *paths]))
        rows.append((f"{count} files, {cores} cores", [str(cores), *paths]))
        for name, arguments in rows:
            wall, cpu = timed([sys.executable, "-c", _CALL, *arguments])
            print(f"{name:28} {wall:7.2f} s wall {cpu:7.2f} s CPU")


if __name__ == "__main__":
    main(sys.argv[1:])
