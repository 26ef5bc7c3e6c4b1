# %%
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_wine

np.random.seed(0)
torch.manual_seed(0)

# %% load
X, y = load_wine(return_X_y=True)
print(X.shape, np.bincount(y))

# %% the rows are sorted by class, so shuffle before splitting
order = np.random.permutation(len(X))
X, y = X[order], y[order]

# %% split
n_train = int(0.75 * len(X))
X_train, X_test = X[:n_train], X[n_train:]
y_train, y_test = y[:n_train], y[n_train:]

# %% standardise
mu, sigma = X_train.mean(axis=0), X_train.std(axis=0)
X_train, X_test = (X_train - mu) / sigma, (X_test - mu) / sigma

# %% tensors
X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train = torch.tensor(y_train, dtype=torch.long)
y_test = torch.tensor(y_test, dtype=torch.long)

# %% network
class WineNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(13, 32),
            nn.ReLU(),
            nn.Linear(32, 3),
        )

    def forward(self, x):
        return self.layers(x)


model = WineNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-3)

# %% train, full batch
losses = []
for epoch in range(60):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(X_train), y_train)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print("loss: first %.3f, last %.3f" % (losses[0], losses[-1]))

# %% test
model.eval()
with torch.no_grad():
    y_hat = model(X_test).argmax(dim=1)
print("test accuracy: %.3f" % (y_hat == y_test).float().mean().item())
