"""torch.compile with the eager backend; the checkpoint comes from the uncompiled module."""
import os
import tempfile
import time

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.ff(self.norm(x))


class Net(nn.Module):
    def __init__(self, d_in=10, d=32, classes=3):
        super().__init__()
        self.inp, self.block, self.out = nn.Linear(d_in, d), Block(d), nn.Linear(d, classes)

    def forward(self, x):
        return self.out(self.block(self.inp(x)))


def main():
    torch.manual_seed(1)
    x = torch.randn(800, 10)
    y = (x[:, 0] * x[:, 1] > 0).long() + (x[:, 2] > 1).long()
    xt, yt, xv, yv, xs, ys = x[:480], y[:480], x[480:640], y[480:640], x[640:], y[640:]
    net = Net()
    fast = torch.compile(net, backend="eager", dynamic=True)    # shares the parameters with net
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
    loss_fn = nn.CrossEntropyLoss()
    path = os.path.join(tempfile.mkdtemp(), "net.pt")
    best = float("inf")
    began = time.perf_counter()
    for epoch in range(15):
        fast.train()
        for idx in torch.randperm(len(xt)).split(48):
            loss = loss_fn(fast(xt[idx]), yt[idx])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
        fast.eval()
        with torch.no_grad():
            val = loss_fn(fast(xv), yv).item()
        if val < best:
            best = val
            torch.save(net.state_dict(), path)                  # no "_orig_mod." in the keys
    print(f"{time.perf_counter() - began:.1f}s, best val {best:.3f}")

    fresh = Net()
    fresh.load_state_dict(torch.load(path, weights_only=True))
    fresh.eval()
    net.load_state_dict(fresh.state_dict())
    fast.eval()
    with torch.no_grad():
        a, b = fresh(xs), fast(xs)
    torch.testing.assert_close(a, b)
    print(f"test loss {loss_fn(a, ys):.3f} acc {(a.argmax(1) == ys).float().mean():.3f}")


if __name__ == "__main__":
    main()
