import numpy as np
import torch
import torch.nn as nn

rng = np.random.RandomState(4)
torch.manual_seed(4)


def two_moons(n):
    t = np.pi * rng.rand(n)
    a = np.c_[np.cos(t), np.sin(t)]
    b = np.c_[1 - np.cos(t), 0.4 - np.sin(t)]
    X = np.r_[a, b] + 0.12 * rng.randn(2 * n, 2)
    Y = np.r_[np.zeros(n), np.ones(n)]
    return X.astype("float32"), Y.astype("float32")


def shuffled(arrays):
    order = rng.permutation(len(arrays[0]))
    return [a[order] for a in arrays]


def batches(X, Y, size):
    for s in range(0, len(X), size):
        yield torch.from_numpy(X[s:s + size]), torch.from_numpy(Y[s:s + size])


Xtr, Ytr = two_moons(300)
Xte, Yte = two_moons(100)
net = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
bce = nn.BCEWithLogitsLoss()
sgd = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)

for ep in range(12):
    Xs, Ys = shuffled([Xtr, Ytr])
    net.train()
    seen, run = 0, 0.0
    for xb, yb in batches(Xs, Ys, 50):
        sgd.zero_grad()
        loss = bce(net(xb), yb)
        loss.backward()
        sgd.step()
        run += loss.item() * len(xb)
        seen += len(xb)
    if ep % 4 == 3:
        print("epoch", ep + 1, "loss", round(run / seen, 4))

net.eval()
with torch.no_grad():
    z = net(torch.from_numpy(Xte))
print("test acc", ((z > 0).numpy() == (Yte == 1)).mean())
