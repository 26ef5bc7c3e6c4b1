import torch
from torch import nn

torch.manual_seed(126)
x = torch.randn(800, 6)
y = (x[:, 0] + 0.5 * torch.randn(800) > 1.6).long()
freq = torch.bincount(y[:600], minlength=2).float() / 600
weight = freq / freq.sum()
net = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 2))
crit = nn.CrossEntropyLoss(weight=weight)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    net.train()
    for i in torch.randperm(600).split(40):
        opt.zero_grad()
        crit(net(x[i]), y[i]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    pred = net(x[600:]).argmax(1)
print("rare recall", (pred[y[600:] == 1] == 1).float().mean().item())
