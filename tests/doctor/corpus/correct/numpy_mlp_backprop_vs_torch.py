"""A network by hand in numpy; its gradients are compared with autograd, then it is trained."""
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X / 16.0, y, test_size=0.3, stratify=y, random_state=0)
sizes = (64, 48, 10)
P = []
for i, o in zip(sizes[:-1], sizes[1:]):
    P += [rng.normal(0, np.sqrt(2 / i), (i, o)), np.zeros(o)]


def forward(P, x):
    a = x @ P[0] + P[1]
    h = np.maximum(a, 0)
    z = h @ P[2] + P[3]
    z = z - z.max(1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(1, keepdims=True))
    return a, h, logp


def loss_grads(P, x, t, l2):
    n = len(t)
    a, h, logp = forward(P, x)
    loss = -logp[np.arange(n), t].mean() + 0.5 * l2 * sum((w ** 2).sum() for w in P[::2])
    dz = np.exp(logp)
    dz[np.arange(n), t] -= 1
    dz /= n
    dh = dz @ P[2].T
    da = dh * (a > 0)
    return loss, [x.T @ da + l2 * P[0], da.sum(0), h.T @ dz + l2 * P[2], dz.sum(0)]


def autograd_grads(P, x, t, l2):
    Q = [torch.tensor(p, requires_grad=True) for p in P]
    out = torch.relu(torch.from_numpy(x) @ Q[0] + Q[1]) @ Q[2] + Q[3]
    loss = torch.nn.functional.cross_entropy(out, torch.from_numpy(t)) + 0.5 * l2 * sum(w.square().sum() for w in Q[::2])
    return loss.item(), [g.numpy() for g in torch.autograd.grad(loss, Q)]


L2, LR, MU = 1e-4, 0.1, 0.9
a, b = loss_grads(P, X_tr[:32], y_tr[:32], L2), autograd_grads(P, X_tr[:32], y_tr[:32], L2)
assert abs(a[0] - b[0]) < 1e-10 and all(np.allclose(u, v, atol=1e-10) for u, v in zip(a[1], b[1]))

vel = [np.zeros_like(p) for p in P]
for epoch in range(12):
    order, total = rng.permutation(len(y_tr)), 0.0
    for k in range(0, len(order), 32):
        idx = order[k:k + 32]
        loss, grads = loss_grads(P, X_tr[idx], y_tr[idx], L2)
        total += loss * len(idx)
        for p, v, g in zip(P, vel, grads):
            v *= MU
            v += g
            p -= LR * v                    # in place: P holds the arrays themselves
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1} loss {total / len(y_tr):.4f}")
print("test accuracy", (forward(P, X_te)[2].argmax(1) == y_te).mean())
