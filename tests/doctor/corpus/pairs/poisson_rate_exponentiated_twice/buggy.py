import torch
from torch import nn


class CountModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, x):
        return torch.exp(self.lin(x)).squeeze(1)


torch.manual_seed(129)
x = torch.randn(500, 4)
count = torch.poisson((0.4 + 0.5 * x[:, 0]).exp())
model = CountModel()
crit = nn.PoissonNLLLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(8):
    model.train()
    for i in torch.randperm(500).split(50):
        opt.zero_grad()
        loss = crit(model(x[i]), count[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
