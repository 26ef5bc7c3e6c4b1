# House prices: log target, train statistics only, metrics back in dollars, early stopping, saved best weights
import os
import tempfile

import numpy as np
import torch
from sklearn.compose import ColumnTransformer
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(31)
torch.manual_seed(31)

n = 1500
area = rng.normal(120, 35, n).clip(35, 300)
rooms = np.round(area / 28 + rng.normal(0, 0.7, n)).clip(1, 9)
age = rng.integers(0, 90, n).astype(float)
quarter = rng.choice(4, n)
price = (1800 * area + 9000 * rooms - 700 * age + np.array([0, 40e3, -25e3, 90e3])[quarter]) \
    * np.exp(rng.normal(0, 0.12, n)) + 60e3
price = price.clip(20e3)
table = np.column_stack([area, rooms, age, quarter])

X_tv, X_test, p_tv, p_test = train_test_split(table, price, test_size=0.2, random_state=31)
X_train, X_val, p_train, p_val = train_test_split(X_tv, p_tv, test_size=0.2, random_state=31)

prep = ColumnTransformer([
    ("num", StandardScaler(), [0, 1, 2]),
    ("cat", OneHotEncoder(handle_unknown="ignore", sparse_output=False), [3]),
])
X_train = torch.tensor(prep.fit_transform(X_train), dtype=torch.float32)
X_val = torch.tensor(prep.transform(X_val), dtype=torch.float32)
X_test = torch.tensor(prep.transform(X_test), dtype=torch.float32)

log_mean, log_std = np.log(p_train).mean(), np.log(p_train).std()
to_target = lambda p: torch.tensor((np.log(p) - log_mean) / log_std, dtype=torch.float32).view(-1, 1)
to_price = lambda z: np.exp(z.numpy().ravel() * log_std + log_mean)
y_train, y_val = to_target(p_train), to_target(p_val)

net = nn.Sequential(nn.Linear(X_train.shape[1], 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=64, shuffle=True)

with tempfile.TemporaryDirectory() as folder:
    best_file = os.path.join(folder, "best.pt")
    best_loss, patience, waited = float("inf"), 8, 0
    for epoch in range(60):
        net.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(net(xb), yb)
            loss.backward()
            optimizer.step()

        net.eval()
        with torch.no_grad():
            val_loss = criterion(net(X_val), y_val).item()
        if val_loss < best_loss:
            best_loss, waited = val_loss, 0
            torch.save(net.state_dict(), best_file)
        else:
            waited += 1
            if waited >= patience:
                break
    net.load_state_dict(torch.load(best_file, weights_only=True))

net.eval()
with torch.no_grad():
    predicted = to_price(net(X_test))
print(f"stopped after epoch {epoch}, best validation loss {best_loss:.4f} (standardised log price)")
print(f"test MAE {mean_absolute_error(p_test, predicted):,.0f}  R2 {r2_score(p_test, predicted):.3f}  "
      f"median error {100 * np.median(np.abs(predicted / p_test - 1)):.1f} %")
