import torch
import torch.nn as nn

# quantile regression on sorted sample sets
torch.manual_seed(23)


def batch(n):
    scale = torch.rand(n, 1) * 3 + 0.5
    s = torch.randn(n, 9) * scale
    s = s.sort(dim=1).values
    return s, scale


net = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 1), nn.Softplus())
o = torch.optim.Adam(net.parameters(), lr=4e-3)
for it in range(250):
    s, target = batch(64)
    loss = (net(s) - target).abs().mean()
    o.zero_grad()
    loss.backward()
    o.step()
    if it % 50 == 0:
        print(it, loss.item())
