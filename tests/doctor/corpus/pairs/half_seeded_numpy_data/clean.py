import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
np.random.seed(0)


def sample(n):
    x = np.random.randn(n, 5).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(np.int64)
    return x, y


x, y = sample(500)
perm = np.random.permutation(500)
tr, va = perm[:400], perm[400:]
xt, yt = torch.from_numpy(x), torch.from_numpy(y)
net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for b in np.array_split(tr, 10):
        opt.zero_grad()
        nn.functional.cross_entropy(net(xt[b]), yt[b]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    print("val acc", (net(xt[va]).argmax(1) == yt[va]).float().mean().item())
