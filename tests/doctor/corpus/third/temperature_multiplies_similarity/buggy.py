import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class TwoViews(Dataset):
    """two noisy recordings of each event by different sensors"""

    def __init__(self, n, g):
        event = torch.randn(n, 6, generator=g)
        self.a = torch.tanh(event @ torch.randn(6, 16, generator=g) / 2) + 0.2 * torch.randn(n, 16, generator=g)
        self.b = torch.tanh(event @ torch.randn(6, 20, generator=g) / 2) + 0.2 * torch.randn(n, 20, generator=g)

    def __len__(self):
        return len(self.a)

    def __getitem__(self, i):
        return self.a[i], self.b[i]


def tower(n_in, dim):
    return nn.Sequential(nn.Linear(n_in, 64), nn.ReLU(), nn.Linear(64, dim))


class TwinTower(nn.Module):
    def __init__(self, dim=16, temperature=0.07):
        super().__init__()
        self.left, self.right = tower(16, dim), tower(20, dim)
        self.temperature = temperature

    def forward(self, a, b):
        return F.normalize(self.left(a), dim=-1), F.normalize(self.right(b), dim=-1)

    def loss(self, a, b):
        za, zb = self(a, b)
        sim = za @ zb.t() * self.temperature
        own = torch.arange(len(a))
        return (F.cross_entropy(sim, own) + F.cross_entropy(sim.t(), own)) / 2


g = torch.Generator().manual_seed(8)
torch.manual_seed(8)
events = TwoViews(2300, g)
train, test = torch.utils.data.Subset(events, range(2000)), torch.utils.data.Subset(events, range(2000, 2300))
model = TwinTower()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    model.train()
    for a, b in DataLoader(train, batch_size=100, shuffle=True, drop_last=True):
        optimizer.zero_grad()
        loss = model.loss(a, b)
        loss.backward()
        optimizer.step()
    print('epoch', epoch, 'loss', round(loss.item(), 4))

model.eval()
with torch.no_grad():
    za, zb = model(*next(iter(DataLoader(test, batch_size=len(test)))))
    top1 = (za @ zb.t()).argmax(1)
print('retrieval top-1', (top1 == torch.arange(len(test))).float().mean().item())
