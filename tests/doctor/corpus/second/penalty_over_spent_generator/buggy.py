import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(31)
n, d = 260, 50
X = torch.randn(n, d)
w_true = torch.zeros(d, 1)
w_true[:4] = torch.tensor([[2.0], [-1.5], [1.0], [3.0]])
Y = X @ w_true + 0.5 * torch.randn(n, 1)
Xtr, Ytr, Xte, Yte = X[:80], Y[:80], X[80:], Y[80:]


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(d, 1))
        self.bias = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, x):
        return x @ self.weight + self.bias


model = Linear()
params = (p for p in model.parameters() if p.requires_grad)
optimizer = torch.optim.SGD(params, lr=0.05)
lam = 0.2
for epoch in range(60):
    for idx in torch.randperm(80).split(20):
        optimizer.zero_grad()
        fit = F.mse_loss(model(Xtr[idx]), Ytr[idx])
        l1 = sum(p.abs().sum() for p in params)
        (fit + lam * l1).backward()
        optimizer.step()
with torch.no_grad():
    print(f"test mse {F.mse_loss(model(Xte), Yte):.4f}, weights below 0.05: {(model.weight.abs() < 0.05).sum().item()}")
