import torch
from torch import nn


class Prob(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, x):
        return torch.sigmoid(self.net(x)).squeeze(-1)


torch.manual_seed(113)
x = torch.randn(500, 5)
y = (x[:, 0] + x[:, 4] > 0).float()
model = Prob()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        nn.functional.binary_cross_entropy(model(x[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        pred = torch.sigmoid(model(x[400:])) > 0.5
    print(epoch, (pred == y[400:].bool()).float().mean().item())
