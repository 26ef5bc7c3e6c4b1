"""Learning-rate range test that leaves no trace: model, optimizer and RNG come back as they were."""
import copy
import itertools
import math
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@contextmanager
def sandbox(model, opt, generator):
    """Everything done to the three inside is undone."""
    saved_model = copy.deepcopy(model.state_dict())
    saved_opt = copy.deepcopy(opt.state_dict())
    mode, loader_rng = model.training, generator.get_state()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            model.load_state_dict(saved_model)
            opt.load_state_dict(saved_opt)
            opt.zero_grad(set_to_none=True)
            model.train(mode)
            generator.set_state(loader_rng)


def forever(loader):
    while True:
        yield from loader


def range_test(model, opt, loader, loss_fn, lo=1e-5, hi=1.0, steps=80, beta=0.9):
    rates, smooth, avg = [], [], 0.0
    model.train()
    for i, (x, y) in enumerate(itertools.islice(forever(loader), steps)):
        lr = lo * (hi / lo) ** (i / (steps - 1))
        for group in opt.param_groups:
            group["lr"] = lr
        loss = loss_fn(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        avg = beta * avg + (1 - beta) * loss.item()
        value = avg / (1 - beta ** (i + 1))
        if not math.isfinite(value) or (smooth and value > 4 * min(smooth)):
            break
        rates.append(lr)
        smooth.append(value)
    return rates, smooth


def suggest(rates, losses):
    """A tenth of the rate at the lowest smoothed loss."""
    return rates[min(range(len(losses)), key=losses.__getitem__)] / 10


def signature(model):
    return torch.cat([v.double().flatten() for v in model.state_dict().values()])


def main():
    torch.manual_seed(2)
    x = torch.randn(1000, 12)
    y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3] + 0.1 * torch.randn(1000, 1)
    shuffle = torch.Generator().manual_seed(0)
    train_dl = DataLoader(TensorDataset(x[:700], y[:700]), 50, shuffle=True, generator=shuffle)
    xv, yv, xs, ys = x[700:850], y[700:850], x[850:], y[850:]
    model = nn.Sequential(nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))
    loss_fn = nn.MSELoss()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)

    before, noise = signature(model), torch.get_rng_state()
    with sandbox(model, opt, shuffle):
        rates, curve = range_test(model, opt, train_dl, loss_fn)
    assert torch.equal(before, signature(model)) and torch.equal(noise, torch.get_rng_state())
    assert not opt.state and opt.param_groups[0]["lr"] == 1e-3
    lr = suggest(rates, curve)
    for group in opt.param_groups:
        group["lr"] = lr
    print(f"tried {rates[0]:.0e} to {rates[-1]:.2g}, chose {lr:.2e}")

    best, kept = math.inf, None
    for epoch in range(15):
        model.train()
        for xb, yb in train_dl:
            opt.zero_grad()
            loss_fn(model(xb), yb).backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            val = loss_fn(model(xv), yv).item()
        if val < best:
            best, kept = val, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    model.eval()
    with torch.no_grad():
        print(f"val {best:.4f} test {loss_fn(model(xs), ys).item():.4f} variance {ys.var().item():.4f}")


if __name__ == "__main__":
    main()
