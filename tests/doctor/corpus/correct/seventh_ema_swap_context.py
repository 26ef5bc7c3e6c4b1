"""Exponential moving average of the weights, swapped in by a context manager for evaluation."""
from contextlib import contextmanager, ExitStack

import torch
from torch import nn
from torch.nn import functional as F


class Ema:
    def __init__(self, module: nn.Module, decay: float):
        self.module, self.decay, self.n = module, decay, 0
        self.shadow = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self):
        self.n += 1
        d = min(self.decay, (1 + self.n) / (10 + self.n))
        for k, v in self.module.state_dict().items():
            if v.dtype.is_floating_point:
                self.shadow[k].lerp_(v, 1 - d)
            else:                       # num_batches_tracked
                self.shadow[k].copy_(v)

    @contextmanager
    def swapped(self):
        backup = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
        self.module.load_state_dict(self.shadow)
        try:
            yield self.module
        finally:
            self.module.load_state_dict(backup)


@contextmanager
def evaluating(module: nn.Module):
    modes = {m: m.training for m in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            yield module
    finally:
        for m, flag in modes.items():
            m.training = flag


def accuracy(model, x, y, ema=None):
    with ExitStack() as stack:
        stack.enter_context(evaluating(model))
        if ema is not None:
            stack.enter_context(ema.swapped())
        hit = sum((model(xb).argmax(-1) == yb).sum().item() for xb, yb in zip(x.split(100), y.split(100)))
    return hit / len(y)


def images(n, gen):
    """8x8 pictures holding a horizontal, vertical or diagonal stroke under noise."""
    img = torch.randn(n, 1, 8, 8, generator=gen) * 0.8
    label = torch.randint(0, 3, (n,), generator=gen)
    where = torch.randint(1, 7, (n,), generator=gen)
    eye = torch.eye(8)
    for i, (c, w) in enumerate(zip(label.tolist(), where.tolist())):
        if c == 0:
            img[i, 0, w] += 1.3
        elif c == 1:
            img[i, 0, :, w] += 1.3
        else:
            img[i, 0] += 1.3 * eye.roll(w, 1)
    return img, label


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    xtr, ytr = images(900, gen)
    xte, yte = images(300, gen)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3))
    ema = Ema(model, 0.98)
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(6):
        for idx in torch.randperm(len(xtr)).split(60):
            loss = F.cross_entropy(model(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            ema.update()
        assert model.training
    print(f"raw {accuracy(model, xte, yte):.3f}  averaged {accuracy(model, xte, yte, ema):.3f}")


if __name__ == "__main__":
    main()
