import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class PairSet(Dataset):
    """First member by index, second one drawn at random, half of the time from the same class."""

    def __init__(self, x, y, seed):
        self.x, self.y = x, y
        self.g = torch.Generator().manual_seed(seed)
        self.by_class = {int(c): torch.nonzero(y == c).flatten() for c in y.unique()}

    def __len__(self):
        return len(self.x)

    def _draw(self, pool):
        return int(pool[torch.randint(len(pool), (1,), generator=self.g)])

    def __getitem__(self, i):
        c = int(self.y[i])
        if torch.rand(1, generator=self.g).item() < 0.5:
            j = self._draw(self.by_class[c])
        else:
            others = [k for k in self.by_class if k != c]
            j = self._draw(self.by_class[others[int(torch.randint(len(others), (1,), generator=self.g))]])
        return self.x[i], self.x[j], torch.tensor(float(self.y[i] == self.y[j]))


class Embedder(nn.Module):
    def __init__(self, d_in, d_out=8):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d_in, 64), nn.ReLU(), nn.Linear(64, d_out))

    def forward(self, x):
        return self.body(x)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, za, zb, t):
        d2 = (za - zb).pow(2).sum(dim=1)
        d = (d2 + 1e-8).sqrt()
        near = t * d2
        far = (1 - t) * torch.relu(self.margin - d).pow(2)
        return 0.5 * (near + far).mean()


def make_data(n, centres):
    y = torch.randint(0, len(centres), (n,))
    x = centres[y] + torch.randn(n, centres.size(1))
    x[:, 6:] = 2.0 * torch.randn(n, x.size(1) - 6)  # nuisance columns
    return x, y


@torch.no_grad()
def nearest_neighbour_accuracy(net, x_ref, y_ref, x, y):
    net.eval()
    d = torch.cdist(net(x), net(x_ref))
    return (y_ref[d.argmin(dim=1)] == y).float().mean().item()


def main():
    torch.manual_seed(17)
    centres = 1.6 * torch.randn(5, 16)
    xtr, ytr = make_data(700, centres)
    xte, yte = make_data(300, centres)
    dl = DataLoader(PairSet(xtr, ytr, seed=1), batch_size=50, shuffle=True)
    net = Embedder(16)
    crit = ContrastiveLoss()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(10):
        net.train()
        running = 0.0
        for a, b, t in dl:
            loss = crit(net(a), net(b), t)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(a)
        print(f"epoch {epoch} loss {running / len(dl.dataset):.4f}")
    print("1-NN accuracy", nearest_neighbour_accuracy(net, xtr, ytr, xte, yte))


main()
