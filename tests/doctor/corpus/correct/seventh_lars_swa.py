"""LARS (You et al. 2017) written as an Optimizer, large batches, stochastic weight averaging at the end."""
import math

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.optim import Optimizer
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset, random_split


class LARS(Optimizer):
    def __init__(self, params, lr, momentum=0.9, weight_decay=0.0, trust=0.005, eps=1e-9):
        if lr <= 0:
            raise ValueError("lr must be positive")
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, trust=trust, eps=eps,
                                      adapt=True))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d = p.grad.add(p, alpha=group["weight_decay"])
                if group["adapt"]:
                    w, g = p.norm(), p.grad.norm()
                    ratio = group["trust"] * w / (g + group["weight_decay"] * w + group["eps"])
                    d = d * torch.where((w > 0) & (g > 0), ratio, torch.ones_like(ratio))
                buf = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                # the rate goes into the buffer, as in the paper
                buf.mul_(group["momentum"]).add_(d, alpha=group["lr"])
                p.sub_(buf)
        return loss


def split_groups(model, wd):
    """norms and biases: no decay, no adaptation"""
    big = [p for p in model.parameters() if p.ndim > 1]
    small = [p for p in model.parameters() if p.ndim <= 1]
    return [dict(params=big, weight_decay=wd, adapt=True), dict(params=small, weight_decay=0.0, adapt=False, lr=0.05)]


def build():
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10))


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    hit = n = 0
    for x, y in loader:
        hit += (model(x).argmax(-1) == y).sum().item()
        n += len(y)
    return hit / n


def main(epochs=14, swa_start=9, batch=200):
    torch.manual_seed(0)
    d = load_digits()
    data = TensorDataset(torch.tensor(d.images, dtype=torch.float32)[:, None] / 16, torch.tensor(d.target))
    train, val, test = random_split(data, [1200, 250, len(data) - 1450], torch.Generator().manual_seed(0))
    loader = DataLoader(train, batch_size=batch, shuffle=True)
    val_dl, test_dl = (DataLoader(s, batch_size=500) for s in (val, test))

    model = build()
    opt = LARS(split_groups(model, 5e-4), lr=2.0)
    warmup, total, floor = 6, swa_start * len(loader), 0.25

    def factor(i):
        if i < warmup:
            return (i + 1) / warmup
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (i - warmup) / (total - warmup)))

    cosine = torch.optim.lr_scheduler.LambdaLR(opt, factor)
    swa_model = AveragedModel(model)
    swa_sched = None
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        if epoch == swa_start:  # the cosine has come down to these rates by now
            swa_sched = SWALR(opt, swa_lr=[0.5, 0.0125], anneal_epochs=1)
        model.train()
        running = 0.0
        for x, y in loader:
            opt.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            opt.step()
            running += loss.item() * len(y)
            if epoch < swa_start:
                cosine.step()  # per batch; the SWA rate is stepped per epoch
        if epoch >= swa_start:
            swa_model.update_parameters(model)
            swa_sched.step()
        if epoch % 3 == 0 or epoch == epochs - 1:
            rates = [round(g["lr"], 4) for g in opt.param_groups]
            print(f"epoch {epoch:2d} loss {running / len(train):.4f} val {evaluate(model, val_dl):.3f} lr {rates}")
    update_bn(loader, swa_model)  # the averaged weights need their own batch statistics, from the training set
    candidates = {"last": model, "swa": swa_model}
    scores = {k: evaluate(m, val_dl) for k, m in candidates.items()}
    name = max(scores, key=scores.get)
    print("validation", {k: round(v, 4) for k, v in scores.items()})
    print(f"chosen: {name}, test accuracy {evaluate(candidates[name], test_dl):.4f} ({int(swa_model.n_averaged)} averaged)")


if __name__ == "__main__":
    main()
