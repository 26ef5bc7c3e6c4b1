import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(56)
x = torch.rand(400, 1, 6, 6)
y = (x[:, 0, :3].mean((1, 2)) > x[:, 0, 3:].mean((1, 2))).long()
net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 2))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)


def fgsm(model, xb, yb, eps):
    adv = xb.clone().requires_grad_(True)
    loss = F.cross_entropy(model(adv), yb)
    (g,) = torch.autograd.grad(loss, adv)
    return (xb + eps * g.sign()).clamp(0, 1).detach()


for epoch in range(4):
    net.train()
    for i in torch.randperm(320).split(40):
        adv = fgsm(net, x[i], y[i], 0.05)
        opt.zero_grad()
        loss = 0.5 * F.cross_entropy(net(x[i]), y[i]) + 0.5 * F.cross_entropy(net(adv), y[i])
        loss.backward()
        opt.step()
net.eval()
adv = fgsm(net, x[320:], y[320:], 0.05)
with torch.no_grad():
    print("clean", (net(x[320:]).argmax(1) == y[320:]).float().mean().item(),
          "robust", (net(adv).argmax(1) == y[320:]).float().mean().item())
