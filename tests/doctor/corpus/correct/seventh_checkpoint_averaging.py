"""Average of the last checkpoints on disk; BatchNorm statistics are measured anew for the averaged weights."""
import collections
import pathlib
import tempfile

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Ring:
    """Keeps the newest `size` checkpoint files."""

    def __init__(self, folder, size):
        self.folder, self.files, self.size = pathlib.Path(folder), collections.deque(), size

    def save(self, step, model):
        path = self.folder / f"step{step:06d}.pt"
        torch.save({"step": step, "model": model.state_dict()}, path)
        self.files.append(path)
        while len(self.files) > self.size:
            self.files.popleft().unlink()

    def average(self):
        total, n = None, 0
        for path in self.files:
            state = torch.load(path, weights_only=True)["model"]
            if total is None:
                total = {k: v.double() if v.is_floating_point() else v for k, v in state.items()}
            else:
                for k, v in state.items():
                    if v.is_floating_point():
                        total[k] += v.double()
                    else:
                        total[k] = v                        # counters: the newest one
            n += 1
        return {k: (v / n).float() if v.is_floating_point() else v for k, v in total.items()}


@torch.no_grad()
def refresh_bn(model, loader):
    """Cumulative statistics over one pass of the training data."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [m.momentum for m in norms]
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
    model.train()
    for x, _ in loader:
        model(x)
    for m, mom in zip(norms, momenta):
        m.momentum = mom
    model.eval()


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    loss = hit = n = 0
    for x, y in loader:
        out = model(x)
        loss += nn.functional.cross_entropy(out, y, reduction="sum").item()
        hit += (out.argmax(1) == y).sum().item()
        n += len(y)
    return f"nll {loss / n:.4f} acc {hit / n:.4f}"


def net():
    return nn.Sequential(
        nn.Conv1d(1, 16, 5, padding=2), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(16, 32, 5, padding=2), nn.BatchNorm1d(32), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        nn.Linear(32, 3))


def waves(n, gen):
    t = torch.linspace(0, 1, 40)
    y = torch.randint(0, 3, (n,), generator=gen)
    f = 3 + 2 * y[:, None] + torch.rand(n, 1, generator=gen)
    phase = torch.rand(n, 1, generator=gen) * 6.283
    x = torch.sin(6.283 * f * t + phase) + 0.9 * torch.randn(n, 40, generator=gen)
    return TensorDataset(x.unsqueeze(1), y)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(50)
    train, test = waves(800, gen), waves(400, gen)
    train_dl = DataLoader(train, 40, shuffle=True, generator=torch.Generator().manual_seed(1))
    test_dl = DataLoader(test, 200)
    model = net()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    with tempfile.TemporaryDirectory() as folder:
        ring, step = Ring(folder, size=5), 0
        for epoch in range(6):
            model.train()
            for x, y in train_dl:
                loss = nn.functional.cross_entropy(model(x), y)
                opt.zero_grad()
                loss.backward()
                opt.step()
                step += 1
                if step % 10 == 0:
                    ring.save(step, model)
        print("last    ", evaluate(model, test_dl))
        averaged = net()
        averaged.load_state_dict(ring.average())
    refresh_bn(averaged, train_dl)
    print("averaged", evaluate(averaged, test_dl))


if __name__ == "__main__":
    main()
