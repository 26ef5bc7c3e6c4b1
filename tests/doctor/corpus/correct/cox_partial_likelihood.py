import torch
from torch import nn

torch.manual_seed(30)
x = torch.randn(300, 4)
time = torch.distributions.Exponential((x[:, 0]).exp()).sample()
event = (torch.rand(300) < 0.8).float()


def cox_loss(risk, time, event):
    order = time.argsort(descending=True)
    r, e = risk[order], event[order]
    return -((r - torch.logcumsumexp(r, 0)) * e).sum() / e.sum().clamp_min(1)


net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(30):
    net.train()
    opt.zero_grad()
    loss = cox_loss(net(x), time, event)
    loss.backward()
    opt.step()
print(loss.item())
