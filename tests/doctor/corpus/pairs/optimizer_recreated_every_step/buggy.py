import torch
import torch.nn as nn


def train_step(model, xb, yb, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    loss = nn.functional.smooth_l1_loss(model(xb), yb)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


class Regressor(nn.Module):
    def __init__(self, lr):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 40), nn.Tanh(), nn.Linear(40, 1))
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=lr)

    def forward(self, x):
        return self.net(x)


torch.manual_seed(67)
x = torch.rand(400, 3) * 2 - 1
y = torch.sin(3 * x[:, :1]) * x[:, 1:2]
model = Regressor(3e-3)
for epoch in range(6):
    model.train()
    s = [train_step(model, x[i], y[i], 3e-3) for i in torch.randperm(400).split(40)]
    print(epoch, sum(s) / len(s))
