import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(25)
x = torch.randn(600, 5)
y = (x[:, 0] > 1.2).long()
xt, yt, xv, yv = x[:480], y[:480], x[480:], y[480:]
w = 1.0 / torch.bincount(yt).float()
sampler = WeightedRandomSampler(w[yt].tolist(), num_samples=len(yt))
loader = DataLoader(TensorDataset(xt, yt), batch_size=32, sampler=sampler)
net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    for a, b in loader:
        opt.zero_grad()
        nn.functional.cross_entropy(net(a), b).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        p = net(xv).argmax(1)
    print(epoch, [(p[yv == c] == c).float().mean().item() for c in (0, 1)])
