# %% imports
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader

# %% data
class HousePrices(Dataset):
    def __init__(self, n, seed):
        rng = np.random.RandomState(seed)
        area = rng.uniform(40, 200, size=n)
        rooms = rng.randint(1, 7, size=n)
        age = rng.uniform(0, 80, size=n)
        price = 2.1 * area + 15 * rooms - 0.8 * age + rng.normal(0, 8, size=n)
        self.x = np.stack([area, rooms, age], axis=1).astype("float32")
        self.y = price.astype("float32")

    def fit_scaler(self):
        return self.x.mean(0), self.x.std(0), self.y.mean(), self.y.std()

    def apply_scaler(self, s):
        mx, sx, my, sy = s
        self.x = (self.x - mx) / sx
        self.y = (self.y - my) / sy
        return self

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]), torch.tensor(self.y[i])

train_ds, test_ds = HousePrices(512, 0), HousePrices(128, 1)
stats = train_ds.fit_scaler()
train_ds.apply_scaler(stats)
test_ds.apply_scaler(stats)
train_loader = DataLoader(train_ds, batch_size=32, shuffle=True)
test_loader = DataLoader(test_ds, batch_size=32, shuffle=False)

# %% model
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
criterion = nn.MSELoss()
optimizer = optim.SGD(net.parameters(), lr=0.02, momentum=0.9)

# %% training
for epoch in range(10):
    epoch_loss = 0.0
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        outputs = net(inputs).squeeze(1)
        loss = criterion(outputs, targets)
        loss.backward()
        epoch_loss += loss.item() * inputs.size(0)
    optimizer.step()
    print("epoch %d loss %.4f" % (epoch + 1, epoch_loss / len(train_ds)))

# %% test
net.eval()
sq = 0.0
with torch.no_grad():
    for inputs, targets in test_loader:
        sq += ((net(inputs).squeeze(1) - targets) ** 2).sum().item()
print("test RMSE (price units): %.2f" % (np.sqrt(sq / len(test_ds)) * stats[3]))
