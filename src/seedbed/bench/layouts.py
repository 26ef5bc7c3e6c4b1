"""An update of convolutional nets in either memory layout: ``python -m seedbed.bench.layouts [ROUNDS]``.

Prints a Markdown table: processor time of an update laid out as channels-last over that in the plain layout, the
minimum of rounds made in turns, beside what ``seedbed.speed.images`` looks at. Its constants were read off this table.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from seedbed.models.lenet import LeNet
from seedbed.models.resnet import ResNet
from seedbed.speed.images import takes_channels_last, try_layout

ROUNDS, ROUND_SECONDS = 5, 0.15


@dataclass(frozen=True)
class Case:
    """A net and a batch of its images, (B, C, H, W)."""

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, int, int, int]


def block(channels: int, out: int, *, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Module:
    """Convolution, BatchNorm, ReLU."""
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU())


def pooled(*layers: nn.Module, width: int) -> nn.Module:
    """Layers, the mean over all pixels, and ten scores."""
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def flattened(*layers: nn.Module, width: int) -> nn.Module:
    """Layers, and a hidden layer over all pixels."""
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 10))


def plain(channels: int, *outs: int, kernel: int = 3, pool: int = 1, size: int) -> nn.Module:
    """Convolutions with ReLU, pooled once, flattened."""
    layers: list[nn.Module] = []
    for out in outs:
        layers += [nn.Conv2d(channels, out, kernel), nn.ReLU()]
        channels, size = out, size - kernel + 1
    layers += [nn.MaxPool2d(pool)] if pool > 1 else []
    return flattened(*layers, width=channels * (size // pool) ** 2)


def mobile() -> nn.Module:
    """Convolutions by channel and by pixel in turns."""
    first = block(3, 16, stride=2)
    return pooled(first, block(16, 16, groups=16), block(16, 32, kernel=1), block(32, 64), width=64)


def autoencoder() -> nn.Module:
    """Strides down, copied pixels up."""
    down = (nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU())
    up = (nn.Conv2d(32, 16, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(16, 1, 3, padding=1))
    return nn.Sequential(*down, nn.Upsample(scale_factor=2), *up)


def cases() -> list[Case]:
    """Nets of the kinds that people write, small and middle."""
    deep = (block(3, 32), block(32, 32), nn.MaxPool2d(2), block(32, 64), nn.MaxPool2d(2), block(64, 128))
    return [
        Case("LeNet", LeNet, (128, 1, 28, 28)),
        Case("ResNet-8", lambda: ResNet(in_channels=3, depth=8), (64, 3, 32, 32)),
        Case("VGG with BatchNorm", lambda: pooled(*deep, width=128), (32, 3, 32, 32)),
        Case("depthwise", mobile, (32, 3, 64, 64)),
        Case("autoencoder", autoencoder, (64, 1, 28, 28)),
        Case("1 conv 16, 5×5, pool, flatten", lambda: plain(1, 16, kernel=5, pool=2, size=28), (64, 1, 28, 28)),
        Case("1 conv 8, pool, flatten", lambda: plain(3, 8, pool=2, size=28), (64, 3, 28, 28)),
        Case("2 convs 32 64, pool, flatten", lambda: plain(1, 32, 64, pool=2, size=28), (64, 1, 28, 28)),
        Case("2 convs 16 16, flatten", lambda: plain(1, 16, 16, size=28), (64, 1, 28, 28)),
        Case("2 convs 8 16, flatten", lambda: plain(1, 8, 16, size=28), (64, 1, 28, 28)),
        Case("1 conv 16, 5×5, flatten", lambda: plain(3, 16, kernel=5, size=28), (64, 3, 28, 28)),
        Case("1 conv 8, flatten", lambda: plain(3, 8, size=28), (64, 3, 28, 28)),
    ]


def updates(case: Case, layout: torch.memory_format) -> Callable[[], None]:
    """A function that makes one update in a layout."""
    torch.manual_seed(0)
    model = case.make().to(memory_format=layout)  # type: ignore[call-overload]
    images = torch.randn(case.shape).contiguous(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def update() -> None:
        optimizer.zero_grad()
        model(images).square().mean().backward()
        optimizer.step()

    return update


def ratio(case: Case, rounds: int) -> float:
    """Processor time of an update, channels-last over plain."""
    arms = [updates(case, layout) for layout in (torch.contiguous_format, torch.channels_last)]
    for arm in arms:
        arm()
    began = time.process_time()
    arms[0]()
    repeats = max(1, int(ROUND_SECONDS / max(time.process_time() - began, 1e-6)))
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for number, arm in enumerate(arms):
            began = time.process_time()
            for _ in range(repeats):
                arm()
            best[number] = min(best[number], (time.process_time() - began) / repeats)
    return best[1] / best[0]


def main(arguments: Sequence[str] = ()) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    rounds = int(arguments[0]) if arguments else ROUNDS
    print("| net | batch | channels-last over plain | moved, of what convolutions put out | work an element | chosen |")
    print("|---|---|---|---|---|---|")
    for case in cases():
        model, shape = case.make(), torch.Size(case.shape[1:])
        _, seen = try_layout(model, shape, torch.channels_last)
        share, work = seen.moved / seen.made, f"{seen.work / seen.moved:.0f}" if seen.moved else "–"
        chosen = "yes" if takes_channels_last(model, shape) else "no"
        batch = "×".join(map(str, case.shape))
        print(f"| {case.name} | {batch} | {ratio(case, rounds):.2f} | {share:.2f} | {work} | {chosen} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
