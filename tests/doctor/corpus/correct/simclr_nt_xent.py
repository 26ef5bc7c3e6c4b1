import torch
import torch.nn as nn
import torch.nn.functional as F


def nt_xent(z1, z2, t=0.5):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.t() / t
    sim.fill_diagonal_(float("-inf"))
    target = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, target)


torch.manual_seed(10)
data = torch.randn(300, 16)
enc = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 32))
proj = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))
opt = torch.optim.Adam(list(enc.parameters()) + list(proj.parameters()), lr=1e-3)
for epoch in range(5):
    enc.train(), proj.train()
    for i in torch.randperm(300).split(60):
        v1 = data[i] + 0.2 * torch.randn_like(data[i])
        v2 = data[i] * (torch.rand_like(data[i]) > 0.1)
        loss = nt_xent(proj(enc(v1)), proj(enc(v2)))
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
