import torch
from torch import nn

torch.manual_seed(36)
net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
for p in net.parameters():
    if p.ndim == 2:
        p.register_hook(lambda g: g - g.mean(dim=1, keepdim=True))
x = torch.randn(200, 4)
y = x[:, :1].abs()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for step in range(100):
    i = torch.randint(0, 200, (25,))
    opt.zero_grad()
    loss = nn.functional.mse_loss(net(x[i]), y[i])
    loss.backward()
    for p in net.parameters():
        p.grad.add_(torch.randn_like(p), alpha=0.01 / (1 + step) ** 0.55)
    opt.step()
print(loss.item())
