import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(5)
torch.manual_seed(5)
X = torch.from_numpy(rng.normal(size=(500, 4)).astype(np.float32))
margin = X[:, 0] * 1.5 - X[:, 3]
y = (torch.sign(margin) + 1) / 2
net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
crit = nn.BCEWithLogitsLoss()
for ep in range(6):
    net.train()
    for b in torch.randperm(400).split(40):
        opt.zero_grad()
        loss = crit(net(X[b]).flatten(), y[b])
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        acc = ((net(X[400:]).flatten() > 0) == (y[400:] > 0)).float().mean().item()
    print(ep, round(loss.item(), 3), round(acc, 3))
