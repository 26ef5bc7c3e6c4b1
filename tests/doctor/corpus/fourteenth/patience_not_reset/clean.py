import copy

import numpy as np
import torch
import torch.nn as nn


class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` epochs in a row."""

    def __init__(self, patience=5, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.counter = 0
        self.best_loss = np.inf
        self.best_state = None
        self.stop = False

    def __call__(self, val_loss, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss = val_loss
            self.best_state = copy.deepcopy(model.state_dict())
            self.counter = 0
        else:
            self.counter += 1
            print(f"EarlyStopping counter: {self.counter} out of {self.patience}")
            if self.counter >= self.patience:
                self.stop = True


torch.manual_seed(3)
X = torch.rand(400, 3) * 4 - 2
Y = torch.sin(2 * X[:, :1]) * X[:, 1:2] + 0.3 * X[:, 2:] + 0.1 * torch.randn(400, 1)
train_x, val_x, test_x = X[:240], X[240:320], X[320:]
train_y, val_y, test_y = Y[:240], Y[240:320], Y[320:]

model = nn.Sequential(nn.Linear(3, 40), nn.Tanh(), nn.Linear(40, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.MSELoss()
stopper = EarlyStopping(patience=5)

for epoch in range(1, 151):
    model.train()
    for idx in torch.randperm(240).split(24):
        optimizer.zero_grad()
        criterion(model(train_x[idx]), train_y[idx]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(val_x), val_y).item()
    stopper(val_loss, model)
    if stopper.stop:
        print("Early stopping at epoch", epoch)
        break

model.load_state_dict(stopper.best_state)
model.eval()
with torch.no_grad():
    print("best val", round(stopper.best_loss, 4), "test", round(criterion(model(test_x), test_y).item(), 4))
