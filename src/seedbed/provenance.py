"""What made a run: command, git commit and diff, packages, hardware, and the numeric fingerprint.

"Same seed, same bits" holds under one numeric fingerprint: everything that changes floating-point results without
changing the config or the seed.
"""

from __future__ import annotations

import hashlib
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
    folder = Path(os.path.realpath(folder))
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["git", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )

    started: list[subprocess.Popen[str]] = []
    try:
        # both at once: each takes some ten milliseconds, most of it starting up
        started.append(start("rev-parse", "HEAD"))
        started.append(start("diff", "HEAD", "--no-color"))
        commit, diff = (process.communicate(timeout=10)[0] for process in started)
    except (OSError, subprocess.TimeoutExpired):
        for process in started:
            process.kill()
            process.communicate()
        return None
    if started[0].returncode != 0:
        return None
    limit = 200_000
    return {"commit": commit.strip(), "diff": diff[:limit], "diff_truncated": len(diff) > limit}


def code_digests(folder: Path) -> dict[str, str]:
    """sha256 of each of the project's own modules that is loaded, by its path in the project."""
    digests = {}
    root = os.path.realpath(folder)
    inside = root.rstrip(os.sep) + os.sep
    foreign = (sys.base_prefix + os.sep, os.path.dirname(torch.__file__) + os.sep)
    folders: dict[str, str] = {}  # resolving a path costs a call to the system for each of its parts
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not file or not file.endswith(".py") or "site-packages" in file or file.startswith(foreign):
            continue
        parent, name = os.path.split(file)
        if parent not in folders:
            folders[parent] = os.path.realpath(parent)
        if not f"{folders[parent]}{os.sep}".startswith(inside):
            continue
        path = f"{folders[parent]}{os.sep}{name}"
        if f"{os.sep}site-packages{os.sep}" not in path and os.path.isfile(path):
            with open(path, "rb") as source:
                digests[path.removeprefix(inside)] = hashlib.sha256(source.read()).hexdigest()
    return dict(sorted(digests.items()))


# distributions that are not called like their module
DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def package_versions() -> dict[str, str]:
    """Version of every installed distribution whose module is loaded, and of Python.

    Read from the names of the folders that installers leave beside the modules: opening the metadata of everything
    that is installed takes longer than a short training.
    """
    loaded = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
    installed = installed_distributions()
    versions = {}
    for module in loaded:
        name = normal_name(DISTRIBUTIONS.get(module, module))
        version = installed.get(name) or getattr(sys.modules.get(module), "__version__", None)
        if isinstance(version, str):
            versions[name] = str(version)
    return {"python": platform.python_version(), **dict(sorted(versions.items()))}


def installed_distributions() -> dict[str, str]:
    """Version of every distribution on the import path, by its normalised name."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(sys.path):
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in names:
            if entry.endswith((".dist-info", ".egg-info")):
                name, _, version = entry.rpartition(".")[0].partition("-")
                found.setdefault(normal_name(name), version.partition("-")[0])
    return found


def normal_name(name: str) -> str:
    """A distribution's name as the package index compares it: https://peps.python.org/pep-0503/."""
    return name.lower().replace("_", "-").replace(".", "-")


def hardware() -> dict[str, Any]:
    """Processor, cores, memory and accelerators."""
    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    gpus = (
        [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    )
    return {
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": processor_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": memory,
        "gpus": gpus,
    }


def processor_name() -> str:
    """The processor's model name."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
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
