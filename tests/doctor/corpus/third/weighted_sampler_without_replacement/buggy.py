import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Subset, TensorDataset, WeightedRandomSampler


def fraud_like(n, seed):
    g = torch.Generator().manual_seed(seed)
    y = (torch.rand(n, generator=g) < 0.06).long()
    x = torch.randn(n, 9, generator=g)
    x[:, 0] += 1.6 * y
    x[:, 3] *= 1.0 + 1.5 * y
    return TensorDataset(x, y)


def inverse_frequency(y):
    count = torch.bincount(y, minlength=2).double()
    return (1.0 / count)[y]


def training_loader(data, keep, batch_size):
    part = Subset(data, keep)
    y = data.tensors[1][keep]
    w = inverse_frequency(y)
    sampler = WeightedRandomSampler(w, num_samples=len(part), replacement=False)
    return DataLoader(part, batch_size=batch_size, sampler=sampler)


def recall_per_class(net, data, idx):
    x, y = data.tensors[0][idx], data.tensors[1][idx]
    net.eval()
    with torch.no_grad():
        p = net(x).argmax(1)
    return [(p[y == c] == c).double().mean().item() for c in (0, 1)]


torch.manual_seed(55)
data = fraud_like(3000, seed=5)
perm = torch.randperm(3000)
keep, held = perm[:2000], perm[2000:]
loader = training_loader(data, keep, batch_size=64)

net = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adamax(net.parameters(), lr=4e-3)
for epoch in range(8):
    net.train()
    for x, y in loader:
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()

r0, r1 = recall_per_class(net, data, held)
print(f"recall normal {r0:.3f}  rare {r1:.3f}  balanced {(r0 + r1) / 2:.3f}")
