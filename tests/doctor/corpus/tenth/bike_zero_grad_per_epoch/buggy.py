# Toy version of the bike rental exercise: predict rentals from weather
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(7)
torch.manual_seed(7)

# make the data
n = 900
temperature = np.random.uniform(-5, 30, n)
humidity = np.random.uniform(20, 100, n)
wind = np.random.exponential(3, n)
rentals = 40 + 6 * temperature - 0.1 * (temperature - 20) ** 2 - 0.8 * humidity - 4 * wind
rentals = rentals + np.random.normal(0, 8, n)

features = np.stack([temperature, humidity, wind], axis=1).astype("float32")
target = rentals.astype("float32").reshape(-1, 1)

# first 700 rows for training, the rest for validation
train_x, val_x = features[:700], features[700:]
train_y, val_y = target[:700], target[700:]

# scale with numbers from the training part only
x_mean, x_std = train_x.mean(0), train_x.std(0)
y_mean, y_std = train_y.mean(), train_y.std()
train_x, val_x = (train_x - x_mean) / x_std, (val_x - x_mean) / x_std
train_y, val_y = (train_y - y_mean) / y_std, (val_y - y_mean) / y_std

train_set = TensorDataset(torch.from_numpy(train_x), torch.from_numpy(train_y))
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)

model = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

epochs = 25
for epoch in range(epochs):
    model.train()
    running_loss = 0.0
    optimizer.zero_grad()
    for inputs, labels in train_loader:
        outputs = model(inputs)           # forward
        loss = criterion(outputs, labels)
        loss.backward()                   # backward
        optimizer.step()                  # update
        running_loss += loss.item() * inputs.size(0)

    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(torch.from_numpy(val_x)), torch.from_numpy(val_y)).item()
    if (epoch + 1) % 5 == 0:
        print(f"epoch {epoch + 1:2d}  train {running_loss / len(train_set):.4f}  val {val_loss:.4f}")
