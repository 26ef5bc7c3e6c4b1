import torch
from torch import nn

torch.manual_seed(27)
x = torch.randn(500, 3)
rate = (0.5 + 0.6 * x[:, 0] - 0.3 * x[:, 1]).exp()
counts = torch.poisson(rate)
net = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))
crit = nn.PoissonNLLLoss(log_input=True)
opt = torch.optim.Adam(net.parameters(), lr=2e-2)
for epoch in range(10):
    net.train()
    for i in torch.randperm(500).split(50):
        opt.zero_grad()
        crit(net(x[i]), counts[i]).backward()
        opt.step()
print(net[0].weight.tolist(), net[0].bias.tolist())
