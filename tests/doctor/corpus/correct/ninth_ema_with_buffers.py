"""Exponential moving average of a BatchNorm network.

Parameters are averaged; floating buffers (running mean/var) are averaged with the same decay and integer
buffers are copied. Evaluation and the saved file use the averaged weights."""
import copy
import io
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EMA:
    def __init__(self, model, decay=0.99):
        self.decay = decay
        self.updates = 0
        self.module = copy.deepcopy(model).eval()
        self.module.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        d = min(self.decay, (1 + self.updates) / (10 + self.updates))
        src = model.state_dict()
        for k, v in self.module.state_dict().items():
            if v.is_floating_point():
                v.lerp_(src[k], 1 - d)
            else:
                v.copy_(src[k])

    def state_dict(self):
        return {"module": self.module.state_dict(), "updates": self.updates, "decay": self.decay}

    def load_state_dict(self, s):
        self.module.load_state_dict(s["module"])
        self.updates, self.decay = s["updates"], s["decay"]


@contextmanager
def evaluating(model):
    was = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield model
    finally:
        model.train(was)


def make_net():
    return nn.Sequential(
        nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 5))


def blobs(n, centers, gen):
    y = torch.randint(0, 5, (n,), generator=gen)
    x = centers[y] + 1.6 * torch.randn(n, 20, generator=gen)
    flip = torch.rand(n, generator=gen) < 0.1
    return x, torch.where(flip, torch.randint(0, 5, (n,), generator=gen), y)


def accuracy(model, dl):
    with evaluating(model):
        hits = sum((model(x).argmax(1) == y).sum().item() for x, y in dl)
    return hits / len(dl.dataset)


def main():
    torch.manual_seed(1)
    gen = torch.Generator().manual_seed(1)
    centers = torch.randn(5, 20, generator=gen)
    train = DataLoader(TensorDataset(*blobs(800, centers, gen)), batch_size=32, shuffle=True, drop_last=True)
    val = DataLoader(TensorDataset(*blobs(400, centers, gen)), batch_size=200)
    model = make_net()
    ema = EMA(model)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(8):
        for x, y in train:
            opt.zero_grad()
            loss_fn(model(x), y).backward()
            opt.step()
            ema.update(model)
        print(f"epoch {epoch} raw {accuracy(model, val):.3f} ema {accuracy(ema.module, val):.3f}")

    # full checkpoint round trip
    f = io.BytesIO()
    torch.save({"model": model.state_dict(), "ema": ema.state_dict(), "opt": opt.state_dict(), "epoch": 8}, f)
    f.seek(0)
    ck = torch.load(f, weights_only=True)
    again = EMA(make_net())
    again.load_state_dict(ck["ema"])
    assert accuracy(again.module, val) == accuracy(ema.module, val)
    print("reloaded EMA agrees")


if __name__ == "__main__":
    main()
