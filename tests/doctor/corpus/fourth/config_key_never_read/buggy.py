"""Denoising autoencoder; everything that can be tuned is in CONFIG."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

CONFIG = {
    "seed": 3,
    "data": {"n_train": 800, "n_val": 200, "dim": 24, "rank": 3, "noise": 0.5},
    "model": {"hidden": 64, "code": 6},
    "loader": {"batch_size": 32},
    "optimizer": {
        "name": "adam",
        "learning_rate": 4e-3,
        "weight_decay": 1e-5,
    },
    "trainer": {"epochs": 10},
}


class LowRank(Dataset):
    def __init__(self, n, mixing, noise, generator):
        z = torch.randn(n, mixing.shape[0], generator=generator)
        self.clean = torch.tanh(z @ mixing)
        self.noisy = self.clean + noise * torch.randn(self.clean.shape, generator=generator)

    def __len__(self):
        return self.clean.shape[0]

    def __getitem__(self, i):
        return self.noisy[i], self.clean[i]


def build_data(cfg):
    g = torch.Generator().manual_seed(cfg["seed"])
    d = cfg["data"]
    mixing = torch.randn(d["rank"], d["dim"], generator=g)
    train = LowRank(d["n_train"], mixing, d["noise"], g)
    val = LowRank(d["n_val"], mixing, d["noise"], g)
    bs = cfg["loader"]["batch_size"]
    return DataLoader(train, batch_size=bs, shuffle=True), DataLoader(val, batch_size=bs)


def build_model(cfg):
    dim, hidden, code = cfg["data"]["dim"], cfg["model"]["hidden"], cfg["model"]["code"]
    return nn.Sequential(
        nn.Linear(dim, hidden), nn.ELU(), nn.Linear(hidden, code), nn.ELU(),
        nn.Linear(code, hidden), nn.ELU(), nn.Linear(hidden, dim),
    )


def build_optimizer(params, options):
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    return kinds[options.get("name", "sgd")](
        params,
        lr=options.get("lr", 1e-5),
        weight_decay=options.get("weight_decay", 0.0),
    )


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg["seed"])
        self.epochs = cfg["trainer"]["epochs"]
        self.train_loader, self.val_loader = build_data(cfg)
        self.model = build_model(cfg)
        self.optimizer = build_optimizer(self.model.parameters(), cfg["optimizer"])
        self.criterion = nn.MSELoss()

    def _epoch(self):
        self.model.train()
        for noisy, clean in self.train_loader:
            self.optimizer.zero_grad()
            self.criterion(self.model(noisy), clean).backward()
            self.optimizer.step()

    @torch.no_grad()
    def _validate(self):
        self.model.eval()
        total = 0.0
        for noisy, clean in self.val_loader:
            total += self.criterion(self.model(noisy), clean).item() * len(noisy)
        return total / len(self.val_loader.dataset)

    def run(self):
        for epoch in range(1, self.epochs + 1):
            self._epoch()
            print(f"epoch {epoch:2d}  val mse {self._validate():.4f}")


if __name__ == "__main__":
    Trainer(CONFIG).run()
