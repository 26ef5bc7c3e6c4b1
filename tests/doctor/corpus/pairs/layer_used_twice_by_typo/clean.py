import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.inp = nn.Linear(5, width)
        self.fc1 = nn.Linear(width, width)
        self.fc2 = nn.Linear(width, width)
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        x = F.relu(self.inp(x))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.out(x)


torch.manual_seed(44)
x = torch.randn(500, 5)
y = x[:, :1] * x[:, 1:2] + x[:, 2:3].abs()
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    net.train()
    for i in torch.randperm(400).split(40):
        optimizer.zero_grad()
        F.mse_loss(net(x[i]), y[i]).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        print(epoch, F.mse_loss(net(x[400:]), y[400:]).item())
