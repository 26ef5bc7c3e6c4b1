import numpy as np
import torch
import torch.nn.functional as F

rs = np.random.RandomState(17)
torch.manual_seed(17)


def minibatches(X, y, size):
    order = rs.permutation(len(X))
    for s in range(0, len(order), size):
        take = order[s:s + size]
        yield torch.from_numpy(X[take]), torch.from_numpy(y[take])


# Zwei Ringe, innen 0 und aussen 1
def rings(n):
    y = rs.randint(0, 2, n)
    r = 1.0 + y + 0.25 * rs.randn(n)
    a = rs.uniform(0, 2 * np.pi, n)
    X = np.c_[r * np.cos(a), r * np.sin(a)].astype(np.float32)
    return X, y.astype(np.int64)


class TwoLayer(torch.nn.Module):
    def __init__(self, H):
        super(TwoLayer, self).__init__()
        self.a = torch.nn.Linear(2, H)
        self.b = torch.nn.Linear(H, 2)

    def forward(self, x):
        return self.b(F.relu(self.a(x)))


Xtr, ytr = rings(800)
Xte, yte = rings(300)
net = TwoLayer(20)
opt = torch.optim.SGD(net.parameters(), lr=0.1)

stream = minibatches(Xtr, ytr, 40)
for epoch in range(30):
    net.train()
    for xb, yb in stream:
        opt.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        opt.step()

net.eval()
with torch.no_grad():
    treffer = net(torch.from_numpy(Xte)).argmax(1).numpy() == yte
print('Genauigkeit %.3f' % treffer.mean())
