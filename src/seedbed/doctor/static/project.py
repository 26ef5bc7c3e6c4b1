"""The files that belong together: imports between them are followed, everything else is a library."""

from __future__ import annotations

import os
from pathlib import Path

from seedbed.doctor.static.source import Source, read_source
from seedbed.doctor.static.values import Val
from seedbed.errors import SeedbedError

_STAR = {
    "torch.nn": "Module Linear Conv1d Conv2d Sequential ReLU Dropout BatchNorm1d BatchNorm2d CrossEntropyLoss MSELoss "
    "BCELoss BCEWithLogitsLoss NLLLoss Softmax Sigmoid Tanh Embedding LSTM GRU RNN ModuleList Flatten Parameter",
    "torch.nn.functional": "relu softmax log_softmax cross_entropy mse_loss nll_loss dropout sigmoid tanh "
    "binary_cross_entropy binary_cross_entropy_with_logits gelu kl_div one_hot normalize",
    "torch": "tensor randn rand zeros ones cat stack no_grad manual_seed optim nn utils load save",
    "torch.optim": "SGD Adam AdamW RMSprop Adagrad lr_scheduler LBFGS",
    "torch.utils.data": "DataLoader Dataset TensorDataset random_split Subset IterableDataset",
}

_DEEP = 6  # folders above a file whose own name an import may begin with: ``from src.data import …``


class Project:
    """Finds and reads the files that an entry imports; each file is parsed once."""

    def __init__(self, sources: dict[Path, Source] | None = None, strict: bool = False) -> None:
        self.sources: dict[Path, Source] = sources if sources is not None else {}
        self.entry: Source | None = None
        self.strict = strict
        self.loaded: dict[Path, Val] = {}
        self.called: set[int] = set()
        self.roots: dict[Path, list[Path]] = {}
        self.listings: dict[Path, set[str]] = {}
        self.found: dict[tuple[Path, str, int], Path | None] = {}

    def read(self, path: Path) -> Source | None:
        """The parsed file, ``None`` when it cannot be read."""
        path = path.resolve()
        if path not in self.sources:
            try:
                self.sources[path] = read_source(path)
            except (SeedbedError, RecursionError):
                return None
        return self.sources[path]

    def star(self, name: str) -> dict[str, Val]:
        """What ``from name import *`` brings, for the libraries where people write it."""
        return {n: Val("lib", f"{name}.{n}") for n in _STAR.get(name, "").split()}

    def find(self, source: Source, name: str, level: int) -> Path | None:
        """The project file that ``import name`` in ``source`` means, if there is one."""
        return self.locate(source.folder, name, level)

    def locate(self, here: Path, name: str, level: int) -> Path | None:
        """The same for a file in the resolved folder ``here``; each question looks at the disk once."""
        key = (here, name, level)
        if key not in self.found:
            self.found[key] = self._locate(here, name, level)
        return self.found[key]

    def _locate(self, here: Path, name: str, level: int) -> Path | None:
        parts = [p for p in name.split(".") if p]
        if level:
            for _ in range(level - 1):
                here = here.parent
            starts = [here]
        else:
            if parts and parts[0] in (
                "torch",
                "numpy",
                "os",
                "sys",
                "random",
                "math",
                "copy",
                "time",
                "json",
            ):
                return None
            starts = [here, *self._parents(here)]
            starts += [p.parent for p in (here, *here.parents)[:_DEEP] if parts and p.name == parts[0]]
        for start in starts:
            if parts and parts[0] not in self._listed(start):
                continue
            base = start.joinpath(*parts)
            for candidate in (base.with_suffix(".py") if parts else None, base / "__init__.py"):
                if candidate is not None and candidate.is_file():
                    return candidate.resolve()
        return None

    def _listed(self, folder: Path) -> set[str]:
        """What can be imported from a folder, by its first name."""
        if folder not in self.listings:
            try:
                names = os.listdir(folder)
            except OSError:
                names = []
            self.listings[folder] = {n.removesuffix(".py") for n in names}
        return self.listings[folder]

    def _parents(self, here: Path) -> list[Path]:
        """Folders above a file that are still the same project: packages, and the one that holds them."""
        if here not in self.roots:
            found, current = [], here
            while (current / "__init__.py").is_file() and current.parent != current:
                current = current.parent
                found.append(current)
            if not found and here.parent.name and (here.parent / "src").is_dir():
                found.append(here.parent / "src")
            for _ in range(1):
                if any((current.parent / marker).exists() for marker in ("pyproject.toml", "setup.py", ".git")):
                    found.append(current.parent)
            self.roots[here] = found
        return self.roots[here]
