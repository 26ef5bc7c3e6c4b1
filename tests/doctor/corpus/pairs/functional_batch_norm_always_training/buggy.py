import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, d=6, h=24):
        super().__init__()
        self.a, self.b = nn.Linear(d, h), nn.Linear(h, 1)
        self.register_buffer("m", torch.zeros(h))
        self.register_buffer("v", torch.ones(h))

    def forward(self, x):
        h = F.batch_norm(self.a(x), self.m, self.v, training=True)
        return self.b(F.relu(h))


torch.manual_seed(208)
x = torch.randn(400, 6)
y = x[:, :1].abs()
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(6):
    net.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        F.mse_loss(net(x[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, sum(F.mse_loss(net(x[k:k + 8]), y[k:k + 8]).item() for k in range(320, 400, 8)) / 10)
