import torch
from torch import nn

torch.manual_seed(57)
net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3)).eval()
for p in net.parameters():
    p.requires_grad_(False)
x = torch.rand(20, 10)
y = net(x).argmax(1)
delta = torch.zeros_like(x, requires_grad=True)
for k in range(10):
    loss = nn.functional.cross_entropy(net(x + delta), y)
    loss.backward()
    with torch.no_grad():
        delta += 0.02 * delta.grad.sign()
        delta.clamp_(-0.1, 0.1)
        delta.grad.zero_()
with torch.no_grad():
    print("changed", (net(x + delta).argmax(1) != y).float().mean().item())
