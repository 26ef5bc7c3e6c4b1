import torch
import torch.nn as nn

torch.manual_seed(79)
x = torch.randn(320, 6)
x[:, 4] = 3.0
y = x[:, :1] - x[:, 1:2]
mu, sd = x[:256].mean(0), x[:256].std(0)
x = (x - mu) / sd.clamp_min(1e-6)
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(256).split(32):
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
