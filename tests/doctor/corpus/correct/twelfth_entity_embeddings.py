import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

CARDS = [7, 12, 31]


class SalesNet(nn.Module):
    def __init__(self, n_num):
        super().__init__()
        self.embs = nn.ModuleList([nn.Embedding(c, min(8, (c + 1) // 2)) for c in CARDS])
        width = sum(e.embedding_dim for e in self.embs) + n_num
        self.mlp = nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))

    def forward(self, cat, num):
        parts = [e(cat[:, i]) for i, e in enumerate(self.embs)]
        return self.mlp(torch.cat(parts + [num], dim=1)).squeeze(1)


def rmse(model, loader, scale):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for cat, num, y in loader:
            total += F.mse_loss(model(cat, num), y, reduction="sum").item()
    return (total / len(loader.dataset)) ** 0.5 * scale


torch.manual_seed(2)
n = 2000
cat = torch.stack([torch.randint(0, c, (n,)) for c in CARDS], dim=1)
num = torch.randn(n, 3) * torch.tensor([1.0, 10.0, 0.1])
effects = [torch.randn(c) for c in CARDS]
sales = 100 + 20 * (sum(e[cat[:, i]] for i, e in enumerate(effects)) + num[:, 0] + 0.3 * torch.randn(n))

perm = torch.randperm(n)
tr, va = perm[:1600], perm[1600:]
num = (num - num[tr].mean(0)) / num[tr].std(0)
mu, sd = sales[tr].mean(), sales[tr].std()
y = (sales - mu) / sd
train_dl = DataLoader(TensorDataset(cat[tr], num[tr], y[tr]), batch_size=64, shuffle=True)
valid_dl = DataLoader(TensorDataset(cat[va], num[va], y[va]), batch_size=200)

model = SalesNet(3)
opt = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-3)
for epoch in range(10):
    model.train()
    for c, x, t in train_dl:
        opt.zero_grad()
        loss = F.mse_loss(model(c, x), t)
        loss.backward()
        opt.step()
    print(f"epoch {epoch} valid rmse {rmse(model, valid_dl, sd.item()):.2f}")
