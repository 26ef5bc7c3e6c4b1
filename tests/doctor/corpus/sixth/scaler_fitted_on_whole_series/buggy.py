# %% [markdown]
# Forecast of the daily power demand from the last two weeks
# %%
import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn

torch.manual_seed(0)
rng = np.random.default_rng(0)

# %%
i = np.arange(900)
demand = 300 + 0.25 * i + 30 * np.sin(2 * np.pi * i / 7) + 40 * np.sin(2 * np.pi * i / 365) + rng.normal(0, 8, len(i))
demand.min(), demand.mean(), demand.max()

# %%
WINDOW = 14
n_train = int(len(demand) * 0.8)
values = demand.reshape(-1, 1)
scaler = StandardScaler()
scaled = scaler.fit_transform(values).astype(np.float32)[:, 0]


def windows(a):
    x = np.stack([a[k:k + WINDOW] for k in range(len(a) - WINDOW)])
    return torch.from_numpy(x), torch.from_numpy(a[WINDOW:])


x_train, y_train = windows(scaled[:n_train])
x_test, y_test = windows(scaled[n_train - WINDOW:])
x_train.shape, x_test.shape

# %%
model = nn.Sequential(nn.Linear(WINDOW, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.MSELoss()

for epoch in range(30):
    model.train()
    for idx in torch.randperm(len(x_train)).split(64):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()

# %%
model.eval()
with torch.no_grad():
    pred = model(x_test).numpy()
to_mw = lambda a: scaler.inverse_transform(a.reshape(-1, 1))[:, 0]
mae = np.abs(to_mw(pred) - to_mw(y_test.numpy())).mean()
print(f"test MAE {mae:.2f} MW over {len(pred)} days")
