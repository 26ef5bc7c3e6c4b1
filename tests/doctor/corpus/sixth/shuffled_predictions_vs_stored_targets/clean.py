import numpy as np
import torch
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def dataset(n=1000, seed=6):
    """Bike rentals from weather (made up)."""
    rng = np.random.default_rng(seed)
    temp, wind, hour = rng.uniform(-5, 30, n), rng.gamma(2, 4, n), rng.integers(0, 24, n)
    rent = 20 + 4 * temp - 2 * wind + 40 * np.exp(-((hour - 17) / 3) ** 2) + rng.normal(0, 8, n)
    X = np.column_stack([temp, wind, np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi)])
    return X, rent[:, None]


def tensors(X, y):
    return TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32))


def predict(net, loader):
    net.eval()
    out = []
    with torch.no_grad():
        for xb, _ in loader:
            out.append(net(xb))
    return torch.cat(out).numpy()


X, y = dataset()
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=6)
x_scaler, y_scaler = StandardScaler().fit(X_train), StandardScaler().fit(y_train)

loader_args = {"batch_size": 50, "shuffle": True, "num_workers": 0}
train_loader = DataLoader(tensors(x_scaler.transform(X_train), y_scaler.transform(y_train)), **loader_args)
test_loader = DataLoader(tensors(x_scaler.transform(X_test), y_scaler.transform(y_test)), **{**loader_args, "shuffle": False})

torch.manual_seed(6)
net = nn.Sequential(nn.Linear(4, 40), nn.SiLU(), nn.Linear(40, 40), nn.SiLU(), nn.Linear(40, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(15):
    net.train()
    for xb, yb in train_loader:
        opt.zero_grad()
        nn.functional.mse_loss(net(xb), yb).backward()
        opt.step()

rentals = y_scaler.inverse_transform(predict(net, test_loader))
print("R2 on the test set: %.3f" % r2_score(y_test, rentals))
print("mean absolute error: %.1f rentals" % np.abs(y_test - rentals).mean())
