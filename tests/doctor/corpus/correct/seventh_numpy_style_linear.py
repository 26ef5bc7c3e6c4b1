# Course week 1: linear regression three ways (closed form, gradient descent by hand, nn + optim)
import numpy as np
import torch

torch.manual_seed(0)
rng = np.random.default_rng(0)

# y = 3 x1 - 2 x2 + 0.5 + noise; two features on very different scales
n = 400
raw = np.column_stack([rng.normal(0, 1, n), rng.normal(50, 20, n)])
target = 3.0 * raw[:, 0] - 2.0 * (raw[:, 1] - 50) / 20 + 0.5 + rng.normal(0, 0.3, n)
train, test = np.arange(0, 300), np.arange(300, 400)       # rows are independent draws, no order in them

mean, std = raw[train].mean(axis=0), raw[train].std(axis=0)
X = torch.tensor((raw - mean) / std, dtype=torch.float64)
y = torch.tensor(target, dtype=torch.float64)
Xtr, ytr, Xte, yte = X[train], y[train], X[test], y[test]


def rmse(pred, true):
    assert pred.shape == true.shape
    return float(((pred - true) ** 2).mean().sqrt())


# --- 1: normal equations ------------------------------------------------------
A = torch.cat([Xtr, torch.ones(len(Xtr), 1, dtype=torch.float64)], dim=1)
w_exact = torch.linalg.lstsq(A, ytr.unsqueeze(1)).solution.squeeze(1)
print("closed form :", [round(v, 4) for v in w_exact.tolist()])

# --- 2: gradient descent by hand ----------------------------------------------
w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
lr = 0.1
for step in range(200):
    loss = ((Xtr @ w + b - ytr) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for p in (w, b):
            p -= lr * p.grad
            p.grad = None
print("by hand     :", [round(v, 4) for v in torch.cat([w, b]).tolist()], f"loss {loss.item():.5f}")

# --- 3: nn.Module and mini-batch SGD with a decaying rate -----------------------
model = torch.nn.Linear(2, 1).double()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
criterion = torch.nn.MSELoss()
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(Xtr, ytr.unsqueeze(1)), batch_size=20, shuffle=True)
for epoch in range(30):
    for xb, yb in loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
    scheduler.step()
print("nn + SGD    :", [round(v, 4) for v in [*model.weight[0].tolist(), model.bias.item()]])

with torch.no_grad():
    results = {
        "closed form": torch.cat([Xte, torch.ones(len(Xte), 1, dtype=torch.float64)], 1) @ w_exact,
        "by hand": Xte @ w + b,
        "nn + SGD": model(Xte).squeeze(1),
    }
for name, pred in results.items():
    print(f"test RMSE {name:12s} {rmse(pred, yte):.4f}   (noise level 0.3)")
