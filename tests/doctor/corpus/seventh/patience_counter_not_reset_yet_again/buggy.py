# %%
import copy
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %%
class EarlyStopping:
    """Stop after `patience` epochs in a row without a better validation loss."""

    def __init__(self, patience=4, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best = np.inf
        self.best_state = None
        self.bad_epochs = 0
        self.stop = False

    def __call__(self, val_loss, model):
        if val_loss < self.best - self.min_delta:
            self.best = val_loss
            self.best_state = copy.deepcopy(model.state_dict())
        else:
            self.bad_epochs += 1
            if self.bad_epochs >= self.patience:
                self.stop = True


# %%
digits = load_digits()
X = digits.data.astype(np.float32) / 16.0
y = digits.target.astype(np.int64)
X_tmp, X_test, y_tmp, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
X_train, X_val, y_train, y_val = train_test_split(X_tmp, y_tmp, test_size=0.1, random_state=0, stratify=y_tmp)
X_train, X_val, X_test, y_train, y_val, y_test = map(
    torch.from_numpy, (X_train, X_val, X_test, y_train, y_val, y_test)
)
len(X_train), len(X_val), len(X_test)

# %%
torch.manual_seed(5)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
criterion = nn.CrossEntropyLoss()
stopper = EarlyStopping(patience=4)

# %%
for epoch in range(80):
    model.train()
    for idx in torch.randperm(len(X_train)).split(64):
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(X_val), y_val).item()
    stopper(val_loss, model)
    if stopper.stop:
        print("stopped after epoch", epoch)
        break

# %%
model.load_state_dict(stopper.best_state)
model.eval()
with torch.no_grad():
    test_acc = (model(X_test).argmax(dim=1) == y_test).float().mean().item()
print("best val loss", round(stopper.best, 4))
print("test accuracy", round(test_acc, 4))
