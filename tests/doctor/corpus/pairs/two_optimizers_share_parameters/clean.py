import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(9, 40), nn.ReLU())
        self.head = nn.Linear(40, 3)

    def forward(self, x):
        return self.head(self.backbone(x))


torch.manual_seed(122)
x = torch.randn(500, 9)
y = x[:, :3].argmax(1)
net = Net()
opt_body = torch.optim.SGD(net.backbone.parameters(), lr=0.01, momentum=0.9)
opt_head = torch.optim.Adam(net.head.parameters(), lr=1e-2)
for epoch in range(5):
    net.train()
    for i in torch.randperm(400).split(40):
        opt_body.zero_grad()
        opt_head.zero_grad()
        nn.functional.cross_entropy(net(x[i]), y[i]).backward()
        opt_body.step()
        opt_head.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(x[400:]).argmax(1) == y[400:]).float().mean().item())
