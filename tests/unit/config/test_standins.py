"""A pytorch-template project trains with its own `base` folder, and with a stand-in where that is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
import torch

from seedbed.config.components import Resolver
from seedbed.config.projects import Project
from seedbed.config.standins.base.base_data_loader import split_indices
from seedbed.errors import ConfigError

FILES = {
    "model/model.py": """
        from base import BaseModel
        from torch import nn

        class Net(BaseModel):
            def __init__(self, num_classes=10):
                super().__init__()
                self.layer = nn.Linear(4, num_classes)
                self.frozen = nn.Linear(1, 1).requires_grad_(False)

            def forward(self, x):
                return self.layer(x)
    """,
    "data_loader/data_loaders.py": """
        import torch
        from base import BaseDataLoader
        from utils import ensure_dir

        class Loader(BaseDataLoader):
            def __init__(self, batch_size, shuffle=True, validation_split=0.0, num_workers=0, training=True):
                self.dataset = torch.utils.data.TensorDataset(torch.arange(20.0), torch.arange(20))
                super().__init__(self.dataset, batch_size, shuffle, validation_split, num_workers)
    """,
}
# What such a project carries itself, in our words: the split draws from NumPy's global generator.
OWN_BASE = {
    "base/__init__.py": "from .loader import *\nfrom .network import *\n",
    "base/network.py": """
        import numpy
        import torch

        class BaseModel(torch.nn.Module):
            def __str__(self):
                trainable = [p for p in self.parameters() if p.requires_grad]
                return super().__str__() + f"\\nown count: {sum(numpy.prod(p.size()) for p in trainable)}"
    """,
    "base/loader.py": """
        import numpy
        from torch.utils.data import DataLoader
        from torch.utils.data.dataloader import default_collate
        from torch.utils.data.sampler import SubsetRandomSampler

        class BaseDataLoader(DataLoader):
            def __init__(self, dataset, batch_size, shuffle, validation_split, num_workers, collate_fn=default_collate):
                self.shuffle = shuffle
                self.own = dict(dataset=dataset, batch_size=batch_size, collate_fn=collate_fn, num_workers=num_workers)
                self.sampler, self.valid_sampler = self.split(len(dataset), validation_split)
                super().__init__(sampler=self.sampler, shuffle=self.shuffle, **self.own)

            def split(self, total, part):
                if part == 0.0:
                    return None, None
                order = numpy.arange(total)
                numpy.random.seed(0)
                numpy.random.shuffle(order)
                count = part if isinstance(part, int) else int(total * part)
                self.shuffle = False
                return SubsetRandomSampler(numpy.delete(order, numpy.arange(count))), SubsetRandomSampler(order[:count])

            def split_validation(self):
                return None if self.valid_sampler is None else DataLoader(sampler=self.valid_sampler, **self.own)
    """,
}


@pytest.fixture(autouse=True)
def _leave_imports_as_they_were() -> Iterator[None]:
    path, state = list(sys.path), np.random.get_state()
    yield
    if Project.active is not None:
        Project.active._deactivate()
        Project.active = None
    sys.path[:] = path
    np.random.set_state(state)


def make(folder: Path, files: dict[str, str]) -> Resolver:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    return Resolver({}, folder)


@pytest.mark.parametrize("base", [{}, OWN_BASE], ids=["stand-in", "their own"])
@pytest.mark.parametrize(("split", "held_back"), [(0.0, 0), (0, 0), (0.25, 5), (3, 3)])
def test_a_loader_splits_its_validation_part(
    tmp_path: Path, base: dict[str, str], split: float, held_back: int
) -> None:
    part = {"type": "Loader", "args": {"batch_size": 4, "validation_split": split}}
    loader = make(tmp_path, {**FILES, **base}).instantiate(part, "data")
    held = loader.split_validation()
    seen = torch.cat([y for _, y in loader]).tolist()
    assert (held is None) == (held_back == 0)
    kept = torch.cat([y for _, y in held]).tolist() if held is not None else []
    assert len(kept) == held_back
    assert sorted(seen + kept) == list(range(20))


def test_the_stand_in_splits_as_the_projects_own_base_does(tmp_path: Path) -> None:
    part = {"type": "Loader", "args": {"batch_size": 4, "validation_split": 0.25}}
    own = make(tmp_path / "own", {**FILES, **OWN_BASE}).instantiate(part, "data")
    assert sorted(own.valid_sampler.indices.tolist()) == sorted(split_indices(20, 0.25)[1])


def test_the_stand_in_leaves_numpys_generator_alone() -> None:
    before = np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]
    split_indices(20, 0.5)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index, union-attr]


def test_a_model_prints_its_trainable_parameters(tmp_path: Path) -> None:
    net = make(tmp_path, FILES).instantiate({"type": "Net", "args": {"num_classes": 3}}, "model")
    assert str(net).endswith("Trainable parameters: 15")


def test_a_project_with_its_own_base_gets_that_one(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain", FILES)
    own = make(tmp_path / "own", {**FILES, **OWN_BASE})
    for resolver, ending in ((plain, "Trainable parameters: 50"), (own, "own count: 50")) * 2:
        net = resolver.instantiate({"type": "Net", "args": {"num_classes": 10}}, "model")
        assert str(net).endswith(ending)


def test_nothing_is_registered_for_a_project_that_does_not_ask(tmp_path: Path) -> None:
    text = "import torch\nclass Net(torch.nn.Module):\n    pass\n"
    make(tmp_path, {"model.py": text}).resolve("Net", "model")
    assert "base" not in sys.modules
    assert not any("standins" in folder for folder in sys.path)


@pytest.mark.parametrize("split", [-0.5, 1.0, 20, 21, -1])
def test_a_split_that_leaves_nothing_is_refused(tmp_path: Path, split: float) -> None:
    part = {"type": "Loader", "args": {"batch_size": 4, "validation_split": split}}
    with pytest.raises(ConfigError, match="validation_split"):
        make(tmp_path, FILES).instantiate(part, "data")
