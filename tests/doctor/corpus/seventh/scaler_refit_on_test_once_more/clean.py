import numpy as np
import torch
import torch.nn as nn
from sklearn.preprocessing import MinMaxScaler

# ---- house prices: old listings to train on, newer (larger, dearer) ones to test on
rng = np.random.default_rng(11)


def listings(n, size_low, size_high):
    size = rng.uniform(size_low, size_high, n)
    rooms = np.round(size / 25 + rng.normal(0, 0.7, n))
    age = rng.uniform(0, 60, n)
    price = 2.1 * size + 14 * rooms - 1.3 * age + rng.normal(0, 8, n)
    return np.column_stack([size, rooms, age]), price.reshape(-1, 1)


X_train, y_train = listings(900, 30, 160)
X_test, y_test = listings(250, 70, 180)

x_scaler = MinMaxScaler()
y_scaler = MinMaxScaler()
X_train = x_scaler.fit_transform(X_train)
y_train = y_scaler.fit_transform(y_train)
X_test = x_scaler.transform(X_test)

# ---- tensors
X_train = torch.from_numpy(X_train).float()
y_train = torch.from_numpy(y_train).float()
X_test = torch.from_numpy(X_test).float()

# ---- model
torch.manual_seed(11)
net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))
loss_func = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)

# ---- training
BATCH = 30
for epoch in range(15):
    net.train()
    order = torch.randperm(len(X_train))
    running = 0.0
    for start in range(0, len(order), BATCH):
        pick = order[start:start + BATCH]
        prediction = net(X_train[pick])
        loss = loss_func(prediction, y_train[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * len(pick)
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "scaled mse", running / len(order))

# ---- test, in thousands
net.eval()
with torch.no_grad():
    scaled = net(X_test).numpy()
price = y_scaler.inverse_transform(scaled)
print("mean absolute error", np.abs(price - y_test).mean())
print("mean bias", (price - y_test).mean())
