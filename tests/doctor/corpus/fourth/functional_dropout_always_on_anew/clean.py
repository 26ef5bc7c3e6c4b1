"""Multiclass text-like bag-of-words classifier (course homework, part 2)."""
from typing import Dict, List, Tuple

import torch
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn


class Encoder(nn.Module):
    def __init__(self, sizes: List[int], p: float) -> None:
        super().__init__()
        self.p = p
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x: Tensor) -> Tensor:
        for linear in self.linears:
            x = F.dropout(F.relu(linear(x)), self.p, training=self.training)
        return x


class Model(nn.Module):
    def __init__(self, sizes: List[int], classes: int, p: float = 0.4) -> None:
        super().__init__()
        self.encoder = Encoder(sizes, p)
        self.head = nn.Linear(sizes[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x))


def load() -> Dict[str, Tuple[Tensor, Tensor]]:
    x, y = make_classification(n_samples=1600, n_features=24, n_informative=12, n_classes=4,
                               class_sep=1.4, random_state=8)
    x_tr, x_te, y_tr, y_te = train_test_split(x, y, test_size=0.25, stratify=y, random_state=8)
    scaler = StandardScaler().fit(x_tr)
    pack = lambda a, b: (torch.tensor(scaler.transform(a), dtype=torch.float32), torch.tensor(b))
    return {"train": pack(x_tr, y_tr), "test": pack(x_te, y_te)}


class Trainer:
    def __init__(self, model: Model, data: Dict[str, Tuple[Tensor, Tensor]], lr: float = 2e-3) -> None:
        self.model, self.data = model, data
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def epoch(self, batch: int = 40) -> float:
        self.model.train()
        x, y = self.data["train"]
        losses = []
        for idx in torch.randperm(len(x)).split(batch):
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(x[idx]), y[idx])
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
        return sum(losses) / len(losses)

    @torch.no_grad()
    def test(self) -> float:
        self.model.eval()
        x, y = self.data["test"]
        return (self.model(x).argmax(dim=1) == y).float().mean().item()


def main() -> None:
    torch.manual_seed(8)
    trainer = Trainer(Model([24, 64, 64], 4), load())
    for n in range(10):
        loss = trainer.epoch()
        print(f"{n:2d} loss {loss:.3f} test accuracy {trainer.test():.3f}")


if __name__ == "__main__":
    main()
