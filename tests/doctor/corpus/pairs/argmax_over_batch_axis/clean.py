import torch
from torch import nn

torch.manual_seed(36)
C = 5
x = torch.randn(525, 10)
y = x[:, :C].argmax(1)
net = nn.Sequential(nn.Linear(10, 50), nn.ReLU(), nn.Linear(50, C))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)


def accuracy(logits, target):
    best = torch.argmax(logits, dim=1)
    return (target == best).float().mean().item()


for epoch in range(6):
    net.train()
    for i in torch.randperm(500).split(50):
        opt.zero_grad()
        nn.functional.cross_entropy(net(x[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, accuracy(net(x[500:]), y[500:]))
