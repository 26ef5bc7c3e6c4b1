import numpy as np
import torch
from torch import nn

# house price practice: area and number of rooms -> price
rng = np.random.default_rng(7)
n_houses = 400
area = rng.uniform(20, 150, n_houses)
rooms = rng.integers(1, 6, n_houses)
price = 3.2 * area + 12.0 * rooms + rng.normal(0, 8, n_houses)

features = np.stack([area, rooms], axis=1).astype(np.float32)
target = price.astype(np.float32)
train_x, test_x = features[:320], features[320:]
train_y, test_y = target[:320], target[320:]

# scale with the numbers of the training part
x_mean, x_std = train_x.mean(axis=0), train_x.std(axis=0)
y_mean, y_std = train_y.mean(), train_y.std()
train_x = torch.from_numpy((train_x - x_mean) / x_std)
test_x = torch.from_numpy((test_x - x_mean) / x_std)
train_y = torch.from_numpy((train_y - y_mean) / y_std)

torch.manual_seed(7)
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(40):
    order = torch.randperm(320)
    total = 0.0
    for start in range(0, 320, 32):
        idx = order[start:start + 32]
        optimizer.zero_grad()
        pred = model(train_x[idx])
        loss = torch.mean((pred - train_y[idx]) ** 2)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", round(total / 10, 4))

model.eval()
with torch.no_grad():
    guess = model(test_x).squeeze(1).numpy() * y_std + y_mean
print("mean absolute error:", np.abs(guess - test_y).mean())
