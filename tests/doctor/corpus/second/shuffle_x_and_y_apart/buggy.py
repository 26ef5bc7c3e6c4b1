import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_wine

np.random.seed(0)
torch.manual_seed(0)


def shuffled(*arrays):
    return [a[np.random.permutation(len(a))] for a in arrays]


def split(X, y, n_test):
    X, y = shuffled(X, y)
    return X[n_test:], X[:n_test], y[n_test:], y[:n_test]


def standardise(train, test):
    mean = train.mean(axis=0, keepdims=True)
    std = train.std(axis=0, keepdims=True)
    return (train - mean) / std, (test - mean) / std


X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = split(X, y, 50)
X_train, X_test = standardise(X_train, X_test)
X_train, X_test = torch.from_numpy(X_train).float(), torch.from_numpy(X_test).float()
y_train, y_test = torch.from_numpy(y_train), torch.from_numpy(y_test)

model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(100):
    optimizer.zero_grad()
    loss = criterion(model(X_train), y_train)
    loss.backward()
    optimizer.step()
with torch.no_grad():
    acc = (model(X_test).argmax(1) == y_test).double().mean()
print('loss', loss.item(), 'accuracy', acc.item())
