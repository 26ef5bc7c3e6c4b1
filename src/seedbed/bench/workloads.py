"""What is trained: four workloads from tiny to compute-bound, each the same data and model for every variant."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

Split = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Workload:
    """A model, its data and how long it is trained.

    ``per_sample`` says that the hand-written loop reads byte images one by one, as image code is mostly written;
    ``pixels`` that inputs are such images; ``tokens`` that targets are token numbers, one for each place.
    """

    name: str
    title: str
    make_model: Callable[[], nn.Module]
    batch_size: int
    epochs: int
    per_sample: bool = False
    tokens: bool = False


@dataclass(frozen=True)
class Task:
    """A workload with its data and its model, ready to be trained with Adam at ``lr``; checkpoints go to ``folder``."""

    workload: Workload
    model: nn.Module
    train: Split
    val: Split
    epochs: int
    folder: Path
    lr: float = 1e-3

    @property
    def num_steps(self) -> int:
        """Updates in all."""
        return self.epochs * -(-len(self.train[0]) // self.workload.batch_size)


class LeNet(nn.Module):
    """Two convolutions and two linear layers, as in many a template."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.ReLU()
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(320, 50), nn.ReLU(), nn.Dropout(), nn.Linear(50, 10))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits


class TinyGPT(nn.Module):
    """Four transformer layers of width 128 over 64 token kinds and 64 places."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(64, 128), nn.Parameter(torch.zeros(64, 128))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True, norm_first=True) for _ in range(4)
        )
        self.head = nn.Linear(128, 64)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(64))

    def forward(self, tokens: Tensor) -> Tensor:
        hidden = self.tokens(tokens) + self.places
        for layer in self.layers:
            hidden = layer(hidden, src_mask=self.mask, is_causal=True)
        logits: Tensor = self.head(hidden)
        return logits


def mlp(inputs: int, hidden: int) -> nn.Module:
    """One hidden layer, ten classes."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 10))


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("w1", "MLP 64-64-10 on digits, batch 32", lambda: mlp(64, 64), 32, 20),
        Workload("w2", "MLP 784-256-10 on MNIST, batch 128", lambda: mlp(784, 256), 128, 3),
        Workload("w3", "LeNet on MNIST, batch 128, images read one by one", LeNet, 128, 1, per_sample=True),
        Workload("w4", "4-layer GPT, width 128, 64 places, batch 16", TinyGPT, 16, 1, tokens=True),
    )
}


def prepare(name: str, folder: Path) -> str:
    """Write the data of a workload to ``folder``; says what they are.

    Without MNIST in ``$SEEDBED_DATA`` they are random numbers of the same shape: as good for measuring time.
    """
    if name == "w1":
        from seedbed.data.datasets.digits import Digits

        source = Digits(flatten=True)
        train, val = split_of(source.train), split_of(source.test)
        said = "the 1,797 digits that come with seedbed"
    elif name == "w4":
        train, val, said = synthetic_text(384), synthetic_text(32), "synthetic tokens"
    else:
        (train, val), said = mnist() or (synthetic_images(), "synthetic images of MNIST's shape (no $SEEDBED_DATA)")
        train, val = (train[0][:20000], train[1][:20000]), (val[0][:2000], val[1][:2000])
        if name == "w2":
            train, val = ((x.flatten(1).float() / 255, y) for x, y in (train, val))
    x, y, xv, yv = (tensor.numpy() for tensor in (*train, *val))
    np.savez(folder / f"{name}.npz", x=x, y=y, xv=xv, yv=yv)
    return said


def mnist() -> tuple[tuple[Split, Split], str] | None:
    """The real images, where they are at hand."""
    if not (Path(os.environ.get("SEEDBED_DATA", "")) / "mnist").is_dir() or "SEEDBED_DATA" not in os.environ:
        return None
    from seedbed.data.datasets.mnist import MNIST

    source = MNIST(download=False)
    return (split_of(source.train), split_of(source.test)), "20,000 + 2,000 images of MNIST"


def synthetic_images() -> tuple[Split, Split]:
    """Random byte images with random classes."""
    generator = torch.Generator().manual_seed(0)

    def images(count: int) -> Split:
        pixels = torch.randint(0, 256, (count, 1, 28, 28), generator=generator, dtype=torch.uint8)
        return pixels, torch.randint(0, 10, (count,), generator=generator)

    return images(20000), images(2000)


def synthetic_text(count: int) -> Split:
    """Windows of random tokens; the target of a place is the token after it."""
    tokens = torch.randint(0, 64, (count, 65), generator=torch.Generator().manual_seed(count))
    return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()


def load_compiler() -> None:
    """What the first optimizer of every process does on the side."""
    torch.optim.Adam([torch.zeros(1)])


def split_of(part: object) -> Split:
    """All samples of a split, in order."""
    from seedbed.data.samples import TensorSamples  # here, so that the hand-written loop does not wait for it

    assert isinstance(part, TensorSamples)
    inputs, targets = part.gather(torch.from_numpy(part.rows))
    return inputs, targets


def make_task(name: str, data: Path, epochs: int | None) -> Task:
    """Read what ``prepare`` wrote, and make the model."""
    workload = WORKLOADS[name]
    with np.load(data / f"{name}.npz", allow_pickle=False) as arrays:
        x, y, xv, yv = (torch.from_numpy(arrays[key]) for key in ("x", "y", "xv", "yv"))
    torch.manual_seed(0)
    return Task(workload, workload.make_model(), (x, y), (xv, yv), epochs or workload.epochs, data)
