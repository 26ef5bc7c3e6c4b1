import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class PairedNegatives(Dataset):
    def __init__(self, x, y, seed):
        self.x, self.y = x, y
        self.by_class = {c: (y == c).nonzero().flatten() for c in y.unique().tolist()}
        self.not_class = {c: (y != c).nonzero().flatten() for c in y.unique().tolist()}
        self.g = torch.Generator().manual_seed(seed)

    def _pick(self, pool):
        return pool[torch.randint(len(pool), (1,), generator=self.g).item()]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        c = self.y[i].item()
        same = self.by_class[c]
        same = same[same != i]
        other = self.not_class[c]
        return {"anchor": self.x[i], "near": self.x[self._pick(same)], "far": self.x[self._pick(other)]}


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 8))

    def forward(self, x):
        return F.normalize(self.f(x), dim=-1)


def make_people(n, centers):
    y = torch.arange(n) % len(centers)
    x = torch.cat([centers[y] + 0.4 * torch.randn(n, 4), 1.5 * torch.randn(n, 8)], 1)
    return x, y


@torch.no_grad()
def recall_at_1(net, x, y):
    net.eval()
    z = net(x)
    d = torch.cdist(z, z)
    d.fill_diagonal_(float("inf"))
    return (y[d.argmin(1)] == y).float().mean().item()


def train_one_epoch(net, loader, opt, criterion):
    net.train()
    for b in loader:
        za, zn, zf = net(b["anchor"]), net(b["near"]), net(b["far"])
        loss = criterion(za, zf, zn)
        opt.zero_grad()
        loss.backward()
        opt.step()


torch.manual_seed(16)
centers = torch.randn(8, 4) * 1.5
x, y = make_people(640, centers)
xv, yv = make_people(240, centers)
net = Embedder()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(8):
    train_one_epoch(net, DataLoader(PairedNegatives(x, y, epoch), batch_size=64, shuffle=True), opt, nn.TripletMarginLoss(margin=0.3))
    print(epoch, "recall@1", round(recall_at_1(net, xv, yv), 3))
