import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def signature_pairs(n, writers, g):
    a = torch.randint(0, len(writers), (n,), generator=g)
    b = torch.where(torch.rand(n, generator=g) < 0.5, a, torch.randint(0, len(writers), (n,), generator=g))

    def draw(w):
        return writers[w] + 0.5 * torch.randn(n, writers.size(1), generator=g)

    return draw(a), draw(b), (a == b)


class Siamese(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(n_in, 32), nn.Tanh(), nn.Linear(32, 8))

    def forward(self, a, b):
        return self.tower(a), self.tower(b)


def build_set(n, writers, g):
    a, b, same = signature_pairs(n, writers, g)
    y = same.float()
    return TensorDataset(a, b, y, same)


def verify(net, loader, thr=0.6):
    net.eval()
    good = 0
    with torch.no_grad():
        for a, b, _, same in loader:
            za, zb = net(a, b)
            good += ((torch.cosine_similarity(za, zb) > thr) == same).sum().item()
    return good / len(loader.dataset)


torch.manual_seed(8)
g = torch.Generator().manual_seed(8)
writers = torch.randn(10, 12, generator=g) + 1.0
train_dl = DataLoader(build_set(1200, writers, g), batch_size=60, shuffle=True)
val_dl = DataLoader(build_set(400, writers, g), batch_size=100)
net = Siamese(12)
crit = nn.CosineEmbeddingLoss(margin=0.2)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(12):
    net.train()
    for a, b, y, _ in train_dl:
        loss = crit(*net(a, b), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.3f} verification {verify(net, val_dl):.3f}")
