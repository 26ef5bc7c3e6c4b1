# %% [markdown]
# Handwritten digits with a small MLP

# %%
import copy
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
np.random.seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% data
digits = load_digits()
X = (digits.data / 16.0).astype("float32")
y = digits.target.astype("int64")
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, test_size=0.2, stratify=y_train, random_state=0)


def to_loader(features, labels, shuffle):
    ds = TensorDataset(torch.from_numpy(features), torch.from_numpy(labels))
    return DataLoader(ds, batch_size=64, shuffle=shuffle)


train_dl = to_loader(X_train, y_train, True)
val_dl = to_loader(X_val, y_val, False)
test_dl = to_loader(X_test, y_test, False)

# %% model
model = nn.Sequential(
    nn.Linear(64, 128),
    nn.BatchNorm1d(128),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(128, 10),
).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)


# %% evaluation
def evaluate(dl):
    model.eval()
    total_loss, correct, n = 0.0, 0, 0
    with torch.no_grad():
        for xb, yb in dl:
            xb, yb = xb.to(device), yb.to(device)
            logits = model(xb)
            total_loss += F.cross_entropy(logits, yb, reduction="sum").item()
            correct += (logits.argmax(1) == yb).sum().item()
            n += len(yb)
    return total_loss / n, correct / n


# %% training
best_acc, best_weights = -1.0, None
for epoch in range(12):
    model.train()
    running, seen = 0.0, 0
    for xb, yb in train_dl:
        xb, yb = xb.to(device), yb.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(yb)
        seen += len(yb)
    scheduler.step()
    val_loss, val_acc = evaluate(val_dl)
    print(f"epoch {epoch + 1:2d}  train {running / seen:.4f}  val {val_loss:.4f}  acc {val_acc:.3f}")
    if val_acc > best_acc:
        best_acc, best_weights = val_acc, copy.deepcopy(model.state_dict())

# %% final result
model.load_state_dict(best_weights)
test_loss, test_acc = evaluate(test_dl)
print(f"test loss {test_loss:.4f}  test accuracy {test_acc:.3f}")
