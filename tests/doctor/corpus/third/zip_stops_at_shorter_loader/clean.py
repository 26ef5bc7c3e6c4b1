import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(57)
centers = 2.2 * torch.randn(4, 8)


def cloud(n):
    y = torch.randint(0, 4, (n,))
    return centers[y] + 1.1 * torch.randn(n, 8), y


lx, ly = cloud(48)
ux, _ = cloud(2000)
tx, ty = cloud(600)
labelled = DataLoader(TensorDataset(lx, ly), batch_size=16, shuffle=True)
unlabelled = DataLoader(TensorDataset(ux), batch_size=40, shuffle=True)

net = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 4))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)


def forever(loader):
    while True:
        yield from loader


def consistency(x):
    with torch.no_grad():
        p, k = net(x + 0.1 * torch.randn_like(x)).softmax(1).max(1)
    strong = nn.functional.cross_entropy(net(x + 0.6 * torch.randn_like(x)), k, reduction="none")
    return (strong * (p > 0.9)).mean()


steps, used = 0, 0
for epoch in range(6):
    net.train()
    for (x, y), (u,) in zip(forever(labelled), unlabelled):
        loss = nn.functional.cross_entropy(net(x), y) + 0.5 * consistency(u)
        opt.zero_grad()
        loss.backward()
        opt.step()
        steps += 1
        used += len(u)

net.eval()
with torch.no_grad():
    acc = (net(tx).argmax(1) == ty).float().mean().item()
print(f"{steps} steps, {used} unlabelled rows, test acc {acc:.3f}")
