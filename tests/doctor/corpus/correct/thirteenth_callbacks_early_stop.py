import copy

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Callback:
    def on_epoch_end(self, loop, epoch, logs):
        pass

    def on_fit_end(self, loop):
        pass


class History(Callback):
    def __init__(self):
        self.rows = []

    def on_epoch_end(self, loop, epoch, logs):
        self.rows.append({"epoch": epoch, **logs})


class EarlyStopping(Callback):
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.best_state, self.best_epoch, self.wait = float("inf"), None, None, 0

    def on_epoch_end(self, loop, epoch, logs):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best, self.best_epoch, self.wait = logs["val_loss"], epoch, 0
            self.best_state = copy.deepcopy(loop.model.state_dict())
        else:
            self.wait += 1
            if self.wait >= self.patience:
                loop.stop = True

    def on_fit_end(self, loop):
        loop.model.load_state_dict(self.best_state)


class ReduceOnPlateau(Callback):
    def __init__(self, optimizer, **kwargs):
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **kwargs)

    def on_epoch_end(self, loop, epoch, logs):
        self.scheduler.step(logs["val_loss"])


class Loop:
    def __init__(self, model, loss_fn, optimizer, callbacks):
        self.model, self.loss_fn, self.optimizer = model, loss_fn, optimizer
        self.callbacks, self.stop = callbacks, False

    def evaluate(self, loader):
        self.model.eval()
        total = 0.0
        with torch.no_grad():
            for x, y in loader:
                total += self.loss_fn(self.model(x), y).item() * len(x)
        return total / len(loader.dataset)

    def fit(self, train, val, max_epochs):
        for epoch in range(max_epochs):
            self.model.train()
            running = 0.0
            for x, y in train:
                self.optimizer.zero_grad()
                loss = self.loss_fn(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                running += loss.item() * len(x)
            logs = {"train_loss": running / len(train.dataset), "val_loss": self.evaluate(val)}
            for cb in self.callbacks:
                cb.on_epoch_end(self, epoch, logs)
            if self.stop:
                break
        for cb in self.callbacks:
            cb.on_fit_end(self)


torch.manual_seed(30)
x = torch.randn(500, 15)
y = x[:, :3].sum(1, keepdim=True) + 0.8 * torch.randn(500, 1)
parts = [TensorDataset(x[a:b], y[a:b]) for a, b in ((0, 250), (250, 375), (375, 500))]
train = DataLoader(parts[0], batch_size=25, shuffle=True)
val, test = DataLoader(parts[1], batch_size=125), DataLoader(parts[2], batch_size=125)

model = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
history, stopper = History(), EarlyStopping(patience=6)
loop = Loop(model, nn.MSELoss(), optimizer, [history, stopper, ReduceOnPlateau(optimizer, patience=2)])
loop.fit(train, val, max_epochs=60)
print(f"stopped after {len(history.rows)} epochs, best epoch {stopper.best_epoch} (val {stopper.best:.4f})")
print(f"test loss of the best weights {loop.evaluate(test):.4f}")
