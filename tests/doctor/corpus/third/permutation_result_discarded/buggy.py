import numpy as np
import torch
from sklearn.datasets import load_iris
from torch import nn

np.random.seed(12)
torch.manual_seed(12)

iris = load_iris()
rows = np.arange(len(iris.target))
np.random.permutation(rows)
n_train = 110
train_rows, test_rows = rows[:n_train], rows[n_train:]

mu = iris.data[train_rows].mean(axis=0)
sd = iris.data[train_rows].std(axis=0)
feats = torch.as_tensor((iris.data - mu) / sd, dtype=torch.float32)
labels = torch.as_tensor(iris.target, dtype=torch.long)

w1 = nn.Parameter(torch.empty(4, 20))
b1 = nn.Parameter(torch.zeros(20))
w2 = nn.Parameter(torch.empty(20, 3))
b2 = nn.Parameter(torch.zeros(3))
nn.init.xavier_uniform_(w1)
nn.init.xavier_uniform_(w2)
params = [w1, b1, w2, b2]


def net(x):
    return torch.tanh(x @ w1 + b1) @ w2 + b2


lr = 0.1
for epoch in range(60):
    np.random.shuffle(train_rows)
    for s in range(0, n_train, 22):
        b = train_rows[s:s + 22]
        loss = nn.functional.cross_entropy(net(feats[b]), labels[b])
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, g in zip(params, grads):
                p -= lr * g

with torch.no_grad():
    hit = net(feats[test_rows]).argmax(1) == labels[test_rows]
print("test accuracy: %.3f" % hit.float().mean())
