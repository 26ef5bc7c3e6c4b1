"""Softmax regression by hand, checked against nn.CrossEntropyLoss at the end."""
import torch
from torch import nn

torch.manual_seed(4)

num_inputs, num_outputs, n = 10, 4, 800
prototypes = 1.5 * torch.randn(num_outputs, num_inputs)
y = torch.randint(num_outputs, (n,))
X = prototypes[y] + 1.5 * torch.randn(n, num_inputs)
X_train, y_train, X_test, y_test = X[:600], y[:600], X[600:], y[600:]

W = torch.normal(0, 0.01, size=(num_inputs, num_outputs), requires_grad=True)
b = torch.zeros(num_outputs, requires_grad=True)


def log_softmax(o):
    shifted = o - o.max(dim=1, keepdim=True).values
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


def net(X):
    return log_softmax(X @ W + b)


def cross_entropy(log_p, y):
    return -log_p[torch.arange(len(y)), y]


def accuracy(X, y):
    with torch.no_grad():
        return (net(X).argmax(dim=1) == y).double().mean().item()


updater = torch.optim.SGD([W, b], lr=0.1)
for epoch in range(10):
    total = 0.0
    for idx in torch.randperm(len(X_train)).split(30):
        l = cross_entropy(net(X_train[idx]), y_train[idx])
        updater.zero_grad()
        l.mean().backward()
        updater.step()
        total += l.sum().item()
    print(f"epoch {epoch + 1:2d} loss {total / len(X_train):.4f} train acc {accuracy(X_train, y_train):.3f}")

with torch.no_grad():
    mine = cross_entropy(net(X_test), y_test).mean()
    theirs = nn.CrossEntropyLoss()(X_test @ W + b, y_test)
print(f"test acc {accuracy(X_test, y_test):.3f}")
print(f"test loss by hand {mine:.6f}, by torch {theirs:.6f}")
