import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EarlyStopping:
    """Remembers the best weights and says when to give up."""

    def __init__(self, patience=5, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best_loss = float("inf")
        self.best_state = None
        self.bad_epochs = 0

    def update(self, val_loss, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss = val_loss
            self.best_state = copy.deepcopy(model.state_dict())
            self.bad_epochs = 0
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


def evaluate(model, loader, criterion):
    was_training = model.training
    model.eval()
    total, hits, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            total += criterion(out, y).item() * len(y)
            hits += (out.argmax(-1) == y).sum().item()
            count += len(y)
    model.train(was_training)
    return total / count, hits / count


torch.manual_seed(99)
X = torch.randn(900, 20)
w = torch.randn(20, 4) / 2
Y = (X @ w + torch.randn(900, 4)).argmax(1)
loaders = {
    "train": DataLoader(TensorDataset(X[:500], Y[:500]), batch_size=50, shuffle=True),
    "val": DataLoader(TensorDataset(X[500:700], Y[500:700]), batch_size=100),
    "test": DataLoader(TensorDataset(X[700:], Y[700:]), batch_size=100),
}

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 4))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
stopper = EarlyStopping(patience=4, min_delta=1e-3)

for epoch in range(60):
    model.train()
    for x, y in loaders["train"]:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
    val_loss, val_acc = evaluate(model, loaders["val"], criterion)
    if stopper.update(val_loss, model):
        print(f"stopped after epoch {epoch + 1}, val loss {val_loss:.4f} acc {val_acc:.3f}")
        break

model.load_state_dict(stopper.best_state)
test_loss, test_acc = evaluate(model, loaders["test"], criterion)
print(f"best val loss {stopper.best_loss:.4f}; test loss {test_loss:.4f}, test acc {test_acc:.3f}")
