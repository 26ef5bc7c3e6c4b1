import itertools
import torch
from torch import nn


def run(lr, width, x, y):
    torch.manual_seed(77)
    net = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 1))
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(3):
        net.train()
        for i in torch.randperm(200).split(25):
            opt.zero_grad()
            nn.functional.mse_loss(net(x[i]), y[i]).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(net(x[200:]), y[200:]).item()


torch.manual_seed(0)
x = torch.randn(260, 4)
y = x.pow(2).sum(1, keepdim=True)
results = {}
for lr, width in itertools.product([1e-3, 1e-2], [16, 64]):
    results[lr, width] = run(lr, width, x, y)
best = min(results, key=results.get)
print("best", best, results[best])
