"""PGD training on digits: attacks are made in eval mode, the update is made in train mode."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
X_tr, X_te = (torch.tensor(a / 16, dtype=torch.float32) for a in (X_tr, X_te))
y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)
EPS, ALPHA, STEPS = 0.1, 0.05, 5
net = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 10))


def pgd(x, t):
    was = net.training
    net.eval()
    delta = torch.empty_like(x).uniform_(-EPS, EPS)
    for _ in range(STEPS):
        delta.requires_grad_(True)
        # only the input's gradient is taken, those of the weights stay untouched
        g, = torch.autograd.grad(F.cross_entropy(net(x + delta), t), delta)
        with torch.no_grad():
            delta = (delta + ALPHA * g.sign()).clamp(-EPS, EPS)
            delta = (x + delta).clamp(0, 1) - x
    net.train(was)
    return (x + delta).detach()


def fgsm(x, t, eps=EPS):
    x = x.clone().requires_grad_(True)
    g, = torch.autograd.grad(F.cross_entropy(net(x), t), x)
    return (x + eps * g.sign()).clamp(0, 1).detach()


def accuracy(x, t):
    with torch.no_grad():
        return (net(x).argmax(1) == t).float().mean().item()


opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(7):
    net.train()
    for i in torch.randperm(len(X_tr)).split(64):
        if len(i) == 1:
            continue
        adv = pgd(X_tr[i], y_tr[i])
        opt.zero_grad()
        F.cross_entropy(net(adv), y_tr[i]).backward()
        opt.step()

net.eval()
print(f"clean {accuracy(X_te, y_te):.3f} FGSM {accuracy(fgsm(X_te, y_te), y_te):.3f} PGD {accuracy(pgd(X_te, y_te), y_te):.3f}")
