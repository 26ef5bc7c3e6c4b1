import torch
from torch import nn

torch.manual_seed(26)
taus = torch.tensor([0.1, 0.5, 0.9])
x = torch.rand(500, 1) * 4
y = x + (0.2 + 0.3 * x) * torch.randn(500, 1)


def pinball(pred, target):
    e = target - pred
    return torch.maximum(taus * e, (taus - 1) * e).mean()


net = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 3))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(8):
    net.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        pinball(net(x[i]), y[i]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    print("coverage", (y[400:] <= net(x[400:])).float().mean(0).tolist())
