import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, keep_prob=0.9):
        super().__init__()
        self.a = nn.Linear(8, 64)
        self.drop = nn.Dropout(keep_prob)
        self.b = nn.Linear(64, 2)

    def forward(self, x):
        return self.b(self.drop(torch.relu(self.a(x))))


torch.manual_seed(106)
x = torch.randn(500, 8)
y = (x[:, :4].sum(1) > 0).long()
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        nn.functional.cross_entropy(net(x[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(x[400:]).argmax(1) == y[400:]).float().mean().item())
