import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(44)
X, Y = load_breast_cancer(return_X_y=True)
A, B, ya, yb = train_test_split(X, Y, test_size=0.3, random_state=44, stratify=Y)
ss = StandardScaler().fit(A)
A = torch.tensor(ss.transform(A), dtype=torch.float32)
B = torch.tensor(ss.transform(B), dtype=torch.float32)
ya, yb = torch.tensor(ya), torch.tensor(yb)


def perturb(f, x, t, eps=0.15, steps=3):
    """projected sign gradient"""
    adv = x.detach()
    for _ in range(steps):
        probe = adv.detach().clone().requires_grad_(True)
        g, = torch.autograd.grad(F.cross_entropy(f(probe), t), probe)
        adv += eps / steps * g.sign()
    return adv


def accuracy(f, x, t):
    with torch.no_grad():
        return (f(x).argmax(1) == t).float().mean().item()


f = nn.Sequential(nn.Linear(30, 32), nn.ELU(), nn.Linear(32, 2))
o = torch.optim.Adam(f.parameters(), 3e-3)
for ep in range(25):
    for k in range(0, len(A), 57):
        x, t = A[k:k + 57], ya[k:k + 57]
        adv = perturb(f, x, t)
        loss = 0.5 * F.cross_entropy(f(x), t) + 0.5 * F.cross_entropy(f(adv), t)
        o.zero_grad()
        loss.backward()
        o.step()

print("clean %.3f" % accuracy(f, B, yb))
print("robust %.3f" % accuracy(f, perturb(f, B, yb), yb))
