import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(125)
x = torch.randn(256, 14)
net = nn.Sequential(nn.Linear(14, 48), nn.ReLU(), nn.Linear(48, 12))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
temperature = 0.2
for epoch in range(5):
    net.train()
    for i in torch.randperm(256).split(64):
        a = net(x[i] + 0.15 * torch.randn(64, 14))
        b = net(x[i] + 0.15 * torch.randn(64, 14))
        z = F.normalize(torch.cat([a, b]), dim=1)
        sim = z @ z.T / temperature
        sim = sim.masked_fill(torch.eye(128, dtype=torch.bool), float("-inf"))
        target = torch.arange(128).roll(64)
        loss = F.cross_entropy(sim, target)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
