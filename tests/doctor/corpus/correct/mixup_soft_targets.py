import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(24)
x = torch.randn(400, 8)
y = x[:, :3].argmax(1)
net = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 3))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
beta = torch.distributions.Beta(0.4, 0.4)
for epoch in range(5):
    net.train()
    for i in torch.randperm(320).split(32):
        lam = beta.sample().item()
        perm = torch.randperm(len(i))
        xm = lam * x[i] + (1 - lam) * x[i][perm]
        ym = lam * F.one_hot(y[i], 3).float() + (1 - lam) * F.one_hot(y[i][perm], 3).float()
        loss = F.cross_entropy(net(xm), ym, label_smoothing=0.05)
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(x[320:]).argmax(1) == y[320:]).float().mean().item())
