from copy import deepcopy

import torch
from torch import nn


class BaseTrainer:
    def __init__(self, model, lr=0.01, max_epoch=80, patience=6):
        self.model = model
        self.best_model = None
        self.max_epoch = max_epoch
        self.patience = patience
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.5)
        self.loss_fn = nn.MSELoss()

    def _run_train(self, x, y):
        self.model.train()
        for idx in torch.randperm(len(x)).split(16):
            self.optimizer.zero_grad()
            loss = self.loss_fn(self.model(x[idx]), y[idx])
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def _run_eval(self, x, y):
        self.model.eval()
        return self.loss_fn(self.model(x), y).item()

    def fit(self, train_data, val_data):
        best_vloss = float("inf")
        count_early_stop = 0
        for epoch in range(self.max_epoch):
            self._run_train(*train_data)
            vloss = self._run_eval(*val_data)
            if vloss < best_vloss:
                best_vloss = vloss
                self.best_model = deepcopy(self.model)
                count_early_stop = 0
            else:
                count_early_stop += 1
            if count_early_stop >= self.patience:
                break
        print(f"finished after epoch {epoch}: best validation loss {best_vloss:.5f}")
        return self.best_model


def synth(n):
    x = torch.rand(n, 3) * 2 - 1
    y = torch.sin(4 * x[:, :1]) * x[:, 1:2] + x[:, 2:] + 0.2 * torch.randn(n, 1)
    return x, y


torch.manual_seed(21)
net = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
trainer = BaseTrainer(net)
best = trainer.fit(synth(300), synth(150))
x_test, y_test = synth(200)
best.eval()
with torch.no_grad():
    print("test mse", round(nn.functional.mse_loss(best(x_test), y_test).item(), 5))
