import copy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, train_loader, val_loader, lr=2e-3, patience=4, max_epochs=60):
        self.model = model
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.crit = nn.MSELoss()
        self.patience, self.max_epochs = patience, max_epochs
        self.best = float("inf")
        self.best_state = None
        self.bad_epochs = 0

    def train_epoch(self):
        self.model.train()
        for x, y in self.train_loader:
            self.opt.zero_grad()
            self.crit(self.model(x), y).backward()
            self.opt.step()

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        total = 0.0
        for x, y in self.val_loader:
            total += self.crit(self.model(x), y).item() * len(x)
        loss = total / len(self.val_loader.dataset)
        return loss

    def should_stop(self, loss):
        if loss < self.best:
            self.best = loss
            self.best_state = copy.deepcopy(self.model.state_dict())
            self.bad_epochs = 0
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience

    def fit(self):
        for epoch in range(self.max_epochs):
            self.train_epoch()
            loss = self.evaluate()
            print(f"epoch {epoch:02d} val {loss:.4f}")
            if self.should_stop(loss):
                print("stopping early")
                break
        self.model.load_state_dict(self.best_state)


torch.manual_seed(11)
x = torch.randn(600, 10)
y = (x[:, :2].prod(1) + 0.3 * torch.randn(600)).unsqueeze(1)
train = DataLoader(TensorDataset(x[:450], y[:450]), batch_size=32, shuffle=True)
val = DataLoader(TensorDataset(x[450:], y[450:]), batch_size=64)
net = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 1))
trainer = Trainer(net, train, val)
trainer.fit()
print("best val loss", round(trainer.best, 4))
