import torch, torch.nn as nn
torch.manual_seed(7)

# wenige Punkte, viele Merkmale: ohne Strafterm wird auswendig gelernt
n, d = 60, 40
w_true = torch.zeros(d); w_true[:3] = torch.tensor([2., -1.5, 1.])
X = torch.randn(n + 500, d)
y = X @ w_true + 0.5 * torch.randn(n + 500)
Xtr, ytr, Xte, yte = X[:n], y[:n], X[n:], y[n:]

net = nn.Sequential(nn.Linear(d, 64), nn.Tanh(), nn.Linear(64, 1))
params = list(net.parameters())
opt = torch.optim.Adam(params, lr=3e-3)
lam = 3e-3

def penalty():
    return sum(p.pow(2).sum() for p in params if p.dim() > 1)

for it in range(400):
    opt.zero_grad()
    fit = (net(Xtr).squeeze(1) - ytr).pow(2).mean()
    loss = fit + lam * penalty()
    loss.backward()
    opt.step()
    if it % 100 == 99:
        with torch.no_grad():
            te = (net(Xte).squeeze(1) - yte).pow(2).mean()
        print(it + 1, 'Training %.4f  Test %.4f' % (fit.item(), te.item()))
