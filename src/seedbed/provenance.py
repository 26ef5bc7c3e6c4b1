"""What made a run: command, git commit and diff, packages, hardware, and the numeric fingerprint.

"Same seed, same bits" holds under one numeric fingerprint: everything that changes floating-point results without
changing the config or the seed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

NUMERIC_VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_TF32_OVERRIDE",
)


def numeric_fingerprint(device: torch.device, choices: dict[str, Any]) -> dict[str, Any]:
    """What the bits of a result depend on besides config, code and seed.

    Args:
        device: The device that trains.
        choices: What the run chose itself: precision, compile, memory format, optimizer implementation.
    """
    fingerprint: dict[str, Any] = {
        "torch": torch.__version__,
        "torch_git": torch.version.git_version,
        "device": device.type,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "onednn": bool(torch.backends.mkldnn.enabled),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "float32_matmul": torch.get_float32_matmul_precision(),
        **{f"env.{name}": os.environ[name] for name in NUMERIC_VARIABLES if name in os.environ},
        **choices,
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        fingerprint |= {
            "gpu": properties.name,
            "gpu_capability": f"{properties.major}.{properties.minor}",
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "tf32_matmul": torch.backends.cuda.matmul.allow_tf32,
            "tf32_cudnn": torch.backends.cudnn.allow_tf32,
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
        }
    return fingerprint


def fingerprint_differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """One phrase for each entry that differs: "threads was 1, is 2"."""
    return [
        f"{key} was {old.get(key, 'absent')}, is {new.get(key, 'absent')}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit and uncommitted diff of the git work tree that holds ``folder``; None outside of one."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, errors="replace"
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    if commit is None:
        return None
    diff = git("diff", "HEAD", "--no-color") or ""
    limit = 200_000
    return {"commit": commit.strip(), "diff": diff[:limit], "diff_truncated": len(diff) > limit}


def code_digests(folder: Path) -> dict[str, str]:
    """sha256 of each of the project's own modules that is loaded, by its path in the project."""
    digests = {}
    root = folder.resolve()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not file or not file.endswith(".py"):
            continue
        path = Path(file).resolve()
        if path.is_relative_to(root) and "site-packages" not in path.parts and path.is_file():
            digests[str(path.relative_to(root))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return dict(sorted(digests.items()))


def package_versions() -> dict[str, str]:
    """Version of every installed distribution whose module is loaded, and of Python."""
    loaded = {name.partition(".")[0] for name in sys.modules}
    names = {
        distribution
        for module, distributions in importlib.metadata.packages_distributions().items()
        if module in loaded
        for distribution in distributions
    }
    versions = {name: importlib.metadata.version(name) for name in sorted(names)}
    return {"python": platform.python_version(), **versions}


def hardware() -> dict[str, Any]:
    """Processor, cores, memory and accelerators."""
    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    gpus = (
        [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    )
    return {
        "platform": platform.platform(),
        "processor": processor_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": memory,
        "gpus": gpus,
    }


def processor_name() -> str:
    """The processor's model name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def collect(folder: Path | None, command: list[str], seed: int, fingerprint: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a run (see module docstring); the caller adds data digests."""
    return {
        "command": command,
        "seed": seed,
        "git": git_state(folder or Path.cwd()),
        "code": {} if folder is None else code_digests(folder),
        "packages": package_versions(),
        "hardware": hardware(),
        "fingerprint": fingerprint,
    }
