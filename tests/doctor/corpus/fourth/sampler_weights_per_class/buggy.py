from collections import Counter
from typing import Dict, Tuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler


def synthetic_defects(n: int, seed: int) -> Tuple[Tensor, Tensor]:
    gen = torch.Generator().manual_seed(seed)
    labels = torch.multinomial(torch.tensor([0.80, 0.13, 0.07]), n, replacement=True, generator=gen)
    centres = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.2, 0.0, 1.0, 0.0], [0.0, 1.4, 0.0, -1.2]])
    features = centres[labels] + torch.randn(n, 4, generator=gen)
    return features, labels


class Trainer:
    def __init__(self, model: nn.Module, train: TensorDataset, val: TensorDataset, batch_size: int = 64) -> None:
        self.model = model
        self.loader = self._balanced_loader(train, batch_size)
        self.val_loader = DataLoader(val, batch_size=256)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    @staticmethod
    def _balanced_loader(data: TensorDataset, batch_size: int) -> DataLoader:
        labels: Tensor = data.tensors[1]
        counts: Tensor = torch.bincount(labels, minlength=3)
        weights: Tensor = 1.0 / counts.double()
        sampler = WeightedRandomSampler(weights, num_samples=len(labels), replacement=True)
        return DataLoader(data, batch_size=batch_size, sampler=sampler)

    def epoch(self) -> float:
        self.model.train()
        running, seen = 0.0, 0
        for x, y in self.loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            running += loss.item() * len(y)
            seen += len(y)
        return running / seen

    @torch.no_grad()
    def recalls(self) -> Dict[int, float]:
        self.model.eval()
        hit, tot = Counter(), Counter()
        for x, y in self.val_loader:
            guess = self.model(x).argmax(dim=1)
            tot.update(y.tolist())
            hit.update(y[guess == y].tolist())
        return {c: round(hit[c] / tot[c], 3) for c in sorted(tot)}


if __name__ == "__main__":
    torch.manual_seed(5)
    trainer = Trainer(
        nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 3)),
        TensorDataset(*synthetic_defects(1600, seed=1)),
        TensorDataset(*synthetic_defects(800, seed=2)),
    )
    for e in range(6):
        print(f"epoch {e}: loss {trainer.epoch():.4f}")
    print("recall per class:", trainer.recalls())
