"""Gradient accumulation that equals the big batch: sums are divided by the number of samples in the window."""
from itertools import islice

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def windows(iterable, k):
    """Lists of at most k consecutive batches; the last one may be short."""
    it = iter(iterable)
    while chunk := list(islice(it, k)):
        yield chunk


def accumulate(model, chunk):
    total = sum(len(y) for _, y in chunk)
    value = 0.0
    for x, y in chunk:
        loss = nn.functional.cross_entropy(model(x), y, reduction="sum") / total
        loss.backward()
        value += loss.item()
    return value, total


def check_equivalence(model, x, y):
    """Ragged micro-batches and one big batch must give the same gradient."""
    probe = model.eval().double()
    big = torch.autograd.grad(nn.functional.cross_entropy(probe(x.double()), y), list(probe.parameters()))
    probe.zero_grad()
    accumulate(probe, list(zip(x.double().split([7, 20, 3]), y.split([7, 20, 3]))))
    for p, g in zip(probe.parameters(), big):
        torch.testing.assert_close(p.grad, g)
    probe.zero_grad(set_to_none=True)
    model.float().train()


def build():
    # LayerNorm: no statistic depends on how the window is cut
    return nn.Sequential(nn.Linear(16, 64), nn.LayerNorm(64), nn.GELU(), nn.Dropout(0.1), nn.Linear(64, 5))


def main():
    torch.manual_seed(0)
    w = torch.randn(16, 5)
    x = torch.randn(1037, 16)
    y = (x @ w + 2 * torch.randn(1037, 5)).argmax(1)
    train = DataLoader(TensorDataset(x[:787], y[:787]), batch_size=16, shuffle=True)
    test = DataLoader(TensorDataset(x[787:], y[787:]), batch_size=100)
    model = build()
    check_equivalence(model, x[:30], y[:30])
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    k, epochs = 4, 6
    updates = -(-len(train) // k)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=updates * epochs)
    for epoch in range(epochs):
        model.train()
        running = seen = done = 0
        for chunk in windows(train, k):
            opt.zero_grad()
            value, n = accumulate(model, chunk)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
            running += value * n
            seen += n
            done += 1
        assert done == updates and seen == 787
        print(f"epoch {epoch} loss {running / seen:.4f}")
    model.eval()
    with torch.no_grad():
        correct = sum((model(a).argmax(1) == b).sum().item() for a, b in test)
    print(f"test accuracy {correct / len(test.dataset):.3f}")


if __name__ == "__main__":
    main()
