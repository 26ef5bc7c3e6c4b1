#!/usr/bin/env python
# coding: utf-8

# # Demand forecasting with prediction intervals
# Pinball loss for the 10%, 50% and 90% quantiles.

# In[1]:


import numpy as np
import torch
import torch.nn as nn

np.random.seed(66)
torch.manual_seed(66)

QUANTILES = torch.tensor([0.1, 0.5, 0.9])


# In[2]:


n = 3000
temperature = np.random.uniform(-5, 35, n)
weekday = np.random.randint(0, 7, n)
promo = np.random.binomial(1, 0.2, n)

level = 200 + 4 * temperature - 35 * (weekday >= 5) + 60 * promo
noise = np.random.normal(0, 8 + 0.8 * np.abs(temperature), n)
demand = level + noise

X = np.column_stack([temperature, np.eye(7)[weekday], promo]).astype("float32")
y = demand.astype("float32")

# rows are independent draws, so a plain cut is a random split
train, test = slice(0, 2400), slice(2400, None)

t_mean, t_std = X[train, 0].mean(), X[train, 0].std()
X[:, 0] = (X[:, 0] - t_mean) / t_std
y_mean, y_std = y[train].mean(), y[train].std()
y = (y - y_mean) / y_std

X, y = torch.from_numpy(X), torch.from_numpy(y)


# In[3]:


def pinball_loss(pred, target):
    err = target.unsqueeze(1) - pred
    return torch.maximum(QUANTILES * err, (QUANTILES - 1) * err).mean()


class QuantileNet(nn.Module):
    """Predicts the median and positive distances to both sides, so quantiles never cross."""

    def __init__(self, n_in):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))

    def forward(self, x):
        down, mid, up = self.net(x).unbind(dim=1)
        return torch.stack([mid - nn.functional.softplus(down), mid, mid + nn.functional.softplus(up)], dim=1)


# In[4]:


model = QuantileNet(X.shape[1])
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
X_train, y_train = X[train], y[train]

for epoch in range(12):
    epoch_loss = 0.0
    for idx in torch.randperm(len(X_train)).split(64):
        optimizer.zero_grad()
        loss = pinball_loss(model(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(idx)
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1}: pinball {epoch_loss / len(X_train):.4f}")


# In[5]:


with torch.no_grad():
    pred = model(X[test])
    test_loss = pinball_loss(pred, y[test]).item()

inside = ((y[test] >= pred[:, 0]) & (y[test] <= pred[:, 2])).float().mean().item()
below_median = (y[test] < pred[:, 1]).float().mean().item()
width = ((pred[:, 2] - pred[:, 0]) * y_std).mean().item()
print(f"test pinball {test_loss:.4f}")
print(f"80% interval covers {inside:.1%}, mean width {width:.1f} units")
print(f"share below the median {below_median:.1%}")
