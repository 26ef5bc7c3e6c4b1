import torch
from torch import nn

torch.manual_seed(51)
x = torch.randn(900, 5)
y = (x[:, 0] + 0.7 * torch.randn(900) > 1.0).float()
tr, va, te = slice(0, 600), slice(600, 750), slice(750, 900)
net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(6):
    net.train()
    for i in torch.randperm(600).split(50):
        opt.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(net(x[tr][i]), y[tr][i]).backward()
        opt.step()


def f1(prob, target, thr):
    p = (prob > thr).float()
    return (2 * (p * target).sum() / (p.sum() + target.sum()).clamp_min(1)).item()


net.eval()
with torch.no_grad():
    pv, pt = net(x[va]).sigmoid(), net(x[te]).sigmoid()
best = max((f1(pv, y[va], k / 20), k / 20) for k in range(1, 20))[1]
print("threshold", best, "test f1", f1(pt, y[te], best))
