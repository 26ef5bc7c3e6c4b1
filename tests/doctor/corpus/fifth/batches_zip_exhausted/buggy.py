import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)
N, E = 1000, 12
X = torch.randn(N, 7)
W = torch.randn(7, 4)
Y = (X @ W + 0.3 * torch.randn(N, 4)).argmax(1)
Xtr, Ytr, Xte, Yte = X[:800], Y[:800], X[800:], Y[800:]

f = nn.Sequential(nn.Linear(7, 32), nn.ELU(), nn.Linear(32, 4))
o = torch.optim.RMSprop(f.parameters(), lr=1e-3)
s = torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=E)

p = torch.randperm(800)
batches = zip(Xtr[p].split(32), Ytr[p].split(32))
for e in range(E):
    f.train()
    for x, y in batches:
        l = F.cross_entropy(f(x), y)
        o.zero_grad()
        l.backward()
        o.step()
    s.step()
    f.eval()
    with torch.no_grad():
        print(e, (f(Xte).argmax(1) == Yte).float().mean().item())
