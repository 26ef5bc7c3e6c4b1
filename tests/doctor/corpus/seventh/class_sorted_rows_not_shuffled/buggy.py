import torch as T
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

LOADER = {
    "train": {"batch_size": 32},
    "test": {"batch_size": 200},
}
K, D = 6, 12


def folder(k, n, part):
    """One folder per letter, n glyph descriptors in each."""
    g = T.Generator().manual_seed(100 * k + {"train": 1, "test": 2}[part])
    c = T.Generator().manual_seed(k)
    centre = 1.1 * T.randn(D, generator=c)
    bend = T.randn(D, D, generator=c) / D ** 0.5
    z = T.randn(n, D, generator=g)
    x = centre + z + 0.5 * T.tanh(z @ bend)
    return TensorDataset(x, T.full((n,), k))


def load(part, n):
    ds = ConcatDataset([folder(k, n, part) for k in range(K)])
    return DataLoader(ds, **LOADER[part])


class Glyphs(nn.Module):
    def __init__(self, h=48):
        super().__init__()
        self.i = nn.Linear(D, h)
        self.n = nn.LayerNorm(h)
        self.o = nn.Linear(h, K)

    def forward(self, x):
        return self.o(F.gelu(self.n(self.i(x))))


def fit(m, dl, epochs, lr):
    o = T.optim.SGD(m.parameters(), lr=lr, momentum=0.9)
    s = T.optim.lr_scheduler.CosineAnnealingLR(o, T_max=epochs * len(dl))
    for _ in range(epochs):
        m.train()
        for x, y in dl:
            o.zero_grad()
            F.cross_entropy(m(x), y).backward()
            o.step()
            s.step()


@T.no_grad()
def score(m, dl):
    m.eval()
    return sum((m(x).argmax(-1) == y).sum().item() for x, y in dl) / len(dl.dataset)


T.manual_seed(3)
tr, te = load("train", 160), load("test", 60)
net = Glyphs()
fit(net, tr, epochs=4, lr=0.1)
print(f"train {score(net, tr):.3f}")
print(f"test  {score(net, te):.3f}")
