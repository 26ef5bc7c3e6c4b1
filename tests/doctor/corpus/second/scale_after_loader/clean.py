# %% [1] Daten
import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(33)
X, y = make_friedman1(1200, n_features=6, noise=0.5, random_state=33)
X = X * [10, 5, 1, 3, 20, 1] + [5, 0, 2, 0, -10, 0]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=33)
X_train, X_test = torch.tensor(X_train).float(), torch.tensor(X_test).float()
y_train, y_test = torch.tensor(y_train).float()[:, None], torch.tensor(y_test).float()[:, None]

# %% [2] Skalierung mit den Werten des Trainingsteils
mean, std = X_train.mean(0), X_train.std(0)
X_train = (X_train - mean) / std
X_test = (X_test - mean) / std

# %% [3] Lader
train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=45, shuffle=True)

# %% [4] Modell
model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
nn.init.constant_(model[-1].bias, y_train.mean().item())
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.MSELoss()

# %% [5] Training
for epoch in range(30):
    model.train()
    summe = 0.0
    for xb, yb in train_loader:
        loss = loss_fn(model(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        summe += loss.item() * len(xb)
print('Trainingsfehler', summe / len(train_loader.dataset))

# %% [6] Test
model.eval()
with torch.no_grad():
    print('Testfehler', loss_fn(model(X_test), y_test).item())
