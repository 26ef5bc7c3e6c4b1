"""What is trained: six cases from launch-bound to compute-bound, full and tiny, with the targets for an H200."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.bench.gpu.models import DiffusionUNet, MnistCNN, ResNet18, token_loss
from seedbed.models.gpt import GPT

Split = tuple[Tensor, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model, its data, its loss, and what of its time is told.

    ``per_step`` of ``unit`` are done in a step (0: the unit is milliseconds a step), or ``steps_per_unit`` steps make
    one unit. ``target`` is what an H200 should reach, as the page shows it, and ``reached`` says whether a figure does.
    """

    name: str
    title: str
    make_model: Callable[[], nn.Module]
    make_data: Callable[[], Split]
    loss: Loss
    batch_size: int
    warm: int
    steps: int
    precision: Literal["fp32", "bf16"] = "bf16"
    channels_last: bool = False
    figure: Literal["ms a step", "s an epoch", "tokens/s", "s to the goal"] = "ms a step"
    per_step: int = 1
    target: float | None = None
    goal: float = 0.0
    epochs: int = 0
    lr: float = 1e-3

    def figure_of(self, seconds: float) -> float:
        """What the page shows, from the seconds of one step (or, where there is a goal, those until it)."""
        if self.figure == "ms a step":
            return 1e3 * seconds
        if self.figure == "tokens/s":
            return self.per_step / seconds
        return self.per_step * seconds

    def reached(self, figure: float) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return figure >= self.target if self.figure == "tokens/s" else figure <= self.target


def random_images(count: int, channels: int, side: int) -> Split:
    """Random images and classes."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(count, channels, side, side, generator=generator)
    return images, torch.randint(0, 10, (count,), generator=generator)


def random_tokens(count: int, length: int, vocabulary: int) -> Split:
    """Random windows of text; the target of a place is the token after it."""
    tokens = torch.randint(0, vocabulary, (count, length + 1), generator=torch.Generator().manual_seed(0))
    return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()


def random_actions(count: int, length: int, actions: int, observations: int) -> Split:
    """Noisy actions, noise level and observations in one row; the noise."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(count, length * actions + 1 + observations, generator=generator)
    inputs[:, length * actions] = torch.randint(0, 100, (count,), generator=generator).float()
    return inputs, torch.randn(count, length * actions, generator=generator)


def mnist(part: str) -> Split | None:
    """MNIST, pixels around 0; None where it is not at hand."""
    root = os.environ.get("SEEDBED_DATA")
    if root is None or not (Path(root) / "mnist").is_dir():
        return None
    from seedbed.bench.workloads import split_of
    from seedbed.data.datasets.mnist import MNIST

    source: Any = MNIST(download=False)
    images, labels = split_of(source.train if part == "train" else source.test)
    return (images.float().div_(255) - 0.1307) / 0.3081, labels


def easy_images(count: int) -> Split:
    """Images whose class is where they are bright: learned in a few updates, for the tiny form."""
    images, labels = random_images(count, 1, 28)
    bright = F.one_hot(labels, 28).float()[:, None, :, None]
    return images * 0.1 + 3 * bright, labels


def random_features(count: int) -> Split:
    """64 numbers and a class."""
    images, labels = random_images(count, 1, 8)
    return images.flatten(1), labels


def cases(*, tiny: bool) -> list[Case]:
    """All cases; the tiny ones take a second each on a CPU and measure nothing of interest."""
    return [*launch_bound(tiny), *compute_bound(tiny)]


def launch_bound(tiny: bool) -> list[Case]:
    """What waits for kernels to be launched, and the run to a goal."""
    goal = Case(
        name="mnist",
        title="MNIST CNN (1.2 M weights) to 99 % of the test images, batch 256, bf16, one-cycle AdamW",
        make_model=lambda: MnistCNN(4 if tiny else 32),
        make_data=lambda: easy_images(256) if tiny else (mnist("train") or easy_images(60_000)),
        loss=F.cross_entropy,
        batch_size=32 if tiny else 256,
        warm=0,
        steps=0,
        channels_last=True,
        figure="s to the goal",
        target=0.3,
        goal=0.5 if tiny else 0.99,
        epochs=3 if tiny else 8,
        lr=3e-3,
    )
    length, batch = (8, 2) if tiny else (64, 16)
    gpt = Case(
        name="gpt",
        title=f"GPT with 4 layers of width 128, batch {batch} × {length} tokens, bf16",
        make_model=lambda: GPT(vocab_size=64, context=length, d_model=16 if tiny else 128),
        make_data=lambda: random_tokens(16 if tiny else 8192, length, 64),
        loss=token_loss,
        batch_size=batch,
        warm=2 if tiny else 60,
        steps=3 if tiny else 400,
        target=0.35,
    )
    mlp = Case(
        name="mlp",
        title="MLP 64-64-10, batch 32, fp32: nothing but launches",
        make_model=lambda: nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)),
        make_data=lambda: random_features(64 if tiny else 16_384),
        loss=F.cross_entropy,
        batch_size=32,
        warm=2 if tiny else 60,
        steps=3 if tiny else 440,
        precision="fp32",
    )
    return [goal, gpt, mlp]


def compute_bound(tiny: bool) -> list[Case]:
    """What keeps a GPU busy."""
    resnet_batch = 4 if tiny else 512
    resnet = Case(
        name="resnet18",
        title=f"ResNet-18, an epoch of 50,000 images of 3 × 32 × 32, batch {resnet_batch}, bf16, channels-last",
        make_model=lambda: ResNet18(4 if tiny else 64),
        make_data=lambda: random_images(16 if tiny else 50_000, 3, 32),
        loss=F.cross_entropy,
        batch_size=resnet_batch,
        warm=2 if tiny else 30,
        steps=3 if tiny else 90,
        channels_last=True,
        figure="s an epoch",
        per_step=-(-50_000 // resnet_batch),
        target=0.5,
    )
    unet = Case(
        name="unet",
        title="Diffusion-policy U-Net in one dimension (65 M weights at full size), batch 256, bf16",
        make_model=lambda: DiffusionUNet((16, 32), embedding=16) if tiny else DiffusionUNet(),
        make_data=lambda: random_actions(16 if tiny else 16_384, 16, 2, 132),
        loss=F.mse_loss,
        batch_size=4 if tiny else 256,
        warm=2 if tiny else 30,
        steps=3 if tiny else 150,
        target=2.0,
    )
    length, batch, wide = (16, 2, 32) if tiny else (1024, 16, 768)
    vocabulary = 100 if tiny else 50_304
    gpt2 = Case(
        name="gpt2",
        title=f"GPT-2 of 124 M weights, batch {batch} × {length} tokens, bf16",
        make_model=lambda: GPT(
            vocab_size=vocabulary,
            context=length,
            num_layers=2 if tiny else 12,
            num_heads=2 if tiny else 12,
            d_model=wide,
        ),
        make_data=lambda: random_tokens(8 if tiny else 512, length, vocabulary),
        loss=token_loss,
        batch_size=batch,
        warm=2 if tiny else 8,
        steps=3 if tiny else 20,
        figure="tokens/s",
        per_step=batch * length,
        target=500_000.0,
    )
    return [resnet, unet, gpt2]
