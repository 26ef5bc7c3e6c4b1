import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset


class LogStream(IterableDataset):
    """Parses `key,v1,v2,v3` lines one after the other, as from a large file."""

    def __init__(self, lines):
        super().__init__()
        self.lines = lines

    def parse(self, line):
        label, *values = line.split(",")
        return torch.tensor([float(v) for v in values]), float(label)

    def __iter__(self):
        return map(self.parse, self.lines)


def make_lines(n, seed):
    g = torch.Generator().manual_seed(seed)
    v = torch.randn(n, 3, generator=g)
    y = v[:, 0] - 2 * v[:, 1].abs() + 0.5 * v[:, 2] + 0.1 * torch.randn(n, generator=g)
    return [",".join(f"{t:.5f}" for t in [y[i], *v[i]]) for i in range(n)]


def main():
    torch.manual_seed(22)
    train_loader = DataLoader(LogStream(make_lines(800, 0)), batch_size=32, num_workers=2)
    test_loader = DataLoader(LogStream(make_lines(200, 1)), batch_size=50)
    net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for epoch in range(3):
        net.train()
        for v, y in train_loader:
            opt.zero_grad()
            loss = nn.functional.mse_loss(net(v), y.float())
            loss.backward()
            opt.step()
        net.eval()
        se, n = 0.0, 0
        with torch.no_grad():
            for v, y in test_loader:
                se += (net(v) - y.float()).square().sum().item()
                n += len(y)
        print(epoch, "test mse", round(se / n, 4))


if __name__ == "__main__":
    main()
