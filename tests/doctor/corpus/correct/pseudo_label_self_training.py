import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(51)
x = torch.randn(600, 6)
y = (x[:, 0] + x[:, 1] > 0).long()
lab, unl, val = torch.arange(40), torch.arange(40, 480), torch.arange(480, 600)
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(10):
    net.train()
    for u in unl[torch.randperm(len(unl))].split(44):
        li = lab[torch.randint(0, 40, (20,))]
        sup = F.cross_entropy(net(x[li]), y[li])
        net.eval()
        with torch.no_grad():
            conf, pseudo = net(x[u]).softmax(1).max(1)
        net.train()
        keep = conf > 0.9
        unsup = (F.cross_entropy(net(x[u] + 0.1 * torch.randn_like(x[u])), pseudo, reduction="none") * keep).mean()
        loss = sup + 0.5 * unsup
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        acc = (net(x[val]).argmax(1) == y[val]).float().mean().item()
print("val", acc)
