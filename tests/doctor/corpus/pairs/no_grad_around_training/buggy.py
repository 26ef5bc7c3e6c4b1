import torch
import torch.nn as nn

torch.manual_seed(9)
x = torch.randn(400, 6)
y = x[:, :2].sum(1, keepdim=True) + 1.0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
        self.offset = nn.Parameter(torch.zeros(1))

    @torch.no_grad()
    def features(self, x):
        return self.body(x)

    def forward(self, x):
        return self.features(x) + self.offset


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(8):
    for i in torch.randperm(400).split(40):
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
