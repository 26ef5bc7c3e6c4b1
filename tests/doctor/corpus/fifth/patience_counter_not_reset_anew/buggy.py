import copy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, lr=3e-3, patience=4, max_epochs=60):
        self.model = model
        self.loss = nn.SmoothL1Loss()
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr)
        self.patience = patience
        self.max_epochs = max_epochs
        self.best = float("inf")
        self.best_weights = None
        self.bad_epochs = 0

    def _epoch(self, loader):
        self.model.train()
        for xb, yb in loader:
            self.opt.zero_grad(set_to_none=True)
            self.loss(self.model(xb), yb).backward()
            self.opt.step()

    @torch.inference_mode()
    def score(self, loader):
        self.model.eval()
        total = sum(self.loss(self.model(xb), yb).item() * len(xb) for xb, yb in loader)
        return total / len(loader.dataset)

    def _should_stop(self, value):
        if value < self.best:
            self.best = value
            self.best_weights = copy.deepcopy(self.model.state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience

    def fit(self, train_loader, val_loader):
        for epoch in range(1, self.max_epochs + 1):
            self._epoch(train_loader)
            if self._should_stop(self.score(val_loader)):
                break
        self.model.load_state_dict(self.best_weights)
        return epoch


torch.manual_seed(21)
x = torch.rand(1000, 6) * 2 - 1
y = (torch.sin(3 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]) + 0.1 * torch.randn(1000, 1)
ds = TensorDataset(x, y)
train_set, val_set, test_set = torch.utils.data.random_split(ds, [600, 150, 250])
trainer = Trainer(nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1)))
epochs = trainer.fit(DataLoader(train_set, batch_size=32, shuffle=True), DataLoader(val_set, batch_size=150))
print("epochs", epochs, "test", round(trainer.score(DataLoader(test_set, batch_size=250)), 4))
