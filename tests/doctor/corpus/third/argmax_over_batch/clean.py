import torch as th
from torch import nn

th.manual_seed(6)
K = 40            # classes = glyphs
B = K
D = 100

proto = th.randn(K, D)

def glyphs(n):
    y = th.randint(K, (n,))
    return proto[y] + 1.5 * th.randn(n, D), y

x, y = glyphs(2000)
xt, yt = glyphs(400)

f = nn.Sequential(nn.Linear(D, 128), nn.ReLU(), nn.Linear(128, K))
o = th.optim.Adagrad(f.parameters(), lr=0.02)
L = nn.CrossEntropyLoss()

def score(a, b):
    f.eval()
    s = 0
    with th.no_grad():
        for i in range(0, len(a), B):
            _, p = th.max(f(a[i:i + B]), 1)
            s += int((p == b[i:i + B]).sum())
    return s / len(a)

for e in range(6):
    f.train()
    q = th.randperm(len(x))
    for i in range(0, len(x), B):
        j = q[i:i + B]
        o.zero_grad()
        l = L(f(x[j]), y[j])
        l.backward()
        o.step()
    print(e, 'loss %.3f' % l.item())
print('held-out', score(xt, yt))
