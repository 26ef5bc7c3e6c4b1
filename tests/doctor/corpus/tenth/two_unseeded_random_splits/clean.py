from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclass
class Hparams:
    n: int = 400
    val_fraction: float = 0.25
    batch_size: int = 32
    width: int = 128
    lr: float = 2e-3
    epochs: int = 40
    seed: int = 77


class SpectraData:
    """Synthetic spectra with noisy class labels."""

    def __init__(self, hp):
        self.hp = hp
        g = torch.Generator().manual_seed(hp.seed)
        x = torch.randn(hp.n, 50, generator=g)
        y = (x[:, :5].sum(1) + 1.5 * torch.randn(hp.n, generator=g) > 0).long()
        self.dataset = TensorDataset(x, y)
        n_val = int(hp.n * hp.val_fraction)
        self.sizes = [hp.n - n_val, n_val]

    def _split(self):
        return random_split(self.dataset, self.sizes, generator=torch.Generator().manual_seed(self.hp.seed))

    def train_dataloader(self):
        train, _ = self._split()
        return DataLoader(train, batch_size=self.hp.batch_size, shuffle=True)

    def val_dataloader(self):
        _, val = self._split()
        return DataLoader(val, batch_size=100)


def fit(hp):
    torch.manual_seed(hp.seed)
    data = SpectraData(hp)
    train_loader, val_loader = data.train_dataloader(), data.val_dataloader()
    model = nn.Sequential(nn.Linear(50, hp.width), nn.ReLU(), nn.Linear(hp.width, 2))
    opt = torch.optim.Adam(model.parameters(), lr=hp.lr, weight_decay=1e-4)
    for epoch in range(hp.epochs):
        model.train()
        for x, y in train_loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            opt.step()
        if (epoch + 1) % 10 == 0:
            model.eval()
            with torch.no_grad():
                hits = sum((model(x).argmax(1) == y).sum().item() for x, y in val_loader)
            print(f"epoch {epoch + 1:3d}  val acc {hits / data.sizes[1]:.3f}")


if __name__ == "__main__":
    fit(Hparams())
