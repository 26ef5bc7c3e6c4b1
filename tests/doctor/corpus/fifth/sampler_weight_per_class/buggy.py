# fraud toy: 5 % positives
import torch, torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(8)
N = 2000
x = torch.randn(N, 8)
y = torch.zeros(N, dtype=torch.long)
y[torch.randperm(N)[:100]] = 1
x[y == 1, :3] += 1.5

# stratified hold-out
held = torch.zeros(N, dtype=torch.bool)
for c in (0, 1):
    idx = (y == c).nonzero().squeeze(1)
    held[idx[torch.randperm(len(idx))[: len(idx) // 4]]] = True
x_tr, y_tr, x_te, y_te = x[~held], y[~held], x[held], y[held]

freq = torch.bincount(y_tr, minlength=2)
weight = freq.sum() / freq.double()
sampler = WeightedRandomSampler(weight, num_samples=len(y_tr), replacement=True)
dl = DataLoader(TensorDataset(x_tr, y_tr), batch_size=50, sampler=sampler)

m = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 2))
o = torch.optim.Adam(m.parameters(), lr=3e-3, weight_decay=1e-4)
for ep in range(6):
    m.train()
    for a, b in dl:
        o.zero_grad()
        nn.functional.cross_entropy(m(a), b).backward()
        o.step()

m.eval()
with torch.no_grad():
    p = m(x_te).argmax(1)
rec = [(p[y_te == c] == c).float().mean().item() for c in (0, 1)]
print("recall per class", [round(r, 3) for r in rec], "balanced accuracy", round(sum(rec) / 2, 3))
