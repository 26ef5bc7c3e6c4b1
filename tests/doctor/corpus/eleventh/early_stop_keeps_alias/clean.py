import torch
from torch import nn


class EarlyStopping:
    def __init__(self, patience=6):
        self.patience = patience
        self.best_loss = float("inf")
        self.best_weights = None
        self.bad_epochs = 0

    def update(self, val_loss, model):
        """Returns True when the training should stop."""
        if val_loss < self.best_loss:
            self.best_loss = val_loss
            self.best_weights = {k: v.clone() for k, v in model.state_dict().items()}
            self.bad_epochs = 0
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience

    def restore(self, model):
        model.load_state_dict(self.best_weights)


class Experiment:
    def __init__(self, seed=3):
        torch.manual_seed(seed)
        w = torch.randn(30)
        self.x = torch.randn(260, 30)
        self.y = (self.x @ w + 3.0 * torch.randn(260)).unsqueeze(1)
        self.model = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 1))
        self.opt = torch.optim.Adam(self.model.parameters(), lr=3e-3)
        self.loss = nn.MSELoss()
        self.train_idx, self.val_idx, self.test_idx = torch.arange(260).split([120, 70, 70])

    def score(self, idx):
        self.model.eval()
        with torch.no_grad():
            return self.loss(self.model(self.x[idx]), self.y[idx]).item()

    def run(self, max_epochs=200):
        stopper = EarlyStopping()
        for epoch in range(max_epochs):
            self.model.train()
            for part in self.train_idx[torch.randperm(len(self.train_idx))].split(20):
                self.opt.zero_grad()
                self.loss(self.model(self.x[part]), self.y[part]).backward()
                self.opt.step()
            if stopper.update(self.score(self.val_idx), self.model):
                print("stopped after epoch", epoch + 1)
                break
        stopper.restore(self.model)
        print("best val mse %.3f | val mse now %.3f | test mse %.3f"
              % (stopper.best_loss, self.score(self.val_idx), self.score(self.test_idx)))


Experiment().run()
