# Assignment 3: which optimizer learns fastest from the same starting point?
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2024)
teacher = nn.Sequential(nn.Linear(8, 12), nn.Tanh(), nn.Linear(12, 1))
X = torch.randn(600, 8)
with torch.no_grad():
    Y = 3 * teacher(X) + 0.05 * torch.randn(600, 1)
X_tr, Y_tr, X_va, Y_va = X[:450], Y[:450], X[450:], Y[450:]

start = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))

candidates = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=2e-3),
    "adam": lambda p: torch.optim.Adam(p, lr=5e-3),
}

curves = {}
for name, make in candidates.items():
    model = copy.deepcopy(start)
    optimizer = make(model.parameters())
    order = torch.Generator().manual_seed(5)   # same batches for everybody
    curve = []
    for epoch in range(12):
        for b in torch.randperm(len(X_tr), generator=order).split(45):
            optimizer.zero_grad()
            loss = F.mse_loss(model(X_tr[b]), Y_tr[b])
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            curve.append(F.mse_loss(model(X_va), Y_va).item())
    curves[name] = curve

print("validation MSE after 1, 4 and 12 epochs")
for name, curve in sorted(curves.items(), key=lambda kv: kv[1][-1]):
    print(f"{name:10s} {curve[0]:.4f} {curve[3]:.4f} {curve[11]:.4f}")
print("variance of the target:", Y_va.var().item())
