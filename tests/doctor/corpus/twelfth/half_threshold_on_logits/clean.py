from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Hparams:
    n_attr: int = 6
    dim: int = 18
    hidden: int = 40
    lr: float = 2e-3
    epochs: int = 5
    threshold: float = 0.5


class AttributePredictor(nn.Module):
    def __init__(self, hp: Hparams):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(hp.dim, hp.hidden), nn.ReLU(), nn.Dropout(0.1))
        self.attribute_head = nn.Linear(hp.hidden, hp.n_attr)

    def forward(self, x: Tensor) -> Tensor:
        return self.attribute_head(self.encoder(x))


def micro_f1(pred: Tensor, target: Tensor) -> float:
    tp = (pred * target).sum()
    return (2 * tp / (pred.sum() + target.sum()).clamp(min=1)).item()


@torch.no_grad()
def evaluate(model: nn.Module, loader: DataLoader, hp: Hparams) -> float:
    model.eval()
    preds, targets = [], []
    for x, y in loader:
        output = model(x)
        preds.append((torch.sigmoid(output) > hp.threshold).float())
        targets.append(y)
    return micro_f1(torch.cat(preds), torch.cat(targets))


def main() -> None:
    torch.manual_seed(15)
    hp = Hparams()
    x = torch.randn(1500, hp.dim)
    proj = torch.randn(hp.dim, hp.n_attr)
    y = (x @ proj / hp.dim ** 0.5 + 0.5 * torch.randn(1500, hp.n_attr) > 0.3).float()
    train_loader = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=60, shuffle=True)
    dev_loader = DataLoader(TensorDataset(x[1200:], y[1200:]), batch_size=100)

    model = AttributePredictor(hp)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=hp.lr)
    for epoch in range(hp.epochs):
        model.train()
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: dev micro-F1 {evaluate(model, dev_loader, hp):.4f}")


if __name__ == "__main__":
    main()
