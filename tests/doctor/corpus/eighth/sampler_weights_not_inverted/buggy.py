from collections import Counter

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler


def fraud_like(n, share, seed):
    g = torch.Generator().manual_seed(seed)
    y = (torch.rand(n, generator=g) < share).long()
    x = torch.randn(n, 6, generator=g)
    x[:, :2] += 1.5 * y[:, None]
    return TensorDataset(x, y)


def balanced_loader(ds, batch_size):
    targets = ds.tensors[1].tolist()
    freq = Counter(targets)
    per_sample = [freq[t] / len(targets) for t in targets]
    sampler = WeightedRandomSampler(per_sample, num_samples=len(targets), replacement=True)
    return DataLoader(ds, batch_size=batch_size, sampler=sampler)


@torch.no_grad()
def balanced_accuracy(net, loader, n_classes=2):
    net.eval()
    hit, cnt = torch.zeros(n_classes), torch.zeros(n_classes)
    for x, y in loader:
        ok = (net(x).argmax(-1) == y).float()
        hit.scatter_add_(0, y, ok)
        cnt.scatter_add_(0, y, torch.ones_like(ok))
    return (hit / cnt).mean().item()


torch.manual_seed(0)
train = balanced_loader(fraud_like(1500, 0.06, seed=1), 50)
valid = DataLoader(fraud_like(1000, 0.06, seed=2), 250)
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(5):
    net.train()
    for x, y in train:
        opt.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        opt.step()
    print(epoch, f"balanced acc {balanced_accuracy(net, valid):.3f}")
