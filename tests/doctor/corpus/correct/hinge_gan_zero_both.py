import torch
import torch.nn as nn

torch.manual_seed(22)
G = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
D = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))
oG = torch.optim.RMSprop(G.parameters(), 1e-3)
oD = torch.optim.RMSprop(D.parameters(), 1e-3)
for k in range(60):
    x = torch.randn(64, 1) * 0.3 + 3
    f = G(torch.randn(64, 4))
    D.zero_grad()
    l_d = torch.relu(1 - D(x)).mean() + torch.relu(1 + D(f.detach())).mean()
    l_d.backward()
    oD.step()
    G.zero_grad()
    l_g = -D(f).mean()
    l_g.backward()
    oG.step()
print(l_d.item(), l_g.item())
