from copy import deepcopy

import torch
from torch import nn


class BaseTrainer:
    """Trains an autoencoder; stops after `patience` epochs in a row without a better validation loss."""

    def __init__(self, model, lr=2e-3, max_epochs=60, patience=6, batch_size=16):
        self.model = model
        self.best_model = None
        self.max_epochs = max_epochs
        self.patience = patience
        self.batch_size = batch_size
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss_fn = nn.MSELoss()
        self.history = []

    def run_train_epoch(self, data):
        self.model.train()
        for idx in torch.randperm(len(data)).split(self.batch_size):
            batch = data[idx]
            self.optimizer.zero_grad()
            loss = self.loss_fn(self.model(batch), batch)
            loss.backward()
            self.optimizer.step()

    @torch.inference_mode()
    def run_val_epoch(self, data):
        self.model.eval()
        return self.loss_fn(self.model(data), data).item()

    def fit(self, train, val):
        best_vloss, count_early_stop = float("inf"), 0
        for epoch in range(self.max_epochs):
            self.run_train_epoch(train)
            vloss = self.run_val_epoch(val)
            self.history.append(vloss)
            if vloss < best_vloss:
                best_vloss = vloss
                self.best_model = deepcopy(self.model)
            else:
                count_early_stop += 1
            if count_early_stop >= self.patience:
                print(f"early stop after epoch {epoch}")
                break
        print(f"{len(self.history)} epochs, best val loss {best_vloss:.4f}")


if __name__ == "__main__":
    torch.manual_seed(19)
    basis = torch.randn(4, 40)
    codes = torch.tanh(torch.randn(400, 4) * 1.5)
    cells = codes @ basis + 0.2 * torch.randn(400, 40)
    autoencoder = nn.Sequential(
        nn.Linear(40, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 8),
        nn.ReLU(), nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 40),
    )
    trainer = BaseTrainer(autoencoder, lr=4e-3)
    trainer.fit(cells[:240], cells[240:300])
    with torch.inference_mode():
        test = cells[300:]
        print(f"test loss {trainer.loss_fn(trainer.best_model(test), test).item():.4f}")
