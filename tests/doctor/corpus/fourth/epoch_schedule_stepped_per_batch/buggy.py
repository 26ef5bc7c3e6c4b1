import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

config = {
    "run": {"seed": 9, "epochs": 15, "log_every": 3},
    "data": {"n_train": 1500, "n_val": 500, "batch_size": 25},
    "model": {"in_dim": 6, "width": 64, "depth": 3},
    "optimizer": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
    # divide the rate by ten after epochs 9 and 13
    "schedule": {"milestones": [9, 13], "gamma": 0.1},
}


def teacher_data(cfg):
    g = torch.Generator().manual_seed(cfg["run"]["seed"])
    n = cfg["data"]["n_train"] + cfg["data"]["n_val"]
    x = torch.rand(n, cfg["model"]["in_dim"], generator=g) * 4 - 2
    y = torch.sin(x[:, :1]) * x[:, 1:2] + torch.cos(x[:, 2:3] * 2) + 0.05 * torch.randn(n, 1, generator=g)
    cut = cfg["data"]["n_train"]
    bs = cfg["data"]["batch_size"]
    return (
        DataLoader(TensorDataset(x[:cut], y[:cut]), batch_size=bs, shuffle=True),
        DataLoader(TensorDataset(x[cut:], y[cut:]), batch_size=4 * bs),
    )


class MLP(nn.Module):
    def __init__(self, in_dim, width, depth):
        super().__init__()
        dims = [in_dim] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims, dims[1:]))
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        for layer in self.hidden:
            x = F.silu(layer(x))
        return self.out(x)


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg["run"]["seed"])
        self.cfg = cfg
        self.train_loader, self.val_loader = teacher_data(cfg)
        self.model = MLP(**cfg["model"])
        self.optimizer = torch.optim.SGD(self.model.parameters(), **cfg["optimizer"])
        self.scheduler = torch.optim.lr_scheduler.MultiStepLR(self.optimizer, **cfg["schedule"])

    def _train(self):
        self.model.train()
        total = 0.0
        for x, y in self.train_loader:
            loss = F.mse_loss(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
            self.scheduler.step()
        return total / len(self.train_loader.dataset)

    @torch.no_grad()
    def _validate(self):
        self.model.eval()
        total = sum(F.mse_loss(self.model(x), y).item() * len(x) for x, y in self.val_loader)
        return total / len(self.val_loader.dataset)

    def run(self):
        epochs = self.cfg["run"]["epochs"]
        for epoch in range(1, epochs + 1):
            train_loss = self._train()
            val_loss = self._validate()
            if epoch % self.cfg["run"]["log_every"] == 0 or epoch == epochs:
                print(f"epoch {epoch:2d}  train {train_loss:.4f}  val {val_loss:.4f}")


if __name__ == "__main__":
    Trainer(config).run()
