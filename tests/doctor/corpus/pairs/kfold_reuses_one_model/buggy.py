import numpy as np
import torch
from torch import nn


def new_model():
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
    return net, torch.optim.Adam(net.parameters(), lr=5e-3)


torch.manual_seed(115)
x = torch.randn(200, 20)
y = (x[:, 0] + torch.randn(200) > 0).long()
folds = np.array_split(np.random.default_rng(115).permutation(200), 4)
scores = []
net, opt = new_model()
for k, val in enumerate(folds):
    train = np.concatenate([f for j, f in enumerate(folds) if j != k])
    for epoch in range(8):
        net.train()
        for b in np.array_split(train, 5):
            opt.zero_grad()
            nn.functional.cross_entropy(net(x[b]), y[b]).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        scores.append((net(x[val]).argmax(1) == y[val]).float().mean().item())
print(scores, sum(scores) / 4)
