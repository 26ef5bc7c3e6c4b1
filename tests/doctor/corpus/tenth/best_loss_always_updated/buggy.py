import copy

import torch
import torch.nn as nn


def make_split(n, g, noise=0.6):
    x = torch.rand(n, 1, generator=g) * 4 - 2
    y = torch.sin(2.5 * x) + noise * torch.randn(n, 1, generator=g)
    return x, y


class Experiment:
    def __init__(self, seed=6):
        torch.manual_seed(seed)
        g = torch.Generator().manual_seed(seed)
        self.train_data = make_split(60, g)
        self.val_data = make_split(100, g)
        self.test_data = make_split(300, g)
        self.model = nn.Sequential(
            nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)
        )
        self.opt = torch.optim.Adam(self.model.parameters(), lr=5e-3)
        self.loss_fn = nn.MSELoss()

    def train_epoch(self):
        self.model.train()
        x, y = self.train_data
        for idx in torch.randperm(len(x)).split(12):
            self.opt.zero_grad()
            self.loss_fn(self.model(x[idx]), y[idx]).backward()
            self.opt.step()

    @torch.no_grad()
    def mse(self, data):
        self.model.eval()
        x, y = data
        return self.loss_fn(self.model(x), y).item()

    def run(self, epochs):
        min_loss = float("inf")
        best_state, best_epoch = None, -1
        for epoch in range(epochs):
            self.train_epoch()
            val_loss = self.mse(self.val_data)
            if val_loss < min_loss:
                print(f"epoch {epoch}: validation loss {val_loss:.4f}, keeping the weights")
                best_state = copy.deepcopy(self.model.state_dict())
                best_epoch = epoch
            min_loss = val_loss
        self.model.load_state_dict(best_state)
        print(f"restored epoch {best_epoch}, test mse {self.mse(self.test_data):.4f}")


if __name__ == "__main__":
    Experiment().run(epochs=60)
