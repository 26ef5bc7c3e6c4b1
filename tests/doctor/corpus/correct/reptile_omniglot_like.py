import copy
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(0)
torch.manual_seed(0)
CLASSES = rng.normal(size=(60, 16)).astype(np.float32)
TRAIN_CLASSES, TEST_CLASSES = np.arange(40), np.arange(40, 60)


def episode(classes, way=4, shot=5, query=10):
    pick = rng.choice(classes, way, replace=False)

    def draw(k):
        x = np.repeat(CLASSES[pick], k, axis=0) + 0.6 * rng.normal(size=(way * k, 16)).astype(np.float32)
        y = np.repeat(np.arange(way), k)
        return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y)

    return draw(shot), draw(query)


def make_net():
    return nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 4))


def inner_train(net, x, y, steps, lr=0.1):
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()
    return net


def meta_test(meta, episodes=25):
    accs = []
    for _ in range(episodes):
        (xs, ys), (xq, yq) = episode(TEST_CLASSES)
        net = inner_train(copy.deepcopy(meta), xs, ys, steps=8)
        with torch.no_grad():
            accs.append((net(xq).argmax(1) == yq).float().mean().item())
    return float(np.mean(accs)), 1.96 * float(np.std(accs, ddof=1)) / len(accs) ** 0.5


meta = make_net()
ITERS = 150
for it in range(ITERS):
    (xs, ys), (xq, yq) = episode(TRAIN_CLASSES)
    # Reptile makes no split into support and query: it moves towards the weights fitted to the whole task
    worker = inner_train(copy.deepcopy(meta), torch.cat([xs, xq]), torch.cat([ys, yq]), steps=5)
    eps = 0.5 * (1 - it / ITERS)
    with torch.no_grad():
        for m, w in zip(meta.parameters(), worker.parameters()):
            m.add_(eps * (w - m))

print("random start : %.3f +- %.3f" % meta_test(make_net()))
print("meta-learned : %.3f +- %.3f" % meta_test(meta))
