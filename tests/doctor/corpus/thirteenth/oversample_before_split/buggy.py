import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 13
np.random.seed(SEED)
torch.manual_seed(SEED)


def load_transactions(n=2000, fraud_rate=0.06):
    y = (np.random.rand(n) < fraud_rate).astype(np.int64)
    x = np.random.randn(n, 15).astype(np.float32)
    x[y == 1, :3] += 0.8
    return x, y


def upsample(x, y):
    """Repeat the fraud rows until both classes have the same size."""
    pos, neg = np.where(y == 1)[0], np.where(y == 0)[0]
    extra = np.random.choice(pos, size=len(neg) - len(pos), replace=True)
    idx = np.concatenate([np.arange(len(y)), extra])
    return x[idx], y[idx]


def split(x, y, test_ratio=0.25):
    order = np.random.permutation(len(y))
    cut = int(len(y) * test_ratio)
    return x[order[cut:]], y[order[cut:]], x[order[:cut]], y[order[:cut]]


x, y = load_transactions()
x, y = upsample(x, y)
x_train, y_train, x_test, y_test = split(x, y)
x_train, y_train = torch.from_numpy(x_train), torch.from_numpy(y_train)
x_test, y_test = torch.from_numpy(x_test), torch.from_numpy(y_test)

model = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(len(x_train)).split(64):
        optimizer.zero_grad()
        F.cross_entropy(model(x_train[idx]), y_train[idx]).backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    pred = model(x_test).argmax(1)
recall = [(pred[y_test == c] == c).float().mean().item() for c in (0, 1)]
print("test recall  normal %.3f  fraud %.3f  balanced %.3f" % (*recall, sum(recall) / 2))
