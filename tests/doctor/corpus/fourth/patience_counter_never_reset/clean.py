import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` epochs in a row."""

    def __init__(self, patience=5, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best_loss = float("inf")
        self.best_weights = None
        self.counter = 0
        self.should_stop = False

    def step(self, val_loss, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss = val_loss
            self.best_weights = copy.deepcopy(model.state_dict())
            self.counter = 0
        else:
            self.counter += 1
            if self.counter >= self.patience:
                self.should_stop = True

    def restore(self, model):
        model.load_state_dict(self.best_weights)


def make_data(n, g):
    x = torch.rand(n, 4, generator=g) * 2 - 1
    y = torch.sin(3 * x[:, 0]) * x[:, 1] + x[:, 2].abs() + 0.1 * torch.randn(n, generator=g)
    return x, y


def val_loss(model, x, y):
    model.eval()
    with torch.no_grad():
        return F.mse_loss(model(x).squeeze(1), y).item()


torch.manual_seed(4)
gen = torch.Generator().manual_seed(0)
train_x, train_y = make_data(400, gen)
val_x, val_y = make_data(100, gen)
test_x, test_y = make_data(300, gen)

model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
stopper = EarlyStopping(patience=5)

for epoch in range(80):
    model.train()
    for batch in torch.randperm(len(train_x)).split(40):
        optimizer.zero_grad()
        loss = F.mse_loss(model(train_x[batch]).squeeze(1), train_y[batch])
        loss.backward()
        optimizer.step()
    stopper.step(val_loss(model, val_x, val_y), model)
    if stopper.should_stop:
        print("stopped after epoch", epoch)
        break

stopper.restore(model)
print(f"best validation mse {stopper.best_loss:.4f}, test mse {val_loss(model, test_x, test_y):.4f}")
