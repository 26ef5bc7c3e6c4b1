import io
import operator

import torch
import torch.nn as nn


class ModelCheckpoint:
    def __init__(self, monitor="val_loss", mode="max"):
        self.monitor = monitor
        self.better = operator.gt if mode == "max" else operator.lt
        self.best = float("-inf") if mode == "max" else float("inf")
        self.best_epoch = None
        self.buffer = None

    def __call__(self, epoch, logs, model):
        if self.better(logs[self.monitor], self.best):
            self.best, self.best_epoch = logs[self.monitor], epoch
            self.buffer = io.BytesIO()
            torch.save(model.state_dict(), self.buffer)

    def restore(self, model):
        self.buffer.seek(0)
        model.load_state_dict(torch.load(self.buffer, weights_only=True))


class Trainer:
    def __init__(self, model, optimizer, criterion, callbacks):
        self.model, self.optimizer, self.criterion, self.callbacks = model, optimizer, criterion, callbacks

    def _train(self, x, y):
        self.model.train()
        for idx in torch.randperm(len(x)).split(32):
            self.optimizer.zero_grad()
            self.criterion(self.model(x[idx]), y[idx]).backward()
            self.optimizer.step()

    @torch.no_grad()
    def evaluate(self, x, y):
        self.model.eval()
        return self.criterion(self.model(x), y).item()

    def fit(self, train, val, epochs):
        for epoch in range(epochs):
            self._train(*train)
            logs = {"val_loss": self.evaluate(*val)}
            print(epoch, {k: round(v, 4) for k, v in logs.items()})
            for cb in self.callbacks:
                cb(epoch, logs, self.model)


torch.manual_seed(40)
x = torch.randn(800, 8)
y = torch.sin(x[:, :2]).sum(1, keepdim=True) + 0.1 * torch.randn(800, 1)
train, val, test = (x[:500], y[:500]), (x[500:650], y[500:650]), (x[650:], y[650:])

model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 1))
checkpoint = ModelCheckpoint(monitor="val_loss")
trainer = Trainer(model, torch.optim.Adam(model.parameters(), lr=3e-3), nn.MSELoss(), [checkpoint])
trainer.fit(train, val, epochs=12)
checkpoint.restore(model)
print(f"restored epoch {checkpoint.best_epoch}, test mse {trainer.evaluate(*test):.4f}")
